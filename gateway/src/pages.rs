//! Pages for people, made on the server: Greek first, light and dark, from a phone to a wall.
//!
//! Every page works without a script; with it, values change in place. Nothing is asked of another host.

mod about;
mod account;
mod assets;
mod attention;
mod audit;
mod census;
mod chart;
mod data;
mod directory;
mod entry;
mod export;
mod format;
mod keys;
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
use tower_http::compression::CompressionLayer;

use crate::people::Permission;
use crate::service::Gateway;
use crate::service::access::{Need, Route, Routes};
use census::Census;

/// What the pages share: the gateway, and what was last seen of its nodes.
struct Pages {
    gateway: Arc<Gateway>,
    census: Mutex<Option<Arc<Census>>>,
    /// What the last look at the audit log's chain found.
    verified: Mutex<Option<audit::Verified>>,
    /// Held by whoever looks.
    verifying: Mutex<()>,
}

/// The routes of this wing, and what each needs.
pub(crate) fn routes(gateway: Arc<Gateway>) -> (Router, Vec<Route>) {
    let (census, verified, verifying) = (Mutex::default(), Mutex::default(), Mutex::default());
    let pages = Arc::new(Pages { gateway: gateway.clone(), census, verified, verifying });
    let (open, read) = (Need::Open, Need::May(Permission::Read));
    let account = Need::May(Permission::Account);
    let nodes = Need::May(Permission::Nodes);
    let log = Need::May(Permission::Audit);
    let (routes, table) = Routes::new(gateway)
        .get("/", read, overview::page)
        .get("/nodes", read, nodes::page)
        .get("/nodes/{id}", read, node::page)
        .get("/series/{id}", read, series::page)
        .get("/series/{id}/csv", read, export::csv)
        .get("/rejections", read, rejections::list)
        .get("/rejections/{id}", read, rejections::one)
        .post("/rejections/{id}/replay", Need::May(Permission::Operate), rejections::replay)
        .get("/sinks", read, sinks::page)
        .get("/certificates", nodes, keys::page)
        .post("/certificates", nodes, keys::issue)
        .get("/certificates/ca.pem", nodes, keys::authority)
        .post("/certificates/{fingerprint}/revoke", nodes, keys::revoke)
        .get("/audit", log, audit::list)
        .get("/audit/{id}", log, audit::one)
        .post("/audit/verify", log, audit::verify)
        .post("/audit/export", log, audit::export)
        .get("/data-protection", log, data::page)
        .get("/about", read, about::page)
        .get("/search", read, search::page)
        .get("/sign-in", open, entry::sign_in)
        .post("/sign-in", open, entry::enter)
        .get("/sign-in/code", open, entry::code)
        .post("/sign-in/code", open, entry::second_step)
        .get("/sign-in/directory", open, directory::there)
        .get(directory::BACK, open, directory::back_again)
        .post("/sign-out", open, entry::sign_out)
        .get("/welcome/{link}", open, entry::welcome)
        .post("/welcome/{link}", open, entry::accept)
        .get("/account", account, account::page)
        .post("/account/password", account, account::set_password)
        .post("/account/code", account, account::confirm_code)
        .post("/account/code/drop", account, account::drop_code)
        .post("/account/sessions/end", account, account::end_others)
        .get("/assets/style.css", open, assets::style)
        .get("/assets/live.js", open, assets::script)
        .get("/assets/icon.svg", open, assets::icon)
        .get("/assets/logo", open, assets::logo)
        .build(pages.clone());
    let nowhere = Router::new().fallback(view::nowhere).with_state(pages);
    (routes.merge(nowhere).layer(CompressionLayer::new()), table)
}
