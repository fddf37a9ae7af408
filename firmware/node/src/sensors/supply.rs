//! ADM1272-class power monitors (PMBus) at the node's own supply: the battery's voltage.

use embedded_hal::i2c::I2c;

use super::SensorFailed;

const INPUT_VOLTAGE: u8 = 0x88;
const CONFIGURATION: u8 = 0xd4;
/// 60 V instead of 100: the finer of the part's two ranges.
const RANGE_100_V: u16 = 1 << 5;

/// Sets the part at `address` up.
///
/// # Errors
/// [`SensorFailed`] when nothing answers there.
pub fn start<I: I2c>(bus: &mut I, address: u8) -> Result<(), SensorFailed> {
    let mut bytes = [0; 2];
    bus.write_read(address, &[CONFIGURATION], &mut bytes).map_err(|_| SensorFailed)?;
    let [low, high] = (u16::from_le_bytes(bytes) & !RANGE_100_V).to_le_bytes();
    bus.write(address, &[CONFIGURATION, low, high]).map_err(|_| SensorFailed)
}

/// Millivolts of the supply.
///
/// # Errors
/// [`SensorFailed`] when the part does not answer.
pub fn sample<I: I2c>(bus: &mut I, address: u8) -> Result<i32, SensorFailed> {
    let mut bytes = [0; 2];
    bus.write_read(address, &[INPUT_VOLTAGE], &mut bytes).map_err(|_| SensorFailed)?;
    Ok(millivolts(u16::from_le_bytes(bytes)))
}

/// PMBus "direct" with the data sheet's m = 6770 and R = -2 for 60 V: 67.7 steps in a volt, 14.8 mV each.
fn millivolts(register: u16) -> i32 {
    (i32::from(register) * 10_000 + 338) / 677
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volts_by_the_data_sheet() {
        for (register, expected) in [(0, 0), (812, 11_994), (4_095, 60_487), (u16::MAX, 968_021)] {
            assert_eq!(millivolts(register), expected, "{register}");
        }
    }
}
