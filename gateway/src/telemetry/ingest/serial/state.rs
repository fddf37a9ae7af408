//! What is known of a serial line: counted here, read by pages, metrics and readiness.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::reading::{NodeId, Timestamp};

/// A line's state and counters, shared.
#[derive(Debug)]
pub struct LineState(Mutex<LineView>);

/// The state at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LineView {
    /// The port's device file.
    pub port: String,
    /// Since when it is open; none: it is not.
    pub open_since: Option<Timestamp>,
    /// Times that it was opened.
    pub openings: u64,
    /// Frames heard.
    pub frames: u64,
    /// Data acknowledged.
    pub acks: u64,
    /// Bytes between two delimiters that were no frame: noise, halves of frames.
    pub noise: u64,
    /// Frames that were not asked for: a late answer, a node that is not on this line. They are sent again when asked for.
    pub unasked: u64,
    /// Data of nodes that the registry does not take; it was not acknowledged.
    pub denied: u64,
    /// Why it was closed, or could not be opened, the last time.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
    /// The line's nodes, as far as they have been polled or heard.
    pub nodes: BTreeMap<NodeId, NodeView>,
}

/// A node on a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct NodeView {
    /// When it was last heard.
    pub heard_at: Option<Timestamp>,
    /// Polls that it has not answered.
    pub silences: u64,
    /// How many of them since it was last heard.
    pub silent_for: u64,
}

/// Polls without an answer after which a node is told of.
const SILENCES_TOLD: u64 = 5;

impl LineState {
    /// Nothing has happened yet.
    pub fn new(port: &Path) -> Self {
        Self(Mutex::new(LineView { port: port.display().to_string(), ..LineView::default() }))
    }

    /// The state now.
    pub fn view(&self) -> LineView {
        self.lock().clone()
    }

    pub(super) fn opened(&self, at: Timestamp) {
        let mut view = self.lock();
        view.open_since = Some(at);
        view.openings += 1;
    }

    pub(super) fn closed(&self, at: Timestamp, trouble: String) {
        let mut view = self.lock();
        view.open_since = None;
        view.last_error = Some(trouble);
        view.last_error_at = Some(at);
    }

    /// `node` is one that may be on the line.
    pub(super) fn heard(&self, node: &NodeId, at: Timestamp) {
        let mut view = self.lock();
        let node = view.nodes.entry(node.clone()).or_default();
        node.heard_at = Some(at);
        node.silent_for = 0;
    }

    pub(super) fn silent(&self, node: &NodeId) {
        let mut view = self.lock();
        let node = view.nodes.entry(node.clone()).or_default();
        node.silences += 1;
        node.silent_for += 1;
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut LineView)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, LineView> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineView {
    /// What a person should know.
    pub fn warnings(&self) -> Vec<String> {
        if self.open_since.is_none() {
            let why = self.last_error.as_deref().unwrap_or("not yet");
            return vec![format!("the serial line {} is not open: {why}", self.port)];
        }
        let silent = self.nodes.iter().filter(|(_, node)| node.silent_for >= SILENCES_TOLD);
        let told = |(name, node): (&NodeId, &NodeView)| {
            format!("{name} on {} has not answered its last {} polls", self.port, node.silent_for)
        };
        silent.map(told).collect()
    }
}
