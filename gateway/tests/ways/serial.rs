//! Serial lines on pairs of pseudo-terminals: two nodes polled on one line with noise, a node that speaks unasked and is
//! unplugged, each through kill -9 of the gateway.

use std::collections::VecDeque;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocols::line::{Deframer, LINE_BYTES_MAX, LineFrame};
use protocols::native::{Batch, Clock, Decimal, Frame, Reading};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_serial::{SerialPort, SerialStream};

use super::gateway::{Gateway, wait};

/// A node's application: batches that it keeps until they are acknowledged.
struct Node {
    name: String,
    waiting: VecDeque<(u16, Vec<u8>)>,
}

impl Node {
    /// With so many batches of two readings.
    fn new(name: &str, incarnation: u64, batches: u32) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
        let batch = |n: u32| {
            let mut batch = Batch::new(incarnation, 1, n * 2, Clock::Unix { base_ms: now - 86_400_000 });
            for k in 0..2 {
                let value = Decimal::new(i64::from(n % 40), 0).expect("a small number");
                let offset_ms = ((n * 2 + k) * 1_000) as i32;
                batch.push(Reading { quantity: 14, channel: 0, offset_ms, value }).expect("there is room");
            }
            (n as u16, Frame::Batch(batch).to_bytes().expect("it fits").to_vec())
        };
        Self { name: name.into(), waiting: (0..batches).map(batch).collect() }
    }
}

/// The cable: nodes at one end, a port's name at the other.
struct Cable {
    cut: Arc<AtomicBool>,
    nodes: Option<JoinHandle<Vec<Node>>>,
}

impl Cable {
    /// Plugs the nodes in at `port`. They answer polls, or speak unasked; every `noisy`th frame comes with noise and after a
    /// half of itself.
    fn plug(port: &Path, mut nodes: Vec<Node>, unasked: bool, noisy: u32) -> Self {
        let cut = Arc::new(AtomicBool::new(false));
        let (stop, port) = (cut.clone(), port.to_owned());
        let nodes = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let (mut line, far_end) = SerialStream::pair().expect("a pair of pseudo-terminals");
                let name = far_end.name().expect("it has a name");
                drop(far_end);
                let _ = std::fs::remove_file(&port);
                symlink(name, &port).expect("the port's name can be made");
                let (mut deframer, mut said) = (Deframer::<2048>::new(), 0u32);
                while !stop.load(Ordering::Relaxed) {
                    let mut bytes = [0; 256];
                    let read = tokio::time::timeout(Duration::from_millis(20), line.read(&mut bytes)).await;
                    let mut answers = Vec::new();
                    match read {
                        // Nobody has the other end open.
                        Ok(Err(_) | Ok(0)) => tokio::time::sleep(Duration::from_millis(5)).await,
                        Ok(Ok(count)) => {
                            for byte in &bytes[..count] {
                                if let Some(Ok(frame)) = deframer.push(*byte) {
                                    answers.extend(obey(&mut nodes, &frame));
                                }
                            }
                        }
                        Err(_) => {}
                    }
                    if unasked && answers.is_empty() {
                        answers.extend(nodes.iter().find_map(data));
                    }
                    for answer in answers {
                        said += 1;
                        let half = if said.is_multiple_of(noisy) { &answer[..answer.len() / 2] } else { &[] };
                        let noise = if half.is_empty() { &[][..] } else { b"\xff\x13\x00noise\x00\x00" };
                        // When the other end is closed it is lost, as on a cable.
                        let _ = line.write_all(&[noise, half, &answer].concat()).await;
                    }
                }
            });
            nodes
        });
        Self { cut, nodes: Some(nodes) }
    }

    /// Unplugs, and gives the nodes back as they stand.
    fn unplug(mut self) -> Vec<Node> {
        self.cut.store(true, Ordering::Relaxed);
        self.nodes.take().expect("plugged in").join().expect("the nodes are well")
    }
}

fn obey(nodes: &mut [Node], frame: &LineFrame<'_>) -> Option<Vec<u8>> {
    let node = nodes.iter_mut().find(|node| node.name == frame.node())?;
    match *frame {
        LineFrame::Poll { .. } => data(node).or_else(|| Some(encode(LineFrame::Idle { node: &node.name }))),
        LineFrame::Ack { id, .. } => {
            if node.waiting.front().is_some_and(|(waiting, _)| *waiting == id) {
                node.waiting.pop_front();
            }
            None
        }
        _ => None,
    }
}

fn data(node: &Node) -> Option<Vec<u8>> {
    let (id, payload) = node.waiting.front()?;
    Some(encode(LineFrame::Data { node: &node.name, id: *id, payload }))
}

fn encode(frame: LineFrame<'_>) -> Vec<u8> {
    let mut buffer = [0; LINE_BYTES_MAX];
    frame.encode(&mut buffer).expect("it fits").to_vec()
}

fn metric(gateway: &Gateway, name: &str) -> f64 {
    let page = gateway.get("/metrics");
    let prefix = format!("city_gateway_{name}{{");
    let line = page.lines().find(|line| line.starts_with(&prefix)).unwrap_or_else(|| panic!("no {name} in\n{page}"));
    line.rsplit(' ').next().expect("a value").parse().expect("a number")
}

fn section(port: &Path, rest: &str) -> String {
    format!("[[serial]]\npath = \"{}\"\npoll_ms = 20\ntimeout_ms = 60\n{rest}", port.display())
}

#[test]
fn two_nodes_on_one_noisy_line_through_a_kill() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let port = folder.path().join("line");
    let nodes = vec![Node::new("bin-1", 1, 150), Node::new("bin-2", 2, 150)];
    let cable = Cable::plug(&port, nodes, false, 7);
    wait("the port is there", || port.exists());
    let mut gateway = Gateway::start(&section(&port, "nodes = [\"bin-1\", \"bin-2\"]"));
    for stored in [100, 300] {
        wait("some are stored", || gateway.ledger().stored >= stored);
        gateway.kill();
        gateway.run();
    }
    let ledger = gateway.wait_stored(600);
    assert_eq!((ledger.frames_rejected, ledger.rejected), (0, 0), "{}", ledger.text);
    assert!(metric(&gateway, "serial_noise_total") > 0.0);
    wait("all are acknowledged", || metric(&gateway, "serial_acks_total") > 0.0);
    std::thread::sleep(Duration::from_millis(500));
    let nodes = cable.unplug();
    assert!(nodes.iter().all(|node| node.waiting.is_empty()), "both nodes know that all is safe");
}

#[test]
fn a_node_that_speaks_unasked_through_unplugging() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let port = folder.path().join("line");
    // The gateway is there before the port is.
    let gateway = Gateway::start(&section(&port, ""));
    assert!(gateway.get("/readyz").contains("is not open"));
    let mut nodes = vec![Node::new("meter", 3, 120)];
    for (plugged, stored) in [(1.0, 40), (2.0, 120)] {
        let cable = Cable::plug(&port, nodes, true, 5);
        // A fast line may have delivered as much before: then this one has to be opened all the same.
        wait("the port is open", || metric(&gateway, "serial_openings_total") >= plugged);
        wait("some are stored", || gateway.ledger().stored >= stored);
        nodes = cable.unplug();
        wait("the port is gone", || metric(&gateway, "serial_open") == 0.0);
    }
    let cable = Cable::plug(&port, nodes, true, 5);
    wait("the port is open again", || metric(&gateway, "serial_openings_total") >= 3.0);
    let ledger = gateway.wait_stored(240);
    assert_eq!((ledger.frames_rejected, ledger.rejected), (0, 0), "{}", ledger.text);
    std::thread::sleep(Duration::from_millis(500));
    assert!(cable.unplug()[0].waiting.is_empty(), "the node knows that all is safe");
}
