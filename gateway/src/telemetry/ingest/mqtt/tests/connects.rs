//! Who is let in, and what the others are told.

use super::*;
use crate::telemetry::ingest::mqtt::{Protocol, Refusal};

#[tokio::test]
async fn who_may_not_come_in_is_told_why_in_its_own_protocol() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    for (node, password, v311, v5, refusal) in [
        ("a", Some("wrong"), 4, 0x86, Refusal::WrongSecret),
        ("a", None, 4, 0x86, Refusal::WrongSecret),
        ("unknown", Some("pw"), 5, 0x87, Refusal::UnknownNode),
        ("revoked", Some("pw"), 5, 0x8a, Refusal::Revoked),
        ("one-too-many", Some("pw"), 3, 0x97, Refusal::LimitReached),
        ("unavailable", Some("pw"), 3, 0x88, Refusal::Unavailable),
        ("No Node", Some("pw"), 2, 0x85, Refusal::InvalidNode),
        ("", Some("pw"), 2, 0x85, Refusal::InvalidNode),
    ] {
        let before = gateway.counters.refused(refusal);
        for (connect, code) in [(V311, v311), (V5, v5)] {
            let mut peer = gateway.dial().await;
            peer.send(&Connect { user_name: Some(node), password, ..connect }.bytes()).await;
            let words = peer.last_words().await;
            assert_eq!((words.len(), words[0][0], words[0][3]), (1, 0x20, code), "{node} {words:x?}");
        }
        assert_eq!(gateway.counters.refused(refusal), before + 2, "{node}");
    }
    assert_eq!(gateway.connections.count(), 0);
    gateway.end().await;
}

#[tokio::test]
async fn a_node_revoked_between_admission_and_its_seat_does_not_stay() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut peer = gateway.dial().await;
    peer.send(&Connect { user_name: Some("late"), ..V5 }.bytes()).await;
    assert_eq!(peer.packet().await[3], 0x8a);
    until("the seat is free", || gateway.connections.count() == 0).await;
    gateway.end().await;
}

#[tokio::test]
async fn the_user_name_names_the_node_else_the_client_identifier() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let _by_user = gateway.enter(Connect { client_id: "what ever", user_name: Some("u"), ..V311 }).await;
    let _by_client = gateway.enter(Connect { client_id: "c", user_name: None, ..V5 }).await;
    let mut nameless = gateway.dial().await;
    nameless.send(&Connect { client_id: "", user_name: Some("n"), ..V5 }.bytes()).await;
    let connack = nameless.packet().await;
    assert!(connack.windows(4).any(|given| given == [0x12, 0, 1, b'n']), "an identifier is given: {connack:x?}");
    let mut nodes: Vec<_> = gateway.connections.list().into_iter().map(|c| (c.node.to_string(), c.protocol)).collect();
    nodes.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("c", Protocol::V5), ("n", Protocol::V5), ("u", Protocol::V311)];
    assert_eq!(nodes, expected.map(|(node, protocol)| (node.to_owned(), protocol)));
    gateway.end().await;
}

#[tokio::test]
async fn mqtt_5_is_told_what_is_offered() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut node = gateway.dial().await;
    node.send(&V5.bytes()).await;
    let connack = node.packet().await;
    let offered: [&[u8]; 4] = [&[0x21, 0x03, 0xe8], &[0x24, 1], &[0x27, 0, 1, 0, 0], &[0x22, 0, 0]];
    for property in offered {
        assert!(connack.windows(property.len()).any(|window| window == property), "{property:x?} in {connack:x?}");
    }
    gateway.end().await;
}

#[tokio::test]
async fn a_peer_that_does_not_introduce_itself_in_time_is_closed() {
    let limits = Limits { connect_timeout: Duration::from_millis(50), ..limits() };
    let gateway = Gateway::start_with(Journal::commits(true), Arc::default(), limits).await;
    let mut silent = gateway.dial().await;
    let mut slow = gateway.dial().await;
    slow.send(&V5.bytes()[..9]).await;
    assert!(silent.last_words().await.is_empty());
    assert!(slow.last_words().await.is_empty());
    assert_eq!(gateway.counters.refused(Refusal::ConnectTimeout), 2);
    gateway.end().await;
}

#[tokio::test]
async fn what_is_no_connect_is_closed_at_once() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let garbage: [&[u8]; 4] = [b"GET / HTTP/1.1\r\n\r\n", &[0xc0, 0], &[0x10, 0xff, 0xff, 0xff, 0x7f], &[0; 4]];
    for bytes in garbage {
        let mut peer = gateway.dial().await;
        peer.send(bytes).await;
        assert!(peer.last_words().await.is_empty());
    }
    assert_eq!(gateway.counters.refused(Refusal::Malformed), 4);
    let mut node = gateway.enter(V311).await;
    node.ping().await;
    gateway.end().await;
}

#[tokio::test]
async fn beyond_connections_max_a_new_node_is_refused_but_one_that_is_in_may_come_again() {
    let limits = Limits { connections_max: 1, ..limits() };
    let gateway = Gateway::start_with(Journal::commits(true), Arc::default(), limits).await;
    let _first = gateway.enter(V5).await;
    let mut other = gateway.dial().await;
    other.send(&Connect { user_name: Some("b"), ..V5 }.bytes()).await;
    assert_eq!(other.packet().await[3], 0x97);
    assert_eq!(gateway.counters.refused(Refusal::ConnectionsFull), 1);
    let mut again = gateway.enter(V5).await;
    again.ping().await;
    gateway.end().await;
}
