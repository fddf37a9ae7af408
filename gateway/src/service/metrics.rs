//! `/metrics` in Prometheus' text format, written from the counters that the parts keep anyway.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Gateway;
use crate::alerts::life;
use crate::catalogue::alerts::Severity;
use crate::keys::Served;
use crate::reading::RejectReason;
use crate::telemetry::ingest::mqtt::Refusal;
use crate::telemetry::ingest::serial::LineView;
use crate::telemetry::journal::Times;

/// `GET /metrics`.
pub(super) async fn show(State(gateway): State<Arc<Gateway>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render(&gateway)).into_response()
}

/// A page of metrics as it is written.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn metric<'a>(
        &mut self,
        kind: &str,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Option<(&'a str, &'a str)>, f64)>,
    ) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP city_gateway_{name} {help}\n# TYPE city_gateway_{name} {kind}");
        for (label, value) in samples {
            let _ = match label {
                None => writeln!(self.0, "city_gateway_{name} {value}"),
                Some((key, text)) => writeln!(self.0, "city_gateway_{name}{{{key}=\"{text}\"}} {value}"),
            };
        }
    }

    fn histogram(&mut self, name: &str, help: &str, times: &Times) {
        let _ = writeln!(self.0, "# HELP city_gateway_{name} {help}\n# TYPE city_gateway_{name} histogram");
        for (bound_s, count) in times.cumulated() {
            let _ = writeln!(self.0, "city_gateway_{name}_bucket{{le=\"{bound_s:.6}\"}} {count}");
        }
        let (count, sum_s) = (times.count(), times.sum_s());
        let _ = writeln!(
            self.0,
            "city_gateway_{name}_bucket{{le=\"+Inf\"}} {count}\ncity_gateway_{name}_sum {sum_s}\n\
             city_gateway_{name}_count {count}"
        );
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.metric("counter", name, help, [(None, value as f64)]);
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.metric("gauge", name, help, [(None, value)]);
    }
}

fn alerts(page: &mut Exposition, gateway: &Gateway) {
    let board = gateway.alerts.board();
    let open = Severity::ALL.map(|severity| {
        let n = board.open().filter(|alert| alert.severity == severity).count();
        (Some(("severity", severity.code())), n as f64)
    });
    page.metric("gauge", "alerts_open", "Alerts that are not over.", open);
    let raised = board.open().filter(|alert| alert.state == life::State::Raised).count();
    page.gauge("alerts_unanswered", "Open alerts that nobody has answered.", raised as f64);
    page.counter(
        "alerts_refused_total",
        "Findings that found no room under [alerts] open_max.",
        gateway.alerts.refused(),
    );
    page.gauge("alerts_behind", "Datastreams that the last look had no time for.", gateway.alerts.behind() as f64);
    page.counter("alerts_rested_total", "Findings that maintenance rests.", gateway.alerts.rested());
    let Ok(counts) = gateway.outbox.counts() else { return };
    let sent = counts.settled.iter().map(|(way, sent, _)| (Some(("way", way.code())), *sent as f64));
    page.metric("gauge", "notices_sent", "Notices that went out, as far as they are kept.", sent);
    let failed = counts.settled.iter().map(|(way, _, failed)| (Some(("way", way.code())), *failed as f64));
    page.metric("gauge", "notices_failed", "Notices that were given up, as far as they are kept.", failed);
    page.gauge("notices_waiting", "Notices that wait to be sent.", counts.waiting as f64);
}

fn render(gateway: &Gateway) -> String {
    let mut page = Exposition::default();
    ledger(&mut page, gateway);
    journal(&mut page, gateway);
    doors(&mut page, gateway);
    sink(&mut page, gateway);
    broker(&mut page, gateway);
    lines(&mut page, gateway);
    alerts(&mut page, gateway);
    let refused: Vec<_> = gateway.refusals.counts().collect();
    let refused = refused.iter().map(|(reason, n)| (Some(("reason", *reason)), *n as f64));
    page.metric("counter", "http_refused_total", "HTTP requests that were refused.", refused);
    let now = gateway.clock.now();
    page.gauge("ready", "1 when the gateway takes what nodes send.", f64::from(u8::from(gateway.readiness().ready)));
    page.gauge("uptime_seconds", "Seconds since the start.", now.millis_since(gateway.started_at) as f64 / 1_000.0);
    page.gauge("datastreams", "Datastreams known.", gateway.reader.datastreams_count() as f64);
    page.gauge("nodes", "Nodes in the registry.", gateway.registry.snapshot().nodes.len() as f64);
    if let Some(bytes) = resident_bytes() {
        page.gauge("resident_memory_bytes", "Resident memory.", bytes as f64);
    }
    page.0
}

fn ledger(page: &mut Exposition, gateway: &Gateway) {
    let view = gateway.ledger.all();
    let pending = gateway.ledger_view().all;
    let reasons = |numbers: &[u64]| -> Vec<(Option<(&'static str, &'static str)>, f64)> {
        RejectReason::ALL.iter().zip(numbers).map(|(reason, n)| (Some(("reason", reason.code())), *n as f64)).collect()
    };
    page.counter(
        "frames_received_total",
        "Frames on disk: decoded, rejected and pending.",
        pending.account.frames.received,
    );
    page.counter("frames_decoded_total", "Frames that could be read.", view.frames_decoded);
    page.metric(
        "counter",
        "frames_rejected_total",
        "Frames that could not be read, by reason.",
        reasons(&view.frames_rejected),
    );
    page.gauge("frames_pending", "Frames on disk and not taken up yet.", pending.account.frames.pending as f64);
    page.gauge("pending", "Frames not taken up, and windows due to be written.", pending.pending as f64);
    page.counter("readings_decoded_total", "Readings found in frames.", view.decoded);
    page.counter("readings_stored_total", "Readings stored as new.", view.stored);
    page.counter("readings_duplicate_total", "Readings that came before.", view.duplicate);
    page.counter("readings_corrected_total", "Readings stored in place of an earlier one.", view.corrected);
    page.metric(
        "counter",
        "readings_rejected_total",
        "Readings that could not be used, by reason.",
        reasons(&view.rejected),
    );
}

fn journal(page: &mut Exposition, gateway: &Gateway) {
    let status = gateway.journal.status();
    page.gauge("journal_bytes", "Size of the journal's segments.", status.bytes as f64);
    page.gauge("journal_bytes_max", "Bound of the journal's size.", status.bytes_max as f64);
    page.gauge("journal_paused", "1 while nothing is acknowledged.", f64::from(u8::from(status.paused.is_some())));
    page.counter("journal_commits_total", "Groups of records synced.", status.groups);
    page.counter("journal_records_total", "Records synced.", status.records);
    page.histogram("journal_commit_seconds", "From the first byte of a group to the end of its sync.", &status.times);
}

fn doors(page: &mut Exposition, gateway: &Gateway) {
    let counters = &gateway.counters;
    page.gauge("mqtt_connections", "Nodes connected.", counters.connections_open() as f64);
    page.counter("mqtt_connections_total", "Connections that were let in.", counters.connections_total());
    page.counter("mqtt_publishes_total", "PUBLISH packets taken.", counters.publishes());
    page.counter("mqtt_acks_total", "PUBACK packets sent.", counters.acks());
    page.counter("mqtt_malformed_total", "Connections closed for what is not MQTT.", counters.malformed());
    page.counter("mqtt_timed_out_total", "Connections closed for silence.", counters.timed_out());
    page.counter("mqtt_taken_over_total", "Connections closed as their node connected again.", counters.taken_over());
    page.counter("mqtt_accept_failures_total", "Times that accepting failed.", counters.accept_failures());
    page.counter("commands_sent_total", "Commands sent to nodes.", counters.commands_sent());
    let refused = Refusal::ALL.map(|refusal| (Some(("reason", refusal.code())), counters.refused(refusal) as f64));
    page.metric("counter", "mqtt_refused_total", "Connections refused, by reason.", refused);
    let served = [("http", &gateway.http_tls), ("mqtt", &gateway.mqtt_tls)];
    let served: Vec<_> = served.into_iter().filter_map(|(door, served)| Some((door, served.as_ref()?))).collect();
    if !served.is_empty() {
        let failed = served.iter().map(|(door, served)| (Some(("door", *door)), served.failed() as f64));
        page.metric("counter", "tls_handshakes_failed_total", "TLS handshakes that came to nothing.", failed);
        let now = gateway.clock.now();
        let left = |served: &Served| served.valid_until().millis_since(now) as f64 / 1_000.0;
        let left = served.iter().map(|(door, served)| (Some(("door", *door)), left(served)));
        page.metric("gauge", "tls_certificate_seconds", "Seconds until the certificate shown ends.", left);
    }
    let registry = gateway.registry.counters();
    page.counter("secrets_not_verified_total", "Secrets not looked at: too many in a minute.", registry.not_verified());
    page.counter("knocks_not_kept_total", "Unknown nodes that found no room in the list.", registry.knocks_not_kept());
    page.counter("registry_failures_total", "Times that the records could not be used.", registry.failures());
}

fn sink(page: &mut Exposition, gateway: &Gateway) {
    let Some(sink) = &gateway.sink else { return };
    let state = sink.borrow().clone();
    page.gauge("sink_behind", "Changes that wait to be sent.", state.behind() as f64);
    page.counter("sink_rows_total", "Rows that the other store took.", state.rows_sent);
    page.counter("sink_bytes_total", "Bytes that it took.", state.bytes_sent);
    page.counter("sink_requests_failed_total", "Requests that failed.", state.requests_failed);
    page.gauge("sink_quarantined", "Lines kept in quarantine.", state.quarantined as f64);
    page.metric("gauge", "sink_phase", "1 for what the sink does now.", [(Some(("phase", state.phase.code())), 1.0)]);
}

fn broker(page: &mut Exposition, gateway: &Gateway) {
    let Some(broker) = &gateway.broker else { return };
    let view = broker.view();
    page.gauge("broker_connected", "1 while connected.", f64::from(u8::from(view.connected_since.is_some())));
    page.counter("broker_connections_total", "Connections made to the broker.", view.connections);
    page.counter("broker_sessions_new_total", "Connections for which the broker had no session.", view.sessions_new);
    page.counter("broker_messages_total", "Messages taken from the broker.", view.messages);
    page.counter("broker_refused_total", "Messages among them that were refused.", view.refused);
    page.counter("broker_acks_total", "Acknowledgements given to the broker.", view.acks);
    page.counter(
        "broker_acks_stale_total",
        "Messages on disk after their connection was gone: they come again.",
        view.acks_stale,
    );
    page.counter(
        "broker_dropped_total",
        "Messages, of whatever client, that the broker says it dropped.",
        view.dropped_by_broker,
    );
}

fn lines(page: &mut Exposition, gateway: &Gateway) {
    let views: Vec<LineView> = gateway.lines.iter().map(|line| line.view()).collect();
    if views.is_empty() {
        return;
    }
    let mut each = |kind: &str, name: &str, help: &str, value: fn(&LineView) -> u64| {
        let samples = views.iter().map(|view| (Some(("port", view.port.as_str())), value(view) as f64));
        page.metric(kind, name, help, samples);
    };
    each("gauge", "serial_open", "1 while the port is open.", |view| u64::from(view.open_since.is_some()));
    each("counter", "serial_openings_total", "Times that the port was opened.", |view| view.openings);
    each("counter", "serial_frames_total", "Frames heard on the line.", |view| view.frames);
    each("counter", "serial_acks_total", "Data acknowledged on the line.", |view| view.acks);
    each("counter", "serial_noise_total", "Noise and halves of frames.", |view| view.noise);
    each("counter", "serial_unasked_total", "Frames that were not asked for.", |view| view.unasked);
    each("counter", "serial_denied_total", "Data of nodes that are not taken.", |view| view.denied);
    each("counter", "serial_silences_total", "Polls that were not answered.", |view| {
        view.nodes.values().map(|node| node.silences).sum()
    });
}

/// Resident memory of this process, where the system tells.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
