//! What becomes of a person's data: when they ask for it to be erased, and when its time is over.
//!
//! An answer tells each class of the register: erased, or kept until a date on a named ground. What was erased is looked
//! for afterwards in the records' own bytes, so that the answer is a finding and not a promise.

use std::path::Path;

use serde_json::json;

use super::accounts::existing;
use super::{People, PeopleError, PersonId};
use crate::audit::{self, Category, Cause, Event, Search};
use crate::catalogue::personal_data::{DataClass, WITH_NODE, WITH_RECORD};
use crate::config::Config;
use crate::reading::Timestamp;
use crate::secret::locked;
use crate::store::records;

const DAY_MS: i64 = 86_400_000;
/// Shortest text that is looked for: shorter ones are found by chance.
const LOOKED_FOR_MIN: usize = 4;

/// What becomes of a class of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Gone.
    Erased,
    /// Stays until then, at the latest.
    Until(Timestamp),
    /// Stays as long as its node is known.
    WithNode,
    /// Stays with the record of equipment.
    WithRecord,
    /// Stays: the gateway does not hold it.
    Elsewhere,
}

/// How long a class of data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// So many milliseconds.
    For(i64),
    /// As long as its node is known.
    WithNode,
    /// With the record of equipment, for good.
    WithRecord,
    /// The gateway does not hold it.
    Elsewhere,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The pseudonym that stays.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
    /// What became of each class, by its code.
    pub fates: Vec<(String, Fate)>,
    /// Texts that named the person and were found again in the records' bytes: how many, of how many looked for.
    pub found: (usize, usize),
    /// Entries of the audit log in whose reason somebody wrote one of them.
    pub in_reasons: Vec<u64>,
}

/// What went because its time was over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retired {
    /// Sessions.
    pub sessions: usize,
    /// Links.
    pub links: usize,
    /// Names.
    pub accounts: usize,
}

impl People {
    /// Erases what may be erased of a person, and tells what stays and why.
    ///
    /// # Errors
    /// There is no such person, they are the last administrator, or the files cannot be read or written.
    pub fn erase(&self, cause: Cause<'_>, id: &PersonId, config: &Config) -> Result<Erasure, PeopleError> {
        let identity = self.person(id)?.identity.ok_or_else(|| PeopleError::Unknown(id.to_string()))?;
        let texts = [Some(identity.login), Some(identity.name), identity.email, identity.phone];
        let texts: Vec<String> = texts.into_iter().flatten().filter(|text| text.len() >= LOOKED_FOR_MIN).collect();
        self.erase_identity(cause, id)?;
        let in_reasons = self.reasons_with(&texts)?;
        let found = found_in(&config.data_dir, &texts).map_err(|error| PeopleError::Look(error.to_string()))?;
        let at = self.clock.now();
        let fates = fates(config, at).into_iter().map(|(class, fate)| (class.code.to_string(), fate)).collect();
        let erasure = Erasure { person: id.clone(), at, fates, found: (found, texts.len()), in_reasons };
        let after = json!({
            "classes": erasure.fates.iter().map(|(code, fate)| json!({
                "class": code,
                "fate": if *fate == Fate::Erased { "erased" } else { "kept" },
                "until": match fate { Fate::Until(until) => Some(until.to_string()), _ => None },
            })).collect::<Vec<_>>(),
            "found_again": erasure.found.0,
            "looked_for": erasure.found.1,
        });
        let subject = id.subject();
        self.note(cause, Event::done(Category::Data, "answer erasure", &subject).with(None, Some(after)))?;
        Ok(erasure)
    }

    /// Takes away what its time is over for, and says so in the log when something went.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn retire(&self, accounts_days: u32) -> Result<Retired, PeopleError> {
        let now = self.clock.now().millis();
        let limit = now - i64::from(accounts_days) * DAY_MS;
        let (idle, most) = (self.rules.sessions.idle.as_millis() as i64, self.rules.sessions.most.as_millis() as i64);
        let (ended, retired) = self.change(|transaction, _| {
            let sql = "DELETE FROM web_session WHERE seen_at < ?1 OR created_at < ?2";
            let sessions = transaction.execute(sql, (now - idle, now - most))?;
            let links = transaction.execute("DELETE FROM link WHERE valid_until <= ?1", [now])?;
            let sql = "SELECT person.id FROM person JOIN identity ON identity.person = person.id
                WHERE blocked_at < ?1 OR valid_until < ?1";
            let mut statement = transaction.prepare(sql)?;
            let ended = statement.query_map([limit], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            Ok((ended, Retired { sessions, links, accounts: 0 }))
        })?;
        let cause = Cause::gateway("gateway", "[retention] accounts_days");
        let mut retired = retired;
        for id in ended.into_iter().map(PersonId::from) {
            match self.erase_identity(cause, &id) {
                Ok(()) => retired.accounts += 1,
                // Somebody has to decide; their name stays until another one does.
                Err(PeopleError::LastAdministrator) => {}
                Err(error) => return Err(error),
            }
        }
        if retired != Retired::default() {
            let after = json!({ "sessions": retired.sessions, "links": retired.links, "accounts": retired.accounts });
            let event = Event::done(Category::Data, "retention", "people").with(None, Some(after));
            self.note(Cause::gateway("gateway", "its time was over"), event)?;
        }
        Ok(retired)
    }

    /// Says once a day that the retention runs, also when there is nothing to remove.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn note_retention(&self, now: Timestamp) -> Result<(), PeopleError> {
        let search = Search { subject: "people".into(), from: Some(now.plus_millis(-DAY_MS)), ..Search::default() };
        let told = self.look(|file| audit::list(file, &search, 20))?;
        if told.iter().any(|entry| entry.what == "retention") {
            return Ok(());
        }
        let after = json!({ "sessions": 0, "links": 0, "accounts": 0 });
        let event = Event::done(Category::Data, "retention", "people").with(None, Some(after));
        self.note(Cause::gateway("gateway", "nothing was over"), event)
    }

    /// Entries of the audit log in whose reason one of the texts stands.
    fn reasons_with(&self, texts: &[String]) -> Result<Vec<u64>, PeopleError> {
        let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        let file = locked(&self.file);
        let mut statement = file.prepare("SELECT id, reason FROM audit WHERE reason <> '' ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let reason = row.get::<_, String>(1)?.to_lowercase();
            if texts.iter().any(|text| reason.contains(text)) {
                found.push(row.get::<_, i64>(0)? as u64);
            }
        }
        Ok(found)
    }

    /// Whether the person of that pseudonym is erased.
    ///
    /// # Errors
    /// There is none, or the file cannot be read.
    pub fn is_erased(&self, id: &PersonId) -> Result<bool, PeopleError> {
        Ok(existing(&locked(&self.file), id)?.identity.is_none())
    }
}

/// How long a class is kept when nobody asks for it to be erased.
pub fn kept(class: &DataClass, config: &Config) -> Kept {
    let days = |days: u32| Kept::For(i64::from(days) * DAY_MS);
    match class.keep.as_deref() {
        Some("retention.audit_days") => days(config.retention.audit_days),
        Some("retention.rejections_days") => days(config.retention.rejections_days),
        Some("retention.accounts_days") => days(config.retention.accounts_days),
        Some("access.session_max_s") => Kept::For(config.access.session_max.as_millis() as i64),
        Some("retention.distances_days") => days(config.retention.distances_days),
        Some("retention.alerts_days") => days(config.retention.alerts_days),
        Some(WITH_NODE) => Kept::WithNode,
        Some(WITH_RECORD) => Kept::WithRecord,
        _ => Kept::Elsewhere,
    }
}

fn fate(class: &DataClass, config: &Config, now: Timestamp) -> Fate {
    match kept(class, config) {
        _ if class.erased => Fate::Erased,
        Kept::For(ms) => Fate::Until(now.plus_millis(ms)),
        Kept::WithNode => Fate::WithNode,
        Kept::WithRecord => Fate::WithRecord,
        Kept::Elsewhere => Fate::Elsewhere,
    }
}

/// How many of the texts stand somewhere in the bytes of the records and their log.
fn found_in(data_dir: &Path, texts: &[String]) -> std::io::Result<usize> {
    let mut bytes = std::fs::read(data_dir.join(records::FILE))?;
    match std::fs::read(data_dir.join(format!("{}-wal", records::FILE))) {
        Ok(log) => bytes.extend(log),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let contains = |text: &String| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    Ok(texts.iter().filter(|text| contains(text)).count())
}

/// What the register holds and what would become of it, for whoever asks before.
pub fn fates(config: &Config, now: Timestamp) -> Vec<(DataClass, Fate)> {
    config.catalogue.personal_data.iter().map(|class| (class.clone(), fate(class, config, now))).collect()
}
