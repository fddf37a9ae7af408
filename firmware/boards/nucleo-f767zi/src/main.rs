//! The node on a NUCLEO-F767ZI: its pins and devices.
//!
//! It builds and links; it has not run on hardware yet. README.md has the wiring.
#![no_std]
#![no_main]

#[path = "../../shared/survivor.rs"]
mod survivor;
#[path = "../../shared/tasks.rs"]
mod tasks;

use core::cell::RefCell;

use embassy_executor::Spawner;
use embassy_stm32::eth::{self, Ethernet, GenericPhy, PacketQueue, Sma};
use embassy_stm32::gpio::{Level, Output, Speed};
use embassy_stm32::i2c::{self, I2c};
use embassy_stm32::mode::Blocking;
use embassy_stm32::peripherals::{ETH, ETH_SMA, IWDG, RNG, USART3};
use embassy_stm32::rng::{self, Rng};
use embassy_stm32::usart::{self, BufferedUart, BufferedUartRx, BufferedUartTx};
use embassy_stm32::wdg::IndependentWatchdog;
use embassy_stm32::{Config, bind_interrupts, pac, uid};
use node::fault::ResetCause;
use node::node::{Node, Start};
use node::sensors::bus::SharedBus;
use node::sensors::eeprom::At24c;
use node::tasks::Board;
use static_cell::{ConstStaticCell, StaticCell};

bind_interrupts!(struct Interrupts {
    ETH => eth::InterruptHandler;
    RNG => rng::InterruptHandler<RNG>;
    USART3 => usart::BufferedInterruptHandler<USART3>;
});

type BoardI2c = I2c<'static, Blocking, i2c::Master>;
type Bus = SharedBus<'static, BoardI2c>;
type BoardNode = Node<At24c<Bus>, Bus>;
type Fixture = Nucleo;
type Reader = BufferedUartRx<'static>;
type Writer = BufferedUartTx<'static>;
type Driver = Ethernet<'static, ETH, GenericPhy<Sma<'static, ETH_SMA>>>;

const EEPROM_ADDRESS: u8 = 0x50;
/// An AT24C512.
const EEPROM_BYTES: u32 = 65_536;
/// The independent watchdog's longest is 32 s.
const WATCHDOG_US: u32 = 20_000_000;

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
        survivor::restart()
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
    tasks::measure(spawner, node, Nucleo { watchdog, lamp }, reader, writer);

    // Locally administered, from what the factory wrote into this processor.
    let unique = uid::uid();
    let address = [0x02, unique[0], unique[2], unique[4], unique[8], unique[10]];
    let driver = || {
        static PACKETS: StaticCell<PacketQueue<4, 4>> = StaticCell::new();
        Ethernet::new(
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
        )
    };
    tasks::connect(spawner, node, driver).await;
}
