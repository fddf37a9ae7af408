//! Golden bytes both ways for every kind of frame, and what must hold for all frames and all bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::quantity;

const NOON: i64 = 1_795_348_800_000; // 2026-11-22T12:00:00Z

fn decimal(mantissa: i64, exponent: i8) -> Decimal {
    Decimal::new(mantissa, exponent).expect("in range")
}

fn batch(first_sequence: u32, clock: Clock, readings: &[Reading]) -> Batch {
    let mut batch = Batch::new(0x0123_4567_89ab_cdef, 3, first_sequence, clock);
    for reading in readings {
        batch.push(*reading).expect("room for it");
    }
    batch
}

fn reading(quantity: u8, offset_ms: i32, value: Decimal) -> Reading {
    Reading { quantity, channel: 0, offset_ms, value }
}

/// `body` as a frame: with version and checksum, which are checked by the golden frames below.
fn framed(body: &[u8]) -> std::vec::Vec<u8> {
    let mut bytes = std::vec![VERSION];
    bytes.extend_from_slice(body);
    let crc = crc32::of(&bytes);
    bytes.extend_from_slice(&crc);
    bytes
}

#[test]
fn golden_frames() {
    let status = |state| {
        Frame::Status(Status {
            state,
            firmware: "0.1.0".try_into().expect("short"),
            reset_cause: Status::RESET_WATCHDOG,
            boot: 3,
            dropped_readings: 300,
            queue_depth: 0,
        })
    };
    let command = |action| Frame::Command(Command { id: 7, action });
    let reply = |outcome| Frame::Reply(Reply { command: 7, outcome });
    let table: &[(Frame, &[u8])] = &[
        (
            Frame::Batch(batch(
                200,
                Clock::Unix { base_ms: NOON },
                &[
                    reading(quantity::TEMPERATURE, 0, decimal(2345, -2)),
                    Reading { quantity: quantity::HUMIDITY, channel: 1, offset_ms: -1000, value: decimal(-1, 0) },
                ],
            )),
            &[
                0, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 3, 0xc8, 0x01, 0, 0x80, 0x88, 0x85, 0xb2, 0xc0,
                0x68, 2, 14, 0, 0, 0xd2, 0x24, 0xfe, 15, 1, 0xcf, 0x0f, 0x01, 0,
            ],
        ),
        (
            Frame::Batch(batch(0, Clock::Age, &[reading(quantity::PARKING, 90_000, decimal(1, 0))])),
            &[0, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 3, 0, 1, 1, 20, 0, 0xa0, 0xfe, 0x0a, 2, 0],
        ),
        (command(Action::SetSchedule { quantity: 2, channel: 1, period_s: 300 }), &[1, 7, 0, 2, 1, 0xac, 0x02]),
        (
            command(Action::SetThreshold { quantity: 2, channel: 0, kind: Threshold::Delta, value: decimal(5, -1) }),
            &[1, 7, 1, 2, 0, 2, 10, 0xff],
        ),
        (
            command(Action::SetCalibration { quantity: 2, channel: 0, gain: decimal(102, -2), offset: decimal(-3, 0) }),
            &[1, 7, 2, 2, 0, 0xcc, 0x01, 0xfe, 5, 0],
        ),
        (command(Action::Identify { seconds: 30 }), &[1, 7, 3, 30]),
        (command(Action::Reboot), &[1, 7, 4]),
        (command(Action::SampleNow), &[1, 7, 5]),
        (command(Action::SendStatus), &[1, 7, 6]),
        (reply(Outcome::Done), &[2, 7, 0]),
        (reply(Outcome::Refused { reason: Refusal::NoSuchSensor }), &[2, 7, 1, 0]),
        (reply(Outcome::Refused { reason: Refusal::StorageFailed }), &[2, 7, 1, 3]),
        (reply(Outcome::Unsupported), &[2, 7, 2]),
        (Frame::TimeRequest(TimeRequest { t_node_ms: 128 }), &[3, 0x80, 0x01]),
        (Frame::Time(Time { t_node_ms: 128, unix_ms: NOON }), &[4, 0x80, 0x01, 0x80, 0x88, 0x85, 0xb2, 0xc0, 0x68]),
        (status(NodeState::Offline), &[5, 0, 5, b'0', b'.', b'1', b'.', b'0', 3, 3, 0xac, 0x02, 0]),
        (status(NodeState::Online), &[5, 1, 5, b'0', b'.', b'1', b'.', b'0', 3, 3, 0xac, 0x02, 0]),
    ];
    for (frame, body) in table {
        let bytes = framed(body);
        assert_eq!(frame.to_bytes().as_deref(), Ok(bytes.as_slice()), "{frame:?}");
        assert_eq!(Frame::decode(&bytes).as_ref(), Ok(frame));
    }
}

#[test]
fn the_checksum_is_the_one_of_ethernet() {
    assert_eq!(crc32::of(b"123456789"), 0xcbf4_3926_u32.to_le_bytes());
    let bytes = Frame::Command(Command { id: 7, action: Action::Reboot }).to_bytes().expect("encodes");
    assert_eq!(bytes, [0x01, 1, 7, 4, 0x90, 0x80, 0x16, 0xd0]);
}

#[test]
fn eight_typical_readings_take_at_most_twelve_bytes_each() {
    let values = [(2, 1234, -2), (14, 2345, -2), (15, 5512, -2), (16, 101_325, -2), (9, 641, -1), (43, 3712, -3)];
    let mut readings: std::vec::Vec<Reading> =
        values.iter().enumerate().map(|(k, &(q, m, e))| reading(q, k as i32 * 60_000, decimal(m, e))).collect();
    readings.push(reading(quantity::TEMPERATURE, 420_000, decimal(-1234, -2)));
    readings.push(reading(quantity::WIND_DIRECTION, -300_000, decimal(2705, -1)));
    let frame = Frame::Batch(batch(250_000, Clock::Unix { base_ms: NOON }, &readings));
    let length = frame.to_bytes().expect("encodes").len();
    assert!(length <= 8 * 12, "{length} bytes");
}

#[test]
fn the_longest_batch_fits_in_a_frame() {
    let longest = Reading {
        quantity: 255,
        channel: 255,
        offset_ms: i32::MIN,
        value: decimal(-Decimal::MANTISSA_MAX, -Decimal::EXPONENT_MAX),
    };
    let first = u32::MAX - (BATCH_READINGS_MAX as u32 - 1);
    let mut batch = Batch::new(u64::MAX, u32::MAX, first, Clock::Unix { base_ms: i64::MIN });
    for _ in 0..BATCH_READINGS_MAX {
        batch.push(longest).expect("room for it");
    }
    assert_eq!(batch.push(longest), Err(PushError::Full));
    let frame = Frame::Batch(batch);
    let bytes = frame.to_bytes().expect("fits");
    assert!(bytes.len() > FRAME_BYTES_MAX - 32, "FRAME_BYTES_MAX is larger than it need be: {}", bytes.len());
    assert_eq!(Frame::decode(&bytes), Ok(frame));
}

#[test]
fn a_batch_names_and_dates_its_readings() {
    let readings = [reading(1, -5, Decimal::ONE), reading(2, 5, Decimal::ZERO)];
    let dated = batch(41, Clock::Unix { base_ms: 1000 }, &readings);
    let seen: std::vec::Vec<_> = dated.readings().map(|(k, r)| (k, dated.measured_at_ms(r, 9))).collect();
    assert_eq!(seen, [(41, 995), (42, 1005)]);
    let aged = batch(0, Clock::Age, &readings[1..]);
    assert_eq!(aged.measured_at_ms(&readings[1], 1000), 995);
    let edge = batch(0, Clock::Unix { base_ms: i64::MIN }, &readings);
    assert_eq!(edge.measured_at_ms(&readings[0], 0), i64::MIN);
}

#[test]
fn a_batch_that_no_node_could_have_made_is_refused_both_ways() {
    let mut last = batch(u32::MAX, Clock::Age, &[reading(1, 0, Decimal::ONE)]);
    assert_eq!(last.push(reading(1, 0, Decimal::ONE)), Err(PushError::SequenceOverflow));
    assert_eq!(batch(0, Clock::Age, &[]).push(reading(1, -1, Decimal::ONE)), Err(PushError::NegativeAge));
    assert_eq!(Frame::Batch(batch(0, Clock::Age, &[])).to_bytes(), Err(EncodeError::NotEncodable));

    const HEAD: [u8; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    let first_max = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let one = [1, 0, 0, 2, 0];
    let malformed: &[(&str, &[&[u8]])] = &[
        ("no readings", &[&HEAD, &[0, 0, 1, 0]]),
        ("sequence overflow", &[&HEAD, &[0], &first_max, &[1, 2], &one, &one]),
        ("a negative age", &[&HEAD, &[0, 0, 1, 1], &[1, 0, 1, 2, 0]]),
        ("an exponent of 10", &[&HEAD, &[0, 0, 1, 1], &[1, 0, 0, 2, 10]]),
        ("a mantissa of 2^53", &[&HEAD, &[0, 0, 1, 1], &[1, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0]]),
        ("a clock there is not", &[&HEAD, &[0, 0, 2, 1], &one]),
        ("more readings than there are", &[&HEAD, &[0, 0, 1, 2], &one]),
        ("more readings than a batch has", &[&HEAD, &[0, 0, 1, 29], &[1; 29 * 5]]),
        ("a kind there is not", &[&[6, 0, 0, 0]]),
        ("a status whose firmware is too long", &[&[5, 1, 17], &[b'x'; 17], &[0, 0, 0, 0]]),
        ("a status whose firmware is no text", &[&[5, 1, 1, 0xff, 0, 0, 0, 0]]),
        ("a varint of more than 32 bits", &[&[2, 0xff, 0xff, 0xff, 0xff, 0x1f, 0]]),
    ];
    for (what, parts) in malformed {
        assert_eq!(Frame::decode(&framed(&parts.concat())), Err(DecodeError::Malformed), "{what}");
    }
    assert!(Frame::decode(&framed(&[&HEAD[..], &[0], &first_max, &[1, 1], &one].concat())).is_ok());
}

#[test]
fn what_is_not_a_frame_is_told_apart() {
    let bytes =
        Frame::Command(Command { id: 7, action: Action::Identify { seconds: 30 } }).to_bytes().expect("encodes");
    assert_eq!(Frame::decode(&[]), Err(DecodeError::TooShort));
    assert_eq!(Frame::decode(&bytes[..5]), Err(DecodeError::TooShort));
    assert_eq!(Frame::decode(&[2, 1, 7, 4, 0, 0, 0, 0]), Err(DecodeError::UnknownVersion(2)));
    assert_eq!(Frame::decode(&framed(&[1, 7, 4, 0])), Err(DecodeError::TrailingBytes));
    assert_eq!(Frame::decode(&[VERSION; FRAME_BYTES_MAX + 1]), Err(DecodeError::TooLong));
    for length in 6..bytes.len() {
        assert_eq!(Frame::decode(&bytes[..length]), Err(DecodeError::Crc), "{length}");
    }
    for bit in 8..bytes.len() * 8 {
        let mut altered = bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Frame::decode(&altered), Err(DecodeError::Crc), "bit {bit}");
    }
    assert_eq!(
        Frame::Command(Command { id: 1, action: Action::Reboot }).encode(&mut [0; 7]),
        Err(EncodeError::BufferTooSmall)
    );
}

#[test]
fn an_action_of_a_newer_gateway_can_be_answered() {
    let unknown = Frame::Command(Command { id: 300, action: Action::Unknown });
    assert_eq!(Frame::decode(&framed(&[1, 0xac, 0x02, 7, 1, 2, 3])).as_ref(), Ok(&unknown));
    assert_eq!(unknown.to_bytes(), Err(EncodeError::NotEncodable));
    assert_eq!(Frame::decode(&framed(&[1, 0xac, 0x02, 6, 1])), Err(DecodeError::TrailingBytes));
}

fn any_decimal() -> impl Strategy<Value = Decimal> {
    (-Decimal::MANTISSA_MAX..=Decimal::MANTISSA_MAX, -9i8..=9).prop_map(|(m, e)| decimal(m, e))
}

fn any_batch() -> impl Strategy<Value = Frame> {
    let reading = (any::<u8>(), any::<u8>(), any::<i32>(), any_decimal());
    let head = (any::<u64>(), any::<u32>(), any::<u32>(), any::<Option<i64>>());
    (head, vec(reading, 1..=BATCH_READINGS_MAX)).prop_map(|((incarnation, boot, first, base), readings)| {
        let clock = base.map_or(Clock::Age, |base_ms| Clock::Unix { base_ms });
        let mut batch = Batch::new(incarnation, boot, first.min(u32::MAX - 30), clock);
        for (quantity, channel, offset_ms, value) in readings {
            let offset_ms = if base.is_none() { offset_ms & i32::MAX } else { offset_ms };
            batch.push(Reading { quantity, channel, offset_ms, value }).expect("room for it");
        }
        Frame::Batch(batch)
    })
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let kind = prop_oneof![Just(Threshold::Low), Just(Threshold::High), Just(Threshold::Delta)];
    let action = prop_oneof![
        any::<(u8, u8, u32)>().prop_map(|(quantity, channel, period_s)| Action::SetSchedule {
            quantity,
            channel,
            period_s
        }),
        (any::<u8>(), any::<u8>(), kind, any_decimal())
            .prop_map(|(quantity, channel, kind, value)| Action::SetThreshold { quantity, channel, kind, value }),
        (any::<u8>(), any::<u8>(), any_decimal(), any_decimal())
            .prop_map(|(quantity, channel, gain, offset)| Action::SetCalibration { quantity, channel, gain, offset }),
        any::<u16>().prop_map(|seconds| Action::Identify { seconds }),
    ];
    prop_oneof![
        any_batch(),
        (any::<u32>(), action).prop_map(|(id, action)| Frame::Command(Command { id, action })),
        any::<u32>().prop_map(|command| Frame::Reply(Reply { command, outcome: Outcome::Unsupported })),
        any::<u64>().prop_map(|t_node_ms| Frame::TimeRequest(TimeRequest { t_node_ms })),
        any::<(u64, i64)>().prop_map(|(t_node_ms, unix_ms)| Frame::Time(Time { t_node_ms, unix_ms })),
        ("[ -~]{0,16}", any::<(u8, u32, u32, u32)>()).prop_map(|(firmware, (reset_cause, boot, dropped, queue))| {
            Frame::Status(Status {
                state: NodeState::Online,
                firmware: firmware.as_str().try_into().expect("short"),
                reset_cause,
                boot,
                dropped_readings: dropped,
                queue_depth: queue,
            })
        }),
    ]
}

proptest! {
    #[test]
    fn every_frame_comes_back_as_it_was(frame in any_frame()) {
        let bytes = frame.to_bytes().expect("every such frame fits");
        prop_assert_eq!(Frame::decode(&bytes), Ok(frame));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in vec(any::<u8>(), 0..600), body in vec(any::<u8>(), 0..300), kind in 0u8..7) {
        let _ = Frame::decode(&bytes);
        // With version and checksum right, so that the body's decoder is reached: what it takes must encode again.
        let body = [&[kind], body.as_slice()].concat();
        if let Ok(frame) = Frame::decode(&framed(&body))
            && !matches!(frame, Frame::Command(Command { action: Action::Unknown, .. }))
        {
            let again = frame.to_bytes().expect("a decoded frame encodes");
            prop_assert_eq!(Frame::decode(&again), Ok(frame));
        }
    }
}
