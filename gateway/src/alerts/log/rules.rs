//! Rules of the page as rows.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;

use super::super::rules::{Rules, Written};
use super::{Alerts, AlertsError};
use crate::audit::{self, Category, Cause, Event};
use crate::catalogue::alerts::RULES_MAX;
use crate::reading::Timestamp;
use crate::store::StoreError;

impl Alerts {
    /// Writes a rule, in place of the one of its code; the caller has read it by [`super::super::rules::one`].
    ///
    /// # Errors
    /// [`AlertsError::TooMany`], or the records cannot be written.
    pub fn set_rule(&self, cause: Cause<'_>, code: &str, toml: &str) -> Result<(), AlertsError> {
        self.write_rule(cause, code, Some(toml), false, "set rule")
    }

    /// Lets a rule rest, or wakes it.
    ///
    /// # Errors
    /// [`AlertsError::Unknown`], or the records cannot be written.
    pub fn rest_rule(&self, cause: Cause<'_>, code: &str, rests: bool) -> Result<(), AlertsError> {
        let board = self.board();
        let listed = board.rules.find(code).ok_or(AlertsError::Unknown)?;
        let toml = listed.written.as_ref().and_then(|written| written.toml.clone());
        self.write_rule(cause, code, toml.as_deref(), rests, if rests { "rest rule" } else { "wake rule" })
    }

    /// Takes away what was written of a rule: the catalogue's stands again, or there is none of that code.
    ///
    /// # Errors
    /// [`AlertsError::Unknown`], or the records cannot be written.
    pub fn drop_rule(&self, cause: Cause<'_>, code: &str) -> Result<(), AlertsError> {
        self.change(|file, board, now| {
            let before =
                written(file)?.into_iter().find(|written| *written.code == *code).ok_or(AlertsError::Unknown)?;
            file.prepare_cached("DELETE FROM alert_rule WHERE code = ?1")?.execute([code])?;
            let subject = format!("rule/{code}");
            let event = Event::done(Category::Alerts, "drop rule", &subject);
            audit::append(file, now, cause, event.with(Some(told(before.toml.as_deref(), before.rests)), None))?;
            board.rules = Arc::new(Rules::new(&self.catalogue, &written(file)?));
            Ok(())
        })
    }

    fn write_rule(
        &self,
        cause: Cause<'_>,
        code: &str,
        toml: Option<&str>,
        rests: bool,
        what: &str,
    ) -> Result<(), AlertsError> {
        self.change(|file, board, now| {
            let rows = written(file)?;
            let before = rows.iter().find(|written| *written.code == *code);
            if before.is_none() && rows.len() >= RULES_MAX {
                return Err(AlertsError::TooMany);
            }
            let sql = "INSERT INTO alert_rule(code, toml, rests, at, by) VALUES (?1, ?2, ?3, ?4, ?5)
                       ON CONFLICT(code) DO UPDATE SET toml = ?2, rests = ?3, at = ?4, by = ?5";
            file.prepare_cached(sql)?.execute((code, toml, rests, now.millis(), cause.actor))?;
            let before = before.map(|before| told(before.toml.as_deref(), before.rests));
            let subject = format!("rule/{code}");
            let event = Event::done(Category::Alerts, what, &subject).with(before, Some(told(toml, rests)));
            audit::append(file, now, cause, event)?;
            board.rules = Arc::new(Rules::new(&self.catalogue, &written(file)?));
            Ok(())
        })
    }
}

fn told(toml: Option<&str>, rests: bool) -> serde_json::Value {
    json!({ "rule": toml, "rests": rests })
}

pub(super) fn written(file: &Connection) -> Result<Vec<Written>, StoreError> {
    let mut statement = file.prepare_cached("SELECT code, toml, rests, at, by FROM alert_rule ORDER BY code")?;
    let rows = statement.query_map([], |row| {
        Ok(Written {
            code: row.get::<_, String>(0)?.into(),
            toml: row.get(1)?,
            rests: row.get(2)?,
            at: Timestamp::from_millis(row.get(3)?),
            by: row.get::<_, String>(4)?.into(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
