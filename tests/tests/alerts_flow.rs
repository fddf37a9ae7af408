//! Alerts from outside: what sensors send becomes an alert, what it asks for follows, somebody answers, and nothing is told twice.

use tests::Gateway;
use tests::node::Node;
use tests::now_ms;
use tests::people::Person;
use tests::senml::{Entry, to_json};

const IMPACT: &str = "Strong impact on equipment";
const FIRE: &str = "Fire in a bin";
const QUICK: [(&str, &str); 2] = [("alerts.every_s", "1"), ("windows.settle_s", "0")];

fn send(gateway: &Gateway, node: &Node, entries: &[(&str, f64, i64)]) {
    let entries: Vec<Entry<'_>> =
        entries.iter().map(|(name, value, at)| Entry { name, unit: None, value: *value, unix_ms: *at }).collect();
    node.publish(to_json("", &entries));
    node.wait_acknowledged();
    gateway.settled();
}

fn playground(operator: &Person) {
    for fields in [
        vec![("id", "pg-1"), ("kind", "playground"), ("name_el", "Παιδική χαρά"), ("site", "toumba")],
        vec![("id", "sw-1"), ("kind", "swing"), ("name_el", "Κούνια"), ("parent", "pg-1"), ("nodes", "swing-7: δοκός")],
    ] {
        let answer = operator.post("/equipment/new", &fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
}

/// Numbers of open alerts of a rule, by what the page of alerts says.
fn open(person: &Person, rule: &str) -> Vec<String> {
    let page = person.get("/alerts?lang=en").text();
    listed(page.split("id=\"over\"").next().expect("the first part"), rule)
}

fn listed(page: &str, rule: &str) -> Vec<String> {
    let rows = page.split("<li id=\"a-").skip(1).filter(|row| row.contains(&format!("<b>{rule}</b>")));
    rows.map(|row| row.split('"').next().expect("a number").to_owned()).collect()
}

#[test]
fn a_blow_calls_for_an_inspection_and_stays_until_a_person_ends_it_also_through_restarts() {
    let mut gateway = Gateway::start(&QUICK);
    let operator = gateway.person("nikos", "operator");
    playground(&operator);
    gateway.person("maria", "technician");
    let node = Node::new_v5(&gateway, "swing-7");
    let at = now_ms();
    // Less than is told while a node is new.
    send(&gateway, &node, &[("impact", 40.0, at - 5_000)]);
    send(&gateway, &node, &[("impact", 64.5, at)]);
    drop(node);
    let called = |person: &Person| person.get("/equipment/sw-1?lang=en").text();
    let technician = gateway.sign_in("maria");
    let id = tests::wait_until("the alert", || open(&technician, IMPACT).pop());
    let page = tests::wait_until("what follows", || {
        let page = technician.get(&format!("/alerts/{id}?lang=en")).text();
        page.contains("an inspection was called for").then_some(page)
    });
    assert!(page.contains("Strong impact on equipment") && page.contains("64.50\u{a0}g"), "{page}");
    assert!(page.contains("Look at the equipment on the spot"), "{page}");
    assert!(
        technician.get("/equipment/pg-1?lang=en").text().contains("Impact on equipment 64.50 g"),
        "{}",
        called(&technician)
    );

    // Restarted while nobody has answered, while somebody has, and after it is over: told once.
    for state in ["not answered", "acknowledged", "over"] {
        gateway.kill();
        gateway.restart();
        let technician = gateway.sign_in("maria");
        std::thread::sleep(std::time::Duration::from_secs(4));
        let list = technician.get("/alerts?lang=en").text();
        assert_eq!(listed(&list, IMPACT).len(), 1, "{state}: {list}");
        let page = technician.get(&format!("/alerts/{id}?lang=en")).text();
        assert!(page.contains(&format!("alarm · {state}")), "{state}: {page}");
        assert_eq!(page.matches("an inspection was called for").count(), 1, "{state}: {page}");
        match state {
            "not answered" => {
                let answer = technician.post(&format!("/alerts/{id}/acknowledge"), &[("note", "καλώ τον συντηρητή")]);
                assert_eq!(answer.status, 303, "{}", answer.text());
            }
            "acknowledged" => {
                let refused = technician.post(&format!("/alerts/{id}/clear"), &[("note", " ")]);
                assert_eq!(refused.status, 422, "why is asked for");
                assert_eq!(
                    technician.post(&format!("/alerts/{id}/clear"), &[("note", "δεν έπαθε τίποτε")]).status,
                    303
                );
            }
            _ => assert_eq!(
                technician.post(&format!("/alerts/{id}/clear"), &[("note", "ξανά")]).status,
                422,
                "it is over"
            ),
        }
    }
    let log = gateway.administrator("anna").get("/audit?category=alerts&lang=en").text();
    for deed in ["raise", "acknowledge", "clear", "follow"] {
        assert!(log.contains(deed), "{deed}: {log}");
    }
}

#[test]
fn what_later_readings_cleared_is_never_told_and_what_holds_is_once() {
    let gateway = Gateway::start(&QUICK);
    let operator = gateway.person("nikos", "operator");
    let at = now_ms() - 60_000;
    let node = Node::new_v5(&gateway, "level-1");
    // Up and down again, all of it late.
    send(&gateway, &node, &[("water_pressure", 3.0, at - 3_000_000)]);
    send(
        &gateway,
        &node,
        &[
            ("water_pressure", 0.5, at - 2_000_000),
            ("water_pressure", 0.4, at - 1_000_000),
            ("water_pressure", 3.0, at),
        ],
    );
    // The sensor's own fault is no alert: what fails its range does not count.
    send(&gateway, &node, &[("water_pressure", -1.0, at + 1_000)]);
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(open(&operator, "Water pressure is low"), [""; 0], "{}", operator.get("/alerts?lang=en").text());
    let fire = Node::new_v5(&gateway, "bin-9");
    for n in 0..5 {
        send(&gateway, &fire, &[("bin_temperature", 80.0 + f64::from(n), at + i64::from(n) * 1_000)]);
    }
    let id = tests::wait_until("the alert", || open(&operator, FIRE).pop());
    let strip = operator.get("/?lang=en").text();
    assert!(strip.contains("Alarm without an answer: Fire in a bin."), "{strip}");
    tests::wait_until("the worst of it", || {
        operator.get("/alerts?lang=en").text().contains("84.0\u{a0}°C").then_some(())
    });
    // Under maintenance nothing more is told of it.
    let local = |ms: i64| {
        let mut date = std::process::Command::new("date");
        date.args(["-d", &format!("@{}", ms / 1_000), "+%Y-%m-%dT%H:%M"]).env("TZ", "Europe/Athens");
        String::from_utf8(date.output().expect("date").stdout).expect("text").trim().to_owned()
    };
    let (from, until) = (local(now_ms() - 120_000), local(now_ms() + 3_600_000));
    let fields = [("subject", "bin-9"), ("from", from.as_str()), ("until", until.as_str()), ("note", "αλλαγή κάδου")];
    let answer = operator.post("/alerts/maintenance", &fields);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(operator.post(&format!("/alerts/{id}/clear"), &[("note", "κλείνει")]).status, 303);
    send(&gateway, &fire, &[("bin_temperature", 90.0, now_ms())]);
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(open(&operator, FIRE), [""; 0]);
    let metrics = String::from_utf8(gateway.get("/metrics").body).expect("text");
    assert!(!metrics.contains("city_gateway_alerts_rested_total 0\n"), "{metrics}");
}

#[test]
fn a_rule_is_tried_written_and_told_by_and_one_that_cannot_be_is_refused() {
    let gateway = Gateway::start(&QUICK);
    let operator = gateway.person("nikos", "operator");
    let node = Node::new_v5(&gateway, "soil-1");
    let now = now_ms();
    for hours in [30, 20, 10] {
        let at = now - hours * 3_600_000;
        send(&gateway, &node, &[("soil_moisture", 5.0, at), ("soil_moisture", 30.0, at + 1_800_000)]);
    }
    let fields = |level: &'static str, keep: &'static str| {
        vec![
            ("code", "dry"),
            ("name_el", "Ξηρό έδαφος"),
            ("name_en", "Dry soil"),
            ("severity", "notice"),
            ("on", "below"),
            ("quantity", "soil_moisture"),
            ("level", level),
            ("instructions_el", "Πότισμα"),
            ("source", "house rule"),
            ("keep", keep),
        ]
    };
    let wrong = operator.post("/alerts/rule", &fields("πολύ", ""));
    assert_eq!((wrong.status, wrong.text().contains("level")), (422, true));
    let tried = operator.post("/alerts/rule?lang=en", &fields("10", ""));
    assert_eq!(tried.status, 200);
    assert!(tried.text().contains("In the last 30 days it would have raised 3 times"), "{}", tried.text());
    assert_eq!(operator.post("/alerts/rule", &fields("10", "yes")).status, 303);
    send(&gateway, &node, &[("soil_moisture", 4.0, now)]);
    tests::wait_until("the alert", || operator.get("/alerts?lang=en").text().contains("Dry soil").then_some(()));
    // At rest it is over, and tells nothing.
    assert_eq!(operator.post("/alerts/rules/dry/rest", &[("reason", "χειμώνας")]).status, 303);
    send(&gateway, &node, &[("soil_moisture", 3.0, now + 1_000), ("water_pressure", 0.2, now)]);
    tests::wait_until("its end", || open(&operator, "Dry soil").is_empty().then_some(()));
}
