//! Flags by QARTOD: each observation is judged by its value and by its neighbours in the order of measurement,
//! so that the order of arrival changes nothing.
//!
//! Only range, date and calibration give 4 (fail); spike, rate and flat line give at most 3 (suspect).
//! Tests follow the Manual for Real-Time Quality Control (IOOS QARTOD) as ioos_qc implements them; thresholds are the
//! catalogue's.

use crate::catalogue::{Quantity, Rule};
use crate::reading::{Flag, Marks, Observation, Timestamp};
use crate::registry::Calibration;
use crate::store::model::{JudgedObservation, TestFlags};

/// How many observations before one its judgement looks at, beside the flat line's window.
pub const BEFORE: usize = 2;
/// How many observations after one its judgement looks at.
pub const AFTER: usize = 1;

/// How far back, in milliseconds, the judgement of an observation looks by time.
pub fn look_back_ms(quantity: &Quantity) -> i64 {
    quantity.tests.flat_line.map_or(0, |flat| i64::from(flat.window_s) * 1_000)
}

/// Judges `observations`, sorted by time and ordinal. The first ones are judged only as well as what stands before them
/// allows: give [`BEFORE`] and [`look_back_ms`] more than are wanted, and [`AFTER`] more behind.
pub fn judge(
    observations: &[Observation],
    quantity: &Quantity,
    calibrations: &[Calibration],
) -> Vec<JudgedObservation> {
    let mut judged: Vec<JudgedObservation> = observations.iter().map(|o| calibrate(o, calibrations)).collect();
    let mut flat = FlatLine::new(quantity);
    for n in 0..judged.len() {
        let value = judged[n].value;
        judged[n].tests.range = range(value, quantity);
        judged[n].tests.rate = if n == 0 { Flag::NotEvaluated } else { rate(&judged[n - 1], &judged[n], quantity) };
        if n >= 1 && n + 1 < judged.len() {
            judged[n].tests.spike = spike(judged[n - 1].value, value, judged[n + 1].value, quantity);
        }
        judged[n].tests.flat_line = flat.next(judged[n].measured_at, value);
    }
    judged
}

fn calibrate(observation: &Observation, calibrations: &[Calibration]) -> JudgedObservation {
    let at = observation.measured_at;
    let in_force = calibrations.iter().rev().find(|c| c.from <= at && c.until.is_none_or(|until| at < until));
    let mut tests = TestFlags::NONE;
    tests.date = if observation.marks.has(Marks::CLOCK_SUSPECT) { Flag::NotEvaluated } else { Flag::Good };
    let value = match in_force {
        Some(calibration) => {
            tests.calibration = if calibration.unsound { Flag::Fail } else { Flag::Good };
            observation.value * calibration.gain + calibration.offset
        }
        None => observation.value,
    };
    JudgedObservation {
        measured_at: at,
        value,
        raw: observation.value,
        ordinal: observation.ordinal,
        marks: observation.marks,
        tests,
    }
}

/// Gross range test: fail outside the fail span, suspect outside the suspect span; the ends are inside.
fn range(value: f64, quantity: &Quantity) -> Flag {
    let outside = |span: Option<(f64, f64)>| span.is_some_and(|(min, max)| value < min || value > max);
    if outside(quantity.tests.range_fail) {
        Flag::Fail
    } else if outside(quantity.tests.range_suspect) {
        Flag::Suspect
    } else if quantity.tests.range_fail.is_some() || quantity.tests.range_suspect.is_some() {
        Flag::Good
    } else {
        Flag::NotEvaluated
    }
}

/// Spike test: |x[n] − mean(x[n−1], x[n+1])| above the threshold.
fn spike(before: f64, value: f64, after: f64, quantity: &Quantity) -> Flag {
    match quantity.tests.spike_suspect {
        None => Flag::NotEvaluated,
        Some(threshold) if (value - (before + after) / 2.0).abs() > threshold => Flag::Suspect,
        Some(_) => Flag::Good,
    }
}

/// Rate of change per second; for a counter, a fall without a modulus: it was reset.
fn rate(before: &JudgedObservation, now: &JudgedObservation, quantity: &Quantity) -> Flag {
    if let Rule::Counter { modulus } = quantity.rule {
        let reset = now.value < before.value && modulus.is_none();
        return if reset { Flag::Suspect } else { Flag::Good };
    }
    let Some(threshold) = quantity.tests.rate_suspect_per_s else { return Flag::NotEvaluated };
    let seconds = now.measured_at.millis_since(before.measured_at) as f64 / 1_000.0;
    if seconds <= 0.0 {
        return Flag::NotEvaluated;
    }
    if ((now.value - before.value) / seconds).abs() > threshold { Flag::Suspect } else { Flag::Good }
}

/// Flat line test: the values of the rolling window, when there are enough to fill it, stay within the tolerance.
struct FlatLine {
    rule: Option<crate::catalogue::FlatLine>,
    /// Times and values in the window, oldest first; monotonic queues of the smallest and largest.
    smallest: std::collections::VecDeque<(Timestamp, f64)>,
    largest: std::collections::VecDeque<(Timestamp, f64)>,
    first: Option<Timestamp>,
}

impl FlatLine {
    fn new(quantity: &Quantity) -> Self {
        let (smallest, largest) = Default::default();
        Self { rule: quantity.tests.flat_line, smallest, largest, first: None }
    }

    fn next(&mut self, at: Timestamp, value: f64) -> Flag {
        let Some(rule) = self.rule else { return Flag::NotEvaluated };
        let first = *self.first.get_or_insert(at);
        let start = at.plus_millis(-i64::from(rule.window_s) * 1_000);
        for (queue, worse) in [(&mut self.smallest, false), (&mut self.largest, true)] {
            while queue.back().is_some_and(|(_, last)| if worse { *last <= value } else { *last >= value }) {
                queue.pop_back();
            }
            queue.push_back((at, value));
            while queue.front().is_some_and(|(time, _)| *time < start) {
                queue.pop_front();
            }
        }
        if first > start {
            return Flag::NotEvaluated;
        }
        let (Some((_, min)), Some((_, max))) = (self.smallest.front(), self.largest.front()) else {
            return Flag::NotEvaluated;
        };
        if max - min <= rule.tolerance { Flag::Suspect } else { Flag::Good }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{FlatLine, Tests, Text};

    fn quantity() -> Quantity {
        Quantity {
            code: "q".into(),
            number: None,
            name: Text::default(),
            unit: "1".into(),
            definition: None,
            decimals: 1,
            rule: Rule::Mean,
            conversions: Vec::new(),
            period_s: Some(60),
            tests: Tests {
                range_fail: Some((-20.0, 50.0)),
                range_suspect: Some((-10.0, 45.0)),
                spike_suspect: Some(5.0),
                rate_suspect_per_s: Some(0.1),
                flat_line: Some(FlatLine { tolerance: 0.05, window_s: 180 }),
            },
        }
    }

    fn series(values: &[f64]) -> Vec<Observation> {
        let observation = |(i, value): (i64, &f64)| Observation {
            measured_at: Timestamp::from_millis(i * 60_000),
            value: *value,
            ordinal: i as u32,
            marks: Marks::default(),
        };
        (0..).zip(values).map(observation).collect()
    }

    fn flags(values: &[f64], test: fn(&TestFlags) -> Flag) -> Vec<u8> {
        judge(&series(values), &quantity(), &[]).iter().map(|o| test(&o.tests).code()).collect()
    }

    #[test]
    fn each_test_says_what_qartod_says() {
        assert_eq!(flags(&[50.0, 50.1, -10.0, -10.1, 45.0], |t| t.range), [3, 4, 1, 3, 1]);
        assert_eq!(flags(&[10.0, 16.1, 11.0, 10.5], |t| t.spike), [2, 3, 1, 2]);
        assert_eq!(flags(&[10.0, 16.0, 22.1, 16.1], |t| t.rate), [2, 1, 3, 1]);
        assert_eq!(flags(&[1.0, 1.0, 1.04, 1.0, 1.0, 2.0, 1.0], |t| t.flat_line), [2, 2, 2, 3, 3, 1, 1]);
    }

    #[test]
    fn the_judgement_of_one_does_not_depend_on_how_much_more_is_given() {
        let values: Vec<f64> =
            (0..60).map(|i| f64::from((i * 37) % 11) * if i % 13 == 0 { 3.0 } else { 0.01 }).collect();
        let all = series(&values);
        let (quantity, whole) = (quantity(), judge(&all, &quantity(), &[]));
        let look_back = look_back_ms(&quantity);
        for n in 0..all.len() {
            let context = all[n].measured_at.plus_millis(-look_back);
            let from = all.partition_point(|o| o.measured_at < context).saturating_sub(BEFORE);
            let until = (n + 1 + AFTER).min(all.len());
            let part = judge(&all[from..until], &quantity, &[]);
            assert_eq!(part[n - from], whole[n], "{n}");
        }
    }

    #[test]
    fn a_calibration_holds_from_its_date_and_an_unsound_one_fails() {
        let calibration = |from, unsound| Calibration {
            from: Timestamp::from_millis(from),
            until: None,
            gain: 2.0,
            offset: 1.0,
            unsound,
            note: String::new(),
        };
        let judged =
            judge(&series(&[10.0, 10.0, 10.0]), &quantity(), &[calibration(60_000, false), calibration(120_000, true)]);
        assert_eq!(judged.iter().map(|o| o.value).collect::<Vec<_>>(), [10.0, 21.0, 21.0]);
        assert_eq!(judged.iter().map(|o| o.tests.calibration.code()).collect::<Vec<_>>(), [2, 1, 4]);
        assert_eq!(judged[2].flag(), Flag::Fail);
    }

    #[test]
    fn a_counter_that_falls_without_a_modulus_is_suspect() {
        let counter = |modulus| Quantity { rule: Rule::Counter { modulus }, tests: Tests::default(), ..quantity() };
        let rate = |q: &Quantity| {
            judge(&series(&[5.0, 9.0, 2.0]), q, &[]).iter().map(|o| o.tests.rate.code()).collect::<Vec<_>>()
        };
        assert_eq!(rate(&counter(None)), [2, 1, 3]);
        assert_eq!(rate(&counter(Some(10.0))), [2, 1, 1]);
    }
}
