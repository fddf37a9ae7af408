//! Acknowledgements: in the order of arrival, once on disk, and on the connection that the message came on.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rumqttc::{AsyncClient, Publish, QoS};
use tokio::sync::Notify;

use super::state::BrokerState;
use crate::telemetry::journal::Receipts;

/// Which connection there is.
pub(super) type Epoch = u64;
/// How long to wait for room among the client's requests.
const ROOM_RETRY: Duration = Duration::from_millis(5);

/// Lets acknowledgements through to the connection that is open, and to no other: an identifier left of a lost session
/// might be another message's in the next.
pub(super) struct Gate {
    client: AsyncClient,
    open: Mutex<Option<Epoch>>,
}

/// What became of an acknowledgement.
enum Passed {
    Sent,
    Stale,
    NoRoom,
}

impl Gate {
    pub(super) fn new(client: AsyncClient) -> Self {
        Self { client, open: Mutex::new(None) }
    }

    pub(super) fn client(&self) -> &AsyncClient {
        &self.client
    }

    /// A connection is open.
    pub(super) fn open(&self, epoch: Epoch) {
        *locked(&self.open) = Some(epoch);
    }

    /// The connection is gone. What passed before this is in the client's requests, and the caller empties them after.
    pub(super) fn close(&self) {
        *locked(&self.open) = None;
    }

    fn pass(&self, epoch: Epoch, packet_id: u16) -> Passed {
        let open = locked(&self.open);
        if *open != Some(epoch) {
            return Passed::Stale;
        }
        let mut publish = Publish::new("", QoS::AtLeastOnce, Vec::new());
        publish.pkid = packet_id;
        // Never `ack().await`: who polls may be waiting for us.
        if self.client.try_ack(&publish).is_ok() { Passed::Sent } else { Passed::NoRoom }
    }
}

/// Messages on their way to the disk, in the order they were given to the journal.
pub(super) struct Acks {
    gate: Arc<Gate>,
    state: Arc<BrokerState>,
    receipts: Arc<Receipts>,
    waiting: Mutex<VecDeque<Waiting>>,
    done: Notify,
}

/// A message that waits for the disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) epoch: Epoch,
    /// 0 with QoS 0: there is nothing to acknowledge.
    pub(super) packet_id: u16,
}

impl Acks {
    pub(super) fn new(gate: Arc<Gate>, state: Arc<BrokerState>) -> Self {
        let (receipts, waiting, done) = Default::default();
        Self { gate, state, receipts, waiting, done }
    }

    /// What the journal is to count this sender's records with.
    pub(super) fn receipts(&self) -> Arc<Receipts> {
        self.receipts.clone()
    }

    /// The message goes to the journal next.
    pub(super) fn expect(&self, message: Waiting) {
        locked(&self.waiting).push_back(message);
    }

    /// Acknowledges for ever.
    pub(super) async fn run(self: Arc<Self>) {
        let mut seen = 0;
        loop {
            let committed = self.receipts.more_than(seen).await;
            for _ in seen..committed {
                let next = *locked(&self.waiting).front().expect("a message is expected before it is journalled");
                self.acknowledge(next).await;
                locked(&self.waiting).pop_front();
            }
            seen = committed;
            self.done.notify_waiters();
        }
    }

    async fn acknowledge(&self, Waiting { epoch, packet_id }: Waiting) {
        if packet_id == 0 {
            return;
        }
        loop {
            match self.gate.pass(epoch, packet_id) {
                Passed::Sent => return self.state.count_ack(),
                Passed::Stale => return self.state.count_stale_ack(),
                Passed::NoRoom => tokio::time::sleep(ROOM_RETRY).await,
            }
        }
    }

    /// Waits until no message waits for the disk.
    pub(super) async fn settled(&self) {
        loop {
            let done = self.done.notified();
            tokio::pin!(done);
            done.as_mut().enable();
            if locked(&self.waiting).is_empty() {
                return;
            }
            done.await;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rumqttc::{EventLoop, MqttOptions};

    fn gate() -> (Arc<Gate>, EventLoop) {
        let (client, events) = AsyncClient::new(MqttOptions::new("t", "127.0.0.1", 1), 3);
        (Arc::new(Gate::new(client)), events)
    }

    #[tokio::test]
    async fn a_message_is_acknowledged_once_it_is_on_disk_and_on_its_own_connection() {
        let (gate, _events) = gate();
        let state = Arc::new(BrokerState::new("b"));
        let acks = Arc::new(Acks::new(gate.clone(), state.clone()));
        let running = tokio::spawn(acks.clone().run());
        gate.open(7);
        for (epoch, packet_id) in [(6, 1), (7, 2), (7, 0), (7, 3)] {
            acks.expect(Waiting { epoch, packet_id });
        }
        tokio::task::yield_now().await;
        assert_eq!((state.view().acks, state.view().acks_stale), (0, 0));
        acks.receipts().commit(3);
        while acks.waiting.lock().expect("not poisoned").len() > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!((state.view().acks, state.view().acks_stale), (1, 1));
        gate.close();
        acks.receipts().commit(1);
        acks.settled().await;
        assert_eq!((state.view().acks, state.view().acks_stale), (1, 2));
        running.abort();
    }

    #[test]
    fn without_room_an_acknowledgement_waits_and_is_not_lost() {
        let (gate, _events) = gate();
        gate.open(1);
        let passed: Vec<bool> = (1..=4).map(|id| matches!(gate.pass(1, id), Passed::Sent)).collect();
        assert_eq!(passed, [true, true, true, false]);
        assert!(matches!(gate.pass(1, 4), Passed::NoRoom));
    }
}
