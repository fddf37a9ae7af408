//! Time for embassy from the CMSDK dual timer: timer 1 runs free, timer 2 is the alarm. No tick: the processor sleeps
//! until something is due.
//!
//! Timer 1 counts 2^32 down to 0 at 25 MHz and wraps every 171 s; its interrupt counts the wraps.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

use crate::register::{read, write};

const TIMER_1: usize = 0x4000_2000;
const TIMER_2: usize = TIMER_1 + 0x20;
const LOAD: usize = 0x00;
const VALUE: usize = 0x04;
const CONTROL: usize = 0x08;
const INTERRUPT_CLEAR: usize = 0x0c;
const RAW_STATUS: usize = 0x10;

const ENABLE: u32 = 1 << 7;
const INTERRUPT: u32 = 1 << 5;
const BITS_32: u32 = 1 << 1;
const ONE_SHOT: u32 = 1;

/// Timer counts in one tick of embassy's (1 MHz).
const COUNTS_PER_TICK: u64 = 25;
/// The alarm is set at most this far ahead; then it is set again.
const ALARM_COUNTS_MAX: u64 = 0x8000_0000;

struct DualTimer {
    state: Mutex<RefCell<State>>,
}

struct State {
    wraps: u32,
    queue: Queue,
}

embassy_time_driver::time_driver_impl!(static CLOCK: DualTimer = DualTimer {
    state: Mutex::new(RefCell::new(State { wraps: 0, queue: Queue::new() })),
});

/// Starts the timers. Before this, time stands still.
pub fn start() {
    write(TIMER_1 + CONTROL, 0);
    write(TIMER_2 + CONTROL, 0);
    write(TIMER_1 + LOAD, u32::MAX);
    write(TIMER_1 + CONTROL, ENABLE | INTERRUPT | BITS_32);
}

/// The timers' interrupt.
pub fn on_interrupt() {
    critical_section::with(|cs| {
        let mut state = CLOCK.state.borrow_ref_mut(cs);
        if read(TIMER_1 + RAW_STATUS) & 1 != 0 {
            write(TIMER_1 + INTERRUPT_CLEAR, 1);
            state.wraps += 1;
        }
        write(TIMER_2 + INTERRUPT_CLEAR, 1);
        CLOCK.set_alarm(cs, &mut state);
    });
}

/// Counts of the timer since it started, by its 25 MHz: what jitters below a microsecond is a source of chance.
pub fn counts() -> u64 {
    critical_section::with(|cs| now(&CLOCK.state.borrow_ref(cs)))
}

fn now(state: &State) -> u64 {
    // A wrap whose interrupt has not run yet is seen in the raw status; the value is read again after it.
    let before = read(TIMER_1 + VALUE);
    let wrapped = read(TIMER_1 + RAW_STATUS) & 1 != 0;
    let (wraps, value) =
        if wrapped { (u64::from(state.wraps) + 1, read(TIMER_1 + VALUE)) } else { (u64::from(state.wraps), before) };
    (wraps << 32) + u64::from(u32::MAX - value)
}

impl DualTimer {
    /// Wakes what is due and sets the alarm for what comes next.
    fn set_alarm(&self, _cs: CriticalSection<'_>, state: &mut State) {
        loop {
            let counts = now(state);
            let next = state.queue.next_expiration(counts / COUNTS_PER_TICK);
            if next == u64::MAX {
                write(TIMER_2 + CONTROL, 0);
                return;
            }
            let due = next.saturating_mul(COUNTS_PER_TICK);
            if due > counts {
                let ahead = (due - counts).min(ALARM_COUNTS_MAX) as u32;
                write(TIMER_2 + CONTROL, 0);
                write(TIMER_2 + LOAD, ahead);
                write(TIMER_2 + CONTROL, ENABLE | INTERRUPT | BITS_32 | ONE_SHOT);
                return;
            }
        }
    }
}

impl Driver for DualTimer {
    fn now(&self) -> u64 {
        counts() / COUNTS_PER_TICK
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            let mut state = self.state.borrow_ref_mut(cs);
            if state.queue.schedule_wake(at, waker) {
                self.set_alarm(cs, &mut state);
            }
        });
    }
}
