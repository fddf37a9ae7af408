//! Maintenance: what is expected to be silent or out of its limits, until when and why.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::form::{Answer, Why, act, again, answer};
use super::super::text::Lang;
use super::super::time::When;
use super::super::view::{PageError, View, Visitor, show};
use super::{Shown, Tabs, answers, view};
use crate::alerts::{AlertsError, Subject};
use crate::operations::asset::AssetId;
use crate::reading::NodeId;
use crate::service::access::Caller;

/// How long it is when nothing else is said.
const HOURS: i64 = 4;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Typed {
    subject: String,
    from: String,
    until: String,
    note: String,
}

struct Line {
    id: u64,
    about: String,
    href: Option<String>,
    from: When,
    until: When,
    note: String,
    who: String,
    holds: bool,
}

#[derive(Template)]
#[template(path = "maintenance.html")]
struct MaintenancePage {
    t: Lang,
    v: View,
    tabs: Tabs,
    answer: String,
    wrong: Option<&'static str>,
    lines: Vec<Line>,
    may: bool,
    subjects: Vec<(String, String)>,
    typed: Typed,
}

/// `GET /alerts/maintenance`: with `subject`, a form that is filled in for it.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    typed: Result<Query<Typed>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let local = pages.local(visitor);
        let from = local.field(local.now);
        let until = local.field(local.now.plus_millis(HOURS * 3_600_000));
        render(pages, visitor, Typed { subject: again(&typed.subject), from, until, note: String::new() }, None)
    })
    .await
}

fn render(pages: &Pages, visitor: &Visitor, typed: Typed, wrong: Option<&'static str>) -> Result<String, PageError> {
    let shown = Shown::new(pages, visitor)?;
    let t = shown.t;
    let lines: Vec<Line> = shown
        .board
        .maintenance()
        .iter()
        .filter(|one| one.until > shown.local.now)
        .map(|one| {
            let (about, href) = shown.about(&one.subject);
            Line {
                id: one.id,
                about,
                href,
                from: shown.local.when(one.from),
                until: shown.local.when(one.until),
                note: one.note.clone(),
                who: shown.who(&one.by.0),
                holds: one.holds(shown.local.now),
            }
        })
        .collect();
    let catalogue = &pages.gateway.config.catalogue;
    let mut subjects = vec![(Subject::city().to_string(), t.whole_city().to_owned())];
    subjects.extend(
        catalogue.zones.iter().map(|zone| (Subject::zone(&zone.code).to_string(), t.pick(&zone.name).to_owned())),
    );
    subjects.extend(
        catalogue.sites.iter().map(|site| (Subject::site(&site.code).to_string(), t.pick(&site.name).to_owned())),
    );
    let page = MaintenancePage {
        tabs: Tabs::new(pages, visitor, "/alerts/maintenance"),
        answer: t.maintenance_counted(lines.len()),
        wrong,
        lines,
        may: answers(visitor),
        subjects,
        typed,
        v: view(&shown, visitor, t.al_maintenance(), "/alerts/maintenance"),
        t,
    };
    Ok(page.render()?)
}

/// What is meant: a subject as links have it, the name of a node, or the code of a piece of equipment.
fn subject(pages: &Pages, text: &str) -> Option<Subject> {
    let (text, catalogue) = (text.trim(), &pages.gateway.config.catalogue);
    let node = |code: &str| {
        let id = NodeId::new(code).ok()?;
        pages.gateway.registry.snapshot().nodes.contains_key(&id).then(|| Subject::node(code))
    };
    let asset = |code: &str| {
        let shelf = pages.gateway.book.shelf().ok()?;
        shelf.get(&AssetId::new(code).ok()?).map(|_| Subject::asset(code))
    };
    match text.split_once('/') {
        Some(("node", code)) => node(code),
        Some(("asset", code)) => asset(code),
        Some(("site", code)) => catalogue.site(code).map(|_| Subject::site(code)),
        Some(("zone", code)) => catalogue.zone(code).map(|_| Subject::zone(code)),
        Some(_) => None,
        None if text == "city" => Some(Subject::city()),
        None if text == "broker" => Some(Subject::broker()),
        None => node(text).or_else(|| asset(text)),
    }
}

/// `POST /alerts/maintenance`.
pub(in crate::pages) async fn add(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let (t, local) = (visitor.lang, pages.local(visitor));
        let refused = |wrong| {
            let typed = Typed {
                subject: again(&typed.subject),
                from: again(&typed.from),
                until: again(&typed.until),
                note: again(&typed.note),
            };
            let html = render(pages, visitor, typed, Some(wrong))?;
            Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
        };
        let Some(subject) = subject(pages, &typed.subject) else { return refused(t.maintenance_subject_wrong()) };
        let (Some(from), Some(until)) = (local.parse(&typed.from), local.parse(&typed.until)) else {
            return refused(t.maintenance_span_wrong());
        };
        if typed.note.trim().is_empty() {
            return refused(t.why_missing());
        }
        let done = act(&caller, &typed.note, |cause| {
            pages.gateway.alerts.add_maintenance(cause, subject, (from, until), &typed.note)
        });
        match done {
            Ok(_) => Ok(Answer::To("/alerts/maintenance".to_owned())),
            Err(AlertsError::Span) => refused(t.maintenance_span_wrong()),
            Err(AlertsError::TooMany) => refused(t.too_many()),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// `POST /alerts/maintenance/{id}/end`.
pub(in crate::pages) async fn end(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<u64>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, _| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        act(&caller, &why.reason, |cause| pages.gateway.alerts.end_maintenance(cause, id))?;
        Ok(Answer::To("/alerts/maintenance".to_owned()))
    })
    .await
}
