//! SQLite underneath: `telemetry.db` (written in checkpoints) and `records.db` (written as people act).

mod basis;
mod codec;
mod compaction;
pub(crate) mod live;
pub mod model;
mod observations;
mod reader;
pub mod records;
pub mod rejections;
mod retention;
mod schema;
mod shared;
pub mod sqlite;
mod writer;

pub use live::Came;
pub(crate) use observations::{Versions, before, within};
pub use reader::{Arrived, Reader};
pub use retention::Removed;
pub(crate) use shared::{Judged, Shared};
pub use writer::{Checkpoint, NameRow, NewRejection, NodeRow, Progress, Quarantined, Recovered, Writer};

/// Why the store could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file could not be opened.
    #[error(transparent)]
    Open(#[from] sqlite::OpenError),
    /// SQLite's own error.
    #[error("the store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Aggregates are stored by their window's place in the configuration.
    #[error(
        "[windows] lengths: {configured} stands where the store has {stored}; keep the order that it was made with ({all}), and add new lengths at the end"
    )]
    OtherWindows {
        /// As configured.
        configured: String,
        /// As stored.
        stored: String,
        /// All that are stored, in order.
        all: String,
    },
    /// A row holds what this program never writes.
    #[error("the store holds a row that cannot be read: {0}")]
    Damaged(String),
}

impl StoreError {
    /// Whether there is no room: what was to be written is still in hand, and may be written later.
    pub fn is_disk_full(&self) -> bool {
        match self {
            StoreError::Sqlite(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            StoreError::Open(_) | StoreError::OtherWindows { .. } | StoreError::Damaged(_) => false,
        }
    }
}
