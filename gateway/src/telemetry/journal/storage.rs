//! The folder and the files under the journal: what it asks of a disk, and the real one.
//!
//! Nothing is promised to outlive a power cut but what a sync covered: a file's bytes by `sync_data`, its length too by
//! `sync_all`, names (made, renamed, removed) by `sync_dir`.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

#[cfg(test)]
pub(super) mod forgetful;
mod sectors;

use sectors::Sectors;

/// A folder of files.
pub(super) trait Storage: Send + Sync {
    /// The names in it.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A new, empty file in the place of any other of that name.
    fn create(&self, name: &str) -> io::Result<Box<dyn File>>;
    /// A file that is there, to read.
    fn open(&self, name: &str) -> io::Result<Box<dyn File>>;
    /// A file that is there, to read and write.
    fn open_writable(&self, name: &str) -> io::Result<Box<dyn File>>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    fn sync_dir(&self) -> io::Result<()>;
}

/// An open file.
pub(super) trait File: Send {
    fn len(&self) -> io::Result<u64>;
    /// Makes it `bytes` long, all of them zeros that stand on the disk: a write into it changes nothing but its bytes.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
    /// The unit in which writes reach the disk for themselves alone, if the file takes such: whoever writes whole units at
    /// multiples of it writes no other bytes.
    fn sector(&self) -> Option<usize> {
        None
    }
    /// Writes all of `bytes`.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Fills `bytes`.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
    fn sync_data(&self) -> io::Result<()>;
    fn sync_all(&self) -> io::Result<()>;
}

/// Zeros that are written at once: a page. Larger pieces make Linux keep the file in pages of up to a megabyte, each of
/// which counts as written anew at every sync that touches a byte of it, and syncs take half as long again.
const ZEROS_BYTES: usize = 4_096;

/// Whether the error says that there is no room.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A folder of the real disk.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Folder {
        Folder { path }
    }
}

impl Storage for Folder {
    fn list(&self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let mut options = fs::File::options();
        let path = self.path.join(name);
        let file = options.read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok(Box::new(Sectors::new(file, &path)))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        Ok(Box::new(fs::File::open(self.path.join(name))?))
    }

    fn open_writable(&self, name: &str) -> io::Result<Box<dyn File>> {
        let path = self.path.join(name);
        let file = fs::File::options().read(true).write(true).open(&path)?;
        Ok(Box::new(Sectors::new(file, &path)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        fs::File::open(&self.path)?.sync_all()
    }
}

impl File for fs::File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        match rustix::fs::fallocate(self, rustix::fs::FallocateFlags::empty(), 0, bytes) {
            // A file system without it: room is then found, or not, by the zeros.
            Err(rustix::io::Errno::OPNOTSUPP) => self.set_len(bytes)?,
            done => done?,
        }
        // Room that is only set aside is marked as unwritten, and each first write of a block needs the file system's own
        // journal to say that it counts. When that journal is aborted meanwhile (a disk that fails), fdatasync on
        // ext4, Linux 6.18, may return well all the same, and the bytes read as zeros after the next mount. Over
        // zeros there is nothing to be said, and a sync is one write the less.
        let zeros = vec![0; ZEROS_BYTES];
        let mut at = 0;
        while at < bytes {
            let now = (bytes - at).min(ZEROS_BYTES as u64);
            self.write_all_at(&zeros[..now as usize], at)?;
            at += now;
        }
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        fs::File::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        fs::File::sync_all(self)
    }
}
