//! Whether an envelope counts at the place where it was found: all that can be said of it without its content.

use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::roster::Roster;
use bezel_protocol::{Hash, MessageId, Role};

/// Where an envelope was found, and what a reader knows of that place.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeContext {
    /// The number of the place.
    pub sequence: u64,
    /// The number of the roster statement with which the relay stamped the entry.
    pub stamp: u64,
    /// The reader's own chain at the place that the author names; `None` where it does not go there.
    pub seen: Option<Hash>,
    /// The other place at which a message of this author with this id stands.
    pub stands_at: Option<u64>,
    /// The epoch that the author names; `None` where it is not known here, or not yet.
    pub epoch: Option<EpochContext>,
    /// Whether the author had left before the place.
    pub had_left: bool,
}

/// An epoch in the log.
#[derive(Clone, Copy, Debug)]
pub struct EpochContext {
    /// The place of the entry that began it.
    pub began_at: u64,
    /// The place of the commit that ended it, where one did.
    pub ended_at: Option<u64>,
    /// SHA-256 of its authenticator.
    pub authenticator: Hash,
    /// The author's role in it.
    pub role: Option<Role>,
}

/// Why an envelope does not count at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncounted {
    /// It names a roster statement that was not there when it was stored.
    LaterRoster,
    /// It names a place that is not before it, or another chain.
    OtherHistory,
    /// The message stands elsewhere already.
    Repeated,
    /// The epoch that it names is not known; it may be news.
    UnknownEpoch,
    /// The epoch that it names does not stand at its place.
    EpochOver,
    /// Its author sees another group in that epoch.
    OtherGroup,
    /// Its author was shut out of the workspace.
    ShutOut,
    /// Its author may not write in that epoch.
    WithoutRight,
    /// Its author had left.
    HadLeft,
}

/// Judges a header whose signature was checked. Returns the role in which the author wrote.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_envelope(header: &EnvelopeHeader, found: &EnvelopeContext, roster: &Roster) -> Result<Role, Uncounted> {
    if header.roster.sequence > found.stamp {
        return Err(Uncounted::LaterRoster);
    }
    if header.seen.sequence >= found.sequence || found.seen != Some(header.seen.hash) {
        return Err(Uncounted::OtherHistory);
    }
    if found.stands_at.is_some() {
        return Err(Uncounted::Repeated);
    }
    let epoch = found.epoch.ok_or(Uncounted::UnknownEpoch)?;
    if found.sequence <= epoch.began_at || epoch.ended_at.is_some_and(|ended_at| found.sequence >= ended_at) {
        return Err(Uncounted::EpochOver);
    }
    if epoch.authenticator != header.epoch_authenticator {
        return Err(Uncounted::OtherGroup);
    }
    if roster.was_shut_out(header.device, found.stamp) {
        return Err(Uncounted::ShutOut);
    }
    let role = epoch.role.filter(|role| role.may_post()).ok_or(Uncounted::WithoutRight)?;
    if found.had_left { Err(Uncounted::HadLeft) } else { Ok(role) }
}

/// A message of the same device that counts, next to the one that is judged in the device's own chain.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour {
    /// Its id.
    pub message: MessageId,
    /// SHA-256 of its envelope.
    pub hash: Hash,
    /// The hash of the one before it.
    pub previous: Hash,
    /// The number of the place that its author had seen.
    pub seen: u64,
    /// The number of the newest roster statement that its author knew.
    pub roster: u64,
}

/// The neighbours of an envelope in the chain of its device, as far as they are known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Neighbours {
    /// With the same number.
    pub same: Option<Neighbour>,
    /// With the number before it.
    pub before: Option<Neighbour>,
    /// With the number after it.
    pub after: Option<Neighbour>,
}

/// How an envelope breaks the chain of its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchained {
    /// It repeats or replaces another message of its author.
    Replaces,
    /// It does not follow the author's message before it.
    DoesNotFollow,
    /// The author's next message does not follow it.
    IsNotFollowed,
}

/// Compares an envelope, of which this is the hash, with its neighbours in the chain of its device.
///
/// # Errors
/// Where they don't fit.
pub fn check_chain(header: &EnvelopeHeader, hash: Hash, neighbours: &Neighbours) -> Result<(), Unchained> {
    if neighbours.same.is_some_and(|same| same.message != header.message) {
        return Err(Unchained::Replaces);
    }
    let leads_here = |before: Neighbour| {
        before.hash == header.previous && before.roster <= header.roster.sequence && before.seen <= header.seen.sequence
    };
    if !neighbours.before.is_none_or(leads_here) {
        return Err(Unchained::DoesNotFollow);
    }
    if neighbours.after.is_some_and(|after| after.previous != hash) { Err(Unchained::IsNotFollowed) } else { Ok(()) }
}
