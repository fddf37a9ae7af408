//! What a case is made of, and why a step is not taken.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::rating::Rating;
use super::super::step::{Closing, Hand, LockoutCause, Severity, Uid};
use crate::reading::Timestamp;

/// A defect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// How bad it is.
    pub severity: Severity,
    /// How that was rated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// What is wrong.
    pub text: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// By whom.
    pub found_by: Hand,
    /// Whether it is closed.
    pub state: DefectState,
}

impl Defect {
    /// Whether it is not closed; one whose closing waits for a second person is open.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, DefectState::Closed(_))
    }
}

/// Whether a defect is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefectState {
    /// It is open.
    Open,
    /// Somebody says that it is a mistake or another one; a second person has not agreed yet.
    Proposed {
        /// What is said.
        closing: Closing,
        /// By whom.
        by: Hand,
    },
    /// It is closed.
    Closed(Closing),
}

/// A lock-out in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockout {
    /// When it was ordered.
    pub ordered_at: Timestamp,
    /// By whom.
    pub ordered_by: Hand,
    /// When somebody barred the equipment.
    pub barred_at: Option<Timestamp>,
    /// All that ever was a cause of it.
    pub causes: Vec<LockoutCause>,
    /// Types of certificates that lapsed, and are not in force again.
    pub lapsed: BTreeSet<Box<str>>,
}

impl Lockout {
    /// Whether a certificate's lapse is all there was.
    pub(super) fn is_for_certificates_alone(&self) -> bool {
        self.causes.iter().all(|cause| matches!(cause, LockoutCause::Certificate(_)))
    }
}

/// A work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkOrder {
    /// Defects that it is to put right.
    pub defects: Vec<Uid>,
    /// When it was ordered.
    pub ordered_at: Timestamp,
    /// What is to be done.
    #[serde(default)]
    pub text: String,
    /// The day that it is due.
    #[serde(default)]
    pub due: Option<Date>,
    /// Who is to do it.
    #[serde(default)]
    pub assignee: String,
    /// How it ended.
    pub end: Option<WorkEnd>,
}

impl WorkOrder {
    pub(super) fn done(&self) -> Option<(Timestamp, &Hand)> {
        match &self.end {
            Some(WorkEnd::Done { at, by }) => Some((*at, by)),
            _ => None,
        }
    }
}

/// How a work order ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkEnd {
    /// The work was done.
    Done {
        /// When.
        at: Timestamp,
        /// By whom.
        by: Hand,
    },
    /// It is not to be done.
    Cancelled,
}

/// A finished inspection, as far as releases and closings rest upon it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// When it ended.
    pub at: Timestamp,
    /// Who made it.
    pub by: Hand,
    /// Whether it found nothing important or urgent.
    pub passed: bool,
    /// Defects that it found well.
    pub found_well: Vec<Uid>,
}

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The asset is gone.
    #[error("the equipment is dismantled")]
    Dismantled,
    /// A name that is not there.
    #[error("there is no such defect, work order or inspection here")]
    Unknown,
    /// A name that is there already.
    #[error("that name is used already")]
    Used,
    /// It is over.
    #[error("it is closed already")]
    Over,
    /// Words are missing.
    #[error("a reason or description is missing")]
    Words,
    /// A photograph or document is missing.
    #[error("a photograph or document is missing")]
    Evidence,
    /// Nothing is locked out.
    #[error("the equipment is not locked out")]
    NotLockedOut,
    /// It is barred already.
    #[error("the equipment is barred already")]
    Barred,
    /// An urgent defect is open.
    #[error("an urgent defect is open")]
    UrgentOpen,
    /// A certificate that locked it out is not in force.
    #[error("a certificate is not in force")]
    NotCertified,
    /// The inspection found something important or urgent, or did not look at this defect again.
    #[error("the inspection did not find it well")]
    NotWell,
    /// The inspection came before the work, or before the lock-out.
    #[error("the inspection came before the work or the lock-out")]
    TooEarly,
    /// Whoever did the work may not find it well.
    #[error("whoever did the work may not find it well")]
    OwnWork,
    /// No work on this defect was done.
    #[error("no work on this defect was done")]
    NoWork,
    /// The defect that it is said to be is closed, milder, or itself.
    #[error("the other defect is closed, milder, or the same")]
    NoOriginal,
    /// It ends before it begins.
    #[error("it ends before it begins")]
    Dates,
    /// One person alone may not say so.
    #[error("a second person is needed")]
    SecondPerson,
    /// [`super::ITEMS_MAX`].
    #[error("the equipment has too much open")]
    TooMany,
}

impl Refusal {
    /// Its name for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dismantled => "dismantled",
            Self::Unknown => "unknown",
            Self::Used => "used",
            Self::Over => "over",
            Self::Words => "words",
            Self::Evidence => "evidence",
            Self::NotLockedOut => "not_locked_out",
            Self::Barred => "barred",
            Self::UrgentOpen => "urgent_open",
            Self::NotCertified => "not_certified",
            Self::NotWell => "not_well",
            Self::TooEarly => "too_early",
            Self::OwnWork => "own_work",
            Self::NoWork => "no_work",
            Self::NoOriginal => "no_original",
            Self::Dates => "dates",
            Self::SecondPerson => "second_person",
            Self::TooMany => "too_many",
        }
    }
}
