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
mod delay;

use std::collections::VecDeque;
use std::fmt;
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
use answer::{Answer, Redaction};
use batch::Batch;
use delay::Delay;

/// Rows of the first batches, until the store has taken something: a store that refuses everything is found out cheaply.
const UNPROVEN_ROWS: usize = 64;

/// How to reach the store, and how to send.
#[derive(Clone)]
pub struct InfluxConfig {
    /// `http://host:port` or `https://…`; a user and password in it are sent as basic authentication.
    pub url: String,
    /// The organisation's name or id; empty for stores that know none.
    pub org: String,
    /// The bucket's name.
    pub bucket: String,
    /// The API token; empty for stores that want none.
    pub token: Token,
    /// Certificates of the city's own authority, PEM; beside the public ones.
    pub ca_pem: Option<Vec<u8>>,
    /// Most rows in a request.
    pub batch_rows_max: usize,
    /// Most bytes of lines in a request, before compression; one line always goes.
    pub batch_bytes_max: usize,
    /// Longest time for a request, answer included.
    pub request_timeout: Duration,
    /// Delay after the first failure; it doubles with each.
    pub retry_delay_min: Duration,
    /// Longest delay.
    pub retry_delay_max: Duration,
    /// Whether bodies are compressed.
    pub gzip: bool,
}

impl fmt::Debug for InfluxConfig {
    /// The address may hold a password: it is shown without.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = reqwest::Url::parse(&self.url).map_or_else(|_| "no address".into(), |url| without_credentials(&url));
        f.debug_struct("InfluxConfig")
            .field("url", &url)
            .field("org", &self.org)
            .field("bucket", &self.bucket)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl InfluxConfig {
    /// The usual sizes and delays.
    pub fn new(url: impl Into<String>, org: impl Into<String>, bucket: impl Into<String>, token: Token) -> Self {
        Self {
            url: url.into(),
            org: org.into(),
            bucket: bucket.into(),
            token,
            ca_pem: None,
            batch_rows_max: 5_000,
            batch_bytes_max: 2 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            retry_delay_min: Duration::from_secs(1),
            retry_delay_max: Duration::from_secs(60),
            gzip: true,
        }
    }
}

/// A secret that no log shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token in the text of a token file: white space around it is not part of it.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "Token(none)" } else { "Token(…)" })
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not an address.
    #[error("[influxdb] url is not an address such as http://influxdb.example:8086")]
    Url,
    /// The client keeps scheme, host and port only.
    #[error("[influxdb] url has a path, a query or a fragment: only scheme, host and port are used")]
    UrlPath,
    /// Two ways to say who one is.
    #[error("[influxdb] url has a user, and there is a token: keep one")]
    TwoCredentials,
    /// A header cannot hold it.
    #[error("the token has a character that is not printable ASCII")]
    Token,
    /// A bucket is needed.
    #[error("[influxdb] bucket is empty")]
    NoBucket,
    /// A size or delay that nothing can be sent with.
    #[error("[influxdb] {0} must be above zero")]
    Zero(&'static str),
    /// Not certificates.
    #[error("[influxdb] the authority's certificates cannot be read: {0}")]
    Certificates(#[source] reqwest::Error),
    /// The HTTP client.
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[source] influxdb2::BuildError),
}

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

fn checked_url(config: &InfluxConfig) -> Result<reqwest::Url, ConfigError> {
    let url = reqwest::Url::parse(&config.url).map_err(|_| ConfigError::Url)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(ConfigError::Url);
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::UrlPath);
    }
    if !config.token.is_empty() && (!url.username().is_empty() || url.password().is_some()) {
        return Err(ConfigError::TwoCredentials);
    }
    if !config.token.secret().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ConfigError::Token);
    }
    if config.bucket.is_empty() {
        return Err(ConfigError::NoBucket);
    }
    let zero = [
        ("batch_rows_max", config.batch_rows_max == 0),
        ("batch_bytes_max", config.batch_bytes_max == 0),
        ("request_timeout", config.request_timeout.is_zero()),
        ("retry_delay_min", config.retry_delay_min.is_zero()),
    ];
    match zero.into_iter().find(|(_, zero)| *zero) {
        Some((key, _)) => Err(ConfigError::Zero(key)),
        None => Ok(url),
    }
}

fn without_credentials(url: &reqwest::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> InfluxConfig {
        InfluxConfig::new(url, "org", "bucket", Token::default())
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        for url in ["", "influx", "ftp://host", "/3242/23", "http://"] {
            assert!(matches!(checked_url(&config(url)), Err(ConfigError::Url)), "{url}");
        }
        for url in ["http://host/influx", "http://host?x=1", "http://host/#f"] {
            assert!(matches!(checked_url(&config(url)), Err(ConfigError::UrlPath)), "{url}");
        }
        let both = InfluxConfig { token: Token::new("t"), ..config("http://user@host") };
        assert!(matches!(checked_url(&both), Err(ConfigError::TwoCredentials)));
        let header = InfluxConfig { token: Token::new("a\nb"), ..config("http://host") };
        assert!(matches!(checked_url(&header), Err(ConfigError::Token)));
        let rows = InfluxConfig { batch_rows_max: 0, ..config("http://host") };
        assert!(matches!(checked_url(&rows), Err(ConfigError::Zero("batch_rows_max"))));
        assert!(checked_url(&config("https://host:8086/")).is_ok());
    }

    #[test]
    fn secrets_are_not_shown() {
        let url = checked_url(&config("http://user:s3cret@[::1]:8086")).expect("it can be used");
        assert_eq!(without_credentials(&url), "http://[::1]:8086");
        let token = Token::new(" s3cret\n");
        assert_eq!((token.secret(), format!("{token:?}").contains("s3cret")), ("s3cret", false));
    }
}
