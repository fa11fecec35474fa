//! Names of files from outside, made fit for this machine's disk.

/// The longest name that every file system takes, in bytes.
const MAX_BYTES: usize = 200;

/// Names that Windows keeps for devices.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2", "lpt3", "lpt4",
    "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// A name for the disk, from a name that somebody else chose: one name and no path, no hidden file, nothing that a file system refuses or
/// that makes a text run backwards.
#[must_use]
pub fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last.chars().filter(|c| !is_hidden(*c)).map(|c| if "<>:\"|?*".contains(c) { '_' } else { c }).collect();
    let shortened = shorten(trim(&visible));
    let shortened = trim(&shortened);
    let stem = shortened.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    if shortened.is_empty() {
        "file".into()
    } else if RESERVED.contains(&stem.as_str()) {
        format!("_{shortened}")
    } else {
        shortened.into()
    }
}

/// Neither dots nor spaces at either end.
fn trim(name: &str) -> &str {
    name.trim_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Control characters, and those that change the direction of text or have no width.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Cut at a character, with the ending kept.
fn shorten(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.into();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 16 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let room = MAX_BYTES.saturating_sub(ending.len());
    let end = stem.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= room).last().unwrap_or(0);
    format!("{}{ending}", stem.get(..end).unwrap_or_default().trim_end())
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use super::*;

    #[test]
    fn a_path_in_a_name_leads_nowhere() {
        for (name, safe) in [
            ("../../etc/passwd", "passwd"),
            ("..\\..\\windows\\system32\\evil.dll", "evil.dll"),
            ("/etc/shadow", "shadow"),
            ("..", "file"),
            (".", "file"),
            ("", "file"),
            (".bashrc", "bashrc"),
            ("a\0b\n.txt", "ab.txt"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("NUL.txt", "_NUL.txt"),
            ("ring.jpg. ", "ring.jpg"),
            ("C:evil", "C_evil"),
            ("Bague n°2041 – «Lune» 🌙.jpg", "Bague n°2041 – «Lune» 🌙.jpg"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_becomes_one_component_that_a_disk_takes(name in "\\PC{0,400}|[./\\\\a\u{0}-\u{1f}\u{202e}]{0,40}") {
            let safe = safe_name(&name);
            let mut components = Path::new(&safe).components();
            proptest::prop_assert!(matches!(components.next(), Some(Component::Normal(_))) && components.next().is_none());
            proptest::prop_assert!(safe.len() <= MAX_BYTES + 1 && !safe.starts_with('.'));
            proptest::prop_assert_eq!(safe_name(&safe), safe, "a safe name stays");
        }
    }
}
