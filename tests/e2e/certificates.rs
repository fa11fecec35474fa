//! Certificates for a relay that serves TLS.

use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Writes an authority's certificate, and one for the relay at `host` with its key that the authority signed; gives their files.
pub(crate) fn certificates(folder: &Path, host: &str) -> Result<[String; 3]> {
    let (authority_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key)?;
    let relay = CertificateParams::new(vec![host.into()])?.signed_by(&key, &Issuer::new(authority, authority_key))?;
    let write = |name: &str, pem: String| -> Result<String> {
        let path = folder.join(name);
        std::fs::write(&path, pem)?;
        Ok(path.display().to_string())
    };
    Ok([write("root.pem", root.pem())?, write("relay.pem", relay.pem())?, write("relay.key", key.serialize_pem())?])
}
