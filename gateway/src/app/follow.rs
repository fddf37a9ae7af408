//! What happens elsewhere and others have to hear of: the command line's changes of the registry and of certificates go to
//! connections and the pipeline; the pipeline's events go to the registry and the audit log. A change that cannot be
//! read is told in the log and looked for again.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use protocols::native::Frame;
use tokio::sync::watch;

use super::housekeeping;
use crate::reading::NodeId;
use crate::service::Gateway;
use crate::telemetry::pipeline::{Event, Order};

/// How often the registry's file is looked at for changes of the command line.
const EVERY: Duration = Duration::from_secs(1);

/// Looks once a second for what the command line changed: nodes, calibrations, commands.
pub(super) async fn registry(app: Arc<Gateway>, stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = super::until(stop.clone()) => return,
            _ = tick.tick() => {}
        }
        let looked = app.clone();
        let look = tokio::task::spawn_blocking(move || {
            match looked.registry.refresh() {
                Ok(true) => {
                    let snapshot = looked.registry.snapshot();
                    for node in snapshot.nodes.values().filter(|node| node.revoked) {
                        looked.connections.kick(&node.id);
                    }
                    looked.orders.give(Order::Registry(snapshot));
                }
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the registry could not be looked at"),
            }
            match looked.keys.refresh() {
                // A table that cannot be read says nothing against anybody; who comes anew is not let in meanwhile.
                Ok(true) => looked.connections.kick_certified(|node, certificate| {
                    looked.keys.holder(certificate).map_or(true, |holder| holder.as_ref() == Ok(node))
                }),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the table of certificates could not be looked at"),
            }
            match looked.registry.nodes_with_commands() {
                Ok(nodes) => nodes.iter().for_each(|node| looked.connections.poke(node)),
                Err(error) => tracing::error!(%error, "the registry's commands could not be looked at"),
            }
        });
        if let Err(error) = look.await {
            tracing::error!(%error, "looking at the registry failed");
        }
    }
}

/// Takes the nodes' answers to the registry; ends with the pipeline.
pub(super) fn events(app: &Gateway, happened: &Receiver<Event>) {
    while let Ok(event) = happened.recv() {
        match event {
            Event::Reply { node, payload } => record_reply(app, &node, &payload),
            Event::Retained { .. } | Event::Shed { .. } => housekeeping::record_removal(app, &event),
        }
    }
}

fn record_reply(app: &Gateway, node: &NodeId, payload: &[u8]) {
    let Ok(Frame::Reply(reply)) = Frame::decode(payload) else { return };
    match app.registry.record_reply(node, u64::from(reply.command), payload) {
        Ok(true) => {}
        Ok(false) => {
            tracing::info!(%node, command = reply.command, "an answer to a command that the node was not given")
        }
        Err(error) => tracing::error!(%node, %error, "an answer could not be recorded"),
    }
}
