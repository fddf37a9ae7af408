//! A message is acknowledged to a real broker once it is on disk: with a disk that takes none, nothing is, and the broker keeps
//! what it has not in flight.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use city_gateway::catalogue::load;
use city_gateway::clock::Clock;
use city_gateway::config;
use city_gateway::reading::{NodeId, Timestamp};
use city_gateway::telemetry::frame::Frame;
use city_gateway::telemetry::ingest::broker::{Broker, BrokerConfig, BrokerState};
use city_gateway::telemetry::ingest::mqtt::Intake;
use city_gateway::telemetry::ingest::{Denied, Vouched};
use city_gateway::telemetry::journal::{Receipts, Stopped};
use tokio::sync::watch;

use super::gateway::wait;
use super::mosquitto::{Mosquitto, readings};

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

    /// Commits the first `count` that wait, and gives their packet identifiers.
    fn commit(&self, count: usize) -> Vec<u16> {
        let records: Vec<_> = self.0.lock().expect("not poisoned").drain(..count).collect();
        let commit = |(record, receipts): Record| {
            receipts.commit(1);
            Frame::decode(&record).expect("a frame").delivery.packet_id
        };
        records.into_iter().map(commit).collect()
    }
}

struct Everybody;

impl Vouched for Everybody {
    fn is_enrolled(&self, _: &NodeId) -> bool {
        true
    }
    fn vouch(&self, _: &NodeId) -> Result<(), Denied> {
        Ok(())
    }
}

#[test]
fn nothing_is_acknowledged_before_the_disk_has_it() {
    let mosquitto = Mosquitto::start("max_inflight_messages 10\nmax_queued_messages 0\n");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (disk, state) = (Disk::default(), Arc::new(BrokerState::new("broker")));
    let broker = Broker::new(BrokerConfig {
        broker: config::Broker {
            host: "127.0.0.1".into(),
            port: mosquitto.port(),
            client_id: "slow".into(),
            username: None,
            password: None,
            topics: vec!["city/+/readings".into()],
        },
        payload_bytes_max: 65_536,
        session_file: folder.path().join("session.json"),
        intake: disk.clone(),
        vouched: Arc::new(Everybody),
        catalogue: Arc::new(load::embedded()),
        clock: Arc::new(Clock::new(Timestamp::default())),
        state: state.clone(),
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (stop, stopped) = watch::channel(false);
    let running = runtime.spawn(broker.run(stopped));
    wait("it is subscribed", || {
        mosquitto.publish("city/n/readings", readings(0, 1).as_bytes(), &[]);
        disk.waiting() > 0
    });
    mosquitto.publisher("city/n/readings", readings(1, 31)).join().expect("all were published");
    wait("ten are in flight", || disk.waiting() == 10);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!((disk.waiting(), state.view().acks), (10, 0), "no more without an acknowledgement");

    // Three are on disk: these are acknowledged, and no others, however many more Mosquitto then sends.
    assert_eq!(disk.commit(3).len(), 3);
    wait("three are acknowledged", || state.view().acks == 3 && disk.waiting() > 7);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(state.view().acks, 3);
    wait("all come", || {
        disk.commit(disk.waiting());
        state.view().acks >= 31
    });
    stop.send_replace(true);
    runtime.block_on(running).expect("it ends");
    assert_eq!((state.view().acks, state.view().acks_stale), (state.view().messages, 0));
}
