//! [`Asset`]: a piece of equipment and where it stands; a tree of site, asset and part.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use crate::catalogue::{Catalogue, Position};

/// Parts below one another at most.
pub const DEPTH_MAX: usize = 8;
/// Characters of a text about an asset.
const TEXT_MAX: usize = 200;
/// Registry numbers of one asset, and nodes mounted on it.
const NUMBERS_MAX: usize = 16;

/// The code of an asset, as its label shows it: `pg-toumba-3`. 2 to 40 of `a-z 0-9 -`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AssetId(Box<str>);

/// A text that is no code of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is 2 to 40 of a-z 0-9 -, beginning with a letter")]
pub struct InvalidAssetId;

/// Codes that are addresses of pages.
const RESERVED: [&str; 11] =
    ["new", "list", "import", "export", "map", "depot", "calendar", "certificates", "work", "reports", "steps"];

impl AssetId {
    /// Checks the code.
    ///
    /// # Errors
    /// [`InvalidAssetId`]: too short, too long, another character, or a word that is kept for pages.
    pub fn new(code: &str) -> Result<Self, InvalidAssetId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let begins = code.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if !(2..=40).contains(&code.len()) || !begins || !code.bytes().all(allowed) || RESERVED.contains(&code) {
            return Err(InvalidAssetId);
        }
        Ok(Self(code.into()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As the audit log names it: `asset/…`.
    pub fn subject(&self) -> String {
        format!("asset/{}", self.0)
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AssetId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// A piece of equipment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asset {
    /// Its code.
    pub id: AssetId,
    /// What it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AssetId>,
    /// Its kind, as the catalogue calls it.
    pub kind: Box<str>,
    /// Its name in Greek.
    pub name_el: String,
    /// Its name in English; empty: as in Greek.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_en: String,
    /// Its use, where the catalogue tells uses of its kind apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_as: Option<Box<str>>,
    /// The code of its site; a part without one stands where its parent does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Box<str>>,
    /// Its own place, degrees of WGS 84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manufacturer: String,
    /// Its model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Its serial number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// The standard with its edition: `EN 1176-2:2017`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub standard: String,
    /// The day it was put up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<Date>,
    /// Who maintains it, as persons' employers are called; empty: the municipality.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub maintainer: String,
    /// Numbers in registers, by the register's name: the Ministry's playground number, a lift's census, a plate.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<Box<str>, String>,
    /// Nodes that are mounted on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Mount>,
    /// Documents and photographs of it, by their SHA-256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Box<str>>,
    /// The last day that each type of inspection was made before it was written down here, as its papers say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inspected: BTreeMap<Box<str>, Date>,
    /// The day it was written down here: what was lapsed then is a baseline.
    pub known_from: Date,
}

/// A node on a piece of equipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// The node.
    pub node: Box<str>,
    /// Where on it: `top beam, left`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// The manufacturer's consent, as a document; certified equipment needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Box<str>>,
}

/// What is wrong with what is said of an asset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// No name.
    #[error("a name is missing")]
    Name,
    /// A kind that no sheet of the catalogue is about.
    #[error("there is no kind of equipment {0}")]
    Kind(String),
    /// A use that the kind does not have, or none where uses are told apart.
    #[error("there is no use {0} of that kind of equipment")]
    Use(String),
    /// A site that the catalogue does not have.
    #[error("there is no site {0}")]
    Site(String),
    /// Neither a site nor a parent that stands at one.
    #[error("a site, or what it is a part of, is missing")]
    Nowhere,
    /// A parent that is not there, is a part of it, or lies too deep.
    #[error("it cannot be a part of {0}")]
    Parent(String),
    /// A position that is not on Earth.
    #[error("the position is no place on Earth")]
    Position,
    /// A type of inspection that the kind does not have, or a day after the one that it was written down.
    #[error("there is no inspection {0} of it before it was written down here")]
    Inspected(String),
    /// A text that is too long, or holds line breaks.
    #[error("a text is too long or holds line breaks")]
    Text,
    /// More registry numbers or nodes than one asset has.
    #[error("too many registry numbers, nodes or files")]
    TooMany,
}

impl Asset {
    /// Its name in a language; Greek where there is none in English.
    pub fn name(&self, english: bool) -> &str {
        if english && !self.name_en.is_empty() { &self.name_en } else { &self.name_el }
    }

    /// Whether what is said of it can be, by the catalogue. Its place in the tree is [`Tree`]'s.
    ///
    /// # Errors
    /// [`Unsound`].
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), Unsound> {
        let sound = |text: &str| text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control);
        let texts = [&self.name_el, &self.name_en, &self.manufacturer, &self.model, &self.serial, &self.standard];
        let numbers = self.numbers.iter().all(|(name, number)| sound(name) && sound(number));
        let mounts = self.nodes.iter().all(|mount| sound(&mount.node) && sound(&mount.place));
        if !texts.into_iter().all(|text| sound(text)) || !sound(&self.maintainer) || !numbers || !mounts {
            return Err(Unsound::Text);
        }
        if self.name_el.trim().is_empty() {
            return Err(Unsound::Name);
        }
        let Some(sheet) = catalogue.sheet(&self.kind) else { return Err(Unsound::Kind(self.kind.to_string())) };
        let known = |used_as: &str| sheet.uses.iter().any(|known| &*known.code == used_as);
        match &self.used_as {
            Some(used_as) if !known(used_as) => return Err(Unsound::Use(used_as.to_string())),
            None if !sheet.uses.is_empty() => return Err(Unsound::Use(String::new())),
            _ => {}
        }
        let told_before = |code: &str, day: Date| sheet.of_type(code).is_some() && day <= self.known_from;
        if let Some((code, _)) = self.inspected.iter().find(|(code, day)| !told_before(code, **day)) {
            return Err(Unsound::Inspected(code.to_string()));
        }
        if let Some(site) = self.site.as_ref().filter(|site| catalogue.site(site).is_none()) {
            return Err(Unsound::Site(site.to_string()));
        }
        if self.site.is_none() && self.parent.is_none() {
            return Err(Unsound::Nowhere);
        }
        if self.numbers.len() > NUMBERS_MAX || self.nodes.len() > NUMBERS_MAX || self.files.len() > 64 {
            return Err(Unsound::TooMany);
        }
        let on_earth = |p: &Position| p.lat.abs() <= 90.0 && p.lon.abs() <= 180.0;
        if self.position.as_ref().is_some_and(|position| !on_earth(position)) { Err(Unsound::Position) } else { Ok(()) }
    }
}

/// What is a part of what.
pub trait Tree {
    /// The asset of that code.
    fn asset(&self, id: &AssetId) -> Option<&Asset>;

    /// The asset and what it is a part of, outwards.
    fn upwards<'a>(&'a self, id: &AssetId) -> Vec<&'a Asset> {
        let mut way = Vec::new();
        let mut next = self.asset(id);
        while let Some(asset) = next.filter(|_| way.len() <= DEPTH_MAX) {
            way.push(asset);
            next = asset.parent.as_ref().and_then(|parent| self.asset(parent));
        }
        way
    }

    /// Where it stands: its own site, or that of what it is a part of.
    fn site_of(&self, id: &AssetId) -> Option<&str> {
        self.upwards(id).into_iter().find_map(|asset| asset.site.as_deref())
    }

    /// What is inspected as one: the outermost of what it is a part of that the same sheet is about.
    fn unit_of<'a>(&'a self, id: &AssetId, catalogue: &Catalogue) -> Option<&'a Asset> {
        let way = self.upwards(id);
        let sheet = catalogue.sheet(&way.first()?.kind)?;
        way.into_iter().take_while(|asset| sheet.has_kind(&asset.kind)).last()
    }

    /// Whether that asset may stand where it says.
    ///
    /// # Errors
    /// [`Unsound`].
    fn has_room_for(&self, asset: &Asset) -> Result<(), Unsound> {
        let Some(parent) = &asset.parent else { return Ok(()) };
        let way = self.upwards(parent);
        let mut ids: BTreeSet<&AssetId> = way.iter().map(|above| &above.id).collect();
        if way.is_empty() || way.len() >= DEPTH_MAX || !ids.insert(&asset.id) {
            return Err(Unsound::Parent(parent.to_string()));
        }
        if asset.site.is_none() && way.iter().all(|above| above.site.is_none()) {
            return Err(Unsound::Nowhere);
        }
        Ok(())
    }
}
