//! `POST /v1/conversations/{conversation}/offers`: a member brings back what this relay lost. Whoever may log in may: the entries prove
//! themselves, and the one who holds them may have been added, or removed, in the very stretch that was lost.

use std::sync::Arc;

use axum::extract::{Path, State};
use bezel_observer::Judge;
use bezel_protocol::log::{EntryKind, Place};
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::{ConversationHead, Event, MAX_OFFERS, Offer, Offered, Offers, OffersTaken};
use bezel_protocol::{ConversationId, WorkspaceId};

use crate::app::{App, roster_up_to};
use crate::heal::{self, Ground, Step, Taken};
use crate::http::conversation::{judge_again, judge_begin, judge_leave_again};
use crate::http::{Cbor, Device, Refusal, auth};
use crate::store::{Caller, HealingLog, Store};

pub(crate) async fn offers<S: Store>(
    State(app): State<Arc<App<S>>>,
    Path(conversation): Path<String>,
    device: Device,
    Cbor(offers): Cbor<Offers>,
) -> Result<Cbor<OffersTaken>, Refusal> {
    let id = auth::conversation(&conversation)?;
    if offers.entries.is_empty() || offers.entries.len() > MAX_OFFERS || offers.generation != app.generation() {
        return Err(Refusal::malformed("1 to 64 entries, in the generation of the heads"));
    }
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    let mut rest = offers.entries.as_slice();
    let mut taken = Taken { count: 0, ..begin(&app, &device, (id, offers.after), &roster, &mut rest).await? };
    let mut count = offers.entries.len() - rest.len();
    while !rest.is_empty() && taken.refused.is_none() {
        // A change of the group is judged by the group, beside the store; so it ends a run.
        let change = rest.iter().position(|offer| matches!(offer.kind, EntryKind::Commit | EntryKind::Leave));
        let (run, behind) = rest.split_at_checked(change.map_or(rest.len(), |change| change + 1)).unwrap_or((rest, &[]));
        let step = match run.last().filter(|_| change.is_some()) {
            Some(change) => Some(judge_change(&app, id, &roster, change).await?),
            None => None,
        };
        taken = take(&app, &device, (taken.log, Arc::clone(&roster)), (run.to_vec(), step)).await?;
        count += taken.count;
        rest = behind;
    }
    if count > 0 {
        announce(&app, device.workspace, id).await?;
    }
    let head = app.signed_head(id, taken.log.last, taken.log.epoch);
    Ok(Cbor(OffersTaken { taken: u32::try_from(count).unwrap_or(u32::MAX), head, refused: taken.refused.map(Into::into) }))
}

/// The log to which the offer belongs. One that was lost whole begins by the first entry of the offer.
async fn begin<S: Store>(
    app: &App<S>,
    device: &Device,
    (id, after): (ConversationId, Place),
    roster: &Arc<Roster>,
    rest: &mut &[Offer],
) -> Result<Taken, Refusal> {
    let workspace = device.workspace;
    let found = app.store.read(Caller::Relay, move |unit| {
        Box::pin(async move {
            let is_open = unit.healing(*id.as_bytes()).await?.is_some_and(|state| state.healed_at_ms.is_none());
            Ok((unit.healing_log(id, workspace).await?, is_open, unit.is_first_generation().await?))
        })
    });
    let (log, is_open, is_first_generation) = found.await?;
    if let Some(log) = log {
        if !is_open {
            return Err(Refusal::not_found());
        }
        let refused = (log.last != after).then(|| Refusal::ahead("the first entry is not the next one of the log"));
        return Ok(Taken { count: 0, log, refused });
    }
    let (Some((offer, behind)), false) = (rest.split_first(), is_first_generation) else { return Err(Refusal::not_found()) };
    let Offered::Bytes(bytes) = &offer.content else { return Err(Refusal::not_found()) };
    let is_first = after == Place::START && offer.kind == EntryKind::Begin && after.next(&offer.entry()).hash == offer.hash;
    if !is_first || offer.roster > roster.head().sequence {
        return Err(Refusal::not_found());
    }
    let (judge, begin) = (Judge::new(roster_up_to(app, roster, offer.roster).await?, offer.stored_at_ms), bytes.clone());
    let ((user, author), group) = app.judge(move || judge_begin(begin, judge)).await?;
    if group.conversation != id {
        return Err(Refusal::malformed("the conversation does not begin so"));
    }
    let (suite, stamp) = (group.suite, (offer.stored_at_ms, offer.roster));
    let caller = Caller::Device { workspace, user, device: author };
    let put_back = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            // Somebody else may have been faster.
            if unit.is_conversation(id).await? {
                return Ok(None);
            }
            unit.as_relay().put_back_conversation(caller, &group, stamp).await.map(Some)
        })
    });
    let last = put_back.await?.ok_or_else(|| Refusal::ahead("the conversation is there"))?;
    app.healing.begin(id);
    *rest = behind;
    Ok(Taken { count: 1, log: HealingLog { id, suite, epoch: 0, last, last_roster: offer.roster }, refused: None })
}

/// Judges a commit or a leave by the group as it stands before it.
async fn judge_change<S: Store>(app: &App<S>, id: ConversationId, roster: &Arc<Roster>, offer: &Offer) -> Result<Step, Refusal> {
    let Offered::Bytes(entry) = &offer.content else { return Ok(Step::Refused(Refusal::refused("a change is known by its bytes"))) };
    let snapshot = app.store.read(Caller::Relay, move |unit| Box::pin(unit.healing_group(id))).await?;
    let (snapshot, _) = snapshot.ok_or_else(Refusal::not_found)?;
    let (roster, entry, stored_at_ms) = (roster_up_to(app, roster, offer.roster).await?, entry.clone(), offer.stored_at_ms);
    let is_leave = offer.kind == EntryKind::Leave;
    let judged = app.judge(move || {
        Ok(if is_leave {
            Step::Leave(Box::new(judge_leave_again(&entry, &snapshot, Judge::new(roster, stored_at_ms))?))
        } else {
            Step::Commit(Box::new(judge_again(entry, &snapshot, roster, stored_at_ms)?))
        })
    });
    Ok(judged.await.unwrap_or_else(Step::Refused))
}

/// Takes back a run, if the log still ends where it begins.
async fn take<S: Store>(
    app: &App<S>,
    device: &Device,
    (log, roster): (HealingLog, Arc<Roster>),
    (run, step): (Vec<Offer>, Option<Step>),
) -> Result<Taken, Refusal> {
    let (relay, now_ms, workspace) = (app.key.public(), app.now_ms(), device.workspace);
    let taken = app.store.write(device.caller(), move |unit| {
        Box::pin(async move {
            let mut own = unit.as_relay();
            let is_open = own.healing(*log.id.as_bytes()).await?.is_some_and(|state| state.healed_at_ms.is_none());
            let here = own.healing_log(log.id, workspace).await?.filter(|_| is_open);
            drop(own);
            match here {
                None => Ok(None),
                Some(here) if here != log => {
                    let refused = Some(Refusal::ahead("somebody else brought something back at the same moment"));
                    Ok(Some(Taken { count: 0, log: here, refused }))
                }
                Some(_) => heal::take(unit, &Ground { roster: &roster, relay, now_ms }, log, &run, step).await.map(Some),
            }
        })
    });
    taken.await?.ok_or_else(Refusal::not_found)
}

/// Tells the members that a log has grown, and answers where it ends.
pub(crate) async fn announce<S: Store>(app: &App<S>, workspace: WorkspaceId, id: ConversationId) -> Result<HealingLog, Refusal> {
    let found = app.store.read(Caller::Relay, move |unit| {
        Box::pin(async move {
            let Some(log) = unit.healing_log(id, workspace).await? else { return Ok(None) };
            Ok(Some((log, unit.healing_members(id).await?)))
        })
    });
    let (log, members) = found.await?.ok_or_else(Refusal::not_found)?;
    for (device, role) in members.readers() {
        let head = ConversationHead { conversation: id, last_sequence: log.last.sequence, epoch: log.epoch, role };
        app.hub.send([device], &Event::Conversation(head));
    }
    Ok(log)
}
