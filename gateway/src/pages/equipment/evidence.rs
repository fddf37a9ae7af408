//! The evidence pack of a piece of equipment: all that is on record of it and of what is inspected with it, as one archive that an
//! auditor takes along and checks without us. Who takes it says why, and that is an entry of the audit log.

mod pack;

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::channel::Channel;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use self::pack::{Pack, PackError};
use super::super::Pages;
use super::super::form::{Answer, again, answer};
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::Sight;
use crate::reading::Timestamp;

/// Bytes that are sent at a time.
const PIECE_BYTES: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "equipment_evidence.html")]
struct EvidencePage {
    t: Lang,
    v: View,
    id: String,
    name: String,
    parts: Vec<String>,
    typed: Asked,
    wrong: Option<String>,
}

/// Which days, and why.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Asked {
    from: String,
    until: String,
    reason: String,
}

/// `GET /equipment/{id}/evidence`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    show(pages, visitor, move |pages, visitor| render(pages, visitor, &id, Asked::default(), None)).await
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    id: &str,
    typed: Asked,
    wrong: Option<String>,
) -> Result<String, PageError> {
    let t = visitor.lang;
    let sight = Sight::new(pages, visitor)?;
    let held = sight.get(id)?;
    let unit = sight.shelf().unit(&held.asset.id, &pages.gateway.config.catalogue);
    let name = |asset: &crate::operations::asset::Asset| asset.name(t == Lang::En).to_owned();
    let page = EvidencePage {
        v: View::new(pages, visitor, &pages.local(visitor), Tab::Equipment, t.evidence())
            .at(format!("/equipment/{id}/evidence")),
        id: id.to_owned(),
        name: name(&held.asset),
        parts: unit.iter().skip(1).map(|part| name(&part.asset)).collect(),
        typed: Asked { from: again(&typed.from), until: again(&typed.until), reason: again(&typed.reason) },
        wrong,
        t,
    };
    Ok(page.render()?)
}

/// `POST /equipment/{id}/evidence.zip`.
pub(in crate::pages) async fn take(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
    asked: Result<Form<Asked>, FormRejection>,
) -> Response {
    let (of, for_whom, told) = (pages.clone(), visitor.clone(), id.clone());
    let made = tokio::task::spawn_blocking(move || {
        let Form(asked) = asked.map_err(|_| PageError::BadRequest)?;
        Ok::<_, PageError>((make(&of, &for_whom, &told, &asked)?, asked))
    });
    match made.await {
        Ok(Ok((Ok(file), _))) => sent(file, &id),
        Ok(Ok((Err(wrong), asked))) => {
            answer(pages, visitor, move |pages, visitor| {
                let html = render(pages, visitor, &id, asked, Some(wrong))?;
                Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
            })
            .await
        }
        Ok(Err(error)) => show(pages, visitor, |_, _| Err(error)).await,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The archive, or what a person is told.
fn make(pages: &Pages, visitor: &Visitor, id: &str, asked: &Asked) -> Result<Result<File, String>, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    if asked.reason.trim().is_empty() {
        return Ok(Err(t.evidence_why().to_owned()));
    }
    let day = |text: &str| -> Result<Option<Date>, ()> {
        if text.trim().is_empty() { Ok(None) } else { text.trim().parse().map(Some).map_err(|_| ()) }
    };
    let (Ok(first), Ok(last)) = (day(&asked.from), day(&asked.until)) else {
        return Ok(Err(t.audit_days_wrong().to_owned()));
    };
    let midnight = |day: Date| {
        let at = day.to_zoned(local.zone.clone()).map_err(|_| PageError::BadRequest)?;
        Ok::<_, PageError>(Timestamp::from_millis(at.timestamp().as_millisecond()))
    };
    let from = first.map(midnight).transpose()?.unwrap_or_default();
    let until = match last {
        Some(last) => midnight(last.saturating_add(1.day()))?,
        None => pages.gateway.clock.now().plus_millis(1),
    };
    if until <= from {
        return Ok(Err(t.audit_days_wrong().to_owned()));
    }
    let sight = Sight::new(pages, visitor)?;
    let held = sight.get(id)?;
    match Pack::of(pages, visitor, &sight, held, (from, until)).write(&asked.reason) {
        Ok(file) => Ok(Ok(file)),
        Err(PackError::TooMuch(most)) => Ok(Err(t.evidence_too_much(most / (1 << 20)))),
        Err(PackError::Page(error)) => Err(error),
        Err(error) => {
            tracing::error!(%error, "an evidence pack could not be made");
            Err(PageError::Failed)
        }
    }
}

/// Sends a file as it is read.
fn sent(mut file: File, id: &str) -> Response {
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(2);
    let length = file.metadata().map(|data| data.len());
    let runtime = tokio::runtime::Handle::current();
    // It ends by itself when whoever reads is gone: then nothing can be sent.
    drop(tokio::task::spawn_blocking(move || {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return,
                Ok(n) => {
                    if runtime.block_on(sender.send_data(Bytes::copy_from_slice(&piece[..n]))).is_err() {
                        return;
                    }
                }
                Err(error) => return sender.abort(error),
            }
        }
    }));
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"{id}-evidence.zip\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    if let Ok(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}
