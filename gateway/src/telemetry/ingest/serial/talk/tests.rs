use std::sync::Mutex;

use tokio::io::DuplexStream;

use super::*;
use crate::clock::Clock;
use crate::config::SerialLine;
use crate::reading::Timestamp;
use crate::telemetry::ingest::serial::LineState;
use crate::telemetry::ingest::{Denied, Session, Sessions, Vouched};
use crate::telemetry::journal::Stopped;

/// A journal whose disk is as slow as the test wants.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Vec<Record>>>);

type Record = (Vec<u8>, Arc<Receipts>);

impl Intake for Disk {
    async fn append(&self, record: Vec<u8>, receipts: Arc<Receipts>) -> Result<(), Stopped> {
        self.0.lock().expect("not poisoned").push((record, receipts));
        Ok(())
    }
}

impl Disk {
    fn waiting(&self) -> usize {
        self.0.lock().expect("not poisoned").len()
    }

    /// Commits what waits.
    fn commit(&self) -> Vec<Frame> {
        let records = std::mem::take(&mut *self.0.lock().expect("not poisoned"));
        let commit = |(record, receipts): Record| {
            receipts.commit(1);
            Frame::decode(&record).expect("a frame")
        };
        records.into_iter().map(commit).collect()
    }
}

/// Takes every node but `stranger`; one command waits.
#[derive(Default)]
struct Registry(Mutex<Vec<u64>>);

impl Vouched for Registry {
    fn is_enrolled(&self, _: &NodeId) -> bool {
        false
    }

    fn vouch(&self, node: &NodeId) -> Result<(), Denied> {
        if node.as_str() == "stranger" { Err(Denied::UnknownNode) } else { Ok(()) }
    }
}

impl Sessions for Registry {
    fn find(&self, _: &NodeId) -> Option<Session> {
        None
    }
    fn keep(&self, _: &NodeId, _: &Session) {}
    fn forget(&self, _: &NodeId) {}
    fn commands(&self, node: &NodeId) -> Vec<Command> {
        let delivered = self.0.lock().expect("not poisoned").contains(&70_001);
        let waits = node.as_str() == "b" && !delivered;
        waits.then(|| Command { id: 70_001, payload: b"do".as_slice().into() }).into_iter().collect()
    }
    fn delivered(&self, command: u64) {
        self.0.lock().expect("not poisoned").push(command);
    }
}

/// A line with a node's end, the disk and the state.
struct Bench {
    line: Port<DuplexStream>,
    disk: Disk,
    state: Arc<LineState>,
    registry: Arc<Registry>,
    _talk: tokio::task::JoinHandle<()>,
}

impl Bench {
    fn new(nodes: &[&str]) -> Self {
        let (ours, theirs) = tokio::io::duplex(4_096);
        let line = SerialLine {
            path: "line".into(),
            baud: 115_200,
            nodes: nodes.iter().map(|node| NodeId::new(node).expect("a name")).collect(),
            poll_ms: 50,
            timeout_ms: 100,
        };
        let (disk, state, registry) =
            (Disk::default(), Arc::new(LineState::new(&line.path)), Arc::new(Registry::default()));
        let mut talk = Talk::new(LineConfig {
            line,
            intake: disk.clone(),
            vouched: registry.clone(),
            sessions: registry.clone(),
            answer: Arc::new(|_: &FrameKind, _: &[u8], _: Timestamp| None),
            clock: Arc::new(Clock::new(Timestamp::default())),
            state: state.clone(),
        });
        let talk = tokio::spawn(async move {
            talk.over(ours).await;
        });
        let line = Port { port: theirs, deframer: Box::default(), bytes: [0; 512], at: 0, end: 0 };
        Self { line, disk, state, registry, _talk: talk }
    }

    /// What the gateway says next, within a second: kind, node, number.
    async fn hear(&mut self) -> Option<(&'static str, String, u16)> {
        let until = Instant::now() + Duration::from_secs(1);
        let Ok(heard) = self.raw(until).await else { return None };
        heard
    }

    async fn raw(&mut self, until: Instant) -> Result<Option<(&'static str, String, u16)>, Ended> {
        loop {
            while self.line.at < self.line.end {
                let byte = self.line.bytes[self.line.at];
                self.line.at += 1;
                if let Some(Ok(frame)) = self.line.deframer.push(byte) {
                    return Ok(Some(match frame {
                        LineFrame::Poll { node } => ("poll", node.to_owned(), 0),
                        LineFrame::Ack { node, id } => ("ack", node.to_owned(), id),
                        LineFrame::Command { node, id, .. } => ("command", node.to_owned(), id),
                        LineFrame::Data { .. } | LineFrame::Idle { .. } => panic!("a gateway never says {frame:?}"),
                    }));
                }
            }
            match tokio::time::timeout_at(until, self.line.port.read(&mut self.line.bytes)).await {
                Err(_) => return Ok(None),
                Ok(read) => (self.line.at, self.line.end) = (0, read?),
            }
        }
    }

    async fn say(&mut self, frame: LineFrame<'_>) {
        assert!(self.line.say(frame).await.is_ok(), "the line is there");
    }

    async fn expect(&mut self, kind: &str, node: &str) -> u16 {
        let heard = self.hear().await.unwrap_or_else(|| panic!("silence in place of {kind} {node}"));
        assert_eq!((heard.0, heard.1.as_str()), (kind, node));
        heard.2
    }
}

#[tokio::test]
async fn data_is_acknowledged_once_it_is_on_disk_and_not_before() {
    let mut bench = Bench::new(&["a", "b"]);
    bench.expect("poll", "a").await;
    bench.say(LineFrame::Data { node: "a", id: 7, payload: b"x" }).await;
    assert_eq!(bench.hear().await, None, "the disk is slow: neither an acknowledgement nor another poll");
    let frames = bench.disk.commit();
    assert_eq!((frames[0].node.as_str(), frames[0].delivery.packet_id, &frames[0].payload[..]), ("a", 7, &b"x"[..]));
    assert_eq!((frames[0].origin, &frames[0].kind), (Origin::Serial, &FrameKind::Readings));
    assert_eq!(bench.expect("ack", "a").await, 7);
    bench.expect("poll", "b").await;
}

#[tokio::test]
async fn nodes_are_polled_in_turn_through_silence_noise_and_late_answers() {
    let mut bench = Bench::new(&["a", "b"]);
    bench.expect("poll", "a").await;
    // Silence; then a late answer while b is asked, and half a frame before b's own.
    bench.expect("poll", "b").await;
    bench.say(LineFrame::Data { node: "a", id: 1, payload: b"late" }).await;
    let mut buffer = [0; LINE_BYTES_MAX];
    let whole = LineFrame::Data { node: "b", id: 9, payload: b"half" }.encode(&mut buffer).expect("it fits").to_vec();
    bench.line.port.write_all(&whole[..whole.len() / 2]).await.expect("the line is there");
    bench.say(LineFrame::Idle { node: "b" }).await;
    let command = bench.expect("command", "b").await;
    bench.say(LineFrame::Command { node: "b", id: command, payload: b"do" }).await;
    bench.say(LineFrame::Ack { node: "b", id: command }).await;
    bench.expect("poll", "a").await;
    let view = bench.state.view();
    assert_eq!((view.unasked, view.noise), (1, 1), "{view:?}");
    assert_eq!((view.nodes["a" as &str].silences, view.nodes["b" as &str].silences), (1, 0));
    assert_eq!(*bench.registry.0.lock().expect("not poisoned"), [70_001]);
    assert_eq!(bench.disk.waiting(), 0, "the late answer comes again when a is asked");
}

#[tokio::test]
async fn an_answer_that_comes_late_does_not_put_every_acknowledgement_one_poll_behind() {
    let mut bench = Bench::new(&["a"]);
    bench.expect("poll", "a").await;
    // Too late for the first poll, and in time for the second, which the node answers too.
    bench.expect("poll", "a").await;
    let mut id = 1;
    bench.say(LineFrame::Data { node: "a", id, payload: b"r" }).await;
    let mut acknowledged = Vec::new();
    for _ in 0..6 {
        // As a node does: each poll has an answer under a number of its own, and only the last number counts.
        id += 1;
        bench.say(LineFrame::Data { node: "a", id, payload: b"r" }).await;
        let acknowledgement = async {
            loop {
                bench.disk.commit();
                match bench.raw(Instant::now() + Duration::from_millis(5)).await {
                    Ok(Some(("ack", _, found))) => break found,
                    Ok(_) => {}
                    Err(_) => panic!("the line is there"),
                }
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(2), acknowledgement).await.expect("an acknowledgement");
        acknowledged.push((found, id));
        bench.expect("poll", "a").await;
    }
    let behind = acknowledged.iter().filter(|(found, last)| found != last).count();
    assert!(behind <= 1, "acknowledged and last number: {acknowledged:?}");
}

#[tokio::test]
async fn a_node_that_is_not_taken_keeps_its_readings() {
    let mut bench = Bench::new(&[]);
    bench.say(LineFrame::Data { node: "stranger", id: 1, payload: b"x" }).await;
    bench.say(LineFrame::Data { node: "b", id: 2, payload: b"x" }).await;
    while bench.disk.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    bench.disk.commit();
    assert_eq!(bench.expect("ack", "b").await, 2);
    bench.expect("command", "b").await;
    assert_eq!((bench.state.view().denied, bench.state.view().acks), (1, 1));
}
