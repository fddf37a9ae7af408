//! InfluxDB's own engine takes our lines: influxd 1.x behind a proxy that turns version 2's paths into its own.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use city_gateway::telemetry::sinks::influxdb::InfluxConfig;
use serde_json::{Value, json};

use super::source::{START_MS, Source, config, hour, run};
use super::store::Store;

/// The proxy; gives its port.
async fn version_2(store: &Store) -> u16 {
    let router = Router::new()
        .route("/api/v2/write", post(write))
        .route("/api/v2/buckets", get(buckets))
        .with_state(store.url(""));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

fn authorized(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|value| value == "Token s3cret")
}

async fn write(
    State(store): State<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    if !authorized(&headers) {
        return (StatusCode::UNAUTHORIZED, r#"{"code":"unauthorized","message":"unauthorized access"}"#.to_owned());
    }
    assert_eq!((query["org"].as_str(), query["precision"].as_str()), ("org", "ms"));
    assert_eq!(headers["content-encoding"], "gzip");
    let request = reqwest::Client::new()
        .post(format!("{store}/write"))
        .query(&[("db", query["bucket"].as_str()), ("precision", "ms")])
        .header("Content-Encoding", "gzip")
        .body(body.to_vec());
    match request.send().await {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status().as_u16()).expect("a status");
            (status, answer.text().await.unwrap_or_default())
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

async fn buckets(Query(query): Query<HashMap<String, String>>, headers: HeaderMap) -> impl IntoResponse {
    if !authorized(&headers) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"code": "unauthorized", "message": "unauthorized access"})));
    }
    let name = &query["name"];
    let bucket = json!({"id": "0123456789abcdef", "orgID": "fedcba9876543210", "type": "user", "name": name,
        "retentionRules": [{"type": "expire", "everySeconds": 0}], "links": {"self": "/api/v2/buckets/0123456789abcdef"}});
    let found = if name == "city" { vec![bucket] } else { Vec::new() };
    (StatusCode::OK, Json(json!({"buckets": found, "links": {"self": "/api/v2/buckets"}})))
}

/// Rows of a query, each as (column → value).
async fn query(store: &Store, text: &str) -> Vec<HashMap<String, Value>> {
    let post = reqwest::Client::new().post(store.url("/query"));
    let answer = post.query(&[("db", "city"), ("epoch", "ms"), ("q", text)]).send().await.expect("it answers");
    let answer: Value = serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON");
    assert!(answer["results"][0]["error"].is_null(), "{answer}");
    let Some(series) = answer["results"][0]["series"].get(0) else { return Vec::new() };
    let columns: Vec<String> = serde_json::from_value(series["columns"].clone()).expect("columns");
    let rows: Vec<Vec<Value>> = serde_json::from_value(series["values"].clone()).expect("values");
    rows.into_iter().map(|row| columns.iter().cloned().zip(row).collect()).collect()
}

async fn start() -> (Store, u16) {
    let store = Store::influxd().await;
    query(&store, "CREATE DATABASE city").await;
    let port = version_2(&store).await;
    (store, port)
}

#[tokio::test]
async fn rows_read_back_equal_and_a_revision_overwrites_by_key() {
    let (store, port) = start().await;
    let source = Source::new();
    for n in 0..200 {
        source.push(hour("pm25", "swing-3.toumba", n));
    }
    let mut sink = run(config(port), &source);
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, state.warning, state.last_error), (200, None, None));

    let mut revised = hour("pm25", "swing-3.toumba", 7);
    revised.revision = 1;
    revised.values.mean = Some(0.1 + 0.2);
    revised.values.valid = false;
    source.push(revised);
    sink.until_done(&source).await;

    let mut rows = source.rows();
    rows.sort_by_key(|row| row.span.from);
    let found = query(&store, "SELECT * FROM pm25").await;
    assert_eq!(found.len(), rows.len());
    for (found, row) in found.iter().zip(&rows) {
        let values = &row.values;
        let p = values.percentiles.expect("the test's rows have them");
        let expected = json!({
            "time": row.span.from.millis(), "node": row.key.node.as_str(), "channel": "1", "window": "PT1H",
            "zone": row.zone.as_deref(), "count": values.count, "n_expected": values.expected, "suspect": values.suspect,
            "revision": row.revision, "valid": values.valid,
        });
        for (key, value) in expected.as_object().expect("an object") {
            assert_eq!(&found[key], value, "{key}");
        }
        let floats = [
            ("mean", values.mean),
            ("min", values.min),
            ("max", values.max),
            ("sum", values.sum),
            ("capture", values.capture),
            ("p10", Some(p[0])),
            ("p50", Some(p[1])),
            ("p90", Some(p[2])),
            ("p95", Some(p[3])),
        ];
        for (key, value) in floats {
            assert_eq!(found[key].as_f64(), value, "{key}");
        }
        assert_eq!(found.len(), 10 + floats.len(), "{found:?}");
    }
    sink.stop().await;
}

#[tokio::test]
async fn a_line_with_a_conflict_of_types_is_found_and_the_rest_goes_on() {
    let (store, port) = start().await;
    // The bucket holds text in a field where we send numbers: InfluxDB refuses
    // those lines of ours, within that week of its storage, and no others.
    let seeded = reqwest::Client::new()
        .post(store.url("/write?db=city&precision=ms"))
        .body(format!("no2,node=x mean=\"text\" {}\n", START_MS));
    assert_eq!(seeded.send().await.expect("it answers").status().as_u16(), 204);
    let source = Source::new();
    let bad = [13, 14, 77];
    for n in 0..100 {
        source.push(hour(if bad.contains(&n) { "no2" } else { "pm25" }, "n1", n));
    }
    let mut sink = run(config(port), &source);
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, state.quarantined), (97, 3));
    let kept = source.kept();
    assert_eq!(kept.iter().map(|line| line.change).collect::<Vec<_>>(), [14, 15, 78]);
    for line in &kept {
        assert!(line.line.starts_with("no2,channel=1,node=n1,"), "{}", line.line);
        assert!(line.error.starts_with("400: ") && line.error.contains("field type conflict"), "{}", line.error);
    }
    assert_eq!(query(&store, "SELECT mean FROM pm25").await.len(), 97);

    // Alone in its batch it is found too: a line taken before is sent again to see that the store takes any.
    source.push(hour("no2", "n1", 15));
    assert_eq!(sink.until_done(&source).await.quarantined, 4);
    source.push(hour("pm25", "n1", 13));
    sink.until_done(&source).await;
    assert_eq!(query(&store, "SELECT mean FROM pm25").await.len(), 98);
    sink.stop().await;
}

#[tokio::test]
async fn influxd_killed_in_the_midst_lacks_nothing_afterwards() {
    let (mut store, port) = start().await;
    let source = Source::new();
    let small = InfluxConfig { batch_rows_max: 20, ..config(port) };
    let mut sink = run(small, &source);
    for n in 0..600 {
        source.push(hour("pm25", "n1", n));
        if n == 200 {
            sink.until("some are sent", |state| state.rows_sent > 0).await;
            store.kill();
        }
        if n > 200 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    let state = sink.until("trouble", |state| state.requests_failed > 0).await;
    assert!(state.cursor < 600, "{state:?}");
    store.start().await;
    let state = sink.until_done(&source).await;
    assert_eq!(state.quarantined, 0);
    assert_eq!(query(&store, "SELECT mean FROM pm25").await.len(), 600);
    sink.stop().await;
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told_and_not_fatal() {
    let (store, port) = start().await;
    let source = Source::new();
    source.push(hour("pm25", "n1", 0));
    let elsewhere = InfluxConfig { bucket: "village".into(), ..config(port) };
    let mut sink = run(elsewhere, &source);
    let state = sink.until("misconfigured", |state| state.phase.code() == "misconfigured").await;
    assert!(state.warning.expect("there is one").contains("\"village\""));
    let why = state.last_error.expect("there is one").message;
    assert!(why.contains("bucket \"village\"") && why.contains("database not found"), "{why}");
    assert_eq!(state.cursor, 0);
    query(&store, "CREATE DATABASE village").await;
    let state = sink.until_done(&source).await;
    assert_eq!((state.rows_sent, state.quarantined, state.warning), (1, 0, None));
    sink.stop().await;
}
