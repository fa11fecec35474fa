//! Sealing content into envelopes, and the way back: [`Envelope`] → [`Decrypted`] → [`Verified`].
//!
//! The key of a message is HKDF-SHA256 of the epoch key for sender device and message id, so no two messages share a key and a nonce.
//! The signature is checked before anything is decrypted; `Decrypted` exists as a type so that no one can skip a step.

use core::fmt;

pub use bezel_observer::{EnvelopeContext, EpochContext, Neighbour, Neighbours, Unchained, Uncounted, check_chain, check_envelope};
use bezel_protocol::cose::SigningFailed;
use bezel_protocol::envelope::{Envelope, EnvelopeError, EnvelopeHeader, build, encrypt0_aad};
use bezel_protocol::roster::Roster;
use bezel_protocol::{Algorithm, ConversationId, DeviceId, UserId};
use zeroize::Zeroizing;

use crate::aead;
use crate::device::DeviceKeys;
use crate::group::EpochKey;
use crate::kdf;
use crate::rng::{self, Rng};
use crate::secret::Secret;

/// Why content could not be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The header says another epoch than the key, or names another device than the one that signs.
    #[error("the header does not belong to this key or device")]
    HeaderMismatch,
    /// The library refused, or there is no randomness.
    #[error("the message could not be sealed")]
    Failed,
}

impl From<SigningFailed> for SealError {
    fn from(_: SigningFailed) -> Self {
        Self::Failed
    }
}

/// Why an envelope gives no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not an envelope, changed on its way, or not signed by the device that it names.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// It belongs to another conversation.
    #[error("the message belongs to conversation {found}, not to {expected}")]
    WrongConversation {
        /// Where it was found.
        expected: ConversationId,
        /// Where it belongs.
        found: ConversationId,
    },
    /// The key of its epoch is not here, or not yet. Kept and tried again when a key arrives.
    #[error("the key of epoch {epoch} is missing")]
    NoKey {
        /// The epoch of the message.
        epoch: u64,
    },
    /// It is encrypted by another algorithm than the conversation's.
    #[error("the message is encrypted with {found}, the conversation with {expected}")]
    WrongAlgorithm {
        /// The conversation's.
        expected: Algorithm,
        /// The message's.
        found: Algorithm,
    },
    /// The roster does not know the device.
    #[error("device {0} is not in the roster")]
    UnknownDevice(DeviceId),
    /// Rightly signed, but the key of the epoch does not open it.
    #[error("the message can't be decrypted with the key of epoch {epoch}")]
    WrongKey {
        /// The epoch of the message.
        epoch: u64,
    },
}

/// Seals `content` for the conversation and the epoch of `header`, signed by `device`. The answer is what travels.
///
/// # Errors
/// When header, key and device do not belong together, or the library refuses.
pub fn seal(content: &[u8], header: &EnvelopeHeader, key: &EpochKey, device: &DeviceKeys, rng: &mut dyn Rng) -> Result<Vec<u8>, SealError> {
    if header.epoch != key.epoch() || header.conversation != key.conversation() || header.device != device.device() {
        return Err(SealError::HeaderMismatch);
    }
    let nonce = rng::array(rng).map_err(|_| SealError::Failed)?;
    let message_key = message_key(key, header).map_err(|_| SealError::Failed)?;
    let aad = encrypt0_aad(header, nonce);
    let ciphertext = aead::seal(header.algorithm, &message_key, &nonce, &aad, content).map_err(|_| SealError::Failed)?;
    Ok(build(header, nonce, ciphertext, device)?)
}

/// Where an envelope is expected, and by whom it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The conversation in whose log it was found.
    pub conversation: ConversationId,
    /// The algorithm of that conversation.
    pub algorithm: Algorithm,
    /// Who vouches for the sender.
    pub roster: &'a Roster,
}

impl Reader<'_> {
    /// Reads, verifies and decrypts an envelope with the key of its epoch. `key` answers `None` when that key is not here.
    ///
    /// Whether the device stood when it said so is decided by the place in the log, not here: a clock tells nothing.
    ///
    /// # Errors
    /// The reason; see [`OpenError`].
    pub fn open<'k>(&self, bytes: &[u8], key: impl FnOnce(u64) -> Option<&'k EpochKey>) -> Result<Verified, OpenError> {
        let envelope = Envelope::parse(bytes)?;
        let signed = self.verify(envelope)?;
        let epoch = signed.envelope.header().epoch;
        let key = key(epoch).ok_or(OpenError::NoKey { epoch })?;
        Ok(signed.decrypt(key)?.into_verified())
    }

    /// Checks place and signature of an envelope; what comes back may be decrypted.
    ///
    /// # Errors
    /// The reason; see [`OpenError`].
    pub fn verify(&self, envelope: Envelope) -> Result<Signed, OpenError> {
        let header = envelope.header();
        if header.conversation != self.conversation {
            return Err(OpenError::WrongConversation { expected: self.conversation, found: header.conversation });
        }
        if header.algorithm != self.algorithm {
            return Err(OpenError::WrongAlgorithm { expected: self.algorithm, found: header.algorithm });
        }
        let device = self.roster.device(header.device).ok_or(OpenError::UnknownDevice(header.device))?;
        let certificate = device.current().ok_or(OpenError::UnknownDevice(header.device))?.certificate();
        envelope.verify(&certificate.message_key)?;
        let from = device.user;
        Ok(Signed { envelope, from })
    }
}

/// An envelope in its right place and signed by a device of `from`; still closed.
#[derive(Debug)]
pub struct Signed {
    envelope: Envelope,
    from: UserId,
}

impl Signed {
    /// Decrypts it.
    ///
    /// # Errors
    /// [`OpenError::NoKey`] when the key is of another epoch or conversation, [`OpenError::WrongKey`] when it does not open.
    pub fn decrypt(self, key: &EpochKey) -> Result<Decrypted, OpenError> {
        let header = *self.envelope.header();
        let epoch = header.epoch;
        if key.epoch() != epoch || key.conversation() != header.conversation {
            return Err(OpenError::NoKey { epoch });
        }
        let nonce: [u8; 12] = self.envelope.nonce().try_into().map_err(|_| EnvelopeError::Malformed)?;
        let message_key = message_key(key, &header).map_err(|_| OpenError::WrongKey { epoch })?;
        let content = self
            .envelope
            .decrypt(|ciphertext, aad| aead::open(header.algorithm, &message_key, &nonce, aad, ciphertext))
            .map_err(|_| OpenError::WrongKey { epoch })?;
        Ok(Decrypted { signed: self, content: Zeroizing::new(content) })
    }

    /// What it binds.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

/// Content as it came out of the encryption.
pub struct Decrypted {
    signed: Signed,
    content: Zeroizing<Vec<u8>>,
}

impl Decrypted {
    /// Every check was made on the way here.
    #[must_use]
    pub fn into_verified(self) -> Verified {
        Verified { envelope: self.signed.envelope, from: self.signed.from, content: self.content }
    }
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decrypted(..)")
    }
}

/// Content of which place, sender and integrity are proven. Only this reaches a cache or a screen.
pub struct Verified {
    envelope: Envelope,
    from: UserId,
    content: Zeroizing<Vec<u8>>,
}

impl Verified {
    /// What the envelope binds.
    #[must_use]
    pub const fn header(&self) -> &EnvelopeHeader {
        self.envelope.header()
    }

    /// The envelope, for its hash.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Whose device signed.
    #[must_use]
    pub const fn from(&self) -> UserId {
        self.from
    }

    /// The content's bytes.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified({}, ..)", self.envelope.header().message)
    }
}

fn message_key(key: &EpochKey, header: &EnvelopeHeader) -> Result<Secret<32>, kdf::KdfFailed> {
    kdf::derive(key.secret().expose(), &[b"bezel/message", header.device.as_bytes(), header.message.as_bytes()])
}
