//! One's own account: what one may do, password, one-time codes, where one is signed in.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Pages;
use super::entry::refused;
use super::text::Lang;
use super::time::When;
use super::view::{PageError, Tab, View, Visitor, respond, show};
use crate::audit::Cause;
use crate::people::{People, PeopleError, Person, SessionRow};

/// What was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    old: String,
    new: String,
    code: String,
}

/// What was done, told once after it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    done: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    t: Lang,
    v: View,
    wrong: Option<String>,
    told: Option<&'static str>,
    login: String,
    role: &'static str,
    until: Option<When>,
    sites: String,
    code: Codes,
    sessions: Vec<(SessionRow, When)>,
}

/// How it stands with one-time codes.
enum Codes {
    On { left: usize, may_drop: bool },
    Off { needed: bool, key: String, uri: String, qr: String, side: i32 },
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct Recovery {
    t: Lang,
    v: View,
    codes: Vec<String>,
}

/// `GET /account`.
pub(super) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Query(Told { done }): Query<Told>,
) -> Response {
    show(pages, visitor, move |pages, visitor| render(pages, visitor, None, &done)).await
}

fn render(pages: &Pages, visitor: &Visitor, wrong: Option<&PeopleError>, done: &str) -> Result<String, PageError> {
    let t = visitor.lang;
    let (person, cookie) = own(visitor).ok_or(PageError::NotFound)?;
    let people = &pages.gateway.people;
    // As it stands after what was just done.
    let person = people.person(&person.id)?;
    let local = pages.local(visitor);
    let code = if person.has_code {
        let left = people.recovery_codes_left(&person.id)?;
        Codes::On { left, may_drop: !person.role.needs_code() }
    } else {
        let (uri, key) = people.begin_code(&person.id, &pages.gateway.config.municipality.name)?;
        let (qr, side) = super::equipment::public::squares(&uri);
        Codes::Off { needed: person.role.needs_code(), key, uri, qr, side }
    };
    let sessions = people.sessions(&person.id, &cookie)?;
    let page = Account {
        v: View::new(pages, visitor, &local, Tab::None, t.account()),
        wrong: wrong.map(|error| t.people_error(error)),
        told: match done {
            "password" => Some(t.password_set()),
            "codes" => Some(t.codes_dropped()),
            "sessions" => Some(t.others_ended()),
            _ => None,
        },
        login: person.identity.as_ref().map(|identity| identity.login.clone()).unwrap_or_default(),
        role: t.role(person.role),
        until: person.valid_until.map(|until| local.when(until)),
        sites: person.sites.join(", "),
        code,
        sessions: sessions.into_iter().map(|session| (session.clone(), local.when(session.seen_at))).collect(),
        t,
    };
    Ok(page.render()?)
}

/// `POST /account/password`.
pub(super) async fn set_password(
    shared: Shared<Arc<Pages>>,
    visitor: Visitor,
    Form(Typed { old, new, .. }): Form<Typed>,
) -> Response {
    let work = move |people: &People, person: &Person, cookie: &str, source: &str| {
        people.set_password(&person.id, (&old, &new), cookie, source)
    };
    change(shared, visitor, work, "/account?done=password").await
}

/// `POST /account/code/drop`.
pub(super) async fn drop_code(
    shared: Shared<Arc<Pages>>,
    visitor: Visitor,
    Form(Typed { old, .. }): Form<Typed>,
) -> Response {
    let work =
        move |people: &People, person: &Person, _: &str, source: &str| people.drop_code(&person.id, &old, source);
    change(shared, visitor, work, "/account?done=codes").await
}

/// `POST /account/sessions/end`.
pub(super) async fn end_others(shared: Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    let work = |people: &People, person: &Person, cookie: &str, source: &str| {
        let actor = person.id.subject();
        people.sign_out_elsewhere(Cause { actor: &actor, source, reason: "" }, &person.id, cookie)
    };
    change(shared, visitor, work, "/account?done=sessions").await
}

/// `POST /account/code`: the answer shows the recovery codes, this once.
pub(super) async fn confirm_code(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Form(Typed { code, .. }): Form<Typed>,
) -> Response {
    let Some((person, cookie)) = own(&visitor) else { return StatusCode::FORBIDDEN.into_response() };
    let (people, source) = (pages.gateway.people.clone(), source(&visitor));
    let confirmed = tokio::task::spawn_blocking(move || people.confirm_code(&person.id, &code, &cookie, &source)).await;
    match confirmed {
        Ok(Ok(codes)) => {
            let t = visitor.lang;
            let v = View::new(&pages, &visitor, &pages.local(&visitor), Tab::None, t.recovery_title());
            match (Recovery { t, v, codes }).render() {
                Ok(html) => respond(StatusCode::OK, html, &visitor),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
        Ok(Err(error)) => refused(pages, visitor, error, |p, v, error| render(p, v, Some(error), "")).await,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn change<F>(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor, work: F, to: &'static str) -> Response
where
    F: FnOnce(&People, &Person, &str, &str) -> Result<(), PeopleError> + Send + 'static,
{
    let Some((person, cookie)) = own(&visitor) else { return StatusCode::FORBIDDEN.into_response() };
    let (people, source) = (pages.gateway.people.clone(), source(&visitor));
    match tokio::task::spawn_blocking(move || work(&people, &person, &cookie, &source)).await {
        Ok(Ok(())) => Redirect::to(to).into_response(),
        Ok(Err(error)) => refused(pages, visitor, error, |p, v, error| render(p, v, Some(error), "")).await,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn own(visitor: &Visitor) -> Option<(Person, String)> {
    let caller = visitor.caller.as_ref()?;
    Some((caller.person()?.clone(), caller.cookie()?.to_owned()))
}

fn source(visitor: &Visitor) -> String {
    visitor.caller.as_ref().map(|caller| caller.way.address.to_string()).unwrap_or_default()
}
