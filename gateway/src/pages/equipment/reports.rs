//! For who answers for it: a month in numbers by community, what an auditor should look at, and a sample that can be drawn again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::super::Pages;
use super::super::form::again;
use super::super::text::Lang;
use super::super::time::{Local, When};
use super::super::view::{PageError, Tab, View, Visitor, show, with};
use super::Sight;
use super::month::first_day;
use super::record;
use super::row::Names;
use crate::catalogue::exceptions::Exceptions;
use crate::operations::asset::Tree;
use crate::operations::book::Recorded;
use crate::operations::step::{Closing, Deed, Severity, Uid};
use crate::reading::Timestamp;

/// Steps of a month that are looked at.
const STEPS_MAX: usize = 100_000;
/// Exceptions that are shown, and inspections of a sample.
const SHOWN: usize = 200;
const SAMPLE: usize = 10;

/// Which month, as `2026-11`, and what the sample is drawn by.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    month: String,
    seed: String,
}

#[derive(Template)]
#[template(path = "equipment_reports.html")]
struct ReportsPage {
    t: Lang,
    v: View,
    month: String,
    /// The summary on paper; none of a month to come.
    paper: Option<String>,
    previous: String,
    next: String,
    zones: Vec<(String, Numbers)>,
    exceptions_say: String,
    exceptions: Vec<Exception>,
    more: usize,
    sample: Vec<Drawn>,
    seed: String,
    cut: bool,
}

/// A month of a community.
#[derive(Debug, Clone, Copy, Default)]
struct Numbers {
    inspections: usize,
    found: usize,
    urgent: usize,
    closed: usize,
    locked_out: usize,
    released: usize,
    work: usize,
}

/// Something that an auditor should look at.
struct Exception {
    uid: String,
    asset: String,
    what: String,
    by: String,
    at: When,
    why: Vec<String>,
}

/// An inspection of the sample.
struct Drawn {
    uid: String,
    asset: String,
    what: String,
    by: String,
    at: When,
}

/// `GET /equipment/reports`.
pub(in crate::pages) async fn page(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let Query(which) = which.map_err(|_| PageError::BadRequest)?;
        render(pages, visitor, &which)
    })
    .await
}

fn render(pages: &Pages, visitor: &Visitor, which: &Which) -> Result<String, PageError> {
    let (t, local, book) = (visitor.lang, pages.local(visitor), &pages.gateway.book);
    let first = first_day(&which.month, book.today())?;
    let next = first.last_of_month().saturating_add(1.day());
    let (from, until) = (begin(first, &local)?, begin(next, &local)?);
    let sight = Sight::new(pages, visitor)?;
    let names = Names::read(pages, t)?;
    let steps = book.steps_between(from, until, STEPS_MAX + 1)?;
    let cut = steps.len() > STEPS_MAX;
    let steps: Vec<&Recorded> = steps.iter().filter(|recorded| sight.sees(&recorded.asset)).collect();
    let mut exceptions = exceptions(pages, &steps, &names, &local)?;
    let more = exceptions.len().saturating_sub(SHOWN);
    exceptions.truncate(SHOWN);
    let seed = match which.seed.trim() {
        "" => first.strftime("%Y-%m").to_string(),
        seed => again(seed).chars().take(64).collect(),
    };
    let month = |of: Date| with("/equipment/reports", "", &[("month", &of.strftime("%Y-%m").to_string())]);
    let page = ReportsPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, t.reports()),
        month: format!("{} {}", t.months()[first.month() as usize - 1], first.year()),
        paper: (first <= book.today())
            .then(|| with("/equipment/reports/month.pdf", "", &[("month", &first.strftime("%Y-%m").to_string())])),
        previous: month(first.saturating_sub(1.day())),
        next: month(next),
        zones: numbers(pages, &sight, &steps, t),
        exceptions_say: t.exceptions_say(&pages.gateway.config.catalogue.exceptions),
        exceptions,
        more,
        sample: sample(pages, &steps, &seed, &names, &local),
        seed,
        cut,
        t,
    };
    Ok(page.render()?)
}

fn begin(day: Date, local: &Local) -> Result<Timestamp, PageError> {
    let zoned = day.to_zoned(local.zone.clone()).map_err(|_| PageError::BadRequest)?;
    Ok(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

/// The month of each community, and of what stands in none.
fn numbers(pages: &Pages, sight: &Sight, steps: &[&Recorded], t: Lang) -> Vec<(String, Numbers)> {
    let catalogue = &pages.gateway.config.catalogue;
    let mut zones: BTreeMap<usize, Numbers> = BTreeMap::new();
    for recorded in steps {
        let site = sight.shelf().site_of(&recorded.asset).and_then(|site| catalogue.site(site));
        let zone = site.and_then(|site| catalogue.zones.iter().position(|zone| zone.code == site.zone));
        let numbers = zones.entry(zone.unwrap_or(usize::MAX)).or_default();
        match &recorded.step.deed {
            Deed::Inspected { .. } => numbers.inspections += 1,
            Deed::Found { severity, .. } => {
                numbers.found += 1;
                numbers.urgent += usize::from(*severity == Severity::Urgent);
            }
            Deed::Closed { closing, .. } if !closing.needs_second() => numbers.closed += 1,
            Deed::ClosingAgreed { .. } => numbers.closed += 1,
            Deed::Barred => numbers.locked_out += 1,
            Deed::Released { .. } => numbers.released += 1,
            Deed::WorkDone { .. } => numbers.work += 1,
            _ => {}
        }
    }
    let name = |place: usize| catalogue.zones.get(place).map_or_else(|| t.no_place(), |zone| t.pick(&zone.name));
    zones.into_iter().map(|(place, numbers)| (name(place).to_owned(), numbers)).collect()
}

/// What is out of the ordinary about steps, the newest first.
fn exceptions(pages: &Pages, steps: &[&Recorded], names: &Names, local: &Local) -> Result<Vec<Exception>, PageError> {
    let (t, book) = (local.lang, &pages.gateway.book);
    let Exceptions { item_s_min, metres_max, late_h } = &pages.gateway.config.catalogue.exceptions;
    let mut photographs: HashMap<&str, usize> = HashMap::new();
    for file in steps.iter().flat_map(|recorded| &recorded.step.evidence.files) {
        *photographs.entry(file).or_default() += 1;
    }
    let by = |uid: &Uid| book.step(uid).map(|found| found.map(|found| found.step.by));
    let mut found = Vec::new();
    for recorded in steps {
        let step = &recorded.step;
        let mut why = Vec::new();
        if let Some(form) = record::form(recorded) {
            let seconds = (step.at.millis() - form.started_at.millis()) / 1_000;
            if seconds < i64::from(item_s_min.value) * form.answers.len() as i64 {
                why.push(t.ex_quick(seconds, form.answers.len()));
            }
            if form.transcribed_of.is_some() {
                why.push(t.ex_paper().to_owned());
            }
        }
        if let Some(metres) = book.distance(&step.uid)?.filter(|metres| *metres > metres_max.value) {
            why.push(t.ex_far(metres));
        }
        let hours = recorded.arrived_at.millis_since(step.at) / 3_600_000;
        if hours >= i64::from(late_h.value) {
            why.push(t.ex_late(hours));
        }
        if step.evidence.files.iter().any(|file| photographs.get(&**file).is_some_and(|n| *n > 1)) {
            why.push(t.ex_photo().to_owned());
        }
        let rests_on = match &step.deed {
            Deed::Released { inspection: Some(uid) }
            | Deed::Closed { closing: Closing::Repaired { inspection: uid }, .. } => Some(uid),
            _ => None,
        };
        if let Some(uid) = rests_on
            && by(uid)?.as_ref() == Some(&step.by)
        {
            why.push(t.ex_self().to_owned());
        }
        if !why.is_empty() {
            found.push(Exception {
                uid: step.uid.to_string(),
                asset: recorded.asset.to_string(),
                what: record::title(recorded, &pages.gateway.config.catalogue, t),
                by: names.of(&step.by),
                at: local.when(step.at),
                why,
            });
        }
    }
    Ok(found)
}

/// Inspections that are drawn by the seed: the same seed draws the same.
fn sample(pages: &Pages, steps: &[&Recorded], seed: &str, names: &Names, local: &Local) -> Vec<Drawn> {
    let inspections = steps.iter().filter(|recorded| matches!(recorded.step.deed, Deed::Inspected { .. }));
    let mut drawn: Vec<(Vec<u8>, &&Recorded)> = inspections
        .map(|recorded| {
            let lot = digest(&SHA256, format!("{seed}\n{}", recorded.step.uid).as_bytes());
            (lot.as_ref().to_vec(), recorded)
        })
        .collect();
    drawn.sort_by(|a, b| a.0.cmp(&b.0));
    let drawn = drawn.into_iter().take(SAMPLE);
    drawn
        .map(|(_, recorded)| Drawn {
            uid: recorded.step.uid.to_string(),
            asset: recorded.asset.to_string(),
            what: record::title(recorded, &pages.gateway.config.catalogue, local.lang),
            by: names.of(&recorded.step.by),
            at: local.when(recorded.step.at),
        })
        .collect()
}
