//! The node on QEMU's mps2-an386: its devices, and the tasks that only this board needs.
//!
//! All tasks share one executor, hence one priority: the node is in a `RefCell` and nobody holds it across an await.
#![no_std]
#![no_main]

mod clock;
mod ethernet;
mod i2c;
mod interrupts;
mod register;
mod serial;
#[path = "../../shared/survivor.rs"]
mod survivor;
#[path = "../../shared/tasks.rs"]
mod tasks;
mod watchdog;

use core::cell::RefCell;

use cortex_m_rt::entry;
use embassy_executor::{InterruptExecutor, Spawner};
use embassy_time::{Duration, Timer};
use node::node::{Node, Start};
use node::sensors::bus::SharedBus;
use node::sensors::eeprom::At24c;
use node::tasks::Board;
use static_cell::{ConstStaticCell, StaticCell};

use crate::ethernet::{FrameBuffers, Lan9118};
use crate::i2c::SbconI2c;
use crate::interrupts::Interrupt;

type Bus = SharedBus<'static, SbconI2c>;
type BoardNode = Node<At24c<Bus>, Bus>;
type Fixture = Mps2;
type Reader = serial::LineReader;
type Writer = serial::LineWriter;
type Driver = Lan9118;

const EEPROM_ADDRESS: u8 = 0x50;
/// An AT24C512; QEMU's has to be made with `rom-size=65536`.
const EEPROM_BYTES: u32 = 65_536;
/// To the interrupt; the reset comes after as long again.
const WATCHDOG_S: u32 = 20;
/// The FPGA's light-emitting diodes.
const LEDS: usize = 0x4002_8000;

static EXECUTOR: InterruptExecutor = InterruptExecutor::new();

#[entry]
fn main() -> ! {
    let mut core = cortex_m::Peripherals::take().expect("the first to ask");
    clock::start();
    watchdog::start(WATCHDOG_S);
    serial::start();
    interrupts::enable(&mut core.NVIC);
    let spawner = EXECUTOR.start(Interrupt::Executor);
    spawner.spawn(run().expect("the first task"));
    loop {
        cortex_m::asm::wfi();
    }
}

/// What jitters between the timer and the instructions of a real or an emulated processor.
fn gather_seed() -> u64 {
    let mut seed = 0xcbf2_9ce4_8422_2325u64;
    for round in 0..256u32 {
        for _ in 0..(seed as u32 & 0x1f) + round % 7 {
            cortex_m::asm::nop();
        }
        seed = (seed ^ clock::counts()).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17);
    }
    seed
}

struct Mps2;

impl Board for Mps2 {
    fn feed_watchdog(&mut self) {
        watchdog::feed();
    }

    fn show(&mut self, on: bool) {
        register::write(LEDS, u32::from(on));
    }

    fn restart() -> ! {
        survivor::restart()
    }
}

#[embassy_executor::task]
async fn run() {
    // SAFETY: this task runs on that executor and stays there.
    let spawner = unsafe { Spawner::for_current_executor() }.await;
    let (cause, fault) = survivor::take();
    static BUS: StaticCell<RefCell<SbconI2c>> = StaticCell::new();
    let bus: &'static RefCell<SbconI2c> = BUS.init(RefCell::new(SbconI2c::new()));
    let memory = At24c::new(SharedBus::new(bus), EEPROM_ADDRESS, EEPROM_BYTES);
    static NODE: StaticCell<RefCell<BoardNode>> = StaticCell::new();
    let start = Start { cause, fault, seed: gather_seed() };
    let node: &'static RefCell<BoardNode> =
        NODE.init_with(|| RefCell::new(Node::start(memory, SharedBus::new(bus), start)));

    spawner.spawn(trace(node).expect("one of its kind"));
    spawner.spawn(nudge_driver().expect("one of its kind"));
    tasks::measure(spawner, node, Mps2, serial::LineReader, serial::LineWriter);
    let driver = || {
        static FRAMES: ConstStaticCell<FrameBuffers> = ConstStaticCell::new(FrameBuffers::new());
        let driver = Lan9118::new(FRAMES.take()).expect("the board has one");
        interrupts::enable_ethernet();
        driver
    };
    tasks::connect(spawner, node, driver).await;
}

/// Wakes the driver every 10 ms: see [`ethernet::nudge`].
#[embassy_executor::task]
async fn nudge_driver() -> ! {
    loop {
        Timer::after(Duration::from_millis(10)).await;
        ethernet::nudge();
    }
}

#[embassy_executor::task]
async fn trace(node: &'static RefCell<BoardNode>) -> ! {
    node::tasks::trace(node, serial::TraceWriter).await
}
