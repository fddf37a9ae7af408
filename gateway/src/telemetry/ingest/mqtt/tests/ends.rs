//! How connections end: silence, take-over, revocation, the gateway's stop; and what becomes of the will.

use super::*;

const WILL: Option<(&str, &str, u8)> = Some(("city/a/status", "gone", 1));

fn is_the_will(frame: &Frame) -> bool {
    frame.kind == FrameKind::Status && frame.payload == b"gone" && frame.delivery.packet_id == 0
}

#[tokio::test]
async fn a_will_is_sent_unless_the_client_says_good_bye() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    // (how it ends, whether the will is sent)
    let cases: [(Connect<'_>, &[u8], bool); 6] = [
        (V311, &[], true),
        (V311, &[0xe0, 0], false),
        (V5, &[], true),
        (V5, &[0xe0, 0], false),
        (V5, &[0xe0, 1, 0x04], true),
        (V5, &[0xc1, 0], true),
    ];
    let mut sent = 0;
    for (connect, ending, sends) in cases {
        let mut node = gateway.enter(Connect { will: WILL, ..connect }).await;
        node.send(ending).await;
        drop(node);
        until("the connection has ended", || gateway.counters.connections_open() == 0).await;
        sent += usize::from(sends);
        assert_eq!(gateway.journal.len(), sent, "{ending:x?}");
    }
    assert!(gateway.journal.frames(sent).await.iter().all(is_the_will));
    gateway.end().await;
}

#[tokio::test]
async fn a_will_on_another_nodes_topic_is_kept_as_refused() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    drop(gateway.enter(Connect { will: Some(("city/b/status", "gone", 0)), ..V5 }).await);
    let frames = gateway.journal.frames(1).await;
    assert!(matches!(&frames[0].kind, FrameKind::Refused { topic, .. } if topic == "city/b/status"));
    gateway.end().await;
}

#[tokio::test]
async fn a_second_connect_takes_over_after_the_firsts_will() {
    for connect in [V311, V5] {
        let gateway = Gateway::start(Journal::commits(false)).await;
        let mut first = gateway.enter(Connect { will: WILL, ..connect }).await;
        first.send(&readings(connect.v5, 1, b"first")).await;
        gateway.journal.frames(1).await;
        let mut second = gateway.dial().await;
        second.send(&[connect.bytes(), readings(connect.v5, 1, b"second")].concat()).await;
        assert_eq!(second.packet().await[0], 0x20);
        let frames = gateway.journal.frames(3).await;
        assert!(is_the_will(&frames[1]), "{frames:?}");
        assert_eq!(frames[2].payload, b"second");
        assert_eq!(frames[1].delivery.session, frames[0].delivery.session);
        let words = first.last_words().await;
        if connect.v5 {
            assert_eq!((words.len(), words[0][0], words[0][2]), (1, 0xe0, 0x8e));
        } else {
            assert!(words.is_empty());
        }
        gateway.journal.commit(3);
        assert_eq!(second.packet().await, puback(1));
        assert_eq!((gateway.counters.taken_over(), gateway.connections.count()), (1, 1));
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_connection_that_waits_for_the_journal_is_taken_over_all_the_same() {
    let journal = Journal::commits(true);
    journal.room.forget_permits(100_000_000);
    let gateway = Gateway::start(journal).await;
    let mut first = gateway.enter(V5).await;
    first.send(&readings(true, 1, b"first")).await;
    let mut second = gateway.enter(V5).await;
    assert_eq!(first.last_words().await[0][2], 0x8e);
    gateway.journal.room.add_permits(10);
    second.send(&readings(true, 1, b"second")).await;
    assert_eq!(second.packet().await, puback(1));
    gateway.end().await;
}

#[tokio::test]
async fn many_connections_of_one_node_leave_one() {
    let gateway = Arc::new(Gateway::start(Journal::commits(true)).await);
    let peers = (0..20).map(|_| {
        let gateway = gateway.clone();
        tokio::spawn(async move {
            let mut peer = gateway.dial().await;
            peer.send(&V5.bytes()).await;
            peer
        })
    });
    let mut peers: Vec<_> = peers.collect();
    let mut open = Vec::new();
    for peer in &mut peers {
        open.push(peer.await.expect("no panic"));
    }
    until("all were served", || gateway.counters.taken_over() == 19).await;
    // The last one may still be taking the seat that the one before it left.
    until("one is left", || (gateway.counters.connections_open(), gateway.connections.count()) == (1, 1)).await;
    drop(open);
    until("all are gone", || gateway.connections.count() == 0).await;
}

#[tokio::test]
async fn a_revoked_node_is_closed() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut node = gateway.enter(V5).await;
    gateway.connections.kick(&NodeId::new("a").expect("a good name"));
    assert_eq!(node.last_words().await[0][2], 0x87);
    assert_eq!(gateway.connections.count(), 0);
    gateway.end().await;
}

#[tokio::test]
async fn keep_alive_is_enforced_at_one_and_a_half() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut silent = gateway.enter(Connect { keep_alive_s: 1, will: WILL, ..V5 }).await;
    let entered = std::time::Instant::now();
    let mut quiet = gateway.enter(Connect { keep_alive_s: 0, user_name: Some("b"), ..V5 }).await;
    assert_eq!(silent.last_words().await[0][2], 0x8d);
    let took = entered.elapsed().as_millis();
    assert!((1400..5000).contains(&took), "{took} ms");
    assert!(is_the_will(&gateway.journal.frames(1).await[0]));
    assert_eq!(gateway.counters.timed_out(), 1);
    quiet.ping().await;
    gateway.end().await;
}

#[tokio::test]
async fn a_packet_that_does_not_end_is_not_waited_for() {
    let limits = Limits { packet_timeout: Duration::from_millis(50), ..limits() };
    let gateway = Gateway::start_with(Journal::commits(true), Arc::default(), limits).await;
    let mut slow = gateway.enter(V5).await;
    let mut bystander = gateway.enter(Connect { user_name: Some("b"), ..V5 }).await;
    slow.send(&readings(true, 1, b"never ends")[..9]).await;
    assert_eq!(slow.last_words().await[0][2], 0x8d);
    bystander.ping().await;
    assert_eq!(gateway.counters.timed_out(), 1);
    gateway.end().await;
}

#[tokio::test]
async fn a_peer_that_takes_no_bytes_is_not_waited_for() {
    let limits = Limits { write_timeout: Duration::from_millis(50), ..limits() };
    let gateway = Gateway::start_with(Journal::commits(true), Arc::default(), limits).await;
    let payload = vec![0; 32 << 20].into();
    gateway.registry.commands.lock().expect("no panic").push(Command { id: 1, payload });
    let mut deaf = gateway.enter(V5).await;
    deaf.send(&subscribe(true, "city/a/commands")).await;
    until("it has been closed", || gateway.counters.timed_out() == 1).await;
    gateway.end().await;
}

#[tokio::test]
async fn without_keep_alive_a_long_silence_ends_the_connection() {
    let limits = Limits { silence_max: Duration::from_millis(50), ..limits() };
    let gateway = Gateway::start_with(Journal::commits(true), Arc::default(), limits).await;
    let mut silent = gateway.enter(Connect { keep_alive_s: 0, ..V5 }).await;
    assert_eq!(silent.last_words().await[0][2], 0x8d);
    gateway.end().await;
}

#[tokio::test]
async fn a_stop_acknowledges_what_gets_on_disk_in_time_and_sends_no_will() {
    let limits = Limits { drain_timeout: PATIENCE, ..limits() };
    let gateway = Gateway::start_with(Journal::commits(false), Arc::default(), limits).await;
    let mut node = gateway.enter(Connect { will: WILL, ..V5 }).await;
    node.send(&readings(true, 1, b"x")).await;
    gateway.journal.frames(1).await;
    gateway.stop.send_replace(true);
    // The port is closed before the connections are.
    until("the port is closed", || std::net::TcpStream::connect(gateway.address).is_err()).await;
    gateway.journal.commit(1);
    let words = node.last_words().await;
    assert_eq!((words.len(), &words[0], words[1][2]), (2, &puback(1), 0x8b));
    assert_eq!(gateway.journal.len(), 1);
    gateway.end().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_disk_that_does_nothing() {
    let gateway = Gateway::start(Journal::commits(false)).await;
    let mut node = gateway.enter(V5).await;
    node.send(&readings(true, 1, b"x")).await;
    gateway.journal.frames(1).await;
    gateway.stop.send_replace(true);
    let words = node.last_words().await;
    assert_eq!((words.len(), words[0][2]), (1, 0x8b));
    gateway.end().await;
}

#[tokio::test]
async fn a_journal_that_has_stopped_ends_the_connection_without_an_acknowledgement() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut node = gateway.enter(V5).await;
    gateway.journal.room.close();
    node.send(&readings(true, 1, b"x")).await;
    let words = node.last_words().await;
    assert_eq!((words.len(), words[0][2]), (1, 0x8b));
    gateway.end().await;
}
