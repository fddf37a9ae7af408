//! The sink for InfluxDB 2, and for anything that takes its line protocol at `/api/v2/write` (VictoriaMetrics).
//!
//! Rows go in batches, compressed, through the crate `influxdb2`, of which only the write call and the list of
//! buckets are used: its `DataPoint` and its queries are not safe with every value.
//!
//! | the store says | the sink does |
//! | --- | --- |
//! | 204 | moves the cursor |
//! | 400, 413, 422 | halves the batch until each refused line stands alone, quarantines it; the rest goes on |
//! | 401, 403, 404, anything else it should not say | waits the longest delay and tries again, saying what to look at |
//! | 408, 429, 5xx, nothing | waits with growing delays and tries again, without end |

mod answer;
mod batch;
mod bucket;
mod config;

use std::collections::VecDeque;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use influxdb2::api::write::TimestampPrecision;
use tokio::sync::watch;
use tracing::{info, warn};

use super::quarantine::{Halving, Outcome, Refusal};
use super::{Change, ChangeSource, Phase, QuarantinedLine, SinkState, Trouble};
use crate::clock::Clock;
use crate::store::StoreError;
use crate::telemetry::delay::Delay;
use answer::{Answer, Redaction};
use batch::Batch;
pub use config::{ConfigError, InfluxConfig, Token};
use config::{checked_url, without_credentials};

/// Rows of the first batches, until the store has taken something: a store that refuses everything is found out cheaply.
const UNPROVEN_ROWS: usize = 64;

/// Follows a [`ChangeSource`] and sends its rows.
pub struct InfluxSink<S> {
    config: InfluxConfig,
    source: Arc<S>,
    clock: Arc<Clock>,
    /// Carries `Content-Encoding` on every request, so it only writes.
    writer: influxdb2::Client,
    reader: influxdb2::Client,
    redaction: Redaction,
    state: watch::Sender<SinkState>,
    /// Read, not sent yet.
    waiting: VecDeque<Change>,
    cursor: u64,
    /// A line the store took: sent again to see whether it takes anything.
    proof: Option<String>,
    /// Passes in a row in which everything was refused.
    fruitless: u32,
    /// Becomes smaller when the store finds a body too large.
    bytes_max: usize,
    delay: Delay,
}

impl<S: ChangeSource> InfluxSink<S> {
    /// A sink from `source` to the store of `config`.
    ///
    /// # Errors
    /// [`ConfigError`] when the configuration cannot be used. Whether the store is there is not asked yet.
    pub fn new(config: InfluxConfig, source: S, clock: Arc<Clock>) -> Result<Self, ConfigError> {
        let url = checked_url(&config)?;
        let shown = without_credentials(&url);
        let client = |encoded: bool| -> Result<influxdb2::Client, ConfigError> {
            let mut builder = reqwest::Client::builder()
                .timeout(config.request_timeout)
                .connect_timeout(config.request_timeout.min(Duration::from_secs(10)))
                // A redirected POST would come back as a GET and look like a success.
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("city-gateway/", env!("CARGO_PKG_VERSION")));
            if encoded {
                let gzip = [(reqwest::header::CONTENT_ENCODING, reqwest::header::HeaderValue::from_static("gzip"))];
                builder = builder.default_headers(gzip.into_iter().collect());
            }
            if let Some(pem) = &config.ca_pem {
                for certificate in reqwest::Certificate::from_pem_bundle(pem).map_err(ConfigError::Certificates)? {
                    builder = builder.add_root_certificate(certificate);
                }
            }
            influxdb2::ClientBuilder::with_builder(builder, url.as_str(), &config.org, config.token.secret())
                .build()
                .map_err(ConfigError::Client)
        };
        let state = SinkState {
            name: "influxdb",
            url: shown,
            cursor: 0,
            newest: *source.newest().borrow(),
            phase: Phase::Starting,
            last_success_at: None,
            last_error: None,
            warning: None,
            rows_sent: 0,
            bytes_sent: 0,
            requests_failed: 0,
            quarantined: 0,
        };
        Ok(Self {
            writer: client(config.gzip)?,
            reader: client(false)?,
            redaction: Redaction::new(config.token.secret(), url.password()),
            state: watch::Sender::new(state),
            waiting: VecDeque::new(),
            cursor: 0,
            proof: None,
            fruitless: 0,
            bytes_max: config.batch_bytes_max,
            delay: Delay::new(config.retry_delay_min, config.retry_delay_max),
            source: Arc::new(source),
            clock,
            config,
        })
    }

    /// How it is doing, always current.
    pub fn state(&self) -> watch::Receiver<SinkState> {
        self.state.subscribe()
    }

    /// Sends until `stop` is true or its sender is gone. What is under way then is sent again at the next start.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        // The outer select drops whatever is awaited: every await here is one that may be dropped, for the cursor
        // only moves after rows were taken, and blocking calls run to their end by themselves.
        let mut stopped = pin!(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        });
        tokio::select! {
            () = &mut stopped => {}
            () = self.follow() => {}
        }
    }

    async fn follow(&mut self) {
        let mut newest = self.source.newest();
        let top = *newest.borrow_and_update();
        self.start(top).await;
        self.check_bucket().await;
        loop {
            let top = *newest.borrow_and_update();
            self.state.send_modify(|state| state.newest = top);
            if self.waiting.is_empty() {
                let (after, limit) = (self.cursor, self.rows_max());
                let read = self.with_source(move |source| source.changes(after, limit)).await;
                self.waiting = read.into();
            }
            if self.waiting.is_empty() {
                self.state.send_modify(|state| state.phase = Phase::Idle);
                if newest.changed().await.is_err() {
                    // The store is gone; the process is about to stop.
                    return;
                }
                continue;
            }
            self.state.send_modify(|state| state.phase = Phase::Sending);
            self.send_batch().await;
        }
    }

    /// Takes up the cursor where it was left.
    async fn start(&mut self, newest: u64) {
        let kept = self.with_source(|source| Ok((source.cursor()?, source.quarantined()?))).await;
        let (mut cursor, quarantined) = kept;
        if cursor > newest {
            // The store lost its last changes in a crash and gives their numbers again: those must be sent.
            warn!(cursor, newest, "influxdb: the cursor is ahead of the store, and is moved back");
            cursor = newest;
            self.with_source(move |source| source.set_cursor(cursor)).await;
        }
        self.cursor = cursor;
        self.state.send_modify(|state| (state.cursor, state.quarantined) = (cursor, quarantined));
    }

    async fn check_bucket(&self) {
        let found = bucket::check(&self.reader, &self.config.org, &self.config.bucket, &self.redaction).await;
        match found.warning(&self.config.bucket, &self.config.org) {
            Some(warning) => {
                warn!("influxdb: {warning}");
                self.state.send_modify(|state| state.warning = Some(warning));
            }
            None => info!("influxdb: {}", found.note()),
        }
    }

    fn rows_max(&self) -> usize {
        if self.proof.is_some() {
            return self.config.batch_rows_max;
        }
        UNPROVEN_ROWS.saturating_mul(1 << self.fruitless.min(20)).min(self.config.batch_rows_max)
    }

    /// Sends what waits, as much as a batch takes, and moves the cursor past it.
    async fn send_batch(&mut self) {
        let rows_max = self.rows_max();
        let batch = Arc::new(Batch::gather(&mut self.waiting, rows_max, self.bytes_max));
        let mut quarantined: Vec<QuarantinedLine> = batch.unwritable(self.clock.now());
        match self.deliver(&batch).await {
            Ok(refused) => {
                let at = self.clock.now();
                quarantined.extend(refused.into_iter().map(|refusal| batch.quarantined(&refusal, at)));
                self.fruitless = 0;
                self.finish(batch.last_change(), quarantined).await;
            }
            Err(words) => {
                self.fruitless = self.fruitless.saturating_add(1);
                self.waiting.clear();
                let why = format!("the store refuses everything it is sent; its words: {words}");
                self.pause(why, true).await;
            }
        }
    }

    /// Sends the lines of `batch`; gives those that were refused, or the store's words when it refuses everything.
    async fn deliver(&mut self, batch: &Arc<Batch>) -> Result<Vec<Refusal>, String> {
        let mut halving = Halving::new(batch.len());
        while let Some(part) = halving.next_part() {
            match self.send(Arc::clone(batch), part.clone()).await {
                Answer::Accepted => {
                    self.took(part.len() as u64);
                    self.proof = Some(batch.text(part.start..part.start + 1).to_owned());
                    halving.accepted();
                }
                Answer::Refused { message, too_large } => {
                    if too_large && part.len() > 1 {
                        self.bytes_max = self.bytes_max.min(batch.text(part).len() / 2).max(1);
                    }
                    self.note_error(&message);
                    halving.refused(&message);
                }
                Answer::Away { message, timed_out } => {
                    self.pause(message, false).await;
                    if timed_out {
                        // A slow line may never carry the whole in time.
                        halving.split();
                    }
                }
                Answer::Misconfigured { why } => self.pause(why, true).await,
            }
        }
        match halving.outcome() {
            Outcome::Found { refused, .. } => Ok(refused),
            Outcome::EverythingRefused { refused } => {
                let words = refused.first().map(|refusal| refusal.message.clone()).unwrap_or_default();
                if self.takes_proof().await { Ok(refused) } else { Err(words) }
            }
        }
    }

    /// Whether the store still takes a line that it took before.
    async fn takes_proof(&mut self) -> bool {
        let Some(line) = self.proof.clone() else { return false };
        let proof = Arc::new(Batch::of_line(line));
        loop {
            match self.send(Arc::clone(&proof), 0..1).await {
                Answer::Accepted => return true,
                Answer::Refused { .. } => return false,
                Answer::Away { message, .. } => self.pause(message, false).await,
                Answer::Misconfigured { why } => self.pause(why, true).await,
            }
        }
    }

    async fn send(&mut self, batch: Arc<Batch>, part: Range<usize>) -> Answer {
        self.state.send_if_modified(|state| std::mem::replace(&mut state.phase, Phase::Sending) != Phase::Sending);
        let gzip = self.config.gzip;
        let body =
            blocking(move || if gzip { batch.compressed(part) } else { batch.text(part).as_bytes().to_vec() }).await;
        let bytes = body.len() as u64;
        let written = self
            .writer
            .write_line_protocol_with_precision(
                &self.config.org,
                &self.config.bucket,
                body,
                TimestampPrecision::Milliseconds,
            )
            .await;
        let answer = Answer::of(written, &self.config.bucket, &self.config.org, &self.redaction);
        if matches!(answer, Answer::Accepted) {
            self.state.send_modify(|state| state.bytes_sent += bytes);
        } else {
            self.state.send_modify(|state| state.requests_failed += 1);
        }
        answer
    }

    fn took(&mut self, rows: u64) {
        let now = self.clock.now();
        if self.delay.failures() > 0 {
            info!("influxdb: the store takes rows again");
        }
        self.delay.reset();
        self.state.send_modify(|state| {
            state.rows_sent += rows;
            state.last_success_at = Some(now);
            state.warning = None;
        });
    }

    /// Keeps the refused lines, then moves the cursor: a crash between the two sends and keeps them again, once.
    async fn finish(&mut self, change: u64, quarantined: Vec<QuarantinedLine>) {
        if !quarantined.is_empty() {
            for line in quarantined.iter().take(3) {
                warn!(change = line.change, line = line.line, error = line.error, "influxdb: a line is quarantined");
            }
            warn!(lines = quarantined.len(), "influxdb: lines quarantined");
            let lines = Arc::new(quarantined);
            let count = lines.len() as u64;
            self.with_source(move |source| source.quarantine(&lines)).await;
            self.state.send_modify(|state| state.quarantined += count);
        }
        self.with_source(move |source| source.set_cursor(change)).await;
        self.cursor = change;
        self.state.send_modify(|state| state.cursor = change);
    }

    /// Tells the trouble and waits before the next attempt; long when a person must mend something.
    async fn pause(&mut self, message: String, slowly: bool) {
        let delay = self.delay.next(slowly, random());
        let until = self.clock.now().plus_millis(i64::try_from(delay.as_millis()).unwrap_or(i64::MAX));
        if self.note_error(&message) {
            warn!(retry_in_ms = delay.as_millis() as u64, "influxdb: {message}");
        }
        let phase = if slowly { Phase::Misconfigured { why: message, until } } else { Phase::Waiting { until } };
        self.state.send_modify(|state| state.phase = phase);
        tokio::time::sleep(delay).await;
    }

    /// Keeps the trouble in the state; whether it is another than the last, or the first since a success.
    fn note_error(&self, message: &str) -> bool {
        let at = self.clock.now();
        let mut new = false;
        self.state.send_modify(|state| {
            let since_success =
                state.last_error.as_ref().filter(|last| state.last_success_at.is_none_or(|ok| ok <= last.at));
            new = since_success.is_none_or(|last| last.message != message);
            state.last_error = Some(Trouble { at, message: message.to_owned() });
        });
        new
    }

    /// Asks the source on a blocking thread, again and again while its store cannot answer.
    async fn with_source<T, F>(&mut self, ask: F) -> T
    where
        T: Send + 'static,
        F: Fn(&S) -> Result<T, StoreError> + Send + Sync + 'static,
    {
        let ask = Arc::new(ask);
        loop {
            let (source, again) = (Arc::clone(&self.source), Arc::clone(&ask));
            match blocking(move || again(&source)).await {
                Ok(answer) => return answer,
                Err(error) => self.pause(format!("the gateway's own store: {error}"), false).await,
            }
        }
    }
}

/// Chance for a delay. Without a source of it, delays are merely not spread.
fn random() -> u32 {
    getrandom::u32().unwrap_or(0)
}

/// Runs `work` on a blocking thread; a panic there goes on here.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Cancelled: the runtime is going down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
