//! `mappings.toml`: entries checked against the quantities.

use std::path::Path as File;
use std::sync::Arc;

use toml::Spanned;

use super::super::mapping::{Condition, Field, Mapping, Mappings, NodeFrom, Path, TimeFormat, TimeFrom, TopicPattern};
use super::super::{Catalogue, Quantity, Rule, shape};
use super::{At, Entries, Seen};
use crate::config::document::{self, Key};
use crate::config::problem::{Problem, did_you_mean};

/// Any value, in a condition.
const ANY: &str = "*";

/// Reads the mappings into the catalogue, and says every problem of them.
pub(super) fn add(catalogue: &mut Catalogue, file: &File, text: &str) -> Vec<Problem> {
    let (shape, report) = document::read::<shape::Mappings>(file, text);
    let mut entries = Entries { report };
    catalogue.mappings = entries.mappings(&shape, catalogue);
    entries.report.into_problems()
}

impl Entries {
    fn mappings(&mut self, shape: &shape::Mappings, catalogue: &Catalogue) -> Mappings {
        let mut seen = Seen::default();
        let entries = shape.mapping.iter().enumerate();
        Mappings::new(entries.filter_map(|(i, entry)| self.mapping(i, entry, catalogue, &mut seen)).collect())
    }

    fn mapping(
        &mut self,
        i: usize,
        entry: &Spanned<shape::Mapping>,
        catalogue: &Catalogue,
        seen: &mut Seen<String>,
    ) -> Option<Mapping> {
        let at = At { path: format!("mapping[{i}]"), span: entry.span() };
        let shape = entry.get_ref();
        let code = self.code(&at, &shape.code, seen);
        let topic = self.topic(&at, &shape.topic);
        let mut when = Vec::new();
        for (path, value) in &shape.when {
            let key = at.key(&format!("when.{path}"));
            let Some(path) = Path::parse(path) else {
                self.report.add(key, value.span(), format!("{path:?}"), "a path such as \"object.temperature\"");
                continue;
            };
            when.push(Condition { path, equals: value.get().filter(|value| *value != ANY).cloned() });
        }
        let node = match self.path(&at, "node", &shape.node) {
            Some(path) => NodeFrom::Payload(path),
            None => NodeFrom::Topic,
        };
        if node == NodeFrom::Topic && topic.as_ref().is_some_and(|topic| !topic.names_node()) {
            let expected = "{node} as a level of the topic, or the key node with a path in the message";
            self.report.add(at.key("topic"), shape.topic.span(), "no place for the node's name", expected);
        }
        let time = self.time(&at, shape);
        let fields = shape.field.iter().enumerate();
        let fields: Vec<Field> = fields.filter_map(|(f, field)| self.field(&at, f, field, catalogue)).collect();
        if shape.field.is_empty() {
            self.report.add_missing(at.key("field"), Some(at.span.clone()), "one field or more");
        }
        let node_prefix = shape.node_prefix.get().cloned().unwrap_or_default();
        Some(Mapping { code, topic: topic?, when, node, node_prefix, time, fields })
    }

    fn topic(&mut self, at: &At, key: &Key<String>) -> Option<TopicPattern> {
        let text = self.text(at, "topic", key);
        let pattern = TopicPattern::parse(&text);
        if !text.is_empty() && (pattern.is_none() || text.starts_with("city/")) {
            let expected = "levels with / between them, each a text, + or {node}, # at the end; not below city/";
            self.report.add(at.key("topic"), key.span(), format!("{text:?}"), expected);
        }
        pattern
    }

    fn time(&mut self, at: &At, shape: &shape::Mapping) -> Option<TimeFrom> {
        let path = self.path(at, "time", &shape.time);
        let name = shape.time_zone.get().map_or("UTC", String::as_str);
        let zone = jiff::tz::TimeZone::get(name).unwrap_or_else(|_| {
            let expected = "an IANA name such as \"Europe/Athens\"";
            self.report.add(at.key("time_zone"), shape.time_zone.span(), format!("{name:?}"), expected);
            jiff::tz::TimeZone::UTC
        });
        let format = match shape.time_format.get() {
            Some(shape::TimeFormat::Seconds) => TimeFormat::Seconds,
            Some(shape::TimeFormat::Milliseconds) => TimeFormat::Milliseconds,
            Some(shape::TimeFormat::Text) | None => TimeFormat::Text,
        };
        Some(TimeFrom { path: path?, format, zone })
    }

    fn field(&mut self, at: &At, f: usize, entry: &Spanned<shape::Field>, catalogue: &Catalogue) -> Option<Field> {
        let at = At { path: at.key(&format!("field[{f}]")), span: entry.span() };
        let shape = entry.get_ref();
        if shape.path.get().is_none() {
            self.report.add_missing(at.key("path"), Some(at.span.clone()), "a path such as \"object.temperature\"");
        }
        let path = self.path(&at, "path", &shape.path);
        let code = self.text(&at, "quantity", &shape.quantity);
        let quantity = catalogue.find(&code).map(|index| catalogue.quantity(index));
        if quantity.is_none() && !code.is_empty() {
            let found = format!("unknown quantity {code}");
            let problem =
                self.report.add(at.key("quantity"), shape.quantity.span(), found, "a quantity of quantities.toml");
            problem.hint = did_you_mean(&code, catalogue.quantities().iter().map(|q| &*q.code));
        }
        if let (Some(quantity), Some(unit)) = (quantity, shape.unit.get()) {
            self.unit(&at, &shape.unit, unit, quantity);
        }
        let channel = *shape.channel.get().unwrap_or(&0);
        if channel > 255 {
            self.report.add(at.key("channel"), shape.channel.span(), channel.to_string(), "0 to 255");
        }
        let number = |key: &Key<f64>, default: f64| key.get().copied().unwrap_or(default);
        let (factor, offset) = (number(&shape.factor, 1.0), number(&shape.offset, 0.0));
        if !factor.is_finite() || factor == 0.0 || !offset.is_finite() {
            let span = shape.factor.span().or(shape.offset.span());
            self.report.add(at.key("factor"), span, format!("{factor}, offset {offset}"), "numbers, the factor not 0");
        }
        let unit = shape.unit.get().map(|unit| Arc::from(unit.as_str()));
        Some(Field { path: path?, quantity: code.into(), channel: channel as u8, unit, factor, offset })
    }

    fn unit(&mut self, at: &At, key: &Key<String>, unit: &str, quantity: &Quantity) {
        let known = || quantity.conversions.iter().map(|c| &*c.unit).chain([&*quantity.unit]);
        if matches!(quantity.rule, Rule::State { .. }) || known().any(|known| known == unit) {
            return;
        }
        let expected = format!("one of {}", known().collect::<Vec<_>>().join(", "));
        self.report.add(at.key("unit"), key.span(), format!("{unit:?}"), expected);
    }

    fn path(&mut self, at: &At, name: &str, key: &Key<String>) -> Option<Path> {
        let text = key.get()?;
        let path = Path::parse(text);
        if path.is_none() {
            self.report.add(at.key(name), key.span(), format!("{text:?}"), "a path such as \"object.temperature\"");
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    #[test]
    fn what_is_wrong_with_a_mapping_is_told_with_its_line() {
        let text = r#"[[mapping]]
code = "a"
topic = "x/+"
field = [{ path = "t", quantity = "temperatur" }]
[[mapping]]
code = "a"
topic = "city/{node}/x"
time_zone = "Nowhere"
field = [{ path = "a..b", quantity = "temperature", unit = "K9" }]
"#;
        let problems = add(&mut load::embedded(), File::new("mappings.toml"), text);
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for part in [
            "mappings.toml:3:9: mapping[0].topic: no place for the node's name",
            "mapping[0].field[0].quantity: unknown quantity temperatur",
            "did you mean `temperature`?",
            "mappings.toml:6:8: mapping[1].code: a again, as in line 2",
            "mappings.toml:7:9: mapping[1].topic",
            "mappings.toml:8:13: mapping[1].time_zone",
            "mapping[1].field[0].path",
            "mapping[1].field[0].unit: \"K9\"",
        ] {
            assert!(shown.iter().any(|line| line.contains(part)), "{part}\n{shown:#?}");
        }
        assert_eq!(shown.len(), 7, "{shown:#?}");
    }
}
