//! What people change, from this process and from another.

use super::*;

fn details(site: &str) -> Details {
    Details { site: Some(site.to_owned()), ..Details::default() }
}

#[test]
fn the_first_placement_holds_from_the_beginning_and_a_later_one_from_its_time() {
    let place = Place::new();
    let registry = place.open(Enrolment::Claim);
    let a = node("a");
    registry.add_node(BY, &a, &details("tower"), &catalogue()).expect("added");
    let later = Timestamp::from_millis(4_000_000_000_000);
    let moved = Details { from: Some(later), ..details("port") };
    registry.set_node(BY, &a, &moved, &catalogue()).expect("moved");
    drop(registry);

    let snapshot = place.open(Enrolment::Claim).snapshot();
    let site = |time| snapshot.nodes[&a].placement(time).and_then(|p| p.site.clone()).expect("placed");
    assert_eq!(&*site(at(0)), "tower");
    assert_eq!(&*site(later.plus_millis(-1)), "tower");
    assert_eq!(&*site(later), "port");
    let placement = snapshot.nodes[&a].placement(later).expect("placed");
    assert_eq!(placement.zone.as_deref(), Some("DKB"), "the site's");
    assert_eq!(placement.position, Some(Position { lat: 40.2, lon: 22.9 }), "the site's");
}

#[test]
fn what_is_not_said_stays_and_an_empty_text_takes_away() {
    let place = Place::new();
    let registry = place.open(Enrolment::Claim);
    let (a, catalogue) = (node("a"), catalogue());
    let first = Details {
        node_type: Some("air".to_owned()),
        name_el: Some("Πύργος".to_owned()),
        serial: Some("S1".to_owned()),
        zone: Some("DKB".to_owned()),
        from: Some(at(10)),
        ..details("tower")
    };
    registry.add_node(BY, &a, &first, &catalogue).expect("added");
    let own = Position { lat: 40.5, lon: 22.5 };
    let second = Details {
        name_en: Some("Tower".to_owned()),
        serial: Some(" ".to_owned()),
        position: Some(own),
        from: Some(at(20)),
        ..Details::default()
    };
    registry.set_node(BY, &a, &second, &catalogue).expect("set");
    let found = registry.snapshot().nodes[&a].clone();
    assert_eq!(found.node_type.as_deref(), Some("air"));
    assert_eq!(found.name, Some(Text { el: "Πύργος".to_owned(), en: "Tower".to_owned() }));
    assert_eq!(found.serial, None);
    let expected = |from, position| Placement {
        from,
        site: Some("tower".into()),
        zone: Some("DKB".into()),
        position: Some(position),
    };
    let site = Position { lat: 40.1, lon: 22.9 };
    assert_eq!(found.placements, [expected(at(10), site), expected(at(20), own)]);
}

#[test]
fn a_code_that_the_catalogue_lacks_is_refused_with_those_it_has_and_changes_nothing() {
    let place = Place::new();
    let registry = place.open(Enrolment::Claim);
    let wrong = [
        (Details { node_type: Some("x".to_owned()), ..Details::default() }, "node type `x`", "air"),
        (details("x"), "site `x`", "tower, port"),
        (Details { zone: Some("x".to_owned()), ..Details::default() }, "zone `x`", "DKA, DKB"),
    ];
    for (details, what, valid) in wrong {
        let error = registry.add_node(BY, &node("a"), &details, &catalogue()).expect_err("refused").to_string();
        assert!(error.contains(what) && error.ends_with(valid), "{error}");
    }
    assert!(registry.snapshot().nodes.is_empty());
    assert_eq!(registry.snapshot().revision, 0);
    let lost = Details { position: Some(Position { lat: 91.0, lon: 0.0 }), ..Details::default() };
    let error = registry.add_node(BY, &node("a"), &lost, &catalogue()).expect_err("refused");
    assert!(matches!(error, RegistryError::Position), "{error}");
}

fn calibration(from: i64, until: Option<i64>, gain: f64) -> Calibration {
    Calibration { from: at(from), until: until.map(at), gain, offset: 0.5, unsound: false, note: "span gas".to_owned() }
}

fn pm25(name: &str) -> DatastreamKey {
    DatastreamKey { node: node(name), quantity: "pm25".into(), channel: 0 }
}

#[test]
fn of_several_calibrations_the_one_with_the_later_from_holds() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    registry.admit(&node("a"), None).expect("enrolled");
    let add = |c: Calibration| registry.add_calibration(BY, &pm25("a"), &c, &catalogue()).expect("added");
    add(calibration(300, Some(400), 3.0));
    add(calibration(100, None, 1.0));
    add(calibration(200, Some(350), 9.0));
    add(calibration(200, Some(350), 2.0));
    for snapshot in [registry.snapshot(), place.open(Enrolment::Open).snapshot()] {
        assert_eq!(snapshot.calibrations[&pm25("a")].len(), 3, "the same `from` is replaced");
        let gain = |time| snapshot.calibration(&pm25("a"), at(time)).map(|c| c.gain);
        let expected = [(99, None), (100, Some(1.0)), (200, Some(2.0)), (300, Some(3.0)), (400, Some(1.0))];
        for (time, wanted) in expected {
            assert_eq!(gain(time), wanted, "at {time}");
        }
    }
    let changes = registry.changes(&node("a"), 9).expect("changes");
    assert!(changes[0].before_json.as_ref().is_some_and(|json| json.contains("\"gain\":9.0")), "{changes:?}");
    assert!(changes[0].after_json.as_ref().is_some_and(|json| json.contains("\"gain\":2.0")), "{changes:?}");
}

#[test]
fn a_calibration_that_cannot_hold_is_refused() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    registry.admit(&node("a"), None).expect("enrolled");
    let refused = |key: DatastreamKey, c: Calibration| {
        registry.add_calibration(BY, &key, &c, &catalogue()).expect_err("refused").to_string()
    };
    assert!(refused(pm25("a"), calibration(0, None, 0.0)).contains("gain"));
    assert!(refused(pm25("a"), calibration(0, None, f64::NAN)).contains("gain"));
    assert!(refused(pm25("a"), Calibration { offset: f64::INFINITY, ..calibration(0, None, 1.0) }).contains("offset"));
    assert!(refused(pm25("a"), calibration(5, Some(5), 1.0)).contains("until"));
    assert!(refused(pm25("b"), calibration(0, None, 1.0)).contains("no node `b`"));
    let other = DatastreamKey { quantity: "pm3".into(), ..pm25("a") };
    assert!(refused(other, calibration(0, None, 1.0)).ends_with("there are: pm25"));
    assert!(registry.snapshot().calibrations.is_empty());
}

#[test]
fn what_another_process_changed_is_seen_after_a_refresh() {
    let place = Place::new();
    let gateway = place.open(Enrolment::Claim);
    let beside = place.open(Enrolment::Claim);
    let a = node("a");
    assert!(!gateway.refresh().expect("refreshed"), "nothing happened");

    beside.add_node(BY, &a, &details("tower"), &catalogue()).expect("added");
    assert!(gateway.snapshot().nodes.is_empty());
    assert!(gateway.refresh().expect("refreshed"));
    assert_eq!(gateway.snapshot().nodes, beside.snapshot().nodes);
    assert!(!gateway.refresh().expect("refreshed"), "seen already");

    let command = beside.queue_command(BY, &a, |_| vec![1]).expect("queued");
    assert!(!gateway.refresh().expect("refreshed"), "a command is no change of the snapshot");
    assert_eq!(gateway.commands(&a)[0].id, command);

    gateway.set_node(BY, &a, &details("port"), &catalogue()).expect("set");
    assert!(gateway.refresh().expect("refreshed"), "its own change is one too");
    assert!(!gateway.refresh().expect("refreshed"), "told already");
    beside.revoke(BY, &a).expect("revoked");
    gateway.add_node(BY, &node("b"), &Details::default(), &catalogue()).expect("added");
    assert!(gateway.snapshot().nodes[&a].revoked, "a change of its own brings the other's along");
    assert!(gateway.refresh().expect("refreshed"), "and both are told");
    beside.unrevoke(BY, &a).expect("let in");
    assert_eq!(gateway.admit(&node("c"), None), Err(Denied::UnknownNode));
    assert!(gateway.refresh().expect("refreshed"), "what a knock brought to light is told");
}

#[test]
fn a_secret_made_in_another_process_holds_at_once_and_the_old_one_after_a_refresh_no_more() {
    let place = Place::new();
    let gateway = place.open(Enrolment::Claim);
    let beside = place.open(Enrolment::Claim);
    let a = node("a");
    let old = beside.add_node(BY, &a, &Details::default(), &catalogue()).expect("added");
    assert_eq!(gateway.admit(&a, Some(old.reveal().as_bytes())), Ok(()), "without a refresh");
    let new = beside.rotate_secret(BY, &a).expect("rotated");
    assert_eq!(gateway.admit(&a, Some(new.reveal().as_bytes())), Ok(()), "without a refresh");
    assert_eq!(gateway.admit(&a, Some(old.reveal().as_bytes())), Err(Denied::WrongSecret));
}

#[test]
fn every_change_leaves_who_why_before_and_after() {
    let place = Place::new();
    let registry = place.open(Enrolment::Claim);
    let a = node("a");
    let secret = registry.add_node(BY, &a, &Details::default(), &catalogue()).expect("added");
    registry.set_node(BY, &a, &details("tower"), &catalogue()).expect("set");
    registry.revoke(Cause { actor: "eleni", source: "", reason: "stolen" }, &a).expect("revoked");
    let new = registry.rotate_secret(BY, &a).expect("rotated");
    let changes = registry.changes(&a, 9).expect("changes");
    let whats: Vec<_> = changes.iter().map(|change| &*change.what).collect();
    assert_eq!(whats, ["rotate secret", "revoke", "set", "add"]);
    assert_eq!((&*changes[1].actor, &*changes[1].reason), ("eleni", "stolen"));
    assert!(changes[2].before_json.as_ref().is_some_and(|json| json.contains("\"placements\":[]")), "{changes:?}");
    assert!(changes[2].after_json.as_ref().is_some_and(|json| json.contains("\"site\":\"tower\"")), "{changes:?}");
    assert!(!format!("{changes:?}").contains(secret.reveal()) && !format!("{changes:?}").contains(new.reveal()));
    assert!(!format!("{changes:?}").contains("argon2"), "a hash is no reading matter either");
    let absent = registry.revoke(BY, &node("x")).expect_err("refused").to_string();
    assert!(absent.contains("no node `x`"), "{absent}");
}

#[test]
fn several_processes_may_create_the_records_at_once() {
    for _ in 0..20 {
        let place = Place::new();
        std::thread::scope(|scope| {
            for i in 0..4 {
                let place = &place;
                scope.spawn(move || {
                    let registry = place.open(Enrolment::Claim);
                    registry.add_node(BY, &node(&format!("n{i}")), &Details::default(), &catalogue()).expect("added");
                });
            }
        });
        assert_eq!(place.open(Enrolment::Claim).snapshot().nodes.len(), 4);
    }
}

#[test]
fn what_could_be_added_is_what_is_added() {
    let place = Place::new();
    let registry = place.open_for(Enrolment::Claim, 3);
    let catalogue = catalogue();
    registry.add_node(BY, &node("there"), &Details::default(), &catalogue).expect("added");
    let list = |names: &[&str]| names.iter().map(|name| (node(name), Details::default())).collect::<Vec<_>>();
    let told = |nodes: &[(NodeId, Details)]| -> Vec<String> {
        let verdicts = registry.could_add(nodes, &catalogue).expect("asked");
        verdicts.into_iter().map(|verdict| verdict.map_or_else(|why| why.to_string(), |()| "yes".to_owned())).collect()
    };
    let mut nodes = list(&["there", "new", "import", "knocking", "a", "a", "b", "c"]);
    nodes.insert(4, (node("lost"), details("nowhere")));
    let verdicts = told(&nodes);
    let parts =
        ["there already", "a page is", "a page is", "a page is", "nowhere", "yes", "there already", "yes", "nodes_max"];
    assert_eq!(verdicts.len(), parts.len());
    for (verdict, part) in verdicts.iter().zip(parts) {
        assert!(verdict.contains(part), "{part} in {verdicts:?}");
    }
    assert_eq!(registry.snapshot().nodes.len(), 1, "nothing is added by asking");
    for names in [&["new"][..], &["a", "there"], &["a", "b", "c"], &["a", "a"]] {
        let nodes = list(names);
        let why = told(&nodes).into_iter().find(|verdict| verdict != "yes").expect("one could not");
        let error = registry.add_nodes(BY, &nodes, &catalogue).expect_err("nothing is added");
        assert_eq!(error.to_string(), why);
    }
    registry.add_nodes(BY, &list(&["a", "b"]), &catalogue).expect("as it was told");
    assert_eq!(registry.snapshot().nodes.len(), 3);
}
