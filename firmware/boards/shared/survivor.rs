//! What outlives a reset but not a power cut: why it happened, and the fault that led to it. A word of RAM that no start
//! touches, told apart from chance by a magic number and a check. The handlers of faults, which leave it, are here too.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use cortex_m::peripheral::SCB;
use cortex_m_rt::{ExceptionFrame, exception};
use node::fault::{Fault, FaultKind, ResetCause};

const MAGIC: u32 = 0x5eed_ca11;

#[derive(Clone, Copy)]
#[repr(C)]
struct Note {
    magic: u32,
    /// 0 running, 1 restart asked for, else a [`FaultKind`] plus 16.
    state: u32,
    place: u32,
    at_ms: u32,
    check: u32,
}

const RUNNING: u32 = 0;
const RESTARTING: u32 = 1;
const FAULTS_FROM: u32 = 16;

struct Uninitialised(UnsafeCell<MaybeUninit<Note>>);

// SAFETY: only one execution context at a time reads or writes it: `take` before anything is started, `leave` right before a
// reset with interrupts off or from a fault handler that never returns.
unsafe impl Sync for Uninitialised {}

#[unsafe(link_section = ".uninit.survivor")]
static NOTE: Uninitialised = Uninitialised(UnsafeCell::new(MaybeUninit::uninit()));

fn check(note: &Note) -> u32 {
    note.magic ^ note.state.rotate_left(7) ^ note.place.rotate_left(13) ^ note.at_ms.rotate_left(19)
}

fn write(state: u32, place: u32, at_ms: u32) {
    let mut note = Note { magic: MAGIC, state, place, at_ms, check: 0 };
    note.check = check(&note);
    // SAFETY: see `Sync` above; every bit pattern of `Note` is one.
    unsafe { core::ptr::write_volatile(NOTE.0.get().cast::<Note>(), note) };
}

/// Why this start happened, and the fault before it. From now on a reset that leaves no note is one from outside.
pub fn take() -> (ResetCause, Option<Fault>) {
    // SAFETY: see `Sync` above; whatever RAM held at power-on is some `Note`, all of whose fields are plain numbers.
    let note = unsafe { core::ptr::read_volatile(NOTE.0.get().cast::<Note>()) };
    let known = note.magic == MAGIC && note.check == check(&note);
    write(RUNNING, 0, 0);
    if !known {
        return (ResetCause::PowerOn, None);
    }
    let fault = |kind| Some(Fault { kind, place: note.place, at_ms: note.at_ms });
    match note.state {
        RUNNING => (ResetCause::Pin, None),
        RESTARTING => (ResetCause::Software, None),
        17 => (ResetCause::Software, fault(FaultKind::Panic)),
        18 => (ResetCause::Software, fault(FaultKind::HardFault)),
        _ => (ResetCause::Watchdog, fault(FaultKind::Hang)),
    }
}

/// Starts again, and leaves word that it was asked for.
pub fn restart() -> ! {
    write(RESTARTING, 0, 0);
    SCB::sys_reset()
}

/// Leaves word of a fault.
pub fn leave_fault(kind: FaultKind, place: u32) {
    write(FAULTS_FROM + kind as u32, place, embassy_time::Instant::now().as_millis() as u32);
}

// SAFETY: nothing of what it interrupts is continued.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    leave_fault(FaultKind::HardFault, frame.pc());
    SCB::sys_reset()
}

#[panic_handler]
fn on_panic(info: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    leave_fault(FaultKind::Panic, info.location().map_or(0, |location| location.line()));
    SCB::sys_reset()
}
