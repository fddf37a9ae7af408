//! ADM1272-class power monitors (PMBus) at a street lamp: power now, and the energy it adds up to.

use embedded_hal::i2c::I2c;

use super::SensorFailed;

const POWER: u8 = 0x97;
const CONFIGURATION: u8 = 0xd4;
/// 100 V and 30 mV across the shunt: what a lamp takes fits in both.
const RANGES: u16 = 1 << 5 | 1;

/// Sets the part at `address` up.
///
/// # Errors
/// [`SensorFailed`] when nothing answers there.
pub fn start<I: I2c>(bus: &mut I, address: u8) -> Result<(), SensorFailed> {
    let mut bytes = [0; 2];
    bus.write_read(address, &[CONFIGURATION], &mut bytes).map_err(|_| SensorFailed)?;
    let [low, high] = (u16::from_le_bytes(bytes) | RANGES).to_le_bytes();
    bus.write(address, &[CONFIGURATION, low, high]).map_err(|_| SensorFailed)
}

/// Tenths of a watt that the lamp takes.
///
/// # Errors
/// [`SensorFailed`] when the part does not answer.
pub fn sample<I: I2c>(bus: &mut I, address: u8) -> Result<i32, SensorFailed> {
    let mut bytes = [0; 2];
    bus.write_read(address, &[POWER], &mut bytes).map_err(|_| SensorFailed)?;
    Ok(tenths(u16::from_le_bytes(bytes)))
}

/// The shunt that the current flows through: part of the wiring.
const SHUNT_MICROOHM: i64 = 300;

/// PMBus "direct", `Y = m · X · 10^R`, with the data sheet's m (for 1 mΩ) and R for those ranges.
fn tenths(register: u16) -> i32 {
    const M: i64 = 10_535 * SHUNT_MICROOHM;
    const TEN_TO_MINUS_R: i64 = 1_000;
    let numerator = i64::from(register) * TEN_TO_MINUS_R * 1_000 * 10;
    ((numerator + M / 2) / M) as i32
}

/// Adds up power over time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Energy {
    last_ms: Option<u64>,
    /// Tenths of a watt times milliseconds that do not make a watt-hour yet.
    rest: u64,
}

impl Energy {
    /// How many watt-hours are complete with `power` tenths of a watt since the sample before.
    pub fn add(&mut self, power: i32, now_ms: u64) -> u32 {
        const PER_WATT_HOUR: u64 = 10 * 3_600_000;
        let elapsed = now_ms - self.last_ms.unwrap_or(now_ms);
        self.last_ms = Some(now_ms);
        self.rest += power.max(0) as u64 * elapsed;
        let hours = self.rest / PER_WATT_HOUR;
        self.rest %= PER_WATT_HOUR;
        hours as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_by_the_data_sheet() {
        for (register, expected) in [(0, 0), (316, 1_000), (948, 3_000), (u16::MAX, 207_356)] {
            assert_eq!(tenths(register), expected, "{register}");
        }
    }

    #[test]
    fn energy_adds_up_without_losing_a_rest() {
        let mut energy = Energy::default();
        let total: u32 = (0..=3_600).map(|second| energy.add(1_005, second * 1_000)).sum();
        assert_eq!(total, 100);
        let total: u32 = (3_601..=7_200).map(|second| energy.add(1_005, second * 1_000)).sum();
        assert_eq!(total, 101);
    }
}
