//! Nodes come and go: adding one, letting one in that knocked, taking a node's right to come in, giving it another secret.
//!
//! A secret is in the answer to the form that made it, and nowhere else (`crate::registry`).

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::Pages;
use super::form::{Answer, act, again, answer};
use super::nodes::{Pager, pager};
use super::text::Lang;
use super::time::When;
use super::view::{PageError, Tab, View, Visitor, show, with};
use crate::catalogue::Position;
use crate::reading::NodeId;
use crate::registry::{Details, RegistryError};
use crate::service::access::Caller;

/// Knocks of a page.
const ROWS: usize = 50;

/// What was typed of a node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    id: String,
    #[serde(rename = "type")]
    node_type: String,
    name_el: String,
    name_en: String,
    serial: String,
    site: String,
    lat: String,
    lon: String,
    reason: String,
}

impl Typed {
    fn again(&self) -> Self {
        Self {
            id: again(&self.id),
            node_type: again(&self.node_type),
            name_el: again(&self.name_el),
            name_en: again(&self.name_en),
            serial: again(&self.serial),
            site: again(&self.site),
            lat: again(&self.lat),
            lon: again(&self.lon),
            reason: again(&self.reason),
        }
    }

    /// What is to be said of the node, or what is wrong with it.
    fn details(&self, t: Lang) -> Result<Details, String> {
        let said = |text: &str| Some(clean(text)).filter(|text| !text.is_empty());
        Ok(Details {
            node_type: said(&self.node_type),
            name_el: said(&self.name_el),
            name_en: said(&self.name_en),
            serial: said(&self.serial),
            from: None,
            site: said(&self.site),
            zone: None,
            position: position(&self.lat, &self.lon).map_err(|()| t.no_such_position().to_owned())?,
        })
    }
}

/// One line of text.
pub(super) fn clean(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).collect()
}

/// A position of two texts, with a point or a comma; none when both are empty.
pub(super) fn position(lat: &str, lon: &str) -> Result<Option<Position>, ()> {
    let degrees = |text: &str| text.trim().replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite());
    match (lat.trim(), lon.trim()) {
        ("", "") => Ok(None),
        (lat, lon) => match (degrees(lat), degrees(lon)) {
            (Some(lat), Some(lon)) => Ok(Some(Position { lat, lon })),
            _ => Err(()),
        },
    }
}

/// What an address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    id: String,
    done: String,
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "node_new.html")]
struct NewPage {
    t: Lang,
    v: View,
    wrong: Option<String>,
    typed: Typed,
    kinds: Vec<(String, String)>,
    sites: Vec<(String, String)>,
}

/// What a technician enters in a node.
pub(super) struct Entered {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls_port: Option<u16>,
    pub(super) in_clear: bool,
}

#[derive(Template)]
#[template(path = "node_secret.html")]
struct SecretPage {
    t: Lang,
    v: View,
    id: String,
    secret: String,
    entered: Entered,
}

#[derive(Template)]
#[template(path = "node_knocking.html")]
struct KnockingPage {
    t: Lang,
    v: View,
    answer: String,
    told: Option<String>,
    wrong: Option<String>,
    open: bool,
    hours: u64,
    kinds: Vec<(String, String)>,
    rows: Vec<Knocked>,
    pager: Pager,
}

/// Who knocked.
struct Knocked {
    id: String,
    why: &'static str,
    what_to_do: &'static str,
    last: When,
    address: String,
    count: String,
    may_be_let_in: bool,
    is_known: bool,
}

/// `GET /nodes/new`.
pub(super) async fn new(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        new_page(pages, visitor, Typed { id: again(&which.id), ..Typed::default() }, None)
    })
    .await
}

fn new_page(pages: &Pages, visitor: &Visitor, typed: Typed, wrong: Option<String>) -> Result<String, PageError> {
    let t = visitor.lang;
    let v = View::new(pages, visitor, &pages.local(visitor), Tab::Nodes, t.add_node()).at("/nodes/new");
    let sites = pages.gateway.config.catalogue.sites.iter();
    let sites = sites.map(|site| (site.code.to_string(), t.pick(&site.name).to_owned())).collect();
    Ok(NewPage { kinds: kinds(pages, t), sites, typed, wrong, v, t }.render()?)
}

/// Kinds of node by name.
fn kinds(pages: &Pages, t: Lang) -> Vec<(String, String)> {
    let kinds = pages.gateway.config.catalogue.node_types.values();
    let mut kinds: Vec<_> = kinds.map(|kind| (kind.code.to_string(), t.pick(&kind.name).to_owned())).collect();
    kinds.sort_by(|a, b| a.1.cmp(&b.1));
    kinds
}

/// `POST /nodes/new`: the answer holds the secret, once.
pub(super) async fn add(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    headers: HeaderMap,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let t = visitor.lang;
        let gateway = &pages.gateway;
        let wrong = |wrong| {
            let html = new_page(pages, visitor, typed.again(), Some(wrong))?;
            Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
        };
        let Ok(id) = NodeId::new(typed.id.trim()) else { return wrong(t.node_name_rule().to_owned()) };
        let details = match typed.details(t) {
            Ok(details) => details,
            Err(told) => return wrong(told),
        };
        let catalogue = &gateway.config.catalogue;
        match act(&caller, &typed.reason, |cause| gateway.registry.add_node(cause, &id, &details, catalogue)) {
            Ok(secret) => secret_page(pages, visitor, &headers, &id, secret.reveal()),
            Err(error) => wrong(told(t, error)?),
        }
    })
    .await
}

fn secret_page(
    pages: &Pages,
    visitor: &Visitor,
    headers: &HeaderMap,
    id: &NodeId,
    secret: &str,
) -> Result<Answer, PageError> {
    let t = visitor.lang;
    let page = SecretPage {
        v: View::new(pages, visitor, &pages.local(visitor), Tab::Nodes, format!("{} {id}", t.secret_of())),
        id: id.to_string(),
        secret: secret.to_owned(),
        entered: entered(pages, headers),
        t,
    };
    Ok(Answer::Page(StatusCode::OK, page.render()?))
}

/// How nodes reach the gateway: by the host of its public address, or by which whoever asks reached it.
pub(super) fn entered(pages: &Pages, headers: &HeaderMap) -> Entered {
    let listen = &pages.gateway.config.listen;
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let asked = asked.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(asked, |(host, _)| host);
    let (port, tls_port) =
        pages.gateway.mqtt_ports.get().copied().unwrap_or((listen.mqtt.port(), listen.mqtts.map(|a| a.port())));
    Entered {
        host: listen.public_host().unwrap_or(asked).to_owned(),
        port,
        tls_port,
        in_clear: !listen.mqtt.ip().is_loopback() || tls_port.is_none(),
    }
}

/// What a person is told of an error; one of ours is no matter for them.
pub(super) fn told(t: Lang, error: RegistryError) -> Result<String, PageError> {
    match error {
        RegistryError::Store(error) => Err(error.into()),
        RegistryError::Secret(error) => {
            tracing::error!(%error, "a secret could not be made");
            Err(PageError::Failed)
        }
        error => Ok(t.registry_error(&error)),
    }
}

/// Why something is done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Why {
    reason: String,
}

/// `POST /nodes/{id}/revoke`: it is disconnected at once.
pub(super) async fn revoke(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, _| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let id = NodeId::new(&id).map_err(|_| PageError::NotFound)?;
        if why.reason.trim().is_empty() {
            return Ok(to(&id, "reason"));
        }
        let gateway = &pages.gateway;
        known(act(&caller, &why.reason, |cause| gateway.registry.revoke(cause, &id)))?;
        gateway.connections.kick(&id);
        Ok(to(&id, "revoked"))
    })
    .await
}

/// `POST /nodes/{id}/unrevoke`.
pub(super) async fn unrevoke(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, _| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let id = NodeId::new(&id).map_err(|_| PageError::NotFound)?;
        known(act(&caller, &why.reason, |cause| pages.gateway.registry.unrevoke(cause, &id)))?;
        Ok(to(&id, "unrevoked"))
    })
    .await
}

/// `POST /nodes/{id}/secret`: the answer holds the new one, once; with the old one it comes in no more.
pub(super) async fn rotate(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let id = NodeId::new(&id).map_err(|_| PageError::NotFound)?;
        if why.reason.trim().is_empty() {
            return Ok(to(&id, "reason"));
        }
        let gateway = &pages.gateway;
        let secret = known(act(&caller, &why.reason, |cause| gateway.registry.rotate_secret(cause, &id)))?;
        gateway.connections.kick(&id);
        secret_page(pages, visitor, &headers, &id, secret.reveal())
    })
    .await
}

fn known<T>(done: Result<T, RegistryError>) -> Result<T, PageError> {
    done.map_err(|error| match error {
        RegistryError::UnknownNode(_) => PageError::NotFound,
        RegistryError::Store(error) => error.into(),
        error => {
            tracing::error!(%error, "a node could not be changed");
            PageError::Failed
        }
    })
}

fn to(id: &NodeId, done: &str) -> Answer {
    Answer::To(format!("/nodes/{id}?done={done}"))
}

/// `GET /nodes/knocking`.
pub(super) async fn knocking(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let told = NodeId::new(&which.done).ok().map(|id| visitor.lang.let_in(&id));
        knocking_page(pages, visitor, which.page, told, None)
    })
    .await
}

fn knocking_page(
    pages: &Pages,
    visitor: &Visitor,
    page: Option<usize>,
    told: Option<String>,
    wrong: Option<String>,
) -> Result<String, PageError> {
    let (t, local, gateway) = (visitor.lang, pages.local(visitor), &pages.gateway);
    let knocks = gateway.registry.knocks().map_err(|error| {
        tracing::error!(%error, "who knocked could not be read");
        PageError::Failed
    })?;
    let snapshot = gateway.registry.snapshot();
    let at = page.unwrap_or(1).clamp(1, knocks.len().div_ceil(ROWS).max(1));
    let rows: Vec<Knocked> = knocks
        .iter()
        .skip((at - 1) * ROWS)
        .take(ROWS)
        .map(|knock| {
            let (why, what_to_do) = t.knock_reason(&knock.reason);
            let is_known = snapshot.nodes.contains_key(&knock.node);
            Knocked {
                id: knock.node.to_string(),
                why,
                what_to_do,
                last: local.when(knock.last_at),
                address: knock.address.clone(),
                count: super::format::count(knock.count, t),
                may_be_let_in: !is_known && knock.reason == "unknown_node",
                is_known,
            }
        })
        .collect();
    let page = KnockingPage {
        v: View::new(pages, visitor, &local, Tab::Nodes, t.knocking()).at("/nodes/knocking"),
        answer: if rows.is_empty() { t.nobody_knocks().to_owned() } else { t.knocks_counted(knocks.len()) },
        told,
        wrong,
        open: gateway.config.enrolment == crate::config::Enrolment::Open,
        hours: gateway.config.claim.as_secs().div_ceil(3_600),
        kinds: kinds(pages, t),
        rows,
        pager: pager(visitor, at, ROWS, knocks.len()),
        t,
    };
    Ok(page.render()?)
}

/// `POST /nodes/knocking`: the node keeps the password that it has.
pub(super) async fn let_in(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let t = visitor.lang;
        let gateway = &pages.gateway;
        let id = NodeId::new(typed.id.trim()).map_err(|_| PageError::BadRequest)?;
        let wrong = |wrong| {
            let html = knocking_page(pages, visitor, None, None, Some(wrong))?;
            Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
        };
        let details = match typed.details(t) {
            Ok(details) => details,
            Err(told) => return wrong(told),
        };
        let catalogue = &gateway.config.catalogue;
        match act(&caller, &typed.reason, |cause| gateway.registry.await_node(cause, &id, &details, catalogue)) {
            Ok(()) => Ok(Answer::To(with("/nodes/knocking", "", &[("done", id.as_str())]))),
            Err(error) => wrong(told(t, error)?),
        }
    })
    .await
}
