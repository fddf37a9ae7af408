//! Coming in: password, code, the link that works once; and going out.
//!
//! What was typed is never shown again but for the login. After signing in one lands where one wanted, on this gateway only.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Pages;
use super::text::Lang;
use super::view::{PageError, Tab, View, Visitor, respond, show};
use crate::people::{Identity, Invited, NewPerson, PeopleError, Role, SignedIn};
use crate::service::access::{Caller, CookieName};

/// Where to go after it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Next {
    next: String,
}

/// What was typed to sign in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    login: String,
    password: String,
    code: String,
    next: String,
}

/// What was typed on the page of a link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct New {
    login: String,
    name: String,
    password: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    t: Lang,
    v: View,
    wrong: Option<String>,
    directory: Option<Away>,
    login: String,
    next: String,
}

/// The way to the city's directory.
struct Away {
    text: String,
    href: String,
}

#[derive(Template)]
#[template(path = "code.html")]
struct Code {
    t: Lang,
    v: View,
    wrong: Option<String>,
    next: String,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    t: Lang,
    v: View,
    wrong: Option<String>,
    first: bool,
    login: String,
    name: String,
}

/// `GET /sign-in`.
pub(super) async fn sign_in(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Query(Next { next }): Query<Next>,
) -> Response {
    show(pages, visitor, move |pages, visitor| sign_in_page(pages, visitor, None, "", &next)).await
}

pub(super) fn sign_in_page(
    pages: &Pages,
    visitor: &Visitor,
    wrong: Option<String>,
    login: &str,
    next: &str,
) -> Result<String, PageError> {
    let t = visitor.lang;
    let v = View::new(pages, visitor, &pages.local(visitor), Tab::None, t.sign_in());
    let next = local(next).to_owned();
    let directory = pages.gateway.directory.as_ref().map(|directory| Away {
        text: t.directory_enter(directory.name()),
        href: super::view::with("/sign-in/directory", "", &[("next", &next)]),
    });
    Ok(SignIn { t, v, wrong, directory, login: login.to_owned(), next }.render()?)
}

/// `POST /sign-in`.
pub(super) async fn enter(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Response {
    let Some(caller) = visitor.caller.clone() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let (people, agent) = (pages.gateway.people.clone(), agent(&headers));
    let Typed { login, password, next, .. } = typed;
    let (asked, source) = (login.clone(), caller.way.address.to_string());
    let entered = tokio::task::spawn_blocking(move || people.sign_in(&asked, &password, &source, &agent)).await;
    match entered {
        Ok(Ok(signed)) if signed.code_needed => in_with(&caller, &signed, &code_path(&next)),
        Ok(Ok(signed)) => in_with(&caller, &signed, local(&next)),
        Ok(Err(error)) => {
            refused(pages, visitor, error, move |pages, visitor, error| {
                sign_in_page(pages, visitor, Some(visitor.lang.people_error(error)), &login, &next)
            })
            .await
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// `GET /sign-in/code`.
pub(super) async fn code(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Query(Next { next }): Query<Next>,
) -> Response {
    show(pages, visitor, move |pages, visitor| code_page(pages, visitor, None, &next)).await
}

fn code_page(pages: &Pages, visitor: &Visitor, wrong: Option<&PeopleError>, next: &str) -> Result<String, PageError> {
    let t = visitor.lang;
    let v = View::new(pages, visitor, &pages.local(visitor), Tab::None, t.code_title());
    let wrong = wrong.map(|error| t.people_error(error));
    Ok(Code { t, v, wrong, next: local(next).to_owned() }.render()?)
}

/// `POST /sign-in/code`.
pub(super) async fn second_step(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Response {
    let Some(caller) = visitor.caller.clone() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let Some(cookie) = caller.cookie().map(str::to_owned) else {
        return Redirect::to("/sign-in").into_response();
    };
    let (people, agent) = (pages.gateway.people.clone(), agent(&headers));
    let Typed { code, next, .. } = typed;
    let source = caller.way.address.to_string();
    let entered = tokio::task::spawn_blocking(move || people.second_step(&cookie, &code, &source, &agent)).await;
    match entered {
        Ok(Ok(signed)) => in_with(&caller, &signed, local(&next)),
        // The first step is too long ago.
        Ok(Err(PeopleError::Wrong)) => Redirect::to("/sign-in").into_response(),
        Ok(Err(error)) => {
            refused(pages, visitor, error, move |pages, visitor, error| code_page(pages, visitor, Some(error), &next))
                .await
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// `POST /sign-out`.
pub(super) async fn sign_out(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    let Some(caller) = visitor.caller.clone() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if let Some(cookie) = caller.cookie().map(str::to_owned) {
        let (people, source) = (pages.gateway.people.clone(), caller.way.address.to_string());
        match tokio::task::spawn_blocking(move || people.sign_out(&cookie, &source)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "a session could not be ended");
                return show(pages, visitor, |_, _| Err(PageError::Failed)).await;
            }
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
    with_cookie(Redirect::to("/sign-in").into_response(), &caller, "", 0)
}

/// `GET /welcome/{link}`.
pub(super) async fn welcome(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor, Path(link): Path<String>) -> Response {
    show(pages, visitor, move |pages, visitor| match pages.gateway.people.invited(&link) {
        Ok(invited) => welcome_page(pages, visitor, None, invited == Invited::First, &New::default()),
        Err(PeopleError::Link) => Err(PageError::Over),
        Err(error) => Err(error.into()),
    })
    .await
}

fn welcome_page(
    pages: &Pages,
    visitor: &Visitor,
    wrong: Option<&PeopleError>,
    first: bool,
    new: &New,
) -> Result<String, PageError> {
    let t = visitor.lang;
    let v = View::new(pages, visitor, &pages.local(visitor), Tab::None, t.welcome_title());
    let wrong = wrong.map(|error| t.people_error(error));
    Ok(Welcome { t, v, wrong, first, login: new.login.clone(), name: new.name.clone() }.render()?)
}

/// `POST /welcome/{link}`: sets the password, and one is in.
pub(super) async fn accept(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(link): Path<String>,
    headers: HeaderMap,
    Form(new): Form<New>,
) -> Response {
    let Some(caller) = visitor.caller.clone() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let (people, agent, source) = (pages.gateway.people.clone(), agent(&headers), caller.way.address.to_string());
    let (again, typed) = (link.clone(), New { login: new.login.clone(), name: new.name.clone(), ..New::default() });
    let accepted = tokio::task::spawn_blocking(move || {
        let id = match people.invited(&link)? {
            Invited::Person(_) => people.accept(&link, &new.password, &source)?,
            Invited::First => {
                let New { login, name, .. } = new;
                let identity = Identity { login, name, email: None, phone: None, employer: None };
                let role = Role::Administrator;
                let first = NewPerson { identity, role, external: false, valid_until: None, sites: Vec::new() };
                people.accept_first(&link, &first, &new.password, &source)?
            }
        };
        people.enter(&id, &source, &agent)
    })
    .await;
    match accepted {
        Ok(Ok(signed)) => in_with(&caller, &signed, "/account"),
        Ok(Err(PeopleError::Link)) => show(pages, visitor, |_, _| Err(PageError::Over)).await,
        Ok(Err(error)) => {
            refused(pages, visitor, error, move |pages, visitor, error| {
                let first = pages.gateway.people.invited(&again)? == Invited::First;
                welcome_page(pages, visitor, Some(error), first, &typed)
            })
            .await
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The page again, with what was wrong.
pub(super) async fn refused<F>(pages: Arc<Pages>, visitor: Visitor, error: PeopleError, page: F) -> Response
where
    F: FnOnce(&Pages, &Visitor, &PeopleError) -> Result<String, PageError> + Send + 'static,
{
    let status = match &error {
        PeopleError::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
        PeopleError::Wrong | PeopleError::Code => StatusCode::FORBIDDEN,
        PeopleError::Store(_) | PeopleError::Secret(_) => {
            tracing::error!(%error, "people could not be asked");
            return show(pages, visitor, |_, _| Err(PageError::Failed)).await;
        }
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let made = tokio::task::spawn_blocking(move || {
        let html = page(&pages, &visitor, &error);
        (html, visitor)
    });
    match made.await {
        Ok((Ok(html), visitor)) => respond(status, html, &visitor),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(super) fn in_with(caller: &Caller, signed: &SignedIn, to: &str) -> Response {
    with_cookie(Redirect::to(to).into_response(), caller, &signed.cookie, 31_536_000)
}

/// Sets the session's cookie. How long it holds the server decides.
fn with_cookie(mut response: Response, caller: &Caller, value: &str, age_s: u32) -> Response {
    caller.way.set_cookie(response.headers_mut(), CookieName::Session, value, age_s);
    response
}

/// A path of ours, never another host: one slash at its beginning, and no way around it.
pub(super) fn local(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if ours { next } else { "/" }
}

pub(super) fn code_path(next: &str) -> String {
    super::view::with("/sign-in/code", "", &[("next", local(next))])
}

pub(super) fn agent(headers: &HeaderMap) -> String {
    headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lands_on_this_gateway_and_nowhere_else() {
        for next in ["/", "/nodes?q=a", "/series/4#x"] {
            assert_eq!(local(next), next);
        }
        for next in
            ["", "nodes", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x", "\t/"]
        {
            assert_eq!(local(next), "/", "{next:?}");
        }
    }
}
