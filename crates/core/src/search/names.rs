//! Names of files, people and conversations: found by a part of them.

use unicode_normalization::char::decompose_canonical;

use super::fold::fold;

/// The fold of a name. Separators stay; a Hangul syllable is its letters, so that one that is half typed is a part of the whole.
#[must_use]
pub fn fold_name(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for piece in fold(name).pieces() {
        match piece.character {
            syllable @ '가'..='힣' => decompose_canonical(syllable, |letter| folded.push(letter)),
            character => folded.push(character),
        }
    }
    folded
}

/// How well a name fits what was typed, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// It is the same.
    Whole,
    /// It begins so.
    Beginning,
    /// It holds it.
    Inside,
}

/// What a person types to find a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle(String);

impl Needle {
    /// A needle; none where nothing is left that a name could hold.
    #[must_use]
    pub fn new(typed: &str) -> Option<Self> {
        let folded = fold_name(typed.trim());
        if folded.trim().is_empty() { None } else { Some(Self(folded)) }
    }

    /// How well a name fits; none where it does not.
    #[must_use]
    pub fn rank(&self, name: &str) -> Option<Rank> {
        let name = fold_name(name);
        match name.find(&self.0)? {
            0 if name.len() == self.0.len() => Some(Rank::Whole),
            0 => Some(Rank::Beginning),
            _ => Some(Rank::Inside),
        }
    }

    /// The folded needle, to compare with [`fold_name`].
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
