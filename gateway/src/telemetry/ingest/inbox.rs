//! The inbox: a folder where frames are left for the journal by others than nodes — imports, rejections to be played again.
//!
//! [`leave`] writes a file under a temporary name, syncs it and renames it: whoever looks finds it whole or not at all.
//! [`follow`] runs in the gateway: it journals each frame of a file and removes the file once all of them are on disk.
//! A crash in between takes the file again, with the same frames: kinds that come this way must count once by
//! themselves, and do. A file that cannot be read is set aside as `*.bad`, and said so.
//!
//! ```text
//! offset 0   magic     "CGinbox1"
//!        8   records   each: length u32 (not 0), CRC-32C of the bytes u32, bytes: a frame as the journal keeps it
//!        ..  end       length 0 u32, number of records u32
//! ```
//! Numbers are little endian.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::telemetry::frame::Frame;
use crate::telemetry::journal::{AppendError, Appender, Receipts};

/// The folder's name in the data folder.
pub const FOLDER: &str = "inbox";
/// How often the gateway looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Largest file that is written or read: it is held in memory while it is taken.
const FILE_BYTES_MAX: usize = 16 << 20;
/// Files that wait.
const WAITING: &str = "frames";
/// Files that could not be read.
const BAD: &str = "bad";
/// Files that are being written; what a crash left of one is removed after a day.
const PARTIAL: &str = "partial";
const PARTIAL_KEPT: Duration = Duration::from_secs(86_400);
const MAGIC: &[u8; 8] = b"CGinbox1";

/// Why a file of the inbox cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Not a file of the inbox.
    #[error("it does not begin as a file of the inbox does")]
    Magic,
    /// Larger than any that is written.
    #[error("it is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// Shorter than it says.
    #[error("it is cut short")]
    Short,
    /// A checksum is wrong.
    #[error("record {0} is altered")]
    Checksum(usize),
    /// A record holds no frame.
    #[error("record {0} is no frame")]
    Frame(usize),
    /// The number of records is another one than told, or something follows.
    #[error("its end does not fit")]
    End,
    /// The journal does not take a record this long.
    #[error("record {0} is longer than the journal takes")]
    TooLong(usize),
}

/// Leaves frames for the gateway that keeps its things in `data_dir`, running or not; returns the files that hold them,
/// of which there are several when the frames are many. They are on disk when this returns.
///
/// # Errors
/// The folder cannot be made or a file not be written. Files written before that stay.
pub fn leave(data_dir: &Path, frames: &[Frame]) -> io::Result<Vec<PathBuf>> {
    let folder = data_dir.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    let mut records = Records::new();
    for frame in frames {
        let bytes = frame.encode();
        if !records.has_room(bytes.len()) {
            files.push(write(&folder, std::mem::replace(&mut records, Records::new()))?);
        }
        records.push(&bytes);
    }
    if records.count > 0 {
        files.push(write(&folder, records)?);
    }
    fs::File::open(&folder)?.sync_all()?;
    Ok(files)
}

/// Whether the gateway has taken this file; `None` while it waits.
pub fn taken(file: &Path) -> Option<Result<(), PathBuf>> {
    let bad = file.with_extension(BAD);
    if file.exists() {
        return None;
    }
    Some(if bad.exists() { Err(bad) } else { Ok(()) })
}

/// The bytes of a file in the making.
struct Records {
    bytes: Vec<u8>,
    count: u32,
}

impl Records {
    fn new() -> Self {
        Self { bytes: MAGIC.to_vec(), count: 0 }
    }

    /// Room for that record and the end.
    fn has_room(&self, length: usize) -> bool {
        self.count == 0 || self.bytes.len() + length + 16 <= FILE_BYTES_MAX
    }

    fn push(&mut self, record: &[u8]) {
        self.bytes.extend_from_slice(&(record.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(&crc32c::crc32c(record).to_le_bytes());
        self.bytes.extend_from_slice(record);
        self.count += 1;
    }

    fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&0u32.to_le_bytes());
        self.bytes.extend_from_slice(&self.count.to_le_bytes());
        self.bytes
    }
}

fn write(folder: &Path, records: Records) -> io::Result<PathBuf> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut random = [0u8; 4];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    // Names in order of time, so that they are taken in order; the random part keeps two processes apart.
    let name = format!("{:020}-{:08x}", since.as_nanos() as u64, u32::from_le_bytes(random));
    let partial = folder.join(&name).with_extension(PARTIAL);
    let mut file = fs::File::create_new(&partial)?;
    file.write_all(&records.finish())?;
    file.sync_all()?;
    let whole = folder.join(&name).with_extension(WAITING);
    fs::rename(&partial, &whole)?;
    Ok(whole)
}

/// The frames of a file, as the journal keeps them, each of which is one.
fn parse(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Damage> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Damage::TooLarge);
    }
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(Damage::Magic)?;
    let number = |rest: &mut &[u8]| {
        let (number, tail) = rest.split_first_chunk::<4>().ok_or(Damage::Short)?;
        *rest = tail;
        Ok(u32::from_le_bytes(*number))
    };
    let mut records = Vec::new();
    loop {
        let (length, checksum) = (number(&mut rest)?, number(&mut rest)?);
        if length == 0 {
            let fits = checksum as usize == records.len() && rest.is_empty();
            return if fits { Ok(records) } else { Err(Damage::End) };
        }
        let (record, tail) = rest.split_at_checked(length as usize).ok_or(Damage::Short)?;
        rest = tail;
        if crc32c::crc32c(record) != checksum {
            return Err(Damage::Checksum(records.len()));
        }
        Frame::decode(record).map_err(|_| Damage::Frame(records.len()))?;
        records.push(record.to_vec());
    }
}

/// The files that wait, in the order they were left.
fn waiting(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(WAITING) => files.push(path),
            Some(PARTIAL) => {
                let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
                if age > PARTIAL_KEPT {
                    fs::remove_file(&path)?;
                }
            }
            _ => {}
        }
    }
    files.sort();
    Ok(files)
}

/// Takes what is left in the inbox of `data_dir` into the journal, until `stop` holds true or the journal stops.
pub async fn follow(data_dir: PathBuf, journal: Appender, mut stop: watch::Receiver<bool>) {
    let folder = data_dir.join(FOLDER);
    let mut complained = false;
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            taken = take_all(&folder, &journal) => match taken {
                Ok(()) => complained = false,
                Err(TakeError::Stopped) => return,
                Err(TakeError::Io(error)) if !complained => {
                    complained = true;
                    tracing::error!(%error, folder = %folder.display(), "the inbox cannot be read; it is tried again each second");
                }
                Err(TakeError::Io(_)) => {}
            },
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

enum TakeError {
    Io(io::Error),
    Stopped,
}

impl From<io::Error> for TakeError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

async fn take_all(folder: &Path, journal: &Appender) -> Result<(), TakeError> {
    let dir = folder.to_owned();
    let files = blocking(move || {
        fs::create_dir_all(&dir)?;
        waiting(&dir)
    });
    for file in files.await? {
        take(&file, journal).await?;
        let dir = folder.to_owned();
        blocking(move || fs::File::open(dir)?.sync_all()).await?;
    }
    Ok(())
}

/// Journals the frames of one file and removes it; sets it aside when it cannot be read.
async fn take(file: &Path, journal: &Appender) -> Result<(), TakeError> {
    let path = file.to_owned();
    let read = blocking(move || {
        if fs::metadata(&path)?.len() > FILE_BYTES_MAX as u64 {
            return Ok(Err(Damage::TooLarge));
        }
        Ok(parse(&fs::read(&path)?))
    });
    let path = file.to_owned();
    match read.await? {
        Ok(records) => {
            let frames = records.len();
            match append(records, journal).await? {
                None => {
                    blocking(move || fs::remove_file(path)).await?;
                    tracing::info!(file = %file.display(), frames, "taken from the inbox");
                }
                Some(damage) => set_aside(path, damage).await?,
            }
        }
        Err(damage) => set_aside(path, damage).await?,
    }
    Ok(())
}

async fn append(records: Vec<Vec<u8>>, journal: &Appender) -> Result<Option<Damage>, TakeError> {
    let receipts = Arc::new(Receipts::default());
    let count = records.len() as u64;
    for (index, record) in records.into_iter().enumerate() {
        match journal.append(record, receipts.clone()).await {
            Ok(()) => {}
            Err(AppendError::TooLong { .. }) => return Ok(Some(Damage::TooLong(index))),
            Err(AppendError::Stopped(_)) => return Err(TakeError::Stopped),
        }
    }
    let mut committed = receipts.committed();
    while committed < count {
        committed = receipts.more_than(committed).await;
    }
    Ok(None)
}

async fn set_aside(file: PathBuf, damage: Damage) -> io::Result<()> {
    let bad = file.with_extension(BAD);
    tracing::error!(
        file = %file.display(), kept_as = %bad.display(), %damage,
        "a file of the inbox cannot be taken and is set aside: make it again"
    );
    blocking(move || fs::rename(file, bad)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests;
