//! Who knocked and was not let in, a page at a time; letting a node in that keeps the password it has.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::{Typed, told};
use crate::pages::form::{Answer, act, answer, kinds};
use crate::pages::nodes::{Pager, pager};
use crate::pages::text::Lang;
use crate::pages::time::When;
use crate::pages::view::{PageError, Tab, View, Visitor, show, with};
use crate::pages::{Pages, format};
use crate::reading::NodeId;
use crate::service::access::Caller;

/// Knocks of a page.
const ROWS: usize = 50;

/// What an address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    done: String,
    page: Option<usize>,
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

/// `GET /nodes/knocking`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let told = NodeId::new(&which.done).ok().map(|id| visitor.lang.let_in(&id));
        render(pages, visitor, which.page, told, None)
    })
    .await
}

fn render(
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
                count: format::count(knock.count, t),
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
pub(in crate::pages) async fn let_in(
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
            let html = render(pages, visitor, None, None, Some(wrong))?;
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
