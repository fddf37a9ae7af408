//! When windows are settled, revised and read.

use super::*;

#[test]
fn a_late_reading_corrects_a_settled_hour_and_raises_its_revision() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&senml("pm25", START + 5 * MINUTE, 10.0));
    house.take(&senml("pm25", START + 15 * MINUTE, 20.0));
    house.settle();
    let hour = |house: &House| {
        let id = house.reader.datastreams()[0].id;
        house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read").remove(0)
    };
    let before = hour(&house);
    assert_eq!((before.revision, before.values.mean), (0, Some(15.0)));
    house.take(&senml("pm25", START + 10 * MINUTE, 60.0));
    house.settle();
    let after = hour(&house);
    assert_eq!((after.revision, after.values.mean, after.values.count), (1, Some(30.0), 3));
    assert!(after.change > before.change);
    house.take(&senml("pm25", START + 10 * MINUTE, 60.0));
    house.settle();
    assert_eq!(hour(&house), after, "the same again changes nothing");
}

#[test]
fn a_long_window_does_not_settle_in_the_midst_of_a_fast_backlog() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    // A day's quarters in ten seconds: each is new, and within a second of the one before.
    for quarter in 0..80 {
        house.take(&senml("pm25", START + quarter * 15 * MINUTE, 10.0));
        house.now = house.now.plus_millis(125);
        house.intake.checkpoint(house.now, 1_000).expect("a checkpoint");
    }
    house.settle();
    let id = house.reader.datastreams()[0].id;
    let days = house.reader.aggregates(id, WindowIndex(2), Span::ALL, Sorted::Ascending, ALL).expect("read");
    assert_eq!(days.iter().map(|day| (day.values.count, day.revision)).collect::<Vec<_>>(), [(80, 0)]);
}

#[test]
fn a_window_stays_in_sight_while_the_disk_is_full_and_is_computed_again_for_what_comes_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&senml("pm25", START + 5 * MINUTE, 10.0));
    house.settle();
    house.take(&senml("pm25", START + 6 * MINUTE, 20.0));
    // More than the pages that are free, of bytes that cannot be packed.
    house.take(&frame((0..60_000u32).map(|n| (n.wrapping_mul(n).wrapping_mul(2_654_435_761) >> 24) as u8).collect()));
    house.now = house.now.plus_millis(HOUR);
    let pages = |house: &House, most: i64| {
        let connection = house.intake.writer.connection();
        connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |row| row.get::<_, i64>(0)).expect("set")
    };
    pages(&house, 1);
    let full = house.intake.checkpoint(house.now, 1_000).expect_err("no room");
    assert!(full.is_disk_full(), "{full}");
    let counts = |house: &House| {
        let id = house.reader.datastreams()[0].id;
        let quarters = house.reader.aggregates(id, WindowIndex(0), Span::ALL, Sorted::Ascending, ALL).expect("read");
        quarters.iter().map(|quarter| (quarter.values.count, quarter.revision)).collect::<Vec<_>>()
    };
    house.take(&senml("pm25", START + 7 * MINUTE, 60.0));
    house.take(&senml("pm25", START + 25 * MINUTE, 60.0));
    assert_eq!(counts(&house), [(1, 0), (1, 0)], "the first as it is written, the other as it is now");
    house.now = house.now.plus_millis(HOUR);
    house.intake.checkpoint(house.now, 1_000).expect_err("no room");
    assert_eq!(counts(&house), [(1, 0), (1, 0)], "settled, and not written");
    house.take(&senml("pm25", START + 8 * MINUTE, 60.0));
    house.take(&senml("pm25", START + 26 * MINUTE, 60.0));
    pages(&house, 1_000_000);
    house.intake.checkpoint(house.now, 1_000).expect("room");
    drop(house);
    let mut house = House::open(folder.path(), Snapshot::default());
    house.settle();
    assert_eq!(counts(&house).iter().map(|(count, _)| *count).collect::<Vec<_>>(), [4, 2]);
}

#[test]
fn pages_of_aggregates_are_parts_of_the_whole_in_both_orders() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    // With gaps; the last two are not settled yet.
    for quarter in [0, 1, 5, 6, 70, 71, 90] {
        house.take(&senml("pm25", START + 39 * 24 * HOUR + quarter * 15 * MINUTE + MINUTE, 10.0));
    }
    house.settle();
    for minute in [-20, -1] {
        house.take(&senml("pm25", START + 40 * 24 * HOUR + minute * MINUTE, 10.0));
    }
    let id = house.reader.datastreams()[0].id;
    let read = |span, order, skip, top| {
        let found = house.reader.aggregates(id, WindowIndex(0), span, order, Page { skip, top }).expect("read");
        found.iter().map(|a| a.span.from).collect::<Vec<_>>()
    };
    let whole = read(Span::ALL, Sorted::Ascending, 0, usize::MAX);
    assert_eq!(whole.len(), 9);
    let edges: Vec<Timestamp> = whole.iter().flat_map(|at| [at.plus_millis(-1), *at, at.plus_millis(1)]).collect();
    for (from, until) in edges.iter().flat_map(|from| edges.iter().map(move |until| (*from, *until))) {
        let span = Span { from, until };
        let mut expected: Vec<_> = whole.iter().copied().filter(|at| span.contains(*at)).collect();
        assert_eq!(read(span, Sorted::Ascending, 1, 2), expected.iter().copied().skip(1).take(2).collect::<Vec<_>>());
        expected.reverse();
        assert_eq!(read(span, Sorted::Descending, 1, 2), expected.iter().copied().skip(1).take(2).collect::<Vec<_>>());
    }
    let far = |ms| Timestamp::from_millis(ms);
    for span in
        [Span { from: far(i64::MIN), until: far(i64::MIN + 9) }, Span { from: far(i64::MAX - 9), until: far(i64::MAX) }]
    {
        for window in 0..3 {
            let found = house.reader.aggregates(id, WindowIndex(window), span, Sorted::Descending, ALL).expect("read");
            assert!(found.is_empty());
        }
    }
}

#[test]
fn daily_values_of_another_network_are_settled_days_and_come_twice_without_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    let day = |text: &str| text.parse::<jiff::civil::Date>().expect("a date");
    let external =
        External { quantity: "pm10".into(), days: vec![(day("2010-03-28"), 46.5), (day("2010-03-29"), 50.0)] };
    for _ in 0..2 {
        house.take(&external.frame(NodeId::new("egnatias").expect("a name"), house.now));
        house.settle();
    }
    let datastream = house.reader.datastreams()[0].clone();
    assert!(datastream.external);
    let days = house.reader.aggregates(datastream.id, WindowIndex(2), Span::ALL, Sorted::Ascending, ALL).expect("read");
    let told: Vec<_> = days.iter().map(|d| (d.span.from.to_string(), d.values.mean, d.revision)).collect();
    let expected = [("2010-03-27T22:00:00.000Z", 46.5), ("2010-03-28T21:00:00.000Z", 50.0)];
    assert_eq!(told, expected.map(|(from, mean)| (from.to_owned(), Some(mean), 0)));
}

#[test]
fn a_day_that_is_told_anew_before_it_is_written_is_not_revised() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    let tell = |house: &mut House, values: &[f64]| {
        for value in values {
            let days = vec![("2010-03-28".parse().expect("a date"), *value)];
            let external = External { quantity: "pm10".into(), days };
            house.take(&external.frame(NodeId::new("egnatias").expect("a name"), house.now));
        }
        house.settle();
        let id = house.reader.datastreams()[0].id;
        let days = house.reader.aggregates(id, WindowIndex(2), Span::ALL, Sorted::Ascending, ALL).expect("read");
        days.iter().map(|day| (day.values.mean, day.revision)).collect::<Vec<_>>()
    };
    assert_eq!(tell(&mut house, &[46.0, 47.0, 48.0]), [(Some(48.0), 0)]);
    assert_eq!(tell(&mut house, &[49.0, 48.0]), [(Some(48.0), 0)], "as it is written");
    assert_eq!(tell(&mut house, &[49.0, 50.0]), [(Some(50.0), 1)]);
}

#[test]
fn a_backlog_in_any_order_is_computed_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for slot in 0..200 {
        // 37 and 200 have no common divisor: every slot once, out of order.
        house.take(&senml("pm25", START + slot * 37 % 200 * 10 * MINUTE, 10.0));
    }
    house.now = house.now.plus_millis(HOUR);
    house.intake.checkpoint(house.now, 1_000).expect("a checkpoint");
    assert!(!house.intake.windows_due(house.now), "windows wait to be computed from the same readings again");
}
