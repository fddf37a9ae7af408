//! Photographs and documents that nothing names: sent from a phone whose form never came. They go when their time is over.
//!
//! What a step or a piece of equipment names, or named once, stays for good. Who sends one again begins its time anew: a document goes when it was
//! neither written down nor sent since.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

use super::{Book, BookError, Shelf};
use crate::audit::{self, Category, Cause, Event};
use crate::reading::Timestamp;
use crate::secret::locked;
use crate::store::{StoreError, records};

/// Documents that one run takes away; what is left goes with the next.
const REMOVED_MAX: usize = 1_000;

impl Book {
    /// Takes away documents that were kept before `limit` and that nothing names, and says so in the audit log. Says how many.
    ///
    /// # Errors
    /// The records cannot be read or written, or a file not be removed.
    pub fn forget_documents(&self, limit: Timestamp) -> Result<usize, BookError> {
        // Every step is looked at: beside the others, not before them.
        let records = self.folder.parent().unwrap_or(&self.folder).join(records::FILE);
        let reader = records::open_reader(&records).map_err(StoreError::Open)?;
        let mut unnamed = kept_before(&reader, limit)?;
        unnamed.retain(|sha256| self.was_sent_before(sha256, limit));
        if unnamed.is_empty() {
            return Ok(0);
        }
        let seen = take_out_named(&reader, [0; 2], &mut unnamed)?;
        drop(reader);
        let unnamed_on = |shelf: &Shelf, unnamed: &mut BTreeSet<String>| {
            for held in shelf.all() {
                let consents = held.asset.nodes.iter().filter_map(|mount| mount.consent.as_ref());
                for sha256 in held.asset.files.iter().chain(consents) {
                    unnamed.remove(&**sha256);
                }
            }
        };
        unnamed_on(&*self.shelf()?, &mut unnamed);
        if unnamed.is_empty() {
            return Ok(0);
        }

        // Nothing is written from here on: what came meanwhile is looked at once more.
        let mut file = locked(&self.file);
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        take_out_named(&transaction, seen, &mut unnamed)?;
        unnamed_on(&super::assets::load(&transaction)?, &mut unnamed);
        unnamed.retain(|sha256| self.was_sent_before(sha256, limit));
        let gone: Vec<String> = unnamed.into_iter().take(REMOVED_MAX).collect();
        if gone.is_empty() {
            return Ok(0);
        }
        for sha256 in &gone {
            // The file first: a row without one is no document, and goes with the next run.
            match fs::remove_file(self.path(sha256)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
            transaction.prepare_cached("DELETE FROM document WHERE sha256 = ?1")?.execute([sha256])?;
        }
        let after = json!({ "documents": gone.len(), "documents_before": limit.to_string(), "sha256": gone });
        let event = Event::done(Category::Data, "retention", "equipment").with(None, Some(after));
        audit::append(&transaction, self.clock.now(), Cause::gateway("gateway", "[retention] documents_days"), event)?;
        transaction.commit()?;
        Ok(gone.len())
    }

    /// Whether nobody sent it since, as far as its file tells; one whose file is gone was.
    fn was_sent_before(&self, sha256: &str, limit: Timestamp) -> bool {
        let limit = UNIX_EPOCH + Duration::from_millis(limit.millis().max(0).unsigned_abs());
        match fs::metadata(self.path(sha256)).and_then(|file| file.modified()) {
            Ok(sent) => sent < limit,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

fn kept_before(file: &Connection, limit: Timestamp) -> Result<BTreeSet<String>, StoreError> {
    let mut statement = file.prepare("SELECT sha256 FROM document WHERE at < ?1")?;
    let rows = statement.query_map([limit.millis()], |row| row.get::<_, String>(0))?;
    let known = |sha256: &String| sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().filter(known).collect())
}

/// What names documents: steps, with their forms, and what equipment was before it was changed.
const NAMING: [&str; 2] = [
    "SELECT number, json, form FROM step WHERE number > ?1 ORDER BY number",
    "SELECT id, before_json, NULL FROM audit WHERE id > ?1 AND category = 'equipment' AND what = 'change' ORDER BY id",
];

/// Takes out what is named after those numbers, wherever it stands; gives the last numbers.
fn take_out_named(file: &Connection, after: [i64; 2], unnamed: &mut BTreeSet<String>) -> Result<[i64; 2], StoreError> {
    let mut last = after;
    for (naming, last) in NAMING.into_iter().zip(&mut last) {
        let mut statement = file.prepare(naming)?;
        let mut rows = statement.query([*last])?;
        while let Some(row) = rows.next()? {
            *last = row.get(0)?;
            for column in [1, 2] {
                let text = row.get_ref(column)?.as_str_or_null().ok().flatten().unwrap_or_default();
                for sum in sums(text) {
                    unnamed.remove(sum);
                }
            }
        }
    }
    Ok(last)
}

/// All that could be a sum in a text.
fn sums(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() == 64)
}
