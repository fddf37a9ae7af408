//! Sessions of browsers: a cookie's 256 random bits, kept as SHA-256.
//!
//! A session ends when it is not used for a while, when its time is over, when its owner signs out, sets another
//! password, or may no longer come in. What a person may do is read anew with each request.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::accounts::existing;
use super::{People, PeopleError, Person, PersonId};
use crate::audit::{self, Category, Cause, Event, hex};
use crate::reading::Timestamp;
use crate::secret;

/// Sessions of one person; the one unused longest goes when there is another.
const SESSIONS_MAX: i64 = 20;
/// How often it is written down that a session is used.
const SEEN_EVERY_MS: i64 = 60_000;
/// How long the second step of signing in may take.
const HALF_MS: i64 = 300_000;
/// Most bytes of what a browser calls itself that are kept.
const AGENT_MAX: usize = 200;

/// How long a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRule {
    /// Without being used.
    pub idle: Duration,
    /// In all.
    pub most: Duration,
}

/// A session, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// The first bytes of its hash, to name it by.
    pub id: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// From which address.
    pub source: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Whether it is the one that asks.
    pub own: bool,
}

impl People {
    /// Who the cookie's session is of. `None` when there is none, or its time is over; `false` beside the person while
    /// the second step is not made.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn session(&self, cookie: &str) -> Result<Option<(Person, bool)>, PeopleError> {
        let hash = secret::digest(cookie.as_bytes());
        let file = secret::locked(&self.file);
        let sql = "SELECT person, created_at, seen_at, whole FROM web_session WHERE hash = ?1";
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, bool>(3)?))
        };
        let Some((id, created, seen, whole)) = file.prepare_cached(sql)?.query_row([hash], row).optional()? else {
            return Ok(None);
        };
        let now = self.clock.now().millis();
        let rule = self.rules.sessions;
        let idle = if whole { rule.idle.as_millis() as i64 } else { HALF_MS };
        // A clock that was set back does not make a session live longer.
        let over = now >= seen + idle || now >= created + rule.most.as_millis() as i64 || now < created - HALF_MS;
        let person = existing(&file, &PersonId::from(id))?;
        if over || !person.may_enter(self.clock.now()) {
            file.prepare_cached("DELETE FROM web_session WHERE hash = ?1")?.execute([hash])?;
            return Ok(None);
        }
        if whole && now >= seen + SEEN_EVERY_MS {
            file.prepare_cached("UPDATE web_session SET seen_at = ?2 WHERE hash = ?1")?.execute((hash, now))?;
        }
        Ok(Some((person, whole)))
    }

    /// Ends the cookie's session.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn sign_out(&self, cookie: &str, source: &str) -> Result<(), PeopleError> {
        let hash = secret::digest(cookie.as_bytes());
        self.change(|transaction, now| {
            let sql = "DELETE FROM web_session WHERE hash = ?1 RETURNING person";
            let person: Option<String> = transaction.query_row(sql, [hash], |row| row.get(0)).optional()?;
            let Some(person) = person.map(PersonId::from) else { return Ok(()) };
            let subject = person.subject();
            let cause = Cause { actor: &subject, source, reason: "" };
            audit::append(transaction, now, cause, Event::done(Category::Access, "sign out", &subject))?;
            Ok(())
        })
    }

    /// The sessions of a person, the one used last first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sessions(&self, id: &PersonId, cookie: &str) -> Result<Vec<SessionRow>, PeopleError> {
        let own = secret::digest(cookie.as_bytes());
        let file = secret::locked(&self.file);
        let sql = "SELECT hash, created_at, seen_at, source, agent FROM web_session
            WHERE person = ?1 AND whole ORDER BY seen_at DESC";
        let mut statement = file.prepare_cached(sql)?;
        let rows = statement.query_map([id.as_str()], |row| {
            let hash: [u8; 32] = row.get(0)?;
            Ok(SessionRow {
                id: hex(&hash[..8]),
                created_at: Timestamp::from_millis(row.get(1)?),
                seen_at: Timestamp::from_millis(row.get(2)?),
                source: row.get(3)?,
                agent: row.get(4)?,
                own: hash == own,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ends all sessions of a person but the cookie's.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn sign_out_elsewhere(&self, cause: Cause<'_>, id: &PersonId, cookie: &str) -> Result<(), PeopleError> {
        self.change(|transaction, now| {
            end_others(transaction, id, cookie)?;
            let subject = id.subject();
            audit::append(transaction, now, cause, Event::done(Category::Access, "sign out elsewhere", &subject))?;
            Ok(())
        })
    }
}

pub(super) fn end_others(connection: &Connection, id: &PersonId, cookie: &str) -> Result<(), PeopleError> {
    let sql = "DELETE FROM web_session WHERE person = ?1 AND hash <> ?2";
    connection.execute(sql, (id.as_str(), secret::digest(cookie.as_bytes())))?;
    Ok(())
}

/// Begins a session; the cookie's text is given back and kept nowhere.
pub(super) fn begin(
    connection: &Connection,
    id: &PersonId,
    whole: bool,
    now: Timestamp,
    (source, agent): (&str, &str),
) -> Result<String, PeopleError> {
    let cookie = hex(&secret::random::<32>()?);
    let agent: String = agent.chars().filter(|c| !c.is_control()).take(AGENT_MAX).collect();
    let sql = "INSERT INTO web_session(hash, person, created_at, seen_at, whole, source, agent)
        VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)";
    let hash = secret::digest(cookie.as_bytes());
    connection.prepare_cached(sql)?.execute((hash, id.as_str(), now.millis(), whole, source, agent))?;
    let sql = "DELETE FROM web_session WHERE person = ?1 AND hash NOT IN
        (SELECT hash FROM web_session WHERE person = ?1 ORDER BY seen_at DESC LIMIT ?2)";
    connection.prepare_cached(sql)?.execute((id.as_str(), SESSIONS_MAX))?;
    Ok(cookie)
}
