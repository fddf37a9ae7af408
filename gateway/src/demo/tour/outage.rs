//! Step four: the store is taken away while there is something to hand on, and brought back.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use tokio::time::Instant;

use super::{Tour, impacts};
use crate::demo::now;
use crate::pages::tour::Phase;

/// Readings of each test node while the store is away, over six hours.
const READINGS: usize = 108;
const STEP_MS: i64 = 200_000;
const PACE: Duration = Duration::from_millis(20);
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(250);

impl Tour {
    /// Takes the store away, or brings it back.
    pub(super) async fn outage(self: Arc<Self>) {
        let _turn = self.turn.lock().await;
        let away = self.told().store.phase == Phase::Mending;
        let trouble = if away { self.bring_back().await } else { self.take_away().await };
        if let Err(error) = trouble {
            let store = &mut self.told().store;
            store.trouble = Some(format!("{error:#}"));
            store.phase = Phase::Done;
        }
    }

    async fn take_away(&self) -> anyhow::Result<()> {
        self.store.take_away().await;
        self.told().store.since = Some(now());
        let from = now().plus_millis(-(READINGS as i64 + 9) * STEP_MS);
        self.send_through_tests(&Arc::default(), PACE, |number| impacts(READINGS, from, STEP_MS, number)).await?;
        self.told().store.phase = Phase::Broken;
        Ok(())
    }

    async fn bring_back(&self) -> anyhow::Result<()> {
        self.store.bring_back().await?;
        let deadline = Instant::now() + CAUGHT_UP_WITHIN;
        loop {
            if let Ok(behind) = self.eyes.behind().await {
                let store = &mut self.told().store;
                store.behind = behind;
                if behind == 0 {
                    store.phase = Phase::Done;
                    return Ok(());
                }
            }
            ensure!(Instant::now() < deadline, "the sink did not catch up within a minute");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
