//! The roster as rows: turns are added and ended, each with its entry of the audit log.

use rusqlite::Connection;
use serde_json::json;

use super::super::roster::Turn;
use super::rows::parsed;
use super::{Alerts, AlertsError};
use crate::audit::{self, Category, Cause, Event};
use crate::store::StoreError;

/// Turns of the roster at most.
const TURNS_MAX: usize = 500;

impl Alerts {
    /// Adds a turn to the roster.
    ///
    /// # Errors
    /// [`AlertsError::TooMany`], [`AlertsError::Span`] where its last day is before its first, or the records cannot be written.
    pub fn add_turn(&self, cause: Cause<'_>, turn: &Turn) -> Result<u64, AlertsError> {
        if turn.first.zip(turn.last).is_some_and(|(first, last)| last < first) {
            return Err(AlertsError::Span);
        }
        self.change(|file, board, now| {
            if board.turns.len() >= TURNS_MAX {
                return Err(AlertsError::TooMany);
            }
            let sql = "INSERT INTO on_call(json, at, by) VALUES (?1, ?2, ?3)";
            file.prepare_cached(sql)?.execute((json!(turn).to_string(), now.millis(), cause.actor))?;
            let id = file.last_insert_rowid() as u64;
            let event = Event::done(Category::Alerts, "put on call", &turn.person).with(None, Some(json!(turn)));
            audit::append(file, now, cause, event)?;
            board.turns = all(file)?.into();
            Ok(id)
        })
    }

    /// Takes a turn out of the roster.
    ///
    /// # Errors
    /// [`AlertsError::Unknown`], or the records cannot be written.
    pub fn end_turn(&self, cause: Cause<'_>, id: u64) -> Result<(), AlertsError> {
        self.change(|file, board, now| {
            let turn = board.turns.iter().find(|(known, _)| *known == id).ok_or(AlertsError::Unknown)?.1.clone();
            file.prepare_cached("DELETE FROM on_call WHERE id = ?1")?.execute([id as i64])?;
            let event = Event::done(Category::Alerts, "take off call", &turn.person).with(Some(json!(turn)), None);
            audit::append(file, now, cause, event)?;
            board.turns = all(file)?.into();
            Ok(())
        })
    }
}

pub(super) fn all(file: &Connection) -> Result<Vec<(u64, Turn)>, StoreError> {
    let mut statement = file.prepare_cached("SELECT id, json FROM on_call ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)? as u64, parsed(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
