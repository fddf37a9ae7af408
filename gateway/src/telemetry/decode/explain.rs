//! `city-gateway decode`: one message, each step it would go through, and what would be stored of it. Nothing is stored.

use std::io::{self, Write};

use protocols::{Format, native, senml};

use super::{Rules, mapping};
use crate::catalogue::Catalogue;
use crate::catalogue::mapping::NodeError;
use crate::quality;
use crate::reading::{NodeId, Observation, RejectReason, Timestamp};
use crate::telemetry::validate::{Limits, Name, Reading, Receipt, Refusal};

/// A message to be explained.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The topic it came on.
    pub topic: String,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}

/// What would become of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All that it tells would be stored, if it is not known yet.
    Stored,
    /// Something of it, or all, would be rejected.
    Rejected,
}

/// Writes the steps to `out`.
///
/// # Errors
/// `out` takes no more.
pub fn explain(sample: &Sample, catalogue: &Catalogue, limits: &Limits, out: &mut impl Write) -> io::Result<Verdict> {
    let receipt = Receipt { received_at: sample.received_at, clock_suspect: false };
    let mut page = Page { out, rules: Rules { catalogue, limits, receipt }, verdict: Verdict::Stored };
    page.frame(sample)?;
    Ok(page.verdict)
}

struct Page<'a, W> {
    out: &'a mut W,
    rules: Rules<'a>,
    verdict: Verdict,
}

impl<W: Write> Page<'_, W> {
    fn frame(&mut self, sample: &Sample) -> io::Result<()> {
        let Sample { topic, payload, received_at } = sample;
        writeln!(self.out, "Frame     {} bytes on {topic}, received at {received_at}", payload.len())?;
        match topic.strip_prefix("city/").map(|rest| rest.split_once('/').unwrap_or((rest, ""))) {
            Some((name, leaf)) => match (NodeId::new(name), leaf) {
                (Ok(node), "readings") => self.readings(&node, payload),
                (Ok(node), "status" | "replies") => {
                    writeln!(self.out, "          node {node}; not readings: kept as its {leaf}")
                }
                (Ok(_), _) => {
                    self.reject(None, &refusal(RejectReason::WrongTopic, "no topic that a node publishes on"))
                }
                (Err(error), _) => self.reject(None, &refusal(RejectReason::WrongTopic, &error.to_string())),
            },
            None => match self.rules.catalogue.mappings.node(topic, payload) {
                Ok(node) => self.mapped(&node, topic, payload),
                Err(NodeError::NoMapping) => {
                    self.reject(None, &refusal(RejectReason::WrongTopic, "not below city/, and no mapping is for it"))
                }
                Err(error) => self.reject(None, &refusal(RejectReason::Malformed, &error.to_string())),
            },
        }
    }

    fn readings(&mut self, node: &NodeId, payload: &[u8]) -> io::Result<()> {
        match protocols::format_of(payload) {
            Format::Native => match native::Frame::decode(payload) {
                Ok(native::Frame::Batch(batch)) => self.native(node, &batch),
                Ok(_) => {
                    self.reject(None, &refusal(RejectReason::Malformed, "a native frame, but no batch of readings"))
                }
                Err(error) => self.reject(None, &refusal(RejectReason::Malformed, &error.to_string())),
            },
            format @ (Format::SenmlJson | Format::SenmlCbor) => {
                let (kind, pack) = match format {
                    Format::SenmlJson => ("JSON", senml::json::parse(payload)),
                    _ => ("CBOR", senml::cbor::parse(payload)),
                };
                match pack {
                    Ok(pack) => {
                        writeln!(self.out, "Message   node {node}; SenML in {kind}")?;
                        let received_at_ms = self.rules.receipt.received_at.millis();
                        for (index, record) in pack.resolve(received_at_ms) {
                            let index = index as u32;
                            match record {
                                Ok(record) => {
                                    let unit = record.unit.as_deref().unwrap_or("no unit");
                                    writeln!(
                                        self.out,
                                        "Record {index:<2} {} = {:?}, {unit}",
                                        record.name, record.value
                                    )?;
                                    self.reading(index, super::senml(&record, node, self.rules))?;
                                }
                                Err(error) => {
                                    let refusal = refusal(RejectReason::Malformed, &error.to_string());
                                    self.reject(Some(index), &refusal)?;
                                }
                            }
                        }
                        Ok(())
                    }
                    Err(error) => self.reject(None, &refusal(RejectReason::Malformed, &error.to_string())),
                }
            }
            Format::Unknown => {
                let detail =
                    "the first byte says no format: 0x01 is a native frame, [ SenML JSON, 0x80 to 0x9f SenML CBOR";
                self.reject(None, &refusal(RejectReason::UnknownFormat, detail))
            }
        }
    }

    fn native(&mut self, node: &NodeId, batch: &native::Batch) -> io::Result<()> {
        let (incarnation, boot) = (batch.incarnation(), batch.boot());
        let count = batch.len();
        writeln!(
            self.out,
            "Message   node {node}; native batch of {count}, incarnation {incarnation:016x}, boot {boot}"
        )?;
        for (index, (sequence, told)) in (0u32..).zip(batch.readings()) {
            let (number, channel, value) = (told.quantity, told.channel, told.value.to_f64());
            writeln!(
                self.out,
                "Record {index:<2} quantity {number}, channel {channel} = {value}, sequence {sequence}"
            )?;
            self.reading(index, super::native(told, sequence, batch, self.rules))?;
        }
        Ok(())
    }

    fn mapped(&mut self, node: &NodeId, topic: &str, payload: &[u8]) -> io::Result<()> {
        let catalogue = self.rules.catalogue;
        let message = match mapping::read(&catalogue.mappings, topic, payload) {
            Ok(message) => message,
            Err(refusal) => return self.reject(None, &refusal),
        };
        let measured = message.measured_at.map_or("no time: that of receipt is taken".to_owned(), |at| at.to_string());
        writeln!(self.out, "Message   node {node}; mapping {}, measured at {measured}", message.mapping.code)?;
        for record in &message.records {
            let unit = record.field.unit.as_deref().unwrap_or("the quantity's unit");
            writeln!(self.out, "Record {:<2} {} = {:?}, {unit}", record.index, record.field.path, record.told)?;
            self.reading(record.index, super::mapped(record, &message, self.rules))?;
        }
        for field in &message.mapping.fields {
            if !message.records.iter().any(|record| record.field == field) {
                writeln!(self.out, "          {} is not in this message", field.path)?;
            }
        }
        Ok(())
    }

    fn reading(&mut self, index: u32, checked: Result<Reading, Refusal>) -> io::Result<()> {
        let reading = match checked {
            Ok(reading) => reading,
            Err(refusal) => return self.reject(Some(index), &refusal),
        };
        let quantity = self.rules.catalogue.quantity(reading.quantity);
        let observation =
            Observation { measured_at: reading.measured_at, value: reading.value, ordinal: 0, marks: reading.marks };
        let flags = quality::judge(&[observation], quantity, &[]);
        let (flag, range) = flags.first().map_or((2, 2), |judged| (judged.flag().code(), judged.tests.range.code()));
        let named = match reading.name {
            Name::Sequence { .. } => "incarnation, boot and sequence",
            Name::Time => "datastream and time",
            Name::Delivery => "nothing: sent again without DUP it counts again",
        };
        writeln!(
            self.out,
            "  stored  {}, channel {} = {} {} at {}; flag {flag} (range test {range}); named by {named}",
            quantity.code, reading.channel, reading.value, quantity.unit, reading.measured_at
        )
    }

    fn reject(&mut self, reading: Option<u32>, refusal: &Refusal) -> io::Result<()> {
        self.verdict = Verdict::Rejected;
        let what = if reading.is_some() { "  rejected" } else { "Rejected " };
        writeln!(self.out, "{what} {}: {}", refusal.reason, refusal.detail)
    }
}

fn refusal(reason: RejectReason, detail: &str) -> Refusal {
    Refusal::new(reason, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    fn told(topic: &str, payload: &[u8]) -> (Verdict, String) {
        let limits = Limits { clock_ahead_max_ms: 300_000, age_error_max_ms: 600_000, age_max_ms: 86_400_000 };
        let received_at = Timestamp::from_millis(1_795_381_205_000);
        let sample = Sample { topic: topic.into(), payload: payload.into(), received_at };
        let mut out = Vec::new();
        let verdict = explain(&sample, &load::embedded(), &limits, &mut out).expect("a Vec takes all");
        (verdict, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn each_step_is_shown_for_every_format() {
        let uplink = include_bytes!("../../../../docs/examples/milesight-am107.json");
        let senml = br#"[{"bn":"n1:","bt":1795381200,"n":"temperature","u":"K","v":294.65},{"n":"pm25","v":5000}]"#;
        for (topic, payload, verdict, parts) in [
            (
                "application/1/device/24e124725c140001/event/up",
                &uplink[..],
                Verdict::Stored,
                &[
                    "node 24e124725c140001; mapping milesight-am107, measured at 2026-11-22T21:00:00.123Z",
                    "object.temperature = Number(21.6), Cel",
                    "stored  temperature, channel 0 = 21.6 Cel at 2026-11-22T21:00:00.123Z; flag 1 (range test 1)",
                ][..],
            ),
            (
                "city/n1/readings",
                senml,
                Verdict::Stored,
                &["SenML in JSON", "= 21.5 Cel", "pm25, channel 0 = 5000 ug/m3", "flag 4 (range test 4)"],
            ),
            ("city/n2/readings", senml, Verdict::Rejected, &["foreign_node: the record names \"n1\", and n2 sent it"]),
            ("city/n1/readings", b"{}", Verdict::Rejected, &["unknown_format"]),
            ("city/n1/readings", b"\x01\x02", Verdict::Rejected, &["malformed"]),
            ("city/n1/commands", b"", Verdict::Rejected, &["wrong_topic"]),
            ("nowhere", b"", Verdict::Rejected, &["wrong_topic: not below city/, and no mapping is for it"]),
        ] {
            let (found, text) = told(topic, payload);
            assert_eq!(found, verdict, "{text}");
            for part in parts {
                assert!(text.contains(part), "{part}\n{text}");
            }
        }
    }
}
