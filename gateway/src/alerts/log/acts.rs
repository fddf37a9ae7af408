//! What people do about alerts, and what is done in their place when nobody does.

use jiff::civil::DateTime;

use super::super::life::{Alert, Deed, State};
use super::super::message::{self, Message};
use super::super::roster::{self, Need};
use super::{Alerts, AlertsError, Board, rows};
use crate::audit::Cause;
use crate::catalogue::alerts::Severity;
use crate::delivery::{self, Notice, Way};
use crate::operations::step::Hand;
use crate::reading::Timestamp;
use rusqlite::Connection;

/// Characters of a note.
pub const NOTE_MAX: usize = 1_000;

/// Why nobody else is told of an alert, or who is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    Person(Box<str>),
    Uncalled,
    Unanswered,
}

impl Alerts {
    /// A person answers for an alert; says whom they called.
    ///
    /// # Errors
    /// [`AlertsError::Unknown`], [`AlertsError::Refused`], or the records cannot be written.
    pub fn acknowledge(&self, cause: Cause<'_>, id: u64, note: &str) -> Result<Alert, AlertsError> {
        self.by_person(cause, id, Deed::Acknowledged { note: bounded(note) })
    }

    /// A person says that it is over, and why.
    ///
    /// # Errors
    /// As [`Self::acknowledge`].
    pub fn clear(&self, cause: Cause<'_>, id: u64, note: &str) -> Result<Alert, AlertsError> {
        self.by_person(cause, id, Deed::Cleared { note: bounded(note) })
    }

    /// A person adds words.
    ///
    /// # Errors
    /// As [`Self::acknowledge`].
    pub fn note(&self, cause: Cause<'_>, id: u64, text: &str) -> Result<Alert, AlertsError> {
        self.by_person(cause, id, Deed::Noted { text: bounded(text) })
    }

    fn by_person(&self, cause: Cause<'_>, id: u64, deed: Deed) -> Result<Alert, AlertsError> {
        self.change(|file, board, now| {
            let alert = rows::one(file, id)?.ok_or(AlertsError::Unknown)?;
            self.step(file, board, alert, now, (cause, Hand(cause.actor.into())), deed)
        })
    }

    /// What follows by an alert's rule was done: a step about that equipment, or it was there already.
    ///
    /// # Errors
    /// As [`Self::acknowledge`].
    pub fn followed(&self, id: u64, what: &str, asset: &str, step: Option<&str>) -> Result<(), AlertsError> {
        let deed = Deed::Followed { what: what.into(), asset: asset.into(), step: step.map(Into::into) };
        self.change(|file, board, now| {
            let alert = rows::one(file, id)?.ok_or(AlertsError::Unknown)?;
            let cause = Cause::gateway("gateway", "alert rules");
            self.step(file, board, alert, now, (cause, Hand::gateway()), deed).map(drop)
        })
    }

    /// Tells the next one on call of each alert that nobody has answered in time: of an alarm one after the other, of a warning the
    /// first alone, of a notice none. Says how many were told.
    ///
    /// `kind` gives the kind of equipment that an alert is about.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn escalate(&self, kind: impl Fn(&Alert) -> Option<Box<str>>) -> Result<usize, AlertsError> {
        let now = self.clock.now();
        let board = self.board();
        let local = self.local(now);
        let mut due: Vec<(u64, Next)> = Vec::new();
        for alert in board.open().filter(|alert| self.is_to_be_told(alert, now)) {
            let kind = kind(alert);
            let need = Need { zone: alert.zone.as_deref(), kind: kind.as_deref() };
            due.extend(next(&board, alert, need, local).map(|next| (alert.id, next)));
        }
        if due.is_empty() {
            return Ok(0);
        }
        self.change(|file, board, now| {
            for (id, next) in &due {
                let Some(alert) = rows::one(file, *id)?.filter(|alert| self.is_to_be_told(alert, now)) else {
                    continue;
                };
                let deed = match next {
                    Next::Person(person) => Deed::Escalated { person: person.clone() },
                    Next::Uncalled => Deed::Uncalled,
                    Next::Unanswered => Deed::Unanswered,
                };
                let cause = Cause::gateway("gateway", "[alerts] escalate_min");
                let alert = self.step(file, board, alert, now, (cause, Hand::gateway()), deed)?;
                match next {
                    Next::Person(person) => self.tell(file, board, &alert, person, now)?,
                    Next::Unanswered => {
                        for person in alert.told.clone() {
                            self.tell(file, board, &alert, &person, now)?;
                        }
                    }
                    Next::Uncalled => {}
                }
                if *next == Next::Unanswered {
                    self.tell_all(file, board, &alert, now)?;
                }
            }
            Ok(due.len())
        })
    }

    fn is_to_be_told(&self, alert: &Alert, now: Timestamp) -> bool {
        let waited = alert.told_at.is_none_or(|at| now.millis_since(at) >= self.config.escalate_ms);
        let more = match alert.severity {
            Severity::Alarm => !alert.unanswered,
            Severity::Warning => alert.told_at.is_none(),
            Severity::Notice => false,
        };
        alert.state == State::Raised && more && waited
    }

    /// The city's time.
    pub(super) fn local(&self, at: Timestamp) -> DateTime {
        let zoned = jiff::Timestamp::from_millisecond(at.millis()).map(|at| at.to_zoned(self.zone.clone()));
        zoned.map(|zoned| zoned.datetime()).unwrap_or_default()
    }

    /// Tells somebody on call, by the ways of their turn.
    fn tell(
        &self,
        file: &Connection,
        board: &Board,
        alert: &Alert,
        person: &str,
        now: Timestamp,
    ) -> Result<(), AlertsError> {
        let own = board.turns.iter().map(|(_, turn)| turn).filter(|turn| *turn.person == *person);
        // Of several turns the one that holds now; one that ended meanwhile still says how they are reached.
        let Some(turn) = own.max_by_key(|turn| turn.holds(self.local(now))) else { return Ok(()) };
        let ways = turn.email.then_some((Way::Email, "")).into_iter();
        for (way, target) in ways.chain(turn.webhooks.iter().map(|name| (Way::Webhook, &**name))) {
            self.put(file, board, alert, (Some(person), way, target), now)?;
        }
        Ok(())
    }

    /// Tells other systems how an alert stands.
    pub(super) fn tell_all(
        &self,
        file: &Connection,
        board: &Board,
        alert: &Alert,
        now: Timestamp,
    ) -> Result<(), AlertsError> {
        let ways = &self.config.ways;
        if ways.broker {
            self.put(file, board, alert, (None, Way::Mqtt, ""), now)?;
        }
        for name in &ways.every {
            self.put(file, board, alert, (None, Way::Webhook, name), now)?;
        }
        Ok(())
    }

    fn put(
        &self,
        file: &Connection,
        board: &Board,
        alert: &Alert,
        (person, way, target): (Option<&str>, Way, &str),
        now: Timestamp,
    ) -> Result<(), AlertsError> {
        let listed = board.rules.find(&alert.rule);
        let place = message::place(file, &alert.subject, &self.catalogue)?;
        let at = self.local(alert.raised_at).strftime("%d/%m/%Y %H:%M").to_string();
        let rule = listed.map(|listed| &*listed.rule);
        let Message { subject, text, body } =
            message::message(alert, rule, &self.catalogue, &place, &at, self.config.ways.url.as_deref());
        let person = person.map(Into::into);
        let notice = Notice { alert: Some(alert.id), person, way, target: target.into(), subject, text, body };
        delivery::put(file, now, &notice)?;
        Ok(())
    }
}

fn next(board: &Board, alert: &Alert, need: Need<'_>, local: DateTime) -> Option<Next> {
    let ladder = roster::ladder(board.turns.iter().map(|(_, turn)| turn), need, local);
    let untold = ladder.iter().find(|turn| !alert.told.contains(&turn.person));
    match untold {
        Some(turn) => Some(Next::Person(turn.person.clone())),
        None if alert.told.is_empty() => Some(Next::Uncalled),
        None if alert.severity == Severity::Alarm => Some(Next::Unanswered),
        None => None,
    }
}

/// A note as it is kept: no control characters but line breaks, and not without end.
pub(super) fn bounded(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control() || *c == '\n').take(NOTE_MAX).collect()
}
