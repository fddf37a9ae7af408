//! Tokens of other systems: read only, with an end, shown once, kept as SHA-256.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::{People, PeopleError, Permission};
use crate::audit::{self, Category, Cause, Event, hex};
use crate::reading::Timestamp;
use crate::secret::{self, Secret, locked};

/// Tokens that may be at a time, revoked ones not counted.
pub const TOKENS_MAX: usize = 1_000;
/// What a token begins with, so that one that leaked into a file is found there.
pub const TOKEN_PREFIX: &str = "cgw-";
/// How often it is written down that a token is used.
const USED_EVERY_MS: i64 = 3_600_000;

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its name in lists and in the audit log.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it: a pseudonym, or the command line.
    pub created_by: String,
    /// When it ends.
    pub valid_until: Timestamp,
    /// When it was last used, to the hour.
    pub used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Whether it may do it: tokens read.
    pub fn may(&self, permission: Permission) -> bool {
        permission == Permission::Read
    }

    /// Whether it is good at that moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.valid_until
    }
}

impl People {
    /// Makes a token; its text is given back and kept nowhere.
    ///
    /// # Errors
    /// A name that cannot be, an end in the past, or the file cannot be written.
    pub fn add_token(
        &self,
        cause: Cause<'_>,
        name: &str,
        valid_until: Timestamp,
    ) -> Result<(Token, String), PeopleError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err(PeopleError::Text("name"));
        }
        let text = format!("{TOKEN_PREFIX}{}", Secret::generate()?.reveal());
        let id = hex(&secret::random::<5>()?);
        self.change(|transaction, now| {
            if valid_until <= now {
                return Err(PeopleError::Until);
            }
            let count = "SELECT count(*) FROM token WHERE revoked_at IS NULL AND valid_until > ?1";
            if transaction.query_row(count, [now.millis()], |row| row.get::<_, i64>(0))? as usize >= TOKENS_MAX {
                return Err(PeopleError::Full(TOKENS_MAX));
            }
            let sql = "INSERT INTO token(id, hash, name, scope, created_at, created_by, valid_until)
                VALUES (?1, ?2, ?3, 'read', ?4, ?5, ?6)";
            let hash = secret::digest(text.as_bytes());
            transaction.execute(sql, (&id, hash, name, now.millis(), cause.actor, valid_until.millis()))?;
            let subject = format!("token/{id}");
            let after = json!({ "name": name, "scope": "read", "valid_until": valid_until.to_string() });
            let event = Event::done(Category::People, "add token", &subject).with(None, Some(after));
            audit::append(transaction, now, cause, event)?;
            let token = Token {
                id: id.clone(),
                name: name.to_owned(),
                created_at: now,
                created_by: cause.actor.to_owned(),
                valid_until,
                used_at: None,
                revoked_at: None,
            };
            Ok((token, text.clone()))
        })
    }

    /// Revokes a token, at once.
    ///
    /// # Errors
    /// There is no such token, or the file cannot be written.
    pub fn revoke_token(&self, cause: Cause<'_>, id: &str) -> Result<(), PeopleError> {
        self.change(|transaction, now| {
            let sql = "UPDATE token SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
            if transaction.execute(sql, (id, now.millis()))? == 0 {
                return Err(PeopleError::Unknown(id.to_owned()));
            }
            let subject = format!("token/{id}");
            audit::append(transaction, now, cause, Event::done(Category::People, "revoke token", &subject))?;
            Ok(())
        })
    }

    /// All tokens, the newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, PeopleError> {
        let file = locked(&self.file);
        let mut statement =
            file.prepare_cached(&format!("SELECT {COLUMNS} FROM token ORDER BY created_at DESC, id"))?;
        Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
    }

    /// The token of that text, when it is good now.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn token(&self, text: &str) -> Result<Option<Token>, PeopleError> {
        if !text.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let file = locked(&self.file);
        let now = self.clock.now();
        let sql = format!("SELECT {COLUMNS} FROM token WHERE hash = ?1");
        let hash = secret::digest(text.as_bytes());
        let token = file.prepare_cached(&sql)?.query_row([hash], read).optional()?;
        let Some(token) = token.filter(|token| token.holds(now)) else { return Ok(None) };
        if token.used_at.is_none_or(|used| now.millis() >= used.millis() + USED_EVERY_MS) {
            let sql = "UPDATE token SET used_at = ?2 WHERE id = ?1";
            file.prepare_cached(sql)?.execute((&token.id, now.millis()))?;
        }
        Ok(Some(token))
    }
}

const COLUMNS: &str = "id, name, created_at, created_by, valid_until, used_at, revoked_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Token> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    Ok(Token {
        id: row.get(0)?,
        name: row.get(1)?,
        created_at: Timestamp::from_millis(row.get(2)?),
        created_by: row.get(3)?,
        valid_until: Timestamp::from_millis(row.get(4)?),
        used_at: time(5)?,
        revoked_at: time(6)?,
    })
}
