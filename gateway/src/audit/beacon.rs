//! The head goes out: once a day it is told to somebody who cannot change this machine, and whom this machine cannot change.
//!
//! Each way is told by itself, tried again an hour after it failed, and remembered in the records; what was told is an
//! entry of the log. A way that has not been told for two days is a warning of `/readyz`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::{Category, Cause, Event, Head, append, chain};
use crate::reading::Timestamp;
use crate::store::StoreError;

/// How often a way is told.
const EVERY_MS: i64 = 86_400_000;
/// How long after a failure it is tried again.
const AGAIN_MS: i64 = 3_600_000;
/// How old the last telling may be before it is a warning.
pub const STALE_MS: i64 = 2 * EVERY_MS;

/// A way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `[audit] head_file`.
    File,
    /// `[audit] head_url`.
    Url,
}

impl Way {
    /// Its name in the file and in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Way::File => "head_file",
            Way::Url => "head_url",
        }
    }
}

/// What became of a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When it was last told; none when never.
    pub at: Option<Timestamp>,
    /// Why it failed since.
    pub error: Option<String>,
}

/// What was last told this way.
///
/// # Errors
/// The file cannot be read.
pub fn told(connection: &Connection, way: Way) -> Result<Told, StoreError> {
    let sql = "SELECT told_at, error FROM audit_told WHERE way = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Told { at: row.get::<_, Option<i64>>(0)?.map(Timestamp::from_millis), error: row.get(1)? })
    };
    let found = connection.prepare_cached(sql)?.query_row([way.code()], row).optional()?;
    Ok(found.unwrap_or(Told { at: None, error: None }))
}

/// The head to tell this way now, when it is time.
///
/// # Errors
/// The file cannot be read.
pub fn due(connection: &Connection, way: Way, now: Timestamp) -> Result<Option<Head>, StoreError> {
    let sql = "SELECT told_at, tried_at FROM audit_told WHERE way = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, i64>(1)?));
    let found = connection.prepare_cached(sql)?.query_row([way.code()], row).optional()?;
    let due = found.is_none_or(|(told, tried)| {
        // A clock that was set back does not silence a way.
        let over = |since: i64, wait: i64| !(0..wait).contains(&(now.millis() - since));
        told.is_none_or(|told| over(told, EVERY_MS)) && (told == Some(tried) || over(tried, AGAIN_MS))
    });
    let head = chain::last(connection)?;
    Ok((due && head.id > 0).then_some(head))
}

/// Remembers what became of telling `head` this way.
///
/// # Errors
/// The file cannot be written.
pub fn remember(
    connection: &Connection,
    way: Way,
    now: Timestamp,
    head: Head,
    result: Result<(), String>,
) -> Result<(), StoreError> {
    let told = result.is_ok().then_some(now.millis());
    let sql = "INSERT INTO audit_told(way, told_at, tried_at, error) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET told_at = coalesce(excluded.told_at, told_at), tried_at = excluded.tried_at,
            error = excluded.error";
    connection.prepare_cached(sql)?.execute((way.code(), told, now.millis(), result.as_ref().err()))?;
    let event = Event {
        category: Category::Audit,
        what: "tell head",
        subject: way.code(),
        done: result.is_ok(),
        before: None,
        after: Some(json!({ "head": head.to_string() })),
    };
    append(connection, now, Cause::gateway("gateway", ""), event)?;
    Ok(())
}

/// Adds a line to a file, which is made when it is not there: `time municipality number:hash`.
///
/// # Errors
/// What the system says.
pub fn tell_file(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}

/// The line that a file gets.
pub fn line(now: Timestamp, municipality: &str, head: Head) -> String {
    let name: String = municipality.split_whitespace().collect::<Vec<_>>().join("-");
    format!("{now} {name} {head}")
}
