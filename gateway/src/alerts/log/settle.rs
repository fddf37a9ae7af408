//! What a look found becomes what is open: raised, raised again, joined, over. The bound, maintenance and what was told before stand
//! between.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use serde_json::json;

use super::super::Subject;
use super::super::life::{Alert, Deed, Facts, State, Step};
use super::{Alerts, AlertsError, Board, rows};
use crate::audit::{self, Category, Cause, Event};
use crate::catalogue::alerts::{AlertRule, OneFor};
use crate::operations::schedule::local_day;
use crate::operations::step::Hand;
use crate::reading::Timestamp;
use crate::store::StoreError;

/// The gateway's own reason in the audit log.
const WATCH: Cause<'static> = Cause::gateway("gateway", "alert rules");

/// Something that a rule was met by.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which.
    pub rule: Arc<AlertRule>,
    /// About what.
    pub subject: Subject,
    /// Its community, where it has one.
    pub zone: Option<Arc<str>>,
    /// What exactly.
    pub facts: Facts,
}

/// What a look found.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// What rules were met by; of one rule and subject, several are one.
    pub findings: Vec<Finding>,
    /// What was judged and is not so.
    pub clear: Vec<(Arc<str>, Subject)>,
    /// Rules that were judged of all: what of theirs is open and not among the findings is over.
    pub whole: BTreeSet<Arc<str>>,
    /// Datastreams that there was no time for.
    pub behind: usize,
}

/// What became of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Alerts that were raised, or raised again.
    pub raised: usize,
    /// Alerts that are over.
    pub cleared: usize,
    /// Findings that found no room.
    pub refused: usize,
    /// Findings that maintenance rests.
    pub rested: usize,
}

impl Look {
    /// Whether it changes nothing.
    fn is_idle(&self, board: &Board, now: Timestamp) -> bool {
        self.findings.is_empty()
            && !self.clear.iter().any(|(rule, subject)| board.find(rule, subject).is_some())
            && !self.whole.iter().any(|rule| board.of_rule(rule).next().is_some())
            && !board.open().any(|alert| {
                let rests = board.rules.find(&alert.rule).is_none_or(|listed| listed.rests());
                rests || now.millis_since(alert.raised_at) > DAY_MS
            })
    }

    /// Findings of one rule and subject as one: the earliest, the worst, the members of all.
    fn joined(self) -> Vec<Finding> {
        let mut places: HashMap<(Arc<str>, Subject), usize> = HashMap::new();
        let mut joined: Vec<Finding> = Vec::new();
        for finding in self.findings {
            let key = (finding.rule.code.clone(), finding.subject.clone());
            match places.get(&key) {
                Some(place) => join(&mut joined[*place].facts, finding.facts),
                None => {
                    places.insert(key, joined.len());
                    joined.push(finding);
                }
            }
        }
        joined
    }
}

const DAY_MS: i64 = 86_400_000;

fn join(facts: &mut Facts, other: Facts) {
    let since = facts.since.min(other.since);
    let last = facts.last.max(other.last);
    let mut members: BTreeSet<Box<str>> = facts.members.drain(..).collect();
    members.extend(other.members.iter().cloned());
    let worse = match (facts.value, other.value) {
        (Some(own), Some(theirs)) => theirs.abs() > own.abs(),
        (own, theirs) => own.is_none() && theirs.is_some(),
    };
    if worse {
        *facts = Facts { latched: facts.latched, ..other };
    }
    (facts.since, facts.last) = (since, last);
    facts.members_count = members.len();
    facts.members = members.into_iter().take(super::super::cause::MEMBERS_NAMED).collect();
}

impl Alerts {
    /// Takes what a look found.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn settle(&self, look: Look) -> Result<Settled, AlertsError> {
        let now = self.clock.now();
        self.behind.store(look.behind as u64, Ordering::Relaxed);
        if look.is_idle(&self.board(), now) {
            return Ok(Settled::default());
        }
        let (clear, whole) = (look.clear.clone(), look.whole.clone());
        let findings = look.joined();
        let settled = self.change(|file, board, now| {
            let mut settled = Settled::default();
            let found: BTreeMap<(&str, &Subject), ()> =
                findings.iter().map(|finding| ((&*finding.rule.code, &finding.subject), ())).collect();
            let mut over: Vec<(Alert, Deed)> = Vec::new();
            for (rule, subject) in &clear {
                if let Some(alert) = board.find(rule, subject).filter(|_| !found.contains_key(&(&**rule, subject))) {
                    over.push((Alert::clone(alert), Deed::Cleared { note: String::new() }));
                }
            }
            for rule in &whole {
                for alert in board.of_rule(rule).filter(|alert| !found.contains_key(&(&**rule, &alert.subject))) {
                    over.push((Alert::clone(alert), into(alert, &findings)));
                }
            }
            over.extend(board.open().filter_map(|alert| Some((Alert::clone(alert), self.by_day(board, alert, now)?))));
            for (alert, deed) in over {
                if board.find(&alert.rule, &alert.subject).is_none_or(|open| open.id != alert.id) {
                    continue;
                }
                let ends_itself = !alert.facts.latched || matches!(deed, Deed::Merged { .. });
                if ends_itself {
                    self.step(file, board, alert, now, (WATCH, Hand::gateway()), deed)?;
                    settled.cleared += 1;
                }
            }
            for finding in findings {
                self.take(file, board, now, finding, &mut settled)?;
            }
            Ok(settled)
        })?;
        self.refused.fetch_add(settled.refused as u64, Ordering::Relaxed);
        self.rested.fetch_add(settled.rested as u64, Ordering::Relaxed);
        Ok(settled)
    }

    /// What ends by the calendar: what is told once a day, when that is over; and what no rule asks about any more.
    fn by_day(&self, board: &Board, alert: &Alert, now: Timestamp) -> Option<Deed> {
        let rule = board.rules.find(&alert.rule).filter(|listed| !listed.rests());
        let over = rule.is_none_or(|listed| {
            listed.rule.one_for == OneFor::CommunityDay
                && local_day(alert.raised_at, &self.zone) < local_day(now, &self.zone)
        });
        (over && !alert.facts.latched).then(|| Deed::Cleared { note: String::new() })
    }

    fn take(
        &self,
        file: &Connection,
        board: &mut Board,
        now: Timestamp,
        finding: Finding,
        settled: &mut Settled,
    ) -> Result<(), AlertsError> {
        let Finding { rule, subject, zone, facts } = finding;
        let facts = Facts { latched: rule.latched, ..facts };
        if let Some(open) = board.find(&rule.code, &subject) {
            let seen = seen(&open.facts, &facts);
            if seen != open.facts {
                let alert = Alert { facts: seen, ..Alert::clone(open) };
                rows::set(file, &alert)?;
                board.put(alert);
            }
            return Ok(());
        }
        let last = rows::last(file, &rule.code, &subject)?;
        if let Some(last) = &last {
            // What a person ended is not told again by what had been measured by then.
            let told = rule.latched && facts.last.is_some() && facts.last <= last.facts.last;
            let today = local_day(last.raised_at, &self.zone) == local_day(now, &self.zone);
            if told || (rule.one_for == OneFor::CommunityDay && today) {
                return Ok(());
            }
        }
        if board.maintenance.iter().any(|maintenance| maintenance.rests(&subject, zone.as_deref(), &facts, now)) {
            settled.rested += 1;
            return Ok(());
        }
        if board.open().count() >= self.config.open_max {
            settled.refused += 1;
            return Ok(());
        }
        settled.raised += 1;
        let soon = |last: &Alert| last.cleared_at.is_some_and(|at| now.millis_since(at) <= self.config.reopen_ms);
        if let Some(last) = last.filter(|last| soon(last) && !last.ended_by_person && !rule.latched) {
            return self.step(file, board, last, now, (WATCH, Hand::gateway()), Deed::Again { facts }).map(drop);
        }
        let mut alert = Alert {
            id: 0,
            rule: rule.code.clone(),
            subject,
            zone,
            severity: rule.severity,
            state: State::Raised,
            raised_at: now,
            changed_at: now,
            cleared_at: None,
            ended_by_person: false,
            answered_by: None,
            told: Vec::new(),
            told_at: None,
            unanswered: false,
            facts: facts.clone(),
        };
        alert.id = rows::add(file, &alert)?;
        let step = Step { at: now, by: Hand::gateway(), deed: Deed::Raised { facts } };
        write(file, &alert, &step, WATCH)?;
        self.tell_all(file, board, &alert, now)?;
        board.put(alert);
        Ok(())
    }

    /// Takes a step of an alert: its row, its step, its entry of the audit log, and memory.
    pub(super) fn step(
        &self,
        file: &Connection,
        board: &mut Board,
        mut alert: Alert,
        now: Timestamp,
        (cause, by): (Cause<'_>, Hand),
        deed: Deed,
    ) -> Result<Alert, AlertsError> {
        let step = Step { at: now, by, deed };
        alert.take(&step)?;
        rows::set(file, &alert)?;
        write(file, &alert, &step, cause)?;
        let told = matches!(
            step.deed,
            Deed::Again { .. } | Deed::Acknowledged { .. } | Deed::Cleared { .. } | Deed::Merged { .. }
        );
        if told {
            self.tell_all(file, board, &alert, now)?;
        }
        board.put(alert.clone());
        Ok(alert)
    }
}

/// A step and its entry of the audit log.
fn write(file: &Connection, alert: &Alert, step: &Step, cause: Cause<'_>) -> Result<(), StoreError> {
    rows::add_step(file, alert.id, step)?;
    let subject = format!("alert/{}", alert.id);
    let after = json!({
        "rule": &*alert.rule, "about": alert.subject, "severity": alert.severity, "state": alert.state, "deed": step.deed,
    });
    let event = Event::done(Category::Alerts, step.deed.code(), &subject).with(None, Some(after));
    audit::append(file, step.at, cause, event).map(drop)
}

/// What an open alert knows after another look: what was found first stays, the worst of all, the members as they are now.
fn seen(open: &Facts, now: &Facts) -> Facts {
    let mut facts = open.clone();
    let worse = match (open.value, now.value) {
        (Some(own), Some(theirs)) => theirs.abs() > own.abs(),
        (own, theirs) => own.is_none() && theirs.is_some(),
    };
    if worse {
        (facts.value, facts.at, facts.node, facts.datastream) = (now.value, now.at, now.node.clone(), now.datastream);
    }
    facts.last = open.last.max(now.last);
    (facts.members, facts.members_count) = (now.members.clone(), now.members_count);
    facts.latched = now.latched;
    facts
}

/// How an alert ends that is no longer found: as a part of a wider one, or over.
fn into(alert: &Alert, findings: &[Finding]) -> Deed {
    let code = alert.subject.parts().1;
    let wider = |finding: &&Finding| {
        *finding.rule.code == *alert.rule && finding.facts.members.iter().any(|member| **member == *code)
    };
    match findings.iter().find(wider) {
        Some(finding) if !code.is_empty() => Deed::Merged { into: finding.subject.clone() },
        _ => Deed::Cleared { note: String::new() },
    }
}
