//! A statement as it travels: COSE_Sign (RFC 9052 §4.1) with one signature, or two.

use coset::{CborSerializable as _, CoseSign, CoseSignBuilder, CoseSignatureBuilder};

use super::error::{Fault, RosterError};
use super::statement::StatementBody;
use crate::cose::{SignatureAlgorithm, Signer, SigningFailed, header_says, label, signer_header};
use crate::key::{Ed25519PublicKey, IdentityPublicKey};
use crate::{Hash, InviteId, cbor};

/// A statement has at most so many bytes.
pub const MAX_STATEMENT_BYTES: usize = 64 * 1024;

/// A signed statement. Nothing of it is believed before a [`super::Roster`] has applied it.
#[derive(Clone, Debug)]
pub struct SignedStatement {
    bytes: Vec<u8>,
    body: StatementBody,
    signed: CoseSign,
    hash: Hash,
}

impl SignedStatement {
    pub(super) fn sign(body: StatementBody, signers: &[&dyn Signer]) -> Result<Self, SigningFailed> {
        let mut builder = CoseSignBuilder::new().payload(cbor::encode(&body));
        for signer in signers {
            let signature = CoseSignatureBuilder::new().protected(signer_header(*signer)).build();
            builder = builder.try_add_created_signature(signature, label::STATEMENT, |message| signer.sign(message))?;
        }
        let signed = builder.build();
        let bytes = signed.clone().to_vec().map_err(|_| SigningFailed)?;
        Ok(Self { hash: Hash::of(&bytes), bytes, body, signed })
    }

    /// Reads a statement without judging it.
    ///
    /// # Errors
    /// [`RosterError::TooLarge`] beyond [`MAX_STATEMENT_BYTES`], [`RosterError::Malformed`] when the bytes are not one.
    pub fn parse(bytes: &[u8]) -> Result<Self, RosterError> {
        if bytes.len() > MAX_STATEMENT_BYTES {
            return Err(RosterError::TooLarge);
        }
        let signed = CoseSign::from_slice(bytes).map_err(|_| RosterError::Malformed)?;
        let payload = signed.payload.as_deref().ok_or(RosterError::Malformed)?;
        let body = cbor::decode(payload).map_err(|_| RosterError::Malformed)?;
        Ok(Self { bytes: bytes.to_vec(), body, signed, hash: Hash::of(bytes) })
    }

    /// What it says.
    #[must_use]
    pub const fn body(&self) -> &StatementBody {
        &self.body
    }

    /// The signed bytes, as they travel.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the signed bytes.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The key ids of the signatures, in their order.
    pub(super) fn signer(&self, which: usize) -> Option<&[u8]> {
        self.signed.signatures.get(which).map(|signature| signature.protected.header.key_id.as_slice())
    }

    pub(super) fn expect_signatures(&self, count: usize) -> Result<(), Fault> {
        if self.signed.signatures.len() == count { Ok(()) } else { Err(Fault::BadSignature) }
    }

    /// Whether the first signature is by this identity key.
    #[must_use]
    pub fn is_signed_by(&self, key: &IdentityPublicKey) -> bool {
        self.verify_identity(0, key).is_ok()
    }

    pub(super) fn verify_identity(&self, which: usize, key: &IdentityPublicKey) -> Result<(), Fault> {
        self.verify(which, SignatureAlgorithm::Ps256, key.fingerprint().as_bytes(), |message, signature| {
            key.verify(message, signature).is_ok()
        })
    }

    pub(super) fn verify_invite(&self, which: usize, invite: InviteId, key: &Ed25519PublicKey) -> Result<(), Fault> {
        self.verify(which, SignatureAlgorithm::Ed25519, invite.as_bytes(), |message, signature| key.verify(message, signature).is_ok())
    }

    fn verify(
        &self,
        which: usize,
        algorithm: SignatureAlgorithm,
        key_id: &[u8],
        check: impl FnOnce(&[u8], &[u8]) -> bool,
    ) -> Result<(), Fault> {
        let signature = self.signed.signatures.get(which).ok_or(Fault::BadSignature)?;
        if !header_says(&signature.protected.header, algorithm, key_id) {
            return Err(Fault::BadSignature);
        }
        self.signed.verify_signature(
            which,
            label::STATEMENT,
            |signature, message| {
                if check(message, signature) { Ok(()) } else { Err(Fault::BadSignature) }
            },
        )
    }
}
