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
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};

use super::RegistryError;
use crate::reading::NodeId;
use crate::secret::{self, Cost, Gate, Secret, locked};

/// Longest secret that is looked at, in bytes.
pub const SECRET_BYTES_MAX: usize = 256;
/// Failed attempts of a node that are hashed within a minute.
pub const FAILURES_PER_MINUTE_MAX: u32 = 6;

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
        Ok(Self {
            processors: Gate::new(std::thread::available_parallelism().map_or(1, usize::from)),
            key: secret::random()?,
            verified: Mutex::default(),
            failures: Mutex::default(),
        })
    }

    /// The PHC string of a secret that we made.
    pub(super) fn hash_generated(&self, secret: &Secret) -> Result<Arc<str>, RegistryError> {
        self.hash(secret.reveal().as_bytes(), Params::MIN_M_COST)
    }

    /// The PHC string of a secret that a person may have chosen.
    pub(super) fn hash_chosen(&self, secret: &[u8]) -> Result<Arc<str>, RegistryError> {
        self.hash(secret, 8 * 1_024)
    }

    fn hash(&self, secret: &[u8], memory_kib: u32) -> Result<Arc<str>, RegistryError> {
        let _permit = self.processors.enter();
        Ok(secret::hash(secret, Cost { memory_kib, passes: 1 })?)
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
        let right = secret::verify(secret, phc);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> NodeId {
        NodeId::new(name).expect("a name")
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
