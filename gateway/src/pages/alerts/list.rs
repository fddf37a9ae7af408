//! What is open, nobody's first; and what is over.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::text::Lang;
use super::super::view::{PageError, View, Visitor, show};
use super::{Row, Shown, Tabs, counted};
use crate::alerts::Listing;
use crate::alerts::life::State;

/// Alerts of a page that are over.
const ROWS: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    before: Option<u64>,
    rule: String,
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    t: Lang,
    v: View,
    tabs: Tabs,
    answer: String,
    raised: Vec<Row>,
    answered: Vec<Row>,
    over: Vec<Row>,
    /// Of which rule the list of those that are over is.
    of_rule: Option<String>,
    older: Option<String>,
    full: Option<u64>,
}

/// `GET /alerts`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, &which)
    })
    .await
}

fn render(pages: &Pages, visitor: &Visitor, which: &Which) -> Result<String, PageError> {
    let shown = Shown::new(pages, visitor)?;
    let (raised, answered): (Vec<_>, Vec<_>) =
        shown.board.listed().into_iter().partition(|alert| alert.state == State::Raised);
    let alerts = &pages.gateway.alerts;
    let listing = Listing { before: which.before, rule: which.rule.clone(), over: true, ..Listing::default() };
    let mut over = alerts.list(&listing, ROWS + 1)?;
    let more = over.len() > ROWS;
    over.truncate(ROWS);
    let older = over.last().filter(|_| more).map(|last| {
        let path = super::super::view::with("/alerts", "", &[("rule", &which.rule), ("before", &last.id.to_string())]);
        format!("{path}#over")
    });
    let full = (shown.board.open().count() >= alerts.config().open_max).then(|| alerts.refused());
    let page = AlertsPage {
        tabs: Tabs::new(pages, visitor, "/alerts"),
        answer: counted(&shown.board, shown.t),
        raised: raised.iter().map(|alert| shown.row(alert)).collect(),
        answered: answered.iter().map(|alert| shown.row(alert)).collect(),
        over: over.iter().map(|alert| shown.row(alert)).collect(),
        of_rule: (!which.rule.is_empty()).then(|| shown.name(&which.rule)),
        older,
        full,
        v: View::new(pages, visitor, &shown.local, super::super::view::Tab::Alerts, shown.t.alerts()),
        t: shown.t,
    };
    Ok(page.render()?)
}
