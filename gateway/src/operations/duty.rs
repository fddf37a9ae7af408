//! What is to be done about an asset and by when: its plans of inspection, those that were called for, its certificates.
//! Pure: the catalogue, the asset, its dossier and the day of the city's calendar in.

use jiff::civil::Date;

use super::asset::Asset;
use super::case::Status;
use super::dossier::Dossier;
use super::schedule::{Last, Plan, Standing};
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

/// All that is to be made of a unit, the first due first; what was called for among it.
pub fn duties(asset: &Asset, sheet: &Sheet, dossier: &Dossier, today: Date) -> Vec<Duty> {
    if dossier.case.dismantled_at.is_some() {
        return Vec::new();
    }
    let planned = sheet.types_for(asset.used_as.as_deref()).filter_map(|of_type| {
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
    });
    let mut duties: Vec<Duty> = planned.chain(calls(sheet, dossier, today)).collect();
    duties.sort_by(|a, b| (a.due, &a.of_type).cmp(&(b.due, &b.of_type)));
    duties
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
pub fn calls<'a>(sheet: &'a Sheet, dossier: &'a Dossier, today: Date) -> impl Iterator<Item = Duty> + 'a {
    dossier.calls.iter().map(move |(uid, call)| {
        let of_type = sheet.of_type(&call.of_type);
        let once = Plan { rule: Interval::Once, from: call.due, before_days: u16::MAX, after_days: 0 };
        Duty {
            of_type: call.of_type.clone(),
            name: of_type.map_or_else(reinspection, |of_type| of_type.name.clone()),
            due: call.due,
            standing: once.standing(None, today).unwrap_or(Standing::Due),
            call: Some((uid.clone(), call.reason.clone())),
            independent: of_type.is_some_and(|of_type| of_type.independent),
        }
    })
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
