//! Steps by kind and time of arrival, for numbers: without the answers of inspections, and not all at once.

use rusqlite::Row;
use serde_json::json;

use super::super::asset::AssetId;
use super::super::step::Step;
use super::steps::{parsed, wrong};
use super::{Book, BookError};
use crate::reading::Timestamp;

/// A step without its form.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrived {
    /// Its number.
    pub number: u64,
    /// About what.
    pub asset: AssetId,
    /// What.
    pub step: Step,
    /// When it arrived here.
    pub arrived_at: Timestamp,
}

/// The last inspection of a type of one asset.
#[derive(Debug, Clone, PartialEq)]
pub struct LastMade {
    /// Of what.
    pub asset: AssetId,
    /// Its type.
    pub of_type: Box<str>,
    /// When it was made.
    pub at: Timestamp,
}

impl Book {
    /// Steps of some kinds that arrived in a span after the step of that number, in the order of their arrival, `top` at most.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn arrived(
        &self,
        kinds: &[&str],
        (from, until): (Timestamp, Timestamp),
        after: u64,
        top: usize,
    ) -> Result<Vec<Arrived>, BookError> {
        let file = crate::secret::locked(&self.file);
        let sql = "SELECT number, asset, json, arrived_at FROM step
            WHERE kind IN (SELECT value FROM json_each(?1)) AND arrived_at >= ?2 AND arrived_at < ?3 AND number > ?4
            ORDER BY number LIMIT ?5";
        let mut statement = file.prepare_cached(sql)?;
        let values = (json!(kinds).to_string(), from.millis(), until.millis(), after as i64, top as i64);
        let read = |row: &Row<'_>| {
            Ok(Arrived {
                number: row.get::<_, i64>(0)? as u64,
                asset: id(row, 1)?,
                step: parsed(row, 2)?,
                arrived_at: Timestamp::from_millis(row.get(3)?),
            })
        };
        let rows = statement.query_map(values, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The last inspection of each type of each asset that arrived before an instant; one that stands for other types is of those too.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn last_made(&self, before: Timestamp) -> Result<Vec<LastMade>, BookError> {
        let file = crate::secret::locked(&self.file);
        let sql = "SELECT asset, of_type, max(at) FROM (
                SELECT asset, json_extract(json, '$.of_type') AS of_type, at, arrived_at FROM step WHERE kind = 'inspected'
                UNION ALL
                SELECT asset, covered.value, at, arrived_at FROM step, json_each(step.json, '$.covers') AS covered
                WHERE kind = 'inspected')
            WHERE arrived_at < ?1 GROUP BY asset, of_type";
        let mut statement = file.prepare_cached(sql)?;
        let read = |row: &Row<'_>| {
            let of_type: String = row.get(1)?;
            Ok(LastMade { asset: id(row, 0)?, of_type: of_type.into(), at: Timestamp::from_millis(row.get(2)?) })
        };
        let rows = statement.query_map([before.millis()], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<AssetId> {
    AssetId::new(&row.get::<_, String>(column)?).map_err(|error| wrong(column, error))
}
