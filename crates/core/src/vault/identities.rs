//! Where identity keys come from.

use std::sync::Arc;

use bezel_crypto::IdentityKeyPair;
pub use bezel_crypto::identity::IdentityError;

use crate::error::{Error, Result};

/// Makes identity keys.
pub trait IdentitySource: Send + Sync {
    /// A key that nobody else has. May take seconds of one core: not for the thread of the interface.
    ///
    /// # Errors
    /// When there is none to be had.
    fn make(&self) -> core::result::Result<IdentityKeyPair, IdentityError>;
}

/// Makes each key from fresh randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct FreshIdentities;

impl IdentitySource for FreshIdentities {
    fn make(&self) -> core::result::Result<IdentityKeyPair, IdentityError> {
        IdentityKeyPair::generate()
    }
}

/// A new identity key, made beside everything else.
pub(crate) async fn new_identity(source: &Arc<dyn IdentitySource>) -> Result<IdentityKeyPair> {
    let source = Arc::clone(source);
    tokio::task::spawn_blocking(move || source.make())
        .await
        .map_err(|error| Error::new("keys", format!("The identity key could not be made: {error}."), "Try again."))?
        .map_err(|error| Error::new("keys", format!("{error}."), "Try again."))
}
