//! A member's program without a database: what it computed, judged, holds and has still to send, by the real rules.

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Context as _, Result, ensure};
use bezel_crypto::SystemRng;
use bezel_crypto::envelope::{EnvelopeContext, EpochContext, Neighbour, Neighbours, Reader, check_chain, check_envelope, seal};
use bezel_crypto::group::EpochKey;
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::log::{EntryKind, Leave, Place, SpineEntry};
use bezel_protocol::wire::StoredMessage;
use bezel_protocol::{DeviceId, Hash, MessageId, Role, UserId, cbor};

use super::group::{Commit, Group, open_epoch};
use super::relay::{BEGIN, RING, Relay, Shown};
use super::workspace::{SUITE, Workspace};

/// A message that waits.
pub(super) struct Outgoing {
    pub(super) message: MessageId,
    pub(super) text: String,
    /// The last attempt.
    pub(super) envelope: Option<Vec<u8>>,
    pub(super) attempts: Vec<Hash>,
}

/// A message that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) device: DeviceId,
    pub(crate) message: MessageId,
    pub(crate) text: String,
    pub(crate) seen: u64,
    pub(crate) epoch: u64,
}

/// An epoch whose key is here.
struct Epoch {
    key: EpochKey,
    authenticator: Hash,
    group: Group,
    began_at: u64,
    ended_at: Option<u64>,
}

/// The state of one device.
pub(crate) struct Member {
    pub(crate) who: usize,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    /// The chain at each place, the beginning included.
    chain: Vec<Place>,
    entries: Vec<SpineEntry>,
    /// The group behind the newest change that was judged.
    pub(crate) group: Group,
    /// Whether this device is in it.
    pub(crate) is_in: bool,
    epochs: BTreeMap<u64, Epoch>,
    /// Who left at which place, and where that ended.
    leaves: Vec<(UserId, u64, Option<u64>)>,
    /// The place by which this device came in last.
    pub(crate) first: u64,
    /// What counts, by place.
    pub(crate) shown: BTreeMap<u64, Counted>,
    /// Places that were found to count since somebody looked.
    pub(super) fresh: Vec<u64>,
    /// The epoch behind each change, and who was in the group, since somebody looked.
    pub(super) changes: BTreeMap<u64, (u64, Vec<(UserId, Role)>)>,
    names: BTreeMap<(DeviceId, MessageId), u64>,
    chains: BTreeMap<(DeviceId, u64), Neighbour>,
    /// Envelopes of which the content has not come.
    missing: Vec<u64>,
    /// Number and hash before this device's next message.
    pub(super) own: (u64, Hash),
    pub(super) outbox: VecDeque<Outgoing>,
}

impl Member {
    pub(crate) fn new(workspace: &Workspace, who: usize) -> Self {
        let person = &workspace.people[who];
        Self {
            who,
            user: person.user,
            device: person.keys.device(),
            chain: vec![Place::START],
            entries: Vec::new(),
            group: Group::begin(workspace, 0),
            is_in: false,
            epochs: BTreeMap::new(),
            leaves: Vec::new(),
            first: 0,
            shown: BTreeMap::new(),
            fresh: Vec::new(),
            changes: BTreeMap::new(),
            names: BTreeMap::new(),
            chains: BTreeMap::new(),
            missing: Vec::new(),
            own: (0, Hash::ZERO),
            outbox: VecDeque::new(),
        }
    }

    /// The end of the chain as far as it was computed here.
    pub(crate) fn last(&self) -> Place {
        *self.chain.last().unwrap()
    }

    fn hash_at(&self, sequence: u64) -> Option<Hash> {
        self.chain.get(usize::try_from(sequence).ok()?).map(|place| place.hash)
    }

    fn entry(&self, sequence: u64) -> Option<&SpineEntry> {
        self.entries.get(usize::try_from(sequence).ok()?.checked_sub(1)?)
    }

    /// Whether bytes stand in the log, by their hash, and are still to be judged there.
    pub(super) fn awaits(&self, sha256: Hash) -> bool {
        self.missing.iter().any(|place| self.entry(*place).is_some_and(|entry| entry.sha256 == sha256))
    }

    pub(super) fn is_on_chain(&self, place: Place) -> bool {
        self.hash_at(place.sequence) == Some(place.hash)
    }

    /// Brings everything up to what the relay shows, but for the content at one of the places that are missing.
    pub(crate) async fn sync(&mut self, workspace: &Workspace, relay: &Relay, withheld: Option<usize>) -> Result<()> {
        let gap = self.missing.first().copied().unwrap_or(self.last().sequence + 1);
        let Some(shown) = relay.show(workspace, self.who, (self.last().sequence, self.group.epoch), gap).await? else { return Ok(()) };
        let before = self.last().sequence;
        self.extend(&shown)?;
        let changes: BTreeMap<u64, &[u8]> = shown.changes.iter().map(|(sequence, entry)| (*sequence, entry.as_slice())).collect();
        for sequence in before + 1..=self.last().sequence {
            self.follow(workspace, sequence, changes.get(&sequence).copied())?;
        }
        self.take(workspace, &shown.envelopes, withheld)
    }

    /// Computes the chain on, up to the head.
    fn extend(&mut self, shown: &Shown) -> Result<()> {
        for entry in &shown.spine {
            self.chain.push(self.last().next(entry));
            self.entries.push(*entry);
        }
        // Who was put out is shown the end there, and has it already.
        ensure!(shown.spine.is_empty() || shown.head == self.last(), "the head is what its own hashes give");
        Ok(())
    }

    /// Judges what stands at the next place, if it changes the group.
    fn follow(&mut self, workspace: &Workspace, sequence: u64, bytes: Option<&[u8]>) -> Result<()> {
        let entry = *self.entry(sequence).context("an entry")?;
        let judge = workspace.judge(entry.roster, entry.stored_at_ms)?;
        match entry.kind {
            EntryKind::Envelope => self.missing.push(sequence),
            EntryKind::Begin => self.enter(sequence, Hash::of(BEGIN))?,
            EntryKind::Leave => {
                let leave = Leave::decode(bytes.filter(|bytes| Hash::of(bytes) == entry.sha256).context("a leave")?)?;
                ensure!(leave.seen.sequence < sequence && self.is_on_chain(leave.seen), "a leave is of this log");
                let user = self.group.leave(&leave, &judge)?;
                self.leaves.push((user, sequence, None));
                self.is_in &= user != self.user;
            }
            EntryKind::Commit => {
                let commit: Commit = cbor::decode(bytes.filter(|bytes| Hash::of(bytes) == entry.sha256).context("a commit")?)?;
                ensure!(commit.seen.sequence < sequence && self.is_on_chain(commit.seen), "a commit is of this log");
                ensure!(commit.epoch == self.group.epoch && commit.roster.sequence <= entry.roster, "a commit is of this epoch");
                self.group = self.group.apply(workspace, &commit, &judge)?;
                if let Some(epoch) = self.epochs.get_mut(&commit.epoch) {
                    epoch.ended_at.get_or_insert(sequence);
                }
                for (user, _, ended) in &mut self.leaves {
                    if self.group.roles.get(*user).is_none() {
                        ended.get_or_insert(sequence);
                    }
                }
                self.enter(sequence, entry.sha256)?;
            }
            other => ensure!(false, "there is no {other:?} here"),
        }
        if entry.kind != EntryKind::Envelope {
            self.changes.insert(sequence, (self.group.epoch, self.group.members()));
        }
        Ok(())
    }

    /// The group is in another epoch by the entry at a place: its key, if this device is in it.
    fn enter(&mut self, sequence: u64, entry: Hash) -> Result<()> {
        let was_in = self.is_in;
        self.is_in = self.group.has_leaf(self.device) && self.group.role(self.user).is_some();
        if !self.is_in {
            return Ok(());
        }
        if !was_in {
            self.first = sequence;
            self.missing.clear();
        }
        let (key, authenticator) = open_epoch(RING, &self.group, entry, self.device)?;
        let epoch = Epoch { key, authenticator, group: self.group.clone(), began_at: sequence, ended_at: None };
        self.epochs.insert(self.group.epoch, epoch);
        Ok(())
    }

    /// Takes what this device sent and finds in the log by its hash, whatever the relay hands out of it.
    pub(super) fn find_own(&mut self, workspace: &Workspace) -> Result<()> {
        let envelopes: Vec<Vec<u8>> = self.outbox.iter().filter_map(|outgoing| outgoing.envelope.clone()).collect();
        for envelope in envelopes {
            let hash = Hash::of(&envelope);
            let place = (1..).zip(&self.entries).find(|(_, entry)| entry.sha256 == hash).map(|(place, _)| place);
            if let Some(place) = place {
                self.missing.retain(|other| *other != place);
                self.judge(workspace, place, &envelope)?;
            }
        }
        Ok(())
    }

    /// Takes contents whose bytes are those of the chain, the oldest first.
    fn take(&mut self, workspace: &Workspace, envelopes: &[StoredMessage], withheld: Option<usize>) -> Result<()> {
        for (at, stored) in envelopes.iter().rev().enumerate() {
            let Ok(missing) = self.missing.binary_search(&stored.sequence) else { continue };
            let entry = self.entry(stored.sequence).context("an entry")?;
            if withheld == Some(at) || entry.sha256 != Hash::of(&stored.envelope.0) {
                continue;
            }
            self.missing.remove(missing);
            self.judge(workspace, stored.sequence, &stored.envelope.0)?;
        }
        Ok(())
    }

    /// Judges an envelope at its place; what counts is shown.
    fn judge(&mut self, workspace: &Workspace, sequence: u64, bytes: &[u8]) -> Result<()> {
        let stamp = self.entry(sequence).context("an entry")?.roster;
        let roster = workspace.roster();
        let reader = Reader { conversation: RING, algorithm: SUITE.algorithm(), roster: &roster };
        let Ok(signed) = reader.verify(Envelope::parse(bytes)?) else { return Ok(()) };
        let (header, hash) = (*signed.envelope().header(), signed.envelope().hash());
        let user = roster.device(header.device).context("a device")?.user;
        let Some(epoch) = self.epochs.get(&header.epoch) else { return Ok(()) };
        let of_epoch = EpochContext {
            began_at: epoch.began_at,
            ended_at: epoch.ended_at,
            authenticator: epoch.authenticator,
            role: epoch.group.roles.get(user),
        };
        let had_left = |at: u64| {
            let left = |(gone, from, to): &(UserId, u64, Option<u64>)| *gone == user && *from < at && to.is_none_or(|to| at < to);
            self.leaves.iter().any(left)
        };
        let context = |at: u64, stamp: u64| EnvelopeContext {
            sequence: at,
            stamp,
            seen: self.hash_at(header.seen.sequence),
            stands_at: None,
            epoch: Some(of_epoch),
            had_left: had_left(at),
        };
        // The same bytes above take their name, whether their content has come or not.
        let mut above = (1..sequence).zip(&self.entries).filter(|(_, entry)| entry.sha256 == hash);
        let first = above.find(|(at, entry)| check_envelope(&header, &context(*at, entry.roster), &roster).is_ok()).map(|(at, _)| at);
        let stands_at = first.or_else(|| self.names.get(&(header.device, header.message)).copied());
        if check_envelope(&header, &EnvelopeContext { stands_at, ..context(sequence, stamp) }, &roster).is_err() {
            return Ok(());
        }
        let Ok(decrypted) = signed.decrypt(&epoch.key) else { return Ok(()) };
        let neighbour = |counter: Option<u64>| counter.and_then(|counter| self.chains.get(&(header.device, counter)).copied());
        let neighbours = Neighbours {
            same: neighbour(Some(header.counter)),
            before: neighbour(header.counter.checked_sub(1)),
            after: neighbour(header.counter.checked_add(1)),
        };
        if check_chain(&header, hash, &neighbours).is_err() {
            return Ok(());
        }
        let text = String::from_utf8(decrypted.into_verified().content().to_vec())?;
        self.counts(sequence, (&header, hash), text)
    }

    fn counts(&mut self, sequence: u64, (header, hash): (&EnvelopeHeader, Hash), text: String) -> Result<()> {
        let EnvelopeHeader { device, message, counter, previous, .. } = *header;
        self.names.insert((device, message), sequence);
        self.fresh.push(sequence);
        let neighbour = Neighbour { message, hash, previous, seen: header.seen.sequence, roster: header.roster.sequence };
        self.chains.insert((device, counter), neighbour);
        self.shown.insert(sequence, Counted { device, message, text, seen: header.seen.sequence, epoch: header.epoch });
        if device == self.device {
            if counter >= self.own.0 || counter + 1 == self.own.0 {
                self.own = (counter + 1, hash);
            }
            if let Some(at) = self.outbox.iter().position(|outgoing| outgoing.message == message) {
                ensure!(self.outbox[at].attempts.contains(&hash), "nobody signs for another");
                self.outbox.remove(at);
            }
        }
        Ok(())
    }

    /// The envelope of what waits longest: the last attempt where it still holds, else a new one.
    pub(super) fn sealed(&mut self, workspace: &Workspace, now_ms: i64) -> Result<Option<Vec<u8>>> {
        let (Some(epoch), seen) = (self.epochs.get(&self.group.epoch), self.last()) else { return Ok(None) };
        let (counter, previous) = self.own;
        let Some(first) = self.outbox.front() else { return Ok(None) };
        let mut header = EnvelopeHeader {
            algorithm: SUITE.algorithm(),
            conversation: RING,
            epoch: self.group.epoch,
            device: self.device,
            message: first.message,
            counter,
            sent_at_ms: now_ms,
            previous,
            seen,
            roster: workspace.roster().head(),
            epoch_authenticator: epoch.authenticator,
        };
        if let Some(kept) = &first.envelope {
            let before = *Envelope::parse(kept)?.header();
            header = EnvelopeHeader { seen: before.seen, roster: before.roster, sent_at_ms: before.sent_at_ms, ..header };
            if before == header && self.is_on_chain(before.seen) {
                return Ok(Some(kept.clone()));
            }
            header = EnvelopeHeader { seen, roster: workspace.roster().head(), sent_at_ms: now_ms, ..header };
        }
        let envelope = seal(first.text.as_bytes(), &header, &epoch.key, &workspace.people[self.who].keys, &mut SystemRng)?;
        let first = self.outbox.front_mut().context("a message")?;
        first.attempts.push(Hash::of(&envelope));
        first.envelope = Some(envelope.clone());
        Ok(Some(envelope))
    }
}
