//! Opening a journal: every segment is looked at, and the newest is made fit to go on with.
//!
//! - A newer format is refused before anything is touched.
//! - Damage is stepped over to the next sound item and told; what is sound around it stays.
//! - What follows the last sound item of the newest segment is a torn tail, of which no sender was told: it is zeroed,
//!   and counted. A torn place with sound records after it is made a void (see [`super::record`]).
//! - What no mark says was on disk is written again and synced before anyone may read it: it may have come from the
//!   page cache of a process that was killed, or of a disk whose sync failed, and a reader must not see what a power
//!   cut can still take back.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::active::Active;
use super::log::{Index, Log, Segment};
use super::record::{self, Kind, Scan};
use super::segment::{self, Found, Header, ITEMS_AT, Named};
use super::storage::Storage;
use super::{JournalConfig, Position};

/// What an opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Sound records in the journal.
    pub records: u64,
    /// The position of the first of them.
    pub first: Option<Position>,
    /// The position of the last of them.
    pub last: Option<Position>,
    /// Places where records were lost or bytes make no sense.
    pub damaged: Vec<Damage>,
    /// Bytes after the last sound record, of a group that was never acknowledged; cut.
    pub torn_bytes: u64,
    /// Files in the folder that are not the journal's; left alone.
    pub foreign: Vec<String>,
}

/// A place in a segment where bytes make no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment's file name.
    pub segment: String,
    /// Where in the file it begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
    /// Records that stood there, as far as the positions around it tell.
    pub lost: u64,
    /// Whether they were on disk, and acknowledged, once. If not, this is most likely a group torn by a power cut.
    pub before_durable: bool,
}

/// Why a journal cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum SurveyError {
    #[error("{name} has a newer format")]
    Newer { name: String, found: u32 },
    #[error("{name}: {source}")]
    Io { name: String, source: io::Error },
}

/// What stands in the folder; nothing is changed to find out.
pub(super) struct Survey {
    pub(super) segments: Vec<Surveyed>,
    pub(super) damaged: Vec<Damage>,
    unfinished: Vec<String>,
    foreign: Vec<String>,
}

/// One segment of it.
pub(super) struct Surveyed {
    pub(super) first: Position,
    pub(super) bytes: u64,
    /// Unless the header cannot be read.
    pub(super) items: Option<(Header, Scan)>,
}

impl Surveyed {
    /// Bytes that its file should have and has not.
    fn cut(&self) -> u64 {
        self.items.as_ref().map_or(0, |(header, _)| header.bytes.saturating_sub(self.bytes))
    }

    /// The last position in it, or the last that may have been: what is gone is not given again.
    fn last(&self, config: &JournalConfig) -> Position {
        let (last, unknown) = match &self.items {
            Some((_, scan)) => (scan.last, self.cut()),
            None => (self.first - 1, self.bytes.max(config.segment_bytes)),
        };
        last + unknown.min(config.bytes_max) / record::HEADER as u64
    }
}

/// Looks at every segment.
pub(super) fn survey(storage: &dyn Storage) -> Result<Survey, SurveyError> {
    let mut survey = Survey { segments: Vec::new(), damaged: Vec::new(), unfinished: Vec::new(), foreign: Vec::new() };
    let mut firsts = Vec::new();
    for name in storage.list().map_err(|source| SurveyError::Io { name: "the folder".into(), source })? {
        match segment::named(&name) {
            Named::Segment(first) => firsts.push(first),
            Named::Unfinished => survey.unfinished.push(name),
            Named::Lock => {}
            Named::Foreign => survey.foreign.push(name),
        }
    }
    firsts.sort_unstable();
    let mut bytes = Vec::new();
    for first in firsts {
        let name = segment::name(first);
        match read_all(storage, &name, &mut bytes) {
            Ok(()) => {}
            // Released meanwhile: one may look beside a gateway that runs.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(SurveyError::Io { name, source }),
        }
        let items = match segment::read_header(&bytes, first) {
            Found::Newer(found) => return Err(SurveyError::Newer { name, found }),
            Found::Unreadable => None,
            Found::Sound(header) => {
                let items = bytes.get(ITEMS_AT as usize..).unwrap_or_default();
                Some((header, record::scan(items, header.id, first - 1)))
            }
        };
        survey.segments.push(Surveyed { first, bytes: bytes.len() as u64, items });
    }
    survey.damaged = damaged(&survey.segments);
    Ok(survey)
}

fn read_all(storage: &dyn Storage, name: &str, bytes: &mut Vec<u8>) -> io::Result<()> {
    let file = storage.open(name)?;
    bytes.resize(file.len()? as usize, 0);
    file.read_at(0, bytes)
}

fn damaged(segments: &[Surveyed]) -> Vec<Damage> {
    let mut damaged = Vec::new();
    for (at, surveyed) in segments.iter().enumerate() {
        let segment = segment::name(surveyed.first);
        let newer = segments.get(at + 1);
        // What the next segment knew to be on disk when it was made.
        let after = newer.and_then(|newer| newer.items.as_ref()).map(|(header, _)| header.after);
        let Some((_, scan)) = &surveyed.items else {
            let lost = after.map_or(0, |after| after.saturating_sub(surveyed.first - 1));
            damaged.push(Damage { segment, offset: 0, bytes: surveyed.bytes, lost, before_durable: true });
            continue;
        };
        damaged.extend(scan.holes.iter().map(|hole| Damage {
            segment: segment.clone(),
            offset: ITEMS_AT + hole.at as u64,
            bytes: hole.bytes as u64,
            lost: hole.lost,
            before_durable: hole.durable || newer.is_some(),
        }));
        let lost = after.map_or(0, |after| after.saturating_sub(scan.last));
        let cut = surveyed.cut();
        if cut > 0 || newer.is_some() && (scan.tail > 0 || lost > 0) {
            let (offset, bytes) = (ITEMS_AT + scan.end as u64, scan.tail as u64 + cut);
            damaged.push(Damage { segment, offset, bytes, lost, before_durable: true });
        }
    }
    damaged
}

/// Opens the journal in `storage`.
pub(super) fn open(storage: Arc<dyn Storage>, config: JournalConfig) -> Result<(Log, Recovery), SurveyError> {
    let survey = survey(&*storage)?;
    for name in &survey.unfinished {
        storage.remove(name).map_err(|source| SurveyError::Io { name: name.clone(), source })?;
    }
    let mut recovery = Recovery { damaged: survey.damaged, foreign: survey.foreign, ..Recovery::default() };
    let mut segments = VecDeque::new();
    for surveyed in &survey.segments {
        let scan = surveyed.items.as_ref().map(|(_, scan)| scan);
        recovery.records += scan.map_or(0, |scan| scan.records);
        if let Some((first, last)) = scan.and_then(|scan| scan.span) {
            recovery.first = recovery.first.or(Some(first));
            recovery.last = Some(last);
        }
        segments.push_back(Segment {
            first: surveyed.first,
            last: surveyed.last(&config),
            id: surveyed.items.as_ref().map(|(header, _)| header.id),
            end: ITEMS_AT + scan.map_or(0, |scan| scan.end as u64),
            bytes: surveyed.bytes,
        });
    }
    let committed = survey.segments.last().map_or(0, |newest| newest.last(&config));
    let next = (committed + 1).max(config.next_at_least);
    let mut active = None;
    if let Some(Surveyed { first, bytes, items: Some((header, scan)) }) = survey.segments.last() {
        recovery.torn_bytes = scan.tail as u64;
        let name = segment::name(*first);
        let end = ITEMS_AT + scan.end as u64;
        let mended = mend(&*storage, &name, header, scan).and_then(|file| {
            // Positions that are jumped over begin a segment of their own: within one they have no gaps. So does what
            // follows a file that is cut before its items.
            let goes_on = next == scan.last + 1 && end <= *bytes;
            goes_on.then(|| Active::new(file, header.id, end, *bytes)).transpose()
        });
        active = mended.map_err(|source| SurveyError::Io { name, source })?;
    }
    let index = Arc::new(Index::new(segments, committed));
    Ok((Log::new(storage, config, index, active, next), recovery))
}

/// Makes the newest segment fit to be read and gone on with.
fn mend(storage: &dyn Storage, name: &str, header: &Header, scan: &Scan) -> io::Result<Box<dyn super::storage::File>> {
    let file = storage.open_writable(name)?;
    if !scan.closed {
        let mut unproven = vec![0; scan.end - scan.last_mark];
        let at = ITEMS_AT + scan.last_mark as u64;
        file.read_at(at, &mut unproven)?;
        for hole in scan.holes.iter().filter(|hole| !hole.durable) {
            let place = &mut unproven[hole.at - scan.last_mark..][..hole.bytes];
            let (void, payload) = place.split_at_mut(record::HEADER);
            void.copy_from_slice(&record::header(header.id, Kind::Void, hole.last, payload));
        }
        file.write_at(at, &unproven)?;
    }
    if scan.tail > 0 {
        file.write_at(ITEMS_AT + scan.end as u64, &vec![0; scan.tail])?;
    }
    file.sync_data()?;
    Ok(file)
}
