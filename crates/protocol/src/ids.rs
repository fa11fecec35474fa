//! Ids: one type a noun, each a UUID (RFC 9562), version 7 when made here.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a version 7 id from the time in milliseconds since the epoch and ten random bytes.
            #[must_use]
            pub fn new(now_ms: i64, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now_ms).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// Takes the 16 bytes of an id that came from outside.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The bytes of a slice, if there are 16.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

/// The text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id (36 characters such as 01920000-0000-7000-8000-000000000000)")]
pub struct InvalidId;

id!(/// A workspace: one shop or chain, one roster.
    WorkspaceId);
id!(/// A person or a headless member.
    UserId);
id!(/// One installation of a user; one leaf in each of the user's groups.
    DeviceId);
id!(/// A conversation; also the id of its MLS group.
    ConversationId);
id!(/// A message; the same id sent twice is one message.
    MessageId);
id!(/// An invitation.
    InviteId);
id!(/// An encrypted file; also the name of its blob on the relay.
    FileId);
id!(/// A call in a conversation.
    CallId);
id!(/// A link by which a client comes into a call from a browser.
    GuestLinkId);
id!(/// A browser that came by a link.
    GuestId);
