//! What a node tells of hits and of itself.

use super::city::{City, delivered, node_of};
use super::*;
use crate::fault::FaultKind;

fn of(all: &[(u8, i64, i64)], quantity: u8) -> Vec<(i64, i64)> {
    all.iter().filter(|(found, ..)| *found == quantity).map(|(_, at, value)| (*at, *value)).collect()
}

#[test]
fn a_hit_is_told_with_its_peak_and_its_duration_of_one_time() {
    let city = City::new();
    let mut node = node_of(&city, 65_536, None);
    node.set_clock(NOON, 0, 0);
    city.0.borrow_mut().samples.extend([[0, 0, 996]; 8]);
    node.tick(0);
    // 5 samples of 2.5 ms, at most 12 g beside the 1 g of rest; then rest, so that it ends.
    let hit = [[0, 0, 4_200], [0, 0, 9_000], [0, 0, 13_008], [0, 0, 7_200], [0, 0, 4_200]];
    city.0.borrow_mut().samples.extend(hit.into_iter().chain([[0, 0, 996]; 8]));
    assert!(node.tick(40));
    assert_eq!(node.send_in_ms(40), Some(0), "a hit does not wait");
    let all = delivered(&mut node, 40);
    let (peaks, durations) = (of(&all, quantity::IMPACT), of(&all, quantity::IMPACT_DURATION));
    assert_eq!(durations, [(NOON + 40, 125)], "12.5 ms in tenths");
    assert_eq!(peaks.len(), 1);
    assert_eq!(peaks[0].0, NOON + 40, "peak and duration have one time");
    // Rest follows the hit a little.
    assert!((1_180..=1_202).contains(&peaks[0].1), "hundredths of g: {peaks:?}");
    assert_eq!(all[0].0, quantity::IMPACT, "what is safety leaves first");
}

#[test]
fn a_node_tells_its_battery_its_link_errors_and_the_fault_of_the_run_before() {
    let city = City::new();
    let fault = Fault { kind: FaultKind::HardFault, place: 0x0800_1234, at_ms: 77 };
    let mut node = node_of(&city, 65_536, Some(fault));
    node.set_clock(NOON, 0, 0);
    node.count_link_error();
    node.tick(0);
    let all = delivered(&mut node, 0);
    assert_eq!(of(&all, quantity::BATTERY), [(NOON, 11_989)]);
    assert_eq!(of(&all, quantity::LINK_ERRORS), [(NOON, 1)]);
    assert_eq!(of(&all, quantity::FAULT), [(NOON, 2)]);
    assert_eq!(of(&all, quantity::FAULT_PLACE), [(NOON, 0x0800_1234)]);
    // The place is told once, the fault each day as the reset's cause is.
    for hour in 1..=24 {
        node.tick(hour * 3_600_000);
    }
    let all = delivered(&mut node, 86_400_000);
    assert_eq!((of(&all, quantity::FAULT).len(), of(&all, quantity::FAULT_PLACE).len()), (1, 0));
    assert_eq!(of(&all, quantity::LINK_ERRORS).len(), 24);
}

#[test]
fn a_node_without_a_fault_says_so() {
    let city = City::new();
    let mut node = node_of(&city, 65_536, None);
    node.set_clock(NOON, 0, 0);
    node.tick(0);
    let all = delivered(&mut node, 0);
    assert_eq!((of(&all, quantity::FAULT), of(&all, quantity::FAULT_PLACE)), (vec![(NOON, 0)], vec![]));
}

#[test]
fn the_nodes_own_channels_take_a_schedule_and_nothing_else() {
    let city = City::new();
    let mut node = node_of(&city, 65_536, None);
    node.tick(0);
    let value = Decimal::new(5, 0).expect("in range");
    let (quantity, channel) = (quantity::UPTIME, 0);
    let refused = Outcome::Refused { reason: Refusal::OutOfRange };
    let table = [
        (Action::SetSchedule { quantity, channel, period_s: 7 }, Outcome::Done),
        (Action::SetThreshold { quantity, channel, kind: Threshold::High, value }, refused),
        (Action::SetCalibration { quantity, channel, gain: value, offset: value }, refused),
    ];
    for (id, (action, outcome)) in table.into_iter().enumerate() {
        node.receive(Frame::Command(Command { id: id as u32 + 1, action }), 0);
        assert_eq!(node.reply().map(|reply| reply.outcome), Some(outcome), "{action:?}");
        node.replied(0);
    }
}

#[test]
fn power_cut_at_any_byte_of_a_command_leaves_all_settings_old_or_all_new() {
    let city = City::new();
    let mut node = node_of(&city, 65_536, None);
    node.tick(0);
    let schedule = |quantity, period_s| Action::SetSchedule { quantity, channel: 0, period_s };
    let commands = [(1, schedule(quantity::TEMPERATURE, 61)), (2, schedule(quantity::UPTIME, 62))];
    for (id, action) in commands {
        node.receive(Frame::Command(Command { id, action }), 0);
        node.replied(0);
    }
    let old = node.channels.map(|channel| channel.settings);
    let memory = node.into_memory();
    let mut cuts = 0;
    for power in 0.. {
        let start = Start { cause: ResetCause::PowerOn, fault: None, seed: 9 };
        let mut node = Node::start(memory.clone(), city.clone(), start);
        node.tick(0);
        node.memory.power = Some(power);
        node.receive(Frame::Command(Command { id: 3, action: schedule(quantity::BATTERY, 63) }), 0);
        let outcome = node.reply().map(|reply| reply.outcome);
        let new = node.channels.map(|channel| channel.settings);
        let mut memory = node.into_memory();
        memory.power = None;
        let node = Node::start(memory, city.clone(), start);
        let found = node.channels.map(|channel| channel.settings);
        if outcome == Some(Outcome::Done) {
            assert_ne!(new, old);
            assert_eq!(found, new, "power for {power} bytes");
            break;
        }
        assert_eq!(outcome, Some(Outcome::Refused { reason: Refusal::StorageFailed }));
        assert_eq!(found, old, "power for {power} bytes");
        cuts += 1;
    }
    assert!(cuts > 100, "only {cuts} bytes: were the settings written at all?");
}
