//! The relay's own store, with what its handlers do around it; and what it does when it lies.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::log::{EntryKind, Leave, Place, SpineEntry};
use bezel_protocol::roster::Status;
use bezel_protocol::wire::{Bytes, StoredMessage, WelcomeUpload};
use bezel_protocol::{ConversationId, Hash, cbor};
use bezel_relay::store::{
    AppendEnd, Caller, Committed, JudgedCommit, Membership, NewEnvelope, NewEnvelopes, NewGroup, SqliteStore, Store as _,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::group::{Commit, Group};
use super::workspace::{SUITE, WORKSPACE, Workspace};

pub(crate) const RING: ConversationId = ConversationId::from_bytes([0xCC; 16]);
pub(crate) const BEGIN: &[u8] = b"begin";
/// Enough for one walk.
const MANY: u32 = 10_000;
const MANY_BYTES: usize = 1 << 30;

/// What became of something that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has a place; these bytes were stored under its name.
    Taken(Hash),
    Refused(&'static str),
}

pub(crate) struct Relay {
    path: PathBuf,
    store: SqliteStore,
    /// Of whoever runs the relay, beside the store.
    hand: SqliteConnection,
    pub(crate) now_ms: i64,
    /// Every envelope that ever came here.
    pub(crate) known: Vec<Vec<u8>>,
}

/// What a device is shown of the log.
pub(crate) struct Shown {
    pub(crate) head: Place,
    pub(crate) spine: Vec<SpineEntry>,
    /// Commits and leaves of the stretch, by place.
    pub(crate) changes: Vec<(u64, Vec<u8>)>,
    pub(crate) envelopes: Vec<StoredMessage>,
}

fn caller(workspace: &Workspace, who: usize) -> Caller {
    let person = &workspace.people[who];
    Caller::Device { workspace: WORKSPACE, user: person.user, device: person.keys.device() }
}

impl Relay {
    pub(crate) async fn open(folder: &Path, workspace: &Workspace, now_ms: i64) -> Result<Self> {
        let path = folder.join("relay.db");
        let store = SqliteStore::open(&path).await?;
        let hand = SqliteConnectOptions::new().filename(&path).connect().await?;
        let mut relay = Self { path, store, hand, now_ms, known: Vec::new() };
        relay.store.write(Caller::Relay, |unit| Box::pin(unit.insert_workspace(WORKSPACE, 0))).await?;
        relay.apply_roster(workspace).await?;
        let group = Group::begin(workspace, 0);
        let new = NewGroup {
            conversation: RING,
            suite: SUITE,
            begin: Bytes(BEGIN.to_vec()),
            group_info: Bytes(Vec::new()),
            observer: group.encode(workspace),
        };
        let stamp = (now_ms, workspace.roster().head().sequence);
        relay.store.write(caller(workspace, 0), move |unit| Box::pin(async move { unit.insert_conversation(&new, stamp).await })).await?;
        Ok(relay)
    }

    /// Stops, and starts again.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.store.close().await;
        self.store = SqliteStore::open(&self.path).await?;
        Ok(())
    }

    /// Takes over what the roster says by now.
    pub(crate) async fn apply_roster(&mut self, workspace: &Workspace) -> Result<()> {
        let (roster, now_ms) = (workspace.roster(), self.now_ms);
        Ok(self.store.write(Caller::Relay, move |unit| Box::pin(async move { unit.apply_roster(None, &roster, now_ms).await })).await?)
    }

    /// Whether the device of somebody may ask for anything.
    pub(crate) fn lets_in(workspace: &Workspace, who: usize) -> bool {
        workspace.roster().user(workspace.people[who].user).is_some_and(|user| user.status == Status::Active)
    }

    pub(crate) async fn append(&mut self, workspace: &Workspace, who: usize, bytes: &[u8]) -> Result<Answer> {
        let envelope = Envelope::parse(bytes)?;
        let header: EnvelopeHeader = *envelope.header();
        let roster = workspace.roster();
        envelope.verify(workspace.people[who].keys.message_key())?;
        roster.compare(header.roster)?;
        self.known.push(bytes.to_vec());
        let envelopes = vec![NewEnvelope::new(header, Bytes(bytes.to_vec()))];
        let new = NewEnvelopes { conversation: RING, envelopes, stamp: (self.now_ms, roster.head().sequence) };
        let appended = self.store.append(caller(workspace, who), new).await?;
        Ok(match (appended.accepted.first(), appended.end) {
            (Some(accepted), _) => Answer::Taken(accepted.sha256),
            (None, AppendEnd::NotThere) => Answer::Refused("not_found"),
            (None, AppendEnd::ReadOnly) => Answer::Refused("read_only"),
            (None, AppendEnd::StaleEpoch(_)) => Answer::Refused("stale_epoch"),
            (None, AppendEnd::Ahead) => Answer::Refused("ahead"),
            (None, AppendEnd::Forked) => Answer::Refused("forked"),
            (None, _) => Answer::Refused("repeated"),
        })
    }

    /// Judges a commit by the group as it stands, and appends it.
    pub(crate) async fn commit(&mut self, workspace: &Workspace, who: usize, entry: Vec<u8>) -> Result<Answer> {
        let commit: Commit = cbor::decode(&entry)?;
        let seen = commit.seen.sequence;
        let found = self.store.read(caller(workspace, who), move |unit| {
            Box::pin(async move {
                let Some(conversation) = unit.conversation_of_member(RING).await? else { return Ok(None) };
                Ok(Some((conversation, unit.hash_at(RING, seen).await?, unit.observer(RING).await?)))
            })
        });
        let Some((conversation, hash, observer)) = found.await? else { return Ok(Answer::Refused("not_found")) };
        if commit.epoch != conversation.epoch {
            return Ok(Answer::Refused("stale_epoch"));
        }
        if hash != Some(commit.seen.hash) {
            return Ok(Answer::Refused("forked"));
        }
        let roster = workspace.roster();
        if commit.roster != roster.head() {
            return Ok(Answer::Refused("stale_roster"));
        }
        let stamp = roster.head().sequence;
        let group = Group::decode(workspace, &observer.context("a group")?)?;
        let Ok(after) = group.apply(workspace, &commit, &workspace.judge(stamp, self.now_ms)?) else {
            return Ok(Answer::Refused("forbidden"));
        };
        let welcome = |who: &usize| WelcomeUpload { device: workspace.people[*who].keys.device(), welcome: Bytes(Vec::new()) };
        let mut devices = after.devices();
        devices.sort_unstable();
        let judged = JudgedCommit {
            group_info: Bytes(Vec::new()),
            observer: after.encode(workspace),
            after: Membership { members: after.members(), devices },
            welcomes: commit.added.iter().map(welcome).collect(),
            entry: Bytes(entry),
        };
        let (hash, stamp) = (Hash::of(judged.entry.as_ref()), (self.now_ms, stamp));
        let kept = self
            .store
            .write(caller(workspace, who), move |unit| Box::pin(async move { unit.apply_commit(&conversation, &judged, stamp).await }));
        Ok(told(kept.await?, hash))
    }

    pub(crate) async fn leave(&mut self, workspace: &Workspace, who: usize, leave: &Leave) -> Result<Answer> {
        let (roster, seen) = (workspace.roster(), leave.seen);
        if leave.roster != roster.head() {
            return Ok(Answer::Refused("stale_roster"));
        }
        let found = self.store.read(caller(workspace, who), move |unit| {
            Box::pin(async move {
                let Some(conversation) = unit.conversation_of_member(RING).await? else { return Ok(None) };
                Ok(Some((conversation, unit.hash_at(RING, seen.sequence).await?, unit.observer(RING).await?)))
            })
        });
        let Some((conversation, hash, observer)) = found.await? else { return Ok(Answer::Refused("not_found")) };
        if hash != Some(seen.hash) {
            return Ok(Answer::Refused("forked"));
        }
        let stamp = roster.head().sequence;
        let mut group = Group::decode(workspace, &observer.context("a group")?)?;
        if group.leave(leave, &workspace.judge(stamp, self.now_ms)?).is_err() {
            return Ok(Answer::Refused("forbidden"));
        }
        let (entry, observer, stamp) = (Bytes(leave.encode()), group.encode(workspace), (self.now_ms, stamp));
        let hash = Hash::of(entry.as_ref());
        let kept = self.store.write(caller(workspace, who), move |unit| {
            Box::pin(async move { unit.apply_leave(&conversation, &entry, &observer, stamp).await })
        });
        Ok(told(kept.await?, hash))
    }

    /// What a device sees of the log behind its end of it. `None` where it never was in the conversation.
    pub(crate) async fn show(&self, workspace: &Workspace, who: usize, (last, epoch): (u64, u64), gap: u64) -> Result<Option<Shown>> {
        let shown = self.store.read(caller(workspace, who), move |unit| {
            Box::pin(async move {
                let Some((head, _)) = unit.log_head(RING).await? else { return Ok(None) };
                let news = head.sequence > last;
                let spine = if news { unit.spine(RING, last + 1, head.sequence, MANY).await? } else { bezel_protocol::log::Spine::new([]) };
                let spine = spine.entries().unwrap_or_default();
                let mut changes = Vec::new();
                if spine.iter().any(|entry| entry.kind == EntryKind::Commit) {
                    let commits = unit.commits(RING, (epoch, head.sequence), MANY, MANY_BYTES).await?;
                    changes.extend(commits.into_iter().map(|commit| (commit.sequence, commit.entry.0)));
                }
                if spine.iter().any(|entry| entry.kind == EntryKind::Leave) {
                    let leaves = unit.leaves(RING, (last, head.sequence), MANY).await?;
                    changes.extend(leaves.into_iter().map(|leave| (leave.sequence, leave.entry.0)));
                }
                let envelopes =
                    if gap <= head.sequence { unit.messages(RING, (gap, head.sequence), MANY, MANY_BYTES).await? } else { Vec::new() };
                Ok(Some(Shown { head, spine, changes, envelopes }))
            })
        });
        Ok(shown.await?)
    }

    /// Whoever runs the relay puts an envelope at the end of the log, whatever the rules say.
    pub(crate) async fn place(&mut self, workspace: &Workspace, bytes: &[u8]) -> Result<()> {
        let ring = RING.as_bytes().as_slice();
        let mut tx = self.hand.begin_with("BEGIN IMMEDIATE").await?;
        let (sequence, hash): (i64, Vec<u8>) =
            sqlx::query_as("SELECT last_sequence, last_hash FROM group_conversations WHERE conversation_id = $1")
                .bind(ring)
                .fetch_one(&mut *tx)
                .await?;
        let last = Place { sequence: u64::try_from(sequence)?, hash: Hash::from_slice(&hash).context("a hash")? };
        let roster = workspace.roster().head().sequence;
        let entry = SpineEntry { kind: EntryKind::Envelope, stored_at_ms: self.now_ms, roster, sha256: Hash::of(bytes) };
        let place = last.next(&entry);
        let (sequence, roster) = (i64::try_from(place.sequence)?, i64::try_from(roster)?);
        let log = "INSERT INTO conversation_log (conversation_id, sequence, kind, stored_at_ms, roster, sha256, hash) VALUES ($1, $2, 1, $3, $4, $5, $6)";
        sqlx::query(log)
            .bind(ring)
            .bind(sequence)
            .bind(self.now_ms)
            .bind(roster)
            .bind(entry.sha256.as_bytes().as_slice())
            .bind(place.hash.as_bytes().as_slice())
            .execute(&mut *tx)
            .await?;
        let envelope = "INSERT INTO message_envelopes (conversation_id, sequence, envelope) VALUES ($1, $2, $3)";
        sqlx::query(envelope).bind(ring).bind(sequence).bind(bytes).execute(&mut *tx).await?;
        let end = "UPDATE group_conversations SET last_sequence = $2, last_hash = $3, last_roster = $4 WHERE conversation_id = $1";
        sqlx::query(end).bind(ring).bind(sequence).bind(place.hash.as_bytes().as_slice()).bind(roster).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }
}

fn told(committed: Committed, hash: Hash) -> Answer {
    match committed {
        Committed::At(_) => Answer::Taken(hash),
        Committed::StaleEpoch | Committed::Overtaken => Answer::Refused("stale_epoch"),
        Committed::StaleRoster(_) => Answer::Refused("stale_roster"),
    }
}
