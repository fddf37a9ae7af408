//! All nodes: filtered, sorted, a page at a time; made from memory alone, with any number of them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;

use super::census::{Census, Seen, State, kind};
use super::form::kinds;
use super::format::{self, fold};
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, Tab, View, Visitor, show, with};
use super::{Pages, map};
use crate::catalogue::Text;
use crate::telemetry::ledger::Counts;

/// Rows of a page.
const ROWS: usize = 50;

/// What of the list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    q: String,
    state: String,
    zone: String,
    site: String,
    kind: String,
    sort: String,
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "nodes.html")]
struct NodesPage {
    t: Lang,
    v: View,
    which: Which,
    total: String,
    found: String,
    counts: Vec<(State, String, String)>,
    zones: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    site: Option<String>,
    rows: Vec<Row>,
    pager: Pager,
    is_empty: bool,
    filtered: bool,
}

struct Row {
    id: String,
    name: String,
    kind: String,
    place: String,
    state: State,
    heard: Option<When>,
    series: usize,
    rejected: u64,
}

/// Where in a list the reader is.
pub(super) struct Pager {
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
    pub(super) text: String,
}

/// A pager for page `page` (from 1) of a list of `total`.
pub(super) fn pager(visitor: &Visitor, page: usize, rows: usize, total: usize) -> Pager {
    let t = visitor.lang;
    // What was told once is not told again on the next page.
    let link = |page: usize| with(&visitor.path, &visitor.query, &[("page", &page.to_string()), ("done", "")]);
    let from = (page - 1) * rows + 1;
    let until = (page * rows).min(total);
    let tell = |n: usize| format::count(n as u64, t);
    Pager {
        previous: (page > 1).then(|| link(page - 1)),
        next: (until < total).then(|| link(page + 1)),
        text: if total == 0 {
            String::new()
        } else {
            format!("{}–{} {} {}", tell(from), tell(until), t.of(), tell(total))
        },
    }
}

/// `GET /nodes`.
pub(super) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, which)
    })
    .await
}

fn render(pages: &Pages, visitor: &Visitor, which: Which) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let census = pages.census();
    let found = select(pages, &census, &which);
    let last = found.len().div_ceil(ROWS).max(1);
    let at = which.page.unwrap_or(1).clamp(1, last);
    let rows = found.iter().skip((at - 1) * ROWS).take(ROWS).map(|seen| row(pages, seen, &local)).collect();
    let catalogue = &pages.gateway.config.catalogue;
    let page = NodesPage {
        v: View::new(pages, visitor, &local, Tab::Nodes, t.nodes()),
        total: t.nodes_counted(census.nodes.len()),
        found: t.nodes_counted(found.len()),
        counts: State::ALL
            .into_iter()
            .filter_map(|state| {
                let n = census.count(state);
                let link = with("/nodes", &visitor.query, &[("state", state.code()), ("page", "")]);
                (n > 0).then(|| (state, format::count(n as u64, t), link))
            })
            .collect(),
        zones: catalogue.zones.iter().map(|z| (z.code.to_string(), t.pick(&z.name).to_owned())).collect(),
        kinds: kinds(pages, t),
        site: catalogue.site(&which.site).map(|site| t.pick(&site.name).to_owned()),
        rows,
        pager: pager(visitor, at, ROWS, found.len()),
        is_empty: census.nodes.is_empty(),
        filtered: found.len() < census.nodes.len(),
        which,
        t,
    };
    Ok(page.render()?)
}

fn select<'a>(pages: &Pages, census: &'a Census, which: &Which) -> Vec<&'a Seen> {
    let sought = Sought::new(pages, &which.q);
    let state = State::named(&which.state);
    let wanted = |seen: &&Seen| {
        state.is_none_or(|state| seen.state == state)
            && (which.zone.is_empty() || seen.zone.as_deref().unwrap_or("-") == which.zone)
            && (which.site.is_empty() || seen.site.as_deref() == Some(which.site.as_str()))
            && (which.kind.is_empty()
                || seen.node.as_ref().is_some_and(|node| node.node_type.as_deref() == Some(which.kind.as_str())))
            && (sought.is_empty() || sought.is(seen))
    };
    let mut found: Vec<&Seen> = census.nodes.iter().filter(wanted).collect();
    match which.sort.as_str() {
        "state" => found.sort_by_key(|seen| seen.state),
        "heard" => found.sort_by_key(|seen| std::cmp::Reverse(seen.heard_at)),
        "silence" => found.sort_by_key(|seen| seen.heard_at),
        _ => {}
    }
    found
}

/// A text that nodes are looked for by: in what they are called, and in where they stand.
pub(super) struct Sought {
    text: String,
    /// Sites whose names have it: looked at once, not once a node.
    sites: Vec<Arc<str>>,
}

impl Sought {
    pub(super) fn new(pages: &Pages, text: &str) -> Self {
        let text = fold(text.trim());
        let sites = pages.gateway.config.catalogue.sites.iter();
        let named = sites.filter(|site| has(&site.name, &text)).map(|site| site.code.clone()).collect();
        Self { sites: named, text }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the node is one of those looked for.
    pub(super) fn is(&self, seen: &Seen) -> bool {
        let node = seen.node.as_deref();
        // A node's id is small ASCII already.
        seen.id.as_str().contains(&self.text)
            || seen.site.as_ref().is_some_and(|site| self.sites.contains(site))
            || node.and_then(|node| node.serial.as_deref()).is_some_and(|serial| fold(serial).contains(&self.text))
            || node.and_then(|node| node.name.as_ref()).is_some_and(|name| has(name, &self.text))
    }
}

fn has(name: &Text, text: &str) -> bool {
    fold(&name.el).contains(text) || fold(&name.en).contains(text)
}

fn row(pages: &Pages, seen: &Seen, local: &Local) -> Row {
    let t = local.lang;
    let catalogue = &pages.gateway.config.catalogue;
    let site = seen.site.as_deref().and_then(|code| catalogue.site(code)).map(|site| t.pick(&site.name));
    let zone =
        seen.zone.as_deref().and_then(|code| catalogue.zone(code)).map(|zone| match map::zone_mark(&zone.code) {
            "" => t.pick(&zone.name),
            mark => mark,
        });
    let place: Vec<&str> = site.into_iter().chain(zone).collect();
    let kind = seen.node.as_ref().and_then(|node| kind(catalogue, node));
    Row {
        id: seen.id.to_string(),
        name: name(seen, t),
        kind: kind.map_or_else(String::new, |kind| t.pick(&kind.name).to_owned()),
        place: if place.is_empty() { t.no_place().to_owned() } else { place.join(" · ") },
        state: seen.state,
        heard: seen.heard_at.map(|at| local.when(at)),
        series: seen.series.len(),
        rejected: pages.gateway.ledger.node(&seen.id).map_or(0, |counts| rejected(&counts)),
    }
}

/// What people call the node; empty when it has its id alone.
pub(super) fn name(seen: &Seen, t: Lang) -> String {
    let name = seen.node.as_ref().and_then(|node| node.name.as_ref());
    name.map_or_else(String::new, |name| t.pick(name).to_owned())
}

/// How much of what a node sent could not be used.
pub(super) fn rejected(counts: &Counts) -> u64 {
    counts.rejected.iter().chain(&counts.frames_rejected).sum()
}
