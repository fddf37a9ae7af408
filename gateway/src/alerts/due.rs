//! What is overdue and what has lapsed, as alerts see it: a piece of equipment each, and a community at once where there are many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Subject;
use crate::catalogue::alerts::Scope;
use crate::operations::asset::Tree;
use crate::operations::book::{Held, Shelf};
use crate::operations::duty::{self, Day};

/// Pieces of one community from which on they are told together.
const TOGETHER_FROM: usize = 6;

/// Pieces of equipment that something is owed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// What the alert is about.
    pub subject: Subject,
    /// Its community, where that is known.
    pub zone: Option<Arc<str>>,
    /// The codes of the pieces.
    pub assets: Vec<Arc<str>>,
}

/// Pieces with an inspection that is overdue.
pub fn overdue(shelf: &Shelf, day: Day<'_>, scope: &Scope, open: &BTreeSet<Subject>) -> Vec<Owed> {
    let owes = |held: &Held| day.duties(shelf, held).iter().any(|duty| duty.overdue().is_some());
    together(of_scope(shelf, day, scope).filter(|(held, _)| owes(held)), open)
}

/// Pieces with a certificate that is not in force; one that was never there among them.
pub fn lapsed(shelf: &Shelf, day: Day<'_>, scope: &Scope, open: &BTreeSet<Subject>) -> Vec<Owed> {
    let owes = |held: &Held| {
        let mut needed = duty::needed(&held.asset, &held.dossier, day.catalogue, day.date);
        needed.any(|needed| !needed.standing.is_in_force())
    };
    together(of_scope(shelf, day, scope).filter(|(held, _)| owes(held)), open)
}

fn of_scope<'a>(
    shelf: &'a Shelf,
    day: Day<'a>,
    scope: &'a Scope,
) -> impl Iterator<Item = (&'a Held, Option<Arc<str>>)> {
    let placed = shelf.all().map(move |held| (held, zone(shelf, day, held)));
    placed.filter(|(held, zone)| scope.has(Some(&held.asset.kind), None, zone.as_deref()))
}

fn zone(shelf: &Shelf, day: Day<'_>, held: &Held) -> Option<Arc<str>> {
    Some(day.catalogue.site(shelf.site_of(&held.asset.id)?)?.zone.clone())
}

fn together<'a>(owed: impl Iterator<Item = (&'a Held, Option<Arc<str>>)>, open: &BTreeSet<Subject>) -> Vec<Owed> {
    let mut zones: BTreeMap<Option<Arc<str>>, Vec<Arc<str>>> = BTreeMap::new();
    for (held, zone) in owed {
        zones.entry(zone).or_default().push(held.asset.id.as_str().into());
    }
    let mut told = Vec::new();
    for (zone, assets) in zones {
        let subject = zone.as_deref().map_or_else(Subject::city, Subject::zone);
        if assets.len() >= TOGETHER_FROM || open.contains(&subject) {
            told.push(Owed { subject, zone, assets });
            continue;
        }
        let each = |asset: Arc<str>| Owed { subject: Subject::asset(&asset), zone: zone.clone(), assets: vec![asset] };
        told.extend(assets.into_iter().map(each));
    }
    told
}
