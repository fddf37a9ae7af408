//! Who the people are, how they prove it, and what they may do.
//!
//! Everything stands in `records.db`; every change and every attempt to come in is an entry of the audit log, written
//! in the same transaction. A person is a pseudonym everywhere but in `identity`. There is no default password: the
//! first administrator comes in by a link that is shown on the machine itself, others by a link that an administrator
//! hands them. All calls block: passwords cost time on purpose.

mod accounts;
mod attempts;
pub mod cli;
pub mod directory;

pub mod erasure;
mod error;
mod links;
mod password;
mod review;
mod role;
mod sessions;
mod sign_in;
mod tokens;
mod totp;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use accounts::{ACCOUNTS_MAX, NewPerson};
pub use attempts::AttemptRule;
pub use error::{PeopleError, Weakness};
pub use links::{Invited, Link};
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
pub use review::Standing;
pub use role::{Permission, Role};
pub use sessions::{SessionRow, SessionRule};
pub use sign_in::SignedIn;
pub use tokens::{TOKEN_PREFIX, TOKENS_MAX, Token};

use crate::audit;
use crate::clock::Clock;
use crate::reading::Timestamp;
use crate::secret::{self, locked};
use crate::store::{StoreError, records};
use attempts::Attempts;
use password::Passwords;

/// The people of one gateway.
pub struct People {
    rules: PeopleRules,
    clock: Arc<Clock>,
    file: Mutex<Connection>,
    passwords: Passwords,
    attempts: Mutex<Attempts>,
}

/// What sessions, attempts and links are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeopleRules {
    /// How long a session lives.
    pub sessions: SessionRule,
    /// How often somebody may fail.
    pub attempts: AttemptRule,
    /// How long a link may be used.
    pub link: Duration,
}

/// A pseudonym: ten characters that say nothing of the person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(Arc<str>);

impl PersonId {
    fn new() -> Result<Self, PeopleError> {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let bytes = secret::random::<10>()?;
        Ok(Self(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect::<String>().into()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As the audit log names it: `person/…`.
    pub fn subject(&self) -> String {
        format!("person/{}", self.0)
    }
}

impl From<String> for PersonId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl std::fmt::Display for PersonId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a person may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Has a link and no password yet.
    Invited,
    /// May come in.
    Active,
    /// May not, until somebody allows it again.
    Blocked,
    /// Has left: the name is erased, the pseudonym stays.
    Erased,
}

impl State {
    /// All of them.
    pub const ALL: [State; 4] = [Self::Invited, Self::Active, Self::Blocked, Self::Erased];

    /// Its name in the file.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Erased => "erased",
        }
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The pseudonym.
    pub id: PersonId,
    /// What they are to the gateway.
    pub role: Role,
    /// Whether they may come in.
    pub state: State,
    /// From outside the municipality: held to sites, with an end.
    pub external: bool,
    /// When their right ends.
    pub valid_until: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When they last came in.
    pub signed_in_at: Option<Timestamp>,
    /// When the password was set.
    pub password_at: Option<Timestamp>,
    /// Whether they sign in with a code too.
    pub has_code: bool,
    /// Who they are; none once erased.
    pub identity: Option<Identity>,
    /// Codes of the sites that they are held to; empty for all.
    pub sites: Vec<String>,
}

/// What identifies a person. Erased when they ask for it and no ground speaks against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name to sign in with.
    pub login: String,
    /// Given and family name.
    pub name: String,
    /// E-mail.
    pub email: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Who employs them; none for the municipality.
    pub employer: Option<String>,
}

impl Person {
    /// Whether they may come in at that moment.
    pub fn may_enter(&self, now: Timestamp) -> bool {
        self.state == State::Active && self.valid_until.is_none_or(|until| now < until)
    }

    /// Whether they may do it. Who is held to sites sees their own account, and the equipment of those sites: whoever shows
    /// or changes equipment asks [`Self::is_of`] too.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission) && (self.sites.is_empty() || permission.is_of_sites())
    }

    /// Whether what stands at that site is theirs to see.
    pub fn is_of(&self, site: Option<&str>) -> bool {
        self.sites.is_empty() || site.is_some_and(|site| self.sites.iter().any(|own| own == site))
    }

    /// The name to show.
    pub fn shown(&self) -> &str {
        self.identity.as_ref().map_or(self.id.as_str(), |identity| &identity.name)
    }
}

impl People {
    /// Opens the records at `path`, creating them when there are none.
    ///
    /// # Errors
    /// The file cannot be read, or a newer program wrote it.
    pub fn open(path: &Path, rules: PeopleRules, clock: Arc<Clock>) -> Result<Arc<Self>, PeopleError> {
        let mut connection = records::open(path).map_err(StoreError::Open)?;
        audit::adopt(&mut connection)?;
        // What is erased is overwritten.
        connection.pragma_update(None, "secure_delete", true)?;
        Ok(Arc::new(Self {
            rules,
            clock,
            file: Mutex::new(connection),
            passwords: Passwords::new()?,
            attempts: Mutex::new(Attempts::new(rules.attempts)),
        }))
    }

    /// What sessions, attempts and links are held to.
    pub fn rules(&self) -> &PeopleRules {
        &self.rules
    }

    /// One change: on disk, with its entry in the audit log, when this returns.
    fn change<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, Timestamp) -> Result<T, PeopleError>,
    ) -> Result<T, PeopleError> {
        let mut file = locked(&self.file);
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let out = work(&transaction, self.clock.now())?;
        transaction.commit()?;
        Ok(out)
    }

    /// Reads the audit log, or anything else of the records.
    ///
    /// # Errors
    /// What `look` says.
    pub fn look<T>(&self, look: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        look(&locked(&self.file))
    }

    /// Does something to the audit log itself, in one transaction.
    ///
    /// # Errors
    /// What `work` says, or the file cannot be written.
    pub fn keep_log<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, PeopleError> {
        self.change(|transaction, _| Ok(work(transaction)?))
    }

    /// Writes an entry of the audit log that stands for itself.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&self, cause: audit::Cause<'_>, event: audit::Event<'_>) -> Result<(), PeopleError> {
        self.change(|transaction, now| Ok(audit::append(transaction, now, cause, event).map(drop)?))
    }
}

#[cfg(test)]
mod tests;
