//! What forms share: something done in the caller's name, the answer to it, and what there is to choose from.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Pages;
use super::text::Lang;
use super::view::{PageError, Visitor, respond, show};
use crate::audit::Cause;
use crate::catalogue::Position;
use crate::service::access::Caller;

/// The answer to a form.
pub(super) enum Answer {
    /// A page, which is not to be had again: with something shown once, or with what was wrong.
    Page(StatusCode, String),
    /// Done: the page that says so.
    To(String),
}

/// Answers a form: as [`show`], on a blocking thread.
pub(super) async fn answer<F>(pages: Arc<Pages>, visitor: Visitor, make: F) -> Response
where
    F: FnOnce(&Pages, &Visitor) -> Result<Answer, PageError> + Send + 'static,
{
    let (for_errors, back) = (pages.clone(), visitor.clone());
    match tokio::task::spawn_blocking(move || make(&pages, &visitor)).await {
        Ok(Ok(Answer::Page(status, html))) => respond(status, html, &back),
        Ok(Ok(Answer::To(path))) => Redirect::to(&path).into_response(),
        Ok(Err(error)) => show(for_errors, back, |_, _| Err(error)).await,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Does something in the caller's name. The reason is bounded, and holds no line breaks.
pub(super) fn act<T>(caller: &Caller, reason: &str, work: impl FnOnce(Cause<'_>) -> T) -> T {
    let reason: String = reason.trim().chars().filter(|c| !c.is_control()).take(500).collect();
    let (actor, source) = (caller.actor(), caller.way.address.to_string());
    work(Cause { actor: &actor, source: &source, reason: &reason })
}

/// Kinds of node to choose from, code and name, by name.
pub(super) fn kinds(pages: &Pages, t: Lang) -> Vec<(String, String)> {
    let kinds = pages.gateway.config.catalogue.node_types.values();
    let mut kinds: Vec<_> = kinds.map(|kind| (kind.code.to_string(), t.pick(&kind.name).to_owned())).collect();
    kinds.sort_by(|a, b| a.1.cmp(&b.1));
    kinds
}

/// Sites to choose from, code and name.
pub(super) fn sites(pages: &Pages, t: Lang) -> Vec<(String, String)> {
    let sites = pages.gateway.config.catalogue.sites.iter();
    sites.map(|site| (site.code.to_string(), t.pick(&site.name).to_owned())).collect()
}

/// What was typed, as it is shown again: nothing that a terminal or a page would act upon, and not without end.
pub(super) fn again(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(4_000).collect()
}

/// As [`again`], of a text of several lines.
pub(super) fn again_lines(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(4_000).collect()
}

/// A position of two texts, with a point or a comma; none when both are empty.
pub(super) fn position(lat: &str, lon: &str) -> Result<Option<Position>, ()> {
    let degrees = |text: &str| text.trim().replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite());
    match (lat.trim(), lon.trim()) {
        ("", "") => Ok(None),
        (lat, lon) => match (degrees(lat), degrees(lon)) {
            (Some(lat), Some(lon)) => Ok(Some(Position { lat, lon })),
            _ => Err(()),
        },
    }
}

/// Why somebody does it, where a form asks nothing else.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Why {
    pub(super) reason: String,
}
