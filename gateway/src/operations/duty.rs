//! What is to be done about an asset and by when: its plans of inspection, those that were called for, those that work on it asks
//! for, its certificates. Pure: the catalogue, the asset, its dossier and the day of the city's calendar in.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::asset::Asset;
use super::book::{Held, Shelf};
use super::case::Status;
use super::dossier::Dossier;
use super::event;
use super::schedule::{Last, Plan, Standing, local_day};
use super::step::{Hand, REINSPECTION, Uid};
use crate::catalogue::inspections::{CertificateType, InspectionType, Interval, Item, Sheet};
use crate::catalogue::{Catalogue, Text};

/// An inspection that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Its type's code.
    pub of_type: Box<str>,
    /// Its type's name.
    pub name: Text,
    /// The day it is due.
    pub due: Date,
    /// How that stands.
    pub standing: Standing,
    /// Why it was called for; none where a plan asks for it.
    pub call: Option<(Uid, String)>,
    /// Whether whoever makes it must have had no hand in the equipment.
    pub independent: bool,
}

impl Duty {
    /// Whether it is due today or overdue.
    pub fn is_due(&self) -> bool {
        matches!(self.standing, Standing::Due | Standing::Overdue { .. })
    }

    /// Days that it is overdue.
    pub fn overdue(&self) -> Option<u32> {
        if let Standing::Overdue { days } = self.standing { Some(days) } else { None }
    }
}

/// A certificate that an asset needs, and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Needed<'a> {
    /// Its type.
    pub of_type: &'a CertificateType,
    /// How it stands.
    pub standing: super::certificate::Standing,
}

/// A day of the city: what is due is asked of it.
#[derive(Debug, Clone, Copy)]
pub struct Day<'a> {
    /// The day of its calendar.
    pub date: Date,
    /// The city's time.
    pub zone: &'a TimeZone,
    /// What is due by which rule.
    pub catalogue: &'a Catalogue,
}

impl Day<'_> {
    /// All that is to be made of an asset, the first due first. Plans are for what is inspected as one by itself; what was called
    /// for, and what work on it asks for, is to be made of a part as well.
    pub fn duties(&self, shelf: &Shelf, held: &Held) -> Vec<Duty> {
        let Held { asset, dossier } = held;
        let Some(sheet) = self.catalogue.sheet(&asset.kind) else { return Vec::new() };
        if dossier.case.dismantled_at.is_some() {
            return Vec::new();
        }
        let mut duties: Vec<Duty> = calls(sheet, dossier, self.date).collect();
        duties.extend(self.repaired(sheet, dossier));
        if shelf.is_unit(asset, self.catalogue) {
            duties.extend(planned(asset, sheet, dossier, self.date));
        }
        duties.sort_by(|a, b| (a.due, &a.of_type).cmp(&(b.due, &b.of_type)));
        duties
    }

    /// Work on its defects asks for one re-inspection, as many days later as the sheet says.
    fn repaired(&self, sheet: &Sheet, dossier: &Dossier) -> Option<Duty> {
        let days = sheet.days_after_repair()?;
        let (order, done_at) = dossier.case.to_be_seen_again().min_by_key(|(_, done_at)| *done_at)?;
        let due = local_day(done_at, self.zone).saturating_add(i64::from(days).days());
        Some(Duty {
            of_type: REINSPECTION.into(),
            name: reinspection(),
            due,
            standing: called_standing(due, self.date),
            call: Some((order.clone(), event::REPAIRED.to_owned())),
            independent: false,
        })
    }
}

/// The plan of a type of inspection for an asset; none where it is not for it.
pub fn plan(asset: &Asset, of_type: &InspectionType) -> Option<Plan> {
    // What was there before it was written down was opened before.
    let from = match (of_type.interval, asset.installed) {
        (Interval::Once, Some(installed)) if installed >= asset.known_from => installed,
        (Interval::Once, _) => return None,
        (_, installed) => installed.map_or(asset.known_from, |installed| installed.max(asset.known_from)),
    };
    let (before_days, after_days) = (of_type.before_days, of_type.after_days);
    Some(Plan { rule: of_type.interval, from, before_days, after_days })
}

/// What the plans ask for of a unit.
fn planned<'a>(
    asset: &'a Asset,
    sheet: &'a Sheet,
    dossier: &'a Dossier,
    today: Date,
) -> impl Iterator<Item = Duty> + 'a {
    sheet.types_for(asset.used_as.as_deref()).filter_map(move |of_type| {
        let plan = plan(asset, of_type)?;
        let last = last(asset, sheet, dossier, &of_type.code);
        Some(Duty {
            of_type: (*of_type.code).into(),
            name: of_type.name.clone(),
            due: plan.due(last)?,
            standing: plan.standing(last, today)?,
            call: None,
            independent: of_type.independent,
        })
    })
}

/// The last inspection of a type: on record, or else as the papers say that were there before.
pub fn last(asset: &Asset, sheet: &Sheet, dossier: &Dossier, code: &str) -> Option<Last> {
    dossier.last(code).or_else(|| papers(asset, sheet, code).map(|made| Last { made, due: None }))
}

/// The last day that a type of inspection was made before there was a record, by it or by one that stands for it.
pub fn papers(asset: &Asset, sheet: &Sheet, code: &str) -> Option<Date> {
    let stands_for = |other: &str| {
        let of_type = sheet.of_type(other);
        other == code || of_type.is_some_and(|of_type| of_type.covers.iter().any(|covered| **covered == *code))
    };
    asset.inspected.iter().filter(|(other, _)| stands_for(other)).map(|(_, day)| *day).max()
}

/// Inspections that were called for.
fn calls<'a>(sheet: &'a Sheet, dossier: &'a Dossier, today: Date) -> impl Iterator<Item = Duty> + 'a {
    dossier.calls.iter().map(move |(uid, call)| {
        let of_type = sheet.of_type(&call.of_type);
        Duty {
            of_type: call.of_type.clone(),
            name: of_type.map_or_else(reinspection, |of_type| of_type.name.clone()),
            due: call.due,
            standing: called_standing(call.due, today),
            call: Some((uid.clone(), call.reason.clone())),
            independent: of_type.is_some_and(|of_type| of_type.independent),
        }
    })
}

/// How an inspection stands that is due once, and may be made before.
fn called_standing(due: Date, today: Date) -> Standing {
    let once = Plan { rule: Interval::Once, from: due, before_days: u16::MAX, after_days: 0 };
    once.standing(None, today).unwrap_or(Standing::Due)
}

/// The certificates that an asset needs.
pub fn needed<'a>(
    asset: &'a Asset,
    dossier: &'a Dossier,
    catalogue: &'a Catalogue,
    today: Date,
) -> impl Iterator<Item = Needed<'a>> + 'a {
    let types = catalogue.certificates_for(&asset.kind, asset.used_as.as_deref());
    types
        .filter(|_| dossier.case.dismantled_at.is_none())
        .map(move |of_type| Needed { of_type, standing: dossier.standing(of_type, today) })
}

/// Why equipment that moves must stay where it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Stays<'a> {
    /// A certificate that it needs in order to be used is not in force.
    Certificate(Needed<'a>),
    /// It is to be locked out, or is.
    LockedOut,
}

/// Whether equipment that moves, a vehicle, must stay where it is.
pub fn stays<'a>(asset: &'a Asset, dossier: &'a Dossier, catalogue: &'a Catalogue, today: Date) -> Option<Stays<'a>> {
    let lapsed = |needed: &Needed<'_>| needed.of_type.locks_out && !needed.standing.is_in_force();
    let certificate = needed(asset, dossier, catalogue, today).find(lapsed).map(Stays::Certificate);
    let locked_out =
        || matches!(dossier.case.status(), Status::Ordered | Status::LockedOut).then_some(Stays::LockedOut);
    certificate.or_else(locked_out)
}

/// The name of an inspection that looks at one asset again, whole.
pub fn reinspection() -> Text {
    Text { el: "Επανεπιθεώρηση".to_owned(), en: "Re-inspection".to_owned() }
}

/// What an inspection of that type looks at on one asset.
pub fn items<'a>(sheet: &'a Sheet, asset: &Asset, of_type: &str) -> Vec<&'a Item> {
    let is_of_type = |item: &Item| of_type == REINSPECTION || item.types.iter().any(|known| **known == *of_type);
    let is_there = |item: &Item| {
        item.kinds.iter().any(|kind| **kind == *asset.kind) && (!item.with_node || !asset.nodes.is_empty())
    };
    sheet.items.iter().filter(|item| is_of_type(item) && is_there(item)).collect()
}

/// Why somebody may not make an inspection that asks for independence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Dependent {
    /// They worked on it.
    #[error("whoever worked on the equipment is not independent of it")]
    Worked,
    /// Their employer maintains it.
    #[error("whoever's employer maintains the equipment is not independent of it")]
    Employer,
}

/// Whether somebody is independent of an asset (EN 1176-7:2020, 6.1): never worked on it, and is not employed by who maintains it.
///
/// # Errors
/// [`Dependent`].
pub fn independence(hand: &Hand, employer: &str, asset: &Asset, dossier: &Dossier) -> Result<(), Dependent> {
    if dossier.workers.contains(hand) {
        return Err(Dependent::Worked);
    }
    let maintainer = asset.maintainer.trim().to_lowercase();
    if !maintainer.is_empty() && employer.trim().to_lowercase() == maintainer {
        return Err(Dependent::Employer);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
