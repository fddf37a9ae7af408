//! Sinks: settled aggregates sent on to other stores, each from a cursor of its own.
//!
//! A sink follows the store's change numbers. Its cursor moves only past rows that the other store has taken or
//! that were quarantined, so an outage costs no queue: what was not sent waits where it already is. Rows
//! overwrite by key, so sending again is harmless. Nothing is skipped but quarantined lines, and those are kept
//! and counted.

pub mod influxdb;
pub mod line_protocol;
pub mod quarantine;
mod source;
mod state;

use std::sync::Arc;

use tokio::sync::watch;

use crate::reading::{DatastreamKey, Timestamp};
use crate::store::StoreError;
use crate::store::model::{Span, Values};
pub use source::StoreSource;
pub use state::{Phase, SinkState, Trouble};

/// What a sink follows: the store's changes, and the sink's own place among them.
///
/// All but [`ChangeSource::newest`] block; sinks call them on a blocking thread.
pub trait ChangeSource: Send + Sync + 'static {
    /// The number of the newest change, kept up to date. Right from the start: a cursor beyond it is moved back to it.
    fn newest(&self) -> watch::Receiver<u64>;

    /// Written aggregates with a change number above `after`, in the order of change, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn changes(&self, after: u64, limit: usize) -> Result<Vec<Change>, StoreError>;

    /// The last change this sink is done with; 0 at first.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn cursor(&self) -> Result<u64, StoreError>;

    /// Moves the cursor. It may be lost in a crash: then rows are sent again.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be written.
    fn set_cursor(&self, change: u64) -> Result<(), StoreError>;

    /// Keeps these lines. May be called again with the same changes after a crash: a change is kept once.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be written.
    fn quarantine(&self, lines: &[QuarantinedLine]) -> Result<(), StoreError>;

    /// How many lines of this sink are kept in quarantine.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn quarantined(&self) -> Result<u64, StoreError>;
}

/// A written aggregate with all that names it outside this program.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its change number.
    pub number: u64,
    /// Node, quantity and channel.
    pub key: DatastreamKey,
    /// The window's length, ISO 8601: `PT1H`.
    pub window: Arc<str>,
    /// The zone's code at the window's start.
    pub zone: Option<Arc<str>>,
    /// The window.
    pub span: Span,
    /// The numbers.
    pub values: Values,
    /// 0 when first settled, then one more for each change.
    pub revision: u32,
    /// For a quantity of states: each state's number and code.
    pub states: Arc<[(i32, Arc<str>)]>,
}

/// A row that the other store refused, or that its format cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedLine {
    /// The change it was made from.
    pub change: u64,
    /// The line as it was sent; of one that could not be written, its measurement, node and window start.
    pub line: String,
    /// The other store's words, or why the line could not be written.
    pub error: String,
    /// When.
    pub at: Timestamp,
}
