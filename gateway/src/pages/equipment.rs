//! Equipment as people see it: what needs doing, what stands where, what was done about it. Who is held to sites sees what
//! stands there and nothing else; every page and form asks [`Sight`].

pub(super) mod accident;
pub(super) mod act;
pub(super) mod asset;
pub(super) mod calendar;
pub(super) mod depot;
pub(super) mod edit;
pub(super) mod evidence;
pub(super) mod field;
pub(super) mod files;
pub(super) mod import;
pub(super) mod inspect;
pub(super) mod list;
pub(super) mod lists;
pub(super) mod map;
pub(super) mod month;
pub(super) mod paper;
pub(super) mod public;
pub(super) mod record;
pub(super) mod reports;
mod row;
pub(super) mod today;
mod typed;

use std::sync::Arc;

use super::Pages;
use super::text::Lang;
use super::view::{PageError, Visitor};
use crate::catalogue::Catalogue;
use crate::operations::asset::{AssetId, Tree};
use crate::operations::book::{BookError, Held, Shelf};
use crate::operations::step::{Deed, Hand, Uid};
use crate::people::{Permission, Person};
use crate::service::access::Caller;

/// All equipment at one moment, as far as somebody may see it.
pub(super) struct Sight {
    shelf: Arc<Shelf>,
    person: Option<Person>,
}

impl Sight {
    /// What the visitor may see; who is not signed in was let in by the route, and sees all.
    pub(super) fn new(pages: &Pages, visitor: &Visitor) -> Result<Self, PageError> {
        Self::of(pages, visitor.caller.as_ref().and_then(Caller::person))
    }

    pub(super) fn of(pages: &Pages, person: Option<&Person>) -> Result<Self, PageError> {
        Ok(Self { shelf: pages.gateway.book.shelf()?, person: person.cloned() })
    }

    /// All there is, seen or not: for rules, never to be shown.
    pub(super) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Whether that one is theirs to see.
    pub(super) fn sees(&self, id: &AssetId) -> bool {
        self.person.as_ref().is_none_or(|person| person.is_of(self.shelf.site_of(id)))
    }

    /// An asset, or that there is no such page.
    pub(super) fn get(&self, id: &str) -> Result<&Held, PageError> {
        let id = AssetId::new(id).map_err(|_| PageError::NotFound)?;
        self.shelf.get(&id).filter(|_| self.sees(&id)).ok_or(PageError::NotFound)
    }

    /// All that they may see, by code.
    pub(super) fn all(&self) -> impl Iterator<Item = &Held> {
        self.shelf.all().filter(|held| self.sees(&held.asset.id))
    }
}

/// A name for a step that is made here.
fn uid() -> Result<Uid, ()> {
    let random = crate::secret::random::<10>().map_err(|error| tracing::error!(%error, "there is no randomness"))?;
    Uid::new(&format!("s-{}", crate::audit::hex(&random))).map_err(drop)
}

/// Kinds of equipment, as forms offer them.
fn kinds(catalogue: &Catalogue, t: Lang) -> Vec<(String, String)> {
    let kinds = catalogue.inspections.iter().flat_map(|sheet| &sheet.kinds);
    let mut kinds: Vec<_> = kinds.map(|kind| (kind.code.to_string(), t.pick(&kind.name).to_owned())).collect();
    kinds.sort_by(|a, b| a.1.cmp(&b.1));
    kinds
}

/// Who did it, as steps name them; what nobody signed in for is done by nobody.
pub(super) fn hand(person: &Person) -> Hand {
    Hand(person.id.subject().into())
}

/// What somebody must be allowed to do that.
pub(super) const fn needs(deed: &Deed) -> Permission {
    match deed {
        Deed::Found { .. }
        | Deed::LockoutOrdered { .. }
        | Deed::Barred
        | Deed::WorkDone { .. }
        | Deed::Maintained { .. }
        | Deed::Filed { .. }
        | Deed::Accident { .. } => Permission::Repair,
        Deed::Inspected { .. }
        | Deed::Reclassified { .. }
        | Deed::Released { .. }
        | Deed::Restricted { .. }
        | Deed::Unrestricted { .. }
        | Deed::Closed { .. }
        | Deed::ClosingAgreed { .. }
        | Deed::ClosingRefused { .. } => Permission::Inspect,
        Deed::Applied { .. }
        | Deed::ApplicationEnded { .. }
        | Deed::Certified { .. }
        | Deed::Withdrawn { .. }
        | Deed::Called { .. }
        | Deed::TakenOver { .. }
        | Deed::WorkOrdered { .. }
        | Deed::WorkCancelled { .. }
        | Deed::Dismantled { .. } => Permission::Assets,
    }
}

impl From<BookError> for PageError {
    fn from(error: BookError) -> Self {
        match error {
            BookError::NoAsset(_) | BookError::NoDocument(_) => Self::NotFound,
            error => Self::Book(error),
        }
    }
}
