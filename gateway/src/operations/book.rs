//! [`Book`]: the record of the city's equipment, in `records.db`, with its documents in a folder beside it.
//!
//! A change, what it makes of the asset and its entry of the audit log are one transaction, on disk when a call returns. A
//! step that is sent twice is taken once; several steps are taken together or not at all. Who may do what is asked at the
//! door; what may follow what is said by [`Dossier::take`]. All calls block.

mod arrived;
mod assets;
mod documents;
mod steps;
mod unnamed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use arrived::{Arrived, LastMade};
pub use documents::{DOCUMENT_BYTES_MAX, Document, Media};
pub use steps::{New, Recorded, Taken};

use super::asset::{Asset, AssetId, Tree, Unsound};
use super::case::Refusal;
use super::dossier::Dossier;
use super::duty::Day;
use super::schedule::local_day;
use super::step::Uid;
use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::reading::Timestamp;
use crate::secret::locked;
use crate::store::{StoreError, records};

/// The folder of documents and photographs in the data folder.
pub const DOCUMENTS_FOLDER: &str = "documents";

/// The record of the city's equipment.
pub struct Book {
    catalogue: Arc<Catalogue>,
    zone: TimeZone,
    clock: Arc<Clock>,
    folder: PathBuf,
    assets_max: usize,
    // Taken before `shelf` where both are: what memory holds follows the order of commits.
    file: Mutex<Connection>,
    shelf: RwLock<Arc<Shelf>>,
}

/// All equipment as it stands, at one moment.
#[derive(Debug, Default)]
pub struct Shelf {
    revision: i64,
    held: BTreeMap<AssetId, Arc<Held>>,
    parts: BTreeMap<AssetId, Vec<AssetId>>,
}

/// An asset and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// What it is.
    pub asset: Asset,
    /// How it stands.
    pub dossier: Dossier,
}

impl Tree for Shelf {
    fn asset(&self, id: &AssetId) -> Option<&Asset> {
        self.held.get(id).map(|held| &held.asset)
    }
}

impl Shelf {
    /// An asset by its code.
    pub fn get(&self, id: &AssetId) -> Option<&Held> {
        self.held.get(id).map(|held| &**held)
    }

    /// All, by code.
    pub fn all(&self) -> impl Iterator<Item = &Held> {
        self.held.values().map(|held| &**held)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// What is a part of it, one level down, by code.
    pub fn parts(&self, id: &AssetId) -> impl Iterator<Item = &Held> {
        self.parts.get(id).into_iter().flatten().filter_map(|id| self.get(id))
    }

    /// The asset and all that is inspected with it: its parts that the same sheet is about, dismantled ones left out.
    pub fn unit<'a>(&'a self, id: &AssetId, catalogue: &Catalogue) -> Vec<&'a Held> {
        let Some(top) = self.get(id) else { return Vec::new() };
        let sheet = catalogue.sheet(&top.asset.kind);
        let (mut unit, mut next) = (vec![top], 0);
        while let Some(above) = unit.get(next) {
            let with_it = |held: &&Held| {
                held.dossier.case.dismantled_at.is_none() && sheet.is_some_and(|sheet| sheet.has_kind(&held.asset.kind))
            };
            let parts: Vec<&Held> = self.parts(&above.asset.id).filter(with_it).collect();
            unit.extend(parts);
            next += 1;
        }
        unit
    }

    /// Whether it is inspected as one by itself, and not with what it is a part of.
    pub fn is_unit(&self, asset: &Asset, catalogue: &Catalogue) -> bool {
        self.unit_of(&asset.id, catalogue).is_some_and(|unit| unit.id == asset.id)
    }

    pub(super) fn put(&mut self, held: Held) {
        let id = held.asset.id.clone();
        let before = self.held.get(&id).and_then(|before| before.asset.parent.clone());
        if before != held.asset.parent
            && let Some(parts) = before.and_then(|parent| self.parts.get_mut(&parent))
        {
            parts.retain(|part| *part != id);
        }
        if let Some(parent) = &held.asset.parent {
            let parts = self.parts.entry(parent.clone()).or_default();
            if let Err(place) = parts.binary_search(&id) {
                parts.insert(place, id.clone());
            }
        }
        self.held.insert(id, Arc::new(held));
    }
}

/// Why the record was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// There is no such asset.
    #[error("there is no equipment {0}")]
    NoAsset(String),
    /// There is one of that code already.
    #[error("there is equipment {0} already")]
    Exists(AssetId),
    /// What is said of it cannot be.
    #[error("{0}: {1}")]
    Unsound(AssetId, #[source] Unsound),
    /// `[limits] assets_max`.
    #[error("there are as many pieces of equipment as [limits] assets_max allows")]
    TooMany,
    /// Somebody else changed it meanwhile.
    #[error("{0} was changed meanwhile")]
    Changed(AssetId),
    /// A step may not follow.
    #[error("{asset}: {refusal}")]
    Refused {
        /// About what.
        asset: AssetId,
        /// Which step.
        step: Uid,
        /// Why.
        refusal: Refusal,
    },
    /// A document that is not there.
    #[error("there is no document {0}")]
    NoDocument(String),
    /// A document that is too long, or of no known format.
    #[error("a photograph is JPEG or PNG, a document PDF, of at most 8 MiB")]
    Document,
    /// The file of a document.
    #[error("a document could not be written or read")]
    Io(#[from] std::io::Error),
    /// The records.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BookError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Book {
    /// Opens the records in `folder`, the data folder, creating them when there are none.
    ///
    /// # Errors
    /// The files cannot be read, or a newer program wrote them.
    pub fn open(
        folder: &Path,
        catalogue: Arc<Catalogue>,
        zone: TimeZone,
        assets_max: usize,
        clock: Arc<Clock>,
    ) -> Result<Arc<Self>, BookError> {
        let connection = records::open(&folder.join(records::FILE)).map_err(StoreError::Open)?;
        let shelf = assets::load(&connection)?;
        let folder = folder.join(DOCUMENTS_FOLDER);
        Ok(Arc::new(Self {
            catalogue,
            zone,
            clock,
            folder,
            assets_max,
            file: Mutex::new(connection),
            shelf: RwLock::new(Arc::new(shelf)),
        }))
    }

    /// All equipment as it stands now, changes of other processes among it.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn shelf(&self) -> Result<Arc<Shelf>, BookError> {
        let file = locked(&self.file);
        let revision = assets::revision(&file)?;
        let held = self.held();
        if held.revision == revision {
            return Ok(held);
        }
        let shelf = Arc::new(assets::load(&file)?);
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = shelf.clone();
        Ok(shelf)
    }

    /// The day of the city's calendar.
    pub fn today(&self) -> Date {
        local_day(self.clock.now(), &self.zone)
    }

    /// That day, for what is due of it.
    pub fn day(&self) -> Day<'_> {
        Day { date: self.today(), zone: &self.zone, catalogue: &self.catalogue }
    }

    /// The city's time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn held(&self) -> Arc<Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One change: on disk, with its entries in the audit log, and in memory, when this returns.
    fn change<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Shelf, Timestamp) -> Result<T, BookError>,
    ) -> Result<T, BookError> {
        self.change_at(self.clock.now(), work)
    }

    fn change_at<T>(
        &self,
        now: Timestamp,
        work: impl FnOnce(&Transaction<'_>, &mut Shelf, Timestamp) -> Result<T, BookError>,
    ) -> Result<T, BookError> {
        let mut file = locked(&self.file);
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = self.held();
        let mut shelf = if assets::revision(&transaction)? == before.revision {
            Shelf { revision: before.revision, held: before.held.clone(), parts: before.parts.clone() }
        } else {
            assets::load(&transaction)?
        };
        let out = work(&transaction, &mut shelf, now)?;
        shelf.revision = assets::raise_revision(&transaction)?;
        transaction.commit()?;
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shelf);
        Ok(out)
    }
}

#[cfg(test)]
mod tests;
