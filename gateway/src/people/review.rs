//! The review of rights (ISO/IEC 27001 A.5.18): who has which, and since when.

use std::collections::HashMap;

use super::{People, PeopleError, Person, State};
use crate::audit::Category;
use crate::reading::Timestamp;
use crate::secret::locked;

/// A person, and since when their rights are what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub person: Person,
    /// When their rights were last said, as far back as the audit log reaches; else when the account was made.
    pub since: Timestamp,
}

impl People {
    /// Everybody who is not erased, with the moment since when their rights are what they are.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn review(&self) -> Result<Vec<Standing>, PeopleError> {
        let everybody = self.everybody()?;
        let file = locked(&self.file);
        let sql = "SELECT subject, max(at) FROM audit
            WHERE category = ?1 AND what IN ('add', 'set rights') AND done GROUP BY subject";
        let mut statement = file.prepare_cached(sql)?;
        let said = statement
            .query_map([Category::People.code()], |row| {
                Ok((row.get::<_, String>(0)?, Timestamp::from_millis(row.get(1)?)))
            })?
            .collect::<Result<HashMap<_, _>, _>>()?;
        let standing = |person: Person| {
            let since = said.get(&person.id.subject()).copied().unwrap_or(person.created_at);
            Standing { person, since }
        };
        Ok(everybody.into_iter().filter(|person| person.state != State::Erased).map(standing).collect())
    }
}
