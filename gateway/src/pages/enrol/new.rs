//! Adding a node, and the page that shows its secret, once.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::{Typed, told};
use crate::pages::Pages;
use crate::pages::form::{Answer, act, again, answer, kinds, sites};
use crate::pages::text::Lang;
use crate::pages::view::{PageError, Tab, View, Visitor, show};
use crate::reading::NodeId;
use crate::service::access::Caller;

/// What an address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    id: String,
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
pub(in crate::pages) struct Entered {
    pub(in crate::pages) host: String,
    pub(in crate::pages) port: u16,
    pub(in crate::pages) tls_port: Option<u16>,
    pub(in crate::pages) in_clear: bool,
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

/// `GET /nodes/new`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, Typed { id: again(&which.id), ..Typed::default() }, None)
    })
    .await
}

fn render(pages: &Pages, visitor: &Visitor, typed: Typed, wrong: Option<String>) -> Result<String, PageError> {
    let t = visitor.lang;
    let v = View::new(pages, visitor, &pages.local(visitor), Tab::Nodes, t.add_node()).at("/nodes/new");
    Ok(NewPage { kinds: kinds(pages, t), sites: sites(pages, t), typed, wrong, v, t }.render()?)
}

/// `POST /nodes/new`: the answer holds the secret, once.
pub(in crate::pages) async fn add(
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
            let html = render(pages, visitor, typed.again(), Some(wrong))?;
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

/// The answer that shows a secret, once.
pub(super) fn secret_page(
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
pub(in crate::pages) fn entered(pages: &Pages, headers: &HeaderMap) -> Entered {
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
