//! Hostile and broken nodes: each fault is a counted rejection with its own reason, listed with its detail; an honest node
//! that is connected all along is never disturbed. After a mend of the catalogue a rejection is played again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tests::gateway::repository;
use tests::raw::{Raw, connect, publish, publish_with};
use tests::senml::{Entry, to_cbor, to_json};
use tests::{Gateway, Node, now_ms, wait_until};

const YEAR_MS: i64 = 365 * 86_400_000;
const SECRET: &str = "a secret of its own";

/// A fault: the node that makes it, what it publishes on its own topic, the reason, and a part of the detail told.
struct Fault {
    node: &'static str,
    payload: Vec<u8>,
    reason: &'static str,
    detail: &'static str,
}

fn faults() -> Vec<Fault> {
    let now = now_ms();
    let at = |name, value, unit, unix_ms| to_json("", &[Entry { name, unit, value, unix_ms }]);
    let not_a_number = Entry { name: "temperature", unit: None, value: f64::NAN, unix_ms: now };
    let infinite = Entry { name: "temperature", unit: None, value: f64::INFINITY, unix_ms: now };
    let fault = |node, payload, reason, detail| Fault { node, payload, reason, detail };
    vec![
        fault("bad-garbage", b"\xff\xfe\x00 nothing that anyone knows".to_vec(), "unknown_format", "first byte 0xff"),
        fault("bad-empty", Vec::new(), "unknown_format", "the payload is empty"),
        fault("bad-cut", br#"[{"n":"temperature","v":2"#.to_vec(), "malformed", ""),
        fault("bad-frame", vec![1, 0, 7, 7, 7, 7, 7, 7, 7], "malformed", "checksum"),
        fault("bad-ahead", at("temperature", 20.0, None, now + 10 * YEAR_MS), "clock_ahead", "after it was received"),
        fault("bad-behind", at("temperature", 20.0, None, now - 10 * YEAR_MS), "too_old", "longer ago"),
        fault("bad-unset", at("temperature", 20.0, None, 0).clone(), "impossible_date", "before the year 2000"),
        fault("bad-name", at("honest:temperature", 20.0, None, now), "foreign_node", "\"honest\""),
        fault("bad-nan", to_cbor("", &[not_a_number]), "not_a_number", "NaN"),
        fault("bad-infinite", to_cbor("", &[infinite]), "not_a_number", "inf"),
        fault("bad-unit", at("temperature", 20.0, Some("hPa"), now), "unit_mismatch", "hPa cannot be converted"),
        fault("bad-quantity", at("radon", 20.0, None, now), "unknown_quantity", "\"radon\""),
        fault("bad-state", at("parking", 7.0, None, now), "unsupported_value", "0 (free)"),
        fault("bad-word", br#"[{"n":"parking","vs":"perhaps"}]"#.to_vec(), "unsupported_value", "perhaps"),
        fault("bad-text", br#"[{"n":"temperature","vs":"warm"}]"#.to_vec(), "unsupported_value", "takes a number"),
    ]
}

/// `at` with the time 0 would be "now" in SenML; the year 1990 is a clock that was not set.
fn before_2000(payload: &mut Vec<u8>) {
    *payload = to_json("", &[Entry { name: "temperature", unit: None, value: 20.0, unix_ms: 631_152_000_000 }]);
}

/// The node's rejections, newest first, when there are `count`: they are listed from the checkpoint after.
fn rejections(gateway: &Gateway, node: &str, count: usize) -> Vec<Value> {
    wait_until(&format!("{count} rejections of {node} to be listed"), || {
        let list = gateway.get(&format!("/api/rejections?node={node}")).json();
        let listed = list["rejections"].as_array().expect("a list").clone();
        assert!(listed.len() <= count, "{node}: {listed:?}");
        (listed.len() == count).then_some(listed)
    })
}

#[test]
fn each_fault_is_its_own_rejection_and_an_honest_node_is_never_disturbed() {
    let gateway = Gateway::start(&[("limits.checkpoint_s", "1"), ("limits.packet_bytes_max", "\"16KiB\"")]);
    let honest = Arc::new(Node::new_v5(&gateway, "honest"));
    honest.wait_connected();
    let stop = Arc::new(AtomicBool::new(false));
    let goes_on = {
        let (honest, stop) = (honest.clone(), stop.clone());
        std::thread::spawn(move || {
            let mut sent = 0u64;
            let start = now_ms() - 3_600_000;
            while !stop.load(Ordering::Relaxed) {
                let at = start + sent as i64 * 10;
                let entry = Entry { name: "temperature", unit: Some("Cel"), value: 20.5, unix_ms: at };
                honest.publish(to_json("", &[entry]));
                sent += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            sent
        })
    };

    let mut faults = faults();
    faults.iter_mut().filter(|fault| fault.node == "bad-unset").for_each(|fault| before_2000(&mut fault.payload));
    for fault in &faults {
        let mut node = Raw::node(&gateway.mqtt(), fault.node, SECRET);
        node.send(&publish(&format!("city/{}/readings", fault.node), 7, &fault.payload));
        // Bad content is acknowledged: to send it again would not make it better.
        node.expect_puback(7);
    }
    let good = to_json("", &[Entry { name: "temperature", unit: None, value: 1.0, unix_ms: now_ms() }]);
    let topics = [
        ("bad-retain", 0x33, "city/bad-retain/readings", "retained"),
        ("bad-topic", 0x32, "city/bad-topic/elsewhere", "wrong_topic"),
        ("bad-commands", 0x32, "city/bad-commands/commands", "wrong_topic"),
        ("bad-root", 0x32, "home/bad-root/readings", "wrong_topic"),
        ("bad-neighbour", 0x32, "city/honest/readings", "foreign_topic"),
    ];
    for (name, first, topic, _) in topics {
        let mut node = Raw::node(&gateway.mqtt(), name, SECRET);
        node.send(&publish_with(first, topic, 9, &good));
        node.expect_puback(9);
    }
    let mut large = Raw::node(&gateway.mqtt(), "bad-large", SECRET);
    large.send(&publish("city/bad-large/readings", 3, &vec![b'['; 40_000]));
    large.expect_closed();

    // No MQTT at all, a version that there is not, a name that cannot be, another's password: no frame, closed at once.
    let mut web = Raw::open(&gateway.mqtt());
    web.send(b"GET / HTTP/1.1\r\nHost: city\r\n\r\n");
    web.expect_closed();
    let mut silent = Raw::open(&gateway.mqtt());
    silent.send(&[0x30, 0xff, 0xff, 0xff, 0xff, 0xff]);
    silent.expect_closed();
    let mut capital = Raw::open(&gateway.mqtt());
    capital.send(&connect("Not A Name", SECRET));
    assert_eq!(capital.packet().expect("a CONNACK")[3], 2, "identifier rejected");
    let mut thief = Raw::open(&gateway.mqtt());
    thief.send(&connect("honest", "guessed"));
    assert_eq!(thief.packet().expect("a CONNACK")[3], 4, "bad user name or password");
    thief.expect_closed();
    let mut vague = Raw::node(&gateway.mqtt(), "bad-packet", SECRET);
    vague.send(&[0xf8, 2, 1, 2]);
    vague.expect_closed();

    stop.store(true, Ordering::Relaxed);
    let sent = goes_on.join().expect("the honest node's thread");
    honest.wait_acknowledged();
    let ledger = gateway.settled();

    assert!(sent > 10, "the honest node sent {sent}");
    assert_eq!((honest.acknowledged(), honest.connections(), honest.sent_again()), (sent, 1, 0));
    assert!(honest.is_connected() && honest.refusals().is_empty(), "{:?}", honest.refusals());
    let account = ledger.node("honest");
    assert_eq!((account.stored, account.frames_received), (sent, sent), "{account:?}");
    assert!(account.rejected.is_empty() && account.frames_rejected.is_empty(), "{account:?}");

    let about_topics = topics.iter().map(|(node, _, topic, reason)| (*node, *reason, *topic));
    let about_content = faults.iter().map(|fault| (fault.node, fault.reason, fault.detail));
    let about_size = [("bad-large", "oversized", "city/bad-large/readings")];
    let mut expected = 0;
    for (node, reason, detail) in about_content.chain(about_topics).chain(about_size) {
        expected += 1;
        let account = ledger.node(node);
        assert_eq!(account.frames_received, 1, "{node}: {account:?}");
        assert_eq!(account.rejected_for(reason), 1, "{node} is to be {reason}: {account:?}");
        assert_eq!((account.stored, account.duplicate, account.corrected), (0, 0, 0), "{node}: {account:?}");
        let listed = rejections(&gateway, node, 1);
        assert_eq!(listed[0]["reason"], reason, "{node}");
        let told = listed[0]["detail"].as_str().expect("a text");
        assert!(told.contains(detail) && !told.is_empty(), "{node}: {told:?} does not say {detail:?}");
        let whole = gateway.get(&format!("/api/rejections/{}", listed[0]["id"])).json();
        assert!(whole["payload_hex"].is_string(), "{whole}");
    }
    let all = &ledger.all;
    let rejected: u64 = all.rejected.values().chain(all.frames_rejected.values()).sum();
    assert_eq!(rejected, expected, "{all:?}");
    let listed = gateway.get("/api/rejections?top=1000").json();
    assert_eq!(listed["rejections"].as_array().expect("a list").len() as u64, expected);
}

#[test]
fn a_rejection_is_played_again_after_the_catalogue_was_mended() {
    let mut gateway = Gateway::prepare(&[]);
    let catalogues = gateway.folder().join("catalogues");
    std::fs::create_dir(&catalogues).expect("the folder is ours");
    for name in ["quantities.toml", "node_types.toml", "zones.toml"] {
        std::fs::copy(repository("config/catalogues").join(name), catalogues.join(name)).expect("the catalogue");
    }
    gateway.configure(&[("catalogues", "\"catalogues\""), ("limits.checkpoint_s", "1")]);
    gateway.restart();
    let node = Node::new(&gateway, "cellar");
    let at = now_ms() - 1_000;
    let entries = [
        Entry { name: "temperature", unit: None, value: 14.5, unix_ms: at },
        Entry { name: "radon", unit: Some("Bq/m3"), value: 84.0, unix_ms: at },
    ];
    node.publish(to_json("", &entries));
    node.wait_acknowledged();
    let ledger = gateway.settled();
    assert_eq!((ledger.all.stored, ledger.all.rejected_for("unknown_quantity")), (1, 1), "{:?}", ledger.all);
    let rejection = &rejections(&gateway, "cellar", 1)[0];
    let replay = format!("/api/rejections/{}/replay", rejection["id"]);
    assert_eq!(gateway.post(&replay).status, 401, "nobody plays anything again");
    let operator = gateway.person("nikos", "operator");

    // Without a mend it is rejected again, as another entry; the first says that it was played.
    assert_eq!(operator.post(&replay, &[]).status, 202);
    rejections(&gateway, "cellar", 2);
    let ledger = gateway.settled();
    assert_eq!((ledger.all.decoded, ledger.all.rejected_for("unknown_quantity")), (2, 1), "{:?}", ledger.all);
    assert_eq!(operator.post(&replay, &[]).status, 409, "it cannot be played twice");

    gateway.kill();
    let path = catalogues.join("quantities.toml");
    let mut quantities = std::fs::read_to_string(&path).expect("the catalogue");
    quantities.push_str(
        "\n[[quantity]]\ncode = \"radon\"\nnumber = 200\nname = { el = \"Ραδόνιο\", en = \"Radon\" }\n\
         unit = \"Bq/m3\"\ndecimals = 0\nrule = \"mean\"\nperiod_s = 600\n",
    );
    std::fs::write(&path, quantities).expect("the folder is ours");
    gateway.restart();
    let listed = rejections(&gateway, "cellar", 2);
    let open = listed.iter().find(|one| one["replayed_at"].is_null()).expect("the second one");
    let operator = gateway.sign_in("nikos");
    assert_eq!(operator.post(&format!("/api/rejections/{}/replay", open["id"]), &[]).status, 202);
    let stored = wait_until("the reading played again", || {
        let ledger = gateway.ledger();
        (ledger.all.stored == 2 && ledger.pending == 0).then_some(ledger)
    });
    assert_eq!((stored.all.decoded, stored.all.rejected.len()), (2, 0), "{:?}", stored.all);
    let found = gateway.observations(gateway.datastream("cellar", "radon", None));
    assert_eq!((found.len(), found[0].number(), found[0].at_ms()), (1, 84.0, at));
    assert_eq!(operator.post("/api/rejections/4711/replay", &[]).status, 404);
}
