//! Secrets of nodes: made, hashed, verified, and remembered for the next time.
//!
//! A secret is kept as a PHC string of argon2id, whose parameters stand in it. One that a person chose costs 8 MiB for
//! each guess. One that we made has 160 random bits, which nobody guesses whatever a guess costs: it gets the least
//! that argon2 can do, so that ten thousand nodes come back after a restart within seconds.
//!
//! What was verified once is remembered as a fingerprint under a key of this process, so that memory holds no secret
//! and the next connection costs microseconds. Failed attempts are counted per node and refused unhashed beyond
//! [`FAILURES_PER_MINUTE_MAX`]; at most as many hashes run at a time as there are processors.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use super::RegistryError;
use crate::reading::NodeId;

/// Longest secret that is looked at, in bytes.
pub const SECRET_BYTES_MAX: usize = 256;
/// Failed attempts of a node that are hashed within a minute.
pub const FAILURES_PER_MINUTE_MAX: u32 = 6;

/// A secret that was just made: shown once, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// 160 random bits in groups of four characters that are not mistaken for each other: `7k2m-…`.
    pub(super) fn generate() -> Result<Self, RegistryError> {
        let mut bits = [0u8; 20];
        getrandom::fill(&mut bits).map_err(|error| RegistryError::Secret(error.to_string()))?;
        Ok(Self(base32_in_groups(&bits)))
    }

    /// The secret's text, to be shown to the person who sets up the node.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

/// Crockford's alphabet, without i, l, o and u.
fn base32_in_groups(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut text = String::new();
    for (group, five) in bytes.chunks(5).enumerate() {
        let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte)) << (8 * (5 - five.len()));
        for i in 0..8 {
            if i % 4 == 0 && (group, i) != (0, 0) {
                text.push('-');
            }
            text.push(char::from(ALPHABET[(bits >> (35 - 5 * i) & 31) as usize]));
        }
    }
    text
}

/// Whether a secret is good, as far as may be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the node's.
    Right,
    /// It is not.
    Wrong,
    /// Not looked at: the node failed too often this minute.
    TooOften,
}

/// Verifies secrets.
pub(super) struct Verifier {
    processors: Gate,
    key: [u8; 32],
    verified: Mutex<HashMap<NodeId, Verified>>,
    failures: Mutex<HashMap<NodeId, Failures>>,
}

/// What a node showed when it was last verified. A bound or rotated secret has another PHC string.
struct Verified {
    phc: Arc<str>,
    fingerprint: [u8; 32],
}

struct Failures {
    since: Instant,
    count: u32,
}

impl Verifier {
    pub(super) fn new() -> Result<Self, RegistryError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| RegistryError::Secret(error.to_string()))?;
        Ok(Self {
            processors: Gate::new(std::thread::available_parallelism().map_or(1, usize::from)),
            key,
            verified: Mutex::default(),
            failures: Mutex::default(),
        })
    }

    /// The PHC string of a secret that we made.
    pub(super) fn hash_generated(&self, secret: &Secret) -> Result<Arc<str>, RegistryError> {
        self.hash(secret.0.as_bytes(), Params::MIN_M_COST)
    }

    /// The PHC string of a secret that a person may have chosen.
    pub(super) fn hash_chosen(&self, secret: &[u8]) -> Result<Arc<str>, RegistryError> {
        self.hash(secret, 8 * 1_024)
    }

    fn hash(&self, secret: &[u8], m_cost_kib: u32) -> Result<Arc<str>, RegistryError> {
        let failed = |error: &dyn fmt::Display| RegistryError::Secret(error.to_string());
        let params = Params::new(m_cost_kib, 1, 1, None).map_err(|error| failed(&error))?;
        let _permit = self.processors.enter();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let phc: PasswordHash = argon2.hash_password(secret).map_err(|error| failed(&error))?;
        Ok(phc.to_string().into())
    }

    /// Whether `secret` is what the node last showed, when it was right and `phc` still holds.
    pub(super) fn remembers(&self, node: &NodeId, secret: &[u8], phc: &str) -> bool {
        if secret.len() > SECRET_BYTES_MAX {
            return false;
        }
        let fingerprint = self.fingerprint(node, secret);
        locked(&self.verified).get(node).is_some_and(|v| *v.phc == *phc && v.fingerprint == fingerprint)
    }

    /// Remembers `secret` as the one behind `phc`.
    pub(super) fn remember(&self, node: &NodeId, secret: &[u8], phc: &Arc<str>) {
        let fingerprint = self.fingerprint(node, secret);
        locked(&self.verified).insert(node.clone(), Verified { phc: phc.clone(), fingerprint });
    }

    /// Whether `secret` is the one behind `phc`. `node` is enrolled, so that no more is kept than there are nodes.
    pub(super) fn verify(&self, node: &NodeId, secret: &[u8], phc: &Arc<str>, now: Instant) -> Verdict {
        if secret.len() > SECRET_BYTES_MAX {
            return Verdict::Wrong;
        }
        if !self.may_fail(node, now) {
            return Verdict::TooOften;
        }
        let permit = self.processors.enter();
        let right = PasswordHash::new(phc).is_ok_and(|hash| Argon2::default().verify_password(secret, &hash).is_ok());
        drop(permit);
        if !right {
            return Verdict::Wrong;
        }
        locked(&self.failures).remove(node);
        self.remember(node, secret, phc);
        Verdict::Right
    }

    /// Counts an attempt as failed before it is made, so that many at once do not slip through together.
    fn may_fail(&self, node: &NodeId, now: Instant) -> bool {
        let mut failures = locked(&self.failures);
        let entry = failures.entry(node.clone()).or_insert(Failures { since: now, count: 0 });
        if now.saturating_duration_since(entry.since) >= Duration::from_secs(60) {
            *entry = Failures { since: now, count: 0 };
        }
        entry.count += 1;
        entry.count <= FAILURES_PER_MINUTE_MAX
    }

    /// A keyed hash of what was shown; the name in the salt keeps two nodes with one secret apart.
    fn fingerprint(&self, node: &NodeId, secret: &[u8]) -> [u8; 32] {
        let params = Params::new(Params::MIN_M_COST, 1, 1, None).expect("the least parameters are allowed");
        let argon2 = Argon2::new_with_secret(&self.key, Algorithm::Argon2id, Version::V0x13, params)
            .expect("32 bytes are a key");
        let salt = format!("fingerprint {node}");
        let mut out = [0; 32];
        argon2.hash_password_into(secret, salt.as_bytes(), &mut out).expect("lengths are within argon2's bounds");
        out
    }
}

/// Lets so many threads in at a time: each hash of a chosen secret takes 8 MiB.
struct Gate {
    free: Mutex<usize>,
    left: Condvar,
}

struct Permit<'a>(&'a Gate);

impl Gate {
    fn new(free: usize) -> Self {
        Self { free: Mutex::new(free), left: Condvar::new() }
    }

    fn enter(&self) -> Permit<'_> {
        let waiting = self.left.wait_while(locked(&self.free), |free| *free == 0);
        *waiting.unwrap_or_else(PoisonError::into_inner) -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *locked(&self.0.free) += 1;
        self.0.left.notify_one();
    }
}

/// The lock, also after a panic elsewhere: what these locks guard is whole between statements.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> NodeId {
        NodeId::new(name).expect("a name")
    }

    #[test]
    fn a_made_secret_is_eight_groups_of_four_and_never_the_same() {
        assert_eq!(base32_in_groups(&[0xff; 5]), "zzzz-zzzz");
        assert_eq!(base32_in_groups(&[0, 0, 0, 0, 33]), "0000-0011");
        let secret = Secret::generate().expect("random bits");
        assert_eq!(secret.reveal().len(), 39);
        assert_eq!(secret.reveal().split('-').map(str::len).collect::<Vec<_>>(), [4; 8]);
        assert_ne!(secret, Secret::generate().expect("random bits"));
        assert!(!format!("{secret:?}").contains(&secret.reveal()[..4]));
    }

    #[test]
    fn failures_are_refused_unhashed_within_the_minute_and_looked_at_after_it() {
        let verifier = Verifier::new().expect("a verifier");
        let phc = verifier.hash_chosen(b"right").expect("hashed");
        assert!(phc.starts_with("$argon2id$v=19$m=8192,t=1,p=1$"), "{phc}");
        let (node, start) = (node("a"), Instant::now());
        for _ in 0..FAILURES_PER_MINUTE_MAX {
            assert_eq!(verifier.verify(&node, b"wrong", &phc, start), Verdict::Wrong);
        }
        assert_eq!(verifier.verify(&node, b"right", &phc, start), Verdict::TooOften);
        let later = start + Duration::from_secs(60);
        assert_eq!(verifier.verify(&node, b"right", &phc, later), Verdict::Right);
        assert_eq!(verifier.verify(&node, b"wrong", &phc, later), Verdict::Wrong);
    }

    #[test]
    fn what_was_verified_is_remembered_until_the_secret_changes() {
        let verifier = Verifier::new().expect("a verifier");
        let secret = Secret::generate().expect("random bits");
        let shown = secret.reveal().as_bytes();
        let phc = verifier.hash_generated(&secret).expect("hashed");
        let node = node("a");
        assert!(!verifier.remembers(&node, shown, &phc));
        assert_eq!(verifier.verify(&node, shown, &phc, Instant::now()), Verdict::Right);
        assert!(verifier.remembers(&node, shown, &phc));
        assert!(!verifier.remembers(&node, b"another", &phc));
        assert!(!verifier.remembers(&node, shown, &verifier.hash_generated(&secret).expect("hashed")));
    }
}
