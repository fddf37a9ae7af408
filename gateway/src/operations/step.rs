//! [`Step`]: something that was done about an asset, as the record keeps it for good.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use super::rating::Rating;
pub use crate::catalogue::inspections::REINSPECTION;
use crate::reading::Timestamp;

/// The name of a step, and of the defect, work order or inspection that it begins: made by whoever does it, also without a connection, so that what
/// is sent twice counts once. 8 to 64 of `a-z 0-9 -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Uid(Box<str>);

/// A text that cannot be the name of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name of a record is 8 to 64 of a-z 0-9 -")]
pub struct InvalidUid;

impl Uid {
    /// Checks the name.
    ///
    /// # Errors
    /// [`InvalidUid`] when it is too short, too long, or has another character.
    pub fn new(name: &str) -> Result<Self, InvalidUid> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(8..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(InvalidUid);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// How bad a defect is, whichever scheme it was judged by. The inspector decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To be put right when convenient.
    Recommended,
    /// To be put right by a date.
    Important,
    /// Critical for safety: put right at once, or locked out (EN 1176-7:2020, 6.2.1).
    Urgent,
}

impl Severity {
    /// All of them, the mildest first.
    pub const ALL: [Severity; 3] = [Self::Recommended, Self::Important, Self::Urgent];

    /// Its code, as steps and forms write it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Recommended => "recommended",
            Self::Important => "important",
            Self::Urgent => "urgent",
        }
    }

    /// The severity of that code.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.code() == code)
    }
}

/// Who did it, by pseudonym: `person/…`. The name stands apart, so that it can be erased.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hand(pub Box<str>);

impl Hand {
    /// The gateway itself, by the clock.
    pub fn gateway() -> Self {
        Self("gateway".into())
    }
}

/// What supports a step: SHA-256 sums of photographs and documents, and words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// Files, by their SHA-256 in hexadecimal digits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Box<str>>,
    /// In the person's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Evidence {
    /// Whether there is any.
    pub fn is_some(&self) -> bool {
        !self.files.is_empty() || !self.text.trim().is_empty()
    }
}

/// Why equipment is locked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockoutCause {
    /// An urgent defect.
    Defect(Uid),
    /// A certificate of that type has lapsed, and its type's rule locks out.
    Certificate(Box<str>),
    /// Somebody's decision.
    Decision(String),
}

/// Why a defect is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// It was repaired; the inspection that found it well.
    Repaired {
        /// An inspection that looked at it again.
        inspection: Uid,
    },
    /// The part was taken away.
    Removed,
    /// It is another one.
    Duplicate {
        /// Which.
        of: Uid,
    },
    /// There was none.
    Mistaken,
}

impl Closing {
    /// Whether one person alone may not say so.
    pub const fn needs_second(&self) -> bool {
        matches!(self, Self::Duplicate { .. } | Self::Mistaken)
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    /// An inspection was finished; the step's name is its name. Defects that it found are steps of their own.
    Inspected {
        /// Its type, as the catalogue calls it, or [`REINSPECTION`].
        of_type: Box<str>,
        /// Other types that it stands for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        covers: Vec<Box<str>>,
        /// Whether it found nothing important or urgent.
        passed: bool,
        /// Defects that it looked at again and found well.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        found_well: Vec<Uid>,
        /// An earlier one that it stands instead of; the step's evidence says why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        supersedes: Option<Uid>,
    },
    /// A defect was found; the step's name is its name. An urgent one orders the lock-out.
    Found {
        /// How bad it is.
        severity: Severity,
        /// The part, the item of the checklist, and what is wrong.
        text: String,
        /// How it was rated, where a scheme asks for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rating: Option<Rating>,
    },
    /// A defect is worse or milder than it was said to be.
    Reclassified {
        /// Which.
        defect: Uid,
        /// How bad it is.
        severity: Severity,
        /// Why.
        reason: String,
    },
    /// The equipment must not be used: somebody is to bar it.
    LockoutOrdered {
        /// Why.
        cause: LockoutCause,
    },
    /// It cannot be used any more: a photograph shows it.
    Barred,
    /// It may be used again.
    Released {
        /// The inspection that found it well; none where a lapsed certificate was the only cause, and it is in force again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inspection: Option<Uid>,
    },
    /// It may be used in part, or with care.
    Restricted {
        /// How.
        text: String,
    },
    /// It may be used as it was meant to be.
    Unrestricted {
        /// Why.
        reason: String,
    },
    /// A step towards a certificate was taken.
    Applied {
        /// The certificate's type, as the catalogue calls it.
        certificate: Box<str>,
        /// The step's code there.
        stage: Box<str>,
        /// The day.
        on: Date,
        /// Protocol number, number of the report.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        number: String,
    },
    /// An application came to nothing.
    ApplicationEnded {
        /// The certificate's type.
        certificate: Box<str>,
        /// Why.
        reason: String,
    },
    /// A certificate was issued; the step's name is its name.
    Certified {
        /// Its type, as the catalogue calls it.
        certificate: Box<str>,
        /// What it says.
        #[serde(flatten)]
        paper: Paper,
    },
    /// A certificate is not to be counted any more: withdrawn, or written down by mistake.
    Withdrawn {
        /// Which.
        paper: Uid,
        /// Why.
        reason: String,
    },
    /// An inspection is called for that no plan asks for yet; the step's name is its name.
    Called {
        /// Its type.
        of_type: Box<str>,
        /// The day that it is due.
        due: Date,
        /// An impact, a storm, a repair, so many uses.
        reason: String,
    },
    /// Maintenance that no defect asked for, for the maintenance book.
    Maintained {
        /// What was done.
        text: String,
    },
    /// A signed copy of a step's report, or another document of it, was filed.
    Filed {
        /// Of which step; none: of the equipment as a whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Uid>,
        /// What it is.
        text: String,
    },
    /// Somebody was hurt. It holds no identity of a child.
    Accident {
        /// What happened, without names.
        text: String,
    },
    /// From that day on a lapse locks it out by itself: said by name for equipment that was taken over.
    TakenOver {
        /// The day.
        automatic_from: Date,
        /// Why then.
        reason: String,
    },
    /// Work was ordered; the step's name is the order's.
    WorkOrdered {
        /// Defects that it is to put right.
        defects: Vec<Uid>,
        /// What is to be done.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
        /// The day that it is due.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Date>,
        /// Who is to do it: `person/…`, or a firm's name.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        assignee: String,
    },
    /// The work was done.
    WorkDone {
        /// Which.
        order: Uid,
        /// Parts that were used.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        parts: String,
        /// What it cost, in euro cents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_cents: Option<u64>,
    },
    /// The work is not to be done.
    WorkCancelled {
        /// Which.
        order: Uid,
        /// Why.
        reason: String,
    },
    /// A defect is to be closed; where a second person is needed, once they agree.
    Closed {
        /// Which.
        defect: Uid,
        /// Why.
        closing: Closing,
    },
    /// A second person agrees to a closing.
    ClosingAgreed {
        /// Of which defect.
        defect: Uid,
    },
    /// A second person does not agree: the defect stays open.
    ClosingRefused {
        /// Of which defect.
        defect: Uid,
        /// Why.
        reason: String,
    },
    /// The equipment was taken away for good.
    Dismantled {
        /// Why.
        reason: String,
    },
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// Its number; for an act of the state, its ΑΔΑ.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Who issued it; an accredited body with its ΕΣΥΔ number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The first day it is in force.
    pub from: Date,
    /// The last day it is in force.
    pub until: Date,
}

impl Deed {
    /// Its name in files and on the wire.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Inspected { .. } => "inspected",
            Self::Found { .. } => "found",
            Self::Reclassified { .. } => "reclassified",
            Self::LockoutOrdered { .. } => "lockout_ordered",
            Self::Barred => "barred",
            Self::Released { .. } => "released",
            Self::Restricted { .. } => "restricted",
            Self::Unrestricted { .. } => "unrestricted",
            Self::Applied { .. } => "applied",
            Self::ApplicationEnded { .. } => "application_ended",
            Self::Certified { .. } => "certified",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Called { .. } => "called",
            Self::Maintained { .. } => "maintained",
            Self::Filed { .. } => "filed",
            Self::Accident { .. } => "accident",
            Self::TakenOver { .. } => "taken_over",
            Self::WorkOrdered { .. } => "work_ordered",
            Self::WorkDone { .. } => "work_done",
            Self::WorkCancelled { .. } => "work_cancelled",
            Self::Closed { .. } => "closed",
            Self::ClosingAgreed { .. } => "closing_agreed",
            Self::ClosingRefused { .. } => "closing_refused",
            Self::Dismantled { .. } => "dismantled",
        }
    }
}

/// Something that was done about an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name: the same step sent twice is taken once.
    pub uid: Uid,
    /// When it was done, by the clock of whoever did it; without a connection it arrives later.
    pub at: Timestamp,
    /// Who did it.
    pub by: Hand,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
    /// What supports it.
    #[serde(default, skip_serializing_if = "no_evidence")]
    pub evidence: Evidence,
}

fn no_evidence(evidence: &Evidence) -> bool {
    !evidence.is_some()
}
