use proptest::prelude::*;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::*;

const NOW: i64 = 1_795_384_624_000;

fn resolved(payload: &[u8]) -> Vec<Result<Resolved<'_>, RecordError>> {
    parse(payload).expect("a pack").resolve(NOW).collect()
}

#[test]
fn base_values_hold_for_the_records_that_follow() {
    let pack = br#"[{"bn":"n1:","bt":1795384600,"bu":"Cel","bv":20,"n":"temperature","v":1.5},
        {"n":"temperature.2","v":2,"t":0.25},{"bn":"n1:air","u":"%RH","n":"x","v":3,"t":-1}]"#;
    let rows: Vec<_> = resolved(pack).into_iter().map(|r| r.expect("sound")).collect();
    assert_eq!(
        (&*rows[0].name, &rows[0].value, rows[0].time),
        ("n1:temperature", &Value::Number(21.5), Time::Absolute(1_795_384_600_000))
    );
    assert_eq!((rows[1].unit.as_deref(), rows[1].time), (Some("Cel"), Time::Absolute(1_795_384_600_250)));
    assert_eq!((&*rows[2].name, rows[2].unit.as_deref()), ("n1:airx", Some("%RH")));
}

#[test]
fn times_below_two_to_the_28_are_relative_and_zero_is_now() {
    let rows =
        resolved(br#"[{"n":"a","v":1},{"n":"a","v":1,"t":-5},{"n":"a","v":1,"t":0},{"n":"a","v":1,"t":268435456}]"#);
    let times: Vec<_> = rows.into_iter().map(|r| r.expect("sound").time).collect();
    assert_eq!(
        times,
        [Time::Absent(NOW), Time::Relative(NOW - 5_000), Time::Absent(NOW), Time::Absolute(268_435_456_000)]
    );
}

#[test]
fn a_record_that_makes_no_sense_spoils_no_other() {
    let rows = resolved(
        br#"[{"n":"a"},{"n":"a","v":"x"},{"n":"a","v":1,"vb":true},{"n":"a","v":1,"must_":2},{"v":1},{"n":"_a","v":1},
            {"n":"a","v":1,"t":1e300},{"n":"a","s":4},{"n":"a","v":null},{"n":"ok","v":7,"other":[1,{}]}]"#,
    );
    let errors: Vec<_> = rows.iter().filter_map(|r| r.as_ref().err().copied()).collect();
    let expected = [
        RecordError::NoValue,
        RecordError::Type(Label::Value),
        RecordError::SeveralValues,
        RecordError::MustUnderstand,
        RecordError::Name,
        RecordError::Name,
        RecordError::Time,
        RecordError::SumAlone,
        RecordError::Type(Label::Value),
    ];
    assert_eq!(errors, expected);
    assert!(matches!(rows.last(), Some(Ok(Resolved { value: Value::Number(7.0), .. }))));
}

#[test]
fn a_later_version_is_refused_record_by_record() {
    assert_eq!(resolved(br#"[{"bver":11,"n":"a","v":1}]"#), [Err(RecordError::Version)]);
    assert!(resolved(br#"[{"bver":5,"n":"a","v":1}]"#)[0].is_ok());
}

#[test]
fn what_is_no_pack_is_told_with_its_place() {
    assert_eq!(parse(b"[]"), Err(PackError::Empty));
    assert_eq!(parse(b"{}"), Err(PackError::NoPack));
    assert_eq!(parse(b"[{\"n\":\"a\",\"v\":NaN}]"), Err(PackError::Json { line: 1, column: 15 }));
    assert_eq!(parse(b"[{\"n\":\"a\",\"v\":1}] x").map_err(|e| matches!(e, PackError::Json { .. })), Err(true));
    assert_eq!(parse(&[0x81]), Err(PackError::Cbor { offset: 1 }));
    let many = std::format!("[{}]", vec!["{\"n\":\"a\",\"v\":1}"; RECORDS_MAX + 1].join(","));
    assert_eq!(parse(many.as_bytes()), Err(PackError::TooManyRecords));
    let deep = "[".repeat(100_000);
    assert!(parse(deep.as_bytes()).is_err());
}

#[test]
fn cbor_has_numbers_of_every_kind_as_the_standard_writes_them() {
    // [{-2: "n:", 0: "a", 2: 23.5 (half)}, {0: "b", 2: 4([-2, 2345])}, {"n": "c", "vb": true}, {0: "d", 2: NaN}]
    let pack = [
        0x84, 0xa3, 0x21, 0x62, b'n', b':', 0x00, 0x61, b'a', 0x02, 0xf9, 0x4d, 0xe0, // half 23.5
        0xa2, 0x00, 0x61, b'b', 0x02, 0xc4, 0x82, 0x21, 0x19, 0x09, 0x29, // 4([-2, 2345])
        0xa2, 0x61, b'n', 0x61, b'c', 0x62, b'v', b'b', 0xf5, // text labels
        0xbf, 0x00, 0x61, b'd', 0x02, 0xf9, 0x7e, 0x00, 0xff, // NaN in a map of indefinite length
    ];
    let rows: Vec<_> = resolved(&pack).into_iter().map(|r| r.expect("sound")).collect();
    assert_eq!((&*rows[0].name, &rows[0].value), ("n:a", &Value::Number(23.5)));
    assert_eq!(rows[1].value, Value::Number(23.45));
    assert_eq!(rows[2].value, Value::Boolean(true));
    assert!(matches!(rows[3].value, Value::Number(n) if n.is_nan()));
}

#[test]
fn a_single_float_is_the_number_that_was_meant() {
    let pack = [0x81, 0xa2, 0x00, 0x61, b'a', 0x02, 0xfa, 0x41, 0xbb, 0x33, 0x33];
    assert!(matches!(resolved(&pack)[0], Ok(Resolved { value: Value::Number(23.4), .. })));
}

#[test]
fn names_say_node_quantity_and_channel() {
    let name = |text| Name::parse(text).map(|n| (n.node, n.quantity, n.channel));
    assert_eq!(name("temperature"), Ok((None, "temperature", 0)));
    assert_eq!(name("node.1:pm25.3"), Ok((Some("node.1"), "pm25", 3)));
    assert_eq!(name("urn:dev:ow:1:pm25"), Ok((Some("urn:dev:ow:1"), "pm25", 0)));
    assert_eq!(name("pm2.x"), Ok((None, "pm2.x", 0)));
    assert_eq!((name("pm25.256"), name("node:"), name(".1")), (Err(InvalidName), Err(InvalidName), Err(InvalidName)));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        rows in prop::collection::vec((-1e6f64..1e6, 1_000_000_000_000i64..2_000_000_000_000), 1..50),
    ) {
        let entries: Vec<_> = rows.iter().map(|(value, unix_ms)| Entry { name: "pm25", unit: Some("ug/m3"), value: *value, unix_ms: *unix_ms }).collect();
        for bytes in [to_json("n1:", &entries), to_cbor("n1:", &entries)] {
            let back: Vec<_> = resolved(&bytes).into_iter().map(|r| r.expect("our own")).collect();
            prop_assert_eq!(back.len(), rows.len());
            for (row, back) in rows.iter().zip(back) {
                prop_assert_eq!(back.name.to_string(), "n1:pm25");
                prop_assert_eq!(&back.value, &Value::Number(row.0));
                prop_assert_eq!(back.time, Time::Absolute(row.1));
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(head in 0x80u8..=0x9f, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for first in [head, b'['] {
            let payload: Vec<u8> = core::iter::once(first).chain(bytes.iter().copied()).collect();
            if let Ok(pack) = parse(&payload) {
                pack.resolve(NOW).for_each(drop);
            }
        }
    }
}
