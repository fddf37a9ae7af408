//! Who is taken of those that a broker lets publish, and what becomes of messages that cannot be used.

use super::gateway::{Gateway, wait};
use super::mosquitto::{Mosquitto, SOUND, readings};

const UPLINK_TOPIC: &str = "application/1/device/24e124725c140001/event/up";
const UPLINK: &str = include_str!("../../../docs/examples/milesight-am107.json");

/// The reasons of the frames rejected, with their counts.
fn rejected(gateway: &Gateway) -> String {
    gateway.json("/api/ledger")["all"]["frames"]["rejected"].to_string()
}

#[test]
fn strangers_and_what_is_no_reading_are_refused_and_kept() {
    let mosquitto = Mosquitto::start(SOUND);
    let gateway = Gateway::start_as("claim", &mosquitto.section("topics = [\"city/#\", \"elsewhere\"]"));
    gateway.command(&["node", "add", "known"]);
    gateway.wait_connected();
    let reading = readings(0, 1);
    mosquitto.publish("city/known/readings", reading.as_bytes(), &[]);
    gateway.wait_stored(1);
    mosquitto.publish("city/stranger/readings", reading.as_bytes(), &[]);
    mosquitto.publish("city/stranger-2/readings", reading.as_bytes(), &[]);
    mosquitto.publish("elsewhere", b"x", &[]);
    mosquitto.publish("city/known/commands", b"x", &[]);
    mosquitto.publish("city/known/readings", &vec![b' '; 300_000], &[]);
    wait("all are refused", || gateway.ledger().frames_rejected == 5);
    assert_eq!(rejected(&gateway), r#"{"oversized":1,"unknown_node":2,"wrong_topic":2}"#);
    let nodes = gateway.json("/api/ledger")["nodes"].clone();
    let names: Vec<&String> = nodes.as_object().expect("nodes").keys().collect();
    assert_eq!(names, ["_broker", "known"], "strangers leave no name behind");
    // A person adds one of them: its message is played again.
    gateway.command(&["node", "add", "stranger"]);
    let strange = || {
        let listed = gateway.json("/api/rejections");
        let list = listed.as_array().or(listed["rejections"].as_array()).expect("a list").clone();
        list.iter().find(|one| one["detail"].to_string().contains("city/stranger/")).map(|one| one["id"].to_string())
    };
    wait("the rejection is stored", || strange().is_some());
    let id = strange().expect("just seen");
    wait("it is stored after all", || {
        gateway.post(&format!("/api/rejections/{id}/replay"));
        std::thread::sleep(std::time::Duration::from_millis(500));
        gateway.ledger().stored == 2
    });
    assert_eq!(rejected(&gateway), r#"{"oversized":1,"unknown_node":1,"wrong_topic":2}"#);
    // The connection has outlived the large message, and what was refused is not sent again.
    assert_eq!(gateway.metric("broker_connections_total"), 1.0);
    assert_eq!(gateway.metric("broker_acks_total"), 6.0);
    mosquitto.publish("city/known/status", b"on", &["-r"]);
    wait("the status is taken", || gateway.ledger().frames_decoded == 3);
}

#[test]
fn retained_readings_are_refused() {
    let mosquitto = Mosquitto::start(SOUND);
    mosquitto.publish("city/n/readings", readings(0, 1).as_bytes(), &["-r"]);
    let gateway = Gateway::start(&mosquitto.section(""));
    wait("it is refused", || gateway.ledger().frames_rejected == 1);
    assert_eq!(rejected(&gateway), r#"{"retained":1}"#);
}

#[test]
fn a_makers_message_is_read_by_its_mapping_and_again_after_a_mend() {
    let mosquitto = Mosquitto::start(SOUND);
    let section = mosquitto.section("topics = [\"application/+/device/+/event/up\"]");
    let mut gateway = Gateway::start(&section);
    gateway.wait_connected();
    // The example's time passes; these are of now.
    let at = |second: i64| {
        let time =
            jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() - second).expect("a time").to_string();
        UPLINK.replace("2026-11-22T21:00:00.123456+00:00", &time)
    };
    mosquitto.publish(UPLINK_TOPIC, at(60).as_bytes(), &[]);
    gateway.wait_stored(3);
    let node = gateway.json("/api/ledger")["nodes"]["24e124725c140001"].to_string();
    assert!(node.contains("\"stored\":3"), "{node}");

    // Another version of the codec calls things otherwise.
    let fresh = at(0).replace("\"tvoc\"", "\"voc\"");
    mosquitto.publish(UPLINK_TOPIC, fresh.as_bytes(), &[]);
    wait("it is refused", || gateway.ledger().frames_rejected == 1);
    assert_eq!(rejected(&gateway), r#"{"unknown_format":1}"#);

    let ours = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/catalogues");
    let catalogues = gateway.folder().join("catalogues");
    std::fs::create_dir(&catalogues).expect("it can be made");
    for name in ["quantities.toml", "node_types.toml", "zones.toml", "mappings.toml"] {
        let text = std::fs::read_to_string(ours.join(name)).expect("a catalogue");
        std::fs::write(catalogues.join(name), text.replace("object.tvoc", "object.voc")).expect("a copy");
    }
    wait("the rejection is stored", || !gateway.json("/api/rejections").to_string().contains("[]"));
    gateway.stop();
    gateway.run();
    let listed = gateway.json("/api/rejections");
    let list = listed.as_array().or(listed["rejections"].as_array()).unwrap_or_else(|| panic!("{listed}"));
    let id = &list[0]["id"];
    gateway.post(&format!("/api/rejections/{id}/replay"));
    wait("it is stored", || gateway.ledger().stored == 6);
    assert_eq!(rejected(&gateway), "{}");
}
