//! Rules of alerts: what is watched, when somebody is to be told, and what follows. Data of `alerts.toml`, with its sources; a
//! municipality edits it, and adds rules on the page.

use std::sync::Arc;

use super::Text;
use crate::store::model::WindowLength;

/// Rules of the file at most, and of the page.
pub const RULES_MAX: usize = 2_000;

/// How bad it is when a rule is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// To be known; nobody is called.
    Notice,
    /// To be looked at within the shift.
    Warning,
    /// Somebody is called now.
    Alarm,
}

impl Severity {
    /// All of them, the mildest first.
    pub const ALL: [Severity; 3] = [Self::Notice, Self::Warning, Self::Alarm];

    /// Its code in files and forms.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }

    /// The severity of that code.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.code() == code)
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRule {
    /// Its code, `bin-fire`.
    pub code: Arc<str>,
    /// Its name.
    pub name: Text,
    /// How bad it is.
    pub severity: Severity,
    /// What is watched, and when it is met.
    pub on: Condition,
    /// Of what it is asked.
    pub scope: Scope,
    /// What one alert is about.
    pub one_for: OneFor,
    /// Whether it stays until a person ends it, also when what raised it is over.
    pub latched: bool,
    /// What follows by itself.
    pub then: Option<Consequence>,
    /// What who answers is to do.
    pub instructions: Text,
    /// Whom to call.
    pub contacts: Vec<Contact>,
    /// The standard, the law, or `house rule`.
    pub source: String,
}

/// What is watched, and when it is met.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A value beyond a level.
    Level {
        /// Of which quantity.
        quantity: Arc<str>,
        /// Of readings, or of the aggregates of a window.
        of: Of,
        /// When it is met.
        test: Test,
    },
    /// A change within a time, in the unit an hour.
    Rate {
        /// Of which quantity.
        quantity: Arc<str>,
        /// Seconds over which it is taken.
        over_s: u32,
        /// When it is met, in the unit an hour; a fall is below 0.
        test: Test,
    },
    /// Hourly means that have left the datastream's own baseline, the median of the days before.
    Drift {
        /// Of which quantity.
        quantity: Arc<str>,
        /// Days that make the baseline; before there are as many nothing is said.
        days: u32,
        /// When it is met, as a part of the baseline: 0.5 is half as much again, or half as much less.
        test: Test,
    },
    /// A blow that is more than is usual there.
    Impact {
        /// Of which quantity.
        quantity: Arc<str>,
        /// Days that are learnt from: the 95th percentile of their blows is what is usual.
        days: u32,
        /// So many times what is usual.
        factor: f64,
        /// And at least so much.
        level: f64,
        /// So much is told also while it is being learnt.
        always: f64,
    },
    /// A node that is not heard.
    Silence,
    /// The external broker that is away for so many seconds.
    Broker {
        /// Seconds.
        for_s: u32,
    },
    /// An inspection that is overdue.
    Overdue,
    /// A certificate that is not in force.
    Certificate,
}

impl Condition {
    /// The quantity that it asks about, if any.
    pub fn quantity(&self) -> Option<&Arc<str>> {
        match self {
            Self::Level { quantity, .. }
            | Self::Rate { quantity, .. }
            | Self::Drift { quantity, .. }
            | Self::Impact { quantity, .. } => Some(quantity),
            Self::Silence | Self::Broker { .. } | Self::Overdue | Self::Certificate => None,
        }
    }

    /// Its code in files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Level { test: Test { side: Side::Above, .. }, .. } => "above",
            Self::Level { .. } => "below",
            Self::Rate { test: Test { side: Side::Above, .. }, .. } => "rise",
            Self::Rate { .. } => "fall",
            Self::Drift { .. } => "drift",
            Self::Impact { .. } => "impact",
            Self::Silence => "silence",
            Self::Broker { .. } => "broker",
            Self::Overdue => "overdue",
            Self::Certificate => "certificate",
        }
    }
}

/// What a level is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Each reading.
    Readings,
    /// A number of each window that has ended.
    Windows(WindowLength, Value),
}

/// A number of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// The mean by the quantity's rule.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The sum, or a counter's increase.
    Sum,
}

impl Value {
    /// All of them.
    pub const ALL: [Value; 4] = [Self::Mean, Self::Min, Self::Max, Self::Sum];

    /// Its code in files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sum => "sum",
        }
    }

    /// The number of that code.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.code() == code)
    }
}

/// On which side of a level a value is beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Above.
    Above,
    /// Below.
    Below,
}

/// A level with hysteresis and duration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// Which side is beyond.
    pub side: Side,
    /// It is met beyond this,
    pub level: f64,
    /// and over at this or on the other side of it.
    pub clear: f64,
    /// Milliseconds that it has to be beyond before it is met.
    pub for_ms: i64,
    /// Milliseconds that it has to be back before it is over.
    pub clear_ms: i64,
}

impl Test {
    /// Whether a value is beyond the level.
    pub fn is_beyond(&self, value: f64) -> bool {
        match self.side {
            Side::Above => value > self.level,
            Side::Below => value < self.level,
        }
    }

    /// Whether a value is back.
    pub fn is_back(&self, value: f64) -> bool {
        match self.side {
            Side::Above => value <= self.clear,
            Side::Below => value >= self.clear,
        }
    }

    /// Whether `a` is further beyond than `b`.
    pub fn is_worse(&self, a: f64, b: f64) -> bool {
        match self.side {
            Side::Above => a > b,
            Side::Below => a < b,
        }
    }
}

/// Of what a rule is asked; each empty list: of all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Kinds of equipment that the node is mounted on, or that is inspected.
    pub kinds: Vec<Arc<str>>,
    /// Types of node.
    pub node_types: Vec<Arc<str>>,
    /// Communities.
    pub zones: Vec<Arc<str>>,
}

impl Scope {
    /// Whether it is asked of such a thing.
    pub fn has(&self, kind: Option<&str>, node_type: Option<&str>, zone: Option<&str>) -> bool {
        let within = |list: &[Arc<str>], code: Option<&str>| {
            list.is_empty() || code.is_some_and(|code| list.iter().any(|known| **known == *code))
        };
        within(&self.kinds, kind) && within(&self.node_types, node_type) && within(&self.zones, zone)
    }
}

/// What one alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OneFor {
    /// The equipment that the node is mounted on, or the node.
    #[default]
    Equipment,
    /// All of a community, once a day.
    CommunityDay,
}

/// What follows by itself, where the alert is about equipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consequence {
    /// An inspection is called for, one of its type at a time.
    Inspection {
        /// Its type.
        of_type: Arc<str>,
        /// Days until it is due.
        days: u16,
    },
    /// A defect is opened; an urgent one orders the lock-out.
    Defect {
        /// How bad it is, as steps write it.
        severity: Arc<str>,
        /// What is wrong.
        text: Text,
    },
}

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Who answers there.
    pub name: Text,
    /// The number.
    pub phone: String,
}
