//! A signed copy of the log for somebody else: NDJSON, its last line an ed25519 signature over all lines before.
//!
//! The first line says what it is: whose log, which span, what the chain was before the first entry. Whoever has the
//! public key can check the signature without us, and [`check`] the chain within. The key is made at the first export
//! and stays in the data folder, readable by its owner alone.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::chain::{self, hex};
use super::{COLUMNS, Category, Cause, Entry, Event, Head, append, read, selection};
use crate::reading::Timestamp;
use crate::store::StoreError;

/// The key's file in the data folder.
pub const KEY_FILE: &str = "audit-signing.key";
/// Most entries of one export, which is signed as a whole.
pub const ENTRIES_MAX: usize = 200_000;
const FORMAT: &str = "city-gateway audit export 1";

/// Why a log could not be exported, or an export not be believed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The records could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key or the export could not be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The key's file holds no key.
    #[error("{KEY_FILE} holds no key: take it from a backup")]
    Key,
    /// What was given is no export, or a line of it is none.
    #[error("line {0} is not of an audit export")]
    Line(usize),
    /// The span holds more than one export does.
    #[error("the span holds more than {0} entries: export it in parts")]
    TooMany(usize),
    /// The signature is not over these lines by that key.
    #[error("the signature is not over these lines, or by another key")]
    Signature,
    /// The lines are signed, and the chain within is broken.
    #[error("entry {0} does not follow from the one before it")]
    Chain(u64),
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The key that exports are signed with.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// The key in the data folder, made when there is none.
    ///
    /// # Errors
    /// The file cannot be read or written, or holds no key.
    pub fn open(folder: &Path) -> Result<Self, ExportError> {
        let path = folder.join(KEY_FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| ExportError::Key)?;
                // Whole or not at all: a key half written would end all exports.
                let partial = folder.join(format!("{KEY_FILE}.partial"));
                let _ = std::fs::remove_file(&partial);
                let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&partial)?;
                file.write_all(fresh.as_ref())?;
                file.sync_all()?;
                std::fs::rename(&partial, &path)?;
                std::fs::File::open(folder)?.sync_all()?;
                fresh.as_ref().to_vec()
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self(Ed25519KeyPair::from_pkcs8(&bytes).map_err(|_| ExportError::Key)?))
    }

    /// The last line of a signed copy: the signature over all lines before.
    pub(super) fn signature(&self, text: &str) -> String {
        let signature = hex(self.0.sign(text.as_bytes()).as_ref());
        format!("{}\n", json!({ "algorithm": "ed25519", "public_key": self.public_key(), "signature": signature }))
    }

    /// What others check signatures with, in hexadecimal.
    pub fn public_key(&self) -> String {
        hex(self.0.public_key().as_ref())
    }
}

/// Writes the entries of `[from, until)` and says in the log that it did. Gives how many there are.
///
/// # Errors
/// The records cannot be read or written, or `out` cannot.
pub fn write(
    records: &mut Connection,
    signer: &Signer,
    municipality: &str,
    (from, until): (Timestamp, Timestamp),
    (now, cause): (Timestamp, Cause<'_>),
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    // Others go on writing meanwhile: what is read is as of now.
    let reading = records.transaction()?;
    let transaction = &reading;
    let mut entries = Vec::new();
    let mut before = chain::start(transaction)?;
    {
        let mut statement = transaction.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY id"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let entry = read(row)?;
            if entry.at >= until {
                break;
            }
            if entry.at < from && entries.is_empty() {
                before = Head { id: entry.id, hash: entry.hash };
            } else if entries.len() >= ENTRIES_MAX {
                return Err(ExportError::TooMany(ENTRIES_MAX));
            } else {
                entries.push(entry);
            }
        }
    }
    drop(reading);
    let first = json!({
        "format": FORMAT,
        "municipality": municipality,
        "exported_at": now.to_string(),
        "from": from.to_string(),
        "until": until.to_string(),
        "entries": entries.len(),
        "before": before.to_string(),
    });
    let mut text = format!("{first}\n");
    for entry in &entries {
        text.push_str(&format!("{}\n", described(entry)));
    }
    text.push_str(&signer.signature(&text));
    let after = json!({ "entries": entries.len(), "from": from.to_string(), "until": until.to_string() });
    let transaction = records.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    append(&transaction, now, cause, Event::done(Category::Audit, "export", "audit").with(None, Some(after)))?;
    transaction.commit()?;
    out.write_all(text.as_bytes())?;
    Ok(entries.len() as u64)
}

/// What [`check`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Entries in it.
    pub entries: u64,
    /// The last of them.
    pub head: Head,
    /// Who signed it.
    pub public_key: String,
    /// Whether it holds every entry of its span; else it is a selection.
    pub is_whole: bool,
}

/// Whether an export is what was signed, by `key` when one is given, and its chain whole.
///
/// # Errors
/// [`ExportError`] says what is wrong.
pub fn check(text: &str, key: Option<&str>) -> Result<Checked, ExportError> {
    let body = text.trim_end_matches('\n');
    let (signed, last) = body.rsplit_once('\n').ok_or(ExportError::Line(1))?;
    let count = signed.lines().count();
    let signature: Signature = serde_json::from_str(last).map_err(|_| ExportError::Line(count + 1))?;
    let bytes = |text: &str| unhex(text).ok_or(ExportError::Line(count + 1));
    let public = UnparsedPublicKey::new(&ED25519, bytes(&signature.public_key)?);
    let over = format!("{signed}\n");
    let sound = public.verify(over.as_bytes(), &bytes(&signature.signature)?).is_ok();
    if !sound || key.is_some_and(|key| !key.eq_ignore_ascii_case(&signature.public_key)) {
        return Err(ExportError::Signature);
    }
    let mut lines = signed.lines().zip(1..);
    let first: Value =
        lines.next().and_then(|(line, _)| serde_json::from_str(line).ok()).ok_or(ExportError::Line(1))?;
    if first["format"] == selection::FORMAT {
        return selection::follow(lines, signature.public_key);
    }
    if first["format"] != FORMAT {
        return Err(ExportError::Line(1));
    }
    let before = first["before"].as_str().and_then(|text| text.parse::<Head>().ok()).ok_or(ExportError::Line(1))?;
    let mut checked = Checked { entries: 0, head: before, public_key: signature.public_key, is_whole: true };
    for (line, number) in lines {
        let entry = undescribed(line).ok_or(ExportError::Line(number))?;
        if entry.id != checked.head.id + 1 || chain::hash(&checked.head.hash, &entry) != entry.hash {
            return Err(ExportError::Chain(entry.id));
        }
        checked.head = Head { id: entry.id, hash: entry.hash };
        checked.entries += 1;
    }
    Ok(checked)
}

#[derive(Deserialize)]
struct Signature {
    public_key: String,
    signature: String,
}

/// `before` and `after` stay the texts that were hashed.
pub(super) fn described(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "at": entry.at.to_string(),
        "at_ms": entry.at.millis(),
        "actor": entry.actor,
        "source": entry.source,
        "category": entry.category,
        "what": entry.what,
        "subject": entry.subject,
        "done": entry.done,
        "before_json": entry.before_json,
        "after_json": entry.after_json,
        "reason": entry.reason,
        "hash": hex(&entry.hash),
    })
}

pub(super) fn undescribed(line: &str) -> Option<Entry> {
    #[derive(Deserialize)]
    struct Line {
        id: u64,
        at_ms: i64,
        actor: String,
        source: String,
        category: String,
        what: String,
        subject: String,
        done: bool,
        before_json: Option<String>,
        after_json: Option<String>,
        reason: String,
        hash: String,
    }
    let line: Line = serde_json::from_str(line).ok()?;
    let Line { id, actor, source, category, what, subject, done, before_json, after_json, reason, .. } = line;
    let hash = unhex(&line.hash)?.try_into().ok()?;
    let at = Timestamp::from_millis(line.at_ms);
    Some(Entry { id, at, actor, source, category, what, subject, done, before_json, after_json, reason, hash })
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
