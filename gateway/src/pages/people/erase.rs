//! Erasing who a person is: first what goes, what stays, until when and on which ground; then the finding.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;

use super::super::Pages;
use super::super::text::Lang;
use super::super::time::Local;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::person::{Why, named};
use super::{Answer, act, answer, told};
use crate::config::Config;
use crate::people::State;
use crate::people::erasure::{self, Fate};
use crate::reading::Timestamp;
use crate::service::access::Caller;

#[derive(Template)]
#[template(path = "erase.html")]
struct ErasePage {
    t: Lang,
    v: View,
    id: String,
    name: String,
    wrong: Option<String>,
    reason: String,
    classes: Vec<Class>,
}

#[derive(Template)]
#[template(path = "erased.html")]
struct ErasedPage {
    t: Lang,
    v: View,
    subject: String,
    at: String,
    classes: Vec<Class>,
    found: usize,
    looked_for: usize,
    in_reasons: String,
}

/// A class of data and what becomes of it.
struct Class {
    name: String,
    what: String,
    ground: String,
    erased: bool,
    fate: String,
}

/// What becomes of each class; `gone`, what the text says of those that are erased.
fn classes(config: &Config, at: Timestamp, local: &Local, gone: &str) -> Vec<Class> {
    let t = local.lang;
    let class = |(class, fate): (_, Fate)| {
        let class: crate::catalogue::personal_data::DataClass = class;
        Class {
            name: t.pick(&class.name).to_owned(),
            what: t.pick(&class.what).to_owned(),
            ground: t.pick(&class.ground).to_owned(),
            erased: fate == Fate::Erased,
            fate: match fate {
                Fate::Erased => gone.to_owned(),
                Fate::Until(until) => format!("{} {}", t.fate_kept(), local.short(until)),
                Fate::WithNode => t.fate_with_node().to_owned(),
                Fate::WithRecord => t.fate_with_record().to_owned(),
                Fate::Elsewhere => t.fate_elsewhere().to_owned(),
            },
        }
    };
    erasure::fates(config, at).into_iter().map(class).collect()
}

/// `GET /people/{id}/erase`: what would become of what is held.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    show(pages, visitor, move |pages, visitor| render(pages, visitor, &id, None, "")).await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    id: &str,
    wrong: Option<String>,
    reason: &str,
) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let person = named(pages, id)?;
    if person.state == State::Erased {
        return Err(PageError::NotFound);
    }
    let page = ErasePage {
        v: View::new(pages, visitor, &local, Tab::More, t.erase_word()),
        id: id.to_owned(),
        name: person.shown().to_owned(),
        wrong,
        reason: reason.to_owned(),
        classes: classes(&pages.gateway.config, local.now, &local, t.fate_erased()),
        t,
    };
    Ok(page.render()?)
}

/// `POST /people/{id}/erase`: with a reason, and knowing that it cannot be undone. The answer is the report.
pub(in crate::pages) async fn erase(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    why: Result<Form<Why>, FormRejection>,
) -> Response {
    answer(pages, visitor, move |pages, visitor| {
        let Form(why) = why.map_err(|_| PageError::BadRequest)?;
        let (t, local) = (visitor.lang, pages.local(visitor));
        let person = named(pages, &id)?;
        let again = |wrong| {
            let html = render(pages, visitor, &id, Some(wrong), &super::again(&why.reason))?;
            Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
        };
        if why.reason.trim().is_empty() {
            return again(t.why_missing().to_owned());
        }
        if why.sure.is_empty() {
            return again(t.erase_unsure().to_owned());
        }
        let config = &pages.gateway.config;
        match act(&caller, &why.reason, |cause| pages.gateway.people.erase(cause, &person.id, config)) {
            Ok(erasure) => {
                let entries: Vec<String> = erasure.in_reasons.iter().map(u64::to_string).collect();
                let page = ErasedPage {
                    v: View::new(pages, visitor, &local, Tab::More, t.erased_title()).at(format!("/people/{id}")),
                    subject: person.id.to_string(),
                    at: local.full(erasure.at),
                    classes: classes(config, erasure.at, &local, t.fate_gone()),
                    found: erasure.found.0,
                    looked_for: erasure.found.1,
                    in_reasons: entries.join(", "),
                    t,
                };
                Ok(Answer::Page(StatusCode::OK, page.render()?))
            }
            Err(error) => again(told(t, error)?),
        }
    })
    .await
}
