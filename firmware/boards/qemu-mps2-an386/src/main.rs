//! The node on QEMU's mps2-an386: pins and devices of the board, and the tasks that drive the application.
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
mod watchdog;

use core::cell::RefCell;

use cortex_m::peripheral::SCB;
use cortex_m_rt::entry;
use embassy_executor::{InterruptExecutor, Spawner};
use embassy_net::{Config, Runner, Stack, StackResources};
use embassy_time::{Duration, Timer};
use node::identity::{Endpoint, Identity, Link};
use node::network::{Cable, SOCKETS, StreamBuffers, TcpDialer};
use node::node::{Node, Start};
use node::sensors::bus::SharedBus;
use node::sensors::eeprom::At24c;
use node::tasks::Board;
use node::uplink::{self, Bell, PacketBuffers};
use node::{network, tasks};
use static_cell::{ConstStaticCell, StaticCell};

use crate::ethernet::{FrameBuffers, Lan9118};
use crate::i2c::SbconI2c;
use crate::interrupts::Interrupt;

type Bus = SharedBus<'static, SbconI2c>;
type BoardNode = Node<At24c<Bus>, Bus>;

const EEPROM_ADDRESS: u8 = 0x50;
/// An AT24C512; QEMU's has to be made with `rom-size=65536`.
const EEPROM_BYTES: u32 = 65_536;
/// To the interrupt; the reset comes after as long again.
const WATCHDOG_S: u32 = 20;
/// The FPGA's light-emitting diodes.
const LEDS: usize = 0x4002_8000;

static EXECUTOR: InterruptExecutor = InterruptExecutor::new();
static BELL: Bell = Bell::new();

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
        survivor::leave_restart();
        SCB::sys_reset()
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
    spawner.spawn(console(node).expect("one of its kind"));
    spawner.spawn(sample(node).expect("one of its kind"));
    let identity = node.borrow().identity().cloned();
    let Some(identity) = identity.filter(|identity| identity.link == Link::Mqtt) else { tasks::no_uplink(node).await };

    static IDENTITY: StaticCell<Identity> = StaticCell::new();
    let identity: &'static Identity = IDENTITY.init(identity);
    static FRAMES: ConstStaticCell<FrameBuffers> = ConstStaticCell::new(FrameBuffers::new());
    let driver = Lan9118::new(FRAMES.take()).expect("the board has one");
    interrupts::enable_ethernet();
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    let seed = node.borrow_mut().chance();
    let (stack, runner) =
        embassy_net::new(driver, Config::dhcpv4(Default::default()), RESOURCES.init(StackResources::new()), seed);
    spawner.spawn(drive_network(runner).expect("one of its kind"));
    spawner.spawn(nudge_driver().expect("one of its kind"));
    spawner.spawn(watch_network(stack, node).expect("one of its kind"));
    spawner.spawn(report(stack, node, identity).expect("one of its kind"));
    if let Some(server) = identity.time_server {
        spawner.spawn(keep_time(stack, server, node).expect("one of its kind"));
    }
}

#[embassy_executor::task]
async fn drive_network(mut runner: Runner<'static, Lan9118>) -> ! {
    runner.run().await
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
async fn watch_network(stack: Stack<'static>, node: &'static RefCell<BoardNode>) -> ! {
    network::watch(stack, node).await
}

#[embassy_executor::task]
async fn keep_time(stack: Stack<'static>, server: Endpoint, node: &'static RefCell<BoardNode>) -> ! {
    network::keep_time(stack, server, node).await
}

#[embassy_executor::task]
async fn report(stack: Stack<'static>, node: &'static RefCell<BoardNode>, identity: &'static Identity) -> ! {
    static PACKETS: ConstStaticCell<PacketBuffers> = ConstStaticCell::new(PacketBuffers::new());
    static STREAM: ConstStaticCell<StreamBuffers> = ConstStaticCell::new(StreamBuffers::new());
    let mut dialer = TcpDialer::new(stack, STREAM.take());
    uplink::run(node, identity, &BELL, &Cable(stack), &mut dialer, PACKETS.take()).await
}

#[embassy_executor::task]
async fn sample(node: &'static RefCell<BoardNode>) -> ! {
    tasks::sample(node, &BELL, Mps2).await
}

#[embassy_executor::task]
async fn console(node: &'static RefCell<BoardNode>) -> ! {
    tasks::console::<_, _, Mps2>(node, serial::LineReader, serial::LineWriter).await
}

#[embassy_executor::task]
async fn trace(node: &'static RefCell<BoardNode>) -> ! {
    tasks::trace(node, serial::TraceWriter).await
}
