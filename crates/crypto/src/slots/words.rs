//! Recovery words: 24 English words of BIP-39, 256 random bits and a checksum.

use core::fmt;

use bip39::{Language, Mnemonic};
use unicode_normalization::UnicodeNormalization as _;
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
    /// More than any writing of 24 words takes.
    #[error("this is far more than 24 recovery words")]
    TooLong,
    /// One is not in the list of words.
    #[error("word {0} is not a recovery word")]
    Unknown(usize),
    /// Every word is in the list, but together they do not check.
    #[error("a recovery word is wrong or out of its place")]
    Checksum,
}

const WORDS: usize = 24;
/// Far more than 24 words with their numbers.
const MAX_TYPED_BYTES: usize = 4096;
/// The longest compatibility decomposition of a character takes so many times its bytes.
const MAX_DECOMPOSED: usize = 11;

impl RecoveryWords {
    /// Makes new words.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(rng: &mut dyn Rng) -> Result<Self, RngFailed> {
        let entropy: Secret<32> = Secret::random(rng)?;
        Mnemonic::from_entropy_in(Language::English, entropy.expose()).map(Self).map_err(|_| RngFailed)
    }

    /// Reads words as people write them down and type them: in any case, one a line or with commas, with or without numbers. Where every word
    /// has its number the numbers rule, so that a list in two columns may be read across.
    ///
    /// # Errors
    /// What is wrong, and with which word, counted from 1. Nothing of what was typed is in it.
    pub fn parse(text: &str) -> Result<Self, InvalidWords> {
        let text = plain(text)?;
        let words = in_order(&text);
        if words.len() != WORDS {
            return Err(InvalidWords::Count(words.len()));
        }
        let normal = Zeroizing::new(words.join(" "));
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

/// What was typed, in small letters of one kind (NFKD), without what has no width.
fn plain(text: &str) -> Result<Zeroizing<String>, InvalidWords> {
    if text.len() > MAX_TYPED_BYTES {
        return Err(InvalidWords::TooLong);
    }
    // Capacity for all: growing would leave copies behind.
    let mut plain = Zeroizing::new(String::with_capacity(MAX_DECOMPOSED * text.len()));
    let seen = |c: &char| !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    plain.extend(text.nfkd().filter(seen).flat_map(char::to_lowercase));
    Ok(plain)
}

/// The words in their order.
fn in_order(text: &str) -> Vec<&str> {
    let mut words: Vec<(Option<usize>, &str)> = Vec::with_capacity(WORDS);
    let mut number = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same = |c: char| {
            if first.is_alphabetic() { c.is_alphabetic() } else { c.is_ascii_digit() == first.is_ascii_digit() && !c.is_alphabetic() }
        };
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        rest = after;
        if first.is_alphabetic() {
            words.push((number.take(), token));
        } else if first.is_ascii_digit() {
            number = token.parse().ok();
        }
    }
    let mut numbers: Vec<usize> = words.iter().filter_map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    if numbers.into_iter().eq(1..=WORDS) {
        words.sort_unstable_by_key(|(number, _)| *number);
    }
    words.into_iter().map(|(_, word)| word).collect()
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

    /// A numbered list, as people write the words down, was refused.
    #[test]
    fn words_are_read_as_they_were_written_down() {
        let words = RecoveryWords::generate(&mut SystemRng).unwrap();
        let list: Vec<&str> = words.expose().collect();
        let numbered = |after: &str, between: &str| {
            (1..).zip(&list).map(|(number, word)| format!("{number}{after}{word}")).collect::<Vec<_>>().join(between)
        };
        let across: Vec<String> = (0..12).map(|row| format!("{}. {}\t{}. {}", row + 1, list[row], row + 13, list[row + 12])).collect();
        let wide: String =
            text(&words).chars().map(|c| if c == ' ' { '\u{3000}' } else { char::from_u32(c as u32 + 0xfee0).unwrap() }).collect();
        for typed in [
            numbered(". ", " "),
            numbered(") ", "\n"),
            numbered(":", ", ").to_uppercase(),
            numbered("\t", "\r\n"),
            list.join(", "),
            list.join(";"),
            list.join("\u{a0}\u{200b}"),
            across.join("\n"),
            wide,
        ] {
            let read = RecoveryWords::parse(&typed).unwrap_or_else(|error| panic!("{typed}: {error}"));
            assert_eq!(text(&read), text(&words), "{typed}");
        }
    }

    #[test]
    fn a_wrong_word_is_named_by_its_number_and_not_repeated() {
        let list: Vec<String> = (1..=24).map(|number| format!("{number}. {}", if number == 7 { "bezelled" } else { "abandon" })).collect();
        let error = RecoveryWords::parse(&list.join("\n")).unwrap_err();
        assert_eq!(error, InvalidWords::Unknown(7));
        assert!(!format!("{error} {error:?}").contains("bezelled"));
        assert_eq!(RecoveryWords::parse(&"abandon ".repeat(10_000)).unwrap_err(), InvalidWords::TooLong);
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
