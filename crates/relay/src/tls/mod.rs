//! TLS by the relay itself: version 1.3 (RFC 8446), certificate and key from files, read anew when they change.

mod watch;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::reach::TlsFiles;

pub(crate) use watch::watch;

/// Why certificate and key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{0} can't be read: {1}")]
    File(PathBuf, #[source] std::io::Error),
    /// There is no certificate, or a damaged one.
    #[error("{0} holds no certificate in PEM")]
    NoCertificate(PathBuf),
    /// There is no key, or a damaged one.
    #[error("{0} holds no private key in PEM (one that is not encrypted is wanted)")]
    NoKey(PathBuf),
    /// They are no pair.
    #[error("certificate and key can't serve together: {0}")]
    Pair(#[from] rustls::Error),
}

/// What is served at the moment.
#[derive(Clone)]
pub(crate) struct Tls {
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Tls {
    pub(crate) fn open(files: &TlsFiles) -> Result<Self, TlsError> {
        let config = configure(files, &Pem::read(files)?)?;
        Ok(Self { current: Arc::new(RwLock::new(Arc::new(config))) })
    }

    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, config: ServerConfig) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}

/// The files as they are.
struct Pem {
    cert: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
}

impl Pem {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let read = |path: &Path| std::fs::read(path).map_err(|error| TlsError::File(path.to_owned(), error));
        Ok(Self { cert: read(&files.cert)?, key: read(&files.key)?.into() })
    }
}

fn configure(files: &TlsFiles, pem: &Pem) -> Result<ServerConfig, TlsError> {
    let no_certificate = || TlsError::NoCertificate(files.cert.clone());
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem.cert).collect::<Result<_, _>>().map_err(|_| no_certificate())?;
    if chain.is_empty() {
        return Err(no_certificate());
    }
    let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|_| TlsError::NoKey(files.key.clone()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // The provider names AES-256 first.
    config.ignore_client_order = true;
    Ok(config)
}
