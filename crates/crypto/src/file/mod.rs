//! Files: C2SP chunked-encryption with AES-256-GCM and SHA-512 ("Cobblestone-256", <https://c2sp.org/chunked-encryption>), a random
//! key each, and the manifest that says what they are.
//!
//! A blob is a header of 56 bytes (salt and key commitment) and chunks of 16 KiB, each with its tag; the last chunk is always shorter,
//! and that is how an end is told from a cut. Every chunk is opened by itself, so any range can be read, and in parallel.

mod cipher;
mod hasher;
mod key;
mod layout;
mod manifest;

pub use cipher::{Blob, BlobError, FileCipher};
pub use hasher::BlobHasher;
pub use key::{FileKey, FileKeyError};
pub use layout::{CHUNK_BYTES, HEADER_BYTES, Layout, SEALED_CHUNK_BYTES, WrongLength};
pub use manifest::{OpenManifestError, SealManifestError, open_manifest, seal_manifest};
