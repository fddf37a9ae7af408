//! What equipment is inspected for, how often, and which certificates it needs. Data of `inspections/*.toml` and
//! `certificates.toml`, with their sources; a municipality edits them.

use std::sync::Arc;

use super::Text;

/// The type of an inspection that looks at one asset again, whole: after work, or before a release. Every sheet has it.
pub const REINSPECTION: &str = "reinspection";

/// The inspections of a group of equipment: one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Which edition of the file: an inspection keeps the one that it was made with.
    pub version: String,
    /// The scheme by which defects are rated.
    pub severity: Arc<str>,
    /// Kinds of equipment that it is about.
    pub kinds: Vec<Named>,
    /// Uses of such equipment that make a difference.
    pub uses: Vec<Named>,
    /// Types of inspection.
    pub types: Vec<InspectionType>,
    /// What is looked at.
    pub items: Vec<Item>,
    /// What calls for an inspection that no plan asks for.
    pub events: Vec<Event>,
}

/// A code and what people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// `swing`.
    pub code: Arc<str>,
    /// Its name.
    pub name: Text,
}

/// A type of inspection.
#[derive(Debug, Clone, PartialEq)]
pub struct InspectionType {
    /// Its code, `annual_main`.
    pub code: Arc<str>,
    /// Its name.
    pub name: Text,
    /// Uses of equipment that it is for; empty: for all.
    pub uses: Vec<Arc<str>>,
    /// How often.
    pub interval: Interval,
    /// So many uses after the last one, where nodes count them.
    pub after: Option<Uses>,
    /// Days before it is due from which on it may be made.
    pub before_days: u16,
    /// Days after it was due until which it is in time.
    pub after_days: u16,
    /// Whether whoever makes it must have had no hand in the equipment.
    pub independent: bool,
    /// Other types that it stands for too.
    pub covers: Vec<Arc<str>>,
    /// The standard, the law, or `house rule`.
    pub source: String,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Once: before opening.
    Once,
    /// So many days after the last one.
    Days(u16),
    /// So many months after the last one.
    Months(u16),
    /// So many months after the day that the last one was due, when it was made within its window; else after it.
    MonthsAnchored(u16),
    /// So many in each calendar month, spread over it: 2 are one in each half.
    PerMonth(u8),
    /// On a day of each year; 29 February is the 28th in a common year.
    Yearly {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
    },
}

/// So many uses, as a counter tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uses {
    /// The quantity that counts them.
    pub quantity: Arc<str>,
    /// How many are enough.
    pub count: u64,
}

/// What calls for an inspection that no plan asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened.
    pub on: Happening,
    /// The type of inspection that it calls for, or a re-inspection.
    pub calls: Arc<str>,
    /// Days until it is due.
    pub days: u16,
    /// The standard, the law, or `house rule`.
    pub source: String,
}

/// What may happen to equipment.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// Work on its defects was done.
    Repair,
    /// A reading above a level.
    Reading {
        /// The quantity.
        quantity: Arc<str>,
        /// The level, in the quantity's unit.
        above: f64,
        /// Whose readings.
        within: Within,
    },
}

/// Whose readings tell that something happened to equipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// Of nodes that are mounted on it.
    Equipment,
    /// Of any node in its community.
    Community,
}

/// Something that is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its code, `chain`: of its own within the sheet.
    pub code: Arc<str>,
    /// Its name.
    pub name: Text,
    /// Kinds of equipment that have it.
    pub kinds: Vec<Arc<str>>,
    /// Types of inspection that look at it.
    pub types: Vec<Arc<str>>,
    /// The unit of what is measured; none where nothing is.
    pub unit: Option<String>,
    /// The least that is well.
    pub min: Option<f64>,
    /// The most that is well.
    pub max: Option<f64>,
    /// Whether it is there only where a node of ours is mounted.
    pub with_node: bool,
    /// Where its limits come from.
    pub source: String,
}

/// A type of certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct CertificateType {
    /// Its code, `suitability_mark`.
    pub code: Arc<str>,
    /// Its name.
    pub name: Text,
    /// Kinds of equipment that need it.
    pub kinds: Vec<Arc<str>>,
    /// Uses of equipment that need it; empty: all.
    pub uses: Vec<Arc<str>>,
    /// Months that one usually holds.
    pub months: u16,
    /// Days before its end from which on its renewal should be under way.
    pub lead_days: u16,
    /// Whether equipment without one in force is locked out.
    pub locks_out: bool,
    /// What is to be done for it, in order: code and name.
    pub steps: Vec<(Arc<str>, Text)>,
    /// The law, or `house rule`.
    pub source: String,
}

impl Sheet {
    /// Days after a repair until it is to be inspected again; none where that is left to people.
    pub fn days_after_repair(&self) -> Option<u16> {
        self.events.iter().find(|event| event.on == Happening::Repair).map(|event| event.days)
    }

    /// Whether it is about that kind of equipment.
    pub fn has_kind(&self, kind: &str) -> bool {
        self.kinds.iter().any(|known| &*known.code == kind)
    }

    /// The type of inspection of that code.
    pub fn of_type(&self, code: &str) -> Option<&InspectionType> {
        self.types.iter().find(|known| &*known.code == code)
    }

    /// What an inspection of that type looks at on equipment of that kind.
    pub fn items_of<'a>(&'a self, kind: &'a str, of_type: &'a str, has_node: bool) -> impl Iterator<Item = &'a Item> {
        self.items.iter().filter(move |item| {
            let looked_at = item.kinds.iter().any(|k| &**k == kind) && item.types.iter().any(|t| &**t == of_type);
            looked_at && (has_node || !item.with_node)
        })
    }

    /// Types of inspection that equipment of that use needs.
    pub fn types_for<'a>(&'a self, used_as: Option<&'a str>) -> impl Iterator<Item = &'a InspectionType> {
        self.types.iter().filter(move |of_type| {
            of_type.uses.is_empty() || used_as.is_some_and(|used_as| of_type.uses.iter().any(|u| &**u == used_as))
        })
    }
}
