//! Interrupts and exceptions: every device's goes through the default handler, by number.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use cortex_m_rt::exception;
use node::fault::FaultKind;

use crate::{EXECUTOR, clock, ethernet, serial, survivor};

/// The interrupts that are used.
#[derive(Clone, Copy)]
#[repr(u16)]
pub enum Interrupt {
    /// The first UART has a byte.
    Serial = 0,
    /// The dual timer.
    Clock = 10,
    /// The LAN9118.
    Ethernet = 13,
    /// No device's: the executor runs in it, so that the processor can sleep with `wfi` (QEMU does not sleep on `wfe`).
    Executor = 31,
}

// SAFETY: the numbers are those of the board's interrupt lines, below the 32 that its NVIC has.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self as u16
    }
}

/// Lets the devices' interrupts through; they come before the executor's.
pub fn enable(nvic: &mut NVIC) {
    for (interrupt, priority) in
        [(Interrupt::Serial, 0x40), (Interrupt::Clock, 0x40), (Interrupt::Ethernet, 0x40), (Interrupt::Executor, 0x80)]
    {
        // SAFETY: no critical section is open and nothing relies on priorities yet.
        unsafe { nvic.set_priority(interrupt, priority) };
    }
    for interrupt in [Interrupt::Serial, Interrupt::Clock] {
        // SAFETY: their devices and the clock's state are set up.
        unsafe { NVIC::unmask(interrupt) };
    }
}

/// Lets the controller's interrupt through: not before it is set up, for until then its line is the wrong way up.
pub fn enable_ethernet() {
    // SAFETY: its driver is set up.
    unsafe { NVIC::unmask(Interrupt::Ethernet) };
}

// SAFETY: the attribute asks for it; each handler is sound by itself.
#[exception]
unsafe fn DefaultHandler(number: i16) {
    match number {
        0 => serial::on_interrupt(),
        10 => clock::on_interrupt(),
        13 => ethernet::on_interrupt(),
        // SAFETY: this is the executor's own interrupt, which `start` unmasked.
        31 => unsafe { EXECUTOR.on_interrupt() },
        _ => {}
    }
}

/// The watchdog's first expiry: no progress. Its second resets.
// SAFETY: nothing of what it interrupts is continued.
#[exception]
unsafe fn NonMaskableInt() {
    survivor::leave_fault(FaultKind::Hang, 0);
    loop {
        cortex_m::asm::nop();
    }
}
