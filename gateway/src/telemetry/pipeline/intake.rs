//! [`Intake`]: takes frames up one after the other: decoded, validated, told apart from what came before, stored in
//! memory, counted. It does no I/O but to look up what is stored, and reads no clock: `now` is given to it.

mod formats;
mod hot;
mod naming;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use hot::Hot;

use super::node::NodeState;
use super::replay::{self, External};
use crate::reading::{DatastreamId, NodeId, RejectReason, Timestamp};
use crate::store::{Checkpoint, NewRejection, Recovered, Removed, Shared, StoreError, Writer};
use crate::telemetry::frame::{Frame, FrameKind};
use crate::telemetry::ingest::broker;
use crate::telemetry::journal::Position;
use crate::telemetry::ledger::Ledger;
use crate::telemetry::names::Boot;
use crate::telemetry::settling::{Key, Settling};
use crate::telemetry::validate::{Limits, Receipt, Refusal};

/// What one node's answer or status means to other wings.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A node answered a command.
    Reply {
        /// The node.
        node: NodeId,
        /// The bytes of the answer.
        payload: Vec<u8>,
    },
    /// `[retention]` was applied.
    Retained {
        /// Observations before this are gone.
        observations_before: Timestamp,
        /// Aggregates before this are gone.
        aggregates_before: Timestamp,
        /// Rejections before this are gone.
        rejections_before: Timestamp,
        /// How many went.
        removed: Removed,
    },
    /// `[limits] disk_bytes_max` was reached: the bytes of rejections are gone, and observations before that time.
    Shed {
        /// None when the bytes of rejections were enough.
        observations_before: Option<Timestamp>,
    },
}

/// The state of everything that is taken up and not yet in a checkpoint.
pub struct Intake {
    pub(super) writer: Writer,
    pub(super) shared: Arc<Shared>,
    pub(super) settling: Settling,
    pub(super) next: Checkpoint,
    pub(super) nodes: Vec<NodeState>,
    by_name: HashMap<NodeId, usize>,
    pub(super) hot: Vec<Hot>,
    /// The last change number given, written or in hand.
    pub(super) last_change: u64,
    /// Windows that the checkpoint under way has computed.
    pub(super) computed: HashSet<Key>,
    /// Datastreams whose windows were made with another registry, and from when on they may differ.
    pub(super) outdated: BTreeMap<DatastreamId, Timestamp>,
    pub(super) unwritten: usize,
    limits: Limits,
    datastreams_max: usize,
    /// Bytes of the frames that are kept for rejections in hand.
    pub(super) rejected_bytes: usize,
    ledger: Arc<Ledger>,
    events: Vec<Event>,
    /// Nodes whose account the ledger does not show yet.
    changed: Vec<usize>,
    /// Nodes whose row no checkpoint holds yet.
    pub(super) unsaved: Vec<usize>,
    pub(super) heard_at: Timestamp,
}

impl Intake {
    /// Takes up where the store left off.
    pub fn new(
        writer: Writer,
        recovered: Recovered,
        settling: Settling,
        limits: Limits,
        datastreams_max: usize,
        ledger: Arc<Ledger>,
        now: Timestamp,
    ) -> Self {
        let shared = writer.shared().clone();
        let mut intake = Self {
            next: Checkpoint { position: recovered.progress.position, ..Checkpoint::default() },
            writer,
            shared,
            settling,
            nodes: Vec::new(),
            by_name: HashMap::new(),
            hot: Vec::new(),
            last_change: recovered.progress.change,
            computed: HashSet::new(),
            outdated: BTreeMap::new(),
            unwritten: 0,
            limits,
            datastreams_max,
            rejected_bytes: 0,
            ledger,
            events: Vec::new(),
            changed: Vec::new(),
            unsaved: Vec::new(),
            heard_at: Timestamp::default(),
        };
        intake.restore(recovered, now);
        intake
    }

    fn restore(&mut self, recovered: Recovered, now: Timestamp) {
        for (id, row) in recovered.nodes {
            let place = self.node(&id);
            self.heard_at = self.heard_at.max(row.received_at.unwrap_or_default());
            self.nodes[place].restore(row);
        }
        for name in recovered.names {
            let place = self.node(&name.node);
            self.nodes[place].names.restore(Boot {
                incarnation: name.incarnation,
                boot: name.boot,
                intervals: Boot::decode_intervals(&name.intervals),
                used: name.used,
                changed: false,
            });
        }
        for (node, hash) in recovered.delivered {
            let place = self.node(&node);
            self.nodes[place].names.deliver_again(hash);
        }
        for entry in self.shared.directory.all() {
            self.take_in(entry);
        }
        for (span, window, id) in recovered.unsettled {
            self.settling.restore(span, window, id, now);
        }
        self.compare(None);
        let counts = self.nodes.iter().map(|node| (node.id.clone(), node.counts.clone()));
        self.ledger.restore(counts, recovered.progress.position);
    }

    /// Journal position up to which everything is taken up.
    pub fn position(&self) -> Position {
        self.next.position
    }

    /// What happened for other wings since this was last asked.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Takes up the record at `position`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read; the frame is then not taken up.
    pub fn take_up(&mut self, position: Position, bytes: &[u8], now: Timestamp) -> Result<(), StoreError> {
        match Frame::decode(bytes) {
            Ok(frame) => self.frame(position, &frame, bytes, now)?,
            Err(error) => {
                tracing::error!(position, %error, "a journal record that this program did not write is passed over")
            }
        }
        self.next.position = position;
        Ok(())
    }

    fn frame(&mut self, position: Position, frame: &Frame, bytes: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let place = self.node(&frame.node);
        self.heard(place, frame.received_at);
        if !frame.clock_suspect {
            self.heard_at = self.heard_at.max(frame.received_at);
        }
        match &frame.kind {
            FrameKind::Readings => {
                let mut taking = Taking { position, frame, bytes, place, only: None, kept: None, now };
                self.readings(&mut taking)
            }
            FrameKind::Status => {
                self.nodes[place].counts.frames_decoded += 1;
                self.nodes[place].set_status(&frame.payload, frame.received_at);
                Ok(())
            }
            FrameKind::Reply => {
                self.nodes[place].counts.frames_decoded += 1;
                self.events.push(Event::Reply { node: frame.node.clone(), payload: frame.payload.clone() });
                Ok(())
            }
            FrameKind::Refused { reason, topic } => {
                let refusal = Refusal::new(*reason, format!("sent to {topic:?}"));
                let mut taking = Taking { position, frame, bytes, place, only: None, kept: None, now };
                self.reject(&mut taking, None, refusal);
                Ok(())
            }
            FrameKind::Replay { rejection } => self.replay(position, *rejection, frame, now),
            FrameKind::External => self.external(position, frame, bytes, place, now),
            FrameKind::Mapped { topic } => {
                let mut taking = Taking { position, frame, bytes, place, only: None, kept: None, now };
                self.mapped(&mut taking, topic)
            }
        }
    }

    /// A rejection is played again: what it was about is taken back from the ledger, and the message taken up once more.
    fn replay(&mut self, position: Position, rejection: u64, frame: &Frame, now: Timestamp) -> Result<(), StoreError> {
        let Some(request) = replay::Request::of(frame) else {
            tracing::error!(position, rejection, "a replay whose frame cannot be read is passed over");
            return Ok(());
        };
        // What is taken back twice would unbalance the ledger.
        let ordered = self.next.replayed.iter().any(|(id, _)| *id == rejection);
        if ordered || !self.writer.may_be_replayed(rejection)? {
            tracing::info!(
                position,
                rejection,
                "a rejection that was played again, or is no longer kept, is passed over"
            );
            return Ok(());
        }
        let original = request.original;
        let place = self.node(&original.node);
        self.heard(place, frame.received_at);
        self.nodes[place].counts.take_back(request.reading.is_none(), request.reason);
        self.next.replayed.push((rejection, frame.received_at));
        let enrolled = |node: &NodeId| self.shared.registry().nodes.get(node).is_some_and(|node| !node.revoked);
        let admitted = broker::admitted_now(&original, &self.shared.catalogue.mappings, enrolled);
        let original = admitted.unwrap_or(original);
        let place = self.node(&original.node);
        self.heard(place, frame.received_at);
        let bytes = original.encode();
        let mut taking =
            Taking { position, frame: &original, bytes: &bytes, place, only: request.reading, kept: None, now };
        match original.kind {
            FrameKind::Readings => self.readings(&mut taking),
            FrameKind::External => self.external(position, &original, &bytes, place, now),
            FrameKind::Mapped { ref topic } => self.mapped(&mut taking, topic),
            // What was refused at the door is still not what a node may send.
            _ => {
                let refusal =
                    Refusal::new(request.reason, "played again; it was refused at the door, not for its content");
                self.reject(&mut taking, None, refusal);
                Ok(())
            }
        }
    }

    /// All that the next checkpoint was to hold is stored.
    pub(super) fn all_written(&mut self) {
        for id in &self.next.touched {
            self.hot[id.0 as usize - 1].touched = false;
        }
        let mut settled: Vec<_> =
            self.next.settled.iter().map(|(span, window, id)| (*id, (span.from, *window))).collect();
        settled.sort_unstable();
        for of_one in settled.chunk_by(|(a, _), (b, _)| a == b) {
            let windows: Vec<_> = of_one.iter().map(|(_, window)| *window).collect();
            self.hot[of_one[0].0.0 as usize - 1].entry.live().settled(&windows);
        }
        self.next = Checkpoint { position: self.next.position, ..Checkpoint::default() };
        self.unwritten = 0;
        self.rejected_bytes = 0;
    }

    /// The node's place in the list.
    pub(super) fn node(&mut self, id: &NodeId) -> usize {
        if let Some(place) = self.by_name.get(id) {
            return *place;
        }
        self.nodes.push(NodeState::new(id.clone()));
        self.by_name.insert(id.clone(), self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    pub(super) fn reject(&mut self, taking: &mut Taking<'_>, reading: Option<u32>, refusal: Refusal) {
        let node = &mut self.nodes[taking.place];
        node.counts.reject(reading.is_none(), refusal.reason);
        if taking.kept.is_none() {
            self.rejected_bytes += taking.bytes.len();
        }
        let frame = taking.kept.get_or_insert_with(|| taking.bytes.into()).clone();
        self.next.rejections.push(NewRejection {
            position: taking.position,
            reading,
            node: taking.frame.node.clone(),
            reason: refusal.reason,
            detail: refusal.detail,
            received_at: taking.frame.received_at,
            frame,
        });
    }

    fn external(
        &mut self,
        position: Position,
        frame: &Frame,
        bytes: &[u8],
        place: usize,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut taking = Taking { position, frame, bytes, place, only: None, kept: None, now };
        match External::parse(&frame.payload) {
            Ok(external) => {
                self.nodes[place].counts.frames_decoded += 1;
                self.take_external(&mut taking, &external)
            }
            Err(detail) => self.refuse_frame(&mut taking, RejectReason::Malformed, &detail),
        }
    }

    /// Tells the ledger what changed since the last call.
    pub fn balance(&mut self, now: Timestamp) {
        let due = (self.settling.overdue(now) + self.outdated.len()) as u64;
        for place in &self.changed {
            self.nodes[*place].changed = false;
        }
        let changed = self.changed.iter().map(|place| (&self.nodes[*place].id, &self.nodes[*place].counts));
        self.ledger.update(changed, self.next.position, due);
        self.changed.clear();
    }

    /// Something came from the node: its row and its account change.
    fn heard(&mut self, place: usize, at: Timestamp) {
        let node = &mut self.nodes[place];
        node.received_at = Some(node.received_at.map_or(at, |before| before.max(at)));
        if !std::mem::replace(&mut node.changed, true) {
            self.changed.push(place);
        }
        if !std::mem::replace(&mut node.unsaved, true) {
            self.unsaved.push(place);
        }
    }
}

/// One frame on its way.
pub(super) struct Taking<'a> {
    pub(super) position: Position,
    pub(super) frame: &'a Frame,
    pub(super) bytes: &'a [u8],
    /// The node's place.
    pub(super) place: usize,
    /// Which reading alone, when one is played again.
    pub(super) only: Option<u32>,
    /// The bytes once they are kept for a rejection.
    pub(super) kept: Option<Arc<[u8]>>,
    pub(super) now: Timestamp,
}

impl Taking<'_> {
    fn wants(&self, index: u32) -> bool {
        self.only.is_none_or(|only| only == index)
    }

    fn receipt(&self) -> Receipt {
        Receipt { received_at: self.frame.received_at, clock_suspect: self.frame.clock_suspect }
    }
}
