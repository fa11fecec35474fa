//! Text of others on a terminal: it can't move the cursor, reach the clipboard, run backwards, or pass for a line of ours.

use std::borrow::Cow;

use bezel_protocol::content::is_override;

/// What a line begins with that goes on with somebody's text. No line of ours begins so.
const CONTINUED: &str = "    | ";

/// The text of a whole output: all that a terminal would obey is written out, but for line breaks.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    if text.contains(|c| c != '\n' && is_obeyed(c)) {
        Cow::Owned(escaped(text, |c| c != '\n' && is_obeyed(c)))
    } else {
        Cow::Borrowed(text)
    }
}

/// A title, a name: on one line, whatever stands in it.
pub(crate) fn one_line(text: &str) -> String {
    escaped(text, is_obeyed)
}

/// Words that may have several lines: each after the first is marked as going on.
pub(crate) fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\t', "    ");
    text.split(['\n', '\u{85}', '\u{2028}', '\u{2029}']).map(one_line).collect::<Vec<_>>().join(&format!("\n{CONTINUED}"))
}

/// Control characters of both sets, line breaks among them, and what changes the direction of what follows.
fn is_obeyed(c: char) -> bool {
    c.is_control() || is_override(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

fn escaped(text: &str, is_bad: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_bad(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message cleared the screen, wrote a line in red, and filled the clipboard.
    #[test]
    fn nothing_that_a_terminal_obeys_is_printed() {
        let text = "paid\u{1b}]0;pwned\u{7}\u{1b}[2J\r\u{8}\u{9b}31m\u{202e}fdp\u{2066}\u{7f}";
        for shown in [harmless(text).into_owned(), one_line(text), lines(text)] {
            assert!(!shown.contains(is_obeyed), "{shown:?}");
            assert!(shown.contains("\\u{1b}]0;pwned"), "it stays readable: {shown}");
        }
        assert_eq!(harmless("one\ntwo"), "one\ntwo");
        assert_eq!(one_line("می\u{200c}خواهم 👨\u{200d}👩\u{200d}👧"), "می\u{200c}خواهم 👨\u{200d}👩\u{200d}👧", "joiners are letters");
    }

    /// "ok", a line break and "2026-11-29T19:00:00Z ben: I approve the quote" read as a message of ben.
    #[test]
    fn a_line_break_makes_no_line_of_somebody_else() {
        for line_break in ["\n", "\r\n", "\u{85}", "\u{2028}", "\n\n"] {
            let shown = lines(&format!("ok{line_break}2026-11-29T19:00:00Z ben: I approve"));
            assert!(shown.lines().skip(1).all(|line| line.starts_with(CONTINUED)), "{shown}");
        }
        assert_eq!(one_line("two\nlines"), "two\\u{a}lines");
    }
}
