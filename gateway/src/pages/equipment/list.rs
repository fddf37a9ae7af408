//! All equipment: filtered, a page at a time, and as a table to take away.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::super::Pages;
use super::super::export::Csv;
use super::super::format::fold;
use super::super::nodes::{Pager, pager};
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::Sight;
use super::edit::Typed;
use super::row::{self, Row};
use crate::operations::asset::Tree;
use crate::operations::book::Held;
use crate::operations::case::Status;

/// Rows of a page.
const ROWS: usize = 50;
/// The columns of a table of equipment.
pub(super) const COLUMNS: [&str; 18] = [
    "id",
    "parent",
    "kind",
    "use",
    "name_el",
    "name_en",
    "site",
    "lat",
    "lon",
    "manufacturer",
    "model",
    "serial",
    "standard",
    "installed",
    "maintainer",
    "numbers",
    "nodes",
    "inspected",
];
/// Every state, as the filter offers it.
const STATES: [(Status, &str); 5] = [
    (Status::Ordered, "ordered"),
    (Status::LockedOut, "locked_out"),
    (Status::Restricted, "restricted"),
    (Status::Open, "open"),
    (Status::Dismantled, "dismantled"),
];

/// What of the list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    q: String,
    kind: String,
    site: String,
    state: String,
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "equipment_list.html")]
struct ListPage {
    t: Lang,
    v: View,
    which: Which,
    found: String,
    kinds: Vec<(String, String)>,
    sites: Vec<(String, String)>,
    states: Vec<(&'static str, &'static str)>,
    rows: Vec<Row>,
    pager: Pager,
    is_empty: bool,
    filtered: bool,
    may_add: bool,
    csv: String,
}

/// `GET /equipment/list`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, which)
    })
    .await
}

fn render(pages: &Pages, visitor: &Visitor, which: Which) -> Result<String, PageError> {
    let (t, local, catalogue) = (visitor.lang, pages.local(visitor), &pages.gateway.config.catalogue);
    let sight = Sight::new(pages, visitor)?;
    let found = select(&sight, &which);
    let at = which.page.unwrap_or(1).clamp(1, found.len().div_ceil(ROWS).max(1));
    let rows = found.iter().skip((at - 1) * ROWS).take(ROWS).map(|held| row::row(&sight, held, catalogue, t));
    let total = sight.all().count();
    let page = ListPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, t.all_equipment()),
        found: t.assets_counted(found.len()),
        kinds: super::kinds(catalogue, t),
        sites: super::super::form::sites(pages, t),
        states: STATES.iter().map(|(status, code)| (*code, t.status_of(*status))).collect(),
        rows: rows.collect(),
        pager: pager(visitor, at, ROWS, found.len()),
        is_empty: total == 0,
        filtered: found.len() < total,
        may_add: visitor.offers(pages, "POST", "/equipment/new"),
        csv: super::super::view::with("/equipment/export.csv", &visitor.query, &[("page", "")]),
        which,
        t,
    };
    Ok(page.render()?)
}

fn select<'a>(sight: &'a Sight, which: &Which) -> Vec<&'a Held> {
    let text = fold(which.q.trim());
    let wanted = |held: &&Held| {
        let status = held.dossier.case.status();
        let state = STATES.iter().find(|(_, code)| *code == which.state);
        (which.kind.is_empty() || *held.asset.kind == *which.kind)
            && state.is_none_or(|(wanted, _)| *wanted == status)
            && (which.site.is_empty() || sight.shelf().site_of(&held.asset.id) == Some(which.site.as_str()))
            && (text.is_empty() || has(held, &text))
    };
    let mut found: Vec<&Held> = sight.all().filter(wanted).collect();
    // The worst first, then by code.
    found.sort_by_key(|held| match held.dossier.case.status() {
        Status::Ordered => 0,
        Status::LockedOut => 1,
        Status::Restricted => 2,
        Status::Open => 3,
        Status::Dismantled => 4,
    });
    found
}

/// Whether that folded text is anywhere in what it is called.
pub(in crate::pages) fn has(held: &Held, text: &str) -> bool {
    let asset = &held.asset;
    let texts = [&asset.name_el, &asset.name_en, &asset.manufacturer, &asset.model, &asset.serial];
    asset.id.as_str().contains(text)
        || texts.into_iter().chain(asset.numbers.values()).any(|known| fold(known).contains(text))
}

/// `GET /equipment/export.csv`: the columns that a table brought in has, and how each stands.
pub(in crate::pages) async fn csv(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    let made = tokio::task::spawn_blocking(move || -> Result<String, PageError> {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let sight = Sight::new(&pages, &visitor)?;
        let mut csv = Csv::plain();
        for name in COLUMNS.iter().copied().chain(["status"]) {
            csv.text(name);
        }
        csv.end();
        for held in select(&sight, &which) {
            let asset = &held.asset;
            let state = STATES.iter().find(|(status, _)| *status == held.dossier.case.status());
            let typed = Typed::of(asset);
            for name in COLUMNS {
                csv.text(&typed.column(name));
            }
            csv.text(state.map_or("", |(_, code)| code));
            csv.end();
        }
        Ok(csv.out)
    });
    match made.await {
        Ok(Ok(csv)) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"equipment.csv\""),
            ];
            (headers, csv).into_response()
        }
        Ok(Err(PageError::BadRequest)) => StatusCode::BAD_REQUEST.into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "the table of equipment could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
