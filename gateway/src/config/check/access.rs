//! Who may come in over HTTP and how: `[access]`, `[listen] public_url` and `trusted_proxies`, `[audit]`.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::super::shape::{self, AccessRead};
use super::super::{Access, Audit, Read};
use super::Check;
use crate::config::document::Key;

impl Check<'_> {
    pub(super) fn access(&mut self, shape: &shape::Access) -> Access {
        let mut seconds = |name: &str, key: &Key<u64>, default, range| {
            Duration::from_secs(self.number::<u64>(name, key, default, range))
        };
        Access {
            read: match shape.read.get() {
                Some(AccessRead::Anyone) => Read::Anyone,
                Some(AccessRead::Token) | None => Read::Token,
            },
            session_idle: seconds("access.session_idle_s", &shape.session_idle_s, 43_200, 60..=2_592_000),
            session_max: seconds("access.session_max_s", &shape.session_max_s, 604_800, 60..=31_536_000),
            lock: seconds("access.lock_s", &shape.lock_s, 900, 1..=86_400),
            link: seconds("access.link_s", &shape.link_s, 86_400, 60..=2_592_000),
            failures_max: self.number("access.failures_max", &shape.failures_max, 10, 3..=1_000),
        }
    }

    /// `https://gateway.example.gr`: how others reach the pages.
    pub(super) fn public_url(&mut self, key: &Key<String>) -> Option<String> {
        const EXPECTED: &str = "https:// or http://, a host, and a port where it is not the usual one";
        let url = self.text("listen.public_url", key)?;
        let url = url.trim_end_matches('/');
        let authority = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            self.report.add("listen.public_url", key.span(), format!("{url:?}"), EXPECTED);
            return None;
        }
        Some(url.to_owned())
    }

    pub(super) fn trusted_proxies(&mut self, key: &Key<Vec<String>>) -> Vec<IpNet> {
        let texts = key.get().map(Vec::as_slice).unwrap_or_default();
        let mut nets = Vec::new();
        for text in texts {
            let address = text.parse::<std::net::IpAddr>().map(IpNet::from);
            match text.parse().or(address) {
                Ok(net) => nets.push(net),
                Err(_) => {
                    let expected = "addresses of proxies, such as \"127.0.0.1\" or \"10.1.0.0/24\"";
                    self.report.add("listen.trusted_proxies", key.span(), format!("{text:?}"), expected);
                }
            }
        }
        nets
    }

    pub(super) fn audit(&mut self, shape: &shape::Audit) -> Audit {
        let head_url = self.text("audit.head_url", &shape.head_url).filter(|url| {
            let sound = url.starts_with("https://") || url.starts_with("http://");
            if !sound {
                self.report.add(
                    "audit.head_url",
                    shape.head_url.span(),
                    format!("{url:?}"),
                    "an address that takes a POST",
                );
            }
            sound
        });
        let head_file: Option<PathBuf> =
            self.text("audit.head_file", &shape.head_file).map(|file| self.folder.join(file));
        if let Some(file) = head_file.as_ref().filter(|file| !file.parent().is_some_and(std::path::Path::is_dir)) {
            // It may be another machine's, and come later: the gateway starts all the same.
            let found = format!("there is no folder for {} now", file.display());
            self.warnings.add("audit.head_file", shape.head_file.span(), found, "");
        }
        Audit { head_file, head_url }
    }
}
