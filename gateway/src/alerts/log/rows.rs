//! Alerts and their steps as rows.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::Subject;
use super::super::life::{Alert, Facts, State, Step};
use super::Listing;
use crate::catalogue::alerts::Severity;
use crate::operations::step::Hand;
use crate::reading::Timestamp;
use crate::store::StoreError;

const COLUMNS: &str = "id, rule, subject, zone, severity, state, raised_at, cleared_at, json";

/// What of an alert is in no column of its own.
#[derive(Serialize, Deserialize)]
struct Rest {
    changed_at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ended_by_person: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered_by: Option<Hand>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unanswered: bool,
    facts: Facts,
}

impl Rest {
    fn of(alert: &Alert) -> String {
        let rest = Self {
            changed_at: alert.changed_at,
            ended_by_person: alert.ended_by_person,
            answered_by: alert.answered_by.clone(),
            told: alert.told.clone(),
            told_at: alert.told_at,
            unanswered: alert.unanswered,
            facts: alert.facts.clone(),
        };
        json!(rest).to_string()
    }
}

/// Writes a new alert; gives its number.
pub(super) fn add(file: &Connection, alert: &Alert) -> Result<u64, StoreError> {
    let sql = "INSERT INTO alert(rule, subject, zone, severity, state, raised_at, cleared_at, json)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    file.prepare_cached(sql)?.execute(params![
        &*alert.rule,
        alert.subject.as_str(),
        alert.zone.as_deref(),
        alert.severity.code(),
        alert.state.code(),
        alert.raised_at.millis(),
        alert.cleared_at.map(Timestamp::millis),
        Rest::of(alert),
    ])?;
    Ok(file.last_insert_rowid() as u64)
}

/// Writes how an alert stands.
pub(super) fn set(file: &Connection, alert: &Alert) -> Result<(), StoreError> {
    let sql = "UPDATE alert SET state = ?2, cleared_at = ?3, json = ?4 WHERE id = ?1";
    let cleared_at = alert.cleared_at.map(Timestamp::millis);
    file.prepare_cached(sql)?.execute(params![alert.id as i64, alert.state.code(), cleared_at, Rest::of(alert)])?;
    Ok(())
}

/// Writes what was done.
pub(super) fn add_step(file: &Connection, alert: u64, step: &Step) -> Result<(), StoreError> {
    let sql = "INSERT INTO alert_step(alert, at, by, json) VALUES (?1, ?2, ?3, ?4)";
    let json = json!(step.deed).to_string();
    file.prepare_cached(sql)?.execute((alert as i64, step.at.millis(), &*step.by.0, json))?;
    Ok(())
}

pub(super) fn open(file: &Connection) -> Result<Vec<Alert>, StoreError> {
    alerts(file, &format!("SELECT {COLUMNS} FROM alert WHERE cleared_at IS NULL"), [])
}

pub(super) fn one(file: &Connection, id: u64) -> Result<Option<Alert>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM alert WHERE id = ?1");
    Ok(file.prepare_cached(&sql)?.query_row([id as i64], alert).optional()?)
}

/// The last alert of a rule about something, over or not.
pub(super) fn last(file: &Connection, rule: &str, subject: &Subject) -> Result<Option<Alert>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM alert WHERE rule = ?1 AND subject = ?2 ORDER BY id DESC LIMIT 1");
    Ok(file.prepare_cached(&sql)?.query_row((rule, subject.as_str()), alert).optional()?)
}

pub(super) fn list(file: &Connection, listing: &Listing, top: usize) -> Result<Vec<Alert>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM alert
         WHERE (?1 IS NULL OR id < ?1) AND (?2 = '' OR rule = ?2) AND (?3 IS NULL OR subject = ?3)
           AND (NOT ?4 OR cleared_at IS NOT NULL)
           AND (?5 IS NULL OR severity IN (SELECT value FROM json_each(?5)))
         ORDER BY id DESC LIMIT ?6"
    );
    let at_least = listing.severity.map(|least| {
        let codes: Vec<_> =
            Severity::ALL.into_iter().filter(|severity| *severity >= least).map(Severity::code).collect();
        json!(codes).to_string()
    });
    let subject = listing.subject.as_ref().map(Subject::as_str);
    let before = listing.before.map(|before| before as i64);
    alerts(file, &sql, params![before, listing.rule, subject, listing.over, at_least, top as i64])
}

pub(super) fn steps(file: &Connection, alert: u64) -> Result<Vec<Step>, StoreError> {
    let mut statement = file.prepare_cached("SELECT at, by, json FROM alert_step WHERE alert = ?1 ORDER BY number")?;
    Ok(statement.query_map([alert as i64], |row| step(row, 0))?.collect::<Result<_, _>>()?)
}

pub(super) fn steps_between(
    file: &Connection,
    from: Timestamp,
    until: Timestamp,
    top: usize,
) -> Result<Vec<(u64, Step)>, StoreError> {
    let sql = "SELECT alert, at, by, json FROM alert_step WHERE at >= ?1 AND at < ?2 ORDER BY number DESC LIMIT ?3";
    let mut statement = file.prepare_cached(sql)?;
    let rows = statement.query_map((from.millis(), until.millis(), top as i64), |row| {
        Ok((row.get::<_, i64>(0)? as u64, step(row, 1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn alerts(file: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<Alert>, StoreError> {
    let mut statement = file.prepare_cached(sql)?;
    Ok(statement.query_map(values, alert)?.collect::<Result<_, _>>()?)
}

fn step(row: &Row<'_>, first: usize) -> rusqlite::Result<Step> {
    Ok(Step {
        at: Timestamp::from_millis(row.get(first)?),
        by: Hand(row.get::<_, String>(first + 1)?.into()),
        deed: parsed(row, first + 2)?,
    })
}

fn alert(row: &Row<'_>) -> rusqlite::Result<Alert> {
    let rest: Rest = parsed(row, 8)?;
    let (severity, state): (String, String) = (row.get(4)?, row.get(5)?);
    Ok(Alert {
        id: row.get::<_, i64>(0)? as u64,
        rule: row.get::<_, String>(1)?.into(),
        subject: row.get::<_, String>(2)?.into(),
        zone: row.get::<_, Option<String>>(3)?.map(Into::into),
        severity: Severity::named(&severity).ok_or_else(|| unknown(4, severity))?,
        state: State::named(&state).ok_or_else(|| unknown(5, state))?,
        raised_at: Timestamp::from_millis(row.get(6)?),
        cleared_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_millis),
        changed_at: rest.changed_at,
        ended_by_person: rest.ended_by_person,
        answered_by: rest.answered_by,
        told: rest.told,
        told_at: rest.told_at,
        unanswered: rest.unanswered,
        facts: rest.facts,
    })
}

/// A column of JSON.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn unknown(column: usize, word: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        rusqlite::types::Type::Text,
        format!("unknown word {word}").into(),
    )
}
