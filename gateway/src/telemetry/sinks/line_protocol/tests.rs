//! Lines read back as either store reads them ([`readback`]).

use proptest::prelude::*;

use super::readback::{Dialect, expected};
use super::*;

fn row<'a>(quantity: &'a str, node: &'a str, zone: Option<&'a str>, values: &'a Values) -> Row<'a> {
    Row {
        quantity,
        node,
        channel: 0,
        window: "PT1H",
        zone,
        from: Timestamp::from_millis(1_795_384_800_000),
        values,
        revision: 0,
        states: &[],
    }
}

fn encoded(row: &Row<'_>) -> Result<String, EncodeError> {
    let mut out = String::from("before\n");
    let result = encode(row, &mut out);
    let line = out.strip_prefix("before\n").expect("what was there stays").to_owned();
    assert_eq!(result.is_err(), line.is_empty());
    result.map(|()| line)
}

#[test]
fn a_row_as_it_is_documented() {
    let values = Values {
        count: 12,
        suspect: 1,
        failed: 3,
        expected: Some(12),
        capture: Some(1.0),
        valid: true,
        mean: Some(12.5),
        min: Some(-0.1),
        max: Some(1429.67),
        sum: Some(150.0),
        percentiles: Some([1.0, 2.0, 3.0, 4.5]),
        shares: Vec::new(),
    };
    assert_eq!(
        encoded(&row("pm25", "swing-3.toumba", Some("DKA"), &values)).expect("it can be written"),
        "pm25,channel=0,node=swing-3.toumba,window=PT1H,zone=DKA count=12i,n_expected=12i,suspect=1i,revision=0i,\
         valid=true,capture=1,mean=12.5,min=-0.1,max=1429.67,sum=150,p10=1,p50=2,p90=3,p95=4.5 1795384800000\n"
    );
}

#[test]
fn what_is_not_there_is_left_out() {
    let values = Values { mean: Some(f64::NAN), max: Some(f64::INFINITY), ..Values::default() };
    assert_eq!(
        encoded(&row("laeq", "n", None, &values)).expect("it can be written"),
        "laeq,channel=0,node=n,window=PT1H count=0i,suspect=0i,revision=0i,valid=false 1795384800000\n"
    );
}

#[test]
fn shares_are_named_by_their_states_code_or_else_its_number() {
    let values = Values { shares: vec![(1, 0.25), (2, 0.5), (-7, 0.25), (3, f64::NAN)], ..Values::default() };
    let states: [(i32, Arc<str>); 2] = [(1, "free".into()), (2, "in use".into())];
    let line = encoded(&Row { states: &states, ..row("parking", "n", None, &values) }).expect("it can be written");
    assert!(line.contains(",share_free=0.25,share_in\\ use=0.5,share_-7=0.25 "), "{line}");
    assert!(!line.contains("share_3"), "{line}");
}

#[test]
fn what_a_line_cannot_say_is_an_error_with_its_reason() {
    let values = Values { shares: vec![(1, 1.0)], ..Values::default() };
    let good = row("q", "n", None, &values);
    for (bad, error) in [
        (Row { quantity: "", ..good }, EncodeError::NoMeasurement),
        (Row { quantity: "#pm25", ..good }, EncodeError::Comment),
        (Row { quantity: "pm\n25", ..good }, EncodeError::ControlCharacter(Part::Quantity)),
        (Row { node: "n\\", ..good }, EncodeError::Backslash(Part::Node)),
        (Row { zone: Some("a\\,b"), ..good }, EncodeError::Backslash(Part::Zone)),
        (Row { zone: Some("a\\\\b"), ..good }, EncodeError::Backslash(Part::Zone)),
        (Row { window: "a\rb", ..good }, EncodeError::ControlCharacter(Part::Window)),
        (Row { states: &[(1, "x\\".into())], ..good }, EncodeError::Backslash(Part::State)),
        (Row { states: &[(1, "\"x".into())], ..good }, EncodeError::Quote),
    ] {
        assert_eq!(encoded(&bad), Err(error), "{bad:?}");
    }
}

/// Texts made to break a line: what means something to the protocol, often, among anything else.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            ",", "=", " ", "\\", "\"", "\n", "\r", "\t", "\0", "#", "i", "\u{85}", "\u{feff}", "ά", "🚲", "\\,", "\\\\", "' ",
        ]).prop_map(str::to_owned),
        3 => "[a-z0-9._-]{1,6}",
        2 => any::<char>().prop_map(String::from),
    ];
    let text = prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat());
    // Mostly such as can be said: five texts stand in a row, and one that cannot be refuses it.
    (text, prop::bool::weighted(0.05)).prop_map(|(text, raw)| match raw || can_be_said(&text) {
        true => text,
        false => text.chars().filter(|char| !char.is_control() && *char != '\\').collect(),
    })
}

fn number() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        1 => Just(None),
        2 => any::<f64>().prop_map(Some),
        1 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, 1e16, 1e-5, 9_007_199_254_740_993.0, 0.1,
        ]).prop_map(Some),
        2 => (-1000.0f64..1000.0).prop_map(Some),
    ]
}

prop_compose! {
    fn numbers()(
        (count, suspect, failed, expected, valid) in any::<(u32, u32, u32, Option<u32>, bool)>(),
        (capture, mean, min, max, sum) in (number(), number(), number(), number(), number()),
        percentiles in prop::option::of([any::<f64>(), any::<f64>(), any::<f64>(), any::<f64>()]),
        shares in prop::collection::btree_map(-3i32..4, any::<f64>(), 0..4),
    ) -> Values {
        Values { count, suspect, failed, expected, capture, valid, mean, min, max, sum, percentiles, shares: shares.into_iter().collect() }
    }
}

/// Whether the protocol can say the text, as the module promises.
fn can_be_said(text: &str) -> bool {
    let followed_badly = text
        .match_indices('\\')
        .any(|(at, _)| matches!(text[at + 1..].chars().next(), None | Some(',' | '=' | ' ' | '\\')));
    !followed_badly && !text.chars().any(char::is_control)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_line_reads_back_as_its_row_in_either_store_or_is_refused(
        quantity in hostile(),
        node in hostile(),
        window in hostile(),
        zone in prop::option::of(hostile()),
        codes in prop::collection::vec(hostile(), 3),
        channel in any::<u8>(),
        time_ms in any::<i64>(),
        revision in any::<u32>(),
        values in numbers(),
    ) {
        let states: Vec<(i32, Arc<str>)> = (0..).zip(codes.iter().map(|code| Arc::from(code.as_str()))).collect();
        let row = Row {
            quantity: &quantity,
            node: &node,
            channel,
            window: &window,
            zone: zone.as_deref(),
            from: Timestamp::from_millis(time_ms),
            values: &values,
            revision,
            states: &states,
        };
        match encoded(&row) {
            Ok(line) => {
                for dialect in [Dialect::Influx, Dialect::Victoria] {
                    prop_assert_eq!(dialect.parse(&line), expected(&row), "{:?} {:?}", dialect, line);
                }
            }
            Err(_) => {
                let shown = values.shares.iter().filter(|(_, share)| share.is_finite());
                let codes = shown.filter_map(|(state, _)| codes.get(usize::try_from(*state).ok()?)).map(String::as_str);
                let texts = [quantity.as_str(), &node, &window, zone.as_deref().unwrap_or("")];
                let quoted = codes.clone().any(|code| code.contains('"'));
                let sayable = texts.into_iter().chain(codes).all(can_be_said) && !quoted;
                prop_assert!(!sayable || quantity.is_empty() || quantity.starts_with('#'), "refused without reason: {:?}", row);
            }
        }
    }

    #[test]
    fn a_float_reads_back_to_the_bit(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let mut out = String::new();
        push_float(value, &mut out);
        prop_assert_eq!(out.parse::<f64>().map(f64::to_bits), Ok(bits), "{}", out);
        prop_assert!(out.len() <= 25, "{}", out);
    }
}
