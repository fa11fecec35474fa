//! `Upload-Metadata`: pairs of a name and a value in Base64, separated by commas.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezel_protocol::wire::{FileAccess, MAX_NAMED_USERS, tus};
use bezel_protocol::{ConversationId, FileId, cbor};

use crate::http::Refusal;

/// What an upload says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) file: FileId,
    pub(super) conversation: ConversationId,
    pub(super) access: FileAccess,
}

impl Metadata {
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        let text = headers.get(tus::UPLOAD_METADATA).and_then(|value| value.to_str().ok());
        let metadata = text.and_then(Self::parse).ok_or_else(|| Refusal::malformed("upload-metadata is missing or can't be read"))?;
        check_access(&metadata.access)?;
        Ok(metadata)
    }

    /// Names that we don't know are left alone; one that comes twice is an error. Without an access, every member of the conversation gets the
    /// file.
    fn parse(text: &str) -> Option<Self> {
        let (mut file, mut conversation, mut access) = (None, None, None);
        for pair in text.split(',') {
            let mut words = pair.trim().split(' ');
            let name = words.next()?;
            let value = STANDARD.decode(words.next().unwrap_or_default()).ok()?;
            let place = match name {
                "" => return None,
                tus::FILE => &mut file,
                tus::CONVERSATION => &mut conversation,
                tus::ACCESS => &mut access,
                _ => continue,
            };
            if words.next().is_some() || place.replace(value).is_some() {
                return None;
            }
        }
        Some(Self {
            file: FileId::from_slice(&file?)?,
            conversation: ConversationId::from_slice(&conversation?)?,
            access: access.map_or(Some(FileAccess::default()), |access| cbor::decode(&access).ok())?,
        })
    }
}

/// Bounds on an access, wherever it comes from.
pub(super) fn check_access(access: &FileAccess) -> Result<(), Refusal> {
    if access.named.as_ref().is_some_and(|named| named.len() > MAX_NAMED_USERS) {
        return Err(Refusal::malformed(format!(
            "a file can be for {MAX_NAMED_USERS} people by name; more see it as members of the conversation"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bezel_protocol::UserId;
    use proptest::prelude::*;

    use super::*;

    fn write(metadata: &Metadata) -> String {
        let pairs = [
            (tus::FILE, metadata.file.as_bytes().to_vec()),
            (tus::CONVERSATION, metadata.conversation.as_bytes().to_vec()),
            (tus::ACCESS, cbor::encode(&metadata.access)),
        ];
        pairs.map(|(name, value)| format!("{name} {}", STANDARD.encode(value))).join(",")
    }

    #[test]
    fn what_is_unknown_is_left_alone_and_what_is_twice_is_not_taken() {
        let (file, conversation) = (FileId::from_bytes([1; 16]), ConversationId::from_bytes([2; 16]));
        let known = Metadata { file, conversation, access: FileAccess::default() };
        let text = write(&known);
        assert_eq!(Metadata::parse(&text), Some(known.clone()));
        assert_eq!(Metadata::parse(&format!("is_confidential, {text},filename d29ybGQ=")), Some(known.clone()));
        let short = text.rsplit_once(',').unwrap().0;
        assert_eq!(Metadata::parse(short), Some(known), "without an access, for every member");
        let again = text.split(',').next().unwrap();
        for bad in [format!("{text},{again}"), format!("{text},"), text.replace(' ', "  "), text.replace("file ", "file !"), String::new()]
        {
            assert_eq!(Metadata::parse(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_metadata_or_none(text in "[ -~]{0,200}") {
            let _ = Metadata::parse(&text);
        }

        #[test]
        fn what_is_written_is_read(
            (file, conversation) in any::<([u8; 16], [u8; 16])>(),
            named in proptest::option::of(proptest::collection::vec(any::<[u8; 16]>().prop_map(UserId::from_bytes), 0..20)),
            view_only: bool,
            expires_at_ms: Option<i64>,
        ) {
            let access = FileAccess { named, view_only, expires_at_ms };
            let metadata = Metadata { file: FileId::from_bytes(file), conversation: ConversationId::from_bytes(conversation), access };
            prop_assert_eq!(Metadata::parse(&write(&metadata)), Some(metadata));
        }
    }
}
