//! Who looks at a page and how: language, look, time; and the frame that every page stands in.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::attention::{self, Notice};
use super::text::Lang;
use super::time::{Local, When};
use super::{Pages, assets};
use crate::people::PeopleError;
use crate::service::access::{self, Caller, Refusal, cookie};
use crate::store::StoreError;

/// A year, in seconds: how long a choice of language or look is kept.
const COOKIE_SECONDS: u32 = 31_536_000;

/// What a request says of who looks.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(super) lang: Lang,
    pub(super) theme: Theme,
    /// The address asked for, with its query.
    pub(super) path: String,
    pub(super) query: String,
    /// Datastreams that a page being kept fresh shows already, in its order.
    pub(super) steady: Vec<u32>,
    /// Who asks.
    pub(super) caller: Option<Caller>,
    /// Choices made with this request, to be kept.
    cookies: Vec<String>,
}

impl Visitor {
    /// Whether a link to that route is offered: it is there, and not refused.
    pub(super) fn offers(&self, pages: &Pages, method: &str, path: &str) -> bool {
        self.caller.as_ref().is_some_and(|caller| access::offers(&pages.gateway, caller, method, path))
    }
}

/// Light, dark, or what the system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    fn named(name: &str) -> Option<Self> {
        match name {
            "system" => Some(Theme::System),
            "light" => Some(Theme::Light),
            "dark" => Some(Theme::Dark),
            _ => None,
        }
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or("");
        let chosen = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let kept = |name: &str| cookie(&parts.headers, name);
        let mut cookies = Vec::new();
        let mut choice = |name: &'static str, known: &dyn Fn(&str) -> bool| -> Option<String> {
            if let Some(value) = chosen(name).filter(|value| known(value)) {
                cookies.push(format!("{name}={value}; Path=/; Max-Age={COOKIE_SECONDS}; SameSite=Lax"));
                return Some(value.to_owned());
            }
            kept(name).filter(|value| known(value))
        };
        let lang = choice("lang", &|value| matches!(value, "el" | "en"));
        let theme = choice("theme", &|value| Theme::named(value).is_some());
        let english = lang.map_or_else(|| prefers_english(&parts.headers), |lang| lang == "en");
        let steady = parts.headers.get("x-steady").and_then(|value| value.to_str().ok()).unwrap_or("");
        Ok(Visitor {
            lang: if english { Lang::En } else { Lang::El },
            theme: theme.as_deref().and_then(Theme::named).unwrap_or(Theme::System),
            path: parts.uri.path().to_owned(),
            query: query.to_owned(),
            steady: steady.split(',').filter_map(|id| id.parse().ok()).take(64).collect(),
            caller: parts.extensions.get::<Caller>().cloned(),
            cookies,
        })
    }
}

/// Greek is the first language: English only for those who ask for it before Greek.
fn prefers_english(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let place = |language: &str| accepts.split(',').position(|part| part.trim().starts_with(language));
    match (place("en"), place("el")) {
        (Some(english), Some(greek)) => english < greek,
        (english, _) => english.is_some(),
    }
}

/// The sections, as the header and the tabs on a phone show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Today,
    Nodes,
    Equipment,
    Alerts,
    Rejections,
    Sinks,
    About,
    /// What stands behind "more".
    More,
    None,
}

/// The frame that a page stands in.
pub(super) struct View {
    pub(super) lang: &'static str,
    pub(super) theme: Theme,
    pub(super) title: String,
    tab: Tab,
    pub(super) municipality: String,
    pub(super) department: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) logo: bool,
    pub(super) demonstration: bool,
    /// The name of who signed in.
    pub(super) person: Option<String>,
    /// Whether who looks may read, and mend what came in wrong: what would be refused is not offered.
    pub(super) reads: bool,
    pub(super) operates: bool,
    /// Whether they may see equipment.
    pub(super) equips: bool,
    /// Where they begin.
    pub(super) home: &'static str,
    pub(super) tour: Option<String>,
    pub(super) notices: Vec<Notice>,
    pub(super) now: When,
    pub(super) version: String,
    path: String,
    query: String,
}

impl View {
    pub(super) fn new(pages: &Pages, visitor: &Visitor, local: &Local, tab: Tab, title: impl Into<String>) -> Self {
        let config = &pages.gateway.config;
        let person = visitor.caller.as_ref().and_then(Caller::person).map(|person| person.shown().to_owned());
        let reads = visitor.offers(pages, "GET", "/");
        let equips = visitor.offers(pages, "GET", "/equipment");
        View {
            lang: visitor.lang.code(),
            theme: visitor.theme,
            title: title.into(),
            tab,
            municipality: config.municipality.name.clone(),
            department: config.municipality.department.clone(),
            phone: config.municipality.phone.clone(),
            logo: config.municipality.logo.is_some(),
            demonstration: config.demonstration,
            equips,
            home: match (reads, &person) {
                (true, _) => "/",
                (false, Some(_)) if equips => "/equipment",
                (false, Some(_)) => "/account",
                (false, None) => "/sign-in",
            },
            person,
            reads,
            operates: visitor.offers(pages, "POST", "/rejections/{id}/replay"),
            tour: config.tour.clone(),
            notices: attention::notices(pages, visitor, reads, equips),
            now: local.when(local.now),
            version: format!("{:016x}", assets::VERSION),
            path: visitor.path.clone(),
            query: visitor.query.clone(),
        }
    }

    /// `page` on the link of the section that this page is in.
    pub(super) fn current(&self, tab: &str) -> bool {
        let name = match self.tab {
            Tab::Today => "today",
            Tab::Nodes => "nodes",
            Tab::Equipment => "equipment",
            Tab::Alerts => "alerts",
            Tab::Rejections => "rejections",
            Tab::Sinks => "sinks",
            Tab::About | Tab::More => "more",
            Tab::None => "",
        };
        name == tab
    }

    /// The section "more" of a phone holds the sinks too.
    pub(super) fn in_more(&self) -> bool {
        matches!(self.tab, Tab::Sinks | Tab::Alerts | Tab::About | Tab::More)
    }

    /// The page as it is read again at another address: the answer to a form stands under the form's.
    pub(super) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self.query.clear();
        self
    }

    /// This page's address with one part of its query set anew.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        with(&self.path, &self.query, &[(name, value)])
    }
}

/// `path?query` with those parts set anew; an empty value takes the part out. Values are encoded here.
pub(super) fn with(path: &str, query: &str, set: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut mark = '?';
    let mut push = |out: &mut String, pair: &str| {
        out.push(mark);
        out.push_str(pair);
        mark = '&';
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or(pair);
        if !set.iter().any(|(other, _)| *other == name) {
            push(&mut out, pair);
        }
    }
    for (name, value) in set.iter().filter(|(_, value)| !value.is_empty()) {
        push(&mut out, &format!("{name}={}", encode(value)));
    }
    out
}

/// Percent-encoding of a part of a query.
pub(super) fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => out.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Why a page was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// There is no such thing.
    #[error("there is no such page")]
    NotFound,
    /// The address has something that cannot be read.
    #[error("the address cannot be read")]
    BadRequest,
    /// A link that works once did, or its time is over.
    #[error("the link is over")]
    Over,
    /// The record of equipment.
    #[error(transparent)]
    Book(crate::operations::book::BookError),
    /// It is not for who asks.
    #[error("it is not allowed")]
    Forbidden,
    /// What failed is in the log already.
    #[error("a page could not be made")]
    Failed,
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// People could not be asked.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The template could not be filled in.
    #[error("the template: {0}")]
    Template(#[from] askama::Error),
}

impl Pages {
    pub(super) fn local(&self, visitor: &Visitor) -> Local {
        Local { now: self.gateway.clock.now(), zone: self.gateway.config.time_zone.clone(), lang: visitor.lang }
    }
}

/// Makes a page on a blocking thread: it reads the store.
pub(super) async fn show<F>(pages: Arc<Pages>, visitor: Visitor, make: F) -> Response
where
    F: FnOnce(&Pages, &Visitor) -> Result<String, PageError> + Send + 'static,
{
    let made = tokio::task::spawn_blocking(move || {
        let made = make(&pages, &visitor);
        let (status, html) = match made {
            Ok(html) => (StatusCode::OK, html),
            Err(error) => explain(&pages, &visitor, &error),
        };
        (status, html, visitor)
    });
    match made.await {
        Ok((status, html, visitor)) => respond(status, html, &visitor),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(super) fn respond(status: StatusCode, html: String, visitor: &Visitor) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(visitor.lang.code()));
    for cookie in &visitor.cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    response
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    t: Lang,
    v: View,
    heading: &'static str,
    what_to_do: &'static str,
    /// Asking again would change nothing.
    stays: bool,
}

fn explain(pages: &Pages, visitor: &Visitor, error: &PageError) -> (StatusCode, String) {
    let t = visitor.lang;
    let (status, heading, what_to_do) = match error {
        PageError::NotFound => (StatusCode::NOT_FOUND, t.not_found(), t.not_found_do()),
        PageError::Over => (StatusCode::GONE, t.link_over(), t.link_over_do()),
        PageError::Forbidden => (StatusCode::FORBIDDEN, t.forbidden(), t.forbidden_do()),
        PageError::BadRequest => (StatusCode::BAD_REQUEST, t.bad_request(), t.not_found_do()),
        PageError::Failed
        | PageError::Book(_)
        | PageError::Store(_)
        | PageError::People(_)
        | PageError::Template(_) => {
            tracing::error!(%error, path = visitor.path, "a page could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, t.failed(), t.failed_do())
        }
    };
    let v = View::new(pages, visitor, &pages.local(visitor), Tab::None, heading);
    let page = ErrorPage { t, v, heading, what_to_do, stays: status.is_client_error() };
    (status, page.render().unwrap_or_else(|_| heading.to_owned()))
}

/// A refusal, said to a person as a page in their language. Who may see their own account alone, or has to set up codes
/// first, is led there.
pub(super) async fn said(State(pages): State<Arc<Pages>>, visitor: Visitor, request: Request, next: Next) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let person = accept.is_some_and(|accept| accept.contains("text/html"));
    let looks = request.method() == axum::http::Method::GET;
    let response = next.run(request).await;
    match response.extensions().get::<Refusal>() {
        Some(Refusal::CodeFirst) if person && looks => Redirect::to("/account").into_response(),
        Some(Refusal::Forbidden) if person && looks && visitor.path == "/" => Redirect::to("/account").into_response(),
        Some(Refusal::Forbidden | Refusal::CodeFirst) if person => {
            show(pages, visitor, |_, _| Err(PageError::Forbidden)).await
        }
        _ => response,
    }
}

/// Any address that is no page.
pub(super) async fn nowhere(State(pages): State<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, |_, _| Err(PageError::NotFound)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_of_an_address_is_set_anew() {
        assert_eq!(with("/nodes", "", &[("page", "2")]), "/nodes?page=2");
        assert_eq!(with("/nodes", "q=a&page=2", &[("page", "3")]), "/nodes?q=a&page=3");
        assert_eq!(with("/nodes", "q=a&page=2", &[("page", "")]), "/nodes?q=a");
        assert_eq!(with("/nodes", "page=2", &[("page", ""), ("q", "ά&b")]), "/nodes?q=%CE%AC%26b");
    }

    #[test]
    fn english_is_for_those_who_ask_for_it_before_greek() {
        let asked = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, value.parse().expect("a header"));
            prefers_english(&headers)
        };
        for (value, english) in
            [("en-GB,en;q=0.9", true), ("el-GR,el;q=0.9,en;q=0.8", false), ("en,el", true), ("fr", false)]
        {
            assert_eq!(asked(value), english, "{value}");
        }
    }
}
