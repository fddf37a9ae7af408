//! The board's UARTs: the first carries the console and the framed line, the second the trace.
//!
//! Bytes received wait in a pipe of 512; what comes while it is full is lost, and the frame or line with it. A sender that nobody reads waits
//! 50 ms for each byte and then drops it: a console without a listener must not stop the node.

use core::convert::Infallible;

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;
use embassy_time::{Duration, Timer};
use embedded_io_async::{ErrorType, Read, Write};

use crate::register::{read, write};

const UART_0: usize = 0x4000_4000;
const UART_1: usize = 0x4000_5000;
const DATA: usize = 0x0;
const STATE: usize = 0x4;
const CONTROL: usize = 0x8;
const INTERRUPT: usize = 0xc;
const BAUD_DIVIDER: usize = 0x10;

const TX_FULL: u32 = 1;
const RX_FULL: u32 = 2;
const TX_ENABLE: u32 = 1;
const RX_ENABLE: u32 = 2;
const RX_INTERRUPT: u32 = 8;

/// 115,200 baud from 25 MHz.
const DIVIDER_115200: u32 = 217;

static RECEIVED: Pipe<CriticalSectionRawMutex, 512> = Pipe::new();

/// Starts both.
pub fn start() {
    write(UART_0 + BAUD_DIVIDER, DIVIDER_115200);
    write(UART_0 + CONTROL, TX_ENABLE | RX_ENABLE | RX_INTERRUPT);
    write(UART_1 + BAUD_DIVIDER, DIVIDER_115200);
    write(UART_1 + CONTROL, TX_ENABLE);
}

/// The first UART's receive interrupt.
pub fn on_interrupt() {
    write(UART_0 + INTERRUPT, 2);
    while read(UART_0 + STATE) & RX_FULL != 0 {
        let byte = read(UART_0 + DATA) as u8;
        // Full: a line or a frame is lost, and asked for again by whoever sent it.
        let _ = RECEIVED.try_write(&[byte]);
    }
}

async fn send(uart: usize, bytes: &[u8]) {
    for byte in bytes {
        let mut waited_ms = 0;
        while read(uart + STATE) & TX_FULL != 0 && waited_ms < 50 {
            Timer::after(Duration::from_millis(1)).await;
            waited_ms += 1;
        }
        if waited_ms < 50 {
            write(uart + DATA, u32::from(*byte));
        }
    }
}

/// The receiving half of the first UART.
pub struct LineReader;

/// The sending half of the first UART.
pub struct LineWriter;

/// The second UART, which only sends.
pub struct TraceWriter;

impl ErrorType for LineReader {
    type Error = Infallible;
}

impl ErrorType for LineWriter {
    type Error = Infallible;
}

impl ErrorType for TraceWriter {
    type Error = Infallible;
}

impl Read for LineReader {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(RECEIVED.read(buffer).await)
    }
}

impl Write for LineWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        send(UART_0, bytes).await;
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Write for TraceWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        send(UART_1, bytes).await;
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
