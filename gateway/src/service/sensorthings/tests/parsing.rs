//! The parser: no input makes it panic, and what it writes again means the same.

use proptest::prelude::*;

use crate::service::sensorthings::request::parse;

/// Pieces that requests are made of, so that random ones get far.
const PIECES: &[&str] = &[
    "Things",
    "Datastreams",
    "Observations",
    "(1)",
    "(",
    ")",
    "/",
    "$filter=",
    "$expand=",
    "$select=",
    "$orderby=",
    "$top=",
    "$skip=",
    "$count=true",
    "&",
    ";",
    ",",
    " eq ",
    " and ",
    " not ",
    "not ",
    "-",
    "'",
    "''",
    "name",
    "id",
    "result",
    "phenomenonTime",
    "1",
    "2.5e3",
    "2026-11-20T00:00:00Z",
    "2026-11-20T00:00:00 02:00",
    "2026-11-20",
    "12:00",
    "P1D",
    "duration'PT1H'",
    "geography'POINT(1 2)'",
    "POLYGON((1 2,3 4,5 6,1 2))",
    "geography'",
    "substring(",
    "now()",
    "null",
    "true",
    "properties/a",
    "%27",
    "%",
    "%C3",
    "α",
    "+",
    "=",
    "@iot.id",
    "$value",
    "$ref",
    " mul ",
    "Thing",
    "FeatureOfInterest",
    " desc",
    "9223372036854775808",
    "-9223372036854775808",
    "99999-01-01T00:00:00Z",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_makes_it_panic(path in ".{0,60}", query in ".{0,200}") {
        let _ = parse(&path, &query);
    }

    #[test]
    fn nothing_likely_makes_it_panic(path in pieces(), query in pieces()) {
        let _ = parse(&path, &query);
        let _ = parse("/Observations", &format!("$filter={query}"));
        let _ = parse("/Things", &format!("$expand={query}"));
    }

    #[test]
    fn options_written_again_mean_the_same(
        expand in expands(), filter in conditions(), top in prop::option::of(0usize..50), skip in 0usize..50,
    ) {
        let mut query = format!("$filter={filter}");
        if !expand.is_empty() {
            query.push_str(&format!("&$expand={expand}"));
        }
        if let Some(top) = top {
            query.push_str(&format!("&$top={top}"));
        }
        let query = query.replace(' ', "%20");
        let request = parse("/Things", &query).expect("made of what is valid");
        let again = parse("/Things", &request.options.query(skip)).expect("written by us");
        let mut expected = request.options;
        expected.skip = skip;
        prop_assert_eq!(again.options, expected);
    }
}

fn conditions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "name eq 'a''b; c,(d'",
        "id gt 5 add 2",
        "substringof('α%2B%26',name)",
        "properties/zone ne null",
        "Datastreams/Sensor/name eq 'x'",
        "-id lt 3",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) or {b}")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

/// Valid `$expand`s of a Thing.
fn expands() -> impl Strategy<Value = String> {
    let observations = prop::sample::select(vec![
        "",
        "Observations",
        "Observations($top=1;$orderby=phenomenonTime desc)",
        "Observations($filter=result gt 5;$skip=2)",
        "Observations($select=result,id;$expand=FeatureOfInterest)",
    ]);
    let datastreams = (observations, prop::option::of(0usize..9), any::<bool>()).prop_map(|(inner, top, count)| {
        let mut options: Vec<String> = Vec::new();
        options.extend(top.map(|top| format!("$top={top}")));
        options.extend(count.then(|| "$count=true".to_owned()));
        options.extend((!inner.is_empty()).then(|| format!("$expand={inner},Sensor")));
        match options.is_empty() {
            true => "Datastreams/ObservedProperty".to_owned(),
            false => format!("Datastreams({})", options.join(";")),
        }
    });
    prop_oneof![Just(String::new()), datastreams.clone(), datastreams.prop_map(|d| format!("Locations,{d}"))]
}
