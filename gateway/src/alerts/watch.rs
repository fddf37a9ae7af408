//! [`Watcher`]: what rules make of what came, of what is settled, and of what is not heard. Reads the store and changes nothing.
//!
//! Most of what comes is beyond no level: that is seen from memory alone, by the smallest and the largest value that came of a
//! datastream. Only where a rule may be met, or is, are observations read, as far back as the rule asks for, and for so long at most: what
//! is left is judged by the next look. After a restart the last day is judged anew, and what is told already stays told.

mod arrival;
mod clock;
mod series;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use series::Seen;

use super::evaluate::{Episode, Point};
use super::life::Facts;
use super::{Board, Finding, Look, Subject};
use crate::catalogue::Catalogue;
use crate::catalogue::alerts::{AlertRule, OneFor};
use crate::operations::asset::Tree;
use crate::operations::book::Shelf;
use crate::operations::duty::Day;
use crate::reading::{DatastreamId, DatastreamKey, NodeId, Timestamp};
use crate::registry::Snapshot;
use crate::store::{Arrived, Reader, StoreError};

/// How far back is looked where it is not known what came: after a start.
const LOOKED_BACK_MS: i64 = 86_400_000;
/// Two readings further apart than this, or than three periods, say nothing of the time between.
const GAP_MIN_MS: i64 = 3_600_000;

/// What a look is made of.
pub struct Surroundings<'a> {
    /// The store.
    pub reader: &'a Reader,
    /// What is open, and the rules.
    pub board: &'a Board,
    /// Equipment.
    pub shelf: &'a Arc<Shelf>,
    /// The day, for what is due.
    pub day: Day<'a>,
    /// Since when nodes are connected that are.
    pub connected: &'a HashMap<NodeId, Timestamp>,
    /// Whether the external broker is connected; none where there is none.
    pub broker: Option<bool>,
    /// When the gateway began to listen.
    pub started_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// How long the store may be read for what came.
    pub at_most: Duration,
    /// Whether nothing can be taken in now: then nobody is silent.
    pub deaf: bool,
}

/// Where a node is mounted.
#[derive(Debug, Clone)]
struct Mounted {
    asset: Arc<str>,
    kind: Arc<str>,
    zone: Option<Arc<str>>,
}

/// Looks again and again.
#[derive(Default)]
pub struct Watcher {
    arrival: arrival::Arrival,
    shelf: Option<Arc<Shelf>>,
    mounted: HashMap<Box<str>, Mounted>,
    away_since: Option<Timestamp>,
    due: clock::Due,
}

/// What a datastream is of: what rules ask, and what an alert of it would be about.
struct Place {
    node_type: Option<Arc<str>>,
    kind: Option<Arc<str>>,
    zone: Option<Arc<str>>,
    subject: Subject,
}

impl Watcher {
    /// Looks at what came since the last look and, when it is time, at what goes by the clock.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn look(&mut self, around: &Surroundings<'_>) -> Result<Look, StoreError> {
        if !self.shelf.as_ref().is_some_and(|shelf| Arc::ptr_eq(shelf, around.shelf)) {
            self.mounted = mounted(around.shelf, around.day.catalogue);
            self.shelf = Some(around.shelf.clone());
            self.due.of_equipment();
        }
        let mut look = Look::default();
        self.what_came(around, &mut look)?;
        self.by_clock(around, &mut look)?;
        Ok(look)
    }

    fn place(&self, registry: &Snapshot, key: &DatastreamKey, now: Timestamp) -> Place {
        let node = registry.nodes.get(&key.node);
        let zone = node.and_then(|node| node.placement(now)?.zone.clone());
        let node_type = node.and_then(|node| node.node_type.clone());
        match self.mounted.get(key.node.as_str()) {
            Some(mounted) => Place {
                node_type,
                kind: Some(mounted.kind.clone()),
                zone: mounted.zone.clone().or(zone),
                subject: Subject::asset(&mounted.asset),
            },
            None => Place { node_type, kind: None, zone, subject: Subject::node(key.node.as_str()) },
        }
    }
}

/// A datastream that is judged.
struct Judged {
    id: DatastreamId,
    key: DatastreamKey,
    place: Place,
    begun_at: Timestamp,
    from: Timestamp,
    last_at: Timestamp,
}

impl Judged {
    fn new(arrived: &Arrived<'_>, place: Place) -> Self {
        let from = arrived.came.map_or(arrived.last_at.plus_millis(-LOOKED_BACK_MS), |came| came.from);
        let Arrived { id, key, begun_at, last_at, .. } = *arrived;
        Self { id, key: key.clone(), place, begun_at, from, last_at }
    }

    fn finding(&self, rule: &Arc<AlertRule>, subject: &Subject, episode: &Episode) -> Finding {
        let Episode { from, worst, until, .. } = *episode;
        let node: Box<str> = self.key.node.as_str().into();
        let together = rule.one_for == OneFor::CommunityDay;
        let member = self.place.subject.of("asset").map_or_else(|| node.clone(), Into::into);
        let facts = Facts {
            since: from,
            quantity: Some((*self.key.quantity).into()),
            value: Some(worst.value),
            at: Some(worst.at),
            last: Some(until.unwrap_or(self.last_at).max(worst.at)),
            node: Some(node),
            datastream: Some(self.id.0),
            members: if together { vec![member] } else { Vec::new() },
            members_count: usize::from(together),
            ..Facts::default()
        };
        Finding { rule: rule.clone(), subject: subject.clone(), zone: self.place.zone.clone(), facts }
    }
}

/// What an alert of that rule is about.
fn about(rule: &AlertRule, place: &Place) -> Subject {
    match (rule.one_for, &place.zone) {
        (OneFor::CommunityDay, Some(zone)) => Subject::zone(zone),
        (OneFor::CommunityDay, None) => Subject::city(),
        (OneFor::Equipment, _) => place.subject.clone(),
    }
}

fn mounted(shelf: &Shelf, catalogue: &Catalogue) -> HashMap<Box<str>, Mounted> {
    let mut mounted = HashMap::new();
    for held in shelf.all().filter(|held| held.dossier.case.dismantled_at.is_none()) {
        for mount in &held.asset.nodes {
            let zone = shelf.site_of(&held.asset.id).and_then(|site| catalogue.site(site));
            let place = Mounted {
                asset: held.asset.id.as_str().into(),
                kind: (*held.asset.kind).into(),
                zone: zone.map(|site| site.zone.clone()),
            };
            mounted.insert(mount.node.clone(), place);
        }
    }
    mounted
}

/// Kinds of equipment that alerts are about, for the roster.
pub fn kind_of<'a>(shelf: &'a Shelf, subject: &Subject) -> Option<&'a str> {
    let id = crate::operations::asset::AssetId::new(subject.of("asset")?).ok()?;
    Some(&shelf.get(&id)?.asset.kind)
}

/// Names of members, none twice.
fn named(members: &[Arc<str>]) -> (Vec<Box<str>>, usize) {
    let all: BTreeSet<&Arc<str>> = members.iter().collect();
    let count = all.len();
    (all.into_iter().take(super::cause::MEMBERS_NAMED).map(|name| (**name).into()).collect(), count)
}

/// The points of judged observations that count.
fn points(observations: &[crate::store::model::JudgedObservation]) -> Vec<Point> {
    let counted = observations.iter().filter(|observation| observation.flag().counts());
    counted.map(|observation| Point { at: observation.measured_at, value: observation.value }).collect()
}

/// What a dry run is made over.
pub struct Trialled<'a> {
    /// The store.
    pub reader: &'a Reader,
    /// Equipment.
    pub shelf: &'a Shelf,
    /// The city's time, for what is told once a day.
    pub zone: &'a jiff::tz::TimeZone,
}

/// What a rule would have raised.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// About what, and when, by the order of datastreams.
    pub(super) episodes: Vec<(Subject, Episode)>,
    /// Datastreams that were looked at,
    pub(super) looked: usize,
    /// and those that were too many.
    pub(super) left_out: usize,
}

/// What a rule would have raised in a span, from as many datastreams as `most`. Blows on one piece within a day are one, as one alert would have been open.
pub(super) fn past(
    rule: &AlertRule,
    around: &Trialled<'_>,
    (from, until): (Timestamp, Timestamp),
    most: usize,
) -> Result<Past, StoreError> {
    let registry = around.reader.registry();
    let watcher = Watcher { mounted: mounted(around.shelf, around.reader.catalogue()), ..Watcher::default() };
    let mut past = Past::default();
    let mut told = BTreeSet::new();
    for datastream in around.reader.datastreams() {
        let (key, Some(begun_at), Some(last_at)) = (&datastream.key, datastream.begun_at, datastream.last_at) else {
            continue;
        };
        let place = watcher.place(&registry, key, until);
        let asked = rule.scope.has(place.kind.as_deref(), place.node_type.as_deref(), place.zone.as_deref());
        if Some(&key.quantity) != rule.on.quantity() || datastream.external || !asked || last_at < from {
            continue;
        }
        if past.looked >= most {
            past.left_out += 1;
            continue;
        }
        past.looked += 1;
        let subject = about(rule, &place);
        for episode in series::episodes(
            around.reader,
            rule,
            datastream.id,
            (from, until),
            (begun_at, false),
            &mut Seen::default(),
        )? {
            let day = crate::operations::schedule::local_day(episode.met_at, around.zone);
            let once = rule.one_for == OneFor::CommunityDay || rule.latched;
            if episode.met_at >= from && (!once || told.insert((subject.clone(), day))) {
                past.episodes.push((subject.clone(), episode));
            }
        }
    }
    Ok(past)
}
