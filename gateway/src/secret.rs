//! Secrets that the gateway makes or keeps: random ones, hashes of those that people choose, and locks around both.
//!
//! A secret is kept as a PHC string of argon2id, whose parameters stand in it, or, when it has 160 random bits of ours,
//! as SHA-256: nobody guesses it, whatever a guess costs.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

/// A secret could not be made or hashed.
#[derive(Debug, thiserror::Error)]
#[error("a secret could not be made: {0}")]
pub struct SecretError(String);

/// What a hash of a secret that a person chose costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Memory, in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over it.
    pub(crate) passes: u32,
}

/// The PHC string of a secret.
pub(crate) fn hash(secret: &[u8], cost: Cost) -> Result<Arc<str>, SecretError> {
    let failed = |error: &dyn fmt::Display| SecretError(error.to_string());
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|error| failed(&error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let phc: PasswordHash = argon2.hash_password(secret).map_err(|error| failed(&error))?;
    Ok(phc.to_string().into())
}

/// Whether `secret` is the one behind the PHC string.
pub(crate) fn verify(secret: &[u8], phc: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(phc) else { return false };
    Argon2::default().verify_password(secret, &parsed).is_ok()
}

/// SHA-256, for secrets of ours that have random bits enough.
pub(crate) fn digest(secret: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, secret).as_ref());
    out
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], SecretError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| SecretError(error.to_string()))?;
    Ok(bytes)
}

/// A secret that was just made: shown once, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// 160 random bits in groups of four characters that are not mistaken for each other: `7k2m-…`.
    pub(crate) fn generate() -> Result<Self, SecretError> {
        let mut bits = [0u8; 20];
        getrandom::fill(&mut bits).map_err(|error| SecretError(error.to_string()))?;
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

/// Lets so many threads in at a time: each hash of a chosen secret takes 8 MiB.
pub(crate) struct Gate {
    free: Mutex<usize>,
    left: Condvar,
}

pub(crate) struct Permit<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new(free: usize) -> Self {
        Self { free: Mutex::new(free), left: Condvar::new() }
    }

    pub(crate) fn enter(&self) -> Permit<'_> {
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
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
