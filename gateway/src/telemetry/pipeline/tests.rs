//! The stages together, on a real store in a folder, handed frames and times: any order, duplicates, restarts, replays.

mod registry;
mod retention;
mod windows;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use protocols::native::{self, Batch, Decimal};
use protocols::quantity;

use super::*;
use crate::aggregate::Windows;
use crate::catalogue::{Catalogue, load};
use crate::reading::DatastreamKey;
use crate::reading::{NodeId, RejectReason};
use crate::registry::{Calibration, Node, Placement, Snapshot};
use crate::store::model::{Order as Sorted, Page, Span, Status, WindowIndex, WindowLength};
use crate::store::{Reader, Writer};
use crate::telemetry::frame::{Delivery, Frame, FrameKind, Origin};
use crate::telemetry::ledger::Ledger;
use crate::telemetry::settling::{SettleRule, Settling};
use crate::telemetry::validate::Limits;

const ALL: Page = Page { skip: 0, top: usize::MAX };
/// 2026-03-10T00:00:00Z.
const START: i64 = 1_773_100_800_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A gateway without doors, whose clock the test sets.
struct House {
    intake: Intake,
    ledger: Arc<Ledger>,
    reader: Reader,
    position: u64,
    now: Timestamp,
}

impl House {
    fn open(folder: &Path, registry: Snapshot) -> Self {
        let catalogue: Arc<Catalogue> = Arc::new(load::embedded());
        let lengths = vec![WindowLength::Minutes(15), WindowLength::Minutes(60), WindowLength::LocalDay];
        let zone = jiff::tz::TimeZone::get("Europe/Athens").expect("bundled");
        let windows = Arc::new(Windows::new(lengths, zone));
        let (writer, recovered) = Writer::open(folder, catalogue, windows, Arc::new(registry)).expect("a store");
        let reader = writer.reader(Arc::new(Clock::new(Timestamp::default())));
        let settling = Settling::new(SettleRule { settle_ms: 5 * MINUTE, quiet_ms: 5_000, waiting_max: 1_000_000 });
        let limits = Limits { clock_ahead_max_ms: 5 * MINUTE, age_error_max_ms: 600_000, age_max_ms: 730 * 24 * HOUR };
        let ledger = Arc::new(Ledger::default());
        let now = Timestamp::from_millis(START + 40 * 24 * HOUR);
        let position = recovered.progress.position;
        let intake = Intake::new(writer, recovered, settling, limits, 1_000, ledger.clone(), now);
        Self { intake, ledger, reader, position, now }
    }

    fn take(&mut self, frame: &Frame) {
        self.position += 1;
        self.intake.take_up(self.position, &frame.encode(), self.now).expect("the store is read");
        self.intake.balance(self.now);
        self.assert_balanced();
    }

    /// Lets windows settle, and writes them.
    fn settle(&mut self) {
        for _ in 0..3 {
            self.now = self.now.plus_millis(HOUR);
            self.intake.checkpoint(self.now, 1_000).expect("a checkpoint");
            self.intake.balance(self.now);
        }
    }

    fn assert_balanced(&self) {
        let all = self.ledger.view(|| self.position).all;
        let (frames, readings) = (&all.account.frames, &all.account.readings);
        assert_eq!(frames.received, frames.decoded + frames.rejected.values().sum::<u64>() + frames.pending);
        let known = readings.stored + readings.duplicate + readings.corrected + readings.rejected.values().sum::<u64>();
        assert_eq!(readings.decoded, known);
    }

    /// Everything that a reader sees, without what tells the order of arrival.
    fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for datastream in self.reader.datastreams() {
            let name = format!("{}:{}.{}", datastream.key.node, datastream.key.quantity, datastream.key.channel);
            let observations =
                self.reader.observations(datastream.id, Span::ALL, Sorted::Ascending, ALL).expect("read");
            let mut rows: Vec<_> = observations
                .iter()
                .map(|o| (o.measured_at.millis(), o.value.to_bits(), o.flag().code(), format!("{:?}", o.tests)))
                .collect();
            rows.sort();
            seen.observations.insert(name.clone(), rows);
            for window in 0..3 {
                let aggregates =
                    self.reader.aggregates(datastream.id, WindowIndex(window), Span::ALL, Sorted::Ascending, ALL);
                for aggregate in aggregates.expect("read") {
                    assert_eq!(aggregate.status, Status::Settled, "{name} {aggregate:?}");
                    let key = (name.clone(), window, aggregate.span.from.millis());
                    seen.aggregates.insert(key, format!("{:?} {:?}", aggregate.values, aggregate.zone));
                }
            }
        }
        seen
    }
}

#[derive(Debug, Default, PartialEq)]
struct Seen {
    observations: BTreeMap<String, Vec<(i64, u64, u8, String)>>,
    aggregates: BTreeMap<(String, u8, i64), String>,
}

fn frame(payload: Vec<u8>) -> Frame {
    Frame {
        kind: FrameKind::Readings,
        node: NodeId::new("n1").expect("a name"),
        origin: Origin::Mqtt,
        received_at: Timestamp::from_millis(START + 40 * 24 * HOUR),
        clock_suspect: false,
        delivery: Delivery { session: 1, packet_id: 1, at_least_once: true, duplicate: false, retained: false },
        payload,
    }
}

fn senml(code: &str, unix_ms: i64, value: f64) -> Frame {
    let record = protocols::senml::Record {
        name: Some(code.into()),
        value: Some(protocols::senml::Value::Number(value)),
        time: Some(unix_ms as f64 / 1_000.0),
        ..Default::default()
    };
    frame(protocols::senml::json::encode(&[record]).expect("finite").into_bytes())
}

fn native(boot: u32, sequence: u32, number: u8, at: i64, mantissa: i64) -> Frame {
    let mut batch = Batch::new(77, boot, sequence, native::Clock::Unix { base_ms: at });
    let value = Decimal::new(mantissa, -2).expect("in range");
    batch.push(native::Reading { quantity: number, channel: 0, offset_ms: 0, value }).expect("room");
    frame(native::Frame::Batch(batch).to_bytes().expect("encodes").to_vec())
}

/// What a node measured: frames of which none corrects another.
fn story(rows: &[(u8, u16, i16)]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for (sequence, (kind, slot, value)) in (0..).zip(rows) {
        let at = START + i64::from(*slot) * 137_000;
        let value = f64::from(*value) / 100.0;
        frames.push(match kind % 5 {
            // A name of its own for each: the time says which.
            0 => senml("temperature", at + i64::from(sequence), value),
            1 => senml("wind_speed", at + i64::from(sequence), value.abs() / 10.0),
            2 => senml("wind_direction", at + i64::from(sequence), value.abs() % 360.0),
            3 => native(1, sequence, quantity::USES, at, i64::from(*slot) * 100),
            _ => native(1, sequence, quantity::PM25, at, i64::from(sequence) * 7 % 9_000),
        });
    }
    frames
}

impl Seen {
    /// The first thing that is not the same.
    fn differs(&self, other: &Seen) -> Option<String> {
        let observations = self.observations.iter().find(|(name, rows)| other.observations.get(*name) != Some(rows));
        let observations =
            observations.map(|(name, rows)| format!("{name}: {rows:?}, and {:?}", other.observations.get(name)));
        let aggregates = self.aggregates.iter().find(|(key, values)| other.aggregates.get(*key) != Some(values));
        let aggregates =
            aggregates.map(|(key, values)| format!("{key:?}: {values}, and {:?}", other.aggregates.get(key)));
        let more = (self.aggregates.len() != other.aggregates.len()).then(|| "more windows".to_owned());
        observations.or(aggregates).or(more)
    }
}

fn tell(frames: &[Frame], checkpoint_every: usize, restart_at: Option<usize>) -> Seen {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for (i, frame) in frames.iter().enumerate() {
        house.take(frame);
        if i % checkpoint_every == checkpoint_every - 1 {
            house.settle();
        }
        if restart_at == Some(i) {
            // What no checkpoint holds is in the journal, and comes again.
            let stored = house.intake.stored_position() as usize;
            drop(house);
            house = House::open(folder.path(), Snapshot::default());
            assert_eq!(house.position as usize, stored);
            for frame in &frames[stored..=i] {
                house.take(frame);
            }
        }
    }
    house.settle();
    house.seen()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_arrival_gives_the_same_numbers(
        rows in prop::collection::vec((any::<u8>(), 0u16..2_000, -3_000i16..6_000), 1..60),
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
        checkpoint_every in 5usize..60,
        restart in any::<prop::sample::Index>(),
    ) {
        let frames = story(&rows);
        let mut shuffled = frames.clone();
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        let once = tell(&frames, usize::MAX, None);
        prop_assert_eq!(tell(&shuffled, checkpoint_every, None).differs(&once), None);
        let restart_at = Some(restart.index(shuffled.len()));
        prop_assert_eq!(tell(&shuffled, checkpoint_every, restart_at).differs(&once), None);
        // Everything again, from anywhere: nothing new.
        let mut twice = shuffled.clone();
        twice.rotate_left(order.index(shuffled.len()));
        twice.extend(frames.iter().cloned());
        prop_assert_eq!(tell(&twice, checkpoint_every, None).differs(&once), None);
    }
}

#[test]
fn another_value_for_the_same_time_is_a_correction_and_both_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&senml("pm25", START, 10.0));
    house.settle();
    house.take(&senml("pm25", START, 12.0));
    let datastream = house.reader.datastreams()[0].clone();
    let current = |house: &House| {
        let found = house.reader.observations(datastream.id, Span::ALL, Sorted::Ascending, ALL).expect("read");
        found.iter().map(|o| o.value).collect::<Vec<_>>()
    };
    assert_eq!(current(&house), [12.0]);
    house.settle();
    assert_eq!(current(&house), [12.0]);
    let first = house.reader.observation(datastream.id, 0).expect("read").expect("kept");
    assert_eq!(first.value, 10.0);
    let counts = house.ledger.all();
    assert_eq!((counts.stored, counts.corrected, counts.duplicate), (1, 1, 0));
}

#[test]
fn a_name_with_another_content_is_a_conflict_and_the_first_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&native(1, 5, quantity::PM25, START, 100));
    house.take(&native(1, 5, quantity::PM25, START, 100));
    house.take(&native(1, 5, quantity::PM25, START, 101));
    house.take(&native(2, 5, quantity::PM25, START, 101));
    let counts = house.ledger.all();
    let conflicts =
        counts.rejected[RejectReason::ALL.iter().position(|r| *r == RejectReason::Conflict).expect("a reason")];
    assert_eq!((counts.stored, counts.duplicate, conflicts), (2, 1, 1));
}

#[test]
fn a_reading_told_by_its_age_is_the_same_one_when_its_node_has_learnt_the_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    let value = Decimal::new(100, -2).expect("in range");
    let mut batch = Batch::new(77, 1, 5, native::Clock::Age);
    let offset_ms = 10 * MINUTE as i32;
    batch.push(native::Reading { quantity: quantity::PM25, channel: 0, offset_ms, value }).expect("room");
    let by_age = frame(native::Frame::Batch(batch).to_bytes().expect("encodes").to_vec());
    let measured = by_age.received_at.millis() - 10 * MINUTE;
    house.take(&by_age);
    house.take(&native(1, 5, quantity::PM25, measured - 9 * MINUTE, 100));
    house.take(&native(1, 5, quantity::PM25, measured + 3_000, 100));
    house.take(&by_age);
    let conflict = RejectReason::ALL.iter().position(|r| *r == RejectReason::Conflict).expect("a reason");
    let counts = house.ledger.all();
    assert_eq!((counts.stored, counts.duplicate, counts.rejected[conflict]), (1, 3, 0));
    house.take(&native(1, 5, quantity::PM25, measured, 101));
    house.take(&native(1, 5, quantity::PM25, measured - 11 * MINUTE, 100));
    let counts = house.ledger.all();
    assert_eq!((counts.stored, counts.duplicate, counts.rejected[conflict]), (1, 3, 2), "another value, another time");
}

#[test]
fn a_message_without_times_counts_once_when_it_says_that_it_comes_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    let mut message = frame(br#"[{"n":"temperature","v":20},{"n":"humidity","v":50}]"#.to_vec());
    house.take(&message);
    message.delivery.duplicate = true;
    house.take(&message);
    house.settle();
    drop(house);
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&message);
    message.delivery.duplicate = false;
    house.take(&message);
    let counts = house.ledger.all();
    assert_eq!((counts.stored, counts.duplicate, counts.decoded), (4, 4, 8));
}

#[test]
fn a_rejection_is_played_again_after_a_mend_and_the_ledger_balances() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&frame(br#"[{"n":"temperature","u":"furlong","v":20,"t":1773100800}]"#.to_vec()));
    house.take(&frame(b"what is this".to_vec()));
    house.settle();
    let rejections = house.reader.rejections(None, ALL).expect("read");
    let reasons: Vec<_> = rejections.iter().map(|r| (r.reason, r.reading)).collect();
    assert_eq!(reasons, [(RejectReason::UnknownFormat, None), (RejectReason::UnitMismatch, Some(0))]);
    for rejection in &rejections {
        let (rejection, bytes) = house.reader.rejection(rejection.id).expect("read").expect("kept");
        let order = replay_frame(&rejection, &bytes, house.now);
        house.take(&order);
    }
    house.settle();
    let counts = house.ledger.all();
    let total = |numbers: &[u64]| numbers.iter().sum::<u64>();
    assert_eq!((total(&counts.frames_rejected), total(&counts.rejected), counts.decoded), (1, 1, 1));
    let played: Vec<_> =
        house.reader.rejections(None, ALL).expect("read").iter().map(|r| r.replayed_at.is_some()).collect();
    assert_eq!(played, [false, false, true, true], "what fails again is listed again");
}

#[test]
fn a_rejection_that_is_ordered_again_before_its_first_replay_is_seen_is_played_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    // Two alike: taking one back twice must not take the other back.
    for at in [1_773_100_800, 1_773_100_860] {
        let payload = format!(r#"[{{"n":"temperature","u":"furlong","v":20,"t":{at}}}]"#);
        house.take(&frame(payload.into_bytes()));
    }
    house.settle();
    let first = house.reader.rejections(None, ALL).expect("read").pop().expect("listed");
    let (rejection, mut bytes) = house.reader.rejection(first.id).expect("read").expect("kept");
    // As if the unit could be read since.
    let mut original = Frame::decode(&bytes).expect("a frame");
    original.payload = br#"[{"n":"temperature","u":"Cel","v":20,"t":1773100800}]"#.to_vec();
    bytes = original.encode();
    let order = replay_frame(&rejection, &bytes, house.now);
    house.take(&order);
    house.take(&order);
    house.settle();
    house.take(&order);
    let counts = house.ledger.all();
    let rejected = counts.rejected.iter().sum::<u64>();
    assert_eq!((counts.decoded, counts.stored, counts.duplicate, rejected), (2, 1, 0, 1));
}
