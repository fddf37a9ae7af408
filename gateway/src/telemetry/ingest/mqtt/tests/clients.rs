//! The same with clients that others wrote: rumqttc, for MQTT 3.1.1 and 5.

use super::*;

const COUNT: usize = 300;

#[tokio::test]
async fn rumqttc_publishes_hears_commands_and_leaves_with_mqtt_3_1_1() {
    use rumqttc::{AsyncClient, Event, MqttOptions, Outgoing, Packet, QoS};
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut options = MqttOptions::new("a", "127.0.0.1", gateway.address.port());
    options.set_credentials("a", "pw").set_inflight(200);
    let (client, mut events) = AsyncClient::new(options, COUNT + 10);
    client.subscribe("city/a/commands", QoS::AtLeastOnce).await.expect("queued");
    for _ in 0..COUNT {
        client.publish("city/a/readings", QoS::AtLeastOnce, false, "[]").await.expect("queued");
    }
    gateway.registry.command(1);
    let (mut acks, mut commands) = (0, 0);
    while acks < COUNT || commands < 1 {
        match within(events.poll()).await.expect("the connection holds") {
            Event::Incoming(Packet::PubAck(_)) => acks += 1,
            Event::Incoming(Packet::Publish(command)) => {
                assert_eq!((command.topic.as_str(), &command.payload[..]), ("city/a/commands", &b"command 1"[..]));
                commands += 1;
            }
            _ => {}
        }
    }
    client.disconnect().await.expect("queued");
    while !matches!(within(events.poll()).await, Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_)) {}
    assert_eq!(gateway.journal.len(), COUNT);
    until("it has left", || gateway.connections.count() == 0).await;
    gateway.end().await;
}

#[tokio::test]
async fn rumqttc_publishes_hears_commands_and_leaves_with_mqtt_5() {
    use rumqttc::Outgoing;
    use rumqttc::v5::mqttbytes::QoS;
    use rumqttc::v5::mqttbytes::v5::Packet;
    use rumqttc::v5::{AsyncClient, Event, MqttOptions};
    let gateway = Gateway::start(Journal::commits(true)).await;
    let mut options = MqttOptions::new("a", "127.0.0.1", gateway.address.port());
    options.set_credentials("a", "pw");
    let (client, mut events) = AsyncClient::new(options, COUNT + 10);
    client.subscribe("city/a/commands", QoS::AtLeastOnce).await.expect("queued");
    for _ in 0..COUNT {
        client.publish("city/a/readings", QoS::AtLeastOnce, false, "[]").await.expect("queued");
    }
    gateway.registry.command(1);
    let (mut acks, mut commands) = (0, 0);
    while acks < COUNT || commands < 1 {
        match within(events.poll()).await.expect("the connection holds") {
            Event::Incoming(Packet::PubAck(_)) => acks += 1,
            Event::Incoming(Packet::Publish(command)) => {
                assert_eq!((&command.topic[..], &command.payload[..]), (&b"city/a/commands"[..], &b"command 1"[..]));
                commands += 1;
            }
            _ => {}
        }
    }
    client.disconnect().await.expect("queued");
    while !matches!(within(events.poll()).await, Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_)) {}
    assert_eq!(gateway.journal.len(), COUNT);
    gateway.end().await;
}
