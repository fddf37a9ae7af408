//! A week of real measurements (46 Sensor.Community sensors, 370,253 readings) sent through MQTT in random order: hourly
//! means and counts equal a calculation of this test's own, and everything stored is the same to the bit as when the
//! week comes in order.

use std::collections::BTreeMap;
use std::io::Read;

use tests::gateway::repository;
use tests::random::Random;
use tests::senml::{Entry, to_json};
use tests::sensorthings::Observation;
use tests::{Gateway, Node, now_ms};

const WEEK: &str = "gateway/data/sensor-community-aberdeen-2019-05-06-week.csv.gz";
const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Readings of one message.
const BATCH: usize = 200;
/// Messages of one node handed over before the next node has its turn.
const TURN: usize = 4;
/// One reading in so many is sent a second time, elsewhere in the order.
const TWICE: usize = 40;
/// One reading in so many is followed, half a second later, by one far beyond its range, as from a sensor that fails.
/// These are this test's own: the week has none.
const FAULTY: usize = 1_000;

/// A column of the file: what it is, in which unit, its gross range in the catalogue's unit, and what one of the column's
/// units is in the catalogue's.
struct Column {
    name: &'static str,
    quantity: &'static str,
    unit: &'static str,
    range: (f64, f64),
    scale: f64,
}

const COLUMNS: [Column; 5] = [
    Column { name: "P1", quantity: "pm10", unit: "ug/m3", range: (0.0, 2_000.0), scale: 1.0 },
    Column { name: "P2", quantity: "pm25", unit: "ug/m3", range: (0.0, 1_000.0), scale: 1.0 },
    Column { name: "temperature", quantity: "temperature", unit: "Cel", range: (-20.0, 50.0), scale: 1.0 },
    Column { name: "humidity", quantity: "humidity", unit: "%", range: (0.0, 100.0), scale: 1.0 },
    Column { name: "pressure", quantity: "pressure", unit: "Pa", range: (940.0, 1_060.0), scale: 0.01 },
];
/// All five are kept to two decimals: a mean may differ by half of the last.
const RESOLUTION: f64 = 0.01;

#[derive(Clone, Copy)]
struct Reading {
    column: usize,
    at_ms: i64,
    value: f64,
}

/// Node → its readings in the order of time.
type Week = BTreeMap<String, Vec<Reading>>;

/// The file, its times moved by whole days so that its last day is yesterday.
fn week() -> Week {
    let bytes = std::fs::read(repository(WEEK)).expect("the file is in the repository");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzip");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let place =
        |name: &str| header.iter().position(|field| *field == name).unwrap_or_else(|| panic!("no column {name}"));
    let (time, sensor) = (place("timestamp"), place("sensor_id"));
    let columns: Vec<usize> = COLUMNS.iter().map(|column| place(column.name)).collect();
    let mut week = Week::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let at: jiff::Timestamp = format!("{}Z", fields[time]).parse().expect("a time");
        for (column, place) in columns.iter().enumerate() {
            if let Ok(value) = fields[*place].parse() {
                let readings = week.entry(format!("sc-{}", fields[sensor])).or_default();
                let at_ms = at.as_millisecond();
                readings.push(Reading { column, at_ms, value });
                if readings.len().is_multiple_of(FAULTY) {
                    let value = COLUMNS[column].range.1 * 3.0 / COLUMNS[column].scale;
                    readings.push(Reading { column, at_ms: at_ms + 500, value });
                }
            }
        }
    }
    let last = week.values().flatten().map(|reading| reading.at_ms).max().expect("readings");
    // Two days back at least: the evening of a day of UTC belongs to the next local day, which must have ended too.
    let shift = (now_ms().div_euclid(DAY_MS) - 2 - last.div_euclid(DAY_MS)) * DAY_MS;
    for readings in week.values_mut() {
        readings.iter_mut().for_each(|reading| reading.at_ms += shift);
        readings.sort_by_key(|reading| (reading.at_ms, reading.column));
    }
    week
}

/// Sends every node's readings in the order they stand, the nodes in turns.
fn send(gateway: &Gateway, week: &Week) {
    let nodes: Vec<(Node, Vec<&[Reading]>)> =
        week.iter().map(|(name, readings)| (Node::new(gateway, name), readings.chunks(BATCH).collect())).collect();
    let most = nodes.iter().map(|(_, batches)| batches.len()).max().unwrap_or(0);
    for turn in (0..most).step_by(TURN) {
        for (node, batches) in &nodes {
            for batch in batches.iter().skip(turn).take(TURN) {
                let entry = |reading: &Reading| {
                    let column = &COLUMNS[reading.column];
                    Entry {
                        name: column.quantity,
                        unit: Some(column.unit),
                        value: reading.value,
                        unix_ms: reading.at_ms,
                    }
                };
                let entries: Vec<Entry<'_>> = batch.iter().map(entry).collect();
                node.publish(to_json("", &entries));
            }
        }
    }
    for (node, batches) in &nodes {
        node.wait_acknowledged();
        assert_eq!(node.acknowledged(), batches.len() as u64);
    }
}

/// (node, quantity) → hour → (count, mean), by nothing that the gateway has.
fn hourly(week: &Week) -> BTreeMap<(String, usize), BTreeMap<i64, (u64, f64)>> {
    let mut hours: BTreeMap<(String, usize), BTreeMap<i64, Vec<f64>>> = BTreeMap::new();
    for (node, readings) in week {
        for reading in readings {
            let column = &COLUMNS[reading.column];
            let value = reading.value * column.scale;
            let hour = reading.at_ms.div_euclid(HOUR_MS) * HOUR_MS;
            let values = hours.entry((node.clone(), reading.column)).or_default().entry(hour).or_default();
            // What lies beyond the gross range does not count.
            if (column.range.0..=column.range.1).contains(&value) {
                values.push(value);
            }
        }
    }
    let mean = |values: Vec<f64>| (values.len() as u64, values.iter().sum::<f64>() / values.len() as f64);
    let means = |hours: BTreeMap<i64, Vec<f64>>| hours.into_iter().map(|(hour, values)| (hour, mean(values))).collect();
    hours.into_iter().map(|(key, hours)| (key, means(hours))).collect()
}

#[test]
fn a_week_in_random_order_gives_the_means_of_an_independent_calculation_and_the_same_bits_as_in_order() {
    let mut random = Random::seeded(2019);
    let in_order = week();
    let readings: usize = in_order.values().map(Vec::len).sum();
    let faults = readings - 370_253;
    assert!(in_order.len() == 46 && faults > 100 && faults < 500, "the file is not whole: {readings} readings");
    let mut shuffled = in_order.clone();
    let mut repeated = 0;
    for readings in shuffled.values_mut() {
        let again: Vec<Reading> = readings.iter().copied().filter(|_| random.below(TWICE) == 0).collect();
        repeated += again.len();
        readings.extend(again);
        random.shuffle(readings);
    }

    let settings = [("windows.settle_s", "0"), ("windows.quiet_s", "3"), ("limits.checkpoint_s", "5")];
    let (ordered, mixed) = (Gateway::start(&settings), Gateway::start(&settings));
    let started = std::time::Instant::now();
    std::thread::scope(|scope| {
        for (what, gateway, week) in [("in order", &ordered, &in_order), ("in random order", &mixed, &shuffled)] {
            scope.spawn(move || {
                send(gateway, week);
                eprintln!("{what}: acknowledged after {:.1} s", started.elapsed().as_secs_f64());
                gateway.settled();
                let (took, cpu) = (started.elapsed().as_secs_f64(), gateway.cpu_seconds());
                eprintln!("{what}: every window written after {took:.1} s, {cpu:.1} s of processor time");
            });
        }
    });
    let (ledger, other) = (mixed.settled(), ordered.settled());
    assert_eq!((ledger.all.stored, ledger.all.duplicate), (readings as u64, repeated as u64), "{:?}", ledger.all);
    assert_eq!((other.all.stored, other.all.duplicate), (readings as u64, 0), "{:?}", other.all);
    assert_eq!((ledger.all.corrected, ledger.all.rejected.len()), (0, 0), "{:?}", ledger.all);
    eprintln!("{readings} readings stored, {repeated} duplicates");

    let expected = hourly(&in_order);
    let (streams, others) = (mixed.datastreams(), ordered.datastreams());
    assert_eq!(streams.keys().collect::<Vec<_>>(), others.keys().collect::<Vec<_>>());
    let (mut hours, mut beyond_range) = (0, 0);
    for (key, id) in &streams {
        let (found, other) = (mixed.observations(*id), ordered.observations(others[key]));
        assert_eq!(found.len(), other.len(), "{key:?}");
        let differs = found.iter().zip(&other).find(|(a, b)| comparable(a) != comparable(b));
        assert!(differs.is_none(), "{key:?} differs by the order of arrival: {differs:?}");
        let column = COLUMNS.iter().position(|column| column.quantity == key.quantity).expect("a column");
        match key.window.as_deref() {
            None => beyond_range += found.iter().filter(|one| one.quality == 4).count(),
            Some("PT1H") => hours += compare_hours(&expected[&(key.node.clone(), column)], &found, &format!("{key:?}")),
            Some(_) => assert!(found.iter().all(|one| one.parameters["status"] != "open"), "{key:?}"),
        }
    }
    eprintln!("{hours} hours compared, {beyond_range} readings beyond their range");
    assert_eq!(hours, expected.values().map(BTreeMap::len).sum::<usize>());
    assert_eq!(beyond_range, faults);
    assert!(hours > 10_000, "{hours} hours");
}

/// All but how often a window was made.
fn comparable(observation: &Observation) -> Observation {
    let mut observation = observation.clone();
    if let Some(parameters) = observation.parameters.as_object_mut() {
        parameters.remove("revision");
    }
    observation
}

fn compare_hours(expected: &BTreeMap<i64, (u64, f64)>, found: &[Observation], key: &str) -> usize {
    assert_eq!(found.len(), expected.len(), "{key}: as many hours as have readings");
    for observation in found {
        let at = observation.at_ms();
        let (count, mean) = expected.get(&at).unwrap_or_else(|| panic!("{key}: {} has no readings", observation.time));
        assert_eq!(observation.parameters["count"].as_u64(), Some(*count), "{key} {}", observation.time);
        if *count > 0 {
            let differs = (observation.number() - mean).abs();
            assert!(differs <= RESOLUTION / 2.0 + 1e-9, "{key} {}: {observation:?}, expected {mean}", observation.time);
        }
    }
    found.len()
}
