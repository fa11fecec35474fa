//! Characters that nobody sees, and those that make a text look like another one.

/// Whether a text shows nothing: white space, characters without width, and letters that look like a space.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// Whether a character makes the text around it run in another direction (Unicode Standard Annex #9, explicit formatting).
#[must_use]
pub const fn is_override(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Default-ignorable code points (Unicode Standard Annex #44), and the blanks among the letters and patterns.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty bubble was sent.
    #[test]
    fn text_that_shows_nothing_is_blank() {
        for text in [
            "",
            " \n\t",
            "\u{200b}",
            "\u{2800}",
            "\u{3164}",
            "\u{ad}",
            "\u{feff}",
            "\u{200d}\u{fe0f}",
            "\u{e0041}",
            "\u{202e} \u{2066}",
            "\u{7}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["a", "\u{200b}.", "👍🏽", "❤\u{fe0f}", "می\u{200c}", "\u{301}", "·"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
