//! `$filter` and `$orderby`: conditions and what they find.

use serde_json::json;

use super::fake::Fake;
use super::{Client, Settings, limits};

/// Each condition on Things, and the names it leaves.
#[test]
fn things_by_condition() {
    let client = Client::new();
    let cases: &[(&str, &[&str])] = &[
        ("id eq 1", &["air-1"]),
        ("@iot.id le 2", &["air-1", "air-2"]),
        ("name eq 'air-1'", &["air-1"]),
        ("'air-1' eq name", &["air-1"]),
        ("not name eq 'air-1'", &[]),
        ("not (name eq 'air-1') and id lt 4", &["air-2", "lot-1"]),
        ("id eq 1 or id eq 2 and name eq 'nothing'", &["air-1"]),
        ("(id eq 1 or id eq 2) and name eq 'nothing'", &[]),
        ("startswith(name,'air') and endswith(name, '2')", &["air-2"]),
        ("substringof('ir-', name)", &["air-1", "air-2"]),
        ("length(name) eq 4", &["idle"]),
        ("indexof(name,'1') eq 4 and id lt 9", &["air-1", "lot-1"]),
        ("substring(name,1) eq 'ir-1'", &["air-1"]),
        ("substring(name,0,3) eq 'lot'", &["lot-1"]),
        ("toupper(name) eq 'IDLE'", &["idle"]),
        ("tolower('IDLE') eq name", &["idle"]),
        ("trim(concat(name,' ')) eq 'idle'", &["idle"]),
        ("id mod 2 eq 0 and id lt 9", &["air-2", "idle"]),
        ("id add 1 eq 4", &["lot-1"]),
        ("id sub 1 mul 2 eq 0 sub 1", &["air-1"]),
        ("id div 2 eq 1 and id lt 9", &["air-2", "lot-1"]),
        ("-id eq -3", &["lot-1"]),
        ("round(2.5) eq 3 and floor(2.9) eq 2 and ceiling(2.1) eq 3 and id eq 4", &["idle"]),
        ("properties/zone eq 'DKA'", &["air-1", "air-2", "lot-1"]),
        ("properties/zone eq null", &["idle", "stray", "egnatia"]),
        ("properties/site_name/en ne null", &["air-1", "air-2"]),
        ("properties/indicative eq true", &["air-1", "air-2"]),
        ("properties/indicative", &["air-1", "air-2"]),
        ("Datastreams/ObservedProperty/name eq 'temperature'", &["air-1"]),
        ("Datastreams/properties/channel gt 0", &["air-2"]),
        ("not (Datastreams/id ge 0)", &["idle"]),
        ("Locations/name eq 'White Tower'", &["air-1"]),
        ("HistoricalLocations/Locations/name eq 'White Tower'", &["air-1", "air-2"]),
        (
            "st_within(Locations/location, geography'POLYGON((22.94 40.62, 22.949 40.62, 22.949 40.63, 22.94 40.63, 22.94 40.62))')",
            &["air-1"],
        ),
        ("geo.distance(Locations/location, geography'POINT(22.95 40.63)') lt 0.001", &["lot-1"]),
        ("st_equals(Locations/location, geography'POINT (22.95 40.63)')", &["lot-1"]),
        ("st_relate(Locations/location, geography'POINT(22.95 40.63)', 'T*F**FFF*')", &["lot-1"]),
        ("st_contains(geography'LINESTRING(22.95 40,22.95 41)', Locations/location)", &["lot-1"]),
        ("st_touches(Locations/location, geography'LINESTRING(22.95 40.63,22.95 41)')", &["lot-1"]),
        ("st_disjoint(Locations/location, geography'POINT(22.95 40.63)')", &["air-1", "air-2"]),
        ("st_crosses(Locations/location, geography'LINESTRING(22 40,23 41)')", &[]),
        (
            "geo.intersects(Locations/location, geography'POLYGON((22 40,23 40,23 41,22 41,22 40),(22.949 40.62,22.951 40.62,22.951 40.64,22.949 40.64,22.949 40.62))')",
            &["air-1", "air-2"],
        ),
        ("geo.length(geography'LINESTRING(0 0,3 4,3 5)') eq 6 and id eq 1", &["air-1"]),
        ("name eq 5", &[]),
        ("1 div 0 eq null and id eq 1", &["air-1"]),
    ];
    for (condition, expected) in cases {
        let found = client.each(&format!("/Things?$filter={condition}"), "/name");
        assert_eq!(found, expected.iter().map(|name| json!(name)).collect::<Vec<_>>(), "{condition}");
    }
}

/// Each condition on the minutes of a Datastream, and how many it leaves: counted by the store, and read one by one.
#[test]
fn observations_by_condition() {
    let client = Client::new();
    let cases: &[(&str, u64)] = &[
        ("phenomenonTime ge 2026-11-20T04:00:00Z", 10),
        ("phenomenonTime gt 2026-11-20T04:00:00Z", 9),
        ("phenomenonTime lt 2026-11-20T00:10:00Z", 10),
        ("phenomenonTime le 2026-11-20T00:10:00Z", 11),
        ("2026-11-20T00:10:00Z ge phenomenonTime", 11),
        ("phenomenonTime eq 2026-11-20T00:10:00Z", 1),
        ("phenomenonTime ne 2026-11-20T00:10:00Z", 249),
        ("resultTime lt 2026-11-20T00:10:00.000Z", 10),
        ("phenomenonTime lt 2026-11-20T02:10:00%2B02:00", 10),
        ("phenomenonTime lt 2026-11-20T02:10:00+02:00", 10),
        ("phenomenonTime ge 2026-11-20T00:09:59.999999Z", 240),
        ("phenomenonTime gt 2026-11-20T00:09:59.999999Z", 240),
        ("phenomenonTime le 2026-11-20T00:09:59.999999Z", 10),
        ("phenomenonTime ge 2026-11-20T01:00:00Z and phenomenonTime lt 2026-11-20T02:00:00Z", 60),
        ("phenomenonTime ge 2026-11-20T01:00:00Z and phenomenonTime lt 2026-11-20T02:00:00Z and result gt 100", 29),
        ("phenomenonTime lt 2026-11-20T01:00:00Z or phenomenonTime ge 2026-11-20T04:00:00Z", 70),
        ("not (phenomenonTime lt 2026-11-20T01:00:00Z)", 190),
        ("phenomenonTime lt 2026-11-20T02:00:00Z sub duration'PT1H'", 60),
        ("phenomenonTime sub duration'PT1H' lt 2026-11-20T00:00:00Z", 60),
        ("phenomenonTime gt 2026-11-20T01:00:00Z/2026-11-20T02:00:00Z", 130),
        ("phenomenonTime lt 2026-11-20T01:00:00Z/2026-11-20T02:00:00Z", 60),
        ("phenomenonTime gt now()", 0),
        ("phenomenonTime lt mindatetime() or phenomenonTime gt maxdatetime()", 0),
        ("hour(phenomenonTime) eq 3 and minute(phenomenonTime) lt 30", 30),
        ("year(resultTime) eq 2026 and month(resultTime) eq 11 and day(resultTime) eq 20", 250),
        ("second(resultTime) eq 0 and fractionalseconds(resultTime) eq 0", 250),
        ("date(resultTime) eq 2026-11-20 and time(resultTime) ge 04:00:00", 10),
        ("totaloffsetminutes(resultTime) eq 0", 250),
        ("result ge 250", 10),
        ("result add 1 gt 250.5e0", 10),
        ("result mod 2 eq 0", 125),
        ("resultQuality eq 3", 59),
        ("parameters/qartod/gross_range eq 3 and parameters/raw lt 210", 9),
        ("parameters/marks/0 eq 'time_by_age'", 1),
        ("id eq 34359738369", 1),
        ("id eq 17179869185", 0),
        ("id gt 34359738369", 248),
        ("Datastream/id eq 8", 250),
        ("Datastream/Thing/name eq 'air-2'", 0),
        ("FeatureOfInterest/name eq 'White Tower'", 250),
        ("true", 250),
        ("1 gt 2", 0),
        ("validTime eq null", 250),
    ];
    for (condition, expected) in cases {
        let url = format!("/Datastreams(8)/Observations?$filter={condition}&$top=0&$count=true");
        assert_eq!(client.json(&url)["@iot.count"], json!(expected), "{condition}");
        let url = format!("/Datastreams(8)/Observations?$filter={condition}&$top=10000&$orderby=phenomenonTime desc");
        assert_eq!(client.each(&url, "/@iot.id").len() as u64, *expected, "{condition}");
    }
}

/// Windows lie before and after moments as whole windows do.
#[test]
fn windows_by_condition() {
    let client = Client::new();
    let cases: &[(&str, u64)] = &[
        ("phenomenonTime ge 2026-11-20T01:00:00Z", 4),
        ("phenomenonTime gt 2026-11-20T01:00:00Z", 3),
        ("phenomenonTime lt 2026-11-20T02:00:00Z", 2),
        ("phenomenonTime lt 2026-11-20T01:59:59Z", 1),
        ("phenomenonTime le 2026-11-20T02:00:00Z", 2),
        ("phenomenonTime eq 2026-11-20T01:00:00Z/2026-11-20T02:00:00Z", 1),
        ("phenomenonTime eq 2026-11-20T01:00:00Z/PT1H", 1),
        ("phenomenonTime eq 2026-11-20T01:00:00Z", 0),
        ("phenomenonTime gt 2026-11-20T01:00:00Z/2026-11-20T02:00:00Z", 3),
        ("phenomenonTime lt 2026-11-20T01:00:00Z/2026-11-20T02:00:00Z", 1),
        ("resultTime le 2026-11-20T02:00:00Z", 2),
        ("parameters/count lt 60", 1),
        ("parameters/status eq 'settled' and parameters/max gt 200", 2),
        ("id eq 43009592248", 0),
    ];
    for (condition, expected) in cases {
        let url = format!("/Datastreams(10)/Observations?$filter={condition}&$count=true");
        let found = client.json(&url);
        assert_eq!(found["@iot.count"], json!(expected), "{condition}");
        assert_eq!(found["value"].as_array().expect("a collection").len() as u64, *expected, "{condition}");
    }
    let day = "/Datastreams(11)/Observations?$count=true&$filter=phenomenonTime";
    assert_eq!(client.json(&format!("{day} le 2026-11-21T00:00:00Z"))["@iot.count"], 1);
    assert_eq!(client.json(&format!("{day} lt 2026-11-20T23:30:00Z"))["@iot.count"], 0);
}

#[test]
fn orders() {
    let client = Client::new();
    let names = |url: &str| client.each(url, "/name");
    assert_eq!(names("/Things?$orderby=name desc&$top=2"), [json!("stray"), json!("lot-1")]);
    assert_eq!(
        names("/Things?$orderby=properties/node_type desc,id asc&$top=3"),
        [json!("lot-1"), json!("idle"), json!("air-1")]
    );
    assert_eq!(names("/Datastreams?$orderby=Thing/name,id desc&$top=1"), [json!("air-1 temperature P1D")]);
    let results = |url: &str| client.each(url, "/result");
    let base = "/Datastreams(8)/Observations?$top=2&$orderby=";
    assert_eq!(results(&format!("{base}phenomenonTime desc")), [json!(259.0), json!(258.0)]);
    assert_eq!(results(&format!("{base}resultTime desc&$skip=1")), [json!(258.0), json!(257.0)]);
    assert_eq!(results(&format!("{base}result mod 10 desc,result desc")), [json!(259.0), json!(249.0)]);
    let twice = "/Datastreams(40)/Observations?$orderby=phenomenonTime desc,id";
    assert_eq!(
        client.each(&format!("{twice} desc"), "/@iot.id"),
        [40u64, 40, 40].iter().zip([2, 1, 0]).map(|(d, o)| json!((d << 32) + o)).collect::<Vec<_>>()
    );
    assert_eq!(client.each(&format!("{twice} asc"), "/@iot.id"), [1, 2, 0].map(|o| json!((40u64 << 32) + o)));
    let newest = client.each("/Observations?$orderby=phenomenonTime desc&$top=3", "/phenomenonTime");
    assert_eq!(newest[0], "2026-11-20T23:00:00.000Z/2026-11-21T00:00:00.000Z");
}

#[test]
fn conditions_that_make_no_sense_are_told() {
    let client = Client::new();
    let cases = [
        ("", 400, "found the end"),
        ("name", 200, ""),
        ("name eq", 400, "found the end"),
        ("nonsense eq 1", 400, "nonsense"),
        ("Datastreams eq 1", 400, "relation"),
        ("Datastreams/nonsense eq 1", 400, "nonsense"),
        ("name eq 'x", 400, "does not end"),
        ("(name eq 'x'", 400, "')'"),
        ("name eq 'x')", 400, "operator"),
        ("contains(name,'x')", 400, "contains"),
        ("length(name,'x') eq 1", 400, "argument"),
        ("name like 'x'", 400, "operator"),
        ("name eq 2026-13-01T00:00:00Z", 400, "moment"),
        ("name eq 2026-11-01T00:00:00", 400, "moment"),
        ("name eq 12abc", 400, "number"),
        ("name eq 1e999", 400, "number"),
        ("name eq datetime'2026'", 400, "datetime"),
        ("st_overlaps(geography'LINESTRING(1 1,2 2)', geography'LINESTRING(1 1,2 2)')", 501, "point"),
        ("Datastreams/Observations/result gt 5", 501, "Observations"),
        ("Datastreams/name eq name", 501, "mixes"),
        ("name eq #", 400, "no meaning"),
    ];
    for (condition, status, word) in cases {
        let (found, body) = client.get(&format!("/Things?$filter={}", condition.replace('#', "%23")));
        assert_eq!(found, status, "{condition}: {body}");
        assert!(body.contains(word), "{condition}: {body}");
    }
    for deep in ["(".repeat(5_000), "not ".repeat(3_000), "-".repeat(9_000)] {
        assert_eq!(client.get(&format!("/Things?$filter={deep}")).0, 400);
    }
    let long = format!("/Things?$filter=1 eq 1{}", " or 1 eq 1".repeat(600));
    assert_eq!(client.get(&long).0, 400);
}

#[test]
fn what_costs_too_much_is_told() {
    let client = Client::of(Fake::city(), Settings { limits: limits(), ..Settings::default() });
    let url = "/Observations?$filter=result gt 100000";
    let (status, body) = client.get(url);
    assert_eq!((status, body.contains("narrow")), (400, true), "{body}");
    let url = "/Things?$top=7&$expand=Datastreams($top=7;$expand=Observations($top=7))";
    let (status, body) = client.get(url);
    assert_eq!((status, body.contains("$top")), (400, true), "{body}");
}
