//! A file of the real disk that takes whole sectors past the page cache.
//!
//! The page cache writes whole pages: a commit of 500 bytes would cost 4,096. Where the file system says (`statx`,
//! `DIOALIGN`) that it takes sectors directly, writes of whole sectors go so, and all others by the page cache. Where it
//! does not say so, or refuses, everything goes by the page cache, as on any file. Either way a write is durable only after
//! a sync, which covers both.
//!
//! A direct write takes what the page cache holds of its place out of there, before and after: whoever reads the file
//! sees it.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, OFlags, StatxFlags, statx};
use rustix::io::Errno;

use super::File;

/// Sectors longer than this are no gain over pages.
const SECTOR_MAX: usize = 4096;
/// An alignment in memory that is asked for beyond this is not understood.
const MEMORY_ALIGN_MAX: usize = 4096;

/// The file, and its way past the page cache if there is one.
pub(super) struct Sectors {
    file: fs::File,
    direct: Option<Direct>,
}

struct Direct {
    file: fs::File,
    sector: usize,
    scratch: RefCell<Aligned>,
}

/// Bytes that begin where the device can take them from.
struct Aligned {
    align: usize,
    bytes: Vec<u8>,
}

impl Aligned {
    /// So many bytes, whatever they hold.
    fn slice(&mut self, length: usize) -> &mut [u8] {
        self.bytes.resize(self.bytes.len().max(length + self.align), 0);
        let skip = self.bytes.as_ptr().align_offset(self.align);
        &mut self.bytes[skip..skip + length]
    }
}

impl Sectors {
    /// `file`, which is at `path`.
    pub(super) fn new(file: fs::File, path: &Path) -> Sectors {
        let direct = Direct::open(&file, path);
        Sectors { file, direct }
    }
}

impl Direct {
    fn open(file: &fs::File, path: &Path) -> Option<Direct> {
        let told = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN).ok()?;
        let told_so = told.stx_mask & StatxFlags::DIOALIGN.bits() != 0;
        let (sector, align) = (told.stx_dio_offset_align as usize, told.stx_dio_mem_align as usize);
        let understood = (1..=SECTOR_MAX).contains(&sector)
            && sector.is_power_of_two()
            && (1..=MEMORY_ALIGN_MAX).contains(&align)
            && align.is_power_of_two();
        if !told_so || !understood {
            return None;
        }
        let flags = OFlags::DIRECT.bits() as i32;
        let direct = fs::File::options().read(true).write(true).custom_flags(flags).open(path).ok()?;
        Some(Direct { file: direct, sector, scratch: RefCell::new(Aligned { align, bytes: Vec::new() }) })
    }

    /// Whether it was written; if not, it is refused here and nothing was.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<bool> {
        let mut scratch = self.scratch.borrow_mut();
        let scratch = scratch.slice(bytes.len());
        scratch.copy_from_slice(bytes);
        match self.file.write_all_at(scratch, offset) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => Ok(false),
            done => done.map(|()| true),
        }
    }
}

impl File for Sectors {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.file.allocate(bytes)
    }

    fn sector(&self) -> Option<usize> {
        self.direct.as_ref().map(|direct| direct.sector)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if let Some(direct) = &self.direct {
            let whole = |number: usize| number.is_multiple_of(direct.sector);
            if whole(offset as usize) && whole(bytes.len()) && direct.write(offset, bytes)? {
                return Ok(());
            }
        }
        File::write_at(&self.file, offset, bytes)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        File::read_at(&self.file, offset, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(&self.file)
    }

    fn sync_all(&self) -> io::Result<()> {
        File::sync_all(&self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_past_the_page_cache_is_what_everybody_reads() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("segment");
        let file = fs::File::options().read(true).write(true).create_new(true).open(&path).expect("a file");
        file.allocate(64 << 10).expect("room");
        File::sync_all(&file).expect("synced");
        let sectors = Sectors::new(file, &path);
        let unit = sectors.sector().unwrap_or(512);
        let reader = fs::File::open(&path).expect("a reader");
        let mut read = vec![0; 64 << 10];
        for round in 1..100u8 {
            // What a reader has in the page cache must not outlive the write.
            reader.read_exact_at(&mut read, 0).expect("read");
            let at = usize::from(round) * 3 % 60 * unit;
            let at = at.min((64 << 10) - 2 * unit);
            sectors.write_at(at as u64, &vec![round; 2 * unit]).expect("written");
            sectors.sync_data().expect("synced");
            reader.read_exact_at(&mut read, 0).expect("read");
            assert!(read[at..at + 2 * unit].iter().all(|byte| *byte == round), "round {round}");
        }
        assert_eq!(sectors.len().expect("a length"), 64 << 10);
    }

    #[test]
    fn bytes_begin_where_the_device_takes_them_from() {
        let mut aligned = Aligned { align: 512, bytes: Vec::new() };
        for length in [512, 4096, 1 << 20] {
            assert_eq!(aligned.slice(length).as_ptr().align_offset(512), 0);
        }
    }
}
