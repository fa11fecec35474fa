//! Where a query stands in the original text, and a snippet around it.

use core::ops::Range;
use std::borrow::Cow;

use super::fold::{Folded, fold};
use super::letters::{MARK_END, MARK_START};
use super::query::{Phrase, Query};
use super::tokens::tokens;

/// The most bytes of the original in a snippet.
const SNIPPET_BYTES: usize = 160;

/// So many bytes before the first match are shown as well.
const BEFORE_BYTES: usize = 48;

impl Query {
    /// The part of a text around its first match. Each match stands between U+0001 and U+0002, which the text itself loses; "…" stands
    /// where something is left out.
    #[must_use]
    pub fn snippet(&self, text: &str) -> String {
        let text: Cow<'_, str> =
            if text.contains([MARK_START, MARK_END]) { text.replace([MARK_START, MARK_END], "").into() } else { text.into() };
        let folded = fold(&text);
        let marks = self.marks(&folded);
        let window = window(&text, &folded, marks.first());
        let mut snippet = String::with_capacity(window.len() + 16);
        if window.start > 0 {
            snippet.push('…');
        }
        let mut at = window.start;
        for mark in marks {
            let mark = mark.start.max(at)..mark.end.min(window.end);
            if mark.is_empty() {
                continue;
            }
            snippet.push_str(text.get(at..mark.start).unwrap_or_default());
            snippet.push(MARK_START);
            snippet.push_str(text.get(mark.clone()).unwrap_or_default());
            snippet.push(MARK_END);
            at = mark.end;
        }
        snippet.push_str(text.get(at..window.end).unwrap_or_default());
        if window.end < text.len() {
            snippet.push('…');
        }
        snippet
    }

    /// The bytes that match, in order; those that touch are one.
    fn marks(&self, folded: &Folded) -> Vec<Range<usize>> {
        let tokens = tokens(folded);
        let mut found: Vec<Range<usize>> = self.phrases().flat_map(|phrase| occurrences(phrase, folded, &tokens)).collect();
        if let Some(word) = self.inside() {
            found.extend(tokens.iter().flat_map(|token| inside(word, folded, token)));
        }
        let mut marks: Vec<Range<usize>> = found.into_iter().filter_map(|at| original(folded, at)).collect();
        marks.sort_by_key(|mark| (mark.start, mark.end));
        marks.dedup_by(|next, before| {
            let touches = next.start <= before.end;
            if touches {
                before.end = before.end.max(next.end);
            }
            touches
        });
        marks
    }
}

/// Where a phrase stands among the folded characters, as far as it was typed.
fn occurrences<'a>(phrase: &'a Phrase, folded: &'a Folded, tokens: &'a [Range<usize>]) -> impl Iterator<Item = Range<usize>> + 'a {
    // Windows of no tokens do not exist.
    tokens.windows(phrase.tokens.len().max(1)).filter_map(move |window| {
        let mut end = 0;
        for (at, (token, wanted)) in window.iter().zip(&phrase.tokens).enumerate() {
            let is_open = phrase.is_beginning && at + 1 == phrase.tokens.len();
            let length = wanted.chars().count();
            let fits = if is_open { length <= token.len() } else { length == token.len() };
            if !fits || !folded.characters(token.clone()).zip(wanted.chars()).all(|(one, other)| one == other) {
                return None;
            }
            end = token.start + length;
        }
        Some(window.first()?.start + phrase.added..end)
    })
}

/// Where a word stands inside a token.
fn inside<'a>(word: &'a str, folded: &'a Folded, token: &Range<usize>) -> impl Iterator<Item = Range<usize>> + 'a {
    let length = word.chars().count();
    let last = token.end.saturating_sub(length);
    (token.start..=last).map(move |at| at..at + length).filter(move |at| folded.characters(at.clone()).eq(word.chars()))
}

/// The bytes of some of the folded characters.
fn original(folded: &Folded, at: Range<usize>) -> Option<Range<usize>> {
    let pieces = folded.0.get(at)?;
    Some(pieces.first()?.start..pieces.last()?.end)
}

/// What is shown: never parted inside a character with its marks, unless it alone is longer than a snippet.
fn window(text: &str, folded: &Folded, first: Option<&Range<usize>>) -> Range<usize> {
    let wanted = first.map_or(0, |mark| mark.start.saturating_sub(BEFORE_BYTES)).min(text.len().saturating_sub(SNIPPET_BYTES));
    let start = match wanted {
        0 => 0,
        _ => folded.0.iter().map(|piece| piece.start).find(|&start| start >= wanted).unwrap_or_default(),
    };
    let most = start + SNIPPET_BYTES;
    if most >= text.len() {
        return start..text.len();
    }
    let fitting = folded.0.iter().map(|piece| piece.end).take_while(|&end| end <= most).last();
    start..fitting.filter(|&end| end > start).unwrap_or_else(|| text.floor_char_boundary(most))
}
