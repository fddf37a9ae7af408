//! One thing that is done about a piece of equipment: its form, and the step that it becomes. What would be refused is not
//! offered; what is refused is told with what to do, and what was typed stays.

mod deed;
mod fields;
mod what;

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use self::fields::{Field, Kind};
use super::super::Pages;
use super::super::form::{Answer, act, again, answer};
use super::super::text::Lang;
use super::super::time::Local;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::typed::Typed;
use super::{Sight, accident, hand, needs};
use crate::operations::book::{BookError, Held, New};
use crate::operations::step::{Deed, Evidence, Step, Uid};
use crate::people::Person;
use crate::service::access::Caller;

pub(super) use self::deed::told;
pub(super) use self::what::What;

#[derive(Template)]
#[template(path = "equipment_do.html")]
struct ActPage {
    t: Lang,
    v: View,
    id: String,
    name: String,
    what: What,
    title: &'static str,
    says: &'static str,
    about: String,
    of: String,
    uid: String,
    wrong: Option<String>,
    fields: Vec<Field>,
}

/// About which defect, order or type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    of: String,
}

/// `GET /equipment/{id}/do/{what}`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path((id, what)): Path<(String, String)>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let what = What::named(&what).ok_or(PageError::NotFound)?;
        let person = visitor.caller.as_ref().and_then(Caller::person);
        if !person.is_some_and(|person| person.may(what.needs())) {
            return Err(PageError::Forbidden);
        }
        render(pages, visitor, (&id, what, &which.of), &Typed::default(), None)
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    (id, what, of): (&str, What, &str),
    typed: &Typed,
    wrong: Option<String>,
) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let sight = Sight::new(pages, visitor)?;
    let held = sight.get(id)?;
    let name = held.asset.name(t == Lang::En).to_owned();
    let uid = match typed.get("uid") {
        "" => super::uid().map_err(|()| PageError::Failed)?.to_string(),
        uid => again(uid),
    };
    let page = ActPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, what.name(t))
            .at(format!("/equipment/{id}/do/{}", what.code())),
        id: id.to_owned(),
        title: what.name(t),
        says: what.says(t),
        about: about(held, of),
        of: again(of),
        uid,
        wrong,
        fields: fields::of(pages, held, what, of, typed, t),
        name,
        what,
        t,
    };
    Ok(page.render()?)
}

/// What it is about, in words.
fn about(held: &Held, of: &str) -> String {
    let Ok(uid) = Uid::new(of) else { return String::new() };
    let case = &held.dossier.case;
    let defect = case.defects.get(&uid).map(|defect| defect.text.clone());
    defect.or_else(|| case.orders.get(&uid).map(|order| order.text.clone())).unwrap_or_default()
}

/// `POST /equipment/{id}/do/{what}`.
pub(in crate::pages) async fn post(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path((id, what)): Path<(String, String)>,
    request: Request,
) -> Response {
    let typed = Typed::read(request).await;
    answer(pages, visitor, move |pages, visitor| {
        let t = visitor.lang;
        let what = What::named(&what).ok_or(PageError::NotFound)?;
        let person = caller.person().ok_or(PageError::Forbidden)?;
        if !person.may(what.needs()) {
            return Err(PageError::Forbidden);
        }
        let Some(typed) = typed else {
            let html = render(pages, visitor, (&id, what, ""), &Typed::default(), Some(t.document_wrong().to_owned()))?;
            return Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html));
        };
        let of = typed.get("of").to_owned();
        let wrong = match take(pages, &caller, person, (&id, what), &typed, t)? {
            Ok(()) => return Ok(Answer::To(format!("/equipment/{id}?done={}", what.code()))),
            Err(wrong) => wrong,
        };
        let html = render(pages, visitor, (&id, what, &of), &typed, Some(wrong))?;
        Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
    })
    .await
}

fn take(
    pages: &Pages,
    caller: &Caller,
    person: &Person,
    (id, what): (&str, What),
    typed: &Typed,
    t: Lang,
) -> Result<Result<(), String>, PageError> {
    let sight = Sight::of(pages, Some(person))?;
    let held = sight.get(id)?;
    let catalogue = &*pages.gateway.config.catalogue;
    let deed = match deed::typed(what, typed, catalogue.scheme(&held.asset.kind), catalogue, t) {
        Ok(deed) => deed,
        Err(wrong) => return Ok(Err(wrong)),
    };
    if !person.may(needs(&deed)) {
        return Err(PageError::Forbidden);
    }
    let local = Local { now: pages.gateway.clock.now(), zone: pages.gateway.config.time_zone.clone(), lang: t };
    let form = match (what == What::Accident).then(|| accident::typed(typed, &local)).transpose() {
        Ok(form) => form.map(|accident| serde_json::json!(accident)),
        Err(wrong) => return Ok(Err(wrong)),
    };
    let Ok(uid) = Uid::new(typed.get("uid")) else { return Err(PageError::BadRequest) };
    let files = match typed.keep(pages, caller, t)? {
        Ok(files) => files,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let text = match deed {
        // The words are in the deed.
        Deed::Closed { .. } | Deed::Barred | Deed::WorkDone { .. } => typed.get("text").to_owned(),
        _ => String::new(),
    };
    let (at, by) = (pages.gateway.clock.now(), hand(person));
    let step = Step { uid, at, by, deed, evidence: Evidence { files, text } };
    let new = New { form, ..New::of(held.asset.id.clone(), step) };
    match act(caller, "", |cause| pages.gateway.book.take(cause, &[new])) {
        Ok(_) => Ok(Ok(())),
        Err(BookError::Refused { refusal, .. }) => Ok(Err(t.refusal(refusal).to_owned())),
        Err(error) => Err(error.into()),
    }
}
