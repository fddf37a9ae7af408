//! Reads back what is stored, as any other program would: SensorThings, page by page.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::gateway::Gateway;

/// Entities asked for at once.
const PAGE: usize = 10_000;

/// An observation: when, and what.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// `phenomenonTime`, as it is written.
    pub time: String,
    /// `result`.
    pub result: Value,
    /// `resultQuality`.
    pub quality: Value,
    /// `parameters`.
    pub parameters: Value,
}

/// A datastream as it is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The node.
    pub node: String,
    /// The quantity's code.
    pub quantity: String,
    /// The channel.
    pub channel: u64,
    /// The window of an aggregate.
    pub window: Option<String>,
}

impl Gateway {
    /// All entities of a collection, by following its next links.
    ///
    /// # Panics
    /// When a page is no success.
    pub fn all(&self, path: &str) -> Vec<Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut next = Some(format!("/v1.1/{path}{joint}$top={PAGE}").replace(' ', "%20"));
        let mut found = Vec::new();
        while let Some(path) = next {
            let answer = self.get(&path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            let mut page = answer.json();
            let link = page["@iot.nextLink"].as_str().map(str::to_owned);
            match page["value"].take() {
                Value::Array(entities) => found.extend(entities),
                other => panic!("{path} gives no list: {other}"),
            }
            next = link.map(|link| {
                let path = link.find("/v1.1").unwrap_or_else(|| panic!("a strange next link {link}"));
                link[path..].to_owned()
            });
        }
        found
    }

    /// The datastreams, by what names them.
    pub fn datastreams(&self) -> BTreeMap<Key, u64> {
        let all = self.all("Datastreams?$expand=Thing($select=name)&$select=id,properties");
        let key = |stream: &Value| {
            let properties = &stream["properties"];
            let text =
                |value: &Value| value.as_str().unwrap_or_else(|| panic!("a text is missing in {stream}")).to_owned();
            Key {
                node: text(&stream["Thing"]["name"]),
                quantity: text(&properties["quantity"]),
                channel: properties["channel"].as_u64().unwrap_or_else(|| panic!("no channel in {stream}")),
                window: properties["aggregate"]["window"].as_str().map(str::to_owned),
            }
        };
        let found: Vec<(Key, u64)> =
            all.iter().map(|stream| (key(stream), stream["@iot.id"].as_u64().expect("a number"))).collect();
        let count = found.len();
        let found: BTreeMap<Key, u64> = found.into_iter().collect();
        assert_eq!(found.len(), count, "a datastream is listed twice");
        found
    }

    /// The number of the datastream of readings, or of aggregates over `window`.
    ///
    /// # Panics
    /// When there is none.
    pub fn datastream(&self, node: &str, quantity: &str, window: Option<&str>) -> u64 {
        let key =
            Key { node: node.to_owned(), quantity: quantity.to_owned(), channel: 0, window: window.map(str::to_owned) };
        *self.datastreams().get(&key).unwrap_or_else(|| panic!("there is no {key:?}"))
    }

    /// The observations of a datastream, in the order of their times.
    pub fn observations(&self, datastream: u64) -> Vec<Observation> {
        let select = "phenomenonTime,result,resultQuality,parameters";
        let path = format!("Datastreams({datastream})/Observations?$resultFormat=dataArray&$select={select}");
        let path = format!("{path}&$orderby=phenomenonTime asc");
        let mut found = Vec::new();
        for mut group in self.all(&path) {
            let Value::Array(rows) = group["dataArray"].take() else { panic!("no data array in {group}") };
            for mut row in rows {
                found.push(Observation {
                    time: row[0].as_str().unwrap_or_else(|| panic!("no time in {row}")).to_owned(),
                    result: row[1].take(),
                    quality: row[2].take(),
                    parameters: row[3].take(),
                });
            }
        }
        found
    }
}

impl Observation {
    /// The result as a number.
    ///
    /// # Panics
    /// When it is none.
    pub fn number(&self) -> f64 {
        self.result.as_f64().unwrap_or_else(|| panic!("{self:?} has no number"))
    }

    /// When it was measured, or when its window begins, in milliseconds since 1970.
    ///
    /// # Panics
    /// When its time is none.
    pub fn at_ms(&self) -> i64 {
        let start = self.time.split('/').next().expect("split gives one at least");
        let time: jiff::Timestamp = start.parse().unwrap_or_else(|error| panic!("{error}: {}", self.time));
        time.as_millisecond()
    }
}
