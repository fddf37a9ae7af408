use std::collections::{HashMap, HashSet};

use super::*;
use crate::catalogue::load::embedded;
use crate::catalogue::{Catalogue, Rule};
use crate::demo::city;

fn zone() -> TimeZone {
    TimeZone::get("Europe/Athens").expect("a time zone")
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
}

/// One node of each kind, with its name.
fn simulated(catalogue: &Catalogue) -> Vec<(String, Source)> {
    let mut seen = HashSet::new();
    city::nodes(catalogue)
        .into_iter()
        .filter(|node| matches!(node.source, Source::Model(_)))
        .filter(|node| seen.insert(node.details.node_type.clone()))
        .map(|node| (node.id.to_string(), node.source))
        .collect()
}

/// A week in summer, one in winter, and those in which clocks change.
const WEEKS: [&str; 4] =
    ["2026-07-13T00:00:00Z", "2027-01-11T00:00:00Z", "2026-10-22T00:00:00Z", "2027-03-25T00:00:00Z"];

#[test]
fn values_stay_within_what_a_quantity_can_be_and_counters_never_fall() {
    let catalogue = embedded();
    for (name, source) in simulated(&catalogue) {
        let mut counted: HashMap<&str, f64> = HashMap::new();
        let mut weeks = WEEKS.map(at);
        weeks.sort();
        for from in weeks {
            let samples = source.between(from, from.plus_millis(7 * 86_400_000), &zone());
            assert!(samples.len() > 100, "{name}: {}", samples.len());
            assert!(samples.is_sorted_by_key(|sample| sample.at), "{name}");
            let names: HashSet<_> = samples.iter().map(|s| (s.quantity, s.at)).collect();
            assert_eq!(names.len(), samples.len(), "{name}");
            for sample in samples {
                let index = catalogue.find(sample.quantity).unwrap_or_else(|| panic!("{}", sample.quantity));
                let quantity = catalogue.quantity(index);
                let value = sample.value.to_f64();
                let (min, max) = quantity.tests.range_fail.unwrap_or((f64::MIN, f64::MAX));
                assert!((min..=max).contains(&value), "{name}: {} {value} at {}", sample.quantity, sample.at);
                if let Rule::Counter { .. } = quantity.rule {
                    let before = counted.insert(sample.quantity, value).unwrap_or_default();
                    assert!(value >= before, "{name}: {} from {before} to {value} at {}", sample.quantity, sample.at);
                }
            }
        }
    }
}

#[test]
fn parts_of_a_span_make_the_whole_of_it_each_time() {
    let catalogue = embedded();
    let (from, to) = (at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z"));
    for (name, source) in simulated(&catalogue) {
        let whole = source.between(from, to, &zone());
        let mut parts = Vec::new();
        let mut reached = from;
        while reached < to {
            let next = reached.plus_millis(1_234_567).min(to);
            parts.extend(source.between(reached, next, &zone()));
            reached = next;
        }
        assert_eq!(parts, whole, "{name}");
    }
}

#[test]
fn days_have_their_rhythm() {
    let mean = |model: &Model, quantity: &str, from: &str, hours: i64| {
        let from = at(from);
        let samples = model.between(from, from.plus_millis(hours * 3_600_000), &zone());
        let values: Vec<f64> = samples.iter().filter(|s| s.quantity == quantity).map(|s| s.value.to_f64()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    // 2026-11-18 is a Wednesday; Thessaloniki is two hours ahead of UTC.
    let street = sound(1);
    assert!(
        mean(&street, "sound_laeq", "2026-11-18T06:00:00Z", 2)
            > mean(&street, "sound_laeq", "2026-11-18T01:00:00Z", 2) + 6.0
    );
    let uses = |from: &str| {
        let (from, swing) = (at(from), swing(1));
        let samples = swing.between(from, from.plus_millis(3 * 3_600_000), &zone());
        let values: Vec<f64> = samples.iter().filter(|s| s.quantity == "uses").map(|s| s.value.to_f64()).collect();
        values[values.len() - 1] - values[0]
    };
    assert_eq!(uses("2026-11-18T00:00:00Z"), 0.0, "nobody swings at night");
    assert!(uses("2026-11-18T14:00:00Z") > 30.0);
    let noon = lamp(1).between(at("2026-11-18T09:00:00Z"), at("2026-11-18T13:00:00Z"), &zone());
    assert!(noon.is_empty(), "lamps are off and silent at noon");
    assert!(mean(&lamp(1), "lamp_power", "2026-11-18T18:00:00Z", 2) > 55.0);
    assert!(
        mean(&lift(1), "motor_temperature", "2026-11-18T08:00:00Z", 2)
            > mean(&lift(1), "motor_temperature", "2026-11-18T00:00:00Z", 2) + 5.0
    );
}

#[test]
fn the_city_speaks_every_few_seconds_and_is_no_two_nodes_alike() {
    let catalogue = embedded();
    let (from, to) = (at("2026-11-18T10:00:00Z"), at("2026-11-18T11:00:00Z"));
    let mut arrivals = Vec::new();
    let mut first: HashMap<String, String> = HashMap::new();
    for node in city::nodes(&catalogue) {
        let samples = node.source.between(from, to, &zone());
        arrivals.extend(samples.iter().map(|sample| sample.at.millis() / 1_000));
        let values: Vec<String> = samples.iter().map(|sample| format!("{:?}", sample.value)).collect();
        if values.len() > 20
            && let Some(other) = first.insert(values.concat(), node.id.to_string())
        {
            panic!("{} tells what {other} tells", node.id);
        }
    }
    arrivals.sort_unstable();
    arrivals.dedup();
    assert!(arrivals.len() > 1_500, "{} of 3,600 seconds have an arrival", arrivals.len());
    let longest = arrivals.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(longest <= Some(15), "{longest:?} s of silence");
}
