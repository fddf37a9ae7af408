//! Maintenance: a time in which something is expected to be silent or out of its limits, and raises nothing.

use rusqlite::Connection;
use serde_json::json;

use super::super::Subject;
use super::super::life::Facts;
use super::acts::bounded;
use super::{Alerts, AlertsError};
use crate::audit::{self, Category, Cause, Event};
use crate::operations::step::Hand;
use crate::reading::Timestamp;
use crate::store::StoreError;

/// Maintenance that is planned or goes on at most.
const PLANNED_MAX: usize = 1_000;
/// The longest.
const LENGTH_MAX_MS: i64 = 366 * 86_400_000;

/// A time in which what is under it raises nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// Its number.
    pub id: u64,
    /// What is under it: a node, a piece of equipment, a site, a community, the city.
    pub subject: Subject,
    /// From then,
    pub from: Timestamp,
    /// until then.
    pub until: Timestamp,
    /// Why.
    pub note: String,
    /// Who said so, by pseudonym.
    pub by: Hand,
}

impl Maintenance {
    /// Whether it goes on.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    /// Whether it rests a finding: about the same, about a node or piece of what is under it, or of its community.
    pub fn rests(&self, subject: &Subject, zone: Option<&str>, facts: &Facts, now: Timestamp) -> bool {
        let (kind, code) = self.subject.parts();
        let of = match kind {
            "city" => true,
            "zone" => zone == Some(code) || self.subject == *subject,
            "node" => self.subject == *subject || facts.node.as_deref() == Some(code),
            _ => self.subject == *subject,
        };
        // A wider finding whose members are all under maintenance is none either; that of one node is its own.
        let only = facts.members_count == 1 && facts.members.iter().any(|member| **member == *code);
        self.holds(now) && (of || only)
    }
}

impl Alerts {
    /// Plans maintenance, or begins it.
    ///
    /// # Errors
    /// [`AlertsError::Span`], [`AlertsError::TooMany`], or the records cannot be written.
    pub fn add_maintenance(
        &self,
        cause: Cause<'_>,
        subject: Subject,
        (from, until): (Timestamp, Timestamp),
        note: &str,
    ) -> Result<u64, AlertsError> {
        if until <= from || until.millis_since(from) > LENGTH_MAX_MS {
            return Err(AlertsError::Span);
        }
        self.change(|file, board, now| {
            if until <= now {
                return Err(AlertsError::Span);
            }
            if board.maintenance.len() >= PLANNED_MAX {
                return Err(AlertsError::TooMany);
            }
            let sql =
                "INSERT INTO maintenance(subject, from_at, until_at, note, at, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let note = bounded(note);
            let values = (subject.as_str(), from.millis(), until.millis(), &note, now.millis(), cause.actor);
            file.prepare_cached(sql)?.execute(values)?;
            let id = file.last_insert_rowid() as u64;
            let after = json!({ "from": from.to_string(), "until": until.to_string(), "note": note });
            let event = Event::done(Category::Alerts, "plan maintenance", subject.as_str()).with(None, Some(after));
            audit::append(file, now, cause, event)?;
            board.maintenance = current(file, now)?.into();
            Ok(id)
        })
    }

    /// Ends maintenance before its time.
    ///
    /// # Errors
    /// [`AlertsError::Unknown`], or the records cannot be written.
    pub fn end_maintenance(&self, cause: Cause<'_>, id: u64) -> Result<(), AlertsError> {
        self.change(|file, board, now| {
            let before =
                all(file)?.into_iter().find(|one| one.id == id && one.until > now).ok_or(AlertsError::Unknown)?;
            file.prepare_cached("UPDATE maintenance SET until_at = ?2 WHERE id = ?1")?
                .execute((id as i64, now.millis()))?;
            let told = |until: Timestamp| Some(json!({ "until": until.to_string() }));
            let event = Event::done(Category::Alerts, "end maintenance", before.subject.as_str());
            audit::append(file, now, cause, event.with(told(before.until), told(now)))?;
            board.maintenance = current(file, now)?.into();
            Ok(())
        })
    }
}

/// What is not over.
fn current(file: &Connection, now: Timestamp) -> Result<Vec<Maintenance>, StoreError> {
    Ok(all(file)?.into_iter().filter(|one| one.until > now).collect())
}

/// The last that were planned, the first to begin first; what is over among them.
pub(super) fn all(file: &Connection) -> Result<Vec<Maintenance>, StoreError> {
    let sql = "SELECT id, subject, from_at, until_at, note, by FROM maintenance
               WHERE until_at >= (SELECT coalesce(max(until_at), 0) FROM maintenance) - ?1 ORDER BY from_at, id";
    let mut statement = file.prepare_cached(sql)?;
    let rows = statement.query_map([LENGTH_MAX_MS], |row| {
        Ok(Maintenance {
            id: row.get::<_, i64>(0)? as u64,
            subject: row.get::<_, String>(1)?.into(),
            from: Timestamp::from_millis(row.get(2)?),
            until: Timestamp::from_millis(row.get(3)?),
            note: row.get(4)?,
            by: Hand(row.get::<_, String>(5)?.into()),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
