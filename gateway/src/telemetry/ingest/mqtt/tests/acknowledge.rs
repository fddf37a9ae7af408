//! A PUBACK leaves after the commit, in order, and reading goes on meanwhile.

use super::*;

#[tokio::test]
async fn no_puback_leaves_before_its_frame_is_on_disk_and_they_leave_in_order() {
    for connect in [V311, V5] {
        let gateway = Gateway::start(Journal::commits(false)).await;
        let mut node = gateway.enter(connect).await;
        for packet_id in [7, 3, 9] {
            node.send(&readings(connect.v5, packet_id, b"[]")).await;
        }
        node.send(&readings(connect.v5, 0, b"QoS 0")).await;
        node.send(&readings(connect.v5, 4, b"[]")).await;
        gateway.journal.frames(5).await;
        // The answer to a ping overtakes them: none was sent.
        node.ping().await;
        gateway.journal.commit(1);
        assert_eq!(node.packet().await, puback(7));
        node.ping().await;
        gateway.journal.commit(4);
        for packet_id in [3, 9, 4] {
            assert_eq!(node.packet().await, puback(packet_id));
        }
        until("acks are counted", || gateway.counters.acks() == 4).await;
        assert_eq!(gateway.counters.publishes(), 5);
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_frame_tells_how_it_came() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut node = gateway.enter(V311).await;
    node.send(&readings(false, 513, b"first")).await;
    let mut again = readings(false, 513, b"first");
    again[0] |= 8;
    node.send(&again).await;
    let mut status = publish("city/a/status", 2, &[], b"on");
    status[0] |= 1;
    node.send(&status).await;
    node.send(&publish("city/a/replies", 0, &[], b"reply")).await;
    let frames = gateway.journal.frames(4).await;
    let [first, again, status, reply] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!(
        (&first.kind, first.payload.as_slice(), first.node.as_str()),
        (&FrameKind::Readings, &b"first"[..], "a")
    );
    assert_eq!((first.delivery.packet_id, first.delivery.at_least_once, first.delivery.duplicate), (513, true, false));
    assert!(again.delivery.duplicate);
    assert_eq!((&status.kind, status.delivery.retained), (&FrameKind::Status, true));
    assert_eq!((&reply.kind, reply.delivery.at_least_once), (&FrameKind::Reply, false));
    assert_ne!(first.delivery.session, 0);
    assert!(frames.iter().all(|frame| frame.delivery.session == first.delivery.session));
    assert!(first.received_at.millis() > 1_700_000_000_000);

    // Another clean session is another session.
    let mut node = gateway.enter(V311).await;
    node.send(&readings(false, 1, b"x")).await;
    assert_ne!(gateway.journal.frames(5).await[4].delivery.session, first.delivery.session);
    gateway.end().await;
}

#[tokio::test]
async fn packets_in_the_same_segment_as_connect_are_taken_after_it() {
    for connect in [V311, V5] {
        let gateway = Gateway::start(Journal::commits(true)).await;
        let mut node = gateway.dial().await;
        let bytes = [connect.bytes(), readings(connect.v5, 1, b"x"), readings(connect.v5, 2, b"y"), vec![0xc0, 0]];
        node.send(&bytes.concat()).await;
        assert_eq!(node.packet().await[0], 0x20);
        let mut answers = [node.packet().await, node.packet().await, node.packet().await];
        answers.sort();
        assert_eq!(answers, [puback(1), puback(2), vec![0xd0, 0]]);
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_thousand_in_flight_are_read_while_none_is_on_disk_and_the_next_breaks_mqtt_5() {
    let limits = Limits { drain_timeout: PATIENCE, ..limits() };
    let gateway = Gateway::start_with(Journal::commits(false), Arc::default(), limits).await;
    let mut node = gateway.enter(V5).await;
    let burst: Vec<u8> = (1..=1000).flat_map(|id| readings(true, id, &[b'['; 150])).collect();
    node.send(&burst).await;
    gateway.journal.frames(1000).await;
    node.ping().await;
    gateway.journal.commit(1);
    assert_eq!(node.packet().await, puback(1));
    // One was acknowledged: one more fits, two do not.
    node.send(&[readings(true, 1001, b"x"), readings(true, 1002, b"x")].concat()).await;
    gateway.journal.frames(1001).await;
    gateway.journal.commit(1000);
    let words = node.last_words().await;
    assert_eq!(words.len(), 1001, "what was on its way is acknowledged before the good-bye");
    assert_eq!(words[1000][..3], [0xe0, words[1000][1], 0x93]);
    assert_eq!(gateway.journal.len(), 1001);
    assert_eq!(gateway.counters.malformed(), 1);
    gateway.end().await;
}

#[tokio::test]
async fn mqtt_3_1_1_beyond_the_receive_maximum_waits_for_the_disk() {
    let limits = Limits { receive_maximum: 10, ..limits() };
    let gateway = Gateway::start_with(Journal::commits(false), Arc::default(), limits).await;
    let mut node = gateway.enter(V311).await;
    let burst: Vec<u8> = (1..=25).flat_map(|id| readings(false, id, b"x")).collect();
    node.send(&burst).await;
    for expected in [10, 20, 25] {
        assert_eq!(gateway.journal.frames(expected).await.len(), expected);
        let first = expected - (expected - 1) % 10;
        gateway.journal.commit(expected + 1 - first);
        for packet_id in first..=expected {
            assert_eq!(node.packet().await, puback(packet_id as u16));
        }
    }
    gateway.end().await;
}

#[tokio::test]
async fn while_the_journal_takes_no_more_the_socket_is_not_read_but_what_is_on_disk_is_acknowledged() {
    let journal = Journal::commits(false);
    journal.room.forget_permits(100_000_000);
    journal.room.add_permits(2);
    let gateway = Gateway::start(journal).await;
    let mut node = gateway.enter(V5).await;
    node.send(&[readings(true, 1, b"x"), readings(true, 2, b"x"), readings(true, 3, b"x"), vec![0xc0, 0]].concat())
        .await;
    gateway.journal.frames(2).await;
    gateway.journal.commit(1);
    assert_eq!(node.packet().await, puback(1));
    assert_eq!(gateway.journal.len(), 2, "the third waits, and the ping behind it");
    gateway.journal.room.add_permits(1);
    assert_eq!(node.packet().await, [0xd0, 0]);
    gateway.journal.commit(2);
    assert_eq!((node.packet().await, node.packet().await), (puback(2), puback(3)));
    gateway.end().await;
}

#[tokio::test]
async fn a_question_is_answered_at_once_to_who_listens() {
    let gateway = Gateway::start(Journal::commits(false)).await;
    let mut node = gateway.enter(V5).await;
    node.send(&publish("city/a/replies", 0, &[0], b"time?")).await;
    node.ping().await;
    node.send(&subscribe(true, "city/a/commands")).await;
    assert_eq!(node.packet().await, [0x90, 4, 0, 9, 0, 1]);
    node.send(&publish("city/a/replies", 0, &[0], b"time?")).await;
    let answer = node.packet().await;
    assert_eq!(answer[0], 0x30);
    assert!(answer.ends_with(b"the time"));
    gateway.end().await;
}
