//! Follows a conversation from its first entry, without any key: so a group is known before it is joined.

use std::collections::VecDeque;

use bezel_crypto::group::{CommitEntry, Judge, Observer};
use bezel_protocol::envelope::RosterHead;
use bezel_protocol::log::{EntryKind, Leave, LostChange, Place, SpineEntry};
use bezel_protocol::wire::{Bytes, StoredCommit, StoredLeave, path};
use bezel_protocol::{ConversationId, Hash, UserId};

use super::withheld;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::RelayError;
use crate::roster::Walk;
use crate::spine::{self, Whole};

/// A conversation that was followed up to a place.
#[derive(Clone)]
pub(super) struct Followed {
    pub(super) conversation: ConversationId,
    pub(super) rosters: Walk,
    /// Every change of the group up to here was judged.
    judged: u64,
    /// The log by its hashes, from the first entry on.
    pub(super) log: Whole,
    /// The group there.
    pub(super) observer: Observer,
    /// The entries that were judged, with place and time: they may have to be brought back to the relay.
    pub(super) handed: Vec<(u64, i64, Vec<u8>)>,
}

impl Followed {
    /// Follows a conversation from its first entry up to place `to`, or to the end of its log.
    ///
    /// # Errors
    /// When the relay can't be reached, withholds something, or an entry is no step of the group.
    pub(super) async fn begin(member: &Member, conversation: ConversationId, to: Option<u64>) -> Result<Self> {
        let log = spine::whole(member, conversation).await?;
        let begin: Bytes = member.client.get(&path::of(path::BEGIN, conversation)).await?;
        let Some(entry) = log.entries.first().copied() else { return Err(withheld()) };
        let first = entry.1;
        let begins = log.entries.iter().filter(|(_, entry)| entry.kind == EntryKind::Begin).count();
        if begins != 1 || first.kind != EntryKind::Begin || first.sha256 != Hash::of(begin.as_ref()) {
            return Err(withheld());
        }
        let mut rosters = Walk::begin(member, &mut *member.cache.read().await?).await?;
        let observer = Observer::begin(begin.as_ref(), Judge::new(rosters.up_to(first.roster)?, first.stored_at_ms)).map_err(forged)?;
        if observer.conversation() != conversation {
            return Err(withheld());
        }
        let handed = vec![(entry.0.sequence, first.stored_at_ms, begin.0.clone())];
        let mut followed = Self { conversation, rosters, judged: 1, log, observer, handed };
        followed.go_on(member, to).await?;
        Ok(followed)
    }

    /// Goes on, up to place `to`, or to where the log ends by now.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub(super) async fn extend(&mut self, member: &Member, to: Option<u64>) -> Result<()> {
        self.log = spine::whole(member, self.conversation).await?;
        // The roster may have grown, by what the new entries are stamped with.
        self.rosters = Walk::begin(member, &mut *member.cache.read().await?).await?;
        self.go_on(member, to).await
    }

    /// The place up to which everything was judged.
    pub(super) fn place(&self) -> Place {
        self.log.entries.last().map_or(Place::START, |(place, _)| *place)
    }

    /// The changes of the group that were judged behind a place.
    pub(super) fn changes_behind(&self, sequence: u64) -> Vec<LostChange> {
        let behind = self.handed.iter().filter(|(place, _, _)| *place > sequence);
        let change = |(at, _, bytes): &(u64, i64, Vec<u8>)| {
            self.log.at(*at).map(|(place, entry)| LostChange { place, entry, bytes: Bytes(bytes.clone()) })
        };
        behind.filter_map(change).collect()
    }

    /// Goes on without a new look at the relay's log, up to place `to` or to where it ended then.
    ///
    /// # Errors
    /// As for [`Self::begin`].
    pub(super) async fn go_on(&mut self, member: &Member, to: Option<u64>) -> Result<()> {
        let is_wanted = |(place, entry): &&(Place, SpineEntry)| {
            place.sequence > self.judged && entry.kind.changes_group() && to.is_none_or(|to| place.sequence <= to)
        };
        let mut changes: VecDeque<_> = self.log.entries.iter().filter(is_wanted).copied().collect();
        while let Some((_, next)) = changes.front() {
            let page = hand(member, self.conversation, next.kind, self.observer.epoch(), self.judged).await?;
            let before = changes.len();
            for handed in &page {
                let Some((place, entry)) = changes.front().copied().filter(|(place, _)| place.sequence == handed.sequence) else { break };
                read(handed, place, &entry)?;
                let hash_at = |sequence| self.log.hash_at(sequence);
                judge_next(&mut self.observer, &mut self.rosters, hash_at, handed.entry.as_ref(), (place, &entry))?;
                self.judged = place.sequence;
                self.handed.push((place.sequence, entry.stored_at_ms, handed.entry.0.clone()));
                changes.pop_front();
            }
            if changes.len() == before {
                return Err(withheld());
            }
        }
        Ok(())
    }
}

/// Judges the change of a group at a place, and tells whose it is and what its author had seen.
///
/// # Errors
/// When it is no step of the group, or names another history.
pub(super) fn judge_next(
    observer: &mut Observer,
    rosters: &mut Walk,
    hash_at: impl Fn(u64) -> Option<Hash>,
    bytes: &[u8],
    (place, entry): (Place, &SpineEntry),
) -> Result<(UserId, Place)> {
    let judge = Judge::new(rosters.up_to(entry.roster)?, entry.stored_at_ms);
    if entry.kind == EntryKind::Leave {
        let leave = Leave::decode(bytes).map_err(forged)?;
        names((leave.roster, leave.seen), place, entry, hash_at(leave.seen.sequence))?;
        return observer.leave(&leave, judge).map(|user| (user, leave.seen)).map_err(forged);
    }
    let commit = CommitEntry::parse(bytes).map_err(forged)?;
    let header = *commit.header();
    names((header.roster, header.seen), place, entry, hash_at(header.seen.sequence))?;
    observer.apply(&commit, judge).map(|observed| (observed.committer.user(), header.seen)).map_err(forged)
}

/// An entry that changes the group, as the relay hands it out.
pub(super) struct Handed {
    pub(super) sequence: u64,
    pub(super) entry: Bytes,
    stored_at_ms: i64,
}

/// The next entries of a kind: commits from an epoch on, or leaves behind a place.
pub(super) async fn hand(
    member: &Member,
    conversation: ConversationId,
    kind: EntryKind,
    epoch: u64,
    after: u64,
) -> core::result::Result<Vec<Handed>, RelayError> {
    if kind == EntryKind::Leave {
        let leaves = member.client.leaves(conversation, after).await?.leaves;
        let handed = |leave: StoredLeave| Handed { sequence: leave.sequence, entry: leave.entry, stored_at_ms: leave.stored_at_ms };
        return Ok(leaves.into_iter().map(handed).collect());
    }
    let commits = member.client.commits(conversation, epoch).await?.commits;
    let handed = |commit: StoredCommit| Handed { sequence: commit.sequence, entry: commit.entry, stored_at_ms: commit.stored_at_ms };
    Ok(commits.into_iter().map(handed).collect())
}

/// What the relay hands out must be the entry of the log.
pub(super) fn read(handed: &Handed, place: Place, entry: &SpineEntry) -> Result<()> {
    let said = (handed.sequence, handed.stored_at_ms, Hash::of(handed.entry.as_ref()));
    if said == (place.sequence, entry.stored_at_ms, entry.sha256) { Ok(()) } else { Err(withheld()) }
}

/// What an entry names must be what the log holds: the roster head with which it is stamped, and an earlier place with its hash.
pub(super) fn names((roster, named): (RosterHead, Place), place: Place, entry: &SpineEntry, seen: Option<Hash>) -> Result<()> {
    // One that was brought again after the relay was put back from a copy is stamped with a later head than it names.
    if roster.sequence > entry.roster || named.sequence >= place.sequence || seen != Some(named.hash) {
        return Err(Error::unverifiable(
            "commit_misplaced",
            "A change of a conversation's group was made for another place of its log, or another history of it.",
            "Do not write here: speak with whoever runs the relay, and with the others in the conversation, outside Bezel.",
        ));
    }
    Ok(())
}

/// A change of the group that the rules forbid, or that is none.
pub(super) fn forged(error: impl core::fmt::Display) -> Error {
    Error::unverifiable(
        "commit_forged",
        format!("The relay's log of a conversation holds a change that nobody may make: {error}."),
        "Do not write here: speak with whoever runs the relay, and with the conversation's owner, outside Bezel.",
    )
}
