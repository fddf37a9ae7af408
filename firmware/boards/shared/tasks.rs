//! The tasks that every board runs. An executor's task cannot be generic: a board's `main.rs` says what `BoardNode`,
//! `Driver`, `Fixture`, `Reader` and `Writer` are, and brings this file in by its path.

use core::cell::RefCell;

use embassy_executor::Spawner;
use embassy_net::{Config, Runner, Stack, StackResources};
use node::identity::{Endpoint, Identity, Link};
use node::network::{Cable, SOCKETS, StreamBuffers, TcpDialer};
use node::uplink::{self, Bell, PacketBuffers};
use node::{network, tasks};
use static_cell::{ConstStaticCell, StaticCell};

use crate::{BoardNode, Driver, Fixture, Reader, Writer};

type SharedNode = &'static RefCell<BoardNode>;

static BELL: Bell = Bell::new();

/// Spawns what runs with and without a network: sampling, and the console with the serial line.
pub fn measure(spawner: Spawner, node: SharedNode, fixture: Fixture, reader: Reader, writer: Writer) {
    spawner.spawn(console(node, reader, writer).expect("one of its kind"));
    spawner.spawn(sample(node, fixture).expect("one of its kind"));
}

/// Spawns what reaches the gateway over the network that `driver` opens; stands for it, and does not return, where the node has
/// no identity or hangs on a serial line.
pub async fn connect(spawner: Spawner, node: SharedNode, driver: impl FnOnce() -> Driver) {
    let identity = node.borrow().identity().cloned();
    let Some(identity) = identity.filter(|identity| identity.link == Link::Mqtt) else { tasks::no_uplink(node).await };
    static IDENTITY: StaticCell<Identity> = StaticCell::new();
    let identity: &'static Identity = IDENTITY.init(identity);
    static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();
    let driver = driver();
    let seed = node.borrow_mut().chance();
    let (stack, runner) =
        embassy_net::new(driver, Config::dhcpv4(Default::default()), RESOURCES.init(StackResources::new()), seed);
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
async fn watch_network(stack: Stack<'static>, node: SharedNode) -> ! {
    network::watch(stack, node).await
}

#[embassy_executor::task]
async fn keep_time(stack: Stack<'static>, server: Endpoint, node: SharedNode) -> ! {
    network::keep_time(stack, server, node).await
}

#[embassy_executor::task]
async fn report(stack: Stack<'static>, node: SharedNode, identity: &'static Identity) -> ! {
    static PACKETS: ConstStaticCell<PacketBuffers> = ConstStaticCell::new(PacketBuffers::new());
    static STREAM: ConstStaticCell<StreamBuffers> = ConstStaticCell::new(StreamBuffers::new());
    let mut dialer = TcpDialer::new(stack, STREAM.take());
    uplink::run(node, identity, &BELL, &Cable(stack), &mut dialer, PACKETS.take()).await
}

#[embassy_executor::task]
async fn sample(node: SharedNode, fixture: Fixture) -> ! {
    tasks::sample(node, &BELL, fixture).await
}

#[embassy_executor::task]
async fn console(node: SharedNode, reader: Reader, writer: Writer) -> ! {
    tasks::console::<_, _, Fixture>(node, reader, writer).await
}
