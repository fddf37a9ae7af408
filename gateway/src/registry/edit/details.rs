//! What may be said of a node, and how it is laid over what was known.

use std::sync::Arc;

use rusqlite::Connection;

use super::checks;
use crate::catalogue::{Catalogue, Position, Text};
use crate::reading::Timestamp;
use crate::registry::{Node, Placement, RegistryError};

/// What may be said of a node. What is not said stays as it is; an empty text takes away what was there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// Its type's code in the catalogue.
    pub node_type: Option<String>,
    /// Its name in Greek; the other language's where that was never said.
    pub name_el: Option<String>,
    /// Its name in English; the other language's where that was never said.
    pub name_en: Option<String>,
    /// The hardware's serial number.
    pub serial: Option<String>,
    /// From when it stands there: now, when not said.
    pub from: Option<Timestamp>,
    /// The site's code.
    pub site: Option<String>,
    /// The zone's code: a new site's own, when not said.
    pub zone: Option<String>,
    /// Where it is: a new site's position, when not said.
    pub position: Option<Position>,
}

/// What was said of one text.
enum Said<'a> {
    Nothing,
    Away,
    This(&'a str),
}

impl<'a> Said<'a> {
    fn of(text: &'a Option<String>) -> Self {
        match text.as_deref().map(str::trim) {
            None => Said::Nothing,
            Some("") => Said::Away,
            Some(text) => Said::This(text),
        }
    }

    fn or<'b>(self, was: Option<&'b str>) -> Option<&'b str>
    where
        'a: 'b,
    {
        match self {
            Said::Nothing => was,
            Said::Away => None,
            Said::This(text) => Some(text),
        }
    }
}

impl Details {
    /// Whether it could be said of a node that nothing is known of.
    ///
    /// # Errors
    /// The catalogue lacks a code, a text is too long, or the position is nowhere.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), RegistryError> {
        if let Said::This(code) = Said::of(&self.node_type) {
            checks::node_type(catalogue, code)?;
        }
        checks::short("serial number", self.serial.as_deref().unwrap_or_default())?;
        let name = self.name(None).unwrap_or_default();
        checks::short("name", &name.el)?;
        checks::short("name", &name.en)?;
        self.placement(Timestamp::default(), None, catalogue).map(drop)
    }

    /// Writes this over what `node` was.
    pub(super) fn write(
        &self,
        connection: &Connection,
        node: &Node,
        catalogue: &Catalogue,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        self.check(catalogue)?;
        let node_type = Said::of(&self.node_type).or(node.node_type.as_deref());
        let serial = Said::of(&self.serial).or(node.serial.as_deref());
        let name = self.name(node.name.as_ref());
        let (el, en) = name.map(|name| (name.el, name.en)).unzip();
        let sql = "UPDATE node SET node_type = ?2, name_el = ?3, name_en = ?4, serial = ?5 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute((node.id.as_str(), node_type, el, en, serial))?;

        if self.site.is_some() || self.zone.is_some() || self.position.is_some() {
            let from = self.from.unwrap_or(now);
            let placement = self.placement(from, node.placement(from), catalogue)?;
            let position = placement.position;
            let row = (
                node.id.as_str(),
                from.millis(),
                placement.site,
                placement.zone,
                position.map(|position| position.lat),
                position.map(|position| position.lon),
            );
            let sql = "INSERT OR REPLACE INTO placement(node, valid_from, site, zone, lat, lon)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            connection.prepare_cached(sql)?.execute(row)?;
        }
        Ok(())
    }

    fn name(&self, was: Option<&Text>) -> Option<Text> {
        let el = Said::of(&self.name_el).or(was.map(|name| &*name.el));
        let en = Said::of(&self.name_en).or(was.map(|name| &*name.en));
        Some(Text { el: el.or(en)?.to_owned(), en: en.or(el)?.to_owned() })
    }

    /// A new site brings its zone and position along; without a new site, what is not said stays as it was.
    fn placement(
        &self,
        from: Timestamp,
        was: Option<&Placement>,
        catalogue: &Catalogue,
    ) -> Result<Placement, RegistryError> {
        let unplaced = Placement { from, site: None, zone: None, position: None };
        let mut placement = match Said::of(&self.site) {
            Said::Nothing => Placement { from, ..was.cloned().unwrap_or(unplaced) },
            Said::Away => unplaced,
            Said::This(code) => {
                let site = checks::site(catalogue, code)?;
                let (zone, position) = (Some(site.zone.clone()), Some(site.position));
                Placement { from, site: Some(site.code.clone()), zone, position }
            }
        };
        match Said::of(&self.zone) {
            Said::Nothing => {}
            Said::Away => placement.zone = None,
            Said::This(code) => placement.zone = Some(Arc::clone(&checks::zone(catalogue, code)?.code)),
        }
        if let Some(position) = self.position {
            checks::position(position)?;
            placement.position = Some(position);
        }
        Ok(placement)
    }
}
