//! What a rule would have raised: a dry run over the past, as the watcher would have judged it.

use std::collections::BTreeMap;

use super::Subject;
use super::evaluate::Episode;
use super::watch::{self, Past, Trialled};
use crate::catalogue::alerts::AlertRule;
use crate::reading::Timestamp;
use crate::store::StoreError;

/// Days that are looked at.
pub const DAYS: i64 = 30;
/// Datastreams that are looked at, at most.
pub const DATASTREAMS_MAX: usize = 500;
/// Episodes that are shown.
pub const SHOWN: usize = 20;

/// What would have been raised.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trial {
    /// How often.
    pub raised: usize,
    /// About what, and how often, most often first.
    pub subjects: Vec<(Subject, usize)>,
    /// The last of them, the newest first.
    pub last: Vec<(Subject, Episode)>,
    /// Datastreams that were looked at,
    pub looked: usize,
    /// and those beyond [`DATASTREAMS_MAX`], which were not.
    pub left_out: usize,
}

/// Runs a rule over the last [`DAYS`] days. None for a rule that is not about readings: what was silent, due or lapsed then is not
/// known any more.
///
/// # Errors
/// The store cannot be read.
pub fn run(rule: &AlertRule, around: &Trialled<'_>, now: Timestamp) -> Result<Option<Trial>, StoreError> {
    if rule.on.quantity().is_none() {
        return Ok(None);
    }
    let span = (now.plus_millis(-DAYS * 86_400_000), now);
    let Past { episodes, looked, left_out } = watch::past(rule, around, span, DATASTREAMS_MAX)?;
    let mut counts: BTreeMap<&Subject, usize> = BTreeMap::new();
    for (subject, _) in &episodes {
        *counts.entry(subject).or_default() += 1;
    }
    let mut subjects: Vec<(Subject, usize)> = counts.into_iter().map(|(subject, n)| (subject.clone(), n)).collect();
    subjects.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let raised = episodes.len();
    let mut last = episodes;
    last.sort_by_key(|(_, episode)| std::cmp::Reverse(episode.met_at));
    last.truncate(SHOWN);
    Ok(Some(Trial { raised, subjects, last, looked, left_out }))
}
