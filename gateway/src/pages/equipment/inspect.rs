//! An inspection on a page: at a desk, or written down from paper. In the street [`super::field`] does the same without signal.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::super::Pages;
use super::super::form::{Answer, act, again, again_lines, answer};
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::typed::Typed;
use super::{Sight, hand, row};
use crate::catalogue::inspections::Item;
use crate::operations::asset::AssetId;
use crate::operations::book::{BookError, Held};
use crate::operations::duty;
use crate::operations::inspection::{self, Answer as Given, NewDefect, Outcome, Submission};
use crate::operations::rating::Rating;
use crate::operations::step::{REINSPECTION, Severity, Uid};
use crate::people::Person;
use crate::service::access::Caller;

#[derive(Template)]
#[template(path = "equipment_inspect.html")]
struct InspectPage {
    t: Lang,
    v: View,
    id: String,
    name: String,
    of_type: String,
    title: String,
    version: String,
    uid: String,
    started: String,
    wrong: Option<String>,
    blocked: Option<String>,
    groups: Vec<Group>,
    open: Vec<(String, String, bool)>,
    else_in_order: bool,
    note: String,
    paper: String,
    supersedes: String,
    scales: Vec<(String, Vec<(String, String)>)>,
    severities: Vec<(&'static str, &'static str, &'static str)>,
}

/// One asset's items.
struct Group {
    name: String,
    kind: String,
    lines: Vec<Line>,
}

/// An item, and what was typed of it.
struct Line {
    key: String,
    name: String,
    measure: Option<String>,
    result: String,
    value: String,
    severity: String,
    marks: Vec<String>,
    text: String,
}

impl Line {
    /// Whether that mark was chosen on a scale.
    fn is_marked(&self, scale: &usize, mark: &str) -> bool {
        self.marks.get(*scale).is_some_and(|chosen| chosen == mark)
    }
}

/// What it is to stand instead of.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    supersedes: String,
}

/// `GET /equipment/{id}/inspect/{of_type}`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path((id, of_type)): Path<(String, String)>,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        let mut typed = Typed::default();
        typed.values.insert("supersedes".to_owned(), which.supersedes);
        render(pages, visitor, (&id, &of_type), &typed, None)
    })
    .await
}

/// What is inspected together, with what is asked of each.
fn asked<'a>(pages: &'a Pages, sight: &'a Sight, top: &'a Held, of_type: &str) -> Vec<(&'a Held, Vec<&'a Item>)> {
    let catalogue = &*pages.gateway.config.catalogue;
    let Some(sheet) = catalogue.sheet(&top.asset.kind) else { return Vec::new() };
    let unit = if of_type == REINSPECTION { vec![top] } else { sight.shelf().unit(&top.asset.id, catalogue) };
    unit.into_iter().map(|held| (held, duty::items(sheet, &held.asset, of_type))).collect()
}

fn render(
    pages: &Pages,
    visitor: &Visitor,
    (id, of_type): (&str, &str),
    typed: &Typed,
    wrong: Option<String>,
) -> Result<String, PageError> {
    let (t, local, catalogue) = (visitor.lang, pages.local(visitor), &*pages.gateway.config.catalogue);
    let sight = Sight::new(pages, visitor)?;
    let held = sight.get(id)?;
    let sheet = catalogue.sheet(&held.asset.kind).ok_or(PageError::NotFound)?;
    let planned = sheet.of_type(of_type);
    let title = match planned {
        Some(planned) => t.pick(&planned.name).to_owned(),
        None if of_type == REINSPECTION => t.pick(&duty::reinspection()).to_owned(),
        None => return Err(PageError::NotFound),
    };
    let person = visitor.caller.as_ref().and_then(Caller::person).ok_or(PageError::Forbidden)?;
    let groups = asked(pages, &sight, held, of_type);
    let blocked = planned.filter(|planned| planned.independent).and_then(|_| {
        let mut dependent = groups.iter().filter_map(|(held, _)| {
            duty::independence(&hand(person), employer(person), &held.asset, &held.dossier).err()
        });
        dependent.next().map(|dependent| t.invalid(&inspection::Invalid::Dependent(dependent)))
    });
    let scheme = catalogue.scheme(&held.asset.kind);
    let scales = row::scales(scheme, t);
    let line = |held: &Held, item: &Item| {
        let key = format!("{}.{}", held.asset.id, item.code);
        let get = |part: &str| again(typed.get(&format!("{part}.{key}")));
        let measure = item.unit.as_ref().map(|unit| {
            let number = |value: f64| value.to_string().replace('.', if t == Lang::El { "," } else { "." });
            let limits =
                [item.min.map(|min| format!("≥ {}", number(min))), item.max.map(|max| format!("≤ {}", number(max)))];
            let limits: Vec<String> = limits.into_iter().flatten().collect();
            format!("{} {}", super::super::format::unit(unit), limits.join(", ")).trim().to_owned()
        });
        Line {
            name: t.pick(&item.name).to_owned(),
            measure,
            result: get("r"),
            value: get("v"),
            severity: get("s"),
            marks: (0..scales.len()).map(|n| get(&format!("m{n}"))).collect(),
            text: get("x"),
            key,
        }
    };
    let now = pages.gateway.clock.now().millis().to_string();
    let page = InspectPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, title.as_str())
            .at(format!("/equipment/{id}/inspect/{of_type}")),
        id: id.to_owned(),
        name: held.asset.name(t == Lang::En).to_owned(),
        of_type: of_type.to_owned(),
        version: sheet.version.clone(),
        uid: match typed.get("uid") {
            "" => super::uid().map_err(|()| PageError::Failed)?.to_string(),
            uid => again(uid),
        },
        started: match typed.get("started") {
            "" => now,
            started => again(started),
        },
        wrong,
        blocked,
        groups: groups
            .iter()
            .map(|(held, items)| Group {
                name: held.asset.name(t == Lang::En).to_owned(),
                kind: row::kind(&held.asset, catalogue, t),
                lines: items.iter().map(|item| line(held, item)).collect(),
            })
            .collect(),
        open: held
            .dossier
            .case
            .open_defects()
            .into_iter()
            .map(|(uid, defect)| {
                let told = format!("{} · {}", t.severity_of(defect.severity), defect.text);
                (uid.to_string(), told, typed.ticks.iter().any(|tick| tick == uid.as_str()))
            })
            .collect(),
        else_in_order: !typed.get("else").is_empty(),
        note: again_lines(typed.get("note")),
        paper: again(typed.get("paper")),
        supersedes: again(typed.get("supersedes")),
        severities: row::severities(scheme, t),
        scales: scales.clone(),
        title,
        t,
    };
    Ok(page.render()?)
}

fn employer(person: &Person) -> &str {
    person.identity.as_ref().and_then(|identity| identity.employer.as_deref()).unwrap_or("")
}

/// `POST /equipment/{id}/inspect/{of_type}`.
pub(in crate::pages) async fn post(
    Shared(pages): Shared<Arc<Pages>>,
    Extension(caller): Extension<Caller>,
    visitor: Visitor,
    Path((id, of_type)): Path<(String, String)>,
    request: Request,
) -> Response {
    let typed = Typed::read(request).await;
    answer(pages, visitor, move |pages, visitor| {
        let t = visitor.lang;
        let person = caller.person().ok_or(PageError::Forbidden)?;
        let Some(typed) = typed else {
            let html = render(pages, visitor, (&id, &of_type), &Typed::default(), Some(t.document_wrong().to_owned()))?;
            return Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html));
        };
        let wrong = match take(pages, &caller, person, (&id, &of_type), &typed, t)? {
            Ok(uid) => return Ok(Answer::To(format!("/equipment/steps/{uid}?done=1"))),
            Err(wrong) => wrong,
        };
        let html = render(pages, visitor, (&id, &of_type), &typed, Some(wrong))?;
        Ok(Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, html))
    })
    .await
}

fn take(
    pages: &Pages,
    caller: &Caller,
    person: &Person,
    (id, of_type): (&str, &str),
    typed: &Typed,
    t: Lang,
) -> Result<Result<Uid, String>, PageError> {
    let (book, catalogue) = (&pages.gateway.book, &pages.gateway.config.catalogue);
    let sight = Sight::of(pages, Some(person))?;
    let held = sight.get(id)?;
    let files = match typed.keep(pages, caller, t)? {
        Ok(files) => files,
        Err(wrong) => return Ok(Err(wrong)),
    };
    if !typed.get("paper").is_empty() && files.is_empty() {
        return Ok(Err(t.check_paper_says().to_owned()));
    }
    let form = match submission(pages, person, held, &asked(pages, &sight, held, of_type), of_type, typed, files, t) {
        Ok(form) => form,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let hand = hand(person);
    let steps =
        inspection::steps(&form, sight.shelf(), catalogue, (&hand, employer(person)), pages.gateway.clock.now());
    let steps = match steps {
        Ok(steps) => steps,
        Err(invalid) => return Ok(Err(t.invalid(&invalid))),
    };
    match act(caller, "", |cause| book.take(cause, &steps)) {
        Ok(_) => Ok(Ok(form.uid)),
        Err(BookError::Refused { refusal, .. }) => Ok(Err(t.refusal(refusal).to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// The inspection that was typed, or what is wrong with it.
#[allow(clippy::too_many_arguments)]
fn submission(
    pages: &Pages,
    person: &Person,
    held: &Held,
    asked: &[(&Held, Vec<&Item>)],
    of_type: &str,
    typed: &Typed,
    files: Vec<Box<str>>,
    t: Lang,
) -> Result<Submission, String> {
    let uid = Uid::new(typed.get("uid")).map_err(|_| t.bad_request().to_owned())?;
    let now = pages.gateway.clock.now().millis();
    let scheme = pages.gateway.config.catalogue.scheme(&held.asset.kind);
    let (mut answers, mut defects) = (Vec::new(), Vec::new());
    for (held, items) in asked {
        for item in items {
            let key = format!("{}.{}", held.asset.id, item.code);
            let get = |part: &str| typed.get(&format!("{part}.{key}"));
            let value = match get("v") {
                "" => None,
                value => {
                    let value: Option<f64> = value.replace(',', ".").parse().ok();
                    Some(value.ok_or_else(|| format!("{}: {}", t.pick(&item.name), t.number_wrong()))?)
                }
            };
            let result = match get("r") {
                "ok" => Outcome::Ok,
                "defect" => Outcome::Defect,
                "na" => Outcome::NotApplicable,
                _ if value.is_some() => Outcome::Ok,
                _ => continue,
            };
            if result == Outcome::Defect {
                let name = t.pick(&item.name);
                let mark = |n: usize| get(&format!("m{n}"));
                let rated = row::rated(scheme, get("s"), mark, t).map_err(|wrong| format!("{name}: {wrong}"))?;
                let text = get("x");
                let text = if text.is_empty() { name.to_owned() } else { format!("{name}: {text}") };
                defects.push(defect(&uid, defects.len(), &held.asset.id, &item.code, rated, text));
            }
            answers.push(Given { asset: held.asset.id.clone(), item: (*item.code).into(), result, value });
        }
    }
    Ok(Submission {
        by: person.id.subject().into(),
        asset: held.asset.id.clone(),
        of_type: of_type.into(),
        version: typed.get("version").to_owned(),
        started_at: typed.get("started").parse().unwrap_or(now).min(now),
        ended_at: now,
        answers,
        all_else_in_order: !typed.get("else").is_empty(),
        defects,
        found_well: typed.ticks.iter().filter_map(|uid| Uid::new(uid).ok()).collect(),
        note: typed.get("note").to_owned(),
        files,
        supersedes: Uid::new(typed.get("supersedes")).ok(),
        transcribed_of: Some(typed.get("paper").to_owned()).filter(|paper| !paper.is_empty()),
        metres: None,
        uid,
    })
}

/// A defect, named after its inspection: the same form sent twice finds it once.
fn defect(
    of: &Uid,
    n: usize,
    asset: &AssetId,
    item: &str,
    rated: (Severity, Option<Rating>),
    text: String,
) -> NewDefect {
    let (severity, rating) = rated;
    let uid = Uid::new(&format!("{of}-{n}")).unwrap_or_else(|_| of.clone());
    NewDefect { uid, asset: asset.clone(), item: item.into(), severity, rating, text, files: Vec::new() }
}
