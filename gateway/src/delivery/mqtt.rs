//! Notices to the external broker: published with QoS 1, and sent when the broker has acknowledged them.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, Incoming, MqttOptions, QoS};

use super::{Sent, Trouble};
use crate::config::Broker;

/// What is added to the name under which the broker keeps the gateway's own session.
const CLIENT_ID_SUFFIX: &str = "-notices";
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const PACKET_BYTES_MAX: usize = 1 << 20;

/// Publishes one, as JSON with its number.
pub(super) async fn send(broker: &Broker, topic: &str, sent: &Sent, timeout: Duration) -> Result<(), Trouble> {
    let mut options = MqttOptions::new(format!("{}{CLIENT_ID_SUFFIX}", broker.client_id), &broker.host, broker.port);
    options.set_clean_session(true).set_keep_alive(KEEP_ALIVE).set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
    if let Some(name) = &broker.username {
        options.set_credentials(name, broker.password.as_ref().map_or("", |password| password.expose()));
    }
    let mut body = sent.notice.body.clone();
    body["notice"] = sent.id.into();
    let (client, mut events) = AsyncClient::new(options, 4);
    let published = async {
        client.publish(topic, QoS::AtLeastOnce, false, body.to_string()).await.map_err(Trouble::passing)?;
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Incoming::PubAck(_))) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(Trouble::passing(format!("the broker: {error}"))),
            }
        }
    };
    let done = tokio::time::timeout(timeout, published).await;
    let done = done.unwrap_or_else(|_| Err(Trouble::passing("the broker did not answer in time")));
    // The broker is told that it was the end; where it does not hear it, the connection ends all the same.
    if done.is_ok() && client.disconnect().await.is_ok() {
        let _ = tokio::time::timeout(timeout, async { while events.poll().await.is_ok() {} }).await;
    }
    done
}
