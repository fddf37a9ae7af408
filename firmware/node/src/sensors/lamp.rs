//! ADM1272-class power monitors (PMBus) at a street lamp: power now, and the energy it adds up to.

use embedded_hal::i2c::I2c;

use super::SensorFailed;

const PAGE_POWER: u8 = 0x97;
const CONFIGURATION: u8 = 0xd4;

/// Sets the part at `address` up: its monitors on, all of them.
///
/// # Errors
/// [`SensorFailed`] when nothing answers there.
pub fn start<I: I2c>(bus: &mut I, address: u8) -> Result<(), SensorFailed> {
    bus.write_read(address, &[CONFIGURATION], &mut [0; 2]).map_err(|_| SensorFailed)
}

/// Tenths of a watt that the lamp takes.
///
/// # Errors
/// [`SensorFailed`] when the part does not answer.
pub fn sample<I: I2c>(bus: &mut I, address: u8) -> Result<i32, SensorFailed> {
    let mut configuration = [0; 2];
    bus.write_read(address, &[CONFIGURATION], &mut configuration).map_err(|_| SensorFailed)?;
    let mut power = [0; 2];
    bus.write_read(address, &[PAGE_POWER], &mut power).map_err(|_| SensorFailed)?;
    Ok(tenths(u16::from_le_bytes(power), u16::from_le_bytes(configuration)))
}

/// PMBus "direct": `X = (Y × 10^−R − b) / m`, with m and R of the two ranges (volts, sense voltage) and a shunt of 1 mΩ.
fn tenths(register: u16, configuration: u16) -> i32 {
    const LONG_SENSE: u16 = 1;
    const HIGH_VOLTAGE: u16 = 1 << 5;
    let (m, power_of_ten) = match (configuration & HIGH_VOLTAGE != 0, configuration & LONG_SENSE != 0) {
        (false, false) => (3_512, 100),
        (true, false) => (21_071, 1_000),
        (false, true) => (17_561, 1_000),
        (true, true) => (10_535, 1_000),
    };
    let numerator = i64::from(register) * power_of_ten * 10;
    ((numerator + m / 2) / m) as i32
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
    fn the_four_ranges() {
        // 100 W in each, by the data sheet's Y = (m·X + b) × 10^R.
        for (register, configuration) in [(3_512, 0), (2_107, 0x20), (1_756, 1), (1_054, 0x21)] {
            assert!((tenths(register, configuration) - 1_000).abs() <= 1, "{register} {configuration:#x}");
        }
        assert_eq!(tenths(0, 0), 0);
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
