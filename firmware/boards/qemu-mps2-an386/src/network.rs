//! The network: embassy-net over the LAN9118, with an address by DHCP; and what the node asks of it.

use core::cell::RefCell;

use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{Config, IpAddress, IpEndpoint, Ipv4Address, Runner, Stack, StackResources};
use embassy_time::{Duration, Instant, Timer, with_timeout};
use node::identity::Endpoint;
use node::sntp;
use node::trace::Event;
use node::uplink::{DialFailed, Dialer, Network};
use static_cell::StaticCell;

use crate::ethernet::{self, Lan9118};
use crate::{BoardNode, now_ms};

/// Bytes on their way that the other side has not confirmed.
const TCP_TX_BYTES: usize = 2_048;
const TCP_RX_BYTES: usize = 1_024;
/// A peer that says nothing for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(10);
const SOCKETS: usize = 3;

/// Sets the stack up over the controller; the runner has to run for ever.
pub fn new(driver: Lan9118, seed: u64) -> (Stack<'static>, Runner<'static, Lan9118>) {
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    embassy_net::new(driver, Config::dhcpv4(Default::default()), RESOURCES.init(StackResources::new()), seed)
}

/// Wakes the driver every 10 ms: see [`ethernet::nudge`].
pub async fn nudge_driver() -> ! {
    loop {
        Timer::after(Duration::from_millis(10)).await;
        ethernet::nudge();
    }
}

/// Between two looks at the network. The stack has room for one waiting task only: two would wake each other without end.
const LOOK: Duration = Duration::from_millis(100);

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        Timer::after(LOOK).await;
    }
}

/// Notes in the trace when the network comes and goes.
pub async fn watch(stack: Stack<'static>, node: &'static RefCell<BoardNode>) -> ! {
    loop {
        until(|| stack.is_config_up()).await;
        node.borrow_mut().note(now_ms(), Event::LinkUp, 0);
        until(|| !stack.is_config_up()).await;
        node.borrow_mut().note(now_ms(), Event::LinkDown, 0);
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
pub async fn keep_time(stack: Stack<'static>, server: Endpoint, node: &'static RefCell<BoardNode>) -> ! {
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
                node.borrow_mut().set_clock(unix_ms, asked_ms, now_ms());
                3_600
            }
            _ => 10,
        };
        Timer::after(Duration::from_secs(wait_s)).await;
    }
}
