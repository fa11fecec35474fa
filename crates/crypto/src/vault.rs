//! The vault: every epoch key that a device learns, wrapped for the user's other devices and for the recovery words.

use bezel_protocol::{Algorithm, ConversationId, UserId};
use serde::{Deserialize, Serialize};

use crate::aead;
use crate::group::EpochKey;
use crate::kdf;
use crate::rng::{Rng, RngFailed};
use crate::secret::Secret;
use crate::slots::{RecoveryWords, SlotError, Wrapped};

/// The vault key of a user.
#[derive(Debug, PartialEq, Eq)]
pub struct VaultKey(Secret<32>);

/// An epoch key under the vault key, as stored on the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedEpochKey {
    #[serde(with = "serde_bytes")]
    nonce: [u8; 12],
    #[serde(with = "serde_bytes")]
    ciphertext: Vec<u8>,
}

/// Why a wrapped epoch key gives no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no randomness.
    #[error(transparent)]
    Rng(#[from] RngFailed),
    /// The library refused to wrap.
    #[error("the epoch key could not be wrapped")]
    Failed,
    /// Another vault key, or it was wrapped for another user, conversation or epoch.
    #[error("the wrapped key of epoch {epoch} does not open with this vault key")]
    WrongKey {
        /// The epoch that was asked for.
        epoch: u64,
    },
}

impl VaultKey {
    /// Makes a new vault key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(rng: &mut dyn Rng) -> Result<Self, RngFailed> {
        Secret::random(rng).map(Self)
    }

    /// A vault key from the encrypted store.
    #[must_use]
    pub const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The key, for the encrypted store.
    #[must_use]
    pub const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// Wraps the vault key under the recovery words, for the relay.
    ///
    /// # Errors
    /// When there is no randomness, or the library refuses.
    pub fn wrap_under(&self, words: &RecoveryWords, user: UserId, rng: &mut dyn Rng) -> Result<Wrapped, SlotError> {
        let key = words.wrapping_key("bezel/vault")?;
        Wrapped::seal(&self.0, &key, &words_aad(user), rng)
    }

    /// Opens a vault key that was wrapped under the recovery words.
    ///
    /// # Errors
    /// [`SlotError::WrongWords`] when these are not the words, or the user is another.
    pub fn unwrap_with(wrapped: &Wrapped, words: &RecoveryWords, user: UserId) -> Result<Self, SlotError> {
        let key = words.wrapping_key("bezel/vault")?;
        wrapped.open(&key, &words_aad(user)).map(Self).ok_or(SlotError::WrongWords)
    }

    /// Wraps an epoch key of a conversation for the devices of `user`.
    ///
    /// # Errors
    /// When there is no randomness, or the library refuses.
    pub fn wrap(&self, key: &EpochKey, user: UserId, rng: &mut dyn Rng) -> Result<WrappedEpochKey, VaultError> {
        let nonce = crate::rng::array(rng)?;
        let wrapping = self.wrapping_key(user, key.conversation(), key.epoch()).map_err(|_| VaultError::Failed)?;
        let aad = epoch_aad(user, key.conversation(), key.epoch());
        let ciphertext =
            aead::seal(Algorithm::Aes256Gcm, &wrapping, &nonce, &aad, key.secret().expose()).map_err(|_| VaultError::Failed)?;
        Ok(WrappedEpochKey { nonce, ciphertext })
    }

    /// Opens the wrapped key of an epoch.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`].
    pub fn unwrap(
        &self,
        wrapped: &WrappedEpochKey,
        user: UserId,
        conversation: ConversationId,
        epoch: u64,
    ) -> Result<EpochKey, VaultError> {
        let wrong = VaultError::WrongKey { epoch };
        let wrapping = self.wrapping_key(user, conversation, epoch).map_err(|_| wrong)?;
        let aad = epoch_aad(user, conversation, epoch);
        let opened = aead::open(Algorithm::Aes256Gcm, &wrapping, &wrapped.nonce, &aad, &wrapped.ciphertext).map_err(|_| wrong)?;
        let opened = zeroize::Zeroizing::new(opened);
        Secret::from_slice(&opened).map(|secret| EpochKey::new(conversation, epoch, secret)).ok_or(wrong)
    }

    /// One wrapping key an epoch: the vault key wraps far more keys than random nonces under one key should.
    fn wrapping_key(&self, user: UserId, conversation: ConversationId, epoch: u64) -> Result<Secret<32>, kdf::KdfFailed> {
        kdf::derive(self.0.expose(), &[b"bezel/vault-epoch", user.as_bytes(), conversation.as_bytes(), &epoch.to_be_bytes()])
    }
}

fn words_aad(user: UserId) -> Vec<u8> {
    [b"bezel/vault-words/1".as_slice(), user.as_bytes()].concat()
}

fn epoch_aad(user: UserId, conversation: ConversationId, epoch: u64) -> Vec<u8> {
    [b"bezel/vault-epoch/1".as_slice(), user.as_bytes(), conversation.as_bytes(), &epoch.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRng;

    const USER: UserId = UserId::from_bytes([1; 16]);
    const CONVERSATION: ConversationId = ConversationId::from_bytes([2; 16]);

    #[test]
    fn a_wrapped_epoch_key_opens_only_for_its_user_conversation_and_epoch() {
        let vault = VaultKey::generate(&mut SystemRng).unwrap();
        let key = EpochKey::new(CONVERSATION, 7, Secret::random(&mut SystemRng).unwrap());
        let wrapped = vault.wrap(&key, USER, &mut SystemRng).unwrap();
        assert_eq!(vault.unwrap(&wrapped, USER, CONVERSATION, 7).unwrap(), key);
        let wrong = |epoch| VaultError::WrongKey { epoch };
        assert_eq!(vault.unwrap(&wrapped, USER, CONVERSATION, 8).unwrap_err(), wrong(8), "moved to another epoch");
        let other = ConversationId::from_bytes([3; 16]);
        assert_eq!(vault.unwrap(&wrapped, USER, other, 7).unwrap_err(), wrong(7), "moved to another conversation");
        let someone = UserId::from_bytes([9; 16]);
        assert_eq!(vault.unwrap(&wrapped, someone, CONVERSATION, 7).unwrap_err(), wrong(7), "moved to another user");
        let another = VaultKey::generate(&mut SystemRng).unwrap();
        assert_eq!(another.unwrap(&wrapped, USER, CONVERSATION, 7).unwrap_err(), wrong(7), "another vault key");
    }

    #[test]
    fn the_recovery_words_give_back_the_vault_key() {
        let words = RecoveryWords::generate(&mut SystemRng).unwrap();
        let vault = VaultKey::generate(&mut SystemRng).unwrap();
        let wrapped = vault.wrap_under(&words, USER, &mut SystemRng).unwrap();
        assert_eq!(VaultKey::unwrap_with(&wrapped, &words, USER).unwrap(), vault);
        let others = RecoveryWords::generate(&mut SystemRng).unwrap();
        assert_eq!(VaultKey::unwrap_with(&wrapped, &others, USER).unwrap_err(), SlotError::WrongWords);
        assert_eq!(VaultKey::unwrap_with(&wrapped, &words, UserId::from_bytes([9; 16])).unwrap_err(), SlotError::WrongWords);
    }
}
