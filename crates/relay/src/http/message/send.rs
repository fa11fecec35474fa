//! `POST /v1/conversations/{conversation}/messages`: envelopes are stored in their places, each once; or pass through.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::log::Place;
use bezel_protocol::roster::{Roster, RosterError};
use bezel_protocol::wire::{
    Bytes, ConversationHead, Event, MAX_ENVELOPE_BYTES, MAX_ENVELOPES, MAX_TRANSIENT_BYTES, MessageAccepted, MessageKind, MessagesAccepted,
    NewMessages,
};
use bezel_protocol::{ConversationId, Hash};

use crate::app::App;
use crate::heal;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::{AppendEnd, Conversation, Membership, NewEnvelope, NewEnvelopes, Store, StoreError, Unit};

/// An envelope that says what the request says, signed by the device that sends it.
type Checked = (EnvelopeHeader, Bytes);

pub(crate) async fn send<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(message): Cbor<NewMessages>,
) -> Result<Cbor<MessagesAccepted>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    let most = if message.kind == MessageKind::Stored { MAX_ENVELOPES } else { 1 };
    if message.envelopes.is_empty() || message.envelopes.len() > most {
        return Err(Refusal::malformed(format!("1 to {MAX_ENVELOPES} envelopes to be stored, or one of another kind")));
    }
    // What is wrong with a later one does not keep the ones before it from their places.
    let mut checked: Vec<Checked> = Vec::with_capacity(message.envelopes.len());
    let mut refused = None;
    for envelope in message.envelopes {
        match check(&roster, (id, message.kind), &device, &envelope) {
            Ok(header) => checked.push((header, envelope)),
            Err(refusal) if checked.is_empty() => return Err(refusal),
            Err(refusal) => {
                refused = Some(refusal);
                break;
            }
        }
    }
    let answer = match (message.kind, checked.pop()) {
        (MessageKind::Stored, Some(last)) => {
            checked.push(last);
            keep(&app, &device, (id, roster.head().sequence), checked, refused).await?
        }
        (MessageKind::Receipt, Some((header, receipt))) => keep_receipt(&app, &device, &header, receipt.0).await?,
        (MessageKind::Transient, Some((header, envelope))) => pass_on(&app, &device, &header, envelope.0).await?,
        (_, None) => return Err(Refusal::not_found()),
    };
    Ok(Cbor(answer))
}

fn check(
    roster: &Roster,
    (conversation, kind): (ConversationId, MessageKind),
    device: &Device,
    bytes: &Bytes,
) -> Result<EnvelopeHeader, Refusal> {
    let most = if kind == MessageKind::Stored { MAX_ENVELOPE_BYTES } else { MAX_TRANSIENT_BYTES };
    if bytes.0.len() > most {
        return Err(Refusal::too_large());
    }
    let envelope = Envelope::parse(&bytes.0).map_err(|error| Refusal::malformed(error.to_string()))?;
    let header = *envelope.header();
    if header.conversation != conversation {
        return Err(Refusal::malformed("the envelope belongs to another conversation"));
    }
    if header.device != device.device {
        return Err(Refusal::forbidden("the envelope names another device than the one that sends it"));
    }
    let certificate = roster.device(device.device).and_then(|device| device.current()).ok_or_else(Refusal::unauthenticated)?;
    envelope.verify(&certificate.certificate().message_key).map_err(|error| Refusal::refused(error.to_string()))?;
    match roster.compare(header.roster) {
        Ok(()) => Ok(header),
        Err(RosterError::Forked { .. }) => Err(Refusal::forked("the envelope names another history of the workspace")),
        Err(_) => Err(Refusal::ahead("the envelope names a roster statement that this relay does not have")),
    }
}

async fn keep<S: Store>(
    app: &App<S>,
    device: &Device,
    (id, roster): (ConversationId, u64),
    envelopes: Vec<Checked>,
    refused: Option<Refusal>,
) -> Result<MessagesAccepted, Refusal> {
    if app.healing.log(id) && !heal::close(app, id, device.workspace).await? {
        return Err(Refusal::healing());
    }
    let envelopes = envelopes.into_iter().map(|(header, envelope)| NewEnvelope::new(header, envelope)).collect();
    let new = NewEnvelopes { conversation: id, envelopes, stamp: (app.now_ms(), roster) };
    let appended = app.store.append(device.caller(), new).await?;
    let why = match appended.end {
        AppendEnd::Whole(..) => refused,
        AppendEnd::NotThere => Some(Refusal::not_found()),
        AppendEnd::ReadOnly => Some(read_only()),
        AppendEnd::StaleEpoch(current) => Some(Refusal::stale_epoch(current)),
        AppendEnd::Ahead => Some(Refusal::ahead("the envelope names an epoch or a place that this relay does not have")),
        AppendEnd::Forked => Some(Refusal::forked("the envelope names another history of the conversation")),
        AppendEnd::Repeated => Some(Refusal::conflict("an envelope repeats another one's id or counter")),
    };
    let Some(last) = appended.accepted.last() else { return Err(why.unwrap_or_else(Refusal::not_found)) };
    // Who reads the conversation is looked up behind the commit, outside of the one writer.
    let found = readers(app, device, id).await?;
    let epoch = found.as_ref().map_or(0, |(conversation, _)| conversation.epoch);
    let head = Some(app.signed_head(id, last.place, epoch));
    if let Some((Conversation { id, epoch, last, .. }, members)) = found {
        for (device, role) in members.readers() {
            app.hub.send([device], &Event::Conversation(ConversationHead { conversation: id, last_sequence: last.sequence, epoch, role }));
        }
    }
    Ok(MessagesAccepted { accepted: appended.accepted, head, refused: why.map(Into::into) })
}

async fn keep_receipt<S: Store>(
    app: &App<S>,
    device: &Device,
    header: &EnvelopeHeader,
    bytes: Vec<u8>,
) -> Result<MessagesAccepted, Refusal> {
    let (header, receipt, now_ms) = (*header, bytes.clone(), app.now_ms());
    let kept = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let members = match current(unit, &header).await? {
                Ok((_, members)) => members,
                Err(refusal) => return Ok(Err(refusal)),
            };
            unit.put_receipt(&header, &receipt, now_ms).await?;
            Ok(Ok(members))
        })
    });
    let members = kept.await??;
    Ok(announce(app, &members, header.conversation, bytes))
}

/// Nothing is stored. Who may only read the conversation is heard while a call goes on in it, whose signals these are.
async fn pass_on<S: Store>(app: &App<S>, device: &Device, header: &EnvelopeHeader, bytes: Vec<u8>) -> Result<MessagesAccepted, Refusal> {
    let header = *header;
    let found = app.store.read(device.caller(), move |unit| {
        Box::pin(async move {
            let (conversation, members) = match current(unit, &header).await? {
                Ok(found) => found,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if conversation.role.may_post() || unit.is_call_going_on(conversation.id).await? {
                return Ok(Ok(members));
            }
            Ok(Err(read_only()))
        })
    });
    let members = found.await??;
    Ok(announce(app, &members, header.conversation, bytes))
}

/// The conversation, which must be in the envelope's epoch, and who is in it.
async fn current(unit: &mut Unit<'_>, header: &EnvelopeHeader) -> Result<Result<(Conversation, Membership), Refusal>, StoreError> {
    let Some(conversation) = unit.conversation(header.conversation).await? else { return Ok(Err(Refusal::not_found())) };
    if header.epoch != conversation.epoch {
        return Ok(Err(Refusal::stale_epoch(conversation.epoch)));
    }
    match unit.hash_at(conversation.id, header.seen.sequence).await? {
        Some(hash) if hash == header.seen.hash => {}
        Some(_) => return Ok(Err(Refusal::forked("the envelope names another history of the conversation"))),
        None => return Ok(Err(Refusal::ahead("the envelope names a place that this relay does not have"))),
    }
    Ok(Ok((conversation, unit.membership(conversation.id).await?)))
}

async fn readers<S: Store>(app: &App<S>, device: &Device, id: ConversationId) -> Result<Option<(Conversation, Membership)>, StoreError> {
    let found = app.store.read(device.caller(), move |unit| {
        Box::pin(async move {
            let Some(conversation) = unit.conversation(id).await? else { return Ok(None) };
            Ok(Some((conversation, unit.membership(id).await?)))
        })
    });
    match found.await {
        // Shut out since: the commit that did so was announced to the others.
        Err(StoreError::ShutOut) => Ok(None),
        found => found,
    }
}

/// Says a transient envelope or a receipt to the devices that are connected.
fn announce<S: Store>(app: &App<S>, members: &Membership, conversation: ConversationId, envelope: Vec<u8>) -> MessagesAccepted {
    let unstored = MessageAccepted { place: Place::START, stored_at_ms: app.now_ms(), roster: 0, sha256: Hash::of(&envelope) };
    let event = Event::Transient { conversation, envelope: envelope.into() };
    app.hub.send(members.readers().map(|(device, _)| device), &event);
    MessagesAccepted { accepted: vec![unstored], head: None, refused: None }
}

fn read_only() -> Refusal {
    Refusal::forbidden("you may read this conversation, not write in it")
}
