//! Step three: a node with poor coverage. Of each ten of its messages one came through on the day; the rest it kept, and
//! delivers when the visitor lets it, six hours at a time. Yesterday's hours are made again before the visitor's eyes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::Instant;

use super::sender::Flow;
use super::{Tour, impacts, readings};
use crate::demo::message::{Message, Naming, messages};
use crate::demo::models::Sample;
use crate::demo::now;
use crate::pages::tour::{Hour, Phase, Sum};
use crate::reading::Timestamp;

const QUANTITY: &str = "sound_laeq";
const HOUR_MS: i64 = 3_600_000;
/// Six hours at a time; the first is a morning, when a street's noise changes most.
const STRETCHES: [i64; 4] = [6, 12, 18, 0];
const STRETCH_HOURS: i64 = 6;
const PACE: Duration = Duration::from_millis(150);
const READ_WITHIN: Duration = Duration::from_secs(120);
const REVISED_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// How often it looks whether a new day has begun.
const DAY_EVERY: Duration = Duration::from_secs(30);
/// An hour with less of its readings than that was not delivered yet.
const CAPTURE_FULL: f64 = 0.9;

impl Tour {
    /// Delivers what came through of each yesterday; and a first word of the test nodes, so that they are known.
    pub(super) async fn keep_late(&self) {
        let mut told: Option<Timestamp> = None;
        loop {
            let yesterday = self.yesterday();
            if told != Some(yesterday) && self.word_of(yesterday).await.is_ok() {
                told = Some(yesterday);
            }
            tokio::time::sleep(if told.is_none() { LOOK_EVERY } else { DAY_EVERY }).await;
        }
    }

    async fn word_of(&self, yesterday: Timestamp) -> anyhow::Result<()> {
        let _turn = self.turn.lock().await;
        let pace = Duration::from_millis(5);
        let first = now();
        self.send_through_tests(&Arc::default(), pace, |number| impacts(1, first, 1, number)).await?;
        let came_through = self.late_messages(yesterday, yesterday.plus_millis(24 * HOUR_MS), through);
        self.sender(&self.late, &Arc::default(), pace).deliver(came_through).await
    }

    /// Yesterday's first instant in the city.
    fn yesterday(&self) -> Timestamp {
        let today = jiff::Timestamp::from_millisecond(now().millis()).unwrap_or_default();
        let zoned = today.to_zoned(self.seat.zone.clone());
        let start = zoned.yesterday().and_then(|day| day.start_of_day());
        Timestamp::from_millis(start.unwrap_or(zoned).timestamp().as_millisecond())
    }

    fn late_messages(&self, from: Timestamp, until: Timestamp, which: fn(&Sample) -> bool) -> Vec<Message> {
        // Up to the end, and not what is measured just then.
        let (after, until) = (from.plus_millis(-1), until.plus_millis(-1));
        let mut samples = self.late.node.source.between(after, until, &self.seat.zone);
        samples.retain(which);
        // SenML readings are named by their time: sent again they are known.
        let mut naming = Naming { incarnation: 0, boot: 1, sequence: 0 };
        messages(&self.late.node.id, self.late.node.dialect, &mut naming, &samples)
    }

    async fn hours(&self, from: Timestamp) -> anyhow::Result<Vec<(Timestamp, Sum)>> {
        let until = from.plus_millis(STRETCH_HOURS * HOUR_MS);
        self.eyes.hours(self.late.node.id.as_str(), QUANTITY, from, until).await
    }

    /// Has the late node deliver the next six hours, and tells how they change.
    pub(super) async fn deliver_late(self: Arc<Self>) {
        let _turn = self.turn.lock().await;
        let trouble = self.deliver_stretch().await.err().map(|error| format!("{error:#}"));
        let late = &mut self.told().late;
        late.trouble = trouble;
        late.phase = Phase::Done;
    }

    async fn deliver_stretch(&self) -> anyhow::Result<()> {
        let yesterday = self.yesterday();
        let series = self.eyes.series(self.late.node.id.as_str(), QUANTITY).await?;
        self.told().late.series = series;
        let Some((place, from, before)) = self.next_stretch(yesterday).await? else {
            self.told().late.all_delivered = true;
            return Ok(());
        };
        let hour = |(from, before): &(Timestamp, _)| Hour { from: *from, before: *before, after: None };
        self.told().late.hours = before.iter().map(hour).collect();
        let until = from.plus_millis(STRETCH_HOURS * HOUR_MS);
        let kept = self.late_messages(from, until, |sample| !through(sample));
        let made = readings(&kept);
        let flow = Arc::<Flow>::default();
        self.told().late.phase = Phase::Mending;
        let follow = async {
            while flow.acknowledged() < made {
                self.told().late.acknowledged = flow.acknowledged();
                tokio::time::sleep(LOOK_EVERY / 4).await;
            }
        };
        let sending = self.sender(&self.late, &flow, PACE).deliver(kept);
        tokio::select! {
            sent = sending => sent?,
            () = async { follow.await; std::future::pending::<()>().await } => {}
        }
        {
            let late = &mut self.told().late;
            late.acknowledged = flow.acknowledged();
            late.phase = Phase::Counting;
        }
        let deadline = Instant::now() + REVISED_WITHIN;
        loop {
            let found = self.hours(from).await.unwrap_or_default();
            if self.compare(&found) {
                self.told().late.all_delivered = place + 1 == STRETCHES.len();
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the hours were not computed again within a minute");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Puts what was found beside what was before; says whether every hour was made again.
    fn compare(&self, found: &[(Timestamp, Sum)]) -> bool {
        let hours = &mut self.told().late.hours;
        for hour in hours.iter_mut() {
            let now = found.iter().find(|(from, _)| *from == hour.from).map(|(_, sum)| *sum);
            hour.after = now.filter(|now| now.revision > hour.before.revision);
        }
        hours.iter().all(|hour| hour.after.is_some())
    }

    /// The first six hours that still lack most of their readings, as they are now; none when all are delivered.
    async fn next_stretch(
        &self,
        yesterday: Timestamp,
    ) -> anyhow::Result<Option<(usize, Timestamp, Vec<(Timestamp, Sum)>)>> {
        let deadline = Instant::now() + READ_WITHIN;
        'stretch: for (place, hour) in STRETCHES.into_iter().enumerate() {
            let from = yesterday.plus_millis(hour * HOUR_MS);
            loop {
                let hours = self.hours(from).await.context("the gateway's hours cannot be read")?;
                // Right after the start they may not have settled yet.
                if hours.len() as i64 == STRETCH_HOURS {
                    if hours.iter().any(|(_, sum)| sum.capture < CAPTURE_FULL) {
                        return Ok(Some((place, from, hours)));
                    }
                    continue 'stretch;
                }
                ensure!(Instant::now() < deadline, "yesterday's hours have not settled yet: try again in a moment");
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(None)
    }
}

/// Whether a reading came through on the day: those of one minute in ten.
fn through(sample: &Sample) -> bool {
    sample.at.millis() / 60_000 % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::models::{self, Source};

    #[test]
    fn what_came_through_and_what_was_kept_make_the_day() {
        let source = Source::Model(models::sound(11 << 32));
        let zone = jiff::tz::TimeZone::get("Europe/Athens").expect("bundled");
        let from = Timestamp::from_millis(1_795_298_400_000);
        let day = source.between(from.plus_millis(-1), from.plus_millis(24 * HOUR_MS - 1), &zone);
        let came = day.iter().filter(|sample| through(sample)).count();
        assert_eq!(day.len(), 2 * 24 * 60);
        assert_eq!(came, 2 * 24 * 6);
        for hour in 0..24 {
            let within = |sample: &&Sample| (sample.at.millis() - from.millis()) / HOUR_MS == hour;
            assert_eq!(day.iter().filter(within).filter(|sample| through(sample)).count(), 12, "hour {hour}");
        }
    }
}
