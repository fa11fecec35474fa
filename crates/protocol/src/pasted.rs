//! Links as people paste them out of mails, chats and pages.

/// A link is at most wrapped into so many lines.
const MAX_LINES: usize = 24;
/// A link has at most so many bytes.
const MAX_BYTES: usize = 4096;

/// What may be the link that begins with `prefix` (in any case), the shortest first: to its first white space, on to the next, and so on, without
/// the punctuation behind it.
pub(crate) fn links<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = String> + 'a {
    let after = find(text, prefix).and_then(|at| text.get(at + prefix.len()..)).unwrap_or_default();
    let pieces = after.split(is_gap).filter(|piece| !piece.is_empty() && !piece.chars().all(|c| c == '>')).take(MAX_LINES);
    pieces
        .scan(prefix.to_owned(), |link, piece| {
            // The soft line break of a mail (RFC 2045 §6.7); before the fragment, `=` may belong to the link.
            if link.contains('#') {
                link.truncate(link.trim_end_matches('=').len());
            }
            link.push_str(piece);
            (link.len() <= MAX_BYTES).then(|| bare(link))
        })
        .fuse()
}

fn find(text: &str, prefix: &str) -> Option<usize> {
    text.char_indices()
        .map(|(at, _)| at)
        .find(|at| text.get(*at..*at + prefix.len()).is_some_and(|found| found.eq_ignore_ascii_case(prefix)))
}

/// White space, and what has no width.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Without the escapes of a page and without what stands behind it.
fn bare(link: &str) -> String {
    link.replace("&amp;amp;", "&")
        .replace("&amp;", "&")
        .replace("&#38;", "&")
        .trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c))
        .to_owned()
}
