//! What came, against rules on readings: what may meet one waits in turn, and is judged as far as a look has time.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use super::super::{Board, Look, Subject, evaluate};
use super::series::{self, Seen};
use super::{Judged, LOOKED_BACK_MS, Place, Surroundings, Watcher, about};
use crate::catalogue::alerts::{AlertRule, Condition, Of, OneFor};
use crate::reading::{DatastreamId, Timestamp};
use crate::registry::Snapshot;
use crate::store::{Arrived, Came, StoreError};

/// How far back what came late is judged.
const LATE_MAX_MS: i64 = 7 * 86_400_000;

/// Datastreams that may meet a rule, in turn.
#[derive(Debug, Default)]
pub(super) struct Arrival {
    began: bool,
    /// What came of each; none where that is not known.
    waiting: BTreeMap<DatastreamId, Option<Came>>,
    judged_last: Option<DatastreamId>,
}

impl Arrival {
    fn wait(&mut self, id: DatastreamId, came: Option<Came>) {
        let both = |before: Option<Came>| Some(before?.and(came?));
        self.waiting.entry(id).and_modify(|before| *before = both(*before)).or_insert(came);
    }

    /// The next in turn: none is passed over for ever where many wait.
    fn next(&self) -> Option<(DatastreamId, Option<Came>)> {
        let after = self.judged_last.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.waiting.range((after, Bound::Unbounded)).next().or_else(|| self.waiting.first_key_value());
        next.map(|(id, came)| (*id, *came))
    }
}

impl Watcher {
    pub(super) fn what_came(&mut self, around: &Surroundings<'_>, look: &mut Look) -> Result<(), StoreError> {
        let registry = around.reader.registry();
        let mut arrival = std::mem::take(&mut self.arrival);
        let first = !std::mem::replace(&mut arrival.began, true);
        around.reader.take_arrived(first, |arrived| {
            let asked = around.board.rules().of_quantity(&arrived.key.quantity);
            if asked.is_empty() || !is_of_now(&registry, arrived, around.now, first) {
                return;
            }
            let place = self.place(&registry, arrived.key, around.now);
            if may_be_met(asked, &registry, arrived, around.board, &place).next().is_some() {
                arrival.wait(arrived.id, arrived.came);
            }
        });
        let began = Instant::now();
        let judged = self.in_turn(around, &mut arrival, look, || began.elapsed() < around.at_most);
        look.behind = arrival.waiting.len();
        self.arrival = arrival;
        judged
    }

    /// Judges what waits while there is time, one datastream at least. What cannot be read waits on.
    fn in_turn(
        &self,
        around: &Surroundings<'_>,
        arrival: &mut Arrival,
        look: &mut Look,
        has_time: impl Fn() -> bool,
    ) -> Result<(), StoreError> {
        let registry = around.reader.registry();
        let mut done = 0;
        while let Some((id, came)) = arrival.next().filter(|_| done == 0 || has_time()) {
            let datastream = around.reader.datastream(id);
            let times = datastream.as_ref().and_then(|one| Some((&one.key, one.begun_at?, one.last_at?)));
            if let Some((key, begun_at, last_at)) = times {
                let arrived = Arrived { id, key, begun_at, last_at, came };
                let asked = around.board.rules().of_quantity(&key.quantity);
                let judged = Judged::new(&arrived, self.place(&registry, key, around.now));
                let mut seen = Seen::default();
                for rule in may_be_met(asked, &registry, &arrived, around.board, &judged.place) {
                    self.judge(around, &judged, rule, &mut seen, look)?;
                }
            }
            arrival.waiting.remove(&id);
            arrival.judged_last = Some(id);
            done += 1;
        }
        Ok(())
    }

    fn judge(
        &self,
        around: &Surroundings<'_>,
        judged: &Judged,
        rule: &Arc<AlertRule>,
        seen: &mut Seen,
        look: &mut Look,
    ) -> Result<(), StoreError> {
        let subject = about(rule, &judged.place);
        let met = around.board.find(&rule.code, &subject).is_some();
        let from = judged.from.max(judged.last_at.plus_millis(-LATE_MAX_MS));
        let found =
            series::episodes(around.reader, rule, judged.id, (from, judged.last_at), (judged.begun_at, met), seen)?;
        let last = found.last().filter(|episode| episode.until.is_none() || rule.latched);
        match last {
            Some(_) => {
                let told = if rule.latched { found.as_slice() } else { &found[found.len() - 1..] };
                look.findings.extend(told.iter().map(|episode| judged.finding(rule, &subject, episode)));
            }
            None if met && !self.others_meet(around, judged, rule)? => look.clear.push((rule.code.clone(), subject)),
            None => {}
        }
        Ok(())
    }

    /// Whether another datastream of the same equipment still meets the rule.
    fn others_meet(
        &self,
        around: &Surroundings<'_>,
        judged: &Judged,
        rule: &Arc<AlertRule>,
    ) -> Result<bool, StoreError> {
        let registry = around.reader.registry();
        for other in around.reader.datastreams() {
            let same = other.key.quantity == judged.key.quantity && other.id != judged.id && !other.external;
            let (true, Some(last_at), Some(begun_at)) = (same, other.last_at, other.begun_at) else { continue };
            if self.place(&registry, &other.key, around.now).subject != judged.place.subject
                || around.now.millis_since(last_at) > LOOKED_BACK_MS
            {
                continue;
            }
            let span = (last_at.plus_millis(-LOOKED_BACK_MS), last_at);
            let found = series::episodes(around.reader, rule, other.id, span, (begun_at, false), &mut Seen::default())?;
            if found.last().is_some_and(|episode| episode.until.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Rules that what came may meet, or may end.
fn may_be_met<'a>(
    asked: &'a [Arc<AlertRule>],
    registry: &Snapshot,
    arrived: &Arrived<'_>,
    board: &'a Board,
    place: &'a Place,
) -> impl Iterator<Item = &'a Arc<AlertRule>> + use<'a> {
    // A calibration moves values: what came is no longer known.
    let range = arrived.came.filter(|_| !registry.calibrations.contains_key(arrived.key)).map(|came| came.range);
    let any_open = board.is_about(&place.subject);
    asked.iter().filter(move |rule| {
        let is_asked = rule.scope.has(place.kind.as_deref(), place.node_type.as_deref(), place.zone.as_deref());
        let ends = any_open && is_open(rule, board, &place.subject);
        is_asked && by_arrival(&rule.on) && range.is_none_or(|range| ends || !is_quiet(rule, range))
    })
}

/// Whether a level's alert is open that readings back below it may end.
fn is_open(rule: &AlertRule, board: &Board, subject: &Subject) -> bool {
    let ends = matches!(rule.on, Condition::Level { .. }) && rule.one_for == OneFor::Equipment;
    ends && board.find(&rule.code, subject).is_some()
}

/// Whether readings themselves are judged, as they come.
fn by_arrival(on: &Condition) -> bool {
    matches!(on, Condition::Level { of: Of::Readings, .. } | Condition::Rate { .. } | Condition::Impact { .. })
}

/// Whether it is a node that may speak, and what came is not long past.
fn is_of_now(registry: &Snapshot, arrived: &Arrived<'_>, now: Timestamp, first: bool) -> bool {
    let revoked = registry.nodes.get(&arrived.key.node).is_some_and(|node| node.revoked);
    let most = if first { LOOKED_BACK_MS } else { LATE_MAX_MS };
    !revoked && now.millis_since(arrived.last_at) <= most
}

/// Whether no value of that range can meet a rule.
fn is_quiet(rule: &AlertRule, (min, max): (f64, f64)) -> bool {
    match &rule.on {
        Condition::Level { test, .. } => evaluate::is_quiet(test, min, max),
        Condition::Impact { level, .. } => max <= *level,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(from: i64, low: f64, high: f64) -> Option<Came> {
        Some(Came { from: Timestamp::from_millis(from), range: (low, high) })
    }

    #[test]
    fn what_waits_is_judged_in_turn_with_all_that_came_meanwhile() {
        let (one, two, three) = (DatastreamId(1), DatastreamId(2), DatastreamId(3));
        let mut arrival = Arrival::default();
        arrival.wait(two, came(50, 1.0, 2.0));
        arrival.wait(one, None);
        arrival.wait(two, came(40, 1.5, 9.0));
        arrival.wait(one, came(30, 1.0, 1.0));
        assert_eq!(arrival.next(), Some((one, None)), "what was not known stays unknown");
        arrival.waiting.remove(&one);
        arrival.judged_last = Some(one);
        arrival.wait(one, came(60, 5.0, 5.0));
        assert_eq!(
            arrival.next(),
            Some((two, came(40, 1.0, 9.0))),
            "the one that goes on sending does not come before it"
        );
        arrival.waiting.remove(&two);
        arrival.judged_last = Some(three);
        assert_eq!(arrival.next(), Some((one, came(60, 5.0, 5.0))), "and then it is its turn again");
    }
}
