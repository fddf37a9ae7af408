//! Records of a journal as text that people and programs read: one JSON object a line, in the order of their positions.
//!
//! ```text
//! {"position":7,"received_at":"2026-11-22T10:00:00Z","node":"swing-3","kind":"readings","origin":"mqtt","text":"[{…}]"}
//! ```
//!
//! A payload that is no text stands as `hex`; a record that is no frame stands whole, as `record_hex`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::frame::{Frame, FrameKind, Origin};
use super::journal::{Position, Salvage, SalvageError, salvage};

/// Writes every sound record of the journal's files in `from` to `out`.
///
/// # Errors
/// [`SalvageError`]: the files cannot be read, or `out` takes no more.
pub fn salvage_as_lines(from: &Path, out: &mut impl Write) -> Result<Salvage, SalvageError> {
    let done =
        salvage(from, |position, record| writeln!(out, "{}", line(position, record)).map_err(SalvageError::Write))?;
    out.flush().map_err(SalvageError::Write)?;
    Ok(done)
}

fn line(position: Position, record: &[u8]) -> Value {
    let Ok(frame) = Frame::decode(record) else {
        return json!({ "position": position, "record_hex": hex(record) });
    };
    let mut line = json!({
        "position": position,
        "received_at": frame.received_at.to_string(),
        "node": frame.node.as_str(),
        "kind": kind(&frame.kind),
        "origin": origin(frame.origin),
    });
    match &frame.kind {
        FrameKind::Refused { reason, topic } => {
            line["reason"] = reason.to_string().into();
            line["topic"] = topic.as_str().into();
        }
        FrameKind::Mapped { topic } => line["topic"] = topic.as_str().into(),
        FrameKind::Replay { rejection } => line["rejection"] = (*rejection).into(),
        FrameKind::Readings | FrameKind::Status | FrameKind::Reply | FrameKind::External => {}
    }
    match std::str::from_utf8(&frame.payload) {
        Ok(text) => line["text"] = text.into(),
        Err(_) => line["hex"] = hex(&frame.payload).into(),
    }
    line
}

fn kind(kind: &FrameKind) -> &'static str {
    match kind {
        FrameKind::Readings => "readings",
        FrameKind::Status => "status",
        FrameKind::Reply => "reply",
        FrameKind::Refused { .. } => "refused",
        FrameKind::Replay { .. } => "replay",
        FrameKind::External => "external",
        FrameKind::Mapped { .. } => "mapped",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Mqtt => "mqtt",
        Origin::Broker => "broker",
        Origin::Serial => "serial",
        Origin::Inbox => "inbox",
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    bytes.iter().for_each(|byte| write!(out, "{byte:02x}").expect("writing to a String does not fail"));
    out
}

/// Whether salvaging ended because whoever reads the lines has gone.
pub fn reader_has_gone(error: &SalvageError) -> bool {
    matches!(error, SalvageError::Write(source) if source.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{NodeId, RejectReason, Timestamp};
    use crate::telemetry::frame::Delivery;

    #[test]
    fn a_record_is_told_as_what_it_is() {
        let mut frame = Frame {
            kind: FrameKind::Refused { reason: RejectReason::WrongTopic, topic: "city/ά/x".into() },
            node: NodeId::new("n1").expect("a good name"),
            origin: Origin::Broker,
            received_at: Timestamp::from_millis(0),
            clock_suspect: false,
            delivery: Delivery::default(),
            payload: "[\"ώ\"]".into(),
        };
        let told = line(7, &frame.encode());
        let expected = json!({
            "position": 7, "received_at": "1970-01-01T00:00:00.000Z", "node": "n1", "kind": "refused",
            "origin": "broker", "reason": "wrong_topic", "topic": "city/ά/x", "text": "[\"ώ\"]",
        });
        assert_eq!(told, expected);
        (frame.kind, frame.payload) = (FrameKind::Readings, vec![1, 0xff]);
        assert_eq!(line(8, &frame.encode())["hex"], "01ff");
        assert_eq!(line(9, b"\x09?"), json!({ "position": 9, "record_hex": "093f" }));
    }
}
