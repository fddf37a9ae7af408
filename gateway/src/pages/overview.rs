//! Today: what the state is, what needs a person, the city on a map, what arrives, and the ledger that balances.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;

use super::census::{Census, NEWEST_KEPT, Seen, State};
use super::latest::Latest;
use super::map::{self, MarkShown, Sketch};
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, Tab, View, Visitor, show, with};
use super::{Pages, attention, format, sinks};
use crate::reading::DatastreamId;
use crate::telemetry::ledger::AllView;

/// Nodes that need attention, shown by name.
const ATTENTION_ROWS: usize = 8;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    t: Lang,
    v: View,
    answer: Answer,
    connected: String,
    series: String,
    running_since: When,
    has_map: bool,
    sketch: Sketch,
    marks: Vec<MarkShown>,
    crowded: bool,
    off_map: String,
    zones: Vec<ZoneRow>,
    attention: Vec<NodeRow>,
    attention_more: String,
    newest: Vec<Latest>,
    no_nodes: bool,
    ledger: Balance,
    sink: Option<sinks::Shown>,
    disk: Disk,
    journal: JournalShown,
}

/// The sentence on top.
pub(super) struct Answer {
    pub(super) state: State,
    pub(super) text: String,
}

struct ZoneRow {
    name: String,
    href: String,
    /// In order, attention, silent, barred.
    counts: [String; 4],
}

struct NodeRow {
    id: String,
    name: String,
    state: State,
    since: Option<When>,
}

/// The ledger as one line of arithmetic.
pub(super) struct Balance {
    pub(super) frames: [String; 4],
    pub(super) readings: [String; 5],
    pub(super) balances: bool,
    pub(super) pending: u64,
}

struct Disk {
    used: String,
    bound: String,
    share: u64,
    free: Option<String>,
}

struct JournalShown {
    bytes: String,
    bound: String,
    share: u64,
    records: String,
    pending: String,
}

/// `GET /`.
pub(super) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, render).await
}

fn render(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let t = visitor.lang;
    let local = pages.local(visitor);
    let census = pages.census();
    let gateway = &pages.gateway;
    let all = gateway.ledger.all_view(|| gateway.journal.status().committed);
    let on_map = map::marks(&census.nodes);
    let (attention, attention_count) = attention_rows(&census, &local);
    let page = Overview {
        v: View::new(pages, visitor, &local, Tab::Today, t.today()),
        answer: answer(pages, &census, &local),
        connected: t.connected_counted(census.connected),
        series: t.series_counted(census.series),
        running_since: local.when(gateway.started_at),
        has_map: gateway.config.catalogue.zones.iter().any(|zone| !map::zone_mark(&zone.code).is_empty()),
        sketch: map::sketch(),
        crowded: on_map.crowded,
        marks: on_map.marks.iter().map(|mark| mark_shown(pages, mark, t)).collect(),
        off_map: if on_map.off == 0 { String::new() } else { t.nodes_counted(on_map.off) },
        zones: zones(pages, &census, t),
        attention_more: match attention_count.saturating_sub(ATTENTION_ROWS) {
            0 => String::new(),
            more => format::count(more as u64, t),
        },
        attention,
        newest: newest(pages, &census, visitor, &local)?,
        no_nodes: census.series == 0,
        journal: journal(pages, &all, t),
        ledger: balance(&all, t),
        sink: sinks::shown(pages, &local),
        disk: disk(pages, t),
        t,
    };
    Ok(page.render()?)
}

fn answer(pages: &Pages, census: &Census, local: &Local) -> Answer {
    let t = local.lang;
    if !attention::takes_readings(&pages.gateway) {
        return Answer { state: State::Barred, text: t.takes_no_readings().into() };
    }
    let silent: Vec<&Seen> = census.nodes.iter().filter(|seen| seen.state == State::Silent).collect();
    if !silent.is_empty() {
        let first = silent.iter().filter_map(|seen| seen.heard_at).min();
        let since = first.map_or_else(String::new, |at| format!(", {} {}", t.first_since(), local.short(at)));
        return Answer { state: State::Attention, text: format!("{}{since}", t.nodes_silent(silent.len())) };
    }
    match census.count(State::Attention) {
        0 if census.nodes.is_empty() => Answer { state: State::Good, text: t.no_nodes_yet().into() },
        0 => {
            let heard = census.count(State::Good);
            Answer { state: State::Good, text: format!("{}: {}", t.all_heard(), format::count(heard as u64, t)) }
        }
        n => Answer { state: State::Attention, text: t.nodes_to_look_at(n) },
    }
}

fn mark_shown(pages: &Pages, mark: &map::Mark<'_, Seen>, t: Lang) -> MarkShown {
    let catalogue = &pages.gateway.config.catalogue;
    let site = mark.first.site.as_deref().and_then(|code| catalogue.site(code));
    let place = site.map_or_else(|| mark.first.id.to_string(), |site| t.pick(&site.name).to_owned());
    let (label, href) = if mark.count == 1 {
        (format!("{place}: {}, {}", mark.first.id, mark.state.word(t)), format!("/nodes/{}", mark.first.id))
    } else {
        let filter = match (mark.one_site, &mark.first.site, &mark.first.zone) {
            (true, Some(site), _) => with("/nodes", "", &[("site", site)]),
            (_, _, Some(zone)) => with("/nodes", "", &[("zone", zone)]),
            _ => "/nodes".to_owned(),
        };
        (format!("{place}: {}, {}", t.nodes_counted(mark.count), mark.state.word(t)), filter)
    };
    mark.shown(mark.state.code(), label, href)
}

fn zones(pages: &Pages, census: &Census, t: Lang) -> Vec<ZoneRow> {
    let mut by_zone: BTreeMap<Option<&str>, [usize; 4]> = BTreeMap::new();
    for seen in &census.nodes {
        let counts = by_zone.entry(seen.zone.as_deref()).or_default();
        counts[match seen.state {
            State::Good => 0,
            State::Attention => 1,
            State::Silent | State::Unheard => 2,
            State::Barred => 3,
        }] += 1;
    }
    let row = |name: String, href: String, counts: [usize; 4]| ZoneRow {
        name,
        href,
        counts: counts.map(|n| format::count(n as u64, t)),
    };
    let known = pages.gateway.config.catalogue.zones.iter().map(|zone| {
        let counts = by_zone.get(&Some(&*zone.code)).copied().unwrap_or_default();
        row(t.pick(&zone.name).to_owned(), with("/nodes", "", &[("zone", &zone.code)]), counts)
    });
    let placeless = by_zone.get(&None).map(|counts| row(t.no_place().into(), "/nodes?zone=-".into(), *counts));
    known.chain(placeless).collect()
}

/// The first of those that need a person, and how many there are.
fn attention_rows(census: &Census, local: &Local) -> (Vec<NodeRow>, usize) {
    let wanted = |seen: &&Seen| matches!(seen.state, State::Silent | State::Attention);
    let mut found: Vec<&Seen> = census.nodes.iter().filter(wanted).collect();
    found.sort_by_key(|seen| (seen.state, seen.heard_at));
    let name =
        |seen: &Seen| seen.node.as_ref().and_then(|node| node.name.as_ref()).map(|n| local.lang.pick(n).to_owned());
    let row = |seen: &Seen| NodeRow {
        id: seen.id.to_string(),
        name: name(seen).unwrap_or_default(),
        state: seen.state,
        since: seen.heard_at.map(|at| local.when(at)),
    };
    (found.iter().take(ATTENTION_ROWS).map(|seen| row(seen)).collect(), found.len())
}

/// The rows that the reader has before them, in their order; then those heard last.
fn newest(pages: &Pages, census: &Census, visitor: &Visitor, local: &Local) -> Result<Vec<Latest>, PageError> {
    let mut ids: Vec<DatastreamId> = visitor.steady.iter().map(|id| DatastreamId(*id)).collect();
    ids.truncate(NEWEST_KEPT);
    for id in &census.newest {
        if ids.len() < NEWEST_KEPT && !ids.contains(id) {
            ids.push(*id);
        }
    }
    let found = ids.into_iter().filter_map(|id| pages.gateway.reader.datastream(id));
    found.map(|datastream| Ok(pages.latest(&datastream, local)?)).collect()
}

/// The ledger as one line of arithmetic.
pub(super) fn balance(all: &AllView, t: Lang) -> Balance {
    let (frames, readings) = (&all.account.frames, &all.account.readings);
    let frames_rejected: u64 = frames.rejected.values().sum();
    let rejected: u64 = readings.rejected.values().sum();
    let tell = |n: u64| format::count(n, t);
    Balance {
        balances: readings.decoded == readings.stored + readings.duplicate + readings.corrected + rejected
            && frames.received == frames.decoded + frames_rejected + frames.pending,
        frames: [tell(frames.received), tell(frames.decoded), tell(frames_rejected), tell(frames.pending)],
        readings: [
            tell(readings.decoded),
            tell(readings.stored),
            tell(readings.duplicate),
            tell(readings.corrected),
            tell(rejected),
        ],
        pending: all.pending,
    }
}

fn journal(pages: &Pages, all: &AllView, t: Lang) -> JournalShown {
    let status = pages.gateway.journal.status();
    JournalShown {
        bytes: format::bytes(status.bytes, t),
        bound: format::bytes(status.bytes_max, t),
        share: share(status.bytes, status.bytes_max),
        records: format::count(status.committed, t),
        pending: format::count(all.pending, t),
    }
}

fn disk(pages: &Pages, t: Lang) -> Disk {
    let config = &pages.gateway.config;
    let used = folder_bytes(&config.data_dir);
    let bound = config.limits.disk_bytes_max;
    let free = rustix::fs::statvfs(&config.data_dir).ok().map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize));
    Disk {
        used: format::bytes(used, t),
        bound: format::bytes(bound, t),
        share: share(used, bound),
        free: free.map(|free| format::bytes(free, t)),
    }
}

fn share(part: u64, whole: u64) -> u64 {
    (part.saturating_mul(100) / whole.max(1)).min(100)
}

/// Bytes of the files in the folder and one below: all that the gateway makes.
fn folder_bytes(folder: &Path) -> u64 {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut sum = 0;
    for entry in entries(folder) {
        let Ok(kind) = entry.metadata() else { continue };
        if kind.is_dir() {
            let below = entries(&entry.path()).filter_map(|below| below.metadata().ok());
            sum += below.filter(std::fs::Metadata::is_file).map(|m| m.len()).sum::<u64>();
        } else {
            sum += kind.len();
        }
    }
    sum
}
