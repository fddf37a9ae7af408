//! [`Scheme`]: how whoever inspects rates a defect. Data of `severity.toml`, with its sources; a municipality edits it.

use std::sync::Arc;

use super::Text;

/// The scheme of a sheet that names none.
pub const LEVELS: &str = "levels";
/// Scales of a scheme at most.
pub const SCALES_MAX: usize = 4;
/// Marks of a scale at most.
pub const MARKS_MAX: usize = 20;

/// A scheme. One without scales asks for the severity at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Its code, `matrix5`.
    pub code: Arc<str>,
    /// Its name.
    pub name: Text,
    /// What is judged, each by itself.
    pub scales: Vec<Scale>,
    /// The least product of marks that is important.
    pub important_from: u32,
    /// The least product of marks that is urgent.
    pub urgent_from: u32,
    /// The standard, or `house rule`.
    pub source: String,
}

/// One thing that is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// Its code, `likelihood`.
    pub code: Arc<str>,
    /// Its name.
    pub name: Text,
    /// Its marks, the mildest first.
    pub marks: Vec<Text>,
}
