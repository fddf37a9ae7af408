//! [`Gateway`]: what services and pages see of the running gateway.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use super::Refusals;
use super::access::Route;
use crate::alerts::Alerts;
use crate::audit::beacon::{self, Way};
use crate::clock::Clock;
use crate::config::Config;
use crate::delivery::Outbox;
use crate::delivery::heartbeat::Pulse;
use crate::keys::{Keys, Served};
use crate::operations::book::Book;
use crate::people::People;
use crate::people::directory::Directory;
use crate::reading::Timestamp;
use crate::registry::Registry;
use crate::store::Reader;
use crate::telemetry::ingest::broker::BrokerState;
use crate::telemetry::ingest::mqtt::{Connections, Counters};
use crate::telemetry::ingest::serial::LineState;
use crate::telemetry::journal::{Journal, PauseReason};
use crate::telemetry::ledger::{Ledger, LedgerView};
use crate::telemetry::pipeline::Orders;
use crate::telemetry::sinks::{Phase, SinkState};

/// The running gateway.
pub struct Gateway {
    /// The configuration it was started with.
    pub config: Config,
    /// When it started.
    pub started_at: Timestamp,
    /// The journal.
    pub journal: Arc<Journal>,
    /// What became of every frame and reading.
    pub ledger: Arc<Ledger>,
    /// The store.
    pub reader: Reader,
    /// Nodes.
    pub registry: Arc<Registry>,
    /// People, their sessions and tokens, and the audit log.
    pub people: Arc<People>,
    /// The city's own directory, if people sign in by one.
    pub directory: Option<Arc<Directory>>,
    /// The built-in authority and what it issued.
    pub keys: Arc<Keys>,
    /// The record of equipment.
    pub book: Arc<Book>,
    /// Alerts, who is on call, the log of shifts.
    pub alerts: Arc<Alerts>,
    /// Notices that go out, and those that went.
    pub outbox: Arc<Outbox>,
    /// How the signs of life to another system go, if any are sent.
    pub pulse: Option<Arc<Pulse>>,
    /// The certificate that HTTP is served with; none: in clear.
    pub http_tls: Option<Arc<Served>>,
    /// The certificate that MQTT over TLS is served with, if it is spoken.
    pub mqtt_tls: Option<Arc<Served>>,
    /// What was refused over HTTP.
    pub refusals: Refusals,
    /// Every route and what it needs; set once, when they are built.
    pub(crate) routes: OnceLock<Vec<Route>>,
    /// The ports where nodes speak MQTT, in clear and over TLS; set once, when they are bound.
    pub(crate) mqtt_ports: OnceLock<(u16, Option<u16>)>,
    /// The way to give orders to the pipeline.
    pub orders: Orders,
    /// The clock.
    pub clock: Arc<Clock>,
    /// Nodes that are connected now.
    pub connections: Arc<Connections>,
    /// What the MQTT listener counted.
    pub counters: Arc<Counters>,
    /// The external sink, if one is configured.
    pub sink: Option<watch::Receiver<SinkState>>,
    /// The external broker, if one is configured.
    pub broker: Option<Arc<BrokerState>>,
    /// Serial lines, in the configuration's order.
    pub lines: Vec<Arc<LineState>>,
}

/// Whether the gateway does its work, and what a person should know.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Readiness {
    /// Whether it takes what nodes send.
    pub ready: bool,
    /// Why it does not.
    pub problems: Vec<String>,
    /// What works and needs attention all the same.
    pub warnings: Vec<String>,
}

impl Gateway {
    /// The ledger now.
    pub fn ledger_view(&self) -> LedgerView {
        self.ledger.view(|| self.journal.status().committed)
    }

    /// Whether it is ready.
    pub fn readiness(&self) -> Readiness {
        let journal = self.journal.status();
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        match journal.paused {
            None => {}
            Some(PauseReason::Cap) => problems.push(format!(
                "the journal is at its bound ([limits] journal_bytes_max, {} bytes): nothing is acknowledged until the store catches up",
                journal.bytes_max
            )),
            Some(PauseReason::DiskFull) => {
                problems.push("the disk is full: nothing is acknowledged until there is room".to_owned());
            }
        }
        if journal.failed {
            problems.push("the journal's disk failed: the gateway is stopping".to_owned());
        }
        if self.clock.is_suspect(self.clock.now()) {
            warnings.push(
                "the system's clock is behind the last entry of the journal: times are not judged until it is set"
                    .to_owned(),
            );
        }
        if let Some(sink) = &self.sink {
            let state = sink.borrow();
            if let Phase::Misconfigured { .. } | Phase::Waiting { .. } = state.phase {
                let why = state.last_error.as_ref().map_or("no answer", |trouble| &trouble.message);
                warnings.push(format!("the sink {} is behind by {} changes: {why}", state.name, state.behind()));
            }
        }
        if self.alerts.board().open().count() >= self.alerts.config().open_max {
            warnings.push(format!(
                "as many alerts are open as [alerts] open_max allows: {} findings found no room",
                self.alerts.refused()
            ));
        }
        warnings.extend(self.unsent());
        warnings.extend(self.untold_heads());
        warnings.extend(self.lines.iter().flat_map(|line| line.view().warnings()));
        warnings.extend(self.broker.iter().flat_map(|broker| broker.view().warnings()));
        let now = self.clock.now();
        warnings.extend(self.http_tls.iter().flat_map(|served| served.warnings(now)));
        warnings.extend(self.mqtt_tls.iter().flat_map(|served| served.warnings(now)));
        warnings.extend(self.keys.warning());
        Readiness { ready: problems.is_empty(), problems, warnings }
    }

    /// Notices that did not reach anybody, and signs of life that were not heard.
    fn unsent(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        match self.outbox.failed_today() {
            Ok(failed) if failed > 0 => {
                warnings.push(format!("{failed} notices were given up within the last day: see /alerts/delivery"));
            }
            Ok(_) => {}
            Err(error) => warnings.push(format!("the outbox cannot be read: {error}")),
        }
        if self.pulse.as_ref().is_some_and(|pulse| pulse.is_weak()) {
            warnings.push("[delivery.heartbeat] does not hear the signs of life".to_owned());
        }
        warnings
    }

    /// Ways by which the audit log's head has not gone out for too long.
    fn untold_heads(&self) -> Vec<String> {
        let config = &self.config.audit;
        let ways = [(Way::File, config.head_file.is_some()), (Way::Url, config.head_url.is_some())];
        let stale = |way: Way| {
            let told = self.people.look(|file| beacon::told(file, way)).ok()?;
            let since = told.at.unwrap_or(self.started_at);
            let late = self.clock.now().millis() - since.millis() > beacon::STALE_MS;
            let why = told.error.unwrap_or_else(|| "no reason is known".to_owned());
            late.then(|| {
                format!("the audit log's head has not been told to [audit] {} since {since}: {why}", way.code())
            })
        };
        ways.into_iter().filter(|(_, set)| *set).filter_map(|(way, _)| stale(way)).collect()
    }
}
