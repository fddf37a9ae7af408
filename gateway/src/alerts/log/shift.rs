//! The log of shifts: what those who watch tell those who come after them.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::acts::bounded;
use super::rows::parsed;
use super::{Alerts, AlertsError};
use crate::audit::{self, Category, Cause, Event};
use crate::operations::step::Hand;
use crate::reading::Timestamp;

/// What a note is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ShiftKind {
    /// Something that happened.
    Note,
    /// The watch is handed over, to whom if that is known.
    HandedOver {
        /// By pseudonym.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Box<str>>,
    },
    /// The watch is taken over.
    TakenOver,
}

/// A note of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftNote {
    /// Its number.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who, by pseudonym.
    pub by: Hand,
    /// What it is.
    pub kind: ShiftKind,
    /// What they say.
    pub text: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    kind: ShiftKind,
    text: String,
}

impl Alerts {
    /// Writes a note into the log of shifts.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn add_shift_note(&self, cause: Cause<'_>, kind: ShiftKind, text: &str) -> Result<u64, AlertsError> {
        self.change(|file, _, now| {
            let kept = json!(Kept { kind: kind.clone(), text: bounded(text) });
            let sql = "INSERT INTO shift_note(at, by, json) VALUES (?1, ?2, ?3)";
            file.prepare_cached(sql)?.execute((now.millis(), cause.actor, kept.to_string()))?;
            let what = match kind {
                ShiftKind::Note => "note shift",
                ShiftKind::HandedOver { .. } => "hand over shift",
                ShiftKind::TakenOver => "take over shift",
            };
            audit::append(file, now, cause, Event::done(Category::Alerts, what, "shift").with(None, Some(kept)))?;
            Ok(file.last_insert_rowid() as u64)
        })
    }

    /// Notes before a number, the newest first, `top` at most.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn shift_notes(&self, before: Option<u64>, top: usize) -> Result<Vec<ShiftNote>, AlertsError> {
        let file = crate::secret::locked(&self.file);
        let sql =
            "SELECT number, at, by, json FROM shift_note WHERE ?1 IS NULL OR number < ?1 ORDER BY number DESC LIMIT ?2";
        let mut statement = file.prepare_cached(sql)?;
        let rows = statement.query_map((before.map(|before| before as i64), top as i64), |row| {
            let Kept { kind, text } = parsed(row, 3)?;
            Ok(ShiftNote {
                number: row.get::<_, i64>(0)? as u64,
                at: Timestamp::from_millis(row.get(1)?),
                by: Hand(row.get::<_, String>(2)?.into()),
                kind,
                text,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
