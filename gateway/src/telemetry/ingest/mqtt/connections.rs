//! The nodes that are connected, one connection each, and how others call on a connection.
//!
//! A node that connects again takes its seat over: the first connection is told to leave, and the second waits until it
//! has, its will included.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedMutexGuard};

use crate::keys::Fingerprint;
use crate::reading::{NodeId, Timestamp};

/// The connected nodes.
#[derive(Debug, Default)]
pub struct Connections {
    seats: Mutex<HashMap<NodeId, Place>>,
    kicks: AtomicU64,
}

/// A connected node, for people to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// The node.
    pub node: NodeId,
    /// Since when.
    pub since: Timestamp,
    /// From where.
    pub peer: SocketAddr,
    /// With which MQTT.
    pub protocol: Protocol,
    /// Whether nobody between can read it.
    pub tls: bool,
    /// The certificate it came in with, in place of a password.
    pub certificate: Option<Fingerprint>,
}

/// The MQTT that a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 3.1.1.
    V311,
    /// MQTT 5.
    V5,
}

/// A node's place: who has it or waits for it last, and the turn that one connection holds at a time.
#[derive(Debug)]
struct Place {
    latest: Arc<Caller>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// How a connection is called on.
#[derive(Debug)]
struct Caller {
    calls: AtomicU8,
    changed: Notify,
    connected: Connected,
}

const TAKEN_OVER: u8 = 1;
const REVOKED: u8 = 2;
const COMMANDS: u8 = 4;

/// What a connection is called on for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Leave: the node has connected again.
    TakenOver,
    /// Leave: the node may not be here any more.
    Revoked,
    /// Look at the node's commands.
    Commands,
}

impl Connections {
    /// Tells the node's connection, if there is one, to look at its commands.
    pub fn poke(&self, node: &NodeId) {
        if let Some(place) = self.lock().get(node) {
            place.latest.call(COMMANDS);
        }
    }

    /// Closes the connection of a node that may not be here any more.
    pub fn kick(&self, node: &NodeId) {
        self.kicks.fetch_add(1, Ordering::AcqRel);
        if let Some(place) = self.lock().get(node) {
            place.latest.call(REVOKED);
        }
    }

    /// Closes the connections that came in with a certificate that does not hold any more.
    pub fn kick_certified(&self, holds: impl Fn(&NodeId, &Fingerprint) -> bool) {
        self.kicks.fetch_add(1, Ordering::AcqRel);
        let certified = self.list().into_iter().filter_map(|one| Some((one.node, one.certificate?)));
        // The table is asked without our lock.
        for (node, certificate) in certified.filter(|(node, certificate)| !holds(node, certificate)) {
            let seats = self.lock();
            let latest = seats.get(&node).map(|place| &place.latest);
            if let Some(caller) = latest.filter(|caller| caller.connected.certificate == Some(certificate)) {
                caller.call(REVOKED);
            }
        }
    }

    /// Rises with every kick: who was admitted before one and seated after it is to be admitted again.
    pub(super) fn kicks(&self) -> u64 {
        self.kicks.load(Ordering::Acquire)
    }

    /// The connected nodes, in no order.
    pub fn list(&self) -> Vec<Connected> {
        self.lock().values().map(|place| place.latest.connected.clone()).collect()
    }

    /// How many nodes are connected.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Takes the node's seat, after whoever has it has left. None when there is no room for one more node, or when the
    /// node connected yet again meanwhile.
    pub(super) async fn enter(self: Arc<Self>, connected: Connected, nodes_max: usize) -> Result<Seat, NoSeat> {
        let caller = Arc::new(Caller { calls: AtomicU8::new(0), changed: Notify::new(), connected });
        let node = &caller.connected.node;
        let (mut seat, took_over) = {
            let mut seats = self.lock();
            let count = seats.len();
            match seats.get_mut(node) {
                Some(place) => {
                    std::mem::replace(&mut place.latest, caller.clone()).call(TAKEN_OVER);
                    (Seat::of(&self, &caller, place), true)
                }
                None if count >= nodes_max => return Err(NoSeat::Full),
                None => {
                    let place = Place { latest: caller.clone(), turn: Arc::default() };
                    let seat = Seat::of(&self, &caller, &place);
                    seats.insert(node.clone(), place);
                    (seat, false)
                }
            }
        };
        let turn = seat.turn.clone();
        tokio::select! {
            held = turn.lock_owned() => seat.held = Some(held),
            _ = seat.called_away() => return Err(NoSeat::TakenOver),
        }
        if took_over {
            tracing::debug!(node = %caller.connected.node, "connected again; its first connection was closed");
        }
        Ok(seat)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Place>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// There is no seat for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSeat {
    /// No room for one more.
    Full,
    /// The node has connected yet again.
    TakenOver,
}

/// A node's seat: one connection has it. Left when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    connections: Arc<Connections>,
    caller: Arc<Caller>,
    turn: Arc<tokio::sync::Mutex<()>>,
    held: Option<OwnedMutexGuard<()>>,
}

impl Seat {
    fn of(connections: &Arc<Connections>, caller: &Arc<Caller>, place: &Place) -> Self {
        Self { connections: connections.clone(), caller: caller.clone(), turn: place.turn.clone(), held: None }
    }

    /// Whose seat it is.
    pub(super) fn node(&self) -> &NodeId {
        &self.caller.connected.node
    }

    /// Waits for a call. A call to leave stays; one for commands is taken. Cancel-safe.
    pub(super) async fn called(&self) -> Call {
        loop {
            let calls = self.caller.calls.load(Ordering::Acquire);
            if let Some(call) = leaving(calls) {
                return call;
            }
            if calls & COMMANDS != 0 {
                self.caller.calls.fetch_and(!COMMANDS, Ordering::AcqRel);
                return Call::Commands;
            }
            self.caller.changed.notified().await;
        }
    }

    /// Waits for a call to leave, and leaves other calls for later. Cancel-safe.
    pub(super) async fn called_away(&self) -> Call {
        loop {
            if let Some(call) = leaving(self.caller.calls.load(Ordering::Acquire)) {
                return call;
            }
            self.caller.changed.notified().await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.connections.lock();
        self.held = None;
        let node = &self.caller.connected.node;
        // The place's own hold on the turn and this seat's: nobody else sits or waits here.
        let is_last = |place: &Place| Arc::ptr_eq(&place.turn, &self.turn) && Arc::strong_count(&self.turn) == 2;
        if seats.get(node).is_some_and(is_last) {
            seats.remove(node);
        }
    }
}

fn leaving(calls: u8) -> Option<Call> {
    if calls & TAKEN_OVER != 0 {
        Some(Call::TakenOver)
    } else if calls & REVOKED != 0 {
        Some(Call::Revoked)
    } else {
        None
    }
}

impl Caller {
    fn call(&self, what: u8) {
        self.calls.fetch_or(what, Ordering::AcqRel);
        self.changed.notify_one();
    }
}
