//! The LAN9118 behind embassy-net's driver trait: frames go through its FIFOs, a word at a time, without DMA.
//!
//! A frame is in memory once, in the buffer that its token borrows; there is one buffer for each direction.

use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_sync::waitqueue::AtomicWaker;

use crate::register::{read, write};

const BASE: usize = 0x4020_0000;
const RX_DATA: usize = BASE;
const TX_DATA: usize = BASE + 0x20;
const RX_STATUS: usize = BASE + 0x40;
const TX_STATUS: usize = BASE + 0x48;
const IRQ_CONFIG: usize = BASE + 0x54;
const INT_STATUS: usize = BASE + 0x58;
const INT_ENABLE: usize = BASE + 0x5c;
const BYTE_TEST: usize = BASE + 0x64;
const FIFO_INT: usize = BASE + 0x68;
const RX_CONFIG: usize = BASE + 0x6c;
const TX_CONFIG: usize = BASE + 0x70;
const HW_CONFIG: usize = BASE + 0x74;
const RX_FIFO_INFO: usize = BASE + 0x7c;
const TX_FIFO_INFO: usize = BASE + 0x80;
const MAC_COMMAND: usize = BASE + 0xa4;
const MAC_DATA: usize = BASE + 0xa8;

const MAC_CONTROL: u32 = 1;
const MAC_ADDRESS_HIGH: u32 = 2;
const MAC_ADDRESS_LOW: u32 = 3;
const MII_ACCESS: u32 = 6;
const MII_DATA: u32 = 7;
const PHY_STATUS: u32 = 1;
const PHY_LINK_UP: u32 = 1 << 2;

const RX_STATUS_LEVEL: u32 = 1 << 3;
const RX_ERROR: u32 = 1 << 15;
const FCS_BYTES: usize = 4;
/// Longest frame without its check sequence: 1,500 and the header.
const FRAME_BYTES_MAX: usize = 1514;

static WAKER: AtomicWaker = AtomicWaker::new();

/// The controller at 0x4020_0000.
pub struct Lan9118 {
    address: [u8; 6],
    buffers: &'static mut FrameBuffers,
}

/// Room for a frame each way; outside the controller, so that moving that moves no bytes.
pub struct FrameBuffers {
    rx: [u8; FRAME_BYTES_MAX + FCS_BYTES + 2],
    tx: [u8; FRAME_BYTES_MAX + 2],
}

impl FrameBuffers {
    /// Empty ones.
    pub const fn new() -> Self {
        Self { rx: [0; FRAME_BYTES_MAX + FCS_BYTES + 2], tx: [0; FRAME_BYTES_MAX + 2] }
    }
}

/// There is no LAN9118 at its place.
#[derive(Debug)]
pub struct Absent;

impl Lan9118 {
    /// Resets and starts the controller.
    pub fn new(buffers: &'static mut FrameBuffers) -> Result<Self, Absent> {
        if read(BYTE_TEST) != 0x8765_4321 {
            return Err(Absent);
        }
        write(HW_CONFIG, 1);
        while read(HW_CONFIG) & 1 != 0 {}
        write(HW_CONFIG, 0x0005_0000);
        write(IRQ_CONFIG, 0x111);
        write(INT_STATUS, u32::MAX);
        write(FIFO_INT, 0);
        write(RX_CONFIG, 0);
        write(TX_CONFIG, 1 << 1);
        let low = mac_read(MAC_ADDRESS_LOW).to_le_bytes();
        let high = mac_read(MAC_ADDRESS_HIGH).to_le_bytes();
        // Receiver and transmitter on, full duplex; and multicast and promiscuous modes off.
        mac_write(MAC_CONTROL, 0x0010_000c);
        // The PHY's interrupt stays up until the PHY itself is read; the link is looked at with every nudge instead.
        write(INT_ENABLE, RX_STATUS_LEVEL);
        Ok(Self { address: [low[0], low[1], low[2], low[3], high[0], high[1]], buffers })
    }
}

/// The controller's interrupt.
pub fn on_interrupt() {
    write(INT_STATUS, read(INT_STATUS));
    WAKER.wake();
}

/// Has the driver look at its device again: QEMU's user network stalls for half a second when its guest only waits for interrupts.
pub fn nudge() {
    WAKER.wake();
}

fn mac_wait() {
    while read(MAC_COMMAND) & 1 << 31 != 0 {}
}

fn mac_read(register: u32) -> u32 {
    mac_wait();
    write(MAC_COMMAND, 3 << 30 | register);
    mac_wait();
    read(MAC_DATA)
}

fn mac_write(register: u32, value: u32) {
    mac_wait();
    write(MAC_DATA, value);
    write(MAC_COMMAND, 1 << 31 | register);
    mac_wait();
}

fn phy_read(register: u32) -> u32 {
    mac_write(MII_ACCESS, 1 << 11 | register << 6);
    mac_read(MII_DATA)
}

fn transmitter_has_room() -> bool {
    while read(TX_FIFO_INFO) >> 16 & 0xff != 0 {
        let _ = read(TX_STATUS);
    }
    read(TX_FIFO_INFO) & 0xffff >= (FRAME_BYTES_MAX + 16) as u32
}

/// Takes a frame from the FIFO into `buffer`; its length without the check sequence. Damaged ones are drained.
fn receive_into(buffer: &mut [u8]) -> Option<usize> {
    while read(RX_FIFO_INFO) >> 16 & 0xff != 0 {
        let status = read(RX_STATUS);
        let length = (status >> 16 & 0x3fff) as usize;
        let usable = status & RX_ERROR == 0 && (FCS_BYTES..=FRAME_BYTES_MAX + FCS_BYTES).contains(&length);
        let words = length.div_ceil(4);
        for index in 0..words {
            let word = read(RX_DATA).to_le_bytes();
            if let Some(place) = buffer.get_mut(index * 4..index * 4 + 4) {
                place.copy_from_slice(&word);
            }
        }
        if usable {
            return Some(length - FCS_BYTES);
        }
    }
    None
}

impl Driver for Lan9118 {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received<'_>, Outgoing<'_>)> {
        WAKER.register(cx.waker());
        if !transmitter_has_room() {
            return None;
        }
        let length = receive_into(&mut self.buffers.rx)?;
        Some((Received(&mut self.buffers.rx[..length]), Outgoing(&mut self.buffers.tx)))
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Outgoing<'_>> {
        WAKER.register(cx.waker());
        transmitter_has_room().then_some(Outgoing(&mut self.buffers.tx))
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        WAKER.register(cx.waker());
        if phy_read(PHY_STATUS) & PHY_LINK_UP != 0 { LinkState::Up } else { LinkState::Down }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = FRAME_BYTES_MAX;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.address)
    }
}

/// A frame that was taken from the FIFO.
pub struct Received<'a>(&'a mut [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for a frame to send.
pub struct Outgoing<'a>(&'a mut [u8]);

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let result = f(&mut self.0[..length]);
        write(TX_DATA, 3 << 12 | length as u32);
        write(TX_DATA, (length as u32) << 16 | length as u32);
        for chunk in self.0[..length.next_multiple_of(4)].chunks_exact(4) {
            write(TX_DATA, u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]));
        }
        result
    }
}
