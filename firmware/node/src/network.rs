//! The network by embassy-net, over whatever driver a board has: an address by DHCP, one connection, a time server.

use core::cell::RefCell;

use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, IpEndpoint, Ipv4Address, Stack};
use embassy_time::{Duration, Instant, Timer, with_timeout};
use embedded_hal::i2c::I2c;

use crate::identity::Endpoint;
use crate::memory::Memory;
use crate::node::Node;
use crate::sntp;
use crate::trace::Event;
use crate::uplink::{DialFailed, Dialer, Network};

/// Bytes on their way that the other side has not confirmed.
const TCP_TX_BYTES: usize = 2_048;
const TCP_RX_BYTES: usize = 1_024;
/// A peer that says nothing for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Sockets that the stack needs room for: one connection, DHCP, the time server.
pub const SOCKETS: usize = 3;

/// Between two looks at the network. The stack has room for one waiting task only: two would wake each other without end.
const LOOK: Duration = Duration::from_millis(100);

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        Timer::after(LOOK).await;
    }
}

/// Notes in the trace when the network comes and goes.
pub async fn watch<M: Memory, I: I2c>(stack: Stack<'static>, node: &RefCell<Node<M, I>>) -> ! {
    loop {
        until(|| stack.is_config_up()).await;
        node.borrow_mut().note(Instant::now().as_millis(), Event::LinkUp, 0);
        until(|| !stack.is_config_up()).await;
        node.borrow_mut().note(Instant::now().as_millis(), Event::LinkDown, 0);
    }
}

/// Cable in, cable out.
pub struct Cable(pub Stack<'static>);

impl Network for Cable {
    async fn up(&self) {
        until(|| self.0.is_config_up()).await;
    }

    async fn down(&self) {
        until(|| !self.0.is_link_up()).await;
    }
}

/// Opens the one connection that the node has.
pub struct TcpDialer {
    stack: Stack<'static>,
    buffers: &'static mut StreamBuffers,
}

/// Bytes of one connection, each way.
pub struct StreamBuffers {
    rx: [u8; TCP_RX_BYTES],
    tx: [u8; TCP_TX_BYTES],
}

impl StreamBuffers {
    /// Empty ones.
    pub const fn new() -> Self {
        Self { rx: [0; TCP_RX_BYTES], tx: [0; TCP_TX_BYTES] }
    }
}

impl Default for StreamBuffers {
    fn default() -> Self {
        Self::new()
    }
}

impl TcpDialer {
    /// With buffers for one connection.
    pub fn new(stack: Stack<'static>, buffers: &'static mut StreamBuffers) -> Self {
        Self { stack, buffers }
    }
}

fn endpoint(of: Endpoint) -> IpEndpoint {
    IpEndpoint::new(IpAddress::Ipv4(Ipv4Address::from(of.address)), of.port)
}

impl Dialer for TcpDialer {
    type Io<'a> = TcpSocket<'a>;

    async fn dial(&mut self, to: Endpoint) -> Result<TcpSocket<'_>, DialFailed> {
        let mut socket = TcpSocket::new(self.stack, &mut self.buffers.rx, &mut self.buffers.tx);
        socket.set_timeout(Some(SILENCE_MAX));
        // A batch is one small segment: waiting for more would only delay its PUBACK.
        socket.set_nagle_enabled(false);
        socket.connect(endpoint(to)).await.map_err(|_| DialFailed)?;
        Ok(socket)
    }
}

/// Asks a time server once an hour, every 10 s until it answers.
pub async fn keep_time<M: Memory, I: I2c>(stack: Stack<'static>, server: Endpoint, node: &RefCell<Node<M, I>>) -> ! {
    let (mut rx_meta, mut tx_meta) = ([PacketMetadata::EMPTY; 2], [PacketMetadata::EMPTY; 1]);
    let (mut rx, mut tx) = ([0; 2 * sntp::PACKET_BYTES], [0; sntp::PACKET_BYTES]);
    let mut socket = UdpSocket::new(stack, &mut rx_meta, &mut rx, &mut tx_meta, &mut tx);
    if socket.bind(0).is_err() {
        core::future::pending::<()>().await;
    }
    loop {
        until(|| stack.is_config_up()).await;
        let nonce = node.borrow_mut().chance();
        let asked_ms = Instant::now().as_millis();
        let mut packet = [0; sntp::PACKET_BYTES];
        let told = async {
            socket.send_to(&sntp::question(nonce), endpoint(server)).await.ok()?;
            loop {
                let (length, _) = socket.recv_from(&mut packet).await.ok()?;
                if let Some(unix_ms) = sntp::answer(&packet[..length], nonce) {
                    return Some(unix_ms);
                }
            }
        };
        let wait_s = match with_timeout(Duration::from_secs(2), told).await {
            Ok(Some(unix_ms)) => {
                node.borrow_mut().set_clock(unix_ms, asked_ms, Instant::now().as_millis());
                3_600
            }
            _ => 10,
        };
        Timer::after(Duration::from_secs(wait_s)).await;
    }
}
