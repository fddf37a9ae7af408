//! What goes by the clock: silence and the broker each time, what is due when equipment changed or ten minutes are over, windows and
//! drifts as often as they can have changed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::super::cause::{self, Asked};
use super::super::due;
use super::super::life::Facts;
use super::super::{Finding, Look, Subject, silence};
use super::{Judged, Surroundings, Watcher, about, named, series};
use crate::catalogue::alerts::{AlertRule, Condition, Of};
use crate::catalogue::{NodeType, Power};
use crate::reading::{NodeId, Timestamp};
use crate::store::{Arrived, StoreError};

/// How often what is due is looked for, where nothing changed.
const EQUIPMENT_MS: i64 = 600_000;
/// How often windows are looked at, and drifts.
const WINDOWS_MS: i64 = 300_000;
const DRIFT_MS: i64 = 3_600_000;
/// How far back windows are looked at.
const WINDOWS_BACK_MS: i64 = 3 * 86_400_000;

/// When each was last looked at.
#[derive(Debug, Default)]
pub(super) struct Due {
    equipment: Option<Timestamp>,
    windows: Option<Timestamp>,
    drift: Option<Timestamp>,
}

impl Due {
    /// Equipment has changed.
    pub(super) fn of_equipment(&mut self) {
        self.equipment = None;
    }
}

fn is_due(last: &mut Option<Timestamp>, every_ms: i64, now: Timestamp) -> bool {
    let due = last.is_none_or(|last| now.millis_since(last) >= every_ms);
    if due {
        *last = Some(now);
    }
    due
}

/// What is open of a rule, by subject.
fn open(around: &Surroundings<'_>, rule: &AlertRule) -> BTreeSet<Subject> {
    around.board.of_rule(&rule.code).map(|alert| alert.subject.clone()).collect()
}

impl Watcher {
    pub(super) fn by_clock(&mut self, around: &Surroundings<'_>, look: &mut Look) -> Result<(), StoreError> {
        let now = around.now;
        let equipment = is_due(&mut self.due.equipment, EQUIPMENT_MS, now);
        let windows = is_due(&mut self.due.windows, WINDOWS_MS, now);
        let drift = is_due(&mut self.due.drift, DRIFT_MS, now);
        self.away_since = match around.broker {
            Some(false) => Some(self.away_since.unwrap_or(now)),
            _ => None,
        };
        let rules = around.board.rules().clone();
        for rule in rules.active() {
            match &rule.on {
                Condition::Silence if !around.deaf => self.silent(around, rule, look),
                Condition::Broker { for_s } => self.broker(around, rule, i64::from(*for_s) * 1_000, look),
                Condition::Overdue if equipment => {
                    let owed = due::overdue(around.shelf, around.day, &rule.scope, &open(around, rule));
                    owing(around, rule, owed, look);
                }
                Condition::Certificate if equipment => {
                    let owed = due::lapsed(around.shelf, around.day, &rule.scope, &open(around, rule));
                    owing(around, rule, owed, look);
                }
                Condition::Level { of: Of::Windows(..), .. } if windows => self.of_windows(around, rule, look)?,
                Condition::Drift { .. } if drift => self.of_windows(around, rule, look)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn broker(&self, around: &Surroundings<'_>, rule: &Arc<AlertRule>, for_ms: i64, look: &mut Look) {
        look.whole.insert(rule.code.clone());
        if let Some(since) = self.away_since.filter(|since| around.now.millis_since(*since) >= for_ms) {
            let facts = Facts { since, ..Facts::default() };
            look.findings.push(Finding { rule: rule.clone(), subject: Subject::broker(), zone: None, facts });
        }
    }

    fn silent(&self, around: &Surroundings<'_>, rule: &Arc<AlertRule>, look: &mut Look) {
        let registry = around.reader.registry();
        let catalogue = around.day.catalogue;
        let dark_since = silence::dark_here(catalogue, around.now);
        let (mut asked, mut since) = (Vec::new(), HashMap::new());
        for (id, heard) in self.heard(around) {
            let Some(node) = registry.nodes.get(id.as_str()) else { continue };
            let node_type = node.node_type.as_ref().and_then(|code| catalogue.node_types.get(code));
            if node.revoked || node_type.is_some_and(is_external) {
                continue;
            }
            let placement = node.placement(around.now);
            let (site, zone) =
                placement.map(|placement| (placement.site.clone(), placement.zone.clone())).unwrap_or_default();
            let kind = self.mounted.get(id.as_str()).map(|mounted| &*mounted.kind);
            if !rule.scope.has(kind, node_type.map(|of_type| &*of_type.code), zone.as_deref()) {
                continue;
            }
            let power = node_type.map_or(Power::Mains, |of_type| of_type.power);
            let connected = around.connected.get(id.as_str()).copied();
            let heard_at = connected.map_or(heard.at, |since| heard.at.max(since));
            let from = around.started_at.max(self.away_since.unwrap_or_default());
            let silent = silence::since(power, heard.period_s, heard_at, from, dark_since, around.now);
            let name: Arc<str> = id.as_str().into();
            since.extend(silent.map(|since| (name.clone(), since)));
            let by_broker = around.broker.is_some() && connected.is_none();
            asked.push(Asked { node: name, site, zone, by_broker, silent: silent.is_some() });
        }
        look.whole.insert(rule.code.clone());
        for cause in cause::causes(&asked, &open(around, rule), self.away_since.is_some()) {
            let since = cause.nodes.iter().filter_map(|node| since.get(node)).min().copied().unwrap_or(around.now);
            let one = if let [node] = cause.nodes.as_slice() { Some((**node).into()) } else { None };
            let (members, members_count) = named(&cause.nodes);
            let facts = Facts { since, node: one, members, members_count, ..Facts::default() };
            look.findings.push(Finding { rule: rule.clone(), subject: cause.subject, zone: cause.zone, facts });
        }
    }

    fn heard(&self, around: &Surroundings<'_>) -> HashMap<NodeId, Heard> {
        let mut heard: HashMap<NodeId, Heard> = HashMap::new();
        for datastream in around.reader.datastreams().into_iter().filter(|datastream| !datastream.external) {
            let Some(at) = datastream.received_at else { continue };
            let of_node = heard.entry(datastream.key.node.clone()).or_insert(Heard { at, period_s: None });
            of_node.at = of_node.at.max(at);
            let period_s = around.reader.period_s(&datastream.key);
            of_node.period_s = of_node.period_s.into_iter().chain(period_s).min();
        }
        heard
    }

    /// Of every datastream that the rule asks about, by windows that have ended.
    fn of_windows(&self, around: &Surroundings<'_>, rule: &Arc<AlertRule>, look: &mut Look) -> Result<(), StoreError> {
        let registry = around.reader.registry();
        let Some(quantity) = rule.on.quantity() else { return Ok(()) };
        let mut judged_clear = Vec::new();
        for datastream in around.reader.datastreams() {
            let (key, Some(begun_at), Some(last_at)) = (&datastream.key, datastream.begun_at, datastream.last_at)
            else {
                continue;
            };
            if key.quantity != *quantity || datastream.external || around.now.millis_since(last_at) > WINDOWS_BACK_MS {
                continue;
            }
            let place = self.place(&registry, key, around.now);
            let revoked = registry.nodes.get(&key.node).is_some_and(|node| node.revoked);
            let asked = rule.scope.has(place.kind.as_deref(), place.node_type.as_deref(), place.zone.as_deref());
            if revoked || !asked {
                continue;
            }
            let arrived = Arrived { id: datastream.id, key, begun_at, last_at, came: None };
            let judged = Judged::new(&arrived, place);
            let subject = about(rule, &judged.place);
            let met = around.board.find(&rule.code, &subject).is_some();
            let span = (around.now.plus_millis(-WINDOWS_BACK_MS), around.now);
            let found =
                series::episodes(around.reader, rule, judged.id, span, (begun_at, met), &mut series::Seen::default())?;
            match found.last().filter(|episode| episode.until.is_none()) {
                Some(episode) => look.findings.push(judged.finding(rule, &subject, episode)),
                None => judged_clear.push((rule.code.clone(), subject)),
            }
        }
        look.clear.extend(judged_clear);
        Ok(())
    }
}

/// When a node was heard, and how often it should be.
struct Heard {
    at: Timestamp,
    period_s: Option<u32>,
}

fn is_external(of_type: &NodeType) -> bool {
    &*of_type.code == "external-network"
}

fn owing(around: &Surroundings<'_>, rule: &Arc<AlertRule>, owed: Vec<due::Owed>, look: &mut Look) {
    look.whole.insert(rule.code.clone());
    for one in owed {
        let (members, members_count) = named(&one.assets);
        let facts = Facts { since: around.now, members, members_count, ..Facts::default() };
        look.findings.push(Finding { rule: rule.clone(), subject: one.subject, zone: one.zone, facts });
    }
}
