//! The section `[broker]`: where the broker is, who the gateway is to it, and what it subscribes to.

use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::shape;
use super::super::{Broker, Secret};
use super::Check;
use super::influxdb::port_is_sound;
use crate::config::document::Key;

const PORT: u16 = 1883;
/// What MQTT allows to a user name, a password, a client identifier or a topic.
const LENGTH_MAX: usize = 65_535;

impl Check<'_> {
    pub(super) fn broker(&mut self, shape: &shape::Broker, section: Option<Range<usize>>) -> Broker {
        let (host, port) = self.broker_url(&shape.url, section);
        let username = self.text("broker.username", &shape.username);
        let password = self.text("broker.password_file", &shape.password_file).and_then(|file| {
            self.password_of("broker.password_file", &self.folder.join(file), shape.password_file.span())
        });
        if password.is_some() && username.is_none() {
            // MQTT 3.1.1 has no password without a name.
            let span = shape.password_file.span();
            self.report.add("broker.password_file", span, "a password without a name", "a username beside it");
        }
        Broker {
            host,
            port,
            client_id: self.text("broker.client_id", &shape.client_id).unwrap_or_else(|| "city-gateway".into()),
            username,
            password,
            topics: self.topics(&shape.topics),
        }
    }

    fn broker_url(&mut self, key: &Key<String>, section: Option<Range<usize>>) -> (String, u16) {
        const KEY: &str = "broker.url";
        const EXPECTED: &str = "mqtt://, a host, and a port unless it is 1883";
        let url = self.required(KEY, key, section, EXPECTED);
        let nowhere = (String::new(), PORT);
        if url.is_empty() {
            return nowhere;
        }
        if url.starts_with("mqtts://") || url.starts_with("ssl://") {
            let problem =
                self.report.add(KEY, key.span(), "TLS, which this version does not speak to a broker", EXPECTED);
            problem.hint("let a local broker bridge to the distant one, or a tunnel carry the connection");
            return nowhere;
        }
        let rest = url.strip_prefix("mqtt://").unwrap_or_default();
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            // Not shown: it holds a password.
            let expected = "username and password_file for these";
            self.report.add(KEY, key.span(), "an address with a name or a password in it", expected);
            return nowhere;
        }
        let sound = !authority.is_empty() && !authority.contains(['/', '?', '#', ' ']) && port_is_sound(authority);
        let host = match authority.rsplit_once(':') {
            Some((host, _)) if !authority.ends_with(']') => host,
            _ => authority,
        };
        if !sound || host.is_empty() {
            self.report.add(KEY, key.span(), format!("{url:?}"), EXPECTED);
            return nowhere;
        }
        let port = authority[host.len()..].strip_prefix(':').and_then(|port| port.parse().ok()).unwrap_or(PORT);
        (host.to_owned(), port)
    }

    /// The line that a file holds, whose owner alone should read it.
    pub(super) fn password_of(&mut self, name: &str, file: &Path, span: Option<Range<usize>>) -> Option<Secret> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                // The name is not shown: somebody may have put the password itself here.
                let found = format!("the file cannot be read: {error}");
                self.report.add(name, span, found, "a file that holds the password alone");
                return None;
            }
        };
        let password = text.trim_end_matches(['\r', '\n']);
        if password.is_empty() || password.len() > LENGTH_MAX || password.contains(['\r', '\n']) {
            let found = format!("{} is empty or holds more than a password", file.display());
            self.report.add(name, span, found, "one line of text");
            return None;
        }
        let mode = std::fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o007 != 0 {
            let found = format!("everybody on this machine can read {}", file.display());
            self.warnings.add(name, span, found, "").hint(format!("chmod 600 {}", file.display()));
        }
        Some(Secret::new(password.to_owned()))
    }

    fn topics(&mut self, key: &Key<Vec<String>>) -> Vec<String> {
        const KEY: &str = "broker.topics";
        let Some(topics) = key.get() else {
            return ["city/+/readings", "city/+/status", "city/+/replies"].map(str::to_owned).to_vec();
        };
        if topics.is_empty() {
            self.report.add(KEY, key.span(), "no topics", "one topic filter or more");
        }
        for topic in topics.iter().filter(|topic| !is_filter(topic)) {
            let expected = "a topic filter: + for one level, # for the rest at its end, $share/group/ in front";
            self.report.add(KEY, key.span(), format!("{topic:?}"), expected);
        }
        topics.clone()
    }
}

/// Whether MQTT takes it as a topic filter.
fn is_filter(filter: &str) -> bool {
    let shared = filter.strip_prefix("$share/").map(|rest| rest.split_once('/').unwrap_or_default());
    let (group, filter) = shared.unwrap_or(("-", filter));
    let levels: Vec<&str> = filter.split('/').collect();
    let level_is_sound = |(i, level): (usize, &&str)| match *level {
        "+" => true,
        "#" => i + 1 == levels.len(),
        level => !level.contains(['+', '#']),
    };
    !group.is_empty()
        && !group.contains(['+', '#'])
        && !filter.is_empty()
        && filter.len() <= LENGTH_MAX
        && !filter.chars().any(char::is_control)
        && levels.iter().enumerate().all(level_is_sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_told_from_what_mqtt_refuses() {
        for filter in ["city/+/readings", "#", "a/#", "+", "/a", "$share/g/city/+/readings", "$SYS/broker/uptime"] {
            assert!(is_filter(filter), "{filter}");
        }
        for filter in ["", "a/#/b", "a+/b", "a#", "$share/g", "$share//a", "$share/+/a", "$share/g/", "a\0"] {
            assert!(!is_filter(filter), "{filter}");
        }
    }
}
