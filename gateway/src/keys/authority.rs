//! The built-in authority: `data_dir/ca/ca.key`, for its owner alone, and `ca.pem`, for everybody.
//!
//! The key is written before the certificate, each renamed into place: there is an authority when there is `ca.pem`. All of
//! the certificate but its dates follows from the key, so that nothing has to be read out of it.

use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{DAY_MS, Fingerprint, KeysError, der};
use crate::audit::hex;
use crate::reading::{NodeId, Timestamp};
use crate::secret;

const KEY_FILE: &str = "ca.key";
const CERTIFICATE_FILE: &str = "ca.pem";
/// A node is told of a new authority by hand: it is to last as long as the nodes.
const LIFE_DAYS: i64 = 20 * 365;
/// The gateway's own certificate is made anew at each start, and a month before its end.
const SERVER_LIFE_DAYS: i64 = 365;
/// A node whose clock is a little behind takes a new certificate all the same.
const CLOCK_BEHIND_MS: i64 = 3_600_000;

/// The authority that gives nodes their certificates.
pub struct Authority {
    key: KeyPair,
    pem: String,
    der: CertificateDer<'static>,
    valid_until: Timestamp,
}

impl Authority {
    pub(super) fn load(folder: &Path) -> Result<Option<Self>, KeysError> {
        let (file, key_file) = (folder.join(CERTIFICATE_FILE), folder.join(KEY_FILE));
        let read = |path: &Path| fs::read_to_string(path).map_err(|error| KeysError::File(path.to_owned(), error));
        if !file.exists() {
            return Ok(None);
        }
        let (pem, key) = (read(&file)?, read(&key_file)?);
        let unusable = |path: &Path, why: &dyn std::fmt::Display| KeysError::Unusable(path.to_owned(), why.to_string());
        let key = KeyPair::from_pem(&key).map_err(|error| unusable(&key_file, &error))?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| unusable(&file, &error))?;
        let (_, valid_until) = der::validity(&der).ok_or_else(|| unusable(&file, &"it is no certificate"))?;
        // The certificate holds the whole public key; another one's would not be there.
        let public = key.der_bytes();
        if !der.windows(public.len()).any(|part| part == public) {
            return Err(unusable(&key_file, &"it is not the key of ca.pem"));
        }
        Ok(Some(Self { key, pem, der, valid_until }))
    }

    pub(super) fn make(folder: &Path, now: Timestamp) -> Result<Self, KeysError> {
        let key = KeyPair::generate()?;
        let mut params = params(&key);
        date(&mut params, now, Timestamp::from_millis(now.millis() + LIFE_DAYS * DAY_MS));
        let certificate = params.self_signed(&key)?;
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        let (_, valid_until) = der::validity(&der).expect("we have just made it");
        let failed = |error| KeysError::File(folder.to_owned(), error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        write(folder, KEY_FILE, key.serialize_pem().as_bytes(), 0o600).map_err(failed)?;
        write(folder, CERTIFICATE_FILE, pem.as_bytes(), 0o644).map_err(failed)?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(Self { key, pem, der, valid_until })
    }

    /// Its certificate, in PEM form.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its certificate, in DER form.
    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// What it is known by.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    /// When it ends.
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }

    /// A certificate for a node, and its key: DER, PEM, the key's PEM, and its end, to the second.
    pub(super) fn certify_node(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(Vec<u8>, String, String, Timestamp), KeysError> {
        let mut leaf = CertificateParams::default();
        leaf.distinguished_name = name(node.as_str());
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let (certificate, key) = self.certify(leaf, now, until)?;
        let (_, until) = der::validity(certificate.der()).expect("we have just made it");
        Ok((certificate.der().to_vec(), certificate.pem(), key.serialize_pem(), until))
    }

    /// A certificate for the gateway's own listener.
    pub(super) fn certify_server(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), KeysError> {
        let mut leaf = CertificateParams::default();
        leaf.distinguished_name = name("City Gateway");
        leaf.subject_alt_names = names
            .iter()
            .map(|name| match name.parse::<IpAddr>() {
                Ok(address) => Ok(SanType::IpAddress(address)),
                Err(_) => Ok(SanType::DnsName(name.as_str().try_into()?)),
            })
            .collect::<Result<_, rcgen::Error>>()?;
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let (certificate, key) =
            self.certify(leaf, now, Timestamp::from_millis(now.millis() + SERVER_LIFE_DAYS * DAY_MS))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok((vec![certificate.der().clone(), self.der.clone()], key))
    }

    fn certify(
        &self,
        mut leaf: CertificateParams,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(rcgen::Certificate, KeyPair), KeysError> {
        date(&mut leaf, now, until);
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.use_authority_key_identifier_extension = true;
        let (key, params) = (KeyPair::generate()?, params(&self.key));
        let certificate = leaf.signed_by(&key, &Issuer::from_params(&params, &self.key))?;
        Ok((certificate, key))
    }
}

/// The authority's certificate but for its dates.
fn params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let digest = secret::digest(key.der_bytes());
    params.distinguished_name = name(&format!("City Gateway CA {}", hex(&digest[..4])));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// From a little before now until then, to the second.
fn date(params: &mut CertificateParams, now: Timestamp, until: Timestamp) {
    let moment = |at: i64| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_millis(at.max(0) as u64 / 1_000 * 1_000);
    (params.not_before, params.not_after) = (moment(now.millis() - CLOCK_BEHIND_MS), moment(until.millis()));
}

/// Writes a file whole or not at all.
fn write(folder: &Path, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let partial = folder.join(format!("{name}.partial"));
    let _ = fs::remove_file(&partial);
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(mode).open(&partial)?;
    // The mask of the process may have taken more away than we meant.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(partial, folder.join(name))
}
