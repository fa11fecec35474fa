//! The primitives of SFrame by AWS-LC: the library's own back ends would bring a second stack. The key schedule is made once a key, not once
//! a frame.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Salt};
use sframe::CipherSuite;
use sframe::crypto::{
    AeadDecrypt, AeadEncrypt, DecryptionBufferView, EncryptionBufferView, KeyDerivation, get_hkdf_key_expand_label,
    get_hkdf_salt_expand_label,
};
use sframe::error::{Result, SframeError};
use sframe::header::{Counter, KeyId};
use sframe::key::{GenericDecryptionKey, GenericEncryptionKey};
use zeroize::Zeroizing;

/// A key that seals.
pub(super) type EncryptionKey = GenericEncryptionKey<Aead, Kdf>;
/// A key that opens.
pub(super) type DecryptionKey = GenericDecryptionKey<Aead, Kdf>;

/// AES_256_GCM_SHA512_128.
pub(super) struct Aead;
/// RFC 9605 §4.4.2.
pub(super) struct Kdf;

/// Key and salt of one key id.
pub(super) struct Secret {
    key: LessSafeKey,
    salt: Zeroizing<[u8; NONCE_LEN]>,
}

impl Secret {
    /// The salt with the counter in its last bytes (RFC 9605 §4.4.3).
    fn nonce(&self, counter: Counter) -> Nonce {
        let mut nonce = *self.salt;
        for (byte, counter) in nonce.iter_mut().rev().zip(counter.to_be_bytes().iter().rev()) {
            *byte ^= counter;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

impl TryFrom<CipherSuite> for Aead {
    type Error = SframeError;

    fn try_from(suite: CipherSuite) -> Result<Self> {
        if suite == super::SUITE { Ok(Self) } else { Err(SframeError::UnsupportedCipherSuite) }
    }
}

impl AeadEncrypt for Aead {
    type Secret = Secret;

    fn encrypt<'a, B>(&self, secret: &Secret, buffer: B, counter: Counter) -> Result<()>
    where
        B: Into<EncryptionBufferView<'a>>,
    {
        let EncryptionBufferView { aad, data, tag } = buffer.into();
        let made = secret.key.seal_in_place_separate_tag(secret.nonce(counter), Aad::from(aad), data);
        let made = made.map_err(|_| SframeError::EncryptionFailure)?;
        if tag.len() != made.as_ref().len() {
            return Err(SframeError::EncryptionFailure);
        }
        tag.copy_from_slice(made.as_ref());
        Ok(())
    }
}

impl AeadDecrypt for Aead {
    type Secret = Secret;

    fn decrypt<'a, B>(&self, secret: &Secret, buffer: B, counter: Counter) -> Result<()>
    where
        B: Into<DecryptionBufferView<'a>>,
    {
        let DecryptionBufferView { aad, data } = buffer.into();
        let opened = secret.key.open_in_place(secret.nonce(counter), Aad::from(aad), data);
        opened.map(|_| ()).map_err(|_| SframeError::DecryptionFailure)
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl KeyDerivation for Kdf {
    type Secret = Secret;

    fn expand_from<M, K>(suite: CipherSuite, key_material: M, key_id: K) -> Result<Secret>
    where
        M: AsRef<[u8]>,
        K: Into<KeyId>,
    {
        let failed = |_| SframeError::KeyDerivationFailure;
        let key_id = key_id.into();
        let extracted = Salt::new(HKDF_SHA512, &[]).extract(key_material.as_ref());
        let (mut key, mut salt) = (Zeroizing::new([0; 32]), Zeroizing::new([0; NONCE_LEN]));
        let labels = [get_hkdf_key_expand_label(key_id, suite), get_hkdf_salt_expand_label(key_id, suite)];
        let [key_label, salt_label] = labels.each_ref().map(Vec::as_slice);
        extracted.expand(&[key_label], Length(key.len())).and_then(|okm| okm.fill(key.as_mut_slice())).map_err(failed)?;
        extracted.expand(&[salt_label], Length(salt.len())).and_then(|okm| okm.fill(salt.as_mut_slice())).map_err(failed)?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(failed)?;
        Ok(Secret { key: LessSafeKey::new(key), salt })
    }
}
