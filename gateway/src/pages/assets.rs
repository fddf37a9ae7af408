//! The style sheet, the script and the pictures: part of the program, named by their content so that a browser keeps them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Pages;

const STYLE: &str = include_str!("../../templates/style.css");
const SCRIPT: &str = include_str!("../../templates/live.js");
const WALL: &str = include_str!("../../templates/wall.js");
const ICON: &str = include_str!("../../templates/icon.svg");
/// Under a name that changes with the content, a file never changes.
pub(super) const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Changes with the content of the style sheet and the script.
pub(super) const VERSION: u64 =
    fingerprint(STYLE) ^ fingerprint(SCRIPT).rotate_left(1) ^ fingerprint(WALL).rotate_left(2);

/// FNV-1a.
pub(super) const fn fingerprint(text: &str) -> u64 {
    let (bytes, mut hash, mut place) = (text.as_bytes(), 0xcbf2_9ce4_8422_2325_u64, 0);
    while place < bytes.len() {
        hash = (hash ^ bytes[place] as u64).wrapping_mul(0x0100_0000_01b3);
        place += 1;
    }
    hash
}

/// `GET /assets/style.css?v=`.
pub(super) async fn style() -> Response {
    kept("text/css; charset=utf-8", STYLE)
}

/// `GET /assets/live.js?v=`.
pub(super) async fn script() -> Response {
    kept("text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /assets/wall.js?v=`.
pub(super) async fn wall() -> Response {
    kept("text/javascript; charset=utf-8", WALL)
}

/// `GET /assets/icon.svg`.
pub(super) async fn icon() -> Response {
    kept("image/svg+xml", ICON)
}

/// `GET /assets/logo`: the municipality's own picture.
pub(super) async fn logo(State(pages): State<Arc<Pages>>) -> Response {
    let Some(path) = pages.gateway.config.municipality.logo.clone() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = if path.extension().is_some_and(|e| e == "png") { "image/png" } else { "image/svg+xml" };
    match tokio::task::spawn_blocking(move || std::fs::read(path)).await {
        Ok(Ok(bytes)) => {
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")], bytes).into_response()
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "[municipality] logo cannot be read");
            StatusCode::NOT_FOUND.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn kept(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FOR_EVER)], text).into_response()
}
