//! Recovery words: 24 English words of BIP-39, 256 random bits and a checksum.

use core::fmt;

use bip39::{Language, Mnemonic};
use zeroize::{Zeroize as _, Zeroizing};

use crate::kdf::{self, KdfFailed};
use crate::rng::{Rng, RngFailed};
use crate::secret::Secret;

/// The 24 words. Whoever has them has the installation's master key and the vault.
pub struct RecoveryWords(Mnemonic);

/// The text is not 24 recovery words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWords {
    /// Not 24 of them.
    #[error("there are 24 recovery words, here are {0}")]
    Count(usize),
    /// One is not in the list of words.
    #[error("word {0} is not a recovery word")]
    Unknown(usize),
    /// Every word is in the list, but together they do not check.
    #[error("a recovery word is wrong or out of its place")]
    Checksum,
}

const WORDS: usize = 24;

impl RecoveryWords {
    /// Makes new words.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(rng: &mut dyn Rng) -> Result<Self, RngFailed> {
        let entropy: Secret<32> = Secret::random(rng)?;
        Mnemonic::from_entropy_in(Language::English, entropy.expose()).map(Self).map_err(|_| RngFailed)
    }

    /// Reads words as someone typed them: in any case, with any white space between them.
    ///
    /// # Errors
    /// What is wrong, and with which word, counted from 1.
    pub fn parse(text: &str) -> Result<Self, InvalidWords> {
        let text = Zeroizing::new(text.to_lowercase());
        let count = text.split_whitespace().count();
        if count != WORDS {
            return Err(InvalidWords::Count(count));
        }
        // Capacity for all: growing would leave copies behind.
        let mut normal = Zeroizing::new(String::with_capacity(text.len()));
        for word in text.split_whitespace() {
            if !normal.is_empty() {
                normal.push(' ');
            }
            normal.push_str(word);
        }
        match Mnemonic::parse_in_normalized(Language::English, &normal) {
            Ok(mnemonic) => Ok(Self(mnemonic)),
            Err(bip39::Error::UnknownWord(index)) => Err(InvalidWords::Unknown(index.saturating_add(1))),
            Err(_) => Err(InvalidWords::Checksum),
        }
    }

    /// The words, to be shown once and written down.
    pub fn expose(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.words()
    }

    /// The wrapping key for `purpose`: HKDF-SHA256 of the 256 bits. They need no stretching.
    pub(crate) fn wrapping_key(&self, purpose: &str) -> Result<Secret<32>, KdfFailed> {
        let (mut entropy, length) = self.0.to_entropy_array();
        let key = kdf::derive(entropy.get(..length).ok_or(KdfFailed)?, &[b"bezel/recovery-words/", purpose.as_bytes()]);
        entropy.zeroize();
        key
    }
}

impl Drop for RecoveryWords {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for RecoveryWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryWords(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRng;

    fn text(words: &RecoveryWords) -> String {
        words.expose().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_read_however_they_are_typed() {
        let words = RecoveryWords::generate(&mut SystemRng).unwrap();
        let typed = format!("  {}\n", text(&words).to_uppercase().replace(' ', "\n  "));
        let read = RecoveryWords::parse(&typed).unwrap();
        assert_eq!(read.wrapping_key("x").unwrap(), words.wrapping_key("x").unwrap());
        assert_ne!(read.wrapping_key("x").unwrap(), words.wrapping_key("y").unwrap(), "each purpose has a key of its own");
    }

    #[test]
    fn a_slip_in_the_words_is_named() {
        // BIP-39's vector for 256 zero bits.
        let zeros = format!("{}art", "abandon ".repeat(23));
        assert!(RecoveryWords::parse(&zeros).is_ok());
        assert_eq!(RecoveryWords::parse("abandon art").unwrap_err(), InvalidWords::Count(2));
        let unknown = zeros.replacen("abandon", "bezel", 1);
        assert_eq!(RecoveryWords::parse(&unknown).unwrap_err(), InvalidWords::Unknown(1));
        let swapped = zeros.replace("art", "ability");
        assert_eq!(RecoveryWords::parse(&swapped).unwrap_err(), InvalidWords::Checksum);
    }
}
