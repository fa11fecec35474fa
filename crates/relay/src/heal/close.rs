//! When a healed log or roster takes new entries again.

use std::collections::BTreeSet;

use bezel_protocol::log::{EntryKind, Restored, SpineEntry};
use bezel_protocol::roster::{Roster, Status};
use bezel_protocol::{ConversationId, Hash, UserId, WorkspaceId};

use crate::app::App;
use crate::store::{Caller, Store, StoreError, Unit};

/// New entries wait so long for those who may hold what was lost, from the first client that comes.
const PATIENCE_MS: i64 = 10 * 60 * 1000;

/// Ends the healing of a log where it is due, with a `restored` entry. Returns whether new entries are taken.
pub(crate) async fn close<S: Store>(app: &App<S>, conversation: ConversationId, workspace: WorkspaceId) -> Result<bool, StoreError> {
    let Some(roster) = app.roster(workspace).filter(|_| app.healing.log(conversation)) else { return Ok(true) };
    let (key, generation, now_ms) = (app.key.clone(), app.generation(), app.now_ms());
    let is_closed = app.store.write(Caller::Relay, move |unit| {
        Box::pin(async move {
            let members = unit.healing_members(conversation).await?;
            let standing = members.members.iter().map(|(user, _)| *user).filter(|user| stands(&roster, *user)).collect();
            if !is_due(unit, *conversation.as_bytes(), standing, now_ms).await? {
                return Ok(false);
            }
            let Some(log) = unit.healing_log(conversation, workspace).await? else { return Ok(true) };
            let restored = Restored::new(key.head(generation, conversation, (log.last, log.epoch), now_ms)).encode();
            let entry = SpineEntry {
                kind: EntryKind::Restored,
                stored_at_ms: now_ms,
                roster: roster.head().sequence.max(log.last_roster),
                sha256: Hash::of(&restored),
            };
            let place = unit.put_back_entry(&log, &entry, Some(&restored)).await?;
            unit.end_healing(*conversation.as_bytes(), now_ms, Some(place)).await?;
            Ok(true)
        })
    });
    let is_closed = is_closed.await?;
    if is_closed {
        app.healing.end(conversation.as_bytes());
        tracing::info!("a conversation is healed");
    }
    Ok(is_closed)
}

/// Ends the healing of a roster where it is due. Returns whether new statements are taken. The caller holds the lock under which it grows.
pub(crate) async fn may_grow<S: Store>(app: &App<S>, roster: &Roster) -> Result<bool, StoreError> {
    let workspace = roster.workspace();
    if !app.healing.roster(workspace) {
        return Ok(true);
    }
    let standing: BTreeSet<UserId> = roster.users().map(|user| user.id).filter(|user| stands(roster, *user)).collect();
    let now_ms = app.now_ms();
    let is_over = app.store.write(Caller::Relay, move |unit| {
        Box::pin(async move {
            let subject = *workspace.as_bytes();
            let is_due = is_due(unit, subject, standing, now_ms).await?;
            if is_due {
                unit.end_healing(subject, now_ms, None).await?;
            }
            Ok(is_due)
        })
    });
    let is_over = is_over.await?;
    if is_over {
        app.healing.end(workspace.as_bytes());
    }
    Ok(is_over)
}

fn stands(roster: &Roster, user: UserId) -> bool {
    roster.user(user).is_some_and(|user| user.status == Status::Active)
}

/// Whether a device of everybody who stands has compared and none of those waits for its turn to offer, or the time for that is over.
async fn is_due(unit: &mut Unit<'_>, subject: [u8; 16], standing: BTreeSet<UserId>, now_ms: i64) -> Result<bool, StoreError> {
    let Some(state) = unit.healing(subject).await? else { return Ok(true) };
    let Some(first_at_ms) = state.first_at_ms.filter(|_| state.healed_at_ms.is_none()) else {
        return Ok(state.healed_at_ms.is_some());
    };
    if now_ms.saturating_sub(first_at_ms) >= PATIENCE_MS {
        return Ok(true);
    }
    let compared = unit.compared(subject).await?;
    let came: BTreeSet<UserId> = compared.iter().map(|(_, user, _)| *user).collect();
    Ok(standing.is_subset(&came) && compared.iter().all(|(_, _, follows)| *follows))
}
