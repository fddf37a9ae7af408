//! What a node may not publish, and what it may not subscribe to.

use super::*;
use crate::reading::RejectReason;

#[tokio::test]
async fn refused_messages_are_kept_acknowledged_after_the_commit_and_do_not_end_the_connection() {
    for (connect, with_reason) in [(V311, false), (V5, true)] {
        let gateway = Gateway::start(Journal::commits(false)).await;
        let mut node = gateway.enter(connect).await;
        let properties: &[u8] = if connect.v5 { &[0] } else { &[] };
        let cases = [
            ("city/b/readings", false, RejectReason::ForeignTopic, 0x87),
            ("city/a/commands", false, RejectReason::WrongTopic, 0x87),
            ("elsewhere", false, RejectReason::WrongTopic, 0x87),
            ("city/a/readings", true, RejectReason::Retained, 0x83),
        ];
        for (n, (topic, retain, reason, code)) in cases.into_iter().enumerate() {
            let packet_id = n as u16 + 1;
            let mut bytes = publish(topic, packet_id, properties, b"kept whole");
            bytes[0] |= u8::from(retain);
            node.send(&bytes).await;
            let frame = gateway.journal.frames(n + 1).await.pop().expect("a frame");
            assert_eq!(frame.kind, FrameKind::Refused { reason, topic: topic.into() });
            assert_eq!((frame.payload.as_slice(), frame.node.as_str()), (&b"kept whole"[..], "a"));
            node.ping().await;
            gateway.journal.commit(1);
            let expected = if with_reason { vec![0x40, 3, 0, packet_id as u8, code] } else { puback(packet_id) };
            assert_eq!(node.packet().await, expected);
        }
        gateway.end().await;
    }
}

#[tokio::test]
async fn an_oversized_publish_leaves_its_beginning_in_the_journal_and_ends_the_connection() {
    for connect in [V311, V5] {
        let gateway = Gateway::start(Journal::commits(true)).await;
        let mut node = gateway.enter(connect).await;
        node.send(&readings(connect.v5, 1, b"small")).await;
        assert_eq!(node.packet().await, puback(1));
        let large = readings(connect.v5, 2, &[b'x'; 70_000]);
        node.send(&large[..40_000]).await;
        let words = node.last_words().await;
        if connect.v5 {
            assert_eq!((words.len(), words[0][0], words[0][2]), (1, 0xe0, 0x95));
        } else {
            assert!(words.is_empty());
        }
        let frames = gateway.journal.frames(2).await;
        let expected = FrameKind::Refused { reason: RejectReason::Oversized, topic: "city/a/readings".into() };
        assert_eq!((&frames[1].kind, frames[1].payload.as_slice()), (&expected, &[b'x'; 256][..]));
        assert_eq!((frames[1].delivery.packet_id, frames.len()), (2, 2));
        gateway.end().await;
    }
}

#[tokio::test]
async fn an_oversized_publish_that_stops_early_is_kept_too() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut node = gateway.enter(V5).await;
    node.send(&readings(true, 2, &[b'x'; 70_000])[..100]).await;
    drop(node);
    let frame = gateway.journal.frames(1).await.pop().expect("a frame");
    assert!(matches!(frame.kind, FrameKind::Refused { reason: RejectReason::Oversized, .. }));
    assert_eq!(frame.payload, vec![b'x'; 100 - 4 - 2 - 15 - 2 - 1]);
    gateway.end().await;
}

#[tokio::test]
async fn the_largest_packet_is_taken_and_one_byte_more_is_not() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut node = gateway.enter(V5).await;
    let header = 4 + 2 + 15 + 2 + 1;
    let largest = readings(true, 1, &vec![b'x'; 65_536 - header]);
    assert_eq!(largest.len(), 65_536);
    node.send(&largest).await;
    assert_eq!(node.packet().await, puback(1));
    node.send(&readings(true, 2, &vec![b'x'; 65_537 - header])).await;
    assert_eq!(node.packet().await[2], 0x95);
    gateway.end().await;
}

#[tokio::test]
async fn a_node_subscribes_to_its_own_commands_alone() {
    for (connect, no) in [(V311, 0x80), (V5, 0x87)] {
        let gateway = Gateway::start(Journal::commits(true)).await;
        let mut node = gateway.enter(connect).await;
        for filter in
            ["city/a/#", "city/+/commands", "city/b/commands", "city/a/readings", "#", "$share/g/city/a/commands"]
        {
            node.send(&subscribe(connect.v5, filter)).await;
            let suback = node.packet().await;
            assert_eq!((suback[0], suback.last()), (0x90, Some(&no)), "{filter}");
        }
        node.send(&subscribe(connect.v5, "city/a/commands")).await;
        assert_eq!(node.packet().await.last(), Some(&1));
        gateway.registry.command(5);
        gateway.connections.poke(&NodeId::new("a").expect("a good name"));
        assert!(node.packet().await.ends_with(b"command 5"));
        gateway.end().await;
    }
}

#[tokio::test]
async fn what_was_not_agreed_on_ends_the_connection_with_its_reason() {
    let cases: [(Vec<u8>, u8); 10] = [
        (packet(0x34, &[&text("city/a/readings")[..], &[0, 1, 0]].concat()), 0x9b),
        (publish("city/a/readings", 1, &[3, 0x23, 0, 1], b"x"), 0x94),
        (publish("", 1, &[3, 0x23, 0, 1], b"x"), 0x94),
        (publish("city/+/readings", 1, &[0], b"x"), 0x90),
        (V5.bytes(), 0x82),
        (vec![0xf0, 0], 0x82),
        (vec![0x00, 0x00], 0x81),
        (vec![0xc1, 0x00], 0x81),
        (vec![0x32, 0xff, 0xff, 0xff, 0xff], 0x81),
        (packet(0x82, &[0, 1, 0]), 0x81),
    ];
    for (bytes, reason) in cases {
        for connect in [V5, V311] {
            let gateway = Gateway::start(Journal::commits(true)).await;
            let mut bystander = gateway.enter(Connect { user_name: Some("b"), ..V5 }).await;
            let mut node = gateway.enter(connect).await;
            let alias_in_311 = !connect.v5 && matches!(reason, 0x94) && bytes.len() > 12;
            if alias_in_311 {
                continue; // These bytes are a payload there.
            }
            node.send(&bytes).await;
            let words = node.last_words().await;
            if connect.v5 {
                assert_eq!((words.len(), words[0][0], words[0][2]), (1, 0xe0, reason), "{bytes:x?}");
            } else {
                assert!(words.is_empty(), "{bytes:x?}");
            }
            assert_eq!(gateway.counters.malformed(), 1);
            assert_eq!(gateway.journal.len(), 0);
            bystander.ping().await;
            gateway.end().await;
        }
    }
}

#[tokio::test]
async fn a_will_with_qos_2_is_refused() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    for (connect, code) in [(V5, Some(0x9b)), (V311, None)] {
        let mut peer = gateway.dial().await;
        peer.send(&Connect { will: Some(("city/a/status", "off", 2)), ..connect }.bytes()).await;
        assert_eq!(peer.last_words().await.first().map(|connack| connack[3]), code);
    }
    gateway.end().await;
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(300))]

    /// Whatever comes after a CONNECT, or as one, nothing panics: the listener's `run` would tell.
    #[test]
    fn no_bytes_break_the_dialogue(
        v5: bool,
        packets in proptest::collection::vec((0u8.., proptest::collection::vec(0u8.., 0..40)), 1..8),
    ) {
        use crate::telemetry::ingest::mqtt::{dialogue::Dialogue, hello::Hello, wire};
        let connect = Connect { v5, ..V311 }.bytes();
        let Ok(wire::Framed::Whole(whole)) = wire::frame(&connect, 1000) else { panic!("a CONNECT") };
        let hello = Hello::read(whole).expect("a good CONNECT");
        let silent = Arc::new(|_: &FrameKind, _: &[u8], _: Timestamp| None);
        let limits = Limits { packet_bytes_max: 35, ..limits() };
        for (first, body) in packets {
            let mut dialogue = Dialogue::new(&hello, 1, None, silent.clone(), &limits);
            let bytes = packet(first, &body);
            let mut out = Vec::new();
            if dialogue.next(&bytes, &mut out).is_ok() {
                dialogue.cut_short(&bytes);
            }
            let mut connect = connect.clone();
            for (at, byte) in body.iter().enumerate() {
                let place = (at * 7 + usize::from(first)) % (connect.len() - 2) + 2;
                connect[place] = *byte;
            }
            if let Ok(wire::Framed::Whole(whole)) = wire::frame(&connect, 1000)
                && let Err(refused) = Hello::read(whole)
            {
                refused.connack();
            }
        }
    }
}
