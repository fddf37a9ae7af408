//! A signed copy of those entries of the log that are about something, without telling the others.
//!
//! Each entry stands with the hash of the one before it in the log, so that its own hash can be followed; where two stand next to
//! each other in the log, so do their hashes. That the entries left out are there as well is shown by the log itself, whose
//! `audit verify` knows the same hashes, and by the head that the copy tells.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::chain::{self, hex};
use super::export::{Checked, ENTRIES_MAX, ExportError, Signer, described, undescribed, unhex};
use super::{COLUMNS, Category, Cause, Event, Head, append, read};
use crate::reading::Timestamp;

/// The first line's `format`.
pub(super) const FORMAT: &str = "city-gateway audit selection 1";

/// The signed copy, as lines, of the entries of `[from, until)` whose subjects are among these; that it was taken is an entry
/// itself, under `about`. Gives how many there are, too.
///
/// # Errors
/// The records cannot be read or written, or there are more than [`ENTRIES_MAX`].
pub fn write(
    records: &mut Connection,
    signer: &Signer,
    (municipality, about): (&str, &str),
    subjects: &BTreeSet<String>,
    (from, until): (Timestamp, Timestamp),
    (now, cause): (Timestamp, Cause<'_>),
) -> Result<(String, u64), ExportError> {
    // Others go on writing meanwhile: what is read is as of now.
    let reading = records.transaction()?;
    let mut before = chain::start(&reading)?;
    let mut lines = Vec::new();
    {
        let mut statement = reading.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY id"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let entry = read(row)?;
            let head = Head { id: entry.id, hash: entry.hash };
            if subjects.contains(&entry.subject) && entry.at >= from && entry.at < until {
                if lines.len() >= ENTRIES_MAX {
                    return Err(ExportError::TooMany(ENTRIES_MAX));
                }
                let mut line = described(&entry);
                line["previous"] = json!(hex(&before.hash));
                lines.push(line);
            }
            before = head;
        }
    }
    drop(reading);
    let first = json!({
        "format": FORMAT,
        "municipality": municipality,
        "exported_at": now.to_string(),
        "about": about,
        "from": from.to_string(),
        "until": until.to_string(),
        "entries": lines.len(),
        "head": before.to_string(),
    });
    let mut text = format!("{first}\n");
    for line in &lines {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&signer.signature(&text));
    let after = json!({ "entries": lines.len(), "from": from.to_string(), "until": until.to_string() });
    let transaction = records.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    append(&transaction, now, cause, Event::done(Category::Audit, "export", about).with(None, Some(after)))?;
    transaction.commit()?;
    Ok((text, lines.len() as u64))
}

/// Follows the entries of a selection whose signature is sound. `lines` are numbered from 2.
pub(super) fn follow<'a>(
    lines: impl Iterator<Item = (&'a str, usize)>,
    public_key: String,
) -> Result<Checked, ExportError> {
    let mut last: Option<Head> = None;
    let mut entries = 0;
    for (line, number) in lines {
        let entry = undescribed(line).ok_or(ExportError::Line(number))?;
        let value: Value = serde_json::from_str(line).map_err(|_| ExportError::Line(number))?;
        let previous = value["previous"].as_str().and_then(unhex).and_then(|hash| hash.try_into().ok());
        let previous: [u8; 32] = previous.ok_or(ExportError::Line(number))?;
        let in_order = last.is_none_or(|last| entry.id > last.id && (entry.id > last.id + 1 || previous == last.hash));
        if !in_order || chain::hash(&previous, &entry) != entry.hash {
            return Err(ExportError::Chain(entry.id));
        }
        last = Some(Head { id: entry.id, hash: entry.hash });
        entries += 1;
    }
    let head = last.unwrap_or(Head { id: 0, hash: [0; 32] });
    Ok(Checked { entries, head, public_key, is_whole: false })
}
