//! The audit log: what was changed, who signed in, who was refused. Append-only, each entry chained to the one before.
//!
//! An entry's hash is SHA-256 over its fields and the hash of the entry before it, so that whoever alters, removes or
//! reorders an entry breaks the chain from there on ([`verify`]). Who may write the file could rewrite the chain as a
//! whole: its [`Head`] is told to somebody else once a day ([`beacon`]), and [`verify`] holds the chain against it.
//! The oldest entries go when their time is over ([`trim`]); the chain then begins at the entry before them.
//!
//! Entries stand in `records.db` and are written in the transaction of what they tell of: neither is there without the
//! other. People are pseudonyms here (`person/…`), so that erasing a person leaves the chain whole. The fields follow
//! IEC 62443-4-2, CR 2.8: timestamp, source, category, type, event id, result.

pub mod beacon;
mod chain;
pub mod cli;
pub mod export;
pub mod selection;

use rusqlite::{Connection, OptionalExtension, Row};

pub(crate) use chain::hex;
pub use chain::{Fault, Head, InvalidHead, Report, verify};

use crate::reading::Timestamp;
use crate::store::StoreError;

/// Who does something, from where, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause<'a> {
    /// `person/…`, `token/…`, `node/…`, `command line: …` or a part of the gateway.
    pub actor: &'a str,
    /// An address, `command line`, or empty for the gateway itself.
    pub source: &'a str,
    /// In the person's words; may be empty.
    pub reason: &'a str,
}

impl<'a> Cause<'a> {
    /// What a part of the gateway does of itself.
    pub const fn gateway(actor: &'a str, reason: &'a str) -> Self {
        Self { actor, source: "", reason }
    }
}

/// What entries are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Nodes, placements, calibrations, commands.
    Registry,
    /// Accounts, roles, tokens.
    People,
    /// Sign-ins, sign-outs, refusals.
    Access,
    /// Equipment: what stands where, and what was done about it.
    Equipment,
    /// Alerts: what was raised, who answered, who is on call.
    Alerts,
    /// Certificates and keys.
    Keys,
    /// Retention, erasure, backup, export.
    Data,
    /// The audit log itself.
    Audit,
}

impl Category {
    /// All of them, in the order that pages show them in.
    pub const ALL: [Category; 8] = [
        Self::Access,
        Self::People,
        Self::Registry,
        Self::Equipment,
        Self::Alerts,
        Self::Keys,
        Self::Data,
        Self::Audit,
    ];

    /// Its name in the file.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::People => "people",
            Self::Access => "access",
            Self::Equipment => "equipment",
            Self::Alerts => "alerts",
            Self::Keys => "keys",
            Self::Data => "data",
            Self::Audit => "audit",
        }
    }

    /// The category of that name.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.code() == code)
    }
}

/// What is to be written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// What it is about.
    pub category: Category,
    /// What was done or tried: `add`, `sign in`, `revoke`, …
    pub what: &'a str,
    /// To what: `node/…`, `person/…`, `token/…`.
    pub subject: &'a str,
    /// Whether it was done; else it was tried and refused.
    pub done: bool,
    /// What was there before.
    pub before: Option<serde_json::Value>,
    /// What is there after.
    pub after: Option<serde_json::Value>,
}

impl<'a> Event<'a> {
    /// Something that was done.
    pub const fn done(category: Category, what: &'a str, subject: &'a str) -> Self {
        Self { category, what, subject, done: true, before: None, after: None }
    }

    /// Something that was refused.
    pub const fn refused(category: Category, what: &'a str, subject: &'a str) -> Self {
        Self { category, what, subject, done: false, before: None, after: None }
    }

    /// With what was before and what is after.
    #[must_use]
    pub fn with(mut self, before: Option<serde_json::Value>, after: Option<serde_json::Value>) -> Self {
        (self.before, self.after) = (before, after);
        self
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number; entries are numbered without gaps.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// From where; empty for the gateway itself.
    pub source: String,
    /// What it is about, as [`Category::code`].
    pub category: String,
    /// What was done or tried.
    pub what: String,
    /// To what.
    pub subject: String,
    /// Whether it was done; else it was refused.
    pub done: bool,
    /// What was there before, as JSON.
    pub before_json: Option<String>,
    /// What is there after, as JSON.
    pub after_json: Option<String>,
    /// Why.
    pub reason: String,
    /// SHA-256 over all of this and the hash of the entry before.
    pub hash: [u8; 32],
}

/// Writes an entry, within the caller's transaction, which is to be an immediate one.
///
/// # Errors
/// The file cannot be read or written.
pub fn append(connection: &Connection, at: Timestamp, cause: Cause<'_>, event: Event<'_>) -> Result<u64, StoreError> {
    let last = chain::last(connection)?;
    let json = |value: Option<serde_json::Value>| value.map(|value| value.to_string());
    let mut entry = Entry {
        id: last.id + 1,
        at,
        actor: cause.actor.to_owned(),
        source: cause.source.to_owned(),
        category: event.category.code().to_owned(),
        what: event.what.to_owned(),
        subject: event.subject.to_owned(),
        done: event.done,
        before_json: json(event.before),
        after_json: json(event.after),
        reason: cause.reason.to_owned(),
        hash: [0; 32],
    };
    entry.hash = chain::hash(&last.hash, &entry);
    let sql = "INSERT INTO audit
        (id, at, actor, source, category, what, subject, done, before_json, after_json, reason, hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let row = rusqlite::params![
        entry.id as i64,
        at.millis(),
        entry.actor,
        entry.source,
        entry.category,
        entry.what,
        entry.subject,
        entry.done,
        entry.before_json,
        entry.after_json,
        entry.reason,
        entry.hash,
    ];
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(entry.id)
}

/// Which entries are looked for. What is none or empty does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Entries before this number: the next page.
    pub before: Option<u64>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Who.
    pub actor: String,
    /// To what.
    pub subject: String,
    /// What it is about.
    pub category: Option<Category>,
    /// Only what was refused.
    pub refused: bool,
    /// Text anywhere in it.
    pub text: String,
}

const COLUMNS: &str = "id, at, actor, source, category, what, subject, done, before_json, after_json, reason, hash";

/// Entries, newest first, `top` at most. Capital and small letters are the same, Greek ones too.
///
/// # Errors
/// The file cannot be read.
pub fn list(connection: &Connection, search: &Search, top: usize) -> Result<Vec<Entry>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit
         WHERE (?1 IS NULL OR id < ?1) AND (?2 IS NULL OR at >= ?2) AND (?3 IS NULL OR at < ?3)
           AND (?4 = '' OR actor = ?4) AND (?5 = '' OR subject = ?5) AND (?6 IS NULL OR category = ?6)
           AND (NOT ?7 OR NOT done)
         ORDER BY id DESC"
    );
    let values = rusqlite::params![
        search.before.map(|id| id as i64),
        search.from.map(Timestamp::millis),
        search.until.map(Timestamp::millis),
        search.actor,
        search.subject,
        search.category.map(Category::code),
        search.refused,
    ];
    let text = search.text.to_lowercase();
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if found.len() >= top {
            break;
        }
        let entry = read(row)?;
        if text.is_empty() || entry.has(&text) {
            found.push(entry);
        }
    }
    Ok(found)
}

impl Entry {
    /// Whether that text, in small letters, stands anywhere in it.
    fn has(&self, text: &str) -> bool {
        let parts = [&self.what, &self.subject, &self.actor, &self.source, &self.reason];
        let json = [&self.before_json, &self.after_json].into_iter().flatten();
        parts.into_iter().chain(json).any(|part| part.to_lowercase().contains(text))
    }
}

/// One entry.
///
/// # Errors
/// The file cannot be read.
pub fn one(connection: &Connection, id: u64) -> Result<Option<Entry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE id = ?1");
    Ok(connection.prepare_cached(&sql)?.query_row([id as i64], read).optional()?)
}

/// The newest entry, to be kept where nobody here can change it.
///
/// # Errors
/// The file cannot be read.
pub fn head(connection: &Connection) -> Result<Head, StoreError> {
    chain::last(connection)
}

/// Takes away what was written before `limit`, and says in the log what went. The newest entry always stays.
///
/// # Errors
/// The file cannot be read or written.
pub fn trim(connection: &Connection, now: Timestamp, limit: Timestamp) -> Result<u64, StoreError> {
    let last = chain::last(connection)?;
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE at < ?1 AND id < ?2 ORDER BY id DESC LIMIT 1");
    let newest = connection.prepare_cached(&sql)?.query_row((limit.millis(), last.id as i64), read).optional()?;
    let Some(newest) = newest else { return Ok(0) };
    let first = chain::start(connection)?;
    // The chain is cut at one place: what is older than an entry with a younger time goes with it.
    connection.prepare_cached("UPDATE audit_start SET id = ?1, hash = ?2")?.execute((newest.id as i64, newest.hash))?;
    connection.prepare_cached("DELETE FROM audit WHERE id <= ?1")?.execute([newest.id as i64])?;
    let cause = Cause::gateway("gateway", "[retention] audit_days");
    let after = serde_json::json!({
        "until": newest.id,
        "hash": chain::hex(&newest.hash),
        "entries": newest.id - first.id,
    });
    let event = Event::done(Category::Audit, "trim", "audit").with(None, Some(after));
    append(connection, now, cause, event)?;
    Ok(newest.id - first.id)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: row.get::<_, i64>(0)? as u64,
        at: Timestamp::from_millis(row.get(1)?),
        actor: row.get(2)?,
        source: row.get(3)?,
        category: row.get(4)?,
        what: row.get(5)?,
        subject: row.get(6)?,
        done: row.get(7)?,
        before_json: row.get(8)?,
        after_json: row.get(9)?,
        reason: row.get(10)?,
        hash: row.get(11)?,
    })
}

/// Takes the changes that were written before there was a chain into it, in their order. Does nothing once it is done.
///
/// # Errors
/// The file cannot be read or written.
pub fn adopt(connection: &mut Connection) -> Result<(), StoreError> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'change'";
    if connection.query_row(there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have been first.
    if transaction.query_row(there, [], |row| row.get::<_, i64>(0))? == 1 {
        let sql = "SELECT at, actor, what, subject, before_json, after_json, reason FROM change ORDER BY id";
        let mut statement = transaction.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text = |column| row.get::<_, String>(column);
            let json = |column| -> rusqlite::Result<Option<serde_json::Value>> {
                Ok(row.get::<_, Option<String>>(column)?.and_then(|text| serde_json::from_str(&text).ok()))
            };
            let (actor, what, subject, reason) = (text(1)?, text(2)?, text(3)?, text(6)?);
            let cause = Cause { actor: &actor, source: "", reason: &reason };
            let event = Event::done(Category::Registry, &what, &subject).with(json(4)?, json(5)?);
            append(&transaction, Timestamp::from_millis(row.get(0)?), cause, event)?;
        }
        drop(rows);
        drop(statement);
        transaction.execute_batch("DROP TABLE change")?;
    }
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests;
