//! Messages through a broker are conserved: its restart, ours, a lost session, shared subscriptions, its limits.

use std::time::Duration;

use super::gateway::{Gateway, signal, wait};
use super::mosquitto::{DEFAULTS, Mosquitto, SOUND, readings};

#[test]
fn twenty_thousand_messages_through_kills_of_the_gateway_and_a_restart_of_the_broker() {
    let mut mosquitto = Mosquitto::start(SOUND);
    let mut gateway = Gateway::start(&mosquitto.section(""));
    gateway.wait_connected();
    let publish = |mosquitto: &Mosquitto, from, until| -> Vec<_> {
        (0..4).map(|n| mosquitto.publisher(&format!("city/n{n}/readings"), readings(from, until))).collect()
    };
    let publishing = publish(&mosquitto, 0, 2_500);
    for stored in [1_000, 4_000] {
        wait("some are stored", || gateway.ledger().stored >= stored);
        gateway.kill();
        gateway.run();
    }
    publishing.into_iter().for_each(|publisher| publisher.join().expect("all were published"));
    // The second half meets a gateway that is not there, then a broker that is started again under way.
    gateway.kill();
    let publishing = publish(&mosquitto, 2_500, 5_000);
    publishing.into_iter().for_each(|publisher| publisher.join().expect("all were published"));
    gateway.run();
    wait("more are stored", || gateway.ledger().stored >= 12_000);
    mosquitto.stop();
    std::thread::sleep(Duration::from_millis(300));
    mosquitto.run();
    gateway.wait_stored(20_000);
    // What the broker had not heard acknowledged when it stopped has come again, and counted once. When all is
    // acknowledged, a stop and a start of the gateway bring nothing again.
    gateway.wait_quiet();
    let ledger = gateway.wait_stored(20_000);
    assert_eq!((ledger.frames_rejected, ledger.rejected), (0, 0), "{}", ledger.text);
    assert_eq!(gateway.metric("broker_acks_total"), gateway.metric("broker_messages_total"));
    gateway.stop();
    gateway.run();
    gateway.wait_connected();
    mosquitto.publish("city/n0/readings", readings(6_000, 6_001).as_bytes(), &[]);
    let after = gateway.wait_stored(20_001);
    assert_eq!(after.duplicate, ledger.duplicate, "{}", after.text);
}

#[test]
fn a_session_that_the_broker_lost_is_made_again() {
    let mut mosquitto = Mosquitto::start(SOUND);
    let gateway = Gateway::start(&mosquitto.section(""));
    gateway.wait_connected();
    mosquitto.publisher("city/n/readings", readings(0, 100)).join().expect("all were published");
    gateway.wait_stored(100);
    assert_eq!(gateway.metric("broker_sessions_new_total"), 1.0);
    mosquitto.stop();
    mosquitto.forget();
    mosquitto.run();
    wait("a new session", || gateway.metric("broker_sessions_new_total") == 2.0);
    wait("the first message of it", || {
        mosquitto.publish("city/n/readings", readings(0, 1).as_bytes(), &[]);
        gateway.ledger().frames > 100
    });
    mosquitto.publisher("city/n/readings", readings(100, 200)).join().expect("all were published");
    gateway.wait_stored(200);
    assert_eq!(gateway.metric("broker_connected"), 1.0);
}

#[test]
fn two_gateways_share_a_subscription() {
    let mosquitto = Mosquitto::start(SOUND);
    let start = |name: &str| {
        let rest = format!("client_id = \"{name}\"\ntopics = [\"$share/city/city/+/readings\"]");
        let gateway = Gateway::start(&mosquitto.section(&rest));
        gateway.wait_connected();
        gateway
    };
    let (one, other) = (start("one"), start("other"));
    std::thread::sleep(Duration::from_millis(300));
    mosquitto.publisher("city/n/readings", readings(0, 2_000)).join().expect("all were published");
    wait("both have all", || one.ledger().stored + other.ledger().stored == 2_000);
    assert!(one.ledger().stored > 0 && other.ledger().stored > 0, "both took their part");
}

#[test]
fn a_broker_that_drops_messages_is_told_of() {
    let mosquitto = Mosquitto::start(DEFAULTS);
    let gateway = Gateway::start(&mosquitto.section(""));
    gateway.wait_connected();
    mosquitto.publish("city/n/readings", readings(0, 1).as_bytes(), &[]);
    gateway.wait_stored(1);
    // The first number of dropped messages has to be seen before the others are.
    std::thread::sleep(Duration::from_millis(2_500));
    signal(gateway.pid(), "STOP");
    mosquitto.publisher("city/n/readings", readings(1, 3_001)).join().expect("all were published");
    signal(gateway.pid(), "CONT");
    wait("the warning", || gateway.get("/readyz").contains("has dropped"));
    let dropped = gateway.metric("broker_dropped_total") as u64;
    assert!(dropped > 0);
    gateway.wait_stored(3_001 - dropped);
}
