//! Whether a parking place is taken, from how far the magnetic field is from that of the empty place.
//!
//! The empty place is learned at installation (or by a command) and kept; while the place is free it follows slow drift.
//! A car has to be seen, or to be gone, for some samples in a row: who drives by is not parked.

use serde::{Deserialize, Serialize};

/// The states as readings tell them.
pub const FREE: i32 = 0;
/// Taken.
pub const OCCUPIED: i32 = 1;
/// Not learned yet, or no sensor.
pub const UNKNOWN: i32 = 2;

/// Milligauss away from the empty place at which a car is there.
const ARRIVE_MG: u32 = 120;
/// And at which it is gone: less, so that the state does not flutter.
const LEAVE_MG: u32 = 70;
/// Samples in a row, at one a second.
const SAMPLES: u8 = 2;
/// Samples that the empty place is learned from.
const LEARN_SAMPLES: u8 = 4;
/// The empty place follows drift by one part in so many per sample.
const DRIFT: i32 = 256;

/// The field of the empty place, in 1/256 of a milligauss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyPlace([i32; 3]);

/// The detector.
#[derive(Debug, Clone, Copy)]
pub struct Parking {
    empty: Option<EmptyPlace>,
    learning: ([i32; 3], u8),
    occupied: bool,
    contrary: u8,
}

impl Parking {
    /// With what was learned earlier, or nothing.
    pub const fn new(empty: Option<EmptyPlace>) -> Self {
        Self { empty, learning: ([0; 3], 0), occupied: false, contrary: 0 }
    }

    /// What was learned, to be kept.
    pub const fn empty_place(&self) -> Option<EmptyPlace> {
        self.empty
    }

    /// The state after a sample of the field, in milligauss.
    pub fn sample(&mut self, field: [i32; 3]) -> i32 {
        let Some(EmptyPlace(empty)) = &mut self.empty else {
            for (sum, value) in self.learning.0.iter_mut().zip(field) {
                *sum += value * 256;
            }
            self.learning.1 += 1;
            if self.learning.1 == LEARN_SAMPLES {
                self.empty = Some(EmptyPlace(self.learning.0.map(|sum| sum / i32::from(LEARN_SAMPLES))));
                self.learning = ([0; 3], 0);
                return FREE;
            }
            return UNKNOWN;
        };
        let distance = field
            .iter()
            .zip(empty.iter())
            .map(|(value, empty)| (value - empty / 256).unsigned_abs().pow(2))
            .fold(0u32, u32::saturating_add)
            .isqrt();
        let differs = if self.occupied { distance < LEAVE_MG } else { distance >= ARRIVE_MG };
        self.contrary = if differs { self.contrary + 1 } else { 0 };
        if self.contrary >= SAMPLES {
            self.occupied = !self.occupied;
            self.contrary = 0;
        }
        if !self.occupied && distance < LEAVE_MG {
            for (empty, value) in empty.iter_mut().zip(field) {
                *empty += (value * 256 - *empty) / DRIFT;
            }
        }
        if self.occupied { OCCUPIED } else { FREE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARTH: [i32; 3] = [180, 40, 420];
    const CAR: [i32; 3] = [260, -60, 560];

    fn states(parking: &mut Parking, field: [i32; 3], count: usize) -> Vec<i32> {
        (0..count).map(|_| parking.sample(field)).collect()
    }

    #[test]
    fn a_place_is_learned_then_taken_then_free() {
        let mut parking = Parking::new(None);
        assert_eq!(states(&mut parking, EARTH, 5), [UNKNOWN, UNKNOWN, UNKNOWN, FREE, FREE]);
        assert_eq!(states(&mut parking, CAR, 3), [FREE, OCCUPIED, OCCUPIED]);
        assert_eq!(states(&mut parking, EARTH, 3), [OCCUPIED, FREE, FREE]);
    }

    #[test]
    fn who_drives_by_is_not_parked() {
        let mut parking = Parking::new(Some(EmptyPlace(EARTH.map(|value| value * 256))));
        assert_eq!([parking.sample(CAR), parking.sample(EARTH), parking.sample(CAR), parking.sample(EARTH)], [FREE; 4]);
    }

    #[test]
    fn slow_drift_is_followed_and_a_car_is_not_learned() {
        let mut parking = Parking::new(Some(EmptyPlace(EARTH.map(|value| value * 256))));
        // Over a day the field moves by more than a car does.
        for minute in 0..1_440 {
            assert_eq!(
                states(&mut parking, [EARTH[0] + minute / 8, EARTH[1], EARTH[2]], 60),
                [FREE; 60],
                "minute {minute}"
            );
        }
        let far = [EARTH[0] + 180, EARTH[1], EARTH[2]];
        let car = [far[0] + 80, far[1] - 100, far[2] + 140];
        assert_eq!(states(&mut parking, car, 2), [FREE, OCCUPIED]);
        assert!(states(&mut parking, car, 10_000).iter().all(|state| *state == OCCUPIED));
        assert_eq!(states(&mut parking, far, 2), [OCCUPIED, FREE]);
    }

    #[test]
    fn a_start_below_a_car_tells_so_when_the_empty_place_is_known() {
        let mut parking = Parking::new(Some(EmptyPlace(EARTH.map(|value| value * 256))));
        assert_eq!(states(&mut parking, CAR, 2)[1], OCCUPIED);
    }
}
