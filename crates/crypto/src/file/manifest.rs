//! The manifest, sealed under the file key and signed by the device.

use bezel_protocol::content::{Manifest, ManifestError, SealedManifest, manifest_aad, sign_manifest};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::{Algorithm, DeviceId, cbor};
use zeroize::Zeroizing;

use super::{Blob, FileKey};
use crate::device::DeviceKeys;
use crate::rng::{self, Rng};
use crate::secret::Secret;
use crate::{aead, kdf};

/// The manifest could not be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file's description could not be sealed")]
pub struct SealManifestError;

/// Why a manifest is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenManifestError {
    /// Not one, or not signed by the device.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The file key does not open it.
    #[error("the file's description does not open with the file's key")]
    WrongKey,
    /// It speaks of another file, conversation or device.
    #[error("the file's description belongs to another file or another place")]
    WrongPlace,
}

/// Seals a manifest.
///
/// # Errors
/// When the manifest names another device, there is no randomness, or the library refuses.
pub fn seal_manifest(manifest: &Manifest, key: &FileKey, device: &DeviceKeys, rng: &mut dyn Rng) -> Result<Vec<u8>, SealManifestError> {
    if manifest.device != device.device() {
        return Err(SealManifestError);
    }
    let nonce = rng::array(rng).map_err(|_| SealManifestError)?;
    let plaintext = Zeroizing::new(cbor::encode(manifest));
    let ciphertext =
        aead::seal(Algorithm::Aes256Gcm, &manifest_key(key)?, &nonce, &manifest_aad(nonce), &plaintext).map_err(|_| SealManifestError)?;
    sign_manifest(nonce, ciphertext, device).map_err(|_| SealManifestError)
}

/// Verifies and opens the manifest of a blob that `device` announced.
///
/// # Errors
/// The reason; see [`OpenManifestError`].
pub fn open_manifest(
    bytes: &[u8],
    key: &FileKey,
    blob: Blob,
    device: DeviceId,
    message_key: &Ed25519PublicKey,
) -> Result<Manifest, OpenManifestError> {
    let sealed = SealedManifest::parse(bytes)?;
    sealed.verify(device, message_key)?;
    let nonce = sealed.nonce().ok_or(ManifestError::Malformed)?;
    let manifest_key = manifest_key(key).map_err(|_| OpenManifestError::WrongKey)?;
    let opened = sealed
        .decrypt(|ciphertext, aad| aead::open(Algorithm::Aes256Gcm, &manifest_key, &nonce, aad, ciphertext))
        .map_err(|_| OpenManifestError::WrongKey)?;
    let manifest: Manifest = cbor::decode(&Zeroizing::new(opened)).map_err(|_| ManifestError::Malformed)?;
    if manifest.file != blob.file || manifest.conversation != blob.conversation || manifest.device != device {
        return Err(OpenManifestError::WrongPlace);
    }
    Ok(manifest)
}

fn manifest_key(key: &FileKey) -> Result<Secret<32>, SealManifestError> {
    kdf::derive(key.expose(), &[b"bezel/file-manifest"]).map_err(|_| SealManifestError)
}
