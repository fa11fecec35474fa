//! `POST /v1/conversations/{conversation}/commits`: exactly one commit an epoch, and none that a member would refuse.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_observer::CommitEntry;
use bezel_protocol::ConversationId;
use bezel_protocol::log::Place;
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::{CommitAccepted, CommitUpload, ConversationHead, Event, MAX_WELCOME_BYTES};

use super::judge::{judge, read};
use crate::app::{App, audit};
use crate::heal;
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::{Committed, Conversation, JudgedCommit, Membership, Store, StoreError, Unit};

/// Who may only read renews the own leaf so often in a day, with each device.
const READERS_COMMITS: u64 = 3;
/// And comes back so often: by the same count, since each is an epoch that everybody follows.
const READERS_RETURNS: u64 = 9;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Where a commit finds its group.
struct Found {
    conversation: Conversation,
    before: Membership,
    observer: Vec<u8>,
}

pub(crate) async fn commit<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(upload): Cbor<CommitUpload>,
) -> Result<Cbor<CommitAccepted>, Refusal> {
    let id = auth::conversation(&conversation)?;
    // Those for one device are handed out together, and nobody has looked into them before.
    if upload.welcomes.iter().any(|welcome| welcome.welcome.0.len() > MAX_WELCOME_BYTES) {
        return Err(Refusal::too_large());
    }
    if app.healing.log(id) && !heal::close(&app, id, device.workspace).await? {
        return Err(Refusal::healing());
    }
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    // The time by which it is judged is the time that stands in the log.
    let now_ms = app.now_ms();
    let (caller, newest) = ((device.user, device.device), Arc::clone(&roster));
    let (upload, entry) = app.judge(move || read(&upload, caller, &newest).map(|entry| (upload, entry))).await?;
    let found = find(&app, &device, id, &entry, now_ms).await?;
    let Found { conversation, before, observer } = found;
    let judged = {
        let roster = Arc::clone(&roster);
        app.judge(move || judge(upload, &entry, &conversation, &observer, roster, now_ms)).await?
    };
    let added: Vec<_> = judged.welcomes.iter().map(|welcome| welcome.device).collect();
    let after = judged.after.clone();
    heal::may_commit(&app, (id, &roster), (device.user, &before), &judged.after, now_ms).await?;
    let place = keep(&app, &device, &conversation, judged, (now_ms, &roster)).await?;
    let head = |role| ConversationHead { conversation: id, last_sequence: place.sequence, epoch: conversation.epoch + 1, role };
    for (device, role) in after.readers() {
        app.hub.send([device], &Event::Conversation(head(role)));
    }
    app.hub.send(added, &Event::Welcome);
    let gone = before.devices.iter().filter(|(device, _)| after.devices.iter().all(|(other, _)| other != device));
    app.hub.send(gone.map(|(device, _)| *device), &Event::Removed(id));
    Ok(Cbor(CommitAccepted { epoch: conversation.epoch + 1, place, stored_at_ms: now_ms }))
}

/// The group that the commit names. Whose device has no leaf may come back by an external commit, as long as the user is a member.
async fn find<S: Store>(app: &App<S>, device: &Device, id: ConversationId, commit: &CommitEntry, now_ms: i64) -> Result<Found, Refusal> {
    let (header, is_external) = (*commit.header(), commit.is_external());
    if header.conversation() != id {
        return Err(Refusal::malformed("the commit belongs to another conversation"));
    }
    let found = app.store.read(device.caller(), move |unit| {
        Box::pin(async move {
            let Some(conversation) = unit.conversation_of_member(id).await? else { return Ok(Err(Refusal::not_found())) };
            if let Err(refusal) = is_here(unit, &conversation, header.epoch, header.seen).await? {
                return Ok(Err(refusal));
            }
            let most = if is_external { READERS_RETURNS } else { READERS_COMMITS };
            let is_reader = !conversation.role.may_remove_revoked();
            if is_reader && unit.count_commits(id, now_ms.saturating_sub(DAY_MS)).await? >= most {
                let message = format!(
                    "a device that may only read changes keys {READERS_COMMITS} times a day, and comes back {READERS_RETURNS} times"
                );
                return Ok(Err(Refusal::too_many_because(message)));
            }
            let before = unit.membership(id).await?;
            let observer = unit.observer(id).await?;
            Ok(observer.map(|observer| Found { conversation, before, observer }).ok_or_else(Refusal::not_found))
        })
    });
    found.await?
}

/// Whether an entry of a group was made for the epoch that the conversation is in, and for this history of it.
pub(super) async fn is_here(
    unit: &mut Unit<'_>,
    conversation: &Conversation,
    epoch: u64,
    seen: Place,
) -> Result<Result<(), Refusal>, StoreError> {
    if epoch > conversation.epoch {
        return Ok(Err(Refusal::ahead("the entry names an epoch that this relay does not have")));
    }
    if epoch < conversation.epoch {
        return Ok(Err(Refusal::stale_epoch(conversation.epoch)));
    }
    Ok(match unit.hash_at(conversation.id, seen.sequence).await? {
        Some(hash) if hash == seen.hash => Ok(()),
        Some(_) => Err(Refusal::forked("the entry names another history of the conversation")),
        None => Err(Refusal::ahead("the entry names a place that this relay does not have")),
    })
}

/// Appends the commit, if the group is still where it was judged.
async fn keep<S: Store>(
    app: &App<S>,
    device: &Device,
    conversation: &Conversation,
    judged: JudgedCommit,
    (now_ms, roster): (i64, &Roster),
) -> Result<Place, Refusal> {
    let (conversation, is_audited, stamp) = (*conversation, app.settings.audit_logging, roster.head().sequence);
    let kept = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let committed = unit.apply_commit(&conversation, &judged, (now_ms, stamp)).await?;
            if let Committed::At(_) = committed {
                audit(unit, is_audited, "conversation_commit", Some(format!("{} epoch {}", conversation.id, conversation.epoch))).await?;
            }
            Ok(committed)
        })
    });
    placed(kept.await?, &conversation)
}

/// The place of a change of the group that was judged as of `conversation`, if it came in time.
pub(super) fn placed(committed: Committed, conversation: &Conversation) -> Result<Place, Refusal> {
    match committed {
        Committed::At(place) => Ok(place),
        Committed::StaleEpoch => Err(Refusal::stale_epoch(conversation.epoch + 1)),
        // The author takes the leave from the log and builds another.
        Committed::Overtaken => Err(Refusal::stale_epoch(conversation.epoch)),
        Committed::StaleRoster(newest) => Err(Refusal::stale_roster(newest)),
    }
}
