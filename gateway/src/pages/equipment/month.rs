//! A month by community on paper: how inspections kept to their plans, defects, lock-outs, work and cost, certificates, accidents.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use super::super::Pages;
use super::super::format;
use super::super::text::Lang;
use super::super::time::Local;
use super::super::view::{PageError, Visitor};
use super::{Sight, paper, row};
use crate::catalogue::Catalogue;
use crate::operations::asset::{AssetId, Tree};
use crate::operations::book::{Arrived, Book};
use crate::operations::certificate::Standing;
use crate::operations::duty;
use crate::operations::month::{Month, Numbers, OfAsset, kept};
use crate::operations::schedule::{Last, local_day};
use crate::operations::step::{Deed, Severity};
use crate::pdf::{Align, Block, Column, Report, Table};
use crate::reading::Timestamp;

/// Steps that are read at once.
const STEPS_READ: usize = 1_000;

/// Which month, as `2026-11`; this one where none is said. Which community, by its code; all where none is said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Which {
    month: String,
    zone: String,
}

/// `GET /equipment/reports/month.pdf?month=&zone=`.
pub(in crate::pages) async fn pdf(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
) -> Response {
    let which = which.map(|Query(which)| which);
    let said = which.as_ref().map(|which| which.month.as_str()).unwrap_or_default();
    let name: String = said.chars().filter(|c| c.is_ascii_digit() || *c == '-').take(7).collect();
    let name = if name.is_empty() { "equipment-month.pdf".to_owned() } else { format!("equipment-{name}.pdf") };
    paper::answered(pages, visitor, name, move |pages, visitor| {
        report(pages, visitor, &which.map_err(|_| PageError::BadRequest)?)
    })
    .await
}

/// The month that a form or link says; a month to come is no month yet.
pub(super) fn first_day(said: &str, today: Date) -> Result<Date, PageError> {
    match said {
        "" => Ok(today.first_of_month()),
        said => format!("{said}-01").parse().map_err(|_| PageError::BadRequest),
    }
}

fn report(pages: &Pages, visitor: &Visitor, which: &Which) -> Result<Report, PageError> {
    let (t, local, catalogue) = (visitor.lang, pages.local(visitor), &*pages.gateway.config.catalogue);
    let book = &pages.gateway.book;
    let month = month(first_day(&which.month, book.today())?, book.today(), &local)?;
    let zone = match which.zone.as_str() {
        "" => None,
        code => Some(catalogue.zones.iter().position(|zone| zone.code == code.into()).ok_or(PageError::NotFound)?),
    };
    let sight = Sight::new(pages, visitor)?;
    let zones = by_zone(book, catalogue, &sight, &month)?;
    let name = |place: usize| catalogue.zones.get(place).map_or_else(|| t.no_place(), |zone| t.pick(&zone.name));
    let told = zones.into_iter().filter(|(place, _)| zone.is_none_or(|zone| zone == *place));
    let mut rows: Vec<(String, Numbers)> = told.map(|(place, numbers)| (name(place).to_owned(), numbers)).collect();
    if zone.is_none() && rows.len() > 1 {
        let mut total = Numbers::default();
        for (_, numbers) in &rows {
            total += numbers;
        }
        rows.push((t.mon_total().to_owned(), total));
    }
    let mut subtitle = format!("{} {}", t.month_names()[month.first.month() as usize - 1], month.first.year());
    if let Some(zone) = zone {
        subtitle = format!("{subtitle} · {}", name(zone));
    }
    if month.last < month.first.last_of_month() {
        subtitle = format!("{subtitle} · {}", t.mon_until(&row::day(month.last, t)));
    }
    let blocks = blocks(&rows, catalogue, t);
    Ok(paper::frame(pages, visitor, &local, t.mon_summary().to_owned(), subtitle, blocks))
}

fn month(first: Date, today: Date, local: &Local) -> Result<Month, PageError> {
    if first > today {
        return Err(PageError::NotFound);
    }
    let midnight = |day: Date| {
        let at = day.to_zoned(local.zone.clone()).map_err(|_| PageError::BadRequest)?;
        Ok::<_, PageError>(Timestamp::from_millis(at.timestamp().as_millisecond()))
    };
    let last = first.last_of_month();
    let until = midnight(last.saturating_add(1.day()))?;
    Ok(Month { first, last: last.min(today), from: midnight(first)?, until: until.min(local.now.plus_millis(1)) })
}

/// The numbers of each community by its place in the catalogue, those of none last.
fn by_zone(
    book: &Book,
    catalogue: &Catalogue,
    sight: &Sight,
    month: &Month,
) -> Result<BTreeMap<usize, Numbers>, PageError> {
    let mut zones: BTreeMap<usize, Numbers> = BTreeMap::new();
    let zone_of = |asset: &AssetId| {
        let site = sight.shelf().site_of(asset).and_then(|site| catalogue.site(site));
        site.and_then(|site| catalogue.zones.iter().position(|zone| zone.code == site.zone)).unwrap_or(usize::MAX)
    };
    let mut assets: HashMap<AssetId, OfAsset> = HashMap::new();
    each(book, &OfAsset::KINDS, (Timestamp::default(), month.until), |arrived| {
        if sight.sees(&arrived.asset) {
            assets.entry(arrived.asset).or_default().take(&arrived.step, arrived.arrived_at, month);
        }
    })?;
    for (id, asset) in assets {
        *zones.entry(zone_of(&id)).or_default() += &asset.end(month);
    }
    for (id, numbers) in inspections(book, catalogue, sight, month)? {
        *zones.entry(zone_of(&id)).or_default() += &numbers;
    }
    for held in sight.all().filter(|held| held.asset.known_from <= month.last) {
        let mut numbers = Numbers::default();
        for needed in duty::needed(&held.asset, &held.dossier, catalogue, month.last) {
            match needed.standing {
                Standing::InForce { .. } => {}
                Standing::ToRenew { .. } => numbers.to_renew += 1,
                Standing::Renewing { .. } | Standing::Pending { .. } => numbers.renewing += 1,
                Standing::Lapsed { .. } => numbers.lapsed += 1,
            }
        }
        if numbers != Numbers::default() {
            *zones.entry(zone_of(&held.asset.id)).or_default() += &numbers;
        }
    }
    Ok(zones)
}

/// How the plans of each unit were kept to, and what was made beside them.
fn inspections(
    book: &Book,
    catalogue: &Catalogue,
    sight: &Sight,
    month: &Month,
) -> Result<Vec<(AssetId, Numbers)>, PageError> {
    type ByType = HashMap<Box<str>, Vec<Date>>;
    let day = |at: Timestamp| local_day(at, book.zone());
    let mut last: HashMap<AssetId, HashMap<Box<str>, Last>> = HashMap::new();
    for made in book.last_made(month.from)? {
        let before = Last { made: day(made.at), due: None };
        last.entry(made.asset).or_default().insert(made.of_type, before);
    }
    // By type: what was made, and what that stood for.
    let mut made: HashMap<AssetId, (ByType, ByType)> = HashMap::new();
    each(book, &["inspected"], (month.from, month.until), |arrived| {
        if let Deed::Inspected { of_type, covers, .. } = arrived.step.deed
            && sight.sees(&arrived.asset)
        {
            let (own, all) = made.entry(arrived.asset).or_default();
            let on = day(arrived.step.at);
            own.entry(of_type.clone()).or_default().push(on);
            for of_type in covers.into_iter().chain([of_type]) {
                all.entry(of_type).or_default().push(on);
            }
        }
    })?;
    let mut found = Vec::new();
    for held in sight.all() {
        let (asset, gone) = (&held.asset, held.dossier.case.dismantled_at.map(day));
        let (own, mut all) = made.remove(&asset.id).unwrap_or_default();
        let mut numbers = Numbers::default();
        for (of_type, days) in own {
            numbers.inspections.entry(of_type).or_default().made = days.len() as u32;
        }
        let is_planned = gone.is_none_or(|gone| gone >= month.first) && sight.shelf().is_unit(asset, catalogue);
        let sheet = catalogue.sheet(&asset.kind).filter(|_| is_planned);
        for of_type in sheet.into_iter().flat_map(|sheet| sheet.types_for(asset.used_as.as_deref())) {
            let Some(plan) = duty::plan(asset, of_type) else { continue };
            let before = last.get(&asset.id).and_then(|last| last.get(&*of_type.code)).copied();
            let mut days = all.remove(&*of_type.code).unwrap_or_default();
            days.sort();
            let part = Month { last: gone.unwrap_or(month.last).min(month.last), ..*month };
            let kept = kept(&plan, before, &days, &part);
            let told = numbers.inspections.entry((*of_type.code).into()).or_default();
            (told.due, told.late, told.missed) = (kept.due, kept.late, kept.missed);
        }
        numbers.inspections.retain(|_, kept| kept.due + kept.made > 0);
        found.push((asset.id.clone(), numbers));
    }
    Ok(found)
}

/// Each step of some kinds that arrived in a span.
fn each(
    book: &Book,
    kinds: &[&str],
    span: (Timestamp, Timestamp),
    mut with: impl FnMut(Arrived),
) -> Result<(), PageError> {
    let mut after = 0;
    loop {
        let steps = book.arrived(kinds, span, after, STEPS_READ)?;
        let Some(last) = steps.last() else { return Ok(()) };
        after = last.number;
        steps.into_iter().for_each(&mut with);
    }
}

fn table(heads: &[(&str, u16)], words: usize, rows: Vec<Vec<String>>) -> Block {
    let column = |(place, (head, width)): (usize, &(&str, u16))| Column {
        head: (*head).to_owned(),
        width: *width,
        align: if place < words { Align::Left } else { Align::Right },
    };
    Block::Table(Table { columns: heads.iter().enumerate().map(column).collect(), rows })
}

fn blocks(rows: &[(String, Numbers)], catalogue: &Catalogue, t: Lang) -> Vec<Block> {
    let count = |n: u32| format::count(u64::from(n), t);
    let length = |ms: i64| if ms == 0 { "–".to_owned() } else { format::duration(ms, t) };
    let mut blocks = vec![Block::Text(t.mon_says().to_owned())];
    if rows.is_empty() {
        blocks.push(Block::Text(t.mon_nothing().to_owned()));
        return blocks;
    }
    let of_type = |code: &str| {
        let of_type = catalogue.inspections.iter().find_map(|sheet| sheet.of_type(code));
        of_type.map_or_else(|| t.pick(&duty::reinspection()).to_owned(), |of_type| t.pick(&of_type.name).to_owned())
    };
    let inspections: Vec<Vec<String>> = rows
        .iter()
        .flat_map(|(zone, numbers)| numbers.inspections.iter().map(move |(code, kept)| (zone, code, kept)))
        .map(|(zone, code, kept)| {
            let numbers = [kept.due, kept.made, kept.late, kept.missed].map(count);
            [zone.clone(), of_type(code)].into_iter().chain(numbers).collect()
        })
        .collect();
    let section = |blocks: &mut Vec<Block>, head: &str, is_empty: bool| {
        blocks.push(Block::Heading(head.to_owned()));
        if is_empty {
            blocks.push(Block::Text(t.mon_nothing().to_owned()));
        }
    };
    section(&mut blocks, t.mon_inspections(), inspections.is_empty());
    if !inspections.is_empty() {
        let heads = [
            (t.mon_community(), 5),
            (t.field_type(), 6),
            (t.mon_due(), 5),
            (t.mon_made(), 3),
            (t.mon_late(), 4),
            (t.mon_missed(), 3),
        ];
        blocks.push(table(&heads, 2, inspections));
        blocks.push(Block::Text(t.mon_inspections_say().to_owned()));
    }
    let defects: Vec<Vec<String>> = rows
        .iter()
        .flat_map(|(zone, numbers)| {
            Severity::ALL.iter().zip(&numbers.defects).map(move |(severity, n)| (zone, severity, n))
        })
        .filter(|(_, _, n)| n.found + n.closed + n.open > 0)
        .map(|(zone, severity, n)| {
            let numbers = [n.found, n.closed, n.open].map(count);
            [zone.clone(), t.severity_of(*severity).to_owned()].into_iter().chain(numbers).collect()
        })
        .collect();
    section(&mut blocks, t.mon_defects(), defects.is_empty());
    if !defects.is_empty() {
        let heads =
            [(t.mon_community(), 5), (t.severity(), 4), (t.mon_found(), 3), (t.mon_closed(), 3), (t.mon_open(), 4)];
        blocks.push(table(&heads, 2, defects));
    }
    let lockouts: Vec<Vec<String>> = rows
        .iter()
        .filter(|(_, numbers)| numbers.lockouts.in_force > 0)
        .map(|(zone, Numbers { lockouts: n, .. })| {
            let counts = [n.in_force, n.ordered, n.ended].map(count);
            let lengths = [n.ms, n.waited_ms, n.waited_longest_ms].map(length);
            [zone.clone()].into_iter().chain(counts).chain(lengths).collect()
        })
        .collect();
    section(&mut blocks, t.mon_lockouts(), lockouts.is_empty());
    if !lockouts.is_empty() {
        let heads = [
            (t.mon_community(), 5),
            (t.mon_in_force(), 3),
            (t.mon_ordered(), 3),
            (t.mon_ended(), 3),
            (t.mon_length(), 4),
            (t.mon_waited(), 4),
            (t.mon_waited_longest(), 4),
        ];
        blocks.push(table(&heads, 1, lockouts));
    }
    let work = rows.iter().map(|(zone, n)| {
        let cost = format::number(n.cost_cents as f64 / 100.0, 2, t);
        vec![zone.clone(), count(n.work_ordered), count(n.work_done), cost, count(n.accidents)]
    });
    blocks.push(Block::Heading(t.mon_work().to_owned()));
    let heads = [
        (t.mon_community(), 6),
        (t.mon_work_ordered(), 4),
        (t.mon_work_done(), 4),
        (t.mon_cost(), 3),
        (t.mon_accidents(), 4),
    ];
    blocks.push(table(&heads, 1, work.collect()));
    let certificates = rows
        .iter()
        .map(|(zone, n)| [zone.clone()].into_iter().chain([n.to_renew, n.renewing, n.lapsed].map(count)).collect());
    blocks.push(Block::Heading(t.mon_certificates().to_owned()));
    let heads = [(t.mon_community(), 6), (t.mon_to_renew(), 5), (t.mon_renewing(), 4), (t.mon_lapsed(), 4)];
    blocks.push(table(&heads, 1, certificates.collect()));
    blocks.push(Block::Text(t.mon_certificates_say().to_owned()));
    blocks.push(Block::Signatures(vec![t.mon_prepared().to_owned(), t.mon_approved().to_owned()]));
    blocks
}
