//! The link that invites someone: where the workspace is, what its genesis is, and the key to join.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::key::Ed25519PublicKey;
use crate::{Hash, InviteId, RelayAddress, WorkspaceId, pasted};

/// `bezel://join?relay=…&workspace=…&invite=…#SECRET`; the fragment holds the seed of the invite's private key, the hash of the
/// genesis statement and the beginning of the hash of the relay's key, so that the first contact is not trust on first use. It has no `Debug` and is never logged.
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
    /// The first 16 bytes of SHA-256 of the relay's public key: another key with the same takes 2^128 tries, and the link stays short.
    pub relay_key: [u8; RELAY_KEY_BYTES],
}

const RELAY_KEY_BYTES: usize = 16;

/// The text is not an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a Bezel invitation; copy the whole link, from bezel:// to its last character")]
pub struct InvalidInviteLink;

impl InviteLink {
    /// What a link holds of a relay's key.
    #[must_use]
    pub fn relay_key_of(key: &Ed25519PublicKey) -> [u8; RELAY_KEY_BYTES] {
        let [fingerprint @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *key.fingerprint().as_bytes();
        fingerprint
    }

    /// Whether the link names the relay that has this key.
    #[must_use]
    pub fn names_relay(&self, key: &Ed25519PublicKey) -> bool {
        self.relay_key == Self::relay_key_of(key)
    }

    /// Reads a link out of what was pasted: with what stood around it, wrapped by a mail program, with `&amp;` from a page.
    ///
    /// # Errors
    /// When a part is missing or damaged.
    pub fn parse(text: &str) -> Result<Self, InvalidInviteLink> {
        pasted::links(text, "bezel://join?").find_map(|link| Self::parse_bare(&link).ok()).ok_or(InvalidInviteLink)
    }

    fn parse_bare(link: &str) -> Result<Self, InvalidInviteLink> {
        let link = Url::parse(link).map_err(|_| InvalidInviteLink)?;
        if link.scheme() != "bezel" || link.host_str() != Some("join") {
            return Err(InvalidInviteLink);
        }
        let field =
            |name: &str| link.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).ok_or(InvalidInviteLink);
        // Whoever began the workspace has settled whether its relay may speak in clear.
        let relay = RelayAddress::allowing_http(&field("relay")?).map_err(|_| InvalidInviteLink)?.into_url();
        let secret = URL_SAFE_NO_PAD.decode(link.fragment().unwrap_or_default()).map_err(|_| InvalidInviteLink)?;
        let (seed, hashes) = secret.split_at_checked(32).ok_or(InvalidInviteLink)?;
        let (genesis, relay_key) = hashes.split_at_checked(32).ok_or(InvalidInviteLink)?;
        Ok(Self {
            relay,
            workspace: field("workspace")?.parse().map_err(|_| InvalidInviteLink)?,
            invite: field("invite")?.parse().map_err(|_| InvalidInviteLink)?,
            seed: seed.try_into().map_err(|_| InvalidInviteLink)?,
            genesis: Hash::from_slice(genesis).ok_or(InvalidInviteLink)?,
            relay_key: relay_key.try_into().map_err(|_| InvalidInviteLink)?,
        })
    }
}

impl fmt::Display for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut secret = self.seed.to_vec();
        secret.extend_from_slice(self.genesis.as_bytes());
        secret.extend_from_slice(&self.relay_key);
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
        fn a_link_reads_back_as_it_was_written(seed: [u8; 32], genesis: [u8; 32], workspace: [u8; 16], invite: [u8; 16], relay_key: [u8; 16], port in 1u16..) {
            let link = InviteLink {
                relay: Url::parse(&format!("http://127.0.0.1:{port}/a%20b/")).unwrap(),
                workspace: WorkspaceId::from_bytes(workspace),
                invite: InviteId::from_bytes(invite),
                seed,
                genesis: Hash::from_bytes(genesis),
                relay_key,
            };
            let read = InviteLink::parse(&format!("  {link}\n")).unwrap();
            prop_assert_eq!(read.to_string(), link.to_string());
            prop_assert!(link.to_string().len() < 300, "a link fits into any message: {}", link.to_string().len());
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = InviteLink::parse(&text);
        }
    }

    /// A full stop behind the link, or `&amp;` within, and the invitation was refused as cut.
    #[test]
    fn an_invitation_is_read_however_it_was_pasted() {
        let link = InviteLink {
            relay: Url::parse("https://relay.example/").unwrap(),
            workspace: WorkspaceId::from_bytes([1; 16]),
            invite: InviteId::from_bytes([2; 16]),
            seed: [3; 32],
            genesis: Hash::from_bytes([4; 32]),
            relay_key: [5; 16],
        };
        let text = link.to_string();
        let (query, secret) = text.split_once('#').unwrap();
        let (first, second) = secret.split_at(40);
        for pasted in [
            format!("{text}."),
            format!("Join here: {text}, please! See you"),
            format!("({text})"),
            format!("<{text}>"),
            format!("[our shop]({text})"),
            format!("“{text}”…"),
            text.replace('&', "&amp;"),
            text.replace('&', "&amp;amp;"),
            text.replacen("bezel://join", "BEZEL://JOIN", 1),
            format!("{query}\n#{first}\r\n  {second}\n\nSee you on Thursday"),
            format!("> {query}#{first}=\n> {second}"),
            text.chars().collect::<Vec<_>>().chunks(20).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n"),
        ] {
            let read = InviteLink::parse(&pasted).unwrap_or_else(|error| panic!("{pasted}: {error}"));
            assert_eq!(read.to_string(), text, "{pasted}");
        }
        for cut in [&text[..text.len() - 1], &text[1..], query, &format!("{query}# {first} and the rest comes later")] {
            assert!(InviteLink::parse(cut).is_err(), "{cut}");
        }
    }

    /// Without the relay's key in the link, whoever answered first at the address was believed.
    #[test]
    fn a_link_names_one_relay_and_no_other() {
        let key = |seed: u8| Ed25519PublicKey::from_bytes(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes());
        let (ours, other) = (key(1).unwrap(), key(2).unwrap());
        let link = InviteLink {
            relay: Url::parse("https://relay.example/").unwrap(),
            workspace: WorkspaceId::from_bytes([1; 16]),
            invite: InviteId::from_bytes([2; 16]),
            seed: [3; 32],
            genesis: Hash::of(b"genesis"),
            relay_key: InviteLink::relay_key_of(&ours),
        };
        assert!(link.names_relay(&ours) && !link.names_relay(&other));
        let text = link.to_string();
        assert!(InviteLink::parse(&text).unwrap().names_relay(&ours));
        assert!(InviteLink::parse(&text[..text.len() - 22]).is_err(), "a link without the relay's key is damaged");
    }

    #[test]
    fn a_link_to_a_relay_that_is_no_web_address_is_refused() {
        assert!(InviteLink::parse("bezel://join?relay=file%3A%2F%2F%2Fetc&workspace=01920000-0000-7000-8000-000000000000&invite=01920000-0000-7000-8000-000000000000#AAAA").is_err());
    }
}
