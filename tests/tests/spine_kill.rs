//! The gateway is killed (-9) and started again five times while 100,000 SenML messages come in with QoS 1: every message
//! that got its PUBACK is in the store once, nothing is invented, and the ledger balances all along.

use std::collections::BTreeMap;

use protocols::native;
use tests::random::Random;
use tests::senml::{Entry, to_cbor, to_json};
use tests::{Gateway, LedgerWatch, Node, now_ms, wait_longer, wait_until};

/// SenML messages in all.
const MESSAGES: u64 = 100_000;
/// Kills, at even parts of the acknowledgements.
const KILLS: u64 = 5;
/// Native frames beside them, each with so many readings.
const NATIVE_FRAMES: u32 = 2_000;
const NATIVE_READINGS: u32 = 4;
/// Between two readings of one datastream.
const STEP_MS: i64 = 500;

/// One node's messages: a reading each, of two quantities in turn.
struct Plan {
    node: &'static str,
    cbor: bool,
}

const PLANS: [Plan; 4] = [
    Plan { node: "kill-json-4", cbor: false },
    Plan { node: "kill-json-5", cbor: false },
    Plan { node: "kill-cbor-4", cbor: true },
    Plan { node: "kill-cbor-5", cbor: true },
];
const NATIVE: &str = "kill-native";
const QUANTITIES: [(&str, &str); 2] = [("temperature", "Cel"), ("humidity", "%")];
const PRESSURE_NUMBER: u8 = 16;

/// Different for neighbours, and never the same for two nodes at one time.
fn value(node: usize, index: u64) -> f64 {
    ((index * 7_919 + node as u64 * 13) % 4_999) as f64 / 100.0
}

fn message(plan: usize, index: u64, base_ms: i64) -> Vec<u8> {
    let (quantity, unit) = QUANTITIES[(index % 2) as usize];
    let unix_ms = base_ms + (index / 2) as i64 * STEP_MS;
    let entry = Entry { name: quantity, unit: Some(unit), value: value(plan, index), unix_ms };
    let base_name = format!("{}:", PLANS[plan].node);
    if PLANS[plan].cbor { to_cbor(&base_name, &[entry]) } else { to_json(&base_name, &[entry]) }
}

/// The mantissa of a native reading: pressure in hPa with two decimals.
fn mantissa(sequence: u32) -> i64 {
    98_000 + i64::from(sequence * 31 % 4_000)
}

fn native_frame(frame: u32, base_ms: i64) -> Vec<u8> {
    let first = frame * NATIVE_READINGS;
    let mut batch = native::Batch::new(0x5eed, 1, first, native::Clock::Unix { base_ms });
    for sequence in first..first + NATIVE_READINGS {
        let value = native::Decimal::new(mantissa(sequence), -2).expect("in range");
        let offset_ms = (i64::from(sequence) * STEP_MS) as i32;
        batch
            .push(native::Reading { quantity: PRESSURE_NUMBER, channel: 0, offset_ms, value })
            .expect("few in a batch");
    }
    native::Frame::Batch(batch).to_bytes().expect("a batch that fits").to_vec()
}

#[test]
fn every_acknowledged_message_is_stored_once_through_five_kills() {
    let mut random = Random::seeded(9);
    let mut gateway = Gateway::start(&[
        ("windows.settle_s", "0"),
        ("windows.quiet_s", "1"),
        // Often, so that kills fall before, in and after checkpoints.
        ("limits.checkpoint_s", "2"),
        ("limits.journal_segment_bytes", "\"1MiB\""),
    ]);
    let each = MESSAGES / PLANS.len() as u64;
    let base_ms = now_ms() / 1_000 * 1_000 - each as i64 / 2 * STEP_MS - 60_000;
    let nodes = [
        Node::new(&gateway, PLANS[0].node),
        Node::new_v5(&gateway, PLANS[1].node),
        Node::new(&gateway, PLANS[2].node),
        Node::new_v5(&gateway, PLANS[3].node),
    ];
    let native = Node::new_v5(&gateway, NATIVE);
    let counts: Vec<_> = nodes.iter().chain([&native]).map(Node::acknowledged_count).collect();
    let acknowledged = move || counts.iter().map(|count| count()).sum::<u64>();
    let watch = LedgerWatch::start(gateway.http(), {
        let counts: Vec<_> = nodes.iter().chain([&native]).map(Node::acknowledged_count).collect();
        move || counts.iter().map(|count| count()).sum()
    });

    std::thread::scope(|scope| {
        for (plan, node) in nodes.iter().enumerate() {
            scope.spawn(move || (0..each).for_each(|index| node.publish(message(plan, index, base_ms))));
        }
        scope.spawn(|| (0..NATIVE_FRAMES).for_each(|frame| native.publish(native_frame(frame, base_ms))));
        let all = MESSAGES + u64::from(NATIVE_FRAMES);
        for kill in 1..=KILLS {
            let at = all * kill / (KILLS + 1) + random.below(500) as u64;
            let patience = std::time::Duration::from_secs(240);
            wait_longer("acknowledgements before a kill", patience, || (acknowledged() >= at).then_some(()));
            gateway.kill();
            let after = acknowledged();
            assert!(after < all, "the kill came after the end");
            gateway.restart();
            wait_until("acknowledgements after a restart", || (acknowledged() > after).then_some(()));
        }
    });
    for node in nodes.iter().chain([&native]) {
        node.wait_acknowledged();
    }

    // A fresh reading passes, after all of that.
    let fresh = Node::new(&gateway, "kill-fresh");
    let now = now_ms();
    fresh.publish(to_json("", &[Entry { name: "temperature", unit: None, value: 21.5, unix_ms: now }]));
    fresh.wait_acknowledged();
    let ledger = gateway.settled();
    let looks = watch.finish();

    // Read back. What was acknowledged is there; what is there was sent; each once.
    for (plan, node) in nodes.iter().enumerate() {
        assert_eq!(node.acknowledged(), each);
        for (parity, (quantity, _)) in QUANTITIES.iter().enumerate() {
            let sent: BTreeMap<i64, f64> = (0..each)
                .filter(|index| index % 2 == parity as u64)
                .map(|index| (base_ms + (index / 2) as i64 * STEP_MS, value(plan, index)))
                .collect();
            compare(&gateway, node.name(), quantity, &sent);
        }
    }
    let sent: BTreeMap<i64, f64> = (0..NATIVE_FRAMES * NATIVE_READINGS)
        .map(|sequence| (base_ms + i64::from(sequence) * STEP_MS, mantissa(sequence) as f64 / 100.0))
        .collect();
    compare(&gateway, NATIVE, "pressure", &sent);
    compare(&gateway, "kill-fresh", "temperature", &BTreeMap::from([(now, 21.5)]));
    let kept: usize = gateway.datastreams().keys().filter(|key| key.window.is_none()).count();
    assert_eq!(kept, PLANS.len() * 2 + 2, "no datastream was invented");

    let readings = MESSAGES + u64::from(NATIVE_FRAMES * NATIVE_READINGS) + 1;
    assert_eq!(ledger.all.stored, readings, "{:?}", ledger.all);
    assert_eq!((ledger.all.corrected, ledger.all.rejected.len(), ledger.all.frames_rejected.len()), (0, 0, 0));
    // An empty run cannot pass: there were restarts, messages sent again, and some of those had been stored before.
    let (sent_again, connections): (u64, u64) =
        nodes.iter().chain([&native]).fold((0, 0), |(s, c), node| (s + node.sent_again(), c + node.connections()));
    eprintln!(
        "{sent_again} messages sent again, {} readings were duplicates, {connections} connections, {looks} looks at the ledger",
        ledger.all.duplicate
    );
    assert!(sent_again > 0 && ledger.all.duplicate > 0, "no message was under way at any kill");
    assert_eq!(gateway.log().matches("the gateway is open").count() as u64, KILLS + 1);
    assert!(connections >= 5 * (KILLS + 1), "{connections} connections");
    assert!(looks > 20, "the ledger was looked at {looks} times");
}

fn compare(gateway: &Gateway, node: &str, quantity: &str, sent: &BTreeMap<i64, f64>) {
    let found = gateway.observations(gateway.datastream(node, quantity, None));
    let mut stored = BTreeMap::new();
    for observation in &found {
        let before = stored.insert(observation.at_ms(), observation.number());
        assert!(before.is_none(), "{node} {quantity}: {} is stored twice", observation.time);
    }
    let lost = sent.iter().find(|(at, _)| !stored.contains_key(*at));
    assert!(
        lost.is_none(),
        "{node} {quantity}: {lost:?} was acknowledged and is lost; {} of {}",
        stored.len(),
        sent.len()
    );
    let invented = stored.iter().find(|(at, value)| sent.get(*at).map(|v| v.to_bits()) != Some(value.to_bits()));
    assert!(invented.is_none(), "{node} {quantity}: {invented:?} was never sent");
}
