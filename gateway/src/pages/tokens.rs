//! Tokens of other systems: which there are, another one (shown once), revoking.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::Pages;
use super::form::{Answer, Why, act, again as shown, answer};
use super::people::told;
use super::text::Lang;
use super::time::When;
use super::view::{PageError, Tab, View, Visitor, show};
use crate::people::Token;
use crate::reading::Timestamp;
use crate::service::access::Caller;

const DAY_MS: i64 = 86_400_000;
/// Days that a token holds when nothing else is said, and the most.
const DAYS: i64 = 365;
const DAYS_MAX: i64 = 3_650;
/// Tokens that hold no more are shown as far as this many.
const OVER_MAX: usize = 100;

/// What was typed.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    name: String,
    scope: String,
    days: String,
    reason: String,
}

impl Default for Typed {
    fn default() -> Self {
        let empty = String::new;
        Self { name: empty(), scope: empty(), days: DAYS.to_string(), reason: empty() }
    }
}

/// What was done, told once after it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Done {
    done: String,
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    t: Lang,
    v: View,
    answer: String,
    wrong: Option<String>,
    told: Option<&'static str>,
    /// For which system, and the token, shown once.
    given: Option<(String, String)>,
    rows: Vec<Row>,
    typed: Typed,
    days_max: i64,
}

struct Row {
    id: String,
    name: String,
    mark: &'static str,
    word: &'static str,
    until: When,
    used: Option<When>,
    made: When,
    by: String,
    by_href: Option<String>,
    holds: bool,
}

/// `GET /tokens`.
pub(super) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    done: Result<Query<Done>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let done = done.map(|Query(done)| done.done).unwrap_or_default();
        let told = (done == "revoked").then(|| visitor.lang.token_revoke_done());
        render(pages, visitor, Typed::default(), None, told, None)
    })
    .await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    typed: Typed,
    wrong: Option<String>,
    told: Option<&'static str>,
    given: Option<(String, String)>,
) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let everybody = pages.gateway.people.everybody()?;
    let names: HashMap<String, &str> = everybody.iter().map(|person| (person.id.subject(), person.shown())).collect();
    let (good, over): (Vec<Token>, Vec<Token>) =
        pages.gateway.people.tokens()?.into_iter().partition(|token| token.holds(local.now));
    let answer = if good.is_empty() { t.tokens_none().to_owned() } else { t.tokens_counted(good.len()) };
    let row = |token: &Token| {
        let known = names.get(&token.created_by);
        let (mark, word) = match (token.revoked_at, token.holds(local.now)) {
            (Some(_), _) => ("barred", t.token_revoked()),
            (None, true) => ("good", t.token_holds()),
            (None, false) => ("barred", t.token_over()),
        };
        Row {
            id: token.id.clone(),
            name: token.name.clone(),
            mark,
            word,
            until: local.when(token.revoked_at.unwrap_or(token.valid_until)),
            used: token.used_at.map(|at| local.when(at)),
            made: local.when(token.created_at),
            by: known.map_or_else(|| t.command_line().to_owned(), |name| (*name).to_owned()),
            by_href: known.and(token.created_by.strip_prefix("person/")).map(|id| format!("/people/{id}")),
            holds: token.holds(local.now),
        }
    };
    let page = TokensPage {
        v: View::new(pages, visitor, &local, Tab::More, t.tokens()).at("/tokens"),
        answer,
        wrong,
        told,
        given,
        rows: good.iter().chain(over.iter().take(OVER_MAX)).map(row).collect(),
        typed,
        days_max: DAYS_MAX,
        t,
    };
    Ok(page.render()?)
}

/// `POST /tokens`: the answer holds the token, once.
pub(super) async fn add(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(typed) = typed.map_err(|_| PageError::BadRequest)?;
        let t = visitor.lang;
        let again = |typed: Typed, wrong| {
            let typed =
                Typed { name: shown(&typed.name), days: shown(&typed.days), reason: shown(&typed.reason), ..typed };
            let html = render(pages, visitor, typed, Some(wrong), None, None)?;
            Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
        };
        if typed.scope != "read" {
            return again(typed, t.token_scope_wrong().to_owned());
        }
        let days = typed.days.trim().parse().ok().filter(|days| (1..=DAYS_MAX).contains(days));
        let Some(days) = days else { return again(typed, t.token_days_wrong().to_owned()) };
        let until = Timestamp::from_millis(pages.gateway.clock.now().millis() + days * DAY_MS);
        match act(&caller, &typed.reason, |cause| pages.gateway.people.add_token(cause, &typed.name, until)) {
            Ok((token, text)) => {
                let given = Some((token.name, text));
                let html = render(pages, visitor, Typed::default(), None, None, given)?;
                Ok(Answer::Page(StatusCode::OK, html))
            }
            Err(error) => {
                let wrong = told(t, error)?;
                again(typed, wrong)
            }
        }
    })
    .await
}

/// `POST /tokens/{id}/revoke`: with a reason.
pub(super) async fn revoke(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let t = visitor.lang;
        let again = |wrong| {
            let html = render(pages, visitor, Typed::default(), Some(wrong), None, None)?;
            Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
        };
        if why.reason.trim().is_empty() {
            return again(t.why_missing().to_owned());
        }
        match act(&caller, &why.reason, |cause| pages.gateway.people.revoke_token(cause, &id)) {
            Ok(()) => Ok(Answer::To("/tokens?done=revoked".to_owned())),
            Err(error) => again(told(t, error)?),
        }
    })
    .await
}
