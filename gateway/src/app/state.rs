//! [`App`]: what services and pages see of the running gateway.

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::Config;
use crate::reading::Timestamp;
use crate::registry::Registry;
use crate::store::Reader;
use crate::telemetry::ingest::mqtt::{Connections, Counters};
use crate::telemetry::journal::Journal;
use crate::telemetry::ledger::Ledger;
use crate::telemetry::pipeline::Orders;
use crate::telemetry::sinks::SinkState;

/// The running gateway.
pub struct App {
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
}
