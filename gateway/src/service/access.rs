//! Who asks, and whether they may.
//!
//! [`identify`] runs before everything: it finds out who the caller is (a session's cookie, a token, nobody), from which
//! address they come (through proxies that are trusted), and refuses what only a page of another host would send.
//! [`Routes`] holds each route to what it needs: a route is added with its need or not at all, so that nothing is open
//! by oversight; [`Routes::table`] tells them all.

mod caller;
mod routes;

pub(crate) use caller::{Caller, CookieName, Peer, Who, cookie};
pub(crate) use routes::{Need, Route, Routes};

use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::Gateway;
use crate::audit::{Category, Event};
use crate::config::Read;
use crate::people::{Permission, Role};

/// For so long a browser that came over TLS does not come in clear again: a month, renewed with each visit. Not longer,
/// and not for names below: the host may serve other things beside us.
const ONLY_SECURE: &str = "max-age=2592000";

/// Why a request is not answered. The text is for whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Another host's name: a page elsewhere may have made the browser send it (DNS rebinding).
    Host,
    /// A form of another host's page.
    Origin,
    /// Nobody signed in, or no good token.
    Nobody,
    /// Signed in, and not allowed.
    Forbidden,
    /// An administrator who has no codes yet.
    CodeFirst,
}

impl Refusal {
    /// All of them, in the order of their counters.
    pub(crate) const ALL: [Refusal; 5] = [Self::Host, Self::Origin, Self::Nobody, Self::Forbidden, Self::CodeFirst];

    /// Its name in metrics and answers.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Nobody => "not_signed_in",
            Self::Forbidden => "forbidden",
            Self::CodeFirst => "code_first",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Host => {
                "the request names another host than this machine: set [listen] public_url to the name it has, or \
                 http_beyond_loopback = true behind a proxy"
            }
            Self::Origin => "the request comes from a page of another host",
            Self::Nobody => "sign in, or send a token: Authorization: Bearer …",
            Self::Forbidden => "your role or token does not allow this",
            Self::CodeFirst => "an administrator signs in with a code: set it up on /account",
        }
    }
}

/// `GET /api/routes`: every route, what it needs, and which roles have it. Who reviews rights begins here.
pub(super) async fn table(State(gateway): State<Arc<Gateway>>) -> Response {
    let rows = gateway.routes.get().into_iter().flatten().map(|route| {
        let roles: Vec<&str> = match route.need {
            Need::Open => Vec::new(),
            Need::May(permission) => {
                let roles = Role::ALL.into_iter().filter(|role| role.may(permission)).map(Role::code);
                roles.chain((permission == Permission::Read).then_some("token")).collect()
            }
        };
        json!({ "method": route.method, "path": route.path, "needs": route.need.code(), "roles": roles })
    });
    Json(json!({ "routes": rows.collect::<Vec<_>>() })).into_response()
}

/// Finds out who asks; what follows takes it as the extension [`Caller`].
pub(super) async fn identify(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let way = caller::way(&gateway.config.listen, peer, headers);
    if !names_us(&gateway.config.listen, way.address.is_loopback(), headers) {
        return refused(&gateway, Asked::of(&request), None, Refusal::Host).await;
    }
    let changes = !request.method().is_safe();
    let caller = match caller::who(&gateway, &way, headers).await {
        Ok(who) => Caller { who, way },
        Err(error) => {
            tracing::error!(%error, "who asks could not be found out");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    if changes && !from_own_pages(gateway.config.listen.public_url.as_deref(), headers, caller.has_cookie()) {
        return refused(&gateway, Asked::of(&request), Some(&caller), Refusal::Origin).await;
    }
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    if way.secure {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONLY_SECURE));
    }
    response
}

/// Lets a caller through to a route that needs `need`, or says why not.
async fn enforce(State((gateway, need)): State<(Arc<Gateway>, Need)>, request: Request, next: Next) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        tracing::error!("a route was reached without a caller");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    match judge(&gateway, &caller, need) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refused(&gateway, Asked::of(&request), Some(&caller), refusal).await,
    }
}

fn judge(gateway: &Gateway, caller: &Caller, need: Need) -> Result<(), Refusal> {
    let Need::May(permission) = need else { return Ok(()) };
    let anyone = gateway.config.access.read == Read::Anyone && permission == Permission::Read;
    // The demonstration is tried out by whoever sits before it; its people and keys stay closed.
    let tried_out = matches!(permission, Permission::Operate | Permission::Equipment);
    let guest = gateway.config.demonstration && tried_out && caller.way.address.is_loopback();
    if anyone || guest {
        return Ok(());
    }
    match &caller.who {
        Who::Nobody | Who::Half { .. } => Err(Refusal::Nobody),
        Who::Token(token) if token.may(permission) => Ok(()),
        Who::Token(_) => Err(Refusal::Forbidden),
        Who::Person { person, .. } if !person.may(permission) => Err(Refusal::Forbidden),
        Who::Person { person, .. }
            if permission != Permission::Account && person.role.waits_for_code(person.has_code) =>
        {
            Err(Refusal::CodeFirst)
        }
        Who::Person { .. } => Ok(()),
    }
}

/// Whether a caller would be let through to that route. What is refused is not offered; nor is what is not there.
pub(crate) fn offers(gateway: &Gateway, caller: &Caller, method: &str, path: &str) -> bool {
    let mut routes = gateway.routes.get().into_iter().flatten();
    let route = routes.find(|route| route.method == method && route.path == path);
    route.is_some_and(|route| judge(gateway, caller, route.need).is_ok())
}

/// What was asked for, as far as a refusal needs it.
struct Asked {
    method: axum::http::Method,
    path: String,
    next: String,
    /// Whether a person looks at it, who can be led elsewhere.
    page: bool,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        Self {
            method: request.method().clone(),
            // An audit entry holds no text that a caller chose at length.
            path: request.uri().path().chars().filter(|c| !c.is_control()).take(120).collect(),
            next: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            page: request.method().is_safe() && accept.is_some_and(|accept| accept.contains("text/html")),
        }
    }
}

/// Counts the refusal, leaves a trace, and answers: a person is led to where they can sign in, a program is told.
async fn refused(gateway: &Arc<Gateway>, asked: Asked, caller: Option<&Caller>, refusal: Refusal) -> Response {
    gateway.refusals.count(refusal);
    let Asked { method, path, next, page } = asked;
    let address = caller.map(|caller| caller.way.address.to_string()).unwrap_or_default();
    tracing::info!(reason = refusal.code(), %method, path, address, "a request was refused");
    if let Some(caller) = caller.filter(|_| matches!(refusal, Refusal::Forbidden | Refusal::CodeFirst)) {
        // Who is known and tries what is not theirs is a matter for the audit log; once a minute for each.
        let (actor, what) = (caller.actor(), format!("{method} {path}"));
        if gateway.refusals.is_news(&actor, &what) {
            let (people, address) = (gateway.people.clone(), address.clone());
            let written = tokio::task::spawn_blocking(move || {
                let cause = crate::audit::Cause { actor: &actor, source: &address, reason: refusal.code() };
                people.note(cause, Event::refused(Category::Access, &what, &actor))
            });
            if let Ok(Err(error)) = written.await {
                tracing::error!(%error, "a refusal could not be written down");
            }
        }
    }
    match refusal {
        Refusal::Nobody if page => {
            let next = percent_encoding::utf8_percent_encode(&next, percent_encoding::NON_ALPHANUMERIC);
            Redirect::to(&format!("/sign-in?next={next}")).into_response()
        }
        Refusal::CodeFirst if page => Redirect::to("/account#code").into_response(),
        Refusal::Nobody => {
            let mut response = told(StatusCode::UNAUTHORIZED, refusal);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            response
        }
        _ => told(StatusCode::FORBIDDEN, refusal),
    }
}

fn told(status: StatusCode, refusal: Refusal) -> Response {
    let mut response = (status, Json(json!({ "error": refusal.text(), "reason": refusal.code() }))).into_response();
    // Pages say it in the reader's language.
    response.extensions_mut().insert(refusal);
    response
}

/// A page elsewhere can make a browser on this machine send requests to it under another name (DNS rebinding).
fn names_us(listen: &crate::config::Listen, local: bool, headers: &HeaderMap) -> bool {
    // RFC 9112, 3.2: one name, or somebody means to be understood in two ways.
    if headers.get_all(header::HOST).iter().count() > 1 {
        return false;
    }
    if !local || listen.http_beyond_loopback {
        return true;
    }
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let public = listen.public_url.as_deref().and_then(|url| url.split_once("://")).map(|(_, authority)| authority);
    if public == Some(host) {
        return true;
    }
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    // A name without dots is of this network; an address is no name that could be rebound.
    name.parse::<std::net::IpAddr>().is_ok() || !name.contains('.') || name.ends_with(".local")
}

/// Whether a change comes from one of our pages, or from no page. A browser that sends a session's cookie says from
/// where: one that does not is not believed.
fn from_own_pages(public: Option<&str>, headers: &HeaderMap, cookie: bool) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("\u{fffd}"));
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    match text(header::ORIGIN) {
        Some(origin) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            public == Some(origin) || (authority.is_some() && authority == text(header::HOST))
        }
        None => !cookie || site == Some("same-origin"),
    }
}

#[cfg(test)]
mod tests;
