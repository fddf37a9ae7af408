//! The node: what it knows, what it keeps, and what becomes of a sample.
//!
//! It is handed the time in milliseconds since its start and does no waiting. The ways out ([`uplink`](crate::uplink),
//! [`console`](crate::console)) and the board's tasks share it in a `RefCell` that nobody holds across an await.
//!
//! What memory holds, from its start:
//!
//! ```text
//! 0      identity   2 × 384
//! 768    settings   2 × 384
//! 1536   boot       8 × 16
//! 1664   kept       8 × 64     counts, what was learned, the last command that restarted the node
//! 2176   marks      16 × 64    of the queue
//! 3200   nothing yet; room for what an update over the air will have to note
//! 4096   the queue's rings, to the end
//! ```

mod commands;
mod sampling;
mod sending;

use embedded_hal::i2c::I2c;
use heapless::{Deque, String};
use protocols::native::{Command, Frame, NodeState, Outcome, Reply, Status};
use serde::{Deserialize, Serialize};

use crate::FIRMWARE;
use crate::backoff::Chance;
use crate::cell::Cell;
use crate::channels::{CHANNELS, Channel, KeptSettings, SPECS, Settings};
use crate::clock::Clock;
use crate::fault::{Fault, ResetCause};
use crate::identity::Identity;
use crate::memory::Memory;
use crate::queue::{Class, Queue};
use crate::sensors::suite::{Learned, Suite};
use crate::trace::{Event, Trace};

pub use sending::Shipment;

const IDENTITY: Cell = Cell::new(0, 384, 2, 1);
const SETTINGS: Cell = Cell::new(IDENTITY.end(), 384, 2, 2);
const BOOT: Cell = Cell::new(SETTINGS.end(), 16, 8, 1);
const KEPT: Cell = Cell::new(BOOT.end(), 64, 8, 1);
const MARKS: Cell = Cell::new(KEPT.end(), 64, 16, 1);
const RINGS_AT: u32 = 4_096;
const _: () = assert!(MARKS.end() <= RINGS_AT);

/// Replies that wait, and commands whose answer is remembered.
const COMMANDS_REMEMBERED: usize = 8;
/// A reboot waits so long for its reply to leave.
const REBOOT_AFTER_MS: u64 = 1_500;

/// What the board knows at start.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Why it started.
    pub cause: ResetCause,
    /// What went wrong in the run before.
    pub fault: Option<Fault>,
    /// Chance, as much as the board could gather.
    pub seed: u64,
}

/// The tasks that have to make progress for the watchdog to be fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Duty {
    /// Sampling.
    Sampling = 1,
    /// The way to the gateway.
    Uplink = 2,
    /// The console.
    Console = 4,
}

const ALL_DUTIES: u8 = 7;

/// Counts and learned values, kept together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    learned: Learned,
    /// A command that restarts must not be obeyed again when it comes again.
    restarted_by: Option<u32>,
}

/// What names readings: never the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Names {
    incarnation: u64,
    boot: u32,
    next_sequence: u32,
}

/// The node.
pub struct Node<M, I> {
    memory: M,
    sensors: Suite<I>,
    identity: Option<Identity>,
    identity_cell: Cell,
    settings_cell: Cell,
    kept_cell: Cell,
    kept: Kept,
    kept_at_ms: u64,
    names: Names,
    channels: [Channel; CHANNELS],
    queue: Queue,
    sent: [u32; Class::ALL.len()],
    waiting_since_ms: Option<u64>,
    urgent: bool,
    clock: Clock,
    trace: Trace,
    chance: Chance,
    start: Start,
    replies: Deque<Reply, COMMANDS_REMEMBERED>,
    answered: Deque<(u32, Outcome), COMMANDS_REMEMBERED>,
    status_due: bool,
    sampled_at_ms: Option<u64>,
    probed_at_ms: Option<u64>,
    identify_until_ms: u64,
    restart_at_ms: Option<u64>,
    progress: u8,
    link_errors: u32,
    fault_untold: Option<Fault>,
}

impl<M: Memory, I: I2c> Node<M, I> {
    /// Reads what memory holds, counts the boot, and looks for sensors.
    #[inline(never)]
    pub fn start(mut memory: M, bus: I, start: Start) -> Self {
        let mut chance = Chance::new(start.seed);
        let mut trace = Trace::new();
        trace.note(0, Event::Started, u32::from(start.cause.code()));
        if let Some(fault) = start.fault {
            trace.note(0, Event::Fault, fault.kind as u32);
        }
        let (mut identity_cell, mut settings_cell, mut kept_cell) = (IDENTITY, SETTINGS, KEPT);
        let mut memory_failed = false;
        let mut identity: Option<Identity> = identity_cell.load(&mut memory).unwrap_or_else(|_| {
            memory_failed = true;
            None
        });
        let kept: Kept = kept_cell.load(&mut memory).ok().flatten().unwrap_or_default();
        let mut names = Names { incarnation: 0, boot: 0, next_sequence: 0 };
        if let Some(identity) = &mut identity {
            match next_boot(&mut memory) {
                Some(boot) => names = Names { incarnation: identity.incarnation, boot, next_sequence: 0 },
                None => {
                    // Without a boot count names would come twice: a new incarnation begins instead.
                    identity.incarnation = chance.draw();
                    names.incarnation = identity.incarnation;
                    if identity_cell.store(identity, &mut memory).is_err() {
                        memory_failed = true;
                    }
                    trace.note(0, Event::NewIncarnation, names.incarnation as u32);
                }
            }
            trace.note(0, Event::Boot, names.boot);
        } else {
            trace.note(0, Event::Unprovisioned, 0);
        }
        if memory_failed {
            trace.note(0, Event::MemoryFailed, 0);
        }
        let key = (names.incarnation ^ names.incarnation >> 32) as u32;
        let queue = Queue::open(MARKS, RINGS_AT, key, &mut memory);
        let mut channels = core::array::from_fn(|k| Channel::new(Settings::of(&SPECS[k])));
        restore_settings(&mut channels, &mut settings_cell, &mut memory);
        let mut answered = Deque::new();
        if let Some(command) = kept.restarted_by {
            answered.push_back((command, Outcome::Done)).ok();
        }
        // Made where it is returned: a second copy of it on the stack is more than there is.
        Self {
            sent: Class::ALL.map(|class| queue.span(class).0),
            waiting_since_ms: (!queue.is_empty()).then_some(0),
            urgent: false,
            memory,
            sensors: Suite::new(bus, kept.learned),
            identity,
            identity_cell,
            settings_cell,
            kept_cell,
            kept,
            kept_at_ms: 0,
            names,
            channels,
            queue,
            clock: Clock::new(),
            trace,
            chance,
            start,
            replies: Deque::new(),
            answered,
            status_due: false,
            sampled_at_ms: None,
            probed_at_ms: None,
            identify_until_ms: 0,
            restart_at_ms: None,
            progress: 0,
            link_errors: 0,
            fault_untold: start.fault,
        }
    }

    /// Its memory, when the node is done with: power went.
    #[cfg(test)]
    pub(crate) fn into_memory(self) -> M {
        self.memory
    }

    /// Who it is; none before it was provisioned.
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Its events.
    pub const fn trace(&mut self) -> &mut Trace {
        &mut self.trace
    }

    /// Notes an event.
    pub fn note(&mut self, now_ms: u64, event: Event, argument: u32) {
        self.trace.note(now_ms, event, argument);
    }

    /// Its clock.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// 64 bits of chance.
    pub fn chance(&mut self) -> u64 {
        self.chance.draw()
    }

    /// Somebody told the time: `unix_ms`, to a question of `asked_ms`.
    pub fn set_clock(&mut self, unix_ms: i64, asked_ms: u64, now_ms: u64) {
        if self.clock.set(unix_ms, asked_ms, now_ms) {
            self.trace.note(now_ms, Event::TimeSet, (unix_ms / 1_000) as u32);
        }
    }

    /// A connection failed or broke.
    pub fn count_link_error(&mut self) {
        self.link_errors = self.link_errors.saturating_add(1);
    }

    /// A task made progress.
    pub fn progressed(&mut self, duty: Duty) {
        self.progress |= duty as u8;
    }

    /// Whether every task made progress since this said so last: then the watchdog is fed.
    pub fn take_progress(&mut self) -> bool {
        let all = self.progress == ALL_DUTIES;
        if all {
            self.progress = 0;
        }
        all
    }

    /// Whether the board should make itself seen.
    pub const fn is_identifying(&self, now_ms: u64) -> bool {
        now_ms < self.identify_until_ms
    }

    /// Whether the time for a restart that was asked for has come; everything is kept by then.
    pub fn should_restart(&self, now_ms: u64) -> bool {
        self.restart_at_ms.is_some_and(|at_ms| now_ms >= at_ms)
    }

    /// Has the node start again soon.
    pub fn restart_soon(&mut self, now_ms: u64) {
        self.keep(now_ms);
        self.queue.mark(&mut self.memory);
        self.restart_at_ms = Some(now_ms + REBOOT_AFTER_MS);
    }

    /// The node's health.
    pub fn status(&self, state: NodeState) -> Frame {
        Frame::Status(Status {
            state,
            firmware: String::try_from(FIRMWARE).unwrap_or_default(),
            reset_cause: self.start.cause.code(),
            boot: self.names.boot,
            dropped_readings: self.queue.dropped().total(),
            queue_depth: self.queue.len(),
        })
    }

    /// Whether a status was asked for; says so once.
    pub fn take_status_due(&mut self) -> bool {
        core::mem::take(&mut self.status_due)
    }

    /// The reply that waits longest; it waits on until [`replied`](Self::replied).
    pub fn reply(&self) -> Option<Reply> {
        self.replies.front().copied()
    }

    /// The reply that waited longest is on its way.
    pub fn replied(&mut self, now_ms: u64) {
        if let Some(reply) = self.replies.pop_front() {
            self.trace.note(now_ms, Event::Replied, reply.command);
        }
    }

    /// A frame from the gateway.
    pub fn receive(&mut self, frame: Frame, now_ms: u64) {
        match frame {
            Frame::Command(Command { id, action }) => self.obey(id, action, now_ms),
            Frame::Time(time) => self.set_clock(time.unix_ms, time.t_node_ms, now_ms),
            // What a node sends itself, come back: of no use.
            Frame::Batch(_) | Frame::Reply(_) | Frame::TimeRequest(_) | Frame::Status(_) => {}
        }
    }

    /// Keeps `identity` with a new incarnation; the node has to restart to live by it.
    ///
    /// # Errors
    /// [`NotKept`] when memory did not take it.
    pub fn provision(&mut self, mut identity: Identity, now_ms: u64) -> Result<u64, NotKept> {
        identity.incarnation = self.chance.draw() ^ now_ms.rotate_left(40);
        self.identity_cell.store(&identity, &mut self.memory).map_err(|_| NotKept)?;
        // Counts and boots of another life are not this one's.
        BOOT.clone().erase(&mut self.memory).map_err(|_| NotKept)?;
        self.trace.note(now_ms, Event::Provisioned, identity.incarnation as u32);
        Ok(identity.incarnation)
    }

    /// Forgets everything: identity, settings, counts, readings.
    ///
    /// # Errors
    /// [`NotKept`] when memory did not answer; what it holds then is not known.
    pub fn factory_reset(&mut self) -> Result<(), NotKept> {
        let capacity = self.memory.capacity();
        for at in (0..capacity).step_by(32) {
            self.memory.write(at, &[0xff; 32][..32.min((capacity - at) as usize)]).map_err(|_| NotKept)?;
        }
        Ok(())
    }

    /// What the console shows of the names: incarnation, boot, next sequence.
    pub const fn names(&self) -> (u64, u32, u32) {
        (self.names.incarnation, self.names.boot, self.names.next_sequence)
    }

    /// The readings that wait.
    pub const fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What the board knew at start.
    pub const fn started(&self) -> &Start {
        &self.start
    }

    /// Connections that failed or broke.
    pub const fn link_errors(&self) -> u32 {
        self.link_errors
    }

    /// Keeps counts and learned values if they changed.
    fn keep(&mut self, now_ms: u64) {
        let kept = Kept { learned: self.sensors.learned(), ..self.kept };
        if kept != self.kept && self.kept_cell.store(&kept, &mut self.memory).is_ok() {
            self.kept = kept;
        }
        self.kept_at_ms = now_ms;
    }
}

/// Memory did not keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotKept;

/// Gives the channels what commands set before. On its own, so that what it reads is off the stack when the node is made.
#[inline(never)]
fn restore_settings<M: Memory>(channels: &mut [Channel; CHANNELS], cell: &mut Cell, memory: &mut M) {
    if let Ok(Some(settings)) = cell.load::<KeptSettings, _>(memory) {
        settings.restore(channels);
    }
}

/// Counts the boot in memory; none when it cannot be known that the count is new.
fn next_boot<M: Memory>(memory: &mut M) -> Option<u32> {
    let mut cell = BOOT;
    let boot = match cell.load::<u32, _>(memory).ok()? {
        Some(last) => last.checked_add(1)?,
        None => 1,
    };
    cell.store(&boot, memory).ok()?;
    (BOOT.clone().load::<u32, _>(memory) == Ok(Some(boot))).then_some(boot)
}

#[cfg(test)]
mod tests;
