//! Takes back what is offered, as far as it holds.

use bezel_protocol::log::Place;
use bezel_protocol::wire::{Offer, Offered};

use super::judge::{Ground, Judged, Step, judge};
use crate::http::Refusal;
use crate::store::{Caller, HealingLog, StoreError, Unit};

/// What became of an offer.
pub(crate) struct Taken {
    /// How many entries were taken back.
    pub(crate) count: usize,
    /// The log from then on.
    pub(crate) log: HealingLog,
    /// Why the next one was not.
    pub(crate) refused: Option<Refusal>,
}

/// Entries from one on that nobody signed, which are worth nothing until somebody did who had seen them.
struct Trial {
    count: usize,
    log: HealingLog,
    /// The last of those that nobody signed.
    last: Place,
}

/// Takes back the entries of an offer that hold, up to the first that does not. The last of them may change the group: as `step` says.
pub(crate) async fn take(
    unit: &mut Unit<'_>,
    ground: &Ground<'_>,
    mut log: HealingLog,
    entries: &[Offer],
    mut step: Option<Step>,
) -> Result<Taken, StoreError> {
    // Who is in it changes with the last entry at the earliest.
    let members = unit.as_relay().healing_members(log.id).await?;
    let (mut count, mut refused) = (0, None);
    let mut trial: Option<Trial> = None;
    for offer in entries {
        let judged = match judge(unit, ground, (&log, &members), offer, &mut step).await? {
            Ok(judged) => judged,
            Err(refusal) => {
                refused = Some(refusal);
                break;
            }
        };
        let mut relay = unit.as_relay();
        if matches!(judged, Judged::Unsigned) {
            if trial.is_none() {
                relay.begin_trial().await?;
            }
            let begun = trial.map_or((count, log), |trial| (trial.count, trial.log));
            trial = Some(Trial { count: begun.0, log: begun.1, last: log.last.next(&offer.entry()) });
        }
        let Some(place) = put_back(&mut *relay, ground, &log, offer, &judged).await? else {
            refused = Some(Refusal::refused("its author was no member there"));
            break;
        };
        let seen = match &judged {
            Judged::Envelope(header) => Some(header.seen),
            Judged::Commit(commit) => Some(commit.0.header().seen),
            Judged::Leave(leave) => Some(leave.0.seen),
            Judged::Restored | Judged::Unsigned => None,
        };
        if trial.as_ref().is_some_and(|trial| seen.is_some_and(|seen| seen.sequence >= trial.last.sequence)) {
            relay.end_trial(true).await?;
            trial = None;
        }
        let epoch = log.epoch + u64::from(matches!(judged, Judged::Commit(_)));
        log = HealingLog { last: place, last_roster: offer.roster, epoch, ..log };
        count += 1;
    }
    if let Some(trial) = trial {
        unit.as_relay().end_trial(false).await?;
        (count, log) = (trial.count, trial.log);
        refused = refused.or_else(|| Some(Refusal::refused("no later entry that is signed has seen these")));
    }
    Ok(Taken { count, log, refused })
}

/// Appends an entry that was judged. `None` where its author was no member.
async fn put_back(
    relay: &mut Unit<'_>,
    ground: &Ground<'_>,
    log: &HealingLog,
    offer: &Offer,
    judged: &Judged,
) -> Result<Option<Place>, StoreError> {
    match (judged, &offer.content) {
        (Judged::Commit(commit), _) => {
            let author = commit.0.author();
            let caller = Caller::Device { workspace: ground.roster.workspace(), user: author.user(), device: author.device() };
            relay.put_back_commit(caller, log, &commit.1, (offer.stored_at_ms, offer.roster)).await
        }
        (Judged::Leave(leave), Offered::Bytes(bytes)) => {
            let caller = Caller::Device { workspace: ground.roster.workspace(), user: leave.1, device: leave.0.device };
            relay.put_back_leave(caller, log, (bytes, &leave.2), (offer.stored_at_ms, offer.roster)).await
        }
        (Judged::Envelope(header), Offered::Bytes(bytes)) => {
            relay.put_back_envelope(log, &offer.entry(), (header, bytes.as_ref())).await.map(Some)
        }
        (_, Offered::Bytes(bytes)) => relay.put_back_entry(log, &offer.entry(), Some(bytes.as_ref())).await.map(Some),
        (_, Offered::Hash(_)) => relay.put_back_entry(log, &offer.entry(), None).await.map(Some),
    }
}
