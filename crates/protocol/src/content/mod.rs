//! What a message says, once decrypted and verified.

mod call;
mod file;
mod manifest;
mod visible;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{DeviceId, MessageId, cbor};

pub use call::{
    CallEnd, CallInvitation, CallMedia, CallOutcome, CallSecretBytes, CallSignal, Candidate, GuestInvitation, GuestStanding,
    MAX_CANDIDATES, MAX_SDP_BYTES, MediaState, SignalBody,
};
pub use file::{
    File, FileAction, FileKeyBytes, FileKeys, FileReceipt, FileRevocation, MAX_FILE_NAME_BYTES, MAX_THUMBNAIL_BYTES, Manifest, Picture,
    SealedFileKey, Thumbnail,
};
pub use manifest::{ManifestError, SealedManifest, manifest_aad, sign_manifest};
pub use visible::{is_blank, is_override};

/// The version of the content structure that we write.
pub const CONTENT_VERSION: u16 = 1;

/// A versioned content. A kind that we don't know is kept whole and shown as "sent by a newer version".
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// Words.
    Text(Text),
    /// Title and other description of the conversation, as it is from now on.
    Description(Description),
    /// A file, announced with its key.
    File(File),
    /// A device previewed or downloaded a file.
    FileReceipt(FileReceipt),
    /// A file was withdrawn.
    FileRevocation(FileRevocation),
    /// A call begins.
    Call(CallInvitation),
    /// A call is over.
    CallEnd(CallEnd),
    /// Signaling of a call; only in envelopes that the relay does not keep.
    CallSignal(CallSignal),
    /// A kind of a newer version: its name, and the bytes as they came.
    Unknown {
        /// What the newer version calls it.
        kind: String,
        /// Whether the newer version shows nothing of it in the thread.
        is_silent: bool,
        /// The whole content.
        bytes: Vec<u8>,
    },
}

/// Words, in Markdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The words.
    pub text: String,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageRef>,
}

/// A message of the same conversation. Ids are chosen by senders: only with the device an id names one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MessageRef {
    /// The device that sent it.
    pub device: DeviceId,
    /// Its id.
    pub message: MessageId,
}

/// The encrypted description of a conversation. Whoever adds a member sends it anew in the new epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The title.
    pub title: String,
    /// What was linked to it (orders, projects), by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, String>,
}

/// The longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 120;

/// The text can't be the title of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a title has 1 to 120 visible characters, on one line, in one direction")]
pub struct InvalidTitle;

impl Description {
    /// The title without white space at its ends, judged by one rule where it is sent and where it is received: it shows something, it is one
    /// line, and it can't make what stands beside it look like something else.
    ///
    /// # Errors
    /// [`InvalidTitle`].
    pub fn checked_title(title: &str) -> Result<&str, InvalidTitle> {
        let title = title.trim();
        let is_bad = |c: char| c.is_control() || is_override(c) || matches!(c, '\u{2028}' | '\u{2029}');
        if is_blank(title) || title.chars().count() > MAX_TITLE_CHARS || title.chars().any(is_bad) { Err(InvalidTitle) } else { Ok(title) }
    }
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u16,
    kind: String,
    /// So that an older version keeps a kind that it does not know without showing anything.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    silent: bool,
    body: T,
}

#[derive(Deserialize)]
struct Named {
    kind: String,
    #[serde(default)]
    silent: bool,
}

/// The longest text that one message carries, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

impl Content {
    /// What the kind is called. `history` and `kept` are names of kinds to come.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::Description(_) => "description",
            Self::File(_) => "file",
            Self::FileReceipt(_) => "file_receipt",
            Self::FileRevocation(_) => "file_revocation",
            Self::Call(_) => "call",
            Self::CallEnd(_) => "call_end",
            Self::CallSignal(_) => "call_signal",
            Self::Unknown { kind, .. } => kind,
        }
    }

    /// Whether nothing of it is shown in the thread.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        match self {
            Self::Text(_) | Self::File(_) | Self::Call(_) => false,
            Self::Description(_) | Self::FileReceipt(_) | Self::FileRevocation(_) | Self::CallEnd(_) | Self::CallSignal(_) => true,
            Self::Unknown { is_silent, .. } => *is_silent,
        }
    }

    /// The bytes that are encrypted.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => self.versioned(text),
            Self::Description(description) => self.versioned(description),
            Self::File(file) => self.versioned(file),
            Self::FileReceipt(receipt) => self.versioned(receipt),
            Self::FileRevocation(revocation) => self.versioned(revocation),
            Self::Call(call) => self.versioned(call),
            Self::CallEnd(end) => self.versioned(end),
            Self::CallSignal(signal) => self.versioned(signal),
            Self::Unknown { bytes, .. } => bytes.clone(),
        }
    }

    fn versioned<T: Serialize>(&self, body: T) -> Vec<u8> {
        cbor::encode(&Versioned { version: CONTENT_VERSION, kind: self.kind().into(), silent: self.is_silent(), body })
    }

    /// Reads a content.
    ///
    /// # Errors
    /// When it is no content at all, or a known kind whose body is damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, cbor::MalformedCbor> {
        let Named { kind, silent } = cbor::decode(bytes)?;
        match kind.as_str() {
            "text" => cbor::decode::<Versioned<Text>>(bytes).map(|content| Self::Text(content.body)),
            "description" => cbor::decode::<Versioned<Description>>(bytes).map(|content| Self::Description(content.body)),
            "file" => cbor::decode::<Versioned<File>>(bytes).map(|content| Self::File(content.body)),
            "file_receipt" => cbor::decode::<Versioned<FileReceipt>>(bytes).map(|content| Self::FileReceipt(content.body)),
            "file_revocation" => cbor::decode::<Versioned<FileRevocation>>(bytes).map(|content| Self::FileRevocation(content.body)),
            "call" => cbor::decode::<Versioned<CallInvitation>>(bytes).map(|content| Self::Call(content.body)),
            "call_end" => cbor::decode::<Versioned<CallEnd>>(bytes).map(|content| Self::CallEnd(content.body)),
            "call_signal" => cbor::decode::<Versioned<CallSignal>>(bytes).map(|content| Self::CallSignal(content.body)),
            _ => Ok(Self::Unknown { kind, is_silent: silent, bytes: bytes.to_vec() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_reads_back_as_it_was_written(text in ".{0,300}", reply in proptest::option::of(any::<[u8; 16]>())) {
            let reply_to = reply.map(|id| MessageRef { device: DeviceId::from_bytes(id), message: MessageId::from_bytes(id) });
            let content = Content::Text(Text { text, reply_to });
            prop_assert_eq!(Content::decode(&content.encode()).unwrap(), content);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Content::decode(&bytes);
        }
    }

    /// A title received was not looked at, and one with an override of direction was sent.
    #[test]
    fn a_title_is_one_visible_line_in_one_direction() {
        assert_eq!(Description::checked_title("  Ring 2041 \n"), Ok("Ring 2041"));
        assert_eq!(Description::checked_title("خاتم ٢٠٤١"), Ok("خاتم ٢٠٤١"));
        assert!(Description::checked_title(&"é".repeat(120)).is_ok());
        for title in
            ["", " ", "\u{200b}", "two\nlines", "two\u{2028}lines", "\u{1b}[31mred", "exe.\u{202e}fdp", "\u{2066}x", &"é".repeat(121)]
        {
            assert_eq!(Description::checked_title(title), Err(InvalidTitle), "{title:?}");
        }
    }

    #[test]
    fn a_kind_of_a_newer_version_is_kept_whole() {
        for silent in [false, true] {
            let bytes = cbor::encode(&Versioned { version: 9, kind: "hologram".into(), silent, body: 3 });
            let content = Content::decode(&bytes).unwrap();
            assert_eq!(content.encode(), bytes, "nothing of it may be lost");
            assert_eq!((content.kind(), content.is_silent()), ("hologram", silent));
        }
    }
}
