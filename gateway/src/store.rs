//! SQLite underneath: `telemetry.db` (the journal is the durable form) and `records.db` (every commit synced).

pub mod sqlite;
