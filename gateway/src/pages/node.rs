//! One node: how it is doing, its last readings with their course, the gaps of the week, what was rejected and why.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;

use super::census::{State, kind};
use super::latest::Latest;
use super::readings::{self, Reading};
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, Tab, View, Visitor, show};
use super::{Pages, format, nodes, rejections};
use crate::catalogue::Power;
use crate::reading::{NodeId, RejectReason};
use crate::store::model::{Datastream, Page};

/// Rejections shown here; all of them are in their own list.
const REJECTIONS_SHOWN: usize = 5;
/// Series with a course and a strip; a node has few.
const SERIES_MAX: usize = 24;

#[derive(Template)]
#[template(path = "node.html")]
struct NodePage {
    t: Lang,
    v: View,
    id: String,
    number: Option<u32>,
    name: String,
    state: State,
    state_since: Option<When>,
    kind: String,
    sensor: String,
    indicative: bool,
    power: Option<&'static str>,
    place: String,
    position: Option<String>,
    serial: Option<String>,
    enrolled: Option<When>,
    connected: Option<When>,
    heard: Option<When>,
    health: Vec<Latest>,
    status: Option<StatusShown>,
    rows: Vec<Reading>,
    more: usize,
    reasons: Vec<(&'static str, String)>,
    rejections: Vec<rejections::Row>,
    may_change: bool,
    may_audit: bool,
    revoked: bool,
    awaited: Option<When>,
    told: Option<(bool, &'static str)>,
}

struct StatusShown {
    state: State,
    text: String,
    at: When,
}

/// `GET /nodes/{id}`.
pub(super) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor, Path(id): Path<String>) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let id = NodeId::new(&id).map_err(|_| PageError::NotFound)?;
        let t = visitor.lang;
        let done = visitor.query.split('&').find_map(|pair| pair.strip_prefix("done="));
        let told = match done {
            Some("revoked") => Some((true, t.done_revoked())),
            Some("unrevoked") => Some((true, t.done_unrevoked())),
            Some("reason") => Some((false, t.done_reason())),
            _ => None,
        };
        render(pages, visitor, &id, told)
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    id: &NodeId,
    told: Option<(bool, &'static str)>,
) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let census = pages.census();
    let seen = census.find(id).ok_or(PageError::NotFound)?;
    let catalogue = &pages.gateway.config.catalogue;
    let node_type = seen.node.as_ref().and_then(|node| kind(catalogue, node));
    let datastreams: Vec<Arc<Datastream>> =
        seen.series.iter().filter_map(|id| pages.gateway.reader.datastream(*id)).collect();
    let is_health = |d: &&Arc<Datastream>| matches!(&*d.key.quantity, "battery" | "signal");
    let health = datastreams.iter().filter(is_health).map(|d| pages.latest(d, &local)).collect::<Result<_, _>>()?;
    let rows =
        datastreams.iter().take(SERIES_MAX).map(|d| readings::reading(pages, d, &local)).collect::<Result<_, _>>()?;
    let counts = pages.gateway.ledger.node(id).unwrap_or_default();
    let both = counts.rejected.iter().zip(&counts.frames_rejected).map(|(a, b)| a + b);
    let reasons = RejectReason::ALL
        .iter()
        .zip(both)
        .filter(|(_, n)| *n > 0)
        .map(|(reason, n)| (t.reason(*reason).0, format::count(n, t)))
        .collect();
    let found = pages.gateway.reader.rejections(Some(id), Page { skip: 0, top: REJECTIONS_SHOWN })?;
    let site = seen.site.as_deref().and_then(|code| catalogue.site(code)).map(|site| t.pick(&site.name));
    let zone = seen.zone.as_deref().and_then(|code| catalogue.zone(code)).map(|zone| t.pick(&zone.name));
    let place: Vec<&str> = site.into_iter().chain(zone).collect();
    let node = seen.node.as_ref();
    let page = NodePage {
        v: View::new(pages, visitor, &local, Tab::Nodes, id.as_str()),
        id: id.to_string(),
        number: node.map(|node| node.number),
        name: nodes::name(seen, t),
        state: seen.state,
        state_since: matches!(seen.state, State::Silent).then(|| seen.heard_at.map(|at| local.when(at))).flatten(),
        kind: node_type.map_or_else(String::new, |kind| t.pick(&kind.name).to_owned()),
        sensor: node_type.map_or_else(String::new, |kind| kind.sensor.clone()),
        indicative: node_type.is_some_and(|kind| kind.indicative),
        power: node_type.map(|kind| match kind.power {
            Power::Mains => t.power_mains(),
            Power::Night => t.power_night(),
            Power::Battery => t.power_battery(),
            Power::Solar => t.power_solar(),
        }),
        place: if place.is_empty() { t.no_place().to_owned() } else { place.join(", ") },
        position: seen
            .position
            .map(|p| format!("{}, {}", format::number(p.lat, 4, Lang::En), format::number(p.lon, 4, Lang::En))),
        serial: node.and_then(|node| node.serial.clone()),
        enrolled: node.map(|node| local.when(node.enrolled_at)),
        connected: seen.connected_at.map(|at| local.when(at)),
        heard: seen.heard_at.map(|at| local.when(at)),
        health,
        status: status(pages, id, &local)?,
        more: datastreams.len().saturating_sub(SERIES_MAX),
        rows,
        reasons,
        rejections: found.iter().map(|rejection| rejections::row(rejection, &local)).collect(),
        may_change: node.is_some() && visitor.offers(pages, "POST", "/nodes/{id}/revoke"),
        may_audit: visitor.offers(pages, "GET", "/audit"),
        revoked: node.is_some_and(|node| node.revoked),
        awaited: node.and_then(|node| node.awaited_until).map(|until| local.when(until)),
        told,
        t,
    };
    Ok(page.render()?)
}

/// What the node last said of itself: our own frame, or a text.
fn status(pages: &Pages, id: &NodeId, local: &Local) -> Result<Option<StatusShown>, PageError> {
    use protocols::native::{Frame, NodeState};
    let t = local.lang;
    let Some((bytes, at)) = pages.gateway.reader.node_status(id)? else { return Ok(None) };
    let at = local.when(at);
    Ok(Some(match Frame::decode(&bytes) {
        Ok(Frame::Status(status)) => {
            let online = status.state == NodeState::Online;
            let mut text = format!(
                "{} · {} {} · {} {}",
                if online { t.online() } else { t.offline() },
                t.firmware(),
                status.firmware.as_str(),
                t.boots(),
                format::count(u64::from(status.boot), t)
            );
            for (n, word) in [(status.dropped_readings, t.dropped()), (status.queue_depth, t.queued())] {
                if n > 0 {
                    text.push_str(&format!(" · {word}: {}", format::count(u64::from(n), t)));
                }
            }
            StatusShown { state: if online { State::Good } else { State::Silent }, text, at }
        }
        _ => StatusShown { state: State::Good, text: String::from_utf8_lossy(&bytes).chars().take(200).collect(), at },
    }))
}
