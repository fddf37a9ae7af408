//! A disk for tests, in memory: at a power cut it loses, or tears at sectors, what was not synced.
//!
//! It is as unkind as a disk may be: of the writes that no sync covered, each sector keeps any first few; a name that
//! was not synced is there or not, each for itself, whatever others became. It can also be full, fail a sync, and lose
//! its power after so many operations.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{File, Storage};

const SECTOR: usize = 512;

/// The disk. Clones are the same disk.
#[derive(Clone, Default)]
pub(crate) struct Forgetful(Arc<Mutex<Disk>>);

#[derive(Default)]
struct Disk {
    names: BTreeMap<String, usize>,
    names_synced: BTreeMap<String, usize>,
    files: Vec<Content>,
    power: Power,
    room: Option<u64>,
    sync_fails: bool,
    by_sectors: bool,
}

#[derive(Default)]
enum Power {
    #[default]
    On,
    Left(u32),
    Off,
}

#[derive(Default, Clone)]
struct Content {
    now: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<(usize, Vec<u8>)>,
}

impl Forgetful {
    /// A disk whose files take sectors for themselves.
    pub(crate) fn by_sectors() -> Forgetful {
        let disk = Forgetful::default();
        disk.disk().by_sectors = true;
        disk
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From the next operation but `operations` that changes or syncs something, all fail, until [`Forgetful::crash`].
    pub(crate) fn cut_power_after(&self, operations: u32) {
        self.disk().power = Power::Left(operations);
    }

    /// A power cut, and the power back: `keeps` chooses what of the unsynced is still there.
    pub(crate) fn crash(&self, mut keeps: impl FnMut() -> u32) {
        let disk = &mut *self.disk();
        disk.power = Power::On;
        for content in &mut disk.files {
            let length = if keeps().is_multiple_of(2) { content.now.len() } else { content.synced.len() };
            let mut kept = content.synced.clone();
            kept.resize(kept.len().max(content.now.len()), 0);
            let torn: BTreeSet<usize> = content.unsynced.iter().map(|(at, _)| at / SECTOR).collect();
            for sector in torn {
                let here: Vec<&(usize, Vec<u8>)> =
                    content.unsynced.iter().filter(|(at, _)| at / SECTOR == sector).collect();
                let survive = keeps() as usize % (here.len() + 1);
                for (at, bytes) in &here[..survive] {
                    kept[*at..*at + bytes.len()].copy_from_slice(bytes);
                }
            }
            kept.truncate(length);
            *content = Content { now: kept.clone(), synced: kept, unsynced: Vec::new() };
        }
        let all: BTreeSet<String> = disk.names.keys().chain(disk.names_synced.keys()).cloned().collect();
        for name in all {
            let (now, synced) = (disk.names.get(&name).copied(), disk.names_synced.get(&name).copied());
            let kept = if now != synced && keeps().is_multiple_of(2) { now } else { synced };
            match kept {
                Some(file) => drop(disk.names.insert(name, file)),
                None => drop(disk.names.remove(&name)),
            }
        }
        disk.names_synced = disk.names.clone();
    }

    /// How many more bytes may be allocated; `None`: as many as one likes.
    pub(crate) fn set_room(&self, bytes: Option<u64>) {
        self.disk().room = bytes;
    }

    /// Lets every sync fail from now on.
    pub(crate) fn fail_syncs(&self) {
        self.disk().sync_fails = true;
    }

    /// A file's bytes as they are.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let disk = self.disk();
        disk.files[disk.names[name]].now.clone()
    }

    /// Puts a file there, synced.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let mut disk = self.disk();
        disk.files.push(Content { now: bytes.to_vec(), synced: bytes.to_vec(), unsynced: Vec::new() });
        let file = disk.files.len() - 1;
        disk.names.insert(name.to_owned(), file);
        disk.names_synced.insert(name.to_owned(), file);
    }

    /// Another disk that holds the same.
    pub(crate) fn copy(&self) -> Forgetful {
        let by_sectors = self.disk().by_sectors;
        self.copy_as(by_sectors)
    }

    /// Another that holds the same, whose files take sectors for themselves or not.
    pub(crate) fn copy_as(&self, by_sectors: bool) -> Forgetful {
        let copy = if by_sectors { Forgetful::by_sectors() } else { Forgetful::default() };
        let disk = self.disk();
        for (name, file) in &disk.names {
            copy.put(name, &disk.files[*file].now);
        }
        copy
    }

    fn handle(&self, file: usize) -> Box<dyn File> {
        Box::new(Handle { disk: self.clone(), file })
    }
}

impl Disk {
    fn spend(&mut self) -> io::Result<()> {
        match &mut self.power {
            Power::On => Ok(()),
            Power::Left(left) if *left > 0 => {
                *left -= 1;
                Ok(())
            }
            Power::Left(_) | Power::Off => {
                self.power = Power::Off;
                Err(io::Error::other("the power is off"))
            }
        }
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Storage for Forgetful {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.disk().names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn File>> {
        let mut disk = self.disk();
        disk.spend()?;
        disk.files.push(Content::default());
        let file = disk.files.len() - 1;
        disk.names.insert(name.to_owned(), file);
        Ok(self.handle(file))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        Ok(self.handle(self.disk().find(name)?))
    }

    fn open_writable(&self, name: &str) -> io::Result<Box<dyn File>> {
        self.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.disk();
        disk.spend()?;
        let file = disk.find(from)?;
        disk.names.remove(from);
        disk.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut disk = self.disk();
        disk.spend()?;
        disk.find(name)?;
        disk.names.remove(name);
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut disk = self.disk();
        disk.spend()?;
        disk.names_synced = disk.names.clone();
        Ok(())
    }
}

struct Handle {
    disk: Forgetful,
    file: usize,
}

impl File for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.disk().files[self.file].now.len() as u64)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let mut disk = self.disk.disk();
        disk.spend()?;
        if let Some(room) = &mut disk.room {
            *room = room.checked_sub(bytes).ok_or(io::ErrorKind::StorageFull)?;
        }
        disk.files[self.file].now.resize(bytes as usize, 0);
        Ok(())
    }

    fn sector(&self) -> Option<usize> {
        self.disk.disk().by_sectors.then_some(SECTOR)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk.disk();
        disk.spend()?;
        let content = &mut disk.files[self.file];
        let (mut at, mut rest) = (offset as usize, bytes);
        content.now.resize(content.now.len().max(at + bytes.len()), 0);
        content.now[at..at + bytes.len()].copy_from_slice(bytes);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
            content.unsynced.push((at, piece.to_vec()));
            at += piece.len();
            rest = after;
        }
        Ok(())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let disk = self.disk.disk();
        let from = disk.files[self.file].now.get(offset as usize..offset as usize + bytes.len());
        bytes.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk.disk();
        disk.spend()?;
        if disk.sync_fails {
            return Err(io::Error::other("the disk is broken"));
        }
        let content = &mut disk.files[self.file];
        content.synced = content.now.clone();
        content.unsynced.clear();
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }
}
