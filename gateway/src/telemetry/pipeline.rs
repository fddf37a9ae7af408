//! The pipeline: the one thread that reads the journal, takes frames up, and writes checkpoints.
//!
//! The journal is its queue: what waits is on disk, and after a crash the pipeline goes on from the last checkpoint, to the
//! same numbers. This file is the driver: it owns the clock and the waiting; what it does with a frame is [`Intake`]'s,
//! which is handed the time.

mod intake;
mod node;
mod pace;
mod replay;
mod settle;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

pub use intake::{Event, Intake};
use pace::{InHand, Pace};
pub use replay::{External, replay_frame};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::reading::Timestamp;
use crate::registry::Snapshot;
use crate::store::{Quarantined, StoreError};
use crate::telemetry::journal::{Journal, Reader as JournalReader};

/// Bytes of frames taken up between two looks at the clock and the orders.
const BATCH_BYTES: usize = 256 * 1024;
/// How long to wait for frames before looking at the clock.
const TICK: Duration = Duration::from_millis(100);
/// How often the retention is looked at.
const RETENTION_EVERY_MS: i64 = 6 * 3_600_000;
/// When checkpoints are written, and how long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct PipelineConfig {
    /// Longest time between checkpoints while something waits for one.
    pub checkpoint_ms: i64,
    /// Most readings in memory before one.
    pub checkpoint_readings: usize,
    /// How long observations are kept.
    pub observations_ms: i64,
    /// How long aggregates are kept.
    pub aggregates_ms: i64,
    /// How long rejections are kept.
    pub rejections_ms: i64,
    /// Most rejections kept.
    pub rejections_max: usize,
    /// Most bytes of journal and store together.
    pub disk_bytes_max: u64,
}

/// What other parts ask of the pipeline's thread, which alone writes the store.
pub enum Order {
    /// Results are made with this registry from now on.
    Registry(Arc<Snapshot>),
    /// A sink has delivered everything up to this change.
    Cursor {
        /// The sink's name.
        sink: String,
        /// The change.
        change: u64,
    },
    /// A sink's server refused a line for good.
    Quarantine(Quarantined),
}

/// The way to give orders to the pipeline. Cheap to clone.
#[derive(Clone)]
pub struct Orders(Sender<Order>);

impl Orders {
    /// The way to give orders, and where they arrive.
    pub fn channel() -> (Self, Receiver<Order>) {
        let (sender, receiver) = std::sync::mpsc::channel();
        (Self(sender), receiver)
    }

    /// Gives an order. Few are under way at once: each giver gives one a second at most.
    pub fn give(&self, order: Order) {
        // The pipeline is gone only when the process stops.
        let _ = self.0.send(order);
    }
}

/// Why the pipeline stopped.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] crate::telemetry::journal::ReadError),
}

/// The driver.
pub struct Pipeline {
    intake: Intake,
    journal: Arc<Journal>,
    reader: JournalReader,
    clock: Arc<Clock>,
    config: PipelineConfig,
    orders: Receiver<Order>,
    events: Sender<Event>,
    newest: watch::Sender<u64>,
    pace: Pace,
    retained_at: Timestamp,
}

impl Pipeline {
    /// A pipeline that goes on from where `intake` stands.
    pub fn new(
        intake: Intake,
        journal: Arc<Journal>,
        clock: Arc<Clock>,
        config: PipelineConfig,
        orders: Receiver<Order>,
        events: Sender<Event>,
        newest: watch::Sender<u64>,
    ) -> Self {
        let reader = journal.reader(intake.position() + 1);
        let now = clock.now();
        Self {
            intake,
            journal,
            reader,
            clock,
            config,
            orders,
            events,
            newest,
            pace: Pace::new(&config, now),
            retained_at: now.plus_millis(60_000 - RETENTION_EVERY_MS),
        }
    }

    /// Takes frames up until `stop` says so, then writes a last checkpoint.
    ///
    /// # Errors
    /// [`PipelineError`]: the process must stop; the journal has everything.
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), PipelineError> {
        while !stop.load(Ordering::Relaxed) {
            let full = self.intake.is_full(self.clock.now());
            let mut idle = full || !self.reader.wait(TICK);
            if !idle {
                idle = self.take_up()? == 0;
            }
            let now = self.clock.now();
            self.obey();
            self.intake.balance(now);
            for event in self.intake.take_events() {
                // Nobody listens only when the process stops.
                let _ = self.events.send(event);
            }
            if self.is_due(now, idle) {
                self.checkpoint(now)?;
                self.intake.balance(self.clock.now());
            } else if now.millis_since(self.retained_at) >= RETENTION_EVERY_MS {
                // Also where nothing comes in: what is old is old.
                self.keep_bounds(now)?;
            } else if full {
                // A full disk refused the checkpoint that would have made room.
                std::thread::sleep(TICK);
            }
        }
        while self.take_up()? > 0 {}
        self.checkpoint(self.clock.now())
    }

    fn take_up(&mut self) -> Result<usize, PipelineError> {
        let now = self.clock.now();
        let (intake, mut failed) = (&mut self.intake, None);
        let count = self.reader.read(BATCH_BYTES, |position, record| {
            if failed.is_none() {
                failed = intake.take_up(position, record, now).err();
            }
        })?;
        // At once, and not at the next checkpoint: a clock that is set back is not to be believed from the next frame on.
        self.clock.raise_floor(self.intake.heard_at());
        failed.map_or(Ok(count), |error| Err(error.into()))
    }

    fn obey(&mut self) {
        for order in self.orders.try_iter() {
            match order {
                Order::Registry(snapshot) => self.intake.registry_changed(snapshot),
                Order::Cursor { sink, change } => self.intake.set_cursor(sink, change),
                Order::Quarantine(line) => self.intake.quarantine(line),
            }
        }
    }

    fn is_due(&mut self, now: Timestamp, idle: bool) -> bool {
        let intake = &self.intake;
        let in_hand = InHand {
            journal_is_full: self.journal.is_nearly_full(),
            windows_are_full: intake.is_full(now),
            ..intake.in_hand()
        };
        self.pace.is_due(now, idle, in_hand, || intake.windows_due(now))
    }

    fn checkpoint(&mut self, now: Timestamp) -> Result<(), PipelineError> {
        let rejections = self.intake.in_hand().rejections;
        let more = match self.intake.checkpoint(now, self.config.rejections_max) {
            Ok(more) => more,
            Err(error) if error.is_disk_full() => {
                // Nothing is lost: the journal keeps it. It fills too, and then ingest pauses, unacknowledged.
                tracing::error!(%error, "the disk is full: no checkpoint can be written; the journal keeps what comes");
                self.pace.refused(now);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if self.journal.release(self.intake.stored_position() + 1).is_err() {
            tracing::warn!("the journal has stopped; its segments are not released");
        }
        self.newest.send_replace(self.intake.newest_change());
        self.pace.written(now, rejections, more);
        self.keep_bounds(now)
    }
}

impl Pipeline {
    /// `[retention]` and `[limits] disk_bytes_max`.
    fn keep_bounds(&mut self, now: Timestamp) -> Result<(), PipelineError> {
        match self.remove_what_is_over(now) {
            Err(PipelineError::Store(error)) if error.is_disk_full() => {
                // It takes room to make room: it is tried again, and not at once.
                tracing::error!(%error, "the disk is full: nothing old can be removed");
                self.retained_at = now.plus_millis(60_000 - RETENTION_EVERY_MS);
                Ok(())
            }
            kept => kept,
        }
    }

    fn remove_what_is_over(&mut self, now: Timestamp) -> Result<(), PipelineError> {
        self.keep_within_disk()?;
        if now.millis_since(self.retained_at) >= RETENTION_EVERY_MS {
            let before = |kept_ms: i64| now.plus_millis(-kept_ms);
            let config = &self.config;
            let (observations, aggregates) = (before(config.observations_ms), before(config.aggregates_ms));
            let rejections = before(config.rejections_ms);
            let removed = self.intake.writer.retain(observations, aggregates, rejections)?;
            let _ = self.events.send(Event::Retained {
                observations_before: observations,
                aggregates_before: aggregates,
                rejections_before: rejections,
                removed,
            });
            self.retained_at = now;
        }
        Ok(())
    }

    /// `[limits] disk_bytes_max`: beyond it the oldest goes, and the log says what.
    fn keep_within_disk(&mut self) -> Result<(), PipelineError> {
        let bytes = self.journal.status().bytes + self.intake.writer.used_bytes()?;
        let excess = bytes.saturating_sub(self.config.disk_bytes_max);
        if excess == 0 {
            return Ok(());
        }
        // A little more than needed, so that not every checkpoint sheds.
        let gone_until = self.intake.writer.shed(excess + self.config.disk_bytes_max / 20)?;
        match gone_until {
            Some(until) => {
                tracing::warn!(%until, bytes, "[limits] disk_bytes_max: observations up to this time are removed")
            }
            None => tracing::warn!(bytes, "[limits] disk_bytes_max: the bytes of rejections are removed"),
        }
        let _ = self.events.send(Event::Shed { observations_before: gone_until });
        Ok(())
    }
}

impl Intake {
    /// Journal position up to which everything is in the store.
    pub fn stored_position(&self) -> u64 {
        self.writer.progress().position
    }

    /// The last change number that is in the store.
    pub fn newest_change(&self) -> u64 {
        self.writer.progress().change
    }

    /// When the last frame arrived, by the gateway's clock then: it cannot be earlier now.
    pub fn heard_at(&self) -> Timestamp {
        self.heard_at
    }

    /// Whether any window may settle now, or be computed again.
    pub fn windows_due(&self, now: Timestamp) -> bool {
        !self.outdated.is_empty() || self.settling.due(now).next().is_some()
    }

    /// Whether windows that are over are to be computed before anything more is taken up: `[limits] windows_waiting_max`.
    fn is_full(&self, now: Timestamp) -> bool {
        self.settling.is_full(now)
    }

    /// What waits for the next checkpoint.
    fn in_hand(&self) -> InHand {
        let ordered = !self.next.cursors.is_empty() || !self.next.quarantined.is_empty();
        InHand {
            any: ordered || self.position() > self.stored_position(),
            readings: self.unwritten,
            rejections: self.next.rejections.len(),
            rejected_bytes: self.rejected_bytes,
            journal_is_full: false,
            windows_are_full: false,
        }
    }

    fn set_cursor(&mut self, sink: String, change: u64) {
        self.next.cursors.retain(|(name, _)| *name != sink);
        self.next.cursors.push((sink, change));
    }

    fn quarantine(&mut self, line: Quarantined) {
        self.next.quarantined.push(line);
    }
}

#[cfg(test)]
mod tests;
