//! The section `[delivery]`: by which ways notices go out.

use std::ops::Range;
use std::time::Duration;

use super::super::shape::{self, Shape};
use super::super::{Delivery, Heartbeat, Secret, Smtp, SmtpTls, Webhook, WebhookPreset};
use super::Check;
use super::influxdb::is_here;
use crate::config::document::{self, Key};
use crate::delivery::Patience;

/// Webhooks at most.
const WEBHOOKS_MAX: usize = 20;

impl Check<'_> {
    pub(super) fn delivery(&mut self, shape: &Shape) -> Delivery {
        let section = &shape.delivery;
        let seconds = |n: u32| i64::from(n) * 1_000;
        let delay_min: u32 = self.number("delivery.retry_delay_min_s", &section.retry_delay_min_s, 10, 1..=3_600);
        let delay_max: u32 = self.number("delivery.retry_delay_max_s", &section.retry_delay_max_s, 600, 1..=86_400);
        let hours: u32 = self.number("delivery.retry_hours_max", &section.retry_hours_max, 24, 1..=720);
        let timeout_s: u64 = self.number("delivery.timeout_s", &section.timeout_s, 20, 1..=300);
        let topic = self.text("delivery.mqtt.topic", &section.mqtt.topic);
        if topic.is_some() && shape.broker.get().is_none() {
            let span = section.mqtt.topic.span();
            self.report.add("delivery.mqtt.topic", span, "no broker to publish to", "the section [broker] beside it");
        }
        if topic.as_deref().is_some_and(|topic| topic.contains(['+', '#']) || topic.len() > 1_000) {
            let span = section.mqtt.topic.span();
            self.report.add("delivery.mqtt.topic", span, "a filter of topics", "one topic, as city/alerts");
        }
        let mut webhooks: Vec<Webhook> = Vec::new();
        for (i, key) in section.webhook.iter().enumerate() {
            let Some(webhook) = key.get() else { continue };
            let webhook = self.webhook(&format!("delivery.webhook[{i}]"), webhook, key.span());
            if webhooks.iter().any(|other| other.name == webhook.name) {
                self.report.add(
                    format!("delivery.webhook[{i}].name"),
                    key.span(),
                    "the same name twice",
                    "a name of its own",
                );
            }
            webhooks.push(webhook);
        }
        if webhooks.len() > WEBHOOKS_MAX {
            self.report.add("delivery.webhook", None, webhooks.len().to_string(), format!("{WEBHOOKS_MAX} at most"));
        }
        let smtp = section.smtp.get().map(|smtp| self.smtp(smtp, section.smtp.span()));
        let heartbeat = section.heartbeat.get().map(|beat| {
            let url = self.secret_url("delivery.heartbeat", (&beat.url, &beat.url_file), section.heartbeat.span());
            let every: u64 = self.number("delivery.heartbeat.every_s", &beat.every_s, 60, 5..=86_400);
            Heartbeat { url, every: Duration::from_secs(every) }
        });
        if shape.demonstration.get() == Some(&true) {
            let urls = webhooks
                .iter()
                .map(|webhook| webhook.url.expose())
                .chain(heartbeat.iter().map(|beat| beat.url.expose()));
            let away = urls.filter(|url| !is_here(url)).count();
            if away > 0 || smtp.as_ref().is_some_and(|smtp| !is_here(&smtp.host)) {
                let expected = "ways on this machine alone: demonstration data stays here";
                self.report.add("delivery", None, "a way to another machine beside demonstration = true", expected);
            }
        }
        Delivery {
            smtp,
            webhooks,
            topic,
            heartbeat,
            timeout: Duration::from_secs(timeout_s),
            patience: Patience {
                delay_min_ms: seconds(delay_min),
                delay_max_ms: seconds(delay_max.max(delay_min)),
                most_ms: i64::from(hours) * 3_600_000,
                waiting_max: self.number("delivery.waiting_max", &section.waiting_max, 10_000, 10..=1_000_000),
            },
        }
    }

    fn smtp(&mut self, shape: &shape::Smtp, section: Option<Range<usize>>) -> Smtp {
        let host = self.required("delivery.smtp.host", &shape.host, section.clone(), "the mail server's name");
        let from =
            self.required("delivery.smtp.from", &shape.from, section.clone(), "who sends, as gateway@example.gr");
        if !from.is_empty() && from.parse::<lettre::message::Mailbox>().is_err() {
            let expected = "an address, as gateway@example.gr or \"City Gateway <gateway@example.gr>\"";
            self.report.add("delivery.smtp.from", shape.from.span(), format!("{from:?}"), expected);
        }
        let tls = match shape.tls.get() {
            Some(shape::SmtpTls::None) => SmtpTls::None,
            Some(shape::SmtpTls::Tls) => SmtpTls::Wrapped,
            Some(shape::SmtpTls::Starttls) | None => SmtpTls::StartTls,
        };
        if tls == SmtpTls::None && !is_here(&host) {
            let found = "mail and passwords would travel in clear";
            let expected = "starttls or tls, or a mail server on this machine";
            self.report.add("delivery.smtp.tls", shape.tls.span().or(section), found, expected);
        }
        let port = if tls == SmtpTls::Wrapped { 465 } else { 587 };
        const PASSWORD: &str = "delivery.smtp.password_file";
        let password = self.text(PASSWORD, &shape.password_file).map(|file| self.folder.join(file));
        let password = password.and_then(|file| self.password_of(PASSWORD, &file, shape.password_file.span()));
        let username = self.text("delivery.smtp.username", &shape.username);
        if username.is_some() != shape.password_file.get().is_some() {
            let span = shape.username.span().or(shape.password_file.span());
            self.report.add(
                "delivery.smtp.username",
                span,
                "one without the other",
                "username and password_file, or neither",
            );
        }
        let ca = self.text("delivery.smtp.ca_file", &shape.ca_file).map(|file| self.folder.join(file));
        let ca = ca.and_then(|file| match document::read_text(&file) {
            Ok(pem) => Some(pem),
            Err(problems) => {
                let found = problems.into_vec().first().map(ToString::to_string).unwrap_or_default();
                self.report.add("delivery.smtp.ca_file", shape.ca_file.span(), found, "certificates in PEM form");
                None
            }
        });
        Smtp {
            host,
            port: self.number("delivery.smtp.port", &shape.port, port, 1..=65_535),
            tls,
            username,
            password,
            from,
            ca,
        }
    }

    fn webhook(&mut self, path: &str, shape: &shape::Webhook, section: Option<Range<usize>>) -> Webhook {
        let name = self.required(&format!("{path}.name"), &shape.name, section.clone(), "a name, as sms");
        if name.len() > 40 || name.bytes().any(|b| !b.is_ascii_alphanumeric() && b != b'-') {
            self.report.add(format!("{path}.name"), shape.name.span(), format!("{name:?}"), "1 to 40 of A-Z a-z 0-9 -");
        }
        let token = format!("{path}.token_file");
        let file = self.text(&token, &shape.token_file).map(|file| self.folder.join(file));
        let preset = match shape.preset.get() {
            Some(shape::WebhookPreset::Sms) => WebhookPreset::Sms,
            Some(shape::WebhookPreset::Json) | None => WebhookPreset::Json,
        };
        let every = shape.every.get().copied().unwrap_or(false);
        if every && preset == WebhookPreset::Sms {
            let expected = "every = true with preset = \"json\": an SMS needs somebody to go to";
            self.report.add(format!("{path}.every"), shape.every.span(), "every with preset = \"sms\"", expected);
        }
        let field = |check: &mut Self, name: &str, key: &Key<String>, default: &str| {
            check.text(&format!("{path}.{name}"), key).unwrap_or_else(|| default.to_owned())
        };
        Webhook {
            name: name.into(),
            url: self.secret_url(path, (&shape.url, &shape.url_file), section),
            preset,
            token: file.and_then(|file| self.password_of(&token, &file, shape.token_file.span())),
            to_field: field(self, "to_field", &shape.to_field, "to"),
            text_field: field(self, "text_field", &shape.text_field, "text"),
            fields: self.fields(path, &shape.fields),
            every,
        }
    }

    /// `name=value` each.
    fn fields(&mut self, path: &str, key: &Key<Vec<String>>) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        for text in key.get().map(Vec::as_slice).unwrap_or_default() {
            match text.split_once('=').filter(|(name, _)| !name.trim().is_empty()) {
                Some((name, value)) => fields.push((name.trim().to_owned(), value.to_owned())),
                None => {
                    let expected = "a name, =, and a value";
                    self.report.add(format!("{path}.fields"), key.span(), format!("{text:?}"), expected);
                }
            }
        }
        fields
    }

    /// An address, or a file that holds it, since it may hold a secret.
    fn secret_url(
        &mut self,
        path: &str,
        (url, file): (&Key<String>, &Key<String>),
        section: Option<Range<usize>>,
    ) -> Secret {
        const EXPECTED: &str = "https:// and the rest of the address; http:// to this machine alone";
        let (key, span) = if file.get().is_some() { ("url_file", file.span()) } else { ("url", url.span()) };
        let key = format!("{path}.{key}");
        let found = match self.text(&key, file) {
            Some(file) => {
                // It is not taken, and yet has to be a text.
                self.text(&format!("{path}.url"), url);
                self.password_of(&key, &self.folder.join(file), span.clone())
            }
            None => Some(Secret::new(self.required(&key, url, section, EXPECTED))),
        };
        let found = found.unwrap_or_else(|| Secret::new(String::new()));
        let text = found.expose();
        let sound = text.starts_with("https://") || (text.starts_with("http://") && is_here(text));
        if !text.is_empty() && (!sound || reqwest::Url::parse(text).is_err()) {
            // Not shown: it may hold a secret.
            self.report.add(key, span, "an address that cannot be used", EXPECTED);
        }
        found
    }
}
