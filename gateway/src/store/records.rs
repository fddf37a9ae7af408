//! `records.db`: what people decide and what nodes are promised; every commit is on disk when it returns.
//!
//! The file's formats stand here in their order. Each wing that keeps records adds its tables as one more format at
//! the end, and never changes a format that has left the house.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;

use super::sqlite::{OpenError, open_writer};

/// The file's name in the data folder.
pub const FILE: &str = "records.db";

/// `FORMATS[n]` takes format `n` to `n + 1`.
const FORMATS: &[&str] = &[REGISTRY];

/// Format 1. Times are milliseconds since 1970. A secret is a PHC string, never the secret.
const REGISTRY: &str = "
CREATE TABLE revision(
    one INTEGER PRIMARY KEY CHECK (one = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO revision(one, value) VALUES (1, 0);

CREATE TABLE node(
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    node_type TEXT,
    name_el TEXT,
    name_en TEXT,
    serial TEXT,
    enrolled_at INTEGER NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0,
    secret TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE placement(
    node TEXT NOT NULL REFERENCES node(id),
    valid_from INTEGER NOT NULL,
    site TEXT,
    zone TEXT,
    lat REAL,
    lon REAL,
    PRIMARY KEY (node, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE calibration(
    node TEXT NOT NULL REFERENCES node(id),
    quantity TEXT NOT NULL,
    channel INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER,
    gain REAL NOT NULL,
    offset REAL NOT NULL,
    unsound INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (node, quantity, channel, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE session(
    node TEXT PRIMARY KEY REFERENCES node(id),
    id INTEGER NOT NULL,
    commands_qos INTEGER,
    expiry_s INTEGER NOT NULL,
    kept_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE command(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    node TEXT NOT NULL REFERENCES node(id),
    payload BLOB NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    delivered_at INTEGER,
    answered_at INTEGER,
    reply BLOB
) STRICT;
CREATE INDEX command_by_node ON command(node, id);
CREATE INDEX command_waiting ON command(node, id) WHERE state = 0;

CREATE TABLE knock(
    node TEXT NOT NULL,
    reason TEXT NOT NULL,
    last_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (node, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX knock_by_time ON knock(last_at);

CREATE TABLE change(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    before_json TEXT,
    after_json TEXT,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX change_by_subject ON change(subject, id);
";

/// Opens the records for writing, creating them readable by their owner alone.
///
/// # Errors
/// [`OpenError`]: a newer format is refused, untouched.
pub fn open(path: &Path) -> Result<Connection, OpenError> {
    // SQLite gives its WAL the same permissions. When this fails SQLite says why, with the path.
    let _ = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    open_writer(path, FORMATS)
}
