use super::*;
use crate::catalogue::load;
use crate::telemetry::decode::{self, Rules};
use crate::telemetry::validate::{Limits, Name, Receipt};

const LIMITS: Limits = Limits { clock_ahead_max_ms: 300_000, age_error_max_ms: 600_000, age_max_ms: 86_400_000 };
/// 2026-11-22T21:00:05Z.
const RECEIVED_AT: Timestamp = Timestamp::from_millis(1_795_381_205_000);

/// Mapping, time, and each value as it would be stored, or the reason.
fn stored(topic: &str, payload: &str) -> Result<(String, String, Vec<String>), RejectReason> {
    let catalogue = load::embedded();
    let message = read(&catalogue.mappings, topic, payload.as_bytes()).map_err(|refusal| refusal.reason)?;
    let receipt = Receipt { received_at: RECEIVED_AT, clock_suspect: false };
    let rules = Rules { catalogue: &catalogue, limits: &LIMITS, receipt };
    let show = |record: &Record<'_>| match decode::mapped(record, &message, rules) {
        Ok(reading) => {
            assert_eq!(reading.name == Name::Time, message.measured_at.is_some());
            let quantity = catalogue.quantity(reading.quantity);
            format!("{}.{}={} {}", quantity.code, reading.channel, reading.value, quantity.unit)
        }
        Err(refusal) => format!("{}: {}", record.field.quantity, refusal.reason),
    };
    let at = message.measured_at.map_or("-".to_owned(), |at| at.to_string());
    Ok((message.mapping.code.to_string(), at, message.records.iter().map(show).collect()))
}

fn read_as(topic: &str, payload: &str, code: &str, at: &str, values: &[&str]) {
    let expected = (code.to_owned(), at.to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
    assert_eq!(stored(topic, payload), Ok(expected));
}

const UPLINK: &str = "application/5f3c/device/24e124725c140001/event/up";

#[test]
fn a_milesight_am107_through_chirpstack() {
    let payload = include_str!("../../../../../docs/examples/milesight-am107.json");
    let values = ["temperature.0=21.6 Cel", "humidity.0=45.5 %", "pressure.0=1012.3 hPa"];
    read_as(UPLINK, payload, "milesight-am107", "2026-11-22T21:00:00.123Z", &values);
}

#[test]
fn a_dragino_lht65_through_chirpstack() {
    let payload = include_str!("../../../../../docs/examples/dragino-lht65.json");
    // The decoder of some versions writes numbers as texts.
    let values = ["temperature.0=23.48 Cel", "humidity.0=61.2 %", "temperature.1=-3.25 Cel", "battery.0=3.061 V"];
    read_as(UPLINK, payload, "dragino-lht65", "2026-11-22T21:00:00.000Z", &values);
}

#[test]
fn a_shelly_plus_ht_and_a_tasmota() {
    let payload = include_str!("../../../../../docs/examples/shelly-plus-ht.json");
    let values = ["temperature.0=19.1 Cel", "humidity.0=58.6 %", "battery.0=5.6 V"];
    read_as("shellyplusht-08b61fcb7f3c/events/rpc", payload, "shelly-plus-ht", "2026-11-22T21:00:00.520Z", &values);

    let payload = include_str!("../../../../../docs/examples/tasmota-am2301.json");
    // 23:00 in Thessaloniki.
    let values = ["temperature.0=21.3 Cel", "humidity.0=52.1 %"];
    read_as("tele/plug_4/SENSOR", payload, "tasmota-am2301", "2026-11-22T21:00:00.000Z", &values);
}

#[test]
fn what_cannot_be_read_says_why() {
    use RejectReason::{Malformed, UnknownFormat};
    for (topic, payload, reason) in [
        ("elsewhere", "{}", UnknownFormat),
        (UPLINK, "{", Malformed),
        (UPLINK, "{}", UnknownFormat),
        (UPLINK, r#"{"object":{"co2":1,"tvoc":1,"temperature":null}}"#, Malformed),
        ("tele/plug_4/SENSOR", r#"{"Time":"yesterday","AM2301":{"Temperature":1}}"#, Malformed),
        ("tele/plug_4/SENSOR", r#"{"Time":7,"AM2301":{"Temperature":1}}"#, Malformed),
    ] {
        assert_eq!(stored(topic, payload), Err(reason), "{topic} {payload}");
    }
    let payload = r#"{"Time":"2026-11-22T23:00:00","AM2301":{"Temperature":"warm","Humidity":[1]}}"#;
    let values = ["temperature: unsupported_value", "humidity: unsupported_value"];
    read_as("tele/plug_4/SENSOR", payload, "tasmota-am2301", "2026-11-22T21:00:00.000Z", &values);
    let early = r#"{"Time":"1970-01-01T00:00:03","AM2301":{"Temperature":1}}"#;
    let values = ["temperature: impossible_date"];
    read_as("tele/plug_4/SENSOR", early, "tasmota-am2301", "1969-12-31T22:00:03.000Z", &values);
}

#[test]
fn factor_offset_and_a_missing_time() {
    let text = "[[mapping]]\ncode = \"m\"\ntopic = \"m/{node}\"\nfield = [\n\
        { path = \"$[1]\", quantity = \"temperature\", factor = 0.1, offset = -40, channel = 2 },\n\
        { path = \"$[0]\", quantity = \"temperature\", unit = \"K\" }]\n";
    let text = text.replace("$[1]", "a[1]").replace("$[0]", "a[0]");
    let catalogue = mappings_of(&text);
    let message = read(&catalogue, "m/x", br#"{"a":[294.75,633]}"#).expect("it fits");
    assert_eq!(message.measured_at, None);
    let told: Vec<_> = message.records.iter().map(|record| (record.index, record.told.clone())).collect();
    assert_eq!(told, [(0, MappedValue::Number(23.3)), (1, MappedValue::Number(294.75))]);
    // A field that is not there does not move the others' numbers.
    let message = read(&catalogue, "m/x", br#"{"a":[294.75]}"#).expect("it fits");
    assert_eq!(message.records.iter().map(|record| record.index).collect::<Vec<_>>(), [1]);
}

fn mappings_of(text: &str) -> Mappings {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ours = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/catalogues");
    for name in ["quantities.toml", "node_types.toml", "zones.toml"] {
        std::fs::copy(ours.join(name), folder.path().join(name)).expect("a copy");
    }
    std::fs::write(folder.path().join("mappings.toml"), text).expect("it can be written");
    load::folder(folder.path()).expect("all well").mappings
}
