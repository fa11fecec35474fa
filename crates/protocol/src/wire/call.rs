//! Calls on the wire: who is in one and when, servers to be reached by, links for guests. Signals themselves are transient envelopes
//! between members, and opaque bytes between members and guests.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{CallId, ConversationId, DeviceId, GuestId, GuestLinkId, UserId};

/// A server for ICE (RFC 8445), as `RTCIceServer` of the W3C's WebRTC.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:`, `turn:` and `turns:` addresses (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl core::fmt::Debug for IceServer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IceServer").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// A call begins; the caller is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCall {
    /// The call.
    pub call: CallId,
    /// The conversation.
    pub conversation: ConversationId,
}

/// The caller is in the call, for [`CallJoined::lasts_ms`] unless it says so again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallJoined {
    /// How long this holds, in milliseconds.
    pub lasts_ms: u64,
    /// Servers to be reached by, with credentials for this device and this call, which end when the device leaves.
    pub ice_servers: Vec<IceServer>,
}

/// Who is in a call, and when, as the relay knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The call.
    pub call: CallId,
    /// The conversation.
    pub conversation: ConversationId,
    /// When it began, milliseconds since the epoch.
    pub started_at_ms: i64,
    /// When the last one left.
    pub ended_at_ms: Option<i64>,
    /// Who was in it.
    pub participants: Vec<CallParticipant>,
    /// What the relay's clock says now, milliseconds since the epoch: a machine whose own clock is wrong still knows how old the call is.
    pub now_ms: i64,
}

/// Somebody's time in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallParticipant {
    /// Who.
    pub who: Participant,
    /// From when, milliseconds since the epoch.
    pub joined_at_ms: i64,
    /// Until when.
    pub left_at_ms: Option<i64>,
}

/// Somebody in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Participant {
    /// A member's device.
    Member {
        /// The member.
        user: UserId,
        /// The device.
        device: DeviceId,
    },
    /// A browser that was admitted.
    Guest(GuestId),
}

/// A link for a guest. Its secret is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGuestLink {
    /// The link.
    pub link: GuestLinkId,
    /// The conversation whose members answer.
    pub conversation: ConversationId,
    /// The call to which it leads.
    pub call: CallId,
    /// When it ends, milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// Whether it ends with the first guest who was admitted.
    pub is_single_use: bool,
}

/// A link stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestLinkCreated {
    /// Where guests reach the relay, for [`crate::guest::GuestLink::relay`].
    pub base: Url,
}

/// A link that still holds, for devices that read its conversation. Its secret is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenGuestLink {
    /// The link.
    pub link: GuestLinkId,
    /// The conversation whose members answer.
    pub conversation: ConversationId,
    /// The call to which it leads.
    pub call: CallId,
    /// Who made it.
    pub user: UserId,
    /// When it ends, milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// Whether it ends with the first guest who was admitted.
    pub is_single_use: bool,
    /// Whether, of a link of single use, that guest was admitted.
    pub is_used: bool,
}

/// Links that still hold, those that end first before others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenGuestLinks {
    /// The links.
    pub links: Vec<OpenGuestLink>,
}

/// What a guest says, as it goes on to the devices of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestMessage {
    /// The link.
    pub link: GuestLinkId,
    /// The call.
    pub call: CallId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The browser.
    pub guest: GuestId,
    /// The sealed signal; none when the browser has gone.
    pub signal: Option<super::Bytes>,
}

/// The longest time that a link holds, in milliseconds: 30 days.
pub const MAX_GUEST_LINK_MS: i64 = 30 * 24 * 60 * 60 * 1000;
