//! Links for guests, and the guests who were admitted by them.

use async_trait::async_trait;
use bezel_protocol::wire::{NewGuestLink, OpenGuestLink};
use bezel_protocol::{CallId, ConversationId, DeviceId, GuestId, GuestLinkId};

use crate::store::{GuestLinkRow, StoreError};

/// What came of admitting a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The guest is in the call.
    Admitted(CallId),
    /// Another guest was admitted by this link of single use.
    Used,
    /// The link was revoked.
    Revoked,
    /// The link's time is over.
    Expired,
    /// Nobody is in the call: it has not begun, or it is over.
    NoCall,
    /// There is no such link for the caller.
    NotThere,
}

/// Links for guests. What a device does is for devices that are in the conversation; others find nothing. What the relay does for
/// browsers is its own; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait GuestLinks {
    /// A new link; the caller's device is in the conversation, as was seen in this unit. Returns whether there is one now: not if the id is
    /// taken by another, or the call is over or another conversation's. The same again changes nothing.
    async fn insert_guest_link(&mut self, new: &NewGuestLink, now_ms: i64) -> Result<bool, StoreError>;

    /// The conversation and the call of a link, for devices that are in the conversation.
    async fn guest_link_target(&mut self, link: GuestLinkId) -> Result<Option<(ConversationId, CallId)>, StoreError>;

    /// The links of the conversations that the caller's device reads which still hold: neither revoked nor over, by time or with the call.
    async fn open_guest_links(&mut self, now_ms: i64) -> Result<Vec<OpenGuestLink>, StoreError>;

    /// The link ends. Returns whether there is such a link for the caller's device.
    async fn revoke_guest_link(&mut self, link: GuestLinkId, now_ms: i64) -> Result<bool, StoreError>;

    /// A guest comes into the call of a link, or is in it. Of two guests at a link of single use, one comes in.
    async fn admit_guest(&mut self, link: GuestLinkId, guest: GuestId, now_ms: i64) -> Result<Admission, StoreError>;

    /// A link as it stands. For the relay itself.
    async fn guest_link(&mut self, link: GuestLinkId) -> Result<Option<GuestLinkRow>, StoreError>;

    /// The devices that read a conversation. For the relay itself.
    async fn readers(&mut self, conversation: ConversationId) -> Result<Vec<DeviceId>, StoreError>;

    /// A guest is still there. Returns whether it is in the call. For the relay itself.
    async fn see_guest(&mut self, call: CallId, guest: GuestId, now_ms: i64) -> Result<bool, StoreError>;

    /// A guest leaves the call. For the relay itself.
    async fn remove_guest(&mut self, call: CallId, guest: GuestId, now_ms: i64) -> Result<(), StoreError>;
}
