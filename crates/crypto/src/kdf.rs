//! HKDF-SHA256 (RFC 5869) by AWS-LC.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::secret::Secret;

/// The library refused; it never does for the lengths that are used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key derivation failed")]
pub struct KdfFailed;

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Derives `N` bytes from `key` for the purpose that the parts of `info` name, one after the other.
pub(crate) fn derive<const N: usize>(key: &[u8], info: &[&[u8]]) -> Result<Secret<N>, KdfFailed> {
    let extracted = Salt::new(HKDF_SHA256, &[]).extract(key);
    let expanded = extracted.expand(info, Length(N)).map_err(|_| KdfFailed)?;
    Secret::fill(|bytes| expanded.fill(bytes)).map_err(|_| KdfFailed)
}
