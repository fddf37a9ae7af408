//! What is given up, by age and for room, and what an older store had given up.

use super::*;

/// Written by the program of format 1: 1,100 readings of pm25, each 10 s, two corrected, one of temperature; sealed, and
/// what was measured before minute 100 removed by whole chunks, temperature's only one too; then one more of pm25.
fn write_format_1(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("telemetry.db")).expect("made");
    connection.execute_batch(include_str!("../../../store/fixtures/telemetry-1.sql")).expect("SQL");
    connection.pragma_update(None, "user_version", 1).expect("set");
}

/// What is kept of pm25 and temperature: how many by the list, by the count of all and by the datastream, and since when.
fn kept(house: &House) -> Vec<(usize, u64, u64, Option<i64>)> {
    let all = |datastream: &crate::store::model::Datastream| {
        let found = house.reader.observations(datastream.id, Span::ALL, Sorted::Ascending, ALL).expect("read");
        let counted = house.reader.count_observations(datastream.id, Span::ALL).expect("read");
        (found.len(), counted, datastream.count, datastream.first_at.map(|at| at.millis() - START))
    };
    house.reader.datastreams().iter().map(|datastream| all(datastream)).collect()
}

#[test]
fn only_the_newest_rejections_are_kept_and_shedding_takes_the_oldest_observations() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for i in 0..1_200 {
        house.take(&frame(format!("nonsense {i}").into_bytes()));
    }
    for day in 0..20 {
        for slot in 0..200 {
            house.take(&senml("pm25", START + day * 24 * HOUR + slot * MINUTE, (slot * 7 % 100) as f64 / 10.0));
        }
    }
    house.settle();
    assert_eq!(house.reader.rejections(None, ALL).expect("read").len(), 1_000);
    house.intake.writer.compact().expect("compacts");
    let before = house.intake.writer.used_bytes().expect("told");
    let gone = house.intake.writer.shed(before / 8).expect("sheds");
    assert!(house.intake.writer.used_bytes().expect("told") <= before - before / 8);
    if let Some(gone) = gone {
        assert!(gone.millis() < START + 19 * 24 * HOUR, "the newest stay: {gone}");
    }
}

#[test]
fn a_store_of_format_1_counts_what_it_still_has() {
    let folder = tempfile::tempdir().expect("a folder");
    write_format_1(folder.path());
    let mut house = House::open(folder.path(), Snapshot::default());
    assert_eq!(kept(&house), [(551, 551, 552, Some(5_500_000)), (0, 0, 0, None)]);
    house.settle();
    let id = house.reader.datastreams()[0].id;
    let counts = |window| {
        let found = house.reader.aggregates(id, WindowIndex(window), Span::ALL, Sorted::Ascending, ALL).expect("read");
        found.iter().map(|a| (a.values.count, a.revision)).collect::<Vec<_>>()
    };
    assert_eq!(counts(1), [(360, 1), (360, 0), (360, 1), (21, 1)], "what outlived its observations is as it was");
}

#[test]
fn what_retention_removes_is_no_longer_counted_and_its_aggregates_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for i in 0..1_100 {
        house.take(&senml("pm25", START + i * 10_000, (i % 7) as f64));
    }
    house.take(&senml("temperature", START, 20.0));
    house.settle();
    // One corrected in what goes, one in what stays.
    house.take(&senml("pm25", START + 50_000, 50.0));
    house.take(&senml("pm25", START + 10_000_000, 50.0));
    house.settle();
    let aggregates = |house: &House| {
        let id = house.reader.datastreams()[0].id;
        house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read")
    };
    let before = aggregates(&house);
    assert_eq!(before.len(), 4);
    house.intake.writer.compact().expect("compacts");
    let until = Timestamp::from_millis(START + 6_000_000);
    house.intake.writer.retain(until, Timestamp::default(), Timestamp::default()).expect("removed");
    let expected = [(550, 550, 551, Some(5_500_000)), (0, 0, 0, None)];
    assert_eq!(kept(&house), expected);
    assert_eq!(aggregates(&house), before);
    drop(house);
    let mut house = House::open(folder.path(), Snapshot::default());
    assert_eq!(kept(&house), expected, "after a restart");
    // Late, for an hour that is gone in part.
    house.take(&senml("pm25", START + 1_000, 3.0));
    house.settle();
    assert_eq!(aggregates(&house), before, "what was written of more observations stays");
    assert_eq!(kept(&house)[0], (551, 551, 552, Some(1_000)));
}
