//! Signing in: a password, then a code where the person has one. Setting up codes, and another password.

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension};

use super::accounts::{by_login, existing, folded};
use super::directory::Claims;
use super::{People, PeopleError, Person, PersonId, Role, password, sessions, totp};
use crate::audit::{self, Category, Cause, Event};
use crate::reading::Timestamp;
use crate::secret::{self, Secret, locked};

/// Codes for the day when the device with the others is lost.
const RECOVERY_CODES: usize = 8;

/// A session that just began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// What the cookie holds.
    pub cookie: String,
    /// Whether a code is still asked for.
    pub code_needed: bool,
}

impl People {
    /// The first step: name and password. Unknown names take as long as known ones, and get the same answer.
    ///
    /// # Errors
    /// [`PeopleError::Wrong`], [`PeopleError::TooOften`], or the file cannot be read or written.
    pub fn sign_in(&self, login: &str, given: &str, source: &str, agent: &str) -> Result<SignedIn, PeopleError> {
        let login = folded(login);
        self.begin_attempt(&login, source)?;
        let person = by_login(&locked(&self.file), &login)?;
        let phc = match &person {
            Some(person) => password_of(&locked(&self.file), &person.id)?,
            None => None,
        };
        let right = self.passwords.verify(given, phc.as_deref());
        let now = self.clock.now();
        match person.filter(|person| right && person.may_enter(now)) {
            Some(person) => self.come_in(&person, person.has_code, source, agent),
            None => {
                self.refuse(&login, source)?;
                Err(PeopleError::Wrong)
            }
        }
    }

    /// The second step: six digits of the device, or a recovery code, which counts once.
    ///
    /// # Errors
    /// [`PeopleError::Code`], [`PeopleError::Wrong`] when the first step is too long ago, [`PeopleError::TooOften`], or
    /// the file cannot be read or written.
    pub fn second_step(&self, cookie: &str, code: &str, source: &str, agent: &str) -> Result<SignedIn, PeopleError> {
        let (person, whole) = self.session(cookie)?.ok_or(PeopleError::Wrong)?;
        let login = person.identity.as_ref().map(|identity| identity.login.clone()).ok_or(PeopleError::Wrong)?;
        if whole {
            return Ok(SignedIn { cookie: cookie.to_owned(), code_needed: false });
        }
        self.begin_attempt(&login, source)?;
        let right = self.change(|transaction, now| Ok(use_code(transaction, &person.id, code, now)?))?;
        if !right {
            self.refuse(&login, source)?;
            return Err(PeopleError::Code);
        }
        // Another cookie than the one that half opened the door.
        self.change(|transaction, _| {
            let sql = "DELETE FROM web_session WHERE hash = ?1";
            transaction.execute(sql, [secret::digest(cookie.as_bytes())])?;
            Ok(())
        })?;
        self.come_in(&person, false, source, agent)
    }

    /// In without a password, for who has just set one by a link.
    ///
    /// # Errors
    /// [`PeopleError::Wrong`] when they may not come in, or the file cannot be written.
    pub fn enter(&self, id: &PersonId, source: &str, agent: &str) -> Result<SignedIn, PeopleError> {
        let person = self.person(id)?;
        if !person.may_enter(self.clock.now()) {
            return Err(PeopleError::Wrong);
        }
        self.come_in(&person, person.has_code, source, agent)
    }

    /// In by the city's directory: the person who is bound to its subject, or, the first time, whose login it names.
    ///
    /// # Errors
    /// [`PeopleError::Wrong`] when there is no account for them or they may not come in, or the file cannot be written.
    pub fn enter_by_directory(&self, claims: &Claims, source: &str, agent: &str) -> Result<SignedIn, PeopleError> {
        let now = self.clock.now();
        let found = self.change(|transaction, now| {
            let sql = "SELECT person FROM identity WHERE directory = ?1";
            let bound: Option<String> =
                transaction.prepare_cached(sql)?.query_row([&claims.subject], |row| row.get(0)).optional()?;
            if let Some(id) = bound {
                return Ok(Some(existing(transaction, &PersonId::from(id))?));
            }
            for login in &claims.logins {
                let Some(person) = by_login(transaction, &folded(login))? else { continue };
                // A login that is bound to another subject was somebody else's there.
                let sql = "UPDATE identity SET directory = ?2 WHERE person = ?1 AND directory IS NULL";
                if transaction.execute(sql, (person.id.as_str(), &claims.subject))? == 0 {
                    continue;
                }
                // Who comes in by the directory needs no password of ours.
                let sql = "UPDATE person SET state = 'active' WHERE id = ?1 AND state = 'invited'";
                transaction.execute(sql, [person.id.as_str()])?;
                let subject = person.id.subject();
                let cause = Cause { actor: &subject, source, reason: "" };
                let event = Event::done(Category::People, "bind to directory", &subject);
                audit::append(transaction, now, cause, event)?;
                return Ok(Some(existing(transaction, &person.id)?));
            }
            Ok(None)
        })?;
        match found.filter(|person| person.may_enter(now)) {
            Some(person) => self.come_in(&person, person.has_code, source, agent),
            None => {
                self.refuse_by_directory("by the directory", source)?;
                Err(PeopleError::Wrong)
            }
        }
    }

    /// Writes down that somebody came back from the city's directory with a token that is not to be believed.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn refuse_token(&self, why: &str, source: &str) -> Result<(), PeopleError> {
        self.refuse_by_directory(&format!("by the directory, with a token that is not to be believed: {why}"), source)
    }

    fn refuse_by_directory(&self, reason: &str, source: &str) -> Result<(), PeopleError> {
        let cause = Cause { actor: "person/unknown", source, reason };
        self.note(cause, Event::refused(Category::Access, "sign in", "person/unknown"))
    }

    /// Sets another password; the other sessions end.
    ///
    /// # Errors
    /// [`PeopleError::Wrong`], [`PeopleError::Password`], or the file cannot be written.
    pub fn set_password(
        &self,
        id: &PersonId,
        (old, new): (&str, &str),
        cookie: &str,
        source: &str,
    ) -> Result<(), PeopleError> {
        let person = self.person(id)?;
        let identity = person.identity.as_ref().ok_or(PeopleError::Wrong)?;
        self.confirm(&person, old, source)?;
        password::check(new, &identity.login, &identity.name).map_err(PeopleError::Password)?;
        let phc = self.passwords.hash(new)?;
        let subject = id.subject();
        self.edit(Cause { actor: &subject, source, reason: "" }, "set password", id, |transaction, _, now| {
            let sql = "UPDATE person SET password = ?2, password_at = ?3 WHERE id = ?1";
            transaction.execute(sql, (id.as_str(), &*phc, now.millis()))?;
            sessions::end_others(transaction, id, cookie)
        })
    }

    /// Begins to set up codes: the address for an authenticator program, and its secret as text. It holds once a code
    /// of it was shown ([`People::confirm_code`]).
    ///
    /// # Errors
    /// There is no such person, or the file cannot be written.
    pub fn begin_code(&self, id: &PersonId, issuer: &str) -> Result<(String, String), PeopleError> {
        let person = self.person(id)?;
        let identity = person.identity.ok_or(PeopleError::Wrong)?;
        let pending = self.change(|transaction, _| {
            let sql = "SELECT totp_pending FROM person WHERE id = ?1";
            let pending: Option<Vec<u8>> = transaction.query_row(sql, [id.as_str()], |row| row.get(0))?;
            if let Some(pending) = pending {
                return Ok(pending);
            }
            let fresh = secret::random::<{ totp::SECRET_BYTES }>()?.to_vec();
            transaction.execute("UPDATE person SET totp_pending = ?2 WHERE id = ?1", (id.as_str(), &fresh))?;
            Ok(fresh)
        })?;
        Ok((totp::uri(&pending, issuer, &identity.login), totp::base32(&pending)))
    }

    /// From now on a code is asked for. The recovery codes are shown this once.
    ///
    /// # Errors
    /// [`PeopleError::Code`], or the file cannot be written.
    pub fn confirm_code(
        &self,
        id: &PersonId,
        code: &str,
        cookie: &str,
        source: &str,
    ) -> Result<Vec<String>, PeopleError> {
        let codes: Vec<String> = (0..RECOVERY_CODES)
            .map(|_| Ok(Secret::generate()?.reveal().chars().take(14).collect()))
            .collect::<Result<_, PeopleError>>()?;
        let subject = id.subject();
        self.edit(Cause { actor: &subject, source, reason: "" }, "set up codes", id, |transaction, _, now| {
            let sql = "SELECT totp_pending FROM person WHERE id = ?1";
            let pending: Option<Vec<u8>> = transaction.query_row(sql, [id.as_str()], |row| row.get(0))?;
            let pending = pending.ok_or(PeopleError::Code)?;
            let step = totp::step_of(&pending, code, now.millis() / 1_000, 0).ok_or(PeopleError::Code)?;
            let sql = "UPDATE person SET totp = ?2, totp_pending = NULL, totp_step = ?3 WHERE id = ?1";
            transaction.execute(sql, (id.as_str(), &pending, step))?;
            transaction.execute("DELETE FROM recovery_code WHERE person = ?1", [id.as_str()])?;
            for code in &codes {
                let hash = secret::digest(plain(code).as_bytes());
                transaction.execute("INSERT INTO recovery_code(person, hash) VALUES (?1, ?2)", (id.as_str(), hash))?;
            }
            sessions::end_others(transaction, id, cookie)
        })?;
        Ok(codes)
    }

    /// No code is asked for any more.
    ///
    /// # Errors
    /// [`PeopleError::Wrong`] for the password, [`PeopleError::CodeNeeded`] for the role, or the file cannot be written.
    pub fn drop_code(&self, id: &PersonId, given: &str, source: &str) -> Result<(), PeopleError> {
        let person = self.person(id)?;
        if person.role.needs_code() {
            return Err(PeopleError::CodeNeeded);
        }
        self.confirm(&person, given, source)?;
        let subject = id.subject();
        self.edit(Cause { actor: &subject, source, reason: "" }, "drop codes", id, |transaction, _, _| {
            transaction.execute("UPDATE person SET totp = NULL, totp_pending = NULL WHERE id = ?1", [id.as_str()])?;
            transaction.execute("DELETE FROM recovery_code WHERE person = ?1", [id.as_str()])?;
            Ok(())
        })
    }

    /// How many recovery codes are left.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn recovery_codes_left(&self, id: &PersonId) -> Result<usize, PeopleError> {
        let sql = "SELECT count(*) FROM recovery_code WHERE person = ?1";
        let left: i64 = locked(&self.file).prepare_cached(sql)?.query_row([id.as_str()], |row| row.get(0))?;
        Ok(left as usize)
    }

    /// A signed-in person shows their password again before something that a stolen session must not do.
    fn confirm(&self, person: &Person, given: &str, source: &str) -> Result<(), PeopleError> {
        let login = person.identity.as_ref().map(|identity| identity.login.clone()).ok_or(PeopleError::Wrong)?;
        self.begin_attempt(&login, source)?;
        let phc = password_of(&locked(&self.file), &person.id)?;
        if !self.passwords.verify(given, phc.as_deref()) {
            self.refuse(&login, source)?;
            return Err(PeopleError::Wrong);
        }
        locked(&self.attempts).succeeded(&login, source);
        Ok(())
    }

    fn begin_attempt(&self, login: &str, source: &str) -> Result<(), PeopleError> {
        let begun = locked(&self.attempts).begin(login, source, Instant::now());
        begun.map_err(|wait| PeopleError::TooOften(wait.as_secs() + 1))
    }

    fn come_in(&self, person: &Person, code_needed: bool, source: &str, agent: &str) -> Result<SignedIn, PeopleError> {
        // Whoever knows the password may not try codes without end: the attempt stands until the code is right too.
        if let Some(identity) = person.identity.as_ref().filter(|_| !code_needed) {
            locked(&self.attempts).succeeded(&identity.login, source);
        }
        let subject = person.id.subject();
        let cookie = self.change(|transaction, now| {
            let cookie = sessions::begin(transaction, &person.id, !code_needed, now, (source, agent))?;
            if !code_needed {
                let sql = "UPDATE person SET signed_in_at = ?2 WHERE id = ?1";
                transaction.prepare_cached(sql)?.execute((person.id.as_str(), now.millis()))?;
                let cause = Cause { actor: &subject, source, reason: "" };
                audit::append(transaction, now, cause, Event::done(Category::Access, "sign in", &subject))?;
            }
            Ok(cookie)
        })?;
        Ok(SignedIn { cookie, code_needed })
    }

    /// A refused attempt in the audit log. An unknown login is not written down: people type passwords there.
    fn refuse(&self, login: &str, source: &str) -> Result<(), PeopleError> {
        let locks = locked(&self.attempts).is_locked(login);
        self.change(|transaction, now| {
            let person = by_login(transaction, login)?;
            let subject = person.map_or_else(|| "person/unknown".to_owned(), |person| person.id.subject());
            let what = if locks { "sign in, locked" } else { "sign in" };
            let cause = Cause { actor: &subject, source, reason: "" };
            audit::append(transaction, now, cause, Event::refused(Category::Access, what, &subject))?;
            Ok(())
        })
    }
}

impl Role {
    /// Whether somebody of this role who has no code may do nothing yet but set one up.
    pub fn waits_for_code(self, has_code: bool) -> bool {
        self.needs_code() && !has_code
    }
}

fn password_of(connection: &Connection, id: &PersonId) -> Result<Option<String>, PeopleError> {
    let sql = "SELECT password FROM person WHERE id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([id.as_str()], |row| row.get(0)).optional()?.flatten())
}

/// Whether the code is good; it is used up.
fn use_code(connection: &Connection, id: &PersonId, code: &str, now: Timestamp) -> rusqlite::Result<bool> {
    let sql = "SELECT totp, totp_step FROM person WHERE id = ?1";
    let (secret, last): (Option<Vec<u8>>, i64) =
        connection.query_row(sql, [id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let step = secret.and_then(|secret| totp::step_of(&secret, code, now.millis() / 1_000, last));
    if let Some(step) = step {
        connection.execute("UPDATE person SET totp_step = ?2 WHERE id = ?1", (id.as_str(), step))?;
        return Ok(true);
    }
    let hash = secret::digest(plain(code).as_bytes());
    let sql = "DELETE FROM recovery_code WHERE person = ?1 AND hash = ?2";
    Ok(connection.execute(sql, (id.as_str(), hash))? == 1)
}

/// A recovery code as it is compared: people leave out dashes and write capitals.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
