//! Rules as tables over time series.

use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * MINUTE)
}

/// A value each minute; NaN: none came.
fn series(values: &[f64]) -> Vec<Point> {
    let points = (0..).zip(values).filter(|(_, value)| !value.is_nan());
    points.map(|(minute, value)| Point { at: at(minute), value: *value }).collect()
}

fn test(for_minutes: i64, clear_minutes: i64) -> Test {
    let (for_ms, clear_ms) = (for_minutes * MINUTE, clear_minutes * MINUTE);
    Test { side: Side::Above, level: 50.0, clear: 40.0, for_ms, clear_ms }
}

/// When each was met and over, in minutes.
fn told(test: &Test, values: &[f64]) -> Vec<(i64, Option<i64>)> {
    let minutes = |at: Timestamp| at.millis() / MINUTE;
    let found = episodes(test, &series(values), 5 * MINUTE, false);
    found.iter().map(|episode| (minutes(episode.met_at), episode.until.map(minutes))).collect()
}

/// For how many minutes it lasts and is back, the values of each minute, when it is met and until when.
type Row<'a> = (i64, i64, &'a [f64], &'a [(i64, Option<i64>)]);

#[test]
fn a_level_is_met_beyond_it_and_over_at_the_other() {
    let none = f64::NAN;
    let table: &[Row<'_>] = &[
        (0, 0, &[], &[]),
        (0, 0, &[50.0, 49.0], &[]),
        (0, 0, &[50.1], &[(0, None)]),
        (0, 0, &[51.0, 40.0], &[(0, Some(1))]),
        // Between the two it stays as it is: a value that trembles about the level is one episode.
        (0, 0, &[51.0, 45.0, 51.0, 45.0, 51.0, 39.0], &[(0, Some(5))]),
        (0, 0, &[45.0, 49.0, 45.0], &[]),
        // It has to last.
        (3, 0, &[51.0, 51.0, 51.0], &[]),
        (3, 0, &[51.0, 51.0, 51.0, 51.0], &[(3, None)]),
        (3, 0, &[51.0, 51.0, 50.0, 51.0, 51.0], &[]),
        // It has to be back for long enough.
        (0, 2, &[51.0, 39.0, 39.0, 39.0, 39.0], &[(0, Some(3))]),
        (0, 2, &[51.0, 39.0, 41.0, 39.0, 39.0, 39.0], &[(0, Some(5))]),
        // A gap says nothing of what was between.
        (3, 0, &[51.0, none, none, none, none, none, none, 51.0], &[]),
        (3, 0, &[51.0, none, none, none, none, 51.0], &[(5, None)]),
        (0, 3, &[51.0, 39.0, none, none, none, none, none, none, 39.0], &[(0, None)]),
        // Flapping: as often as it was met.
        (0, 0, &[51.0, 1.0, 51.0, 1.0, 51.0], &[(0, Some(1)), (2, Some(3)), (4, None)]),
    ];
    for (n, (for_minutes, clear_minutes, values, expected)) in table.iter().enumerate() {
        assert_eq!(told(&test(*for_minutes, *clear_minutes), values), *expected, "{n}: {values:?}");
    }
}

#[test]
fn below_is_above_upside_down() {
    let below = Test { side: Side::Below, level: 3.3, clear: 3.5, for_ms: 0, clear_ms: 0 };
    assert_eq!(told(&below, &[3.4, 3.2, 3.4, 3.5]), [(1, Some(3))]);
    let worst = episodes(&below, &series(&[3.2, 3.0, 3.1]), MINUTE, false)[0].worst;
    assert_eq!((worst.value, worst.at), (3.0, at(1)));
    assert!(is_quiet(&below, 3.3, 9.0) && !is_quiet(&below, 3.2, 9.0));
}

#[test]
fn what_later_readings_cleared_is_over_whenever_they_came() {
    // The reading of minute 0 comes last.
    let all = series(&[51.0, 39.0, 38.0]);
    assert!(episodes(&test(0, 0), &all, HOUR, false).iter().all(|episode| episode.until.is_some()));
}

#[test]
fn what_was_met_before_goes_on_between_the_levels() {
    let values = series(&[45.0, 45.0]);
    assert_eq!(episodes(&test(0, 0), &values, HOUR, false), []);
    assert_eq!(episodes(&test(0, 0), &values, HOUR, true)[0].until, None);
}

#[test]
fn a_change_is_taken_over_its_time() {
    // 0.1 a minute: 6 an hour.
    let rising: Vec<f64> = (0..61).map(|minute| f64::from(minute) * 0.1).collect();
    let found = changes(&series(&rising), 30 * MINUTE);
    assert_eq!(found.first().map(|point| point.at), Some(at(15)), "half of the time is enough");
    assert!(found.iter().all(|point| (point.value - 6.0).abs() < 1e-9));
    assert_eq!(changes(&series(&[1.0]), 30 * MINUTE), []);
    assert_eq!(changes(&[], 30 * MINUTE), []);
}

#[test]
fn a_drift_is_against_the_own_days_before() {
    let hour = |hour: i64, value| Point { at: Timestamp::from_millis(hour * HOUR), value };
    let usual: Vec<Point> = (0..14 * 24).map(|n| hour(n, if n % 2 == 0 { 0.9 } else { 1.0 })).collect();
    let mut hours = usual.clone();
    hours.extend((14 * 24..15 * 24).map(|n| hour(n, 1.8)));
    let since = Timestamp::from_millis(14 * DAY);
    let found = drifts(&hours, 14, since);
    assert_eq!(found.len(), 24);
    assert!((found[0].value - 1.0).abs() < 1e-9, "{}: twice the median of 0.9", found[0].value);
    // Too few days, a baseline of nothing, no days at all.
    assert_eq!(drifts(&hours[5 * 24..], 14, since), []);
    let nothing: Vec<Point> = hours.iter().map(|point| Point { value: 0.0, ..*point }).collect();
    assert_eq!(drifts(&nothing, 14, since), []);
    assert_eq!(drifts(&[], 14, since), []);
}

#[test]
fn blows_are_learnt_before_they_are_told() {
    let begun = (Timestamp::from_millis(0), Timestamp::from_millis(0));
    let blow = |day: f64, value| Point { at: Timestamp::from_millis((day * DAY as f64) as i64), value };
    let mut all: Vec<Point> = (0..100).map(|n| blow(f64::from(n) * 0.14, 20.0 + f64::from(n % 3))).collect();
    all.extend([blow(14.5, 32.0), blow(15.0, 36.0)]);
    let told: Vec<f64> = blows(&all, (14, 1.5), (30.0, 60.0), begun).iter().map(|point| point.value).collect();
    assert_eq!(told, [36.0], "22 is usual there, and half as much again is 33");
    // While it is learnt, only what is told in any case.
    let early = [blow(1.0, 59.0), blow(2.0, 61.0)];
    assert_eq!(blows(&early, (14, 1.5), (30.0, 60.0), begun), early[1..]);
    // Where nothing ever hit, the level alone.
    assert_eq!(blows(&[blow(20.0, 31.0)], (14, 1.5), (30.0, 60.0), begun).len(), 1);
    // Where harder blows are usual, what is told in any case still is.
    let hard: Vec<Point> = (0..50).map(|n| blow(15.0 + f64::from(n) * 0.01, 55.0)).chain([blow(16.0, 61.0)]).collect();
    assert_eq!(blows(&hard, (14, 1.5), (30.0, 60.0), begun).len(), 2, "the first, and the hardest");
    assert_eq!(blows(&hard, (14, 1.5), (30.0, 60.0), (begun.0, hard[1].at)), [blow(16.0, 61.0)]);
}
