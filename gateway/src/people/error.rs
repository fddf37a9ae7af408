//! Why something about people could not be done.

use crate::secret::SecretError;
use crate::store::StoreError;

/// Why something about people could not be done. The texts are for the command line; pages say it in their language.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The file could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Random bits or a hash could not be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// There is no such account.
    #[error("there is no account `{0}`: `user list` shows those there are")]
    Unknown(String),
    /// There is one already.
    #[error("there is an account `{0}` already")]
    LoginTaken(String),
    /// A login that cannot be one.
    #[error("a login is 2 to 64 of letters, digits and `. - _ @`")]
    Login,
    /// A text that is empty or too long.
    #[error("the {0} is missing or longer than 200 characters")]
    Text(&'static str),
    /// Sites that cannot be, or more than may be.
    #[error("a site is 1 to 64 of letters, digits and `. - _`, and there are 200 at most")]
    Site,
    /// An end that lies in the past.
    #[error("the end lies in the past")]
    Until,
    /// An outside inspector without an end or without sites.
    #[error("someone from outside has an end date and the sites that they may see")]
    External,
    /// A password that is easily guessed.
    #[error("the password {0}")]
    Password(Weakness),
    /// The link was used, or its time is over.
    #[error("the link was used already, or its time is over: ask for another")]
    Link,
    /// Name or password are wrong, or the account may not come in.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Too many attempts failed.
    #[error("too many attempts failed: try again in {0} seconds, or ask an administrator for a link")]
    TooOften(u64),
    /// The six digits are wrong or were used.
    #[error("the code is wrong or was used already")]
    Code,
    /// Without it nobody could decide who may do what.
    #[error("this is the last administrator who can sign in")]
    LastAdministrator,
    /// What the role asks for cannot be turned off.
    #[error("an administrator signs in with a code")]
    CodeNeeded,
    /// Whether what was erased is gone could not be looked at.
    #[error("the records could not be looked through: {0}")]
    Look(String),
    /// As many as may be.
    #[error("there are {0} already, as many as may be")]
    Full(usize),
}

/// Why a password is easily guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer characters than [`super::PASSWORD_CHARS_MIN`].
    #[error("has fewer than 12 characters")]
    Short,
    /// More bytes than are hashed.
    #[error("is longer than 256 bytes")]
    Long,
    /// Made of a few characters over and over, or of neighbours on the keyboard.
    #[error("repeats a few characters, or follows the keyboard")]
    Plain,
    /// A word that everybody tries first, with a few digits.
    #[error("is a word that is tried first, with a few digits")]
    Common,
}

impl From<rusqlite::Error> for PeopleError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(StoreError::Sqlite(error))
    }
}
