//! What stands where: added, changed, read again.

use rusqlite::Connection;
use serde_json::json;

use super::super::asset::{Asset, AssetId, Tree};
use super::super::dossier::Dossier;
use super::{Book, BookError, Held, Shelf};
use crate::audit::{self, Category, Cause, Event};
use crate::store::StoreError;

impl Book {
    /// Adds assets, all or none; what one is a part of may stand beside it. A day of `known_from` in the past is a baseline.
    ///
    /// # Errors
    /// [`BookError::Exists`], [`BookError::Unsound`], [`BookError::TooMany`], or the records cannot be written.
    pub fn add(&self, cause: Cause<'_>, assets: &[Asset]) -> Result<(), BookError> {
        self.change(|file, shelf, now| {
            for asset in outer_first(assets) {
                self.sound(shelf, asset, false)?;
                write(file, asset)?;
                let event = Event::done(Category::Equipment, "add", "");
                let subject = asset.id.subject();
                audit::append(file, now, cause, Event { subject: &subject, ..event }.with(None, Some(json!(asset))))?;
                shelf.put(Held { asset: asset.clone(), dossier: Dossier::default() });
            }
            if shelf.len() > self.assets_max { Err(BookError::TooMany) } else { Ok(()) }
        })
    }

    /// What would be wrong with each of these, were they added.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn could_add(&self, assets: &[Asset]) -> Result<Vec<(AssetId, BookError)>, BookError> {
        let before = self.shelf()?;
        let mut shelf = Shelf { revision: before.revision, held: before.held.clone(), parts: before.parts.clone() };
        let mut wrong = Vec::new();
        for asset in outer_first(assets) {
            match self.sound(&shelf, asset, false) {
                Ok(()) if shelf.len() >= self.assets_max => wrong.push((asset.id.clone(), BookError::TooMany)),
                Ok(()) => shelf.put(Held { asset: asset.clone(), dossier: Dossier::default() }),
                Err(error) => wrong.push((asset.id.clone(), error)),
            }
        }
        Ok(wrong)
    }

    /// Changes what is said of an asset that was `before`. Its code and the day it was written down stay.
    ///
    /// # Errors
    /// [`BookError::NoAsset`], [`BookError::Changed`], [`BookError::Unsound`], or the records cannot be written.
    pub fn set(&self, cause: Cause<'_>, before: &Asset, after: &Asset) -> Result<(), BookError> {
        self.change(|file, shelf, now| {
            let held = shelf.get(&after.id).ok_or_else(|| BookError::NoAsset(after.id.to_string()))?;
            if held.asset != *before || before.id != after.id || before.known_from != after.known_from {
                return Err(BookError::Changed(after.id.clone()));
            }
            let dossier = held.dossier.clone();
            self.sound(shelf, after, true)?;
            write(file, after)?;
            let subject = after.id.subject();
            let event = Event::done(Category::Equipment, "change", &subject);
            audit::append(file, now, cause, event.with(Some(json!(before)), Some(json!(after))))?;
            shelf.put(Held { asset: after.clone(), dossier });
            Ok(())
        })
    }

    fn sound(&self, shelf: &Shelf, asset: &Asset, is_there: bool) -> Result<(), BookError> {
        if !is_there && shelf.get(&asset.id).is_some() {
            return Err(BookError::Exists(asset.id.clone()));
        }
        let sound = asset.check(&self.catalogue).and_then(|()| shelf.has_room_for(asset));
        sound.map_err(|unsound| BookError::Unsound(asset.id.clone(), unsound))?;
        for sha256 in asset.files.iter().chain(asset.nodes.iter().flat_map(|mount| &mount.consent)) {
            self.has_document(sha256)?;
        }
        Ok(())
    }
}

/// Those that others are a part of before them, as far as they are among them.
fn outer_first(assets: &[Asset]) -> Vec<&Asset> {
    let mut left: Vec<&Asset> = assets.iter().collect();
    let mut ordered: Vec<&Asset> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waiting: std::collections::BTreeSet<&AssetId> = left.iter().map(|asset| &asset.id).collect();
        let waits = |asset: &&&Asset| asset.parent.as_ref().is_some_and(|parent| waiting.contains(parent));
        let (later, now): (Vec<&Asset>, Vec<&Asset>) = left.iter().partition(waits);
        if now.is_empty() {
            // A ring: whoever adds them is told.
            ordered.extend(later);
            break;
        }
        ordered.extend(now);
        left = later;
    }
    ordered
}

fn write(file: &Connection, asset: &Asset) -> Result<(), StoreError> {
    let sql = "INSERT INTO asset(id, parent, json) VALUES (?1, ?2, ?3)
               ON CONFLICT(id) DO UPDATE SET parent = ?2, json = ?3";
    let parent = asset.parent.as_ref().map(AssetId::as_str);
    file.prepare_cached(sql)?.execute((asset.id.as_str(), parent, json!(asset).to_string()))?;
    Ok(())
}

pub(super) fn revision(file: &Connection) -> Result<i64, StoreError> {
    Ok(file.prepare_cached("SELECT value FROM equipment_revision")?.query_row([], |row| row.get(0))?)
}

pub(super) fn raise_revision(file: &Connection) -> Result<i64, StoreError> {
    let sql = "UPDATE equipment_revision SET value = value + 1 RETURNING value";
    Ok(file.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

pub(super) fn load(file: &Connection) -> Result<Shelf, StoreError> {
    let mut shelf = Shelf { revision: revision(file)?, ..Shelf::default() };
    let sql = "SELECT asset.json, dossier.json FROM asset LEFT JOIN dossier ON dossier.asset = asset.id";
    let mut statement = file.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let asset = super::steps::parsed(row, 0)?;
        let dossier = match row.get_ref(1)? {
            rusqlite::types::ValueRef::Null => Dossier::default(),
            _ => super::steps::parsed(row, 1)?,
        };
        shelf.put(Held { asset, dossier });
    }
    Ok(shelf)
}
