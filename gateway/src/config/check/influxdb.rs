//! The section `[influxdb]`: where the store is, and its token, which is read here and shown nowhere.

use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::shape;
use super::super::{INFLUXDB_TOKEN_VARIABLE, InfluxDb, Secret};
use super::{Check, KIB, MIB};
use crate::config::document::Key;

impl Check<'_> {
    pub(super) fn influxdb(&mut self, shape: &shape::InfluxDb, section: Option<Range<usize>>) -> InfluxDb {
        let token = self.token(&shape.token_file, section.clone());
        let url = self.url(&shape.url, section.clone(), token.is_some());
        let influxdb = InfluxDb {
            url,
            org: self.required("influxdb.org", &shape.org, section.clone(), "the organisation's name"),
            bucket: self.required("influxdb.bucket", &shape.bucket, section, "the bucket's name"),
            token,
            batch_rows_max: self.number("influxdb.batch_rows_max", &shape.batch_rows_max, 5_000, 1..=1_000_000),
            batch_bytes_max: self.size("influxdb.batch_bytes_max", &shape.batch_bytes_max, MIB, 16 * KIB..=64 * MIB),
            request_timeout_s: self.number("influxdb.request_timeout_s", &shape.request_timeout_s, 10, 1..=600),
            retry_delay_min_ms: self.number(
                "influxdb.retry_delay_min_ms",
                &shape.retry_delay_min_ms,
                1_000,
                1..=3_600_000,
            ),
            retry_delay_max_ms: self.number(
                "influxdb.retry_delay_max_ms",
                &shape.retry_delay_max_ms,
                60_000,
                1..=3_600_000,
            ),
            gzip: shape.gzip.get().copied().unwrap_or(true),
        };
        let InfluxDb { retry_delay_min_ms, retry_delay_max_ms, .. } = influxdb;
        if retry_delay_max_ms < retry_delay_min_ms {
            let span = shape.retry_delay_max_ms.span().or(shape.retry_delay_min_ms.span());
            let expected = format!("retry_delay_min_ms = {retry_delay_min_ms} or more");
            self.report.add("influxdb.retry_delay_max_ms", span, retry_delay_max_ms.to_string(), expected);
        }
        influxdb
    }

    pub(super) fn required(
        &mut self,
        name: &str,
        key: &Key<String>,
        section: Option<Range<usize>>,
        expected: &str,
    ) -> String {
        if key.get().is_none() {
            self.report.add_missing(name, section, expected);
        }
        self.text(name, key).unwrap_or_default()
    }

    fn url(&mut self, key: &Key<String>, section: Option<Range<usize>>, has_token: bool) -> String {
        const KEY: &str = "influxdb.url";
        const EXPECTED: &str = "http:// or https://, a host, and a port unless it is the usual one";
        let url = self.required(KEY, key, section, EXPECTED);
        let url = url.trim_end_matches('/');
        if url.is_empty() {
            return String::new();
        }
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.contains('@') {
            // Not shown: it holds a password.
            self.report.add(KEY, key.span(), "an address with a name or a password in it", EXPECTED);
        } else if authority.is_empty() || rest.contains(['?', '#', ' ']) || !port_is_sound(authority) {
            self.report.add(KEY, key.span(), format!("{url:?}"), EXPECTED);
        }
        if has_token && url.starts_with("http://") && !is_here(url) {
            self.warnings.add(KEY, key.span(), "the token goes to another machine unencrypted", "https://");
        }
        url.to_owned()
    }

    fn token(&mut self, key: &Key<String>, section: Option<Range<usize>>) -> Option<Secret> {
        const KEY: &str = "influxdb.token_file";
        let from_file = self.text(KEY, key).and_then(|file| self.token_of(&self.folder.join(file), key.span()));
        if key.get().is_some() {
            return from_file;
        }
        let variable = (self.environment)(INFLUXDB_TOKEN_VARIABLE).filter(|token| !token.trim().is_empty());
        match &variable {
            Some(token) if !is_token(token.trim()) => {
                let found = format!("the variable {INFLUXDB_TOKEN_VARIABLE} holds more than a token");
                self.report.add(KEY, section, found, "visible ASCII characters alone");
            }
            Some(_) => {}
            None => {
                let expected =
                    format!("a token in token_file or {INFLUXDB_TOKEN_VARIABLE}, unless the store asks for none");
                self.warnings.add_missing(KEY, section, &expected);
            }
        }
        variable.map(|token| Secret::new(token.trim().to_owned()))
    }

    fn token_of(&mut self, file: &Path, span: Option<Range<usize>>) -> Option<Secret> {
        const KEY: &str = "influxdb.token_file";
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                // The name is not shown: somebody may have put the token itself here.
                let found = format!("the file cannot be read: {error}");
                self.report.add(KEY, span, found, "a file that holds the token alone");
                return None;
            }
        };
        let token = text.trim();
        if !is_token(token) {
            let found = format!("{} is empty or holds more than a token", file.display());
            self.report.add(KEY, span, found, "one line of visible ASCII characters");
            return None;
        }
        let mode = std::fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o007 != 0 {
            let found = format!("everybody on this machine can read {}", file.display());
            self.warnings.add(KEY, span, found, "").hint(format!("chmod 600 {}", file.display()));
        }
        Some(Secret::new(token.to_owned()))
    }
}

/// Whether that address is on this machine.
pub(super) fn is_here(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    ["127.0.0.1", "localhost", "::1"].contains(&host)
}

/// Whether it can stand in an HTTP header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Whether what follows the host, if anything does, is a port.
pub(super) fn port_is_sound(authority: &str) -> bool {
    let after_host = match authority.split_once(']') {
        Some((_, rest)) => rest,
        None => authority.find(':').map_or("", |colon| &authority[colon..]),
    };
    after_host.is_empty() || after_host.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|p| p != 0))
}
