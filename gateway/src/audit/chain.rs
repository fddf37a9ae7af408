//! The chain: how an entry is hashed, and whether what the file holds is what was written.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256};
use rusqlite::Connection;

use super::{COLUMNS, Entry, read};
use crate::store::StoreError;

/// The first bytes that are hashed: what this is a hash of, and in which form.
const DOMAIN: &[u8] = b"city-gateway audit 1\0";

/// A place in the chain: an entry's number and its hash. As text `number:hash`, the hash in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The entry's number; 0 before the first.
    pub id: u64,
    /// Its hash; zeros before the first.
    pub hash: [u8; 32],
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id, hex(&self.hash))
    }
}

/// A text that is no [`Head`].
#[derive(Debug, thiserror::Error)]
#[error("a head is written as the number of an entry, a colon, and 64 hexadecimal digits")]
pub struct InvalidHead;

impl FromStr for Head {
    type Err = InvalidHead;

    fn from_str(text: &str) -> Result<Self, InvalidHead> {
        let (id, hash) = text.trim().split_once(':').ok_or(InvalidHead)?;
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidHead);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hash.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| InvalidHead)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidHead)?;
        }
        Ok(Self { id: id.parse().map_err(|_| InvalidHead)?, hash: bytes })
    }
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The entry is not what was written, or was put elsewhere.
    Altered(u64),
    /// Entries from the first number up to the second are not there.
    Missing(u64, u64),
    /// The head that somebody kept is of another chain.
    OtherHead(Head),
    /// The head that somebody kept lies before what was trimmed: it can no longer be held against the chain.
    Trimmed(Head),
    /// Entries up to that number are gone, and no run of the retention says so.
    Unvouched(u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Altered(id) => write!(f, "entry {id} was altered, or stands at another's place"),
            Fault::Missing(from, until) if from == until => write!(f, "entry {from} was removed"),
            Fault::Missing(from, until) => write!(f, "entries {from} to {until} were removed"),
            Fault::OtherHead(head) => {
                write!(f, "entry {} is another one than that whose head was kept: the chain was rewritten", head.id)
            }
            Fault::Unvouched(id) => {
                write!(f, "the entries up to {id} are gone, and no run of the retention says so")
            }
            Fault::Trimmed(head) => write!(f, "entry {} is older than what the log still holds", head.id),
        }
    }
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries looked at.
    pub entries: u64,
    /// The last of them.
    pub head: Head,
    /// What is wrong, in the log's order; the first [`FAULTS_MAX`].
    pub faults: Vec<Fault>,
}

/// Faults that are told one by one.
const FAULTS_MAX: usize = 100;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} entries. Head: {}", self.entries, self.head)?;
        for fault in &self.faults {
            writeln!(f, "  {fault}")?;
        }
        match self.faults.len() {
            0 => writeln!(f, "The chain is whole."),
            FAULTS_MAX => writeln!(f, "The chain is broken; there may be more."),
            _ => writeln!(f, "The chain is broken."),
        }
    }
}

/// Goes through the whole log. `kept` are heads that somebody else wrote down when they were the newest.
///
/// # Errors
/// The file cannot be read; what is wrong with the chain is no error but in the report.
pub fn verify(connection: &Connection, kept: &[Head]) -> Result<Report, StoreError> {
    let start = start(connection)?;
    let (mut entries, mut faults) = (0, Vec::new());
    let mut fault = |fault| {
        if faults.len() < FAULTS_MAX {
            faults.push(fault);
        }
    };
    let mut heads: HashMap<u64, Vec<&Head>> = HashMap::new();
    for head in kept {
        heads.entry(head.id).or_default().push(head);
        if head.id < start.id {
            fault(Fault::Trimmed(*head));
        }
    }
    let mut vouched = start.id == 0;
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY id"))?;
    let mut rows = statement.query([])?;
    let mut before = start;
    while let Some(row) = rows.next()? {
        // A row whose columns have other types than are ever written is an altered one.
        let Ok(entry) = read(row) else {
            let id = row.get::<_, i64>(0)? as u64;
            fault(Fault::Altered(id));
            before.id = id;
            continue;
        };
        if entry.id > before.id + 1 {
            fault(Fault::Missing(before.id + 1, entry.id - 1));
        } else if hash(&before.hash, &entry) != entry.hash {
            fault(Fault::Altered(entry.id));
        }
        for head in heads.get(&entry.id).into_iter().flatten().filter(|head| head.hash != entry.hash) {
            fault(Fault::OtherHead(**head));
        }
        vouched = vouched || tells_trim(&entry, start);
        // Each fault is told once: the chain goes on from what stands here.
        before = Head { id: entry.id, hash: entry.hash };
        entries += 1;
    }
    if !vouched {
        fault(Fault::Unvouched(start.id));
    }
    // SQLite keeps the greatest number it ever gave.
    let given = given(connection)?.max(kept.iter().map(|head| head.id).max().unwrap_or(0));
    if given > before.id {
        fault(Fault::Missing(before.id + 1, given));
    }
    Ok(Report { entries, head: before, faults })
}

/// Whether an entry says that the log was trimmed to that place.
fn tells_trim(entry: &Entry, start: Head) -> bool {
    if entry.what != "trim" || !entry.done {
        return false;
    }
    let after = entry.after_json.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    after.is_some_and(|after| after["until"] == start.id && after["hash"] == hex(&start.hash))
}

/// The newest entry, or where the chain starts when there is none.
pub(super) fn last(connection: &Connection) -> Result<Head, StoreError> {
    use rusqlite::OptionalExtension;
    let sql = "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1";
    let head = connection.prepare_cached(sql)?.query_row([], head).optional()?;
    head.map_or_else(|| start(connection), Ok)
}

/// What stands before the first entry that the log still holds.
pub(super) fn start(connection: &Connection) -> Result<Head, StoreError> {
    Ok(connection.prepare_cached("SELECT id, hash FROM audit_start")?.query_row([], head)?)
}

fn head(row: &rusqlite::Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head { id: row.get::<_, i64>(0)? as u64, hash: row.get(1)? })
}

fn given(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'";
    Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))? as u64)
}

/// SHA-256 over [`DOMAIN`], the hash before, and each field with its length in front; what is not there has none.
pub(super) fn hash(before: &[u8; 32], entry: &Entry) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(DOMAIN);
    context.update(before);
    context.update(&entry.id.to_be_bytes());
    context.update(&entry.at.millis().to_be_bytes());
    context.update(&[u8::from(entry.done)]);
    let texts = [&entry.actor, &entry.source, &entry.category, &entry.what, &entry.subject, &entry.reason];
    let present = texts.into_iter().map(Some);
    for text in present.chain([entry.before_json.as_ref(), entry.after_json.as_ref()]) {
        match text {
            None => context.update(&u64::MAX.to_be_bytes()),
            Some(text) => {
                context.update(&(text.len() as u64).to_be_bytes());
                context.update(text.as_bytes());
            }
        }
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
