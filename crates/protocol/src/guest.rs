//! The link by which a client comes into a call, and what the client's browser and the members say to each other.
//!
//! Signals of guests are JSON, because a browser reads it unaided. On the wire a signal is a nonce of 12 bytes and an AES-256-GCM ciphertext
//! with [`sealed_aad`], under HKDF-SHA256 (RFC 5869) of the link's secret, without salt, for [`sealed_aad`] as info. The plaintext is an
//! Ed25519 signature (RFC 8032) over [`signed_bytes`], 64 bytes, and the JSON.
//!
//! Whoever finds the link may knock, no more: the members sign with a key whose private side is not in the link, a guest is admitted by
//! a person, and what frames are encrypted from reaches the guest by HPKE (RFC 9180) alone.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::content::{CallSecretBytes, Candidate, MediaState};
use crate::key::Ed25519PublicKey;
use crate::{CallId, DeviceId, GuestLinkId};

/// The most bytes of a sealed signal.
pub const MAX_GUEST_SIGNAL_BYTES: usize = 64 * 1024;
/// The longest name that a guest gives, in characters.
pub const MAX_GUEST_NAME_CHARS: usize = 60;
/// The version of link and signals.
const VERSION: u8 = 1;

/// `https://RELAY/call/LINK#…`; the fragment, which a browser never sends, holds version, call, secret and the members' public key. It has no
/// `Debug` and is never logged.
pub struct GuestLink {
    /// Where the relay answers.
    pub relay: Url,
    /// The link.
    pub link: GuestLinkId,
    /// The call.
    pub call: CallId,
    /// From which the keys of signals come.
    pub secret: CallSecretBytes,
    /// The key by which the members sign what they say to the guest.
    pub members: Ed25519PublicKey,
}

/// The text is not a link into a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a link into a Bezel call; copy the whole link, to its last character")]
pub struct InvalidGuestLink;

impl GuestLink {
    /// Reads a link.
    ///
    /// # Errors
    /// When a part is missing or damaged.
    pub fn parse(text: &str) -> Result<Self, InvalidGuestLink> {
        let mut relay = Url::parse(text.trim()).map_err(|_| InvalidGuestLink)?;
        if !matches!(relay.scheme(), "http" | "https") || relay.host_str().is_none() {
            return Err(InvalidGuestLink);
        }
        let bytes = URL_SAFE_NO_PAD.decode(relay.fragment().unwrap_or_default()).map_err(|_| InvalidGuestLink)?;
        let [VERSION, rest @ ..] = bytes.as_slice() else { return Err(InvalidGuestLink) };
        let (call, rest) = rest.split_at_checked(16).ok_or(InvalidGuestLink)?;
        let (secret, members) = rest.split_at_checked(32).ok_or(InvalidGuestLink)?;
        let path = relay.path().to_owned();
        let (base, link) = path.rsplit_once("/call/").ok_or(InvalidGuestLink)?;
        let link = link.parse().map_err(|_| InvalidGuestLink)?;
        relay.set_fragment(None);
        relay.set_query(None);
        relay.set_path(&format!("{base}/"));
        Ok(Self {
            relay,
            link,
            call: CallId::from_slice(call).ok_or(InvalidGuestLink)?,
            secret: CallSecretBytes::new(secret.try_into().map_err(|_| InvalidGuestLink)?),
            members: Ed25519PublicKey::from_bytes(members).map_err(|_| InvalidGuestLink)?,
        })
    }
}

impl fmt::Display for GuestLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fragment = vec![VERSION];
        fragment.extend_from_slice(self.call.as_bytes());
        fragment.extend_from_slice(self.secret.expose());
        fragment.extend_from_slice(self.members.as_bytes());
        let relay = self.relay.as_str().trim_end_matches('/');
        write!(f, "{relay}/call/{}#{}", self.link, URL_SAFE_NO_PAD.encode(fragment))
    }
}

/// Which way a sealed signal goes; each way has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the guest to the members.
    FromGuest,
    /// From a member to the guest.
    ToGuest,
}

impl Direction {
    /// The label in keys, additional data and signatures.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::FromGuest => "bezel/guest/from",
            Self::ToGuest => "bezel/guest/to",
        }
    }
}

/// The additional data of the encryption: label, call.
#[must_use]
pub fn sealed_aad(direction: Direction, call: CallId) -> Vec<u8> {
    [direction.label().as_bytes(), call.as_bytes()].concat()
}

/// What is signed: label, call, the JSON as it travels.
#[must_use]
pub fn signed_bytes(direction: Direction, call: CallId, json: &[u8]) -> Vec<u8> {
    [direction.label().as_bytes(), call.as_bytes(), json].concat()
}

/// A signal of a guest or to one. Each sender numbers its own from 1; a number that is not greater than the last is a replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestSignal {
    /// The number.
    pub number: u64,
    /// Of a member: the device that speaks. Of a guest: the device that is meant; none means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What it says.
    pub body: GuestSignalBody,
}

/// What a guest or a member says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GuestSignalBody {
    /// The guest waits at the door.
    Knock {
        /// What the guest wants to be called.
        name: String,
        /// The guest's Ed25519 public key for as long as the page is open, in base64url; every signal is signed by it, this one too.
        key: String,
        /// The guest's P-384 public key (SEC 1, uncompressed), in base64url: secrets are sealed for it.
        exchange: String,
    },
    /// To the guest: a member's device has heard it.
    Waiting {
        /// The member's name.
        member: String,
    },
    /// To the guest: come in.
    Admitted {
        /// The member's name.
        member: String,
        /// The number of the secret that frames are encrypted from.
        generation: u32,
        /// The secret, [`SealedSecret`].
        secret: SealedSecret,
        /// What the member sends.
        media: MediaState,
    },
    /// To the guest: no.
    Refused,
    /// As [`crate::content::SignalBody::Offer`]. A member always offers.
    Offer {
        /// The attempt.
        attempt: u32,
        /// The description.
        sdp: String,
    },
    /// As [`crate::content::SignalBody::Answer`].
    Answer {
        /// The attempt.
        attempt: u32,
        /// The description.
        sdp: String,
    },
    /// As [`crate::content::SignalBody::Candidates`].
    Candidates {
        /// The attempt.
        attempt: u32,
        /// The candidates.
        candidates: Vec<Candidate>,
    },
    /// As [`crate::content::SignalBody::Restart`].
    Restart,
    /// As [`crate::content::SignalBody::Media`].
    Media {
        /// What is on.
        media: MediaState,
    },
    /// As [`crate::content::SignalBody::Rekey`].
    Rekey {
        /// The number of the secret.
        generation: u32,
        /// The secret.
        secret: SealedSecret,
    },
    /// The sender has left.
    Left,
}

/// 32 bytes sealed for a guest by HPKE (RFC 9180) in base mode: DHKEM(P-384, HKDF-SHA384), HKDF-SHA384, AES-256-GCM; info
/// is [`SealedSecret::info`], the additional data the generation in four bytes, the most significant first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// The encapsulated key, in base64url.
    pub enc: String,
    /// The ciphertext, in base64url.
    pub ciphertext: String,
}

impl SealedSecret {
    /// What the encryption is for: label, call.
    #[must_use]
    pub fn info(call: CallId) -> Vec<u8> {
        [b"bezel/guest/secret".as_slice(), call.as_bytes()].concat()
    }
}

/// What the relay itself tells the browser, and hears from it, in text frames of JSON beside the sealed signals in binary frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GuestNotice {
    /// First, on every connection whose door is open.
    Hello {
        /// This browser's id, to come back by after the connection broke.
        guest: crate::GuestId,
        /// Proves that it is the same browser.
        token: String,
        /// The shop's name.
        workspace: String,
        /// Who made the link.
        inviter: String,
        /// When the link ends, milliseconds since the epoch.
        expires_at_ms: i64,
    },
    /// A member has admitted this browser: by what servers it may be reached.
    Admitted {
        /// As `RTCConfiguration.iceServers`.
        ice_servers: Vec<crate::wire::IceServer>,
    },
    /// The connection ends for good.
    Closed {
        /// `refused`, `used`, `expired`, `revoked` or `ended`.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(relay: &str) -> GuestLink {
        let members = ed25519_dalek::SigningKey::from_bytes(&[3; 32]).verifying_key();
        GuestLink {
            relay: Url::parse(relay).unwrap(),
            link: GuestLinkId::from_bytes([1; 16]),
            call: CallId::from_bytes([2; 16]),
            secret: CallSecretBytes::new(&[7; 32]),
            members: Ed25519PublicKey::from_bytes(members.as_bytes()).unwrap(),
        }
    }

    #[test]
    fn a_link_reads_back_as_it_was_written_and_keeps_its_secret_in_the_fragment() {
        for relay in ["https://calls.example/", "http://127.0.0.1:7300/", "https://shop.example/bezel/"] {
            let written = link(relay).to_string();
            let read = GuestLink::parse(&format!(" {written}\n")).unwrap();
            assert_eq!(read.to_string(), written);
            assert_eq!(read.relay.as_str(), relay);
            let (sent, _) = written.split_once('#').unwrap();
            assert!(sent.ends_with("/call/01010101-0101-0101-0101-010101010101"), "{sent}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = GuestLink::parse(&text);
        }

        #[test]
        fn any_cut_of_a_link_is_refused(cut in 1usize..100) {
            let written = link("https://calls.example/").to_string();
            let cut = &written[..written.len() - cut.min(written.len())];
            prop_assert!(GuestLink::parse(cut).is_err());
        }
    }

    #[test]
    fn the_browser_reads_signals_by_their_kind() {
        let signal = GuestSignal { number: 4, device: None, body: GuestSignalBody::Offer { attempt: 1, sdp: "v=0".into() } };
        let json = serde_json::to_string(&signal).unwrap();
        assert_eq!(json, r#"{"number":4,"body":{"kind":"offer","attempt":1,"sdp":"v=0"}}"#);
        assert_eq!(serde_json::from_str::<GuestSignal>(&json).unwrap(), signal);
    }
}
