//! Reads the catalogue files `quantities.toml`, `node_types.toml`, `zones.toml`, `mappings.toml`, `personal_data.toml`,
//! `severity.toml`, `inspections/*.toml`, `certificates.toml`, `exceptions.toml` and `alerts.toml`, and tells every problem of all at once.
//!
//! The files of `config/catalogues/` are part of the program; a municipality that edits them gives a folder of its own.
//! What is read here is consistent: codes and numbers are unique, and whatever is named by another entry exists.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::{Catalogue, NodeType, Position, Power, Site, Text, Zone, shape};
use crate::config::document::{self, Key};
use crate::config::problem::{Problem, Problems, Report, did_you_mean};

pub(crate) mod alerts;
mod exceptions;
mod inspections;
mod mapping;
mod personal_data;
mod quantity;
mod severity;

/// The files of a catalogue folder, with what the program carries of each.
const FILES: [(&str, &str); 3] = [
    ("quantities.toml", include_str!("../../../config/catalogues/quantities.toml")),
    ("node_types.toml", include_str!("../../../config/catalogues/node_types.toml")),
    ("zones.toml", include_str!("../../../config/catalogues/zones.toml")),
];

/// Reads a further file into the catalogue.
type Add = fn(&mut Catalogue, &Path, &str) -> Vec<Problem>;

/// The files that a folder may lack: the program's own are then taken.
const OPTIONAL: [(&str, &str, Add); 12] = [
    ("mappings.toml", include_str!("../../../config/catalogues/mappings.toml"), mapping::add),
    ("personal_data.toml", include_str!("../../../config/catalogues/personal_data.toml"), personal_data::add),
    ("severity.toml", include_str!("../../../config/catalogues/severity.toml"), severity::add),
    (
        "inspections/playgrounds.toml",
        include_str!("../../../config/catalogues/inspections/playgrounds.toml"),
        inspections::add_sheet,
    ),
    (
        "inspections/lifts.toml",
        include_str!("../../../config/catalogues/inspections/lifts.toml"),
        inspections::add_sheet,
    ),
    (
        "inspections/vehicles.toml",
        include_str!("../../../config/catalogues/inspections/vehicles.toml"),
        inspections::add_sheet,
    ),
    (
        "inspections/machinery.toml",
        include_str!("../../../config/catalogues/inspections/machinery.toml"),
        inspections::add_sheet,
    ),
    (
        "inspections/sports.toml",
        include_str!("../../../config/catalogues/inspections/sports.toml"),
        inspections::add_sheet,
    ),
    (
        "inspections/furniture.toml",
        include_str!("../../../config/catalogues/inspections/furniture.toml"),
        inspections::add_sheet,
    ),
    ("certificates.toml", include_str!("../../../config/catalogues/certificates.toml"), inspections::add_certificates),
    ("exceptions.toml", include_str!("../../../config/catalogues/exceptions.toml"), exceptions::add),
    ("alerts.toml", alerts::OURS, alerts::add),
];

/// The catalogues that are part of the program.
pub fn embedded() -> Catalogue {
    let texts = FILES.map(|(name, text)| (Path::new(name), text));
    let (mut catalogue, mut problems) = check(texts);
    for (name, text, add) in OPTIONAL {
        problems.extend(add(&mut catalogue, Path::new(name), text));
    }
    debug_assert!(problems.is_empty(), "{problems:?}");
    catalogue
}

/// The catalogues of a folder, which holds all of the files but perhaps the optional ones.
///
/// # Errors
/// Every problem of all of them.
pub fn folder(folder: &Path) -> Result<Catalogue, Problems> {
    let (catalogue, problems) = read_folder(folder);
    Problems::check(problems).map(|()| catalogue)
}

/// What could be read of a folder, and every problem.
pub(crate) fn read_folder(folder: &Path) -> (Catalogue, Vec<Problem>) {
    let mut unreadable = Vec::new();
    let files = FILES.map(|(name, ours)| {
        let file = folder.join(name);
        // With our own text in place of the missing one, what the others name in it is not reported too.
        let text = document::read_text(&file).unwrap_or_else(|problems| {
            unreadable.extend(problems.into_vec());
            ours.to_owned()
        });
        (file, text)
    });
    let (mut catalogue, problems) = check(files.each_ref().map(|(file, text)| (file.as_path(), text.as_str())));
    unreadable.extend(problems);
    for (name, ours, add) in OPTIONAL {
        let file = folder.join(name);
        let text = if file.exists() { document::read_text(&file) } else { Ok(ours.to_owned()) };
        match text {
            Ok(text) => unreadable.extend(add(&mut catalogue, &file, &text)),
            Err(problems) => unreadable.extend(problems.into_vec()),
        }
    }
    (catalogue, unreadable)
}

fn check([quantities, node_types, zones]: [(&Path, &str); 3]) -> (Catalogue, Vec<Problem>) {
    let (shape, report) = document::read::<shape::Quantities>(quantities.0, quantities.1);
    let mut entries = Entries { report };
    let quantities = entries.quantities(&shape);
    let mut problems = entries.report.into_problems();

    let (shape, report) = document::read::<shape::NodeTypes>(node_types.0, node_types.1);
    let mut entries = Entries { report };
    let node_types = entries.node_types(&shape, &quantities.iter().map(|q| &*q.code).collect::<Vec<_>>());
    problems.extend(entries.report.into_problems());

    let (shape, report) = document::read::<shape::Zones>(zones.0, zones.1);
    let mut entries = Entries { report };
    let zones = entries.zones(&shape);
    let sites = entries.sites(&shape, &zones.iter().map(|zone| &*zone.code).collect::<Vec<_>>());
    problems.extend(entries.report.into_problems());

    (Catalogue::new(quantities, node_types, zones, sites), problems)
}

/// One file's entries while they are checked. An entry that lacks something is given an empty one in its place: what is
/// made of it is thrown away with the problems reported.
struct Entries {
    report: Report,
}

impl Entries {
    fn node_types(&mut self, shape: &shape::NodeTypes, quantities: &[&str]) -> HashMap<Arc<str>, NodeType> {
        let mut seen = Seen::default();
        let mut node_types = HashMap::new();
        for (i, entry) in shape.node_type.iter().enumerate() {
            let at = At { path: format!("node_type[{i}]"), span: entry.span() };
            let shape = entry.get_ref();
            let code = self.code(&at, &shape.code, &mut seen);
            let mut period_s = HashMap::new();
            for (quantity, seconds) in &shape.period_s {
                let path = at.key(&format!("period_s.{quantity}"));
                if !quantities.contains(&quantity.as_str()) {
                    let expected = "a quantity of quantities.toml";
                    let problem =
                        self.report.add(path, seconds.span(), format!("unknown quantity {quantity}"), expected);
                    problem.hint = did_you_mean(quantity, quantities.iter().copied());
                } else if let Some(seconds) = self.whole(&path, seconds, 1, 366 * 86_400) {
                    period_s.insert(Arc::from(quantity.as_str()), seconds);
                }
            }
            let node_type = NodeType {
                code: code.clone(),
                name: self.names(&at, &shape.name),
                sensor: self.text(&at, "sensor", &shape.sensor),
                indicative: shape.indicative.get().copied().unwrap_or(false),
                power: self.value(&at, "power", &shape.power, "mains, night, battery or solar").unwrap_or(Power::Mains),
                period_s,
            };
            node_types.insert(code, node_type);
        }
        node_types
    }

    fn zones(&mut self, shape: &shape::Zones) -> Vec<Zone> {
        let mut seen = Seen::default();
        let entries = shape.zone.iter().enumerate();
        entries
            .map(|(i, entry)| {
                let at = At { path: format!("zone[{i}]"), span: entry.span() };
                let shape = entry.get_ref();
                Zone {
                    code: self.code(&at, &shape.code, &mut seen),
                    name: self.names(&at, &shape.name),
                    position: self.position(&at, &shape.lat, &shape.lon),
                }
            })
            .collect()
    }

    fn sites(&mut self, shape: &shape::Zones, zones: &[&str]) -> Vec<Site> {
        let mut seen = Seen::default();
        let entries = shape.site.iter().enumerate();
        entries
            .map(|(i, entry)| {
                let at = At { path: format!("site[{i}]"), span: entry.span() };
                let shape = entry.get_ref();
                let zone = self.text(&at, "zone", &shape.zone);
                if !zone.is_empty() && !zones.contains(&zone.as_str()) {
                    let found = format!("unknown zone {zone:?}");
                    let expected = format!("one of {}", zones.join(", "));
                    let problem = self.report.add(at.key("zone"), shape.zone.span(), found, expected);
                    problem.hint = did_you_mean(&zone, zones.iter().copied());
                }
                Site {
                    code: self.code(&at, &shape.code, &mut seen),
                    name: self.names(&at, &shape.name),
                    zone: zone.into(),
                    position: self.position(&at, &shape.lat, &shape.lon),
                }
            })
            .collect()
    }

    /// A code of its own: 1 to 64 of `A-Z a-z 0-9 - _`.
    fn code(&mut self, at: &At, key: &Key<String>, seen: &mut Seen<String>) -> Arc<str> {
        let code = self.text(at, "code", key);
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if code.len() > 64 || !code.bytes().all(allowed) {
            self.report.add(at.key("code"), key.span(), format!("{code:?}"), "1 to 64 of A-Z a-z 0-9 - _");
        } else if !code.is_empty() {
            self.once(at, "code", code.clone(), key.span(), seen);
        }
        code.into()
    }

    /// Reports a value that an entry before has.
    fn once<T: Ord + std::fmt::Display>(
        &mut self,
        at: &At,
        key: &str,
        value: T,
        span: Option<Range<usize>>,
        seen: &mut Seen<T>,
    ) {
        let line = span.clone().map_or(0, |span| self.report.line(span.start));
        match seen.0.get(&value) {
            Some(before) => {
                let found = format!("{value} again, as in line {before}");
                self.report.add(at.key(key), span, found, format!("a {key} of its own"));
            }
            None => {
                seen.0.insert(value, line);
            }
        }
    }

    fn names(&mut self, at: &At, key: &Key<shape::Text>) -> Text {
        self.texts(at, "name", key)
    }

    /// A text in both languages, which has to be there.
    fn texts(&mut self, at: &At, name: &str, key: &Key<shape::Text>) -> Text {
        let expected = "{ el = \"…\", en = \"…\" }";
        let Some(shape) = key.get() else {
            self.report.add_missing(at.key(name), Some(at.span.clone()), expected);
            return Text::default();
        };
        let at = &At { path: at.path.clone(), span: key.span().unwrap_or_default() };
        Text {
            el: self.text(at, &format!("{name}.el"), &shape.el),
            en: self.text(at, &format!("{name}.en"), &shape.en),
        }
    }

    fn position(&mut self, at: &At, lat: &Key<f64>, lon: &Key<f64>) -> Position {
        let mut degrees = |name: &str, key: &Key<f64>, limit: f64| {
            let expected = format!("degrees of WGS 84, −{limit} to {limit}");
            let value = self.value(at, name, key, &expected).unwrap_or_default();
            if !(-limit..=limit).contains(&value) {
                self.report.add(at.key(name), key.span(), value.to_string(), expected);
            }
            value
        };
        Position { lat: degrees("lat", lat, 90.0), lon: degrees("lon", lon, 180.0) }
    }

    /// A text that has to be there; empty once reported.
    fn text(&mut self, at: &At, name: &str, key: &Key<String>) -> String {
        let text = self.value(at, name, key, "a text").unwrap_or_default();
        if key.get().is_some() && text.trim().is_empty() {
            self.report.add(at.key(name), key.span(), "an empty text", "a text");
        }
        text
    }

    /// A value that has to be there.
    fn value<T: Clone>(&mut self, at: &At, name: &str, key: &Key<T>, expected: &str) -> Option<T> {
        if key.get().is_none() {
            self.report.add_missing(at.key(name), Some(at.span.clone()), expected);
        }
        key.get().cloned()
    }

    /// A whole number within bounds, if it is there.
    fn whole(&mut self, path: &str, key: &Key<u64>, min: u32, max: u32) -> Option<u32> {
        let number = *key.get()?;
        let within = u32::try_from(number).ok().filter(|n| (min..=max).contains(n));
        if within.is_none() {
            self.report.add(path, key.span(), number.to_string(), format!("{min} to {max}"));
        }
        within
    }
}

/// An entry's place.
struct At {
    path: String,
    span: Range<usize>,
}

impl At {
    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }
}

/// What entries had before, and in which line.
struct Seen<T>(BTreeMap<T, u32>);

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

#[cfg(test)]
mod tests;
