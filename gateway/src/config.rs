//! The configuration: a file becomes checked values before any port opens, or every problem of it is told at once.
//!
//! [`Config::load`] reads the file and the catalogues it names. A file may be empty: every key has a default that is
//! safe on a machine that others can reach. `config/gateway.toml` explains the keys and is held to the defaults by a test.
//! What is loaded is not changed while the gateway runs.

mod check;
pub(crate) mod document;
pub(crate) mod problem;
mod schema;
mod shape;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::store::model::WindowLength;

pub(crate) use check::{is_host, window_length};
pub use problem::{Place, Problem, Problems};
pub use schema::json_schema;

/// The environment variable that holds InfluxDB's token when no file does.
pub const INFLUXDB_TOKEN_VARIABLE: &str = "CITY_GATEWAY_INFLUXDB_TOKEN";

/// All that a run needs to know, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file it came from, absolute.
    pub file: PathBuf,
    /// Where the gateway keeps everything, absolute. Not created here.
    pub data_dir: PathBuf,
    /// Quantities, kinds of node, zones and sites.
    pub catalogue: Arc<Catalogue>,
    /// Where the catalogue came from.
    pub catalogue_source: CatalogueSource,
    /// The city's time zone: local days follow it.
    pub time_zone: jiff::tz::TimeZone,
    /// Whether what is shown is demonstration data, which never leaves for an external store.
    pub demonstration: bool,
    /// Where the demonstration's tour is: its supervisor says so when it starts the gateway, no file does.
    pub tour: Option<String>,
    /// Who runs this gateway.
    pub municipality: Municipality,
    /// Addresses that the gateway listens on.
    pub listen: Listen,
    /// How nodes become known.
    pub enrolment: Enrolment,
    /// How long a node that knocked and was let in may take to bind its secret.
    pub claim: Duration,
    /// Whether nodes show a certificate over MQTT with TLS.
    pub certificates: Certificates,
    /// Who may read, and how people come in.
    pub access: Access,
    /// The city's own directory, by which people may sign in, if any; then `listen.public_url` is there.
    pub oidc: Option<Oidc>,
    /// The certificate that HTTP is served with; none: in clear.
    pub http_tls: Option<TlsFiles>,
    /// The certificate that MQTT over TLS is served with.
    pub mqtt_tls: MqttTls,
    /// To whom the audit log's head is told.
    pub audit: Audit,
    /// The time-series store that settled aggregates go to, if any.
    pub influxdb: Option<InfluxDb>,
    /// A broker whose messages are taken too, if any.
    pub broker: Option<Broker>,
    /// Serial lines that nodes hang on.
    pub serial: Vec<SerialLine>,
    /// How alerts are raised, and who is told.
    pub alerts: Alerts,
    /// By which ways notices go out.
    pub delivery: Delivery,
    /// The windows that readings are aggregated over.
    pub windows: Windows,
    /// How long things are kept.
    pub retention: Retention,
    /// What nothing may exceed.
    pub limits: Limits,
    /// What is allowed and yet worth a line in the log.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Reads the file, its catalogues and the files it names.
    ///
    /// # Errors
    /// Every [`Problem`] of all of them.
    pub fn load(file: &Path) -> Result<Self, Problems> {
        check::load(file, &|name| std::env::var(name).ok())
    }

    /// The problems of a text, as [`Config::load`] finds them; the program's own catalogues.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn problems_of(text: &str) -> usize {
        check::problems_of(text)
    }

    /// What an empty file in `folder` gives, with the program's own catalogues; reads no file.
    pub fn defaults(folder: &Path) -> Self {
        check::defaults(folder)
    }
}

/// Where the catalogue came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogueSource {
    /// The defaults that are part of the program.
    Embedded,
    /// That folder: the key `catalogues`, or `catalogues/` beside the configuration file.
    Folder(PathBuf),
}

impl fmt::Display for CatalogueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str("the program's own defaults"),
            Self::Folder(folder) => folder.display().fmt(f),
        }
    }
}

/// Who runs this gateway: shown on pages and papers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Municipality {
    /// The municipality's name.
    pub name: String,
    /// The department that answers for the gateway.
    pub department: Option<String>,
    /// An image, `.svg` or `.png`, absolute. Was there when the configuration was read.
    pub logo: Option<PathBuf>,
    /// The telephone number that people are told to call.
    pub phone: Option<String>,
}

/// Addresses that the gateway listens on; port 0 takes a free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// MQTT without TLS.
    pub mqtt: SocketAddr,
    /// MQTT with TLS, if it is spoken.
    pub mqtts: Option<SocketAddr>,
    /// Pages, API and metrics. On the loopback unless `http_beyond_loopback`.
    pub http: SocketAddr,
    /// Whether `http` may be reached from other machines without TLS.
    pub http_beyond_loopback: bool,
    /// How others reach the pages, without a slash at its end.
    pub public_url: Option<String>,
    /// Reverse proxies, whose word on clients is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
}

impl Listen {
    /// The host of `public_url`.
    pub fn public_host(&self) -> Option<&str> {
        let (_, authority) = self.public_url.as_deref()?.split_once("://")?;
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next()?,
            None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
        };
        Some(host).filter(|host| is_host(host))
    }
}

/// How nodes become known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolment {
    /// A new node is bound to the first password it shows.
    Open,
    /// Nodes are added by a person first.
    Claim,
}

/// Whether nodes show a certificate of the built-in authority over MQTT with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificates {
    /// A node may show one instead of its password.
    Optional,
    /// A node that shows none is not let in.
    Required,
}

/// Who may read over HTTP, and how people come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Who may read.
    pub read: Read,
    /// Until a session that is not used ends.
    pub session_idle: Duration,
    /// Until a session ends in any case.
    pub session_max: Duration,
    /// Failed attempts after which a name is locked.
    pub failures_max: u32,
    /// How long it stays locked.
    pub lock: Duration,
    /// How long a link to set a password may be used.
    pub link: Duration,
}

/// Who may read over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Whoever reaches the address.
    Anyone,
    /// People who signed in, and holders of a token.
    Token,
}

/// A directory that speaks OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// As it calls itself, without a slash at its end.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// Our secret; none for a public client, which PKCE alone protects.
    pub client_secret: Option<Secret>,
    /// What people call it.
    pub name: String,
}

/// A certificate with its key, absolute paths. Were there when the configuration was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, in PEM form.
    pub cert_file: PathBuf,
    /// The key, in PEM form.
    pub key_file: PathBuf,
}

/// The certificate that MQTT over TLS is served with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MqttTls {
    /// Names and addresses by which nodes reach the gateway: they stand in the certificate of the built-in authority.
    pub names: Vec<String>,
    /// The city's own certificate, in place of one of the built-in authority.
    pub files: Option<TlsFiles>,
}

/// To whom the audit log's head is told, once a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// A file that a line is added to, absolute.
    pub head_file: Option<PathBuf>,
    /// An address that takes a POST.
    pub head_url: Option<String>,
}

/// A store that takes InfluxDB's line protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InfluxDb {
    /// Base address, `http://` or `https://`, without a slash at its end.
    pub url: String,
    /// Organisation.
    pub org: String,
    /// Bucket.
    pub bucket: String,
    /// The token; none for a store that asks for none.
    pub token: Option<Secret>,
    /// Most rows in one request.
    pub batch_rows_max: u32,
    /// Most bytes in one request, before compression.
    pub batch_bytes_max: u32,
    /// Seconds until a request without an answer counts as failed.
    pub request_timeout_s: u32,
    /// Milliseconds before the first retry.
    pub retry_delay_min_ms: u32,
    /// Milliseconds that the delay does not exceed.
    pub retry_delay_max_ms: u32,
    /// Whether requests are compressed.
    pub gzip: bool,
}

/// A broker that the city has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Its host's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The name under which it keeps this gateway's session.
    pub client_id: String,
    /// Who the gateway is to it.
    pub username: Option<String>,
    /// The password that goes with the name.
    pub password: Option<Secret>,
    /// Topic filters, `$share/…` ones included. At least one.
    pub topics: Vec<String>,
}

/// A serial line that nodes hang on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialLine {
    /// The port's device file. It need not be there: it is opened when it is.
    pub path: PathBuf,
    /// Bits per second.
    pub baud: u32,
    /// Nodes that are polled in turn; none: one node speaks unasked.
    pub nodes: Vec<crate::reading::NodeId>,
    /// Milliseconds between two polls of a node that had nothing to tell.
    pub poll_ms: u32,
    /// Milliseconds until a poll counts as not answered.
    pub timeout_ms: u32,
}

/// The windows that readings are aggregated over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// 1 to 7 different lengths, in the file's order: `WindowIndex` counts in it.
    pub lengths: Vec<WindowLength>,
    /// Seconds after a window's end before it may settle.
    pub settle_s: u32,
    /// Seconds after the last change to a window before it may settle.
    pub quiet_s: u32,
}

/// How alerts are raised, and who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alerts {
    /// Seconds between two looks at what came.
    pub every_s: u32,
    /// Milliseconds that a look may read of the store for what came.
    pub look_ms: u32,
    /// Minutes until the next one on call is told.
    pub escalate_min: u32,
    /// Seconds within which what is raised again is the same alert.
    pub reopen_s: u32,
    /// Open alerts at most.
    pub open_max: u32,
}

/// By which ways notices go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The mail server, if any.
    pub smtp: Option<Smtp>,
    /// Webhooks, by name.
    pub webhooks: Vec<Webhook>,
    /// The topic of the external broker, if notices go there; then there is one.
    pub topic: Option<String>,
    /// Who is sent signs of life, if anybody.
    pub heartbeat: Option<Heartbeat>,
    /// How long somebody may take to answer.
    pub timeout: Duration,
    /// How often and how long is tried again.
    pub patience: crate::delivery::Patience,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub tls: SmtpTls,
    /// Who the gateway is to it.
    pub username: Option<String>,
    /// The password that goes with the name.
    pub password: Option<Secret>,
    /// Who sends.
    pub from: String,
    /// Certificates that are trusted beside the system's, in PEM form.
    pub ca: Option<String>,
}

/// How the connection to a mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all: on this machine.
    None,
    /// By STARTTLS, without which nothing is sent.
    StartTls,
    /// From the beginning.
    Wrapped,
}

/// An address that is asked for each notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// What it is called in rosters.
    pub name: Box<str>,
    /// Its address, which may hold a secret.
    pub url: Secret,
    /// What is sent.
    pub preset: WebhookPreset,
    /// A bearer token.
    pub token: Option<Secret>,
    /// The form's field for the number.
    pub to_field: String,
    /// The form's field for the text.
    pub text_field: String,
    /// Further fields of the form.
    pub fields: Vec<(String, String)>,
    /// Whether each change of each alert goes there, and to nobody in particular.
    pub every: bool,
}

/// What is sent to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookPreset {
    /// All of it, as JSON.
    Json,
    /// A number and a short text, as a form: SMS gateways.
    Sms,
}

/// Who is sent signs of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The address, which may hold a secret.
    pub url: Secret,
    /// How often.
    pub every: Duration,
}

/// How long things are kept, by `measured_at`; rejections by `received_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days of observations.
    pub observations_days: u32,
    /// Days of aggregates; not less than observations.
    pub aggregates_days: u32,
    /// Days of rejections with their bytes.
    pub rejections_days: u32,
    /// Days of names of people whose right has ended.
    pub accounts_days: u32,
    /// Days of the audit log.
    pub audit_days: u32,
    /// Days that it is kept how far from its site an inspection was made.
    pub distances_days: u32,
    /// Days that a photograph or document is kept that nothing names.
    pub documents_days: u32,
    /// Days of alerts that are over, with what was done about them, of notices and of the log of shifts.
    pub alerts_days: u32,
}

/// What nothing may exceed. What happens there stands beside each key in `config/gateway.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest MQTT packet.
    pub packet_bytes_max: u32,
    /// MQTT connections at once.
    pub connections_max: u32,
    /// HTTP connections at once.
    pub http_connections_max: u32,
    /// QoS 1 messages of one connection not acknowledged yet.
    pub in_flight_max: u16,
    /// Nodes enrolled.
    pub nodes_max: u32,
    /// Nodes kept that were turned away.
    pub knocks_max: u32,
    /// Lines of a table of nodes or equipment that is imported.
    pub import_rows_max: u32,
    /// Pieces of equipment.
    pub assets_max: u32,
    /// Bytes of one evidence pack of equipment.
    pub evidence_bytes_max: u64,
    /// Datastreams.
    pub datastreams_max: u32,
    /// Bytes of journal; two segments at least.
    pub journal_bytes_max: u64,
    /// Bytes of one journal segment; two of the largest packets at least.
    pub journal_segment_bytes: u64,
    /// Bytes received and not on disk yet, of all connections.
    pub queue_bytes_max: u64,
    /// Bytes of `data_dir`; twice the journal's at least.
    pub disk_bytes_max: u64,
    /// Rejections kept.
    pub rejections_max: u32,
    /// Seconds that `measured_at` may be ahead of the gateway's clock.
    pub clock_ahead_max_s: u32,
    /// Seconds that the two times of one reading may be apart, when one was told by its age.
    pub age_error_max_s: u32,
    /// Seconds between checkpoints.
    pub checkpoint_s: u32,
    /// Readings after which a checkpoint is taken sooner.
    pub checkpoint_readings: u32,
    /// Windows that wait in memory; at this many, those that are over are computed before anything more is taken up.
    pub windows_waiting_max: u32,
}

/// A secret: never shown, neither by `Debug` nor by `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `secret` from being shown.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests;
