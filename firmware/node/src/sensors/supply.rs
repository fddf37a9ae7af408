//! ADM1272-class power monitors (PMBus) at the node's own supply: the battery's voltage. Set up as a lamp's are, for 100 V.

use embedded_hal::i2c::I2c;

use super::SensorFailed;

pub use super::lamp::start;

const INPUT_VOLTAGE: u8 = 0x88;

/// Millivolts of the supply.
///
/// # Errors
/// [`SensorFailed`] when the part does not answer.
pub fn sample<I: I2c>(bus: &mut I, address: u8) -> Result<i32, SensorFailed> {
    let mut bytes = [0; 2];
    bus.write_read(address, &[INPUT_VOLTAGE], &mut bytes).map_err(|_| SensorFailed)?;
    Ok(millivolts(u16::from_le_bytes(bytes)))
}

/// PMBus "direct" with the data sheet's m = 4062 and R = -2 for 100 V: 40.62 steps in a volt, 25 mV each.
fn millivolts(register: u16) -> i32 {
    // The part has 12 bits: the product stays within 32.
    (i32::from(register & 0x0fff) * 50_000 + 1_015) / 2_031
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volts_by_the_data_sheet() {
        for (register, expected) in [(0, 0), (487, 11_989), (2_437, 59_995), (4_095, 100_812)] {
            assert_eq!(millivolts(register), expected, "{register}");
        }
    }
}
