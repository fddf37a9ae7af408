//! [`Subject`]: what an alert is about.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What an alert is about: `node/…`, `asset/…`, `site/…`, `zone/…`, `city` or `broker`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Subject(Arc<str>);

impl Subject {
    /// A node.
    pub fn node(id: &str) -> Self {
        Self(format!("node/{id}").into())
    }

    /// A piece of equipment.
    pub fn asset(id: &str) -> Self {
        Self(format!("asset/{id}").into())
    }

    /// All nodes of a site.
    pub fn site(code: &str) -> Self {
        Self(format!("site/{code}").into())
    }

    /// All of a community.
    pub fn zone(code: &str) -> Self {
        Self(format!("zone/{code}").into())
    }

    /// All of the city.
    pub fn city() -> Self {
        Self("city".into())
    }

    /// The external broker.
    pub fn broker() -> Self {
        Self("broker".into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind and the code after it; none for the city and the broker.
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once('/').unwrap_or((&self.0, ""))
    }

    /// The code, where it is of that kind.
    pub fn of(&self, kind: &str) -> Option<&str> {
        let (own, code) = self.parts();
        (own == kind).then_some(code)
    }
}

impl From<String> for Subject {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.0.to_string()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
