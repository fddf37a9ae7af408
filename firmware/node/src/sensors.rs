//! The sensors, over embedded-hal's I2C: what each tells, as whole steps, and what is made of it.
//!
//! A driver keeps no bus: it is handed one for each sample, so that all share it.

pub mod bus;
pub mod eeprom;
pub mod lamp;
pub mod magnetometer;
pub mod parking;
pub mod play;
pub mod suite;
pub mod supply;
pub mod temperature;

/// A sensor did not answer, or not as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SensorFailed;
