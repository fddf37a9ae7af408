//! Webhooks: an HTTP request for each notice, as JSON or as a form that SMS gateways read.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{Address, Sent, Trouble, innermost};
use crate::config::{Webhook, WebhookPreset};

/// Characters of an SMS: four parts of 67 letters, since Greek ones go as UCS-2 (3GPP TS 23.038).
const SMS_CHARACTERS_MAX: usize = 4 * 67;

/// What is asked for with a notice.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    content_type: &'static str,
    body: String,
}

/// Sends one. The notice's number goes as `Idempotency-Key`.
pub(super) async fn send(
    config: &Webhook,
    sent: &Sent,
    to: Option<&Address>,
    timeout: Duration,
) -> Result<(), Trouble> {
    let Request { content_type, body } = request(config, sent, to)?;
    let client = reqwest::Client::builder().timeout(timeout).build().map_err(Trouble::lasting)?;
    let mut request = client
        .post(config.url.expose())
        .header("content-type", content_type)
        .header("idempotency-key", format!("notice-{}-{}", sent.id, sent.at.millis()))
        .body(body);
    if let Some(token) = &config.token {
        request = request.bearer_auth(token.expose());
    }
    // The address may hold a secret of its own: it is not shown.
    let answer = request.send().await.map_err(|error| unreached(&error))?;
    match answer.status().as_u16() {
        200..=299 => Ok(()),
        status @ (408 | 425 | 429 | 500..=599) => Err(Trouble::passing(format!("answered {status}"))),
        status => Err(Trouble::lasting(format!("answered {status}"))),
    }
}

fn request(config: &Webhook, sent: &Sent, to: Option<&Address>) -> Result<Request, Trouble> {
    let phone = to.and_then(|to| to.phone.as_deref());
    match config.preset {
        WebhookPreset::Json => {
            let mut body = json!({
                "id": sent.id,
                "at": sent.at.to_string(),
                "subject": sent.notice.subject,
                "text": sent.notice.text,
                "alert": sent.notice.body,
            });
            if let Some(to) = to {
                body["to"] = json!({ "name": to.name, "email": to.email, "phone": to.phone });
            }
            Ok(Request { content_type: "application/json", body: body.to_string() })
        }
        WebhookPreset::Sms => {
            let phone = phone.ok_or_else(|| Trouble::lasting("the person has no telephone number"))?;
            let phone: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
            let text: String = sent.notice.subject.chars().take(SMS_CHARACTERS_MAX).collect();
            let own = [(&config.to_field, &phone), (&config.text_field, &text)];
            let pairs = own.into_iter().chain(config.fields.iter().map(|(name, value)| (name, value)));
            let encoded: Vec<String> =
                pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
            Ok(Request { content_type: "application/x-www-form-urlencoded", body: encoded.join("&") })
        }
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Nobody was reached there; the address is left out.
pub(super) fn unreached(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        Trouble::passing("no answer in time")
    } else {
        Trouble::passing(format!("no connection: {}", innermost(error)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::Secret;
    use crate::delivery::{Notice, Way};
    use crate::reading::Timestamp;

    pub(in crate::delivery) fn sent() -> Sent {
        let notice = Notice {
            alert: Some(7),
            person: Some("person/a".into()),
            way: Way::Webhook,
            target: "sms".into(),
            subject: "ΣΥΝΑΓΕΡΜΟΣ: Φωτιά & \"κάδος\"\nAristotelous=1".into(),
            text: "όλο".into(),
            body: json!({ "rule": "bin-fire" }),
        };
        let (next_at, sent_at, failed_at) = (None, None, None);
        Sent {
            id: 3,
            at: Timestamp::from_millis(9),
            notice,
            tries: 0,
            next_at,
            sent_at,
            failed_at,
            error: String::new(),
        }
    }

    fn webhook(preset: WebhookPreset) -> Webhook {
        Webhook {
            name: "sms".into(),
            url: Secret::new("http://127.0.0.1/send?key=x".into()),
            preset,
            token: None,
            to_field: "msisdn".into(),
            text_field: "message".into(),
            fields: vec![("sender".into(), "Δήμος".into())],
            every: false,
        }
    }

    #[test]
    fn a_form_is_encoded_and_short() {
        let to = Address { phone: Some("+30 231 000-0000".into()), ..Address::default() };
        let body = request(&webhook(WebhookPreset::Sms), &sent(), Some(&to)).expect("a request").body;
        assert!(body.starts_with("msisdn=%2B302310000000&message=%CE%A3"), "{body}");
        assert!(body.contains("%26%20%22") && body.contains("%0AAristotelous%3D1&sender=%CE%94"), "{body}");
        assert_eq!(body.matches('&').count(), 2, "{body}");
        let long = Sent { notice: Notice { subject: "ά".repeat(1_000), ..sent().notice }, ..sent() };
        let body = request(&webhook(WebhookPreset::Sms), &long, Some(&to)).expect("a request").body;
        assert_eq!(body.matches("%CE%AC").count(), SMS_CHARACTERS_MAX);
        assert!(
            request(&webhook(WebhookPreset::Sms), &sent(), Some(&Address::default())).expect_err("no number").lasting
        );
    }

    #[test]
    fn json_says_all_and_needs_nobody() {
        let body = request(&webhook(WebhookPreset::Json), &sent(), None).expect("a request").body;
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!((&body["alert"]["rule"], &body["subject"]), (&json!("bin-fire"), &json!(sent().notice.subject)));
        assert!(body["to"].is_null());
    }
}
