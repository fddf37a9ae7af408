//! One alert: what was found, what to do and whom to call, what was done, who was told; and the forms to answer it.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::form::{Answer, act, again_lines, answer};
use super::super::text::Lang;
use super::super::time::When;
use super::super::view::{PageError, View, Visitor, show};
use super::{Row, Shown, answers, view};
use crate::alerts::life::Deed;
use crate::alerts::{Alerts, AlertsError, NOTE_MAX};
use crate::audit::Cause;
use crate::delivery::Sent;
use crate::service::access::Caller;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Typed {
    note: String,
}

/// A line of what was done.
struct Line {
    at: When,
    who: String,
    what: String,
    text: String,
    href: Option<String>,
}

/// A notice, as people follow it.
pub(super) struct Told {
    pub(super) at: When,
    pub(super) who: String,
    pub(super) way: String,
    pub(super) mark: &'static str,
    pub(super) state: String,
    pub(super) error: String,
    pub(super) subject: String,
    pub(super) alert: Option<u64>,
}

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage {
    t: Lang,
    v: View,
    row: Row,
    wrong: Option<&'static str>,
    note: String,
    note_max: usize,
    about: Option<String>,
    chart: Option<String>,
    at: Option<When>,
    since: When,
    members: Vec<(String, String)>,
    members_more: usize,
    again: usize,
    instructions: String,
    contacts: Vec<(String, String)>,
    condition: String,
    source: String,
    rule: String,
    lines: Vec<Line>,
    told: Vec<Told>,
    may: bool,
    latched: bool,
    maintain: Option<String>,
}

/// `GET /alerts/{id}`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<u64>,
) -> Response {
    show(pages, visitor, move |pages, visitor| render(pages, visitor, id, None, String::new())).await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    id: u64,
    wrong: Option<&'static str>,
    note: String,
) -> Result<String, PageError> {
    let shown = Shown::new(pages, visitor)?;
    let (t, gateway) = (shown.t, &pages.gateway);
    let alert = gateway.alerts.alert(id)?;
    let rule = gateway.alerts.rule(&alert);
    let facts = &alert.facts;
    let lines = gateway.alerts.steps(id)?;
    let lines = lines.iter().map(|step| {
        let (text, href) = match &step.deed {
            Deed::Acknowledged { note } | Deed::Cleared { note } => (note.clone(), None),
            Deed::Noted { text } => (text.clone(), None),
            Deed::Escalated { person } => (shown.who(person), None),
            Deed::Merged { into } => (shown.about(into).0, None),
            Deed::Followed { what, asset, step } => {
                let href = step.as_ref().map(|step| format!("/equipment/steps/{step}"));
                let said = t.followed(what, step.is_some());
                (format!("{said}: {asset}"), href.or_else(|| Some(format!("/equipment/{asset}"))))
            }
            Deed::Raised { .. } | Deed::Again { .. } | Deed::Uncalled | Deed::Unanswered => (String::new(), None),
        };
        Line {
            at: shown.local.when(step.at),
            who: shown.who(&step.by.0),
            what: t.alert_deed(&step.deed).to_owned(),
            text,
            href,
        }
    });
    let members = facts.members.iter().map(|member| {
        let of_asset = crate::operations::asset::AssetId::new(member).ok();
        let asset = of_asset.is_some_and(|id| shown.sight.shelf().get(&id).is_some());
        let path = if asset { "/equipment" } else { "/nodes" };
        (member.to_string(), format!("{path}/{member}"))
    });
    let signed_in = visitor.caller.as_ref().and_then(Caller::person).is_some();
    let told = if signed_in { gateway.outbox.of_alert(id)? } else { Vec::new() };
    let page = AlertPage {
        row: shown.row(&alert),
        wrong,
        note,
        note_max: NOTE_MAX,
        about: shown.about(&alert.subject).1,
        chart: facts.datastream.map(|id| format!("/series/{id}")),
        at: facts.at.map(|at| shown.local.when(at)),
        since: shown.local.when(facts.since),
        members: members.collect(),
        members_more: facts.members_count.saturating_sub(facts.members.len()),
        again: facts.again,
        instructions: rule.as_ref().map(|rule| t.pick(&rule.instructions).to_owned()).unwrap_or_default(),
        contacts: rule
            .iter()
            .flat_map(|rule| &rule.contacts)
            .map(|one| (t.pick(&one.name).to_owned(), one.phone.clone()))
            .collect(),
        condition: rule.as_ref().map(|rule| super::rules::condition(&shown, &rule.on)).unwrap_or_default(),
        source: rule.as_ref().map(|rule| t.source(&rule.source)).unwrap_or_default(),
        rule: alert.rule.to_string(),
        lines: lines.collect(),
        told: told.iter().map(|sent| self::told(&shown, sent)).collect(),
        may: answers(visitor),
        latched: facts.latched,
        maintain: visitor
            .offers(pages, "POST", "/alerts/maintenance")
            .then(|| format!("/alerts/maintenance?subject={}#add", super::super::view::encode(alert.subject.as_str()))),
        v: view(&shown, visitor, &shown.name(&alert.rule), &format!("/alerts/{id}")),
        t,
    };
    Ok(page.render()?)
}

/// What became of a notice.
pub(super) fn told(shown: &Shown<'_>, sent: &Sent) -> Told {
    let t = shown.t;
    let (mark, state) = match (sent.sent_at, sent.failed_at, sent.next_at) {
        (Some(at), _, _) => ("good", format!("{} {}", t.notice_sent(), shown.local.short(at))),
        (_, Some(at), _) => ("barred", format!("{} {}", t.notice_failed(), shown.local.short(at))),
        (_, _, Some(_)) if sent.tries == 0 => ("silent", t.notice_waits().to_owned()),
        (_, _, at) => {
            ("attention", format!("{} {}", t.notice_again(), at.map(|at| shown.local.short(at)).unwrap_or_default()))
        }
    };
    let notice = &sent.notice;
    Told {
        at: shown.local.when(sent.at),
        who: notice.person.as_deref().map_or_else(|| t.other_systems().to_owned(), |person| shown.who(person)),
        way: format!("{} {}", t.way(notice.way), notice.target).trim_end().to_owned(),
        mark,
        state,
        error: t.trouble(&sent.error),
        subject: notice.subject.clone(),
        alert: notice.alert,
    }
}

/// `POST /alerts/{id}/acknowledge`: with whom they called.
pub(in crate::pages) async fn acknowledge(
    pages: Shared<Arc<Pages>>,
    caller: Extension<Caller>,
    visitor: Visitor,
    id: Path<u64>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    done(pages, caller, visitor, id, typed, false, |alerts, cause, id, note| alerts.acknowledge(cause, id, note)).await
}

/// `POST /alerts/{id}/note`.
pub(in crate::pages) async fn note(
    pages: Shared<Arc<Pages>>,
    caller: Extension<Caller>,
    visitor: Visitor,
    id: Path<u64>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    done(pages, caller, visitor, id, typed, true, |alerts, cause, id, note| alerts.note(cause, id, note)).await
}

/// `POST /alerts/{id}/clear`: with why.
pub(in crate::pages) async fn clear(
    pages: Shared<Arc<Pages>>,
    caller: Extension<Caller>,
    visitor: Visitor,
    id: Path<u64>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    done(pages, caller, visitor, id, typed, true, |alerts, cause, id, note| alerts.clear(cause, id, note)).await
}

async fn done(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<u64>,
    typed: Result<Form<Typed>, FormRejection>,
    asked: bool,
    work: fn(&Alerts, Cause<'_>, u64, &str) -> Result<crate::alerts::life::Alert, AlertsError>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let again = |wrong| {
            let html = render(pages, visitor, id, Some(wrong), again_lines(&typed.note))?;
            Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
        };
        if asked && typed.note.trim().is_empty() {
            return again(visitor.lang.why_missing());
        }
        match act(&caller, "", |cause| work(&pages.gateway.alerts, cause, id, &typed.note)) {
            Ok(_) => Ok(Answer::To(format!("/alerts/{id}"))),
            Err(AlertsError::Refused(_)) => again(visitor.lang.alert_over_already()),
            Err(error) => Err(error.into()),
        }
    })
    .await
}
