//! The stages together, on a real store in a folder, handed frames and times: any order, duplicates, restarts, replays.

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
        let settling = Settling::new(SettleRule { settle_ms: 5 * MINUTE, quiet_ms: 5_000 });
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
fn a_late_reading_corrects_a_settled_hour_and_raises_its_revision() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&senml("pm25", START + 5 * MINUTE, 10.0));
    house.take(&senml("pm25", START + 15 * MINUTE, 20.0));
    house.settle();
    let hour = |house: &House| {
        let id = house.reader.datastreams()[0].id;
        house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read").remove(0)
    };
    let before = hour(&house);
    assert_eq!((before.revision, before.values.mean), (0, Some(15.0)));
    house.take(&senml("pm25", START + 10 * MINUTE, 60.0));
    house.settle();
    let after = hour(&house);
    assert_eq!((after.revision, after.values.mean, after.values.count), (1, Some(30.0), 3));
    assert!(after.change > before.change);
    house.take(&senml("pm25", START + 10 * MINUTE, 60.0));
    house.settle();
    assert_eq!(hour(&house), after, "the same again changes nothing");
}

#[test]
fn a_long_window_does_not_settle_in_the_midst_of_a_fast_backlog() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    // A day's quarters in ten seconds: each is new, and within a second of the one before.
    for quarter in 0..80 {
        house.take(&senml("pm25", START + quarter * 15 * MINUTE, 10.0));
        house.now = house.now.plus_millis(125);
        house.intake.checkpoint(house.now, 1_000).expect("a checkpoint");
    }
    house.settle();
    let id = house.reader.datastreams()[0].id;
    let days = house.reader.aggregates(id, WindowIndex(2), Span::ALL, Sorted::Ascending, ALL).expect("read");
    assert_eq!(days.iter().map(|day| (day.values.count, day.revision)).collect::<Vec<_>>(), [(80, 0)]);
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

#[test]
fn a_changed_calibration_revises_what_was_measured_since() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for minute in [5, 65] {
        house.take(&senml("temperature", START + minute * MINUTE, 20.0));
    }
    house.settle();
    let key = DatastreamKey { node: NodeId::new("n1").expect("a name"), quantity: "temperature".into(), channel: 0 };
    let from = Timestamp::from_millis(START + HOUR);
    let calibration = Calibration { from, until: None, gain: 1.0, offset: -1.5, unsound: false, note: String::new() };
    let calibrations = [(key, Arc::from([calibration]))].into();
    house.intake.registry_changed(Arc::new(Snapshot { revision: 1, calibrations, ..Snapshot::default() }));
    house.settle();
    let id = house.reader.datastreams()[0].id;
    let hours = house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read");
    let told: Vec<_> = hours.iter().map(|hour| (hour.values.mean, hour.revision)).collect();
    assert_eq!(told, [(Some(20.0), 0), (Some(18.5), 1)]);
}

#[test]
fn a_registry_that_changed_while_nobody_looked_revises_what_was_made_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for minute in [5, 65] {
        house.take(&senml("temperature", START + minute * MINUTE, 20.0));
    }
    house.settle();
    drop(house);
    let key = DatastreamKey { node: NodeId::new("n1").expect("a name"), quantity: "temperature".into(), channel: 0 };
    let calibrated = |offset: f64| {
        let from = Timestamp::default();
        let calibration = Calibration { from, until: None, gain: 1.0, offset, unsound: false, note: String::new() };
        Snapshot { revision: 1, calibrations: [(key.clone(), Arc::from([calibration]))].into(), ..Snapshot::default() }
    };
    let hours = |house: &House| {
        let id = house.reader.datastreams()[0].id;
        let hours = house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read");
        hours.iter().map(|hour| (hour.values.mean, hour.revision)).collect::<Vec<_>>()
    };
    // By another program, while the gateway was stopped.
    let mut house = House::open(folder.path(), calibrated(1.0));
    house.settle();
    assert_eq!(hours(&house), [(Some(21.0), 1), (Some(21.0), 1)]);
    // While it runs, and it is killed before the next checkpoint.
    house.intake.registry_changed(Arc::new(calibrated(2.0)));
    drop(house);
    let mut house = House::open(folder.path(), calibrated(2.0));
    house.settle();
    assert_eq!(hours(&house), [(Some(22.0), 2), (Some(22.0), 2)]);
    drop(house);
    let mut house = House::open(folder.path(), calibrated(2.0));
    house.intake.balance(house.now);
    assert_eq!(house.ledger.view(|| house.position).all.pending, 0, "nothing changed, nothing waits");
}

#[test]
fn a_calibrated_speed_revises_the_direction_that_is_calm_by_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&senml("wind_speed", START + 5 * MINUTE, 0.0));
    house.take(&senml("wind_direction", START + 5 * MINUTE, 90.0));
    house.settle();
    let direction = |house: &House| {
        let id = house.reader.datastreams()[1].id;
        let hours = house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read");
        hours.iter().map(|hour| hour.values.mean).collect::<Vec<_>>()
    };
    assert_eq!(direction(&house), [None], "calm");
    let key = DatastreamKey { node: NodeId::new("n1").expect("a name"), quantity: "wind_speed".into(), channel: 0 };
    let from = Timestamp::from_millis(START);
    let calibration = Calibration { from, until: None, gain: 1.0, offset: 5.0, unsound: false, note: String::new() };
    let calibrations = [(key, Arc::from([calibration]))].into();
    house.intake.registry_changed(Arc::new(Snapshot { revision: 1, calibrations, ..Snapshot::default() }));
    house.settle();
    assert_eq!(direction(&house).iter().map(Option::is_some).collect::<Vec<_>>(), [true]);
}

#[test]
fn the_zone_is_the_one_at_the_windows_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let placement = |from: i64, zone: &str| Placement {
        from: Timestamp::from_millis(from),
        site: None,
        zone: Some(zone.into()),
        position: None,
    };
    let id = NodeId::new("n1").expect("a name");
    let node = Node {
        id: id.clone(),
        number: 1,
        node_type: None,
        name: None,
        serial: None,
        enrolled_at: Timestamp::default(),
        revoked: false,
        placements: vec![placement(0, "DKA"), placement(START + 30 * MINUTE, "DKB")],
    };
    let nodes = [(id, Arc::new(node))].into();
    let mut house = House::open(folder.path(), Snapshot { revision: 1, nodes, ..Snapshot::default() });
    for minute in [5, 45, 65] {
        house.take(&senml("temperature", START + minute * MINUTE, 20.0));
    }
    house.settle();
    let id = house.reader.datastreams()[0].id;
    let hours = house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read");
    assert_eq!(hours.iter().map(|hour| hour.zone.as_deref()).collect::<Vec<_>>(), [Some("DKA"), Some("DKB")]);
}

#[test]
fn daily_values_of_another_network_are_settled_days_and_come_twice_without_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    let day = |text: &str| text.parse::<jiff::civil::Date>().expect("a date");
    let external =
        External { quantity: "pm10".into(), days: vec![(day("2010-03-28"), 46.5), (day("2010-03-29"), 50.0)] };
    for _ in 0..2 {
        house.take(&external.frame(NodeId::new("egnatias").expect("a name"), house.now));
        house.settle();
    }
    let datastream = house.reader.datastreams()[0].clone();
    assert!(datastream.external);
    let days = house.reader.aggregates(datastream.id, WindowIndex(2), Span::ALL, Sorted::Ascending, ALL).expect("read");
    let told: Vec<_> = days.iter().map(|d| (d.span.from.to_string(), d.values.mean, d.revision)).collect();
    let expected = [("2010-03-27T22:00:00.000Z", 46.5), ("2010-03-28T21:00:00.000Z", 50.0)];
    assert_eq!(told, expected.map(|(from, mean)| (from.to_owned(), Some(mean), 0)));
}

#[test]
fn a_day_that_is_told_anew_before_it_is_written_is_not_revised() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    let tell = |house: &mut House, values: &[f64]| {
        for value in values {
            let days = vec![("2010-03-28".parse().expect("a date"), *value)];
            let external = External { quantity: "pm10".into(), days };
            house.take(&external.frame(NodeId::new("egnatias").expect("a name"), house.now));
        }
        house.settle();
        let id = house.reader.datastreams()[0].id;
        let days = house.reader.aggregates(id, WindowIndex(2), Span::ALL, Sorted::Ascending, ALL).expect("read");
        days.iter().map(|day| (day.values.mean, day.revision)).collect::<Vec<_>>()
    };
    assert_eq!(tell(&mut house, &[46.0, 47.0, 48.0]), [(Some(48.0), 0)]);
    assert_eq!(tell(&mut house, &[49.0, 48.0]), [(Some(48.0), 0)], "as it is written");
    assert_eq!(tell(&mut house, &[49.0, 50.0]), [(Some(50.0), 1)]);
}

#[test]
fn only_the_newest_rejections_are_kept_and_shedding_takes_the_oldest_observations() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for i in 0..1_200 {
        house.take(&frame(format!("nonsense {i}").into_bytes()));
    }
    for day in 0..20 {
        for slot in 0..200 {
            house.take(&senml("pm25", START + day * 24 * HOUR + slot * MINUTE, (slot * 7 % 100) as f64 / 10.0));
        }
    }
    house.settle();
    assert_eq!(house.reader.rejections(None, ALL).expect("read").len(), 1_000);
    house.intake.writer.compact().expect("compacts");
    let before = house.intake.writer.used_bytes().expect("told");
    let gone = house.intake.writer.shed(before / 8).expect("sheds");
    assert!(house.intake.writer.used_bytes().expect("told") <= before - before / 8);
    if let Some(gone) = gone {
        assert!(gone.millis() < START + 19 * 24 * HOUR, "the newest stay: {gone}");
    }
}

#[test]
fn a_window_stays_in_sight_while_the_disk_is_full_and_is_computed_again_for_what_comes_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    house.take(&senml("pm25", START + 5 * MINUTE, 10.0));
    house.settle();
    house.take(&senml("pm25", START + 6 * MINUTE, 20.0));
    // More than the pages that are free.
    house.take(&frame(vec![b'?'; 60_000]));
    house.now = house.now.plus_millis(HOUR);
    let pages = |house: &House, most: i64| {
        let connection = house.intake.writer.connection();
        connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |row| row.get::<_, i64>(0)).expect("set")
    };
    pages(&house, 1);
    let full = house.intake.checkpoint(house.now, 1_000).expect_err("no room");
    assert!(full.is_disk_full(), "{full}");
    let counts = |house: &House| {
        let id = house.reader.datastreams()[0].id;
        let quarters = house.reader.aggregates(id, WindowIndex(0), Span::ALL, Sorted::Ascending, ALL).expect("read");
        quarters.iter().map(|quarter| (quarter.values.count, quarter.revision)).collect::<Vec<_>>()
    };
    house.take(&senml("pm25", START + 7 * MINUTE, 60.0));
    house.take(&senml("pm25", START + 25 * MINUTE, 60.0));
    assert_eq!(counts(&house), [(1, 0), (1, 0)], "the first as it is written, the other as it is now");
    house.now = house.now.plus_millis(HOUR);
    house.intake.checkpoint(house.now, 1_000).expect_err("no room");
    assert_eq!(counts(&house), [(1, 0), (1, 0)], "settled, and not written");
    house.take(&senml("pm25", START + 8 * MINUTE, 60.0));
    house.take(&senml("pm25", START + 26 * MINUTE, 60.0));
    pages(&house, 1_000_000);
    house.intake.checkpoint(house.now, 1_000).expect("room");
    drop(house);
    let mut house = House::open(folder.path(), Snapshot::default());
    house.settle();
    assert_eq!(counts(&house).iter().map(|(count, _)| *count).collect::<Vec<_>>(), [4, 2]);
}

/// Written by the program of format 1: 1,100 readings of pm25, each 10 s, two corrected, one of temperature; sealed, and
/// what was measured before minute 100 removed by whole chunks, temperature's only one too; then one more of pm25.
fn write_format_1(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("telemetry.db")).expect("made");
    connection.execute_batch(include_str!("../../store/fixtures/telemetry-1.sql")).expect("SQL");
    connection.pragma_update(None, "user_version", 1).expect("set");
}

/// What is kept of pm25 and temperature: how many by the list, by the count of all and by the datastream, and since when.
fn kept(house: &House) -> Vec<(usize, u64, u64, Option<i64>)> {
    let all = |datastream: &crate::store::model::Datastream| {
        let found = house.reader.observations(datastream.id, Span::ALL, Sorted::Ascending, ALL).expect("read");
        let counted = house.reader.count_observations(datastream.id, Span::ALL).expect("read");
        (found.len(), counted, datastream.count, datastream.first_at.map(|at| at.millis() - START))
    };
    house.reader.datastreams().iter().map(|datastream| all(datastream)).collect()
}

#[test]
fn a_store_of_format_1_counts_what_it_still_has() {
    let folder = tempfile::tempdir().expect("a folder");
    write_format_1(folder.path());
    let mut house = House::open(folder.path(), Snapshot::default());
    assert_eq!(kept(&house), [(551, 551, 552, Some(5_500_000)), (0, 0, 0, None)]);
    house.settle();
    let id = house.reader.datastreams()[0].id;
    let counts = |window| {
        let found = house.reader.aggregates(id, WindowIndex(window), Span::ALL, Sorted::Ascending, ALL).expect("read");
        found.iter().map(|a| (a.values.count, a.revision)).collect::<Vec<_>>()
    };
    assert_eq!(counts(1), [(360, 1), (360, 0), (360, 1), (21, 1)], "what outlived its observations is as it was");
}

#[test]
fn what_retention_removes_is_no_longer_counted_and_its_aggregates_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    for i in 0..1_100 {
        house.take(&senml("pm25", START + i * 10_000, (i % 7) as f64));
    }
    house.take(&senml("temperature", START, 20.0));
    house.settle();
    // One corrected in what goes, one in what stays.
    house.take(&senml("pm25", START + 50_000, 50.0));
    house.take(&senml("pm25", START + 10_000_000, 50.0));
    house.settle();
    let aggregates = |house: &House| {
        let id = house.reader.datastreams()[0].id;
        house.reader.aggregates(id, WindowIndex(1), Span::ALL, Sorted::Ascending, ALL).expect("read")
    };
    let before = aggregates(&house);
    assert_eq!(before.len(), 4);
    house.intake.writer.compact().expect("compacts");
    let until = Timestamp::from_millis(START + 6_000_000);
    house.intake.writer.retain(until, Timestamp::default(), Timestamp::default()).expect("removed");
    let expected = [(550, 550, 551, Some(5_500_000)), (0, 0, 0, None)];
    assert_eq!(kept(&house), expected);
    assert_eq!(aggregates(&house), before);
    drop(house);
    let mut house = House::open(folder.path(), Snapshot::default());
    assert_eq!(kept(&house), expected, "after a restart");
    // Late, for an hour that is gone in part.
    house.take(&senml("pm25", START + 1_000, 3.0));
    house.settle();
    assert_eq!(aggregates(&house), before, "what was written of more observations stays");
    assert_eq!(kept(&house)[0], (551, 551, 552, Some(1_000)));
}

#[test]
fn pages_of_aggregates_are_parts_of_the_whole_in_both_orders() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut house = House::open(folder.path(), Snapshot::default());
    // With gaps; the last two are not settled yet.
    for quarter in [0, 1, 5, 6, 70, 71, 90] {
        house.take(&senml("pm25", START + 39 * 24 * HOUR + quarter * 15 * MINUTE + MINUTE, 10.0));
    }
    house.settle();
    for minute in [-20, -1] {
        house.take(&senml("pm25", START + 40 * 24 * HOUR + minute * MINUTE, 10.0));
    }
    let id = house.reader.datastreams()[0].id;
    let read = |span, order, skip, top| {
        let found = house.reader.aggregates(id, WindowIndex(0), span, order, Page { skip, top }).expect("read");
        found.iter().map(|a| a.span.from).collect::<Vec<_>>()
    };
    let whole = read(Span::ALL, Sorted::Ascending, 0, usize::MAX);
    assert_eq!(whole.len(), 9);
    let edges: Vec<Timestamp> = whole.iter().flat_map(|at| [at.plus_millis(-1), *at, at.plus_millis(1)]).collect();
    for (from, until) in edges.iter().flat_map(|from| edges.iter().map(move |until| (*from, *until))) {
        let span = Span { from, until };
        let mut expected: Vec<_> = whole.iter().copied().filter(|at| span.contains(*at)).collect();
        assert_eq!(read(span, Sorted::Ascending, 1, 2), expected.iter().copied().skip(1).take(2).collect::<Vec<_>>());
        expected.reverse();
        assert_eq!(read(span, Sorted::Descending, 1, 2), expected.iter().copied().skip(1).take(2).collect::<Vec<_>>());
    }
    let far = |ms| Timestamp::from_millis(ms);
    for span in
        [Span { from: far(i64::MIN), until: far(i64::MIN + 9) }, Span { from: far(i64::MAX - 9), until: far(i64::MAX) }]
    {
        for window in 0..3 {
            let found = house.reader.aggregates(id, WindowIndex(window), span, Sorted::Descending, ALL).expect("read");
            assert!(found.is_empty());
        }
    }
}
