//! From what a node told to a reading: its quantity known, its unit the catalogue's, its value a number, its time one that
//! can be. Pure: what it judges by is given to it, the gateway's clock as the frame's `received_at`.
//!
//! What does not pass becomes a [`Refusal`] with its reason; the others of the same message are not touched.

use crate::catalogue::{Catalogue, Quantity, QuantityIndex, Rule};
use crate::reading::{Marks, RejectReason, Timestamp};

/// Before this nothing was measured that could come here: 2000-01-01T00:00:00Z.
const EARLIEST: Timestamp = Timestamp::from_millis(946_684_800_000);
/// Decimals kept of a converted value: enough for every unit, and no noise of the conversion.
const CONVERTED_POWER: f64 = 1e6;

/// A reading that passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What was measured.
    pub quantity: QuantityIndex,
    /// By which of the node's sensors for it.
    pub channel: u8,
    /// When.
    pub measured_at: Timestamp,
    /// In the catalogue's unit, before calibration; finite, never −0.
    pub value: f64,
    /// What is known of it beside.
    pub marks: Marks,
    /// What names it, so that it counts once.
    pub name: Name,
}

/// What names a reading within its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// Incarnation, boot, sequence.
    Sequence {
        /// Random, made at provisioning or when memory was lost.
        incarnation: u64,
        /// Boots since.
        boot: u32,
        /// Readings since the boot.
        sequence: u32,
    },
    /// Datastream and time.
    Time,
    /// Nothing of its own: the message's delivery.
    Delivery,
}

/// A reading that did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: RejectReason,
    /// What exactly, for a person.
    pub detail: String,
}

impl Refusal {
    /// A refusal for `reason`, with what exactly was wrong.
    pub fn new(reason: RejectReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// What readings are held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How far after its receipt a reading may say that it was measured.
    pub clock_ahead_max_ms: i64,
    /// How far apart the two times of one reading may be, when one was told by its age: `[limits] age_error_max_s`.
    pub age_error_max_ms: i64,
    /// How long before its receipt.
    pub age_max_ms: i64,
}

/// A value as it was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told<'a> {
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A word: a state.
    Text(&'a str),
    /// Bytes, or something else that no quantity takes.
    Other,
}

/// When a frame came.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    /// By the gateway's clock.
    pub received_at: Timestamp,
    /// Whether that clock was not to be trusted.
    pub clock_suspect: bool,
}

/// Holds times to the limits. When the gateway's own clock is suspect nothing is rejected for its time.
pub fn time(measured_at: Timestamp, receipt: Receipt, limits: &Limits) -> Result<Marks, Refusal> {
    if measured_at < EARLIEST {
        let detail = format!("measured at {measured_at}, before the year 2000: the node's clock was not set");
        return Err(Refusal::new(RejectReason::ImpossibleDate, detail));
    }
    if receipt.clock_suspect {
        return Ok(Marks::CLOCK_SUSPECT);
    }
    let ahead = measured_at.millis_since(receipt.received_at);
    if ahead > limits.clock_ahead_max_ms {
        let detail = format!("measured at {measured_at}, {} s after it was received", ahead / 1_000);
        return Err(Refusal::new(RejectReason::ClockAhead, detail));
    }
    if -ahead > limits.age_max_ms {
        let detail = format!("measured at {measured_at}, longer ago than observations are kept");
        return Err(Refusal::new(RejectReason::TooOld, detail));
    }
    Ok(Marks::default())
}

/// The value in the quantity's unit.
pub fn value(told: Told<'_>, unit: Option<&str>, quantity: &Quantity) -> Result<f64, Refusal> {
    let number = match (&quantity.rule, told) {
        (Rule::State { states }, told) => {
            let found = states.iter().find(|state| match told {
                Told::Number(n) => f64::from(state.value) == n,
                Told::Boolean(b) => state.value == i32::from(b),
                Told::Text(word) => state.code.eq_ignore_ascii_case(word.trim()),
                Told::Other => false,
            });
            let known = || states.iter().map(|s| format!("{} ({})", s.value, s.code)).collect::<Vec<_>>().join(", ");
            let detail = || format!("{told:?} is no state of {}: it takes {}", quantity.code, known());
            return found
                .map(|state| f64::from(state.value))
                .ok_or_else(|| Refusal::new(RejectReason::UnsupportedValue, detail()));
        }
        (_, Told::Number(n)) => n,
        (_, told) => {
            let detail = format!("{} takes a number, not {told:?}", quantity.code);
            return Err(Refusal::new(RejectReason::UnsupportedValue, detail));
        }
    };
    if !number.is_finite() {
        return Err(Refusal::new(RejectReason::NotANumber, format!("{} is {number}", quantity.code)));
    }
    let converted = match unit {
        None => number,
        Some(unit) if unit == &*quantity.unit => number,
        Some(unit) => {
            let conversion = quantity.conversions.iter().find(|c| &*c.unit == unit).ok_or_else(|| {
                let detail = format!("{} is kept in {}; {unit} cannot be converted", quantity.code, quantity.unit);
                Refusal::new(RejectReason::UnitMismatch, detail)
            })?;
            if conversion.scale == 1.0 && conversion.offset == 0.0 {
                number
            } else {
                ((number * conversion.scale + conversion.offset) * CONVERTED_POWER).round() / CONVERTED_POWER
            }
        }
    };
    if !converted.is_finite() {
        return Err(Refusal::new(RejectReason::NotANumber, format!("{} is {converted}", quantity.code)));
    }
    // −0 and 0 are one value, with one set of bits.
    Ok(converted + 0.0)
}

/// The quantity with that code.
pub fn quantity(code: &str, catalogue: &Catalogue) -> Result<QuantityIndex, Refusal> {
    catalogue.find(code).ok_or_else(|| {
        Refusal::new(RejectReason::UnknownQuantity, format!("{code:?} is not in config/catalogues/quantities.toml"))
    })
}

/// The quantity with that number in native frames.
pub fn quantity_number(number: u8, catalogue: &Catalogue) -> Result<QuantityIndex, Refusal> {
    catalogue.find_number(number).ok_or_else(|| {
        Refusal::new(RejectReason::UnknownQuantity, format!("no quantity of the catalogue has the number {number}"))
    })
}
