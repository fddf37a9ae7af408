//! [`Entity`]: one entity of the city or one observation, small enough to sort by the thousand.

use super::city::City;
use super::model::Kind;
use crate::reading::Timestamp;
use crate::store::model::{Aggregate, JudgedObservation, WindowIndex};

/// An entity: a place in the [`City`]'s lists, or an observation with its data.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entity {
    /// In `things`.
    Thing(u32),
    /// In `places`.
    Location(u32),
    /// In `things`, and in its `stays`.
    HistoricalLocation(u32, u32),
    /// In `streams`, and which window; none for the observations themselves.
    Datastream(u32, Option<WindowIndex>),
    /// In `sensors`.
    Sensor(u32),
    /// In `quantities`.
    ObservedProperty(u32),
    /// In `places`.
    FeatureOfInterest(u32),
    /// Read from the store.
    Observation(Box<Measured>),
}

/// An observation or an aggregate with the Datastream it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// In `streams`.
    pub stream: u32,
    /// Which window; none for an observation.
    pub window: Option<WindowIndex>,
    /// The numbers.
    pub data: Data,
}

/// What an Observation entity holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// An observation.
    Judged(JudgedObservation),
    /// The aggregate of a window.
    Window(Aggregate),
}

impl Measured {
    /// When it was measured, or when its window starts.
    pub(super) fn starts_at(&self) -> Timestamp {
        match &self.data {
            Data::Judged(observation) => observation.measured_at,
            Data::Window(aggregate) => aggregate.span.from,
        }
    }
}

impl Entity {
    /// Its type.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Entity::Thing(_) => Kind::Thing,
            Entity::Location(_) => Kind::Location,
            Entity::HistoricalLocation(..) => Kind::HistoricalLocation,
            Entity::Datastream(..) => Kind::Datastream,
            Entity::Sensor(_) => Kind::Sensor,
            Entity::ObservedProperty(_) => Kind::ObservedProperty,
            Entity::FeatureOfInterest(_) => Kind::FeatureOfInterest,
            Entity::Observation(_) => Kind::Observation,
        }
    }

    /// Its `@iot.id`.
    ///
    /// Datastreams: the store's number · 8, + 1 + the window's place. Observations: the Datastream's · 2³², + the place in
    /// the order of arrival, or the minutes from 1970 to the window's start. Exact in JavaScript below 262,144 datastreams.
    pub(super) fn number(&self, city: &City) -> u64 {
        match self {
            Entity::Thing(at) => city.things[*at as usize].number,
            Entity::Location(at) | Entity::FeatureOfInterest(at) => city.places[*at as usize].number,
            Entity::HistoricalLocation(thing, stay) => city.stay(*thing, *stay).number,
            Entity::Datastream(stream, window) => {
                u64::from(city.streams[*stream as usize].id.0) * 8 + window.map_or(0, |w| 1 + u64::from(w.0))
            }
            Entity::Sensor(at) => city.sensors[*at as usize].number,
            Entity::ObservedProperty(at) => city.quantities[*at as usize].number,
            Entity::Observation(measured) => {
                let datastream = Entity::Datastream(measured.stream, measured.window).number(city);
                let within = match &measured.data {
                    Data::Judged(observation) => observation.ordinal,
                    Data::Window(aggregate) => minutes(aggregate.span.from),
                };
                (datastream << 32) | u64::from(within)
            }
        }
    }
}

/// Minutes since 1970 began.
fn minutes(at: Timestamp) -> u32 {
    u32::try_from(at.millis().div_euclid(60_000)).unwrap_or(0)
}
