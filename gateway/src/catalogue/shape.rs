//! The catalogue files as serde sees them: every key there is, all of them optional here, unknown ones refused.

use std::collections::BTreeMap;

use toml::Spanned;

use super::Power;
use crate::config::document::Key;

/// `quantities.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Quantities {
    pub(super) quantity: Vec<Spanned<Quantity>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Quantity {
    pub(super) code: Key<String>,
    pub(super) number: Key<u64>,
    pub(super) name: Key<Text>,
    pub(super) unit: Key<String>,
    pub(super) definition: Key<String>,
    pub(super) decimals: Key<u64>,
    pub(super) rule: Key<Rule>,
    pub(super) calm: Key<Calm>,
    pub(super) modulus: Key<f64>,
    pub(super) states: Key<Vec<Spanned<State>>>,
    pub(super) conversions: Vec<Spanned<Conversion>>,
    pub(super) period_s: Key<u64>,
    pub(super) tests: Tests,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rule {
    Mean,
    Energetic,
    Maximum,
    Extent,
    Circular,
    Counter,
    Increment,
    State,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Text {
    pub(super) el: Key<String>,
    pub(super) en: Key<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Calm {
    pub(super) quantity: Key<String>,
    pub(super) below: Key<f64>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct State {
    pub(super) value: Key<i32>,
    pub(super) code: Key<String>,
    pub(super) unknown: Key<bool>,
    pub(super) name: Key<Text>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Conversion {
    pub(super) unit: Key<String>,
    pub(super) scale: Key<f64>,
    pub(super) offset: Key<f64>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tests {
    pub(super) range_fail: Key<Vec<f64>>,
    pub(super) range_suspect: Key<Vec<f64>>,
    pub(super) spike_suspect: Key<f64>,
    pub(super) rate_suspect_per_s: Key<f64>,
    pub(super) flat_line: Key<FlatLine>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FlatLine {
    pub(super) tolerance: Key<f64>,
    pub(super) window_s: Key<u64>,
}

/// `node_types.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NodeTypes {
    pub(super) node_type: Vec<Spanned<NodeType>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NodeType {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) sensor: Key<String>,
    pub(super) indicative: Key<bool>,
    pub(super) power: Key<Power>,
    pub(super) period_s: BTreeMap<String, Key<u64>>,
}

/// `zones.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Zones {
    pub(super) zone: Vec<Spanned<Zone>>,
    pub(super) site: Vec<Spanned<Site>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Zone {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) lat: Key<f64>,
    pub(super) lon: Key<f64>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Site {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) zone: Key<String>,
    pub(super) lat: Key<f64>,
    pub(super) lon: Key<f64>,
}

/// `personal_data.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PersonalData {
    pub(super) class: Vec<Spanned<DataClass>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DataClass {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) what: Key<Text>,
    pub(super) why: Key<Text>,
    pub(super) ground: Key<Text>,
    pub(super) erase: Key<Erase>,
    pub(super) keep: Key<String>,
    pub(super) elsewhere: Key<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Erase {
    Erased,
    Kept,
}

/// `mappings.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Mappings {
    pub(super) mapping: Vec<Spanned<Mapping>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Mapping {
    pub(super) code: Key<String>,
    pub(super) topic: Key<String>,
    pub(super) when: BTreeMap<String, Key<String>>,
    pub(super) node: Key<String>,
    pub(super) node_prefix: Key<String>,
    pub(super) time: Key<String>,
    pub(super) time_format: Key<TimeFormat>,
    pub(super) time_zone: Key<String>,
    pub(super) field: Vec<Spanned<Field>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TimeFormat {
    Text,
    Seconds,
    Milliseconds,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Field {
    pub(super) path: Key<String>,
    pub(super) quantity: Key<String>,
    pub(super) channel: Key<u64>,
    pub(super) unit: Key<String>,
    pub(super) factor: Key<f64>,
    pub(super) offset: Key<f64>,
}

/// A file of `inspections/`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Sheet {
    pub(super) version: Key<String>,
    pub(super) severity: Key<String>,
    pub(super) kind: Vec<Spanned<Named>>,
    #[serde(rename = "use")]
    pub(super) used_as: Vec<Spanned<Named>>,
    #[serde(rename = "type")]
    pub(super) of_type: Vec<Spanned<InspectionType>>,
    pub(super) item: Vec<Spanned<Item>>,
    pub(super) event: Vec<Spanned<Event>>,
}

/// What calls for an inspection.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Event {
    pub(super) on: Key<Happening>,
    pub(super) quantity: Key<String>,
    pub(super) above: Key<f64>,
    pub(super) within: Key<Within>,
    pub(super) calls: Key<String>,
    pub(super) days: Key<u64>,
    pub(super) source: Key<String>,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Happening {
    Repair,
    Reading,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Within {
    Equipment,
    Community,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct InspectionType {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) uses: Key<Vec<String>>,
    pub(super) rule: Key<IntervalRule>,
    pub(super) every: Key<u64>,
    pub(super) on: Key<String>,
    pub(super) before_days: Key<u64>,
    pub(super) after_days: Key<u64>,
    pub(super) independent: Key<bool>,
    pub(super) covers: Key<Vec<String>>,
    pub(super) after: Key<Uses>,
    pub(super) source: Key<String>,
}

/// So many uses.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Uses {
    pub(super) quantity: Key<String>,
    pub(super) count: Key<u64>,
}

/// A code and what people read.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Named {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IntervalRule {
    Once,
    Days,
    Months,
    MonthsAnchored,
    PerMonth,
    Yearly,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Item {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) kinds: Key<Vec<String>>,
    pub(super) types: Key<Vec<String>>,
    pub(super) unit: Key<String>,
    pub(super) min: Key<f64>,
    pub(super) max: Key<f64>,
    pub(super) with_node: Key<bool>,
    pub(super) source: Key<String>,
}

/// `severity.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Schemes {
    pub(super) scheme: Vec<Spanned<Scheme>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scheme {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) important_from: Key<u64>,
    pub(super) urgent_from: Key<u64>,
    pub(super) source: Key<String>,
    pub(super) scale: Vec<Spanned<Scale>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scale {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) marks: Vec<Spanned<Text>>,
}

/// `certificates.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Certificates {
    pub(super) certificate: Vec<Spanned<Certificate>>,
}

/// `exceptions.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Exceptions {
    pub(super) threshold: Vec<Spanned<Threshold>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Threshold {
    pub(super) code: Key<String>,
    pub(super) value: Key<u64>,
    pub(super) source: Key<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Certificate {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) kinds: Key<Vec<String>>,
    pub(super) uses: Key<Vec<String>>,
    pub(super) months: Key<u64>,
    pub(super) lead_days: Key<u64>,
    pub(super) locks_out: Key<bool>,
    pub(super) steps: Vec<Spanned<Step>>,
    pub(super) source: Key<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Step {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
}

/// `alerts.toml`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Alerts {
    pub(super) rule: Vec<Spanned<AlertRule>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AlertRule {
    pub(super) code: Key<String>,
    pub(super) name: Key<Text>,
    pub(super) severity: Key<String>,
    pub(super) on: Key<String>,
    pub(super) quantity: Key<String>,
    pub(super) level: Key<f64>,
    pub(super) clear: Key<f64>,
    pub(super) for_s: Key<u64>,
    pub(super) clear_s: Key<u64>,
    pub(super) over_s: Key<u64>,
    pub(super) window: Key<String>,
    pub(super) value: Key<String>,
    pub(super) days: Key<u64>,
    pub(super) factor: Key<f64>,
    pub(super) always: Key<f64>,
    pub(super) kinds: Key<Vec<String>>,
    pub(super) node_types: Key<Vec<String>>,
    pub(super) zones: Key<Vec<String>>,
    pub(super) one_for: Key<String>,
    pub(super) latched: Key<bool>,
    pub(super) calls: Key<Called>,
    pub(super) defect: Key<DefectOf>,
    pub(super) instructions: Key<Text>,
    pub(super) contacts: Vec<Spanned<Contact>>,
    pub(super) source: Key<String>,
}

/// An inspection that is called for.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Called {
    pub(super) inspection: Key<String>,
    pub(super) days: Key<u64>,
}

/// A defect that is opened.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DefectOf {
    pub(super) severity: Key<String>,
    pub(super) text: Key<Text>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Contact {
    pub(super) name: Key<Text>,
    pub(super) phone: Key<String>,
}
