//! The live page: what arrives, the ledger that balances, what needs attention. In Greek or English.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::catalogue::Text;
use crate::reading::Timestamp;
use crate::service::Gateway;
use crate::store::model::{Datastream, Order, Page, Span};
use crate::telemetry::ledger::AllView;

/// Datastreams shown, those heard last first.
const ROWS_MAX: usize = 60;

/// Which language; the browser's own when not told.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    lang: Option<String>,
}

struct Row {
    node: String,
    name: String,
    value: String,
    unit: String,
    flag: u8,
    measured: String,
    age: String,
}

#[derive(Template)]
#[template(path = "live.html")]
struct LivePage {
    greek: bool,
    municipality: String,
    demonstration: bool,
    ready: bool,
    problems: Vec<String>,
    warnings: Vec<String>,
    all: AllView,
    rejected_frames: u64,
    rejected_readings: u64,
    nodes: usize,
    connected: u64,
    datastreams: usize,
    rows: Vec<Row>,
    now: String,
}

/// `GET /`.
pub(super) async fn page(
    State(gateway): State<Arc<Gateway>>,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Response {
    let greek = match choice.lang.as_deref() {
        Some(lang) => lang != "en",
        None => !prefers_english(&headers),
    };
    match tokio::task::spawn_blocking(move || render(&gateway, greek)).await {
        Ok(Ok(page)) => Html(page).into_response(),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

/// The style sheet.
pub(super) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/live.css")).into_response()
}

/// The script that keeps the page fresh.
pub(super) async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../../templates/live.js"))
        .into_response()
}

fn failed(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "the live page could not be made");
    (StatusCode::INTERNAL_SERVER_ERROR, "the page could not be made; the log says why\n").into_response()
}

/// Greek is the first language: English only for those who ask for it before Greek.
fn prefers_english(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let place = |language: &str| accepts.split(',').position(|part| part.trim().starts_with(language));
    match (place("en"), place("el")) {
        (Some(english), Some(greek)) => english < greek,
        (english, _) => english.is_some(),
    }
}

fn render(gateway: &Gateway, greek: bool) -> anyhow::Result<String> {
    let now = gateway.clock.now();
    let readiness = gateway.readiness();
    let mut heard = gateway.reader.datastreams();
    let datastreams = heard.len();
    heard.retain(|datastream| !datastream.external);
    heard.sort_by_key(|datastream| std::cmp::Reverse((datastream.received_at, datastream.id)));
    heard.truncate(ROWS_MAX);
    let rows = heard.iter().map(|datastream| row(gateway, datastream, now, greek)).collect::<Result<_, _>>()?;
    let view = gateway.ledger_view().all;
    let page = LivePage {
        greek,
        municipality: gateway.config.municipality.name.clone(),
        demonstration: gateway.config.demonstration,
        ready: readiness.ready,
        problems: readiness.problems,
        warnings: readiness.warnings,
        rejected_frames: view.account.frames.rejected.values().sum(),
        rejected_readings: view.account.readings.rejected.values().sum(),
        all: view,
        nodes: gateway.registry.snapshot().nodes.len(),
        connected: gateway.counters.connections_open(),
        datastreams,
        rows,
        now: clock_time(gateway, now),
    };
    Ok(page.render()?)
}

fn row(gateway: &Gateway, datastream: &Datastream, now: Timestamp, greek: bool) -> anyhow::Result<Row> {
    let catalogue = gateway.reader.catalogue();
    let quantity = catalogue.find(&datastream.key.quantity).map(|index| catalogue.quantity(index));
    let last = gateway.reader.observations(datastream.id, Span::ALL, Order::Descending, Page { skip: 0, top: 1 })?;
    let told = |text: &Text| if greek { text.el.clone() } else { text.en.clone() };
    let name = quantity.map_or_else(|| datastream.key.quantity.to_string(), |q| told(&q.name));
    let decimals = quantity.map_or(2, |q| usize::from(q.decimals));
    let value = last.first().map_or_else(String::new, |o| number(o.value, decimals, greek));
    Ok(Row {
        node: datastream.key.node.to_string(),
        name: if datastream.key.channel == 0 { name } else { format!("{name} {}", datastream.key.channel) },
        value,
        unit: quantity.map_or_else(String::new, |q| unit(&q.unit)),
        flag: last.first().map_or(9, |o| o.flag().code()),
        measured: last.first().map_or_else(String::new, |o| clock_time(gateway, o.measured_at)),
        age: last.first().map_or_else(String::new, |o| age(now.millis_since(o.measured_at), greek)),
    })
}

/// A unit as people write it.
fn unit(ucum: &str) -> String {
    match ucum {
        "Cel" => "°C".into(),
        "ug/m3" => "µg/m³".into(),
        "mg/m3" => "mg/m³".into(),
        "m3/h" => "m³/h".into(),
        "deg" => "°".into(),
        "1" => String::new(),
        other => other.trim_matches(['[', ']', '{', '}']).replace("[mW]", "m"),
    }
}

fn number(value: f64, decimals: usize, greek: bool) -> String {
    let text = format!("{value:.decimals$}").replace('-', "\u{2212}");
    if greek { text.replace('.', ",") } else { text }
}

fn age(ms: i64, greek: bool) -> String {
    let seconds = ms / 1_000;
    let (n, el, en) = match seconds {
        i64::MIN..0 => return if greek { "μόλις τώρα".into() } else { "just now".into() },
        0..120 => (seconds, "δευτ.", "s"),
        120..7_200 => (seconds / 60, "λεπτά", "min"),
        7_200..172_800 => (seconds / 3_600, "ώρες", "h"),
        _ => (seconds / 86_400, "ημέρες", "days"),
    };
    if greek { format!("πριν {n} {el}") } else { format!("{n} {en} ago") }
}

fn clock_time(gateway: &Gateway, at: Timestamp) -> String {
    let zone = gateway.config.time_zone.clone();
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or_else(|_| at.to_string(), |time| time.to_zoned(zone).strftime("%d/%m %H:%M:%S").to_string())
}
