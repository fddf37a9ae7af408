//! The gateway as a whole: parts built in order, tasks owned, stopped in order.
//!
//! Start: registry, journal, store; then the pipeline goes on from the last checkpoint, and the doors open. Stop: the
//! doors close and acknowledge what is on disk, the pipeline writes a last checkpoint. A part that fails stops the
//! process: the journal has everything that was acknowledged.

mod alerts;
mod events;
mod follow;
mod housekeeping;
mod usage;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::aggregate::Windows;
use crate::alerts::{Alerts, AlertsConfig, Ways};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::delivery::{Outbox, courier, heartbeat};
use crate::keys::{Keys, Served, ServedError};
use crate::operations::book::Book;
use crate::pages;
use crate::people::directory::Directory;
use crate::people::{AttemptRule, People, PeopleRules, SessionRule};
use crate::reading::Timestamp;
use crate::registry::{self, CertifiedNodes, Registry, RegistryConfig};
use crate::service::{self, Gateway, Refusals};
use crate::store::{Reader, Writer, records};
use crate::telemetry::frame::FrameKind;
use crate::telemetry::ingest::broker::{Broker, BrokerConfig, BrokerState};
use crate::telemetry::ingest::mqtt::{Connections, Counters, Listener, ListenerConfig};
use crate::telemetry::ingest::serial::{Line, LineConfig, LineState};
use crate::telemetry::ingest::{Admission, Sessions, Vouched, inbox, mqtt};
use crate::telemetry::journal::{Journal, JournalConfig};
use crate::telemetry::ledger::Ledger;
use crate::telemetry::pipeline::{Intake, Orders, Pipeline, PipelineConfig};
use crate::telemetry::settling::{SettleRule, Settling};
use crate::telemetry::sinks::StoreSource;
use crate::telemetry::sinks::influxdb::{InfluxConfig, InfluxSink, Token};
use crate::telemetry::validate;

/// Where the addresses that were bound are told, in the data folder.
pub const PORTS_FILE: &str = "ports.json";
/// The journal's folder in the data folder.
pub const JOURNAL_FOLDER: &str = "journal";
/// The system's clock is not believed before this program was made: 2026-11-22.
const BUILT_AT: Timestamp = Timestamp::from_millis(1_795_305_600_000);
/// Where the session that an external broker keeps is remembered, in the data folder.
const BROKER_SESSION_FILE: &str = "broker-session.json";
/// A record of the journal: a packet and what the frame adds, a mapped message's topic among it.
const RECORD_OVERHEAD_BYTES: usize = 2_048;
const DAY_MS: i64 = 86_400_000;
/// The sink's name in the store.
const INFLUXDB: &str = "influxdb";

/// Runs the gateway until `stop` holds true or a part fails.
///
/// # Errors
/// What stopped it, with its causes.
pub async fn run(config: Config, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder).with_context(|| format!("data_dir {} cannot be made", folder.display()))?;
    let clock = Arc::new(Clock::new(BUILT_AT));
    let registry = Registry::open(&folder.join(records::FILE), registry_config(&config))?;
    let people = People::open(&folder.join(records::FILE), people_rules(&config), clock.clone())?;
    let directory = config.oidc.clone().map(Directory::new).transpose().context("[oidc]")?.map(Arc::new);
    let keys = Keys::open(folder, clock.clone())?;
    let book = book(&config, clock.clone())?;
    let alerts = alerts_log(&config, clock.clone())?;
    let outbox = Outbox::open(folder, config.delivery.patience, clock.clone())?;
    let http_tls = config.http_tls.clone().map(Served::files).transpose().context("[http.tls]")?;
    let mqtt_tls = mqtt_tls(&config, &keys).context("[mqtt.tls]")?;
    let windows = Arc::new(Windows::new(config.windows.lengths.clone(), config.time_zone.clone()));
    let (writer, recovered) = Writer::open(folder, config.catalogue.clone(), windows, registry.snapshot())?;
    let (journal, recovery) =
        Journal::open(&folder.join(JOURNAL_FOLDER), journal_config(&config, writer.progress().position))?;
    tracing::info!(
        records = recovery.records,
        torn_bytes = recovery.torn_bytes,
        damaged = recovery.damaged.len(),
        stored = writer.progress().position,
        "the journal is open"
    );
    let journal = Arc::new(journal);
    let ledger = Arc::new(Ledger::default());
    let cursor = writer.cursor(INFLUXDB)?;
    let (newest, newest_seen) = watch::channel(writer.progress().change);
    let reader = writer.reader(clock.clone());
    let (orders, ordered) = Orders::channel();
    let (events, happened) = std::sync::mpsc::channel();
    let intake = intake(&config, writer, recovered, ledger.clone(), clock.now());
    clock.raise_floor(intake.heard_at());
    let pipeline =
        Pipeline::new(intake, journal.clone(), clock.clone(), pipeline_config(&config), ordered, events, newest);

    let (inner_stop, stopped) = watch::channel(false);
    let connections = Arc::new(Connections::default());
    let counters = Arc::new(Counters::default());
    let listener = Listener::bind(
        config.listen.mqtt,
        listener_config(&config, &journal, (&registry, &keys), &clock, &connections, &counters),
    )
    .await
    .with_context(|| format!("[listen] mqtt = {} cannot be bound", config.listen.mqtt))?;
    let listener = match (config.listen.mqtts, &mqtt_tls) {
        (Some(address), Some(served)) => {
            let tls = served.for_mqtt(&keys, config.certificates).context("[mqtt.tls]")?;
            let bound = listener.with_tls(address, served.clone(), tls).await;
            bound.with_context(|| format!("[listen] mqtts = {address} cannot be bound"))?
        }
        _ => listener,
    };
    let http = TcpListener::bind(config.listen.http)
        .await
        .with_context(|| format!("[listen] http = {} cannot be bound", config.listen.http))?;
    let sink = sink(&config, reader.clone(), orders.clone(), newest_seen, cursor, clock.clone())?;
    let broker = broker(&config, &journal, &registry, &clock);
    let (lines, line_states) = lines(&config, &journal, &registry, &clock);
    let app = Arc::new(Gateway {
        started_at: clock.now(),
        journal: journal.clone(),
        ledger,
        reader,
        registry: registry.clone(),
        people,
        directory,
        keys,
        book,
        alerts,
        outbox: outbox.clone(),
        pulse: config.delivery.heartbeat.as_ref().map(|_| Arc::default()),
        http_tls,
        mqtt_tls,
        refusals: Refusals::default(),
        routes: OnceLock::new(),
        mqtt_ports: OnceLock::new(),
        orders: orders.clone(),
        clock,
        connections: connections.clone(),
        counters,
        sink: sink.as_ref().map(InfluxSink::state),
        broker: broker.as_ref().map(|(_, state)| state.clone()),
        lines: line_states,
        config,
    });
    let addresses = (listener.local_addr()?, http.local_addr()?, listener.local_addr_tls()?);
    let _ = app.mqtt_ports.set((addresses.0.port(), addresses.2.map(|address| address.port())));
    tell_ports(&app.config.data_dir, addresses)?;
    invite_first(&app)?;
    tracing::info!(mqtt = %addresses.0, http = %addresses.1, "the gateway is open");

    let stop_pipeline = Arc::new(AtomicBool::new(false));
    let pipeline_stop = stop_pipeline.clone();
    let (pipeline_ended, pipeline_end) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("pipeline".into()).spawn(move || {
        let _ = pipeline_ended.send(pipeline.run(&pipeline_stop));
    })?;
    let followed = app.clone();
    std::thread::Builder::new().name("registry".into()).spawn(move || follow::events(&followed, &happened))?;
    let doors = tokio::spawn(listener.run(stopped.clone()));
    let mut ways: Vec<_> = lines.into_iter().map(|line| tokio::spawn(line.run(stopped.clone()))).collect();
    ways.extend(broker.map(|(broker, _)| tokio::spawn(broker.run(stopped.clone()))));
    let (routes, table) = routes(&app);
    let _ = app.routes.set(table);
    let pages = tokio::spawn(service::serve(http, app.clone(), routes, stopped.clone()));
    let sink = sink.map(|sink| tokio::spawn(sink.run(stopped.clone())));
    let shown = [&app.http_tls, &app.mqtt_tls].into_iter().flatten();
    let shown = shown.map(|served| tokio::spawn(served.clone().follow(app.clock.clone(), stopped.clone())));
    ways.extend(shown);
    let follower = tokio::spawn(follow::registry(app.clone(), stopped.clone()));
    let housekeeping = tokio::spawn(housekeeping::follow(app.clone(), stopped.clone()));
    let alerts = tokio::spawn(alerts::follow(app.clone(), stopped.clone()));
    let (delivery, external) = (app.config.delivery.clone(), app.config.broker.clone());
    ways.push(tokio::spawn(courier::run(delivery, external, outbox, stopped.clone())));
    ways.extend(heart(&app, &stopped).map(tokio::spawn));
    let inbox = tokio::spawn(inbox::follow(app.config.data_dir.clone(), journal.appender(), stopped.clone()));

    let mut pipeline_end = pipeline_end;
    let failure = tokio::select! {
        () = until(stop) => None,
        failure = journal.failed() => Some(anyhow!(failure).context("the journal's disk failed")),
        ended = &mut pipeline_end => Some(pipeline_failure(ended)),
    };
    tracing::info!("stopping");
    inner_stop.send_replace(true);
    doors.await?;
    for task in [follower, housekeeping, alerts, inbox, pages].into_iter().chain(ways).chain(sink) {
        task.await?;
    }
    let _ = std::fs::remove_file(app.config.data_dir.join(PORTS_FILE));
    let closing = journal.clone();
    let closed = tokio::task::spawn_blocking(move || closing.close()).await?;
    stop_pipeline.store(true, Ordering::Relaxed);
    match failure {
        Some(failure) => Err(failure),
        None => {
            pipeline_end.await.map_err(|_| anyhow!("the pipeline's thread panicked"))??;
            closed?;
            tracing::info!("stopped; everything is stored");
            Ok(())
        }
    }
}

/// How others reach the pages, without a slash at its end: what the configuration says, or where a running gateway
/// listens, or where it will.
pub fn base_url(config: &Config) -> String {
    if let Some(url) = &config.listen.public_url {
        return url.clone();
    }
    let ports = std::fs::read_to_string(config.data_dir.join(PORTS_FILE)).ok();
    let ports: Option<serde_json::Value> = ports.and_then(|text| serde_json::from_str(&text).ok());
    let http = ports.as_ref().and_then(|ports| ports["http"].as_str()).map(str::to_owned);
    let scheme = if config.http_tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{}", http.unwrap_or_else(|| config.listen.http.to_string()))
}

/// While nobody can decide who may do what, a link for the first administrator is printed: on standard error, and not in
/// the log, since it is a secret.
fn invite_first(app: &Gateway) -> anyhow::Result<()> {
    if app.config.demonstration {
        return Ok(());
    }
    if let Some(link) = app.people.first_link()? {
        let hours = app.config.access.link.as_secs().div_ceil(3_600);
        eprintln!(
            "\nNobody can sign in yet. The first administrator sets a password here, once, within {hours} h:\n\n    {}{}\n",
            base_url(&app.config),
            link.path()
        );
    }
    Ok(())
}

/// All routes, and what each needs.
pub(crate) fn routes(gateway: &Arc<Gateway>) -> (axum::Router, Vec<service::access::Route>) {
    let ((service, mut table), (pages, more)) = (service::routes(gateway.clone()), pages::routes(gateway.clone()));
    table.extend(more);
    (service.merge(pages), table)
}

/// What people are held to, by the service and by the command line.
pub fn people_rules(config: &Config) -> PeopleRules {
    let access = &config.access;
    PeopleRules {
        sessions: SessionRule { idle: access.session_idle, most: access.session_max },
        attempts: AttemptRule { failures_max: access.failures_max, lock: access.lock },
        link: access.link,
    }
}

/// The record of equipment, for the service and for the command line.
///
/// # Errors
/// It cannot be read.
pub fn book(config: &Config, clock: Arc<Clock>) -> Result<Arc<Book>, crate::operations::book::BookError> {
    let (catalogue, zone) = (config.catalogue.clone(), config.time_zone.clone());
    Book::open(&config.data_dir, catalogue, zone, config.limits.assets_max as usize, clock)
}

/// Alerts, for the service.
fn alerts_log(config: &Config, clock: Arc<Clock>) -> Result<Arc<Alerts>, crate::alerts::AlertsError> {
    let held_to = AlertsConfig {
        open_max: config.alerts.open_max as usize,
        escalate_ms: i64::from(config.alerts.escalate_min) * 60_000,
        reopen_ms: i64::from(config.alerts.reopen_s) * 1_000,
        ways: Ways {
            broker: config.delivery.topic.is_some(),
            every: config.delivery.webhooks.iter().filter(|hook| hook.every).map(|hook| hook.name.clone()).collect(),
            url: config.listen.public_url.clone(),
        },
    };
    Alerts::open(&config.data_dir, config.catalogue.clone(), config.time_zone.clone(), held_to, clock)
}

/// The sign of life to another system, if one is sent.
fn heart(app: &Arc<Gateway>, stop: &watch::Receiver<bool>) -> Option<impl Future<Output = ()> + Send + use<>> {
    let (config, pulse) = (app.config.delivery.heartbeat.clone()?, app.pulse.clone()?);
    let asked = app.clone();
    let is_ready = move || asked.readiness().ready;
    Some(heartbeat::run(config, app.config.delivery.timeout, pulse, is_ready, stop.clone()))
}

/// How the registry is opened, by the service and by the command line.
pub fn registry_config(config: &Config) -> RegistryConfig {
    let mode = match config.enrolment {
        config::Enrolment::Open => registry::Enrolment::Open,
        config::Enrolment::Claim => registry::Enrolment::Claim,
    };
    RegistryConfig {
        mode,
        nodes_max: config.limits.nodes_max as usize,
        claim: config.claim,
        knocks_max: config.limits.knocks_max as usize,
    }
}

/// The certificate for MQTT over TLS: the city's own, or one of the built-in authority for the names we know of.
fn mqtt_tls(config: &Config, keys: &Arc<Keys>) -> Result<Option<Arc<Served>>, ServedError> {
    let Some(address) = config.listen.mqtts else { return Ok(None) };
    // Nodes' certificates are held to the authority, whatever the gateway's own is.
    keys.authority_or_new(crate::audit::Cause::gateway("gateway", "MQTT over TLS"))?;
    if let Some(files) = &config.mqtt_tls.files {
        return Served::files(files.clone()).map(Some);
    }
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    names.extend(config.mqtt_tls.names.iter().cloned());
    names.extend((!address.ip().is_unspecified()).then(|| address.ip().to_string()));
    names.extend(config.listen.public_host().map(str::to_owned));
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    names.extend(Some(machine.trim().to_owned()).filter(|name| config::is_host(name)));
    names.sort();
    names.dedup();
    Served::own(keys.clone(), names).map(Some)
}

fn journal_config(config: &Config, stored: u64) -> JournalConfig {
    let limits = &config.limits;
    JournalConfig {
        segment_bytes: limits.journal_segment_bytes,
        bytes_max: limits.journal_bytes_max,
        queue_bytes_max: limits.queue_bytes_max.min(u64::from(u32::MAX)) as u32,
        record_bytes_max: limits.packet_bytes_max as usize + RECORD_OVERHEAD_BYTES,
        next_at_least: stored + 1,
    }
}

fn intake(
    config: &Config,
    writer: Writer,
    recovered: crate::store::Recovered,
    ledger: Arc<Ledger>,
    now: Timestamp,
) -> Intake {
    let settling = Settling::new(SettleRule {
        settle_ms: i64::from(config.windows.settle_s) * 1_000,
        quiet_ms: i64::from(config.windows.quiet_s) * 1_000,
        waiting_max: config.limits.windows_waiting_max as usize,
    });
    Intake::new(
        writer,
        recovered,
        settling,
        reading_limits(config),
        config.limits.datastreams_max as usize,
        ledger,
        now,
    )
}

/// What readings' times are held to.
pub fn reading_limits(config: &Config) -> validate::Limits {
    validate::Limits {
        clock_ahead_max_ms: i64::from(config.limits.clock_ahead_max_s) * 1_000,
        age_error_max_ms: i64::from(config.limits.age_error_max_s) * 1_000,
        age_max_ms: i64::from(config.retention.observations_days) * DAY_MS,
    }
}

fn pipeline_config(config: &Config) -> PipelineConfig {
    let days = |days: u32| i64::from(days) * DAY_MS;
    PipelineConfig {
        checkpoint_ms: i64::from(config.limits.checkpoint_s) * 1_000,
        checkpoint_readings: config.limits.checkpoint_readings as usize,
        observations_ms: days(config.retention.observations_days),
        aggregates_ms: days(config.retention.aggregates_days),
        rejections_ms: days(config.retention.rejections_days),
        rejections_max: config.limits.rejections_max as usize,
        disk_bytes_max: config.limits.disk_bytes_max,
    }
}

fn listener_config(
    config: &Config,
    journal: &Journal,
    (registry, keys): (&Arc<Registry>, &Arc<Keys>),
    clock: &Arc<Clock>,
    connections: &Arc<Connections>,
    counters: &Arc<Counters>,
) -> ListenerConfig<crate::telemetry::journal::Appender> {
    let admission: Arc<dyn Admission> = registry.clone();
    let sessions: Arc<dyn Sessions> = registry.clone();
    ListenerConfig {
        limits: mqtt::Limits {
            packet_bytes_max: config.limits.packet_bytes_max,
            receive_maximum: config.limits.in_flight_max,
            connections_max: config.limits.connections_max as usize,
            ..mqtt::Limits::default()
        },
        intake: journal.appender(),
        admission,
        certified: Some(Arc::new(CertifiedNodes { registry: registry.clone(), keys: keys.clone() })),
        sessions,
        answer: Arc::new(answer_time),
        clock: clock.clone(),
        connections: connections.clone(),
        counters: counters.clone(),
    }
}

fn broker(
    config: &Config,
    journal: &Journal,
    registry: &Arc<Registry>,
    clock: &Arc<Clock>,
) -> Option<(Broker<crate::telemetry::journal::Appender>, Arc<BrokerState>)> {
    let broker = config.broker.clone()?;
    let vouched: Arc<dyn Vouched> = registry.clone();
    let state = Arc::new(BrokerState::new(&format!("{}:{}", broker.host, broker.port)));
    let broker = Broker::new(BrokerConfig {
        broker,
        payload_bytes_max: config.limits.packet_bytes_max as usize,
        session_file: config.data_dir.join(BROKER_SESSION_FILE),
        intake: journal.appender(),
        vouched,
        catalogue: config.catalogue.clone(),
        clock: clock.clone(),
        state: state.clone(),
    });
    Some((broker, state))
}

fn lines(
    config: &Config,
    journal: &Journal,
    registry: &Arc<Registry>,
    clock: &Arc<Clock>,
) -> (Vec<Line<crate::telemetry::journal::Appender>>, Vec<Arc<LineState>>) {
    let line = |line: &config::SerialLine| {
        let (vouched, sessions): (Arc<dyn Vouched>, Arc<dyn Sessions>) = (registry.clone(), registry.clone());
        let state = Arc::new(LineState::new(&line.path));
        let line = Line::new(LineConfig {
            line: line.clone(),
            intake: journal.appender(),
            vouched,
            sessions,
            answer: Arc::new(answer_time),
            clock: clock.clone(),
            state: state.clone(),
        });
        (line, state)
    };
    config.serial.iter().map(line).unzip()
}

/// A node that asks for the time gets it at once, with its own words back, so that it can tell the way's delay.
fn answer_time(kind: &FrameKind, payload: &[u8], received_at: Timestamp) -> Option<Vec<u8>> {
    use protocols::native::{Frame, Time};
    if *kind != FrameKind::Reply {
        return None;
    }
    let Ok(Frame::TimeRequest(request)) = Frame::decode(payload) else { return None };
    let time = Time { t_node_ms: request.t_node_ms, unix_ms: received_at.millis() };
    Frame::Time(time).to_bytes().ok().map(|bytes| bytes.to_vec())
}

fn sink(
    config: &Config,
    reader: Reader,
    orders: Orders,
    newest: watch::Receiver<u64>,
    cursor: u64,
    clock: Arc<Clock>,
) -> anyhow::Result<Option<InfluxSink<StoreSource>>> {
    let Some(influxdb) = &config.influxdb else { return Ok(None) };
    let token = Token::new(influxdb.token.as_ref().map_or("", |token| token.expose()));
    let mut sink = InfluxConfig::new(&influxdb.url, &influxdb.org, &influxdb.bucket, token);
    sink.batch_rows_max = influxdb.batch_rows_max as usize;
    sink.batch_bytes_max = influxdb.batch_bytes_max as usize;
    sink.request_timeout = Duration::from_secs(u64::from(influxdb.request_timeout_s));
    sink.retry_delay_min = Duration::from_millis(u64::from(influxdb.retry_delay_min_ms));
    sink.retry_delay_max = Duration::from_millis(u64::from(influxdb.retry_delay_max_ms));
    sink.gzip = influxdb.gzip;
    let source = StoreSource::new(INFLUXDB, reader, orders, newest, cursor);
    Ok(Some(InfluxSink::new(sink, source, clock).context("[influxdb]")?))
}

/// Writes the addresses to a file that is renamed into place, so that a reader finds it whole or not at all.
fn tell_ports(folder: &Path, (mqtt, http, mqtts): (SocketAddr, SocketAddr, Option<SocketAddr>)) -> anyhow::Result<()> {
    let mut ports = serde_json::json!({ "mqtt": mqtt, "http": http });
    if let Some(mqtts) = mqtts {
        ports["mqtts"] = mqtts.to_string().into();
    }
    let partial = folder.join("ports.json.partial");
    std::fs::write(&partial, ports.to_string())?;
    std::fs::rename(&partial, folder.join(PORTS_FILE))?;
    Ok(())
}

/// Waits until `stop` holds true, or nobody can set it any more.
pub async fn until(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn pipeline_failure(
    ended: Result<Result<(), crate::telemetry::pipeline::PipelineError>, tokio::sync::oneshot::error::RecvError>,
) -> anyhow::Error {
    match ended {
        Ok(Err(error)) => anyhow!(error).context("the pipeline failed"),
        Ok(Ok(())) => anyhow!("the pipeline ended by itself"),
        Err(_) => anyhow!("the pipeline's thread panicked"),
    }
}
