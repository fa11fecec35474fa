//! Whether an entry that is offered may stand where it is offered.

use bezel_observer::CommitEntry;
use bezel_protocol::UserId;
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::log::{EntryKind, Leave, Restored};
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::{MAX_ENVELOPE_BYTES, Offer, Offered};

use crate::http::Refusal;
use crate::store::{HealingLog, JudgedCommit, Membership, StoreError, Unit};

/// Members keep the bytes of entries for so long: what is older may be offered by its hash alone.
const BYTES_KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// By what offers are judged, besides the log.
pub(crate) struct Ground<'a> {
    pub(crate) roster: &'a Roster,
    pub(crate) relay: Ed25519PublicKey,
    pub(crate) now_ms: i64,
}

/// A change of the group among the entries that are offered, judged by the group beside the store.
pub(crate) enum Step {
    /// A commit, and what it makes of the group.
    Commit(Box<(CommitEntry, JudgedCommit)>),
    /// A leave, whose it is, and the group as it is seen then.
    Leave(Box<(Leave, UserId, Vec<u8>)>),
    /// It is none that may stand there.
    Refused(Refusal),
}

/// An entry that may stand there.
pub(super) enum Judged {
    /// A message.
    Envelope(Box<EnvelopeHeader>),
    /// A commit.
    Commit(Box<(CommitEntry, JudgedCommit)>),
    /// A leave.
    Leave(Box<(Leave, UserId, Vec<u8>)>),
    /// The relay's own entry.
    Restored,
    /// An entry of which nobody keeps the bytes: it stands once a later entry that is signed has seen it.
    Unsigned,
}

/// Judges the next entry of a log by its stamps, its author and what it says.
pub(super) async fn judge(
    unit: &mut Unit<'_>,
    ground: &Ground<'_>,
    (log, members): (&HealingLog, &Membership),
    offer: &Offer,
    step: &mut Option<Step>,
) -> Result<Result<Judged, Refusal>, StoreError> {
    if log.last.next(&offer.entry()).hash != offer.hash {
        return Ok(Err(Refusal::forked("the chain does not come out")));
    }
    if offer.roster < log.last_roster || offer.roster > ground.roster.head().sequence {
        return Ok(Err(Refusal::ahead("the entry is stamped with a roster statement that is not here")));
    }
    match (offer.kind, &offer.content) {
        (EntryKind::Envelope, Offered::Bytes(bytes)) => envelope(unit, ground, (log, members), offer, &bytes.0).await,
        (EntryKind::Envelope, Offered::Hash(_)) => {
            let is_old = ground.now_ms.saturating_sub(offer.stored_at_ms) > BYTES_KEPT_MS;
            Ok(if is_old { Ok(Judged::Unsigned) } else { Err(Refusal::refused("members still keep the bytes of this entry")) })
        }
        (EntryKind::Commit | EntryKind::Leave, Offered::Bytes(_)) => change(unit, log, offer, step.take()).await,
        (EntryKind::Restored, Offered::Bytes(bytes)) => {
            let restored = Restored::parse(&bytes.0, log.id, &ground.relay).filter(|restored| restored.before().place == log.last);
            Ok(restored.map(|_| Judged::Restored).ok_or_else(|| Refusal::refused("this relay did not write that")))
        }
        _ => Ok(Err(Refusal::refused("entries of this kind are not taken back"))),
    }
}

/// A change was judged by its group already; here by its place.
async fn change(unit: &mut Unit<'_>, log: &HealingLog, offer: &Offer, step: Option<Step>) -> Result<Result<Judged, Refusal>, StoreError> {
    let (judged, epoch, seen, roster) = match step {
        Some(Step::Commit(judged)) if judged.0.header().conversation() == log.id => {
            let header = *judged.0.header();
            (Judged::Commit(judged), header.epoch, header.seen, header.roster)
        }
        Some(Step::Leave(judged)) => {
            let (epoch, seen, roster) = (judged.0.epoch, judged.0.seen, judged.0.roster);
            (Judged::Leave(judged), epoch, seen, roster)
        }
        Some(Step::Refused(refusal)) => return Ok(Err(refusal)),
        Some(Step::Commit(_)) | None => return Ok(Err(Refusal::refused("it is no change of this group"))),
    };
    if epoch != log.epoch {
        return Ok(Err(Refusal::stale_epoch(log.epoch)));
    }
    if roster.sequence > offer.roster {
        return Ok(Err(Refusal::forked("it names a later history of the workspace than its stamp")));
    }
    if unit.as_relay().chain_at(log.id, seen.sequence).await? != Some(seen.hash) {
        return Ok(Err(Refusal::forked("it names another history of the conversation")));
    }
    Ok(Ok(judged))
}

async fn envelope(
    unit: &mut Unit<'_>,
    ground: &Ground<'_>,
    (log, members): (&HealingLog, &Membership),
    offer: &Offer,
    bytes: &[u8],
) -> Result<Result<Judged, Refusal>, StoreError> {
    let (header, envelope) = match Envelope::parse(bytes) {
        Ok(envelope) if bytes.len() <= MAX_ENVELOPE_BYTES => (*envelope.header(), envelope),
        Ok(_) => return Ok(Err(Refusal::too_large())),
        Err(error) => return Ok(Err(Refusal::malformed(error.to_string()))),
    };
    let key = ground.roster.device(header.device).and_then(|device| device.current()).map(|current| current.certificate().message_key);
    let is_signed = key.is_some_and(|key| envelope.verify(&key).is_ok());
    if header.conversation != log.id || !is_signed {
        return Ok(Err(Refusal::refused("it is not signed by a device of this workspace for this conversation")));
    }
    if header.epoch != log.epoch {
        return Ok(Err(Refusal::stale_epoch(log.epoch)));
    }
    let user = members.devices.iter().find(|(device, _)| *device == header.device).map(|(_, user)| user);
    let role = members.members.iter().find(|(member, _)| Some(member) == user).map(|(_, role)| *role);
    if !role.is_some_and(|role| role.may_post()) || ground.roster.was_shut_out(header.device, offer.roster) {
        return Ok(Err(Refusal::refused("its author had no right to write there")));
    }
    if header.roster.sequence > offer.roster || ground.roster.compare(header.roster).is_err() {
        return Ok(Err(Refusal::forked("it names another history of the workspace, or a later one than its stamp")));
    }
    if unit.as_relay().chain_at(log.id, header.seen.sequence).await? != Some(header.seen.hash) {
        return Ok(Err(Refusal::forked("it names another history of the conversation")));
    }
    if unit.as_relay().is_message_taken(&header).await? {
        return Ok(Err(Refusal::conflict("it repeats another one's id or counter")));
    }
    Ok(Ok(Judged::Envelope(Box::new(header))))
}
