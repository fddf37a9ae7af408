//! Getting the sound records out of a journal that is damaged, or of files that were found somewhere, whatever their names;
//! nothing of it is changed.
//!
//! A record counts when its checksum fits, which covers the random id in its segment's header: so of a segment whose
//! header is gone, both copies, nothing can be proven, and that is told. Records come in the order of their positions, each
//! position once.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::log::{CommitError, Log};
use super::record::{self, Kind};
use super::segment::{self, Found, Header, ITEMS_AT};
use super::storage::Folder;
use super::{JournalConfig, JournalError, Position, recovery};

/// Bytes of records that are committed together to a new journal.
const GROUP_BYTES: usize = 4 << 20;

/// What was found and what was got out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvage {
    /// In the order of their first positions; files that are no segments last.
    pub files: Vec<FileReport>,
    /// Records got out.
    pub records: u64,
    /// The position of the first and of the last of them.
    pub span: Option<(Position, Position)>,
    /// Sound records whose position had been got out before: a copy of another file.
    pub repeated: u64,
}

/// What one file held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// Its name.
    pub name: String,
    /// What it is.
    pub content: Content,
}

/// What a file held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A segment.
    Segment {
        /// Sound records.
        records: u64,
        /// Places between sound records where bytes make no sense.
        holes: u64,
        /// Records that stood in them, as far as positions tell.
        lost: u64,
        /// Bytes after the last sound record that make no sense.
        tail_bytes: u64,
    },
    /// Both copies of the header are damaged, or it never was a segment.
    NoHeader,
    /// A newer program wrote it.
    Newer(u32),
}

impl Salvage {
    /// Whether every file was a whole segment.
    pub fn is_whole(&self) -> bool {
        let whole = |content: &Content| matches!(content, Content::Segment { holes: 0, tail_bytes: 0, .. });
        self.files.iter().all(|file| whole(&file.content))
    }
}

/// Why salvaging stopped.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    /// What there is cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Where the records are to go takes no more.
    #[error("the records cannot be written")]
    Write(#[source] io::Error),
    /// A new journal is to begin in a folder of its own.
    #[error("{0} exists and is not empty: name a new folder")]
    NotEmpty(PathBuf),
    /// The new journal cannot be made.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Hands every sound record of the files in `from` to `take`.
///
/// # Errors
/// [`SalvageError`]: a file that the disk does not give, or what `take` gives.
pub fn salvage(
    from: &Path,
    mut take: impl FnMut(Position, &[u8]) -> Result<(), SalvageError>,
) -> Result<Salvage, SalvageError> {
    let (segments, mut others) = headers(from)?;
    let mut salvage = Salvage::default();
    let mut newest = 0;
    for (header, name) in segments {
        let bytes = read(&from.join(&name))?;
        let items = bytes.get(ITEMS_AT as usize..).unwrap_or_default();
        let scan = record::scan(items, header.id, header.first - 1);
        let (mut at, mut last) = (0, header.first - 1);
        while let Some((gap, item)) = record::next(&items[at..], header.id, last, 0) {
            let payload = &items[at + gap..][record::HEADER..item.total];
            if item.kind == Kind::Record {
                if item.position > newest {
                    take(item.position, payload)?;
                    newest = item.position;
                    salvage.records += 1;
                    salvage.span = Some((salvage.span.map_or(newest, |(first, _)| first), newest));
                } else {
                    salvage.repeated += 1;
                }
            }
            last = item.position;
            at += gap + item.total;
        }
        let missing = header.bytes.saturating_sub(bytes.len() as u64);
        let content = Content::Segment {
            records: scan.records,
            holes: scan.holes.len() as u64,
            lost: scan.holes.iter().map(|hole| hole.lost).sum(),
            tail_bytes: scan.tail as u64 + missing,
        };
        salvage.files.push(FileReport { name, content });
    }
    salvage.files.append(&mut others);
    Ok(salvage)
}

/// What is in a folder, by the files' headers.
type Sorted = (Vec<(Header, String)>, Vec<FileReport>);

/// Segments by their first positions, whatever they are called, and files that are none.
fn headers(from: &Path) -> Result<Sorted, SalvageError> {
    let failed = |source| SalvageError::Read { path: from.to_owned(), source };
    let (mut segments, mut others) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == segment::LOCK || !entry.file_type().map_err(failed)?.is_file() {
            continue;
        }
        match segment::any_header(&read(&entry.path())?) {
            Found::Sound(header) => segments.push((header, name)),
            Found::Newer(version) => others.push(FileReport { name, content: Content::Newer(version) }),
            Found::Unreadable => others.push(FileReport { name, content: Content::NoHeader }),
        }
    }
    segments.sort_by_key(|(header, _)| header.first);
    others.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((segments, others))
}

fn read(path: &Path) -> Result<Vec<u8>, SalvageError> {
    fs::read(path).map_err(|source| SalvageError::Read { path: path.to_owned(), source })
}

/// Puts every sound record of the files in `from` into a new journal in `into`, at the positions they had: what the store
/// has already is then not taken up again.
///
/// # Errors
/// [`SalvageError`]: `into` is not new, or one of the disks fails.
pub fn salvage_into(from: &Path, into: &Path) -> Result<Salvage, SalvageError> {
    let failed = |source| SalvageError::Read { path: into.to_owned(), source };
    match fs::read_dir(into).map(|mut entries| entries.next().is_some()) {
        Ok(true) => return Err(SalvageError::NotEmpty(into.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => fs::create_dir_all(into).map_err(failed)?,
    }
    let mut new = NewJournal { folder: into.to_owned(), log: None, group: Vec::new(), first: 1, bytes: 0 };
    let salvage = salvage(from, |position, record| new.take(position, record))?;
    new.finish()?;
    Ok(salvage)
}

/// A journal that is written from beginning to end.
struct NewJournal {
    folder: PathBuf,
    log: Option<Log>,
    /// Records without a gap between their positions, the first of which is `first`.
    group: Vec<Vec<u8>>,
    first: Position,
    bytes: usize,
}

impl NewJournal {
    fn take(&mut self, position: Position, record: &[u8]) -> Result<(), SalvageError> {
        let next = self.first + self.group.len() as u64;
        if position != next || self.bytes >= GROUP_BYTES {
            self.commit()?;
            if position != next {
                // Within a segment positions have no gaps: this one ends here.
                self.close()?;
            }
            self.first = position;
        }
        self.bytes += record.len();
        self.group.push(record.to_vec());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SalvageError> {
        let mut rest = &self.group[..];
        while !rest.is_empty() {
            if self.log.is_none() {
                let config =
                    JournalConfig { bytes_max: u64::MAX / 2, next_at_least: self.first, ..JournalConfig::default() };
                let storage = Arc::new(Folder::new(self.folder.clone()));
                let opened = recovery::open(storage, config);
                self.log = Some(opened.map_err(|error| JournalError::from_survey(&self.folder, error))?.0);
            }
            let log = self.log.as_mut().expect("it was opened above");
            let count = log.append_group(rest).map_err(|error| SalvageError::Write(cause(error)))?;
            rest = &rest[count..];
        }
        self.first += self.group.len() as u64;
        self.group.clear();
        self.bytes = 0;
        Ok(())
    }

    fn close(&mut self) -> Result<(), SalvageError> {
        match self.log.take() {
            Some(mut log) => log.close().map_err(|error| SalvageError::Write(cause(error))),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<(), SalvageError> {
        self.commit()?;
        self.close()
    }
}

fn cause(error: CommitError) -> io::Error {
    match error {
        CommitError::Failed { source, .. } => source,
        CommitError::Full(_) => io::ErrorKind::StorageFull.into(),
    }
}

impl fmt::Display for Salvage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for FileReport { name, content } in &self.files {
            match content {
                Content::Segment { records, holes, lost, tail_bytes } => {
                    write!(f, "{name}  {records} sound records")?;
                    if *holes > 0 {
                        write!(f, ", {holes} damaged places between them, at most {lost} records lost there")?;
                    }
                    if *tail_bytes > 0 {
                        write!(f, ", {tail_bytes} bytes after the last that make no sense or are missing")?;
                    }
                    writeln!(f)?;
                }
                Content::NoHeader => writeln!(
                    f,
                    "{name}  no segment, or both copies of its header are damaged: what is in it cannot be told from chance"
                )?,
                Content::Newer(version) => {
                    writeln!(f, "{name}  format {version}, newer than this program: left alone")?
                }
            }
        }
        match self.span {
            Some((first, last)) => write!(f, "got out: {} records, positions {first} to {last}", self.records)?,
            None => write!(f, "got out: nothing")?,
        }
        match self.repeated {
            0 => Ok(()),
            repeated => write!(f, "; {repeated} others had positions that were got out before"),
        }
    }
}
