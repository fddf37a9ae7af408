//! Inspections that events ask for: a blow that a node on a swing measured, a storm in its community, a repair.

use serde_json::{Value, json};
use tests::Gateway;
use tests::node::{Node, Protocol};
use tests::now_ms;
use tests::people::Person;
use tests::senml::{Entry, to_json};

const HOUR_MS: i64 = 3_600_000;

/// What was called for, as the phone is told: of what, which type, and why in English.
fn called(person: &Person) -> Vec<(String, String, String)> {
    let day = person.get("/field/day").json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let units = day["units"].as_array().expect("units").iter();
    let duties = units.flat_map(|unit| unit["duties"].as_array().expect("duties"));
    let called = duties.filter(|duty| !duty["reason"].is_null());
    called.map(|duty| (text(&duty["asset"]), text(&duty["of_type"]), text(&duty["reason"]["en"]))).collect()
}

/// A node that knocks, or that was enrolled and has a secret.
fn measured(gateway: &Gateway, (node, secret): (&str, Option<&str>), quantity: &str, value: f64, at: i64) {
    let sender = match secret {
        Some(secret) => Node::with(gateway.mqtt(), node, Protocol::V5, secret),
        None => Node::new_v5(gateway, node),
    };
    sender.publish(to_json("", &[Entry { name: quantity, unit: None, value, unix_ms: at }]));
    sender.wait_acknowledged();
    gateway.settled();
}

#[test]
fn a_blow_and_a_storm_call_for_an_inspection_once_and_after_it_no_more() {
    let mut gateway = Gateway::start(&[]);
    let operator = gateway.person("nikos", "operator");
    gateway.person("eleni", "inspector");
    for fields in [
        vec![("id", "pg-1"), ("kind", "playground"), ("name_el", "Παιδική χαρά"), ("site", "toumba")],
        vec![("id", "sw-1"), ("kind", "swing"), ("name_el", "Κούνια"), ("parent", "pg-1"), ("nodes", "swing-7: δοκός")],
        vec![("id", "pg-2"), ("kind", "playground"), ("name_el", "Άλλη"), ("site", "aristotelous")],
        vec![("id", "sw-2"), ("kind", "swing"), ("name_el", "Κούνια"), ("parent", "pg-2"), ("nodes", "swing-8: δοκός")],
    ] {
        let answer = operator.post("/equipment/new", &fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
    let added = gateway
        .command("node add wx-1 --type weather-station --site toumba --from 2026-01-01T00:00:00+02:00 --config FILE");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let out = String::from_utf8(added.stdout).expect("text");
    let words = out.split_whitespace().filter(|word| word.len() >= 16);
    let secret = words.max_by_key(|word| word.len()).expect("a secret");
    // What is measured from now on is measured of equipment that is written down, whatever the time of day.
    let blown_at = now_ms();
    // Below their levels.
    measured(&gateway, ("swing-7", None), "impact", 12.0, now_ms() - 3 * HOUR_MS);
    // From a node that stands nowhere, and on nothing.
    measured(&gateway, ("swing-9", None), "impact", 90.0, now_ms() - 3 * HOUR_MS);
    measured(&gateway, ("wx-9", None), "wind_speed", 30.0, now_ms() - 3 * HOUR_MS);
    gateway.terminate();
    gateway.restart();
    assert_eq!(called(&gateway.sign_in("eleni")), []);

    measured(&gateway, ("swing-7", None), "impact", 64.5, blown_at);
    measured(&gateway, ("wx-1", Some(secret)), "wind_speed", 27.25, blown_at);
    // Looked at when the gateway starts, and every ten minutes.
    for _ in 0..2 {
        gateway.terminate();
        gateway.restart();
        let inspector = gateway.sign_in("eleni");
        let two = tests::wait_until("the calls", || Some(called(&inspector)).filter(|called| called.len() >= 2));
        let told: Vec<_> = two.iter().map(|(asset, of_type, _)| (asset.as_str(), of_type.as_str())).collect();
        assert_eq!(told, [("pg-1", "operational"), ("pg-1", "routine_visual")], "each once, and nothing at pg-2");
        let begins = |n: usize, text: &str| assert!(two[n].2.starts_with(text), "{}", two[n].2);
        begins(0, "Impact on equipment 64.50 g · swing-7 · ");
        begins(1, "Wind speed 27.25 m/s · wx-1 · ");
    }

    // Whoever inspected it since has seen what they did to it.
    let inspector = gateway.sign_in("eleni");
    assert_eq!(send(&inspector, &inspection(&inspector, "operational-1", "pg-1", "operational")), "taken");
    gateway.terminate();
    gateway.restart();
    // Those before it call for nothing, also one that arrives late; the other swing's does.
    measured(&gateway, ("swing-7", None), "impact", 70.0, blown_at + 1);
    measured(&gateway, ("swing-8", None), "impact", 70.0, blown_at + 1);
    gateway.terminate();
    gateway.restart();
    let inspector = gateway.sign_in("eleni");
    let of: Vec<_> =
        tests::wait_until("the other's call", || Some(called(&inspector)).filter(|called| !called.is_empty()));
    let of: Vec<_> = of.iter().map(|(asset, of_type, _)| (asset.as_str(), of_type.as_str())).collect();
    assert_eq!(of, [("pg-2", "operational")], "an operational one stands for the routine one as well");
}

#[test]
fn a_repair_asks_for_a_look_at_what_was_repaired() {
    let gateway = Gateway::start(&[]);
    let operator = gateway.person("nikos", "operator");
    let inspector = gateway.person("eleni", "inspector");
    let technician = gateway.person("petros", "technician");
    for fields in [
        vec![("id", "pg-1"), ("kind", "playground"), ("name_el", "Παιδική χαρά"), ("site", "toumba")],
        vec![("id", "sw-1"), ("kind", "swing"), ("name_el", "Κούνια"), ("parent", "pg-1")],
    ] {
        assert_eq!(operator.post("/equipment/new", &fields).status, 303);
    }
    let step = |person: &Person, uid: &str, deed: Value, text: &str| {
        let day = person.get("/field/day").json();
        json!({ "form": "step", "uid": uid, "by": day["person"], "asset": "sw-1", "at": day["at"], "deed": deed, "text": text })
    };
    let found = json!({ "kind": "found", "severity": "recommended", "text": "σκουριά" });
    assert_eq!(send(&technician, &step(&technician, "found-01", found, "")), "taken");
    let fields = [("uid", "order-01"), ("defects", "found-01"), ("text", "βάψιμο"), ("due", "2027-01-22")];
    let parts = fields
        .map(|(name, value)| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    let body = format!("{}--b--\r\n", parts.concat());
    let ordered = operator.send("/equipment/sw-1/do/work", "multipart/form-data; boundary=b", body.as_bytes());
    assert_eq!(ordered.status, 303, "{}", ordered.text());
    assert_eq!(called(&inspector), []);
    let order = technician.get("/field/day").json()["units"][0]["assets"][1]["orders"][0]["uid"].clone();
    let done = json!({ "kind": "work_done", "order": order });
    assert_eq!(send(&technician, &step(&technician, "done-001", done, "βάφτηκε")), "taken");
    let again = ("sw-1".to_owned(), "reinspection".to_owned(), "after a repair".to_owned());
    assert_eq!(called(&inspector), [again]);
    let today = inspector.get("/equipment/sw-1?lang=en").text();
    assert!(today.contains("after a repair"), "{today}");

    let mut looked = inspection(&inspector, "looked-01", "sw-1", "reinspection");
    looked["found_well"] = json!(["found-01"]);
    assert_eq!(send(&inspector, &looked), "taken");
    assert_eq!(called(&inspector), []);
}

/// An inspection that found all in order.
fn inspection(person: &Person, uid: &str, asset: &str, of_type: &str) -> Value {
    let day = person.get("/field/day").json();
    let now = day["at"].as_i64().expect("a time");
    let assets = day["units"][0]["assets"].as_array().expect("assets");
    let looked_at = assets.iter().filter(|one| asset == "pg-1" || one["id"] == *asset);
    let answers = looked_at.flat_map(|one| {
        let items = one["items"].as_array().expect("items").iter();
        let of_it = items.filter(|item| {
            of_type == "reinspection" || item["types"].as_array().is_some_and(|types| types.contains(&json!(of_type)))
        });
        of_it.map(|item| {
            let measured = item["unit"].as_str().map(|_| item["min"].as_f64().or(item["max"].as_f64()).unwrap_or(1.0));
            json!({ "asset": one["id"], "item": item["code"], "result": "ok", "value": measured })
        })
    });
    json!({
        "form": "inspection", "uid": uid, "by": day["person"], "asset": asset, "of_type": of_type,
        "version": day["units"][0]["version"], "started_at": now - 40_000, "ended_at": now,
        "answers": answers.collect::<Vec<_>>(),
    })
}

fn send(person: &Person, form: &Value) -> String {
    let answer = person.send("/field/forms", "application/json", json!({ "forms": [form] }).to_string().as_bytes());
    let result = answer.json()["results"][0].clone();
    format!("{}{}", result["state"].as_str().unwrap_or_default(), result["reason"].as_str().unwrap_or_default())
}
