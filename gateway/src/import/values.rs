//! The table of daily values: date, station, pollutant, value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::{Date, date};

use super::csv::{Table, number};
use super::{Problems, quantity};
use crate::catalogue::Catalogue;

const DATE: [&str; 5] = ["date", "day", "ημερομηνία", "ημέρα", "ημ/νία"];
const STATION: [&str; 4] = ["station", "site", "σταθμός", "θέση"];
const POLLUTANT: [&str; 5] = ["pollutant", "quantity", "parameter", "ρύπος", "παράμετρος"];
const VALUE: [&str; 5] = ["value", "mean", "concentration", "τιμή", "συγκέντρωση"];

/// The values of a table, each in the catalogue's unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// By station, then by quantity. Never empty.
    pub series: Vec<Series>,
    /// Rows that had no value.
    pub blank: usize,
}

/// The days of one quantity at one station.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The station's code.
    pub station: String,
    /// The quantity's code.
    pub quantity: Arc<str>,
    /// By date, each once. Never empty.
    pub days: Vec<(Date, f64)>,
}

impl Values {
    /// Reads the table.
    ///
    /// # Errors
    /// Every problem of it.
    pub fn parse(table: &Table, catalogue: &Catalogue) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let columns = [&DATE[..], &STATION, &POLLUTANT, &VALUE].map(|names| {
            table.column(names).unwrap_or_else(|| {
                problems.add(1, format!("no column {:?} (or {})", names[0], names[1..].join(", ")));
                usize::MAX
            })
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut series: BTreeMap<(String, Arc<str>), BTreeMap<Date, f64>> = BTreeMap::new();
        let mut names: BTreeMap<&str, Option<Arc<str>>> = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        let mut blank = 0;
        for row in table.rows() {
            let [day, station, pollutant, value] = columns.map(|column| row.field(column));
            if value.is_empty() || value == "-" {
                blank += 1;
                continue;
            }
            let Some(quantity) = names.entry(pollutant).or_insert_with(|| quantity(catalogue, pollutant)) else {
                if unknown.insert(pollutant) {
                    problems.add(row.line, format!("{pollutant:?} is no quantity of the catalogue (told once)"));
                }
                continue;
            };
            let Some(day) = parse_date(day) else {
                problems.add(row.line, format!("{day:?} is no date: 2010-01-31 or 31/01/2010"));
                continue;
            };
            let Some(value) = number(value) else {
                problems.add(row.line, format!("{value:?} is no number"));
                continue;
            };
            if station.is_empty() {
                problems.add(row.line, "no station");
                continue;
            }
            let rules = catalogue.find(quantity).map(|index| catalogue.quantity(index));
            if let Some((min, max)) = rules.and_then(|rules| rules.tests.range_fail)
                && !(min..=max).contains(&value)
            {
                problems.add(row.line, format!("{value} is not within {min} to {max}, what {quantity} can be"));
                continue;
            }
            let days = series.entry((station.to_owned(), quantity.clone())).or_default();
            if days.insert(day, value).is_some_and(|before| before != value) {
                problems.add(row.line, format!("{station}, {quantity}, {day} has another value above"));
            }
        }
        if series.is_empty() && problems.is_empty() {
            problems.add(1, "no values at all");
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let series = series.into_iter().map(|((station, quantity), days)| Series {
            station,
            quantity,
            days: days.into_iter().collect(),
        });
        Ok(Self { series: series.collect(), blank })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.series.iter().map(|series| series.days.len()).sum()
    }

    /// The first and the last day.
    pub fn span(&self) -> (Date, Date) {
        let days = || self.series.iter().flat_map(|series| series.days.iter().map(|(day, _)| *day));
        (days().min().unwrap_or(Date::ZERO), days().max().unwrap_or(Date::ZERO))
    }
}

/// `2010-01-31`, with a time of day or not, or day, month, year with any of `/ . -` between.
fn parse_date(text: &str) -> Option<Date> {
    let text = text.split(['T', ' ']).next()?;
    let parts: Vec<i16> = text.split(['-', '/', '.']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [first, month, last] = parts[..] else { return None };
    let (year, day) = if first >= 1_000 { (first, last) } else { (last, first) };
    if !(1_900..=2_200).contains(&year) {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|day| *day >= date(1900, 1, 1))
}
