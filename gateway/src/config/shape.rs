//! The configuration file as serde sees it: every key there is, all of them optional, unknown ones refused.
//!
//! The comments here become the descriptions of `config/gateway.schema.json`, which editors show.

use schemars::JsonSchema;
use serde::de::{self, Deserialize, Deserializer};

use super::document::Key;

/// Configuration of City Gateway.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "City Gateway")]
pub(crate) struct Shape {
    /// Where the gateway keeps everything. Relative to this file's folder.
    pub(crate) data_dir: Key<String>,
    /// Folder of the catalogues: quantities.toml, node_types.toml, zones.toml. Relative to this file's folder.
    pub(crate) catalogues: Key<String>,
    /// The city's time zone, by its IANA name: local days follow it.
    pub(crate) time_zone: Key<String>,
    /// Marks pages, prints and answers as showing demonstration data; then an external store is on this machine, or there is none.
    pub(crate) demonstration: Key<bool>,
    /// Who runs this gateway: shown on its pages and papers.
    pub(crate) municipality: Municipality,
    /// Addresses that the gateway listens on.
    pub(crate) listen: Listen,
    /// How nodes become known.
    pub(crate) enrolment: Enrolment,
    /// Who may read, and how people come in.
    pub(crate) access: Access,
    /// The city's own directory, by which people may sign in. Leave the section out to have none.
    pub(crate) oidc: Key<Oidc>,
    /// How pages and API are served.
    pub(crate) http: Http,
    /// How nodes speak MQTT over TLS.
    pub(crate) mqtt: Mqtt,
    /// To whom the audit log's head is told.
    pub(crate) audit: Audit,
    /// The time-series store that settled aggregates are written to. Leave the section out to have none.
    pub(crate) influxdb: Key<InfluxDb>,
    /// A broker that the city has already: its messages are taken too. Leave the section out to have none.
    pub(crate) broker: Key<Broker>,
    /// Serial lines that nodes hang on.
    pub(crate) serial: Vec<Key<Serial>>,
    /// How alerts are raised, and who is told.
    pub(crate) alerts: Alerts,
    /// By which ways notices of alerts go out.
    pub(crate) delivery: Delivery,
    /// The windows that readings are aggregated over.
    pub(crate) windows: Windows,
    /// How long the gateway keeps what it stores.
    pub(crate) retention: Retention,
    /// What nothing may exceed, and what happens there.
    pub(crate) limits: Limits,
}

/// Who runs this gateway.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Municipality {
    /// The municipality's name.
    pub(crate) name: Key<String>,
    /// The department that answers for the gateway.
    pub(crate) department: Key<String>,
    /// An image, .svg or .png. Relative to this file's folder.
    pub(crate) logo: Key<String>,
    /// The telephone number that people are told to call.
    pub(crate) phone: Key<String>,
}

/// Addresses that the gateway listens on; port 0 takes a free one.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Listen {
    /// Address and port where nodes speak MQTT, without TLS.
    pub(crate) mqtt: Key<String>,
    /// Address and port where nodes speak MQTT over TLS. Leave the key out to have none.
    pub(crate) mqtts: Key<String>,
    /// Address and port of pages, API and metrics.
    pub(crate) http: Key<String>,
    /// Allows an `http` address that other machines reach, without TLS.
    pub(crate) http_beyond_loopback: Key<bool>,
    /// How others reach the pages: https://gateway.example.gr. Links and QR codes begin with it.
    pub(crate) public_url: Key<String>,
    /// Addresses of reverse proxies: what they say of a client's address and of TLS is believed.
    pub(crate) trusted_proxies: Key<Vec<String>>,
}

/// How nodes become known.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Enrolment {
    /// `claim`: nodes are added by a person first. `open`: a new node is bound to the first password it shows.
    pub(crate) mode: Key<EnrolmentMode>,
    /// Seconds that a node which knocked and was let in may take to come back; the password it then shows is bound to it.
    pub(crate) claim_s: Key<u64>,
    /// `optional`: over TLS a node may show a certificate in place of its password. `required`: it must.
    pub(crate) certificates: Key<CertificatesMode>,
}

/// Whether nodes show certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CertificatesMode {
    /// A node may show one in place of its password.
    Optional,
    /// A node that shows none is not let in.
    Required,
}

/// How nodes become known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EnrolmentMode {
    /// A new node is bound to the first password it shows.
    Open,
    /// Nodes are added by a person first.
    Claim,
}

/// Who may read, and how people come in.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    /// `token`: people who signed in and holders of a token. `anyone`: whoever reaches the address.
    pub(crate) read: Key<AccessRead>,
    /// Seconds until a session that is not used ends.
    pub(crate) session_idle_s: Key<u64>,
    /// Seconds until a session ends in any case.
    pub(crate) session_max_s: Key<u64>,
    /// Failed attempts after which a name is locked; an address after five times as many.
    pub(crate) failures_max: Key<u64>,
    /// Seconds that a name stays locked.
    pub(crate) lock_s: Key<u64>,
    /// Seconds that a link to set a password may be used.
    pub(crate) link_s: Key<u64>,
}

/// The city's own directory, by which people may sign in: OpenID Connect.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["issuer", "client_id"]))]
pub(crate) struct Oidc {
    /// https://… as the directory calls itself.
    pub(crate) issuer: Key<String>,
    /// Who the gateway is to it.
    pub(crate) client_id: Key<String>,
    /// A file that holds the gateway's secret alone. Relative to this file's folder.
    pub(crate) client_secret_file: Key<String>,
    /// What people call it: the button says it.
    pub(crate) name: Key<String>,
}

/// How pages and API are served.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// The city's own certificate. Without this section HTTP is served in clear.
    pub(crate) tls: Key<Tls>,
}

/// A certificate and its key, in PEM form; read again when they change.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["cert_file", "key_file"]))]
pub(crate) struct Tls {
    /// The certificate and those between it and the root. Relative to this file's folder.
    pub(crate) cert_file: Key<String>,
    /// Its private key. Relative to this file's folder.
    pub(crate) key_file: Key<String>,
}

/// How nodes speak MQTT over TLS.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mqtt {
    /// The certificate that nodes are shown.
    pub(crate) tls: Key<MqttTls>,
}

/// The certificate that nodes are shown: one of the built-in authority for these names, or the city's own.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MqttTls {
    /// Names and addresses by which nodes reach the gateway.
    pub(crate) names: Key<Vec<String>>,
    /// The city's own certificate, in PEM form. Relative to this file's folder.
    pub(crate) cert_file: Key<String>,
    /// Its private key. Relative to this file's folder.
    pub(crate) key_file: Key<String>,
}

/// To whom the audit log's head is told, once a day.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    /// A file that a line is added to; on another machine, and append-only there.
    pub(crate) head_file: Key<String>,
    /// An address that takes a POST with the head as JSON.
    pub(crate) head_url: Key<String>,
}

/// Who may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccessRead {
    /// Whoever reaches the address.
    Anyone,
    /// People who signed in, and holders of a token.
    Token,
}

/// A broker that the city has already.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["url"]))]
pub(crate) struct Broker {
    /// mqtt://host:1883.
    pub(crate) url: Key<String>,
    /// The name under which the broker keeps this gateway's session: one gateway to a name.
    pub(crate) client_id: Key<String>,
    /// Who the gateway is to the broker.
    pub(crate) username: Key<String>,
    /// A file that holds the password alone. Relative to this file's folder.
    pub(crate) password_file: Key<String>,
    /// Topic filters to subscribe to, with QoS 1. `$share/group/…` shares them with other gateways.
    pub(crate) topics: Key<Vec<String>>,
}

/// A serial line that nodes hang on.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["path"]))]
pub(crate) struct Serial {
    /// The port's device file; one of /dev/serial/by-id stays the same when adapters are plugged in another order.
    pub(crate) path: Key<String>,
    /// Bits per second; 8 data bits, no parity, 1 stop bit.
    pub(crate) baud: Key<u64>,
    /// What is spoken on the line.
    pub(crate) protocol: Key<SerialProtocol>,
    /// Nodes that share the line (RS-485), polled in turn. Without this key one node speaks unasked.
    pub(crate) nodes: Key<Vec<String>>,
    /// Milliseconds between two polls of a node that had nothing to tell.
    pub(crate) poll_ms: Key<u64>,
    /// Milliseconds until a poll counts as not answered.
    pub(crate) timeout_ms: Key<u64>,
}

/// What is spoken on a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SerialProtocol {
    /// Native frames in COBS.
    Cobs,
}

/// The time-series store that settled aggregates are written to.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["url", "org", "bucket"]))]
pub(crate) struct InfluxDb {
    /// Base address, http:// or https://.
    pub(crate) url: Key<String>,
    /// Organisation.
    pub(crate) org: Key<String>,
    /// Bucket.
    pub(crate) bucket: Key<String>,
    /// File that holds the token alone. Relative to this file's folder. The environment variable
    /// CITY_GATEWAY_INFLUXDB_TOKEN is taken when this key is not there.
    pub(crate) token_file: Key<String>,
    /// Most rows in one request; a full batch is sent at once.
    pub(crate) batch_rows_max: Key<u64>,
    /// Most bytes in one request, before compression.
    pub(crate) batch_bytes_max: Key<Size>,
    /// Seconds until a request without an answer counts as failed.
    pub(crate) request_timeout_s: Key<u64>,
    /// Milliseconds before the first retry; doubles from there, with jitter.
    pub(crate) retry_delay_min_ms: Key<u64>,
    /// Milliseconds that the delay does not exceed.
    pub(crate) retry_delay_max_ms: Key<u64>,
    /// Whether requests are compressed.
    pub(crate) gzip: Key<bool>,
}

/// The windows that readings are aggregated over.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Windows {
    /// 1 to 7 lengths: PTnM or PTnH that divide a day, or P1D for a local day.
    #[schemars(length(min = 1, max = 7))]
    pub(crate) lengths: Key<Vec<String>>,
    /// Seconds after a window's end before it may settle.
    pub(crate) settle_s: Key<u64>,
    /// Seconds after the last change to a window before it may settle.
    pub(crate) quiet_s: Key<u64>,
}

/// How long the gateway keeps what it stores.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retention {
    /// Days that observations are kept; an older reading is rejected as `too_old`.
    pub(crate) observations_days: Key<u64>,
    /// Days that aggregates are kept; not less than observations.
    pub(crate) aggregates_days: Key<u64>,
    /// Days that rejections are kept with their bytes.
    pub(crate) rejections_days: Key<u64>,
    /// Days that a person's name is kept after their right has ended.
    pub(crate) accounts_days: Key<u64>,
    /// Days that entries of the audit log are kept.
    pub(crate) audit_days: Key<u64>,
    /// Days that it is kept how far from its site an inspection was made.
    pub(crate) distances_days: Key<u64>,
    /// Days that a photograph or document is kept that no step and no equipment names.
    pub(crate) documents_days: Key<u64>,
    /// Days that alerts are kept after they are over, and the log of shifts.
    pub(crate) alerts_days: Key<u64>,
}

/// By which ways notices of alerts go out.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Delivery {
    /// Seconds before the first retry; doubles after each failure.
    pub(crate) retry_delay_min_s: Key<u64>,
    /// Seconds that the delay does not exceed.
    pub(crate) retry_delay_max_s: Key<u64>,
    /// Hours after which a notice is given up.
    pub(crate) retry_hours_max: Key<u64>,
    /// Most notices that wait; beyond it the oldest is given up, and said.
    pub(crate) waiting_max: Key<u64>,
    /// Seconds until a request without an answer counts as failed.
    pub(crate) timeout_s: Key<u64>,
    /// The mail server. Leave the section out to have none.
    pub(crate) smtp: Key<Smtp>,
    /// Addresses that are asked for each notice: an SMS gateway, a chat.
    pub(crate) webhook: Vec<Key<Webhook>>,
    /// Notices to the broker of [broker].
    pub(crate) mqtt: DeliveryMqtt,
    /// Signs of life to another system, which notices when there are none. Leave the section out to send none.
    pub(crate) heartbeat: Key<Heartbeat>,
}

/// The mail server.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Smtp {
    /// Its name.
    pub(crate) host: Key<String>,
    /// Its port: 587, or 465 with tls = "tls".
    pub(crate) port: Key<u64>,
    /// "starttls", "tls" from the beginning, or "none" for a mail server on this machine.
    pub(crate) tls: Key<SmtpTls>,
    /// Who the gateway is to it.
    pub(crate) username: Key<String>,
    /// A file that holds the password alone. Relative to this file's folder.
    pub(crate) password_file: Key<String>,
    /// Who sends: "City Gateway <gateway@example.gr>".
    pub(crate) from: Key<String>,
    /// Certificates in PEM form that are trusted beside the system's. Relative to this file's folder.
    pub(crate) ca_file: Key<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SmtpTls {
    None,
    Starttls,
    Tls,
}

/// An address that is asked for each notice.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhook {
    /// What rosters call it.
    pub(crate) name: Key<String>,
    /// Its address. Where that holds a secret, use url_file.
    pub(crate) url: Key<String>,
    /// A file that holds the address alone. Relative to this file's folder.
    pub(crate) url_file: Key<String>,
    /// "json": all of it. "sms": a number and a short text as a form, which SMS gateways read.
    pub(crate) preset: Key<WebhookPreset>,
    /// A file that holds a bearer token alone. Relative to this file's folder.
    pub(crate) token_file: Key<String>,
    /// With preset = "sms", the form's field for the number.
    pub(crate) to_field: Key<String>,
    /// With preset = "sms", the form's field for the text.
    pub(crate) text_field: Key<String>,
    /// With preset = "sms", further fields of the form: "sender=Thessaloniki".
    pub(crate) fields: Key<Vec<String>>,
    /// Whether each change of each alert goes there, and to nobody in particular: a chat, another system.
    pub(crate) every: Key<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WebhookPreset {
    Json,
    Sms,
}

/// Notices to the broker of [broker].
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeliveryMqtt {
    /// The topic that each change of each alert is published to. Leave it out to publish none.
    pub(crate) topic: Key<String>,
}

/// Signs of life to another system.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Heartbeat {
    /// The address that is asked for with GET. Where it holds a secret, use url_file.
    pub(crate) url: Key<String>,
    /// A file that holds the address alone. Relative to this file's folder.
    pub(crate) url_file: Key<String>,
    /// Seconds between two signs.
    pub(crate) every_s: Key<u64>,
}

/// How alerts are raised, and who is told.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Alerts {
    /// Seconds between two looks at what came.
    pub(crate) every_s: Key<u64>,
    /// Milliseconds that a look reads the store for what came; what is left then is judged by the next.
    pub(crate) look_ms: Key<u64>,
    /// Minutes after which the next one on call is told of an alarm that nobody answered.
    pub(crate) escalate_min: Key<u64>,
    /// Seconds within which what is raised again after it was over is the same alert.
    pub(crate) reopen_s: Key<u64>,
    /// Most open alerts; what is beyond is counted and said, and raised when there is room.
    pub(crate) open_max: Key<u64>,
}

/// What nothing may exceed, and what happens there.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Largest MQTT packet; a larger one is rejected as `oversized`.
    pub(crate) packet_bytes_max: Key<Size>,
    /// Most MQTT connections at once; further ones are closed.
    pub(crate) connections_max: Key<u64>,
    /// Most HTTP connections at once; further ones wait until one ends.
    pub(crate) http_connections_max: Key<u64>,
    /// Most QoS 1 messages of one connection not acknowledged yet; then its socket is not read.
    pub(crate) in_flight_max: Key<u64>,
    /// Most nodes enrolled; a further one is refused.
    pub(crate) nodes_max: Key<u64>,
    /// Most nodes kept that were turned away; an address has a tenth at most, and who knocked least goes first.
    pub(crate) knocks_max: Key<u64>,
    /// Most lines of a table of nodes or equipment that is imported on the pages; a longer one is refused whole.
    pub(crate) import_rows_max: Key<u64>,
    /// Most pieces of equipment; a further one is refused.
    pub(crate) assets_max: Key<u64>,
    /// Most bytes of one evidence pack of equipment; for more, a span of days is to be chosen.
    pub(crate) evidence_bytes_max: Key<Size>,
    /// Most datastreams; the reading that would make a further one is rejected as `limit_reached`.
    pub(crate) datastreams_max: Key<u64>,
    /// Most bytes of journal; then nothing is taken in or acknowledged until a checkpoint frees a segment.
    pub(crate) journal_bytes_max: Key<Size>,
    /// Size of one journal segment.
    pub(crate) journal_segment_bytes: Key<Size>,
    /// Most bytes received and not on disk yet, of all connections; then sockets are not read.
    pub(crate) queue_bytes_max: Key<Size>,
    /// Most bytes of data_dir; then the bytes of rejections go, then the oldest observations; aggregates stay.
    pub(crate) disk_bytes_max: Key<Size>,
    /// Most rejections kept; the oldest go first, their counts stay.
    pub(crate) rejections_max: Key<u64>,
    /// Seconds that a reading's time may be ahead of the gateway's; further is rejected as `clock_ahead`.
    pub(crate) clock_ahead_max_s: Key<u64>,
    /// Seconds between a reading's time told by its age and the same reading's time told by the node's clock, when that
    /// was set meanwhile; further apart it is rejected as `conflict`.
    pub(crate) age_error_max_s: Key<u64>,
    /// Seconds between checkpoints of the store.
    pub(crate) checkpoint_s: Key<u64>,
    /// Readings after which a checkpoint is taken sooner.
    pub(crate) checkpoint_readings: Key<u64>,
    /// Windows that wait in memory for their end, or for quiet after a late reading. At this many, frames wait in the journal until
    /// those that are over are computed.
    pub(crate) windows_waiting_max: Key<u64>,
}

/// A number of bytes: `65536`, or a text with a unit, `"16MiB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl Size {
    const EXPECTED: &str = "a number of bytes, or a text such as \"512KiB\", \"16MiB\" or \"1GiB\"";

    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let shift = match unit.trim_start() {
            "" | "B" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            "TiB" => 40,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(1 << shift).map(Self)
    }
}

impl std::fmt::Display for Size {
    /// In the largest unit that leaves a whole number: `16MiB`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.iter().find(|(shift, _)| self.0 > 0 && self.0.trailing_zeros() >= *shift) {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Size;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(Size::EXPECTED)
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Size, E> {
                let invalid = || E::invalid_value(de::Unexpected::Signed(value), &self);
                u64::try_from(value).map(Size).map_err(|_| invalid())
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Size, E> {
                Ok(Size(value))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                Size::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]+ *(B|KiB|MiB|GiB|TiB)?$" }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        for (text, bytes) in [("0", 0), ("1500", 1500), ("64KiB", 65_536), ("16 MiB", 16 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(Size::parse(text), Some(Size(bytes)), "{text}");
        }
        for text in ["", "MiB", "16MB", "1.5GiB", "-1", "16 mib", "99999999999TiB"] {
            assert_eq!(Size::parse(text), None, "{text}");
        }
        for (bytes, text) in [(0, "0"), (1500, "1500"), (65_536, "64KiB"), (3 << 20, "3MiB"), (1 << 40, "1TiB")] {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }
}
