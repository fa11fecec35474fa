//! Passphrases: read by one rule however they are typed, and judged when they are chosen.

use core::fmt;

use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
use precis_profiles::precis_core::{Error as Precis, UnexpectedError};
use zeroize::Zeroizing;
use zxcvbn::Score;
use zxcvbn::feedback::Warning;

/// A passphrase by PRECIS OpaqueString (RFC 8265 §4.2): the same letters open, however the keyboard composes them.
#[derive(PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

/// A passphrase that somebody has just chosen: not one that a guesser tries early.
pub struct NewPassphrase(Passphrase);

/// The text can't be a passphrase. It names a place, never a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPassphrase {
    /// There is none.
    #[error("the passphrase is empty")]
    Empty,
    /// Longer than 1,024 bytes.
    #[error("a passphrase has at most 1024 bytes")]
    TooLong,
    /// A control character, one without width, or one that Unicode does not know.
    #[error("character {0} can't stand in a passphrase: no line breaks, control or invisible characters, or emoji newer than 2013")]
    Character(usize),
}

/// Why a passphrase is guessed too soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// It is, or resembles, what many people use.
    #[error("many people use this passphrase or one like it")]
    Common,
    /// It is one word.
    #[error("one word by itself is guessed at once")]
    Word,
    /// It is a name.
    #[error("names are guessed early")]
    Name,
    /// It runs along the keyboard.
    #[error("keys that lie beside each other are guessed early")]
    Keyboard,
    /// It repeats itself.
    #[error("repetitions add next to nothing")]
    Repetition,
    /// It counts or spells the alphabet.
    #[error("sequences such as abc or 6543 are guessed early")]
    Sequence,
    /// It is a date or a year.
    #[error("dates and years are guessed early")]
    Date,
    /// It is too little.
    #[error("it is too short to withstand guessing")]
    Short,
}

/// Why a text can't be chosen as a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitPassphrase {
    /// It can't be one at all.
    #[error(transparent)]
    Invalid(#[from] InvalidPassphrase),
    /// It would be guessed.
    #[error("this passphrase is too weak: {0}")]
    Weak(Weakness),
}

/// The longest passphrase, normalised, in bytes of UTF-8.
const MAX_BYTES: usize = 1024;
/// No normal form is more than three times as short.
const MAX_TYPED_BYTES: usize = 3 * MAX_BYTES;

impl Passphrase {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// [`InvalidPassphrase`], with the place.
    pub fn parse(typed: String) -> Result<Self, InvalidPassphrase> {
        let typed = Zeroizing::new(typed);
        if typed.len() > MAX_TYPED_BYTES {
            return Err(InvalidPassphrase::TooLong);
        }
        let normal = match OpaqueString::enforce(typed.as_str()) {
            Ok(normal) => Zeroizing::new(normal.into_owned()),
            Err(
                Precis::BadCodepoint(bad)
                | Precis::Unexpected(UnexpectedError::ContextRuleNotApplicable(bad) | UnexpectedError::MissingContextRule(bad)),
            ) => return Err(InvalidPassphrase::Character(bad.position.saturating_add(1))),
            Err(Precis::Invalid | Precis::Unexpected(_)) => return Err(InvalidPassphrase::Empty),
        };
        if normal.len() > MAX_BYTES { Err(InvalidPassphrase::TooLong) } else { Ok(Self(normal)) }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl NewPassphrase {
    /// Takes a passphrase that somebody chose, at least as strong as zxcvbn's score 3. `known` is what a guesser tries first: the handle, the
    /// name of the shop.
    ///
    /// # Errors
    /// [`UnfitPassphrase`], with the reason.
    pub fn choose(typed: String, known: &[&str]) -> Result<Self, UnfitPassphrase> {
        let passphrase = Passphrase::parse(typed)?;
        let judged = zxcvbn::zxcvbn(&passphrase.0, known);
        if judged.score() >= Score::Three {
            return Ok(Self(passphrase));
        }
        let warning = judged.feedback().and_then(zxcvbn::feedback::Feedback::warning);
        Err(UnfitPassphrase::Weak(warning.map_or(Weakness::Short, Weakness::of)))
    }

    /// The passphrase, as it opens from now on.
    #[must_use]
    pub const fn as_passphrase(&self) -> &Passphrase {
        &self.0
    }
}

impl Weakness {
    const fn of(warning: Warning) -> Self {
        match warning {
            Warning::StraightRowsOfKeysAreEasyToGuess | Warning::ShortKeyboardPatternsAreEasyToGuess => Self::Keyboard,
            Warning::RepeatsLikeAaaAreEasyToGuess | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => Self::Repetition,
            Warning::ThisIsATop10Password
            | Warning::ThisIsATop100Password
            | Warning::ThisIsACommonPassword
            | Warning::ThisIsSimilarToACommonlyUsedPassword => Self::Common,
            Warning::SequencesLikeAbcAreEasyToGuess => Self::Sequence,
            Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess => Self::Date,
            Warning::AWordByItselfIsEasyToGuess => Self::Word,
            Warning::NamesAndSurnamesByThemselvesAreEasyToGuess | Warning::CommonNamesAndSurnamesAreEasyToGuess => Self::Name,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Common => "Take several words that have nothing to do with each other; swapping letters for signs does not help.",
            Self::Word | Self::Short => "Add three or four words that have nothing to do with each other; no digits or signs are needed.",
            Self::Name => "Add words that have nothing to do with you or the shop.",
            Self::Keyboard => "Take words instead of patterns on the keyboard.",
            Self::Repetition => "Take different words instead of the same one again.",
            Self::Sequence => "Take words instead of sequences.",
            Self::Date => "Take words instead of dates, above all of those that others know.",
        }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

impl fmt::Debug for NewPassphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassphrase(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(text: &str) -> Result<Passphrase, InvalidPassphrase> {
        Passphrase::parse(text.into())
    }

    fn unfit(text: &str, known: &[&str]) -> Option<UnfitPassphrase> {
        NewPassphrase::choose(text.into(), known).err()
    }

    /// A Mac composes an accent from two characters where a PC types one: the same passphrase opened on one keyboard only.
    #[test]
    fn a_passphrase_is_the_same_from_every_keyboard() {
        let composed = typed("Émeraude brûlée 18 ct").unwrap();
        assert_eq!(typed("E\u{301}meraude bru\u{302}le\u{301}e 18 ct").unwrap(), composed, "decomposed letters");
        assert_eq!(typed("Émeraude\u{a0}brûlée\u{202f}18 ct").unwrap(), composed, "the spaces of a French keyboard");
        assert_ne!(typed("émeraude brûlée 18 ct").unwrap(), composed, "case stays");
        assert_ne!(typed("Emeraude brulee 18 ct").unwrap(), composed, "and so do accents");
    }

    #[test]
    fn scripts_that_join_and_mark_their_letters_keep_them() {
        for text in ["می\u{200c}خواهم به خانه بروم", "क\u{94d}\u{200d}षमा हीरा अंगूठी", "خَاتَم الياقوت", "แหวนเพชร", "钻石戒指", "한국어 반지"]
        {
            assert!(typed(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_no_keyboard_types_twice_alike_is_refused_by_its_place() {
        assert_eq!(typed("").unwrap_err(), InvalidPassphrase::Empty);
        assert_eq!(typed("two\nlines").unwrap_err(), InvalidPassphrase::Character(4));
        assert_eq!(typed("é\u{200b}").unwrap_err(), InvalidPassphrase::Character(2));
        assert!(typed(&"ü".repeat(512)).is_ok() && typed(&"u\u{308}".repeat(512)).is_ok(), "the bound holds for the normal form");
        assert_eq!(typed(&"ü".repeat(513)).unwrap_err(), InvalidPassphrase::TooLong);
        assert_eq!(typed(&"a".repeat(1 << 20)).unwrap_err(), InvalidPassphrase::TooLong);
        assert!(!typed("x\u{7}y").unwrap_err().to_string().contains('x'), "nothing of it is repeated");
    }

    /// A passphrase of one letter was taken.
    #[test]
    fn a_new_passphrase_withstands_guessing_or_says_why_not() {
        let weak = |text: &str| match unfit(text, &["ana"]) {
            Some(UnfitPassphrase::Weak(weakness)) => weakness,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(weak("x"), Weakness::Short);
        assert_eq!(weak("Password1!"), Weakness::Common);
        assert_eq!(weak("journey"), Weakness::Word);
        assert_eq!(weak("aaaaaaaa"), Weakness::Repetition);
        assert_eq!(weak("19841225"), Weakness::Date);
        assert_eq!(weak("anastasia"), Weakness::Name);
        for strong in ["ruby lantern under a quiet bridge", "Émeraude brûlée 18 ct", "钻石戒指在桥下的灯笼旁"] {
            assert_eq!(unfit(strong, &["ana"]), None, "{strong}");
        }
    }

    #[test]
    fn what_others_know_of_somebody_counts_for_nothing() {
        assert_eq!(unfit("zirconwharf", &[]), None);
        assert!(unfit("zirconwharf", &["zirconwharf"]).is_some());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_reads_the_same_again(text in ".{0,60}") {
            if let Ok(once) = typed(&text) {
                let again = typed(core::str::from_utf8(once.expose()).unwrap());
                prop_assert!(again.is_ok_and(|again| again == once));
            }
        }
    }
}
