//! Pages for people, made on the server: Greek first, light and dark, from a phone to a wall.
//!
//! Every page works without a script, but the one that works without a connection (`equipment/field`); with it, values change in
//! place. Nothing is asked of another host.

mod about;
mod account;
mod alerts;
mod assets;
mod attention;
mod audit;
mod census;
mod chart;
mod data;
mod directory;
mod enrol;
mod entry;
mod equipment;
mod export;
mod form;
mod format;
mod keys;
mod latest;
mod map;
mod more;
mod node;
mod node_import;
mod nodes;
mod overview;
mod people;
mod readings;
mod rejections;
mod search;
mod series;
mod sinks;
mod strip;
mod text;
mod time;
mod tokens;
pub(crate) mod tour;
mod view;

pub(crate) use view::Visitor;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::middleware::from_fn_with_state;
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
    let (nodes, records) = (Need::May(Permission::Nodes), Need::May(Permission::Equipment));
    let (assets, inspect) = (Need::May(Permission::Assets), Need::May(Permission::Inspect));
    let (answer, plan) = (Need::May(Permission::Alerts), Need::May(Permission::Roster));
    let (decide, review) = (Need::May(Permission::People), Need::May(Permission::Audit));
    let (routes, table) = Routes::new(gateway)
        .get("/", read, overview::page)
        .get("/nodes", read, nodes::page)
        .get("/nodes/new", nodes, enrol::new::page)
        .post("/nodes/new", nodes, enrol::new::add)
        .get("/nodes/knocking", nodes, enrol::knocking::page)
        .post("/nodes/knocking", nodes, enrol::knocking::let_in)
        .get("/nodes/import", nodes, node_import::page)
        .post_large("/nodes/import", nodes, node_import::check)
        .post_large("/nodes/import/add", nodes, node_import::add)
        .post("/nodes/{id}/revoke", nodes, enrol::access::revoke)
        .post("/nodes/{id}/unrevoke", nodes, enrol::access::unrevoke)
        .post("/nodes/{id}/secret", nodes, enrol::access::rotate)
        .get("/nodes/{id}", read, node::page)
        .get("/series/{id}", read, series::page)
        .get("/series/{id}/csv", read, export::csv)
        .get("/rejections", read, rejections::list)
        .get("/rejections/{id}", read, rejections::one)
        .post("/rejections/{id}/replay", Need::May(Permission::Operate), rejections::replay)
        .get("/sinks", read, sinks::page)
        .get("/alerts", read, alerts::list::page)
        .get("/alerts/wall", read, alerts::wall::page)
        .get("/alerts/rules", read, alerts::rules::page)
        .post("/alerts/rules/{code}/{what}", plan, alerts::rules::set)
        .get("/alerts/rule", plan, alerts::rule::page)
        .post("/alerts/rule", plan, alerts::rule::set)
        .get("/alerts/on-call", answer, alerts::on_call::page)
        .post("/alerts/on-call", plan, alerts::on_call::add)
        .post("/alerts/on-call/{id}/end", plan, alerts::on_call::end)
        .get("/alerts/shift", answer, alerts::shift::page)
        .post("/alerts/shift", answer, alerts::shift::add)
        .get("/alerts/maintenance", read, alerts::maintenance::page)
        .post("/alerts/maintenance", answer, alerts::maintenance::add)
        .post("/alerts/maintenance/{id}/end", answer, alerts::maintenance::end)
        .get("/alerts/delivery", answer, alerts::delivery::page)
        .post("/alerts/delivery/test", answer, alerts::delivery::test)
        .get("/alerts/{id}", read, alerts::one::page)
        .post("/alerts/{id}/acknowledge", answer, alerts::one::acknowledge)
        .post("/alerts/{id}/note", answer, alerts::one::note)
        .post("/alerts/{id}/clear", answer, alerts::one::clear)
        .get("/assets/wall.js", open, assets::wall)
        .get("/certificates", nodes, keys::page)
        .post("/certificates", nodes, keys::issue)
        .get("/certificates/ca.pem", nodes, keys::authority)
        .post("/certificates/{fingerprint}/revoke", nodes, keys::revoke)
        .get("/audit", review, audit::list)
        .get("/audit/{id}", review, audit::one)
        .post_large("/audit/verify", review, audit::verify)
        .post("/audit/export", review, audit::export)
        .get("/data-protection", review, data::page)
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
        .get("/more", open, more::page)
        .get("/people", decide, people::page)
        .post("/people", decide, people::add)
        .get("/people/rights", review, people::rights::page)
        .get("/people/{id}", decide, people::person::page)
        .post("/people/{id}/rights", decide, people::person::set_rights)
        .post("/people/{id}/link", decide, people::person::link)
        .post("/people/{id}/block", decide, people::person::block)
        .post("/people/{id}/unblock", decide, people::person::unblock)
        .get("/people/{id}/erase", decide, people::erase::page)
        .post("/people/{id}/erase", decide, people::erase::erase)
        .get("/tokens", decide, tokens::page)
        .post("/tokens", decide, tokens::add)
        .post("/tokens/{id}/revoke", decide, tokens::revoke)
        .get("/equipment", records, equipment::today::page)
        .get("/equipment/list", records, equipment::list::page)
        .get("/equipment/export.csv", records, equipment::list::csv)
        .get("/equipment/new", assets, equipment::edit::new)
        .post("/equipment/new", assets, equipment::edit::add)
        .get("/equipment/import", assets, equipment::import::page)
        .post_large("/equipment/import", assets, equipment::import::check)
        .post_large("/equipment/import/add", assets, equipment::import::add)
        .get("/equipment/work", records, equipment::lists::work)
        .get("/equipment/certificates", records, equipment::lists::certificates)
        .get("/equipment/reports", records, equipment::reports::page)
        .get("/equipment/map", records, equipment::map::page)
        .get("/equipment/depot", records, equipment::depot::page)
        .get("/equipment/depot.pdf", records, equipment::depot::pdf)
        .get("/equipment/calendar", records, equipment::calendar::page)
        .get("/equipment/reports/month.pdf", records, equipment::month::pdf)
        .get("/equipment/steps/{uid}", records, equipment::record::page)
        .get("/equipment/steps/{uid}/pdf", records, equipment::paper::of_step)
        .get("/equipment/{id}/book.pdf", records, equipment::paper::book)
        .get("/equipment/{id}/evidence", review, equipment::evidence::page)
        .post("/equipment/{id}/evidence.zip", review, equipment::evidence::take)
        .get("/equipment/{id}/files", assets, equipment::files::page)
        .post_document("/equipment/{id}/files", assets, equipment::files::post)
        .get("/equipment/{id}/accident.pdf", records, equipment::accident::blank)
        .get("/equipment/{id}/edit", assets, equipment::edit::edit)
        .post("/equipment/{id}/edit", assets, equipment::edit::set)
        .get("/equipment/{id}/inspect/{of_type}", inspect, equipment::inspect::page)
        .post_document("/equipment/{id}/inspect/{of_type}", inspect, equipment::inspect::post)
        .get("/equipment/{id}/label", records, equipment::public::label)
        .get("/equipment/{id}/sign", records, equipment::public::sign)
        .get("/e/{id}", open, equipment::public::status)
        .get("/equipment/{id}", records, equipment::asset::page)
        .get("/equipment/{id}/do/{what}", records, equipment::act::page)
        .post_document("/equipment/{id}/do/{what}", records, equipment::act::post)
        .get("/field", records, equipment::field::shell::page)
        .get("/field/sw.js", open, equipment::field::shell::worker)
        .get("/field/who", records, equipment::field::shell::who)
        .get("/assets/field/{edition}/{file}", open, equipment::field::shell::file)
        .get("/field/day", records, equipment::field::day)
        .post_large("/field/forms", records, equipment::field::forms)
        .post_document("/field/documents", Need::May(Permission::Repair), equipment::field::document)
        .get("/documents/{sha256}", records, equipment::field::show)
        .get("/assets/style.css", open, assets::style)
        .get("/assets/live.js", open, assets::script)
        .get("/assets/icon.svg", open, assets::icon)
        .get("/assets/logo", open, assets::logo)
        .build(pages.clone());
    let nowhere = Router::new().fallback(view::nowhere).with_state(pages.clone());
    let said = from_fn_with_state(pages, view::said);
    (routes.merge(nowhere).layer(said).layer(CompressionLayer::new()), table)
}
