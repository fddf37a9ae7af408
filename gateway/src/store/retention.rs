//! What the store gives up: by age, and when it has grown too big.
//!
//! Observations go by whole chunks, and with them what was kept of their corrections; counts and first times follow. The
//! aggregates made of them stay until their own time: a window that observations are gone of is not computed again.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};

use super::StoreError;
use super::observations::decode;
use super::shared::Shared;
use super::writer::{FORGET_FRAMES, Writer};
use crate::reading::{DatastreamId, Timestamp};

/// Windows that `[windows] lengths` may name.
const WINDOWS_MAX: u8 = 7;
/// How much is shed at once.
const DAY_MS: i64 = 86_400_000;

/// What goes of one datastream.
#[derive(Default)]
struct Gone {
    count: u32,
    until: Timestamp,
    /// Those that a later one corrected.
    superseded: Vec<u32>,
    /// The earliest that the database still holds.
    first_at: Option<Timestamp>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Observations.
    pub observations: u64,
    /// Aggregates.
    pub aggregates: u64,
    /// Rejections.
    pub rejections: u64,
}

impl Writer {
    /// Removes what is older than its retention: observations by whole chunks, aggregates, rejections.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn retain(
        &mut self,
        observations: Timestamp,
        aggregates: Timestamp,
        rejections: Timestamp,
    ) -> Result<Removed, StoreError> {
        let mut removed = Removed { observations: self.remove_observations(observations)?, ..Removed::default() };
        let transaction = self.connection.transaction()?;
        for window in 0..WINDOWS_MAX {
            // By the table's own order: without the window all of it would be looked through.
            removed.aggregates += transaction.execute(
                "DELETE FROM aggregate WHERE window = ?1 AND start < ?2
                   AND datastream IN (SELECT id FROM datastream WHERE NOT external)",
                [i64::from(window), aggregates.millis()],
            )? as u64;
        }
        let sql = "DELETE FROM rejection WHERE received_at < ?1";
        removed.rejections = transaction.execute(sql, [rejections.millis()])? as u64;
        transaction.execute(FORGET_FRAMES, [])?;
        transaction.execute("DELETE FROM quarantine WHERE at < ?1", [rejections.millis()])?;
        transaction.commit()?;
        Ok(removed)
    }

    /// Makes the database smaller by about `bytes`: the bytes of rejections go first, then the oldest observations, a day
    /// at a time. Says up to when observations went. Aggregates and what tells datastreams apart stay.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn shed(&mut self, bytes: u64) -> Result<Option<Timestamp>, StoreError> {
        let target = self.used_bytes()?.saturating_sub(bytes);
        self.connection.execute("DELETE FROM rejected_frame", [])?;
        let mut gone_until = None;
        while self.used_bytes()? > target {
            let oldest: Option<i64> =
                self.connection.query_row("SELECT min(measured_max) FROM chunk", [], |row| row.get(0))?;
            let Some(oldest) = oldest else { break };
            let until = Timestamp::from_millis(oldest.saturating_add(DAY_MS));
            self.remove_observations(until)?;
            gone_until = Some(until);
        }
        Ok(gone_until)
    }

    /// Removes the chunks that end before `until`. Says how many observations went.
    fn remove_observations(&mut self, until: Timestamp) -> Result<u64, StoreError> {
        let transaction = self.connection.transaction()?;
        let mut gone = gone(&transaction, &self.shared, until)?;
        if gone.is_empty() {
            return Ok(0);
        }
        let count = gone.values().map(|gone| u64::from(gone.count)).sum();
        transaction.execute("DELETE FROM chunk WHERE measured_max < ?1", [until.millis()])?;
        let mut forget = transaction.prepare_cached("DELETE FROM superseded WHERE datastream = ?1 AND ordinal = ?2")?;
        let mut first = transaction.prepare_cached(
            "SELECT min(measured_min) FROM (
               SELECT min(measured_min) AS measured_min FROM chunk WHERE datastream = ?1
               UNION ALL
               SELECT measured_min FROM segment
                 CROSS JOIN delta ON delta.segment = segment.id AND delta.datastream = ?1)",
        )?;
        let mut update = transaction.prepare_cached(
            "UPDATE datastream SET removed = removed + ?2, first_at = ?3,
               removed_until = max(coalesce(removed_until, ?4), ?4) WHERE id = ?1",
        )?;
        for (id, gone) in &mut gone {
            for ordinal in &gone.superseded {
                forget.execute(params![id.0, ordinal])?;
            }
            let first_at: Option<i64> = first.query_row([id.0], |row| row.get(0))?;
            update.execute(params![id.0, gone.count, first_at, gone.until.millis()])?;
            gone.first_at = first_at.map(Timestamp::from_millis);
        }
        drop((forget, first, update));
        transaction.commit()?;
        for (id, gone) in gone {
            let Some(entry) = self.shared.directory.get(id) else { continue };
            let mut live = entry.live();
            live.removed += gone.count;
            live.superseded.retain(|ordinal| gone.superseded.binary_search(ordinal).is_err());
            live.removed_before(gone.until);
            let unwritten = live.unwritten().iter().map(|o| o.measured_at).min();
            live.first_at = [gone.first_at, unwritten].into_iter().flatten().min();
        }
        Ok(count)
    }
}

/// What is in the chunks that end before `until`.
fn gone(
    transaction: &Transaction<'_>,
    shared: &Shared,
    until: Timestamp,
) -> Result<BTreeMap<DatastreamId, Gone>, StoreError> {
    let mut all = BTreeMap::<DatastreamId, Gone>::new();
    let mut select =
        transaction.prepare_cached("SELECT datastream, n, measured_max, data FROM chunk WHERE measured_max < ?1")?;
    let mut rows = select.query([until.millis()])?;
    while let Some(row) = rows.next()? {
        let id = DatastreamId(row.get(0)?);
        let entry =
            shared.directory.get(id).ok_or_else(|| StoreError::Damaged(format!("datastream {} is unknown", id.0)))?;
        let gone = all.entry(id).or_default();
        gone.count += row.get::<_, u32>(1)?;
        gone.until = gone.until.max(Timestamp::from_millis(row.get(2)?).plus_millis(1));
        let corrected = entry.live().superseded.clone();
        if !corrected.is_empty() {
            let mut observations = Vec::new();
            decode(&entry, row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?, &mut observations)?;
            let ordinals = observations.iter().map(|o| o.ordinal);
            gone.superseded.extend(ordinals.filter(|ordinal| corrected.binary_search(ordinal).is_ok()));
        }
    }
    for gone in all.values_mut() {
        gone.superseded.sort_unstable();
    }
    Ok(all)
}
