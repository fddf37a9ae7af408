//! The node on a NUCLEO-F767ZI: pins and devices of the board, and the tasks that drive the application.
//!
//! It builds and links; it has not run on hardware yet. README.md has the wiring.
#![no_std]
#![no_main]

#[path = "../../shared/survivor.rs"]
mod survivor;

use core::cell::RefCell;

use cortex_m::peripheral::SCB;
use cortex_m_rt::{ExceptionFrame, exception};
use embassy_executor::Spawner;
use embassy_net::{Config as NetConfig, Runner, Stack, StackResources};
use embassy_stm32::eth::{self, Ethernet, GenericPhy, PacketQueue, Sma};
use embassy_stm32::gpio::{Level, Output, Speed};
use embassy_stm32::i2c::{self, I2c};
use embassy_stm32::mode::Blocking;
use embassy_stm32::peripherals::{ETH, ETH_SMA, IWDG, RNG, USART3};
use embassy_stm32::rng::{self, Rng};
use embassy_stm32::usart::{self, BufferedUart, BufferedUartRx, BufferedUartTx};
use embassy_stm32::wdg::IndependentWatchdog;
use embassy_stm32::{Config, bind_interrupts, pac, uid};
use node::fault::{FaultKind, ResetCause};
use node::identity::{Endpoint, Identity, Link};
use node::network::{Cable, SOCKETS, StreamBuffers, TcpDialer};
use node::node::{Node, Start};
use node::sensors::bus::SharedBus;
use node::sensors::eeprom::At24c;
use node::tasks::Board;
use node::uplink::{self, Bell, PacketBuffers};
use node::{network, tasks};
use static_cell::{ConstStaticCell, StaticCell};

bind_interrupts!(struct Interrupts {
    ETH => eth::InterruptHandler;
    RNG => rng::InterruptHandler<RNG>;
    USART3 => usart::BufferedInterruptHandler<USART3>;
});

type BoardI2c = I2c<'static, Blocking, i2c::Master>;
type Bus = SharedBus<'static, BoardI2c>;
type BoardNode = Node<At24c<Bus>, Bus>;
type Driver = Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>;

const EEPROM_ADDRESS: u8 = 0x50;
/// An AT24C256.
const EEPROM_BYTES: u32 = 32_768;
/// The independent watchdog's longest is 32 s.
const WATCHDOG_US: u32 = 20_000_000;

static BELL: Bell = Bell::new();

struct Nucleo {
    watchdog: IndependentWatchdog<'static, IWDG>,
    lamp: Output<'static>,
}

impl Board for Nucleo {
    fn feed_watchdog(&mut self) {
        self.watchdog.pet();
    }

    fn show(&mut self, on: bool) {
        self.lamp.set_level(Level::from(on));
    }

    fn restart() -> ! {
        survivor::leave_restart();
        SCB::sys_reset()
    }
}

/// Why the processor started, by its own flags, which are cleared.
fn reset_cause() -> ResetCause {
    let flags = pac::RCC.csr().read();
    pac::RCC.csr().modify(|csr| csr.set_rmvf(true));
    if flags.wdgrstf() {
        ResetCause::Watchdog
    } else if flags.sftrstf() {
        ResetCause::Software
    } else if flags.porrstf() {
        ResetCause::PowerOn
    } else {
        ResetCause::Pin
    }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let peripherals = embassy_stm32::init(Config::default());
    let cause = reset_cause();
    let (_, fault) = survivor::take();
    let mut watchdog = IndependentWatchdog::new(peripherals.IWDG, WATCHDOG_US);
    watchdog.unleash();

    static BUS: StaticCell<RefCell<BoardI2c>> = StaticCell::new();
    let i2c = I2c::new_blocking(peripherals.I2C1, peripherals.PB8, peripherals.PB9, i2c::Config::default());
    let bus: &'static RefCell<BoardI2c> = BUS.init(RefCell::new(i2c));
    let memory = At24c::new(SharedBus::new(bus), EEPROM_ADDRESS, EEPROM_BYTES);
    let seed = Rng::new(peripherals.RNG, Interrupts).next_u64();
    static NODE: StaticCell<RefCell<BoardNode>> = StaticCell::new();
    let start = Start { cause, fault, seed };
    let node: &'static RefCell<BoardNode> =
        NODE.init_with(|| RefCell::new(Node::start(memory, SharedBus::new(bus), start)));

    static UART_BUFFERS: ConstStaticCell<([u8; 256], [u8; 512])> = ConstStaticCell::new(([0; 256], [0; 512]));
    let (tx, rx) = UART_BUFFERS.take();
    let config = usart::Config::default();
    let uart = BufferedUart::new(peripherals.USART3, peripherals.PD9, peripherals.PD8, tx, rx, Interrupts, config)
        .expect("115,200 baud is within its range");
    let (writer, reader) = uart.split();
    let lamp = Output::new(peripherals.PB7, Level::Low, Speed::Low);
    spawner.spawn(console(node, reader, writer).expect("one of its kind"));
    spawner.spawn(sample(node, Nucleo { watchdog, lamp }).expect("one of its kind"));

    let identity = node.borrow().identity().cloned();
    let Some(identity) = identity.filter(|identity| identity.link == Link::Mqtt) else { tasks::no_uplink(node).await };
    static IDENTITY: StaticCell<Identity> = StaticCell::new();
    let identity: &'static Identity = IDENTITY.init(identity);

    // Locally administered, from what the factory wrote into this processor.
    let unique = uid::uid();
    let address = [0x02, unique[0], unique[2], unique[4], unique[8], unique[10]];
    static PACKETS: StaticCell<PacketQueue<4, 4>> = StaticCell::new();
    let driver = Ethernet::new(
        PACKETS.init_with(PacketQueue::new),
        peripherals.ETH,
        Interrupts,
        peripherals.PA1,
        peripherals.PA7,
        peripherals.PC4,
        peripherals.PC5,
        peripherals.PG13,
        peripherals.PB13,
        peripherals.PG11,
        address,
        peripherals.ETH_SMA,
        peripherals.PA2,
        peripherals.PC1,
    );
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    let seed = node.borrow_mut().chance();
    let (stack, runner) =
        embassy_net::new(driver, NetConfig::dhcpv4(Default::default()), RESOURCES.init(StackResources::new()), seed);
    spawner.spawn(drive_network(runner).expect("one of its kind"));
    spawner.spawn(watch_network(stack, node).expect("one of its kind"));
    spawner.spawn(report(stack, node, identity).expect("one of its kind"));
    if let Some(server) = identity.time_server {
        spawner.spawn(keep_time(stack, server, node).expect("one of its kind"));
    }
}

#[embassy_executor::task]
async fn drive_network(mut runner: Runner<'static, Driver>) -> ! {
    runner.run().await
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
async fn sample(node: &'static RefCell<BoardNode>, board: Nucleo) -> ! {
    tasks::sample(node, &BELL, board).await
}

#[embassy_executor::task]
async fn console(
    node: &'static RefCell<BoardNode>,
    reader: BufferedUartRx<'static>,
    writer: BufferedUartTx<'static>,
) -> ! {
    tasks::console::<_, _, Nucleo>(node, reader, writer).await
}

// SAFETY: nothing of what it interrupts is continued.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    survivor::leave_fault(FaultKind::HardFault, frame.pc());
    SCB::sys_reset()
}

#[panic_handler]
fn on_panic(info: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    survivor::leave_fault(FaultKind::Panic, info.location().map_or(0, |location| location.line()));
    SCB::sys_reset()
}
