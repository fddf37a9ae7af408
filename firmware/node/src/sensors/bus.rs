//! One I2C bus for all: each part gets it for the time of a transaction.

use core::cell::RefCell;

use embedded_hal::i2c::{ErrorType, I2c, Operation};

/// A share in a bus.
pub struct SharedBus<'a, I>(&'a RefCell<I>);

impl<'a, I> SharedBus<'a, I> {
    /// A share in `bus`.
    pub const fn new(bus: &'a RefCell<I>) -> Self {
        Self(bus)
    }
}

impl<I: ErrorType> ErrorType for SharedBus<'_, I> {
    type Error = I::Error;
}

impl<I: I2c> I2c for SharedBus<'_, I> {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), I::Error> {
        // A transaction never waits for another part: the borrow ends before anything else runs.
        self.0.borrow_mut().transaction(address, operations)
    }
}
