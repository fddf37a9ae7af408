//! Pages for people, made on the server: Greek first, light and dark, from a phone to a wall.
//!
//! Every page works without a script; with it, values change in place. Nothing is asked of another host.

mod about;
mod assets;
mod attention;
mod census;
mod chart;
mod export;
mod format;
mod latest;
mod map;
mod node;
mod nodes;
mod overview;
mod rejections;
mod search;
mod series;
mod sinks;
mod strip;
mod text;
mod time;
pub(crate) mod tour;
mod view;

pub(crate) use view::Visitor;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;

use crate::service::Gateway;
use census::Census;

/// What the pages share: the gateway, and what was last seen of its nodes.
struct Pages {
    gateway: Arc<Gateway>,
    census: Mutex<Option<Arc<Census>>>,
}

/// The routes of this wing.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let pages = Arc::new(Pages { gateway, census: Mutex::default() });
    Router::new()
        .route("/", get(overview::page))
        .route("/nodes", get(nodes::page))
        .route("/nodes/{id}", get(node::page))
        .route("/series/{id}", get(series::page))
        .route("/series/{id}/csv", get(export::csv))
        .route("/rejections", get(rejections::list))
        .route("/rejections/{id}", get(rejections::one))
        .route("/rejections/{id}/replay", post(rejections::replay))
        .route("/sinks", get(sinks::page))
        .route("/about", get(about::page))
        .route("/search", get(search::page))
        .route("/assets/style.css", get(assets::style))
        .route("/assets/live.js", get(assets::script))
        .route("/assets/icon.svg", get(assets::icon))
        .route("/assets/logo", get(assets::logo))
        .fallback(view::nowhere)
        .layer(CompressionLayer::new())
        .with_state(pages)
}
