//! Step two: the gateway killed while it takes readings, and the count of what is left.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::time::{Instant, timeout};

use super::eyes::Counted;
use super::sender::Flow;
use super::{TEST_NODES, Tour, impacts};
use crate::demo::now;
use crate::pages::tour::Phase;

/// Readings of each test node: some seconds of sending.
const READINGS: usize = 16_200;
const PACE: Duration = Duration::from_millis(8);
/// The kill comes when so much of all is acknowledged: amid the load.
const KILL_AT_SHARE: u64 = 3;
const BACK_WITHIN: Duration = Duration::from_secs(60);
const COUNTED_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What was measured: a second apart, until some hours ago, so that the windows have ended.
const STEP_MS: i64 = 1_000;
const AGO_MS: i64 = 6 * 3_600_000;

impl Tour {
    /// Kills the gateway under load, and tells what came of it.
    pub(super) async fn kill(self: Arc<Self>) {
        let _turn = self.turn.lock().await;
        let made = (READINGS * TEST_NODES) as u64;
        self.told().kill.made = made;
        let trouble = self.kill_and_count(made).await.err().map(|error| format!("{error:#}"));
        let kill = &mut self.told().kill;
        kill.trouble = trouble;
        kill.phase = Phase::Done;
    }

    async fn kill_and_count(&self, made: u64) -> anyhow::Result<()> {
        let before = self.counted_when_quiet(0).await?;
        let flow = Arc::<Flow>::default();
        let from = now().plus_millis(-AGO_MS);
        let sending = self.send_through_tests(&flow, PACE, |number| impacts(READINGS, from, STEP_MS, number));
        let (sent, killed) = tokio::join!(sending, self.kill_amid(&flow, made));
        killed?;
        sent?;
        self.told().kill.phase = Phase::Counting;
        let after = self.counted_when_quiet(before.stored + made).await?;
        let kill = &mut self.told().kill;
        kill.stored = after.stored.saturating_sub(before.stored);
        kill.duplicate = after.duplicate.saturating_sub(before.duplicate);
        Ok(())
    }

    /// The test nodes' counts once so many are stored and no frame waits to be counted; as they are when that takes too long.
    async fn counted_when_quiet(&self, stored: u64) -> anyhow::Result<Counted> {
        let deadline = Instant::now() + COUNTED_WITHIN;
        loop {
            let counted = self.counted().await;
            if counted.as_ref().is_ok_and(|counted| counted.stored >= stored && counted.pending == 0)
                || Instant::now() > deadline
            {
                return counted;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn counted(&self) -> anyhow::Result<Counted> {
        self.eyes.counted(self.tests.iter().map(|player| &player.node.id)).await
    }

    /// Kills when a part is acknowledged, and follows the numbers to the end.
    async fn kill_amid(&self, flow: &Flow, made: u64) -> anyhow::Result<()> {
        let follow = async |until: u64| {
            while flow.acknowledged() < until {
                self.told().kill.acknowledged = flow.acknowledged();
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        timeout(BACK_WITHIN, follow(made / KILL_AT_SHARE)).await.context("the gateway takes nothing")?;
        let mut gateway = self.seat.gateway.clone();
        let process = self.process().unwrap_or_default();
        {
            let kill = &mut self.told().kill;
            kill.acknowledged_before = flow.acknowledged();
            kill.processes[0] = process;
            kill.phase = Phase::Broken;
        }
        let killed = Instant::now();
        self.seat.kill.send(()).await.context("the supervisor has ended")?;
        timeout(BACK_WITHIN, gateway.wait_for(Option::is_none)).await.context("it was not killed")??;
        timeout(BACK_WITHIN, gateway.wait_for(Option::is_some)).await.context("it is not back")??;
        {
            let kill = &mut self.told().kill;
            kill.away_ms = killed.elapsed().as_millis() as i64;
            kill.processes[1] = self.process().unwrap_or_default();
            kill.phase = Phase::Mending;
        }
        timeout(BACK_WITHIN, follow(made)).await.context("not all was acknowledged")?;
        let kill = &mut self.told().kill;
        kill.acknowledged = flow.acknowledged();
        kill.again = flow.again();
        Ok(())
    }
}
