//! A certificate that a listener shows: the city's own, read again when its files change, or one of the built-in authority.
//!
//! A new certificate is shown from the next handshake on; connections that stand go on. One that cannot be used is told
//! and not taken: the one before stays.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

use super::{Fingerprint, Keys, KeysError, RENEW_DAYS, days_left, der};
use crate::config::{Certificates, TlsFiles};
use crate::reading::Timestamp;
use crate::secret::locked;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The gateway's own certificate is made anew so many days before its end.
const REMAKE_DAYS: i64 = 30;

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ServedError {
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    File(PathBuf, #[source] io::Error),
    /// What a file holds is of no use.
    #[error("{0}: {1}")]
    Unusable(PathBuf, String),
    /// The built-in authority.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The certificate of the built-in authority.
    #[error("the gateway's own certificate: {0}")]
    Own(rustls::Error),
    /// Client certificates could not be asked for.
    #[error("client certificates: {0}")]
    Clients(#[from] VerifierBuilderError),
}

/// A certificate that a listener shows.
pub struct Served {
    source: Source,
    provider: Arc<CryptoProvider>,
    current: RwLock<Current>,
    /// The files' marks when they were last looked at, and what was wrong with them.
    looked: Mutex<(Marks, Option<String>)>,
    failed: AtomicU64,
}

enum Source {
    Files(TlsFiles),
    Own { keys: Arc<Keys>, names: Vec<String> },
}

#[derive(Clone)]
struct Current {
    key: Arc<CertifiedKey>,
    valid_until: Timestamp,
}

/// What changes when a file does: inode, size, time.
type Marks = [Option<(u64, u64, i64, i64)>; 2];

impl Served {
    /// The certificate in two files.
    ///
    /// # Errors
    /// They cannot be read, or do not fit together.
    pub fn files(files: TlsFiles) -> Result<Arc<Self>, ServedError> {
        Self::new(Source::Files(files), Timestamp::default())
    }

    /// A certificate of the built-in authority for those names.
    ///
    /// # Errors
    /// The authority cannot be read or made.
    pub fn own(keys: Arc<Keys>, names: Vec<String>) -> Result<Arc<Self>, ServedError> {
        let now = keys.now();
        Self::new(Source::Own { keys, names }, now)
    }

    fn new(source: Source, now: Timestamp) -> Result<Arc<Self>, ServedError> {
        let provider = Arc::new(ring::default_provider());
        let marks = source.marks();
        let current = source.load(&provider, now)?;
        Ok(Arc::new(Self {
            source,
            provider,
            current: RwLock::new(current),
            looked: Mutex::new((marks, None)),
            failed: AtomicU64::new(0),
        }))
    }

    /// When the certificate shown ends.
    pub fn valid_until(&self) -> Timestamp {
        self.current().valid_until
    }

    /// What the certificate shown is known by.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.current().key.cert.first().map_or(&[][..], |certificate| certificate))
    }

    /// Handshakes that came to nothing.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(super) fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it is one of the built-in authority.
    pub fn is_own(&self) -> bool {
        matches!(self.source, Source::Own { .. })
    }

    /// What a person should know: a new certificate that could not be taken, an end that is near.
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(why) = &locked(&self.looked).1 {
            warnings.push(format!("a new certificate was not taken, the one before is still shown: {why}"));
        }
        let (until, name) = (self.valid_until(), self.source.name());
        match days_left(until, now) {
            ..0 => warnings.push(format!("the certificate {name} has expired: {until}")),
            left if left < RENEW_DAYS => warnings.push(format!("the certificate {name} ends in {left} days: {until}")),
            _ => {}
        }
        warnings
    }

    /// Looks at the source again and again, until `stop` holds true.
    pub async fn follow(self: Arc<Self>, clock: Arc<crate::clock::Clock>, mut stop: watch::Receiver<bool>) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                _ = tick.tick() => {}
            }
            let (served, now) = (self.clone(), clock.now());
            if let Err(error) = tokio::task::spawn_blocking(move || served.look(now)).await {
                tracing::error!(%error, "looking at a certificate failed");
            }
        }
    }

    pub(super) fn look(&self, now: Timestamp) {
        let marks = self.source.marks();
        let due = match self.source {
            Source::Files(_) => locked(&self.looked).0 != marks,
            Source::Own { .. } => days_left(self.valid_until(), now) < REMAKE_DAYS,
        };
        if !due {
            return;
        }
        let name = self.source.name();
        let loaded = self.source.load(&self.provider, now).map_err(|error| error.to_string());
        let taken = loaded.and_then(|new| match new.valid_until <= now {
            true if self.valid_until() > now => Err(format!("{name} has expired already: {}", new.valid_until)),
            _ => Ok(new),
        });
        let trouble = match taken {
            Ok(new) => {
                tracing::info!(certificate = name, valid_until = %new.valid_until, "a new certificate is shown");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
                None
            }
            Err(why) => {
                tracing::error!(why, "a new certificate was not taken; the one before is still shown");
                Some(why)
            }
        };
        *locked(&self.looked) = (marks, trouble);
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How TLS is spoken over HTTP: 1.2 or 1.3, nobody is asked for a certificate.
    ///
    /// # Panics
    /// Never: the provider speaks both versions.
    pub fn for_http(self: &Arc<Self>) -> Arc<ServerConfig> {
        let mut config = self.builder().with_no_client_auth().with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// How TLS is spoken over MQTT: a client may show, or must show, a certificate of the authority.
    ///
    /// # Errors
    /// The authority cannot be read.
    pub fn for_mqtt(self: &Arc<Self>, keys: &Keys, clients: Certificates) -> Result<Arc<ServerConfig>, ServedError> {
        let authority = keys.authority()?.ok_or(KeysError::NoAuthority)?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).map_err(ServedError::Own)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), self.provider.clone());
        let verifier: Arc<dyn ClientCertVerifier> = match clients {
            Certificates::Optional => verifier.allow_unauthenticated().build()?,
            Certificates::Required => verifier.build()?,
        };
        Ok(Arc::new(self.builder().with_client_cert_verifier(verifier).with_cert_resolver(self.clone())))
    }

    fn builder(&self) -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone());
        builder.with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12]).expect("ring speaks both")
    }
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").field("source", &self.source.name()).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current().key)
    }
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::Files(files) => files.cert_file.display().to_string(),
            Self::Own { .. } => "of the built-in authority".to_owned(),
        }
    }

    fn marks(&self) -> Marks {
        let mark = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
        };
        match self {
            Self::Files(TlsFiles { cert_file, key_file }) => [mark(cert_file), mark(key_file)],
            Self::Own { .. } => [None; 2],
        }
    }

    fn load(&self, provider: &CryptoProvider, now: Timestamp) -> Result<Current, ServedError> {
        match self {
            Self::Files(files) => load(files, provider),
            Self::Own { keys, names } => {
                let cause = crate::audit::Cause::gateway("gateway", "MQTT over TLS");
                let (chain, key) = keys.authority_or_new(cause)?.certify_server(names, now)?;
                let valid_until = der::validity(&chain[0]).expect("we have just made it").1;
                let key = CertifiedKey::from_der(chain, key, provider).map_err(ServedError::Own)?;
                Ok(Current { key: Arc::new(key), valid_until })
            }
        }
    }
}

fn load(TlsFiles { cert_file, key_file }: &TlsFiles, provider: &CryptoProvider) -> Result<Current, ServedError> {
    let read = |path: &Path| fs::read(path).map_err(|error| ServedError::File(path.to_owned(), error));
    let unusable = |path: &Path, why: &str| ServedError::Unusable(path.to_owned(), why.to_owned());
    let (certificates, key) = (read(cert_file)?, read(key_file)?);
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&certificates)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(cert_file, &error.to_string()))?;
    let first = chain.first().ok_or_else(|| unusable(cert_file, "there is no certificate in PEM form"))?;
    let (_, valid_until) = der::validity(first).ok_or_else(|| unusable(cert_file, "it cannot be read"))?;
    // What a broken key file holds is a secret all the same: the error names the file alone.
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| unusable(key_file, "there is no key in PEM form"))?;
    let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => unusable(key_file, "it is not the key of the certificate"),
        error => unusable(cert_file, &error.to_string()),
    })?;
    Ok(Current { key: Arc::new(key), valid_until })
}
