//! What is open, large, for the wall of a room at night; with a sound when somebody is to answer.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;

use super::super::Pages;
use super::super::text::Lang;
use super::super::view::{PageError, View, Visitor, show};
use super::{Row, Shown, counted, view};
use crate::alerts::life::State;
use crate::alerts::roster::{self, Need};
use crate::catalogue::alerts::Severity;

/// Alerts that a wall has room for.
const ROWS: usize = 12;

#[derive(Template)]
#[template(path = "wall.html")]
struct WallPage {
    t: Lang,
    v: View,
    answer: String,
    clock: String,
    rows: Vec<Row>,
    more: usize,
    on_call: Option<String>,
    /// Numbers of alarms and warnings that nobody has answered: a new one among them sounds.
    waiting: String,
    alarm: bool,
}

/// `GET /alerts/wall`.
pub(in crate::pages) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, render).await
}

fn render(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let shown = Shown::new(pages, visitor)?;
    let listed = shown.board.listed();
    let waiting: Vec<_> =
        listed.iter().filter(|alert| alert.state == State::Raised && alert.severity >= Severity::Warning).collect();
    let local = shown.local.zoned(shown.local.now);
    let now = local.as_ref().map(|now| now.datetime()).unwrap_or_default();
    let ladder = roster::ladder(shown.board.turns().iter().map(|(_, turn)| turn), Need::default(), now);
    let page = WallPage {
        answer: counted(&shown.board, shown.t),
        clock: now.strftime("%H:%M").to_string(),
        rows: listed.iter().take(ROWS).map(|alert| shown.row(alert)).collect(),
        more: listed.len().saturating_sub(ROWS),
        on_call: ladder.first().filter(|_| !shown.names.is_empty()).map(|turn| shown.who(&turn.person)),
        waiting: waiting.iter().map(|alert| alert.id.to_string()).collect::<Vec<_>>().join(" "),
        alarm: waiting.iter().any(|alert| alert.severity == Severity::Alarm),
        v: view(&shown, visitor, shown.t.wall(), "/alerts/wall"),
        t: shown.t,
    };
    Ok(page.render()?)
}
