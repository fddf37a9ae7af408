//! Settled aggregates as rows, from the gateway itself and from VictoriaMetrics behind its sink, and their first difference.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::gateway::Gateway;
use crate::http;
use crate::peer::Store;

/// What a row holds, by its name in every store.
pub const NUMBERS: [&str; 11] =
    ["mean", "min", "max", "sum", "count", "n_expected", "capture", "revision", "p10", "p50", "p95"];

/// What names a row: quantity, node, window, start.
pub type RowKey = (String, String, String, i64);
/// Field → every value that a store has for it.
pub type Row = BTreeMap<String, Vec<f64>>;

/// How a store keeps what it is given.
#[derive(Debug, Clone, Copy)]
pub struct Keeps {
    /// Relative error of its numbers.
    pub error: f64,
    /// Whether it keeps what was overwritten too.
    pub revised: bool,
}

/// VictoriaMetrics: decimals of one exponent a block, so it loses last digits; and every sample that it was given.
pub const VICTORIA: Keeps = Keeps { error: 1e-9, revised: true };

/// The settled aggregates as the gateway itself has them.
pub fn embedded(gateway: &Gateway) -> BTreeMap<RowKey, Row> {
    let mut rows = BTreeMap::new();
    for (key, id) in gateway.datastreams() {
        let Some(window) = &key.window else { continue };
        for one in gateway.observations(id).iter().filter(|one| one.parameters["status"] == "settled") {
            let mut row: Row = NUMBERS
                .iter()
                .filter_map(|name| Some((name.to_string(), vec![one.parameters[*name].as_f64()?])))
                .collect();
            row.insert("valid".into(), vec![f64::from(u8::from(one.parameters["valid"] == true))]);
            rows.insert((key.quantity.clone(), key.node.clone(), window.clone(), one.at_ms()), row);
        }
    }
    rows
}

/// Everything that VictoriaMetrics has of these quantities.
///
/// # Panics
/// When it does not answer, or has something else.
pub fn in_victoria(store: &Store, quantities: &[&str]) -> BTreeMap<RowKey, Row> {
    http::get(&store.address(), "/internal/force_flush").expect("it answers");
    let export =
        http::get(&store.address(), "/api/v1/export?match%5B%5D=%7B__name__%21%3D%22%22%7D").expect("it answers");
    let mut rows: BTreeMap<RowKey, Row> = BTreeMap::new();
    for line in export.text().lines() {
        let series: Value = serde_json::from_str(line).expect("a line of JSON");
        let label = |name: &str| series["metric"][name].as_str().unwrap_or_default().to_owned();
        let metric = label("__name__");
        let quantity = quantities.iter().find(|quantity| metric.starts_with(&format!("{quantity}_"))).expect("ours");
        let field = metric[quantity.len() + 1..].to_owned();
        assert_eq!(label("channel"), "0", "{line}");
        let pairs =
            series["values"].as_array().expect("values").iter().zip(series["timestamps"].as_array().expect("times"));
        for (value, time) in pairs {
            let key = (quantity.to_string(), label("node"), label("window"), time.as_i64().expect("a time"));
            let values = rows.entry(key).or_default().entry(field.clone()).or_default();
            values.push(value.as_f64().expect("a number"));
        }
    }
    rows
}

/// The first difference; a store that keeps what was revised must hold the final revision as its greatest.
pub fn difference(keeps: Keeps, own: &BTreeMap<RowKey, Row>, other: &BTreeMap<RowKey, Row>) -> Option<String> {
    if let Some(key) = other.keys().find(|key| !own.contains_key(*key)) {
        return Some(format!("the store has {key:?}, the gateway has not"));
    }
    for (key, row) in own {
        let Some(found) = other.get(key) else { return Some(format!("the store lacks {key:?}")) };
        for (field, values) in row {
            let stored = found.get(field).map_or(&[][..], |values| &values[..]);
            let greatest = stored.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let is_final = |value: &f64| (value - values[0]).abs() <= values[0].abs() * keeps.error;
            let revised_alone = !keeps.revised && stored.len() != 1;
            if !stored.iter().any(is_final) || revised_alone || (field == "revision" && greatest != values[0]) {
                return Some(format!("{key:?} {field}: the gateway has {values:?}, the store {stored:?}"));
            }
        }
    }
    None
}
