//! LSM303DLHC-class magnetometers: the earth's field, and what a tonne of steel above does to it.

use embedded_hal::i2c::I2c;

use super::SensorFailed;

/// The part's only address.
pub const ADDRESS: u8 = 0x1e;
const RATE: u8 = 0x00;
const GAIN: u8 = 0x01;
const MODE: u8 = 0x02;
const OUTPUT: u8 = 0x03;
const IDENTITY: u8 = 0x0a;
const FIFTEEN_HZ: u8 = 0x10;
const ONE_POINT_THREE_GAUSS: u8 = 0x20;
const CONTINUOUS: u8 = 0x00;
/// Steps in a gauss at that gain: x and y, z.
const STEPS_XY: i32 = 1_100;
const STEPS_Z: i32 = 980;

/// Sets the part up.
///
/// # Errors
/// [`SensorFailed`] when nothing answers, or another part.
pub fn start<I: I2c>(bus: &mut I) -> Result<(), SensorFailed> {
    let mut identity = [0; 3];
    bus.write_read(ADDRESS, &[IDENTITY], &mut identity).map_err(|_| SensorFailed)?;
    if &identity != b"H43" {
        return Err(SensorFailed);
    }
    for (register, value) in [(RATE, FIFTEEN_HZ), (GAIN, ONE_POINT_THREE_GAUSS), (MODE, CONTINUOUS)] {
        bus.write(ADDRESS, &[register, value]).map_err(|_| SensorFailed)?;
    }
    Ok(())
}

/// The field in milligauss: x, y, z.
///
/// # Errors
/// [`SensorFailed`] when the part does not answer.
pub fn sample<I: I2c>(bus: &mut I) -> Result<[i32; 3], SensorFailed> {
    let mut bytes = [0; 6];
    bus.write_read(ADDRESS, &[OUTPUT], &mut bytes).map_err(|_| SensorFailed)?;
    let steps = |at: usize| i32::from(i16::from_be_bytes([bytes[at], bytes[at + 1]]));
    // The part tells x, z, y in that order.
    Ok([steps(0) * 1_000 / STEPS_XY, steps(4) * 1_000 / STEPS_XY, steps(2) * 1_000 / STEPS_Z])
}
