//! Golden bytes, resynchronisation after every kind of damage, and what must hold for all bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use std::string::{String, ToString};

use super::*;

/// What a frame was, without the deframer's buffer.
#[derive(Debug, PartialEq)]
struct Seen {
    kind: &'static str,
    node: String,
    id: u16,
    payload: std::vec::Vec<u8>,
}

fn seen(frame: LineFrame<'_>) -> Seen {
    let (kind, id, payload): (_, _, &[u8]) = match frame {
        LineFrame::Poll { .. } => ("poll", 0, &[]),
        LineFrame::Data { id, payload, .. } => ("data", id, payload),
        LineFrame::Ack { id, .. } => ("ack", id, &[]),
        LineFrame::Idle { .. } => ("idle", 0, &[]),
        LineFrame::Command { id, payload, .. } => ("command", id, payload),
    };
    Seen { kind, node: frame.node().to_string(), id, payload: payload.to_vec() }
}

fn read<const N: usize>(deframer: &mut Deframer<N>, bytes: &[u8]) -> std::vec::Vec<Result<Seen, LineError>> {
    bytes.iter().filter_map(|byte| deframer.push(*byte).map(|found| found.map(seen))).collect()
}

fn wire(frame: LineFrame<'_>) -> std::vec::Vec<u8> {
    frame.encode(&mut [0; LINE_BYTES_MAX]).expect("encodes").to_vec()
}

/// COBS and delimiters around `plain`, whatever it is.
fn around(plain: &[u8]) -> std::vec::Vec<u8> {
    let mut coded = std::vec![0; plain.len() + plain.len() / 254 + 2];
    let length = cobs::encode(plain, &mut coded);
    coded.truncate(length);
    [&[0], coded.as_slice(), &[0]].concat()
}

const NODE: &str = "swing-3.toumba";

#[test]
fn golden_frames() {
    let table: &[(LineFrame<'_>, &[u8])] = &[
        (LineFrame::Poll { node: "n1" }, b"\x00\x02n1"),
        (LineFrame::Data { node: "n1", id: 7, payload: &[1, 0, 2] }, b"\x01\x02n1\x07\x00\x01\x00\x02"),
        (LineFrame::Ack { node: "n1", id: 0x0102 }, b"\x02\x02n1\x02\x01"),
        (LineFrame::Idle { node: "n1" }, b"\x03\x02n1"),
        (LineFrame::Command { node: "n1", id: 1, payload: &[1] }, b"\x04\x02n1\x01\x00\x01"),
    ];
    for (frame, plain) in table {
        let plain = [plain, crc32::of(plain).as_slice()].concat();
        assert_eq!(wire(*frame), around(&plain), "{frame:?}");
        assert_eq!(LineFrame::parse(&plain), Ok(*frame));
    }
    // One of them byte by byte, made with another implementation of COBS and CRC-32.
    assert_eq!(wire(LineFrame::Idle { node: "n1" }), GOLDEN_IDLE);
}

const GOLDEN_IDLE: &[u8] = &[0x00, 0x09, 0x03, 0x02, 0x6e, 0x31, 0x8f, 0xe2, 0xd5, 0x9a, 0x00];

#[test]
fn frames_are_found_after_noise_and_damage() {
    let poll = wire(LineFrame::Poll { node: NODE });
    let found = || Ok(seen(LineFrame::Poll { node: NODE }));
    let mut altered = poll.clone();
    altered[5] ^= 0x20;
    let mut cut = poll.clone();
    cut.truncate(8);
    let unknown_kind = around(&[&[9, 1, b'n'][..], &crc32::of(&[9, 1, b'n'])].concat());
    let capital = around(&[&[0, 1, b'N'][..], &crc32::of(&[0, 1, b'N'])].concat());
    let extra = around(&[&[0, 1, b'n', 0][..], &crc32::of(&[0, 1, b'n', 0])].concat());
    let table: [(&str, &[u8], Option<LineError>); 8] = [
        ("nothing", &[], None),
        ("delimiters", &[0, 0, 0], None),
        ("noise that is not COBS", &[0xff, 3, 4], Some(LineError::Cobs)),
        ("a frame cut short", &cut, Some(LineError::Cobs)),
        ("a frame with an altered byte", &altered, Some(LineError::Crc)),
        ("a kind there is not", &unknown_kind, Some(LineError::Malformed)),
        ("a name that is none", &capital, Some(LineError::Malformed)),
        ("a poll with a payload", &extra, Some(LineError::Malformed)),
    ];
    for (what, before, error) in table {
        let mut deframer = Deframer::<PLAIN_BYTES_MAX>::new();
        let bytes = [before, poll.as_slice(), poll.as_slice()].concat();
        let expected: std::vec::Vec<_> = error.map(Err).into_iter().chain([found(), found()]).collect();
        assert_eq!(read(&mut deframer, &bytes), expected, "{what}");
        assert_eq!(deframer.errors().total(), u32::from(error.is_some()), "{what}");
    }
}

#[test]
fn what_is_too_long_is_one_error_and_the_next_frame_is_found() {
    let mut deframer = Deframer::<32>::new();
    let long = wire(LineFrame::Data { node: NODE, id: 1, payload: &[7; 300] });
    let short = wire(LineFrame::Ack { node: NODE, id: 1 });
    let bytes = [long.as_slice(), &short, &long, &short].concat();
    let ack = || Ok(seen(LineFrame::Ack { node: NODE, id: 1 }));
    let expected = [Err(LineError::TooLong), ack(), Err(LineError::TooLong), ack()];
    assert_eq!(read(&mut deframer, &bytes), expected);
    assert_eq!(deframer.errors(), LineErrors { too_long: 2, ..LineErrors::default() });
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let mut out = [0; LINE_BYTES_MAX];
    for node in ["", "Swing", "a b", "ή", &"n".repeat(65)] {
        assert_eq!(LineFrame::Poll { node }.encode(&mut out), Err(LineError::Malformed), "{node}");
    }
    let payload = [0; FRAME_BYTES_MAX + 1];
    assert_eq!(LineFrame::Data { node: NODE, id: 0, payload: &payload }.encode(&mut out), Err(LineError::TooLong));
    let poll = wire(LineFrame::Poll { node: NODE });
    for length in 0..poll.len() {
        assert_eq!(LineFrame::Poll { node: NODE }.encode(&mut out[..length]), Err(LineError::TooLong), "{length}");
    }
}

#[test]
fn the_longest_frame_fits() {
    let node = "n".repeat(NODE_BYTES_MAX);
    for byte in [0, 1, 0xff] {
        let payload = [byte; FRAME_BYTES_MAX];
        let frame = LineFrame::Command { node: &node, id: u16::MAX, payload: &payload };
        assert_eq!(read(&mut Deframer::<PLAIN_BYTES_MAX>::new(), &wire(frame)), [Ok(seen(frame))]);
    }
}

proptest! {
    #[test]
    fn every_payload_comes_through_in_any_company(
        payload in vec(prop_oneof![Just(0u8), Just(1), any::<u8>()], 0..=FRAME_BYTES_MAX),
        noise in vec(any::<u8>(), 0..40),
        id: u16,
    ) {
        let frame = LineFrame::Data { node: NODE, id, payload: &payload };
        let mut deframer = Deframer::<PLAIN_BYTES_MAX>::new();
        let bytes = [noise.as_slice(), &wire(frame)].concat();
        prop_assert_eq!(read(&mut deframer, &bytes).pop(), Some(Ok(seen(frame))));
    }

    #[test]
    fn no_bytes_make_the_deframer_panic(bytes in vec(prop_oneof![Just(0u8), Just(2), any::<u8>()], 0..2000)) {
        let mut deframer = Deframer::<48>::new();
        let found = read(&mut deframer, &bytes);
        let errors = found.iter().filter(|found| found.is_err()).count();
        prop_assert_eq!(deframer.errors().total() as usize, errors);
    }
}
