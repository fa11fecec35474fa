//! What stands in the relay's log, read from its database: what each step is compared with.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use bezel_protocol::log::EntryKind;
use bezel_protocol::{ConversationId, DeviceId, MessageId, Role, UserId};
use bezel_testkit::Shop;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};

/// So long somebody could read: from behind the commit that let the device in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stay {
    /// The place of that commit.
    pub(crate) from: u64,
    /// The place of the entry by which the person left or was put out.
    pub(crate) ended: Option<u64>,
    /// The place of the commit from which on the device has no keys.
    pub(crate) keys_ended: Option<u64>,
}

impl Stay {
    /// Whether what stands at a place may be shown.
    pub(crate) fn shows(&self, sequence: u64) -> bool {
        self.from < sequence && self.ended.is_none_or(|ended| sequence < ended)
    }

    /// Whether what stands at a place can be opened by the keys that the device had.
    pub(crate) fn opens(&self, sequence: u64) -> bool {
        self.from < sequence && self.keys_ended.is_none_or(|ended| sequence < ended)
    }
}

/// An envelope of the log.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) device: DeviceId,
    pub(crate) message: MessageId,
    pub(crate) bytes: Vec<u8>,
}

/// The log, and whose it is.
pub(crate) struct Ledger {
    database: SqliteConnection,
    ring: ConversationId,
    pub(crate) last: u64,
    pub(crate) members: BTreeMap<UserId, Role>,
    /// Whom the workspace has shut out.
    pub(crate) suspended: BTreeSet<UserId>,
    pub(crate) stays: BTreeMap<DeviceId, Vec<Stay>>,
    pub(crate) envelopes: BTreeMap<u64, Stored>,
    /// The places of all changes of the group, and whose they were.
    pub(crate) commits: Vec<(u64, DeviceId)>,
}

impl Ledger {
    pub(crate) async fn open(shop: &Shop, ring: ConversationId) -> Result<Self> {
        let path = shop.home("relay").folder().join("relay.db");
        let database = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
        let mut ledger = Self {
            database,
            ring,
            last: 0,
            members: BTreeMap::new(),
            suspended: BTreeSet::new(),
            stays: BTreeMap::new(),
            envelopes: BTreeMap::new(),
            commits: Vec::new(),
        };
        ledger.read().await?;
        Ok(ledger)
    }

    /// Whether a user is in the conversation.
    pub(crate) fn role(&self, user: UserId) -> Option<Role> {
        self.members.get(&user).copied()
    }

    /// The stays of a device.
    pub(crate) fn stays_of(&self, device: DeviceId) -> &[Stay] {
        self.stays.get(&device).map_or(&[], Vec::as_slice)
    }

    /// Reads what came since the last time. It is read after every step: nobody goes and comes back in between.
    pub(crate) async fn read(&mut self) -> Result<()> {
        self.read_entries().await?;
        self.members = self.read_members().await?;
        self.suspended = self.read_suspended().await?;
        let (devices, leaves) = (self.devices().await?, self.leaves().await?);
        for (device, (from, is_in)) in devices {
            let stays = self.stays.entry(device).or_default();
            let stay = stays.last_mut().filter(|stay| stay.ended.is_none());
            match (stay, is_in) {
                // Who comes back by a commit of one's own was never out.
                (Some(_), true) | (None, false) => {}
                (None, true) => stays.push(Stay { from, ended: None, keys_ended: None }),
                (Some(stay), false) => {
                    stay.ended = Some(from);
                    // Who leaves keeps the keys that are here, and learns no others.
                    stay.keys_ended = (!leaves.contains(&from)).then_some(from);
                }
            }
        }
        for stay in self.stays.values_mut().flatten() {
            if let (Some(ended), None) = (stay.ended, stay.keys_ended) {
                stay.keys_ended = self.commits.iter().map(|(commit, _)| *commit).find(|commit| *commit > ended);
            }
        }
        Ok(())
    }

    async fn rows(&mut self, question: &'static str, after: u64) -> Result<Vec<SqliteRow>> {
        let asked = sqlx::query(question).bind(self.ring.as_bytes().as_slice()).bind(i64::try_from(after)?);
        Ok(asked.fetch_all(&mut self.database).await?)
    }

    async fn read_entries(&mut self) -> Result<()> {
        let entries = "SELECT l.sequence, l.kind, coalesce(m.device_id, k.committer_device_id) AS device_id, m.message_id, e.envelope
                       FROM conversation_log l
                       LEFT JOIN encrypted_message_metadata m ON m.conversation_id = l.conversation_id AND m.sequence = l.sequence
                       LEFT JOIN conversation_encryption_keys k ON k.conversation_id = l.conversation_id AND k.sequence = l.sequence
                       LEFT JOIN message_envelopes e ON e.conversation_id = l.conversation_id AND e.sequence = l.sequence
                       WHERE l.conversation_id = $1 AND l.sequence > $2 ORDER BY l.sequence";
        for row in self.rows(entries, self.last).await? {
            let (sequence, kind) = (number(&row, "sequence")?, row.try_get::<i64, _>("kind")?);
            self.last = sequence;
            if kind == i64::from(u8::from(EntryKind::Commit)) {
                self.commits.push((sequence, DeviceId::from_bytes(id(&row, "device_id")?)));
            }
            if kind == i64::from(u8::from(EntryKind::Envelope)) {
                let (device, message) = (id(&row, "device_id")?, id(&row, "message_id")?);
                let stored = Stored {
                    device: DeviceId::from_bytes(device),
                    message: MessageId::from_bytes(message),
                    bytes: row.try_get("envelope")?,
                };
                self.envelopes.insert(sequence, stored);
            }
        }
        Ok(())
    }

    async fn read_members(&mut self) -> Result<BTreeMap<UserId, Role>> {
        let members = "SELECT user_id, role FROM group_members WHERE conversation_id = $1 AND $2 >= 0";
        let read = |row: &SqliteRow| Ok((UserId::from_bytes(id(row, "user_id")?), row.try_get::<&str, _>("role")?.parse()?));
        self.rows(members, 0).await?.iter().map(read).collect()
    }

    async fn read_suspended(&mut self) -> Result<BTreeSet<UserId>> {
        let suspended = "SELECT user_id FROM users WHERE status <> 'active' AND $1 <> x'' AND $2 >= 0";
        self.rows(suspended, 0).await?.iter().map(|row| Ok(UserId::from_bytes(id(row, "user_id")?))).collect()
    }

    /// The place by which each device came in, or went, and whether it is in.
    async fn devices(&mut self) -> Result<BTreeMap<DeviceId, (u64, bool)>> {
        let devices = "SELECT device_id, joined_sequence AS place, 1 AS is_in FROM group_devices WHERE conversation_id = $1 AND $2 >= 0
                       UNION ALL
                       SELECT device_id, sequence AS place, 0 AS is_in FROM group_removals WHERE conversation_id = $1";
        let read = |row: &SqliteRow| Ok((DeviceId::from_bytes(id(row, "device_id")?), (number(row, "place")?, row.try_get("is_in")?)));
        self.rows(devices, 0).await?.iter().map(read).collect()
    }

    /// The places at which somebody left.
    async fn leaves(&mut self) -> Result<Vec<u64>> {
        let leaves = "SELECT sequence FROM conversation_leaves WHERE conversation_id = $1 AND sequence > $2";
        self.rows(leaves, 0).await?.iter().map(|row| number(row, "sequence")).collect()
    }
}

fn number(row: &SqliteRow, column: &str) -> Result<u64> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?)?)
}

fn id(row: &SqliteRow, column: &str) -> Result<[u8; 16]> {
    row.try_get::<&[u8], _>(column)?.try_into().context("an id")
}
