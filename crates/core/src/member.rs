//! The member: an unlocked home, and everything that its use cases need.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bezel_crypto::vault::VaultKey;
use bezel_crypto::{DeviceKeys, IdentityKeyPair, SystemRng};
use bezel_protocol::roster::{Roster, User};
use bezel_protocol::settings::Settings;
use bezel_protocol::{DeviceId, Handle, UserId};
use tokio::sync::{Mutex, Notify, broadcast};
use url::Url;

use crate::cache::profile::Profile;
use crate::cache::{self, Cache};
use crate::call::Calls;
use crate::change::Change;
use crate::clock::{Clock, SystemClock};
use crate::content::Contents;
use crate::device::copied::Copied;
use crate::device::{DeviceLogin, OwnKeys};
use crate::error::{Error, Result, damaged};
use crate::file::Transfers;
use crate::home::{Home, HomeLock};
use crate::log::Projections;
use crate::relay::Client;
use crate::sync::ConnectionState;
use crate::vault::{self, FreshIdentities, IdentitySource, Unlock};
use crate::{keys, log, roster, workspace};

/// What a member is told and given from outside: the time, new identity keys, and the settings.
#[derive(Clone)]
pub struct Environment {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes identity keys.
    pub identities: Arc<dyn IdentitySource>,
    /// Settings of the environment.
    pub settings: Settings,
    /// After so many messages the keys of a conversation change.
    pub messages_an_epoch: u32,
}

/// What one key encrypts at most, unless something else is said.
const MESSAGES_AN_EPOCH: u32 = 10_000;

impl Environment {
    /// That of this machine.
    #[must_use]
    pub fn of_this_machine(settings: Settings) -> Self {
        Self { clock: Arc::new(SystemClock), identities: Arc::new(FreshIdentities), settings, messages_an_epoch: MESSAGES_AN_EPOCH }
    }
}

/// An unlocked home.
pub struct Member {
    pub(crate) home: Home,
    pub(crate) cache: Cache,
    pub(crate) client: Client,
    pub(crate) keys: Arc<OwnKeys>,
    pub(crate) vault_key: VaultKey,
    pub(crate) environment: Environment,
    pub(crate) transfers: Transfers,
    pub(crate) calls: Calls,
    /// What is derived from the log.
    pub(crate) projections: &'static dyn Projections,
    /// Held by whatever changes groups, the outbox or the roster: one such thing at a time.
    pub(crate) work: Mutex<()>,
    /// Held while the roster grows.
    pub(crate) roster_growth: Mutex<()>,
    pub(crate) connection: RwLock<ConnectionState>,
    /// Whether this home is still its device's only one.
    pub(crate) copied: Arc<Copied>,
    /// Whether the vault on the relay was looked at since the start.
    pub(crate) is_vault_checked: AtomicBool,
    /// When the bytes of entries were last looked through for those that are too old or too many.
    pub(crate) entries_pruned_at_ms: AtomicI64,
    wake: Notify,
    is_followed: AtomicBool,
    profile: Profile,
    roster: RwLock<Arc<Roster>>,
    lock: HomeLock,
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
        if !home.database().exists() {
            return Err(Error::new(
                "no_database",
                "The database is missing, though its key is here.",
                "Put member.db back from a backup. No new one is made over it.",
            ));
        }
        let cache = vault::open_database(home, unlock).await?;
        let parts = workspace::finish_first_run(Parts { home: home.clone(), lock, cache, environment }).await?;
        let member = Self::load(parts).await?;
        member.settle_identity().await?;
        log::replay(&member, false).await?;
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
        let roster = roster::load(&mut db, profile.genesis).await?;
        let device_keys = Arc::new(cache::keys::device(&mut db, profile.device).await?);
        let vault_key = cache::keys::vault(&mut db).await?;
        let fingerprint = roster.user(profile.user).map(|user| user.identity.fingerprint());
        let identity = match fingerprint {
            Some(fingerprint) => cache::keys::identity(&mut db, fingerprint).await?.map(Arc::new),
            None => None,
        };
        drop(db);
        let keys = OwnKeys::new(device_keys, identity);
        let login = DeviceLogin::new(Arc::clone(&keys), profile.relay_key, cache.handle(), Arc::clone(&environment.clock)).await?;
        let copied = login.copied();
        let client = Client::new(&profile.relay)?.logged_in(profile.workspace, Arc::new(login));
        Ok(Self {
            home,
            cache,
            client,
            keys,
            vault_key,
            environment,
            transfers: Transfers::default(),
            calls: Calls::default(),
            projections: &Contents,
            work: Mutex::default(),
            roster_growth: Mutex::default(),
            connection: RwLock::default(),
            copied,
            is_vault_checked: AtomicBool::new(false),
            entries_pruned_at_ms: AtomicI64::new(i64::MIN),
            wake: Notify::new(),
            is_followed: AtomicBool::new(false),
            profile,
            roster: RwLock::new(Arc::new(roster)),
            lock,
        })
    }

    /// Writes everything down and gives the home free.
    pub async fn close(self) {
        self.cache.close().await;
    }

    /// The same, but keeps the home from others.
    pub(crate) async fn close_and_hold(self) -> (Home, HomeLock) {
        self.cache.close().await;
        (self.home, self.lock)
    }

    /// What changes from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.cache.changes().subscribe()
    }

    /// This user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.profile.user
    }

    /// This device. It changes where this home turns out not to be its device's only one.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device_keys().device()
    }

    pub(crate) fn device_keys(&self) -> Arc<DeviceKeys> {
        self.keys.device()
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
        self.keys.identity().ok_or_else(|| {
            Error::new(
                "no_identity_key",
                "Your identity key is not on this device.",
                "Do this on the device where you began, or restore with the recovery words.",
            )
        })
    }

    pub(crate) fn set_identity(&self, identity: Arc<IdentityKeyPair>) {
        self.keys.set_identity(identity);
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

    /// Tells the listeners, when no transaction is open any more.
    pub(crate) fn changed(&self, changes: impl IntoIterator<Item = Change>) {
        self.cache.changes().tell(changes);
    }
}
