//! One box for nodes, sites and quantities; Greek and Latin letters that look alike match.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Pages;
use super::census::{Seen, State};
use super::equipment::Sight;
use super::equipment::list::has;
use super::format::fold;
use super::nodes::{Sought, name};
use super::text::Lang;
use super::view::{PageError, Tab, View, Visitor, show};
use crate::reading::NodeId;

/// Results of each kind that are shown.
const SHOWN_MAX: usize = 40;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    q: String,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    t: Lang,
    v: View,
    q: String,
    nodes: Vec<(String, String, State)>,
    series: Vec<(u32, String, String)>,
    nodes_cut: bool,
    series_cut: bool,
    assets: Vec<(String, String)>,
}

/// `GET /search?q=`: a node's own name leads to its page.
pub(super) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let q = wanted.map(|Query(wanted)| wanted.q).unwrap_or_default().trim().to_owned();
    if let Ok(id) = NodeId::new(&q.to_lowercase())
        && pages.gateway.registry.snapshot().nodes.contains_key(&id)
    {
        return Redirect::to(&format!("/nodes/{id}")).into_response();
    }
    show(pages, visitor, move |pages, visitor| render(pages, visitor, q)).await
}

fn render(pages: &Pages, visitor: &Visitor, q: String) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let census = pages.census();
    let text = fold(&q);
    let (mut nodes, mut series) = (Vec::new(), Vec::new());
    if !text.is_empty() {
        let sought = Sought::new(pages, &q);
        let wanted = |seen: &&Seen| sought.is(seen);
        nodes = census
            .nodes
            .iter()
            .filter(wanted)
            .take(SHOWN_MAX + 1)
            .map(|seen| (seen.id.to_string(), name(seen, t), seen.state))
            .collect();
        series = find_series(pages, &text, t);
    }
    let page = SearchPage {
        v: View::new(pages, visitor, &local, Tab::None, t.search()),
        assets: if text.is_empty() || !visitor.offers(pages, "GET", "/equipment") {
            Vec::new()
        } else {
            find_assets(pages, visitor, &text)?
        },
        q,
        nodes_cut: nodes.len() > SHOWN_MAX,
        series_cut: series.len() > SHOWN_MAX,
        nodes: nodes.into_iter().take(SHOWN_MAX).collect(),
        series: series.into_iter().take(SHOWN_MAX).collect(),
        t,
    };
    Ok(page.render()?)
}

/// Equipment that is called so: by code, name, plate, serial number.
fn find_assets(pages: &Pages, visitor: &Visitor, text: &str) -> Result<Vec<(String, String)>, PageError> {
    let sight = Sight::new(pages, visitor)?;
    let found = sight.all().filter(|held| has(held, text)).take(SHOWN_MAX);
    Ok(found.map(|held| (held.asset.id.to_string(), held.asset.name(visitor.lang == Lang::En).to_owned())).collect())
}

/// Series whose quantity matches; what a quantity is called is looked at once, not once a series.
fn find_series(pages: &Pages, text: &str, t: Lang) -> Vec<(u32, String, String)> {
    let catalogue = pages.gateway.reader.catalogue();
    let quantities: Vec<&str> = catalogue
        .quantities()
        .iter()
        .filter(|q| [&*q.code, &q.name.el, &q.name.en].iter().any(|told| fold(told).contains(text)))
        .map(|q| &*q.code)
        .collect();
    if quantities.is_empty() {
        return Vec::new();
    }
    let datastreams = pages.gateway.reader.datastreams();
    let found = datastreams.iter().filter(|d| quantities.contains(&&*d.key.quantity));
    found.take(SHOWN_MAX + 1).map(|d| (d.id.0, pages.series_name(&d.key, t), d.key.node.to_string())).collect()
}
