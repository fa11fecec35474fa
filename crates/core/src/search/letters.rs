//! What is left out, and what stands for what.

use icu_properties::props::{DefaultIgnorableCodePoint, EmojiModifier, GeneralCategory, Script};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Arabic's stretched line, U+0640.
const TATWEEL: char = '\u{640}';
/// Devanagari's dot below: क़ is typed as क.
const NUKTA: char = '\u{93C}';
/// The small iota below a Greek vowel.
const IOTA_BELOW: char = '\u{345}';
const BREVE: char = '\u{306}';
const DIAERESIS: char = '\u{308}';
/// U+3099 and U+309A: が is not か.
const KANA_VOICE: [char; 2] = ['\u{3099}', '\u{309A}'];
/// Between these two the match stands in a snippet; a text can't bring them along.
pub(super) const MARK_START: char = '\u{1}';
pub(super) const MARK_END: char = '\u{2}';

pub(super) fn script(character: char) -> Script {
    CodePointMapData::<Script>::new().get(character)
}

pub(super) fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

/// Whether a character is nothing that a person sees or types: joiners, soft hyphens, selectors, skin tones.
pub(super) fn is_ignored(character: char) -> bool {
    if character.is_ascii() {
        return matches!(character, MARK_START | MARK_END);
    }
    character == TATWEEL
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || CodePointSetData::new::<EmojiModifier>().contains(character)
}

/// Whether a character is a mark behind `base` that people leave out when they type. Marks that make another letter, such as vowel
/// signs, stay.
pub(super) fn is_dropped_mark(character: char, base: Option<char>) -> bool {
    if character < '\u{300}' || !matches!(category(character), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark) {
        return false;
    }
    match character {
        NUKTA => true,
        IOTA_BELOW => false,
        BREVE => base.is_none_or(|base| script(base) != Script::Cyrillic),
        DIAERESIS => base != Some('і'),
        _ if KANA_VOICE.contains(&character) => false,
        _ => matches!(
            script(character),
            Script::Inherited
                | Script::Common
                | Script::Latin
                | Script::Greek
                | Script::Cyrillic
                | Script::Coptic
                | Script::Hebrew
                | Script::Arabic
                | Script::Syriac
        ),
    }
}

/// Says a letter in the plainest way that people type it.
pub(super) fn plain(character: char, mut say: impl FnMut(char)) {
    let plain = match character {
        'æ' => return ['a', 'e'].into_iter().for_each(say),
        'œ' => return ['o', 'e'].into_iter().for_each(say),
        'þ' => return ['t', 'h'].into_iter().for_each(say),
        'ø' => 'o',
        'đ' | 'ð' | 'ɖ' => 'd',
        'ł' => 'l',
        'ħ' => 'h',
        'ŧ' => 't',
        'ĸ' => 'k',
        IOTA_BELOW => 'ι',
        'ٱ' => 'ا',
        'ى' | 'ی' | 'ې' => 'ي',
        'ک' => 'ك',
        'ة' | 'ە' | 'ہ' | 'ھ' | 'ۃ' => 'ه',
        'ך' => 'כ',
        'ם' => 'מ',
        'ן' => 'נ',
        'ף' => 'פ',
        'ץ' => 'צ',
        // Chandrabindu is often written as anusvara.
        '\u{901}' => '\u{902}',
        // An input method shows Hiragana before it converts: Katakana lies 0x60 above it.
        '\u{30A1}'..='\u{30F6}' | '\u{30FD}' | '\u{30FE}' => char::from_u32(u32::from(character) - 0x60).unwrap_or(character),
        _ if character >= '\u{80}' && category(character) == GeneralCategory::DecimalNumber => digit(character),
        _ => character,
    };
    say(plain);
}

/// The ASCII digit: every script has its ten in one row of the code chart.
fn digit(character: char) -> char {
    let row = (0..u32::from(character)).rev().map_while(char::from_u32);
    let before = row.take_while(|&each| category(each) == GeneralCategory::DecimalNumber).count();
    u32::try_from(before % 10).ok().and_then(|value| char::from_digit(value, 10)).unwrap_or(character)
}
