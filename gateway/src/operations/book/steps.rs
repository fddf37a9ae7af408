//! What was done about equipment: taken, read again, and what it makes.

use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::asset::AssetId;
use super::super::dossier::Dossier;
use super::super::schedule::local_day;
use super::super::step::{Deed, Evidence, Hand, LockoutCause, Step, Uid};
use super::{Book, BookError, Held, Shelf};
use crate::audit::{self, Category, Cause, Event};
use crate::operations::case::Refusal;
use crate::reading::Timestamp;
use crate::store::StoreError;

/// A step that is to be taken.
#[derive(Debug, Clone, PartialEq)]
pub struct New {
    /// About what.
    pub asset: AssetId,
    /// What.
    pub step: Step,
    /// An inspection's answers, as JSON; they stay with it.
    pub form: Option<Value>,
    /// How far from the site it was done; kept apart, and not for long.
    pub metres: Option<u32>,
}

impl New {
    /// A step without a form.
    pub fn of(asset: AssetId, step: Step) -> Self {
        Self { asset, step, form: None, metres: None }
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was taken.
    Now,
    /// It was taken before: it was sent twice.
    Before,
}

/// A step as it is on record.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its number: the order in which steps arrived.
    pub number: u64,
    /// About what.
    pub asset: AssetId,
    /// What.
    pub step: Step,
    /// When it arrived here.
    pub arrived_at: Timestamp,
    /// An inspection's answers.
    pub form: Option<Value>,
}

const COLUMNS: &str = "number, asset, json, arrived_at, form";

impl Book {
    /// Takes steps in their order, all or none. Those that were taken before count as taken.
    ///
    /// # Errors
    /// [`BookError::Refused`] with the first that may not follow, and nothing has changed; [`BookError::NoAsset`];
    /// [`BookError::NoDocument`]; or the records cannot be written.
    pub fn take(&self, cause: Cause<'_>, steps: &[New]) -> Result<Vec<Taken>, BookError> {
        self.change(|file, shelf, now| steps.iter().map(|new| self.take_one(file, shelf, now, cause, new)).collect())
    }

    /// As [`Self::take`], as if they had arrived then: the demonstration's past.
    pub(crate) fn take_at(&self, at: Timestamp, cause: Cause<'_>, steps: &[New]) -> Result<Vec<Taken>, BookError> {
        self.change_at(at, |file, shelf, now| {
            steps.iter().map(|new| self.take_one(file, shelf, now, cause, new)).collect()
        })
    }

    fn take_one(
        &self,
        file: &Connection,
        shelf: &mut Shelf,
        now: Timestamp,
        cause: Cause<'_>,
        new: &New,
    ) -> Result<Taken, BookError> {
        let New { asset, step, form, metres } = new;
        let refused = |refusal| BookError::Refused { asset: asset.clone(), step: step.uid.clone(), refusal };
        if let Some(before) = one(file, &step.uid)? {
            let same = before.asset == *asset && before.step == *step && before.form == *form;
            return if same { Ok(Taken::Before) } else { Err(refused(Refusal::Used)) };
        }
        let held = shelf.get(asset).ok_or_else(|| BookError::NoAsset(asset.to_string()))?;
        for sha256 in &step.evidence.files {
            self.has_document(sha256)?;
        }
        let mut dossier = held.dossier.clone();
        let (was, held_asset) = (dossier.case.status(), held.asset.clone());
        dossier.take(step, local_day(now, &self.zone), &self.zone).map_err(refused)?;
        let number = write(file, now, new)?;
        let sql = "INSERT INTO dossier(asset, step, json) VALUES (?1, ?2, ?3)
                   ON CONFLICT(asset) DO UPDATE SET step = ?2, json = ?3";
        file.prepare_cached(sql)?.execute((asset.as_str(), number, json!(dossier).to_string()))?;
        if let Some(metres) = metres {
            let sql = "INSERT INTO distance(step, metres, at) VALUES (?1, ?2, ?3)";
            file.prepare_cached(sql)?.execute((step.uid.as_str(), metres, now.millis()))?;
        }
        let (subject, is) = (asset.subject(), dossier.case.status());
        let what = step.deed.code().replace('_', " ");
        let before = (was != is).then(|| json!({ "status": was }));
        let after = json!({ "step": step.uid, "number": number, "status": is, "deed": step.deed, "files": step.evidence.files });
        let event = Event::done(Category::Equipment, &what, &subject).with(before, Some(after));
        audit::append(file, now, cause, event)?;
        shelf.put(Held { asset: held_asset, dossier });
        Ok(Taken::Now)
    }

    /// What was done about an asset, the newest first: `top` at most, before `before`.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn steps(&self, asset: &AssetId, before: Option<u64>, top: usize) -> Result<Vec<Recorded>, BookError> {
        let file = crate::secret::locked(&self.file);
        let sql = format!("SELECT {COLUMNS} FROM step WHERE asset = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3");
        let before = before.map_or(i64::MAX, |before| before as i64);
        rows(&file, &sql, (asset.as_str(), before, top as i64))
    }

    /// What of one kind was done about anything, the newest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn steps_of(&self, kind: &str, before: Option<u64>, top: usize) -> Result<Vec<Recorded>, BookError> {
        let file = crate::secret::locked(&self.file);
        let sql = format!("SELECT {COLUMNS} FROM step WHERE kind = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3");
        let before = before.map_or(i64::MAX, |before| before as i64);
        rows(&file, &sql, (kind, before, top as i64))
    }

    /// What arrived in a span, the newest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn steps_between(&self, from: Timestamp, until: Timestamp, top: usize) -> Result<Vec<Recorded>, BookError> {
        let file = crate::secret::locked(&self.file);
        let sql = format!(
            "SELECT {COLUMNS} FROM step WHERE arrived_at >= ?1 AND arrived_at < ?2 ORDER BY number DESC LIMIT ?3"
        );
        rows(&file, &sql, (from.millis(), until.millis(), top as i64))
    }

    /// Of each who inspected, the inspections that arrived since then: how many, and the milliseconds that they took together.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn inspected_since(&self, from: Timestamp) -> Result<Vec<(Hand, usize, i64)>, BookError> {
        let sql = "SELECT by, count(*), coalesce(sum(max(at - (form ->> '$.started_at'), 0)), 0) FROM step
                   WHERE arrived_at >= ?1 AND kind = 'inspected' AND form IS NOT NULL GROUP BY by";
        let file = crate::secret::locked(&self.file);
        let mut statement = file.prepare_cached(sql)?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok((Hand(row.get::<_, String>(0)?.into()), row.get::<_, i64>(1)? as usize, row.get(2)?))
        };
        Ok(statement.query_map([from.millis()], read)?.collect::<Result<_, _>>()?)
    }

    /// A step by its name.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn step(&self, uid: &Uid) -> Result<Option<Recorded>, BookError> {
        Ok(one(&crate::secret::locked(&self.file), uid)?)
    }

    /// How far from its site a step was done, while that is kept.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn distance(&self, uid: &Uid) -> Result<Option<u32>, BookError> {
        let file = crate::secret::locked(&self.file);
        let sql = "SELECT metres FROM distance WHERE step = ?1";
        Ok(file.prepare_cached(sql)?.query_row([uid.as_str()], |row| row.get(0)).optional()?)
    }

    /// Forgets how far from their sites steps were done that arrived before `limit`; says how many.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn forget_distances(&self, limit: Timestamp) -> Result<usize, BookError> {
        let file = crate::secret::locked(&self.file);
        Ok(file.prepare_cached("DELETE FROM distance WHERE at < ?1")?.execute([limit.millis()])?)
    }

    /// A step that the gateway takes by itself, now.
    ///
    /// # Errors
    /// No name can be made for it.
    pub fn own(&self, asset: AssetId, deed: Deed) -> Result<New, BookError> {
        let uid =
            Uid::new(&format!("gateway-{}", crate::audit::hex(&random()?))).expect("hexadecimal digits are allowed");
        let evidence = Evidence::default();
        Ok(New::of(asset, Step { uid, at: self.clock.now(), by: Hand::gateway(), deed, evidence }))
    }

    /// Orders the lock-out of what a lapsed certificate locks out today. Says how many were ordered.
    ///
    /// # Errors
    /// The records cannot be read or written.
    pub fn lapse(&self) -> Result<usize, BookError> {
        let (shelf, today) = (self.shelf()?, self.today());
        let mut ordered = Vec::new();
        for Held { asset, dossier } in shelf.all() {
            for of_type in self.catalogue.certificates_for(&asset.kind, asset.used_as.as_deref()) {
                if dossier.is_to_be_locked_out(of_type, today) {
                    let cause = LockoutCause::Certificate((*of_type.code).into());
                    ordered.push(self.own(asset.id.clone(), Deed::LockoutOrdered { cause })?);
                }
            }
        }
        for chunk in ordered.chunks(256) {
            self.take(Cause::gateway("gateway", "a certificate lapsed"), chunk)?;
        }
        Ok(ordered.len())
    }

    /// Holds what is remembered of each asset against its steps; the codes of those that differ.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn compare(&self) -> Result<Vec<AssetId>, BookError> {
        let shelf = self.shelf()?;
        let mut differ = Vec::new();
        for held in shelf.all() {
            let mut again = Dossier::default();
            let mut steps = self.steps(&held.asset.id, None, usize::MAX >> 1)?;
            steps.reverse();
            let taken = steps.iter().all(|recorded| {
                again.take(&recorded.step, local_day(recorded.arrived_at, &self.zone), &self.zone).is_ok()
            });
            if !taken || again != held.dossier {
                differ.push(held.asset.id.clone());
            }
        }
        Ok(differ)
    }
}

fn random() -> Result<[u8; 10], BookError> {
    crate::secret::random::<10>().map_err(|error| std::io::Error::other(error.to_string()).into())
}

fn write(file: &Connection, now: Timestamp, new: &New) -> Result<i64, StoreError> {
    let sql = "INSERT INTO step(uid, asset, kind, at, arrived_at, by, json, form)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let step = &new.step;
    file.prepare_cached(sql)?.execute((
        step.uid.as_str(),
        new.asset.as_str(),
        step.deed.code(),
        step.at.millis(),
        now.millis(),
        &*step.by.0,
        json!(step).to_string(),
        new.form.as_ref().map(Value::to_string),
    ))?;
    Ok(file.last_insert_rowid())
}

fn one(file: &Connection, uid: &Uid) -> Result<Option<Recorded>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM step WHERE uid = ?1");
    Ok(file.prepare_cached(&sql)?.query_row([uid.as_str()], read).optional()?)
}

fn rows(file: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<Recorded>, BookError> {
    let mut statement = file.prepare_cached(sql)?;
    let rows = statement.query_map(values, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    let asset: String = row.get(1)?;
    let asset = AssetId::new(&asset).map_err(|error| wrong(1, error))?;
    Ok(Recorded {
        number: row.get::<_, i64>(0)? as u64,
        asset,
        step: parsed(row, 2)?,
        arrived_at: Timestamp::from_millis(row.get(3)?),
        form: match row.get_ref(4)? {
            rusqlite::types::ValueRef::Null => None,
            _ => Some(parsed(row, 4)?),
        },
    })
}

/// A column of JSON.
pub(super) fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| wrong(column, error))
}

pub(super) fn wrong(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}
