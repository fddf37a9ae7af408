//! VictoriaMetrics takes our lines at `/api/v2/write`.

use std::collections::BTreeMap;
use std::time::Duration;

use city_gateway::telemetry::sinks::{Change, Phase};

use super::source::{Source, config, hour, run};
use super::store::Store;

/// (metric, node, zone, time) → values, in the order stored.
type Samples = BTreeMap<(String, String, String, i64), Vec<f64>>;

async fn export(store: &Store) -> Samples {
    let flushed = reqwest::get(store.url("/internal/force_flush")).await.expect("it answers");
    assert!(flushed.status().is_success());
    let text = reqwest::get(store.url("/api/v1/export?match%5B%5D=%7B__name__%21%3D%22%22%7D"))
        .await
        .expect("it answers")
        .text()
        .await
        .expect("a text");
    let mut samples = Samples::new();
    for line in text.lines() {
        let series: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let label = |name: &str| series["metric"][name].as_str().unwrap_or_default().to_owned();
        assert_eq!((label("channel"), label("window")), ("1".into(), "PT1H".into()), "{line}");
        let values = series["values"].as_array().expect("values");
        let times = series["timestamps"].as_array().expect("times");
        for (value, time) in values.iter().zip(times) {
            let key = (label("__name__"), label("node"), label("zone"), time.as_i64().expect("a time"));
            samples.entry(key).or_default().push(value.as_f64().expect("a number"));
        }
    }
    samples
}

/// Compares with what `rows` say, and tells the differences alone.
async fn assert_holds(store: &Store, rows: &[Change]) {
    let (found, expected) = (export(store).await, expected(rows));
    let differs = expected.iter().find(|(key, values)| found.get(*key) != Some(*values));
    assert!(differs.is_none(), "{differs:?}: found {:?}", differs.and_then(|(key, _)| found.get(key)));
    assert_eq!(found.len(), expected.len());
}

fn expected(rows: &[Change]) -> Samples {
    let mut samples = Samples::new();
    for row in rows {
        let values = &row.values;
        let p = values.percentiles.expect("the test's rows have them");
        for (field, value) in [
            ("mean", values.mean.expect("the test's rows have it")),
            ("min", values.min.expect("the test's rows have it")),
            ("max", values.max.expect("the test's rows have it")),
            ("sum", values.sum.expect("the test's rows have it")),
            ("count", f64::from(values.count)),
            ("n_expected", f64::from(values.expected.expect("the test's rows have it"))),
            ("capture", values.capture.expect("the test's rows have it")),
            ("valid", f64::from(u8::from(values.valid))),
            ("revision", f64::from(row.revision)),
            ("suspect", f64::from(values.suspect)),
            ("p10", p[0]),
            ("p50", p[1]),
            ("p90", p[2]),
            ("p95", p[3]),
        ] {
            let name = format!("{}_{field}", row.key.quantity);
            let zone = row.zone.as_deref().unwrap_or_default().to_owned();
            samples.insert((name, row.key.node.to_string(), zone, row.span.from.millis()), vec![value]);
        }
    }
    samples
}

#[tokio::test]
async fn rows_read_back_equal_and_a_missing_list_of_buckets_is_no_trouble() {
    let store = Store::victoria().await;
    let source = Source::new();
    for n in 0..300 {
        source.push(hour(if n % 2 == 0 { "pm25" } else { "laeq" }, "swing-3.toumba", n));
    }
    let mut sink = run(config(store.port), &source);
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, state.quarantined, state.warning, state.last_error), (300, 0, None, None));
    sink.until("idle", |state| state.phase == Phase::Idle).await;
    assert_holds(&store, &source.rows()).await;
    sink.stop().await;
}

#[tokio::test]
async fn both_samples_of_a_revised_aggregate_are_kept_and_revision_tells_them_apart() {
    let store = Store::victoria().await;
    let source = Source::new();
    source.push(hour("pm25", "n1", 0));
    let mut sink = run(config(store.port), &source);
    sink.until_done(&source).await;
    let mut revised = hour("pm25", "n1", 0);
    revised.revision = 1;
    revised.values.mean = Some(99.5);
    source.push(revised);
    sink.until_done(&source).await;
    let samples = export(&store).await;
    let of = |metric: &str| {
        let found = samples.iter().filter(|(key, _)| key.0 == metric).flat_map(|(_, values)| values);
        let mut values: Vec<f64> = found.copied().collect();
        values.sort_by(f64::total_cmp);
        values
    };
    assert_eq!((of("pm25_mean"), of("pm25_revision")), (vec![0.25, 99.5], vec![0.0, 1.0]));
    sink.stop().await;
}

#[tokio::test]
async fn a_store_that_goes_away_and_comes_back_lacks_nothing() {
    let mut store = Store::victoria().await;
    let source = Source::new();
    let mut sink = run(config(store.port), &source);
    for n in 0..50 {
        source.push(hour("pm25", "n1", n));
    }
    sink.until_done(&source).await;
    store.end();
    for n in 50..400 {
        source.push(hour("pm25", "n1", n));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let state = sink.until("waiting", |state| matches!(state.phase, Phase::Waiting { .. })).await;
    assert_eq!(state.cursor, 50);
    assert!(state.last_error.expect("there is one").message.starts_with("no connection: "));
    store.start().await;
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, state.quarantined), (400, 0));
    assert_holds(&store, &source.rows()).await;
    sink.stop().await;
}

#[tokio::test]
async fn a_stopped_sink_goes_on_from_its_cursor() {
    let store = Store::victoria().await;
    let source = Source::new();
    source.push(hour("pm25", "n1", 0));
    let mut sink = run(config(store.port), &source);
    sink.until_done(&source).await;
    sink.stop().await;
    source.push(hour("pm25", "n1", 1));
    let mut sink = run(config(store.port), &source);
    assert_eq!(sink.until_done(&source).await.rows_sent, 1);
    assert_holds(&store, &source.rows()).await;
    sink.stop().await;
}
