//! Coming in by the city's own directory: there, and back.
//!
//! The way back is believed of the browser that went there alone, for which it holds a cookie of its own meanwhile.

use std::sync::Arc;

use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Pages;
use super::entry::{agent, code_path, in_with, local, sign_in_page};
use super::view::{Visitor, respond, show};
use crate::people::PeopleError;
use crate::people::directory::{Claims, Directory, DirectoryError};
use crate::service::access::{Caller, CookieName};

/// Where the directory sends people back to, below the public address.
pub(super) const BACK: &str = "/sign-in/directory/back";
/// Seconds that the cookie of the way there is kept.
const AWAY_S: u32 = 600;

/// Where to go after it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Next {
    next: String,
}

/// What the directory sends back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Back {
    state: String,
    code: String,
    error: String,
}

/// `GET /sign-in/directory`: to the directory.
pub(super) async fn there(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Query(Next { next }): Query<Next>,
) -> Response {
    let (Some(caller), Some(directory)) = (visitor.caller.clone(), pages.gateway.directory.clone()) else {
        return Redirect::to("/sign-in").into_response();
    };
    match directory.begin(&back(&pages), local(&next)).await {
        Ok((url, browser)) => with_cookie(Redirect::to(&url).into_response(), &caller, &browser, AWAY_S),
        Err(error) => not_in(pages, visitor, &error).await,
    }
}

/// `GET /sign-in/directory/back`: from it.
pub(super) async fn back_again(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(told): Query<Back>,
) -> Response {
    let (Some(caller), Some(directory)) = (visitor.caller.clone(), pages.gateway.directory.clone()) else {
        return Redirect::to("/sign-in").into_response();
    };
    let browser = caller.way.cookie(&headers, CookieName::Directory).unwrap_or_default();
    let answer = match claims(&directory, &pages, &told, &browser).await {
        Ok((claims, next)) => {
            let (people, source, agent) =
                (pages.gateway.people.clone(), caller.way.address.to_string(), agent(&headers));
            match tokio::task::spawn_blocking(move || people.enter_by_directory(&claims, &source, &agent)).await {
                Ok(Ok(signed)) if signed.code_needed => in_with(&caller, &signed, &code_path(&next)),
                Ok(Ok(signed)) => in_with(&caller, &signed, local(&next)),
                Ok(Err(PeopleError::Wrong)) => {
                    let text = visitor.lang.directory_no_account(directory.name());
                    refused(pages, visitor, StatusCode::FORBIDDEN, text).await
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "people could not be asked");
                    StatusCode::INTERNAL_SERVER_ERROR.into_response()
                }
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
        Err(error) => {
            if let DirectoryError::Token(why) = error {
                record(&pages, why, caller.way.address.to_string()).await;
            }
            not_in(pages, visitor, &error).await
        }
    };
    with_cookie(answer, &caller, "", 0)
}

async fn claims(
    directory: &Directory,
    pages: &Pages,
    told: &Back,
    browser: &str,
) -> Result<(Claims, String), DirectoryError> {
    if !told.error.is_empty() {
        return Err(DirectoryError::Refused);
    }
    let now_s = pages.gateway.clock.now().millis() / 1_000;
    directory.end((&told.state, &told.code, browser), &back(pages), now_s).await
}

/// A token that is not to be believed is in the audit log. The other ways not to come in are in the system's log alone:
/// anybody can make them happen as often as they like.
async fn record(pages: &Pages, why: &'static str, source: String) {
    let people = pages.gateway.people.clone();
    match tokio::task::spawn_blocking(move || people.refuse_token(why, &source)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "a refused sign-in could not be written into the audit log"),
        Err(error) => tracing::error!(%error, "writing the audit log failed"),
    }
}

/// The sign-in page again, with what was wrong and the ways that are left.
async fn not_in(pages: Arc<Pages>, visitor: Visitor, error: &DirectoryError) -> Response {
    let status = match error {
        DirectoryError::Unreachable(_) | DirectoryError::Secret(_) => StatusCode::SERVICE_UNAVAILABLE,
        DirectoryError::State | DirectoryError::Refused | DirectoryError::Token(_) => StatusCode::FORBIDDEN,
    };
    tracing::warn!(%error, "a sign-in by the directory failed");
    let text = visitor.lang.directory_error(error).to_owned();
    refused(pages, visitor, status, text).await
}

async fn refused(pages: Arc<Pages>, visitor: Visitor, status: StatusCode, text: String) -> Response {
    let made = tokio::task::spawn_blocking({
        let pages = pages.clone();
        move || (sign_in_page(&pages, &visitor, Some(text), "", "/"), visitor)
    });
    match made.await {
        Ok((Ok(html), visitor)) => respond(status, html, &visitor),
        Ok((Err(error), visitor)) => show(pages, visitor, |_, _| Err(error)).await,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn back(pages: &Pages) -> String {
    format!("{}{BACK}", pages.gateway.config.listen.public_url.as_deref().unwrap_or_default())
}

fn with_cookie(mut response: Response, caller: &Caller, value: &str, age_s: u32) -> Response {
    caller.way.set_cookie(response.headers_mut(), CookieName::Directory, value, age_s);
    response
}
