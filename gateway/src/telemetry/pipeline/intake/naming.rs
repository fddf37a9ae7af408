//! Whether a reading came before: by its name, where it has one; by its value, where names were forgotten. A new one is
//! stored in memory.

use super::{Intake, Taking};
use crate::reading::{Marks, Observation, RejectReason, Timestamp};
use crate::store::live::Entry;
use crate::store::model::Span;
use crate::store::{StoreError, Versions, within};
use crate::telemetry::validate::{Name, Reading, Refusal};

/// What became of a reading.
pub(super) enum Outcome {
    Stored,
    Duplicate,
    Corrected,
}

impl Intake {
    pub(super) fn store(
        &mut self,
        taking: &Taking<'_>,
        reading: &Reading,
    ) -> Result<Result<Outcome, Refusal>, StoreError> {
        let place = match self.datastream(taking, reading) {
            Ok(place) => place,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let entry = self.hot[place].entry.clone();
        let mut corrects = None;
        match reading.name {
            Name::Sequence { incarnation, boot, sequence } => {
                let node = &self.nodes[taking.place];
                let known = node.names.contains(incarnation, boot, sequence);
                if known || node.counts.names_forgotten > 0 {
                    let same = self.same_value(&entry, reading)?;
                    let by_age = reading.marks.has(Marks::BY_AGE);
                    if known && !same && !by_age && !self.told_by_age(&entry, reading)? {
                        let detail = format!("reading {sequence} of boot {boot} came before with another content");
                        return Ok(Err(Refusal::new(RejectReason::Conflict, detail)));
                    }
                    if known || same {
                        return Ok(Ok(Outcome::Duplicate));
                    }
                }
                let node = &mut self.nodes[taking.place];
                for forgotten in node.names.insert(incarnation, boot, sequence) {
                    node.counts.names_forgotten += forgotten.intervals.len() as u64;
                    if !node.names.knows(forgotten.incarnation, forgotten.boot) {
                        self.next.names.push(node.forgotten_row(&forgotten));
                    }
                }
            }
            Name::Time => {
                if let Some(found) = self.named_by_time(&entry, reading.measured_at)? {
                    if found.value.to_bits() == reading.value.to_bits() {
                        return Ok(Ok(Outcome::Duplicate));
                    }
                    corrects = Some(found.ordinal);
                }
            }
            Name::Delivery => {}
        }
        let observation =
            Observation { measured_at: reading.measured_at, value: reading.value, ordinal: 0, marks: reading.marks };
        let (ordinal, late) = {
            let mut live = entry.live();
            let previous = live.last_at;
            let ordinal = live.push(observation, taking.frame.received_at);
            if let Some(corrected) = corrects {
                live.supersede(corrected);
            }
            (ordinal, previous.is_some_and(|last| reading.measured_at <= last))
        };
        self.unwritten += 1;
        if let Some(corrected) = corrects {
            self.next.superseded.push((entry.id, corrected, ordinal));
        }
        self.mark_touched(place);
        self.touch_windows(place, reading.measured_at, late, taking.now);
        Ok(Ok(if corrects.is_some() { Outcome::Corrected } else { Outcome::Stored }))
    }

    /// Whether an observation of the same time and value is stored.
    fn same_value(&self, entry: &Entry, reading: &Reading) -> Result<bool, StoreError> {
        let at = reading.measured_at;
        let span = Span { from: at, until: at.plus_millis(1) };
        let found = within(self.writer.connection(), entry, span, Versions::All)?;
        Ok(found.iter().any(|o| o.value.to_bits() == reading.value.to_bits()))
    }

    /// Whether the same value is stored near that time, told by its age: the node knew no time yet, and what it sends
    /// again under the same name it dates better.
    fn told_by_age(&self, entry: &Entry, reading: &Reading) -> Result<bool, StoreError> {
        let error = self.limits.age_error_max_ms;
        let at = reading.measured_at;
        let span = Span { from: at.plus_millis(-error), until: at.plus_millis(error + 1) };
        let found = within(self.writer.connection(), entry, span, Versions::All)?;
        let same = |o: &Observation| o.marks.has(Marks::BY_AGE) && o.value.to_bits() == reading.value.to_bits();
        Ok(found.iter().any(same))
    }

    /// The current observation that is named by that time.
    fn named_by_time(&self, entry: &Entry, at: Timestamp) -> Result<Option<Observation>, StoreError> {
        if entry.live().last_at.is_none_or(|last| at > last) {
            return Ok(None);
        }
        let span = Span { from: at, until: at.plus_millis(1) };
        let found = within(self.writer.connection(), entry, span, Versions::Current)?;
        Ok(found.into_iter().find(|o| !o.marks.has(Marks::BY_AGE) && !o.marks.has(Marks::BY_RECEIPT)))
    }
}
