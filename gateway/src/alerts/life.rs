//! [`Alert`]: how it stands, made of what was done about it. What may follow what stands in [`Alert::take`] alone.
//!
//! ```text
//!            ┌──────────── again (within `reopen_s`) ────────────┐
//!            ▼                                                   │
//! raised ─▶ Raised ── acknowledged ──▶ Acknowledged ── cleared ─▶ Cleared
//!            │  └ escalated, unanswered        └ again keeps it      ▲
//!            └───────────────────────── cleared ────────────────────┘
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Subject;
use crate::catalogue::alerts::Severity;
use crate::operations::step::Hand;
use crate::reading::Timestamp;

/// How an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has answered yet.
    Raised,
    /// Somebody answers for it.
    Acknowledged,
    /// It is over.
    Cleared,
}

impl State {
    /// All of them.
    pub const ALL: [State; 3] = [Self::Raised, Self::Acknowledged, Self::Cleared];

    /// Its code, as the file has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Acknowledged => "acknowledged",
            Self::Cleared => "cleared",
        }
    }

    /// The state of that code.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Since when it is so, as measured.
    pub since: Timestamp,
    /// The quantity that was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Box<str>>,
    /// The value furthest beyond the level, in the unit of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The last that was measured of it: what was there until then is told already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Who measured it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Box<str>>,
    /// Whose datastream it is, for its chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datastream: Option<u32>,
    /// What it is about, where that is several: nodes or equipment, as many as are named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Box<str>>,
    /// How many they are.
    #[serde(skip_serializing_if = "is_zero")]
    pub members_count: usize,
    /// Whether it was of a kind that a person ends.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub latched: bool,
    /// How often it was raised again.
    #[serde(skip_serializing_if = "is_zero")]
    pub again: usize,
    /// Whether what follows by its rule was done, or found done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub followed: bool,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// Something that was done about an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    /// It was raised.
    Raised {
        /// What was found.
        facts: Facts,
    },
    /// It was raised again soon after it was over.
    Again {
        /// What was found.
        facts: Facts,
    },
    /// Somebody answers for it.
    Acknowledged {
        /// Who was called, what is done.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// Somebody on call is told.
    Escalated {
        /// Who, by pseudonym.
        person: Box<str>,
    },
    /// Nobody is on call for it.
    Uncalled,
    /// All who are on call were told, and nobody has answered.
    Unanswered,
    /// An inspection was called for, or a defect was opened; or there was one already, which has no name here.
    Followed {
        /// `inspection` or `defect`.
        what: Box<str>,
        /// Of which equipment.
        asset: Box<str>,
        /// The step's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<Box<str>>,
    },
    /// In somebody's words.
    Noted {
        /// What they say.
        text: String,
    },
    /// It is over.
    Cleared {
        /// Why; empty where what raised it is over.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// It is a part of another.
    Merged {
        /// Of which.
        into: Subject,
    },
}

impl Deed {
    /// Its code, as the audit log says it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Raised { .. } => "raise",
            Self::Again { .. } => "raise again",
            Self::Acknowledged { .. } => "acknowledge",
            Self::Escalated { .. } => "escalate",
            Self::Uncalled => "find nobody on call",
            Self::Unanswered => "find unanswered",
            Self::Followed { .. } => "follow",
            Self::Noted { .. } => "note",
            Self::Cleared { .. } => "clear",
            Self::Merged { .. } => "merge",
        }
    }
}

/// Something that was done, by whom and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who, by pseudonym; the gateway for what it does by itself.
    pub by: Hand,
    /// What.
    pub deed: Deed,
}

/// Why something may not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is over.
    #[error("the alert is over")]
    Over,
    /// It is not over.
    #[error("the alert is not over")]
    NotOver,
    /// Somebody answers for it already.
    #[error("somebody answers for the alert")]
    Answered,
}

/// An alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its number.
    pub id: u64,
    /// The code of its rule.
    pub rule: Arc<str>,
    /// What it is about.
    pub subject: Subject,
    /// Its community, where it has one.
    pub zone: Option<Arc<str>>,
    /// How bad it is.
    pub severity: Severity,
    /// How it stands.
    pub state: State,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// When it was over.
    pub cleared_at: Option<Timestamp>,
    /// Whether a person ended it.
    pub ended_by_person: bool,
    /// Who answers for it.
    pub answered_by: Option<Hand>,
    /// Who on call was told, in that order.
    pub told: Vec<Box<str>>,
    /// When the last of them was.
    pub told_at: Option<Timestamp>,
    /// Whether all were told and none answered.
    pub unanswered: bool,
    /// What was found.
    pub facts: Facts,
}

impl Alert {
    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        self.state != State::Cleared
    }

    /// How it stands after a step.
    ///
    /// # Errors
    /// [`Refusal`], and nothing has changed.
    pub fn take(&mut self, step: &Step) -> Result<(), Refusal> {
        match &step.deed {
            Deed::Raised { .. } => return Err(Refusal::NotOver),
            Deed::Again { facts } => {
                if self.is_open() {
                    return Err(Refusal::NotOver);
                }
                // Whoever answered for it still does: it trembles.
                self.state = if self.answered_by.is_some() { State::Acknowledged } else { State::Raised };
                self.cleared_at = None;
                let again = self.facts.again + 1;
                self.facts = Facts { again, followed: self.facts.followed, ..facts.clone() };
            }
            Deed::Noted { .. } => {}
            _ if !self.is_open() => return Err(Refusal::Over),
            Deed::Acknowledged { .. } => {
                self.state = State::Acknowledged;
                self.answered_by = Some(step.by.clone());
                self.unanswered = false;
            }
            Deed::Escalated { person } => {
                self.unanswered_yet()?;
                self.told.push(person.clone());
                self.told_at = Some(step.at);
            }
            Deed::Uncalled | Deed::Unanswered => {
                self.unanswered_yet()?;
                self.unanswered = true;
                self.told_at = Some(step.at);
            }
            Deed::Followed { .. } => self.facts.followed = true,
            Deed::Cleared { .. } | Deed::Merged { .. } => {
                self.state = State::Cleared;
                self.cleared_at = Some(step.at);
                self.ended_by_person = step.by != Hand::gateway();
            }
        }
        self.changed_at = step.at;
        Ok(())
    }

    fn unanswered_yet(&self) -> Result<(), Refusal> {
        if self.state == State::Raised { Ok(()) } else { Err(Refusal::Answered) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert {
        Alert {
            id: 1,
            rule: "bin-fire".into(),
            subject: Subject::node("bin-1"),
            zone: None,
            severity: Severity::Alarm,
            state: State::Raised,
            raised_at: Timestamp::from_millis(0),
            changed_at: Timestamp::from_millis(0),
            cleared_at: None,
            ended_by_person: false,
            answered_by: None,
            told: Vec::new(),
            told_at: None,
            unanswered: false,
            facts: Facts::default(),
        }
    }

    fn step(deed: Deed) -> Step {
        Step { at: Timestamp::from_millis(9), by: Hand("person/a".into()), deed }
    }

    #[test]
    fn each_state_takes_what_may_follow_and_refuses_the_rest_untouched() {
        let deeds = || {
            let (facts, note) = (Facts::default(), String::new());
            [
                Deed::Raised { facts: facts.clone() },
                Deed::Again { facts },
                Deed::Acknowledged { note: note.clone() },
                Deed::Escalated { person: "person/b".into() },
                Deed::Uncalled,
                Deed::Unanswered,
                Deed::Followed { what: "defect".into(), asset: "sw-1".into(), step: None },
                Deed::Noted { text: note.clone() },
                Deed::Cleared { note },
                Deed::Merged { into: Subject::city() },
            ]
        };
        let table = [
            (State::Raised, [false, false, true, true, true, true, true, true, true, true]),
            (State::Acknowledged, [false, false, true, false, false, false, true, true, true, true]),
            (State::Cleared, [false, true, false, false, false, false, false, true, false, false]),
        ];
        for (state, expected) in table {
            for (deed, may) in deeds().into_iter().zip(expected) {
                let before = Alert { state, ..alert() };
                let mut after = before.clone();
                let taken = after.take(&step(deed.clone()));
                assert_eq!(taken.is_ok(), may, "{state:?} {deed:?}");
                assert!(may || after == before, "{state:?} {deed:?}");
            }
        }
    }

    #[test]
    fn who_answered_still_does_when_it_trembles() {
        let mut alert = alert();
        for deed in [
            Deed::Acknowledged { note: String::new() },
            Deed::Cleared { note: String::new() },
            Deed::Again { facts: Facts::default() },
        ] {
            alert.take(&step(deed)).expect("it may follow");
        }
        assert_eq!((alert.state, alert.facts.again), (State::Acknowledged, 1));
    }
}
