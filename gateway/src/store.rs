//! SQLite underneath: `telemetry.db` (the journal is the durable form) and `records.db` (every commit synced).

pub mod model;
mod reader;
pub mod records;
pub mod sqlite;

pub use reader::Reader;

/// Why the store could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file could not be opened.
    #[error(transparent)]
    Open(#[from] sqlite::OpenError),
    /// SQLite's own error.
    #[error("the store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A row holds what this program never writes.
    #[error("the store holds a row that cannot be read: {0}")]
    Damaged(String),
}
