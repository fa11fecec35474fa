//! `POST /v1/conversations/{conversation}/messages`: an envelope is stored in its place, once.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::{ConversationHead, Event, MAX_ENVELOPE_BYTES, MessageAccepted, MessageKind, NewMessage};
use bezel_protocol::{ConversationId, Hash};

use crate::app::App;
use crate::clock::now_ms;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::{Conversation, Membership, Store, StoreError, Unit};

/// What came of it, and who must hear of it.
struct Taken {
    accepted: MessageAccepted,
    conversation: Conversation,
    members: Membership,
}

pub(crate) async fn send<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(message): Cbor<NewMessage>,
) -> Result<Cbor<MessageAccepted>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    let header = check(&roster, id, &device, &message)?;
    let body = message.clone();
    let taken = app.store.write(device.caller(), move |unit| Box::pin(take(unit, header, body))).await??;
    announce(&app, &taken, message);
    Ok(Cbor(taken.accepted))
}

/// The envelope must say what the request says, and be signed by who sends it.
fn check(roster: &Roster, conversation: ConversationId, device: &Device, message: &NewMessage) -> Result<EnvelopeHeader, Refusal> {
    if message.envelope.0.len() > MAX_ENVELOPE_BYTES {
        return Err(Refusal::too_large());
    }
    let envelope = Envelope::parse(&message.envelope.0).map_err(|error| Refusal::malformed(error.to_string()))?;
    let header = *envelope.header();
    if header.conversation != conversation {
        return Err(Refusal::malformed("the envelope belongs to another conversation"));
    }
    if header.device != device.device {
        return Err(Refusal::forbidden("the envelope names another device than the one that sends it"));
    }
    let certificate = roster.device(device.device).and_then(|device| device.current()).ok_or_else(Refusal::unauthenticated)?;
    envelope.verify(&certificate.certificate().message_key).map_err(|error| Refusal::refused(error.to_string()))?;
    Ok(header)
}

async fn take(unit: &mut Unit<'_>, header: EnvelopeHeader, message: NewMessage) -> Result<Result<Taken, Refusal>, StoreError> {
    let Some(conversation) = unit.conversation(header.conversation).await? else { return Ok(Err(Refusal::not_found())) };
    let members = unit.membership(conversation.id).await?;
    let taken = |accepted| Ok(Ok(Taken { accepted, conversation, members }));
    // The same message again is the same answer, even if keys changed meanwhile.
    if let Some((sender, accepted)) = unit.message(conversation.id, header.message).await? {
        return if sender == header.device { taken(accepted) } else { Ok(Err(Refusal::conflict("another message has this id"))) };
    }
    if header.epoch != conversation.epoch {
        return Ok(Err(Refusal::stale_epoch(conversation.epoch)));
    }
    if message.kind == MessageKind::Stored && !conversation.role.may_post() {
        return Ok(Err(Refusal::forbidden("you may read this conversation, not write in it")));
    }
    let (envelope, now_ms) = (&message.envelope.0, now_ms());
    let unstored = MessageAccepted { sequence: 0, stored_at_ms: now_ms, sha256: Hash::of(envelope) };
    match message.kind {
        MessageKind::Stored => match unit.insert_message(conversation.id, header.message, header.epoch, envelope, now_ms).await? {
            Some(accepted) => taken(accepted),
            // A commit came between.
            None => Ok(Err(Refusal::stale_epoch(conversation.epoch + 1))),
        },
        MessageKind::Receipt => {
            unit.put_receipt(&header, envelope, now_ms).await?;
            taken(unstored)
        }
        MessageKind::Transient => taken(unstored),
    }
}

fn announce<S: Store>(app: &App<S>, taken: &Taken, message: NewMessage) {
    let Conversation { id, epoch, last_sequence, .. } = taken.conversation;
    if message.kind != MessageKind::Stored {
        let event = Event::Transient { conversation: id, envelope: message.envelope };
        return app.hub.send(taken.members.readers().map(|(device, _)| device), &event);
    }
    let last_sequence = last_sequence.max(taken.accepted.sequence);
    for (device, role) in taken.members.readers() {
        app.hub.send([device], &Event::Conversation(ConversationHead { conversation: id, last_sequence, epoch, role }));
    }
}
