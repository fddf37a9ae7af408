//! Sessions and commands that outlive a connection, and a run of the gateway.

use super::*;

const SUBACK_V311: &[u8] = &[0x90, 3, 0, 9, 1];

async fn session_present(gateway: &Gateway, connect: Connect<'_>) -> (Raw, bool) {
    let mut raw = gateway.dial().await;
    raw.send(&connect.bytes()).await;
    let connack = raw.packet().await;
    assert_eq!((connack[0], connack[3]), (0x20, 0));
    (raw, connack[2] == 1)
}

/// Packet identifier and DUP of a command.
fn told(publish: &[u8], command: u64) -> (u16, bool) {
    assert_eq!(publish[0] & 0xf7, 0x32, "{publish:x?}");
    assert!(publish.ends_with(format!("command {command}").as_bytes()), "{publish:x?}");
    let topic = usize::from(publish[3]);
    (u16::from_be_bytes([publish[4 + topic], publish[5 + topic]]), publish[0] & 8 != 0)
}

#[tokio::test]
async fn subscription_and_commands_survive_a_restart_and_are_sent_again_with_dup() {
    for connect in [Connect { clean: false, ..V311 }, Connect { clean: false, properties: KEPT, ..V5 }] {
        let registry = Arc::<Registry>::default();
        let gateway = Gateway::start_with(Journal::commits(true), registry.clone(), limits()).await;
        let (mut node, present) = session_present(&gateway, connect).await;
        assert!(!present);
        node.send(&subscribe(connect.v5, "city/a/commands")).await;
        assert_eq!(node.packet().await.last(), Some(&1));
        registry.command(40);
        registry.command(41);
        gateway.connections.poke(&NodeId::new("a").expect("a good name"));
        let (first_id, again) = told(&node.packet().await, 40);
        assert!(!again);
        let (second_id, _) = told(&node.packet().await, 41);
        node.send(&puback(first_id)).await;
        until("the first is taken", || registry.commands.lock().expect("no panic").len() == 1).await;
        node.send(&readings(connect.v5, 1, b"x")).await;
        let session = gateway.journal.frames(1).await[0].delivery.session;
        gateway.end().await;

        let gateway = Gateway::start_with(Journal::commits(true), registry.clone(), limits()).await;
        let (mut node, present) = session_present(&gateway, connect).await;
        assert!(present);
        assert_eq!(told(&node.packet().await, 41), (second_id, true));
        registry.command(42);
        gateway.connections.poke(&NodeId::new("a").expect("a good name"));
        let (third_id, again) = told(&node.packet().await, 42);
        assert!(!again);
        node.send(&[puback(second_id), puback(third_id)].concat()).await;
        until("all are taken", || registry.commands.lock().expect("no panic").is_empty()).await;
        node.send(&readings(connect.v5, 1, b"x")).await;
        assert_eq!(gateway.journal.frames(1).await[0].delivery.session, session);
        assert_eq!((gateway.counters.commands_sent(), gateway.counters.commands_acked()), (2, 2));

        // A clean start ends the session.
        let (_, present) = session_present(&gateway, Connect { clean: true, properties: &[], ..connect }).await;
        assert!(!present);
        assert!(registry.sessions.lock().expect("no panic").is_empty());
        gateway.end().await;
    }
}

#[tokio::test]
async fn a_session_is_forgotten_when_the_client_says_so() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let kept = Connect { clean: false, properties: KEPT, ..V5 };
    let (mut node, _) = session_present(&gateway, kept).await;
    node.send(&packet(0xe0, &[0, 5, 0x11, 0, 0, 0, 0])).await;
    drop(node);
    until("it has left", || gateway.connections.count() == 0).await;
    let (mut node, present) = session_present(&gateway, kept).await;
    assert!(!present);
    node.send(&[0xe0, 0]).await;
    drop(node);
    until("it has left", || gateway.connections.count() == 0).await;
    // Without an expiry this connection uses up the session.
    let (node, present) = session_present(&gateway, Connect { clean: false, ..V5 }).await;
    assert!(present);
    drop(node);
    until("it has left", || gateway.connections.count() == 0).await;
    assert!(gateway.registry.sessions.lock().expect("no panic").is_empty());
    // What was not to be kept cannot be kept later.
    let (mut node, _) = session_present(&gateway, V5).await;
    node.send(&packet(0xe0, &[0, 5, 0x11, 0, 0, 0, 9])).await;
    assert_eq!(node.packet().await[2], 0x82);
    gateway.end().await;
}

#[tokio::test]
async fn the_clients_receive_maximum_is_kept() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    for id in 1..=5 {
        gateway.registry.command(id);
    }
    let (mut node, _) = session_present(&gateway, Connect { properties: &[0x21, 0, 2], ..V5 }).await;
    node.send(&subscribe(true, "city/a/commands")).await;
    assert_eq!(node.packet().await[0], 0x90);
    let (first, _) = told(&node.packet().await, 1);
    told(&node.packet().await, 2);
    node.ping().await;
    node.send(&puback(first)).await;
    told(&node.packet().await, 3);
    node.ping().await;
    gateway.end().await;
}

#[tokio::test]
async fn after_unsubscribing_no_command_comes_and_after_qos_0_none_waits() {
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut node = gateway.enter(V311).await;
    node.send(&subscribe(false, "city/a/commands")).await;
    assert_eq!(node.packet().await, SUBACK_V311);
    node.send(&packet(0xa2, &[&[0, 8], &text("city/a/commands")[..]].concat())).await;
    assert_eq!(node.packet().await, [0xb0, 2, 0, 8]);
    gateway.registry.command(1);
    gateway.connections.poke(&NodeId::new("a").expect("a good name"));
    node.ping().await;
    node.send(&packet(0x82, &[&[0, 9], &text("city/a/commands")[..], &[0]].concat())).await;
    assert_eq!(node.packet().await, [0x90, 3, 0, 9, 0]);
    let command = node.packet().await;
    assert_eq!(command[0], 0x30);
    until("it is taken as delivered", || gateway.registry.commands.lock().expect("no panic").is_empty()).await;
    // A PUBACK for what was never sent is counted, not punished.
    node.send(&puback(77)).await;
    node.ping().await;
    assert_eq!(gateway.counters.unknown_acks(), 1);
    gateway.end().await;
}
