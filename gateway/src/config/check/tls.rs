//! Certificates: `[http.tls]`, `[mqtt.tls]`, `[enrolment] certificates`.

use std::net::IpAddr;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::super::shape::{self, CertificatesMode, Shape};
use super::super::{Certificates, MqttTls, TlsFiles};
use super::Check;
use crate::config::document::Key;

const EXPECTED: &str = "a file in PEM form";

impl Check<'_> {
    pub(super) fn http_tls(&mut self, shape: &shape::Tls, section: Option<Range<usize>>) -> TlsFiles {
        self.tls_files("http.tls", &shape.cert_file, &shape.key_file, section)
    }

    pub(super) fn mqtt_tls(&mut self, shape: &Shape) -> MqttTls {
        let Some(tls) = shape.mqtt.tls.get() else { return MqttTls::default() };
        let section = shape.mqtt.tls.span();
        if shape.listen.mqtts.get().is_none() {
            let expected = "an address in [listen] mqtts, where TLS is spoken";
            self.report.add("mqtt.tls", section.clone(), "no address", expected);
        }
        let mut names = Vec::new();
        for name in tls.names.get().map(Vec::as_slice).unwrap_or_default() {
            if is_host(name) {
                names.push(name.clone());
            } else {
                let expected = "names and addresses, such as \"gateway.example.gr\" or \"10.1.0.1\"";
                self.report.add("mqtt.tls.names", tls.names.span(), format!("{name:?}"), expected);
            }
        }
        let files = tls.cert_file.get().is_some() || tls.key_file.get().is_some();
        if files && !names.is_empty() {
            let found = "the names are of no use: the city's own certificate has its names already";
            self.warnings.add("mqtt.tls.names", tls.names.span(), found, "");
        }
        let files = files.then(|| self.tls_files("mqtt.tls", &tls.cert_file, &tls.key_file, section));
        MqttTls { names, files }
    }

    pub(super) fn certificates(&mut self, shape: &Shape) -> Certificates {
        const KEY: &str = "enrolment.certificates";
        let key = &shape.enrolment.certificates;
        let Some(CertificatesMode::Required) = key.get() else { return Certificates::Optional };
        let clear = shape.listen.mqtt.get().and_then(|text| text.parse::<std::net::SocketAddr>().ok());
        if shape.listen.mqtts.get().is_none() {
            let found = "required, and no TLS to show one over";
            self.report.add(KEY, key.span(), found, "an address in [listen] mqtts");
        } else if let Some(mqtt) = clear.filter(|mqtt| !mqtt.ip().is_loopback()) {
            let found = format!("required, and {mqtt} takes passwords in clear from other machines");
            let problem = self.report.add(KEY, key.span(), found, "[listen] mqtt on the loopback");
            problem.hint("mqtt = \"127.0.0.1:1883\"");
        }
        Certificates::Required
    }

    fn tls_files(
        &mut self,
        place: &str,
        cert_file: &Key<String>,
        key_file: &Key<String>,
        section: Option<Range<usize>>,
    ) -> TlsFiles {
        let mut file = |name: &str, key: &Key<String>| -> PathBuf {
            let full = format!("{place}.{name}");
            let name = self.required(&full, key, section.clone(), EXPECTED);
            let path = self.folder.join(name);
            if let (Err(error), true) = (std::fs::File::open(&path), key.get().is_some()) {
                let found = format!("{} cannot be read: {error}", path.display());
                self.report.add(full, key.span(), found, EXPECTED);
            }
            path
        };
        let files = TlsFiles { cert_file: file("cert_file", cert_file), key_file: file("key_file", key_file) };
        let mode = std::fs::metadata(&files.key_file).map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o007 != 0 && files.key_file.is_file() {
            let found = format!("everybody on this machine can read {}", files.key_file.display());
            let problem = self.warnings.add(format!("{place}.key_file"), key_file.span(), found, "");
            problem.hint(format!("chmod 600 {}", files.key_file.display()));
        }
        files
    }
}

/// An address, or a name as DNS has it.
pub(crate) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.parse::<IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(label))
}
