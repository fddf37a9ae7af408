//! Where nodes are and were: placements of the registry become places, shared where they are one, and stays at them.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Thing, hash};
use crate::catalogue::{Catalogue, Position};
use crate::reading::Timestamp;
use crate::registry::Placement;

/// A node at a place from a moment on.
pub(crate) struct Stay {
    /// Its `@iot.id` as a HistoricalLocation.
    pub number: u64,
    /// From when, as shown.
    pub since: Timestamp,
    /// First instant it holds for: the beginning of time for a node's first.
    pub from: Timestamp,
    /// First instant it no longer holds for.
    pub until: Timestamp,
    /// Where; none when that was not told.
    pub place: Option<u32>,
}

/// A place: a Location and a FeatureOfInterest.
pub(crate) struct Place {
    /// The `@iot.id` of both.
    pub number: u64,
    /// What names it, and where its words come from.
    pub key: PlaceKey,
    /// Where it is; none for the place of a node that nobody placed.
    pub position: Option<Position>,
    /// The code of its zone.
    pub zone: Option<Arc<str>>,
    /// Things there now.
    pub things: Vec<u32>,
    /// Stays there: thing and stay.
    pub stays: Vec<(u32, u32)>,
    /// Whether Observations can be about it: a node with datastreams was there.
    pub observed: bool,
}

/// What names a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PlaceKey {
    /// A site of the catalogue, shared by its nodes.
    Site(Arc<str>),
    /// A node's own position, perhaps near a site.
    Own {
        /// The node.
        node: String,
        /// The site's code.
        site: Option<Arc<str>>,
        /// Zone and position, as text.
        place: String,
    },
    /// A zone, when no more is known.
    Zone(Arc<str>),
    /// Not known: of that node.
    Unplaced(String),
}

/// Gathers the places of all things, each once.
pub(super) struct Building {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) places: Vec<Place>,
    by_place: HashMap<PlaceKey, u32>,
}

impl Building {
    pub(super) fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, places: Vec::new(), by_place: HashMap::new() }
    }

    /// Gives a thing its stays, and the places they are at.
    pub(super) fn settle(&mut self, thing: &mut Thing) {
        let node = thing.node.clone();
        let placements = node.as_ref().map_or(&[][..], |node| &node.placements);
        for (at, placement) in placements.iter().enumerate() {
            let begins = if at == 0 { Timestamp::from_millis(i64::MIN) } else { placement.from };
            let until = placements.get(at + 1).map_or(Timestamp::from_millis(i64::MAX), |next| next.from);
            let enrolled = node.as_ref().map_or(placement.from, |node| node.enrolled_at);
            let since = if placement.from.millis() < 0 { enrolled } else { placement.from };
            let place = self.place(&thing.name, placement);
            let number = hash(&["stay", &thing.name, &placement.from.millis().to_string()]);
            thing.stays.push(Stay { number, since, from: begins, until, place });
        }
        if thing.stays.is_empty() || thing.stays.iter().any(|stay| stay.place.is_none()) {
            let key = PlaceKey::Unplaced(thing.name.clone());
            thing.unplaced = Some(self.keep(key, None, None, &["unplaced", &thing.name]));
        }
    }

    fn place(&mut self, node: &str, placement: &Placement) -> Option<u32> {
        let site = placement.site.as_deref().and_then(|code| self.catalogue.site(code)).cloned();
        let zone = placement.zone.clone().or_else(|| site.as_ref().map(|site| site.zone.clone()));
        if let Some(site) = &site {
            let there = placement.position.is_none_or(|position| position == site.position);
            if there && zone.as_ref() == Some(&site.zone) {
                let key = PlaceKey::Site(site.code.clone());
                return Some(self.keep(key, Some(site.position), zone, &["site", &site.code]));
            }
        }
        if let Some(position) = placement.position.or_else(|| site.as_ref().map(|site| site.position)) {
            let place = format!("{}|{}|{}", zone.as_deref().unwrap_or(""), position.lat, position.lon);
            let code = site.as_ref().map(|site| site.code.clone());
            let names = ["own", node, code.as_deref().unwrap_or(""), &place].map(str::to_owned);
            let key = PlaceKey::Own { node: node.to_owned(), site: code, place };
            return Some(self.keep(key, Some(position), zone, &names.each_ref().map(String::as_str)));
        }
        let zone = self.catalogue.zone(zone.as_deref()?)?.clone();
        let key = PlaceKey::Zone(zone.code.clone());
        Some(self.keep(key, Some(zone.position), Some(zone.code.clone()), &["zone", &zone.code]))
    }

    fn keep(&mut self, key: PlaceKey, position: Option<Position>, zone: Option<Arc<str>>, names: &[&str]) -> u32 {
        let places = &mut self.places;
        *self.by_place.entry(key.clone()).or_insert_with(|| {
            let number = hash(names);
            places.push(Place { number, key, position, zone, things: Vec::new(), stays: Vec::new(), observed: false });
            places.len() as u32 - 1
        })
    }
}
