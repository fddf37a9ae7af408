//! [`ApiError`]: why a request is not answered, as the status and the words a client gets.

use serde::Serialize;

use crate::store::StoreError;

/// A request that is not answered with data. Made by pure code; the driver turns it into a response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {message}")]
pub struct ApiError {
    /// The HTTP status: 400, 404, 405, 500, 501 or 503.
    pub status: u16,
    /// What was wrong, for the person who wrote the request.
    pub message: String,
}

impl ApiError {
    /// 400: the request breaks the rules of the interface, or asks for more than one answer may cost.
    pub fn bad(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into() }
    }

    /// 404: there is no such entity, or no such path.
    pub fn missing(message: impl Into<String>) -> Self {
        Self { status: 404, message: message.into() }
    }

    /// 501: the standard knows it, this service does not.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self { status: 501, message: message.into() }
    }

    /// 503: too much is being asked at this moment.
    pub fn busy() -> Self {
        Self { status: 503, message: "too many requests are being answered: try again in a moment".into() }
    }

    /// The body that goes with it.
    pub fn body(&self) -> Body<'_> {
        Body { code: self.status, kind: "error", message: &self.message }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store could not be read for SensorThings");
        Self { status: 500, message: "the store could not be read".into() }
    }
}

/// `{"code":400,"type":"error","message":"…"}`
#[derive(Debug, Serialize)]
pub struct Body<'a> {
    code: u16,
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
}
