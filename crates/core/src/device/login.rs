//! How this device answers the relay's challenges (protocol §10): to the relay that it knows alone, and by a number that it never used before.

use std::sync::Arc;

use bezel_protocol::cose::{Signer as _, SigningFailed};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::login::{LoginChallenge, LoginStatement, SignedLogin, Subject};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::copied::Copied;
use super::keys::OwnKeys;
use crate::alarm::Cause;
use crate::cache::{self, Handle};
use crate::change::Change;
use crate::clock::Clock;
use crate::error::Result;
use crate::relay::{LoginKeys, relay_changed};

/// What a device logs in by.
pub(crate) struct DeviceLogin {
    keys: Arc<OwnKeys>,
    /// The relay's key, as it was at enrolment.
    relay_key: Ed25519PublicKey,
    database: Handle,
    clock: Arc<dyn Clock>,
    copied: Arc<Copied>,
}

impl DeviceLogin {
    pub(crate) async fn new(keys: Arc<OwnKeys>, relay_key: Ed25519PublicKey, database: Handle, clock: Arc<dyn Clock>) -> Result<Self> {
        let copied = Arc::new(Copied::load(database.clone(), Arc::clone(&clock)).await?);
        Ok(Self { keys, relay_key, database, clock, copied })
    }

    pub(crate) fn copied(&self) -> Arc<Copied> {
        Arc::clone(&self.copied)
    }
}

impl LoginKeys for DeviceLogin {
    fn subject(&self) -> Subject {
        Subject::Device(self.keys.device().device())
    }

    fn relay_key(&self) -> &Ed25519PublicKey {
        &self.relay_key
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn allowed(&self) -> Result<()> {
        self.copied.refuse()
    }

    fn number(&self, challenge: LoginChallenge) -> BoxFuture<'_, Result<LoginStatement>> {
        async move {
            let mut tx = self.database.begin().await?;
            let statement = cache::logins::begin(&mut tx, challenge).await?;
            // Synced: the database is opened so that a commit is on the disk when it returns.
            tx.commit().await?;
            Ok(statement)
        }
        .boxed()
    }

    fn sign(&self, statement: &[u8]) -> core::result::Result<Vec<u8>, SigningFailed> {
        self.keys.device().sign(statement)
    }

    fn sign_identity(&self, statement: &[u8]) -> Option<core::result::Result<Vec<u8>, SigningFailed>> {
        self.keys.identity().map(|identity| identity.sign(statement))
    }

    fn judge<'a>(&'a self, last: &'a SignedLogin) -> BoxFuture<'a, Result<()>> {
        async move {
            let is_own = last.statement.challenge.subject == self.subject() && last.verify(self.keys.device().message_key()).is_ok();
            // What is not signed by this device is only the relay's word.
            if !is_own || !cache::logins::is_foreign(&mut *self.database.read().await?, &last.statement).await? {
                return Ok(());
            }
            Err(self.copied.notice_login(last).await?)
        }
        .boxed()
    }

    fn other_relay(&self) -> BoxFuture<'_, Result<()>> {
        async move {
            let mut tx = self.database.begin().await?;
            cache::alarms::raise(&mut tx, &relay_changed(), Cause::WORKSPACE, self.clock.now_ms()).await?;
            tx.commit().await?;
            self.database.changes().tell([Change::Alarm]);
            Ok(())
        }
        .boxed()
    }
}
