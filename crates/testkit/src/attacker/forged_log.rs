//! A conversation's log as whoever runs the relay likes it: entries left out, put in, moved, said again, chained anew and signed.

use anyhow::{Context as _, Result};
use bezel_protocol::log::{EntryKind, Generation, Place, SignedHead, Spine, SpineEntry};
use bezel_protocol::wire::{Bytes, Commits, MAX_PAGE, Messages, StoredMessage};
use bezel_protocol::{ConversationId, Hash};
use bezel_relay::RelayKey;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use crate::Shop;

/// An entry of a log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the chain covers.
    pub spine: SpineEntry,
    /// The bytes of an envelope; empty for what is fetched in another way.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// An envelope.
    #[must_use]
    pub fn envelope(bytes: Vec<u8>, stored_at_ms: i64, roster: u64) -> Self {
        Self { spine: SpineEntry { kind: EntryKind::Envelope, stored_at_ms, roster, sha256: Hash::of(&bytes) }, bytes }
    }
}

/// A log in the relay's hand.
#[derive(Clone, Debug)]
pub struct ForgedLog {
    /// The conversation.
    pub conversation: ConversationId,
    /// The generation in which heads are signed.
    pub generation: Generation,
    /// The entries; the first has the number 1.
    pub entries: Vec<Entry>,
}

impl Shop {
    /// The log of a conversation as the relay has it.
    ///
    /// # Errors
    /// When its database does not open.
    pub async fn log_of(&self, conversation: ConversationId) -> Result<ForgedLog> {
        let mut database =
            SqliteConnectOptions::new().filename(self.folder.path().join("relay/relay.db")).read_only(true).connect().await?;
        let rows = sqlx::query(
            "SELECT l.kind, l.stored_at_ms, l.roster, l.sha256, coalesce(e.envelope, x'') AS envelope
             FROM conversation_log l
             LEFT JOIN message_envelopes e ON e.conversation_id = l.conversation_id AND e.sequence = l.sequence
             WHERE l.conversation_id = $1 ORDER BY l.sequence",
        )
        .bind(conversation.as_bytes().as_slice())
        .fetch_all(&mut database)
        .await?;
        let entries = rows.iter().map(|row| {
            let spine = SpineEntry {
                kind: EntryKind::try_from(u8::try_from(row.try_get::<i64, _>("kind")?)?)?,
                stored_at_ms: row.try_get("stored_at_ms")?,
                roster: u64::try_from(row.try_get::<i64, _>("roster")?)?,
                sha256: Hash::from_slice(row.try_get("sha256")?).context("a hash")?,
            };
            Ok(Entry { spine, bytes: row.try_get("envelope")? })
        });
        let entries = entries.collect::<Result<Vec<_>>>()?;
        let generation: Vec<u8> =
            sqlx::query_scalar("SELECT generation FROM generations ORDER BY number DESC LIMIT 1").fetch_one(&mut database).await?;
        database.close().await?;
        Ok(ForgedLog { conversation, generation: Generation::from_slice(&generation).context("a generation")?, entries })
    }

    /// The key of the relay, for whoever runs it.
    ///
    /// # Errors
    /// When it is not there.
    pub fn relay_key(&self) -> Result<RelayKey> {
        Ok(RelayKey::read(&self.folder.path().join("relay/relay.key"))?)
    }
}

impl ForgedLog {
    /// How many entries there are.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The place of an entry.
    #[must_use]
    pub fn place(&self, sequence: u64) -> Place {
        let up_to = usize::try_from(sequence).unwrap_or(usize::MAX);
        self.entries.iter().take(up_to).fold(Place::START, |place, entry| place.next(&entry.spine))
    }

    /// Puts an entry behind the end, stamped like the one before.
    pub fn push(&mut self, envelope: Vec<u8>, stored_at_ms: i64) {
        let roster = self.entries.last().map_or(0, |last| last.spine.roster);
        self.entries.push(Entry::envelope(envelope, stored_at_ms, roster));
    }

    /// Puts an entry in before the place of that number.
    pub fn insert(&mut self, sequence: u64, entry: Entry) {
        let at = usize::try_from(sequence.saturating_sub(1)).unwrap_or(usize::MAX).min(self.entries.len());
        self.entries.insert(at, entry);
    }

    /// Leaves an entry out.
    pub fn leave_out(&mut self, sequence: u64) -> Entry {
        let at = usize::try_from(sequence.saturating_sub(1)).unwrap_or(usize::MAX);
        self.entries.remove(at)
    }

    /// The epoch of the group at the end: each commit begins one.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.entries.iter().filter(|entry| entry.spine.kind == EntryKind::Commit).count() as u64
    }

    /// The head up to an entry, signed.
    #[must_use]
    pub fn head_at(&self, key: &RelayKey, sequence: u64, at_ms: i64) -> SignedHead {
        key.head(self.generation, self.conversation, (self.place(sequence), self.epoch()), at_ms)
    }

    /// A stretch of the spine.
    #[must_use]
    pub fn spine(&self, first: u64, last: u64) -> Spine {
        let within = (1..).zip(&self.entries).filter(|(sequence, _)| (first..=last).contains(sequence));
        Spine::new(within.map(|(_, entry)| entry.spine))
    }

    /// A stretch of envelopes, the newest first.
    #[must_use]
    pub fn messages(&self, first: u64, last: u64) -> Messages {
        let within = (1..)
            .zip(&self.entries)
            .filter(|(sequence, entry)| (first..=last).contains(sequence) && entry.spine.kind == EntryKind::Envelope);
        let mut messages: Vec<StoredMessage> = within
            .map(|(sequence, Entry { spine, bytes })| StoredMessage {
                sequence,
                stored_at_ms: spine.stored_at_ms,
                envelope: Bytes(bytes.clone()),
            })
            .collect();
        messages.reverse();
        messages.truncate(MAX_PAGE as usize);
        Messages { messages, lost: Vec::new() }
    }

    /// Commits as this log has them: those that are in it, at its places.
    #[must_use]
    pub fn commits(&self, honest: Commits) -> Commits {
        let place_of = |hash: Hash| (1..).zip(&self.entries).find(|(_, entry)| entry.spine.sha256 == hash).map(|(sequence, _)| sequence);
        let commits = honest.commits.into_iter().filter_map(|mut commit| {
            commit.sequence = place_of(Hash::of(&commit.entry.0))?;
            Some(commit)
        });
        Commits { commits: commits.collect() }
    }
}
