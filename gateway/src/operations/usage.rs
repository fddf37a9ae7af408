//! Inspections that are due by use: what the nodes on equipment counted since the last one. Pure; who asks the store is the app.

use jiff::civil::Date;

use super::asset::{Asset, AssetId};
use super::book::{Held, Shelf};
use super::duty;
use super::step::Deed;
use crate::catalogue::Catalogue;
use crate::catalogue::inspections::{InspectionType, Uses};

/// What the gateway's own reason begins with, for whoever tells it in the reader's language.
const REASON: &str = "uses";

/// A type of inspection of a unit that is due after so many uses, and who counts them.
#[derive(Debug)]
pub struct Watched<'a> {
    /// What is inspected.
    pub unit: &'a Held,
    /// The type.
    pub of_type: &'a InspectionType,
    /// What is counted, and how many are enough.
    pub uses: &'a Uses,
    /// The day of the last inspection, or that it was written down: uses count from the next day on.
    pub since: Date,
    /// The nodes that count, each with what it is mounted on.
    pub nodes: Vec<(&'a Asset, &'a str)>,
}

/// All that is to be watched: units in service whose sheet counts uses, with nodes, that no inspection was called for yet.
pub fn watched<'a>(shelf: &'a Shelf, catalogue: &'a Catalogue) -> Vec<Watched<'a>> {
    let mut watched = Vec::new();
    for unit in shelf.all().filter(|held| held.dossier.case.dismantled_at.is_none()) {
        let Some(sheet) = catalogue.sheet(&unit.asset.kind).filter(|_| shelf.is_unit(&unit.asset, catalogue)) else {
            continue;
        };
        for of_type in sheet.types_for(unit.asset.used_as.as_deref()) {
            let Some(uses) = &of_type.after else { continue };
            if unit.dossier.calls.values().any(|call| *call.of_type == *of_type.code) {
                continue;
            }
            let last = duty::last(&unit.asset, sheet, &unit.dossier, &of_type.code);
            let parts = shelf.unit(&unit.asset.id, catalogue).into_iter();
            let nodes: Vec<_> =
                parts.flat_map(|part| part.asset.nodes.iter().map(|mount| (&part.asset, &*mount.node))).collect();
            if !nodes.is_empty() {
                let since = last.map_or(unit.asset.known_from, |last| last.made);
                watched.push(Watched { unit, of_type, uses, since, nodes });
            }
        }
    }
    watched
}

impl Watched<'_> {
    /// The call for an inspection, where one piece of the unit was used often enough. `counted` are uses of each.
    pub fn call(&self, counted: &[(AssetId, f64)], today: Date) -> Option<Deed> {
        let (asset, most) = counted.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        if *most < self.uses.count as f64 {
            return None;
        }
        let reason = format!("{REASON} {most:.0} {asset} {}", self.since);
        Some(Deed::Called { of_type: (*self.of_type.code).into(), due: today, reason })
    }
}

/// What such a reason tells: how many uses, of what, since which day.
pub fn told(reason: &str) -> Option<(u64, &str, Date)> {
    let mut parts = reason.split(' ');
    let begins = parts.next() == Some(REASON);
    let told = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?.parse().ok()?);
    (begins && parts.next().is_none()).then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;
    use crate::operations::dossier::Dossier;

    #[test]
    fn the_most_used_piece_calls_for_the_inspection_of_all() {
        let catalogue = load::embedded();
        let sheet = catalogue.sheet("playground").expect("a sheet");
        let of_type = sheet.types.iter().find(|of_type| of_type.after.is_some()).expect("a type that counts uses");
        let uses = of_type.after.as_ref().expect("it counts");
        let asset: Asset = serde_json::from_value(serde_json::json!({
            "id": "pg-toumba", "kind": "playground", "name_el": "Τούμπα", "known_from": "2026-01-01"
        }))
        .expect("an asset");
        let unit = Held { asset, dossier: Dossier::default() };
        let day: Date = "2026-03-01".parse().expect("a day");
        let watched = Watched { unit: &unit, of_type, uses, since: day, nodes: Vec::new() };
        let swing = |name: &str, counted: f64| (AssetId::new(name).expect("a code"), counted);
        let enough = uses.count as f64;
        assert_eq!(watched.call(&[swing("swing-1", enough - 1.0), swing("swing-2", 5.0)], day), None);
        assert_eq!(watched.call(&[], day), None);
        let called = watched.call(&[swing("swing-1", 3.0), swing("swing-2", enough)], day).expect("it is called for");
        let Deed::Called { reason, .. } = called else { panic!("{called:?}") };
        assert_eq!(told(&reason), Some((uses.count, "swing-2", day)));
        for other in ["", "uses", "uses 5 swing", "after 5 swing 2026-03-01", "uses 5 swing 2026-03-01 more"] {
            assert_eq!(told(other), None, "{other}");
        }
    }
}
