//! Links that work once: the first administrator's, and those by which a person sets a password.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::accounts::{self, NewPerson, existing, trace};
use super::{People, PeopleError, Person, PersonId, State, password};
use crate::audit::Cause;
use crate::reading::Timestamp;
use crate::secret::{self, Secret};

/// A link's secret: shown once, kept as its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(Secret);

impl Link {
    pub(super) fn generate() -> Result<Self, PeopleError> {
        Ok(Self(Secret::generate()?))
    }

    /// The secret itself.
    pub(super) fn secret(&self) -> &str {
        self.0.reveal()
    }

    /// The path of the page that takes it.
    pub fn path(&self) -> String {
        format!("/welcome/{}", self.0.reveal())
    }
}

/// Whose link it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// Nobody's yet: whoever has it becomes the first administrator.
    First,
    /// That person's.
    Person(Box<Person>),
}

impl People {
    /// A link for the first administrator, when nobody can decide yet; earlier ones no longer work.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn first_link(&self) -> Result<Option<Link>, PeopleError> {
        let link = Link::generate()?;
        self.change(|transaction, now| {
            let sql = "SELECT count(*) FROM person WHERE role = 'administrator' AND state <> 'erased'";
            if transaction.query_row(sql, [], |row| row.get::<_, i64>(0))? > 0 {
                return Ok(None);
            }
            transaction.execute("DELETE FROM link WHERE person IS NULL", [])?;
            insert(transaction, &link, None, now, self.rules.link)?;
            Ok(Some(link))
        })
    }

    /// Another link for a person who lost the first, or the password, or the device with the codes. Earlier links no
    /// longer work; the code is asked for anew where the role needs one.
    ///
    /// # Errors
    /// There is no such person, or the file cannot be written.
    pub fn link(&self, cause: Cause<'_>, id: &PersonId) -> Result<Link, PeopleError> {
        let link = Link::generate()?;
        self.edit(cause, "give link", id, |transaction, _, now| {
            transaction.execute("DELETE FROM link WHERE person = ?1", [id.as_str()])?;
            insert(transaction, &link, Some(id), now, self.rules.link)
        })?;
        Ok(link)
    }

    /// Whose link it is, while it may be used.
    ///
    /// # Errors
    /// [`PeopleError::Link`], or the file cannot be read.
    pub fn invited(&self, link: &str) -> Result<Invited, PeopleError> {
        let file = secret::locked(&self.file);
        match owner(&file, link, self.clock.now())? {
            None => Ok(Invited::First),
            Some(id) => Ok(Invited::Person(Box::new(existing(&file, &id)?))),
        }
    }

    /// Uses a person's link: the password is set, other sessions end, an earlier code and its device no longer count.
    ///
    /// # Errors
    /// [`PeopleError::Link`], [`PeopleError::Password`], or the file cannot be written.
    pub fn accept(&self, link: &str, new_password: &str, source: &str) -> Result<PersonId, PeopleError> {
        let Invited::Person(person) = self.invited(link)? else { return Err(PeopleError::Link) };
        let identity = person.identity.as_ref().ok_or(PeopleError::Link)?;
        password::check(new_password, &identity.login, &identity.name).map_err(PeopleError::Password)?;
        let phc = self.passwords.hash(new_password)?;
        let subject = person.id.subject();
        self.change(|transaction, now| {
            // It may have been used while the password was hashed.
            let id = owner(transaction, link, now)?.ok_or(PeopleError::Link)?;
            if existing(transaction, &id)?.state == State::Blocked {
                return Err(PeopleError::Link);
            }
            let cause = Cause { actor: &subject, source, reason: "" };
            use_up(transaction, link)?;
            set_password(transaction, &id, &phc, now)?;
            trace(transaction, now, cause, "accept link", &id, None, None)?;
            Ok(id)
        })
    }

    /// Uses the first administrator's link.
    ///
    /// # Errors
    /// [`PeopleError::Link`], [`PeopleError::Password`], a text that cannot be, or the file cannot be written.
    pub fn accept_first(
        &self,
        link: &str,
        new: &NewPerson,
        new_password: &str,
        source: &str,
    ) -> Result<PersonId, PeopleError> {
        if self.invited(link)? != Invited::First {
            return Err(PeopleError::Link);
        }
        password::check(new_password, &new.identity.login, &new.identity.name).map_err(PeopleError::Password)?;
        let phc = self.passwords.hash(new_password)?;
        let id = PersonId::new()?;
        let subject = id.subject();
        self.change(|transaction, now| {
            if owner(transaction, link, now)?.is_some() {
                return Err(PeopleError::Link);
            }
            new.check(now)?;
            let cause = Cause { actor: &subject, source, reason: "the first administrator" };
            accounts::insert(transaction, &id, new, now)?;
            use_up(transaction, link)?;
            set_password(transaction, &id, &phc, now)?;
            let after = accounts::described(&existing(transaction, &id)?);
            trace(transaction, now, cause, "add", &id, None, Some(after))
        })?;
        Ok(id)
    }
}

fn set_password(connection: &Connection, id: &PersonId, phc: &str, now: Timestamp) -> Result<(), PeopleError> {
    let sql = "UPDATE person SET password = ?2, password_at = ?3, state = 'active', totp = NULL, totp_pending = NULL
        WHERE id = ?1";
    connection.execute(sql, (id.as_str(), phc, now.millis()))?;
    for table in ["web_session", "recovery_code"] {
        connection.execute(&format!("DELETE FROM {table} WHERE person = ?1"), [id.as_str()])?;
    }
    Ok(())
}

pub(super) fn insert(
    connection: &Connection,
    link: &Link,
    person: Option<&PersonId>,
    now: Timestamp,
    valid: Duration,
) -> Result<(), PeopleError> {
    connection.execute("DELETE FROM link WHERE valid_until <= ?1", [now.millis()])?;
    let until = now.millis() + valid.as_millis() as i64;
    let hash = secret::digest(link.0.reveal().as_bytes());
    let sql = "INSERT INTO link(hash, person, created_at, valid_until) VALUES (?1, ?2, ?3, ?4)";
    connection.execute(sql, (hash, person.map(PersonId::as_str), now.millis(), until))?;
    Ok(())
}

/// Whose link it is; none for the first administrator's.
fn owner(connection: &Connection, link: &str, now: Timestamp) -> Result<Option<PersonId>, PeopleError> {
    let hash = secret::digest(link.as_bytes());
    let sql = "SELECT person FROM link WHERE hash = ?1 AND valid_until > ?2";
    let found = connection.prepare_cached(sql)?.query_row((hash, now.millis()), |row| row.get(0)).optional()?;
    let person: Option<String> = found.ok_or(PeopleError::Link)?;
    Ok(person.map(PersonId::from))
}

fn use_up(connection: &Connection, link: &str) -> Result<(), PeopleError> {
    connection.execute("DELETE FROM link WHERE hash = ?1", [secret::digest(link.as_bytes())])?;
    Ok(())
}
