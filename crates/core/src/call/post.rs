//! Sends signals, one after the other: to members in transient envelopes, to guests sealed under their link.

use std::sync::Arc;
use std::time::Duration;

use bezel_calls::call::first_number;
use bezel_crypto::call::{MembersKeyPair, seal_guest_signal};
use bezel_crypto::envelope::seal;
use bezel_protocol::content::{CallSignal, Content, GuestInvitation, SignalBody};
use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::guest::{Direction, GuestSignal, GuestSignalBody};
use bezel_protocol::wire::{Bytes, MessageKind, MessagesAccepted, NewMessages, code, path};
use bezel_protocol::{CallId, ConversationId, DeviceId, GuestId, Hash, MessageId};
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::RelayError;
use crate::{group, log, vault};

/// How often a signal is sealed anew because the epoch moved on.
const ATTEMPTS: usize = 4;
/// Without an answer for so long, a signal is posted once more: in another network the connection of before says nothing, for good.
const PATIENCE: Duration = Duration::from_secs(4);

/// What is to be sent.
pub(super) enum Mail {
    /// From now on numbers say that this device came in at this second.
    CameIn(u64),
    /// To one device of the conversation, or to all.
    Signal { conversation: ConversationId, call: CallId, to: Option<DeviceId>, body: SignalBody },
    /// To a guest.
    Guest { call: CallId, invitation: Arc<GuestInvitation>, guest: GuestId, body: GuestSignalBody },
    /// To a guest: a member's device was removed, and has left.
    Removed { call: CallId, invitation: Arc<GuestInvitation>, guest: GuestId, device: DeviceId },
    /// The relay is to send a guest away.
    SendAway { invitation: Arc<GuestInvitation>, guest: GuestId },
}

/// Sends what comes until nobody sends any more. What can't be sent is lost: whoever needed it asks again.
pub(super) async fn run(member: &Member, mut letters: mpsc::UnboundedReceiver<Mail>) {
    let mut number = first_number(u64::try_from(member.now_ms() / 1000).unwrap_or_default());
    while let Some(mail) = letters.recv().await {
        let sent = match mail {
            Mail::CameIn(at_s) => {
                number = number.max(first_number(at_s));
                Ok(())
            }
            Mail::Signal { conversation, call, to, body } => {
                number += 1;
                send(member, conversation, CallSignal { call, number, to, body }).await
            }
            Mail::Guest { call, invitation, guest, body } => {
                number += 1;
                send_guest(member, call, &invitation, guest, GuestSignal { number, device: Some(member.device()), body }).await
            }
            Mail::Removed { call, invitation, guest, device } => {
                // In its name, by a number that it can't have reached.
                let number = first_number(u64::try_from(member.now_ms() / 1000).unwrap_or_default());
                let left = GuestSignal { number, device: Some(device), body: GuestSignalBody::Left };
                send_guest(member, call, &invitation, guest, left).await
            }
            Mail::SendAway { invitation, guest } => {
                member.client.delete(&path::of_guest(invitation.link, guest)).await.map_err(Error::from)
            }
        };
        if let Err(error) = sent {
            tracing::info!(code = error.code, "a signal of a call was not sent");
        }
    }
}

async fn send(member: &Member, conversation: ConversationId, signal: CallSignal) -> Result<()> {
    let content = Content::CallSignal(signal).encode();
    for _ in 0..ATTEMPTS {
        let envelope = sealed(member, conversation, &content).await?;
        let body = NewMessages { kind: MessageKind::Transient, envelopes: vec![Bytes(envelope)] };
        let path = path::of(path::MESSAGES, conversation);
        match promptly(|| member.client.post::<MessagesAccepted>(&path, &body)).await {
            Err(RelayError::Refused(refusal)) if refusal.code == code::STALE_EPOCH => {
                let _work = member.work.lock().await;
                group::catch_up(member, conversation, None).await?;
            }
            other => return other.map(drop).map_err(Error::from),
        }
    }
    Err(Error::new("stale_epoch", "The keys of the conversation change too often.", "Try again."))
}

/// An envelope that has no place in the chain of this device's messages.
async fn sealed(member: &Member, conversation: ConversationId, content: &[u8]) -> Result<Vec<u8>> {
    let message = MessageId::new(member.now_ms(), vault::id_bytes(&mut member.rng())?);
    let (mut header, key) = log::header(member, &mut *member.cache.read().await?, conversation, message).await?;
    (header.counter, header.previous) = (EnvelopeHeader::UNCHAINED, Hash::ZERO);
    Ok(seal(content, &header, &key, &member.device_keys(), &mut member.rng())?)
}

async fn send_guest(member: &Member, call: CallId, invitation: &GuestInvitation, guest: GuestId, signal: GuestSignal) -> Result<()> {
    let failed = |_| Error::new("seal", "A signal to the guest can't be encrypted.", "Start again.");
    let signer = MembersKeyPair::from_seed(&invitation.key).map_err(failed)?;
    let sealed = seal_guest_signal(&signal, Direction::ToGuest, call, &invitation.secret, &signer, &mut member.rng()).map_err(failed)?;
    let (path, sealed) = (path::of_guest(invitation.link, guest), Bytes(sealed));
    Ok(promptly(|| member.client.post::<()>(&path, &sealed)).await?)
}

/// Posts, and once more where no answer comes soon; a slow relay has its time then. What arrived twice is taken once, by its number.
async fn promptly<T, F: Future<Output = core::result::Result<T, RelayError>>>(post: impl Fn() -> F) -> core::result::Result<T, RelayError> {
    match tokio::time::timeout(PATIENCE, post()).await {
        Ok(answered) => answered,
        Err(_) => post().await,
    }
}
