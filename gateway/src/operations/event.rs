//! Inspections that events ask for: a repair, and readings above a level, of a node on the equipment (an impact) or of any in its
//! community (a storm). Pure; who asks the store is the app.

use jiff::ToSpan;
use jiff::civil::Date;

use super::asset::Tree;
use super::book::{Held, Shelf};
use super::step::Deed;
use crate::catalogue::Catalogue;
use crate::catalogue::inspections::{Event, Happening, Within};
use crate::reading::Timestamp;

/// Why a re-inspection is due: work was done.
pub const REPAIRED: &str = "repaired";

/// What the gateway's own reason begins with, for whoever tells it in the reader's language.
const REASON: &str = "reading";

/// A reading above an event's level.
#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    /// Who measured it.
    pub node: Box<str>,
    /// The community it was measured in, where that is known.
    pub zone: Option<Box<str>>,
    /// When.
    pub at: Timestamp,
    /// What, in the quantity's unit.
    pub value: f64,
}

/// An inspection of a unit that a reading may call for.
#[derive(Debug)]
pub struct Watched<'a> {
    /// What is inspected.
    pub unit: &'a Held,
    /// What calls for it.
    pub event: &'a Event,
    /// Its nodes; none where the community's tell it.
    nodes: Vec<&'a str>,
    /// Its community.
    zone: Option<&'a str>,
}

/// All that is to be watched: units in service whose sheet has events, and that were not called for yet.
pub fn watched<'a>(shelf: &'a Shelf, catalogue: &'a Catalogue) -> Vec<Watched<'a>> {
    let mut watched = Vec::new();
    for unit in shelf.all().filter(|held| held.dossier.case.dismantled_at.is_none()) {
        let sheet = catalogue.sheet(&unit.asset.kind).filter(|sheet| !sheet.events.is_empty());
        let Some(sheet) = sheet.filter(|_| shelf.is_unit(&unit.asset, catalogue)) else { continue };
        let zone = shelf.site_of(&unit.asset.id).and_then(|site| catalogue.site(site)).map(|site| &*site.zone);
        for event in &sheet.events {
            let Happening::Reading { within, .. } = event.on else { continue };
            if unit.dossier.calls.values().any(|call| *call.of_type == *event.calls) {
                continue;
            }
            let (mut nodes, mut of_zone) = (Vec::new(), None);
            match within {
                Within::Community => of_zone = zone,
                Within::Equipment => {
                    let parts = shelf.unit(&unit.asset.id, catalogue).into_iter();
                    nodes.extend(parts.flat_map(|part| part.asset.nodes.iter().map(|mount| &*mount.node)));
                }
            }
            if of_zone.is_some() || !nodes.is_empty() {
                watched.push(Watched { unit, event, nodes, zone: of_zone });
            }
        }
    }
    watched
}

impl Watched<'_> {
    /// The call for an inspection, where a reading since `seen` (when it was last inspected so) was above the level: the highest.
    pub fn call(&self, peaks: &[Peak], seen: Timestamp, today: Date) -> Option<Deed> {
        let Happening::Reading { quantity, .. } = &self.event.on else { return None };
        let is_ours = |peak: &&Peak| match self.zone {
            Some(zone) => peak.zone.as_deref() == Some(zone),
            None => self.nodes.contains(&&*peak.node),
        };
        let since = peaks.iter().filter(is_ours).filter(|peak| peak.at > seen);
        let Peak { node, at, value, .. } = since.max_by(|a, b| a.value.total_cmp(&b.value))?;
        let reason = reason(quantity, *value, node, *at);
        let due = today.saturating_add(i64::from(self.event.days).days());
        Some(Deed::Called { of_type: (*self.event.calls).into(), due, reason })
    }
}

/// The gateway's own reason for a call: what was measured.
pub fn reason(quantity: &str, value: f64, node: &str, at: Timestamp) -> String {
    format!("{REASON} {quantity} {value} {node} {}", at.millis())
}

/// What such a reason tells: the quantity, how much of it, by whom and when it was measured.
pub fn told(reason: &str) -> Option<(&str, f64, &str, Timestamp)> {
    let mut parts = reason.split(' ');
    let begins = parts.next() == Some(REASON);
    let (quantity, value) = (parts.next()?, parts.next()?.parse().ok()?);
    let told = (quantity, value, parts.next()?, Timestamp::from_millis(parts.next()?.parse().ok()?));
    (begins && parts.next().is_none()).then_some(told)
}

#[cfg(test)]
mod tests;
