//! The gateway's own clock stands in the past, as on a box whose battery is empty: it says so, and rejects nothing for
//! its time.

use tests::faults::faketime_library;
use tests::senml::{Entry, to_json};
use tests::{Gateway, Node, now_ms, wait_until};

#[test]
fn a_clock_that_is_behind_is_told_and_no_reading_is_rejected_for_its_time() {
    let mut gateway = Gateway::start(&[("limits.checkpoint_s", "1")]);
    let node = Node::new(&gateway, "punctual");
    let entry = |value, unix_ms| to_json("", &[Entry { name: "temperature", unit: None, value, unix_ms }]);
    let now = now_ms();
    node.publish(entry(20.0, now - 1_000));
    node.wait_acknowledged();
    gateway.settled();
    assert_eq!(gateway.get("/readyz").json()["warnings"], serde_json::json!([]));
    let (status, _) = gateway.terminate();
    assert!(status.success());

    gateway.set_environment("LD_PRELOAD", &faketime_library());
    gateway.set_environment("FAKETIME", "-400d");
    gateway.restart();
    let ready = gateway.get("/readyz");
    assert_eq!(ready.status, 200, "it works all the same: {}", ready.text());
    let warnings = ready.json()["warnings"].to_string();
    assert!(warnings.contains("clock"), "{warnings}");
    // By that clock these are more than a year ahead.
    for second in 0..20 {
        node.publish(entry(21.0, now + second * 1_000));
    }
    node.wait_acknowledged();
    let ledger = wait_until("all of them", || Some(gateway.ledger()).filter(|ledger| ledger.all.stored == 21));
    assert!(ledger.all.rejected.is_empty() && ledger.all.frames_rejected.is_empty(), "{:?}", ledger.all);
    let found = gateway.observations(gateway.datastream("punctual", "temperature", None));
    let dates: Vec<_> = found.iter().map(|one| one.parameters["qartod"]["date"].clone()).collect();
    assert!(dates[1..].iter().all(|flag| *flag == 2), "the date is not evaluated: {dates:?}");
    assert!(found[1..].iter().all(|one| one.parameters["marks"].to_string().contains("clock_suspect")));
}
