//! `POST /v1/conversations/{conversation}/commits`: exactly one commit an epoch.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::{CommitAccepted, CommitUpload, ConversationHead, Event};
use bezel_protocol::{ConversationId, DeviceId};

use super::authorise::authorise;
use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::{Conversation, Membership, Store, StoreError, Unit};

/// What came of it, and who must hear of it.
struct Accepted {
    at_ms: i64,
    conversation: Conversation,
    before: Membership,
    after: Membership,
    added: Vec<DeviceId>,
}

pub(crate) async fn commit<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(upload): Cbor<CommitUpload>,
) -> Result<Cbor<CommitAccepted>, Refusal> {
    let id = auth::conversation(&conversation)?;
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    let is_audited = app.settings.audit_logging;
    let accepted = app
        .store
        .write(device.caller(), move |unit| {
            Box::pin(async move {
                let accepted = take(unit, &roster, &device, id, &upload).await?;
                if let Ok(accepted) = &accepted {
                    audit(unit, is_audited, "conversation_commit", Some(format!("{id} epoch {}", accepted.conversation.epoch))).await?;
                }
                Ok(accepted)
            })
        })
        .await??;
    announce(&app, &accepted);
    Ok(Cbor(CommitAccepted { epoch: accepted.conversation.epoch + 1, created_at_ms: accepted.at_ms }))
}

async fn take(
    unit: &mut Unit<'_>,
    roster: &Roster,
    author: &Device,
    id: ConversationId,
    upload: &CommitUpload,
) -> Result<Result<Accepted, Refusal>, StoreError> {
    // Whose device has no leaf may come back by an external commit, as long as the user is a member.
    let Some(conversation) = unit.conversation_of_member(id).await? else { return Ok(Err(Refusal::not_found())) };
    if upload.epoch != conversation.epoch {
        return Ok(Err(Refusal::stale_epoch(conversation.epoch)));
    }
    let before = unit.membership(id).await?;
    let devices = match authorise(roster, (author.user, author.device), &conversation, &before, upload) {
        Ok(devices) => devices,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // The roster may have grown since it was looked at.
    for (device, _) in devices.iter().filter(|device| !before.devices.contains(device)) {
        if !unit.stands(*device).await? {
            return Ok(Err(Refusal::refused("only devices that stand in the roster can be added")));
        }
    }
    let at_ms = now_ms();
    if !unit.apply_commit(&conversation, upload, &before, &devices, at_ms).await? {
        return Ok(Err(Refusal::stale_epoch(conversation.epoch + 1)));
    }
    let added = upload.welcomes.iter().map(|welcome| welcome.device).collect();
    let after = Membership { members: upload.members.iter().map(|member| (member.user, member.role)).collect(), devices };
    Ok(Ok(Accepted { at_ms, conversation, before, after, added }))
}

fn announce<S: Store>(app: &App<S>, accepted: &Accepted) {
    let Conversation { id, epoch, last_sequence, .. } = accepted.conversation;
    for (device, role) in accepted.after.readers() {
        let head = ConversationHead { conversation: id, last_sequence, epoch: epoch + 1, role };
        app.hub.send([device], &Event::Conversation(head));
    }
    app.hub.send(accepted.added.iter().copied(), &Event::Welcome);
    let gone = accepted.before.devices.iter().filter(|(_, user)| accepted.after.members.iter().all(|(member, _)| member != user));
    app.hub.send(gone.map(|(device, _)| *device), &Event::Removed(id));
}
