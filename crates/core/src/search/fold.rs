//! The fold: one spelling for everything that a person takes for the same, with the way back to the original.

use core::ops::Range;

use unicode_normalization::char::{canonical_combining_class, compose, decompose_compatible};

use super::letters::{is_dropped_mark, is_ignored, plain};

/// A folded character and the bytes of the original that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The folded character.
    pub character: char,
    /// Where it begins in the original, in bytes.
    pub start: usize,
    /// Where it ends in the original, in bytes. What the fold drops belongs to the character before it.
    pub end: usize,
}

/// A folded text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded(pub(super) Vec<Piece>);

impl Folded {
    /// Its characters, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// The characters of a part; what lies outside is left out.
    pub(super) fn characters(&self, part: Range<usize>) -> impl Iterator<Item = char> + Clone + '_ {
        self.0.get(part).unwrap_or_default().iter().map(|piece| piece.character)
    }
}

impl core::fmt::Display for Folded {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|piece| write!(f, "{}", piece.character))
    }
}

/// Folds a text. Folding the result again changes nothing, and the Unicode normal forms of a text (NFC, NFD, NFKC, NFKD), in upper or
/// lower case, fold alike. The exceptions: a vulgar fraction behind a digit (18½ is "18 1/2", not "181/2"), and some 20 letters whose
/// pair in the other case not every version of Unicode knows.
#[must_use]
pub fn fold(text: &str) -> Folded {
    let mut pieces = Pieces { all: Vec::with_capacity(text.len()), base: None };
    for (start, character) in text.char_indices() {
        pieces.push(character, start, start + character.len_utf8());
    }
    let mut pieces = pieces.all;
    order_marks(&mut pieces);
    Folded(composed(&pieces))
}

/// Pieces that are not composed yet.
struct Pieces {
    all: Vec<Piece>,
    /// The last character that is no mark above or below another.
    base: Option<char>,
}

impl Pieces {
    fn push(&mut self, character: char, start: usize, end: usize) {
        if character.is_ascii() {
            self.part(character, start, end);
            return;
        }
        let is_behind_digit = self.all.last().is_some_and(|last| last.character.is_ascii_digit());
        if is_behind_digit && is_vulgar_fraction(character) {
            self.add(' ', start, start);
        }
        decompose_compatible(character, |part| self.part(part, start, end));
    }

    /// A character of the compatibility decomposition.
    fn part(&mut self, character: char, start: usize, end: usize) {
        if is_ignored(character) || is_dropped_mark(character, self.base) {
            // What is dropped belongs to the character before it.
            if let Some(last) = self.all.last_mut() {
                last.end = end;
            }
            return;
        }
        if character.is_ascii() {
            return self.add(character.to_ascii_lowercase(), start, end);
        }
        // Lower, upper, lower: ß and ẞ meet in "ss", ς and σ in σ, ı and I in i.
        for character in character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase) {
            plain(character, |character| self.add(character, start, end));
        }
    }

    fn add(&mut self, character: char, start: usize, end: usize) {
        if class(character) == 0 {
            self.base = Some(character);
        }
        self.all.push(Piece { character, start, end });
    }
}

fn is_vulgar_fraction(character: char) -> bool {
    const FRACTION_SLASH: char = '\u{2044}';
    let mut has_slash = false;
    decompose_compatible(character, |part| has_slash |= part == FRACTION_SLASH);
    has_slash && character != FRACTION_SLASH
}

/// The canonical combining class: 0 for all that is no mark above, below or inside another character.
fn class(character: char) -> u8 {
    if character.is_ascii() { 0 } else { canonical_combining_class(character) }
}

/// Puts marks that stand side by side into canonical order. The characters move, their places stay in order.
fn order_marks(pieces: &mut [Piece]) {
    let is_mark = |piece: &Piece| class(piece.character) != 0;
    for run in pieces.chunk_by_mut(|one, next| is_mark(one) && is_mark(next)) {
        if run.len() > 1 {
            let mut marks: Vec<char> = run.iter().map(|piece| piece.character).collect();
            marks.sort_by_key(|&mark| class(mark));
            run.iter_mut().zip(marks).for_each(|(piece, mark)| piece.character = mark);
        }
    }
}

/// Canonical composition (Unicode 17, section 3.11), by which Hangul, kana and й are one character each.
fn composed(pieces: &[Piece]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut starter: Option<usize> = None;
    let mut last_class = 0;
    for piece in pieces {
        let class = class(piece.character);
        let is_next = starter.is_some_and(|at| at + 1 == out.len());
        let base = starter.filter(|_| is_next || last_class < class).and_then(|at| out.get_mut(at));
        if !piece.character.is_ascii()
            && let Some(base) = base
            && let Some(both) = compose(base.character, piece.character)
        {
            base.character = both;
            if let Some(last) = out.last_mut() {
                last.end = piece.end;
            }
            continue;
        }
        if class == 0 {
            starter = Some(out.len());
        }
        last_class = class;
        out.push(*piece);
    }
    out
}
