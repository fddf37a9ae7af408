//! Failed attempts to sign in, by login and by address: beyond a bound they are not looked at for a while.
//!
//! Known and unknown logins are held alike, so that the answer does not tell which there are. What is remembered is
//! bounded; when it is full the oldest is forgotten.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Logins and addresses that are remembered.
const REMEMBERED_MAX: usize = 10_000;
/// An address may fail more often than a login: an office has one.
const ADDRESS_FACTOR: u32 = 5;

/// How often somebody may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptRule {
    /// Failed attempts of a login; of an address, five times as many.
    pub failures_max: u32,
    /// How long attempts are not looked at after that.
    pub lock: Duration,
}

/// What failed lately.
#[derive(Debug)]
pub(super) struct Attempts {
    rule: AttemptRule,
    failed: HashMap<Key, Failed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Login(String),
    Address(String),
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    count: u32,
    last: Instant,
}

impl Attempts {
    pub(super) fn new(rule: AttemptRule) -> Self {
        Self { rule, failed: HashMap::new() }
    }

    /// Counts an attempt as failed before it is made, so that many at once do not slip through together.
    ///
    /// # Errors
    /// How long to wait, when it may not be made.
    pub(super) fn begin(&mut self, login: &str, address: &str, now: Instant) -> Result<(), Duration> {
        let keys = [
            (Key::Login(login.to_lowercase()), self.rule.failures_max),
            (Key::Address(address.to_owned()), self.rule.failures_max * ADDRESS_FACTOR),
        ];
        for (key, most) in &keys {
            let failed = self.failed.get(key).filter(|failed| now.duration_since(failed.last) < self.rule.lock);
            if let Some(failed) = failed.filter(|failed| failed.count >= *most) {
                return Err(self.rule.lock - now.duration_since(failed.last));
            }
        }
        for (key, _) in keys {
            let failed = self.failed.entry(key).or_insert(Failed { count: 0, last: now });
            let over = now.duration_since(failed.last) >= self.rule.lock;
            *failed = Failed { count: if over { 1 } else { failed.count + 1 }, last: now };
        }
        if self.failed.len() > REMEMBERED_MAX {
            let lock = self.rule.lock;
            self.failed.retain(|_, failed| now.duration_since(failed.last) < lock);
            while self.failed.len() > REMEMBERED_MAX {
                let oldest = self.failed.iter().min_by_key(|(_, failed)| failed.last).map(|(key, _)| key.clone());
                self.failed.remove(&oldest.expect("there are many"));
            }
        }
        Ok(())
    }

    /// The attempt that was begun was good.
    pub(super) fn succeeded(&mut self, login: &str, address: &str) {
        self.failed.remove(&Key::Login(login.to_lowercase()));
        if let Some(failed) = self.failed.get_mut(&Key::Address(address.to_owned())) {
            failed.count = failed.count.saturating_sub(1);
        }
    }

    /// Whether the attempt that was just begun was the last for a while.
    pub(super) fn is_locked(&self, login: &str) -> bool {
        let failed = self.failed.get(&Key::Login(login.to_lowercase()));
        failed.is_some_and(|failed| failed.count >= self.rule.failures_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: AttemptRule = AttemptRule { failures_max: 3, lock: Duration::from_secs(900) };

    #[test]
    fn after_some_failures_nothing_is_looked_at_for_a_while() {
        let (mut attempts, start) = (Attempts::new(RULE), Instant::now());
        for _ in 0..3 {
            assert_eq!(attempts.begin("eleni", "10.0.0.1", start), Ok(()));
        }
        assert!(attempts.is_locked("Eleni"));
        let minute = start + Duration::from_secs(60);
        assert_eq!(attempts.begin("Eleni", "10.0.0.2", minute), Err(Duration::from_secs(840)));
        assert_eq!(attempts.begin("nikos", "10.0.0.1", minute), Ok(()), "the office is not locked");
        assert_eq!(attempts.begin("eleni", "10.0.0.1", start + Duration::from_secs(900)), Ok(()));
    }

    #[test]
    fn who_comes_in_begins_anew() {
        let (mut attempts, start) = (Attempts::new(RULE), Instant::now());
        for _ in 0..9 {
            assert_eq!(attempts.begin("eleni", "10.0.0.1", start), Ok(()));
            attempts.succeeded("eleni", "10.0.0.1");
        }
    }

    #[test]
    fn an_address_that_tries_many_names_is_locked_too_and_memory_is_bounded() {
        let (mut attempts, start) = (Attempts::new(RULE), Instant::now());
        let tried = (0..100).filter(|n| attempts.begin(&format!("n{n}"), "10.0.0.9", start).is_ok()).count();
        assert_eq!(tried, 15);
        for n in 0..20_000 {
            let _ = attempts.begin(&format!("m{n}"), &format!("a{n}"), start);
        }
        assert!(attempts.failed.len() <= REMEMBERED_MAX);
    }
}
