//! Who may come in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::OptionalExtension;

use super::edit::{Room, insert_node, trace};
use super::secret::{SECRET_BYTES_MAX, Verdict};
use super::{Cause, Enrolment, Registry, RegistryError, describe};
use crate::keys::{Fingerprint, Keys};
use crate::reading::NodeId;
use crate::telemetry::ingest::{Admission, Certified, Denied, Vouched};

/// What memory says of a node that knocks.
#[derive(Clone)]
struct Known {
    revoked: bool,
    awaited: bool,
    secret: Option<Arc<str>>,
}

impl Admission for Registry {
    fn admit(&self, node: &NodeId, secret: Option<&[u8]>) -> Result<(), Denied> {
        self.admit_or_note(node, secret, None)
    }

    fn admit_from(&self, node: &NodeId, secret: Option<&[u8]>, from: IpAddr) -> Result<(), Denied> {
        self.admit_or_note(node, secret, Some(from))
    }
}

impl Vouched for Registry {
    fn is_enrolled(&self, node: &NodeId) -> bool {
        self.known(node).is_some_and(|known| !known.revoked)
    }

    fn vouch(&self, node: &NodeId) -> Result<(), Denied> {
        let result = self.judge_vouched(node);
        if let Err(denied) = result {
            self.counters.deny(denied);
            if denied != Denied::Unavailable {
                self.knock(node, reason(denied), None);
            }
        }
        result
    }
}

/// The registry and the table of certificates, for the door where nodes show theirs.
pub struct CertifiedNodes {
    /// Nodes.
    pub registry: Arc<Registry>,
    /// What was issued to them.
    pub keys: Arc<Keys>,
}

impl Certified for CertifiedNodes {
    fn admit_certified(&self, node: &NodeId, certificate: &Fingerprint) -> Result<(), Denied> {
        let Self { registry, keys } = self;
        let why = match keys.holder(certificate) {
            Ok(Ok(holder)) if holder == *node => return registry.vouch(node),
            Ok(Ok(holder)) => format!("it is the certificate of {holder}"),
            Ok(Err(why)) => why.to_string(),
            Err(error) => {
                tracing::error!(%node, %error, "the table of certificates cannot be used");
                registry.counters.count_failure();
                registry.counters.deny(Denied::Unavailable);
                return Err(Denied::Unavailable);
            }
        };
        tracing::info!(%node, certificate = certificate.short(), why, "a certificate does not let a node in");
        registry.counters.deny(Denied::WrongCertificate);
        registry.knock(node, reason(Denied::WrongCertificate), None);
        Err(Denied::WrongCertificate)
    }
}

/// The reason as metrics and the list of knocks show it.
fn reason(denied: Denied) -> &'static str {
    match denied {
        Denied::UnknownNode => "unknown_node",
        Denied::WrongSecret => "wrong_secret",
        Denied::WrongCertificate => "wrong_certificate",
        Denied::Revoked => "revoked",
        Denied::LimitReached => "limit_reached",
        Denied::Unavailable => "unavailable",
    }
}

impl Registry {
    fn admit_or_note(&self, node: &NodeId, secret: Option<&[u8]>, from: Option<IpAddr>) -> Result<(), Denied> {
        let secret = secret.filter(|secret| !secret.is_empty());
        let result = self.judge(node, secret);
        if let Err(denied) = result {
            self.counters.deny(denied);
            if denied != Denied::Unavailable {
                self.knock(node, reason(denied), from);
            }
        }
        result
    }

    fn judge(&self, node: &NodeId, secret: Option<&[u8]>) -> Result<(), Denied> {
        let known = self.known(node);
        // The way of a node that comes back: nothing is read, nothing is hashed at length.
        if let (Some(Known { revoked: false, secret: Some(phc), .. }), Some(shown)) = (&known, secret)
            && self.verifier.remembers(node, shown, phc)
        {
            return Ok(());
        }
        // Somebody may have added the node, or changed its secret, from another process a moment ago.
        self.see_changes().map_err(|error| unavailable(node, &error))?;
        match (self.known(node), self.config.mode) {
            (Some(Known { revoked: true, .. }), _) => Err(Denied::Revoked),
            (Some(Known { secret: Some(phc), .. }), _) => self.verify(node, secret, &phc),
            (Some(_) | None, Enrolment::Open) => self.enrol(node, secret),
            (Some(Known { awaited: true, .. }), Enrolment::Claim) if secret.is_some() => self.enrol(node, secret),
            (Some(_), Enrolment::Claim) => Err(Denied::WrongSecret),
            (None, Enrolment::Claim) => Err(Denied::UnknownNode),
        }
    }

    /// As [`Self::judge`], of a node that has shown to somebody else who it is.
    fn judge_vouched(&self, node: &NodeId) -> Result<(), Denied> {
        self.see_changes().map_err(|error| unavailable(node, &error))?;
        match (self.known(node), self.config.mode) {
            (Some(Known { revoked: true, .. }), _) => Err(Denied::Revoked),
            (Some(_), _) => Ok(()),
            (None, Enrolment::Claim) => Err(Denied::UnknownNode),
            (None, Enrolment::Open) => match self.enrol(node, None) {
                // Its own connection to our listener was first, and bound a secret: that is no matter here.
                Err(Denied::WrongSecret) => Ok(()),
                other => other,
            },
        }
    }

    fn known(&self, node: &NodeId) -> Option<Known> {
        self.read(|state| {
            let known = state.snapshot.nodes.get(node)?;
            let awaited = known.awaited_until.is_some_and(|until| self.clock.now() < until);
            Some(Known { revoked: known.revoked, awaited, secret: state.secrets.get(node).cloned() })
        })
    }

    fn verify(&self, node: &NodeId, secret: Option<&[u8]>, phc: &Arc<str>) -> Result<(), Denied> {
        let secret = secret.ok_or(Denied::WrongSecret)?;
        match self.verifier.verify(node, secret, phc, Instant::now()) {
            Verdict::Right => Ok(()),
            Verdict::Wrong => Err(Denied::WrongSecret),
            Verdict::TooOften => {
                self.counters.count_not_verified();
                Err(Denied::WrongSecret)
            }
        }
    }

    /// Enrols a node that nobody knows, and binds the secret it shows when none is bound.
    fn enrol(&self, node: &NodeId, secret: Option<&[u8]>) -> Result<(), Denied> {
        let known = self.known(node).is_some();
        if known && secret.is_none() {
            return Ok(());
        }
        if !known && self.snapshot().nodes.len() >= self.config.nodes_max {
            return Err(Denied::LimitReached);
        }
        if secret.is_some_and(|secret| secret.len() > SECRET_BYTES_MAX) {
            return Err(Denied::WrongSecret);
        }
        let phc = secret.map(|secret| self.verifier.hash_chosen(secret)).transpose();
        let phc = phc.map_err(|error| unavailable(node, &error))?;
        match self.enrol_or_bind(node, phc.as_deref()) {
            Ok(Enrolled::Now) => {
                if let (Some(secret), Some(phc)) = (secret, &phc) {
                    self.verifier.remember(node, secret, phc);
                }
                Ok(())
            }
            // Another connection of the node was first: now it has to show what that one showed.
            Ok(Enrolled::Before { revoked: true, .. }) => Err(Denied::Revoked),
            Ok(Enrolled::Before { secret: Some(phc), .. }) => self.verify(node, secret, &phc),
            Ok(Enrolled::Before { secret: None, .. }) => Ok(()),
            Err(RegistryError::NodesMax(_)) => Err(Denied::LimitReached),
            Err(RegistryError::Reserved(_)) => Err(Denied::UnknownNode),
            Err(error) => Err(unavailable(node, &error)),
        }
    }

    fn enrol_or_bind(&self, node: &NodeId, phc: Option<&str>) -> Result<Enrolled, RegistryError> {
        let nodes_max = self.config.nodes_max;
        let cause = Cause::gateway("gateway", "open enrolment");
        self.change(node, |transaction, now| {
            let found = transaction
                .prepare_cached("SELECT revoked, secret FROM node WHERE id = ?1")?
                .query_row([node.as_str()], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?)))
                .optional()?;
            match found {
                None => {
                    Room::look(transaction, nodes_max)?.take(node)?;
                    insert_node(transaction, node, phc, now)?;
                    let after = describe::enrolled(node, phc.is_some(), now);
                    trace(transaction, now, cause, "enrol", node, None, Some(after))?;
                    Ok(Enrolled::Now)
                }
                Some((false, None)) if phc.is_some() => {
                    let sql = "UPDATE node SET secret = ?2, awaited_until = NULL WHERE id = ?1";
                    transaction.prepare_cached(sql)?.execute((node.as_str(), phc))?;
                    let cause = Cause::gateway("gateway", "the first secret it showed");
                    trace(transaction, now, cause, "bind secret", node, None, None)?;
                    Ok(Enrolled::Now)
                }
                Some((revoked, secret)) => Ok(Enrolled::Before { revoked, secret: secret.map(Arc::from) }),
            }
        })
    }
}

/// Whether this call enrolled the node or bound its secret.
enum Enrolled {
    Now,
    Before { revoked: bool, secret: Option<Arc<str>> },
}

fn unavailable(node: &NodeId, error: &RegistryError) -> Denied {
    tracing::error!(%node, %error, "the registry could not decide whether a node may come in");
    Denied::Unavailable
}
