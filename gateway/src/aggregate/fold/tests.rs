//! Tables of observations and what a window of them is.

use super::*;
use crate::catalogue::{Tests, Text};
use crate::reading::{Marks, Timestamp};
use crate::store::model::TestFlags;

const HOUR: Span = Span { from: Timestamp::from_millis(0), until: Timestamp::from_millis(3_600_000) };

fn quantity(rule: Rule, decimals: u8) -> Quantity {
    Quantity {
        code: "q".into(),
        number: None,
        name: Text::default(),
        unit: "1".into(),
        definition: None,
        decimals,
        rule,
        conversions: Vec::new(),
        period_s: Some(600),
        tests: Tests::default(),
    }
}

fn at(minute: i64, value: f64, flag: Flag) -> JudgedObservation {
    let mut tests = TestFlags::NONE;
    tests.range = flag;
    let measured_at = Timestamp::from_millis(minute * 60_000);
    JudgedObservation { measured_at, value, raw: value, ordinal: 0, marks: Marks::default(), tests }
}

fn good(rows: &[(i64, f64)]) -> Vec<JudgedObservation> {
    rows.iter().map(|(minute, value)| at(*minute, *value, Flag::Good)).collect()
}

fn window<'a>(observations: &'a [JudgedObservation], quantity: &'a Quantity) -> WindowInput<'a> {
    let expectation = Expectation::every(quantity.period_s);
    WindowInput { span: HOUR, observations, before: None, quantity, expectation, companion: &[] }
}

#[test]
fn a_mean_is_exact_counts_suspects_and_leaves_failures_out() {
    let q = quantity(Rule::Mean, 2);
    let mut rows = good(&[(0, 0.1), (10, 0.2), (20, 0.3)]);
    rows.push(at(30, 1_429.67, Flag::Fail));
    rows.push(at(40, 0.4, Flag::Suspect));
    let values = fold(&window(&rows, &q));
    assert_eq!((values.count, values.suspect, values.failed), (4, 1, 1));
    assert_eq!((values.sum, values.mean), (Some(1.0), Some(0.25)));
    assert_eq!((values.min, values.max), (Some(0.1), Some(0.4)));
    assert_eq!(values.percentiles, Some([0.1, 0.2, 0.4, 0.4]));
}

#[test]
fn an_hour_is_valid_from_three_quarters_of_its_samples_on() {
    let q = quantity(Rule::Mean, 0);
    let rows = good(&[(0, 1.0), (10, 1.0), (20, 1.0), (30, 1.0), (40, 1.0)]);
    for (n, capture, valid) in [(5, 5.0 / 6.0, true), (4, 4.0 / 6.0, false), (0, 0.0, false)] {
        let values = fold(&window(&rows[..n], &q));
        assert_eq!((values.expected, values.capture, values.valid), (Some(6), Some(capture), valid));
    }
}

#[test]
fn a_day_is_valid_with_18_valid_hours_and_a_spring_day_expects_less() {
    let q = quantity(Rule::Mean, 0);
    for (hours, told, valid) in [(24, 18, true), (24, 17, false), (23, 18, true), (25, 18, false), (25, 19, true)] {
        let span = Span { from: HOUR.from, until: Timestamp::from_millis(hours * 3_600_000) };
        let rows: Vec<_> = (0..told * 6).map(|i| at(i * 10, 1.0, Flag::Good)).collect();
        let values = fold(&WindowInput { span, ..window(&rows, &q) });
        assert_eq!((values.expected, values.valid), (Some(hours as u32 * 6), valid), "{told} of {hours} hours");
    }
}

#[test]
fn decibels_are_averaged_as_energy() {
    let q = quantity(Rule::Energetic, 1);
    let values = fold(&window(&good(&[(0, 60.0), (10, 70.0)]), &q));
    assert!((values.mean.expect("a mean") - 67.403_626_894_942_43).abs() < 1e-9);
    assert_eq!((values.sum, values.max), (None, Some(70.0)));
}

#[test]
fn north_has_two_sides_and_opposite_winds_have_no_direction() {
    let q = quantity(Rule::Circular { calm: None }, 1);
    let mean = |rows: &[(i64, f64)]| fold(&window(&good(rows), &q)).mean;
    let north = mean(&[(0, 350.0), (10, 10.0)]).expect("a direction");
    assert!(!(1e-9..=359.999).contains(&north), "{north}");
    assert_eq!(mean(&[(0, 90.0), (10, 270.0)]), None);
}

#[test]
fn directions_in_a_calm_do_not_count() {
    let q = quantity(Rule::Circular { calm: Some(("wind_speed".into(), 0.5)) }, 1);
    let directions = good(&[(0, 10.0), (10, 200.0), (20, 30.0)]);
    let speeds = good(&[(0, 2.0), (10, 0.4), (20, 3.0)]);
    let values = fold(&WindowInput { companion: &speeds, ..window(&directions, &q) });
    assert!((values.mean.expect("a direction") - 20.0).abs() < 1e-9);
}

#[test]
fn counters_go_on_from_the_sample_before_roll_over_and_start_again() {
    let before = at(-5, 95.0, Flag::Good);
    let rows = good(&[(0, 98.0), (10, 3.0), (20, 4.0)]);
    for (modulus, sum) in [(Some(100.0), 9.0), (None, 7.0)] {
        let q = quantity(Rule::Counter { modulus }, 0);
        let values = fold(&WindowInput { before: Some(&before), ..window(&rows, &q) });
        assert_eq!((values.sum, values.mean, values.min), (Some(sum), None, None));
    }
    let q = quantity(Rule::Counter { modulus: None }, 0);
    assert_eq!(fold(&window(&rows[..1], &q)).sum, None, "one sample alone has no increase");
}

#[test]
fn an_increment_is_summed_and_a_gap_is_not_zero() {
    let q = quantity(Rule::Increment, 1);
    assert_eq!(fold(&window(&good(&[(0, 0.2), (30, 0.4)]), &q)).sum, Some(0.6));
    assert_eq!(fold(&window(&[], &q)).sum, None);
}

#[test]
fn a_state_has_its_share_of_the_time_that_is_told() {
    let state = |value, code: &str, unknown| State { value, code: code.into(), unknown, name: Text::default() };
    let states = vec![state(0, "free", false), state(1, "occupied", false), state(2, "unknown", true)];
    let q = quantity(Rule::State { states }, 0);
    let before = at(-10, 1.0, Flag::Good);
    let rows = good(&[(5, 0.0), (15, 2.0), (25, 1.0)]);
    let values = fold(&WindowInput { before: Some(&before), ..window(&rows, &q) });
    // Occupied 0–5 and, at most two periods after 25, 25–45; free 5–15; unknown is left out.
    assert_eq!(values.shares, [(0, 10.0 / 35.0), (1, 25.0 / 35.0)]);
    assert_eq!(values.result(), Some(1.0));
}

#[test]
fn the_largest_and_levels_have_no_mean() {
    for rule in [Rule::Maximum, Rule::Extent] {
        let q = quantity(rule, 1);
        let values = fold(&window(&good(&[(0, 61.0), (10, 70.5)]), &q));
        assert_eq!((values.mean, values.sum, values.min, values.max), (None, None, Some(61.0), Some(70.5)));
        assert_eq!(values.result(), Some(70.5));
    }
}
