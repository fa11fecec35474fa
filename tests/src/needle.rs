//! Looks for bytes that must not be there: as they are, and in the encodings in which they might leak.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;

/// Something secret, and every form to look for.
#[derive(Debug)]
pub struct Needle {
    name: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Needle {
    /// A text: UTF-8, UTF-16, hex, base64 and the escapes of URLs.
    pub fn text(name: &str, text: &str) -> Self {
        let mut needle = Self::bytes(name, text.as_bytes());
        needle.forms.push(("UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
        needle.forms.push(("URL escapes", text.replace(' ', "%20").into_bytes()));
        needle.forms.push(("URL form", text.replace(' ', "+").into_bytes()));
        needle
    }

    /// Bytes, such as a key: as they are, hex, base64, and as a list of numbers.
    pub fn bytes(name: &str, bytes: &[u8]) -> Self {
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let mut forms = vec![
            ("itself", bytes.to_vec()),
            ("hex", hex::encode(bytes).into_bytes()),
            ("upper-case hex", hex::encode_upper(bytes).into_bytes()),
            ("a list of numbers", numbers.join(",").into_bytes()),
            ("a spaced list of numbers", numbers.join(", ").into_bytes()),
        ];
        // Base64 of bytes that begin anywhere in a group of three: what does not depend on the neighbours.
        for (before, dropped) in [(0, 0), (1, 2), (2, 3)] {
            let mut padded = vec![0; before];
            padded.extend_from_slice(bytes);
            let whole = padded.len() / 3 * 3;
            let cut = padded.get(..whole).unwrap_or_default();
            for (kind, encoded) in [("base64", STANDARD_NO_PAD.encode(cut)), ("base64url", URL_SAFE_NO_PAD.encode(cut))] {
                forms.push((kind, encoded.bytes().skip(dropped).collect()));
            }
        }
        Self { name: name.to_owned(), forms }
    }

    /// The first form of it that is in `haystack`.
    pub fn found_in(&self, haystack: &[u8]) -> Option<&'static str> {
        self.forms.iter().find(|(_, form)| form.len() >= 8 && memmem::find(haystack, form).is_some()).map(|(kind, _)| *kind)
    }

    /// What to call it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Every file below `folder`.
///
/// # Errors
/// If the folder can't be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    Ok(found)
}

/// Where any of the needles lies below `folder`: file, what, in which form.
///
/// # Errors
/// If a file can't be read.
pub fn leaks(folder: &Path, needles: &[Needle]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for file in files(folder)? {
        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
        for needle in needles {
            if let Some(form) = needle.found_in(&bytes) {
                found.push(format!("{} holds {} as {form}", file.display(), needle.name()));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_text_in_every_form_and_at_every_offset_of_base64() {
        let needle = Needle::text("text", "the quick sapphire canary");
        for before in 0..4 {
            let mut message = vec![b'x'; before];
            message.extend_from_slice(b"the quick sapphire canary, and more");
            for haystack in [
                message.clone(),
                hex::encode(&message).into_bytes(),
                STANDARD_NO_PAD.encode(&message).into_bytes(),
                URL_SAFE_NO_PAD.encode(&message).into_bytes(),
                format!("{message:?}").into_bytes(),
            ] {
                assert!(needle.found_in(&haystack).is_some(), "missed at {before} in {}", String::from_utf8_lossy(&haystack));
            }
        }
        assert!(needle.found_in(b"the quick ruby canary, nothing else").is_none());
    }

    #[test]
    fn names_the_file_and_the_form_of_a_leak() -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("deep"))?;
        std::fs::write(folder.path().join("deep/log"), format!("key={}", hex::encode([7; 32])))?;
        let found = leaks(folder.path(), &[Needle::bytes("the key", &[7; 32]), Needle::bytes("another", &[8; 32])])?;
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("deep/log holds the key as hex"), "{found:?}");
        Ok(())
    }
}
