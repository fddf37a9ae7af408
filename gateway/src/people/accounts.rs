//! Accounts: made, changed, blocked, erased. Nobody takes the last administrator's right away.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use super::links::{self, Link};
use super::{Identity, People, PeopleError, Person, PersonId, Role, State};
use crate::audit::{self, Category, Cause, Event};
use crate::reading::Timestamp;

/// Accounts that may be, erased ones included.
pub const ACCOUNTS_MAX: usize = 10_000;
/// Sites that a person may be held to.
const SITES_MAX: usize = 200;
/// Most characters of a name, an address or a number.
const TEXT_MAX: usize = 200;
/// Most characters of a site's code.
const SITE_MAX: usize = 64;

/// Who is to have an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// Who they are.
    pub identity: Identity,
    /// What they are to the gateway.
    pub role: Role,
    /// From outside the municipality: then with an end and with sites.
    pub external: bool,
    /// When their right ends.
    pub valid_until: Option<Timestamp>,
    /// Codes of the sites that they are held to; empty for all.
    pub sites: Vec<String>,
}

impl NewPerson {
    pub(super) fn check(&self, now: Timestamp) -> Result<(), PeopleError> {
        let login = &self.identity.login;
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        if !(2..=64).contains(&login.chars().count()) || !login.chars().all(allowed) {
            return Err(PeopleError::Login);
        }
        let short = |what, text: &str| {
            let sound =
                !text.trim().is_empty() && text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control);
            if sound { Ok(()) } else { Err(PeopleError::Text(what)) }
        };
        short("name", &self.identity.name)?;
        for (what, text) in [
            ("e-mail", &self.identity.email),
            ("telephone", &self.identity.phone),
            ("employer", &self.identity.employer),
        ] {
            text.as_deref().map_or(Ok(()), |text| short(what, text))?;
        }
        let code = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let sound = |site: &String| (1..=SITE_MAX).contains(&site.chars().count()) && site.chars().all(code);
        if self.sites.len() > SITES_MAX || !self.sites.iter().all(sound) {
            return Err(PeopleError::Site);
        }
        if self.valid_until.is_some_and(|until| until <= now) {
            return Err(PeopleError::Until);
        }
        if self.external && (self.valid_until.is_none() || self.sites.is_empty()) {
            return Err(PeopleError::External);
        }
        Ok(())
    }
}

impl People {
    /// Makes an account and the link by which its owner comes in.
    ///
    /// # Errors
    /// [`PeopleError::LoginTaken`], a text that cannot be, or the file cannot be written.
    pub fn add(&self, cause: Cause<'_>, new: &NewPerson) -> Result<(PersonId, Link), PeopleError> {
        let id = PersonId::new()?;
        let link = Link::generate()?;
        self.change(|transaction, now| {
            new.check(now)?;
            insert(transaction, &id, new, now)?;
            links::insert(transaction, &link, Some(&id), now, self.rules.link)?;
            trace(transaction, now, cause, "add", &id, None, Some(described(&existing(transaction, &id)?)))
        })?;
        Ok((id, link))
    }

    /// Says what a person may do from now on. Sessions that they have go on with it.
    ///
    /// # Errors
    /// There is no such person, they are the last administrator, or the file cannot be written.
    pub fn set_rights(
        &self,
        cause: Cause<'_>,
        id: &PersonId,
        role: Role,
        external: bool,
        valid_until: Option<Timestamp>,
        sites: &[String],
    ) -> Result<(), PeopleError> {
        self.edit(cause, "set rights", id, |transaction, person, now| {
            let identity = person.identity.clone().ok_or_else(|| PeopleError::Unknown(id.to_string()))?;
            NewPerson { identity, role, external, valid_until, sites: sites.to_vec() }.check(now)?;
            let sql = "UPDATE person SET role = ?2, external = ?3, valid_until = ?4 WHERE id = ?1";
            transaction.execute(sql, (id.as_str(), role.code(), external, valid_until.map(Timestamp::millis)))?;
            put_sites(transaction, id, sites)
        })
    }

    /// Corrects who a person is.
    ///
    /// # Errors
    /// There is no such person, a text cannot be, the login is another's, or the file cannot be written.
    pub fn set_identity(&self, cause: Cause<'_>, id: &PersonId, identity: &Identity) -> Result<(), PeopleError> {
        self.edit(cause, "set identity", id, |transaction, person, now| {
            let sites = person.sites.clone();
            let checked =
                NewPerson { identity: identity.clone(), role: person.role, external: false, valid_until: None, sites };
            checked.check(now)?;
            put_identity(transaction, id, identity)
        })
    }

    /// Lets a person in no more, and ends their sessions.
    ///
    /// # Errors
    /// There is no such person, they are the last administrator, or the file cannot be written.
    pub fn block(&self, cause: Cause<'_>, id: &PersonId) -> Result<(), PeopleError> {
        self.edit(cause, "block", id, |transaction, _, now| {
            let sql = "UPDATE person SET state = 'blocked', blocked_at = ?2 WHERE id = ?1";
            transaction.execute(sql, (id.as_str(), now.millis()))?;
            drop_ways_in(transaction, id)
        })
    }

    /// Lets a blocked person in again, with the password they had.
    ///
    /// # Errors
    /// There is no such person, or the file cannot be written.
    pub fn unblock(&self, cause: Cause<'_>, id: &PersonId) -> Result<(), PeopleError> {
        self.edit(cause, "unblock", id, |transaction, person, _| {
            let state = if person.password_at.is_some() { State::Active } else { State::Invited };
            let sql = "UPDATE person SET state = ?2, blocked_at = NULL WHERE id = ?1";
            transaction.execute(sql, (id.as_str(), state.code()))?;
            Ok(())
        })
    }

    /// Erases who a person is, in the file's free pages and its log too. What they did stays, under their pseudonym.
    ///
    /// # Errors
    /// There is no such person, they are the last administrator, or the file cannot be written.
    pub fn erase_identity(&self, cause: Cause<'_>, id: &PersonId) -> Result<(), PeopleError> {
        self.edit(cause, "erase", id, |transaction, _, _| {
            let sql = "UPDATE person SET state = 'erased', password = NULL, password_at = NULL, totp = NULL,
                totp_pending = NULL WHERE id = ?1";
            transaction.execute(sql, [id.as_str()])?;
            for table in ["identity", "recovery_code", "person_site"] {
                transaction.execute(&format!("DELETE FROM {table} WHERE person = ?1"), [id.as_str()])?;
            }
            drop_ways_in(transaction, id)
        })?;
        let file = crate::secret::locked(&self.file);
        // A reader may keep the log from being emptied now: the next checkpoint does it.
        let busy: i64 = file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy != 0 {
            tracing::info!(person = %id, "the records are being read: what was erased leaves their log with the next checkpoint");
        }
        Ok(())
    }

    /// Everybody, administrators first, then by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn everybody(&self) -> Result<Vec<Person>, PeopleError> {
        let file = crate::secret::locked(&self.file);
        let mut sites: HashMap<String, Vec<String>> = HashMap::new();
        let mut statement = file.prepare_cached("SELECT person, site FROM person_site ORDER BY site")?;
        for row in statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))? {
            let (person, site) = row?;
            sites.entry(person).or_default().push(site);
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM person LEFT JOIN identity ON identity.person = person.id
             ORDER BY person.role <> 'administrator', identity.name IS NULL, identity.name, person.id"
        );
        let mut statement = file.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| {
            let mut person = read(row)?;
            person.sites = sites.remove(person.id.as_str()).unwrap_or_default();
            Ok(person)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The person of that pseudonym.
    ///
    /// # Errors
    /// There is none, or the file cannot be read.
    pub fn person(&self, id: &PersonId) -> Result<Person, PeopleError> {
        existing(&crate::secret::locked(&self.file), id)
    }

    /// The person of that login.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn find(&self, login: &str) -> Result<Option<Person>, PeopleError> {
        by_login(&crate::secret::locked(&self.file), login)
    }

    /// One change of a person that there is, traced. Refused where nobody would be left to decide.
    pub(super) fn edit(
        &self,
        cause: Cause<'_>,
        what: &str,
        id: &PersonId,
        work: impl FnOnce(&Connection, &Person, Timestamp) -> Result<(), PeopleError>,
    ) -> Result<(), PeopleError> {
        self.change(|transaction, now| {
            let person = existing(transaction, id)?;
            if person.state == State::Erased {
                return Err(PeopleError::Unknown(id.to_string()));
            }
            let decided = administrators(transaction, now)?;
            work(transaction, &person, now)?;
            if decided > 0 && administrators(transaction, now)? == 0 {
                return Err(PeopleError::LastAdministrator);
            }
            let after = described(&existing(transaction, id)?);
            trace(transaction, now, cause, what, id, Some(described(&person)), Some(after))
        })
    }
}

const COLUMNS: &str = "person.id, role, state, external, valid_until, created_at, signed_in_at, password_at,
    totp IS NOT NULL, login, name, email, phone, employer";

fn read(row: &Row<'_>) -> rusqlite::Result<Person> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    let code: String = row.get(1)?;
    let state: String = row.get(2)?;
    let login: Option<String> = row.get(9)?;
    Ok(Person {
        id: PersonId::from(row.get::<_, String>(0)?),
        // What this program never writes may do nothing.
        role: Role::named(&code).unwrap_or(Role::Inspector),
        state: State::ALL.into_iter().find(|known| known.code() == state).unwrap_or(State::Blocked),
        external: row.get(3)?,
        valid_until: time(4)?,
        created_at: Timestamp::from_millis(row.get(5)?),
        signed_in_at: time(6)?,
        password_at: time(7)?,
        has_code: row.get(8)?,
        identity: match login {
            None => None,
            Some(login) => Some(Identity {
                login,
                name: row.get(10)?,
                email: row.get(11)?,
                phone: row.get(12)?,
                employer: row.get(13)?,
            }),
        },
        sites: Vec::new(),
    })
}

pub(super) fn existing(connection: &Connection, id: &PersonId) -> Result<Person, PeopleError> {
    let sql =
        format!("SELECT {COLUMNS} FROM person LEFT JOIN identity ON identity.person = person.id WHERE person.id = ?1");
    let person = connection.prepare_cached(&sql)?.query_row([id.as_str()], read).optional()?;
    with_sites(connection, person.ok_or_else(|| PeopleError::Unknown(id.to_string()))?)
}

pub(super) fn by_login(connection: &Connection, login: &str) -> Result<Option<Person>, PeopleError> {
    let sql = format!("SELECT {COLUMNS} FROM identity JOIN person ON identity.person = person.id WHERE login = ?1");
    let person = connection.prepare_cached(&sql)?.query_row([folded(login)], read).optional()?;
    person.map(|person| with_sites(connection, person)).transpose()
}

fn with_sites(connection: &Connection, mut person: Person) -> Result<Person, PeopleError> {
    let mut statement = connection.prepare_cached("SELECT site FROM person_site WHERE person = ?1 ORDER BY site")?;
    person.sites = statement.query_map([person.id.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(person)
}

/// Administrators who can sign in, or who hold a link to.
fn administrators(connection: &Connection, now: Timestamp) -> Result<usize, PeopleError> {
    let sql = "SELECT count(*) FROM person WHERE role = 'administrator' AND state = 'active'
        AND (valid_until IS NULL OR valid_until > ?1)
        AND id NOT IN (SELECT person FROM person_site)";
    Ok(connection.prepare_cached(sql)?.query_row([now.millis()], |row| row.get::<_, i64>(0))? as usize)
}

pub(super) fn insert(
    connection: &Connection,
    id: &PersonId,
    new: &NewPerson,
    now: Timestamp,
) -> Result<(), PeopleError> {
    let count: i64 = connection.prepare_cached("SELECT count(*) FROM person")?.query_row([], |row| row.get(0))?;
    if count as usize >= ACCOUNTS_MAX {
        return Err(PeopleError::Full(ACCOUNTS_MAX));
    }
    let sql = "INSERT INTO person(id, role, state, external, valid_until, created_at)
        VALUES (?1, ?2, 'invited', ?3, ?4, ?5)";
    let until = new.valid_until.map(Timestamp::millis);
    let row = (id.as_str(), new.role.code(), new.external, until, now.millis());
    connection.prepare_cached(sql)?.execute(row)?;
    put_identity(connection, id, &new.identity)?;
    put_sites(connection, id, &new.sites)
}

fn put_identity(connection: &Connection, id: &PersonId, identity: &Identity) -> Result<(), PeopleError> {
    let login = folded(&identity.login);
    if by_login(connection, &login)?.is_some_and(|person| person.id != *id) {
        return Err(PeopleError::LoginTaken(login));
    }
    let sql = "INSERT INTO identity(person, login, name, email, phone, employer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (person) DO UPDATE SET login = excluded.login, name = excluded.name, email = excluded.email,
            phone = excluded.phone, employer = excluded.employer";
    let Identity { name, email, phone, employer, .. } = identity;
    connection.prepare_cached(sql)?.execute((id.as_str(), login, name.trim(), email, phone, employer))?;
    Ok(())
}

fn put_sites(connection: &Connection, id: &PersonId, sites: &[String]) -> Result<(), PeopleError> {
    connection.prepare_cached("DELETE FROM person_site WHERE person = ?1")?.execute([id.as_str()])?;
    let mut statement = connection.prepare_cached("INSERT OR IGNORE INTO person_site(person, site) VALUES (?1, ?2)")?;
    sites.iter().try_for_each(|site| statement.execute((id.as_str(), site)).map(drop))?;
    Ok(())
}

fn drop_ways_in(connection: &Connection, id: &PersonId) -> Result<(), PeopleError> {
    for table in ["web_session", "link"] {
        connection.execute(&format!("DELETE FROM {table} WHERE person = ?1"), [id.as_str()])?;
    }
    Ok(())
}

/// Logins are told apart without regard to capitals.
pub(super) fn folded(login: &str) -> String {
    login.trim().to_lowercase()
}

/// What the audit log keeps of a person: nothing that identifies them.
pub(super) fn described(person: &Person) -> Value {
    json!({
        "role": person.role.code(),
        "state": person.state.code(),
        "external": person.external,
        "valid_until": person.valid_until.map(|until| until.to_string()),
        "code": person.has_code,
        "sites": person.sites,
    })
}

pub(super) fn trace(
    connection: &Connection,
    at: Timestamp,
    cause: Cause<'_>,
    what: &str,
    id: &PersonId,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<(), PeopleError> {
    let subject = id.subject();
    let event = Event::done(Category::People, what, &subject).with(before, after);
    audit::append(connection, at, cause, event)?;
    Ok(())
}
