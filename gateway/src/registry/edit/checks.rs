//! What may be written: codes that the catalogue has, numbers that can be, texts of a length.

use crate::catalogue::{Catalogue, Position, Site, Zone};
use crate::registry::{Calibration, RegistryError};

/// Most characters of a reason, a note or a name.
const TEXT_MAX: usize = 1_000;

/// That the catalogue has the node type.
pub(super) fn node_type(catalogue: &Catalogue, code: &str) -> Result<(), RegistryError> {
    if catalogue.node_types.contains_key(code) {
        return Ok(());
    }
    let mut valid: Vec<&str> = catalogue.node_types.keys().map(|code| &**code).collect();
    valid.sort_unstable();
    Err(unknown("node type", code, valid.into_iter()))
}

/// The site with that code.
pub(super) fn site<'a>(catalogue: &'a Catalogue, code: &str) -> Result<&'a Site, RegistryError> {
    catalogue.site(code).ok_or_else(|| unknown("site", code, catalogue.sites.iter().map(|site| &*site.code)))
}

/// The zone with that code.
pub(super) fn zone<'a>(catalogue: &'a Catalogue, code: &str) -> Result<&'a Zone, RegistryError> {
    catalogue.zone(code).ok_or_else(|| unknown("zone", code, catalogue.zones.iter().map(|zone| &*zone.code)))
}

/// That the position is on Earth.
pub(super) fn position(position: Position) -> Result<(), RegistryError> {
    let on_earth = position.lat.abs() <= 90.0 && position.lon.abs() <= 180.0;
    if on_earth { Ok(()) } else { Err(RegistryError::Position) }
}

/// That the catalogue has the quantity.
pub(super) fn quantity(catalogue: &Catalogue, code: &str) -> Result<(), RegistryError> {
    let codes = || catalogue.quantities().iter().map(|quantity| &*quantity.code);
    catalogue.find(code).map(|_| ()).ok_or_else(|| unknown("quantity", code, codes()))
}

/// That the calibration can hold.
pub(super) fn calibration(calibration: &Calibration) -> Result<(), RegistryError> {
    let wrong = |what| Err(RegistryError::Calibration(what));
    if !calibration.gain.is_finite() || calibration.gain == 0.0 {
        return wrong("gain is a number other than 0");
    }
    if !calibration.offset.is_finite() {
        return wrong("offset is a number");
    }
    if calibration.until.is_some_and(|until| until <= calibration.from) {
        return wrong("`until` comes after its `from`");
    }
    short("note", &calibration.note)
}

/// That a text is not longer than is kept.
pub(super) fn short(what: &'static str, text: &str) -> Result<(), RegistryError> {
    if text.chars().count() > TEXT_MAX {
        return Err(RegistryError::TooLong { what, max: TEXT_MAX });
    }
    Ok(())
}

/// The error that shows the codes there are, as many as a person reads.
fn unknown<'a>(what: &'static str, code: &str, valid: impl Iterator<Item = &'a str>) -> RegistryError {
    const SHOWN: usize = 40;
    let codes: Vec<&str> = valid.collect();
    let mut shown = codes[..codes.len().min(SHOWN)].join(", ");
    if codes.is_empty() {
        shown.push_str("none");
    } else if codes.len() > SHOWN {
        shown.push_str(&format!(" and {} more", codes.len() - SHOWN));
    }
    RegistryError::UnknownCode { what, code: code.to_owned(), valid: shown }
}
