//! A batch of lines, and from which change each was made.

use std::collections::VecDeque;
use std::io::Write;
use std::ops::Range;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::line_protocol::{Row, encode};
use super::super::quarantine::Refusal;
use super::super::{Change, QuarantinedLine};
use crate::reading::Timestamp;

/// Lines one after another, with their ends.
#[derive(Debug, Default)]
pub(super) struct Batch {
    text: String,
    /// Where each line ends in `text`, and its change.
    lines: Vec<(usize, u64)>,
    /// Changes that cannot be lines: number, what it was, why.
    unwritable: Vec<(u64, String, String)>,
    last_change: u64,
}

impl Batch {
    /// Takes changes off `waiting` until the batch is full; at least one.
    pub(super) fn gather(waiting: &mut VecDeque<Change>, rows_max: usize, bytes_max: usize) -> Self {
        let mut batch = Self::default();
        while let Some(change) = waiting.pop_front() {
            let before = batch.text.len();
            match encode(&row(&change), &mut batch.text) {
                Ok(()) if batch.text.len() > bytes_max && before > 0 => {
                    batch.text.truncate(before);
                    waiting.push_front(change);
                    break;
                }
                Ok(()) => batch.lines.push((batch.text.len(), change.number)),
                Err(error) => batch.unwritable.push((change.number, named(&change), error.to_string())),
            }
            batch.last_change = change.number;
            if batch.lines.len() + batch.unwritable.len() >= rows_max {
                break;
            }
        }
        batch
    }

    /// A batch of one line that is known already.
    pub(super) fn of_line(line: String) -> Self {
        Self { lines: vec![(line.len(), 0)], text: line, ..Self::default() }
    }

    /// How many lines.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The last change gathered, written or not.
    pub(super) fn last_change(&self) -> u64 {
        self.last_change
    }

    /// Those lines.
    pub(super) fn text(&self, part: Range<usize>) -> &str {
        let end = |lines: usize| if lines == 0 { 0 } else { self.lines[lines - 1].0 };
        &self.text[end(part.start)..end(part.end)]
    }

    /// Those lines, compressed.
    pub(super) fn compressed(&self, part: Range<usize>) -> Vec<u8> {
        let text = self.text(part);
        let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 6), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("a Vec takes everything");
        encoder.finish().expect("a Vec takes everything")
    }

    /// The changes that could not be lines.
    pub(super) fn unwritable(&self, at: Timestamp) -> Vec<QuarantinedLine> {
        let line = |(change, named, error): &(u64, String, String)| QuarantinedLine {
            change: *change,
            line: named.clone(),
            error: error.clone(),
            at,
        };
        self.unwritable.iter().map(line).collect()
    }

    /// The line that was refused.
    pub(super) fn quarantined(&self, refusal: &Refusal, at: Timestamp) -> QuarantinedLine {
        QuarantinedLine {
            change: self.lines[refusal.line].1,
            line: self.text(refusal.line..refusal.line + 1).trim_end().to_owned(),
            error: refusal.message.clone(),
            at,
        }
    }
}

fn row(change: &Change) -> Row<'_> {
    Row {
        quantity: &change.key.quantity,
        node: change.key.node.as_str(),
        channel: change.key.channel,
        window: &change.window,
        zone: change.zone.as_deref(),
        from: change.span.from,
        values: &change.values,
        revision: change.revision,
        states: &change.states,
    }
}

fn named(change: &Change) -> String {
    let key = &change.key;
    format!("{:?} {} {} {} {}", key.quantity, key.node, key.channel, change.window, change.span.from)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Arc;

    use super::*;
    use crate::reading::{DatastreamKey, NodeId};
    use crate::store::model::{Span, Values};

    fn change(number: u64, quantity: &str) -> Change {
        Change {
            number,
            key: DatastreamKey { node: NodeId::new("n1").expect("a good name"), quantity: quantity.into(), channel: 0 },
            window: "PT1H".into(),
            zone: None,
            span: Span { from: Timestamp::from_millis(0), until: Timestamp::from_millis(3_600_000) },
            values: Values { count: number as u32, ..Values::default() },
            revision: 0,
            states: Arc::new([]),
        }
    }

    fn numbers(waiting: &VecDeque<Change>) -> Vec<u64> {
        waiting.iter().map(|change| change.number).collect()
    }

    #[test]
    fn a_batch_is_full_by_rows() {
        let mut waiting: VecDeque<Change> = (1..=5).map(|n| change(n, "pm25")).collect();
        let batch = Batch::gather(&mut waiting, 3, usize::MAX);
        assert_eq!((batch.len(), batch.last_change(), numbers(&waiting)), (3, 3, vec![4, 5]));
        assert!(batch.text(1..2).contains(" count=2i,") && batch.text(1..2).ends_with('\n'));
        assert_eq!(batch.text(0..3), [batch.text(0..1), batch.text(1..2), batch.text(2..3)].concat());
    }

    #[test]
    fn a_batch_is_full_by_bytes_but_one_line_always_goes() {
        let mut waiting: VecDeque<Change> = (1..=3).map(|n| change(n, "pm25")).collect();
        let line = Batch::gather(&mut waiting.clone(), 1, usize::MAX).text(0..1).len();
        assert_eq!(Batch::gather(&mut waiting, 9, 2 * line).len(), 2);
        let mut waiting: VecDeque<Change> = (1..=3).map(|n| change(n, "pm25")).collect();
        let batch = Batch::gather(&mut waiting, 9, 1);
        assert_eq!((batch.len(), batch.last_change(), numbers(&waiting)), (1, 1, vec![2, 3]));
    }

    #[test]
    fn a_change_that_cannot_be_a_line_is_told_with_its_reason() {
        let mut waiting = VecDeque::from([change(7, "#x"), change(8, "pm25")]);
        let batch = Batch::gather(&mut waiting, 9, usize::MAX);
        let lines = batch.unwritable(Timestamp::from_millis(5));
        assert_eq!((batch.len(), batch.last_change(), lines.len()), (1, 8, 1));
        assert_eq!((lines[0].change, lines[0].line.as_str()), (7, "\"#x\" n1 0 PT1H 1970-01-01T00:00:00.000Z"));
        let refusal = Refusal { line: 0, message: "no".into() };
        assert_eq!(batch.quarantined(&refusal, Timestamp::from_millis(5)).change, 8);
    }

    #[test]
    fn compression_keeps_the_lines() {
        let mut waiting: VecDeque<Change> = (1..=100).map(|n| change(n, "pm25")).collect();
        let batch = Batch::gather(&mut waiting, 100, usize::MAX);
        let mut text = String::new();
        let bytes = batch.compressed(10..90);
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
        assert_eq!(text, batch.text(10..90));
        assert!(bytes.len() * 4 < text.len());
    }
}
