//! Keys and certificates: TLS for HTTP and MQTT, and the authority that gives nodes their certificates.
//!
//! [`Served`] is a certificate that a listener shows, read again when its files change; [`Handshakes`] lets strangers try
//! without holding up anybody. [`Keys`] is the built-in authority and the table of what it issued: a certificate holds only
//! while it stands there and is not revoked, whatever its signature says. Keys of nodes are handed out once and kept nowhere.
//! Which node may come in is the registry's to say; calls of [`Keys`] block.

mod authority;
pub mod cli;
mod der;
mod handshakes;
mod served;
mod table;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

pub use authority::Authority;
pub(crate) use handshakes::{Failed, Handshakes, shown};
pub use served::{Served, ServedError};
pub use table::{Certificate, Fingerprint};

use crate::audit::{self, Category, Cause, Event};
use crate::clock::Clock;
use crate::reading::{NodeId, Timestamp};
use crate::secret::locked;
use crate::store::{StoreError, records};

/// The authority's folder in the data folder.
pub const FOLDER: &str = "ca";
/// How long a node's certificate holds unless told otherwise.
pub const LIFE_DAYS: u32 = 365;
/// Longest life of a node's certificate, in days.
pub const LIFE_DAYS_MAX: u32 = 3_650;
/// From so many days before its end on, people are told to renew a certificate.
pub const RENEW_DAYS: i64 = 21;
/// Certificates of one node that hold at a time: the one in the node and the next.
pub const CERTIFICATES_OF_NODE_MAX: usize = 8;
pub(crate) const DAY_MS: i64 = 86_400_000;

/// The built-in authority, and what it issued.
pub struct Keys {
    folder: PathBuf,
    clock: Arc<Clock>,
    file: Mutex<Connection>,
    authority: Mutex<Option<Arc<Authority>>>,
    seen: RwLock<Seen>,
}

/// What was last seen of the table, for whoever may not block.
#[derive(Debug, Clone, Default)]
struct Seen {
    marks: table::Marks,
    at: Option<Timestamp>,
    ending: Vec<(NodeId, Timestamp)>,
}

/// Why a certificate is none of a node that may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGood {
    /// It does not stand in the table.
    #[error("this gateway did not issue the certificate")]
    Unknown,
    /// Revoked.
    #[error("the certificate is revoked")]
    Revoked,
    /// Its time is over.
    #[error("the certificate has expired")]
    Expired,
}

/// Why something about keys could not be done. The texts are for the command line; pages say it in their language.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The records could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the authority could not be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] std::io::Error),
    /// What a file holds is no key or certificate.
    #[error("{0} cannot be used: {1}")]
    Unusable(PathBuf, String),
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Made(#[from] rcgen::Error),
    /// There is no such node.
    #[error("there is no node `{0}`: `node add` adds one")]
    UnknownNode(NodeId),
    /// The node may not come in, with or without a certificate.
    #[error("node `{0}` is revoked: `node unrevoke` lets it in again")]
    RevokedNode(NodeId),
    /// Nothing to revoke or to renew.
    #[error("node `{0}` has no such certificate that holds: `node certificate list` shows those there are")]
    None(NodeId),
    /// As many as may be.
    #[error("node `{0}` has {1} certificates that hold, as many as may be: revoke one")]
    Full(NodeId, usize),
    /// There is no authority yet.
    #[error("there is no authority yet: `ca init` makes one")]
    NoAuthority,
    /// A life that cannot be.
    #[error("a certificate holds for up to {LIFE_DAYS_MAX} days")]
    Life,
}

impl From<rusqlite::Error> for KeysError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(StoreError::Sqlite(error))
    }
}

/// A certificate that was just issued, with its key: shown once, kept nowhere.
pub struct Issued {
    /// What stands in the table.
    pub certificate: Certificate,
    /// The certificate, in PEM form.
    pub certificate_pem: String,
    /// Its key, in PEM form.
    pub key_pem: String,
}

impl Keys {
    /// Opens the records in `data_dir`, creating them when there are none. The authority is made when first needed.
    ///
    /// # Errors
    /// The file cannot be read, or a newer program wrote it.
    pub fn open(data_dir: &Path, clock: Arc<Clock>) -> Result<Arc<Self>, KeysError> {
        let mut connection = records::open(&data_dir.join(records::FILE)).map_err(StoreError::Open)?;
        audit::adopt(&mut connection)?;
        Ok(Arc::new(Self {
            folder: data_dir.join(FOLDER),
            clock,
            file: Mutex::new(connection),
            authority: Mutex::default(),
            seen: RwLock::default(),
        }))
    }

    /// The authority, if there is one.
    ///
    /// # Errors
    /// Its files cannot be read, or are not what was written.
    pub fn authority(&self) -> Result<Option<Arc<Authority>>, KeysError> {
        let mut held = locked(&self.authority);
        if held.is_none() {
            *held = Authority::load(&self.folder)?.map(Arc::new);
        }
        Ok(held.clone())
    }

    /// The authority; made, with an entry in the audit log, when there is none.
    ///
    /// # Errors
    /// Its files cannot be read or written.
    pub fn authority_or_new(&self, cause: Cause<'_>) -> Result<Arc<Authority>, KeysError> {
        if let Some(authority) = self.authority()? {
            return Ok(authority);
        }
        // The records' lock holds off another process that would make one at the same time.
        let mut file = locked(&self.file);
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(authority) = self.authority()? {
            return Ok(authority);
        }
        let now = self.clock.now();
        let authority = Arc::new(Authority::make(&self.folder, now)?);
        let after = json!({
            "fingerprint": authority.fingerprint().to_string(), "valid_until": authority.valid_until().to_string(),
        });
        let event = Event::done(Category::Keys, "make authority", "authority").with(None, Some(after));
        audit::append(&transaction, now, cause, event)?;
        transaction.commit()?;
        *locked(&self.authority) = Some(authority.clone());
        Ok(authority)
    }

    /// Issues a certificate for a node; its key is given back and kept nowhere.
    ///
    /// # Errors
    /// There is no such node, it may not come in, it has too many, or something cannot be written.
    pub fn issue(&self, cause: Cause<'_>, node: &NodeId, life: Duration) -> Result<Issued, KeysError> {
        self.sign(cause, node, life, "issue certificate")
    }

    /// Issues the next certificate of a node that has one; the earlier holds until its end, so that the node can be given
    /// the new one in peace.
    ///
    /// # Errors
    /// As [`Self::issue`]; or the node has none to renew.
    pub fn renew(&self, cause: Cause<'_>, node: &NodeId, life: Duration) -> Result<Issued, KeysError> {
        // One that has just expired can be renewed too; one that was revoked cannot.
        if !self.list(Some(node))?.iter().any(|certificate| certificate.revoked_at.is_none()) {
            return Err(KeysError::None(node.clone()));
        }
        self.sign(cause, node, life, "renew certificate")
    }

    fn sign(&self, cause: Cause<'_>, node: &NodeId, life: Duration, what: &str) -> Result<Issued, KeysError> {
        if life.is_zero() || life > Duration::from_secs(u64::from(LIFE_DAYS_MAX) * 86_400) {
            return Err(KeysError::Life);
        }
        let authority = self.authority_or_new(cause)?;
        let mut file = locked(&self.file);
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let now = self.clock.now();
        table::may_have_one(&transaction, node, now)?;
        let until = Timestamp::from_millis(now.millis() + life.as_millis() as i64);
        let (der, certificate_pem, key_pem, until) = authority.certify_node(node, now, until)?;
        let certificate = Certificate {
            fingerprint: Fingerprint::of(&der),
            node: node.clone(),
            issued_at: now,
            valid_until: until,
            revoked_at: None,
        };
        table::insert(&transaction, &certificate)?;
        let (subject, after) = (format!("node/{node}"), certificate.told());
        audit::append(&transaction, now, cause, Event::done(Category::Keys, what, &subject).with(None, Some(after)))?;
        transaction.commit()?;
        Ok(Issued { certificate, certificate_pem, key_pem })
    }

    /// Revokes a node's certificates that hold, or the one whose fingerprint begins so; gives those revoked. Whoever is
    /// connected with one is to be sent away by the caller.
    ///
    /// # Errors
    /// There is none, or the file cannot be written.
    pub fn revoke(&self, cause: Cause<'_>, node: &NodeId, which: &str) -> Result<Vec<Certificate>, KeysError> {
        let mut file = locked(&self.file);
        let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let now = self.clock.now();
        let which = which.to_ascii_lowercase();
        let mut revoked = table::list(&transaction, Some(node))?;
        revoked.retain(|one| one.revoked_at.is_none() && one.fingerprint.to_string().starts_with(&which));
        if revoked.is_empty() {
            return Err(KeysError::None(node.clone()));
        }
        for certificate in &mut revoked {
            certificate.revoked_at = Some(now);
            table::revoke(&transaction, &certificate.fingerprint, now)?;
            let (subject, told) = (format!("node/{node}"), certificate.told());
            let event = Event::done(Category::Keys, "revoke certificate", &subject).with(Some(told), None);
            audit::append(&transaction, now, cause, event)?;
        }
        transaction.commit()?;
        Ok(revoked)
    }

    /// Certificates issued, of all nodes or of one, the newest first.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn list(&self, node: Option<&NodeId>) -> Result<Vec<Certificate>, KeysError> {
        Ok(table::list(&locked(&self.file), node)?)
    }

    /// Whose certificate it is, if it holds now, whatever process changed the table last.
    ///
    /// # Errors
    /// The file cannot be read; the inner error says why it does not hold.
    pub fn holder(&self, fingerprint: &Fingerprint) -> Result<Result<NodeId, NotGood>, KeysError> {
        let Some(found) = table::find(&locked(&self.file), fingerprint)? else { return Ok(Err(NotGood::Unknown)) };
        Ok(match found.revoked_at {
            Some(_) => Err(NotGood::Revoked),
            None if found.valid_until <= self.clock.now() => Err(NotGood::Expired),
            None => Ok(found.node),
        })
    }

    /// Looks at the table again. Says whether a certificate that held may hold no more.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn refresh(&self) -> Result<bool, KeysError> {
        const EVERY_MS: i64 = 60_000;
        let now = self.clock.now();
        let marks = table::marks(&locked(&self.file))?;
        let seen = self.seen();
        let due = seen.at.is_none_or(|at| now.millis_since(at).abs() >= EVERY_MS);
        if marks == seen.marks && !due {
            return Ok(false);
        }
        let ending = ending(&self.list(None)?, now);
        *self.seen.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Seen { marks, at: Some(now), ending };
        Ok(true)
    }

    /// Nodes whose last certificate ends soon or has ended, the first to end first; as last seen by [`Self::refresh`].
    pub fn ending(&self) -> Vec<(NodeId, Timestamp)> {
        self.seen().ending
    }

    /// What a person should know of nodes' certificates; as last seen by [`Self::refresh`].
    pub fn warning(&self) -> Option<String> {
        const NAMED: usize = 5;
        let (ending, now) = (self.ending(), self.clock.now());
        let (_, first) = ending.first()?;
        let names: Vec<&str> = ending.iter().take(NAMED).map(|(node, _)| node.as_str()).collect();
        let more = if ending.len() > NAMED { ", …" } else { "" };
        Some(format!(
            "nodes whose last certificate ends within {RENEW_DAYS} days: {}, the first in {} days ({}{more}); \
             `city-gateway node certificate renew NODE` makes the next",
            ending.len(),
            days_left(*first, now),
            names.join(", ")
        ))
    }

    /// Now, as certificates are held to it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn seen(&self) -> Seen {
        self.seen.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// Of each node with certificates that were not revoked: the last one's end, if it is near or past.
pub(crate) fn ending(all: &[Certificate], now: Timestamp) -> Vec<(NodeId, Timestamp)> {
    let mut last = std::collections::HashMap::<&NodeId, Timestamp>::new();
    for certificate in all.iter().filter(|certificate| certificate.revoked_at.is_none()) {
        let end = last.entry(&certificate.node).or_insert(certificate.valid_until);
        *end = (*end).max(certificate.valid_until);
    }
    let soon = last.into_iter().filter(|(_, end)| days_left(*end, now) < RENEW_DAYS);
    let mut soon: Vec<_> = soon.map(|(node, end)| (node.clone(), end)).collect();
    soon.sort_by(|(a, x), (b, y)| x.cmp(y).then(a.cmp(b)));
    soon
}

/// Whole days until then; negative when it is past.
pub fn days_left(until: Timestamp, now: Timestamp) -> i64 {
    until.millis_since(now).div_euclid(DAY_MS)
}

#[cfg(test)]
mod tests;
