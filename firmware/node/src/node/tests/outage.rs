//! A day and more without a network, with every sensor there and the schedule as delivered.

use super::city::{City, delivered, node_of};
use super::*;

/// The EEPROM of both boards, an AT24C512.
const EEPROM: usize = 65_536;
const HOUR_S: u64 = 3_600;

fn live(node: &mut Node<FakeMemory, City>, city: &City, seconds: std::ops::Range<u64>) -> u32 {
    let mut hits = 0;
    for second in seconds {
        if second % (12 * HOUR_S) == HOUR_S {
            city.0
                .borrow_mut()
                .samples
                .extend([[0, 0, 996]; 4].into_iter().chain([[0, 0, 9_000]; 3]).chain([[0, 0, 996]; 8]));
            hits += 1;
        }
        // Half a degree and back each half hour: a change that is reported at once.
        city.0.borrow_mut().sixteenths = 20 * 16 + if second / 1_800 % 2 == 0 { 0 } else { 16 };
        node.tick(second * 1_000);
    }
    hits
}

#[test]
fn a_day_without_a_network_loses_nothing() {
    let city = City::new();
    let mut node = node_of(&city, EEPROM, None);
    node.set_clock(NOON, 0, 0);
    let hits = live(&mut node, &city, 0..24 * HOUR_S);
    let (_, _, measured) = node.names();
    let (safety, routine) = node.queue().capacity();
    assert_eq!((safety, routine), (240, 1_680), "as the documentation states");
    assert!(measured < routine / 2 + 100, "{measured} readings in a day: docs/node.md says about 900");
    assert_eq!(node.queue().dropped().total(), 0);
    let all = delivered(&mut node, 24 * HOUR_S * 1_000);
    assert_eq!(all.len() as u32, measured);
    let found = |quantity| all.iter().filter(|(found, ..)| *found == quantity).count() as u32;
    assert_eq!((found(quantity::IMPACT), found(quantity::IMPACT_DURATION)), (hits, hits));
}

#[test]
fn what_is_beyond_the_capacity_is_the_oldest_and_it_is_counted_and_told() {
    let city = City::new();
    let mut node = node_of(&city, EEPROM, None);
    node.set_clock(NOON, 0, 0);
    let hits = live(&mut node, &city, 0..4 * 24 * HOUR_S);
    let (_, _, measured) = node.names();
    let dropped = node.queue().dropped();
    assert_eq!(dropped.safety, 0, "routine readings push no impact out");
    assert!(dropped.routine > 0);
    let Frame::Status(status) = node.status(NodeState::Online) else { panic!("a status") };
    assert_eq!((status.dropped_readings, status.queue_depth), (dropped.total(), node.queue().len()));
    let all = delivered(&mut node, 4 * 24 * HOUR_S * 1_000);
    assert_eq!(all.len() as u32 + dropped.total(), measured);
    assert_eq!(all.iter().filter(|(found, ..)| *found == quantity::IMPACT).count() as u32, hits);
    let oldest = all.iter().filter(|(found, ..)| *found == quantity::TEMPERATURE).map(|(_, at, _)| *at).min();
    let day_and_a_half = NOON + (4 * 24 - 36) * HOUR_S as i64 * 1_000;
    assert!(oldest.is_some_and(|at| at < day_and_a_half), "less than a day and a half was kept");
}
