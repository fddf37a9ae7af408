//! Documents and photographs of a piece of equipment, and the manufacturer's consent to each node on it. What is taken off its
//! list stays on record: steps may rest upon it.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::form::{Answer, act, answer};
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::Sight;
use super::edit::{mark, told};
use super::row::{self, File};
use super::typed::Typed;
use crate::operations::asset::{Asset, Mount};
use crate::service::access::Caller;

#[derive(Template)]
#[template(path = "equipment_files.html")]
struct FilesPage {
    t: Lang,
    v: View,
    id: String,
    name: String,
    /// Changes with what stands of the asset.
    before: String,
    told: bool,
    wrong: Option<String>,
    mounts: Vec<Mounted>,
    files: Vec<File>,
}

/// A node on it, with the consent as a document where it is on file.
struct Mounted {
    node: String,
    place: String,
    consent: Vec<File>,
}

/// Whether something was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    done: String,
}

/// `GET /equipment/{id}/files`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Response {
    show(pages, visitor, move |pages, visitor| render(pages, visitor, &id, !which.done.is_empty(), None)).await
}

fn render(pages: &Pages, visitor: &Visitor, id: &str, told: bool, wrong: Option<String>) -> Result<String, PageError> {
    let (t, book) = (visitor.lang, &pages.gateway.book);
    let sight = Sight::new(pages, visitor)?;
    let asset = &sight.get(id)?.asset;
    let mounted = |mount: &Mount| -> Result<Mounted, PageError> {
        let consent = row::files(book, mount.consent.as_slice(), t)?;
        Ok(Mounted { node: mount.node.to_string(), place: mount.place.clone(), consent })
    };
    let page = FilesPage {
        v: View::new(pages, visitor, &pages.local(visitor), Tab::Equipment, t.files_title())
            .at(format!("/equipment/{id}/files")),
        id: id.to_owned(),
        name: asset.name(t == Lang::En).to_owned(),
        before: mark(asset),
        told,
        wrong,
        mounts: asset.nodes.iter().map(mounted).collect::<Result<_, _>>()?,
        files: row::files(book, &asset.files, t)?,
        t,
    };
    Ok(page.render()?)
}

/// `POST /equipment/{id}/files`: documents are added, or taken off the list.
pub(in crate::pages) async fn post(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let typed = Typed::read(request).await;
    answer(pages, visitor, move |pages, visitor| {
        let wrong = match typed {
            Some(typed) => match change(pages, &caller, visitor, &id, &typed)? {
                Ok(()) => return Ok(Answer::To(format!("/equipment/{id}/files?done=1"))),
                Err(wrong) => wrong,
            },
            None => visitor.lang.document_wrong().to_owned(),
        };
        let html = render(pages, visitor, &id, false, Some(wrong))?;
        Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
    })
    .await
}

fn change(
    pages: &Pages,
    caller: &Caller,
    visitor: &Visitor,
    id: &str,
    typed: &Typed,
) -> Result<Result<(), String>, PageError> {
    let t = visitor.lang;
    let before = Sight::new(pages, visitor)?.get(id)?.asset.clone();
    if typed.get("before") != mark(&before) {
        return Ok(Err(t.changed_meanwhile().to_owned()));
    }
    let mut after = before.clone();
    let done = match typed.get("what") {
        "add" => {
            let files = match typed.keep(pages, caller, t)? {
                Ok(files) if files.is_empty() => return Ok(Err(t.files_missing().to_owned())),
                Ok(files) => files,
                Err(wrong) => return Ok(Err(wrong)),
            };
            add(&mut after, typed.get("node"), files)
        }
        "remove" => {
            after.files.retain(|file| **file != *typed.get("file"));
            after.files.len() < before.files.len()
        }
        "withdraw" => mount(&mut after, typed.get("node")).is_some_and(|mount| mount.consent.take().is_some()),
        _ => false,
    };
    if !done {
        return Err(PageError::BadRequest);
    }
    if typed.get("what") != "add" && typed.get("reason").is_empty() {
        return Ok(Err(t.files_why().to_owned()));
    }
    match act(caller, typed.get("reason"), |cause| pages.gateway.book.set(cause, &before, &after)) {
        Ok(()) => Ok(Ok(())),
        Err(error) => told(t, error).map(Err),
    }
}

fn mount<'a>(asset: &'a mut Asset, node: &str) -> Option<&'a mut Mount> {
    asset.nodes.iter_mut().find(|mount| *mount.node == *node)
}

/// Adds files to the list, or the first as the consent to a node and the others to the list.
fn add(asset: &mut Asset, node: &str, files: Vec<Box<str>>) -> bool {
    let mut files = files.into_iter();
    if !node.is_empty() {
        let Some(mount) = mount(asset, node) else { return false };
        mount.consent = files.next();
    }
    for file in files {
        if !asset.files.contains(&file) {
            asset.files.push(file);
        }
    }
    true
}
