//! The fold over every code point, and over random text.

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use super::super::tokens::tokens;
use super::super::{Query, fold, fold_name};

/// Letters whose other case the tables of normal forms, of case and of properties do not know alike yet.
const MOST_RARE_LETTERS: usize = 20;

fn folded(text: &str) -> String {
    fold(text).to_string()
}

/// A text in the forms in which it may come from another machine.
fn forms(text: &str) -> [String; 6] {
    [text.nfc().collect(), text.nfd().collect(), text.nfkc().collect(), text.nfkd().collect(), text.to_lowercase(), text.to_uppercase()]
}

fn every_character() -> impl Iterator<Item = char> {
    ('\0'..=char::MAX).filter(|&character| character != '\u{0}')
}

#[test]
fn folding_a_fold_changes_no_character_of_unicode() {
    let changed: Vec<char> = every_character()
        .filter(|character| {
            let once = folded(&character.to_string());
            folded(&once) != once
        })
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn every_form_of_every_character_folds_alike() {
    let different: Vec<char> = every_character()
        .filter(|character| {
            let text = character.to_string();
            let once = folded(&text);
            forms(&text).iter().any(|form| *form != text && folded(form) != once)
        })
        .collect();
    assert!(different.len() <= MOST_RARE_LETTERS, "{} letters: {different:?}", different.len());
}

/// A message may be one endless heap of marks.
#[test]
fn marks_without_end_are_folded_in_a_moment() {
    let heap = format!("и{}{}", "\u{3099}".repeat(10_000), "\u{306}\u{308}".repeat(10_000));
    assert_eq!(fold(&heap).pieces().first().map(|piece| piece.start), Some(0));
    assert_eq!(folded(&heap), folded(&heap.nfc().collect::<String>()));
}

/// Characters of many scripts, with the marks that stand behind them.
fn text() -> impl Strategy<Value = String> {
    let characters = prop_oneof![
        4 => any::<char>(),
        4 => prop::char::range('\u{20}', '\u{17F}'),
        2 => prop::char::range('\u{300}', '\u{36F}'),
        2 => prop::char::range('\u{370}', '\u{52F}'),
        2 => prop::char::range('\u{590}', '\u{6FF}'),
        2 => prop::char::range('\u{900}', '\u{DFF}'),
        2 => prop::char::range('\u{E00}', '\u{FFF}'),
        2 => prop::char::range('\u{1100}', '\u{11FF}'),
        2 => prop::char::range('\u{3040}', '\u{31FF}'),
        1 => prop::char::range('가', '힣'),
        1 => prop::char::range('\u{1F1E6}', '\u{1F64F}'),
        1 => prop::char::range('\u{200B}', '\u{206F}'),
    ];
    prop::collection::vec(characters, 0..40).prop_map(|characters| characters.into_iter().collect())
}

/// Vulgar fractions behind digits are the documented exception; the rest of the rare letters is counted above.
fn is_exception(text: &str) -> bool {
    text.chars().any(|character| {
        let once = folded(&character.to_string());
        once.contains('\u{2044}') || forms(&character.to_string()).iter().any(|form| folded(form) != once)
    })
}

proptest! {
    #[test]
    fn folding_twice_is_folding_once(text in text()) {
        let once = folded(&text);
        prop_assert_eq!(folded(&once), once);
    }

    #[test]
    fn normal_forms_of_a_text_fold_alike(text in text()) {
        prop_assume!(!is_exception(&text));
        let once = folded(&text);
        for form in forms(&text) {
            prop_assert_eq!(folded(&form), once.clone(), "{:?} as {:?}", text, form);
        }
    }

    #[test]
    fn pieces_and_tokens_lie_on_the_borders_of_characters(text in text()) {
        let folded = fold(&text);
        let mut before = (0, 0);
        for piece in folded.pieces() {
            prop_assert!(text.get(piece.start..piece.end).is_some());
            prop_assert!(before.0 <= piece.start && before.1 <= piece.end, "places go forward");
            before = (piece.start, piece.end);
        }
        for token in tokens(&folded) {
            prop_assert!(!token.is_empty() && token.end <= folded.pieces().len());
        }
    }

    #[test]
    fn marking_never_fails_and_loses_nothing(text in text(), typed in text(), at in 0..40_usize) {
        let part: String = text.chars().skip(at).take(8).collect();
        for typed in [typed, part] {
            if let Ok(query) = Query::parse(&typed) {
                let snippet = query.snippet(&text);
                prop_assert_eq!(snippet.matches('\u{1}').count(), snippet.matches('\u{2}').count());
                let shown = snippet.replace(['\u{1}', '\u{2}'], "");
                let whole = text.replace(['\u{1}', '\u{2}'], "");
                prop_assert!(whole.contains(shown.strip_prefix('…').unwrap_or(&shown).strip_suffix('…').unwrap_or(&shown))
                    || whole.contains(shown.trim_matches('…')));
            }
        }
    }

    #[test]
    fn a_name_is_found_by_each_of_its_parts(name in "[a-zÀ-ÿ가-힣ぁ-ん0-9 .-]{1,20}", from in 0..20_usize) {
        let part: String = name.chars().skip(from).collect();
        if let Some(needle) = super::super::Needle::new(&part) {
            prop_assert!(needle.rank(&name).is_some(), "{:?} in {:?}", part, fold_name(&name));
        }
    }
}
