//! Step five: a swing is hit. A node measures it, an alert is raised, its rule calls for an inspection; then the demonstration's
//! people do what people do, and whoever scans the label sees what holds.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::Instant;

use super::Tour;
use super::sender::Flow;
use crate::demo::message::{Naming, messages};
use crate::demo::models::Sample;
use crate::demo::story::NODE;
use crate::demo::{city::Dialect, now};
use crate::pages::tour::Phase;

/// What the node measures, in g: more than is told also while a node is new.
const BLOW_G: f64 = 72.5;
const RAISED_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(400);

impl Tour {
    /// Hits the swing, or has it repaired.
    pub(super) async fn swing(self: Arc<Self>) {
        let _turn = self.turn.lock().await;
        let repair = self.told().swing.phase == Phase::Mending;
        let result = if repair { self.repair().await } else { self.hit().await };
        let swing = &mut self.told().swing;
        match result {
            Ok(()) => swing.phase = if repair { Phase::Done } else { Phase::Broken },
            Err(error) => {
                swing.trouble = Some(format!("{error:#}"));
                swing.phase = Phase::Done;
            }
        }
    }

    async fn hit(&self) -> anyhow::Result<()> {
        let before = self.eyes.alerts(SWING_NAME).await?;
        let value = protocols::native::Decimal::nearest(BLOW_G, 2).context("a small number")?;
        let blow = Sample { at: now(), quantity: "impact", value, unit: "" };
        let player =
            self.tests.iter().find(|player| player.node.id.as_str() == NODE).context("the node of the swing")?;
        let mut naming = Naming { incarnation: crate::demo::random()?, boot: 1, sequence: 0 };
        let sent = messages(&player.node.id, Dialect::Native, &mut naming, &[blow]);
        self.sender(player, &Arc::<Flow>::default(), LOOK_EVERY).deliver(sent).await?;
        self.told().swing.struck = true;
        let deadline = Instant::now() + RAISED_WITHIN;
        let alert = loop {
            let found = self.eyes.alerts(SWING_NAME).await.unwrap_or_default();
            // One that is open already takes the blow up: it stays one alert.
            if let Some(alert) = found.iter().find(|alert| !before.contains(alert)).or(found.first()) {
                break *alert;
            }
            ensure!(Instant::now() < deadline, "no alert was raised within a minute");
            tokio::time::sleep(LOOK_EVERY).await;
        };
        self.told().swing.alert = Some(alert);
        while !self.eyes.says(&format!("/alerts/{alert}?lang=en"), "inspection").await? {
            ensure!(Instant::now() < deadline, "no inspection was called for within a minute");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.told().swing.called = true;
        self.at_work(|story| story.lock_out()).await?;
        self.told().swing.barred = true;
        Ok(())
    }

    async fn repair(&self) -> anyhow::Result<()> {
        self.at_work(|story| story.release()).await?;
        self.told().swing.released = true;
        Ok(())
    }

    async fn at_work(
        &self,
        work: impl FnOnce(&crate::demo::story::Story) -> anyhow::Result<()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let story = self.seat.story.clone();
        tokio::task::spawn_blocking(move || work(&story)).await?
    }
}

/// What the pages call the swing in English. Others are called so too; the tour's node is on one of them alone.
const SWING_NAME: &str = "Swing, two seats";
