//! Who may come in and what they may do: the list, and adding somebody.
//!
//! Nobody sets another's password: adding a person shows, once, the link by which they set their own. Every change goes
//! into the audit log with who made it (`crate::people`).

pub(super) mod erase;
pub(super) mod person;
pub(super) mod rights;

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;

use super::Pages;
use super::form::{Answer, act, again, answer, sites};
use super::nodes::Pager;
use super::text::Lang;
use super::time::{Local, When};
use super::view::{PageError, Tab, View, Visitor, show, with};
use crate::people::{Identity, Link, NewPerson, PeopleError, Person, Role, State};
use crate::reading::Timestamp;
use crate::service::Gateway;
use crate::service::access::Caller;

/// Rows of a page.
const ROWS: usize = 100;

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    page: Option<usize>,
}

/// What was typed of somebody.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    login: String,
    name: String,
    role: String,
    external: String,
    employer: String,
    sites: String,
    until: String,
    reason: String,
}

impl Typed {
    /// As it is shown again, to be mended.
    fn again(self) -> Self {
        Self {
            login: again(&self.login),
            name: again(&self.name),
            role: self.role,
            external: self.external,
            employer: again(&self.employer),
            sites: again(&self.sites),
            until: again(&self.until),
            reason: again(&self.reason),
        }
    }
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    t: Lang,
    v: View,
    answer: String,
    invited: Option<String>,
    alone: bool,
    wrong: Option<String>,
    given: Option<Given>,
    rows: Vec<Row>,
    pager: Pager,
    typed: Typed,
    roles: Vec<(&'static str, &'static str)>,
    sites: Vec<(String, String)>,
}

/// Somebody in a list.
struct Row {
    id: String,
    name: String,
    login: String,
    role: &'static str,
    external: bool,
    sites: String,
    until: Option<When>,
    seen: Option<When>,
    codes: bool,
    state: Judged,
}

/// Whether somebody may come in, as shape and word.
struct Judged {
    mark: &'static str,
    word: &'static str,
}

/// A link, shown once.
struct Given {
    id: String,
    name: String,
    link: String,
    until: When,
}

fn judged(person: &Person, local: &Local) -> Judged {
    let t = local.lang;
    let (mark, word) = match person.state {
        State::Erased => ("unheard", t.person_erased()),
        State::Blocked => ("barred", t.person_blocked()),
        _ if person.valid_until.is_some_and(|until| until <= local.now) => ("barred", t.person_over()),
        State::Invited => ("open", t.person_invited()),
        State::Active if person.role.waits_for_code(person.has_code) => ("attention", t.person_no_codes()),
        State::Active => ("good", t.person_active()),
    };
    Judged { mark, word }
}

fn row(person: &Person, local: &Local) -> Row {
    Row {
        id: person.id.to_string(),
        name: person.shown().to_owned(),
        login: person.identity.as_ref().map(|identity| identity.login.clone()).unwrap_or_default(),
        role: local.lang.role(person.role),
        external: person.external,
        sites: person.sites.join(", "),
        until: person.valid_until.map(|until| local.when(until)),
        seen: person.signed_in_at.map(|at| local.when(at)),
        codes: person.has_code,
        state: judged(person, local),
    }
}

/// `GET /people`.
pub(super) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, which.page, Typed::default(), None, None)
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    at: Option<usize>,
    typed: Typed,
    wrong: Option<String>,
    given: Option<Given>,
) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let everybody = pages.gateway.people.everybody()?;
    let invited = everybody.iter().filter(|person| person.state == State::Invited).count();
    let in_all = everybody.len();
    let at = at.unwrap_or(1).clamp(1, 100_000);
    let link = |page: usize| with("/people", "", &[("page", &page.to_string())]);
    let page = PeoplePage {
        v: View::new(pages, visitor, &local, Tab::More, t.people()),
        answer: t.people_counted(everybody.iter().filter(|person| person.may_enter(local.now)).count()),
        invited: (invited > 0).then(|| t.invited_counted(invited)),
        alone: in_all <= 1,
        wrong,
        given,
        rows: everybody.iter().skip((at - 1) * ROWS).take(ROWS).map(|person| row(person, &local)).collect(),
        pager: Pager {
            previous: (at > 1).then(|| link(at - 1)),
            next: (in_all > at * ROWS).then(|| link(at + 1)),
            text: format!("{at} / {}", in_all.div_ceil(ROWS).max(1)),
        },
        roles: roles(t),
        sites: sites(pages, t),
        typed,
        t,
    };
    Ok(page.render()?)
}

/// `POST /people`: the answer holds the link, once.
pub(super) async fn add(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    headers: HeaderMap,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let local = pages.local(visitor);
        let again = |typed: Typed, wrong| {
            let html = render(pages, visitor, None, typed.again(), Some(wrong), None)?;
            Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
        };
        let rights = match Rights::read(pages, &typed, None, &local) {
            Ok(rights) => rights,
            Err(wrong) => return again(typed, wrong),
        };
        let employer = Some(typed.employer.trim().to_owned()).filter(|employer| !employer.is_empty());
        let (login, name) = (typed.login.trim().to_owned(), typed.name.trim().to_owned());
        let identity = Identity { login, name, email: None, phone: None, employer };
        let Rights { role, external, valid_until, sites } = rights;
        let new = NewPerson { identity, role, external, valid_until, sites };
        match act(&caller, &typed.reason, |cause| pages.gateway.people.add(cause, &new)) {
            Ok((id, link)) => {
                let name = new.identity.name.clone();
                let given = given(pages, &caller, &headers, &local, (id.to_string(), name), &link);
                let html = render(pages, visitor, None, Typed::default(), None, Some(given))?;
                Ok(Answer::Page(StatusCode::OK, html))
            }
            Err(error) => {
                let wrong = told(visitor.lang, error)?;
                again(typed, wrong)
            }
        }
    })
    .await
}

/// What somebody is to be allowed.
struct Rights {
    role: Role,
    external: bool,
    valid_until: Option<Timestamp>,
    sites: Vec<String>,
}

impl Rights {
    /// What was typed, or what is wrong with it. An end that stands already keeps its hour.
    fn read(pages: &Pages, typed: &Typed, before: Option<Timestamp>, local: &Local) -> Result<Self, String> {
        let t = local.lang;
        let role = Role::named(&typed.role).ok_or_else(|| t.bad_request().to_owned())?;
        let split = |c: char| c == ',' || c == ';' || c.is_whitespace();
        let sites: Vec<String> = typed.sites.split(split).filter(|site| !site.is_empty()).map(str::to_owned).collect();
        let catalogue = &pages.gateway.config.catalogue;
        if let Some(unknown) = sites.iter().find(|site| catalogue.site(site).is_none()) {
            let unknown: String = unknown.chars().filter(|c| !c.is_control()).take(64).collect();
            return Err(format!("{} {unknown}", t.no_such_site()));
        }
        let valid_until = match typed.until.trim() {
            "" => None,
            text if before.is_some_and(|before| day(before, local) == text) => before,
            text => Some(last_moment(text, local).ok_or_else(|| t.people_error(&PeopleError::Until))?),
        };
        Ok(Self { role, external: !typed.external.is_empty(), valid_until, sites })
    }
}

/// A day as a field for dates holds it.
fn day(at: Timestamp, local: &Local) -> String {
    local.zoned(at).map_or_else(String::new, |zoned| zoned.strftime("%Y-%m-%d").to_string())
}

/// The last second of a day that was typed: whoever may until the 31st may on the 31st.
fn last_moment(text: &str, local: &Local) -> Option<Timestamp> {
    let day: jiff::civil::Date = text.parse().ok()?;
    let end = day.at(23, 59, 59, 0).to_zoned(local.zone.clone()).ok()?;
    Some(Timestamp::from_millis(end.timestamp().as_millisecond()))
}

fn roles(t: Lang) -> Vec<(&'static str, &'static str)> {
    Role::ALL.into_iter().map(|role| (role.code(), t.role(role))).collect()
}

fn given(
    pages: &Pages,
    caller: &Caller,
    headers: &HeaderMap,
    local: &Local,
    (id, name): (String, String),
    link: &Link,
) -> Given {
    let life = pages.gateway.people.rules().link.as_millis() as i64;
    let until = local.when(Timestamp::from_millis(local.now.millis() + life));
    Given { id, name, link: format!("{}{}", base(&pages.gateway, caller, headers), link.path()), until }
}

/// How others reach the pages: as the configuration says, or as whoever asks reached them.
fn base(gateway: &Gateway, caller: &Caller, headers: &HeaderMap) -> String {
    if let Some(url) = &gateway.config.listen.public_url {
        return url.clone();
    }
    let scheme = if caller.way.secure { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.map_or_else(String::new, |host| format!("{scheme}://{host}"))
}

/// What a person is told of an error; one of ours is no matter for them.
pub(super) fn told(t: Lang, error: PeopleError) -> Result<String, PageError> {
    match error {
        PeopleError::Store(_) | PeopleError::Secret(_) | PeopleError::Look(_) => Err(error.into()),
        error => Ok(t.people_error(&error)),
    }
}
