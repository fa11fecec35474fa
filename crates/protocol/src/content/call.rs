//! What messages say of calls. The relay sees none of it.

use core::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use crate::{CallId, DeviceId, GuestId, GuestLinkId};

/// The longest session description, in bytes.
pub const MAX_SDP_BYTES: usize = 32 * 1024;
/// The most candidates in one signal.
pub const MAX_CANDIDATES: usize = 32;

/// A call begins: everyone who reads the conversation may join it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallInvitation {
    /// The call.
    pub call: CallId,
    /// What its caller wants it to carry.
    pub media: CallMedia,
    /// From which the frame keys of its first generation come.
    pub secret: CallSecretBytes,
    /// Of a call to which a client comes by a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<GuestInvitation>,
}

/// How a client comes in: what the members need to answer the client's browser.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestInvitation {
    /// The link.
    pub link: GuestLinkId,
    /// The secret in the link's fragment; it protects signals, never frames.
    pub secret: CallSecretBytes,
    /// Seed of the Ed25519 key whose public side stands in the link's fragment.
    pub key: CallSecretBytes,
    /// When the link ends, milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// Whether it ends with the first guest who was admitted.
    pub is_single_use: bool,
}

/// What a call carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallMedia {
    /// Sound.
    Audio,
    /// Sound and picture.
    Video,
}

/// 32 secret bytes of a call, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallSecretBytes(#[serde(with = "serde_bytes")] [u8; 32]);

impl CallSecretBytes {
    /// Copies a secret.
    #[must_use]
    pub const fn new(secret: &[u8; 32]) -> Self {
        Self(*secret)
    }

    /// The bytes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for CallSecretBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for CallSecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallSecretBytes(..)")
    }
}

/// A call is over, as its caller's device says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnd {
    /// The call.
    pub call: CallId,
    /// What came of it.
    pub outcome: CallOutcome,
    /// How long there was a connection, in seconds.
    pub seconds: u32,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// Somebody answered.
    Completed,
    /// Nobody answered in time.
    Missed,
    /// It was declined.
    Declined,
    /// Whoever was called was in another call.
    Busy,
    /// The caller gave up.
    Cancelled,
    /// No connection came about, or it was lost for good.
    Failed,
}

/// One step of signaling. A device's numbers rise; one that is not greater than the last one of that device is a replay. A number's upper 44
/// bits are the second in which the device came into the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSignal {
    /// The call.
    pub call: CallId,
    /// The number.
    pub number: u64,
    /// For one device; without it, for every device in the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DeviceId>,
    /// What it says.
    pub body: SignalBody,
}

/// What a signal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalBody {
    /// The call is being shown to somebody.
    Ringing,
    /// The sender does not come.
    Declined {
        /// Because of another call.
        is_busy: bool,
    },
    /// The sender is in the call, with these media. Said to all on coming in, and to each who comes later.
    Joined(MediaState),
    /// The sender has left.
    Left,
    /// A session description (RFC 8829) that wants an answer.
    Offer {
        /// Which attempt of this pair, from 1.
        attempt: u32,
        /// The description.
        sdp: String,
    },
    /// The answer to the offer of the same attempt.
    Answer {
        /// The attempt.
        attempt: u32,
        /// The description.
        sdp: String,
    },
    /// Where the sender may be reached (RFC 8838).
    Candidates {
        /// The attempt that they belong to.
        attempt: u32,
        /// At most [`MAX_CANDIDATES`].
        candidates: Vec<Candidate>,
    },
    /// The sender's side of the connection broke: the other should offer anew.
    Restart,
    /// Microphone, camera or screen were switched.
    Media(MediaState),
    /// Frames are encrypted from a new secret from now on.
    Rekey {
        /// The number of the secret; that of the invitation is 0.
        generation: u32,
        /// The secret.
        secret: CallSecretBytes,
    },
    /// A guest was let in, or sent away. Said to all, and to each who comes later.
    Guest(GuestStanding),
}

/// Whether a guest is in a call, and by what the members know the guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestStanding {
    /// The browser.
    pub guest: GuestId,
    /// By which link it came.
    pub link: GuestLinkId,
    /// What the guest wants to be called.
    pub name: String,
    /// As in [`crate::guest::GuestSignalBody::Knock`].
    pub key: String,
    /// As in [`crate::guest::GuestSignalBody::Knock`].
    pub exchange: String,
    /// Whether the guest is in the call.
    pub is_in: bool,
}

/// An ICE candidate (RFC 8839).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The line `candidate:…`.
    pub candidate: String,
    /// The media section that it belongs to.
    #[serde(rename = "sdpMid")]
    pub mid: Option<String>,
    /// The number of that section.
    #[serde(rename = "sdpMLineIndex")]
    pub line: Option<u16>,
}

/// What somebody sends at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaState {
    /// The microphone is on.
    pub microphone: bool,
    /// The camera is on.
    pub camera: bool,
    /// A screen is shared.
    pub screen: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::content::Content;

    fn body() -> impl Strategy<Value = SignalBody> {
        prop_oneof![
            Just(SignalBody::Ringing),
            Just(SignalBody::Left),
            Just(SignalBody::Restart),
            any::<bool>().prop_map(|is_busy| SignalBody::Declined { is_busy }),
            (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(microphone, camera, screen)| SignalBody::Joined(MediaState {
                microphone,
                camera,
                screen
            })),
            (any::<u32>(), ".{0,200}").prop_map(|(attempt, sdp)| SignalBody::Offer { attempt, sdp }),
            (any::<u32>(), ".{0,80}").prop_map(|(attempt, candidate)| SignalBody::Candidates {
                attempt,
                candidates: vec![Candidate { candidate, mid: Some("0".into()), line: Some(0) }],
            }),
            (any::<u32>(), any::<[u8; 32]>())
                .prop_map(|(generation, secret)| SignalBody::Rekey { generation, secret: CallSecretBytes::new(&secret) }),
        ]
    }

    proptest! {
        #[test]
        fn a_signal_reads_back_as_it_was_written(call: [u8; 16], number: u64, to in proptest::option::of(any::<[u8; 16]>()), body in body()) {
            let signal = CallSignal { call: CallId::from_bytes(call), number, to: to.map(DeviceId::from_bytes), body };
            let content = Content::CallSignal(signal);
            prop_assert_eq!(Content::decode(&content.encode()).unwrap(), content);
        }

        #[test]
        fn an_invitation_reads_back_and_never_shows_its_secret(secret: [u8; 32], call: [u8; 16]) {
            let secret_bytes = CallSecretBytes::new(&secret);
            let call = CallId::from_bytes(call);
            let content = Content::Call(CallInvitation { call, media: CallMedia::Video, secret: secret_bytes, guest: None });
            let shown = format!("{content:?}");
            prop_assert!(shown.contains("CallSecretBytes(..)"), "{}", shown);
            prop_assert_eq!(Content::decode(&content.encode()).unwrap(), content);
        }
    }
}
