//! What a store's answer means for the rows that were sent, in words that hold no secret.

use std::error::Error;

use influxdb2::RequestError;

/// Longest text of a store that is kept, in bytes.
const MESSAGE_BYTES_MAX: usize = 500;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The store took the rows.
    Accepted,
    /// It refused these rows: halve them.
    Refused {
        /// Its words.
        message: String,
        /// Whether they were too many at once.
        too_large: bool,
    },
    /// It is away or busy: send the same again later.
    Away {
        /// What happened.
        message: String,
        /// Whether the time was too short for it.
        timed_out: bool,
    },
    /// A person must change something.
    Misconfigured {
        /// What to look at.
        why: String,
    },
}

impl Answer {
    /// What the client's result means.
    pub(super) fn of(result: Result<(), RequestError>, bucket: &str, org: &str, redaction: &Redaction) -> Self {
        let (status, text) = match result {
            Ok(()) => return Answer::Accepted,
            Err(RequestError::Http { status, text }) => (status.as_u16(), redaction.words(&text)),
            Err(error) => {
                let timed_out = matches!(&error, RequestError::ReqwestProcessing { source } if source.is_timeout());
                return Answer::Away { message: redaction.request_error(error), timed_out };
            }
        };
        let said = if text.is_empty() { format!("{status}") } else { format!("{status}: {text}") };
        match status {
            400 | 413 | 422 => Answer::Refused { message: said, too_large: status == 413 },
            401 => Answer::Misconfigured { why: format!("the token is not accepted: look at token_file ({said})") },
            403 => Answer::Misconfigured {
                why: format!("the token may not write to bucket {bucket:?}: give it write permission ({said})"),
            },
            404 => Answer::Misconfigured {
                why: format!(
                    "bucket {bucket:?} or organisation {org:?} is not there, or url is not InfluxDB's ({said})"
                ),
            },
            408 | 425 | 429 | 500.. => Answer::Away { message: format!("the store answered {said}"), timed_out: false },
            200..=399 => Answer::Misconfigured {
                why: format!("url does not lead to InfluxDB: it would answer 204, this one answered {said}"),
            },
            _ => Answer::Misconfigured { why: format!("the store does not take this request ({said})") },
        }
    }
}

/// Takes secrets out of texts that others wrote, and keeps them short.
#[derive(Clone)]
pub(super) struct Redaction {
    secrets: Vec<String>,
}

impl std::fmt::Debug for Redaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redaction(…)")
    }
}

impl Redaction {
    /// Takes out the token and the URL's password.
    pub(super) fn new(token: &str, password: Option<&str>) -> Self {
        let secrets = [token, password.unwrap_or_default()];
        Self { secrets: secrets.into_iter().filter(|secret| !secret.is_empty()).map(str::to_owned).collect() }
    }

    /// A store's words: on one line, cut, without secrets.
    pub(super) fn words(&self, text: &str) -> String {
        let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for secret in &self.secrets {
            words = words.replace(secret.as_str(), "[secret]");
        }
        words.retain(|char| !char.is_control());
        if words.len() > MESSAGE_BYTES_MAX {
            let fits = |at: &usize| words.is_char_boundary(*at);
            let cut = (0..=MESSAGE_BYTES_MAX).rev().find(fits).unwrap_or(0);
            words.truncate(cut);
            words.push('…');
        }
        words
    }

    /// An error of the client with its causes and without the URL, which may hold a user and a password.
    pub(super) fn request_error(&self, error: RequestError) -> String {
        let RequestError::ReqwestProcessing { source } = error else { return self.words(&error.to_string()) };
        let source = source.without_url();
        let what = if source.is_timeout() {
            "no answer in time"
        } else if source.is_connect() {
            "no connection"
        } else {
            "the request failed"
        };
        let mut causes = vec![source.to_string()];
        let mut cause = source.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Most tell what is below them in their own words already.
            if !causes.iter().any(|told| told.contains(&text)) {
                causes.push(text);
            }
            cause = error.source();
        }
        self.words(&format!("{what}: {}", causes.join(": ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, text: &str) -> Answer {
        let status = reqwest::StatusCode::from_u16(status).expect("a status");
        let redaction = Redaction::new("s3cret-token", Some("pässword"));
        Answer::of(Err(RequestError::Http { status, text: text.into() }), "city", "thessaloniki", &redaction)
    }

    #[test]
    fn each_status_has_its_meaning() {
        for status in [400, 422] {
            assert!(matches!(answer(status, "x"), Answer::Refused { too_large: false, .. }), "{status}");
        }
        assert!(matches!(answer(413, ""), Answer::Refused { too_large: true, .. }));
        for status in [408, 425, 429, 500, 502, 503, 504, 507] {
            assert!(matches!(answer(status, "x"), Answer::Away { .. }), "{status}");
        }
        for status in [200, 202, 301, 302, 307, 401, 403, 404, 405, 406, 415] {
            assert!(matches!(answer(status, "x"), Answer::Misconfigured { .. }), "{status}");
        }
    }

    #[test]
    fn what_to_look_at_is_told() {
        for (status, words) in [(401, "token_file"), (403, "\"city\""), (404, "\"thessaloniki\"")] {
            let Answer::Misconfigured { why } = answer(status, "") else { panic!("{status}") };
            assert!(why.contains(words), "{why}");
        }
    }

    #[tokio::test]
    async fn a_cause_is_told_once() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
        let source = reqwest::Client::new().get(format!("http://{nobody}/")).send().await.expect_err("nobody is there");
        let told = Redaction::new("", None).request_error(RequestError::ReqwestProcessing { source });
        assert!(told.starts_with("no connection: "), "{told}");
        assert_eq!(told.matches("refused").count(), 1, "{told}");
    }

    #[test]
    fn words_are_short_on_one_line_and_without_secrets() {
        let text = format!("bad\n\ttoken s3cret-token and pässword \u{1b}[31m{}", "ώ".repeat(2_000));
        let Answer::Refused { message, .. } = answer(400, &text) else { panic!("refused") };
        assert!(message.starts_with("400: bad token [secret] and [secret] [31mώώ"), "{message}");
        assert!(message.len() < 520, "{}", message.len());
    }
}
