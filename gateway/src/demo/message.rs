//! Samples as the messages of a node: SenML in JSON or CBOR, or native frames, several readings each.
//!
//! A message ends where a moment ends: what was measured at one time is in one message, so that how far a node has come
//! is told by a time.

use protocols::native::{BATCH_READINGS_MAX, Batch, Clock, Frame, Reading};
use protocols::{quantity, senml};

use super::city::Dialect;
use super::models::Sample;
use crate::reading::{NodeId, Timestamp};

/// Readings of a SenML message at most: some 4 KiB of JSON.
const SENML_READINGS_MAX: usize = 60;

/// What names a native reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Naming {
    /// Random, made with the node.
    pub incarnation: u64,
    /// Rises when the node's readings come about in another way.
    pub boot: u32,
    /// Of the next reading.
    pub sequence: u32,
}

/// A message to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// Its bytes.
    pub payload: Vec<u8>,
    /// Everything measured until then is in this message or in one before.
    pub through: Timestamp,
    /// The sequence of the reading after it.
    pub next_sequence: u32,
    /// Readings in it.
    pub readings: u32,
}

/// The messages that tell `samples`, which are in order of time; `naming` moves on behind them.
pub(super) fn messages(node: &NodeId, dialect: Dialect, naming: &mut Naming, samples: &[Sample]) -> Vec<Message> {
    let most = if dialect == Dialect::Native { BATCH_READINGS_MAX } else { SENML_READINGS_MAX };
    let mut messages = Vec::new();
    let mut begin = 0;
    while begin < samples.len() {
        let mut end = begin;
        for moment in samples[begin..].chunk_by(|a, b| a.at == b.at) {
            if end > begin && end - begin + moment.len() > most {
                break;
            }
            end += moment.len();
        }
        let part = &samples[begin..end];
        let payload = match dialect {
            Dialect::Native => native(*naming, part),
            Dialect::SenmlJson => {
                let pack = senml::json::encode(&records(node, part));
                pack.expect("the models' values are finite").into_bytes()
            }
            Dialect::SenmlCbor => senml::cbor::encode(&records(node, part)),
        };
        naming.sequence += part.len() as u32;
        messages.push(Message {
            payload,
            through: part[part.len() - 1].at,
            next_sequence: naming.sequence,
            readings: part.len() as u32,
        });
        begin = end;
    }
    messages
}

/// The samples as SenML records; the first says whose they all are.
fn records(node: &NodeId, samples: &[Sample]) -> Vec<senml::Record<'static>> {
    let record = |sample: &Sample| senml::Record {
        name: Some(sample.quantity.into()),
        unit: (!sample.unit.is_empty()).then_some(sample.unit.into()),
        value: Some(senml::Value::Number(sample.value.to_f64())),
        time: Some(sample.at.millis() as f64 / 1_000.0),
        ..senml::Record::default()
    };
    let mut records: Vec<_> = samples.iter().map(record).collect();
    if let Some(first) = records.first_mut() {
        first.base_name = Some(format!("{node}:").into());
    }
    records
}

fn native(naming: Naming, samples: &[Sample]) -> Vec<u8> {
    let base_ms = samples[0].at.millis();
    let mut batch = Batch::new(naming.incarnation, naming.boot, naming.sequence, Clock::Unix { base_ms });
    for sample in samples {
        let reading = Reading {
            quantity: quantity::number(sample.quantity).expect("the models' quantities have numbers"),
            channel: 0,
            offset_ms: (sample.at.millis() - base_ms) as i32,
            value: sample.value,
        };
        batch.push(reading).expect("a moment's readings fit in a batch, and sequences last for years");
    }
    Frame::Batch(batch).to_bytes().expect("a batch with readings has bytes").to_vec()
}

#[cfg(test)]
mod tests {
    use protocols::native::Decimal;

    use super::*;

    fn samples(count: i64) -> Vec<Sample> {
        let sample = |k: i64| Sample {
            at: Timestamp::from_millis(1_795_000_000_000 + k / 3 * 60_000),
            quantity: ["temperature", "humidity", "pressure"][k as usize % 3],
            value: Decimal::new(k, -2).expect("small"),
            unit: if k % 3 == 2 { "Pa" } else { "" },
        };
        (0..count).map(sample).collect()
    }

    fn node() -> NodeId {
        NodeId::new("air-toumba").expect("a name")
    }

    #[test]
    fn native_messages_number_their_readings_on_and_end_where_moments_end() {
        let mut naming = Naming { incarnation: 7, boot: 1, sequence: 10 };
        let messages = messages(&node(), Dialect::Native, &mut naming, &samples(60));
        assert_eq!(messages.iter().map(|m| m.readings).collect::<Vec<_>>(), [27, 27, 6]);
        assert_eq!(messages.iter().map(|m| m.next_sequence).collect::<Vec<_>>(), [37, 64, 70]);
        assert_eq!(naming.sequence, 70);
        let Ok(Frame::Batch(batch)) = Frame::decode(&messages[1].payload) else { panic!("no batch") };
        assert_eq!((batch.incarnation(), batch.boot(), batch.first_sequence()), (7, 1, 37));
        let last = batch.readings().last().map(|(_, reading)| batch.measured_at_ms(reading, 0));
        assert_eq!(last, Some(messages[1].through.millis()));
    }

    #[test]
    fn senml_tells_the_same_in_json_and_in_cbor() {
        for dialect in [Dialect::SenmlJson, Dialect::SenmlCbor] {
            let mut naming = Naming { incarnation: 7, boot: 1, sequence: 0 };
            let samples = samples(9);
            let messages = messages(&node(), dialect, &mut naming, &samples);
            assert_eq!(messages.len(), 1);
            let payload = &messages[0].payload;
            let pack = match dialect {
                Dialect::SenmlJson => senml::json::parse(payload),
                _ => senml::cbor::parse(payload),
            };
            for ((_, resolved), sample) in pack.expect("a pack").resolve(0).zip(&samples) {
                let resolved = resolved.expect("a record");
                assert_eq!(resolved.name, format!("air-toumba:{}", sample.quantity));
                assert_eq!(resolved.value, Some(senml::Value::Number(sample.value.to_f64())));
                assert_eq!(resolved.unit.as_deref().unwrap_or_default(), sample.unit);
                assert_eq!((resolved.time, resolved.measured_at_ms), (senml::TimeKind::Absolute, sample.at.millis()));
            }
        }
    }
}
