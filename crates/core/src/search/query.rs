//! From what a person types to the phrases that are looked up.

use core::ops::Range;

use icu_properties::props::Script;

use super::fold::{Folded, fold};
use super::letters::script;
use super::tokens::{Kind, Stretch, stretch_tokens, stretches};

/// The most characters of a query; what follows is not looked at.
const MAX_CHARS: usize = 256;

/// The most words of a query; what follows is not looked at.
const MAX_CHUNKS: usize = 32;

/// A word is looked for inside others from so many letters on: with fewer, nearly every word holds it.
const MIN_INSIDE_CHARS: usize = 4;

/// What Arabic writes before a word without a space: the article, "and", "so", "with", "like", "for".
const ARABIC_BEFORE: [&str; 11] = ["ال", "وال", "بال", "فال", "كال", "لل", "و", "ف", "ب", "ك", "ل"];

/// What Hebrew writes before a word without a space: "the", "and", "in", "to", "like", "from", "that".
const HEBREW_BEFORE: [&str; 9] = ["ה", "ו", "ב", "ל", "כ", "מ", "ש", "וה", "שה"];

/// What a person looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// All of these must be there.
    chunks: Vec<Chunk>,
    /// The one word of the query, where it may also stand inside others.
    inside: Option<String>,
}

/// What was typed holds no letter, digit or symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NothingToFind;

/// What stands between two spaces: one of the phrases must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Chunk(Vec<Phrase>);

/// Tokens side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    /// The tokens, without one that is empty.
    pub(super) tokens: Vec<String>,
    /// Whether the last token may be the beginning of a longer one.
    pub(super) is_beginning: bool,
    /// How many characters of the first token were not typed.
    pub(super) added: usize,
}

impl Query {
    /// Reads a query: words with spaces between them, the last of which may be a beginning.
    ///
    /// # Errors
    /// When there is nothing in it that can be found.
    pub fn parse(text: &str) -> Result<Self, NothingToFind> {
        let typed: String = text.chars().take(MAX_CHARS).collect();
        let folded = fold(&typed);
        let mut words: Vec<Vec<Stretch>> =
            words(&folded).map(|word| stretches(&folded, word)).filter(|stretches| !stretches.is_empty()).take(MAX_CHUNKS).collect();
        if let Some(last) = words.last_mut() {
            leave_out_half_syllable(&folded, last);
        }
        let (last, before) = words.split_last().ok_or(NothingToFind)?;
        let mut chunks: Vec<Chunk> = before.iter().map(|word| Chunk::new(&folded, word, false)).collect();
        chunks.push(Chunk::new(&folded, last, true));
        let inside = match (last.as_slice(), before) {
            ([one], []) if one.kind == Kind::Letters && one.at.len() >= MIN_INSIDE_CHARS => {
                Some(folded.characters(one.at.clone()).collect())
            }
            _ => None,
        };
        Ok(Self { chunks, inside })
    }

    /// The query in the language of FTS5, with every token quoted: nothing that a person types is taken for an operator.
    #[must_use]
    pub fn expression(&self) -> String {
        let chunks: Vec<String> = self.chunks.iter().map(Chunk::expression).collect();
        chunks.join(" AND ")
    }

    /// The word to look for inside others.
    pub(super) fn inside(&self) -> Option<&str> {
        self.inside.as_deref()
    }

    pub(super) fn phrases(&self) -> impl Iterator<Item = &Phrase> {
        self.chunks.iter().flat_map(|chunk| &chunk.0)
    }
}

impl Chunk {
    fn new(folded: &Folded, word: &[Stretch], is_last: bool) -> Self {
        let phrase = Phrase::new(folded, word, is_last);
        let mut phrases = vec![phrase];
        if is_last {
            phrases = phrases.into_iter().flat_map(Phrase::while_typed).collect();
        }
        if word.first().is_some_and(|first| first.kind == Kind::Letters && first.at.len() > 1) {
            phrases = phrases.into_iter().flat_map(Phrase::with_what_stands_before).collect();
        }
        Self(phrases)
    }

    fn expression(&self) -> String {
        let phrases: Vec<String> = self.0.iter().map(Phrase::expression).collect();
        match phrases.as_slice() {
            [one] => one.clone(),
            many => format!("({})", many.join(" OR ")),
        }
    }
}

impl Phrase {
    fn new(folded: &Folded, word: &[Stretch], is_last: bool) -> Self {
        let mut tokens: Vec<Range<usize>> = word.iter().flat_map(|stretch| stretch_tokens(folded, stretch)).collect();
        let is_beginning = match word.last() {
            // Two characters and more are pairs, and what follows them in the text does not matter.
            Some(last) if last.kind == Kind::Run && last.at.len() > 1 => {
                tokens.pop();
                false
            }
            // One character begins a pair, or stands alone at the end.
            Some(last) if last.kind == Kind::Run => true,
            Some(last) => is_last && last.kind != Kind::Symbols,
            None => false,
        };
        let tokens = tokens.into_iter().map(|token| folded.characters(token).collect()).collect();
        Self { tokens, is_beginning, added: 0 }
    }

    /// A Hangul syllable that waits for its final consonant stands for each that it may become.
    fn while_typed(self) -> Vec<Self> {
        let open = self.tokens.last().and_then(|token| token.chars().next_back()).filter(|&last| is_open_syllable(last));
        let Some(open) = open else { return vec![self] };
        let finals = (u32::from(open)..u32::from(open) + HANGUL_FINALS).filter_map(char::from_u32);
        finals
            .map(|syllable| {
                let mut phrase = self.clone();
                if let Some(token) = phrase.tokens.last_mut() {
                    token.pop();
                    token.push(syllable);
                }
                phrase
            })
            .collect()
    }

    /// Arabic and Hebrew write the article and small words in one with the word behind them.
    fn with_what_stands_before(self) -> Vec<Self> {
        let first = self.tokens.first().and_then(|token| token.chars().next());
        let before: &[&str] = match first.map(script) {
            Some(Script::Arabic) => &ARABIC_BEFORE,
            Some(Script::Hebrew) => &HEBREW_BEFORE,
            _ => &[],
        };
        let longer = before.iter().map(|before| {
            let mut phrase = self.clone();
            if let Some(token) = phrase.tokens.first_mut() {
                token.insert_str(0, before);
            }
            phrase.added = before.chars().count();
            phrase
        });
        let longer: Vec<Self> = longer.collect();
        [self].into_iter().chain(longer).collect()
    }

    fn expression(&self) -> String {
        let star = if self.is_beginning { " *" } else { "" };
        format!("\"{}\"{star}", self.tokens.join(" "))
    }
}

/// The parts between white space.
fn words(folded: &Folded) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    folded.0.split(|piece| piece.character.is_whitespace()).map(move |word| {
        let at = start..start + word.len();
        start = at.end + 1;
        at
    })
}

/// So many syllables share their beginning: without a final consonant, and with each of 27.
const HANGUL_FINALS: u32 = 28;

/// Leaves out a consonant that was typed behind a syllable and is none itself yet.
fn leave_out_half_syllable(folded: &Folded, word: &mut [Stretch]) {
    let Some(last) = word.last_mut().filter(|last| last.kind == Kind::Run) else { return };
    let mut ending = folded.characters(last.at.clone()).collect::<Vec<_>>().into_iter().rev();
    let is_half = ending.next().is_some_and(|jamo| matches!(jamo, '\u{1100}'..='\u{11FF}'));
    if is_half && ending.next().is_some_and(is_syllable) {
        last.at.end -= 1;
    }
}

fn is_syllable(character: char) -> bool {
    matches!(character, '가'..='힣')
}

fn is_open_syllable(character: char) -> bool {
    is_syllable(character) && (u32::from(character) - u32::from('가')) % HANGUL_FINALS == 0
}
