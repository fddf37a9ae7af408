//! What entities look like, and where paths lead.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::fake::{DAY, Fake};
use super::{Client, Settings};

const B: &str = "http://city.test/v1.1";

/// Number of an observation: Datastream and place.
fn observation(datastream: u64, within: u64) -> u64 {
    (datastream << 32) | within
}

/// Minutes from 1970 to the day of the tests.
const MINUTES: u64 = (DAY / 60_000) as u64;

#[test]
fn the_root_lists_the_sets_and_what_is_met() {
    let client = Client::new();
    for url in ["", "/"] {
        let root = client.json(url);
        let names: Vec<&str> =
            root["value"].as_array().expect("sets").iter().filter_map(|set| set["name"].as_str()).collect();
        assert_eq!(
            names,
            [
                "Things",
                "Locations",
                "HistoricalLocations",
                "Datastreams",
                "Sensors",
                "ObservedProperties",
                "Observations",
                "FeaturesOfInterest"
            ]
        );
        assert_eq!(root["value"][7]["url"], format!("{B}/FeaturesOfInterest"));
        let conformance = root["serverSettings"]["conformance"].as_array().expect("URIs");
        assert!(conformance.contains(&json!("http://www.opengis.net/spec/iot_sensing/1.1/req/datamodel")));
    }
}

#[test]
fn a_thing_is_written_as_the_standard_writes_it() {
    let (_, body) = Client::new().get("/Things(1)");
    let expected = format!(
        concat!(
            r#"{{"@iot.id":1,"@iot.selfLink":"{0}/Things(1)","Locations@iot.navigationLink":"{0}/Things(1)/Locations","#,
            r#""HistoricalLocations@iot.navigationLink":"{0}/Things(1)/HistoricalLocations","#,
            r#""Datastreams@iot.navigationLink":"{0}/Things(1)/Datastreams","#,
            r#""name":"air-1","description":"air node, White Tower","properties":{{"node_type":"air","serial":"SN-1","#,
            r#""site":"white-tower","site_name":{{"el":"τόπος","en":"White Tower"}},"zone":"DKA","#,
            r#""zone_name":{{"el":"Α΄","en":"First"}},"power":"mains","indicative":true}}}}"#,
        ),
        B
    );
    assert_eq!(body, expected);
}

#[test]
fn entities_have_what_the_tables_of_the_standard_ask_for() {
    let client = Client::new();
    let stream = client.json("/Datastreams(8)");
    assert_eq!(
        stream,
        json!({
            "@iot.id": 8, "@iot.selfLink": format!("{B}/Datastreams(8)"),
            "Thing@iot.navigationLink": format!("{B}/Datastreams(8)/Thing"),
            "Sensor@iot.navigationLink": format!("{B}/Datastreams(8)/Sensor"),
            "ObservedProperty@iot.navigationLink": format!("{B}/Datastreams(8)/ObservedProperty"),
            "Observations@iot.navigationLink": format!("{B}/Datastreams(8)/Observations"),
            "name": "air-1 pm25", "description": "pm25 in English by air-1",
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "unitOfMeasurement": {"name": "microgram per cubic metre", "symbol": "µg/m³",
                                  "definition": "http://www.opengis.net/def/uom/UCUM/ug%2Fm3"},
            "observedArea": {"type": "Point", "coordinates": [22.9484, 40.6264]},
            "phenomenonTime": "2026-11-20T00:00:00.000Z/2026-11-20T04:09:00.000Z",
            "resultTime": "2026-11-20T00:00:00.000Z/2026-11-20T04:09:00.000Z",
            "properties": {"quantity": "pm25", "channel": 0}
        })
    );
    let hourly = client.json("/Datastreams(10)");
    assert_eq!(hourly["properties"]["aggregate"], json!({"source": 8, "window": "PT1H"}));
    assert_eq!(hourly["phenomenonTime"], "2026-11-20T00:00:00.000Z/2026-11-20T05:00:00.000Z");
    assert_eq!(hourly["resultTime"], "2026-11-20T01:00:00.000Z/2026-11-20T05:00:00.000Z");
    let id = observation(8, 0);
    assert_eq!(
        client.json(&format!("/Observations({id})")),
        json!({
            "@iot.id": id, "@iot.selfLink": format!("{B}/Observations({id})"),
            "Datastream@iot.navigationLink": format!("{B}/Observations({id})/Datastream"),
            "FeatureOfInterest@iot.navigationLink": format!("{B}/Observations({id})/FeatureOfInterest"),
            "phenomenonTime": "2026-11-20T00:00:00.000Z", "resultTime": "2026-11-20T00:00:00.000Z",
            "result": 10.0, "resultQuality": 1,
            "parameters": {"raw": 10.0, "marks": ["time_by_age"], "qartod": {"gross_range": 1, "spike": 2,
                "rate_of_change": 2, "flat_line": 2, "date": 2, "calibration": 2}}
        })
    );
    let hour = client.json(&format!("/Observations({})", observation(10, MINUTES + 60)));
    assert_eq!(hour["phenomenonTime"], "2026-11-20T01:00:00.000Z/2026-11-20T02:00:00.000Z");
    assert_eq!((&hour["result"], &hour["parameters"]["count"]), (&json!(99.5), &json!(60)));
    assert_eq!(hour["parameters"]["status"], "settled");
    let sensor = client.json("/Datastreams(8)/Sensor");
    assert_eq!(sensor["encodingType"], "text/html");
    assert_eq!(sensor["metadata"], "<p>SDS011 &lt;laser&gt; &amp; DHT22</p><p>Indicative measurements only.</p>");
    let property = client.json("/ObservedProperties(1)");
    assert_eq!((&property["name"], &property["definition"]), (&json!("pm25"), &json!("https://example.org/pm25")));
}

#[test]
fn states_and_counts_are_not_measurements() {
    let client = Client::new();
    let parking = client.json("/Datastreams(40)");
    assert!(parking["observationType"].as_str().expect("a text").ends_with("/OM_Observation"));
    assert_eq!(parking["unitOfMeasurement"], json!({"name": null, "symbol": null, "definition": null}));
    assert_eq!(parking["properties"]["states"][1]["code"], "occupied");
    let uses = client.json("/Datastreams(56)");
    assert!(uses["observationType"].as_str().expect("a text").ends_with("/OM_CountObservation"));
    assert_eq!(client.each("/Datastreams(56)/Observations", "/result"), [json!(5)]);
}

#[test]
fn imported_values_have_the_daily_aggregate_alone() {
    let client = Client::new();
    let of = client.each("/Datastreams?$filter=properties/external eq true", "/@iot.id");
    assert_eq!(of, [json!(9 * 8 + 3)]);
    assert_eq!(client.json("/Datastreams(75)")["properties"]["aggregate"], json!({"source": null, "window": "P1D"}));
    assert_eq!(client.get("/Datastreams(72)").0, 404);
    assert_eq!(client.each("/Datastreams(75)/Observations", "/result"), [json!(46.49)]);
}

#[test]
fn a_site_is_one_location_and_moves_are_history() {
    let client = Client::new();
    assert_eq!(client.json("/Locations?$count=true")["@iot.count"], 3);
    let tower = &client.json("/Things(1)/Locations")["value"][0];
    assert_eq!(tower["location"], json!({"type": "Point", "coordinates": [22.9484, 40.6264]}));
    assert_eq!(tower["encodingType"], "application/geo+json");
    let id = &tower["@iot.id"];
    assert_eq!(client.each(&format!("/Locations({id})/Things"), "/name"), [json!("air-1")]);
    let stays = client.json(&format!("/Locations({id})/HistoricalLocations?$orderby=Thing/name&$expand=Thing"));
    assert_eq!(stays["value"][1]["Thing"]["name"], "air-2");
    let moved = client.json("/Things(2)/HistoricalLocations?$orderby=time&$expand=Locations");
    assert_eq!(moved["value"][1]["time"], "2026-11-20T00:20:00.000Z");
    assert_eq!(moved["value"][1]["Locations"][0]["name"], "O'Rotonda");
    assert_eq!(client.json("/Things(4)/Locations")["value"], json!([]));
}

#[test]
fn a_feature_of_interest_is_where_the_thing_was_at_that_time() {
    let client = Client::new();
    let names = client.each("/Datastreams(24)/Observations?$expand=FeatureOfInterest", "/FeatureOfInterest/name");
    let (tower, rotonda) = names.split_at(4);
    assert!(tower.iter().all(|name| name == "White Tower") && rotonda.iter().all(|name| name == "O'Rotonda"));
    let rotonda = &client.each("/FeaturesOfInterest?$filter=name eq 'O''Rotonda'", "/@iot.id")[0];
    let there = format!("/FeaturesOfInterest({rotonda})/Observations?$filter=Datastream/id eq 24&$count=true");
    assert_eq!(client.json(&there)["@iot.count"], 6);
    let stray = client.json(&format!("/Observations({})/FeatureOfInterest", observation(56, 0)));
    assert_eq!(stray["feature"], json!({"type": "Feature", "geometry": null, "properties": null}));
    let again = client.each(&format!("/FeaturesOfInterest({})/Observations", stray["@iot.id"]), "/Datastream/@iot.id");
    assert_eq!(again.len(), 4, "the observation and its three windows");
}

#[test]
fn every_link_leads_somewhere_and_ids_are_safe_in_javascript() {
    let client = Client::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut waiting = vec![String::new()];
    while let Some(url) = waiting.pop() {
        let json = client.json(&url);
        let mut values = vec![json];
        while let Some(value) = values.pop() {
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        if name == "@iot.id" {
                            assert!(value.as_u64().expect("a number") < 1 << 53);
                        }
                        let link = name.ends_with("Link") || name == "url";
                        match (link, value.as_str().and_then(|url| url.strip_prefix(B))) {
                            (true, Some(path)) if seen.len() < 3_000 && seen.insert(path.to_owned()) => {
                                waiting.push(path.to_owned());
                            }
                            (true, None) => panic!("{value} is no link of ours"),
                            _ => values.push(value),
                        }
                    }
                }
                Value::Array(all) => values.extend(all),
                _ => {}
            }
        }
    }
    assert!(seen.len() > 500, "{} links", seen.len());
}

#[test]
fn properties_and_references_have_addresses() {
    let client = Client::new();
    let cases = [
        ("/Things(1)/name", 200, r#"{"name":"air-1"}"#),
        ("/Things(1)/name/$value", 200, "air-1"),
        ("/Things(1)/id", 200, r#"{"@iot.id":1}"#),
        ("/Things(1)/properties/zone", 200, r#"{"zone":"DKA"}"#),
        ("/Things(1)/properties/zone/$value", 200, "DKA"),
        ("/Things(4)/Locations/$ref", 200, r#"{"value":[]}"#),
        (
            "/Things(2)/Datastreams/$ref?$top=1&$skip=7",
            200,
            r#"{"value":[{"@iot.selfLink":"http://city.test/v1.1/Datastreams(35)"}]}"#,
        ),
        ("/Datastreams(8)/Thing/$ref", 200, r#"{"@iot.selfLink":"http://city.test/v1.1/Things(1)"}"#),
        ("/Datastreams(40)/unitOfMeasurement/name", 204, ""),
        ("/Datastreams(8)/Thing/Datastreams(16)/Thing/name/$value", 200, "air-1"),
        ("/Things%281%29/n%61me/$value", 200, "air-1"),
    ];
    for (url, status, body) in cases {
        assert_eq!(client.get(url), (status, body.to_owned()), "{url}");
    }
}

#[test]
fn what_is_not_there_is_refused_by_name() {
    let client = Client::new();
    let cases = [
        ("/Nothing", 404, "Nothing"),
        ("/MultiDatastreams", 404, "MultiDatastreams"),
        ("/Things(99)", 404, "99"),
        ("/Things(x)", 404, "whole numbers"),
        ("/Things('1')", 404, "whole numbers"),
        ("/Things(1", 400, "parenthesis"),
        ("/Things(18446744073709551616)", 404, "whole numbers"),
        ("/Things(1)/Datastreams(40)", 404, "40"),
        ("/Things(1)/nonsense", 404, "nonsense"),
        ("/Things/name", 404, "collection"),
        ("/Things(1)/name/$value/more", 404, "end"),
        ("/Datastreams(8)/Thing(1)", 404, "no id"),
        ("/Datastreams(15)", 404, "15"),
        ("/Observations(99999999999)", 404, "id"),
        ("/Things(1)/name?$top=1", 400, "$top"),
        ("/Things(1)?$filter=id eq 1", 400, "$filter"),
        ("/Things?$top=-1", 400, "$top"),
        ("/Things?$top=x", 400, "$top"),
        ("/Things?$count=1", 400, "$count"),
        ("/Things?$top=1&$top=2", 400, "twice"),
        ("/Things?$fliter=id eq 1", 400, "$fliter"),
        ("/Things?$select=nonsense", 400, "nonsense"),
        ("/Things?$expand=Nonsense", 400, "Nonsense"),
        ("/Things?$expand=Datastreams($top=1", 400, "parenthesis"),
        ("/Things?$orderby=Datastreams/name", 400, "many"),
        ("/Things?$orderby=", 400, "expected"),
        ("/Things?$resultFormat=dataArray", 400, "Observations"),
        ("/Observations?$resultFormat=CSV", 501, "CSV"),
        ("/Observations?$resultFormat=dataArray&$expand=Datastream", 400, "$expand"),
        ("/Things?$filter=name%zz", 400, "hexadecimal"),
        ("/Things/$ref?$expand=Datastreams", 400, "$expand"),
    ];
    for (url, status, word) in cases {
        let (found, body) = client.get(url);
        let json: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((found, &json["code"], &json["type"]), (status, &json!(status), &json!("error")), "{url}: {body}");
        assert!(json["message"].as_str().expect("a text").contains(word), "{url}: {body}");
    }
}

#[test]
fn only_reading_is_allowed() {
    let client = Client::new();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let request = Request::builder().method(method).uri("/v1.1/Things(1)").body(Body::empty());
        let response = client.send(request.expect("a request"));
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], "GET, HEAD");
    }
}

#[test]
fn links_follow_the_host_and_the_scheme_or_the_configured_base() {
    let link = |client: &Client, headers: &[(&str, &str)]| {
        let mut request = Request::get("/v1.1/Things(1)?$select=%40iot.selfLink");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = client.send(request.body(Body::empty()).expect("a request"));
        let status = response.status().as_u16();
        let body = client.runtime.block_on(axum::body::to_bytes(response.into_body(), 4096)).expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
    };
    let client = Client::new();
    let linked = |base: &str| (200, format!(r#"{{"@iot.selfLink":"{base}/v1.1/Things(1)"}}"#));
    assert_eq!(link(&client, &[("host", "a.gr:81")]), linked("http://a.gr:81"));
    assert_eq!(link(&client, &[("host", "a.gr"), ("x-forwarded-proto", "https")]), linked("https://a.gr"));
    assert_eq!(link(&client, &[("host", "a.gr"), ("x-forwarded-proto", "javascript")]), linked("http://a.gr"));
    assert_eq!(link(&client, &[("host", "a.gr/\"><script>")]).0, 400);
    let settings = Settings { public_base: Some("https://open.city.gr/v1.1/".into()), ..Settings::default() };
    assert_eq!(link(&Client::of(Fake::city(), settings), &[("host", "<")]), linked("https://open.city.gr"));
}

#[test]
fn expanding_and_selecting_go_deep() {
    let client = Client::new();
    let url = "/Things(1)?$select=name&$expand=Datastreams($select=name;$top=1;$count=true;$orderby=id desc;\
               $expand=Observations($select=result;$top=2;$orderby=phenomenonTime desc),ObservedProperty($select=name))";
    let next = "Datastreams?$select=name&$top=1&$count=true&$orderby=id%20desc&$expand=\
                Observations($select%3Dresult;$top=2;$orderby=phenomenonTime%20desc),ObservedProperty($select=name)&$skip=1";
    let found = client.json(url);
    assert_eq!(found["Datastreams@iot.nextLink"], format!("{B}/Things(1)/{next}").replace("%3D", "="));
    let day = json!({"name": "air-1 temperature P1D", "Observations": [{"result": 7.875 - 0.0 + 0.0}],
                     "ObservedProperty": {"name": "temperature"}});
    let mut expected = day;
    expected["Observations"][0]["result"] = json!((0..24).map(|i| (10.0 + f64::from(i)) / 2.0).sum::<f64>() / 24.0);
    assert_eq!(found["Datastreams"], json!([expected]));
    assert_eq!((&found["name"], &found["Datastreams@iot.count"]), (&json!("air-1"), &json!(8)));
    assert_eq!(found.as_object().expect("an object").len(), 4);
    let path = client.json("/Things(1)?$expand=Datastreams/ObservedProperty,Datastreams/Sensor,Locations");
    assert_eq!(path["Datastreams"][0]["ObservedProperty"]["name"], "pm25");
    assert_eq!(path["Datastreams"][0]["Sensor"]["name"], "air");
    assert!(path.get("Datastreams@iot.navigationLink").is_none());
    let deep = client.json("/Observations?$top=1&$expand=Datastream/Thing/Locations");
    assert_eq!(deep["value"][0]["Datastream"]["Thing"]["Locations"][0]["name"], "White Tower");
}

#[test]
fn observations_come_as_arrays_when_asked() {
    let client = Client::new();
    let url = "/Things(2)/Datastreams(24)/Observations?$resultFormat=dataArray&$select=id,result&$top=2&$count=true";
    assert_eq!(
        client.json(url),
        json!({
            "@iot.count": 10,
            "value": [{
                "Datastream@iot.navigationLink": format!("{B}/Datastreams(24)"),
                "components": ["id", "result"], "dataArray@iot.count": 2,
                "dataArray": [[observation(24, 0), 10.0], [observation(24, 1), 11.0]]
            }],
            "@iot.nextLink": format!("{B}/Things(2)/Datastreams(24)/Observations?$resultFormat=dataArray&$select=id,result&$top=2&$count=true&$skip=2")
        })
    );
    let groups = client.each("/Observations?$resultFormat=dataArray&$filter=Datastream/Thing/id eq 2", "/components/3");
    assert_eq!(groups, vec![json!("result"); 8]);
}
