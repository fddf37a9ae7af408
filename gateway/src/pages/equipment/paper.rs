//! What goes on paper: one step as a report with lines to sign, and an asset's maintenance book. As PDF, in the reader's language.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::Pages;
use super::super::text::Lang;
use super::super::time::Local;
use super::super::view::{PageError, Visitor, show};
use super::Sight;
use super::asset::{step, words};
use super::row::{self, Names};
use super::{accident, act, record};
use crate::operations::book::{Held, Media, Recorded};
use crate::operations::duty;
use crate::operations::step::Deed;
use crate::pdf::{self, Align, Block, Column, Head, Language, PdfError, Report, Table};
use crate::service::access::Caller;

/// Photographs of one report: what it shows is looked at on the page.
const PICTURES_MAX: usize = 12;
/// Steps of a book: some ten years of daily rounds and what came between.
const STEPS_MAX: usize = 5_000;

/// `GET /equipment/steps/{uid}/pdf`.
pub(in crate::pages) async fn of_step(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(uid): Path<String>,
) -> Response {
    let name = format!("{}.pdf", uid.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>());
    answered(pages, visitor, name, move |pages, visitor| {
        let sight = Sight::new(pages, visitor)?;
        let recorded = record::find(pages, &sight, &uid)?;
        step_report(pages, visitor, &sight, &recorded)
    })
    .await
}

/// `GET /equipment/{id}/book.pdf`: the maintenance book (Βιβλίο Συντήρησης; for a lift, beside its endorsed book).
pub(in crate::pages) async fn book(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let name =
        format!("{}-book.pdf", id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>());
    answered(pages, visitor, name, move |pages, visitor| book_report(pages, visitor, &id)).await
}

pub(super) async fn answered<F>(pages: Arc<Pages>, visitor: Visitor, name: String, make: F) -> Response
where
    F: FnOnce(&Pages, &Visitor) -> Result<Report, PageError> + Send + 'static,
{
    let (made_of, made_for) = (pages.clone(), visitor.clone());
    let made = tokio::task::spawn_blocking(move || {
        let report = make(&made_of, &made_for)?;
        pdf::render(&report).map_err(|error: PdfError| {
            tracing::error!(%error, "a report could not be made");
            PageError::Failed
        })
    });
    match made.await {
        Ok(Ok(bytes)) => {
            let mut response = ([(header::CONTENT_TYPE, "application/pdf")], bytes).into_response();
            if let Ok(value) = HeaderValue::from_str(&format!("inline; filename=\"{name}\"")) {
                response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
            }
            response
        }
        Ok(Err(error)) => show(pages, visitor, |_, _| Err(error)).await,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A report's frame: whose it is, when it was made and for whom.
pub(super) fn frame(
    pages: &Pages,
    visitor: &Visitor,
    local: &Local,
    title: String,
    subtitle: String,
    blocks: Vec<Block>,
) -> Report {
    let t = visitor.lang;
    let municipality = &pages.gateway.config.municipality;
    let by = visitor.caller.as_ref().and_then(Caller::person).map(|person| format!(" · {}", person.shown()));
    let demonstration =
        if pages.gateway.config.demonstration { format!(" · {}", t.demonstration_short()) } else { String::new() };
    Report {
        language: if t == Lang::El { Language::Greek } else { Language::English },
        title,
        subtitle,
        head: Head {
            municipality: municipality.name.clone(),
            department: municipality.department.clone().unwrap_or_default(),
        },
        made: format!("{} {}{}{demonstration}", t.printed(), local.full(local.now), by.unwrap_or_default()),
        blocks,
    }
}

pub(super) fn column(head: &str, width: u16) -> Column {
    Column { head: head.to_owned(), width, align: Align::Left }
}

pub(super) fn step_report(
    pages: &Pages,
    visitor: &Visitor,
    sight: &Sight,
    recorded: &Recorded,
) -> Result<Report, PageError> {
    if matches!(recorded.step.deed, Deed::Accident { .. }) {
        return accident::of_step(pages, visitor, sight, recorded);
    }
    let (t, local, catalogue) = (visitor.lang, pages.local(visitor), &*pages.gateway.config.catalogue);
    let held = sight.get(recorded.asset.as_str())?;
    let names = Names::read(pages, t)?;
    let told = step(recorded, &pages.gateway.book, &names, &local)?;
    let form = record::form(recorded);
    let mut pairs = vec![
        (t.asset().to_owned(), format!("{} ({})", held.asset.name(t == Lang::En), held.asset.id)),
        (t.kind_of().to_owned(), row::kind(&held.asset, catalogue, t)),
        (t.site().to_owned(), row::place(sight, &held.asset, catalogue, t)),
        (t.rec_by().to_owned(), told.by.clone()),
        (t.rec_at().to_owned(), told.at.full.clone()),
        (t.rec_arrived().to_owned(), local.full(recorded.arrived_at)),
        ("№".to_owned(), format!("{} · {}", recorded.number, told.uid)),
    ];
    let facts = record::facts(pages, recorded, form.as_ref(), t)?;
    pairs.extend(facts.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let mut blocks = vec![Block::Pairs(pairs)];
    if !told.text.is_empty() {
        blocks.push(Block::Text(told.text));
    }
    let defects = record::defects(pages, form.as_ref(), t)?;
    if !defects.is_empty() {
        blocks.push(Block::Heading(t.defects().to_owned()));
        let rows = defects.into_iter().map(|(id, severity, text)| vec![id, severity.word, text]).collect();
        let columns = vec![column(t.asset(), 3), column(t.severity(), 3), column(t.what_is_wrong(), 8)];
        blocks.push(Block::Table(Table { columns, rows }));
    }
    for group in form.iter().flat_map(|form| record::groups(sight, form, catalogue, t)) {
        blocks.push(Block::Heading(group.name));
        let rows = group.lines.into_iter().map(|(name, mark, value)| vec![name, value, mark.word]).collect();
        let columns = vec![column(t.rec_answers(), 8), column(t.value_measured(), 3), column(t.state(), 3)];
        blocks.push(Block::Table(Table { columns, rows }));
    }
    blocks.extend(pictures(pages, recorded));
    blocks.push(Block::Signatures(vec![told.by, t.rec_received().to_owned()]));
    let title = record::title(recorded, catalogue, t);
    Ok(frame(pages, visitor, &local, title, held.asset.name(t == Lang::En).to_owned(), blocks))
}

/// The photographs of a step; documents are told by their sum.
pub(super) fn pictures(pages: &Pages, recorded: &Recorded) -> Vec<Block> {
    let files = recorded.step.evidence.files.iter();
    let pictures = files.map(|sha256| match pages.gateway.book.document(sha256) {
        Ok((document, jpeg)) if document.media == Media::Jpeg => {
            Block::Picture { jpeg, caption: format!("SHA-256 {sha256}") }
        }
        _ => Block::Text(format!("SHA-256 {sha256}")),
    });
    pictures.take(PICTURES_MAX).collect()
}

pub(super) fn book_report(pages: &Pages, visitor: &Visitor, id: &str) -> Result<Report, PageError> {
    let (t, local, catalogue) = (visitor.lang, pages.local(visitor), &*pages.gateway.config.catalogue);
    let sight = Sight::new(pages, visitor)?;
    let held = sight.get(id)?;
    let Held { asset, dossier } = held;
    let names = Names::read(pages, t)?;
    let mut pairs: Vec<(String, String)> =
        super::asset::facts(held, t).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    pairs.insert(0, (t.kind_of().to_owned(), row::kind(asset, catalogue, t)));
    pairs.insert(1, (t.site().to_owned(), row::place(&sight, asset, catalogue, t)));
    pairs.insert(2, (t.state().to_owned(), t.status_of(dossier.case.status()).to_owned()));
    let mut blocks = Vec::new();
    if &*asset.kind == "lift" {
        blocks.push(Block::Text(t.book_of_lift().to_owned()));
    }
    blocks.push(Block::Pairs(pairs));
    let today = pages.gateway.book.today();
    let papers: Vec<Vec<String>> = duty::needed(asset, dossier, catalogue, today)
        .map(|needed| {
            let papers = dossier.papers.get(&*needed.of_type.code);
            let last = papers.into_iter().flat_map(|papers| papers.issued.values()).max_by_key(|paper| paper.until);
            vec![
                t.pick(&needed.of_type.name).to_owned(),
                last.map(|paper| paper.number.clone()).unwrap_or_default(),
                last.map(|paper| format!("{} – {}", row::day(paper.from, t), row::day(paper.until, t)))
                    .unwrap_or_default(),
                t.certificate_standing(needed.standing),
            ]
        })
        .collect();
    if !papers.is_empty() {
        blocks.push(Block::Heading(t.eq_certificates().to_owned()));
        let columns = vec![
            column(t.field_type(), 5),
            column(t.field_number(), 3),
            column(t.field_until(), 4),
            column(t.state(), 4),
        ];
        blocks.push(Block::Table(Table { columns, rows: papers }));
    }
    // The asset's own steps and those of what it is inspected with, in the order of time.
    let mut steps = pages.gateway.book.steps(&asset.id, None, STEPS_MAX)?;
    steps.sort_by_key(|recorded| (recorded.step.at, recorded.number));
    let day = pages.gateway.book.day();
    let rows = steps.iter().map(|recorded| {
        let what = record::title(recorded, catalogue, t);
        let text = match &recorded.step.deed {
            Deed::Inspected { .. } => act::told(&recorded.step.deed, day, t),
            _ => words(&recorded.step, day, t),
        };
        vec![recorded.number.to_string(), local.short(recorded.step.at), what, text, names.of(&recorded.step.by)]
    });
    blocks.push(Block::Heading(t.history().to_owned()));
    let columns = vec![
        column("№", 2),
        column(t.rec_at(), 4),
        column(t.book_what(), 5),
        column(t.field_text(), 8),
        column(t.rec_by(), 4),
    ];
    blocks.push(Block::Table(Table { columns, rows: rows.collect() }));
    blocks.push(Block::Signatures(vec![t.book_keeper().to_owned(), t.rec_received().to_owned()]));
    let title = t.maintenance_book().to_owned();
    Ok(frame(pages, visitor, &local, title, asset.name(t == Lang::En).to_owned(), blocks))
}
