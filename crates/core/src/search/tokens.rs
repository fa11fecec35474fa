//! From a folded text to the tokens that are looked up.

use core::ops::Range;

use icu_properties::props::{ExtendedPictographic, GeneralCategory, GeneralCategoryGroup, LineBreak, RegionalIndicator, Script};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::fold::Folded;
use super::letters::{category, script};

/// What a stretch of text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Characters of a script that is written without spaces, or with words that grow: each pair is a token.
    Run,
    /// A word.
    Letters,
    /// A number.
    Digits,
    /// An emoji or another symbol: each is a token, a flag too.
    Symbols,
}

/// Characters of one kind side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) kind: Kind,
    /// Its place among the folded characters.
    pub(super) at: Range<usize>,
}

/// A longer word is several tokens, one behind the other.
pub(super) const MAX_TOKEN: usize = 64;

/// KATAKANA-HIRAGANA PROLONGED SOUND MARK, which belongs to no script.
const LONG_VOWEL: char = '\u{30FC}';

/// The stretches of some of the characters; all others part.
pub(super) fn stretches(folded: &Folded, part: Range<usize>) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (at, character) in part.clone().zip(folded.characters(part)) {
        let before = stretches.last().filter(|last| last.at.end == at).map(|last| last.kind);
        match kind(character, before) {
            None => {}
            kind if kind == before => {
                if let Some(last) = stretches.last_mut() {
                    last.at.end = at + 1;
                }
            }
            Some(kind) => stretches.push(Stretch { kind, at: at..at + 1 }),
        }
    }
    stretches
}

/// The tokens of a text, in order, as places among the folded characters.
pub(super) fn tokens(folded: &Folded) -> Vec<Range<usize>> {
    stretches(folded, 0..folded.0.len()).iter().flat_map(|stretch| stretch_tokens(folded, stretch)).collect()
}

/// The tokens of a stretch. A run ends with its last character alone, so that one character finds it anywhere.
pub(super) fn stretch_tokens(folded: &Folded, stretch: &Stretch) -> Vec<Range<usize>> {
    let Range { start, end } = stretch.at.clone();
    match stretch.kind {
        Kind::Run => (start..end).map(|at| at..end.min(at + 2)).collect(),
        Kind::Letters | Kind::Digits => (start..end).step_by(MAX_TOKEN).map(|at| at..end.min(at + MAX_TOKEN)).collect(),
        Kind::Symbols => {
            let mut tokens: Vec<Range<usize>> = Vec::new();
            let mut is_flag_open = false;
            for (at, character) in (start..end).zip(folded.characters(start..end)) {
                let is_half = is_flag_half(character);
                match tokens.last_mut().filter(|_| is_half && is_flag_open) {
                    Some(flag) => flag.end = at + 1,
                    None => tokens.push(at..at + 1),
                }
                is_flag_open = is_half && !is_flag_open;
            }
            tokens
        }
    }
}

fn kind(character: char, before: Option<Kind>) -> Option<Kind> {
    if character.is_ascii() {
        return match character {
            'a'..='z' | 'A'..='Z' => Some(Kind::Letters),
            '0'..='9' => Some(Kind::Digits),
            _ => None,
        };
    }
    if is_run(character) {
        return Some(Kind::Run);
    }
    let category = category(character);
    if category == GeneralCategory::OtherSymbol
        || CodePointSetData::new::<ExtendedPictographic>().contains(character)
        || is_flag_half(character)
    {
        return Some(Kind::Symbols);
    }
    if GeneralCategoryGroup::Mark.contains(category) {
        // A mark goes with what it stands on.
        return Some(before.filter(|before| *before == Kind::Run).unwrap_or(Kind::Letters));
    }
    if GeneralCategoryGroup::Letter.contains(category) || category == GeneralCategory::PrivateUse {
        return Some(Kind::Letters);
    }
    GeneralCategoryGroup::Number.contains(category).then_some(Kind::Digits)
}

fn is_run(character: char) -> bool {
    character == LONG_VOWEL
        || matches!(
            script(character),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Hangul
                | Script::Bopomofo
                | Script::Yi
                | Script::Tangut
                | Script::Nushu
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
        ) && is_written(character)
        || CodePointMapData::<LineBreak>::new().get(character) == LineBreak::ComplexContext
}

/// Whether a character is written text of its script, not its punctuation or a currency.
fn is_written(character: char) -> bool {
    let category = category(character);
    GeneralCategoryGroup::Letter.contains(category)
        || GeneralCategoryGroup::Mark.contains(category)
        || GeneralCategoryGroup::Number.contains(category)
        || category == GeneralCategory::OtherSymbol
}

fn is_flag_half(character: char) -> bool {
    CodePointSetData::new::<RegionalIndicator>().contains(character)
}
