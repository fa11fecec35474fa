//! The vault: every epoch key that a device learns, wrapped for the user's other devices and for the recovery words.

use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::{Algorithm, ConversationId, Hash, UserId, WorkspaceId, cbor};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::aead;
use crate::group::EpochKey;
use crate::kdf;
use crate::rng::{Rng, RngFailed};
use crate::secret::Secret;
use crate::slots::{RecoveryWords, SlotError};

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
        let opened = Zeroizing::new(opened);
        Secret::from_slice(&opened).map(|secret| EpochKey::new(conversation, epoch, secret)).ok_or(wrong)
    }

    /// One wrapping key an epoch: the vault key wraps far more keys than random nonces under one key should.
    fn wrapping_key(&self, user: UserId, conversation: ConversationId, epoch: u64) -> Result<Secret<32>, kdf::KdfFailed> {
        kdf::derive(self.0.expose(), &[b"bezel/vault-epoch", user.as_bytes(), conversation.as_bytes(), &epoch.to_be_bytes()])
    }
}

/// What the recovery words give back, on a computer that knows nothing else.
#[derive(Debug, PartialEq, Eq)]
pub struct Vault {
    /// The vault key, which opens the wrapped epoch keys.
    pub key: VaultKey,
    /// Whose it is.
    pub user: UserId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The hash of the workspace's genesis: the roster is checked from there.
    pub genesis: Hash,
    /// The relay's key: it is checked before anything is signed.
    pub relay_key: Ed25519PublicKey,
}

/// A vault under a key from the recovery words.
#[derive(Serialize, Deserialize)]
struct SealedVault {
    version: u8,
    #[serde(with = "serde_bytes")]
    nonce: [u8; 12],
    #[serde(with = "serde_bytes")]
    ciphertext: Vec<u8>,
}

/// What is sealed.
#[derive(Deserialize)]
struct VaultContent {
    #[serde(with = "crate::secret::stored")]
    key: Secret<32>,
    user: UserId,
    workspace: WorkspaceId,
    genesis: Hash,
    relay_key: Ed25519PublicKey,
}

/// The same, to be written.
#[derive(Serialize)]
struct VaultContentRef<'a> {
    #[serde(serialize_with = "crate::secret::stored::serialize")]
    key: &'a Secret<32>,
    user: UserId,
    workspace: WorkspaceId,
    genesis: Hash,
    relay_key: Ed25519PublicKey,
}

const SEALED_VERSION: u8 = 1;
const SEALED_AAD: &[u8] = b"bezel/vault-words/2";

impl Vault {
    /// Seals the vault under the recovery words, for the relay.
    ///
    /// # Errors
    /// When there is no randomness, or the library refuses.
    pub fn seal(&self, words: &RecoveryWords, rng: &mut dyn Rng) -> Result<Vec<u8>, SlotError> {
        let Self { key: VaultKey(key), user, workspace, genesis, relay_key } = self;
        let content = VaultContentRef { key, user: *user, workspace: *workspace, genesis: *genesis, relay_key: *relay_key };
        let content = Zeroizing::new(cbor::encode(&content));
        let nonce = crate::rng::array(rng)?;
        let wrapping = words.wrapping_key("bezel/vault")?;
        let ciphertext = aead::seal(Algorithm::Aes256Gcm, &wrapping, &nonce, SEALED_AAD, &content).map_err(|_| SlotError::Failed)?;
        Ok(cbor::encode(&SealedVault { version: SEALED_VERSION, nonce, ciphertext }))
    }

    /// Opens what [`Self::seal`] made.
    ///
    /// # Errors
    /// [`SlotError::WrongWords`] when these are not the words, [`SlotError::Malformed`] when it is no vault.
    pub fn open(sealed: &[u8], words: &RecoveryWords) -> Result<Self, SlotError> {
        let sealed: SealedVault = cbor::decode(sealed).map_err(|_| SlotError::Malformed)?;
        if sealed.version != SEALED_VERSION {
            return Err(SlotError::Malformed);
        }
        let wrapping = words.wrapping_key("bezel/vault")?;
        let content = aead::open(Algorithm::Aes256Gcm, &wrapping, &sealed.nonce, SEALED_AAD, &sealed.ciphertext);
        let content = Zeroizing::new(content.map_err(|_| SlotError::WrongWords)?);
        let VaultContent { key, user, workspace, genesis, relay_key } = cbor::decode(&content).map_err(|_| SlotError::Malformed)?;
        Ok(Self { key: VaultKey(key), user, workspace, genesis, relay_key })
    }
}

fn epoch_aad(user: UserId, conversation: ConversationId, epoch: u64) -> Vec<u8> {
    [b"bezel/vault-epoch/1".as_slice(), user.as_bytes(), conversation.as_bytes(), &epoch.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRng;
    use crate::invite::Ed25519Signer;

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
    fn the_recovery_words_give_back_the_vault_whole_or_not_at_all() {
        let words = RecoveryWords::generate(&mut SystemRng).unwrap();
        let vault = Vault {
            key: VaultKey::generate(&mut SystemRng).unwrap(),
            user: USER,
            workspace: WorkspaceId::from_bytes([4; 16]),
            genesis: Hash::of(b"genesis"),
            relay_key: Ed25519Signer::from_seed(&Secret::random(&mut SystemRng).unwrap()).unwrap().public,
        };
        let sealed = vault.seal(&words, &mut SystemRng).unwrap();
        assert_eq!(Vault::open(&sealed, &words).unwrap(), vault);
        let others = RecoveryWords::generate(&mut SystemRng).unwrap();
        assert_eq!(Vault::open(&sealed, &others).unwrap_err(), SlotError::WrongWords);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(Vault::open(&changed, &words).is_err(), "byte {place} was changed");
        }
        let secret = vault.key.secret().expose();
        assert!(!sealed.windows(32).any(|window| window == secret));
        assert!(format!("{vault:?}").starts_with("Vault { key: VaultKey(Secret(..)), "), "nothing secret is printed: {vault:?}");
    }
}
