//! What the node measures: each channel's nature, its settings, and when a value of it is worth a reading.
//!
//! Values are whole steps of the channel's power of ten, as sensors tell them: 2344 at exponent −2 is 23.44.

use protocols::native::{Decimal, Threshold};
use protocols::quantity;
use serde::{Deserialize, Serialize};

use crate::queue::Class;

/// Where a channel's values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Source {
    /// The thermometer in the air.
    Air,
    /// The thermometer in the surfacing.
    Surface,
    /// The magnetometer below a parking place.
    Parking,
    /// The power monitor of a lamp.
    Lamp,
    /// The accelerometer on play equipment.
    Play,
    /// The voltage that the node lives on.
    Supply,
    /// The node itself.
    Node,
}

/// A channel's nature: it does not change with settings.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The quantity's number.
    pub quantity: u8,
    /// Which of several for one quantity.
    pub channel: u8,
    /// Where it comes from.
    pub source: Source,
    /// A step of the values is `10^exponent`.
    pub exponent: i8,
    /// What the sensor can tell, in steps: a value beyond is reported as it is and raises no alarm.
    pub range: (i32, i32),
    /// Seconds between readings at first; 0 for events alone.
    pub period_s: u32,
    /// Difference from the value reported last that is reported at once; 0 for none.
    pub delta: i32,
    /// An alarm is raised from here up, at first.
    pub high: Option<i32>,
    /// So many equal values in a row are no coincidence; 0 where they are natural.
    pub stuck_after: u16,
    /// Which ring its readings wait in.
    pub class: Class,
}

const fn spec(quantity: u8, source: Source, exponent: i8, range: (i32, i32), period_s: u32) -> Spec {
    Spec {
        quantity,
        channel: 0,
        source,
        exponent,
        range,
        period_s,
        delta: 0,
        high: None,
        stuck_after: 0,
        class: Class::Routine,
    }
}

/// Channels of sensors; they come first.
pub const SENSED: usize = 10;
/// Channels by which the node tells of itself.
pub const OWN: usize = 5;
/// How many channels a node has at most.
pub const CHANNELS: usize = SENSED + OWN;

/// Every channel; those whose source is not there are silent. With all of them there and nothing happening a day is some 800
/// readings.
pub const SPECS: [Spec; CHANNELS] = [
    Spec { delta: 50, ..spec(quantity::TEMPERATURE, Source::Air, -2, (-4_000, 12_500), 600) },
    Spec { delta: 20, high: Some(500), ..spec(quantity::SURFACE_TEMPERATURE, Source::Surface, -1, (-400, 1_250), 900) },
    Spec { delta: 1, ..spec(quantity::PARKING, Source::Parking, 0, (0, 2), 3_600) },
    Spec { delta: 100, ..spec(quantity::LAMP_POWER, Source::Lamp, -1, (0, 5_000), 900) },
    spec(quantity::LAMP_ENERGY, Source::Lamp, -3, (0, i32::MAX), 900),
    Spec { class: Class::Safety, ..spec(quantity::IMPACT, Source::Play, -2, (0, 20_000), 0) },
    Spec { class: Class::Safety, ..spec(quantity::IMPACT_DURATION, Source::Play, -1, (0, 2_000), 0) },
    Spec { delta: 30, ..spec(quantity::TILT, Source::Play, -1, (-900, 900), 3_600) },
    spec(quantity::USES, Source::Play, 0, (0, i32::MAX), 900),
    Spec { delta: 500, ..spec(quantity::BATTERY, Source::Supply, -3, (0, 60_000), 900) },
    spec(quantity::UPTIME, Source::Node, 0, (0, i32::MAX), 900),
    spec(quantity::RESET_CAUSE, Source::Node, 0, (0, 255), 86_400),
    spec(quantity::LINK_ERRORS, Source::Node, 0, (0, i32::MAX), 3_600),
    spec(quantity::FAULT, Source::Node, 0, (0, 255), 86_400),
    spec(quantity::FAULT_PLACE, Source::Node, 0, (0, i32::MAX), 0),
];

/// Index of the channel in [`SPECS`].
pub fn find(quantity: u8, channel: u8) -> Option<usize> {
    SPECS.iter().position(|spec| spec.quantity == quantity && spec.channel == channel)
}

/// What commands change of a channel; kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Seconds between readings, the heartbeat of what is reported on change; 0 for none.
    pub period_s: u32,
    /// Difference that is reported at once; 0 for none.
    pub delta: i32,
    /// An alarm below it.
    pub low: Option<i32>,
    /// An alarm from it up.
    pub high: Option<i32>,
    /// Factor, as mantissa and exponent.
    pub gain: (i32, i8),
    /// What is added, in steps.
    pub offset: i32,
}

/// A setting that the channel cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfRange;

impl Settings {
    /// A channel's settings before any command.
    pub const fn of(spec: &Spec) -> Self {
        Self { period_s: spec.period_s, delta: spec.delta, low: None, high: spec.high, gain: (1, 0), offset: 0 }
    }

    /// Sets a threshold.
    ///
    /// # Errors
    /// [`OutOfRange`] when the sensor never tells such a value, or the channel is one of the node's own.
    pub fn set_threshold(&mut self, spec: &Spec, kind: Threshold, value: Decimal) -> Result<(), OutOfRange> {
        let steps = in_steps(value, spec.exponent).filter(|_| spec.source != Source::Node).ok_or(OutOfRange)?;
        let within = (spec.range.0..=spec.range.1).contains(&steps);
        match kind {
            Threshold::Low if within => self.low = Some(steps),
            Threshold::High if within => self.high = Some(steps),
            Threshold::Delta if steps >= 0 => self.delta = steps,
            _ => return Err(OutOfRange),
        }
        Ok(())
    }

    /// Sets factor and offset.
    ///
    /// # Errors
    /// [`OutOfRange`] when the factor is not positive, one of them does not fit, or the channel is one of the node's own.
    pub fn set_calibration(&mut self, spec: &Spec, gain: Decimal, offset: Decimal) -> Result<(), OutOfRange> {
        let positive = |mantissa: &i32| *mantissa > 0 && spec.source != Source::Node;
        let mantissa = i32::try_from(gain.mantissa()).ok().filter(positive).ok_or(OutOfRange)?;
        self.offset = in_steps(offset, spec.exponent).ok_or(OutOfRange)?;
        self.gain = (mantissa, gain.exponent());
        Ok(())
    }

    /// The calibrated value of what the sensor told; saturates.
    pub fn calibrate(&self, raw: i32) -> i32 {
        let product = i64::from(raw) * i64::from(self.gain.0);
        let scaled = scale(product, self.gain.1).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX });
        scaled.saturating_add(i64::from(self.offset)).clamp(i32::MIN.into(), i32::MAX.into()) as i32
    }
}

/// `value` in whole steps of `10^exponent`, the nearest, halves away from zero.
pub fn in_steps(value: Decimal, exponent: i8) -> Option<i32> {
    scale(value.mantissa(), value.exponent() - exponent).and_then(|steps| i32::try_from(steps).ok())
}

/// `mantissa × 10^exponent` as a whole number.
fn scale(mantissa: i64, exponent: i8) -> Option<i64> {
    if exponent >= 0 {
        return mantissa.checked_mul(10i64.checked_pow(exponent.unsigned_abs().into())?);
    }
    let Some(divisor) = 10i64.checked_pow(exponent.unsigned_abs().into()) else { return Some(0) };
    let half = divisor / 2 * mantissa.signum();
    Some(mantissa.checked_add(half)? / divisor)
}

/// The settings of all channels as they are kept: of the node's own ones only the schedule can be set, which is why all of
/// them fit a slot at their longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSettings {
    sensed: [Settings; SENSED],
    own_period_s: [u32; OWN],
}

impl KeptSettings {
    /// Of channels at work.
    pub fn of(channels: &[Channel; CHANNELS]) -> Self {
        Self {
            sensed: core::array::from_fn(|k| channels[k].settings),
            own_period_s: core::array::from_fn(|k| channels[SENSED + k].settings.period_s),
        }
    }

    /// Puts them back.
    pub fn restore(&self, channels: &mut [Channel; CHANNELS]) {
        let (sensed, own) = channels.split_at_mut(SENSED);
        for (channel, settings) in sensed.iter_mut().zip(self.sensed) {
            channel.settings = settings;
        }
        for (channel, period_s) in own.iter_mut().zip(self.own_period_s) {
            channel.settings.period_s = period_s;
        }
    }
}

/// What became of a value that was sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The value to report; none when it is not worth a reading.
    pub report: Option<i32>,
    /// It passed a threshold since the last sample: send it at once, keep it longest.
    pub alarm: bool,
    /// It should leave soon: an alarm or a change.
    pub urgent: bool,
    /// It is not one that the sensor can tell.
    pub out_of_range: bool,
    /// It has just been the same too often.
    pub stuck: bool,
}

/// A channel at work.
#[derive(Debug, Clone, Copy)]
pub struct Channel {
    /// What commands set.
    pub settings: Settings,
    reported: Option<(u64, i32)>,
    alarmed: bool,
    last_raw: Option<i32>,
    same: u16,
}

impl Channel {
    /// A channel that has not measured.
    pub const fn new(settings: Settings) -> Self {
        Self { settings, reported: None, alarmed: false, last_raw: None, same: 0 }
    }

    /// Has the next value reported, whatever it is.
    pub fn report_next(&mut self) {
        self.reported = None;
    }

    /// Judges what the sensor told at `now_ms`.
    pub fn offer(&mut self, spec: &Spec, raw: i32, now_ms: u64) -> Verdict {
        let out_of_range = !(spec.range.0..=spec.range.1).contains(&raw);
        self.same = if self.last_raw == Some(raw) { self.same.saturating_add(1) } else { 0 };
        self.last_raw = Some(raw);
        let stuck = spec.stuck_after != 0 && self.same == spec.stuck_after;

        let value = self.settings.calibrate(raw);
        let beyond =
            self.settings.low.is_some_and(|low| value < low) || self.settings.high.is_some_and(|high| value >= high);
        let alarm = beyond && !self.alarmed && !out_of_range;
        if !out_of_range {
            self.alarmed = beyond;
        }
        let (due, changed) = match self.reported {
            None => (self.settings.period_s != 0, false),
            Some((at_ms, before)) => (
                self.settings.period_s != 0
                    && now_ms.saturating_sub(at_ms) >= u64::from(self.settings.period_s) * 1_000,
                self.settings.delta != 0 && value.abs_diff(before) >= self.settings.delta.unsigned_abs(),
            ),
        };
        let changed = changed && self.settings.period_s != 0;
        let report = (due || changed || alarm).then_some(value);
        if report.is_some() {
            // A period is kept to its beat, so that a slow tick does not add up; a change begins a new one.
            let beat = match self.reported {
                Some((at_ms, _)) if due && !changed && !alarm => {
                    let period_ms = u64::from(self.settings.period_s) * 1_000;
                    at_ms + (now_ms - at_ms) / period_ms * period_ms
                }
                _ => now_ms,
            };
            self.reported = Some((beat, value));
        }
        Verdict { report, alarm, urgent: alarm || changed, out_of_range, stuck }
    }

    /// Judges an event, which is always reported.
    pub fn event(&mut self, spec: &Spec, raw: i32) -> Verdict {
        let out_of_range = !(spec.range.0..=spec.range.1).contains(&raw);
        Verdict { report: Some(self.settings.calibrate(raw)), alarm: false, urgent: true, out_of_range, stuck: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec =
        Spec { delta: 50, stuck_after: 3, ..spec(quantity::TEMPERATURE, Source::Air, -2, (-4_000, 12_500), 60) };

    #[test]
    fn sensors_come_first_and_the_longest_settings_fit_their_cell() {
        let own = |spec: &Spec| spec.source == Source::Node;
        assert!(!SPECS[..SENSED].iter().any(own) && SPECS[SENSED..].iter().all(own));
        let longest = Settings {
            period_s: u32::MAX,
            delta: i32::MIN,
            low: Some(i32::MIN),
            high: Some(i32::MIN),
            gain: (i32::MIN, i8::MIN),
            offset: i32::MIN,
        };
        let kept = KeptSettings { sensed: [longest; SENSED], own_period_s: [u32::MAX; OWN] };
        let mut bytes = [0; crate::cell::SLOT_BYTES_MAX - 11];
        assert!(postcard::to_slice(&kept, &mut bytes).is_ok());
    }

    fn decimal(mantissa: i64, exponent: i8) -> Decimal {
        Decimal::new(mantissa, exponent).expect("in range")
    }

    fn reports(channel: &mut Channel, samples: &[(u64, i32)]) -> Vec<(u64, i32)> {
        samples
            .iter()
            .filter_map(|&(at_s, raw)| channel.offer(&SPEC, raw, at_s * 1_000).report.map(|value| (at_s, value)))
            .collect()
    }

    #[test]
    fn values_are_reported_each_period_and_on_change() {
        let mut channel = Channel::new(Settings::of(&SPEC));
        let samples = [
            (0, 2_000),
            (1, 2_049),
            (2, 2_050),
            (3, 2_040),
            (61, 2_040),
            (62, 2_041),
            (122, 2_041),
            (181, 2_040),
            (182, 2_041),
        ];
        assert_eq!(reports(&mut channel, &samples), [(0, 2_000), (2, 2_050), (62, 2_041), (122, 2_041), (182, 2_041)]);
    }

    #[test]
    fn a_late_tick_does_not_move_the_beat() {
        let mut channel = Channel::new(Settings { delta: 0, ..Settings::of(&SPEC) });
        let samples = [(0, 1), (63, 1), (119, 1), (120, 1), (300, 1), (359, 1), (360, 1)];
        assert_eq!(reports(&mut channel, &samples), [(0, 1), (63, 1), (120, 1), (300, 1), (360, 1)]);
    }

    #[test]
    fn a_period_of_nothing_stops_the_channel_but_not_its_alarms() {
        let mut channel = Channel::new(Settings { period_s: 0, high: Some(5_000), ..Settings::of(&SPEC) });
        assert_eq!(reports(&mut channel, &[(0, 1), (100, 900), (200, 5_000), (300, 5_100)]), [(200, 5_000)]);
    }

    #[test]
    fn an_alarm_is_raised_once_until_the_value_comes_back() {
        let mut channel = Channel::new(Settings { delta: 0, low: Some(0), high: Some(5_000), ..Settings::of(&SPEC) });
        let alarms: Vec<bool> = [4_999, 5_000, 5_001, 4_999, 5_000, -1, 12_501, -2, 0, -1]
            .iter()
            .map(|&raw| channel.offer(&SPEC, raw, 0).alarm)
            .collect();
        assert_eq!(alarms, [false, true, false, false, true, false, false, false, false, true]);
    }

    #[test]
    fn what_the_sensor_cannot_tell_is_reported_and_raises_no_alarm() {
        let mut channel = Channel::new(Settings { high: Some(5_000), ..Settings::of(&SPEC) });
        let verdict = channel.offer(&SPEC, 20_000, 0);
        assert_eq!((verdict.report, verdict.alarm, verdict.out_of_range), (Some(20_000), false, true));
    }

    #[test]
    fn a_stuck_sensor_is_told_once() {
        let mut channel = Channel::new(Settings::of(&SPEC));
        let stuck: Vec<bool> =
            [1, 1, 1, 1, 1, 2, 2, 2, 2].iter().map(|&raw| channel.offer(&SPEC, raw, 0).stuck).collect();
        assert_eq!(stuck, [false, false, false, true, false, false, false, false, true]);
    }

    #[test]
    fn calibration_is_exact_in_steps() {
        let mut settings = Settings::of(&SPEC);
        settings.set_calibration(&SPEC, decimal(102, -2), decimal(-3, -1)).expect("fits");
        assert_eq!(settings.calibrate(2_000), 2_040 - 30);
        assert_eq!(settings.calibrate(-25), -26 - 30);
        assert_eq!(settings.set_calibration(&SPEC, decimal(0, 0), Decimal::ZERO), Err(OutOfRange));
        settings.set_calibration(&SPEC, decimal(1, 9), Decimal::ZERO).expect("fits");
        assert_eq!((settings.calibrate(3), settings.calibrate(-3)), (i32::MAX, i32::MIN));
    }

    #[test]
    fn thresholds_are_held_to_the_sensor() {
        let mut settings = Settings::of(&SPEC);
        assert_eq!(settings.set_threshold(&SPEC, Threshold::High, decimal(505, -1)), Ok(()));
        assert_eq!(settings.high, Some(5_050));
        assert_eq!(settings.set_threshold(&SPEC, Threshold::High, decimal(126, 0)), Err(OutOfRange));
        assert_eq!(settings.set_threshold(&SPEC, Threshold::Delta, decimal(-1, 0)), Err(OutOfRange));
        assert_eq!(settings.set_threshold(&SPEC, Threshold::Delta, decimal(1, 9)), Err(OutOfRange));
        assert_eq!(settings.set_threshold(&SPEC, Threshold::Delta, Decimal::ZERO), Ok(()));
    }

    #[test]
    fn every_channel_is_found_by_its_name() {
        for (index, spec) in SPECS.iter().enumerate() {
            assert_eq!(find(spec.quantity, spec.channel), Some(index));
        }
        assert_eq!(find(quantity::PM1, 0), None);
    }
}
