//! The tour's own address: five pages, four forms. Only this machine is answered, under its own name; a form needs the
//! token of this run and comes from no page of another host. There is no CORS: no other page may read or send anything.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::Tour;
use crate::demo::now;
use crate::pages::Visitor;
use crate::pages::tour::{self as pages, Step};
use crate::service::CONTENT_SECURITY_POLICY;

const BODY_BYTES_MAX: usize = 4 * 1_024;

/// Serves until the demonstration ends.
pub(super) async fn serve(tour: Arc<Tour>, listener: TcpListener) {
    if let Err(error) = axum::serve(listener, routes(tour)).await {
        tracing::error!(%error, "the tour is no longer served");
    }
}

fn routes(tour: Arc<Tour>) -> Router {
    let set = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    Router::new()
        .route("/", get(page))
        .route("/kill", get(page).post(act))
        .route("/late", get(page).post(act))
        .route("/store", get(page).post(act))
        .route("/swing", get(page).post(act))
        .merge(pages::assets())
        .fallback(|| async { Redirect::to("/") })
        .layer(middleware::from_fn_with_state(tour.clone(), guard))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // With `no-referrer` a browser sends the origin `null` with our own forms.
        .layer(set(header::REFERRER_POLICY, "same-origin"))
        .layer(set(header::CACHE_CONTROL, "no-store"))
        .with_state(tour)
}

async fn page(State(tour): State<Arc<Tour>>, uri: Uri, visitor: Visitor) -> Response {
    let step = pages::step_of(&uri).unwrap_or(Step::City);
    let told = tour.told().clone();
    pages::page(told, step, visitor, &tour.token, now(), &tour.seat.zone)
}

async fn act(State(tour): State<Arc<Tour>>, uri: Uri, body: String) -> Response {
    let Some(step) = pages::step_of(&uri) else { return StatusCode::NOT_FOUND.into_response() };
    let token = body.split('&').find_map(|pair| pair.strip_prefix("token="));
    if token != Some(&*tour.token) {
        // An old page of an earlier run: it shows the new token when it is loaded again.
        return (StatusCode::FORBIDDEN, "this form is of an earlier run: load the page again\n").into_response();
    }
    if tour.told().begin(step) {
        begin(tour, step);
    }
    Redirect::to(step.path()).into_response()
}

fn begin(tour: Arc<Tour>, step: Step) {
    match step {
        Step::City => {}
        Step::Kill => drop(tokio::spawn(tour.kill())),
        Step::Late => drop(tokio::spawn(tour.deliver_late())),
        Step::Store => drop(tokio::spawn(tour.outage())),
        Step::Swing => drop(tokio::spawn(tour.swing())),
    }
}

/// Refuses what a page of another host made the browser send.
async fn guard(State(tour): State<Arc<Tour>>, request: Request, next: Next) -> Response {
    let port = tour.address.port();
    if !is_ours(request.headers(), port) {
        return (StatusCode::FORBIDDEN, "the tour answers this machine's own pages only\n").into_response();
    }
    next.run(request).await
}

/// Whether the request names this machine, and comes from no page of another origin.
fn is_ours(headers: &HeaderMap, port: u16) -> bool {
    let names = [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")];
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let host = text(header::HOST).unwrap_or("");
    let origin = text(header::ORIGIN);
    names.iter().any(|name| name == host)
        && origin.is_none_or(|origin| origin.strip_prefix("http://").is_some_and(|name| name == host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_under_its_own_name_from_its_own_pages() {
        let ours = |host: &str, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().expect("a header"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().expect("a header"));
            }
            is_ours(&headers, 8090)
        };
        assert!(ours("127.0.0.1:8090", None));
        assert!(ours("localhost:8090", Some("http://localhost:8090")));
        for (host, origin) in [
            ("evil.example:8090", None),
            ("127.0.0.1.evil.example:8090", None),
            ("127.0.0.1:8080", None),
            ("127.0.0.1:8090", Some("http://127.0.0.1:8080")),
            ("127.0.0.1:8090", Some("http://evil.example")),
            ("127.0.0.1:8090", Some("null")),
        ] {
            assert!(!ours(host, origin), "{host} {origin:?}");
        }
        assert!(!is_ours(&HeaderMap::new(), 8090));
    }
}
