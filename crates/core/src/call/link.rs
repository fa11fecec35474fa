//! Links by which clients come into a call from a browser.

use std::time::Duration;

use bezel_crypto::call::MembersKeyPair;
use bezel_protocol::content::{CallInvitation, CallMedia, GuestInvitation};
use bezel_protocol::guest::GuestLink;
use bezel_protocol::wire::{GuestLinkCreated, MAX_GUEST_LINK_MS, NewGuestLink, OpenGuestLink, OpenGuestLinks, path};
use bezel_protocol::{CallId, ConversationId, GuestLinkId};
use serde::Serialize;
use ts_rs::TS;

use super::order::Order;
use super::start::{announce, cached, may_call, secret};
use crate::cache;
use crate::cache::entries::KEPT_MS;
use crate::cache::withdrawals::Withdrawal;
use crate::change::Change;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::vault;

/// A link into a call.
#[derive(Clone, Serialize, TS)]
pub struct GuestLinkView {
    /// The link's id.
    pub link: String,
    /// What the client opens. Whoever has it may knock.
    pub url: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it ends with the first guest who was admitted.
    pub is_single_use: bool,
    /// The call to which it leads.
    pub call: String,
}

/// A link that still holds. Its address is with those to whom it was given.
#[derive(Debug, Clone, Serialize, TS)]
pub struct OpenLinkView {
    /// The link's id.
    pub link: String,
    /// The conversation whose members answer.
    pub conversation: String,
    /// The call to which it leads.
    pub call: String,
    /// Handle of who made it.
    pub from: String,
    /// Whether this member made it.
    pub mine: bool,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it ends with the first guest who was admitted.
    pub is_single_use: bool,
    /// Whether, of a link of single use, that guest was admitted: nobody else comes in by it.
    pub is_used: bool,
}

/// Makes a link: into the call that goes on in the conversation, or into one that begins when the client knocks.
///
/// # Errors
/// When this member may not call there, the time is too long, or the relay can't be reached or can't serve browsers.
pub async fn create(
    member: &Member,
    conversation: ConversationId,
    media: CallMedia,
    lasts: Duration,
    is_single_use: bool,
) -> Result<GuestLinkView> {
    may_call(member, conversation).await?;
    let lasts_ms = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
    if !(1..=MAX_GUEST_LINK_MS).contains(&lasts_ms) {
        return Err(Error::new("bad_time", "A link holds for a moment at least and for 30 days at most.", "Choose another time."));
    }
    let running = running(member, conversation).await?;
    let (call, call_secret) = match running {
        Some(call) => (call, cached(member, call).await?.secret),
        None => (CallId::of(conversation, member.device(), vault::id_bytes(&mut member.rng())?), secret(member)?),
    };
    let expires_at_ms = member.now_ms().saturating_add(lasts_ms);
    let link = GuestLinkId::new(member.now_ms(), vault::id_bytes(&mut member.rng())?);
    let new = NewGuestLink { link, conversation, call, expires_at_ms, is_single_use };
    let GuestLinkCreated { base } = member.client.post(path::GUEST_LINKS, &new).await?;
    let (link_secret, key) = (secret(member)?, secret(member)?);
    let members = MembersKeyPair::from_seed(&key).and_then(|pair| pair.public());
    let members = members.map_err(|_| Error::new("key", "There is no key for the link.", "Start again."))?;
    let url = GuestLink { relay: base, link, call, secret: link_secret.clone(), members }.to_string();
    let guest = GuestInvitation { link, secret: link_secret, key, expires_at_ms, is_single_use };
    let invitation = CallInvitation { call, media, secret: call_secret, guest: Some(guest) };
    if let Err(error) = announce(member, conversation, invitation).await {
        // A link to which nobody answers is worth nothing.
        let _ = member.client.delete(&path::of_link(path::GUEST_LINK, link)).await;
        return Err(error);
    }
    member.changed([Change::Calls]);
    let expires_at = Timestamp::from_ms(expires_at_ms);
    Ok(GuestLinkView { link: link.to_string(), url, expires_at, is_single_use, call: call.to_string() })
}

/// The links of this member's conversations that still hold, whoever made them: those that end first before others.
///
/// # Errors
/// When the relay can't be reached.
pub async fn list(member: &Member) -> Result<Vec<OpenLinkView>> {
    let OpenGuestLinks { links } = member.client.get(path::GUEST_LINKS).await?;
    let roster = member.roster();
    let view = |open: OpenGuestLink| OpenLinkView {
        link: open.link.to_string(),
        conversation: open.conversation.to_string(),
        call: open.call.to_string(),
        from: roster.user(open.user).map_or_else(|| "?".into(), |user| user.handle.to_string()),
        mine: open.user == member.user(),
        expires_at: Timestamp::from_ms(open.expires_at_ms),
        is_single_use: open.is_single_use,
        is_used: open.is_used,
    };
    Ok(links.into_iter().map(view).collect())
}

/// Ends a link; whoever waits at it is sent away.
///
/// # Errors
/// When there is no such link, or the relay can't be reached.
pub async fn revoke(member: &Member, link: GuestLinkId) -> Result<()> {
    member.client.delete(&path::of_link(path::GUEST_LINK, link)).await?;
    let (mut tx, now_ms) = (member.cache.begin().await?, member.now_ms());
    cache::withdrawals::note(&mut tx, Withdrawal::Link(link), (now_ms, now_ms - KEPT_MS)).await?;
    tx.commit().await?;
    member.changed([Change::Calls]);
    Ok(())
}

/// The call of this conversation in which this device is. What is shown of one that has just begun or was answered comes later than that.
async fn running(member: &Member, conversation: ConversationId) -> Result<Option<CallId>> {
    if !member.calls.are_on() {
        return Ok(None);
    }
    member.calls.ask(|reply| Order::Running(conversation, reply)).await
}
