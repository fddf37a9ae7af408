//! The log of shifts and the page to hand over by: what is open, what happened since the last handover, what those who watch say.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::form::{Answer, act, again_lines, answer};
use super::super::text::Lang;
use super::super::time::When;
use super::super::view::{PageError, View, Visitor, show};
use super::{Row, Shown, Tabs, view};
use crate::alerts::life::Deed;
use crate::alerts::{NOTE_MAX, ShiftKind};
use crate::people::{Permission, State};
use crate::service::access::Caller;

/// Notes that are shown.
const NOTES: usize = 50;
/// Steps of alerts since the last handover that are shown.
const STEPS: usize = 200;
/// Where nobody has ever handed over, as much is shown.
const FIRST_MS: i64 = 86_400_000;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Typed {
    what: String,
    to: String,
    text: String,
}

/// A note, or a step of an alert, in the order of time.
struct Line {
    at: When,
    who: String,
    what: String,
    text: String,
    href: Option<String>,
    bold: bool,
}

#[derive(Template)]
#[template(path = "shift.html")]
struct ShiftPage {
    t: Lang,
    v: View,
    tabs: Tabs,
    answer: String,
    since: Option<When>,
    open: Vec<Row>,
    lines: Vec<Line>,
    older: Vec<Line>,
    wrong: Option<&'static str>,
    text: String,
    note_max: usize,
    people: Vec<(String, String)>,
    maintenance: usize,
}

/// `GET /alerts/shift`.
pub(in crate::pages) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, |pages, visitor| render(pages, visitor, None, String::new())).await
}

fn render(pages: &Pages, visitor: &Visitor, wrong: Option<&'static str>, text: String) -> Result<String, PageError> {
    let shown = Shown::new(pages, visitor)?;
    let (t, alerts) = (shown.t, &pages.gateway.alerts);
    let notes = alerts.shift_notes(None, NOTES)?;
    let handover = notes.iter().find(|note| matches!(note.kind, ShiftKind::HandedOver { .. }));
    let from = handover.map_or(shown.local.now.plus_millis(-FIRST_MS), |note| note.at);
    let steps = alerts.steps_between(from, shown.local.now.plus_millis(1), STEPS)?;
    let mut lines = Vec::new();
    for (id, step) in &steps {
        // What the gateway does by itself between raised and over is on the alert's own page.
        if matches!(step.deed, Deed::Escalated { .. } | Deed::Followed { .. } | Deed::Again { .. }) {
            continue;
        }
        let alert = alerts.alert(*id)?;
        let note = match &step.deed {
            Deed::Acknowledged { note } | Deed::Cleared { note } | Deed::Noted { text: note } => note.clone(),
            _ => String::new(),
        };
        let about = format!("{} – {}", shown.name(&alert.rule), shown.about(&alert.subject).0);
        let line = Line {
            at: shown.local.when(step.at),
            who: shown.who(&step.by.0),
            what: t.alert_deed(&step.deed).to_owned(),
            text: if note.is_empty() { about } else { format!("{about}: {note}") },
            href: Some(format!("/alerts/{id}")),
            bold: false,
        };
        lines.push((step.at, line));
    }
    let mut older = Vec::new();
    for note in &notes {
        let what = match &note.kind {
            ShiftKind::Note => t.shift_note().to_owned(),
            ShiftKind::HandedOver { to: Some(to) } => format!("{} {}", t.shift_handed_to(), shown.who(to)),
            ShiftKind::HandedOver { to: None } => t.shift_handed().to_owned(),
            ShiftKind::TakenOver => t.shift_taken().to_owned(),
        };
        let line = Line {
            at: shown.local.when(note.at),
            who: shown.who(&note.by.0),
            what,
            text: note.text.clone(),
            href: None,
            bold: note.kind != ShiftKind::Note,
        };
        if note.at >= from { lines.push((note.at, line)) } else { older.push(line) }
    }
    lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let open: Vec<Row> = shown.board.listed().iter().map(|alert| shown.row(alert)).collect();
    let everybody = pages.gateway.people.everybody()?;
    let me = visitor.caller.as_ref().and_then(Caller::person).map(|person| person.id.clone());
    let others = everybody.iter().filter(|person| {
        person.state == State::Active && person.role.may(Permission::Alerts) && Some(&person.id) != me.as_ref()
    });
    let page = ShiftPage {
        tabs: Tabs::new(pages, visitor, "/alerts/shift"),
        answer: super::counted(&shown.board, t),
        since: handover.map(|note| shown.local.when(note.at)),
        open,
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        older,
        wrong,
        text,
        note_max: NOTE_MAX,
        people: others.map(|person| (person.id.subject(), person.shown().to_owned())).collect(),
        maintenance: shown.board.maintenance().iter().filter(|one| one.holds(shown.local.now)).count(),
        v: view(&shown, visitor, t.shift_log(), "/alerts/shift"),
        t,
    };
    Ok(page.render()?)
}

/// `POST /alerts/shift`: a note, a handover, a takeover.
pub(in crate::pages) async fn add(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let kind = match typed.what.as_str() {
            "note" => ShiftKind::Note,
            "handover" => {
                let everybody = pages.gateway.people.everybody()?;
                let to = everybody.iter().map(|person| person.id.subject()).find(|id| *id == typed.to);
                ShiftKind::HandedOver { to: to.map(Into::into) }
            }
            "takeover" => ShiftKind::TakenOver,
            _ => return Err(PageError::BadRequest),
        };
        if kind == ShiftKind::Note && typed.text.trim().is_empty() {
            let html = render(pages, visitor, Some(visitor.lang.why_missing()), again_lines(&typed.text))?;
            return Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html));
        }
        act(&caller, "", |cause| pages.gateway.alerts.add_shift_note(cause, kind, &typed.text))?;
        Ok(Answer::To("/alerts/shift".to_owned()))
    })
    .await
}
