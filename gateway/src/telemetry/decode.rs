//! Decode: from what a message tells to readings that passed, one by one. Pure: what it judges by is given to it.
//!
//! The formats themselves are read by `protocols` and, for makers' own messages, by [`mapping`]; what the values are held to is
//! [`super::validate`]'s. [`explain`] shows the same steps to a person, for one message.

pub mod explain;
pub mod mapping;

use protocols::{native, senml};

use self::mapping::{Message, Record};
use super::validate::{self, Limits, Name, Reading, Receipt, Refusal, Told};
use crate::catalogue::Catalogue;
use crate::reading::{Marks, NodeId, RejectReason, Timestamp};

/// What readings are judged by.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// Quantities and their units.
    pub catalogue: &'a Catalogue,
    /// Bounds of times.
    pub limits: &'a Limits,
    /// When the message came.
    pub receipt: Receipt,
}

/// A SenML record of a message that `node` sent.
///
/// # Errors
/// [`Refusal`].
pub fn senml(record: &senml::Resolved<'_>, node: &NodeId, rules: Rules<'_>) -> Result<Reading, Refusal> {
    let malformed = |detail: String| Refusal::new(RejectReason::Malformed, detail);
    let name = senml::Name::parse(&record.name).map_err(|error| malformed(format!("{:?}: {error}", record.name)))?;
    if let Some(other) = name.node
        && other != node.as_str()
    {
        let detail = format!("the record names {other:?}, and {node} sent it");
        return Err(Refusal::new(RejectReason::ForeignNode, detail));
    }
    let quantity = validate::quantity(name.quantity, rules.catalogue)?;
    let told = match &record.value {
        Some(senml::Value::Number(number)) => Told::Number(*number),
        Some(senml::Value::Boolean(boolean)) => Told::Boolean(*boolean),
        Some(senml::Value::Text(text)) => Told::Text(text),
        Some(senml::Value::Data(_)) => Told::Other,
        None => return Err(malformed("the record has a sum and no value".to_owned())),
    };
    let value = validate::value(told, record.unit.as_deref(), rules.catalogue.quantity(quantity))?;
    let measured_at = Timestamp::from_millis(record.measured_at_ms);
    let marks = validate::time(measured_at, rules.receipt, rules.limits)?;
    let (name_of_reading, told_time) = match record.time {
        senml::TimeKind::Absolute => (Name::Time, Marks::default()),
        senml::TimeKind::Relative => (Name::Delivery, Marks::BY_AGE),
        senml::TimeKind::Absent => (Name::Delivery, Marks::BY_RECEIPT),
    };
    Ok(Reading {
        quantity,
        channel: name.channel,
        measured_at,
        value,
        marks: marks.with(told_time),
        name: name_of_reading,
    })
}

/// A reading of a native batch, and its sequence number.
///
/// # Errors
/// [`Refusal`].
pub fn native(
    told: &native::Reading,
    sequence: u32,
    batch: &native::Batch,
    rules: Rules<'_>,
) -> Result<Reading, Refusal> {
    let by_age = match batch.clock() {
        native::Clock::Unix { .. } => Marks::default(),
        native::Clock::Age => Marks::BY_AGE,
    };
    let at = Timestamp::from_millis(batch.measured_at_ms(told, rules.receipt.received_at.millis()));
    let quantity = validate::quantity_number(told.quantity, rules.catalogue)?;
    let value = validate::value(Told::Number(told.value.to_f64()), None, rules.catalogue.quantity(quantity))?;
    let marks = validate::time(at, rules.receipt, rules.limits)?;
    Ok(Reading {
        quantity,
        channel: told.channel,
        measured_at: at,
        value,
        marks: marks.with(by_age),
        name: Name::Sequence { incarnation: batch.incarnation(), boot: batch.boot(), sequence },
    })
}

/// A value of a message that a mapping reads.
///
/// # Errors
/// [`Refusal`].
pub fn mapped(record: &Record<'_>, message: &Message<'_>, rules: Rules<'_>) -> Result<Reading, Refusal> {
    let quantity = validate::quantity(&record.field.quantity, rules.catalogue)?;
    let unit = record.field.unit.as_deref();
    let value = validate::value(record.told.as_told(), unit, rules.catalogue.quantity(quantity))?;
    let (measured_at, told_time, name) = match message.measured_at {
        Some(at) => (at, Marks::default(), Name::Time),
        None => (rules.receipt.received_at, Marks::BY_RECEIPT, Name::Delivery),
    };
    let marks = validate::time(measured_at, rules.receipt, rules.limits)?;
    Ok(Reading { quantity, channel: record.field.channel, measured_at, value, marks: marks.with(told_time), name })
}
