//! The table of stations: what they are called and where they stand.

use super::Problems;
use super::csv::{Table, number};
use crate::catalogue::{Catalogue, Position};
use crate::registry::Details;

const CODE: [&str; 4] = ["station", "code", "σταθμός", "κωδικός"];
const NAME_EL: [&str; 3] = ["name_el", "ονομασία", "όνομα"];
const NAME_EN: [&str; 2] = ["name_en", "name"];
const LAT: [&str; 3] = ["lat", "latitude", "γεωγραφικό πλάτος"];
const LON: [&str; 4] = ["lon", "lng", "longitude", "γεωγραφικό μήκος"];
const ZONE: [&str; 4] = ["community", "zone", "κοινότητα", "δημοτική κοινότητα"];
const POSITION: [&str; 1] = ["position"];

/// A station of another network.
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    /// Its code in the tables.
    pub code: String,
    /// Its name in Greek.
    pub name_el: String,
    /// Its name in English.
    pub name_en: String,
    /// Where it stands.
    pub position: Option<Position>,
    /// Whether that is only about where it stands.
    pub approximate: bool,
    /// Its zone's code.
    pub zone: Option<String>,
}

impl Station {
    /// A station of which nothing is known.
    pub fn named(code: &str) -> Self {
        let name = || code.to_owned();
        Self { code: name(), name_el: name(), name_en: name(), position: None, approximate: false, zone: None }
    }

    /// Reads the table.
    ///
    /// # Errors
    /// Every problem of it.
    pub fn parse(table: &Table, catalogue: &Catalogue) -> Result<Vec<Self>, Problems> {
        let mut problems = Problems::default();
        let Some(code) = table.column(&CODE) else {
            problems.add(1, "no column \"station\"");
            return Err(problems);
        };
        let names = [&NAME_EL[..], &NAME_EN, &LAT, &LON, &ZONE, &POSITION];
        let columns = names.map(|names| table.column(names).unwrap_or(usize::MAX));
        let mut stations: Vec<Self> = Vec::new();
        for row in table.rows() {
            let [name_el, name_en, lat, lon, zone, position] = columns.map(|column| row.field(column));
            let code = row.field(code);
            if code.is_empty() || stations.iter().any(|station| station.code == code) {
                problems.add(row.line, format!("{code:?} is no code of a station of its own"));
                continue;
            }
            let mut station = Self::named(code);
            let or =
                |name: &str, other: &str| [name, other, code].into_iter().find(|n| !n.is_empty()).map(str::to_owned);
            station.name_el = or(name_el, name_en).unwrap_or_default();
            station.name_en = or(name_en, name_el).unwrap_or_default();
            station.approximate = position.eq_ignore_ascii_case("approximate");
            if !lat.is_empty() || !lon.is_empty() {
                match (number(lat), number(lon)) {
                    (Some(lat), Some(lon)) if lat.abs() <= 90.0 && lon.abs() <= 180.0 => {
                        station.position = Some(Position { lat, lon });
                    }
                    _ => problems.add(row.line, format!("{lat:?}, {lon:?} is no position in degrees")),
                }
            }
            if !zone.is_empty() {
                if catalogue.zone(zone).is_none() {
                    problems.add(row.line, format!("{zone:?} is no zone of the catalogue"));
                }
                station.zone = Some(zone.to_owned());
            }
            stations.push(station);
        }
        if problems.is_empty() { Ok(stations) } else { Err(problems) }
    }

    /// What the registry is told of it.
    pub fn details(&self, node_type: &str) -> Details {
        let (el, en) = if self.approximate {
            (" (θέση κατά προσέγγιση)", " (position approximate)")
        } else {
            ("", "")
        };
        Details {
            node_type: Some(node_type.to_owned()),
            name_el: Some(format!("{}{el}", self.name_el)),
            name_en: Some(format!("{}{en}", self.name_en)),
            zone: self.zone.clone(),
            position: self.position,
            ..Details::default()
        }
    }
}
