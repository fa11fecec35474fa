//! A home is not a device twice (protocol §11). Where something bears this device's own signature and is not among what this home signed, its
//! keys are in use elsewhere: the home was copied, or put back from a backup. From then on nothing is signed under this device; where the identity
//! key lives here, the home becomes another device (`replace.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bezel_protocol::cbor;
use bezel_protocol::login::SignedLogin;

use crate::alarm::Cause;
use crate::cache::{self, Handle};
use crate::change::Change;
use crate::clock::Clock;
use crate::error::{Error, Result};

/// The code of an error that says so.
pub(super) const HOME_COPIED: &str = "home_copied";

/// Whether this home is the only one of its device, as far as it was noticed.
pub(crate) struct Copied {
    database: Handle,
    clock: Arc<dyn Clock>,
    is_noticed: AtomicBool,
}

impl Copied {
    pub(crate) async fn load(database: Handle, clock: Arc<dyn Clock>) -> Result<Self> {
        let is_noticed = AtomicBool::new(cache::copied::is_noticed(&mut *database.read().await?).await?);
        Ok(Self { database, clock, is_noticed })
    }

    /// Whether it was noticed that it is not.
    pub(crate) fn is_noticed(&self) -> bool {
        self.is_noticed.load(Ordering::Acquire)
    }

    /// This home is another device now.
    pub(super) fn forget(&self) {
        self.is_noticed.store(false, Ordering::Release);
    }

    /// Asked before anything is signed under this device.
    ///
    /// # Errors
    /// `home_copied`, once that was noticed.
    pub(crate) fn refuse(&self) -> Result<()> {
        if self.is_noticed() { Err(home_copied()) } else { Ok(()) }
    }

    /// A log-in that this device signed, and this home did not make. Returns what to say.
    ///
    /// # Errors
    /// When the local database fails; nothing is signed from now on all the same.
    pub(crate) async fn notice_login(&self, login: &SignedLogin) -> Result<Error> {
        self.notice("log_in", &cbor::encode(login)).await
    }

    /// A commit that this device signed, and this home did not make. Returns what to say.
    ///
    /// # Errors
    /// As for [`Self::notice_login`].
    pub(crate) async fn notice_commit(&self, entry: &[u8]) -> Result<Error> {
        self.notice("commit", entry).await
    }

    /// Something shows that this device's keys are in use elsewhere: it is kept, an alarm is raised, and nothing is signed from now on. It was
    /// checked: signed by this device's own key, and not by this home. The relay's word alone is never evidence.
    async fn notice(&self, kind: &'static str, evidence: &[u8]) -> Result<Error> {
        self.is_noticed.store(true, Ordering::Release);
        let (error, now_ms) = (home_copied(), self.clock.now_ms());
        let mut tx = self.database.begin().await?;
        cache::copied::put(&mut tx, kind, evidence, now_ms).await?;
        cache::alarms::raise(&mut tx, &error, Cause::WORKSPACE, now_ms).await?;
        tx.commit().await?;
        self.database.changes().tell([Change::Alarm]);
        Ok(error)
    }
}

fn home_copied() -> Error {
    Error::unverifiable(
        HOME_COPIED,
        "This computer's data was copied, or put back from a backup, and the other copy has been in use: nothing is sent or fetched here.",
        "Go on with the other copy. If you know of none, somebody has your data: have this device revoked, and join again by an invitation.",
    )
}
