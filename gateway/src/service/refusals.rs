//! What was refused over HTTP: counted by reason, and which of it is news.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::access::Refusal;
use crate::secret::locked;

/// The same refusal of the same caller is written down once in this time.
const NEWS_EVERY: Duration = Duration::from_secs(60);
/// Callers and what they tried that are remembered.
const REMEMBERED_MAX: usize = 1_000;

/// What was refused.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: [AtomicU64; Refusal::ALL.len()],
    told: Mutex<HashMap<(String, String), Instant>>,
}

impl Refusals {
    pub(super) fn count(&self, refusal: Refusal) {
        self.counts[refusal as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// The counts by reason.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Refusal::ALL.iter().map(|refusal| (refusal.code(), self.counts[*refusal as usize].load(Ordering::Relaxed)))
    }

    /// Whether it was not written down within the minute. When too much is remembered, it is not written down either:
    /// the log is not to be filled by whoever tries everything.
    pub(super) fn is_news(&self, actor: &str, what: &str) -> bool {
        let now = Instant::now();
        let mut told = locked(&self.told);
        let key = (actor.to_owned(), what.to_owned());
        if told.get(&key).is_some_and(|at| now.duration_since(*at) < NEWS_EVERY) {
            return false;
        }
        if told.len() >= REMEMBERED_MAX {
            told.retain(|_, at| now.duration_since(*at) < NEWS_EVERY);
        }
        told.len() < REMEMBERED_MAX && told.insert(key, now).is_none_or(|_| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_news_once_a_minute_and_memory_is_bounded() {
        let refusals = Refusals::default();
        assert!(refusals.is_news("person/a", "GET /audit"));
        assert!(!refusals.is_news("person/a", "GET /audit"));
        assert!(refusals.is_news("person/b", "GET /audit"));
        let news = (0..10_000).filter(|n| refusals.is_news("person/a", &format!("GET /{n}"))).count();
        assert!(news < REMEMBERED_MAX, "{news}");
    }
}
