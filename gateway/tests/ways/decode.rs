//! What `decode` says of real devices' messages, by the catalogue that comes with the program; nothing is stored.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Exit and words of `city-gateway decode`.
fn decode(topic: &str, file: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_city-gateway"))
        .args(["decode", "--topic", topic, "--received-at", "2026-11-22T21:00:05Z", "--config"])
        .arg(root().join("config/gateway.toml"))
        .arg("--payload-file")
        .arg(file)
        .output()
        .expect("the program starts");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn four_makers_devices_are_read_step_by_step() {
    let up = "application/1/device/24e124725c140001/event/up";
    for (topic, example, told) in [
        (up, "milesight-am107", "temperature, channel 0 = 21.6 Cel at 2026-11-22T21:00:00.123Z"),
        (up, "dragino-lht65", "temperature, channel 1 = -3.25 Cel at 2026-11-22T21:00:00.000Z"),
        ("shellyplusht-08b61fcb7f3c/events/rpc", "shelly-plus-ht", "temperature, channel 0 = "),
        ("tele/weather-1/SENSOR", "tasmota-am2301", "temperature, channel 0 = 21.3 Cel"),
    ] {
        let (well, text) = decode(topic, &root().join(format!("docs/examples/{example}.json")));
        assert!(well, "{example}: {text}");
        for part in ["Frame ", "Message ", &format!("mapping {example}"), "Record 0", &format!("stored  {told}")] {
            assert!(text.contains(part), "{example} lacks {part:?}: {text}");
        }
    }
}

#[test]
fn what_would_be_rejected_is_told_and_is_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("payload.json");
    std::fs::write(&file, r#"[{"n":"no_such_thing","v":1,"t":1795381200}]"#).expect("written");
    let (well, text) = decode("city/node-1/readings", &file);
    assert!(!well, "{text}");
    assert!(text.contains("unknown_quantity"), "{text}");
}
