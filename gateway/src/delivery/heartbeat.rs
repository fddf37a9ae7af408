//! A sign of life to another system, which notices when there is none: sent only while the gateway takes what nodes send.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::webhook;
use crate::config::Heartbeat;

/// Signs that may be missed before it is said.
const MISSED_MAX: u32 = 3;

/// How the last signs went.
#[derive(Debug, Default)]
pub struct Pulse {
    missed: AtomicU32,
}

impl Pulse {
    /// Whether several in a row did not go out.
    pub fn is_weak(&self) -> bool {
        self.missed.load(Ordering::Relaxed) >= MISSED_MAX
    }
}

/// Sends one each `every` until `stop` holds true. `is_ready`: whether the gateway takes what nodes send.
pub async fn run(
    config: Heartbeat,
    timeout: Duration,
    pulse: Arc<Pulse>,
    is_ready: impl Fn() -> bool + Send,
    mut stop: watch::Receiver<bool>,
) {
    let mut tick = tokio::time::interval(config.every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = tick.tick() => {}
        }
        if !is_ready() {
            tracing::warn!("no sign of life is sent: the gateway is not ready");
            continue;
        }
        match beat(&config, timeout).await {
            Ok(()) => pulse.missed.store(0, Ordering::Relaxed),
            Err(error) => {
                let missed = pulse.missed.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::warn!(error, missed, "a sign of life did not go out");
            }
        }
    }
}

async fn beat(config: &Heartbeat, timeout: Duration) -> Result<(), String> {
    let client = reqwest::Client::builder().timeout(timeout).build().map_err(|error| error.to_string())?;
    // The address may hold a secret of its own: it is not shown.
    let answer = client.get(config.url.expose()).send().await.map_err(|error| webhook::unreached(&error).message)?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("answered {}", answer.status())) }
}
