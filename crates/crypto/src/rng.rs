//! Randomness as an argument.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

/// A source of random bytes fit for keys. Tests give a seeded one; keys that AWS-LC makes itself (RSA, MLS) do not come from here.
pub trait Rng {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// When there is no randomness.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RngFailed>;
}

/// There is no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct RngFailed;

/// An array of random bytes that are no secret: ids, nonces, salts.
///
/// # Errors
/// When there is no randomness.
pub fn array<const N: usize>(rng: &mut dyn Rng) -> Result<[u8; N], RngFailed> {
    let mut bytes = [0; N];
    rng.fill(&mut bytes)?;
    Ok(bytes)
}

/// The operating system's randomness through AWS-LC's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RngFailed> {
        SystemRandom::new().fill(bytes).map_err(|_| RngFailed)
    }
}
