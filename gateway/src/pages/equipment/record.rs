//! One step as it is on record: an inspection with all its answers, or anything else that was done. For the screen and for print.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as Shared};
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::format;
use super::super::text::Lang;
use super::super::time::When;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::Sight;
use super::asset::{Step, step};
use super::row::{self, Mark, Names};
use crate::catalogue::Catalogue;
use crate::operations::book::Recorded;
use crate::operations::duty;
use crate::operations::inspection::{Form, Outcome};
use crate::operations::step::{Deed, Uid};
use crate::service::access::Caller;

/// Whether it was just put on record.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    done: String,
}

#[derive(Template)]
#[template(path = "equipment_step.html")]
struct StepPage {
    t: Lang,
    v: View,
    asset: (String, String),
    place: String,
    title: String,
    told: bool,
    step: Step,
    number: u64,
    arrived: When,
    late: bool,
    outcome: Option<Mark>,
    facts: Vec<(&'static str, String)>,
    answers: Vec<Group>,
    defects: Vec<(String, Mark, String)>,
    supersedes: Option<String>,
    /// Where one that stands instead of it is made; it is the last of its type.
    instead: Option<String>,
    /// Whether a signed copy may be filed.
    files: bool,
    audit: Option<String>,
}

/// The answers of one asset.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) lines: Vec<(String, Mark, String)>,
}

/// `GET /equipment/steps/{uid}`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(uid): Path<String>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, &uid, !which.done.is_empty())
    })
    .await
}

/// The step of that name, when it is theirs to see.
pub(super) fn find(pages: &Pages, sight: &Sight, uid: &str) -> Result<Recorded, PageError> {
    let uid = Uid::new(uid).map_err(|_| PageError::NotFound)?;
    let recorded = pages.gateway.book.step(&uid)?.ok_or(PageError::NotFound)?;
    if sight.sees(&recorded.asset) { Ok(recorded) } else { Err(PageError::NotFound) }
}

fn render(pages: &Pages, visitor: &Visitor, uid: &str, told: bool) -> Result<String, PageError> {
    let (t, local, catalogue) = (visitor.lang, pages.local(visitor), &*pages.gateway.config.catalogue);
    let sight = Sight::new(pages, visitor)?;
    let recorded = find(pages, &sight, uid)?;
    let held = sight.get(recorded.asset.as_str())?;
    let names = Names::read(pages, t)?;
    let form = form(&recorded);
    let (passed, supersedes) = match &recorded.step.deed {
        Deed::Inspected { passed, supersedes, .. } => (Some(*passed), supersedes.as_ref().map(ToString::to_string)),
        _ => (None, None),
    };
    let title = title(&recorded, catalogue, t);
    let of_type = match &recorded.step.deed {
        Deed::Inspected { of_type, .. } => Some(&**of_type),
        _ => None,
    };
    let is_last = |of_type: &&str| held.dossier.last.get(*of_type).is_some_and(|last| last.uid == recorded.step.uid);
    let inspects = visitor.offers(pages, "GET", "/equipment/{id}/inspect/{of_type}");
    let instead = of_type.filter(is_last).filter(|_| inspects && held.dossier.case.dismantled_at.is_none());
    let page = StepPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, title.as_str()),
        asset: (held.asset.id.to_string(), held.asset.name(t == Lang::En).to_owned()),
        place: row::place(&sight, &held.asset, catalogue, t),
        told,
        number: recorded.number,
        arrived: local.when(recorded.arrived_at),
        late: recorded.arrived_at.millis() - recorded.step.at.millis() > 60_000,
        outcome: passed.map(|passed| {
            let (mark, word) = if passed { ("good", t.rec_passed()) } else { ("barred", t.rec_failed()) };
            Mark { mark, word: word.to_owned() }
        }),
        facts: facts(pages, &recorded, form.as_ref(), t)?,
        answers: form.iter().flat_map(|form| groups(&sight, form, catalogue, t)).collect(),
        defects: defects(pages, form.as_ref(), t)?,
        supersedes,
        instead: instead.map(|of_type| {
            let path = format!("/equipment/{}/inspect/{of_type}", held.asset.id);
            super::super::view::with(&path, "", &[("supersedes", recorded.step.uid.as_str())])
        }),
        files: visitor.caller.as_ref().and_then(Caller::person).is_some_and(|person| {
            person.may(super::act::What::File.needs()) && held.dossier.case.dismantled_at.is_none()
        }),
        step: step(&recorded, &pages.gateway.book, &names, &local)?,
        audit: visitor
            .offers(pages, "GET", "/audit")
            .then(|| super::super::view::with("/audit", "", &[("text", recorded.step.uid.as_str())])),
        title,
        t,
    };
    Ok(page.render()?)
}

/// An inspection's answers, as they were kept.
pub(super) fn form(recorded: &Recorded) -> Option<Form> {
    recorded.form.clone().and_then(|form| serde_json::from_value(form).ok())
}

/// What it was.
pub(super) fn title(recorded: &Recorded, catalogue: &Catalogue, t: Lang) -> String {
    let Deed::Inspected { of_type, .. } = &recorded.step.deed else {
        return t.deed(&recorded.step.deed.code().replace('_', " ")).to_owned();
    };
    let of_type = catalogue.inspections.iter().find_map(|sheet| sheet.of_type(of_type));
    of_type.map_or_else(|| t.pick(&duty::reinspection()).to_owned(), |of_type| t.pick(&of_type.name).to_owned())
}

/// Defects that an inspection found: of which asset, how bad, and what.
pub(super) fn defects(pages: &Pages, form: Option<&Form>, t: Lang) -> Result<Vec<(String, Mark, String)>, PageError> {
    let mut defects = Vec::new();
    for uid in form.into_iter().flat_map(|form| &form.defects) {
        if let Some(found) = pages.gateway.book.step(uid)?
            && let Deed::Found { severity, text, .. } = &found.step.deed
        {
            defects.push((found.asset.to_string(), row::severity(*severity, t), text.clone()));
        }
    }
    Ok(defects)
}

pub(super) fn facts(
    pages: &Pages,
    recorded: &Recorded,
    form: Option<&Form>,
    t: Lang,
) -> Result<Vec<(&'static str, String)>, PageError> {
    let mut facts = Vec::new();
    if let Deed::Found { rating: Some(rating), .. } = &recorded.step.deed {
        facts.push((t.sev_rated(), row::rating(rating, &pages.gateway.config.catalogue, t)));
    }
    if let Some(form) = form {
        let newer = form.newer.as_ref().map(|newer| format!(" ({newer})")).unwrap_or_default();
        facts.push((t.check_version(), format!("{}{newer}", form.version)));
        facts.push((t.rec_took(), format::duration(recorded.step.at.millis() - form.started_at.millis(), t)));
        if let Some(paper) = &form.transcribed_of {
            facts.push((t.rec_transcribed(), paper.clone()));
        }
    }
    if let Some(accident) = super::accident::of(recorded) {
        facts.extend(super::accident::facts(&accident, t));
    }
    if let Some(metres) = pages.gateway.book.distance(&recorded.step.uid)? {
        facts.push((t.rec_distance(), format!("{} m", format::count(u64::from(metres), t))));
    }
    Ok(facts)
}

/// The answers, asset by asset, in the form's order.
pub(super) fn groups(sight: &Sight, form: &Form, catalogue: &Catalogue, t: Lang) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut last = None;
    for answer in &form.answers {
        let held = sight.shelf().get(&answer.asset);
        if last != Some(&answer.asset) {
            let name = held.map_or_else(|| answer.asset.to_string(), |held| held.asset.name(t == Lang::En).to_owned());
            groups.push(Group { name, lines: Vec::new() });
            last = Some(&answer.asset);
        }
        let item = held
            .and_then(|held| catalogue.sheet(&held.asset.kind))
            .and_then(|sheet| sheet.items.iter().find(|item| *item.code == *answer.item));
        let (mark, word) = match answer.result {
            Outcome::Ok => ("good", t.check_ok()),
            Outcome::Defect => ("barred", t.check_defect()),
            Outcome::NotApplicable => ("unheard", t.check_na()),
        };
        let unit = item.and_then(|item| item.unit.as_deref()).map(format::unit).unwrap_or_default();
        let value = answer.value.map(|value| {
            let value = value.to_string().replace('.', if t == Lang::El { "," } else { "." });
            format!("{value} {unit}").trim().to_owned()
        });
        let name = item.map_or_else(|| answer.item.to_string(), |item| t.pick(&item.name).to_owned());
        if let Some(group) = groups.last_mut() {
            group.lines.push((name, Mark { mark, word: word.to_owned() }, value.unwrap_or_default()));
        }
    }
    groups
}
