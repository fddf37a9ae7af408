//! I2C over the board's SBCon port: two open-drain lines moved by software, behind embedded-hal's trait.
//!
//! ```text
//! +0  read: the lines as they are   write: bits set are let go (high)
//! +4                                write: bits set are pulled low
//! bit 0 SCL, bit 1 SDA
//! ```

use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

use crate::register::{read, write};

const BASE: usize = 0x4002_a000;
const SCL: u32 = 1;
const SDA: u32 = 2;

/// The bus. QEMU's devices answer at once, so the lines are not slowed down.
pub struct SbconI2c(());

impl SbconI2c {
    /// The port at the shield's second connector.
    pub fn new() -> Self {
        high(SCL | SDA);
        Self(())
    }
}

fn high(lines: u32) {
    write(BASE, lines);
}

fn low(lines: u32) {
    write(BASE + 4, lines);
}

fn start() {
    high(SDA);
    high(SCL);
    low(SDA);
    low(SCL);
}

fn stop() {
    low(SDA);
    high(SCL);
    high(SDA);
}

/// Sends a byte; whether it was acknowledged.
fn send(byte: u8) -> bool {
    for bit in (0..8).rev() {
        if byte >> bit & 1 == 1 {
            high(SDA)
        } else {
            low(SDA)
        }
        high(SCL);
        low(SCL);
    }
    high(SDA);
    high(SCL);
    let acknowledged = read(BASE) & SDA == 0;
    low(SCL);
    acknowledged
}

/// Takes a byte; `last` is not acknowledged.
fn receive(last: bool) -> u8 {
    high(SDA);
    let mut byte = 0;
    for _ in 0..8 {
        high(SCL);
        byte = byte << 1 | u8::from(read(BASE) & SDA != 0);
        low(SCL);
    }
    if !last {
        low(SDA);
    }
    high(SCL);
    low(SCL);
    high(SDA);
    byte
}

fn address(address: u8, read: bool) -> Result<(), ErrorKind> {
    start();
    if send(address << 1 | u8::from(read)) {
        return Ok(());
    }
    Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address))
}

fn run(to: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
    let mut direction = None;
    let count = operations.len();
    for index in 0..count {
        let next_reads = matches!(operations.get(index + 1), Some(Operation::Read(_)));
        match &mut operations[index] {
            Operation::Write(bytes) => {
                if direction != Some(false) {
                    address(to, false)?;
                    direction = Some(false);
                }
                for byte in bytes.iter() {
                    if !send(*byte) {
                        return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data));
                    }
                }
            }
            Operation::Read(bytes) => {
                if direction != Some(true) {
                    address(to, true)?;
                    direction = Some(true);
                }
                let length = bytes.len();
                for (at, byte) in bytes.iter_mut().enumerate() {
                    *byte = receive(at + 1 == length && !next_reads);
                }
            }
        }
    }
    Ok(())
}

impl ErrorType for SbconI2c {
    type Error = ErrorKind;
}

impl I2c for SbconI2c {
    fn transaction(&mut self, to: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        let result = run(to, operations);
        stop();
        result
    }
}
