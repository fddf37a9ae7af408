//! [`Intake`]: takes frames up one after the other: decoded, validated, told apart from what came before, stored in
//! memory, counted. It does no I/O but to look up what is stored, and reads no clock: `now` is given to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use protocols::native;
use protocols::senml;

use super::node::NodeState;
use super::replay::{self, External};
use crate::catalogue::QuantityIndex;
use crate::reading::{DatastreamId, DatastreamKey, Marks, NodeId, Observation, RejectReason, Timestamp};
use crate::store::live::Entry;
use crate::store::model::{Span, WindowIndex};
use crate::store::{Checkpoint, NewRejection, Recovered, Shared, StoreError, Versions, Writer, within};
use crate::telemetry::decode::{self, Rules};
use crate::telemetry::frame::{Frame, FrameKind};
use crate::telemetry::ingest::broker;
use crate::telemetry::journal::Position;
use crate::telemetry::ledger::Ledger;
use crate::telemetry::names::Boot;
use crate::telemetry::settling::Settling;
use crate::telemetry::validate::{Limits, Name, Reading, Receipt, Refusal};

/// How often, in milliseconds, a window that waits is told again of new readings.
const TOUCH_EVERY_MS: i64 = 1_000;
/// Most windows of one datastream kept at hand.
const WINDOWS_MAX: usize = 7;

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

/// A datastream at hand, and the windows its latest reading fell into.
pub(super) struct Hot {
    pub(super) entry: Arc<Entry>,
    slots: [Option<Slot>; WINDOWS_MAX],
    touched: bool,
}

/// A window at hand, and when it was last told of a reading.
#[derive(Clone, Copy)]
struct Slot {
    span: Span,
    noted: Timestamp,
}

impl Slot {
    /// Whether a reading of that time need not be told yet. A clock that was set back holds nothing up.
    fn knows(&self, at: Timestamp, now: Timestamp) -> bool {
        self.span.contains(at) && (0..TOUCH_EVERY_MS).contains(&now.millis_since(self.noted))
    }
}

/// What became of a reading.
enum Outcome {
    Stored,
    Duplicate,
    Corrected,
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

    fn readings(&mut self, taking: &mut Taking<'_>) -> Result<(), StoreError> {
        let payload = &taking.frame.payload[..];
        match protocols::format_of(payload) {
            protocols::Format::Native => match native::Frame::decode(payload) {
                Ok(native::Frame::Batch(batch)) => self.native(taking, &batch),
                Ok(_) => self.refuse_frame(taking, RejectReason::Malformed, "a native frame, but no batch of readings"),
                Err(error) => self.refuse_frame(taking, RejectReason::Malformed, &error.to_string()),
            },
            protocols::Format::SenmlJson => self.pack(taking, senml::json::parse(payload)),
            protocols::Format::SenmlCbor => self.pack(taking, senml::cbor::parse(payload)),
            protocols::Format::Unknown => {
                let first = payload.first().map_or("the payload is empty".into(), |b| format!("first byte 0x{b:02x}"));
                let detail = format!("{first}; 0x01 is a native frame, [ is SenML JSON, 0x80 to 0x9f SenML CBOR");
                self.refuse_frame(taking, RejectReason::UnknownFormat, &detail)
            }
        }
    }

    fn refuse_frame(&mut self, taking: &mut Taking<'_>, reason: RejectReason, detail: &str) -> Result<(), StoreError> {
        self.reject(taking, None, Refusal::new(reason, detail));
        Ok(())
    }

    fn native(&mut self, taking: &mut Taking<'_>, batch: &native::Batch) -> Result<(), StoreError> {
        self.count_frame(taking);
        for (index, (sequence, told)) in (0u32..).zip(batch.readings()) {
            if !taking.wants(index) {
                continue;
            }
            let checked = decode::native(told, sequence, batch, self.rules(taking));
            self.one(taking, index, checked)?;
        }
        Ok(())
    }

    fn pack(
        &mut self,
        taking: &mut Taking<'_>,
        parsed: Result<senml::Pack<'_>, senml::SenmlError>,
    ) -> Result<(), StoreError> {
        let pack = match parsed {
            Ok(pack) => pack,
            Err(error) => return self.refuse_frame(taking, RejectReason::Malformed, &error.to_string()),
        };
        self.count_frame(taking);
        let mut known_again = None;
        for (index, record) in pack.resolve(taking.frame.received_at.millis()) {
            let index = index as u32;
            if !taking.wants(index) {
                continue;
            }
            let checked = match record {
                Ok(record) => decode::senml(&record, &taking.frame.node, self.rules(taking)),
                Err(error) => Err(Refusal::new(RejectReason::Malformed, error.to_string())),
            };
            let unnamed = checked.as_ref().is_ok_and(|reading| reading.name == Name::Delivery);
            if unnamed && *known_again.get_or_insert_with(|| self.delivered_again(taking)) {
                self.count_known_again(taking);
                continue;
            }
            self.one(taking, index, checked)?;
        }
        Ok(())
    }

    /// Whether a message without times of its own came before: only one that says so (DUP) can have.
    fn delivered_again(&mut self, taking: &Taking<'_>) -> bool {
        let delivery = taking.frame.delivery;
        if !delivery.at_least_once || taking.only.is_some() {
            return false;
        }
        let hash = replay::delivery_hash(&delivery, &taking.frame.payload);
        let known = self.nodes[taking.place].names.deliver_again(hash);
        if !known {
            self.next.delivered.push((taking.frame.node.clone(), hash));
        }
        known && delivery.duplicate
    }

    fn rules(&self, taking: &Taking<'_>) -> Rules<'_> {
        Rules { catalogue: &self.shared.catalogue, limits: &self.limits, receipt: taking.receipt() }
    }

    /// A maker's own message, by the mapping that fits it.
    fn mapped(&mut self, taking: &mut Taking<'_>, topic: &str) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        let message = match decode::mapping::read(&shared.catalogue.mappings, topic, &taking.frame.payload) {
            Ok(message) => message,
            Err(refusal) => {
                self.reject(taking, None, refusal);
                return Ok(());
            }
        };
        self.count_frame(taking);
        let again = message.measured_at.is_none() && self.delivered_again(taking);
        for record in &message.records {
            if !taking.wants(record.index) {
                continue;
            }
            let checked = decode::mapped(record, &message, self.rules(taking));
            if again && checked.is_ok() {
                self.count_known_again(taking);
            } else {
                self.one(taking, record.index, checked)?;
            }
        }
        Ok(())
    }

    fn count_known_again(&mut self, taking: &Taking<'_>) {
        let counts = &mut self.nodes[taking.place].counts;
        counts.decoded += u64::from(taking.only.is_none());
        counts.duplicate += 1;
    }

    fn count_frame(&mut self, taking: &Taking<'_>) {
        let counts = &mut self.nodes[taking.place].counts;
        // A single reading played again is of a frame that was counted when it came.
        counts.frames_decoded += u64::from(taking.only.is_none());
    }

    fn one(
        &mut self,
        taking: &mut Taking<'_>,
        index: u32,
        checked: Result<Reading, Refusal>,
    ) -> Result<(), StoreError> {
        self.nodes[taking.place].counts.decoded += u64::from(taking.only.is_none());
        let outcome = match checked {
            Ok(reading) => self.store(taking, &reading)?,
            Err(refusal) => Err(refusal),
        };
        let counts = &mut self.nodes[taking.place].counts;
        match outcome {
            Ok(Outcome::Stored) => counts.stored += 1,
            Ok(Outcome::Duplicate) => counts.duplicate += 1,
            Ok(Outcome::Corrected) => counts.corrected += 1,
            Err(refusal) => self.reject(taking, Some(index), refusal),
        }
        Ok(())
    }

    fn store(&mut self, taking: &Taking<'_>, reading: &Reading) -> Result<Result<Outcome, Refusal>, StoreError> {
        let place = match self.datastream(taking, reading) {
            Ok(place) => place,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let entry = self.hot[place].entry.clone();
        let mut corrects = None;
        match reading.name {
            Name::Sequence { incarnation, boot, sequence } => {
                let node = &self.nodes[taking.place];
                let known = node.names.contains(incarnation, boot, sequence);
                if known || node.counts.names_forgotten > 0 {
                    let same = self.same_value(&entry, reading)?;
                    let by_age = reading.marks.has(Marks::BY_AGE);
                    if known && !same && !by_age && !self.told_by_age(&entry, reading)? {
                        let detail = format!("reading {sequence} of boot {boot} came before with another content");
                        return Ok(Err(Refusal::new(RejectReason::Conflict, detail)));
                    }
                    if known || same {
                        return Ok(Ok(Outcome::Duplicate));
                    }
                }
                let node = &mut self.nodes[taking.place];
                for forgotten in node.names.insert(incarnation, boot, sequence) {
                    node.counts.names_forgotten += forgotten.intervals.len() as u64;
                    if !node.names.knows(forgotten.incarnation, forgotten.boot) {
                        self.next.names.push(node.forgotten_row(&forgotten));
                    }
                }
            }
            Name::Time => {
                if let Some(found) = self.named_by_time(&entry, reading.measured_at)? {
                    if found.value.to_bits() == reading.value.to_bits() {
                        return Ok(Ok(Outcome::Duplicate));
                    }
                    corrects = Some(found.ordinal);
                }
            }
            Name::Delivery => {}
        }
        let observation =
            Observation { measured_at: reading.measured_at, value: reading.value, ordinal: 0, marks: reading.marks };
        let (ordinal, late) = {
            let mut live = entry.live();
            let previous = live.last_at;
            let ordinal = live.push(observation, taking.frame.received_at);
            if let Some(corrected) = corrects {
                live.supersede(corrected);
            }
            (ordinal, previous.is_some_and(|last| reading.measured_at <= last))
        };
        self.unwritten += 1;
        if let Some(corrected) = corrects {
            self.next.superseded.push((entry.id, corrected, ordinal));
        }
        self.mark_touched(place);
        self.touch_windows(place, reading.measured_at, late, taking.now);
        Ok(Ok(if corrects.is_some() { Outcome::Corrected } else { Outcome::Stored }))
    }

    /// Whether an observation of the same time and value is stored.
    fn same_value(&self, entry: &Entry, reading: &Reading) -> Result<bool, StoreError> {
        let at = reading.measured_at;
        let span = Span { from: at, until: at.plus_millis(1) };
        let found = within(self.writer.connection(), entry, span, Versions::All)?;
        Ok(found.iter().any(|o| o.value.to_bits() == reading.value.to_bits()))
    }

    /// Whether the same value is stored near that time, told by its age: the node knew no time yet, and what it sends
    /// again under the same name it dates better.
    fn told_by_age(&self, entry: &Entry, reading: &Reading) -> Result<bool, StoreError> {
        let error = self.limits.age_error_max_ms;
        let at = reading.measured_at;
        let span = Span { from: at.plus_millis(-error), until: at.plus_millis(error + 1) };
        let found = within(self.writer.connection(), entry, span, Versions::All)?;
        let same = |o: &Observation| o.marks.has(Marks::BY_AGE) && o.value.to_bits() == reading.value.to_bits();
        Ok(found.iter().any(same))
    }

    /// The current observation that is named by that time.
    fn named_by_time(&self, entry: &Entry, at: Timestamp) -> Result<Option<Observation>, StoreError> {
        if entry.live().last_at.is_none_or(|last| at > last) {
            return Ok(None);
        }
        let span = Span { from: at, until: at.plus_millis(1) };
        let found = within(self.writer.connection(), entry, span, Versions::Current)?;
        Ok(found.into_iter().find(|o| !o.marks.has(Marks::BY_AGE) && !o.marks.has(Marks::BY_RECEIPT)))
    }

    /// The windows around `at` wait; each is told at most once a second.
    fn touch_windows(&mut self, place: usize, at: Timestamp, late: bool, now: Timestamp) {
        let hot = &mut self.hot[place];
        for window in self.shared.windows.indices() {
            let slot = &mut hot.slots[usize::from(window.0)];
            if !late && slot.is_some_and(|slot| slot.knows(at, now)) {
                continue;
            }
            let span = self.shared.windows.around(window, at);
            if self.settling.touch(span, window, hot.entry.id, now, late) {
                hot.entry.live().wait(window, span.from);
            }
            *slot = Some(Slot { span, noted: now });
        }
    }

    /// The window is settled: the next reading for it makes it wait again.
    pub(super) fn forget_window(&mut self, id: DatastreamId, window: WindowIndex, from: Timestamp) {
        let slot = &mut self.hot[id.0 as usize - 1].slots[usize::from(window.0)];
        if slot.is_some_and(|slot| slot.span.from == from) {
            *slot = None;
        }
    }

    pub(super) fn mark_touched(&mut self, place: usize) {
        let hot = &mut self.hot[place];
        if !hot.touched {
            hot.touched = true;
            self.next.touched.push(hot.entry.id);
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

    fn datastream(&mut self, taking: &Taking<'_>, reading: &Reading) -> Result<usize, Refusal> {
        let node = &self.nodes[taking.place];
        if let Some(place) = node.datastream(reading.quantity, reading.channel) {
            return Ok(place);
        }
        if self.hot.len() >= self.datastreams_max {
            let detail = format!("[limits] datastreams_max = {} is reached", self.datastreams_max);
            return Err(Refusal::new(RejectReason::LimitReached, detail));
        }
        Ok(self.add_datastream(&taking.frame.node, reading.quantity, reading.channel, false, taking.frame.received_at))
    }

    pub(super) fn add_datastream(
        &mut self,
        node: &NodeId,
        quantity: QuantityIndex,
        channel: u8,
        external: bool,
        created_at: Timestamp,
    ) -> usize {
        let quantity = self.shared.catalogue.quantity(quantity).code.clone();
        let key = DatastreamKey { node: node.clone(), quantity, channel };
        let entry = self.writer.add_datastream(key, external, created_at);
        self.take_in(entry)
    }

    fn take_in(&mut self, entry: Arc<Entry>) -> usize {
        let node = self.node(&entry.key.node);
        let place = self.hot.len();
        if let Some(quantity) = entry.quantity {
            self.nodes[node].add_datastream(quantity, entry.key.channel, place);
        }
        self.hot.push(Hot { entry, slots: [None; WINDOWS_MAX], touched: false });
        place
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
