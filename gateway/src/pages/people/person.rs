//! One person: what they may do, and what is done about it.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::text::Lang;
use super::super::time::When;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::{Answer, Given, Rights, Row, Typed, act, answer, day, given, roles, row, sites, told};
use crate::audit::Cause;
use crate::people::{PeopleError, Person, PersonId, State};
use crate::service::access::Caller;

/// What was done, told once after it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Done {
    done: String,
}

/// Why something is done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Why {
    pub(super) reason: String,
    pub(super) sure: String,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    t: Lang,
    v: View,
    wrong: Option<String>,
    told: Option<&'static str>,
    given: Option<Given>,
    row: Row,
    employer: Option<String>,
    created: When,
    gone: bool,
    blocked: bool,
    typed: Typed,
    roles: Vec<(&'static str, &'static str)>,
    sites: Vec<(String, String)>,
}

/// The person that an address names; there is none for what is no pseudonym.
pub(super) fn named(pages: &Pages, id: &str) -> Result<Person, PageError> {
    match pages.gateway.people.person(&PersonId::from(id.to_owned())) {
        Err(PeopleError::Unknown(_)) => Err(PageError::NotFound),
        found => Ok(found?),
    }
}

/// `GET /people/{id}`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
    done: Result<Query<Done>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let t = visitor.lang;
        let told = match done.map(|Query(done)| done.done).unwrap_or_default().as_str() {
            "rights" => Some(t.rights_done()),
            "block" => Some(t.block_done()),
            "unblock" => Some(t.unblock_done()),
            _ => None,
        };
        render(pages, visitor, &id, None, told, None)
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    id: &str,
    wrong: Option<(String, Option<Typed>)>,
    told: Option<&'static str>,
    given: Option<Given>,
) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let person = named(pages, id)?;
    let stands = Typed {
        role: person.role.code().to_owned(),
        external: if person.external { "yes".to_owned() } else { String::new() },
        sites: person.sites.join(", "),
        until: person.valid_until.map(|until| day(until, &local)).unwrap_or_default(),
        ..Typed::default()
    };
    let (wrong, typed) = match wrong {
        Some((wrong, typed)) => (Some(wrong), typed),
        None => (None, None),
    };
    let page = PersonPage {
        v: View::new(pages, visitor, &local, Tab::More, person.shown()).at(format!("/people/{id}")),
        wrong,
        told,
        given,
        row: row(&person, &local),
        employer: person.identity.as_ref().and_then(|identity| identity.employer.clone()),
        created: local.when(person.created_at),
        gone: person.state == State::Erased,
        blocked: person.state == State::Blocked,
        typed: typed.unwrap_or(stands),
        roles: roles(t),
        sites: sites(pages, t),
        t,
    };
    Ok(page.render()?)
}

/// `POST /people/{id}/rights`.
pub(in crate::pages) async fn set_rights(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let person = named(pages, &id)?;
        let Rights { role, external, valid_until, sites } =
            match Rights::read(pages, &typed, person.valid_until, &pages.local(visitor)) {
                Ok(rights) => rights,
                Err(wrong) => return again(pages, visitor, &id, wrong, Some(typed)),
            };
        let people = &pages.gateway.people;
        let set = |cause: Cause<'_>| people.set_rights(cause, &person.id, role, external, valid_until, &sites);
        match act(&caller, &typed.reason, set) {
            Ok(()) => Ok(Answer::To(format!("/people/{id}?done=rights"))),
            Err(error) => again(pages, visitor, &id, told(visitor.lang, error)?, Some(typed)),
        }
    })
    .await
}

/// `POST /people/{id}/link`: the answer holds the link, once.
pub(in crate::pages) async fn link(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    headers: HeaderMap,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let person = named(pages, &id)?;
        match act(&caller, &why.reason, |cause| pages.gateway.people.link(cause, &person.id)) {
            Ok(link) => {
                let whose = (id.clone(), person.shown().to_owned());
                let given = given(pages, &caller, &headers, &pages.local(visitor), whose, &link);
                let html = render(pages, visitor, &id, None, None, Some(given))?;
                Ok(Answer::Page(StatusCode::OK, html))
            }
            Err(error) => again(pages, visitor, &id, told(visitor.lang, error)?, None),
        }
    })
    .await
}

/// `POST /people/{id}/block`: with a reason.
pub(in crate::pages) async fn block(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| enter(pages, visitor, &caller, &id, why, Entry::Barred)).await
}

/// `POST /people/{id}/unblock`.
pub(in crate::pages) async fn unblock(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| enter(pages, visitor, &caller, &id, why, Entry::Free)).await
}

/// Whether somebody is let in from now on.
enum Entry {
    Barred,
    Free,
}

fn enter(
    pages: &Pages,
    visitor: &Visitor,
    caller: &Caller,
    id: &str,
    why: Result<Form<Why>, FormRejection>,
    entry: Entry,
) -> Result<Answer, PageError> {
    let Form(why) = why.map_err(|_| PageError::BadRequest)?;
    let person = named(pages, id)?;
    if matches!(entry, Entry::Barred) && why.reason.trim().is_empty() {
        return again(pages, visitor, id, visitor.lang.why_missing().to_owned(), None);
    }
    let people = &pages.gateway.people;
    let changed = act(caller, &why.reason, |cause| match entry {
        Entry::Barred => people.block(cause, &person.id),
        Entry::Free => people.unblock(cause, &person.id),
    });
    match (changed, entry) {
        (Ok(()), Entry::Barred) => Ok(Answer::To(format!("/people/{id}?done=block"))),
        (Ok(()), Entry::Free) => Ok(Answer::To(format!("/people/{id}?done=unblock"))),
        (Err(error), _) => again(pages, visitor, id, told(visitor.lang, error)?, None),
    }
}

/// The page again, with what was wrong, and what was typed of rights.
fn again(pages: &Pages, visitor: &Visitor, id: &str, wrong: String, typed: Option<Typed>) -> Result<Answer, PageError> {
    let html = render(pages, visitor, id, Some((wrong, typed.map(Typed::again))), None, None)?;
    Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
}
