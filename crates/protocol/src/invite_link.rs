//! The link that invites someone: where the workspace is, what its genesis is, and the key to join.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::{Hash, InviteId, WorkspaceId};

/// `bezel://join?relay=…&workspace=…&invite=…#SECRET`; the fragment holds the seed of the invite's private key and the hash of the
/// genesis statement, so that the first contact is not trust on first use. It has no `Debug` and is never logged.
pub struct InviteLink {
    /// Where the relay answers.
    pub relay: Url,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The invite.
    pub invite: InviteId,
    /// Seed of the invite's Ed25519 key (32 bytes).
    pub seed: [u8; 32],
    /// SHA-256 of the signed genesis statement.
    pub genesis: Hash,
}

/// The text is not an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a Bezel invitation; copy the whole link, from bezel:// to its last character")]
pub struct InvalidInviteLink;

impl InviteLink {
    /// Reads a link.
    ///
    /// # Errors
    /// When a part is missing or damaged.
    pub fn parse(text: &str) -> Result<Self, InvalidInviteLink> {
        let link = Url::parse(text.trim()).map_err(|_| InvalidInviteLink)?;
        if link.scheme() != "bezel" || link.host_str() != Some("join") {
            return Err(InvalidInviteLink);
        }
        let field =
            |name: &str| link.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).ok_or(InvalidInviteLink);
        let relay = Url::parse(&field("relay")?).map_err(|_| InvalidInviteLink)?;
        if !matches!(relay.scheme(), "http" | "https") || relay.host_str().is_none() {
            return Err(InvalidInviteLink);
        }
        let secret = URL_SAFE_NO_PAD.decode(link.fragment().unwrap_or_default()).map_err(|_| InvalidInviteLink)?;
        let (seed, genesis) = secret.split_at_checked(32).ok_or(InvalidInviteLink)?;
        Ok(Self {
            relay,
            workspace: field("workspace")?.parse().map_err(|_| InvalidInviteLink)?,
            invite: field("invite")?.parse().map_err(|_| InvalidInviteLink)?,
            seed: seed.try_into().map_err(|_| InvalidInviteLink)?,
            genesis: Hash::from_slice(genesis).ok_or(InvalidInviteLink)?,
        })
    }
}

impl fmt::Display for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut secret = self.seed.to_vec();
        secret.extend_from_slice(self.genesis.as_bytes());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("relay", self.relay.as_str())
            .append_pair("workspace", &self.workspace.to_string())
            .append_pair("invite", &self.invite.to_string())
            .finish();
        write!(f, "bezel://join?{query}#{}", URL_SAFE_NO_PAD.encode(secret))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_link_reads_back_as_it_was_written(seed: [u8; 32], genesis: [u8; 32], workspace: [u8; 16], invite: [u8; 16], port in 1u16..) {
            let link = InviteLink {
                relay: Url::parse(&format!("http://127.0.0.1:{port}/a%20b")).unwrap(),
                workspace: WorkspaceId::from_bytes(workspace),
                invite: InviteId::from_bytes(invite),
                seed,
                genesis: Hash::from_bytes(genesis),
            };
            let read = InviteLink::parse(&format!("  {link}\n")).unwrap();
            prop_assert_eq!(read.to_string(), link.to_string());
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = InviteLink::parse(&text);
        }
    }

    #[test]
    fn a_link_to_a_relay_that_is_no_web_address_is_refused() {
        assert!(InviteLink::parse("bezel://join?relay=file%3A%2F%2F%2Fetc&workspace=01920000-0000-7000-8000-000000000000&invite=01920000-0000-7000-8000-000000000000#AAAA").is_err());
    }
}
