//! Nodes come and go: adding one, letting one in that knocked, taking a node's right to come in, giving it another secret.
//!
//! A secret is in the answer to the form that made it, and nowhere else (`crate::registry`). Here stands what these forms
//! share: what is typed of a node, and what is told when it cannot be.

pub(super) mod access;
pub(super) mod knocking;
pub(super) mod new;

use serde::Deserialize;

use super::form::{again, position};
use super::text::Lang;
use super::view::PageError;
use crate::registry::{Details, RegistryError};

/// What was typed of a node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    id: String,
    #[serde(rename = "type")]
    node_type: String,
    name_el: String,
    name_en: String,
    serial: String,
    site: String,
    lat: String,
    lon: String,
    reason: String,
}

impl Typed {
    fn again(&self) -> Self {
        Self {
            id: again(&self.id),
            node_type: again(&self.node_type),
            name_el: again(&self.name_el),
            name_en: again(&self.name_en),
            serial: again(&self.serial),
            site: again(&self.site),
            lat: again(&self.lat),
            lon: again(&self.lon),
            reason: again(&self.reason),
        }
    }

    /// What is to be said of the node, or what is wrong with it.
    fn details(&self, t: Lang) -> Result<Details, String> {
        let said = |text: &str| Some(clean(text)).filter(|text| !text.is_empty());
        Ok(Details {
            node_type: said(&self.node_type),
            name_el: said(&self.name_el),
            name_en: said(&self.name_en),
            serial: said(&self.serial),
            from: None,
            site: said(&self.site),
            zone: None,
            position: position(&self.lat, &self.lon).map_err(|()| t.no_such_position().to_owned())?,
        })
    }
}

/// One line of text.
pub(super) fn clean(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).collect()
}

/// What a person is told of an error; one of ours is no matter for them.
pub(super) fn told(t: Lang, error: RegistryError) -> Result<String, PageError> {
    match error {
        RegistryError::Store(error) => Err(error.into()),
        RegistryError::Secret(error) => {
            tracing::error!(%error, "a secret could not be made");
            Err(PageError::Failed)
        }
        error => Ok(t.registry_error(&error)),
    }
}
