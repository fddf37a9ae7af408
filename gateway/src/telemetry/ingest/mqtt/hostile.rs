//! A whole MQTT session of bytes that an enemy chose: CONNECT, packets in pieces, acknowledgements, the end.

use std::sync::Arc;

use super::Limits;
use super::dialogue::{Dialogue, Event};
use super::hello::Hello;
use super::wire::{self, Framed};
use crate::reading::Timestamp;
use crate::telemetry::frame::{Frame, FrameKind};

/// So many records are on disk at a time.
const COMMITTED_EVERY: usize = 3;

/// No panic; every record is a frame that reads back; no more is acknowledged than was sent.
pub fn mqtt_session(bytes: &[u8]) {
    let limits = Limits { packet_bytes_max: 2_048, receive_maximum: 10, ..Limits::default() };
    let Ok(Framed::Whole(connect)) = wire::frame(bytes, limits.packet_bytes_max as usize) else { return };
    let length = connect.length;
    let Ok(hello) = Hello::read(connect) else { return };
    let answer = |_: &FrameKind, payload: &[u8], _: Timestamp| Some(payload.to_vec());
    let mut dialogue = Dialogue::new(&hello, 7, None, Arc::new(answer), &limits);
    dialogue.at(Timestamp::from_millis(1_795_348_800_000), false);
    let (mut rest, mut out) = (&bytes[length..], Vec::new());
    let (mut records, mut committed) = (0u64, 0);
    let node = hello.node.clone();
    let mut keep = |record: &[u8]| {
        let frame = Frame::decode(record).expect("a record is a frame");
        assert_eq!(frame.node, node, "a node speaks for itself");
        records += 1;
        records
    };
    while let Ok(Some((taken, event))) = dialogue.next(rest, &mut out) {
        rest = &rest[taken..];
        match event {
            Event::Record(record) => {
                let records = keep(&record);
                if taken % COMMITTED_EVERY == 0 || dialogue.is_full() {
                    committed = records.min(committed + COMMITTED_EVERY as u64);
                    dialogue.committed(committed, &mut out);
                }
            }
            Event::Oversized(record) => {
                keep(&record);
                break;
            }
            Event::Subscription { qos, response } => {
                dialogue.subscribed(qos);
                out.extend_from_slice(&response);
            }
            Event::Goodbye { .. } => return,
            Event::CommandTaken(_) | Event::UnknownAck | Event::Done => {}
        }
    }
    if let Some(record) = dialogue.cut_short(rest) {
        keep(&record);
    }
    if let Some(will) = &hello.will {
        keep(&dialogue.will(will));
    }
    dialogue.committed(records, &mut out);
    assert!(!dialogue.waits(), "all that was taken is on disk");
}
