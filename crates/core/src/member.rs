//! The member: an unlocked home, and everything that its use cases need.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bezel_crypto::vault::VaultKey;
use bezel_crypto::{DeviceKeys, IdentityKeyPair, SystemRng};
use bezel_protocol::cose::{Signer as _, SigningFailed};
use bezel_protocol::login::Subject;
use bezel_protocol::roster::{Roster, User};
use bezel_protocol::settings::Settings;
use bezel_protocol::{DeviceId, Handle, UserId};
use tokio::sync::{Mutex, Notify, broadcast};
use url::Url;

use crate::cache::profile::Profile;
use crate::cache::{self, Cache};
use crate::call::Calls;
use crate::change::Change;
use crate::clock::Clock;
use crate::error::{Error, Result, damaged};
use crate::file::Transfers;
use crate::home::{Home, HomeLock};
use crate::relay::{Client, LoginKeys};
use crate::sync::ConnectionState;
use crate::vault::{self, Unlock};
use crate::{keys, workspace};

/// What a member is told from outside: the time and the settings.
#[derive(Clone)]
pub struct Environment {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Settings of the environment.
    pub settings: Settings,
}

/// An unlocked home.
pub struct Member {
    pub(crate) home: Home,
    pub(crate) cache: Cache,
    pub(crate) client: Client,
    pub(crate) device_keys: Arc<DeviceKeys>,
    pub(crate) vault_key: VaultKey,
    pub(crate) environment: Environment,
    pub(crate) transfers: Transfers,
    pub(crate) calls: Calls,
    /// Held by whatever changes groups, the outbox or the roster: one such thing at a time.
    pub(crate) work: Mutex<()>,
    /// Held while the roster grows.
    pub(crate) roster_growth: Mutex<()>,
    pub(crate) connection: RwLock<ConnectionState>,
    wake: Notify,
    is_followed: AtomicBool,
    profile: Profile,
    identity: RwLock<Option<Arc<IdentityKeyPair>>>,
    roster: RwLock<Arc<Roster>>,
    changes: broadcast::Sender<Change>,
    _lock: HomeLock,
}

/// What is put together on the way to a member.
pub(crate) struct Parts {
    pub(crate) home: Home,
    pub(crate) lock: HomeLock,
    pub(crate) cache: Cache,
    pub(crate) environment: Environment,
}

impl Member {
    /// Unlocks a home. A first run that was interrupted is finished now.
    ///
    /// # Errors
    /// When the home is empty, another process has it open, or the slot does not open it.
    pub async fn open(home: &Home, environment: Environment, unlock: &Unlock) -> Result<Self> {
        if !home.is_inhabited() {
            return Err(Error::new("no_member", "Nobody lives in this folder yet.", "Create a workspace, or join one with an invitation."));
        }
        let lock = home.lock()?;
        let master = vault::unlock(home, unlock).await?;
        if !home.database().exists() {
            return Err(Error::new(
                "no_database",
                "The database is missing, though its key is here.",
                "Put member.db back from a backup. No new one is made over it.",
            ));
        }
        let cache = Cache::open(&home.database(), &master.database_key()?, false).await?;
        let parts = Parts { home: home.clone(), lock, cache, environment };
        workspace::finish_enrolment(&parts).await?;
        let member = Self::load(parts).await?;
        member.settle_identity().await?;
        Ok(member)
    }

    /// A rotation whose answer was lost may have been heard all the same.
    async fn settle_identity(&self) -> Result<()> {
        let pending = cache::keys::pending_identity(&mut *self.cache.read().await?).await?;
        let current = self.roster().user(self.user()).map(|user| user.identity.fingerprint());
        if let Some(pending) = pending.filter(|pending| Some(pending.public().fingerprint()) == current) {
            keys::settle_rotation(self, Arc::new(pending)).await?;
        }
        Ok(())
    }

    /// Reads everything that is kept in memory.
    pub(crate) async fn load(parts: Parts) -> Result<Self> {
        let Parts { home, lock, cache, environment } = parts;
        let mut db = cache.read().await?;
        let profile = cache::profile::get(&mut db).await?.ok_or_else(|| damaged("profile"))?;
        let statements = cache::roster::all(&mut db).await?;
        let roster = Roster::replay(profile.genesis, statements.iter().map(Vec::as_slice))?;
        let device_keys = Arc::new(cache::keys::device(&mut db).await?);
        let vault_key = cache::keys::vault(&mut db).await?;
        let fingerprint = roster.user(profile.user).map(|user| user.identity.fingerprint());
        let identity = match fingerprint {
            Some(fingerprint) => cache::keys::identity(&mut db, fingerprint).await?.map(Arc::new),
            None => None,
        };
        drop(db);
        let keys = MemberKeys { device: Arc::clone(&device_keys), identity: identity.clone() };
        let client = Client::new(&profile.relay)?.logged_in(profile.workspace, Arc::new(keys));
        Ok(Self {
            home,
            cache,
            client,
            device_keys,
            vault_key,
            environment,
            transfers: Transfers::default(),
            calls: Calls::default(),
            work: Mutex::default(),
            roster_growth: Mutex::default(),
            connection: RwLock::default(),
            wake: Notify::new(),
            is_followed: AtomicBool::new(false),
            profile,
            identity: RwLock::new(identity),
            roster: RwLock::new(Arc::new(roster)),
            changes: broadcast::channel(256).0,
            _lock: lock,
        })
    }

    /// Writes everything down and gives the home free.
    pub async fn close(self) {
        self.cache.close().await;
    }

    /// What changes from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// This user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.profile.user
    }

    /// This device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.profile.device
    }

    /// The user with a handle, as the roster says.
    #[must_use]
    pub fn find_user(&self, handle: &Handle) -> Option<User> {
        self.roster().user_by_handle(handle).cloned()
    }

    /// Where the relay answers.
    #[must_use]
    pub const fn relay(&self) -> &Url {
        &self.profile.relay
    }

    pub(crate) const fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(crate) fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.roster.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_roster(&self, roster: Arc<Roster>) {
        *self.roster.write().unwrap_or_else(PoisonError::into_inner) = roster;
    }

    /// The identity key, where it lives on this device.
    pub(crate) fn identity(&self) -> Result<Arc<IdentityKeyPair>> {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(|| {
            Error::new(
                "no_identity_key",
                "Your identity key is not on this device.",
                "Do this on the device where you began, or restore with the recovery words.",
            )
        })
    }

    pub(crate) fn set_identity(&self, identity: Arc<IdentityKeyPair>) {
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = Some(identity);
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.environment.clock.now_ms()
    }

    pub(crate) const fn rng(&self) -> SystemRng {
        SystemRng
    }

    /// Whether a loop keeps this member in step with the relay.
    pub(crate) fn is_followed(&self) -> bool {
        self.is_followed.load(Ordering::Acquire)
    }

    pub(crate) fn set_followed(&self, is_followed: bool) {
        self.is_followed.store(is_followed, Ordering::Release);
    }

    /// Tells that loop that there is something to do.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Tells whoever listens; nobody may be.
    pub(crate) fn changed(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            let _ = self.changes.send(change);
        }
    }

    /// Keeps an alarm that a person must see.
    pub(crate) async fn raise_alarm(&self, error: &Error) -> Result<()> {
        let mut tx = self.cache.begin().await?;
        cache::alarms::raise(&mut tx, error, self.now_ms()).await?;
        tx.commit().await?;
        self.changed([Change::Alarm]);
        Ok(())
    }
}

/// How a member answers challenges.
pub(crate) struct MemberKeys {
    pub(crate) device: Arc<DeviceKeys>,
    pub(crate) identity: Option<Arc<IdentityKeyPair>>,
}

impl LoginKeys for MemberKeys {
    fn subject(&self) -> Subject {
        Subject::Device(self.device.device())
    }

    fn sign(&self, statement: &[u8]) -> core::result::Result<Vec<u8>, SigningFailed> {
        bezel_protocol::cose::Signer::sign(self.device.as_ref(), statement)
    }

    fn sign_identity(&self, statement: &[u8]) -> Option<core::result::Result<Vec<u8>, SigningFailed>> {
        self.identity.as_ref().map(|identity| identity.sign(statement))
    }
}
