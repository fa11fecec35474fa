//! A second device of a person: their home copied before they are in any conversation, with keys of its own, named in the roster by the
//! first.

use anyhow::{Context as _, Result, anyhow};
use bezel_core::{Home, Member, sync};
use bezel_crypto::slots::SlotFile;
use bezel_crypto::{DeviceKeys, IdentityKeyPair, Rng as _, SystemRng};
use bezel_protocol::cose::Signer as _;
use bezel_protocol::login::Subject;
use bezel_protocol::roster::{Roster, Statement};
use bezel_protocol::wire::{
    Bytes, CONTENT_TYPE, Challenge, ChallengeRequest, LoginRequest, NewStatements, RosterAppended, RosterPage, Session, path,
};
use bezel_protocol::{DeviceId, Hash, UserId, WorkspaceId, cbor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use crate::{Shop, passphrase};

impl Shop {
    /// A second device of a member who is in no conversation yet, and the first one, which was closed for it.
    ///
    /// # Errors
    /// When the home can't be copied, or the relay does not take the device.
    pub async fn second_device(&self, first: Member, name: &str) -> Result<(Member, Member)> {
        first.close().await;
        let second = format!("{name}-second");
        let (from, to) = (self.home(name), self.home(&second));
        std::fs::create_dir_all(to.folder())?;
        std::fs::copy(from.slots(), to.slots())?;
        std::fs::copy(from.database(), to.database())?;
        let mut database = open(&to).await?;
        let person = Person::read(&mut database).await?;
        let device = DeviceKeys::generate(device_id(self.clock_ms())?, &mut SystemRng)?;
        let page = person.add(&device, self.clock_ms(), &format!("http://{}", self.relay())).await?;
        for forget in ["DELETE FROM key_packages", "DELETE FROM device_keys", "DELETE FROM roster_statements"] {
            sqlx::query(forget).execute(&mut database).await?;
        }
        for (sequence, statement) in (0_i64..).zip(&page.statements) {
            let insert = sqlx::query("INSERT INTO roster_statements (sequence, statement) VALUES ($1, $2)");
            insert.bind(sequence).bind(&statement.0).execute(&mut database).await?;
        }
        let id = device.device();
        sqlx::query("INSERT INTO device_keys (device, keys) VALUES ($1, $2)")
            .bind(id.as_bytes().as_slice())
            .bind(device.to_bytes().expose())
            .execute(&mut database)
            .await?;
        sqlx::query("UPDATE profile SET device = $1").bind(id.as_bytes().as_slice()).execute(&mut database).await?;
        database.close().await?;
        let (first, second) = (self.reopen(name).await?, self.reopen(&second).await?);
        for device in [&first, &second] {
            sync::once(device).await?;
        }
        Ok((first, second))
    }
}

/// Who adds a device, and by what.
struct Person {
    workspace: WorkspaceId,
    genesis: Hash,
    user: UserId,
    identity: IdentityKeyPair,
    device: DeviceKeys,
}

impl Person {
    async fn read(database: &mut SqliteConnection) -> Result<Self> {
        let profile = sqlx::query("SELECT workspace, genesis, user FROM profile").fetch_one(&mut *database).await?;
        let identity = sqlx::query("SELECT pkcs8 FROM identity_keys WHERE state = 'current'").fetch_one(&mut *database).await?;
        let device = sqlx::query("SELECT keys FROM device_keys").fetch_one(&mut *database).await?;
        Ok(Self {
            workspace: WorkspaceId::from_slice(profile.try_get("workspace")?).context("an id")?,
            genesis: Hash::from_slice(profile.try_get("genesis")?).context("a hash")?,
            user: UserId::from_slice(profile.try_get("user")?).context("an id")?,
            identity: IdentityKeyPair::from_pkcs8_der(identity.try_get("pkcs8")?)?,
            device: DeviceKeys::from_bytes(device.try_get("keys")?)?,
        })
    }

    /// Says in the roster that the person has another device. Returns the roster from then on.
    async fn add(&self, device: &DeviceKeys, now_ms: i64, relay: &str) -> Result<RosterPage> {
        let mut relay = Relay { http: reqwest::Client::builder().no_proxy().build()?, base: relay.into(), token: String::new() };
        let asked = ChallengeRequest { workspace: self.workspace, subject: Subject::Device(self.device.device()) };
        let challenge: Challenge = relay.ask(path::CHALLENGE, Some(&asked)).await?;
        let by_identity = challenge.identity_required.then(|| self.identity.sign(&challenge.statement.to_be_signed())).transpose()?;
        let answer = LoginRequest {
            statement: challenge.statement,
            signature: Bytes(self.device.sign_login(&challenge.statement)?),
            identity_signature: by_identity.map(Bytes),
        };
        let session: Session = relay.ask(path::LOGIN, Some(&answer)).await?;
        relay.token = session.token.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let page: RosterPage = relay.ask(path::ROSTER, None::<&()>).await?;
        let roster = Roster::replay(self.genesis, page.statements.iter().map(|statement| statement.0.as_slice()))?;
        let certificate = device.certify(&self.identity, self.workspace, self.user, now_ms)?;
        let added = roster.next(now_ms, Statement::DeviceAdd(certificate.as_bytes().to_vec())).sign(&[&self.identity])?;
        let new = NewStatements { statements: vec![Bytes(added.as_bytes().to_vec())] };
        let _: RosterAppended = relay.ask(path::ROSTER, Some(&new)).await?;
        relay.ask(path::ROSTER, None::<&()>).await
    }
}

/// Requests in the name of a device.
struct Relay {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Relay {
    async fn ask<T: DeserializeOwned>(&self, path: &str, body: Option<&impl Serialize>) -> Result<T> {
        let url = format!("{}{path}", self.base);
        let request = match body {
            Some(body) => self.http.post(url).header("content-type", CONTENT_TYPE).body(cbor::encode(body)),
            None => self.http.get(url),
        };
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let answer = request.send().await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(anyhow!("the relay says {status} to {path}"));
        }
        Ok(cbor::decode(&answer.bytes().await?)?)
    }
}

fn device_id(now_ms: i64) -> Result<DeviceId> {
    let mut random = [0; 10];
    SystemRng.fill(&mut random)?;
    Ok(DeviceId::new(now_ms, random))
}

/// The database of a home that nobody has open.
async fn open(home: &Home) -> Result<SqliteConnection> {
    let slots = SlotFile::from_bytes(&std::fs::read(home.slots())?)?;
    let key = slots.open_with_passphrase(&passphrase())?.database_key()?;
    let hex: String = key.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    let options = SqliteConnectOptions::new().filename(home.database()).pragma("key", format!("\"x'{hex}'\""));
    Ok(options.disable_statement_logging().connect().await?)
}
