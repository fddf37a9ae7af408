//! [`City`]: Things, places, Datastreams, Sensors and properties, indexed once and used until the registry, the
//! catalogue or the number of datastreams changes.
//!
//! Entities are places in its lists, cheap to copy. Numbers (`@iot.id`) come from what never changes: the node's and the
//! datastream's numbers, or a hash of what names a place, a stay or a kind of sensor. They are the same after a restart.

mod places;

use std::collections::HashMap;
use std::sync::Arc;

use super::entity::{Entity, Measured};
use super::model::{Kind, Navigation};
use super::source::Source;
use crate::catalogue::{Catalogue, QuantityIndex, Site, Zone};
use crate::reading::{DatastreamId, DatastreamKey};
use crate::registry::{Node, Snapshot};
use crate::store::model::{Datastream, WindowIndex, WindowLength};
use places::Building;
pub(super) use places::{Place, PlaceKey, Stay};

/// The city as it stands in the registry, the catalogue and the list of datastreams.
pub(super) struct City {
    snapshot: Arc<Snapshot>,
    /// Quantities, node types, zones, sites.
    pub catalogue: Arc<Catalogue>,
    /// The configured windows.
    pub windows: Vec<WindowLength>,
    /// Nodes, by number.
    pub things: Vec<Thing>,
    /// Where nodes are and were, by number.
    pub places: Vec<Place>,
    /// Datastreams of the store, by number.
    pub streams: Vec<Stream>,
    /// Kinds of sensor, by number.
    pub sensors: Vec<Sensor>,
    /// Quantities that are measured, by number.
    pub quantities: Vec<Measurand>,
    /// Every stay of every node: the place of the thing and of the stay, by number.
    pub stays: Vec<(u32, u32)>,
}

/// A node.
pub(super) struct Thing {
    /// Its `@iot.id`.
    pub number: u64,
    /// Its name.
    pub name: String,
    /// What the registry knows; none when only the store knows it.
    pub node: Option<Arc<Node>>,
    /// Its datastreams.
    pub streams: Vec<u32>,
    /// Where it was from when, oldest first.
    pub stays: Vec<Stay>,
    /// The place that stands for not knowing its place, when that is needed.
    pub unplaced: Option<u32>,
}

/// A datastream of the store.
pub(super) struct Stream {
    /// Its number in the store.
    pub id: DatastreamId,
    /// Node, quantity, channel.
    pub key: DatastreamKey,
    /// Whether it has imported daily values alone.
    pub external: bool,
    /// Its thing.
    pub thing: u32,
    /// Its sensor.
    pub sensor: u32,
    /// Its quantity.
    pub quantity: u32,
}

/// A kind of sensor: a node type of the catalogue.
pub(super) struct Sensor {
    /// Its `@iot.id`.
    pub number: u64,
    /// The node type's code; none when a node has none.
    pub node_type: Option<Arc<str>>,
    /// Its datastreams.
    pub streams: Vec<u32>,
}

/// A quantity that is measured.
pub(super) struct Measurand {
    /// Its `@iot.id`.
    pub number: u64,
    /// Its code.
    pub code: Arc<str>,
    /// Its place in the catalogue, if it is still there.
    pub index: Option<QuantityIndex>,
    /// Its datastreams.
    pub streams: Vec<u32>,
}

impl City {
    /// Indexes what the source has now.
    pub(super) fn new(source: &dyn Source, streams: &[Arc<Datastream>]) -> Self {
        let mut building = Building::new(source.catalogue());
        let snapshot = source.snapshot();
        let mut things = things(&snapshot, streams);
        for thing in &mut things {
            building.settle(thing);
        }
        let mut city = Self {
            catalogue: building.catalogue,
            windows: source.windows(),
            places: building.places,
            streams: Vec::with_capacity(streams.len()),
            sensors: Vec::new(),
            quantities: Vec::new(),
            stays: Vec::new(),
            things,
            snapshot,
        };
        city.number_places();
        city.take_streams(streams);
        city.number_stays();
        city
    }

    /// Whether it still says what the source says.
    pub(super) fn is_current(&self, source: &dyn Source, streams: usize) -> bool {
        self.streams.len() == streams
            && Arc::ptr_eq(&self.snapshot, &source.snapshot())
            && Arc::ptr_eq(&self.catalogue, &source.catalogue())
    }

    /// Every entity of that kind, by number; none for Observations, which are read from the store.
    pub(super) fn all(&self, kind: Kind) -> Vec<Entity> {
        let count = |list: usize| 0..list as u32;
        match kind {
            Kind::Thing => count(self.things.len()).map(Entity::Thing).collect(),
            Kind::Location => self.places_where(|place| place.position.is_some(), Entity::Location),
            Kind::FeatureOfInterest => self.places_where(|place| place.observed, Entity::FeatureOfInterest),
            Kind::HistoricalLocation => self.stays.iter().map(|&(t, s)| Entity::HistoricalLocation(t, s)).collect(),
            Kind::Datastream => self.datastreams(count(self.streams.len())),
            Kind::Sensor => count(self.sensors.len()).map(Entity::Sensor).collect(),
            Kind::ObservedProperty => count(self.quantities.len()).map(Entity::ObservedProperty).collect(),
            Kind::Observation => Vec::new(),
        }
    }

    /// The entity of that kind with that number; none for Observations.
    pub(super) fn find(&self, kind: Kind, number: u64) -> Option<Entity> {
        let place = || Some(self.places.binary_search_by_key(&number, |place| place.number).ok()? as u32);
        Some(match kind {
            Kind::Thing => Entity::Thing(self.things.binary_search_by_key(&number, |thing| thing.number).ok()? as u32),
            Kind::Location => Entity::Location(place().filter(|at| self.places[*at as usize].position.is_some())?),
            Kind::FeatureOfInterest => {
                Entity::FeatureOfInterest(place().filter(|at| self.places[*at as usize].observed)?)
            }
            Kind::HistoricalLocation => {
                let at = self.stays.binary_search_by_key(&number, |&(t, s)| self.stay(t, s).number).ok()?;
                Entity::HistoricalLocation(self.stays[at].0, self.stays[at].1)
            }
            Kind::Datastream => {
                let (stream, window) = self.datastream(number)?;
                Entity::Datastream(stream, window)
            }
            Kind::Sensor => {
                Entity::Sensor(self.sensors.binary_search_by_key(&number, |sensor| sensor.number).ok()? as u32)
            }
            Kind::ObservedProperty => Entity::ObservedProperty(
                self.quantities.binary_search_by_key(&number, |quantity| quantity.number).ok()? as u32,
            ),
            Kind::Observation => return None,
        })
    }

    /// The stream and window of a Datastream's number.
    pub(super) fn datastream(&self, number: u64) -> Option<(u32, Option<WindowIndex>)> {
        let id = DatastreamId(u32::try_from(number / 8).ok()?);
        let stream = self.streams.binary_search_by_key(&id, |stream| stream.id).ok()? as u32;
        let window = (number % 8).checked_sub(1).map(|window| WindowIndex(window as u8));
        self.windows_of(stream).any(|known| known == window).then_some((stream, window))
    }

    /// The Datastreams of one stream: the observations themselves, then each window.
    pub(super) fn windows_of(&self, stream: u32) -> impl Iterator<Item = Option<WindowIndex>> {
        let external = self.streams[stream as usize].external;
        let windows = self.windows.iter().enumerate().take(7);
        let windows = windows.filter(move |(_, length)| !external || **length == WindowLength::LocalDay);
        let raw = (!external).then_some(None);
        raw.into_iter().chain(windows.map(|(at, _)| Some(WindowIndex(at as u8))))
    }

    /// The entities that a relation leads to; none for Observations.
    pub(super) fn follow(&self, from: &Entity, navigation: Navigation) -> Vec<Entity> {
        match (from, navigation.target) {
            (Entity::Thing(thing), Kind::Location) => self.location_of(*thing).into_iter().collect(),
            (Entity::Thing(thing), Kind::HistoricalLocation) => {
                self.histories((0..self.things[*thing as usize].stays.len()).map(|stay| (*thing, stay as u32)))
            }
            (Entity::Thing(thing), Kind::Datastream) => {
                self.datastreams(self.things[*thing as usize].streams.iter().copied())
            }
            (Entity::Location(place), Kind::Thing) => {
                self.places[*place as usize].things.iter().map(|thing| Entity::Thing(*thing)).collect()
            }
            (Entity::Location(place), Kind::HistoricalLocation) => {
                self.histories(self.places[*place as usize].stays.iter().copied())
            }
            (Entity::HistoricalLocation(thing, _), Kind::Thing) => vec![Entity::Thing(*thing)],
            (Entity::HistoricalLocation(thing, stay), Kind::Location) => {
                self.stay(*thing, *stay).place.map(Entity::Location).into_iter().collect()
            }
            (Entity::Datastream(stream, _), target) => {
                let stream = &self.streams[*stream as usize];
                match target {
                    Kind::Thing => vec![Entity::Thing(stream.thing)],
                    Kind::Sensor => vec![Entity::Sensor(stream.sensor)],
                    Kind::ObservedProperty => vec![Entity::ObservedProperty(stream.quantity)],
                    _ => Vec::new(),
                }
            }
            (Entity::Sensor(sensor), Kind::Datastream) => {
                self.datastreams(self.sensors[*sensor as usize].streams.iter().copied())
            }
            (Entity::ObservedProperty(quantity), Kind::Datastream) => {
                self.datastreams(self.quantities[*quantity as usize].streams.iter().copied())
            }
            (Entity::Observation(measured), Kind::Datastream) => {
                vec![Entity::Datastream(measured.stream, measured.window)]
            }
            (Entity::Observation(measured), Kind::FeatureOfInterest) => {
                self.feature_of(measured).map(Entity::FeatureOfInterest).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Where a thing is now, as a Location.
    pub(super) fn location_of(&self, thing: u32) -> Option<Entity> {
        self.things[thing as usize].stays.last()?.place.map(Entity::Location)
    }

    /// The place that an observation is about: where the thing was at its time, or at its window's start.
    pub(super) fn feature_of(&self, measured: &Measured) -> Option<u32> {
        let thing = &self.things[self.streams[measured.stream as usize].thing as usize];
        let at = measured.starts_at();
        let stay = thing.stays.iter().rev().find(|stay| stay.from <= at);
        stay.and_then(|stay| stay.place).or(thing.unplaced)
    }

    /// A stay of a thing.
    pub(super) fn stay(&self, thing: u32, stay: u32) -> &Stay {
        &self.things[thing as usize].stays[stay as usize]
    }

    /// The site a place is at.
    pub(super) fn site(&self, place: &Place) -> Option<&Site> {
        match &place.key {
            PlaceKey::Site(code) | PlaceKey::Own { site: Some(code), .. } => self.catalogue.site(code),
            _ => None,
        }
    }

    /// The zone of a place.
    pub(super) fn zone(&self, place: &Place) -> Option<&Zone> {
        self.catalogue.zone(place.zone.as_ref()?)
    }

    fn places_where(&self, keep: impl Fn(&Place) -> bool, entity: fn(u32) -> Entity) -> Vec<Entity> {
        let places = self.places.iter().enumerate().filter(|(_, place)| keep(place));
        places.map(|(at, _)| entity(at as u32)).collect()
    }

    fn datastreams(&self, streams: impl Iterator<Item = u32>) -> Vec<Entity> {
        let each = |stream| self.windows_of(stream).map(move |window| Entity::Datastream(stream, window));
        streams.flat_map(each).collect()
    }

    /// HistoricalLocations: the stays whose place is known, by number.
    fn histories(&self, stays: impl Iterator<Item = (u32, u32)>) -> Vec<Entity> {
        let mut stays: Vec<_> = stays.filter(|&(t, s)| self.stay(t, s).place.is_some()).collect();
        stays.sort_by_key(|&(t, s)| self.stay(t, s).number);
        stays.into_iter().map(|(t, s)| Entity::HistoricalLocation(t, s)).collect()
    }

    /// Sorts places by number, and mends what points at them.
    fn number_places(&mut self) {
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        order.sort_by_key(|at| self.places[*at].number);
        let mut moved = vec![0u32; order.len()];
        for (new, old) in order.iter().enumerate() {
            moved[*old] = new as u32;
        }
        let mut places: Vec<Option<Place>> = std::mem::take(&mut self.places).into_iter().map(Some).collect();
        self.places = order.into_iter().filter_map(|old| places[old].take()).collect();
        for thing in &mut self.things {
            for place in thing.stays.iter_mut().map(|stay| &mut stay.place).chain([&mut thing.unplaced]) {
                *place = place.map(|old| moved[old as usize]);
            }
        }
        // Two names with one hash: the later takes the next number.
        for at in 1..self.places.len() {
            if self.places[at].number <= self.places[at - 1].number {
                self.places[at].number = self.places[at - 1].number + 1;
            }
        }
    }

    fn take_streams(&mut self, streams: &[Arc<Datastream>]) {
        let by_name: HashMap<String, u32> =
            self.things.iter().enumerate().map(|(at, thing)| (thing.name.clone(), at as u32)).collect();
        let types = |city: &City, thing: u32| city.things[thing as usize].node.as_ref()?.node_type.clone();
        let of_streams = |stream: &Arc<Datastream>| by_name.get(stream.key.node.as_str()).copied();
        let mut sensors: Vec<Sensor> = Vec::new();
        let mut quantities: Vec<Measurand> = Vec::new();
        for stream in streams {
            let Some(thing) = of_streams(stream) else { continue };
            let node_type = types(self, thing);
            if !sensors.iter().any(|sensor| sensor.node_type == node_type) {
                let number = hash(&["sensor", node_type.as_deref().unwrap_or("")]);
                sensors.push(Sensor { number, node_type, streams: Vec::new() });
            }
            if !quantities.iter().any(|quantity| quantity.code == stream.key.quantity) {
                let code = stream.key.quantity.clone();
                let index = self.catalogue.find(&code);
                let given = index.and_then(|index| self.catalogue.quantity(index).number);
                let number = given.map_or_else(|| hash(&["quantity", &code]), u64::from);
                quantities.push(Measurand { number, code, index, streams: Vec::new() });
            }
        }
        sensors.sort_by_key(|sensor| sensor.number);
        quantities.sort_by_key(|quantity| quantity.number);
        for stream in streams {
            let Some(thing) = of_streams(stream) else { continue };
            let at = self.streams.len() as u32;
            let node_type = types(self, thing);
            let sensor = sensors.iter().position(|sensor| sensor.node_type == node_type).unwrap_or_default();
            let quantity = quantities.iter().position(|q| q.code == stream.key.quantity).unwrap_or_default();
            sensors[sensor].streams.push(at);
            quantities[quantity].streams.push(at);
            self.things[thing as usize].streams.push(at);
            self.streams.push(Stream {
                id: stream.id,
                key: stream.key.clone(),
                external: stream.external,
                thing,
                sensor: sensor as u32,
                quantity: quantity as u32,
            });
        }
        self.sensors = sensors;
        self.quantities = quantities;
        for thing in self.things.iter().filter(|thing| !thing.streams.is_empty()) {
            for place in thing.stays.iter().filter_map(|stay| stay.place).chain(thing.unplaced) {
                self.places[place as usize].observed = true;
            }
        }
    }

    fn number_stays(&mut self) {
        for (t, thing) in self.things.iter().enumerate() {
            for (s, stay) in thing.stays.iter().enumerate() {
                let Some(place) = stay.place else { continue };
                self.stays.push((t as u32, s as u32));
                self.places[place as usize].stays.push((t as u32, s as u32));
                if s + 1 == thing.stays.len() {
                    self.places[place as usize].things.push(t as u32);
                }
            }
        }
        let things = &self.things;
        self.stays.sort_by_key(|&(t, s)| things[t as usize].stays[s as usize].number);
    }
}

/// The nodes of the registry, and those that only the store knows, by number.
fn things(snapshot: &Snapshot, streams: &[Arc<Datastream>]) -> Vec<Thing> {
    let thing = |number, name: &str, node| Thing {
        number,
        name: name.to_owned(),
        node,
        streams: Vec::new(),
        stays: Vec::new(),
        unplaced: None,
    };
    let mut things: Vec<Thing> = Vec::with_capacity(snapshot.nodes.len());
    for (id, node) in &snapshot.nodes {
        things.push(thing(u64::from(node.number), id.as_str(), Some(node.clone())));
    }
    let mut strangers: HashMap<&str, u64> = HashMap::new();
    for stream in streams.iter().filter(|stream| !snapshot.nodes.contains_key(&stream.key.node)) {
        // Above every node's number; the first of its datastreams, since that never changes.
        strangers.entry(stream.key.node.as_str()).or_insert((1 << 32) + u64::from(stream.id.0));
    }
    things.extend(strangers.into_iter().map(|(name, number)| thing(number, name, None)));
    things.sort_by(|a, b| (a.number, &a.name).cmp(&(b.number, &b.name)));
    things
}

/// FNV-1a over the names, folded to 48 bits, above every number that a catalogue gives: stable, and safe in JavaScript.
fn hash(names: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in names.iter().flat_map(|name| name.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let folded = (hash ^ (hash >> 48)) & 0xffff_ffff_ffff;
    folded.max(1 << 32)
}
