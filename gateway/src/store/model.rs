//! What the store gives its readers: datastreams, judged observations, aggregates, rejections.

use std::sync::Arc;

use crate::reading::{DatastreamId, DatastreamKey, Flag, Marks, NodeId, RejectReason, Timestamp};

/// A datastream as the store knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Datastream {
    /// Its number.
    pub id: DatastreamId,
    /// Node, quantity and channel.
    pub key: DatastreamKey,
    /// When its first reading arrived.
    pub created_at: Timestamp,
    /// Earliest time it ever had: its aggregates may reach back to it when its observations no longer do.
    pub begun_at: Option<Timestamp>,
    /// Earliest `measured_at` of its observations, or first external value; none when they are past their retention.
    pub first_at: Option<Timestamp>,
    /// Latest `measured_at` it had.
    pub last_at: Option<Timestamp>,
    /// When the last reading arrived.
    pub received_at: Option<Timestamp>,
    /// Observations kept, superseded ones included.
    pub count: u64,
    /// Whether it holds daily values imported from another network, and no observations.
    pub external: bool,
}

/// A half-open span of time, `[from, until)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First instant inside.
    pub from: Timestamp,
    /// First instant after.
    pub until: Timestamp,
}

impl Span {
    /// All of time.
    pub const ALL: Span = Span { from: Timestamp::from_millis(i64::MIN), until: Timestamp::from_millis(i64::MAX) };

    /// Whether `at` lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

/// Which end of time comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    /// Oldest first.
    #[default]
    Ascending,
    /// Newest first.
    Descending,
}

/// Which part of a list: so many left out, so many given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many to leave out.
    pub skip: usize,
    /// How many to give at most.
    pub top: usize,
}

/// An observation with calibration applied and every test made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedObservation {
    /// When it was measured.
    pub measured_at: Timestamp,
    /// The value in the catalogue's unit, calibrated.
    pub value: f64,
    /// The value as it came, before calibration.
    pub raw: f64,
    /// Its place in the datastream's order of arrival.
    pub ordinal: u32,
    /// What is known of it beside.
    pub marks: Marks,
    /// Each test's flag.
    pub tests: TestFlags,
}

impl JudgedObservation {
    /// The worst of its tests' flags.
    pub fn flag(&self) -> Flag {
        self.tests.worst()
    }
}

/// The flag of each QARTOD test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestFlags {
    /// Gross range.
    pub range: Flag,
    /// Spike.
    pub spike: Flag,
    /// Rate of change.
    pub rate: Flag,
    /// Flat line.
    pub flat_line: Flag,
    /// Date and clock.
    pub date: Flag,
    /// Calibration in force and sound.
    pub calibration: Flag,
}

impl TestFlags {
    /// No test made.
    pub const NONE: TestFlags = TestFlags {
        range: Flag::NotEvaluated,
        spike: Flag::NotEvaluated,
        rate: Flag::NotEvaluated,
        flat_line: Flag::NotEvaluated,
        date: Flag::NotEvaluated,
        calibration: Flag::NotEvaluated,
    };

    /// The worst of them; [`Flag::NotEvaluated`] only when none was evaluated.
    pub fn worst(&self) -> Flag {
        [self.range, self.spike, self.rate, self.flat_line, self.date, self.calibration]
            .into_iter()
            .fold(Flag::NotEvaluated, Flag::worst)
    }
}

/// Which of the configured windows: its place in `[windows] lengths`, 0 to 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowIndex(pub u8);

/// The length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WindowLength {
    /// That many minutes, a divisor of a day, aligned to UTC.
    Minutes(u16),
    /// A local day of the configured time zone: 23, 24 or 25 hours.
    LocalDay,
}

impl WindowLength {
    /// ISO 8601, as APIs and tags show it: `PT15M`, `PT1H`, `P1D`.
    pub fn iso(self) -> String {
        match self {
            WindowLength::Minutes(m) if m % 60 == 0 => format!("PT{}H", m / 60),
            WindowLength::Minutes(m) => format!("PT{m}M"),
            WindowLength::LocalDay => "P1D".into(),
        }
    }
}

/// How final an aggregate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The window has not ended.
    Open,
    /// It has ended, and readings may still be on their way.
    Provisional,
    /// It has settled; a later change raises the revision.
    Settled,
}

impl Status {
    /// The word that APIs show.
    pub const fn code(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Provisional => "provisional",
            Status::Settled => "settled",
        }
    }
}

/// The values of one window of one datastream.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// The datastream.
    pub datastream: DatastreamId,
    /// Which configured window.
    pub window: WindowIndex,
    /// The window, half-open, UTC.
    pub span: Span,
    /// The numbers.
    pub values: Values,
    /// How final.
    pub status: Status,
    /// 0 when first settled, then one more for each change.
    pub revision: u32,
    /// The store-wide change number it was written under; none until it settles.
    pub change: Option<u64>,
    /// The zone's code at the window's start.
    pub zone: Option<Arc<str>>,
}

/// The numbers of a window. Which are there depends on the quantity's rule.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Values {
    /// Observations that count: flags 1, 2 and 3.
    pub count: u32,
    /// How many of those were suspect (3).
    pub suspect: u32,
    /// How many did not count (4 and 9).
    pub failed: u32,
    /// How many were expected, where the quantity or the node's type has a period.
    pub expected: Option<u32>,
    /// `count / expected`, at most 1.
    pub capture: Option<f64>,
    /// Whether capture is enough: 75 % of an hour's samples, 18 hours of a day.
    pub valid: bool,
    /// Mean by the quantity's rule: arithmetic, energetic or circular.
    pub mean: Option<f64>,
    /// Smallest.
    pub min: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Exact sum; a counter's increase; an increment's sum.
    pub sum: Option<f64>,
    /// Exact percentiles: 10th, 50th, 90th, 95th.
    pub percentiles: Option<[f64; 4]>,
    /// Share of time in each state, the unknown left out.
    pub shares: Vec<(i32, f64)>,
}

impl Values {
    /// The one number that stands for the window: the mean, else the sum, else the maximum, else the greatest share's state.
    pub fn result(&self) -> Option<f64> {
        let most = || self.shares.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a }).map(|s| f64::from(s.0));
        self.mean.or(self.sum).or(self.max).or_else(most)
    }
}

/// Something that could not be used, kept with its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    /// Its number.
    pub id: u64,
    /// The journal position of its frame.
    pub position: u64,
    /// Which reading of the frame; none when the whole frame was rejected.
    pub reading: Option<u32>,
    /// The node that sent it.
    pub node: NodeId,
    /// Why.
    pub reason: RejectReason,
    /// What exactly was wrong, for a person.
    pub detail: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Whether it was played again, and when.
    pub replayed_at: Option<Timestamp>,
}
