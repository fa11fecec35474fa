//! CBOR (RFC 8949) in and out; nothing may follow the one value.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes are not the CBOR that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed data: {0}")]
pub struct MalformedCbor(pub String);

/// Encodes a value.
#[must_use]
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail, and our types hold nothing that CBOR can't say.
    let written = ciborium::into_writer(value, &mut bytes);
    debug_assert!(written.is_ok(), "a wire type that CBOR can't hold");
    bytes
}

/// Decodes exactly one value.
///
/// # Errors
/// When the bytes are not CBOR, not of this type, or something follows.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, MalformedCbor> {
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, 32).map_err(|error| MalformedCbor(error.to_string()))?;
    if rest.is_empty() { Ok(value) } else { Err(MalformedCbor("bytes after the end".into())) }
}

/// Decodes exactly one value that is written as [`encode`] writes it, so that no two byte strings are the same value.
///
/// # Errors
/// As for [`decode`], and when the value is written in another way.
pub fn decode_canonical<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, MalformedCbor> {
    let value = decode(bytes)?;
    if encode(&value) == bytes { Ok(value) } else { Err(MalformedCbor("another way to write the same".into())) }
}
