//! Begins a call, or comes into one.

use bezel_crypto::Secret;
use bezel_protocol::content::{CallInvitation, CallMedia, CallOutcome, CallSecretBytes, Content};
use bezel_protocol::wire::CallJoined;
use bezel_protocol::{CallId, ConversationId};

use super::options::CallOptions;
use super::order::Order;
use super::view::CallPhase;
use super::{end, guest, presence};
use crate::cache::calls::Call;
use crate::error::{Class, Error, Result};
use crate::member::Member;
use crate::{cache, log, vault};

/// Calls everyone in a conversation. Where a call goes on there already, it is joined.
///
/// # Errors
/// When this member may not call there, is in a call, or the relay can't be reached.
pub async fn start(member: &Member, conversation: ConversationId, media: CallMedia, options: CallOptions) -> Result<CallId> {
    may_call(member, conversation).await?;
    // Whoever calls the one who is calling answers.
    if let Some(call) = rings_in(member, conversation) {
        answer(member, call, options).await?;
        return Ok(call);
    }
    is_free(member, None)?;
    if let Some(call) = going_on(member, conversation).await? {
        answer(member, call, options).await?;
        return Ok(call);
    }
    let call = CallId::of(conversation, member.device(), vault::id_bytes(&mut member.rng())?);
    let joined = presence::join(member, call, conversation).await?;
    if let Err(error) = can_hide(&options, &joined) {
        presence::leave(member, call).await;
        return Err(error);
    }
    let invitation = CallInvitation { call, media, secret: secret(member)?, guest: None };
    if let Err(error) = announce(member, conversation, invitation).await {
        presence::leave(member, call).await;
        return Err(error);
    }
    let row = cached(member, call).await?;
    member.calls.ask(|reply| Order::Begin(Box::new(row), options, joined.ice_servers, reply)).await??;
    Ok(call)
}

/// Comes into a call that rings, or that goes on.
///
/// # Errors
/// When this member may not, is in another call, the call is over, or the relay can't be reached.
pub async fn answer(member: &Member, call: CallId, options: CallOptions) -> Result<()> {
    let row = cached(member, call).await?;
    may_call(member, row.conversation).await?;
    is_free(member, Some(call))?;
    let joined = presence::join(member, call, row.conversation).await?;
    if let Err(error) = can_hide(&options, &joined) {
        presence::leave(member, call).await;
        return Err(error);
    }
    let at_the_door = guest::at_the_door(member, call);
    member.calls.ask(|reply| Order::Answer(Box::new(row), options, joined.ice_servers, reply)).await??;
    // Whoever opens the door lets in who rang.
    match at_the_door {
        Some(guest) => guest::admit(member, guest).await,
        None => Ok(()),
    }
}

/// Declines a call that rings; a client at whose knock it rings is refused.
///
/// # Errors
/// When it does not ring.
pub async fn decline(member: &Member, call: CallId) -> Result<()> {
    member.calls.ask(|reply| Order::Decline(call, reply)).await?
}

/// Whether this member may call in a conversation.
pub(super) async fn may_call(member: &Member, conversation: ConversationId) -> Result<()> {
    log::may_post(member, conversation).await.map_err(|error| match error.code {
        "read_only" => Error::refused(
            "may_not_call",
            "You may read this conversation, not call in it.",
            "Ask one of its owners or admins for another role.",
        ),
        _ => error,
    })
}

/// An address is hidden by a TURN server, or not at all.
fn can_hide(options: &CallOptions, joined: &CallJoined) -> Result<()> {
    let has_turn = joined.ice_servers.iter().flat_map(|server| &server.urls).any(|url| url.starts_with("turn"));
    if options.hides_address && !has_turn {
        return Err(Error::refused(
            "no_turn",
            "Your address can't be hidden: the relay offers no TURN server.",
            "Speak with whoever runs the relay, or call without hiding it.",
        ));
    }
    Ok(())
}

/// Whether this member is in no call but `call`, which may ring.
fn is_free(member: &Member, call: Option<CallId>) -> Result<()> {
    let view = member.calls.view.borrow();
    let is_taken = view.as_ref().is_some_and(|view| {
        let is_this = call.is_some_and(|call| call.to_string() == view.call) && view.phase == CallPhase::Incoming;
        view.phase != CallPhase::Ended && !is_this
    });
    if is_taken {
        return Err(Error::new("in_a_call", "You are in a call already.", "Leave it first."));
    }
    Ok(())
}

/// The call of a conversation that rings here, by whomever of its members.
fn rings_in(member: &Member, conversation: ConversationId) -> Option<CallId> {
    let view = member.calls.view.borrow();
    let view = view.as_ref().filter(|view| view.phase == CallPhase::Incoming && view.conversation == conversation.to_string())?;
    view.call.parse().ok()
}

pub(super) async fn cached(member: &Member, call: CallId) -> Result<Call> {
    let row = cache::calls::get(&mut *member.cache.read().await?, call).await?;
    row.ok_or_else(|| Error::new("no_call", "There is no such call on this device.", "Synchronise, or look at the history of calls."))
}

/// A call of the conversation in which somebody else is now.
async fn going_on(member: &Member, conversation: ConversationId) -> Result<Option<CallId>> {
    let open = cache::calls::open(&mut *member.cache.read().await?).await?;
    for call in open.iter().rev().filter(|call| call.conversation == conversation) {
        if presence::goes_on(member, call.id).await {
            return Ok(Some(call.id));
        }
    }
    Ok(None)
}

/// 32 bytes that nobody knows.
pub(super) fn secret(member: &Member) -> Result<CallSecretBytes> {
    Ok(CallSecretBytes::new(Secret::<32>::random(&mut member.rng())?.expose()))
}

/// Sends the message that begins a call, or adds a link to it. Offline nobody is called, now or later.
pub(super) async fn announce(member: &Member, conversation: ConversationId, invitation: CallInvitation) -> Result<()> {
    let call = invitation.call;
    let message = log::queue(member, conversation, &Content::Call(invitation)).await?;
    let pumped = {
        let _work = member.work.lock().await;
        log::pump(member).await
    };
    let row = cache::log::get(&mut *member.cache.read().await?, conversation, message).await?;
    if row.is_some_and(|row| row.place.is_some()) {
        return Ok(());
    }
    let error = pumped.err().unwrap_or_else(|| Error::refused("refused", "The relay refused the call.", "Synchronise and try again."));
    if log::withdraw(member, conversation, message).await.is_err() {
        // It may have arrived: then its end arrives after it.
        end::note(member, call, CallOutcome::Failed, None, None).await?;
        end::say(member, conversation, call, CallOutcome::Failed, 0).await?;
    }
    Err(if error.class == Class::General { Error::offline(error.message) } else { error })
}
