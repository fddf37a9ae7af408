//! A store in memory for the sink to follow, and rows for it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use city_gateway::clock::Clock;
use city_gateway::reading::{DatastreamKey, NodeId, Timestamp};
use city_gateway::store::StoreError;
use city_gateway::store::model::{Span, Values};
use city_gateway::telemetry::sinks::influxdb::{InfluxConfig, InfluxSink, Token};
use city_gateway::telemetry::sinks::{Change, ChangeSource, QuarantinedLine, SinkState};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// 2025-01-01T00:00:00Z: in the past, for VictoriaMetrics exports nothing that is yet to come.
pub(crate) const START_MS: i64 = 1_735_689_600_000;
const HOUR_MS: i64 = 3_600_000;

/// Keeps the newest row of each window, as the gateway's store does.
#[derive(Clone)]
pub(crate) struct Source(Arc<Inner>);

struct Inner {
    changes: Mutex<Vec<Change>>,
    cursor: Mutex<u64>,
    quarantine: Mutex<Vec<QuarantinedLine>>,
    newest: watch::Sender<u64>,
    failures: AtomicU32,
}

impl Source {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            changes: Mutex::default(),
            cursor: Mutex::default(),
            quarantine: Mutex::default(),
            newest: watch::Sender::new(0),
            failures: AtomicU32::new(0),
        }))
    }

    /// Gives the change the next number and tells whoever follows.
    pub(crate) fn push(&self, mut change: Change) {
        let mut changes = self.0.changes.lock().expect("no test panics inside");
        change.number = *self.0.newest.borrow() + 1;
        let number = change.number;
        changes.retain(|old| (&old.key, &old.window, old.span.from) != (&change.key, &change.window, change.span.from));
        changes.push(change);
        drop(changes);
        self.0.newest.send_replace(number);
    }

    /// Makes that many of the next calls fail.
    pub(crate) fn fail_next(&self, calls: u32) {
        self.0.failures.store(calls, Ordering::Relaxed);
    }

    fn answer<T>(&self, value: T) -> Result<T, StoreError> {
        let one_less = |left: u32| left.checked_sub(1);
        match self.0.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
            Ok(_) => Err(StoreError::Damaged("as the test asked".into())),
            Err(_) => Ok(value),
        }
    }

    pub(crate) fn rows(&self) -> Vec<Change> {
        self.0.changes.lock().expect("no test panics inside").clone()
    }

    pub(crate) fn kept(&self) -> Vec<QuarantinedLine> {
        self.0.quarantine.lock().expect("no test panics inside").clone()
    }
}

impl ChangeSource for Source {
    fn newest(&self) -> watch::Receiver<u64> {
        self.0.newest.subscribe()
    }

    fn changes(&self, after: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        let changes = self.0.changes.lock().expect("no test panics inside");
        self.answer(changes.iter().filter(|change| change.number > after).take(limit).cloned().collect())
    }

    fn cursor(&self) -> Result<u64, StoreError> {
        self.answer(*self.0.cursor.lock().expect("no test panics inside"))
    }

    fn set_cursor(&self, change: u64) -> Result<(), StoreError> {
        self.answer(())?;
        *self.0.cursor.lock().expect("no test panics inside") = change;
        Ok(())
    }

    fn quarantine(&self, lines: &[QuarantinedLine]) -> Result<(), StoreError> {
        self.0.quarantine.lock().expect("no test panics inside").extend_from_slice(lines);
        Ok(())
    }

    fn quarantined(&self) -> Result<u64, StoreError> {
        Ok(self.kept().len() as u64)
    }
}

/// The hour with that number of a quantity at a node; its mean is `hour + 0.25`.
pub(crate) fn hour(quantity: &str, node: &str, hour: u32) -> Change {
    let from = Timestamp::from_millis(START_MS + i64::from(hour) * HOUR_MS);
    let mean = f64::from(hour) + 0.25;
    Change {
        number: 0,
        key: DatastreamKey { node: NodeId::new(node).expect("a good name"), quantity: quantity.into(), channel: 1 },
        window: "PT1H".into(),
        zone: Some("A B,=Γ".into()),
        span: Span { from, until: from.plus_millis(HOUR_MS) },
        values: Values {
            count: 12,
            expected: Some(16),
            capture: Some(0.75),
            valid: true,
            mean: Some(mean),
            min: Some(mean - 1.5),
            max: Some(mean + 1.5),
            sum: Some(mean * 12.0),
            percentiles: Some([mean - 1.0, mean, mean + 0.5, mean + 1.0]),
            ..Values::default()
        },
        revision: 0,
        states: Arc::new([]),
    }
}

/// A running sink; dropped, it stops.
pub(crate) struct Running {
    pub(crate) state: watch::Receiver<SinkState>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Short delays, so that a test sees many.
pub(crate) fn config(port: u16) -> InfluxConfig {
    InfluxConfig {
        retry_delay_min: Duration::from_millis(20),
        retry_delay_max: Duration::from_millis(200),
        request_timeout: Duration::from_secs(10),
        ..InfluxConfig::new(format!("http://127.0.0.1:{port}"), "org", "city", Token::new("s3cret\n"))
    }
}

pub(crate) fn run(config: InfluxConfig, source: &Source) -> Running {
    let clock = Arc::new(Clock::new(Timestamp::from_millis(0)));
    let sink = InfluxSink::new(config, source.clone(), clock).expect("the configuration can be used");
    let (stop, stopped) = watch::channel(false);
    Running { state: sink.state(), stop, task: tokio::spawn(sink.run(stopped)) }
}

impl Running {
    /// Waits for the state to be so, and gives it.
    pub(crate) async fn until(&mut self, what: &str, so: impl Fn(&SinkState) -> bool) -> SinkState {
        let waited = tokio::time::timeout(Duration::from_secs(40), self.state.wait_for(so)).await;
        let state = waited.map(|state| state.expect("the sink runs").clone());
        state.unwrap_or_else(|_| panic!("{what}, in vain: {:?}", *self.state.borrow()))
    }

    /// Waits until all of `source` is sent or quarantined.
    pub(crate) async fn until_done(&mut self, source: &Source) -> SinkState {
        let top = *source.newest().borrow();
        self.until("everything sent", |state| state.cursor == top).await
    }

    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        tokio::time::timeout(Duration::from_secs(5), self.task)
            .await
            .expect("it stops at once")
            .expect("it does not panic");
    }
}
