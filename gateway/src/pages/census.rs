//! How every node is doing, from memory alone: made once for all who look within a moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Pages;
use super::text::Lang;
use crate::alerts::silence;
use crate::catalogue::{Catalogue, NodeType, Position, Power};
use crate::reading::{DatastreamId, Flag, NodeId, Timestamp};
use crate::registry::Node;
use crate::store::model::Datastream;

/// How long a census is good for at least, and how much longer than it took.
const FRESH_MIN: Duration = Duration::from_millis(400);
const FRESH_FACTOR: u32 = 20;
/// Series heard last that the overview shows.
pub(super) const NEWEST_KEPT: usize = 12;

/// How something is doing: a shape, a word and a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// ■
    Barred,
    /// ▲
    Attention,
    /// ○
    Silent,
    /// ○, never heard.
    Unheard,
    /// ●
    Good,
}

impl State {
    /// Every state of a node, the worst first.
    pub(super) const ALL: [State; 5] = [State::Barred, State::Attention, State::Silent, State::Unheard, State::Good];

    pub(super) const fn code(self) -> &'static str {
        match self {
            State::Barred => "barred",
            State::Attention => "attention",
            State::Silent => "silent",
            State::Unheard => "unheard",
            State::Good => "good",
        }
    }

    pub(super) fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    pub(super) fn word(self, t: impl std::borrow::Borrow<Lang>) -> &'static str {
        let t = *t.borrow();
        match self {
            State::Barred => t.barred(),
            State::Attention => t.needs_look(),
            State::Silent => t.silent(),
            State::Unheard => t.unheard(),
            State::Good => t.in_order(),
        }
    }
}

/// One node.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) id: NodeId,
    /// None when it is in the store and not in the registry.
    pub(super) node: Option<Arc<Node>>,
    pub(super) state: State,
    pub(super) heard_at: Option<Timestamp>,
    pub(super) connected_at: Option<Timestamp>,
    pub(super) zone: Option<Arc<str>>,
    pub(super) site: Option<Arc<str>>,
    pub(super) position: Option<Position>,
    pub(super) series: Vec<DatastreamId>,
}

/// All nodes, by name.
#[derive(Debug)]
pub(super) struct Census {
    made: Instant,
    took: Duration,
    pub(super) nodes: Vec<Seen>,
    pub(super) series: usize,
    pub(super) connected: usize,
    /// Series heard last, newest first.
    pub(super) newest: Vec<DatastreamId>,
    /// The registry's revision that it was made with.
    revision: u64,
}

impl Census {
    /// How many nodes are in that state.
    pub(super) fn count(&self, state: State) -> usize {
        self.nodes.iter().filter(|seen| seen.state == state).count()
    }

    /// The node of that name.
    pub(super) fn find(&self, id: &NodeId) -> Option<&Seen> {
        self.nodes.binary_search_by(|seen| seen.id.cmp(id)).ok().map(|place| &self.nodes[place])
    }
}

impl Pages {
    /// How every node is doing; as of a moment ago when somebody else has just asked.
    pub(super) fn census(&self) -> Arc<Census> {
        let mut held = self.census.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Who added or revoked a node sees that at once.
        if let Some(census) = &*held
            && census.revision == self.gateway.registry.snapshot().revision
            && census.made.elapsed() < FRESH_MIN.max(census.took * FRESH_FACTOR)
        {
            return census.clone();
        }
        let census = Arc::new(take(self));
        *held = Some(census.clone());
        census
    }
}

/// What the datastreams tell of one node.
#[derive(Default)]
struct Heard {
    at: Option<Timestamp>,
    flagged: bool,
    period_s: Option<u32>,
    series: Vec<DatastreamId>,
}

fn take(pages: &Pages) -> Census {
    let started = Instant::now();
    let gateway = &pages.gateway;
    let now = gateway.clock.now();
    let registry = gateway.registry.snapshot();
    let catalogue = gateway.reader.catalogue();
    let datastreams = gateway.reader.datastreams();
    let dark_since = silence::dark_here(catalogue, now);
    let connected: HashMap<NodeId, Timestamp> =
        gateway.connections.list().into_iter().map(|c| (c.node, c.since)).collect();
    let mut heard: HashMap<&NodeId, Heard> = HashMap::with_capacity(registry.nodes.len());
    for datastream in &datastreams {
        let of_node = heard.entry(&datastream.key.node).or_default();
        of_node.series.push(datastream.id);
        if datastream.external {
            continue;
        }
        of_node.at = of_node.at.max(datastream.received_at);
        of_node.period_s = shorter(of_node.period_s, gateway.reader.period_s(&datastream.key));
        let flag = gateway.reader.latest(datastream.id).map(|o| o.flag());
        of_node.flagged |= matches!(flag, Some(Flag::Fail | Flag::Suspect));
    }
    let names = registry.nodes.keys().chain(heard.keys().copied().filter(|id| !registry.nodes.contains_key(*id)));
    let mut nodes: Vec<Seen> = names
        .map(|id| {
            let node = registry.nodes.get(id).cloned();
            let of_node = heard.get(id);
            let connected_at = connected.get(id).copied();
            let heard_at = of_node.and_then(|heard| heard.at);
            let node_type = node.as_ref().and_then(|node| kind(catalogue, node));
            let (power, period_s) = (node_type.map_or(Power::Mains, |t| t.power), of_node.and_then(|h| h.period_s));
            let silent =
                |heard| silence::since(power, period_s, heard, Timestamp::default(), dark_since, now).is_some();
            let external = node_type.is_some_and(|t| &*t.code == "external-network");
            let state = match (heard_at, connected_at) {
                _ if node.as_ref().is_some_and(|node| node.revoked) => State::Barred,
                _ if external => State::Good,
                (None, None) => State::Unheard,
                (heard_at, since) if silent(heard_at.max(since).unwrap_or(now)) => State::Silent,
                _ if of_node.is_some_and(|heard| heard.flagged) => State::Attention,
                _ => State::Good,
            };
            let placement = node.as_ref().and_then(|node| node.placement(now));
            Seen {
                state,
                heard_at,
                connected_at,
                zone: placement.and_then(|p| p.zone.clone()),
                site: placement.and_then(|p| p.site.clone()),
                position: placement.and_then(|p| p.position),
                series: of_node.map_or_else(Vec::new, |heard| heard.series.clone()),
                node,
                id: id.clone(),
            }
        })
        .collect();
    nodes.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    Census {
        revision: registry.revision,
        nodes,
        series: datastreams.len(),
        connected: connected.len(),
        newest: newest(&datastreams),
        took: started.elapsed(),
        made: Instant::now(),
    }
}

fn newest(datastreams: &[Arc<Datastream>]) -> Vec<DatastreamId> {
    let mut heard: Vec<_> =
        datastreams.iter().filter(|d| !d.external).filter_map(|d| Some((d.received_at?, d.id))).collect();
    if heard.len() > NEWEST_KEPT {
        heard.select_nth_unstable_by(NEWEST_KEPT, |a, b| b.cmp(a));
        heard.truncate(NEWEST_KEPT);
    }
    heard.sort_unstable_by(|a, b| b.cmp(a));
    heard.into_iter().map(|(_, id)| id).collect()
}

/// The node's type in the catalogue.
pub(super) fn kind<'a>(catalogue: &'a Catalogue, node: &Node) -> Option<&'a NodeType> {
    catalogue.node_types.get(node.node_type.as_ref()?)
}

fn shorter(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
