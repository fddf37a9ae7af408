//! Where the sink sends, checked before anything is sent. Secrets are not shown by `Debug`.

use std::fmt;
use std::time::Duration;

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

    /// The token itself, for the client.
    pub(super) fn secret(&self) -> &str {
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

/// The address, once the whole configuration is found usable.
pub(super) fn checked_url(config: &InfluxConfig) -> Result<reqwest::Url, ConfigError> {
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

/// The address as people may see it.
pub(super) fn without_credentials(url: &reqwest::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
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
