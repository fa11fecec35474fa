//! What a message says of a file. The relay sees none of it.

use core::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::wire::Bytes;
use crate::{ConversationId, DeviceId, FileId, Hash, UserId};

/// The longest name of a file, in bytes of UTF-8.
pub const MAX_FILE_NAME_BYTES: usize = 1024;
/// The most bytes of a thumbnail.
pub const MAX_THUMBNAIL_BYTES: usize = 64 * 1024;

/// A file that is on the relay: its key, and its manifest.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The file.
    pub file: FileId,
    /// Who gets the key.
    pub keys: FileKeys,
    /// `COSE_Sign1` by the sender's device over a `COSE_Encrypt0` of the [`Manifest`] under the file key (RFC 9052).
    pub manifest: Bytes,
    /// The file that it takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<FileId>,
}

/// How the file key travels.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKeys {
    /// For everyone who reads the conversation.
    Conversation(FileKeyBytes),
    /// For those named here and nobody else.
    Named(Vec<SealedFileKey>),
}

/// A file key for one person: RSAES-OAEP with SHA-256 (RFC 8017 §7.1) under that person's identity key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedFileKey {
    /// The person.
    pub user: UserId,
    /// The fingerprint of the identity key.
    pub identity: Hash,
    /// The sealed key.
    pub sealed: Bytes,
}

/// The 32 bytes of a file key, wiped when dropped.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileKeyBytes(#[serde(with = "serde_bytes")] [u8; 32]);

impl FileKeyBytes {
    /// Copies a key.
    #[must_use]
    pub const fn new(key: &[u8; 32]) -> Self {
        Self(*key)
    }

    /// The bytes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for FileKeyBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for FileKeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKeyBytes(..)")
    }
}

/// What is said of a file, and by whom. It binds the file to its place: neither its id nor its conversation can be exchanged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The file.
    pub file: FileId,
    /// The conversation that it was sent to.
    pub conversation: ConversationId,
    /// The device that signs.
    pub device: DeviceId,
    /// Its name as its sender had it, without any folder.
    pub name: String,
    /// Its media type (RFC 6838), as the sender's machine recognised it.
    pub media_type: String,
    /// Its size in bytes, before encryption.
    pub size_bytes: u64,
    /// The size of the blob in bytes.
    pub ciphertext_bytes: u64,
    /// SHA-256 of the blob.
    pub ciphertext_sha256: Hash,
    /// Of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
    /// Whether those who may see it may also save it.
    pub view_only: bool,
    /// When it ends, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
}

/// A picture's size and what it looks like.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Pixels across, upright.
    pub width: u32,
    /// Pixels down, upright.
    pub height: u32,
    /// A small picture of it.
    pub thumbnail: Option<Thumbnail>,
}

/// A small picture, made on the sender's machine: at most [`MAX_THUMBNAIL_BYTES`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
    /// The encoded picture.
    pub data: Bytes,
}

/// Signed, like every message, by the device that did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReceipt {
    /// The file.
    pub file: FileId,
    /// What was done.
    pub action: FileAction,
    /// When, by the device's clock, milliseconds since the epoch.
    pub at_ms: i64,
}

/// What a recipient does with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileAction {
    /// It was shown.
    Preview,
    /// It was saved, whole and verified.
    Download,
}

/// The blob is deleted; devices forget the key and the thumbnail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRevocation {
    /// The file.
    pub file: FileId,
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Manifest({}, ..)", self.file)
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picture(..)")
    }
}

impl fmt::Debug for Thumbnail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thumbnail(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::content::Content;

    use super::*;

    proptest! {
        #[test]
        fn a_file_reads_back_as_it_was_written(
            file: [u8; 16], key: [u8; 32], manifest: Vec<u8>, named: bool, user: [u8; 16], replaces: Option<[u8; 16]>,
        ) {
            let keys = if named {
                let sealed = Bytes(key.to_vec());
                FileKeys::Named(vec![SealedFileKey { user: UserId::from_bytes(user), identity: Hash::of(&key), sealed }])
            } else {
                FileKeys::Conversation(FileKeyBytes::new(&key))
            };
            let content = Content::File(File {
                file: FileId::from_bytes(file), keys, manifest: Bytes(manifest), replaces: replaces.map(FileId::from_bytes),
            });
            prop_assert_eq!(Content::decode(&content.encode()).unwrap(), content);
        }
    }

    #[test]
    fn a_file_key_and_a_manifest_are_mute() {
        let file = File {
            file: FileId::from_bytes([1; 16]),
            keys: FileKeys::Conversation(FileKeyBytes::new(&[0xab; 32])),
            manifest: Bytes(vec![0xcd; 8]),
            replaces: None,
        };
        let shown = format!("{file:?}");
        assert!(!shown.contains("171") && !shown.contains("ab, ") && shown.contains("FileKeyBytes(..)"), "a key never shows: {shown}");
    }
}
