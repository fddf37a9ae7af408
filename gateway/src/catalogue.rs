//! The catalogues: what can be measured, how it is judged and aggregated, which kinds of node there are,
//! and the zones and sites of the city. Files in `config/catalogues/` that a municipality edits, with their sources.

pub mod alerts;
pub mod exceptions;
pub mod inspections;
pub mod load;
pub mod mapping;
pub mod personal_data;
pub mod severity;
mod shape;

use std::collections::HashMap;
use std::sync::Arc;

/// All catalogues, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    quantities: Vec<Quantity>,
    by_code: HashMap<Arc<str>, QuantityIndex>,
    by_number: HashMap<u8, QuantityIndex>,
    /// Kinds of node, by code.
    pub node_types: HashMap<Arc<str>, NodeType>,
    /// Zones (the city's communities), in the file's order.
    pub zones: Vec<Zone>,
    /// Sites, in the file's order.
    pub sites: Vec<Site>,
    /// How makers' own messages are read.
    pub mappings: mapping::Mappings,
    /// What is held of people.
    pub personal_data: Vec<personal_data::DataClass>,
    /// How defects are rated.
    pub schemes: Vec<severity::Scheme>,
    /// What equipment is inspected for.
    pub inspections: Vec<inspections::Sheet>,
    /// Which certificates it needs.
    pub certificates: Vec<inspections::CertificateType>,
    /// When somebody is told.
    pub alerts: Vec<alerts::AlertRule>,
    /// What an auditor looks at.
    pub exceptions: exceptions::Exceptions,
}

/// A quantity's place in this run's catalogue: small and `Copy`, never written to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuantityIndex(pub u16);

impl Catalogue {
    /// The catalogue of these parts. The loader has checked that codes and numbers are unique.
    pub fn new(
        quantities: Vec<Quantity>,
        node_types: HashMap<Arc<str>, NodeType>,
        zones: Vec<Zone>,
        sites: Vec<Site>,
    ) -> Self {
        let index = |i: usize| QuantityIndex(u16::try_from(i).expect("the loader allows 1,000 quantities"));
        let by_code = quantities.iter().enumerate().map(|(i, q)| (q.code.clone(), index(i))).collect();
        let by_number = quantities.iter().enumerate().filter_map(|(i, q)| Some((q.number?, index(i)))).collect();
        let mappings = mapping::Mappings::default();
        Self { quantities, by_code, by_number, node_types, zones, sites, mappings, ..Self::default() }
    }

    /// The quantity with that code, `pm25`.
    pub fn find(&self, code: &str) -> Option<QuantityIndex> {
        self.by_code.get(code).copied()
    }

    /// The quantity with that number in native frames.
    pub fn find_number(&self, number: u8) -> Option<QuantityIndex> {
        self.by_number.get(&number).copied()
    }

    /// The quantity at `index`.
    pub fn quantity(&self, index: QuantityIndex) -> &Quantity {
        &self.quantities[usize::from(index.0)]
    }

    /// All quantities, in the file's order.
    pub fn quantities(&self) -> &[Quantity] {
        &self.quantities
    }

    /// The zone with that code, `DKA`.
    pub fn zone(&self, code: &str) -> Option<&Zone> {
        self.zones.iter().find(|zone| &*zone.code == code)
    }

    /// The sheet that is about that kind of equipment.
    pub fn sheet(&self, kind: &str) -> Option<&inspections::Sheet> {
        self.inspections.iter().find(|sheet| sheet.has_kind(kind))
    }

    /// The scheme by which defects of that kind of equipment are rated.
    pub fn scheme(&self, kind: &str) -> Option<&severity::Scheme> {
        let code = &self.sheet(kind)?.severity;
        self.schemes.iter().find(|scheme| scheme.code == *code)
    }

    /// Types of certificates that equipment of that kind and use needs.
    pub fn certificates_for<'a>(
        &'a self,
        kind: &'a str,
        used_as: Option<&'a str>,
    ) -> impl Iterator<Item = &'a inspections::CertificateType> {
        self.certificates.iter().filter(move |of_type| {
            let has = |codes: &[Arc<str>], code: &str| codes.iter().any(|known| &**known == code);
            let used = of_type.uses.is_empty() || used_as.is_some_and(|used_as| has(&of_type.uses, used_as));
            has(&of_type.kinds, kind) && used
        })
    }

    /// The site with that code, `white-tower`.
    pub fn site(&self, code: &str) -> Option<&Site> {
        self.sites.iter().find(|site| &*site.code == code)
    }
}

/// Something that can be measured, and the rules that hold for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// The code that topics, files and APIs use.
    pub code: Arc<str>,
    /// Its number in native frames.
    pub number: Option<u8>,
    /// Name in Greek and in English.
    pub name: Text,
    /// The unit of stored values, in UCUM.
    pub unit: Arc<str>,
    /// A page that defines the quantity, for SensorThings.
    pub definition: Option<Arc<str>>,
    /// Values are resolved to 10^-decimals of the unit; sums are exact integers of it.
    pub decimals: u8,
    /// How its values are put together in a window.
    pub rule: Rule,
    /// Other units that are converted, by the name a sender uses.
    pub conversions: Vec<Conversion>,
    /// Usual seconds between readings, when it has a period.
    pub period_s: Option<u32>,
    /// QARTOD's thresholds.
    pub tests: Tests,
}

/// A text in the two languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// Greek.
    pub el: String,
    /// English.
    pub en: String,
}

/// How the values of a window are put together (domain rules, `docs/aggregation.md`).
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Arithmetic mean; the sum is exact.
    Mean,
    /// 10·lg of the mean of 10^(L/10): levels in dB.
    Energetic,
    /// The largest: LAmax, peaks.
    Maximum,
    /// The smallest and the largest only: percentiles made by the instrument, which are never averaged.
    Extent,
    /// Mean direction on the circle, in degrees; undefined near a zero resultant, and in a calm.
    Circular {
        /// The quantity of the same node and channel, and the value below which direction means nothing.
        calm: Option<(Arc<str>, f64)>,
    },
    /// A count that only rises; a window holds its increase. A fall is a rollover when a modulus is declared, else a reset.
    Counter {
        /// The value at which the counter starts again from 0.
        modulus: Option<f64>,
    },
    /// An amount since the reading before: a window holds the sum. A gap is not 0.
    Increment,
    /// One of a list of states: a window holds the share of time in each, the unknown left out.
    State {
        /// State names by number.
        states: Vec<State>,
    },
}

impl Rule {
    /// The code of the quantity that this one's windows look at beside their own observations.
    pub fn companion(&self) -> Option<&str> {
        match self {
            Rule::Circular { calm: Some((code, _)) } => Some(code),
            _ => None,
        }
    }
}

/// One state of a quantity of states.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The number stored.
    pub value: i32,
    /// The word senders use, `occupied`.
    pub code: Arc<str>,
    /// Whether it means that the state is not known.
    pub unknown: bool,
    /// What people read.
    pub name: Text,
}

/// `stored = sent · scale + offset`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    /// The unit as sent: a SenML unit or a UCUM code.
    pub unit: Arc<str>,
    /// Factor.
    pub scale: f64,
    /// Added after the factor.
    pub offset: f64,
}

/// QARTOD thresholds; a test without one is not made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tests {
    /// Outside [min, max]: fail.
    pub range_fail: Option<(f64, f64)>,
    /// Outside [min, max]: suspect.
    pub range_suspect: Option<(f64, f64)>,
    /// `|x[n−1] − mean(x[n], x[n−2])|` above this: suspect.
    pub spike_suspect: Option<f64>,
    /// Change per second above this: suspect.
    pub rate_suspect_per_s: Option<f64>,
    /// Range within the window stays at or below the tolerance: suspect.
    pub flat_line: Option<FlatLine>,
}

/// QARTOD's flat line test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlatLine {
    /// Largest range that counts as flat, in the unit.
    pub tolerance: f64,
    /// Length of the rolling window, in seconds.
    pub window_s: u32,
}

/// A kind of node: what it carries, how often it speaks, how it is powered.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeType {
    /// Code, `air-sds011-dht22`.
    pub code: Arc<str>,
    /// Name in Greek and in English.
    pub name: Text,
    /// What the sensors are, for SensorThings' Sensor.
    pub sensor: String,
    /// Whether what it measures is indicative only (low-cost air sensors).
    pub indicative: bool,
    /// Mains, night, battery or solar: silence is judged by it.
    pub power: Power,
    /// Seconds between readings by quantity code, where they differ from the quantity's own.
    pub period_s: HashMap<Arc<str>, u32>,
}

/// How a node is powered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Power {
    /// Always on.
    Mains,
    /// On only while street lighting is.
    Night,
    /// A battery.
    Battery,
    /// A battery and a panel.
    Solar,
}

/// A zone: one of the city's communities.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Code, `DKA`.
    pub code: Arc<str>,
    /// Name in Greek and in English.
    pub name: Text,
    /// Centre, degrees of WGS 84.
    pub position: Position,
}

/// A place where nodes stand. Its zone is a field, never derived from the position: the boxes of zones overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Code, `white-tower`.
    pub code: Arc<str>,
    /// Name in Greek and in English.
    pub name: Text,
    /// Its zone's code.
    pub zone: Arc<str>,
    /// Where it is.
    pub position: Position,
}

/// Degrees of WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// North is positive.
    pub lat: f64,
    /// East is positive.
    pub lon: f64,
}
