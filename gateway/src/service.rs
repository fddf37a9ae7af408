//! What other systems read, over HTTP: health, metrics, the ledger, rejections, SensorThings.
//!
//! Blocking reads of the store go to blocking threads. Pages are put in front by the app.

pub(crate) mod access;
mod doors;
pub mod gateway;
mod metrics;
mod refusals;
pub(crate) mod rejections;
pub mod sensorthings;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

pub use gateway::Gateway;
pub use refusals::Refusals;

use crate::people::Permission;
use access::{Need, Route, Routes};
use doors::{Bounds, Doors};

/// Largest body of a request; the interface reads, and takes small forms only.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Longest body of a route that says it takes tables and files.
pub(crate) const LARGE_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest body of a route that takes photographs and documents: one document, with what stands around it.
pub(crate) const DOCUMENT_BODY_BYTES_MAX: usize = crate::operations::book::DOCUMENT_BYTES_MAX + 64 * 1024;
/// Longest time for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long connections that are busy may finish when the gateway stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// No script, style or picture from elsewhere; nobody may frame the pages.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What every answer says in a demonstration, in its head; ledger, rejections and SensorThings' root say it in their body.
pub(crate) const DEMONSTRATION: &str = "Demonstration data: real citizens' measurements (Sensor.Community, 2019) shifted to \
     today, and simulated nodes.";

/// The routes of this wing, and what each needs.
pub(crate) fn routes(gateway: Arc<Gateway>) -> (Router, Vec<Route>) {
    let registry = gateway.registry.clone();
    let source = sensorthings::Live {
        reader: gateway.reader.clone(),
        catalogue: gateway.config.catalogue.clone(),
        registry: move || registry.snapshot(),
    };
    let (read, operate) = (Need::May(Permission::Read), Need::May(Permission::Operate));
    let demonstration = gateway.config.demonstration.then_some(DEMONSTRATION);
    let settings = sensorthings::Settings { demonstration, ..sensorthings::Settings::default() };
    Routes::new(gateway.clone())
        .get("/healthz", Need::Open, || async { "ok\n" })
        .get("/readyz", Need::Open, readyz)
        .get("/metrics", read, metrics::show)
        .get("/api/ledger", read, ledger)
        .get("/api/rejections", read, rejections::list)
        .get("/api/rejections/{id}", read, rejections::one)
        .post("/api/rejections/{id}/replay", operate, rejections::replay)
        .get("/api/openapi.json", Need::Open, openapi)
        .get("/api/routes", Need::May(Permission::Audit), access::table)
        .service(&sensorthings::paths(), read, sensorthings::router(Arc::new(source), settings))
        .build(gateway)
}

/// Serves `routes` with the bounds and headers that hold for everything, until `stop` holds true.
pub async fn serve(listener: TcpListener, gateway: Arc<Gateway>, routes: Router, stop: watch::Receiver<bool>) {
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let tls = gateway.http_tls.clone();
    let connections_max = gateway.config.limits.http_connections_max as usize;
    let demonstration = gateway.config.demonstration.then(|| HeaderValue::from_static(DEMONSTRATION));
    let routes = routes
        .layer(SetResponseHeaderLayer::overriding(HeaderName::from_static("x-demonstration"), move |_: &Response| {
            demonstration.clone()
        }))
        .layer(middleware::from_fn_with_state(gateway, access::identify))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(RequestBodyLimitLayer::new(DOCUMENT_BODY_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_TIMEOUT))
        .layer(header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(header::CACHE_CONTROL, "no-store"));
    let service = routes.into_make_service_with_connect_info::<access::Peer>();
    let until = |mut stop: watch::Receiver<bool>| async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let doors = Doors::new(listener, tls, Bounds { connections_max, ..Bounds::default() });
    let serving = axum::serve(doors, service).with_graceful_shutdown(until(stop.clone()));
    let drained = async {
        until(stop).await;
        tokio::time::sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        served = serving => if let Err(error) = served {
            tracing::error!(%error, "HTTP is no longer served");
        },
        () = drained => tracing::info!("a client kept its connection; it is closed"),
    }
}

async fn readyz(State(gateway): State<Arc<Gateway>>) -> Response {
    let readiness = gateway.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

async fn ledger(State(gateway): State<Arc<Gateway>>) -> Response {
    #[derive(serde::Serialize)]
    struct Answer {
        #[serde(skip_serializing_if = "Option::is_none")]
        demonstration: Option<&'static str>,
        #[serde(flatten)]
        ledger: crate::telemetry::ledger::LedgerView,
    }
    let demonstration = gateway.config.demonstration.then_some(DEMONSTRATION);
    Json(Answer { demonstration, ledger: gateway.ledger_view() }).into_response()
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("service/openapi.json")).into_response()
}
