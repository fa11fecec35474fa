//! Cipher suites of conversations.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// The MLS cipher suite of a conversation (RFC 9420 §17.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum Suite {
    /// MLS_256_DHKEMP384_AES256GCM_SHA384_P384 (0x0007).
    P384Aes256,
    /// MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519 (0x0003).
    X25519ChaCha20,
}

impl Suite {
    /// Every suite, the default first.
    pub const ALL: [Self; 2] = [Self::P384Aes256, Self::X25519ChaCha20];

    /// The registered number.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::P384Aes256 => 0x0007,
            Self::X25519ChaCha20 => 0x0003,
        }
    }

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P384Aes256 => "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
            Self::X25519ChaCha20 => "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
        }
    }

    /// The algorithm of the conversation's messages.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::P384Aes256 => Algorithm::Aes256Gcm,
            Self::X25519ChaCha20 => Algorithm::ChaCha20Poly1305,
        }
    }
}

/// The number names no suite that we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cipher suite {0:#06x} is not one of 0x0007, 0x0003")]
pub struct UnknownSuite(pub u16);

impl TryFrom<u16> for Suite {
    type Error = UnknownSuite;

    fn try_from(code: u16) -> Result<Self, UnknownSuite> {
        Self::ALL.into_iter().find(|suite| suite.code() == code).ok_or(UnknownSuite(code))
    }
}

impl From<Suite> for u16 {
    fn from(suite: Suite) -> Self {
        suite.code()
    }
}

/// The authenticated encryption of messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Algorithm {
    /// AES-256-GCM (NIST SP 800-38D).
    #[serde(rename = "aes_256_gcm")]
    Aes256Gcm,
    /// ChaCha20-Poly1305 (RFC 8439).
    #[serde(rename = "chacha20_poly1305")]
    ChaCha20Poly1305,
}

impl Algorithm {
    /// The suite of a conversation that uses this algorithm.
    #[must_use]
    pub const fn suite(self) -> Suite {
        match self {
            Self::Aes256Gcm => Suite::P384Aes256,
            Self::ChaCha20Poly1305 => Suite::X25519ChaCha20,
        }
    }
}

/// The text names no algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an algorithm is one of aes-256-gcm, chacha20-poly1305")]
pub struct InvalidAlgorithm;

impl FromStr for Algorithm {
    type Err = InvalidAlgorithm;

    fn from_str(text: &str) -> Result<Self, InvalidAlgorithm> {
        match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "aes-256-gcm" => Ok(Self::Aes256Gcm),
            "chacha20-poly1305" => Ok(Self::ChaCha20Poly1305),
            _ => Err(InvalidAlgorithm),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes256Gcm => "AES-256-GCM",
            Self::ChaCha20Poly1305 => "ChaCha20-Poly1305",
        })
    }
}
