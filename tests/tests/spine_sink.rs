//! The external store is away for a minute, and the gateway is killed meanwhile: afterwards the store's numbers equal the
//! embedded store's, each aggregate at its final revision. VictoriaMetrics, and InfluxDB's own engine.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tests::peer::{Store, version_2};
use tests::rows::{Keeps, NUMBERS, Row, RowKey, VICTORIA, difference, embedded, in_victoria};
use tests::senml::{Entry, to_json};
use tests::{Gateway, Node, now_ms, wait_longer, wait_until};

const HOUR_MS: i64 = 3_600_000;
const AWAY: Duration = Duration::from_secs(60);
const NODES: [&str; 3] = ["sink-1", "sink-2.toumba", "sink_3"];
const QUANTITIES: [&str; 2] = ["temperature", "pm25"];
const TOKEN: &str = "s3cret";

fn start(url: &str) -> Gateway {
    let mut gateway = Gateway::prepare(&[
        ("influxdb.url", &format!("\"http://{url}\"")),
        ("influxdb.org", "\"org\""),
        ("influxdb.bucket", "\"city\""),
        ("influxdb.retry_delay_min_ms", "100"),
        ("influxdb.retry_delay_max_ms", "2000"),
        ("windows.settle_s", "0"),
        ("windows.quiet_s", "1"),
        ("limits.checkpoint_s", "1"),
    ]);
    gateway.set_environment("CITY_GATEWAY_INFLUXDB_TOKEN", TOKEN);
    gateway.restart();
    gateway
}

/// Readings of `hours` of the day that began at `base_ms`, every five minutes and `late_ms` after.
fn publish(nodes: &[Node], base_ms: i64, hours: std::ops::Range<i64>, late_ms: i64) {
    for (place, node) in nodes.iter().enumerate() {
        for hour in hours.clone() {
            let step = |minutes: i64| {
                let unix_ms = base_ms + hour * HOUR_MS + minutes * 60_000 + late_ms;
                let value = ((unix_ms / 1_000 * 7 + place as i64) % 3_001) as f64 / 100.0;
                QUANTITIES.map(|name| Entry { name, unit: None, value, unix_ms })
            };
            let entries: Vec<Entry<'_>> = (0..60).step_by(5).flat_map(step).collect();
            node.publish(to_json("", &entries));
        }
        node.wait_acknowledged();
    }
}

fn in_influxd(store: &Store) -> BTreeMap<RowKey, Row> {
    let mut rows = BTreeMap::new();
    for quantity in QUANTITIES {
        for found in store.query(&format!("SELECT * FROM {quantity}")) {
            let text = |name: &str| found[name].as_str().unwrap_or_else(|| panic!("no {name} in {found}")).to_owned();
            let mut row: Row =
                NUMBERS.iter().filter_map(|name| Some((name.to_string(), vec![found[*name].as_f64()?]))).collect();
            row.insert("valid".into(), vec![f64::from(u8::from(found["valid"] == true))]);
            let key = (quantity.to_owned(), text("node"), text("window"), found["time"].as_i64().expect("a time"));
            assert!(rows.insert(key, row).is_none(), "a row twice: {found}");
        }
    }
    rows
}

/// A store as its tests know it.
struct Kind {
    read: fn(&Store) -> BTreeMap<RowKey, Row>,
    keeps: Keeps,
}

fn wait_equal(gateway: &Gateway, kind: &Kind, store: &Store) -> BTreeMap<RowKey, Row> {
    let started = Instant::now();
    loop {
        gateway.settled();
        let own = embedded(gateway);
        match difference(kind.keeps, &own, &(kind.read)(store)) {
            None => return own,
            Some(why) if started.elapsed() > Duration::from_secs(60) => panic!("{why}"),
            Some(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}

fn away_and_back(mut store: Store, url: &str, kind: &Kind) {
    let mut gateway = start(url);
    let nodes = NODES.map(|name| Node::new(&gateway, name));
    let base_ms = now_ms().div_euclid(HOUR_MS) * HOUR_MS - 12 * HOUR_MS;
    publish(&nodes, base_ms, 0..4, 0);
    let before = wait_equal(&gateway, kind, &store);
    assert!(!before.is_empty());

    // VictoriaMetrics acknowledges what is in its memory alone, and forgets seconds of it when it is killed.
    if kind.keeps.revised {
        store.end()
    } else {
        store.kill()
    }
    let gone = Instant::now();
    publish(&nodes, base_ms, 4..8, 0);
    // Late ones: windows that the store has already are revised, and some that it never saw.
    publish(&nodes, base_ms, 2..6, 30_000);
    gateway.settled();
    wait_until("a warning that the sink is behind", || {
        let ready = gateway.get("/readyz");
        assert_eq!(ready.status, 200, "an outage of a sink is no outage of the gateway");
        ready.json()["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty()).then_some(())
    });
    gateway.kill();
    gateway.restart();
    publish(&nodes, base_ms, 8..10, 0);
    wait_longer("the minute's end", AWAY * 2, || (gone.elapsed() >= AWAY).then_some(()));
    store.start();
    let after = wait_equal(&gateway, kind, &store);
    wait_until("the warning to go", || {
        gateway.get("/readyz").json()["warnings"].as_array().is_some_and(Vec::is_empty).then_some(())
    });
    assert!(after.len() > before.len(), "{} rows before, {} after", before.len(), after.len());
    let revised = after.values().filter(|row| row["revision"][0] > 0.0).count();
    eprintln!("{} rows, {revised} of them revised", after.len());
    assert!(revised > 0, "nothing was revised");
}

#[test]
fn victoria_metrics_away_for_a_minute_holds_the_embedded_stores_numbers_afterwards() {
    let store = Store::victoria();
    let url = store.address();
    away_and_back(store, &url, &Kind { read: |store| in_victoria(store, &QUANTITIES), keeps: VICTORIA });
}

#[test]
fn influxds_own_engine_away_for_a_minute_holds_the_final_revision_alone() {
    let store = Store::influxd();
    store.query("CREATE DATABASE city");
    let url = version_2(&store, TOKEN);
    away_and_back(store, &url, &Kind { read: in_influxd, keeps: Keeps { error: 0.0, revised: false } });
}
