//! What the relay makes of the entries of a group: it follows the group as an observer, and takes what every member will take.

use std::sync::Arc;

use bezel_observer::{CommitEntry, Judge, ObserveError, Observer, Refused};
use bezel_protocol::envelope::RosterHead;
use bezel_protocol::log::{Begin, Leave};
use bezel_protocol::roster::{Roster, RosterError};
use bezel_protocol::wire::{Bytes, CommitUpload};
use bezel_protocol::{DeviceId, UserId};

use crate::http::Refusal;
use crate::store::{Conversation, JudgedCommit, Membership, NewGroup};

/// The most bytes of a commit in a group of no one. It stays for ever, and whoever comes in reads it.
const COMMIT_BYTES: usize = 64 * 1024;
/// And for each leaf afterwards: it comes in by the commit, or secrets are sealed for it.
const COMMIT_BYTES_A_LEAF: usize = 16 * 1024;

/// Judges the first entry of a log: who began it, and the group.
pub(crate) fn judge_begin(begin: Bytes, judge: Judge) -> Result<((UserId, DeviceId), NewGroup), Refusal> {
    let said = |error: ObserveError| refusal(&error);
    let observer = Observer::begin(begin.as_ref(), judge).map_err(said)?;
    let [author] = observer.devices().map_err(said)?.try_into().map_err(|_| Refusal::refused("a conversation begins with one device"))?;
    let parsed = Begin::decode(begin.as_ref()).map_err(|error| Refusal::malformed(error.to_string()))?;
    let group = NewGroup {
        conversation: observer.conversation(),
        suite: observer.suite(),
        group_info: parsed.group_info,
        observer: observer.snapshot().map_err(said)?,
        begin,
    };
    Ok((author, group))
}

/// A commit whose author is the caller and knows the newest roster; where the group stands is not looked at yet.
pub(super) fn read(upload: &CommitUpload, (user, device): (UserId, DeviceId), roster: &Roster) -> Result<CommitEntry, Refusal> {
    let commit = CommitEntry::parse(upload.entry.as_ref()).map_err(|error| refusal(&error))?;
    if (commit.author().user(), commit.author().device()) != (user, device) {
        return Err(Refusal::forbidden("the entry is of another device than the one that sends it"));
    }
    is_newest(roster, commit.header().roster)?;
    Ok(commit)
}

/// An entry by which the caller's user leaves, of a device that knows the newest roster.
pub(super) fn read_leave(entry: &Bytes, device: DeviceId, roster: &Roster) -> Result<Leave, Refusal> {
    let leave = Leave::decode(entry.as_ref()).map_err(|error| Refusal::malformed(error.to_string()))?;
    if leave.device != device {
        return Err(Refusal::forbidden("the entry is of another device than the one that sends it"));
    }
    is_newest(roster, leave.roster)?;
    Ok(leave)
}

fn is_newest(roster: &Roster, named: RosterHead) -> Result<(), Refusal> {
    match roster.compare(named) {
        Ok(()) if named == roster.head() => Ok(()),
        Ok(()) => Err(Refusal::stale_roster(roster.head().sequence)),
        Err(RosterError::Forked { .. }) => Err(Refusal::forked("the entry names another history of the workspace")),
        Err(_) => Err(Refusal::ahead("the entry names a roster statement that this relay does not have")),
    }
}

/// Judges an entry by which somebody leaves: whose it is, and the group as it is seen then.
pub(super) fn judge_leave(leave: &Leave, snapshot: &[u8], judge: Judge) -> Result<(UserId, Vec<u8>), Refusal> {
    let said = |error: ObserveError| refusal(&error);
    let mut observer = Observer::load(snapshot, judge.clone()).map_err(said)?;
    let user = observer.leave(leave, judge).map_err(said)?;
    Ok((user, observer.snapshot().map_err(said)?))
}

/// A commit that the log held before, judged by the group as it stands, by the roster and at the time of its own place.
pub(crate) fn judge_again(
    entry: Bytes,
    snapshot: &[u8],
    roster: Arc<Roster>,
    stored_at_ms: i64,
) -> Result<(CommitEntry, JudgedCommit), Refusal> {
    let said = |error: ObserveError| refusal(&error);
    let commit = CommitEntry::parse(entry.as_ref()).map_err(said)?;
    match roster.compare(commit.header().roster) {
        Ok(()) => {}
        Err(RosterError::Forked { .. }) => return Err(Refusal::forked("the commit names another history of the workspace")),
        Err(_) => return Err(Refusal::ahead("the commit names a later history of the workspace than it was stamped with")),
    }
    let judge = Judge::new(roster, stored_at_ms);
    let mut observer = Observer::load(snapshot, judge.clone()).map_err(said)?;
    match observer.apply(&commit, judge) {
        Err(ObserveError::WrongEpoch { .. }) => return Err(Refusal::stale_epoch(observer.epoch())),
        other => drop(other.map_err(said)?),
    }
    let after = after(&observer)?;
    // Its author's group info was not kept: whoever is in the epoch makes one.
    let (group_info, welcomes) = (Bytes(Vec::new()), Vec::new());
    Ok((commit, JudgedCommit { entry, group_info, observer: observer.snapshot().map_err(said)?, after, welcomes }))
}

/// A leave that the log held before, judged by the group as it stands; with whose it is, and the group as it is seen then.
pub(crate) fn judge_leave_again(entry: &Bytes, snapshot: &[u8], judge: Judge) -> Result<(Leave, UserId, Vec<u8>), Refusal> {
    let leave = Leave::decode(entry.as_ref()).map_err(|error| Refusal::malformed(error.to_string()))?;
    let (user, observer) = judge_leave(&leave, snapshot, judge)?;
    Ok((leave, user, observer))
}

/// Whether group info is of the newest epoch of a group, and signed by this device's leaf.
pub(crate) fn judge_group_info(group_info: &[u8], snapshot: &[u8], judge: Judge, device: DeviceId) -> Result<(), Refusal> {
    let observer = Observer::load(snapshot, judge).map_err(|error| refusal(&error))?;
    let signer = observer.check_group_info(group_info).map_err(|error| refusal(&error))?;
    if signer.device() == device { Ok(()) } else { Err(Refusal::forbidden("the group info is of another device")) }
}

fn after(observer: &Observer) -> Result<Membership, Refusal> {
    let said = |error: ObserveError| refusal(&error);
    Ok(Membership {
        members: observer.members().map_err(said)?,
        devices: observer.devices().map_err(said)?.into_iter().map(|(user, device)| (device, user)).collect(),
    })
}

/// Judges a commit by the group as it stands.
pub(super) fn judge(
    upload: CommitUpload,
    commit: &CommitEntry,
    conversation: &Conversation,
    snapshot: &[u8],
    roster: Arc<Roster>,
    now_ms: i64,
) -> Result<JudgedCommit, Refusal> {
    let said = |error: ObserveError| refusal(&error);
    let judge = Judge::new(roster, now_ms);
    let mut observer = Observer::load(snapshot, judge.clone()).map_err(said)?;
    let observed = match observer.apply(commit, judge) {
        Err(ObserveError::WrongEpoch { found, expected }) if found < expected => return Err(Refusal::stale_epoch(conversation.epoch)),
        Err(ObserveError::WrongEpoch { .. }) => return Err(Refusal::ahead("the commit names an epoch that this relay does not have")),
        other => other.map_err(said)?,
    };
    let leaves = observer.leaves().map_err(said)?.len();
    if upload.entry.as_ref().len() > COMMIT_BYTES + leaves * COMMIT_BYTES_A_LEAF {
        return Err(Refusal::too_large());
    }
    observer.check_published(commit, upload.group_info.as_ref()).map_err(said)?;
    let mut welcomed: Vec<DeviceId> = upload.welcomes.iter().map(|welcome| welcome.device).collect();
    welcomed.sort_unstable();
    if welcomed != observed.added {
        return Err(Refusal::malformed("a commit has one welcome for each device that it adds, and no other"));
    }
    let after = after(&observer)?;
    let CommitUpload { entry, group_info, welcomes } = upload;
    Ok(JudgedCommit { entry, group_info, observer: observer.snapshot().map_err(said)?, after, welcomes })
}

fn refusal(error: &ObserveError) -> Refusal {
    match error {
        ObserveError::Refused(refused @ Refused::NotAllowed { .. }) => Refusal::forbidden(refused.to_string()),
        ObserveError::Refused(refused) => Refusal::refused(refused.to_string()),
        other => Refusal::malformed(other.to_string()),
    }
}
