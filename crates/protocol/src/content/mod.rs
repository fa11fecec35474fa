//! What a message says, once decrypted and verified.

mod call;
mod file;
mod manifest;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ConversationId, Hash, MessageId, cbor};

pub use call::{
    CallEnd, CallInvitation, CallMedia, CallOutcome, CallSecretBytes, CallSignal, Candidate, GuestInvitation, GuestStanding,
    MAX_CANDIDATES, MAX_SDP_BYTES, MediaState, SignalBody,
};
pub use file::{
    File, FileAction, FileKeyBytes, FileKeys, FileReceipt, FileRevocation, MAX_FILE_NAME_BYTES, MAX_THUMBNAIL_BYTES, Manifest, Picture,
    SealedFileKey, Thumbnail,
};
pub use manifest::{ManifestError, SealedManifest, manifest_aad, sign_manifest};

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
    pub reply_to: Option<MessageId>,
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

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u16,
    kind: String,
    body: T,
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

/// The longest text that one message carries, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

impl Content {
    /// The bytes that are encrypted.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        fn versioned<T: Serialize>(kind: &str, body: T) -> Vec<u8> {
            cbor::encode(&Versioned { version: CONTENT_VERSION, kind: kind.into(), body })
        }
        match self {
            Self::Text(text) => versioned("text", text),
            Self::Description(description) => versioned("description", description),
            Self::File(file) => versioned("file", file),
            Self::FileReceipt(receipt) => versioned("file_receipt", receipt),
            Self::FileRevocation(revocation) => versioned("file_revocation", revocation),
            Self::Call(call) => versioned("call", call),
            Self::CallEnd(end) => versioned("call_end", end),
            Self::CallSignal(signal) => versioned("call_signal", signal),
            Self::Unknown { bytes, .. } => bytes.clone(),
        }
    }

    /// Reads a content.
    ///
    /// # Errors
    /// When it is no content at all, or a known kind whose body is damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, cbor::MalformedCbor> {
        let Kind { kind } = cbor::decode(bytes)?;
        match kind.as_str() {
            "text" => cbor::decode::<Versioned<Text>>(bytes).map(|content| Self::Text(content.body)),
            "description" => cbor::decode::<Versioned<Description>>(bytes).map(|content| Self::Description(content.body)),
            "file" => cbor::decode::<Versioned<File>>(bytes).map(|content| Self::File(content.body)),
            "file_receipt" => cbor::decode::<Versioned<FileReceipt>>(bytes).map(|content| Self::FileReceipt(content.body)),
            "file_revocation" => cbor::decode::<Versioned<FileRevocation>>(bytes).map(|content| Self::FileRevocation(content.body)),
            "call" => cbor::decode::<Versioned<CallInvitation>>(bytes).map(|content| Self::Call(content.body)),
            "call_end" => cbor::decode::<Versioned<CallEnd>>(bytes).map(|content| Self::CallEnd(content.body)),
            "call_signal" => cbor::decode::<Versioned<CallSignal>>(bytes).map(|content| Self::CallSignal(content.body)),
            _ => Ok(Self::Unknown { kind, bytes: bytes.to_vec() }),
        }
    }
}

/// The epoch of a conversation and how its key may be recognised, as a member's device keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochName {
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch.
    pub epoch: u64,
    /// SHA-256 of the MLS epoch authenticator (RFC 9420 §8.7).
    pub authenticator: Hash,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_reads_back_as_it_was_written(text in ".{0,300}", reply in proptest::option::of(any::<[u8; 16]>())) {
            let content = Content::Text(Text { text, reply_to: reply.map(MessageId::from_bytes) });
            prop_assert_eq!(Content::decode(&content.encode()).unwrap(), content);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Content::decode(&bytes);
        }
    }

    #[test]
    fn a_kind_of_a_newer_version_is_kept_whole() {
        let bytes = cbor::encode(&Versioned { version: 9, kind: "hologram".into(), body: 3 });
        let content = Content::decode(&bytes).unwrap();
        assert_eq!(content.encode(), bytes, "nothing of it may be lost");
        assert!(matches!(content, Content::Unknown { kind, .. } if kind == "hologram"));
    }
}
