//! The numbers of one window, by the quantity's rule.

use super::capture::Expectation;
use crate::catalogue::{Quantity, Rule, State};
use crate::reading::Flag;
use crate::store::model::{JudgedObservation, Span, Values};

/// Resultant of a mean direction below which it has none.
const RESULTANT_MIN: f64 = 1e-6;

/// What a window is made of.
#[derive(Clone, Copy)]
pub struct WindowInput<'a> {
    /// The window.
    pub span: Span,
    /// Its observations, sorted by time, then ordinal.
    pub observations: &'a [JudgedObservation],
    /// The last observation before it that counts: counters and states go on from there.
    pub before: Option<&'a JudgedObservation>,
    /// The quantity.
    pub quantity: &'a Quantity,
    /// How often readings were expected.
    pub expectation: Expectation,
    /// For directions with a calm rule: observations of the companion quantity, sorted by time.
    pub companion: &'a [JudgedObservation],
}

/// The numbers of a window.
pub fn fold(input: &WindowInput<'_>) -> Values {
    let counting: Vec<&JudgedObservation> = input.observations.iter().filter(|o| o.flag().counts()).collect();
    let suspect = counting.iter().filter(|o| o.flag() == Flag::Suspect).count();
    let times: Vec<i64> = counting.iter().map(|o| o.measured_at.millis()).collect();
    let expected = input.expectation.samples(input.span);
    let mut values = Values {
        count: counting.len() as u32,
        suspect: suspect as u32,
        failed: (input.observations.len() - counting.len()) as u32,
        expected,
        capture: expected.map(|expected| (times.len() as f64 / f64::from(expected)).min(1.0)),
        valid: input.expectation.enough(input.span, &times),
        ..Values::default()
    };
    let numbers: Vec<f64> = counting.iter().map(|o| o.value).collect();
    match &input.quantity.rule {
        Rule::State { states } => values.shares = shares(input, &counting, states),
        Rule::Counter { modulus } => {
            values.sum = increase(input.before, &counting, *modulus).map(|sum| resolved(sum, input.quantity));
        }
        _ if numbers.is_empty() => {}
        Rule::Mean => {
            extent(&mut values, &numbers);
            let (sum, mean) = exact(&numbers, input.quantity.decimals);
            (values.sum, values.mean) = (Some(sum), Some(mean));
        }
        Rule::Energetic => {
            extent(&mut values, &numbers);
            values.mean = Some(energetic_mean(&numbers));
        }
        Rule::Maximum | Rule::Extent => extent(&mut values, &numbers),
        Rule::Circular { calm } => {
            let calm = calm.as_ref().map(|(_, below)| *below);
            values.mean = circular_mean(&counting, calm, input.companion);
        }
        Rule::Increment => {
            extent(&mut values, &numbers);
            values.sum = Some(exact(&numbers, input.quantity.decimals).0);
        }
    }
    values
}

fn extent(values: &mut Values, numbers: &[f64]) {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    values.min = sorted.first().copied();
    values.max = sorted.last().copied();
    values.percentiles = Some([10, 50, 90, 95].map(|percent| nearest_rank(&sorted, percent)));
}

/// The smallest value with at least `percent` of all values at or below it (nearest-rank method).
fn nearest_rank(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}

/// Sum and mean over integers of the quantity's resolution: the same for any order.
fn exact(numbers: &[f64], decimals: u8) -> (f64, f64) {
    let power = 10f64.powi(i32::from(decimals));
    let sum: i128 = numbers.iter().map(|value| (value * power).round() as i128).sum();
    (sum as f64 / power, sum as f64 / (numbers.len() as f64 * power))
}

fn resolved(value: f64, quantity: &Quantity) -> f64 {
    let power = 10f64.powi(i32::from(quantity.decimals));
    (value * power).round() / power
}

/// 10·lg of the mean of 10^(L/10); readings speak for equal times.
fn energetic_mean(levels: &[f64]) -> f64 {
    let energy: f64 = levels.iter().map(|level| 10f64.powf(level / 10.0)).sum();
    10.0 * (energy / levels.len() as f64).log10()
}

/// atan2(Σ sin, Σ cos) in [0, 360); undefined when the resultant is near 0; directions in a calm are left out.
fn circular_mean(directions: &[&JudgedObservation], calm: Option<f64>, speeds: &[JudgedObservation]) -> Option<f64> {
    let windy = |at| match calm {
        None => true,
        Some(below) => {
            let i = speeds.partition_point(|speed| speed.measured_at <= at);
            !(i > 0 && speeds[i - 1].value < below)
        }
    };
    let (mut sin, mut cos, mut n) = (0.0, 0.0, 0u32);
    for direction in directions.iter().filter(|direction| windy(direction.measured_at)) {
        let (s, c) = direction.value.to_radians().sin_cos();
        sin += s;
        cos += c;
        n += 1;
    }
    if n == 0 || (sin * sin + cos * cos).sqrt() / f64::from(n) < RESULTANT_MIN {
        return None;
    }
    let degrees = sin.atan2(cos).to_degrees().rem_euclid(360.0);
    // rem_euclid of a tiny negative rounds up to 360 itself.
    Some(if degrees >= 360.0 { 0.0 } else { degrees })
}

/// Σ of the increases, from the last sample before the window. A fall is a rollover at the modulus, else a reset: the new
/// value is the increase.
fn increase(before: Option<&JudgedObservation>, counts: &[&JudgedObservation], modulus: Option<f64>) -> Option<f64> {
    let mut last = before.map(|o| o.value);
    let mut sum = None;
    for count in counts {
        if let Some(last) = last {
            let step = match modulus {
                _ if count.value >= last => count.value - last,
                Some(modulus) => count.value + modulus - last,
                None => count.value,
            };
            *sum.get_or_insert(0.0) += step;
        }
        last = Some(count.value);
    }
    sum
}

/// Share of the told time in each state. A state holds until the next reading, at most two periods: a node that fell
/// silent says nothing.
fn shares(input: &WindowInput<'_>, readings: &[&JudgedObservation], states: &[State]) -> Vec<(i32, f64)> {
    let holds_max = input.expectation.period_ms().map_or(i64::MAX, |period| period * 2);
    let mut spent: Vec<(i32, i64)> = states.iter().filter(|s| !s.unknown).map(|s| (s.value, 0)).collect();
    let all = input.before.into_iter().chain(readings.iter().copied());
    let all: Vec<&JudgedObservation> = all.collect();
    for (i, reading) in all.iter().enumerate() {
        let from = reading.measured_at.millis();
        let next = all.get(i + 1).map_or(input.span.until.millis(), |next| next.measured_at.millis());
        let until = next.min(from.saturating_add(holds_max)).min(input.span.until.millis());
        let told = until - from.max(input.span.from.millis());
        let state = spent.iter_mut().find(|(value, _)| f64::from(*value) == reading.value);
        if let (Some(state), true) = (state, told > 0) {
            state.1 += told;
        }
    }
    let total: i64 = spent.iter().map(|(_, ms)| ms).sum();
    if total == 0 {
        return Vec::new();
    }
    spent.into_iter().map(|(value, ms)| (value, ms as f64 / total as f64)).collect()
}

#[cfg(test)]
mod tests;
