//! The certificate by which this device proves in DTLS that it is the one who signed the description.

use rtc::crypto::SignatureScheme;
use rtc::peer_connection::certificate::{CertificateParams, RTCCertificate};

use super::ConnectionError;

/// A self-signed certificate on P-256 (RFC 8827 §6.5), one for all connections of a call: the code to read aloud is made from it, and stays the
/// same whatever path is taken.
#[derive(Clone, Debug)]
pub struct Certificate(pub(super) RTCCertificate);

impl Certificate {
    /// Makes one.
    ///
    /// # Errors
    /// When the implementation refuses.
    pub fn generate() -> Result<Self, ConnectionError> {
        let failed = |error: &dyn core::fmt::Display| ConnectionError::Certificate(error.to_string());
        let provider = rtc::crypto::default_provider().map_err(|error| failed(&error))?;
        let params = CertificateParams::new(vec!["bezel".to_owned()]).map_err(|error| failed(&error))?;
        Ok(Self(RTCCertificate::generate(provider.crypto(), SignatureScheme::EcdsaP256Sha256, params)?))
    }
}
