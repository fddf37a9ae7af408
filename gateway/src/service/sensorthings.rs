//! OGC SensorThings API 1.1 (18-088), for reading: base `/v1.1`.
//!
//! What is there follows the standard to the letter; what is not is refused by name (`docs/sensorthings.md`).
//! A request is parsed by pure code ([`request::parse`]), answered on a blocking thread from a [`Source`], within bounds:
//! so many requests at once, so many entities looked at, so many written. Who may read is decided before it comes here.

mod answer;
mod city;
mod describe;
mod entity;
mod error;
mod eval;
mod filter;
mod geometry;
mod model;
mod observations;
mod options;
mod path;
pub mod request;
mod source;
#[cfg(test)]
mod tests;
mod units;
mod value;
mod view;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::any;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::reading::Timestamp;
use answer::Answer;
use city::City;
pub use error::ApiError;
pub use source::{Live, Source};
use view::View;

/// The path that everything lies below.
pub const BASE: &str = "/v1.1";

/// How the service presents itself, and how much it does.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The base of every link, `https://data.example.org/v1.1`. Without it, links follow the request's Host.
    pub public_base: Option<String>,
    /// Requests answered at once; as many again may wait, for [`Settings::wait`].
    pub concurrent_max: usize,
    /// How long a request waits for its turn before it is told to come back.
    pub wait: std::time::Duration,
    /// Bounds of one request.
    pub limits: Limits,
    /// What the service's root says of the data, where it is a demonstration's.
    pub demonstration: Option<&'static str>,
}

/// Bounds of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entities of a page when `$top` is not given.
    pub top_default: usize,
    /// Entities of a page at most.
    pub top_max: usize,
    /// Entities looked at to find those asked for.
    pub looked_max: u64,
    /// Entities in one answer, expanded ones included.
    pub written_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        let limits = Limits { top_default: 100, top_max: 10_000, looked_max: 5_000_000, written_max: 100_000 };
        Self {
            public_base: None,
            concurrent_max: 4,
            wait: std::time::Duration::from_secs(10),
            limits,
            demonstration: None,
        }
    }
}

/// The paths that the service answers.
pub fn paths() -> [String; 3] {
    [BASE.to_owned(), format!("{BASE}/"), format!("{BASE}/{{*path}}")]
}

/// The service's routes.
pub fn router<S: Clone + Send + Sync + 'static>(source: Arc<dyn Source>, settings: Settings) -> Router<S> {
    let turns = Semaphore::new(settings.concurrent_max.max(1));
    let service = Arc::new(Service { source, settings, turns: Arc::new(turns), city: Mutex::new(None) });
    paths().iter().fold(Router::new(), |router, path| router.route(path, any(respond))).with_state(service)
}

struct Service {
    source: Arc<dyn Source>,
    settings: Settings,
    turns: Arc<Semaphore>,
    city: Mutex<Option<Arc<City>>>,
}

async fn respond(State(service): State<Arc<Service>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        let error = ApiError { status: 405, message: format!("{method} is not allowed: this service is for reading") };
        let mut response = failure(&error);
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = uri.path().strip_prefix(BASE).unwrap_or_default().to_owned();
    let query = uri.query().unwrap_or_default().to_owned();
    let answered = async {
        let request = request::parse(&path, &query)?;
        let base = base(&service.settings, uri.scheme_str(), uri.authority().map(|a| a.as_str()), &headers)?;
        let turn = tokio::time::timeout(service.settings.wait, service.turns.clone().acquire_owned());
        let turn = turn.await.map_err(|_| ApiError::busy())?.map_err(|_| ApiError::busy())?;
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            service.answer(&request, &base)
        });
        work.await.map_err(|error| {
            tracing::error!(%error, "a SensorThings request came to no answer");
            ApiError { status: 500, message: "the request came to no answer".into() }
        })?
    };
    answered.await.unwrap_or_else(|error| failure(&error))
}

impl Service {
    fn answer(&self, request: &request::Request, base: &str) -> Result<Response, ApiError> {
        let source = &*self.source;
        let streams = source.datastreams();
        let city = self.city(source, &streams);
        let now = Clock::new(Timestamp::from_millis(0)).now();
        let mut view = View::new(&city, source, &streams, now.into(), base, self.settings.limits);
        view.demonstration = self.settings.demonstration;
        match answer::answer(&view, request)? {
            Answer::Json(value) => {
                let body = serde_json::to_vec(&value).map_err(|error| {
                    tracing::error!(%error, "an answer could not be written as JSON");
                    ApiError { status: 500, message: "the answer could not be written".into() }
                })?;
                Ok(response(StatusCode::OK, "application/json", body.into()))
            }
            Answer::Text(text) => Ok(response(StatusCode::OK, "text/plain; charset=utf-8", text.into())),
            Answer::Nothing => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NO_CONTENT;
                Ok(response)
            }
        }
    }

    /// The city as it is now: the one indexed before, as long as nothing changed.
    fn city(&self, source: &dyn Source, streams: &[Arc<crate::store::model::Datastream>]) -> Arc<City> {
        let mut kept = self.city.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(city) if city.is_current(source, streams.len()) => city.clone(),
            _ => {
                let city = Arc::new(City::new(source, streams));
                *kept = Some(city.clone());
                city
            }
        }
    }
}

/// The base of the links in an answer. What a client sends is taken only when it can be nothing but a host and a scheme.
fn base(
    settings: &Settings,
    scheme: Option<&str>,
    authority: Option<&str>,
    headers: &HeaderMap,
) -> Result<String, ApiError> {
    if let Some(base) = &settings.public_base {
        return Ok(base.trim_end_matches('/').to_owned());
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = authority.or_else(|| text("host")).unwrap_or("localhost");
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'[' | b']' | b'_');
    if host.is_empty() || host.len() > 255 || !host.bytes().all(allowed) {
        return Err(ApiError::bad("the Host of the request is not a host"));
    }
    let forwarded = text("x-forwarded-proto").filter(|proto| matches!(*proto, "http" | "https"));
    let scheme = forwarded.or(scheme.filter(|scheme| *scheme == "https")).unwrap_or("http");
    Ok(format!("{scheme}://{host}{BASE}"))
}

fn failure(error: &ApiError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&error.body()).unwrap_or_default();
    response(status, "application/json", body.into())
}

fn response(status: StatusCode, kind: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}
