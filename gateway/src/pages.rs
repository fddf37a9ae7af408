//! Pages for people, made on the server.

mod live;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::service::Gateway;

/// The routes of this wing.
pub fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/", get(live::page))
        .route("/assets/live.css", get(live::style))
        .route("/assets/live.js", get(live::script))
        .with_state(gateway)
}
