//! What lies in a home, for whoever has its passphrase: keys of every kind.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow};
use bezel_core::Home;
use bezel_crypto::slots::SlotFile;
use bezel_crypto::{DeviceKeys, IdentityKeyPair};
use bezel_protocol::login::{LoginStatement, Subject};
use bezel_protocol::wire::{Bytes, Challenge, ChallengeRequest, LoginRequest, Session, path};
use bezel_protocol::{ConversationId, Hash, Suite, UserId, WorkspaceId};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _, SqliteConnection};

use super::Line;
use crate::passphrase;

/// Everything secret of a member.
pub struct Loot {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The hash of its first statement.
    pub genesis: Hash,
    /// The user.
    pub user: UserId,
    /// The user's identity.
    pub identity: IdentityKeyPair,
    /// The device's keys.
    pub device: DeviceKeys,
    /// The keys of epochs.
    pub epochs: BTreeMap<(ConversationId, u64), EpochLoot>,
    /// The states of groups, with their private keys.
    pub groups: BTreeMap<ConversationId, Vec<u8>>,
    /// Suites of conversations.
    pub suites: BTreeMap<ConversationId, Suite>,
    /// Where the device's chain in a conversation goes on: counter, and hash of the envelope before.
    pub chains: BTreeMap<ConversationId, (u64, Hash)>,
}

/// An epoch.
#[derive(Clone)]
pub struct EpochLoot {
    /// The key.
    pub key: Vec<u8>,
    /// SHA-256 of the authenticator.
    pub authenticator: Hash,
}

impl Loot {
    pub(crate) async fn read(database: &mut SqliteConnection) -> Result<Self> {
        let profile = sqlx::query("SELECT workspace, genesis, user FROM profile").fetch_one(&mut *database).await?;
        let identity = sqlx::query("SELECT pkcs8 FROM identity_keys WHERE state = 'current'").fetch_one(&mut *database).await?;
        let device = sqlx::query("SELECT keys FROM device_keys").fetch_one(&mut *database).await?;
        let mut epochs = BTreeMap::new();
        for row in sqlx::query("SELECT conversation, epoch, key, authenticator FROM conversation_keys").fetch_all(&mut *database).await? {
            let authenticator = Hash::from_slice(row.try_get("authenticator")?).context("a hash")?;
            let epoch = u64::try_from(row.try_get::<i64, _>("epoch")?)?;
            epochs.insert((conversation(&row)?, epoch), EpochLoot { key: row.try_get("key")?, authenticator });
        }
        let mut suites = BTreeMap::new();
        for row in sqlx::query("SELECT id AS conversation, suite FROM conversations").fetch_all(&mut *database).await? {
            let code = u16::try_from(row.try_get::<i64, _>("suite")?)?;
            suites.insert(conversation(&row)?, Suite::ALL.into_iter().find(|suite| suite.code() == code).context("a suite")?);
        }
        let mut groups = BTreeMap::new();
        for row in sqlx::query("SELECT conversation, state FROM groups").fetch_all(&mut *database).await? {
            groups.insert(conversation(&row)?, row.try_get("state")?);
        }
        let mut chains = BTreeMap::new();
        for row in sqlx::query("SELECT conversation, counter, hash FROM own_chains").fetch_all(&mut *database).await? {
            let hash = Hash::from_slice(row.try_get("hash")?).context("a hash")?;
            chains.insert(conversation(&row)?, (u64::try_from(row.try_get::<i64, _>("counter")?)?, hash));
        }
        Ok(Self {
            workspace: WorkspaceId::from_slice(profile.try_get("workspace")?).context("an id")?,
            genesis: Hash::from_slice(profile.try_get("genesis")?).context("a hash")?,
            user: UserId::from_slice(profile.try_get("user")?).context("an id")?,
            identity: IdentityKeyPair::from_pkcs8_der(identity.try_get("pkcs8")?)?,
            device: DeviceKeys::from_bytes(device.try_get("keys")?)?,
            epochs,
            groups,
            suites,
            chains,
        })
    }

    /// Logs in as the device, by a number above all that it used, which is written down in its home so that it may be opened again.
    pub(crate) async fn log_in(&self, database: &mut SqliteConnection, base: String) -> Result<Line> {
        use bezel_protocol::cose::Signer as _;
        let mut line = Line::new(base)?;
        let asked = ChallengeRequest { workspace: self.workspace, subject: Subject::Device(self.device.device()) };
        let challenge: Challenge = line.post(path::CHALLENGE, &asked).await?.body()?;
        let last: i64 = sqlx::query_scalar("SELECT coalesce(max(number), 0) FROM logins").fetch_one(&mut *database).await?;
        let statement = LoginStatement { challenge: challenge.challenge, number: u64::try_from(last)? + 1 };
        sqlx::query("INSERT INTO logins (number, statement) VALUES ($1, $2)")
            .bind(last + 1)
            .bind(Hash::of(&statement.to_be_signed()).as_bytes().as_slice())
            .execute(database)
            .await?;
        let by_identity = challenge.identity_required.then(|| self.identity.sign(&statement.to_be_signed())).transpose()?;
        let answer =
            LoginRequest { statement, signature: Bytes(self.device.sign_login(&statement)?), identity_signature: by_identity.map(Bytes) };
        let session: Session = line.post(path::LOGIN, &answer).await?.body()?;
        line.token = session.token.0.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(line)
    }

    /// The newest epoch of a conversation whose key is here.
    ///
    /// # Errors
    /// When there is none.
    pub fn epoch(&self, conversation: ConversationId) -> Result<u64> {
        let of = |((of, epoch), _): (&(ConversationId, u64), &EpochLoot)| (*of == conversation).then_some(*epoch);
        self.epochs.iter().rev().find_map(of).ok_or_else(|| anyhow!("no key of this conversation"))
    }
}

fn conversation(row: &sqlx::sqlite::SqliteRow) -> Result<ConversationId> {
    ConversationId::from_slice(row.try_get("conversation")?).context("an id")
}

/// The database of a home.
pub(crate) async fn open(home: &Home) -> Result<SqliteConnection> {
    let slots = SlotFile::from_bytes(&std::fs::read(home.slots())?)?;
    let key = slots.open_with_passphrase(&passphrase()?)?.database_key()?;
    let hex: String = key.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    let options = SqliteConnectOptions::new().filename(home.database()).pragma("key", format!("\"x'{hex}'\""));
    Ok(options.disable_statement_logging().connect().await?)
}
