//! The register of personal data: classes of what is held of people. Data of `personal_data.toml`.

use std::sync::Arc;

use super::Text;

/// A class of personal data.
#[derive(Debug, Clone, PartialEq)]
pub struct DataClass {
    /// Its code.
    pub code: Arc<str>,
    /// Its name.
    pub name: Text,
    /// What is held.
    pub what: Text,
    /// What for.
    pub why: Text,
    /// By which right.
    pub ground: Text,
    /// Whether it goes when its person asks for it.
    pub erased: bool,
    /// The configuration's key that says how long it is kept; none for what lies elsewhere.
    pub keep: Option<String>,
    /// Whether it lies beside the gateway, where the gateway cannot erase it.
    pub elsewhere: bool,
}

/// Classes that the program knows how to erase or to keep.
pub const KNOWN: [&str; 8] =
    ["accounts", "sessions", "audit", "registry", "knocks", "equipment", "distances", "alerts"];
/// Keys that say how long something is kept.
pub const KEEP: [&str; 8] = [
    "retention.accounts_days",
    "access.session_max_s",
    "retention.audit_days",
    "retention.rejections_days",
    "retention.distances_days",
    "retention.alerts_days",
    WITH_NODE,
    WITH_RECORD,
];
/// Kept as long as its node is known.
pub const WITH_NODE: &str = "node";
/// Kept with the record of equipment.
pub const WITH_RECORD: &str = "record";
