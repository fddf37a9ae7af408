//! A message's readings, one by one, whatever it is written in: native frames, SenML, a maker's own by its mapping. Each
//! that came is counted.

use protocols::{native, senml};

use super::naming::Outcome;
use super::{Intake, Taking, replay};
use crate::reading::RejectReason;
use crate::store::StoreError;
use crate::telemetry::decode::{self, Rules};
use crate::telemetry::validate::{Name, Reading, Refusal};

impl Intake {
    pub(super) fn readings(&mut self, taking: &mut Taking<'_>) -> Result<(), StoreError> {
        let payload = &taking.frame.payload[..];
        match protocols::format_of(payload) {
            protocols::Format::Native => match native::Frame::decode(payload) {
                Ok(native::Frame::Batch(batch)) => self.native(taking, &batch),
                Ok(_) => self.refuse_frame(taking, RejectReason::Malformed, "a native frame, but no batch of readings"),
                Err(error) => self.refuse_frame(taking, RejectReason::Malformed, &error.to_string()),
            },
            protocols::Format::SenmlJson => self.pack(taking, senml::json::parse(payload)),
            protocols::Format::SenmlCbor => self.pack(taking, senml::cbor::parse(payload)),
            protocols::Format::Unknown => {
                let first = payload.first().map_or("the payload is empty".into(), |b| format!("first byte 0x{b:02x}"));
                let detail = format!("{first}; 0x01 is a native frame, [ is SenML JSON, 0x80 to 0x9f SenML CBOR");
                self.refuse_frame(taking, RejectReason::UnknownFormat, &detail)
            }
        }
    }

    pub(super) fn refuse_frame(
        &mut self,
        taking: &mut Taking<'_>,
        reason: RejectReason,
        detail: &str,
    ) -> Result<(), StoreError> {
        self.reject(taking, None, Refusal::new(reason, detail));
        Ok(())
    }

    fn native(&mut self, taking: &mut Taking<'_>, batch: &native::Batch) -> Result<(), StoreError> {
        self.count_frame(taking);
        for (index, (sequence, told)) in (0u32..).zip(batch.readings()) {
            if !taking.wants(index) {
                continue;
            }
            let checked = decode::native(told, sequence, batch, self.rules(taking));
            self.one(taking, index, checked)?;
        }
        Ok(())
    }

    fn pack(
        &mut self,
        taking: &mut Taking<'_>,
        parsed: Result<senml::Pack<'_>, senml::SenmlError>,
    ) -> Result<(), StoreError> {
        let pack = match parsed {
            Ok(pack) => pack,
            Err(error) => return self.refuse_frame(taking, RejectReason::Malformed, &error.to_string()),
        };
        self.count_frame(taking);
        let mut known_again = None;
        for (index, record) in pack.resolve(taking.frame.received_at.millis()) {
            let index = index as u32;
            if !taking.wants(index) {
                continue;
            }
            let checked = match record {
                Ok(record) => decode::senml(&record, &taking.frame.node, self.rules(taking)),
                Err(error) => Err(Refusal::new(RejectReason::Malformed, error.to_string())),
            };
            let unnamed = checked.as_ref().is_ok_and(|reading| reading.name == Name::Delivery);
            if unnamed && *known_again.get_or_insert_with(|| self.delivered_again(taking)) {
                self.count_known_again(taking);
                continue;
            }
            self.one(taking, index, checked)?;
        }
        Ok(())
    }

    /// Whether a message without times of its own came before: only one that says so (DUP) can have.
    fn delivered_again(&mut self, taking: &Taking<'_>) -> bool {
        let delivery = taking.frame.delivery;
        if !delivery.at_least_once || taking.only.is_some() {
            return false;
        }
        let hash = replay::delivery_hash(&delivery, &taking.frame.payload);
        let known = self.nodes[taking.place].names.deliver_again(hash);
        if !known {
            self.next.delivered.push((taking.frame.node.clone(), hash));
        }
        known && delivery.duplicate
    }

    fn rules(&self, taking: &Taking<'_>) -> Rules<'_> {
        Rules { catalogue: &self.shared.catalogue, limits: &self.limits, receipt: taking.receipt() }
    }

    /// A maker's own message, by the mapping that fits it.
    pub(super) fn mapped(&mut self, taking: &mut Taking<'_>, topic: &str) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        let message = match decode::mapping::read(&shared.catalogue.mappings, topic, &taking.frame.payload) {
            Ok(message) => message,
            Err(refusal) => {
                self.reject(taking, None, refusal);
                return Ok(());
            }
        };
        self.count_frame(taking);
        let again = message.measured_at.is_none() && self.delivered_again(taking);
        for record in &message.records {
            if !taking.wants(record.index) {
                continue;
            }
            let checked = decode::mapped(record, &message, self.rules(taking));
            if again && checked.is_ok() {
                self.count_known_again(taking);
            } else {
                self.one(taking, record.index, checked)?;
            }
        }
        Ok(())
    }

    fn count_known_again(&mut self, taking: &Taking<'_>) {
        let counts = &mut self.nodes[taking.place].counts;
        counts.decoded += u64::from(taking.only.is_none());
        counts.duplicate += 1;
    }

    fn count_frame(&mut self, taking: &Taking<'_>) {
        let counts = &mut self.nodes[taking.place].counts;
        // A single reading played again is of a frame that was counted when it came.
        counts.frames_decoded += u64::from(taking.only.is_none());
    }

    pub(super) fn one(
        &mut self,
        taking: &mut Taking<'_>,
        index: u32,
        checked: Result<Reading, Refusal>,
    ) -> Result<(), StoreError> {
        self.nodes[taking.place].counts.decoded += u64::from(taking.only.is_none());
        let outcome = match checked {
            Ok(reading) => self.store(taking, &reading)?,
            Err(refusal) => Err(refusal),
        };
        let counts = &mut self.nodes[taking.place].counts;
        match outcome {
            Ok(Outcome::Stored) => counts.stored += 1,
            Ok(Outcome::Duplicate) => counts.duplicate += 1,
            Ok(Outcome::Corrected) => counts.corrected += 1,
            Err(refusal) => self.reject(taking, Some(index), refusal),
        }
        Ok(())
    }
}
