//! Inspections that are due by use: what a node on a swing counted since the last inspection calls for the next one, once.

use serde_json::Value;
use tests::Gateway;
use tests::node::Node;
use tests::now_ms;
use tests::people::Person;
use tests::senml::{Entry, to_json};

const DAY_MS: i64 = 86_400_000;

/// What the phone is told of the playground's operational inspection.
fn operational(person: &Person) -> Value {
    let day = person.get("/field/day").json();
    let duties = day["units"][0]["duties"].as_array().expect("duties").clone();
    Value::Array(
        duties.into_iter().filter(|duty| duty["of_type"] == "operational" && !duty["reason"].is_null()).collect(),
    )
}

#[test]
fn so_many_uses_since_the_last_inspection_call_for_the_next_and_only_once() {
    let mut gateway = Gateway::start(&[]);
    let operator = gateway.person("nikos", "operator");
    gateway.person("eleni", "inspector");
    let day = |back: i64| athens_day(now_ms() - back * DAY_MS);
    let inspected = format!("operational: {}", day(4));
    for fields in [
        vec![
            ("id", "pg-1"),
            ("kind", "playground"),
            ("name_el", "Παιδική χαρά"),
            ("site", "toumba"),
            ("inspected", &inspected),
        ],
        vec![
            ("id", "sw-1"),
            ("kind", "swing"),
            ("name_el", "Κούνια"),
            ("parent", "pg-1"),
            ("nodes", "swing-7: άνω δοκός"),
        ],
        vec![("id", "sw-2"), ("kind", "swing"), ("name_el", "Άλλη κούνια"), ("parent", "pg-1"), ("nodes", "swing-8")],
    ] {
        let answer = operator.post("/equipment/new", &fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
    // Neither swing alone was used 50,000 times since; what was counted before the last inspection does not count.
    let count = |node: &str, back: i64, uses: f64| {
        let at = now_ms() - back * DAY_MS;
        let sender = Node::new_v5(&gateway, node);
        sender.publish(to_json("", &[Entry { name: "uses", unit: None, value: uses, unix_ms: at }]));
        sender.wait_acknowledged();
    };
    for (back, uses) in [(6, 0.0), (5, 90_000.0), (3, 120_000.0)] {
        count("swing-7", back, uses);
    }
    for (back, uses) in [(3, 0.0), (2, 49_000.0)] {
        count("swing-8", back, uses);
    }
    gateway.settled();
    gateway.terminate();
    gateway.restart();
    assert_eq!(operational(&gateway.sign_in("eleni")), Value::Array(vec![]), "30,000 and 49,000 are not enough");

    let sender = Node::new_v5(&gateway, "swing-7");
    sender.publish(to_json("", &[Entry { name: "uses", unit: None, value: 141_000.0, unix_ms: now_ms() - DAY_MS }]));
    sender.wait_acknowledged();
    gateway.settled();
    // Looked at when the gateway starts, and every ten minutes.
    for _ in 0..2 {
        gateway.terminate();
        gateway.restart();
        let inspector = gateway.sign_in("eleni");
        let called = tests::wait_until("the call", || {
            Some(operational(&inspector)).filter(|called| *called != Value::Array(vec![]))
        });
        let called = called.as_array().expect("duties").clone();
        assert_eq!(called.len(), 1, "called for once: {called:?}");
        let english = called[0]["reason"]["en"].as_str().expect("a reason");
        assert!(english.starts_with("51,000 uses of sw-1 since"), "{english}");
    }
}

/// The day in Athens' calendar, from the program `date`.
fn athens_day(ms: i64) -> String {
    let at = format!("@{}", ms / 1_000);
    let out = std::process::Command::new("date")
        .env("TZ", "Europe/Athens")
        .args(["-d", &at, "+%F"])
        .output()
        .expect("date runs");
    String::from_utf8(out.stdout).expect("text").trim().to_owned()
}
