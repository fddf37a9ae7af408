//! Calibrations and placements that change: while the gateway runs, and while nobody looks.

use super::*;

#[test]
fn a_changed_calibration_revises_what_was_measured_since() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for minute in [5, 65] {
        house.take(&senml("temperature", START + minute * MINUTE, 20.0));
    }
    house.settle();
    let key = DatastreamKey { node: NodeId::new("n1").expect("a name"), quantity: "temperature".into(), channel: 0 };
    let from = Timestamp::from_millis(START + HOUR);
    let calibration = Calibration { from, until: None, gain: 1.0, offset: -1.5, unsound: false, note: String::new() };
    let calibrations = [(key, Arc::from([calibration]))].into();
    house.intake.registry_changed(Arc::new(Snapshot { revision: 1, calibrations, ..Snapshot::default() }));
    house.settle();
    let id = house.reader.datastreams()[0].id;
    let hours = house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read");
    let told: Vec<_> = hours.iter().map(|hour| (hour.values.mean, hour.revision)).collect();
    assert_eq!(told, [(Some(20.0), 0), (Some(18.5), 1)]);
}

#[test]
fn a_registry_that_changed_while_nobody_looked_revises_what_was_made_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for minute in [5, 65] {
        house.take(&senml("temperature", START + minute * MINUTE, 20.0));
    }
    house.settle();
    drop(house);
    let key = DatastreamKey { node: NodeId::new("n1").expect("a name"), quantity: "temperature".into(), channel: 0 };
    let calibrated = |offset: f64| {
        let from = Timestamp::default();
        let calibration = Calibration { from, until: None, gain: 1.0, offset, unsound: false, note: String::new() };
        Snapshot { revision: 1, calibrations: [(key.clone(), Arc::from([calibration]))].into(), ..Snapshot::default() }
    };
    let hours = |house: &House| {
        let id = house.reader.datastreams()[0].id;
        let hours = house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read");
        hours.iter().map(|hour| (hour.values.mean, hour.revision)).collect::<Vec<_>>()
    };
    // By another program, while the gateway was stopped.
    let mut house = House::open(folder.path(), calibrated(1.0));
    house.settle();
    assert_eq!(hours(&house), [(Some(21.0), 1), (Some(21.0), 1)]);
    // While it runs, and it is killed before the next checkpoint.
    house.intake.registry_changed(Arc::new(calibrated(2.0)));
    drop(house);
    let mut house = House::open(folder.path(), calibrated(2.0));
    house.settle();
    assert_eq!(hours(&house), [(Some(22.0), 2), (Some(22.0), 2)]);
    drop(house);
    let mut house = House::open(folder.path(), calibrated(2.0));
    house.intake.balance(house.now);
    assert_eq!(house.ledger.view(|| house.position).all.pending, 0, "nothing changed, nothing waits");
}

#[test]
fn a_calibrated_speed_revises_the_direction_that_is_calm_by_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&senml("wind_speed", START + 5 * MINUTE, 0.0));
    house.take(&senml("wind_direction", START + 5 * MINUTE, 90.0));
    house.settle();
    let direction = |house: &House| {
        let id = house.reader.datastreams()[1].id;
        let hours = house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read");
        hours.iter().map(|hour| hour.values.mean).collect::<Vec<_>>()
    };
    assert_eq!(direction(&house), [None], "calm");
    let key = DatastreamKey { node: NodeId::new("n1").expect("a name"), quantity: "wind_speed".into(), channel: 0 };
    let from = Timestamp::from_millis(START);
    let calibration = Calibration { from, until: None, gain: 1.0, offset: 5.0, unsound: false, note: String::new() };
    let calibrations = [(key, Arc::from([calibration]))].into();
    house.intake.registry_changed(Arc::new(Snapshot { revision: 1, calibrations, ..Snapshot::default() }));
    house.settle();
    assert_eq!(direction(&house).iter().map(Option::is_some).collect::<Vec<_>>(), [true]);
}

#[test]
fn the_zone_is_the_one_at_the_windows_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let placement = |from: i64, zone: &str| Placement {
        from: Timestamp::from_millis(from),
        site: None,
        zone: Some(zone.into()),
        position: None,
    };
    let id = NodeId::new("n1").expect("a name");
    let node = Node {
        id: id.clone(),
        number: 1,
        node_type: None,
        name: None,
        serial: None,
        enrolled_at: Timestamp::default(),
        revoked: false,
        awaited_until: None,
        placements: vec![placement(0, "DKA"), placement(START + 30 * MINUTE, "DKB")],
    };
    let nodes = [(id, Arc::new(node))].into();
    let mut house = House::open(folder.path(), Snapshot { revision: 1, nodes, ..Snapshot::default() });
    for minute in [5, 45, 65] {
        house.take(&senml("temperature", START + minute * MINUTE, 20.0));
    }
    house.settle();
    let id = house.reader.datastreams()[0].id;
    let hours = house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read");
    assert_eq!(hours.iter().map(|hour| hour.zone.as_deref()).collect::<Vec<_>>(), [Some("DKA"), Some("DKB")]);
}

#[test]
fn a_calibration_also_revises_the_window_before_it_whose_last_reading_is_judged_by_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for minute in [50, 55, 65] {
        house.take(&senml("pm25", START + minute * MINUTE, 20.0));
    }
    house.settle();
    let key = DatastreamKey { node: NodeId::new("n1").expect("a name"), quantity: "pm25".into(), channel: 0 };
    let from = Timestamp::from_millis(START + HOUR);
    let calibration = Calibration { from, until: None, gain: 20.0, offset: 0.0, unsound: false, note: String::new() };
    let calibrations: std::collections::HashMap<_, _> = [(key, Arc::from([calibration]))].into();
    let calibrated = || Snapshot { revision: 1, calibrations: calibrations.clone(), ..Snapshot::default() };
    house.intake.registry_changed(Arc::new(calibrated()));
    house.settle();
    let hours =
        house.reader.aggregates(house.reader.datastreams()[0].id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL);
    let told: Vec<_> = hours.expect("read").iter().map(|hour| (hour.values.suspect, hour.revision)).collect();
    let fresh = tempfile::tempdir().expect("a folder");
    let mut other = House::open(fresh.path(), calibrated());
    for minute in [50, 55, 65] {
        other.take(&senml("pm25", START + minute * MINUTE, 20.0));
    }
    other.settle();
    assert_eq!(house.seen().differs(&other.seen()), None, "as if it had been calibrated from the start");
    assert_eq!(told[0], (1, 1), "a spike before the step");
}
