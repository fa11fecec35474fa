//! Chunks: sealed and opened by number.

use core::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Prk};
use bezel_protocol::{ConversationId, FileId};
use zeroize::Zeroizing;

use super::layout::TAG_BYTES;
use super::{CHUNK_BYTES, FileKey, HEADER_BYTES, Layout, SEALED_CHUNK_BYTES, WrongLength};
use crate::rng::{self, Rng};

const SALT_BYTES: usize = 24;
const COMMITMENT_BYTES: usize = 32;
const KEY_BYTES: usize = 32;

/// Which file it is and where it belongs: bound into the keys, so that a blob opens in its own place alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    /// The file.
    pub file: FileId,
    /// The conversation that it was sent to.
    pub conversation: ConversationId,
}

impl Blob {
    fn context(self) -> Vec<u8> {
        [b"bezel/file/1".as_slice(), self.file.as_bytes(), self.conversation.as_bytes()].concat()
    }
}

/// Why a blob, or a part of it, does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// The header does not commit to this key and place: another file's, or changed.
    #[error("the file does not belong to this key or this place")]
    WrongHeader,
    /// No blob has this length.
    #[error(transparent)]
    WrongLength(#[from] WrongLength),
    /// A chunk was changed, cut, moved or exchanged.
    #[error("part {chunk} of the file was changed, cut or exchanged")]
    BadChunk {
        /// Its number, from 0.
        chunk: u64,
    },
    /// The library refused, there is no randomness, or lengths do not belong together.
    #[error("the file could not be encrypted")]
    Failed,
}

/// Seals and opens the chunks of one blob.
pub struct FileCipher {
    key: LessSafeKey,
    base_nonce: [u8; NONCE_LEN],
    header: [u8; HEADER_BYTES],
}

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY_BYTES + NONCE_LEN + COMMITMENT_BYTES
    }
}

impl FileCipher {
    /// For a new blob.
    ///
    /// # Errors
    /// When there is no randomness, or the library refuses.
    pub fn new(key: &FileKey, blob: Blob, rng: &mut dyn Rng) -> Result<Self, BlobError> {
        Self::derive(key, &rng::array(rng).map_err(|_| BlobError::Failed)?, &blob.context())
    }

    /// For a blob that begins with `header`, of which every bit is checked.
    ///
    /// # Errors
    /// When it does not commit to this key and place.
    pub fn open(key: &FileKey, blob: Blob, header: &[u8]) -> Result<Self, BlobError> {
        Self::with_context(key, &blob.context(), header)
    }

    fn with_context(key: &FileKey, context: &[u8], header: &[u8]) -> Result<Self, BlobError> {
        let salt = header.first_chunk::<SALT_BYTES>().ok_or(BlobError::WrongHeader)?;
        let cipher = Self::derive(key, salt, context)?;
        verify_slices_are_equal(&cipher.header, header).map_err(|_| BlobError::WrongHeader)?;
        Ok(cipher)
    }

    fn derive(key: &FileKey, salt: &[u8; SALT_BYTES], context: &[u8]) -> Result<Self, BlobError> {
        let info: [&[u8]; 3] = [b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0", salt, context];
        let mut derived = Zeroizing::new([0_u8; KEY_BYTES + NONCE_LEN + COMMITMENT_BYTES]);
        Prk::new_less_safe(HKDF_SHA512, key.expose())
            .expand(&info, Length)
            .and_then(|okm| okm.fill(derived.as_mut_slice()))
            .map_err(|_| BlobError::Failed)?;
        let (key, rest) = derived.split_at(KEY_BYTES);
        let (base_nonce, commitment) = rest.split_first_chunk::<NONCE_LEN>().ok_or(BlobError::Failed)?;
        let mut header = [0; HEADER_BYTES];
        let (salt_part, commitment_part) = header.split_at_mut(SALT_BYTES);
        salt_part.copy_from_slice(salt);
        commitment_part.copy_from_slice(commitment);
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| BlobError::Failed)?;
        Ok(Self { key: LessSafeKey::new(key), base_nonce: *base_nonce, header })
    }

    /// The first bytes of the blob.
    #[must_use]
    pub const fn header(&self) -> &[u8; HEADER_BYTES] {
        &self.header
    }

    /// Seals consecutive chunks from number `first` on into `sealed`, which has room for them and their tags and nothing else.
    /// The last chunk of `plaintext` is short where it is the last of the file, and empty where the file ends at a chunk.
    ///
    /// # Errors
    /// When `plaintext` does not lie in the file like this, or `sealed` has another length.
    pub fn seal(&self, layout: Layout, first: u64, plaintext: &[u8], sealed: &mut [u8]) -> Result<(), BlobError> {
        let (mut plaintext, mut sealed) = (plaintext, sealed);
        let mut number = first;
        while !sealed.is_empty() {
            let bytes = layout.chunk_bytes(number);
            let (chunk, rest) = plaintext.split_at_checked(bytes).ok_or(BlobError::Failed)?;
            let (room, later) = sealed.split_at_mut_checked(bytes + TAG_BYTES).ok_or(BlobError::Failed)?;
            let (ciphertext, tag) = room.split_at_mut(bytes);
            self.key
                .seal_out_of_place_scatter(self.nonce(number), Aad::empty(), chunk, ciphertext, &[], tag)
                .map_err(|_| BlobError::Failed)?;
            (plaintext, sealed) = (rest, later);
            number += 1;
        }
        if plaintext.is_empty() { Ok(()) } else { Err(BlobError::Failed) }
    }

    /// Opens consecutive chunks from number `first` on into `plaintext`, which has room for their content and nothing else. Where it
    /// fails, what `plaintext` then holds is of no meaning.
    ///
    /// # Errors
    /// [`BlobError::BadChunk`] names the first one that is not what the sender sealed at this place.
    pub fn open_chunks(&self, layout: Layout, first: u64, sealed: &[u8], plaintext: &mut [u8]) -> Result<(), BlobError> {
        let (mut sealed, mut plaintext) = (sealed, plaintext);
        let mut chunk = first;
        while !sealed.is_empty() {
            let bad = BlobError::BadChunk { chunk };
            if chunk >= layout.chunks() {
                return Err(bad);
            }
            let bytes = layout.chunk_bytes(chunk);
            let (current, rest) = sealed.split_at_checked(bytes + TAG_BYTES).ok_or(bad)?;
            let (ciphertext, tag) = current.split_at(bytes);
            let (room, later) = plaintext.split_at_mut_checked(bytes).ok_or(BlobError::Failed)?;
            self.key.open_separate_gather(self.nonce(chunk), Aad::empty(), ciphertext, tag, room).map_err(|_| bad)?;
            (sealed, plaintext) = (rest, later);
            chunk += 1;
        }
        if plaintext.is_empty() { Ok(()) } else { Err(BlobError::BadChunk { chunk }) }
    }

    /// The base nonce XOR the chunk number, big-endian.
    fn nonce(&self, chunk: u64) -> Nonce {
        let mut nonce = self.base_nonce;
        for (byte, number) in nonce.iter_mut().rev().zip(chunk.to_le_bytes()) {
            *byte ^= number;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

impl fmt::Debug for FileCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileCipher(..)")
    }
}

const _: () = assert!(SEALED_CHUNK_BYTES == CHUNK_BYTES + TAG_BYTES && HEADER_BYTES == SALT_BYTES + COMMITMENT_BYTES);

#[cfg(test)]
mod tests;
