//! Packs after the examples of RFC 8428, section 5, in JSON and CBOR, both ways; tables of what must be refused, and
//! what must hold for all bytes.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_795_348_800_000; // 2026-11-22T12:00:00Z

type Outcome<'a> = (usize, Result<Resolved<'a>, RecordError>);

fn from_json(text: &str) -> Vec<Outcome<'_>> {
    json::parse(text.as_bytes()).expect("a pack").resolve(NOW).collect()
}

fn from_cbor(bytes: &[u8]) -> Vec<Outcome<'_>> {
    cbor::parse(bytes).expect("a pack").resolve(NOW).collect()
}

fn reading<'a>(name: &'a str, unit: &'a str, value: f64, measured_at_ms: i64, time: TimeKind) -> Resolved<'a> {
    Resolved {
        name: name.into(),
        unit: (!unit.is_empty()).then(|| unit.into()),
        value: Some(Value::Number(value)),
        sum: None,
        measured_at_ms,
        time,
    }
}

/// The errors of a pack, by place.
fn errors(outcomes: &[Outcome<'_>]) -> Vec<(usize, RecordError)> {
    outcomes.iter().filter_map(|(index, outcome)| Some((*index, outcome.as_ref().err().copied()?))).collect()
}

#[test]
fn a_single_value_is_of_now() {
    let expected = [(0, Ok(reading("n1:temperature", "Cel", 23.1, NOW, TimeKind::Absent)))];
    assert_eq!(from_json(r#"[{"n":"n1:temperature","u":"Cel","v":23.1}]"#), expected);
    let cbor = b"\x81\xa3\x00\x6en1:temperature\x01\x63Cel\x02\xfb\x40\x37\x19\x99\x99\x99\x99\x9a";
    assert_eq!(from_cbor(cbor), expected);
}

#[test]
fn bases_hold_for_the_records_that_follow() {
    let text = r#"[
        {"bn":"n1:","bt":1795348700.25,"bu":"Cel","bver":10,"n":"temperature","v":23.5},
        {"n":"humidity","u":"%RH","v":61,"t":-5},
        {"n":"temperature.1","v":-4.25,"t":60.5},
        {"bn":"n2:","bv":100,"n":"pressure","u":"hPa","v":913.25}
    ]"#;
    let absolute = TimeKind::Absolute;
    let expected = [
        (0, Ok(reading("n1:temperature", "Cel", 23.5, 1_795_348_700_250, absolute))),
        (1, Ok(reading("n1:humidity", "%RH", 61.0, 1_795_348_695_250, absolute))),
        (2, Ok(reading("n1:temperature.1", "Cel", -4.25, 1_795_348_760_750, absolute))),
        (3, Ok(reading("n2:pressure", "hPa", 1013.25, 1_795_348_700_250, absolute))),
    ];
    assert_eq!(from_json(text), expected);

    // The same in CBOR: array and maps of indefinite length, a text in pieces, labels as texts, floats of every size.
    let cbor = [
        &b"\x9f\xbf\x21\x7f\x62n1\x61:\xff\x22\xfb\x41\xda\xc0\xb6\x37\x10\x00\x00\x23\x63Cel\x20\x0a"[..],
        b"\x00\x6btemperature\x02\xf9\x4d\xe0\xff",
        b"\xa4\x61n\x68humidity\x61u\x63%RH\x61v\x18\x3d\x61t\x24",
        b"\xa3\x00\x6dtemperature.1\x02\xfa\xc0\x88\x00\x00\x06\xc4\x82\x20\x19\x02\x5d",
        b"\xbf\x21\x63n2:\x24\x18\x64\x00\x68pressure\x01\x63hPa\x02\xc4\x82\x21\x1a\x00\x01\x64\xbd\xff\xff",
    ]
    .concat();
    assert_eq!(from_cbor(&cbor), expected);
}

#[test]
fn every_type_of_value_and_sums() {
    let text = r#"[
        {"bn":"n1:","n":"open","vb":true},
        {"n":"label","vs":"κλειστό \"A\""},
        {"n":"raw","vd":"-_8"},
        {"n":"energy","v":5,"s":120.5},
        {"n":"energy","s":3,"bs":100},
        {"n":"power","v":7}
    ]"#;
    let outcomes = from_json(text);
    assert_eq!(errors(&outcomes), []);
    let seen: Vec<_> = outcomes.into_iter().map(|(_, o)| o.map(|r| (r.value, r.sum)).expect("a reading")).collect();
    let expected = [
        (Some(Value::Boolean(true)), None),
        (Some(Value::Text("κλειστό \"A\"".into())), None),
        (Some(Value::Data(Cow::Borrowed(&[0xfb, 0xff]))), None),
        (Some(Value::Number(5.0)), Some(120.5)),
        (None, Some(103.0)),
        (Some(Value::Number(7.0)), Some(100.0)),
    ];
    assert_eq!(seen, expected);
    let cbor = b"\x83\xa2\x00\x61a\x04\xf5\xa2\x00\x61b\x03\x62\xce\xac\xa2\x00\x61c\x08\x42\xfb\xff";
    let seen: Vec<_> = from_cbor(cbor).into_iter().map(|(_, o)| o.expect("a reading").value).collect();
    let data = Value::Data(Cow::Borrowed(&[0xfb, 0xff][..]));
    assert_eq!(seen, [Some(Value::Boolean(true)), Some(Value::Text("ά".into())), Some(data)]);
}

#[test]
fn times_are_told_in_whole_milliseconds() {
    let (absolute, relative) = (TimeKind::Absolute, TimeKind::Relative);
    let table = [
        (r#""t":0"#, Ok((NOW, relative))),
        (r#""t":-0.0004"#, Ok((NOW, relative))),
        (r#""t":-0.0005"#, Ok((NOW - 1, relative))),
        (r#""t":0.0005"#, Ok((NOW + 1, relative))),
        (r#""bt":-60,"t":1.5"#, Ok((NOW - 58_500, relative))),
        (r#""t":268435455.999"#, Ok((NOW + 268_435_455_999, relative))),
        (r#""t":268435456"#, Ok((268_435_456_000, absolute))),
        (r#""bt":268435450,"t":6"#, Ok((268_435_456_000, absolute))),
        (r#""t":-268435456"#, Ok((NOW - 268_435_456_000, relative))),
        (r#""bt":1795348800"#, Ok((NOW, absolute))),
        (r#""t":1.795348800123e9"#, Ok((NOW + 123, absolute))),
        (r#""t":1e300"#, Err(RecordError::TimeOutOfRange)),
        (r#""t":-1e18"#, Err(RecordError::TimeOutOfRange)),
    ];
    for (time, expected) in table {
        let text = format!(r#"[{{"n":"x","v":1,{time}}}]"#);
        let outcomes = from_json(&text);
        let seen = outcomes[0].1.as_ref().map(|r| (r.measured_at_ms, r.time)).map_err(|error| *error);
        assert_eq!(seen, expected, "{time}");
    }
}

#[test]
fn a_bad_record_spoils_no_other() {
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    let long_name = "x".repeat(NAME_BYTES_MAX + 1);
    let text_too_long = format!(r#"{{"n":"a","vs":"{long}"}}"#);
    let name_too_long = format!(r#"{{"n":"{long_name}","v":1}}"#);
    let table = [
        ("7", RecordError::NotARecord),
        ("-7", RecordError::NotARecord),
        ("0.5", RecordError::NotARecord),
        ("null", RecordError::NotARecord),
        ("true", RecordError::NotARecord),
        (r#""a""#, RecordError::NotARecord),
        (r#"[{"n":"a","v":1}]"#, RecordError::NotARecord),
        (r#"{}"#, RecordError::NameMissing),
        (r#"{"v":1}"#, RecordError::NameMissing),
        (r#"{"n":"","v":1}"#, RecordError::NameMissing),
        (r#"{"n":"-a","v":1}"#, RecordError::NameInvalid),
        (r#"{"n":"a b","v":1}"#, RecordError::NameInvalid),
        (r#"{"n":"θερμοκρασία","v":1}"#, RecordError::NameInvalid),
        (&name_too_long, RecordError::NameInvalid),
        (r#"{"n":"a"}"#, RecordError::NoValue),
        (r#"{"n":"a","v":1,"vs":"1"}"#, RecordError::SeveralValues),
        (r#"{"n":"a","v":"1"}"#, RecordError::WrongType),
        (r#"{"n":"a","v":null}"#, RecordError::WrongType),
        (r#"{"n":"a","v":[1,{"b":2}]}"#, RecordError::WrongType),
        (r#"{"n":"a","v":{"b":[2]}}"#, RecordError::WrongType),
        (r#"{"n":1,"v":1}"#, RecordError::WrongType),
        (r#"{"n":"a","vb":1}"#, RecordError::WrongType),
        (r#"{"n":"a","vd":"%"}"#, RecordError::WrongType),
        (r#"{"n":"a","v":1,"t":"now"}"#, RecordError::WrongType),
        (&text_too_long, RecordError::TextTooLong),
        (r#"{"n":"a","v":1,"v":1}"#, RecordError::RepeatedLabel),
        (r#"{"n":"a","v":1,"x_":1}"#, RecordError::UnknownMandatoryLabel),
    ];
    let good = r#"{"n":"good","v":1}"#;
    for (record, error) in table {
        let text = format!("[{good},{record},{good}]");
        let outcomes = from_json(&text);
        assert_eq!(outcomes.len(), 3, "{record}");
        assert_eq!(errors(&outcomes), [(1, error)], "{record}");
    }
}

#[test]
fn unknown_labels_are_ignored_with_all_that_is_in_them() {
    let text = r#"[{"n":"a","x":{"y":[1,"_"]},"v":1,"_":null,"z":"q"}]"#;
    let optional = text.replace(r#""_":null,"#, "");
    let found = from_json(&optional);
    assert_eq!(found, [(0, Ok(reading("a", "", 1.0, NOW, TimeKind::Absent)))]);
    assert_eq!(errors(&from_json(text)), [(0, RecordError::UnknownMandatoryLabel)]);
    let cbor = b"\x81\xa4\x00\x61a\x09\x82\x9f\xbf\x01\x02\xff\xff\xd8\x20\x61u\x61x\xf6\x02\x01";
    assert_eq!(from_cbor(cbor), [(0, Ok(reading("a", "", 1.0, NOW, TimeKind::Absent)))]);
}

#[test]
fn a_base_that_cannot_be_used_spoils_what_follows_until_it_is_set_again() {
    let text = r#"[
        {"n":"a","v":1},
        {"bt":"yesterday","n":"b","v":1},
        {"n":"c","v":1},
        {"bt":1795348800,"n":"d","v":1},
        {"bn":"x","bn":"y","v":1},
        {"n":"e","v":1},
        {"bn":"f","v":1},
        {"bz_":1,"n":"g","v":1},
        {"n":"h","v":1}
    ]"#;
    let expected = [
        (1, RecordError::WrongType),
        (2, RecordError::Base),
        (4, RecordError::RepeatedLabel),
        (5, RecordError::Base),
        (7, RecordError::UnknownMandatoryLabel),
        (8, RecordError::Base),
    ];
    assert_eq!(errors(&from_json(text)), expected);
}

#[test]
fn a_record_of_bases_alone_tells_nothing() {
    let outcomes = from_json(r#"[{"bn":"n1:","bt":1795348800},{"n":"a","v":1}]"#);
    assert_eq!(outcomes, [(1, Ok(reading("n1:a", "", 1.0, NOW, TimeKind::Absolute)))]);
}

#[test]
fn what_is_not_a_pack_is_told_apart() {
    let many = |count| format!("[{}]", ["7"].repeat(count).join(","));
    assert_eq!(json::parse(many(RECORDS_MAX).as_bytes()).map(|pack| pack.len()), Ok(RECORDS_MAX));
    let deep = "[".repeat(100_000);
    let deep_value = format!(r#"[{{"x":{}{}}}]"#, "[".repeat(50_000), "]".repeat(50_000));
    assert!(json::parse(deep_value.as_bytes()).is_ok_and(|pack| pack.len() == 1), "ignored without recursion");
    let table = [
        ("", SenmlError::Malformed),
        ("{}", SenmlError::Malformed),
        ("[", SenmlError::Malformed),
        ("[]", SenmlError::Empty),
        ("[{}] x", SenmlError::Malformed),
        ("[{},]", SenmlError::Malformed),
        (r#"[{"n":"a","v":NaN}]"#, SenmlError::Malformed),
        (r#"[{"n":"a","v":Infinity}]"#, SenmlError::Malformed),
        (r#"[{"n":"a","v":1e999}]"#, SenmlError::Malformed),
        (r#"[{"n":"a","v":01}]"#, SenmlError::Malformed),
        (r#"[{"n":"a","v":1},{"bver":11,"n":"b","v":1}]"#, SenmlError::Version),
        (r#"[{"bver":1e30,"n":"b","v":1}]"#, SenmlError::Version),
        (&deep, SenmlError::Malformed),
        (&many(RECORDS_MAX + 1), SenmlError::TooManyRecords),
    ];
    for (text, error) in table {
        assert_eq!(json::parse(text.as_bytes()), Err(error), "{:.60}", text);
    }
    assert_eq!(json::parse(b"[{\"n\":\"\xff\",\"v\":1}]"), Err(SenmlError::Malformed));
    assert_eq!(errors(&from_json(r#"[{"bver":9.5,"n":"b","v":1}]"#)), [(0, RecordError::WrongType)]);

    let mut deep = [0x81].repeat(DEEP);
    deep.push(0x01);
    let table: &[(&[u8], SenmlError)] = &[
        (b"", SenmlError::Malformed),
        (b"\x80", SenmlError::Empty),
        (b"\x9f\xff", SenmlError::Empty),
        (b"\x9f", SenmlError::Malformed),
        (b"\xa0", SenmlError::Malformed),
        (b"\x81\xa0\x00", SenmlError::Malformed),
        (b"\x81\xff", SenmlError::Malformed),
        (b"\x81\xa1\x00", SenmlError::Malformed),
        (b"\x81\xa1\x00\x61\xff", SenmlError::Malformed),
        (b"\x81\xa1\x09\xff", SenmlError::Malformed),
        (b"\x81\xbf\x00\xff", SenmlError::Malformed),
        (b"\x81\xa1\x20\x0b", SenmlError::Version),
        (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", SenmlError::Malformed),
        (b"\x81\xbb\xff\xff\xff\xff\xff\xff\xff\xff", SenmlError::Malformed),
        (&deep, SenmlError::Malformed),
    ];
    for (bytes, error) in table {
        assert_eq!(cbor::parse(bytes), Err(*error), "{:02x?}", &bytes[..bytes.len().min(20)]);
    }
    let many = [&[0x9f][..], &[0x00; RECORDS_MAX + 1], &[0xff]].concat();
    assert_eq!(cbor::parse(&many), Err(SenmlError::TooManyRecords));
}

const DEEP: usize = 100_000;

#[test]
fn numbers_of_cbor() {
    let value = |bytes: &[u8]| {
        let bytes = [b"\x81\xa2\x00\x61a\x02", bytes].concat();
        let outcome = from_cbor(&bytes).remove(0).1;
        outcome.map(|r| if let Some(Value::Number(number)) = r.value { number } else { panic!("no number: {r:?}") })
    };
    let table: &[(&[u8], f64)] = &[
        (b"\x20", -1.0),
        (b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 18_446_744_073_709_551_615.0),
        (b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", -18_446_744_073_709_551_616.0),
        (b"\xf9\x3c\x00", 1.0),
        (b"\xf9\x7c\x00", f64::INFINITY),
        (b"\xfa\x47\xc3\x50\x00", 100_000.0),
        (b"\xc4\x82\x21\x19\x09\x29", 23.45),
        (b"\xc4\x9f\x21\x19\x09\x29\xff", 23.45),
        (b"\xc4\x82\x02\x05", 500.0),
        (b"\xc4\x82\x39\xff\xff\x01", 0.0),
        (b"\xc4\x82\x19\xff\xff\x20", f64::NEG_INFINITY),
        (b"\xc4\x82\x3b\x7f\xff\xff\xff\xff\xff\xff\xff\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", -0.0),
    ];
    for (bytes, number) in table {
        assert_eq!(value(bytes), Ok(*number), "{bytes:02x?}");
    }
    assert!(value(b"\xf9\x7e\x00").is_ok_and(f64::is_nan));
    for bytes in [&b"\xc4\x81\x01"[..], b"\xc4\x83\x01\x01\x01", b"\xc2\x41\x01", b"\xc4\x82\x61a\x01", b"\xf6"] {
        assert_eq!(value(bytes), Err(RecordError::WrongType), "{bytes:02x?}");
    }
}

#[test]
fn json_numbers_keep_their_last_bit() {
    for text in ["23.450000000000003", "0.1234567890123456789", "9007199254740993", "1.7976931348623157e308"] {
        let pack = format!(r#"[{{"n":"a","v":{text}}}]"#);
        let outcomes = from_json(&pack);
        let value = outcomes[0].1.as_ref().map(|r| r.value.clone());
        assert_eq!(value, Ok(Some(Value::Number(text.parse().expect("a number")))), "{text}");
    }
}

#[test]
fn texts_are_borrowed_where_they_can_be() {
    let outcomes = from_json(r#"[{"n":"a","u":"Cel","vs":"x"},{"n":"a","vs":"\u0041"}]"#);
    let value = |k: usize| outcomes[k].1.as_ref().expect("a reading").value.clone().expect("a value");
    assert!(matches!(outcomes[0].1.as_ref().expect("a reading").name, Cow::Borrowed("a")));
    assert!(matches!(value(0), Value::Text(Cow::Borrowed("x"))));
    assert!(matches!(value(1), Value::Text(Cow::Owned(text)) if text == "A"));
}

#[test]
fn golden_packs() {
    let records = [
        Record {
            base_version: Some(10),
            base_name: Some("n1:".into()),
            base_time: Some(1_795_348_800.0),
            name: Some("pm25".into()),
            unit: Some("ug/m3".into()),
            value: Some(Value::Number(12.5)),
            ..Record::default()
        },
        Record { name: Some("open".into()), value: Some(Value::Boolean(false)), ..Record::default() },
        Record { name: Some("raw".into()), value: Some(Value::Data(Cow::Borrowed(&[1, 2]))), ..Record::default() },
        Record { name: Some("label".into()), value: Some(Value::Text("ά".into())), ..Record::default() },
        Record {
            name: Some("pm25".into()),
            value: Some(Value::Number(0.1)),
            time: Some(-60.0),
            sum: Some(3.0),
            update_time: Some(300.0),
            ..Record::default()
        },
    ];
    let text = concat!(
        r#"[{"bn":"n1:","bt":1795348800,"bver":10,"n":"pm25","u":"ug/m3","v":12.5},{"n":"open","vb":false},"#,
        r#"{"n":"raw","vd":"AQI"},{"n":"label","vs":"ά"},{"n":"pm25","v":0.1,"s":3,"t":-60,"ut":300}]"#
    );
    assert_eq!(json::encode(&records).as_deref(), Ok(text));
    let bytes = [
        &b"\x85\xa6\x21\x63n1:\x00\x64pm25\x01\x65ug/m3\x20\x0a\x22\x1a\x6b\x02\xd9\x40\x02\xfa\x41\x48\x00\x00"[..],
        b"\xa2\x00\x64open\x04\xf4",
        b"\xa2\x00\x63raw\x08\x42\x01\x02",
        b"\xa2\x00\x65label\x03\x62\xce\xac",
        b"\xa5\x00\x64pm25\x05\x03\x06\x38\x3b\x07\x19\x01\x2c\x02\xfb\x3f\xb9\x99\x99\x99\x99\x99\x9a",
    ]
    .concat();
    assert_eq!(cbor::encode(&records), bytes);
    assert_eq!(from_json(text), from_cbor(&bytes));
    assert_eq!(errors(&from_json(text)), []);

    let bad = Record { value: Some(Value::Number(f64::NAN)), ..Record::default() };
    assert_eq!(json::encode(&[bad]), Err(json::NotFinite));
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("finite", |n| n.is_finite()), any::<i32>().prop_map(f64::from), -1e3..1e3]
}

fn any_value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        any_number().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Boolean),
        any::<String>().prop_map(|text| Value::Text(text.into())),
        vec(any::<u8>(), 0..50).prop_map(|data| Value::Data(data.into())),
    ]
}

fn any_record() -> impl Strategy<Value = Record<'static>> {
    let text = || proptest::option::of("[a-z:.]{0,8}|\\PC{0,6}".prop_map(|text| Cow::Owned(text.to_string())));
    let number = || proptest::option::of(any_number());
    let bases = (proptest::option::of(1u32..=10), text(), number(), text(), number(), number());
    let own = (text(), text(), proptest::option::of(any_value()), number(), number(), number());
    (bases, own).prop_map(|(bases, own)| {
        let (base_version, base_name, base_time, base_unit, base_value, base_sum) = bases;
        let (name, unit, value, sum, time, update_time) = own;
        Record {
            base_version,
            base_name,
            base_time,
            base_unit,
            base_value,
            base_sum,
            name,
            unit,
            value,
            sum,
            time,
            update_time,
        }
    })
}

proptest! {
    #[test]
    fn every_pack_comes_back_as_it_was(records in vec(any_record(), 1..5)) {
        let text = json::encode(&records).expect("all finite");
        let bytes = cbor::encode(&records);
        for pack in [json::parse(text.as_bytes()), cbor::parse(&bytes)] {
            let read: Vec<_> = pack.expect("a pack").records.into_iter().map(|parsed| parsed.record).collect();
            prop_assert_eq!(&read, &records);
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in vec(any::<u8>(), 0..300), text in "[\\[\\]{}:,\"a-z0-9.eE+\\-_ ]{0,200}") {
        for payload in [bytes.as_slice(), text.as_bytes()] {
            let _ = json::parse(payload).map(|pack| pack.resolve(NOW).count());
            let _ = cbor::parse(payload).map(|pack| pack.resolve(NOW).count());
        }
    }

    #[test]
    fn no_damage_to_a_pack_makes_a_decoder_panic(
        records in vec(any_record(), 1..4),
        place: proptest::sample::Index,
        byte: u8,
        now: i64,
    ) {
        let mut text = json::encode(&records).expect("all finite").into_bytes();
        let mut bytes = cbor::encode(&records);
        *place.get_mut(&mut text) = byte;
        *place.get_mut(&mut bytes) = byte;
        let _ = json::parse(&text).map(|pack| pack.resolve(now).count());
        let _ = cbor::parse(&bytes).map(|pack| pack.resolve(now).count());
    }
}
