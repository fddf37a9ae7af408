//! The node as a whole, with a thermometer that tests set and a memory that loses power.

use embedded_hal::i2c::{ErrorKind, ErrorType, NoAcknowledgeSource, Operation};
use protocols::native::{Action, Batch, Clock as BatchClock, Decimal, Refusal, Threshold, Time, TimeRequest};
use protocols::quantity;
use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use super::*;
use crate::identity::{Endpoint, Link};
use crate::memory::fake::FakeMemory;

mod city;
mod health;
mod outage;

const NOON: i64 = 1_795_348_800_000;

/// A bus with a TMP105 at 0x48, in sixteenths of a degree; none: it does not answer.
#[derive(Clone, Default)]
struct Thermometer(Rc<RefCell<Option<i16>>>);

impl Thermometer {
    fn set(&self, celsius: i16) {
        *self.0.borrow_mut() = Some(celsius * 16);
    }
}

impl ErrorType for Thermometer {
    type Error = ErrorKind;
}

impl I2c for Thermometer {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        let sixteenths = self.0.borrow().filter(|_| address == 0x48);
        let sixteenths = sixteenths.ok_or(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address))?;
        for operation in operations {
            if let Operation::Read(into) = operation {
                into.copy_from_slice(&(sixteenths << 4).to_be_bytes());
            }
        }
        Ok(())
    }
}

type TestNode = Node<FakeMemory, Thermometer>;

fn start(memory: FakeMemory, sensor: &Thermometer, seed: u64) -> TestNode {
    Node::start(memory, sensor.clone(), Start { cause: ResetCause::PowerOn, fault: None, seed })
}

fn identity() -> Identity {
    Identity {
        node: String::try_from("swing-3").expect("short"),
        secret: String::try_from("secret").expect("short"),
        gateway: Endpoint { address: [10, 0, 2, 2], port: 1883 },
        time_server: None,
        link: Link::Mqtt,
        incarnation: 0,
    }
}

/// Power goes and comes back.
fn restart(node: TestNode, sensor: &Thermometer) -> TestNode {
    let mut memory = node.memory;
    memory.power = None;
    start(memory, sensor, 99)
}

fn provisioned(sensor: &Thermometer) -> TestNode {
    let mut node = start(FakeMemory::new(16_384), sensor, 1);
    assert!(!node.tick(0), "without an identity nothing is measured");
    node.provision(identity(), 5).expect("the memory works");
    restart(node, sensor)
}

/// What is sent when everything is acknowledged at once.
fn drain(node: &mut TestNode, now_ms: u64) -> Vec<Batch> {
    std::iter::from_fn(|| {
        let (shipment, batch) = node.next_batch(now_ms)?;
        node.acknowledged(shipment, now_ms);
        Some(batch)
    })
    .collect()
}

fn temperatures(batches: &[Batch]) -> Vec<i64> {
    batches
        .iter()
        .flat_map(|batch| batch.readings().map(|(_, reading)| *reading).collect::<Vec<_>>())
        .filter(|reading| reading.quantity == quantity::TEMPERATURE)
        .map(|reading| reading.value.mantissa())
        .collect()
}

fn names(batches: &[Batch]) -> Vec<(u64, u32, u32)> {
    batches
        .iter()
        .flat_map(|batch| batch.readings().map(|(k, _)| (batch.incarnation(), batch.boot(), k)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn a_change_is_a_reading_and_names_follow_one_another() {
    let sensor = Thermometer::default();
    sensor.set(20);
    let mut node = provisioned(&sensor);
    assert!(node.tick(0));
    sensor.set(25);
    assert!(!node.tick(500), "sensors are looked at once a second");
    assert!(node.tick(1_000));
    assert_eq!(node.send_in_ms(1_000), Some(0), "a change is urgent");
    let batches = drain(&mut node, 1_000);
    assert_eq!(temperatures(&batches), [2_000, 2_500]);
    let sequences: Vec<u32> = names(&batches).iter().map(|(_, _, sequence)| *sequence).collect();
    assert_eq!(sequences, (0..sequences.len() as u32).collect::<Vec<_>>());
    assert!(node.queue().is_empty());
    assert_eq!(node.send_in_ms(1_000), None);
}

#[test]
fn names_are_never_used_again_over_boots_power_cuts_and_wipes() {
    let sensor = Thermometer::default();
    sensor.set(20);
    let mut node = provisioned(&sensor);
    let mut seen = HashSet::new();
    for round in 0..60 {
        node.tick(0);
        sensor.set(20 + round % 2 * 5);
        node.memory.power = (round % 3 == 1).then_some(round as usize * 7);
        node.tick(1_000);
        node.tick(2_000);
        for name in names(&drain(&mut node, 2_000)) {
            // What was sent before a power cut may be sent again, with the same name; a new reading has a new one.
            seen.insert((name, round));
        }
        node = restart(node, &sensor);
        if round % 20 == 19 {
            node.factory_reset().expect("the memory works");
            node.provision(identity(), 7 + round as u64).expect("the memory works");
            node = restart(node, &sensor);
        }
        assert!(node.identity().is_some());
    }
    let boots: HashSet<(u64, u32)> = seen.iter().map(|((incarnation, boot, _), _)| (*incarnation, *boot)).collect();
    assert_eq!(boots.len(), 60, "a boot's number came twice");
    let incarnations: HashSet<u64> = boots.iter().map(|(incarnation, _)| *incarnation).collect();
    assert_eq!(incarnations.len(), 3);
}

#[test]
fn a_boot_count_that_cannot_be_kept_makes_a_new_incarnation() {
    let sensor = Thermometer::default();
    let node = provisioned(&sensor);
    let held = node.names();
    let mut memory = node.memory;
    // The identity is still there, the count is not: as if those cells had worn out.
    for byte in &mut memory.bytes[1_536..1_664] {
        *byte = 0;
    }
    memory.power = Some(3);
    let node = start(memory, &sensor, 4);
    assert_ne!(node.names().0, held.0);
}

#[test]
fn what_waits_outlives_a_power_cut_and_leaves_on_acknowledgement_alone() {
    let sensor = Thermometer::default();
    sensor.set(0);
    let mut node = provisioned(&sensor);
    for second in 0..50 {
        sensor.set(second as i16);
        node.tick(second * 1_000);
    }
    let (first, _) = node.next_batch(50_000).expect("readings wait");
    let mut node = restart(node, &sensor);
    assert_eq!(temperatures(&drain(&mut node, 10)).len(), 50, "nothing was acknowledged");
    assert!(first.readings() > 0);
    let mut node = restart(node, &sensor);
    node.tick(0);
    let again = temperatures(&drain(&mut node, 10));
    assert!(again.len() <= 1 + crate::queue::MARK_EVERY as usize, "{again:?}");
}

#[test]
fn a_broken_connection_sends_all_again_with_the_same_names() {
    let sensor = Thermometer::default();
    sensor.set(0);
    let mut node = provisioned(&sensor);
    for second in 0..80 {
        sensor.set(second as i16);
        node.tick(second * 1_000);
    }
    let once: Vec<_> = std::iter::from_fn(|| node.next_batch(80_000).map(|(_, batch)| batch)).collect();
    assert_eq!(node.send_in_ms(80_000), None);
    node.send_again();
    assert_eq!(node.send_in_ms(80_000), Some(0));
    assert_eq!(names(&once), names(&drain(&mut node, 90_000)));
}

#[test]
fn readings_from_before_the_clock_are_dated_once_it_is_set() {
    let sensor = Thermometer::default();
    sensor.set(20);
    let mut node = provisioned(&sensor);
    node.tick(1_000);
    let (shipment, batch) = node.next_batch(5_000).expect("readings wait");
    assert!(shipment.aged);
    assert_eq!(batch.clock(), BatchClock::Age);
    assert_eq!(batch.readings().next().map(|(_, reading)| reading.offset_ms), Some(4_000));
    node.not_sent(shipment);
    node.receive(Frame::Time(Time { t_node_ms: 6_000, unix_ms: NOON }), 6_010);
    let (_, batch) = node.next_batch(7_000).expect("readings wait");
    let (_, reading) = batch.readings().next().expect("not empty");
    assert_eq!(batch.measured_at_ms(reading, 0), NOON + 5 - 6_010 + 1_000);
}

#[test]
fn readings_of_an_earlier_boot_without_a_clock_tell_the_age_they_have_at_least() {
    let sensor = Thermometer::default();
    sensor.set(20);
    let mut node = provisioned(&sensor);
    node.tick(1_000);
    let mut node = restart(node, &sensor);
    node.set_clock(NOON, 0, 10);
    let (_, batch) = node.next_batch(2_500).expect("readings wait");
    assert_eq!((batch.clock(), batch.boot()), (BatchClock::Age, 1));
    assert_eq!(batch.readings().next().map(|(_, reading)| reading.offset_ms), Some(2_500));
}

#[test]
fn an_alarm_goes_first() {
    let sensor = Thermometer::default();
    sensor.set(20);
    let mut node = provisioned(&sensor);
    node.tick(0);
    let value = Decimal::new(40, 0).expect("in range");
    let action = Action::SetThreshold { quantity: quantity::TEMPERATURE, channel: 0, kind: Threshold::High, value };
    node.receive(Frame::Command(Command { id: 1, action }), 10);
    sensor.set(41);
    node.tick(1_000);
    let (_, batch) = node.next_batch(1_000).expect("readings wait");
    assert_eq!(temperatures(&[batch]), [4_100]);
}

#[test]
fn commands_are_obeyed_once_answered_always_and_kept() {
    let sensor = Thermometer::default();
    sensor.set(20);
    let mut node = provisioned(&sensor);
    node.tick(0);
    let schedule = |period_s| Action::SetSchedule { quantity: quantity::TEMPERATURE, channel: 0, period_s };
    let unknown = Action::SetSchedule { quantity: quantity::PM25, channel: 0, period_s: 5 };
    let absent = Action::SetSchedule { quantity: quantity::PARKING, channel: 0, period_s: 5 };
    let table = [
        (1, schedule(5), Outcome::Done),
        (2, unknown, Outcome::Refused { reason: Refusal::NoSuchSensor }),
        (3, absent, Outcome::Refused { reason: Refusal::NoSuchSensor }),
        (4, schedule(u32::MAX), Outcome::Refused { reason: Refusal::OutOfRange }),
        (1, schedule(900), Outcome::Done),
        (5, Action::Unknown, Outcome::Unsupported),
        (6, Action::Identify { seconds: 2 }, Outcome::Done),
        (7, Action::SendStatus, Outcome::Done),
    ];
    for (id, action, outcome) in table {
        node.receive(Frame::Command(Command { id, action }), 100);
        assert_eq!(node.reply(), Some(Reply { command: id, outcome }), "{action:?}");
        node.replied(100);
    }
    assert!(node.is_identifying(2_099) && !node.is_identifying(2_100));
    assert!(node.take_status_due() && !node.take_status_due());
    let mut node = restart(node, &sensor);
    let index = crate::channels::find(quantity::TEMPERATURE, 0).expect("there is one");
    assert_eq!(node.channels[index].settings.period_s, 5, "kept, and the second command 1 was not obeyed");
    node.tick(0);
    node.memory.power = Some(0);
    node.receive(Frame::Command(Command { id: 9, action: schedule(60) }), 100);
    assert_eq!(node.reply().map(|reply| reply.outcome), Some(Outcome::Refused { reason: Refusal::StorageFailed }));
    assert_eq!(node.channels[index].settings.period_s, 5);
}

#[test]
fn a_restart_is_answered_first_and_not_obeyed_again_after_it() {
    let sensor = Thermometer::default();
    let mut node = provisioned(&sensor);
    let reboot = Frame::Command(Command { id: 12, action: Action::Reboot });
    node.receive(reboot.clone(), 1_000);
    assert!(node.reply().is_some());
    assert!(!node.should_restart(2_000) && node.should_restart(2_500));
    let mut node = restart(node, &sensor);
    node.receive(reboot, 50);
    assert_eq!(node.reply(), Some(Reply { command: 12, outcome: Outcome::Done }));
    assert!(!node.should_restart(u64::MAX));
}

#[test]
fn a_sensor_that_comes_late_is_found_and_one_that_goes_is_told() {
    let sensor = Thermometer::default();
    let mut node = provisioned(&sensor);
    node.tick(0);
    assert!(temperatures(&drain(&mut node, 0)).is_empty());
    sensor.set(20);
    for second in 1..=31 {
        node.tick(second * 1_000);
    }
    assert_eq!(temperatures(&drain(&mut node, 31_000)), [2_000]);
    *sensor.0.borrow_mut() = None;
    while node.trace().take().is_some() {}
    for second in 32..40 {
        node.tick(second * 1_000);
    }
    let told = std::iter::from_fn(|| node.trace().take()).filter(|entry| entry.event == Event::SensorFailed as u8);
    assert_eq!(told.count(), 1);
}

#[test]
fn the_watchdog_is_fed_when_all_make_progress_and_only_then() {
    let sensor = Thermometer::default();
    let mut node = provisioned(&sensor);
    for duty in [Duty::Sampling, Duty::Uplink, Duty::Sampling] {
        node.progressed(duty);
        assert!(!node.take_progress());
    }
    node.progressed(Duty::Console);
    assert!(node.take_progress());
    assert!(!node.take_progress());
}

#[test]
fn a_batch_that_is_refused_for_ever_is_given_up_and_counted() {
    let sensor = Thermometer::default();
    sensor.set(20);
    let mut node = provisioned(&sensor);
    node.tick(0);
    let waiting = node.queue().len();
    let (shipment, batch) = node.next_batch(1_000).expect("readings wait");
    assert_eq!(batch.len() as u32, waiting);
    node.refused(shipment, 1_000);
    assert!(node.queue().is_empty());
    assert_eq!(node.queue().dropped().routine, waiting);
}

#[test]
fn over_a_serial_line_readings_leave_when_they_are_acknowledged() {
    use crate::serial::SerialLine;
    use protocols::line::{Deframer, LINE_BYTES_MAX, LineFrame};

    let sensor = Thermometer::default();
    sensor.set(20);
    let mut node = provisioned(&sensor);
    let mut line = SerialLine::new();
    let mut ask = |node: &mut TestNode, frame: LineFrame<'_>, now_ms: u64| -> Vec<u8> {
        let mut wire = [0; LINE_BYTES_MAX];
        let mut out = [0; LINE_BYTES_MAX];
        let bytes = frame.encode(&mut wire).expect("fits");
        bytes.iter().filter_map(|byte| line.push(*byte, node, now_ms, &mut out).map(<[u8]>::to_vec)).flatten().collect()
    };
    /// The answer's number and native frame.
    fn data(bytes: &[u8]) -> Option<(u16, Frame)> {
        let mut deframer: Deframer = Deframer::new();
        for byte in bytes {
            if let Some(Ok(LineFrame::Data { node: "swing-3", id, payload })) = deframer.push(*byte) {
                return Some((id, Frame::decode(payload).expect("a frame")));
            }
        }
        None
    }
    let poll = LineFrame::Poll { node: "swing-3" };
    assert!(ask(&mut node, LineFrame::Poll { node: "swing-4" }, 0).is_empty());
    let (id, status) = data(&ask(&mut node, poll, 10)).expect("status first");
    assert!(matches!(status, Frame::Status(_)));
    ask(&mut node, LineFrame::Ack { node: "swing-3", id }, 11);
    let (id, question) = data(&ask(&mut node, poll, 20)).expect("then the time");
    assert_eq!(question, Frame::TimeRequest(TimeRequest { t_node_ms: 20 }));
    ask(&mut node, LineFrame::Ack { node: "swing-3", id }, 21);
    let time = Frame::Time(Time { t_node_ms: 20, unix_ms: NOON }).to_bytes().expect("encodes");
    assert!(!ask(&mut node, LineFrame::Command { node: "swing-3", id: 9, payload: &time }, 22).is_empty());
    assert!(node.clock().is_set());

    assert!(data(&ask(&mut node, poll, 30)).is_none(), "idle");
    node.tick(1_000);
    let waiting = node.queue().len();
    let (first, batch) = data(&ask(&mut node, poll, 1_010)).expect("readings");
    let (second, again) = data(&ask(&mut node, poll, 1_020)).expect("not acknowledged: again");
    assert_eq!(batch, again);
    assert_ne!(first, second);
    ask(&mut node, LineFrame::Ack { node: "swing-3", id: first }, 1_030);
    assert_eq!(node.queue().len(), waiting, "an acknowledgement of another frame");
    ask(&mut node, LineFrame::Ack { node: "swing-3", id: second }, 1_040);
    assert!(node.queue().is_empty());
}

#[test]
fn the_console_provisions_shows_and_never_tells_the_secret() {
    use crate::console::{Answer, Console, Lines, Then};

    let sensor = Thermometer::default();
    let mut node = start(FakeMemory::new(16_384), &sensor, 1);
    let (mut console, mut lines, mut answer) = (Console::default(), Lines::new(), Answer::new());
    let mut say = |node: &mut TestNode, text: &str| {
        let line = text.bytes().chain(*b"\r").find_map(|byte| lines.push(byte)).unwrap_or_default();
        let then = console.line(&line, node, 1_000, &mut answer);
        (then, answer.as_str().to_owned())
    };
    assert_eq!(say(&mut node, "save"), (Then::Nothing, "error set node first\n".into()));
    for (line, expected) in [
        ("set node Swing 3", "error"),
        ("set node Swing-3", "error"),
        ("set node swing-3", "ok"),
        ("set secret hush-hush", "ok"),
        ("set gateway nowhere", "error"),
        ("set gateway 10.0.2.2:1883", "ok"),
        ("set time 10.0.2.2", "ok"),
        ("what", "error"),
        ("sett\x7f node a", "ok"),
        ("set node swing-3", "ok"),
    ] {
        assert!(say(&mut node, line).1.starts_with(expected), "{line}");
    }
    assert_eq!(say(&mut node, "save").0, Then::Restart);
    let mut node = restart(node, &sensor);
    let (_, shown) = say(&mut node, "show");
    assert!(
        shown.contains("node swing-3\nsecret set\ngateway 10.0.2.2:1883\ntime 10.0.2.2:123\nlink mqtt\n"),
        "{shown}"
    );
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.ends_with("ok\n"), "the answer does not fit: {shown}");
    assert_eq!(say(&mut node, "factory-reset").0, Then::Nothing);
    assert_eq!(say(&mut node, "factory-reset yes").0, Then::Restart);
    assert!(restart(node, &sensor).identity().is_none());
}
