//! What a PUBLISH and a connection cost. Not run by default: `cargo test --release -p city-gateway cost_of -- --ignored --nocapture`.

use std::time::Instant;

use mqtt_protocol_core::mqtt;
use mqtt_protocol_core::mqtt::packet::GenericPacketTrait;

use super::*;
use crate::telemetry::ingest::mqtt::Protocol;
use crate::telemetry::ingest::mqtt::{dialogue::Dialogue, dialogue::Event, hello::Hello, wire};

const ROUNDS: u32 = 10_000;
const IN_FLIGHT: u16 = 100;

fn burst() -> Vec<u8> {
    (1..=IN_FLIGHT).flat_map(|id| readings(true, id, &[b'['; 150])).collect()
}

fn tell(what: &str, began: Instant, count: u32) {
    println!("{what}: {} ns for each PUBLISH and PUBACK", began.elapsed().as_nanos() / u128::from(count));
}

#[test]
#[ignore = "measures; run it alone, in release mode"]
fn cost_of_a_publish_without_a_socket() {
    let burst = burst();
    let connect = V5.bytes();

    let Ok(wire::Framed::Whole(whole)) = wire::frame(&connect, 1000) else { panic!("a CONNECT") };
    let hello = Hello::read(whole).expect("a good CONNECT");
    assert_eq!(hello.protocol, Protocol::V5);
    let silent = Arc::new(|_: &FrameKind, _: &[u8], _: Timestamp| None);
    let mut dialogue = Dialogue::new(&hello, 1, None, silent, &Limits::default());
    let (mut out, mut records, mut bytes) = (Vec::new(), 0, 0);
    let began = Instant::now();
    for _ in 0..ROUNDS {
        let mut input = &burst[..];
        while let Ok(Some((length, Event::Record(record)))) = dialogue.next(input, &mut out) {
            input = &input[length..];
            records += 1;
            bytes += record.len();
        }
        dialogue.committed(records, &mut out);
        bytes += out.len();
        out.clear();
    }
    tell("by hand", began, ROUNDS * u32::from(IN_FLIGHT));
    assert!(records == u64::from(ROUNDS) * u64::from(IN_FLIGHT) && bytes > 0);

    let mut library = mqtt::Connection::<mqtt::role::Server>::new(mqtt::Version::V5_0);
    let mut cursor = mqtt::common::Cursor::new(&connect[..]);
    library.recv(&mut cursor);
    let accepted = mqtt::packet::v5_0::Connack::builder()
        .session_present(false)
        .reason_code(mqtt::result_code::ConnectReasonCode::Success)
        .build()
        .expect("both are set");
    library.checked_send(accepted);
    let (mut records, mut bytes) = (0, 0);
    let mut ids = Vec::new();
    let began = Instant::now();
    for _ in 0..ROUNDS {
        let mut cursor = mqtt::common::Cursor::new(&burst[..]);
        while (cursor.position() as usize) < burst.len() {
            for event in library.recv(&mut cursor) {
                if let mqtt::connection::Event::NotifyPacketReceived(mqtt::packet::Packet::V5_0Publish(publish)) = event
                {
                    let record = [publish.topic_name().as_bytes(), publish.payload().as_slice()].concat();
                    bytes += record.len();
                    records += 1;
                    ids.push(publish.packet_id().expect("QoS 1"));
                }
            }
        }
        for id in ids.drain(..) {
            let ack = mqtt::packet::v5_0::Puback::builder().packet_id(id).build().expect("it has its identifier");
            for event in library.checked_send(ack) {
                if let mqtt::connection::Event::RequestSendPacket { packet, .. } = event {
                    bytes += packet.to_continuous_buffer().len();
                }
            }
        }
    }
    tell("by mqtt-protocol-core's connection", began, ROUNDS * u32::from(IN_FLIGHT));
    assert!(records == ROUNDS * u32::from(IN_FLIGHT) && bytes > 0);
}

/// A journal that only counts: what is measured is the listener.
struct Nowhere;

impl Intake for Nowhere {
    async fn append(&self, _record: Vec<u8>, receipts: Arc<Receipts>) -> Result<(), Stopped> {
        receipts.commit(1);
        Ok(())
    }
}

/// Time on the processor of this thread's process, in milliseconds.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<_> = stat.rsplit(')').next().expect("a command").split_whitespace().collect();
    (fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime")) * 10
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}

async fn listener() -> SocketAddr {
    let registry = Arc::<Registry>::default();
    let config = ListenerConfig {
        limits: Limits::default(),
        intake: Nowhere,
        admission: registry.clone(),
        certified: None,
        sessions: registry,
        answer: Arc::new(|_: &FrameKind, _: &[u8], _: Timestamp| None),
        clock: Arc::new(Clock::new(Timestamp::default())),
        connections: Arc::default(),
        counters: Arc::default(),
    };
    let listener = Listener::bind("127.0.0.1:0".parse().expect("an address"), config).await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        let _running = stop;
        listener.run(stopped).await;
    });
    address
}

/// Four connections, 100 in flight each; the cost of the clients, which write and read big chunks, is in the figure.
#[test]
#[ignore = "measures; run it alone, in release mode"]
fn cost_of_a_publish_on_sockets() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let address = runtime.block_on(async { tokio::spawn(listener()).await.expect("no panic") });
    let clients = (0..4).map(|n| {
        std::thread::spawn(move || {
            use std::io::{Read, Write};
            let name = format!("n{n}");
            let mut stream = std::net::TcpStream::connect(address).expect("it listens");
            stream.set_nodelay(true).expect("a socket");
            let connect = Connect { user_name: Some(&name), ..V5 };
            stream.write_all(&connect.bytes()).expect("it listens");
            let mut connack = [0; 2];
            stream.read_exact(&mut connack).expect("CONNACK");
            stream.read_exact(&mut vec![0; usize::from(connack[1])]).expect("CONNACK");
            let burst: Vec<u8> = (1..=IN_FLIGHT)
                .flat_map(|id| publish(&format!("city/{name}/readings"), id, &[0], &[b'['; 150]))
                .collect();
            let mut acks = vec![0; 4 * usize::from(IN_FLIGHT)];
            for _ in 0..ROUNDS {
                stream.write_all(&burst).expect("it reads");
                stream.read_exact(&mut acks).expect("it acknowledges");
            }
        })
    });
    let (began, cpu) = (Instant::now(), cpu_ms());
    let clients: Vec<_> = clients.collect();
    clients.into_iter().for_each(|client| client.join().expect("no panic"));
    let count = 4 * u128::from(ROUNDS) * u128::from(IN_FLIGHT);
    println!(
        "on sockets, clients included: {} ns of time, {} ns of processor, for each PUBLISH and PUBACK",
        began.elapsed().as_nanos() / count,
        u128::from(cpu_ms() - cpu) * 1_000_000 / count,
    );
}

#[test]
#[ignore = "measures; run it alone, in release mode"]
fn cost_of_an_idle_connection() {
    const CONNECTIONS: u32 = 2000;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let address = runtime.block_on(async { tokio::spawn(listener()).await.expect("no panic") });
    let connect = |n: u32| {
        use std::io::{Read, Write};
        let name = format!("n{n}");
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        let connect = Connect { user_name: Some(&name), will: Some(("city/x/status", "off", 1)), ..V5 };
        stream.write_all(&[connect.bytes(), publish("elsewhere", 1, &[0], &[0; 150])].concat()).expect("it listens");
        let mut answers = [0; 3];
        stream.read_exact(&mut answers).expect("CONNACK");
        stream
    };
    let mut open: Vec<_> = (0..50).map(connect).collect();
    let before = resident_kib();
    open.extend((50..50 + CONNECTIONS).map(connect));
    std::thread::sleep(Duration::from_millis(500));
    let bytes = (resident_kib() - before) * 1024 / u64::from(CONNECTIONS);
    println!("{bytes} bytes for each idle connection");
    drop(open);
    runtime.shutdown_background();
}
