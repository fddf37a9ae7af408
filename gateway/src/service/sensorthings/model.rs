//! The data model of OGC 18-088 as tables: the entity types that this service has, their properties and relations.

use std::fmt;

/// A type of entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A node.
    Thing,
    /// Where Things are.
    Location,
    /// Where a Thing was from a moment on.
    HistoricalLocation,
    /// What one Thing observes of one property, or one window's aggregates of it.
    Datastream,
    /// What measures.
    Sensor,
    /// A quantity.
    ObservedProperty,
    /// A result.
    Observation,
    /// The place that an Observation is about.
    FeatureOfInterest,
}

/// A relation of an entity type, by the name it has in paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Navigation {
    /// The name in paths and in `$expand`: `Datastreams`, `Thing`.
    pub name: &'static str,
    /// What it leads to.
    pub target: Kind,
    /// Whether it leads to a collection.
    pub many: bool,
}

const fn many(name: &'static str, target: Kind) -> Navigation {
    Navigation { name, target, many: true }
}

const fn one(name: &'static str, target: Kind) -> Navigation {
    Navigation { name, target, many: false }
}

impl Kind {
    /// Every type, in the order of the service's root.
    pub const ALL: [Kind; 8] = [
        Kind::Thing,
        Kind::Location,
        Kind::HistoricalLocation,
        Kind::Datastream,
        Kind::Sensor,
        Kind::ObservedProperty,
        Kind::Observation,
        Kind::FeatureOfInterest,
    ];

    /// The name of the set of all of them, as the first segment of a path.
    pub const fn set(self) -> &'static str {
        match self {
            Kind::Thing => "Things",
            Kind::Location => "Locations",
            Kind::HistoricalLocation => "HistoricalLocations",
            Kind::Datastream => "Datastreams",
            Kind::Sensor => "Sensors",
            Kind::ObservedProperty => "ObservedProperties",
            Kind::Observation => "Observations",
            Kind::FeatureOfInterest => "FeaturesOfInterest",
        }
    }

    /// The type whose set has that name.
    pub fn from_set(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.set() == name)
    }

    /// Its relations.
    pub const fn navigations(self) -> &'static [Navigation] {
        const THING: &[Navigation] = &[
            many("Locations", Kind::Location),
            many("HistoricalLocations", Kind::HistoricalLocation),
            many("Datastreams", Kind::Datastream),
        ];
        const LOCATION: &[Navigation] =
            &[many("Things", Kind::Thing), many("HistoricalLocations", Kind::HistoricalLocation)];
        const HISTORICAL: &[Navigation] = &[one("Thing", Kind::Thing), many("Locations", Kind::Location)];
        const DATASTREAM: &[Navigation] = &[
            one("Thing", Kind::Thing),
            one("Sensor", Kind::Sensor),
            one("ObservedProperty", Kind::ObservedProperty),
            many("Observations", Kind::Observation),
        ];
        const DATASTREAMS: &[Navigation] = &[many("Datastreams", Kind::Datastream)];
        const OBSERVATION: &[Navigation] =
            &[one("Datastream", Kind::Datastream), one("FeatureOfInterest", Kind::FeatureOfInterest)];
        const FEATURE: &[Navigation] = &[many("Observations", Kind::Observation)];
        match self {
            Kind::Thing => THING,
            Kind::Location => LOCATION,
            Kind::HistoricalLocation => HISTORICAL,
            Kind::Datastream => DATASTREAM,
            Kind::Sensor | Kind::ObservedProperty => DATASTREAMS,
            Kind::Observation => OBSERVATION,
            Kind::FeatureOfInterest => FEATURE,
        }
    }

    /// The relation with that name.
    pub fn navigation(self, name: &str) -> Option<Navigation> {
        self.navigations().iter().copied().find(|navigation| navigation.name == name)
    }

    /// Its properties, in the order they are written.
    pub const fn properties(self) -> &'static [&'static str] {
        match self {
            Kind::Thing => &["name", "description", "properties"],
            Kind::Location => &["name", "description", "encodingType", "location", "properties"],
            Kind::HistoricalLocation => &["time"],
            Kind::Datastream => &[
                "name",
                "description",
                "observationType",
                "unitOfMeasurement",
                "observedArea",
                "phenomenonTime",
                "resultTime",
                "properties",
            ],
            Kind::Sensor => &["name", "description", "encodingType", "metadata", "properties"],
            Kind::ObservedProperty => &["name", "definition", "description", "properties"],
            Kind::Observation => {
                &["phenomenonTime", "resultTime", "result", "resultQuality", "validTime", "parameters"]
            }
            Kind::FeatureOfInterest => &["name", "description", "encodingType", "feature", "properties"],
        }
    }

    /// The property with that name; `id` and `@iot.id` are one, and so for the link to itself.
    pub fn property(self, name: &str) -> Option<&'static str> {
        match name {
            "id" | "@iot.id" => Some(ID),
            "selfLink" | "@iot.selfLink" => Some(SELF_LINK),
            _ => self.properties().iter().copied().find(|property| *property == name),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The property that holds an entity's number.
pub(super) const ID: &str = "@iot.id";
/// The property that holds the absolute URL of an entity.
pub(super) const SELF_LINK: &str = "@iot.selfLink";
