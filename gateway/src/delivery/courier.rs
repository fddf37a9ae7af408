//! [`run`]: sends what waits in the outbox. Each way goes by itself, so that one that is slow holds up no other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::smtp::Mailer;
use super::{Outbox, Sent, Trouble, Way, mqtt, webhook};
use crate::config::{Broker, Delivery};
use crate::store::StoreError;

/// How often the outbox is looked at.
const EVERY: Duration = Duration::from_secs(2);
/// Notices that are taken at once.
const BATCH: usize = 50;
/// What a notice is given up with whose way is not set up.
const NO_WAY: &str = "not set up in [delivery]";

/// A way, with what it needs.
enum Lane {
    Email(Option<Box<Mailer>>),
    Webhook(Box<crate::config::Webhook>),
    Mqtt(Option<(Broker, String)>),
}

/// Sends until `stop` holds true.
pub async fn run(delivery: Delivery, broker: Option<Broker>, outbox: Arc<Outbox>, stop: watch::Receiver<bool>) {
    let mailer = delivery.smtp.as_ref().and_then(|smtp| match Mailer::new(smtp, delivery.timeout) {
        Ok(mailer) => Some(Box::new(mailer)),
        Err(error) => {
            tracing::error!(%error, "[delivery.smtp] cannot be used");
            None
        }
    });
    let mut lanes = vec![Lane::Email(mailer), Lane::Mqtt(broker.zip(delivery.topic.clone()))];
    lanes.extend(delivery.webhooks.iter().cloned().map(|webhook| Lane::Webhook(Box::new(webhook))));
    let lanes =
        lanes.into_iter().map(|lane| tokio::spawn(follow(lane, outbox.clone(), delivery.timeout, stop.clone())));
    for lane in lanes.collect::<Vec<_>>() {
        if let Err(error) = lane.await {
            tracing::error!(%error, "sending notices failed");
        }
    }
}

async fn follow(lane: Lane, outbox: Arc<Outbox>, timeout: Duration, mut stop: watch::Receiver<bool>) {
    let (way, target): (Way, Arc<str>) = match &lane {
        Lane::Email(_) => (Way::Email, "".into()),
        Lane::Mqtt(_) => (Way::Mqtt, "".into()),
        Lane::Webhook(webhook) => (Way::Webhook, (*webhook.name).into()),
    };
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let (looked, to) = (outbox.clone(), target.clone());
        let due = tokio::task::spawn_blocking(move || looked.due(way, &to, BATCH)).await;
        let due = match due {
            Ok(Ok(due)) => due,
            Ok(Err(error)) => {
                tracing::error!(%error, "the outbox could not be read");
                continue;
            }
            Err(_) => return,
        };
        for sent in due {
            // A notice that is being sent when the gateway stops is sent again.
            let result = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                result = send(&lane, &outbox, &sent, timeout) => result,
            };
            let result = match result {
                Ok(result) => result,
                Err(error) => {
                    tracing::error!(%error, "a person's address could not be looked up");
                    continue;
                }
            };
            match &result {
                Ok(()) => tracing::info!(notice = sent.id, way = way.code(), "a notice went out"),
                Err(trouble) => {
                    tracing::warn!(notice = sent.id, way = way.code(), %trouble, lasting = trouble.lasting, "a notice did not go out");
                }
            }
            let kept = outbox.clone();
            match tokio::task::spawn_blocking(move || kept.settle(&sent, result)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the outbox could not be written"),
                Err(_) => return,
            }
        }
    }
}

async fn send(
    lane: &Lane,
    outbox: &Arc<Outbox>,
    sent: &Sent,
    timeout: Duration,
) -> Result<Result<(), Trouble>, StoreError> {
    let address = match sent.notice.person.clone() {
        None => None,
        Some(person) => {
            let asked = outbox.clone();
            let found = tokio::task::spawn_blocking(move || asked.address(&person)).await;
            match found.map_err(|error| StoreError::Damaged(error.to_string()))?? {
                Some(address) => Some(address),
                None => return Ok(Err(Trouble::lasting("the person has no account any more"))),
            }
        }
    };
    Ok(match lane {
        Lane::Email(Some(mailer)) => mailer.send(sent, &address.unwrap_or_default()).await,
        Lane::Mqtt(Some((broker, topic))) => mqtt::send(broker, topic, sent, timeout).await,
        Lane::Email(None) | Lane::Mqtt(None) => Err(Trouble::lasting(NO_WAY)),
        Lane::Webhook(webhook) => webhook::send(webhook, sent, address.as_ref(), timeout).await,
    })
}
