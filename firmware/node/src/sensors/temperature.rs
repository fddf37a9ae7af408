//! TMP1x2-class thermometers (TMP102, TMP112, TMP105, TMP275): 1/16 of a degree, 12 bits.

use embedded_hal::i2c::I2c;

use super::SensorFailed;

const TEMPERATURE: u8 = 0;
const CONFIGURATION: u8 = 1;
/// Continuous, 12 bits.
const TWELVE_BITS: u8 = 0x60;

/// Sets the part at `address` up.
///
/// # Errors
/// [`SensorFailed`] when nothing answers there.
pub fn start<I: I2c>(bus: &mut I, address: u8) -> Result<(), SensorFailed> {
    bus.write(address, &[CONFIGURATION, TWELVE_BITS]).map_err(|_| SensorFailed)
}

/// Hundredths of a degree Celsius, the nearest.
///
/// # Errors
/// [`SensorFailed`] when the part does not answer.
pub fn sample<I: I2c>(bus: &mut I, address: u8) -> Result<i32, SensorFailed> {
    let mut bytes = [0; 2];
    bus.write_read(address, &[TEMPERATURE], &mut bytes).map_err(|_| SensorFailed)?;
    Ok(hundredths(i16::from_be_bytes(bytes)))
}

/// The register's sixteenths, which stand 4 bits up, as hundredths.
fn hundredths(register: i16) -> i32 {
    let sixteenths = i32::from(register >> 4);
    (sixteenths * 100 + 8 * sixteenths.signum()) / 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_sheets_examples() {
        let table = [
            (0x7ff0, 12_794),
            (0x6400, 10_000),
            (0x1900, 2_500),
            (0x0040, 25),
            (0, 0),
            (-0x0040, -25),
            (-0x1900, -2_500),
            (0x1770, 2_344),
        ];
        for (register, expected) in table {
            assert_eq!(hundredths(register), expected, "{register:#x}");
        }
    }
}
