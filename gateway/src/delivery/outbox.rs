//! [`Outbox`]: notices in `records.db`, until they are sent or given up, and after.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

use super::{Address, Notice, Patience, Trouble, Way};
use crate::clock::Clock;
use crate::reading::Timestamp;
use crate::secret::{locked, random};
use crate::store::{StoreError, records};

const DAY_MS: i64 = 86_400_000;
/// What a notice is given up with that found no room.
const NO_ROOM: &str = "[delivery] waiting_max: newer ones came first";

/// Puts a notice into the outbox, within the caller's transaction.
///
/// # Errors
/// The records cannot be written.
pub(crate) fn put(file: &Connection, now: Timestamp, notice: &Notice) -> Result<u64, StoreError> {
    let sql = "INSERT INTO notice(at, alert, person, way, target, json, next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?1)";
    let json = json!({ "subject": notice.subject, "text": notice.text, "body": notice.body });
    file.prepare_cached(sql)?.execute(params![
        now.millis(),
        notice.alert.map(|alert| alert as i64),
        notice.person.as_deref(),
        notice.way.code(),
        &*notice.target,
        json.to_string(),
    ])?;
    Ok(file.last_insert_rowid() as u64)
}

/// A notice and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Its number.
    pub id: u64,
    /// When it was made.
    pub at: Timestamp,
    /// What it says, and to whom.
    pub notice: Notice,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried again; none when it is settled.
    pub next_at: Option<Timestamp>,
    /// When it went out.
    pub sent_at: Option<Timestamp>,
    /// When it was given up.
    pub failed_at: Option<Timestamp>,
    /// The last trouble.
    pub error: String,
}

/// How many notices stand how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// By way: sent, given up, as far as they are kept.
    pub settled: Vec<(Way, u64, u64)>,
    /// Those that wait.
    pub waiting: u64,
    /// When the oldest was made that waits.
    pub oldest: Option<Timestamp>,
}

/// Notices.
pub struct Outbox {
    file: Mutex<Connection>,
    clock: Arc<Clock>,
    patience: Patience,
}

impl Outbox {
    /// Opens the records in `folder`, the data folder, creating them when there are none.
    ///
    /// # Errors
    /// The file cannot be read, or a newer program wrote it.
    pub fn open(folder: &Path, patience: Patience, clock: Arc<Clock>) -> Result<Arc<Self>, StoreError> {
        let connection = records::open(&folder.join(records::FILE)).map_err(StoreError::Open)?;
        Ok(Arc::new(Self { file: Mutex::new(connection), clock, patience }))
    }

    /// Puts a notice of its own in: a test.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn add(&self, notice: &Notice) -> Result<u64, StoreError> {
        put(&locked(&self.file), self.clock.now(), notice)
    }

    /// Notices of a way that are to be sent now, the oldest first. What is beyond `[delivery] waiting_max` is given up first.
    ///
    /// # Errors
    /// The records cannot be read or written.
    pub fn due(&self, way: Way, target: &str, top: usize) -> Result<Vec<Sent>, StoreError> {
        let (file, now) = (locked(&self.file), self.clock.now());
        let waiting: i64 = file
            .prepare_cached("SELECT count(*) FROM notice WHERE next_at IS NOT NULL")?
            .query_row([], |row| row.get(0))?;
        let beyond = waiting - self.patience.waiting_max as i64;
        if beyond > 0 {
            let sql = "UPDATE notice SET next_at = NULL, failed_at = ?1, error = ?2
                       WHERE id IN (SELECT id FROM notice WHERE next_at IS NOT NULL ORDER BY id LIMIT ?3)";
            file.prepare_cached(sql)?.execute((now.millis(), NO_ROOM, beyond))?;
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM notice WHERE next_at <= ?1 AND way = ?2 AND target = ?3 ORDER BY id LIMIT ?4"
        );
        let mut statement = file.prepare_cached(&sql)?;
        let rows = statement.query_map((now.millis(), way.code(), target, top as i64), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What became of a try.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn settle(&self, sent: &Sent, result: Result<(), Trouble>) -> Result<(), StoreError> {
        let (file, now) = (locked(&self.file), self.clock.now());
        let tries = sent.tries + 1;
        let (next_at, sent_at, failed_at, error) = match result {
            Ok(()) => (None, Some(now), None, String::new()),
            Err(trouble) => {
                let chance = random::<4>().map_or(0, u32::from_le_bytes);
                let next = self.patience.next(sent.at, tries, now, chance).filter(|_| !trouble.lasting);
                (next, None, next.is_none().then_some(now), trouble.message)
            }
        };
        let sql = "UPDATE notice SET tries = ?2, next_at = ?3, sent_at = ?4, failed_at = ?5, error = ?6
                   WHERE id = ?1 AND next_at IS NOT NULL";
        let ms = |at: Option<Timestamp>| at.map(Timestamp::millis);
        file.prepare_cached(sql)?.execute(params![
            sent.id as i64,
            tries,
            ms(next_at),
            ms(sent_at),
            ms(failed_at),
            error
        ])?;
        Ok(())
    }

    /// Where a person is reached now; none when they are erased, or may not come in any more.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn address(&self, person: &str) -> Result<Option<Address>, StoreError> {
        let sql = "SELECT identity.name, identity.email, identity.phone FROM identity JOIN person ON person.id = identity.person
                   WHERE person.id = ?1 AND person.state IN ('active', 'invited')
                     AND (person.valid_until IS NULL OR person.valid_until > ?2)";
        let id = person.strip_prefix("person/").unwrap_or(person);
        let file = locked(&self.file);
        let read = |row: &Row<'_>| Ok(Address { name: row.get(0)?, email: row.get(1)?, phone: row.get(2)? });
        Ok(file.prepare_cached(sql)?.query_row((id, self.clock.now().millis()), read).optional()?)
    }

    /// A notice.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn notice(&self, id: u64) -> Result<Option<Sent>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM notice WHERE id = ?1");
        Ok(locked(&self.file).prepare_cached(&sql)?.query_row([id as i64], read).optional()?)
    }

    /// Notices of an alert, in their order.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn of_alert(&self, alert: u64) -> Result<Vec<Sent>, StoreError> {
        let file = locked(&self.file);
        let sql = format!("SELECT {COLUMNS} FROM notice WHERE alert = ?1 ORDER BY id LIMIT 200");
        let mut statement = file.prepare_cached(&sql)?;
        Ok(statement.query_map([alert as i64], read)?.collect::<Result<_, _>>()?)
    }

    /// The last notices, the newest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn list(&self, top: usize) -> Result<Vec<Sent>, StoreError> {
        let file = locked(&self.file);
        let sql = format!("SELECT {COLUMNS} FROM notice ORDER BY id DESC LIMIT ?1");
        let mut statement = file.prepare_cached(&sql)?;
        Ok(statement.query_map([top as i64], read)?.collect::<Result<_, _>>()?)
    }

    /// How many were given up within the last day.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn failed_today(&self) -> Result<u64, StoreError> {
        let (file, now) = (locked(&self.file), self.clock.now());
        let sql = "SELECT count(*) FROM notice WHERE failed_at > ?1";
        let failed: i64 = file.prepare_cached(sql)?.query_row([now.millis() - DAY_MS], |row| row.get(0))?;
        Ok(failed as u64)
    }

    /// How many stand how.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let file = locked(&self.file);
        let mut counts = Counts::default();
        let mut statement =
            file.prepare_cached("SELECT way, count(sent_at), count(failed_at) FROM notice GROUP BY way ORDER BY way")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let code: String = row.get(0)?;
            if let Some(way) = Way::named(&code) {
                counts.settled.push((way, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64));
            }
        }
        let sql = "SELECT count(*), min(at) FROM notice WHERE next_at IS NOT NULL";
        let (waiting, oldest): (i64, Option<i64>) =
            file.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        counts.waiting = waiting as u64;
        counts.oldest = oldest.map(Timestamp::from_millis);
        Ok(counts)
    }

    /// Forgets notices that were settled and made before then; says how many.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn forget(&self, before: Timestamp) -> Result<usize, StoreError> {
        let sql = "DELETE FROM notice WHERE at < ?1 AND next_at IS NULL";
        Ok(locked(&self.file).prepare_cached(sql)?.execute([before.millis()])?)
    }
}

const COLUMNS: &str = "id, at, alert, person, way, target, json, tries, next_at, sent_at, failed_at, error";

fn read(row: &Row<'_>) -> rusqlite::Result<Sent> {
    let code: String = row.get(4)?;
    let wrong = |column: usize, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
    };
    let mut json: Value = serde_json::from_str(row.get_ref(6)?.as_str()?).map_err(|error| wrong(6, Box::new(error)))?;
    let text = |name: &str| json[name].as_str().map(str::to_owned).unwrap_or_default();
    let (subject, text) = (text("subject"), text("text"));
    let at = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    Ok(Sent {
        id: row.get::<_, i64>(0)? as u64,
        at: Timestamp::from_millis(row.get(1)?),
        notice: Notice {
            alert: row.get::<_, Option<i64>>(2)?.map(|alert| alert as u64),
            person: row.get::<_, Option<String>>(3)?.map(Into::into),
            way: Way::named(&code).ok_or_else(|| wrong(4, format!("unknown way {code}").into()))?,
            target: row.get::<_, String>(5)?.into(),
            subject,
            text,
            body: json["body"].take(),
        },
        tries: row.get(7)?,
        next_at: at(8)?,
        sent_at: at(9)?,
        failed_at: at(10)?,
        error: row.get(11)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { delay_min_ms: 0, delay_max_ms: 0, most_ms: 60_000, waiting_max: 3 };

    fn notice(subject: &str) -> Notice {
        Notice {
            alert: Some(7),
            person: Some("person/a".into()),
            way: Way::Email,
            target: "".into(),
            subject: subject.into(),
            text: "Δείτε τον κάδο\n«199»".into(),
            body: json!({ "id": 7 }),
        }
    }

    fn open(folder: &Path) -> Arc<Outbox> {
        Outbox::open(folder, PATIENCE, Arc::new(Clock::new(Timestamp::default()))).expect("opened")
    }

    #[test]
    fn a_notice_is_tried_until_it_is_sent_also_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut outbox = open(folder.path());
        let id = outbox.add(&notice("φωτιά")).expect("added");
        let due = outbox.due(Way::Email, "", 9).expect("due");
        assert_eq!((due.len(), &due[0].notice), (1, &notice("φωτιά")));
        outbox.settle(&due[0], Err(Trouble::passing("the server is away"))).expect("settled");
        drop(outbox);
        outbox = open(folder.path());
        let due = outbox.due(Way::Email, "", 9).expect("due");
        assert_eq!((due[0].id, due[0].tries, due[0].error.as_str()), (id, 1, "the server is away"));
        assert_eq!(outbox.due(Way::Webhook, "sms", 9).expect("due"), []);
        outbox.settle(&due[0], Ok(())).expect("settled");
        assert_eq!(outbox.due(Way::Email, "", 9).expect("due"), []);
        let sent = outbox.of_alert(7).expect("read").remove(0);
        assert!(sent.sent_at.is_some() && sent.error.is_empty() && sent.tries == 2);
        assert_eq!(outbox.counts().expect("counted").settled, [(Way::Email, 1, 0)]);
        assert_eq!(outbox.forget(outbox.clock.now().plus_millis(1)).expect("forgotten"), 1);
    }

    #[test]
    fn what_would_never_go_is_given_up_at_once_and_so_is_the_oldest_beyond_the_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let outbox = open(folder.path());
        for n in 0..5 {
            outbox.add(&notice(&n.to_string())).expect("added");
        }
        let due = outbox.due(Way::Email, "", 9).expect("due");
        assert_eq!(due.iter().map(|sent| sent.notice.subject.as_str()).collect::<Vec<_>>(), ["2", "3", "4"]);
        outbox.settle(&due[0], Err(Trouble::lasting("no such address"))).expect("settled");
        let all = outbox.list(9).expect("listed");
        let failed: Vec<_> =
            all.iter().filter(|sent| sent.failed_at.is_some()).map(|sent| sent.error.as_str()).collect();
        assert_eq!(failed, ["no such address", NO_ROOM, NO_ROOM]);
        let counts = outbox.counts().expect("counted");
        assert_eq!((counts.waiting, outbox.failed_today().expect("counted")), (2, 3));
        assert_eq!(
            outbox.forget(outbox.clock.now().plus_millis(1)).expect("forgotten"),
            3,
            "what waits is not forgotten"
        );
    }
}
