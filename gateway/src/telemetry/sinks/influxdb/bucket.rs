//! Whether the bucket is there, asked once at the start. Never fatal: writing shows what holds.

use influxdb2::RequestError;
use influxdb2::api::buckets::ListBucketsRequest;

use super::answer::Redaction;

/// What the store said of the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is there.
    Yes,
    /// The store knows buckets, and shows none with that name to this token.
    No,
    /// The store has no such call: VictoriaMetrics, a proxy. Not the same as no such bucket.
    NoSuchApi,
    /// The token may not look; it may still write.
    NotShown,
    /// The store did not say.
    Unknown(String),
}

/// Asks for the bucket by its name.
pub(super) async fn check(client: &influxdb2::Client, org: &str, bucket: &str, redaction: &Redaction) -> Found {
    let request = ListBucketsRequest {
        name: Some(bucket.to_owned()),
        org: (!org.is_empty()).then(|| org.to_owned()),
        ..ListBucketsRequest::default()
    };
    match client.list_buckets(Some(request)).await {
        Ok(list) if list.buckets.iter().any(|found| found.name == bucket) => Found::Yes,
        Ok(_) => Found::No,
        Err(RequestError::Http { status, text }) => meaning(status.as_u16(), &text, redaction),
        Err(error) => Found::Unknown(redaction.request_error(error)),
    }
}

fn meaning(status: u16, text: &str, redaction: &Redaction) -> Found {
    match status {
        // InfluxDB says it in JSON with a code; a path that nobody serves does not.
        404 if text.contains("\"not found\"") => Found::No,
        400 | 404 | 405 | 501 => Found::NoSuchApi,
        401 | 403 => Found::NotShown,
        _ => Found::Unknown(format!("{status}: {}", redaction.words(text))),
    }
}

impl Found {
    /// What a person should look at.
    pub(super) fn warning(&self, bucket: &str, org: &str) -> Option<String> {
        (*self == Found::No).then(|| {
            format!(
                "bucket {bucket:?} of organisation {org:?} was not found: make it, or let the token see it; rows wait until the store takes them"
            )
        })
    }

    /// What was found, for the log.
    pub(super) fn note(&self) -> String {
        match self {
            Found::Yes => "the bucket is there".into(),
            Found::No => "the bucket was not found".into(),
            Found::NoSuchApi => "the store has no list of buckets; rows are sent all the same".into(),
            Found::NotShown => "the token may not list buckets; rows are sent all the same".into(),
            Found::Unknown(why) => format!("the store did not say whether the bucket is there ({why})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_such_api_is_not_no_such_bucket() {
        let redaction = Redaction::new("", None);
        let of = |status, text| meaning(status, text, &redaction);
        assert_eq!(of(404, r#"{"code":"not found","message":"bucket \"city\" not found"}"#), Found::No);
        assert_eq!(of(404, "404 page not found"), Found::NoSuchApi);
        assert_eq!(of(400, "unsupported path requested: \"/api/v2/buckets\""), Found::NoSuchApi);
        assert_eq!(of(401, ""), Found::NotShown);
        assert_eq!(of(503, "busy"), Found::Unknown("503: busy".into()));
        assert!(of(400, "").warning("b", "o").is_none());
        assert!(Found::No.warning("b", "o").is_some());
    }
}
