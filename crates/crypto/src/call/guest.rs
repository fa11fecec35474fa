//! What members and a guest's browser say to each other: signed, sealed under the link's secret; and secrets, sealed for the guest alone.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezel_protocol::content::CallSecretBytes;
use bezel_protocol::guest::{Direction, GuestSignal, MAX_GUEST_SIGNAL_BYTES, SealedSecret, sealed_aad, signed_bytes};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::{Algorithm, CallId};
use mls_rs_core::crypto::{CipherSuite, CipherSuiteProvider as _, CryptoProvider as _, HpkeCiphertext, HpkePublicKey, HpkeSecretKey};
use mls_rs_crypto_awslc::AwsLcCryptoProvider;
use zeroize::Zeroizing;

use crate::rng::{self, Rng, RngFailed};
use crate::secret::{Secret, SecretBytes};
use crate::{aead, kdf};

const NONCE_BYTES: usize = 12;
const SIGNATURE_BYTES: usize = 64;

/// Why a signal is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuestSignalError {
    /// Too long, too short, or no JSON of ours.
    #[error("a guest's signal can't be read")]
    Malformed,
    /// It was not sealed under this link's secret, or for the other direction or another call.
    #[error("a guest's signal does not open with the secret of the link")]
    WrongKey,
    /// It was not signed by whom it must be.
    #[error("a guest's signal is not signed by who is meant to have sent it")]
    BadSignature,
    /// There is no randomness, or the library refuses.
    #[error("a signal could not be sealed")]
    Failed,
}

impl From<RngFailed> for GuestSignalError {
    fn from(_: RngFailed) -> Self {
        Self::Failed
    }
}

/// The key by which the members of a conversation sign what they say to a guest. Its public side stands in the link.
pub struct MembersKeyPair(Ed25519KeyPair);

/// As [`MembersKeyPair`], for a guest: a program that stands in for a browser.
pub type GuestKeyPair = MembersKeyPair;

impl MembersKeyPair {
    /// Reads the key pair of a seed.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn from_seed(seed: &CallSecretBytes) -> Result<Self, GuestSignalError> {
        Ed25519KeyPair::from_seed_unchecked(seed.expose()).map(Self).map_err(|_| GuestSignalError::Failed)
    }

    /// The public side.
    ///
    /// # Errors
    /// When the library made a key that is none; it never does.
    pub fn public(&self) -> Result<Ed25519PublicKey, GuestSignalError> {
        Ed25519PublicKey::from_bytes(self.0.public_key().as_ref()).map_err(|_| GuestSignalError::Failed)
    }
}

/// Signs and seals a signal; what comes back travels.
///
/// # Errors
/// When there is no randomness, or the library refuses.
pub fn seal_guest_signal(
    signal: &GuestSignal,
    direction: Direction,
    call: CallId,
    secret: &CallSecretBytes,
    signer: &MembersKeyPair,
    rng: &mut dyn Rng,
) -> Result<Vec<u8>, GuestSignalError> {
    let json = Zeroizing::new(serde_json::to_vec(signal).map_err(|_| GuestSignalError::Failed)?);
    let signature = signer.0.sign(&signed_bytes(direction, call, &json));
    let plaintext = Zeroizing::new([signature.as_ref(), &json].concat());
    let nonce: [u8; NONCE_BYTES] = rng::array(rng)?;
    let key = signal_key(direction, call, secret)?;
    let sealed = aead::seal(Algorithm::Aes256Gcm, &key, &nonce, &sealed_aad(direction, call), &plaintext);
    let mut frame = nonce.to_vec();
    frame.append(&mut sealed.map_err(|_| GuestSignalError::Failed)?);
    Ok(frame)
}

/// Opens a signal and checks by whom it was signed. `signer` is asked for the key once the signal can be read; a guest's first one names its own.
///
/// # Errors
/// The reason; see [`GuestSignalError`].
pub fn open_guest_signal(
    frame: &[u8],
    direction: Direction,
    call: CallId,
    secret: &CallSecretBytes,
    signer: impl FnOnce(&GuestSignal) -> Option<Ed25519PublicKey>,
) -> Result<GuestSignal, GuestSignalError> {
    if frame.len() > MAX_GUEST_SIGNAL_BYTES {
        return Err(GuestSignalError::Malformed);
    }
    let (nonce, ciphertext) = frame.split_first_chunk::<NONCE_BYTES>().ok_or(GuestSignalError::Malformed)?;
    let key = signal_key(direction, call, secret)?;
    let opened = aead::open(Algorithm::Aes256Gcm, &key, nonce, &sealed_aad(direction, call), ciphertext);
    let plaintext = Zeroizing::new(opened.map_err(|_| GuestSignalError::WrongKey)?);
    let (signature, json) = plaintext.split_at_checked(SIGNATURE_BYTES).ok_or(GuestSignalError::Malformed)?;
    let signal: GuestSignal = serde_json::from_slice(json).map_err(|_| GuestSignalError::Malformed)?;
    let key = signer(&signal).ok_or(GuestSignalError::BadSignature)?;
    key.verify(&signed_bytes(direction, call, json), signature).map_err(|_| GuestSignalError::BadSignature)?;
    Ok(signal)
}

fn signal_key(direction: Direction, call: CallId, secret: &CallSecretBytes) -> Result<Secret<32>, GuestSignalError> {
    kdf::derive(secret.expose(), &[&sealed_aad(direction, call)]).map_err(|_| GuestSignalError::Failed)
}

/// Seals the secret of a generation for a guest's P-384 public key (SEC 1, uncompressed, base64url), by HPKE (RFC 9180).
///
/// # Errors
/// When the key is none, or the library refuses.
pub fn seal_secret(call: CallId, generation: u32, secret: &[u8; 32], exchange: &str) -> Result<SealedSecret, GuestSignalError> {
    let key = URL_SAFE_NO_PAD.decode(exchange).map_err(|_| GuestSignalError::Malformed)?;
    let sealed = hpke()?
        .hpke_seal(&HpkePublicKey::from(key), &SealedSecret::info(call), Some(&generation.to_be_bytes()), secret)
        .map_err(|_| GuestSignalError::Malformed)?;
    Ok(SealedSecret { enc: URL_SAFE_NO_PAD.encode(sealed.kem_output), ciphertext: URL_SAFE_NO_PAD.encode(sealed.ciphertext) })
}

/// Opens what [`seal_secret`] made: a program that stands in for a browser.
///
/// # Errors
/// When it was sealed for another key, call or generation.
pub fn open_secret(
    call: CallId,
    generation: u32,
    sealed: &SealedSecret,
    private: &SecretBytes,
    public: &[u8],
) -> Result<Secret<32>, GuestSignalError> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| GuestSignalError::Malformed);
    let ciphertext = HpkeCiphertext { kem_output: decode(&sealed.enc)?, ciphertext: decode(&sealed.ciphertext)? };
    let private = HpkeSecretKey::from(private.expose().to_vec());
    let opened = hpke()?
        .hpke_open(&ciphertext, &private, &HpkePublicKey::from(public.to_vec()), &SealedSecret::info(call), Some(&generation.to_be_bytes()))
        .map_err(|_| GuestSignalError::WrongKey)?;
    Secret::from_slice(&opened).ok_or(GuestSignalError::WrongKey)
}

/// A guest's key pair for secrets, private and public (SEC 1, uncompressed): for a program that stands in for a browser.
///
/// # Errors
/// When the library refuses.
pub fn exchange_key_pair() -> Result<(SecretBytes, Vec<u8>), GuestSignalError> {
    let (private, public) = hpke()?.kem_generate().map_err(|_| GuestSignalError::Failed)?;
    Ok((SecretBytes::new(private.to_vec()), public.to_vec()))
}

/// The suite with DHKEM(P-384, HKDF-SHA384), HKDF-SHA384 and AES-256-GCM.
fn hpke() -> Result<impl mls_rs_core::crypto::CipherSuiteProvider, GuestSignalError> {
    AwsLcCryptoProvider::default().cipher_suite_provider(CipherSuite::P384_AES256).ok_or(GuestSignalError::Failed)
}

#[cfg(test)]
mod tests {
    use bezel_protocol::guest::GuestSignalBody;
    use proptest::prelude::*;

    use super::*;
    use crate::SystemRng;

    const CALL: CallId = CallId::from_bytes([1; 16]);

    fn seed(byte: u8) -> CallSecretBytes {
        CallSecretBytes::new(&[byte; 32])
    }

    fn sealed(direction: Direction) -> Vec<u8> {
        let signal = GuestSignal { number: 1, device: None, body: GuestSignalBody::Left };
        seal_guest_signal(&signal, direction, CALL, &seed(7), &MembersKeyPair::from_seed(&seed(9)).unwrap(), &mut SystemRng).unwrap()
    }

    fn open(frame: &[u8], direction: Direction, call: CallId, secret: u8, signer: u8) -> Result<GuestSignal, GuestSignalError> {
        let key = MembersKeyPair::from_seed(&seed(signer)).unwrap().public().unwrap();
        open_guest_signal(frame, direction, call, &seed(secret), |_| Some(key))
    }

    #[test]
    fn a_signal_opens_only_in_its_place_with_its_secret_and_by_its_signer() {
        use Direction::{FromGuest, ToGuest};
        let frame = sealed(ToGuest);
        assert_eq!(open(&frame, ToGuest, CALL, 7, 9).unwrap().body, GuestSignalBody::Left);
        assert_eq!(open(&frame, FromGuest, CALL, 7, 9), Err(GuestSignalError::WrongKey), "said back to its sender");
        assert_eq!(open(&frame, ToGuest, CallId::from_bytes([2; 16]), 7, 9), Err(GuestSignalError::WrongKey));
        assert_eq!(open(&frame, ToGuest, CALL, 8, 9), Err(GuestSignalError::WrongKey));
        assert_eq!(open(&frame, ToGuest, CALL, 7, 10), Err(GuestSignalError::BadSignature), "whoever has the link is no member");
    }

    #[test]
    fn a_secret_opens_only_for_its_guest_call_and_generation() {
        let (private, public) = exchange_key_pair().unwrap();
        let sealed = seal_secret(CALL, 2, &[5; 32], &URL_SAFE_NO_PAD.encode(&public)).unwrap();
        assert_eq!(open_secret(CALL, 2, &sealed, &private, &public).unwrap().expose(), &[5; 32]);
        assert!(open_secret(CALL, 3, &sealed, &private, &public).is_err());
        assert!(open_secret(CallId::from_bytes([9; 16]), 2, &sealed, &private, &public).is_err());
        assert!(seal_secret(CALL, 2, &[5; 32], "AAAA").is_err());
    }

    proptest! {
        #[test]
        fn a_changed_signal_is_refused(at in 0usize..1000, flip in 1u8..) {
            let mut frame = sealed(Direction::FromGuest);
            let at = at % frame.len();
            frame[at] ^= flip;
            prop_assert!(open(&frame, Direction::FromGuest, CALL, 7, 9).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(open(&bytes, Direction::FromGuest, CALL, 7, 9).is_err());
        }
    }
}
