//! Looking at a journal without changing it, beside a gateway that runs or not.

use std::fmt;
use std::path::Path;

use super::recovery::{self, Damage};
use super::segment::{self, ITEMS_AT};
use super::storage::{Folder, Storage};
use super::{JournalError, Position};

/// What stands in a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Oldest first.
    pub segments: Vec<SegmentReport>,
}

/// What stands in one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its file name.
    pub name: String,
    /// Sound records.
    pub records: u64,
    /// Position of the first and of the last of them.
    pub span: Option<(Position, Position)>,
    /// Bytes used of the file.
    pub used_bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Places where bytes make no sense.
    pub damaged: Vec<Damage>,
    /// Bytes of a group that was never acknowledged, or that is being written now; only in the newest segment.
    pub torn_bytes: u64,
}

impl Report {
    /// Whether nothing is damaged. A torn tail is not damage.
    pub fn is_sound(&self) -> bool {
        self.segments.iter().all(|segment| segment.damaged.is_empty())
    }

    /// Sound records in all.
    pub fn records(&self) -> u64 {
        self.segments.iter().map(|segment| segment.records).sum()
    }
}

/// Looks at every record of the journal in `dir`.
///
/// # Errors
/// [`JournalError`] when the folder cannot be read, or a newer program wrote it.
pub fn verify(dir: &Path) -> Result<Report, JournalError> {
    look(&Folder::new(dir.to_owned())).map_err(|error| JournalError::from_survey(dir, error))
}

pub(super) fn look(storage: &dyn Storage) -> Result<Report, recovery::SurveyError> {
    let mut survey = recovery::survey(storage)?;
    let newest = survey.segments.len().saturating_sub(1);
    let segments = survey.segments.iter().enumerate().map(|(at, surveyed)| {
        let name = segment::name(surveyed.first);
        let (damaged, others) = survey.damaged.drain(..).partition(|damage| damage.segment == name);
        survey.damaged = others;
        let scan = surveyed.items.as_ref().map(|(_, scan)| scan);
        SegmentReport {
            name,
            records: scan.map_or(0, |scan| scan.records),
            span: scan.and_then(|scan| scan.span),
            used_bytes: scan.map_or(0, |scan| ITEMS_AT + scan.end as u64).min(surveyed.bytes),
            file_bytes: surveyed.bytes,
            damaged,
            torn_bytes: scan.filter(|_| at == newest).map_or(0, |scan| scan.tail as u64),
        }
    });
    Ok(Report { segments: segments.collect() })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            write!(f, "{}  {} records", segment.name, segment.records)?;
            if let Some((first, last)) = segment.span {
                write!(f, ", positions {first} to {last}")?;
            }
            writeln!(f, ", {} of {} bytes used", segment.used_bytes, segment.file_bytes)?;
            for Damage { offset, bytes, lost, before_durable, .. } in &segment.damaged {
                let once = if *before_durable { "acknowledged" } else { "perhaps never acknowledged" };
                writeln!(f, "  damage: {bytes} bytes at offset {offset}, at most {lost} records lost, {once}")?;
            }
            if segment.torn_bytes > 0 {
                writeln!(f, "  torn tail: {} bytes that were never acknowledged", segment.torn_bytes)?;
            }
        }
        let (segments, records) = (self.segments.len(), self.records());
        match self.segments.iter().map(|segment| segment.damaged.len()).sum::<usize>() {
            0 => write!(f, "sound: {records} records in {segments} segments"),
            places => write!(f, "DAMAGED in {places} places; {records} sound records in {segments} segments"),
        }
    }
}
