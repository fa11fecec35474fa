//! What kind of file it is.

/// How many bytes from the beginning of a file [`recognise`] looks at.
pub const HEAD_BYTES: usize = 8 * 1024;

const UNKNOWN: &str = "application/octet-stream";
const TEXT: &str = "text/plain";
const HTML: &str = "text/html";
const XML: &str = "text/xml";
const SVG: &str = "image/svg+xml";
const ZIP: &str = "application/zip";

/// Types whose first bytes are of text. Other signatures are two letters at times, with which a text may begin as well.
const WRITTEN: [&str; 4] = ["application/pdf", "application/postscript", "application/rtf", "application/x-x509-ca-cert"];
/// Types that are a ZIP archive inside, and say so by their name alone.
const ZIPPED: [&str; 7] = [
    "application/java-archive",
    "application/vnd.android.package-archive",
    "application/vnd.oasis.opendocument.",
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.ms-excel.",
    "application/vnd.ms-powerpoint.",
    "application/vnd.ms-word.",
];
/// Text, though the type does not begin with it.
const TEXTUAL: [&str; 6] =
    ["application/json", "application/javascript", "application/sql", "application/toml", "application/x-sh", "application/xhtml+xml"];

/// The media type of a file that begins with `head` ([`HEAD_BYTES`] suffice) and is called `name`.
///
/// What the bytes say counts; the name is asked only where they say nothing, and never believed where they contradict it: a program
/// called `photo.jpg` is a program, and a `photo.jpg` that is no JPEG is `application/octet-stream`. What a browser would run as a
/// document, HTML and SVG, is named as such wherever it hides.
#[must_use]
pub fn recognise(head: &[u8], name: &str) -> String {
    let head = head.get(..HEAD_BYTES).unwrap_or(head);
    let named = mime_guess::from_path(name).first();
    let named = named.as_ref().map(|named| named.essence_str());
    let text = is_text(head);
    if let Some(markup) = text.then(|| markup(head)).flatten() {
        return markup_named(markup, named).to_owned();
    }
    match infer::get(head).map(|found| found.mime_type()) {
        Some(ZIP) => named.filter(|named| ZIPPED.iter().any(|zipped| named.starts_with(zipped))).unwrap_or(ZIP),
        Some(found) if !text || found.starts_with("text/") || WRITTEN.contains(&found) => found,
        _ => by_name(named, text, head.is_empty()),
    }
    .to_owned()
}

/// Markup of another kind has its name; one that a browser would run keeps its own.
fn markup_named<'a>(markup: &'a str, named: Option<&'a str>) -> &'a str {
    match named {
        Some(named) if markup == XML && (named.ends_with("+xml") || named.ends_with("/xml")) => named,
        _ => markup,
    }
}

/// For bytes without a signature.
fn by_name(named: Option<&str>, text: bool, empty: bool) -> &str {
    let fallback = if text && !empty { TEXT } else { UNKNOWN };
    match named {
        // A type with a signature would have been found by it.
        Some(named) if infer::is_mime_supported(named) && named != HTML => fallback,
        Some(named) if is_textual(named) => {
            if text {
                named
            } else {
                UNKNOWN
            }
        }
        Some(named) if !text || empty => named,
        _ => fallback,
    }
}

fn is_textual(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || media_type.ends_with("+xml")
        || media_type.ends_with("/xml")
        || media_type.ends_with("+json")
        || TEXTUAL.contains(&media_type)
}

/// UTF-8 without control characters, but for the last character, which may be cut; or UTF-16 with its mark.
fn is_text(head: &[u8]) -> bool {
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return decode_utf16(head).is_some_and(|text| is_written(&text));
    }
    match std::str::from_utf8(head) {
        Ok(text) => is_written(text),
        Err(error) if error.error_len().is_none() => {
            head.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).is_some_and(is_written)
        }
        Err(_) => false,
    }
}

fn is_written(text: &str) -> bool {
    text.chars().all(|letter| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r' | '\x0C' | '\x1B'))
}

/// `None` where a pair is broken other than at the end.
fn decode_utf16(head: &[u8]) -> Option<String> {
    let little = head.starts_with(&[0xFF, 0xFE]);
    let units = head.as_chunks::<2>().0.iter().map(|&pair| if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) });
    let mut units: Vec<u16> = units.skip(1).collect();
    if units.last().is_some_and(|last| (0xD800..0xDC00).contains(last)) {
        units.pop();
    }
    String::from_utf16(&units).ok()
}

/// SVG, HTML or XML, by what stands before the first element that is not of the head of XML.
fn markup(head: &[u8]) -> Option<&'static str> {
    let wide = if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) { decode_utf16(head) } else { None };
    let narrow = head.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(head);
    let text = wide.unwrap_or_else(|| String::from_utf8_lossy(narrow).into_owned()).to_ascii_lowercase();
    let mut rest = text.trim_start();
    let xml = rest.starts_with("<?xml");
    loop {
        let end = if rest.starts_with("<!doctype html") {
            return Some(HTML);
        } else if rest.starts_with("<!doctype svg") {
            return Some(SVG);
        } else if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?") || rest.starts_with("<!") {
            ">"
        } else {
            break;
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after.trim_start(),
            None => return Some(if xml { XML } else { HTML }),
        }
    }
    let element = rest.strip_prefix('<')?;
    let element = element.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != ':').next()?;
    match element.rsplit(':').next()? {
        "svg" => Some(SVG),
        element if HTML_ELEMENTS.contains(&element) => Some(HTML),
        _ if xml => Some(XML),
        _ => None,
    }
}

/// Elements by which a browser takes a document for HTML (WHATWG MIME Sniffing, section 7.1), and some more that run something.
const HTML_ELEMENTS: [&str; 25] = [
    "html", "head", "body", "script", "iframe", "h1", "div", "font", "table", "a", "style", "title", "b", "br", "p", "img", "video",
    "audio", "object", "embed", "form", "meta", "link", "base", "frameset",
];

#[cfg(test)]
mod tests;
