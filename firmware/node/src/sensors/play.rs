//! Play equipment: how often it is used, whether it stands straight, and how hard it is hit. It says what the equipment
//! felt; it is no test of surfacing and says nothing about EN 1177.
//!
//! The driver is for LIS2DH12-class accelerometers with their buffer of 32 samples, at 400 Hz and ±16 g; a hit that goes
//! beyond is told as the range's end. The analysis is handed samples, three axes in thousandths of g.

use embedded_hal::i2c::I2c;

use super::SensorFailed;

const IDENTITY: u8 = 0x0f;
const CONTROL_1: u8 = 0x20;
const CONTROL_4: u8 = 0x23;
const CONTROL_5: u8 = 0x24;
const OUTPUT: u8 = 0x28;
const BUFFER_CONTROL: u8 = 0x2e;
const BUFFER_STATE: u8 = 0x2f;
/// The next register after each byte.
const CONTINUE: u8 = 0x80;
const LIS2DH12: u8 = 0x33;

/// Between two samples, at 400 Hz.
pub const SAMPLE_US: u32 = 2_500;
/// Samples that the part's buffer holds.
pub const BUFFER: usize = 32;

/// Sets the part at `address` up.
///
/// # Errors
/// [`SensorFailed`] when nothing answers, or another part.
pub fn start<I: I2c>(bus: &mut I, address: u8) -> Result<(), SensorFailed> {
    let mut identity = [0];
    bus.write_read(address, &[IDENTITY], &mut identity).map_err(|_| SensorFailed)?;
    if identity != [LIS2DH12] {
        return Err(SensorFailed);
    }
    // 400 Hz on three axes; ±16 g in high resolution; the buffer on, the newest samples pushing out the oldest.
    for (register, value) in [(CONTROL_1, 0x77), (CONTROL_4, 0xb8), (CONTROL_5, 0x40), (BUFFER_CONTROL, 0x80)] {
        bus.write(address, &[register, value]).map_err(|_| SensorFailed)?;
    }
    Ok(())
}

/// Hands what is in the part's buffer to `each`, oldest first.
///
/// # Errors
/// [`SensorFailed`] when the part does not answer.
pub fn drain<I: I2c>(bus: &mut I, address: u8, mut each: impl FnMut([i32; 3])) -> Result<(), SensorFailed> {
    let mut state = [0];
    bus.write_read(address, &[BUFFER_STATE], &mut state).map_err(|_| SensorFailed)?;
    for _ in 0..state[0] & 0x1f {
        let mut bytes = [0; 6];
        bus.write_read(address, &[OUTPUT | CONTINUE], &mut bytes).map_err(|_| SensorFailed)?;
        // 12 bits, left-justified, 12 mg each.
        each([0, 2, 4].map(|at| i32::from(i16::from_le_bytes([bytes[at], bytes[at + 1]]) >> 4) * 12));
    }
    Ok(())
}

/// A hit begins above so many thousandths of g and ends when it stayed below for [`HIT_END_US`].
const HIT_MG: u32 = 2_500;
const HIT_END_US: u32 = 10_000;
/// A hit longer than this is not one: somebody carries the part about.
const HIT_US_MAX: u32 = 200_000;
/// Movement away from rest that makes a use.
const MOVE_MG: u32 = 150;
/// A use is over after so long without movement, and counts from so much movement.
const QUIET_US: u32 = 10_000_000;
const USE_US_MIN: u32 = 2_000_000;

/// One hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Thousandths of g at its peak.
    pub peak_mg: u32,
    /// From above the threshold to below it.
    pub duration_us: u32,
}

/// What the equipment does.
#[derive(Debug, Clone, Copy)]
pub struct Play {
    /// Rest, in 1/256 of a thousandth of g; slow, so that play does not move it.
    rest: Option<[i32; 3]>,
    hit: Option<(Hit, u32)>,
    moved_us: u32,
    quiet_us: u32,
    uses: u32,
}

impl Play {
    /// With the uses counted so far.
    pub const fn new(uses: u32) -> Self {
        Self { rest: None, hit: None, moved_us: 0, quiet_us: 0, uses }
    }

    /// Uses so far.
    pub const fn uses(&self) -> u32 {
        self.uses
    }

    /// Takes a sample; the hit that has just ended, if one has.
    pub fn sample(&mut self, mg: [i32; 3]) -> Option<Hit> {
        let rest = self.rest.get_or_insert(mg.map(|value| value * 256));
        let dynamic = magnitude([0, 1, 2].map(|axis| mg[axis] - rest[axis] / 256));
        for (rest, value) in rest.iter_mut().zip(mg) {
            // A time constant of 2 s.
            *rest += (value * 256 - *rest) / 800;
        }
        if dynamic >= MOVE_MG {
            self.moved_us = self.moved_us.saturating_add(SAMPLE_US);
            self.quiet_us = 0;
        } else {
            self.quiet_us = self.quiet_us.saturating_add(SAMPLE_US);
        }
        if self.quiet_us >= QUIET_US && self.moved_us > 0 {
            if self.moved_us >= USE_US_MIN {
                self.uses = self.uses.saturating_add(1);
            }
            self.moved_us = 0;
        }
        self.follow_hit(dynamic)
    }

    fn follow_hit(&mut self, dynamic: u32) -> Option<Hit> {
        let (mut hit, mut below_us) = match self.hit {
            Some(hit) => hit,
            None if dynamic >= HIT_MG => (Hit { peak_mg: 0, duration_us: 0 }, 0),
            None => return None,
        };
        if dynamic >= HIT_MG {
            hit.peak_mg = hit.peak_mg.max(dynamic);
            hit.duration_us = hit.duration_us.saturating_add(below_us + SAMPLE_US);
            below_us = 0;
        } else {
            below_us += SAMPLE_US;
        }
        self.hit = Some((hit, below_us));
        if below_us < HIT_END_US {
            return None;
        }
        self.hit = None;
        (hit.duration_us <= HIT_US_MAX).then_some(hit)
    }

    /// Tenths of a degree between the plumb line at rest and the part's z axis; none before the first sample.
    pub fn tilt(&self) -> Option<i32> {
        let [x, y, z] = self.rest?.map(|value| value / 256);
        let across = (x * x + y * y).unsigned_abs().isqrt() as i32;
        Some(angle(z, across))
    }
}

fn magnitude(of: [i32; 3]) -> u32 {
    of.iter().map(|value| value.unsigned_abs().pow(2)).fold(0u32, u32::saturating_add).isqrt()
}

/// The angle of the vector (`along`, `across`) in tenths of a degree, 0 to 1800 for `across` ≥ 0: CORDIC, since there is no
/// arc tangent in core.
fn angle(along: i32, across: i32) -> i32 {
    /// atan(2^−k) in 1/65536 of a tenth of a degree.
    const STEPS: [i32; 14] = [
        29_491_200, 17_409_796, 9_198_823, 4_669_486, 2_343_800, 1_173_041, 586_664, 293_350, 146_677, 73_339, 36_669,
        18_335, 9_167, 4_584,
    ];
    let (mut x, mut y) = (along * 256, across * 256);
    let mut turned = 0;
    if x < 0 {
        (x, y) = (y, -x);
        turned = 90 * 10 * 65_536;
    }
    for (k, step) in STEPS.iter().enumerate() {
        (x, y, turned) = if y >= 0 {
            (x + (y >> k), y - (x >> k), turned + step)
        } else {
            (x - (y >> k), y + (x >> k), turned - step)
        };
    }
    (turned + 32_768) >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: [i32; 3] = [0, 0, 1_000];

    fn feed(play: &mut Play, samples: impl IntoIterator<Item = [i32; 3]>) -> Vec<Hit> {
        samples.into_iter().filter_map(|sample| play.sample(sample)).collect()
    }

    fn seconds(count: usize, sample: [i32; 3]) -> Vec<[i32; 3]> {
        vec![sample; count * 400]
    }

    #[test]
    fn angles() {
        for degrees in -179..180i32 {
            let radians = f64::from(degrees).to_radians();
            let (along, across) = ((radians.cos() * 1000.0) as i32, (radians.sin().abs() * 1000.0) as i32);
            let expected = degrees.abs() * 10;
            assert!((angle(along, across) - expected).abs() <= 2, "{degrees}: {}", angle(along, across));
        }
    }

    #[test]
    fn a_hit_is_told_with_peak_and_duration() {
        let mut play = Play::new(0);
        assert_eq!(feed(&mut play, seconds(1, STILL)), []);
        let hit = [[0, 0, 4_000], [0, 0, 9_000], [0, 0, 13_500], [0, 0, 7_000], [0, 0, 3_600]];
        let hits = feed(&mut play, hit.into_iter().chain(seconds(1, STILL)));
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].duration_us, 5 * SAMPLE_US);
        assert!((12_400..=12_500).contains(&hits[0].peak_mg), "{}", hits[0].peak_mg);
    }

    #[test]
    fn two_hits_in_a_row_are_two_and_shaking_is_none() {
        let mut play = Play::new(0);
        feed(&mut play, seconds(1, STILL));
        let knock = [[0, 6_000, 1_000]; 3];
        let pair = knock.into_iter().chain([STILL; 8]).chain(knock).chain([STILL; 8]);
        assert_eq!(feed(&mut play, pair).len(), 2);
        let shaking = [[6_000, 0, 0], [-6_000, 0, 0]].into_iter().cycle().take(400).chain([STILL; 8]);
        assert_eq!(feed(&mut play, shaking).len(), 0);
    }

    #[test]
    fn a_use_is_movement_that_lasted_and_stopped() {
        let mut play = Play::new(41);
        let swing = (0..400 * 20).map(|k| [if k / 200 % 2 == 0 { 400 } else { -400 }, 0, 1_000]);
        feed(&mut play, seconds(1, STILL).into_iter().chain(swing));
        assert_eq!(play.uses(), 41, "still in use");
        feed(&mut play, seconds(11, STILL));
        assert_eq!(play.uses(), 42);
        feed(&mut play, [[700, 0, 1_000]; 100].into_iter().chain(seconds(11, STILL)));
        assert_eq!(play.uses(), 42, "somebody leaned on it");
    }

    #[test]
    fn tilt_is_the_angle_from_the_plumb_line() {
        let mut play = Play::new(0);
        assert_eq!(play.tilt(), None);
        feed(&mut play, seconds(1, [0, 174, 985]));
        assert!((play.tilt().expect("sampled") - 100).abs() <= 1);
    }
}
