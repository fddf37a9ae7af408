//! Admission, sessions and commands.

use super::*;

#[test]
fn open_enrolment_enrols_durably_and_binds_the_first_secret_shown() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    let a = node("a");
    assert_eq!(registry.admit(&a, None), Ok(()));
    assert!(!registry.has_secret(&a));
    assert_eq!(registry.admit(&a, Some(b"")), Ok(()), "an empty password is none");
    assert_eq!(registry.admit(&a, Some(b"first")), Ok(()));
    assert_eq!(registry.admit(&a, Some(b"second")), Err(Denied::WrongSecret));
    assert_eq!(registry.admit(&a, None), Err(Denied::WrongSecret));
    assert_eq!(registry.admit(&node("b"), Some(b"its own")), Ok(()));
    assert_eq!(registry.snapshot().nodes.len(), 2);
    assert_eq!(registry.snapshot().revision, 3, "two enrolled, one secret bound");
    drop(registry);

    let registry = place.open(Enrolment::Open);
    assert_eq!(registry.snapshot().revision, 3);
    assert_eq!(registry.admit(&a, Some(b"second")), Err(Denied::WrongSecret));
    assert_eq!(registry.admit(&a, Some(b"first")), Ok(()));
    assert_eq!(registry.admit(&node("b"), Some(b"its own")), Ok(()));
    let whats: Vec<_> = registry.changes(&a, 9).expect("changes").into_iter().map(|change| change.what).collect();
    assert_eq!(whats, ["bind secret", "enrol"]);
}

#[test]
fn no_secret_is_kept_in_clear() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    assert_eq!(registry.admit(&node("a"), Some(b"chosen-by-somebody")), Ok(()));
    let made = registry.add_node(BY, &node("b"), &Details::default(), &catalogue()).expect("added");
    drop(registry);
    let bytes = std::fs::read(place.path()).expect("the records");
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds(b"$argon2id$"), "the records are what was read");
    assert!(!holds(b"chosen-by-somebody") && !holds(made.reveal().as_bytes()));
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(place.path()).expect("metadata"));
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn claim_refuses_the_unknown_remembers_the_knock_and_admits_the_added() {
    let place = Place::new();
    let registry = place.open(Enrolment::Claim);
    for _ in 0..3 {
        assert_eq!(registry.admit(&node("a"), Some(b"x")), Err(Denied::UnknownNode));
    }
    assert!(!registry.refresh().expect("refreshed"), "a knock is no change");
    assert_eq!(registry.admit(&node("a"), None), Err(Denied::UnknownNode));
    let knocks = registry.knocks().expect("knocks");
    assert_eq!((knocks.len(), knocks[0].reason.as_str(), knocks[0].count), (1, "unknown_node", 4));

    let secret = registry.add_node(BY, &node("a"), &Details::default(), &catalogue()).expect("added");
    assert_eq!(registry.admit(&node("a"), Some(secret.reveal().as_bytes())), Ok(()));
    assert_eq!(registry.admit(&node("a"), None), Err(Denied::WrongSecret));
    let again = registry.add_node(BY, &node("a"), &Details::default(), &catalogue());
    assert!(matches!(again, Err(RegistryError::NodeExists(_))), "{again:?}");
}

#[test]
fn a_node_enrolled_without_a_secret_is_not_let_in_by_claim() {
    let place = Place::new();
    assert_eq!(place.open(Enrolment::Open).admit(&node("a"), None), Ok(()));
    let registry = place.open(Enrolment::Claim);
    assert_eq!(registry.admit(&node("a"), None), Err(Denied::WrongSecret));
    assert_eq!(registry.admit(&node("a"), Some(b"x")), Err(Denied::WrongSecret));
}

#[test]
fn a_flood_of_invented_names_pushes_nobody_out() {
    let place = Place::new();
    let registry = place.open(Enrolment::Claim);
    let knock = |name: &str, from: [u8; 4]| {
        assert_eq!(registry.admit_from(&node(name), None, IpAddr::from(from)), Err(Denied::UnknownNode));
    };
    knock("honest", [192, 0, 2, 1]);
    for i in 0..1_005 {
        knock(&format!("one-{i}"), [198, 51, 100, 1]);
    }
    let knocks = registry.knocks().expect("knocks");
    assert_eq!(knocks.len(), 101, "an address has a tenth of the list");
    let honest = knocks.iter().find(|knock| knock.node.as_str() == "honest").expect("it stays");
    assert_eq!((honest.count, honest.address.as_str()), (1, "192.0.2.1"));
    // It knocks again, as a node that is there does; then the flood comes from everywhere.
    knock("honest", [192, 0, 2, 1]);
    for i in 0..2_500_u32 {
        let [.., a, b] = i.to_be_bytes();
        knock(&format!("many-{i}"), [203, 0, a, b]);
        if i % 500 == 0 {
            assert!(registry.knocks().expect("knocks").len() <= 1_000);
        }
    }
    drop(registry);
    let registry = place.open(Enrolment::Claim);
    let knocks = registry.knocks().expect("knocks");
    assert!(knocks.len() <= 1_000);
    let honest = knocks.iter().find(|knock| knock.node.as_str() == "honest").expect("it stays, over a restart too");
    assert_eq!(honest.count, 2);
    registry.add_node(BY, &node("honest"), &Details::default(), &catalogue()).expect("added");
    assert!(registry.knocks().expect("knocks").iter().all(|knock| knock.node.as_str() != "honest"));
}

#[test]
fn a_revoked_node_stays_out_until_it_is_let_in_again() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    let a = node("a");
    assert_eq!(registry.admit(&a, Some(b"s")), Ok(()));
    registry.revoke(BY, &a).expect("revoked");
    assert_eq!(registry.admit(&a, Some(b"s")), Err(Denied::Revoked));
    assert!(registry.snapshot().nodes[&a].revoked);
    assert_eq!(place.open(Enrolment::Open).admit(&a, Some(b"s")), Err(Denied::Revoked));
    registry.unrevoke(BY, &a).expect("let in");
    assert_eq!(registry.admit(&a, Some(b"s")), Ok(()));
}

#[test]
fn guesses_are_limited_and_do_not_lock_out_the_node_that_was_verified() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    let a = node("a");
    assert_eq!(registry.admit(&a, Some(b"right")), Ok(()));
    for guess in 0..FAILURES_PER_MINUTE_MAX * 3 {
        assert_eq!(registry.admit(&a, Some(format!("{guess}").as_bytes())), Err(Denied::WrongSecret));
    }
    assert_eq!(registry.admit(&a, Some(b"right")), Ok(()), "remembered");
    drop(registry);
    let registry = place.open(Enrolment::Open);
    for _ in 0..FAILURES_PER_MINUTE_MAX {
        assert_eq!(registry.admit(&a, Some(b"wrong")), Err(Denied::WrongSecret));
    }
    assert_eq!(registry.admit(&a, Some(b"right")), Err(Denied::WrongSecret), "not looked at within the minute");
}

#[test]
fn as_many_nodes_as_allowed_and_no_more() {
    let place = Place::new();
    let registry = place.open_for(Enrolment::Open, 2);
    assert_eq!(registry.admit(&node("a"), None), Ok(()));
    assert_eq!(registry.admit(&node("b"), None), Ok(()));
    assert_eq!(registry.admit(&node("c"), None), Err(Denied::LimitReached));
    assert_eq!(registry.admit(&node("a"), None), Ok(()));
    let added = registry.add_node(BY, &node("c"), &Details::default(), &catalogue());
    assert!(matches!(added, Err(RegistryError::NodesMax(2))), "{added:?}");
}

#[test]
fn a_thousand_nodes_enrol_at_once() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    let names: Vec<_> = (0..1_000).map(|i| node(&format!("n{i}"))).collect();
    std::thread::scope(|scope| {
        for part in names.chunks(63) {
            let registry = &registry;
            // Each comes twice, from two connections at a time.
            for _ in 0..2 {
                scope.spawn(move || part.iter().for_each(|name| assert_eq!(registry.admit(name, None), Ok(()))));
            }
        }
    });
    assert_eq!(registry.snapshot().nodes.len(), 1_000);
    let reopened = place.open(Enrolment::Open);
    assert_eq!(reopened.snapshot().nodes.len(), 1_000);
    assert_eq!(reopened.snapshot().revision, registry.snapshot().revision);
    assert_eq!(reopened.changes(&names[0], 9).expect("changes").len(), 1, "enrolled once");
}

#[test]
fn two_connections_that_show_two_secrets_bind_one() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    let let_in: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|i| {
                let registry = &registry;
                scope.spawn(move || registry.admit(&node("a"), Some(format!("secret {i}").as_bytes())).is_ok())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(let_in.iter().filter(|ok| **ok).count(), 1, "{let_in:?}");
}

#[test]
fn a_session_is_kept_over_a_restart_expires_and_is_forgotten() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    let (a, b) = (node("a"), node("b"));
    registry.admit(&a, None).expect("enrolled");
    registry.admit(&b, None).expect("enrolled");
    let session = |id, expiry_s| Session { id, commands_qos: Some(1), expiry_s };
    assert_eq!(registry.find(&a), None);
    registry.keep(&a, &session(7, 60));
    registry.keep(&a, &session(u64::MAX, 3_600));
    registry.keep(&b, &session(1, 0));
    assert_eq!(registry.find(&b), None, "it ended with its connection");
    drop(registry);

    let registry = place.open(Enrolment::Open);
    assert_eq!(registry.find(&a), Some(session(u64::MAX, 3_600)));
    registry.forget(&a);
    assert_eq!(registry.find(&a), None);
    drop(registry);
    assert_eq!(place.open(Enrolment::Open).find(&a), None);
}

#[test]
fn commands_wait_in_order_are_bounded_and_keep_their_answer() {
    let place = Place::new();
    let registry = place.open(Enrolment::Open);
    let (a, b) = (node("a"), node("b"));
    let queue = |name: &NodeId| registry.queue_command(BY, name, |id| id.to_le_bytes().to_vec());
    assert!(matches!(queue(&a), Err(RegistryError::UnknownNode(_))));
    registry.admit(&a, None).expect("enrolled");
    registry.admit(&b, None).expect("enrolled");
    let ids: Vec<u64> = (0..COMMANDS_WAITING_MAX).map(|_| queue(&a).expect("queued")).collect();
    assert!(matches!(queue(&a), Err(RegistryError::CommandsFull { .. })));
    let other = queue(&b).expect("each node has room of its own");
    drop(registry);

    let registry = place.open(Enrolment::Open);
    let waiting = registry.commands(&a);
    assert_eq!(waiting.iter().map(|command| command.id).collect::<Vec<_>>(), ids);
    assert_eq!(*waiting[3].payload, ids[3].to_le_bytes());
    assert_eq!(registry.nodes_with_commands().expect("nodes"), [a.clone(), b.clone()]);

    registry.delivered(ids[0]);
    assert_eq!(registry.commands(&a).len(), COMMANDS_WAITING_MAX - 1);
    assert!(!registry.record_reply(&b, ids[0], b"not mine").expect("read"), "a node answers for itself");
    assert!(registry.record_reply(&a, ids[0], b"done").expect("kept"));
    assert!(registry.record_reply(&a, ids[0], b"again").expect("kept"), "read twice, it changes nothing");
    assert!(registry.record_reply(&b, other, b"unacknowledged").expect("kept"));
    assert_eq!(registry.commands(&b), [], "what was answered does not wait");
    let last = registry.commands_of(&a, 100).expect("commands").pop().expect("the first");
    assert_eq!((last.id, last.state, last.reply.as_deref()), (ids[0], CommandState::Answered, Some(&b"done"[..])));
    let next = registry.queue_command(BY, &a, |_| Vec::new()).expect("there is room again");
    assert!(next > other);
}
