//! Who may read. Accounts and tokens do not exist yet: with `[access] read = "token"` nobody has one, and only this
//! machine is answered. A browser on this machine is held to its own pages: a foreign Host or Origin is refused.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Gateway;
use crate::config::Access;

/// Lets the request through, or says why not.
pub(super) async fn check(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let local = peer.ip().to_canonical().is_loopback();
    let changes = !request.method().is_safe();
    let refusal = if !local && gateway.config.access == Access::Token {
        Some("[access] read = \"token\": no tokens exist yet, so only this machine is answered\n")
    } else if !local && changes {
        Some("changes are taken from this machine only, until there are accounts\n")
    } else if local && !names_this_machine(request.headers()) {
        Some("the request names another host than this machine\n")
    } else if changes && !from_own_pages(request.headers()) {
        Some("the request comes from a page of another host\n")
    } else {
        None
    };
    match refusal {
        Some(refusal) => (StatusCode::FORBIDDEN, refusal).into_response(),
        None => next.run(request).await,
    }
}

/// A page elsewhere can make a browser on this machine send requests to it under another name (DNS rebinding).
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    // A name without dots is of this network; an address is no name that could be rebound.
    name.parse::<IpAddr>().is_ok() || !name.contains('.') || name.ends_with(".local")
}

fn from_own_pages(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match headers.get(header::ORIGIN).map(|origin| origin.to_str()) {
        None => true,
        Some(Ok(origin)) => origin.split_once("://").map(|(_, authority)| authority) == host,
        Some(Err(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a header"));
        }
        headers
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "gateway", "192.168.1.4", "gateway.local:8080"] {
            assert!(names_this_machine(&headers(host, None)), "{host}");
        }
        for host in ["evil.example.org", "127.0.0.1.evil.example.org:80"] {
            assert!(!names_this_machine(&headers(host, None)), "{host}");
        }
    }

    #[test]
    fn a_change_comes_from_no_page_or_from_our_own() {
        assert!(from_own_pages(&headers("localhost:8080", None)));
        assert!(from_own_pages(&headers("localhost:8080", Some("http://localhost:8080"))));
        assert!(!from_own_pages(&headers("localhost:8080", Some("http://localhost:9999"))));
        assert!(!from_own_pages(&headers("localhost:8080", Some("null"))));
    }
}
