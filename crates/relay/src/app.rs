//! What every handler needs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::http::uri::Authority;
use bezel_protocol::login::LoginStatement;
use bezel_protocol::roster::Roster;
use bezel_protocol::settings::Settings;
use bezel_protocol::wire::IceServer;
use bezel_protocol::{CallId, Hash, WorkspaceId};

use crate::blobs::Blobs;
use crate::clock::now_ms;
use crate::events::Hub;
use crate::files::{FileOptions, Ledger, Uploads};
use crate::guest_token::GuestTokens;
use crate::guests::Lobby;
use crate::http::call::LASTS_MS;
use crate::reach::Reach;
use crate::relay_key::RelayKey;
use crate::store::{Caller, SessionRow, Store, StoreError, Unit};
use crate::turn::{Access, Attendance, Attendee, Turn};

/// The state of a running relay.
pub(crate) struct App<S> {
    pub(crate) store: S,
    pub(crate) key: RelayKey,
    pub(crate) settings: Settings,
    pub(crate) max_workspaces: u32,
    pub(crate) reach: Reach,
    pub(crate) turn: Option<Turn>,
    pub(crate) access: Arc<Access>,
    pub(crate) guests: Lobby,
    pub(crate) guest_tokens: GuestTokens,
    pub(crate) hub: Hub,
    pub(crate) blobs: Blobs,
    pub(crate) file_options: FileOptions,
    pub(crate) ledger: Ledger,
    pub(crate) uploads: Uploads,
    /// Held while a roster grows: one statement follows another.
    pub(crate) roster_growth: tokio::sync::Mutex<()>,
    rosters: RwLock<HashMap<WorkspaceId, Arc<Roster>>>,
    challenges: Mutex<HashMap<[u8; 32], LoginStatement>>,
    sessions: RwLock<HashMap<Hash, SessionRow>>,
    /// Raised whenever sessions are forgotten: what was read before that is not remembered after it.
    forgotten: AtomicU64,
}

/// A challenge is good for so long.
const CHALLENGE_LIFETIME_MS: i64 = 60_000;
/// So many challenges may wait at once; then the oldest falls away, so that nobody keeps others out by asking without end.
const MAX_CHALLENGES: usize = 10_000;

impl<S: Store> App<S> {
    /// Loads every roster, checks it once more, and brings what follows from it in step.
    pub(crate) async fn load(
        store: S,
        key: RelayKey,
        (settings, max_workspaces): (Settings, u32),
        (blobs, file_options): (Blobs, FileOptions),
        (reach, turn, access): (Reach, Option<Turn>, Arc<Access>),
    ) -> Result<Self, StoreError> {
        let mut rosters = HashMap::new();
        for workspace in store.read(Caller::Relay, |unit| Box::pin(unit.workspaces())).await? {
            let roster = Arc::new(replay(&store, workspace).await?);
            rosters.insert(workspace, Arc::clone(&roster));
            store.write(Caller::Relay, move |unit| Box::pin(async move { unit.apply_roster(None, &roster, now_ms()).await })).await?;
        }
        Ok(Self {
            store,
            guest_tokens: GuestTokens::new(&key),
            key,
            settings,
            max_workspaces,
            reach,
            turn,
            access,
            guests: Lobby::default(),
            hub: Hub::default(),
            blobs,
            file_options,
            ledger: Ledger::default(),
            uploads: Uploads::default(),
            roster_growth: tokio::sync::Mutex::default(),
            rosters: RwLock::new(rosters),
            challenges: Mutex::default(),
            sessions: RwLock::default(),
            forgotten: AtomicU64::default(),
        })
    }

    pub(crate) fn roster(&self, workspace: WorkspaceId) -> Option<Arc<Roster>> {
        self.rosters.read().unwrap_or_else(PoisonError::into_inner).get(&workspace).cloned()
    }

    pub(crate) fn set_roster(&self, roster: Arc<Roster>) {
        self.rosters.write().unwrap_or_else(PoisonError::into_inner).insert(roster.workspace(), roster);
    }

    pub(crate) fn accepts_workspaces(&self) -> bool {
        let count = self.rosters.read().unwrap_or_else(PoisonError::into_inner).len();
        u32::try_from(count).is_ok_and(|count| count < self.max_workspaces)
    }

    /// By what servers somebody in a call may be reached; `host` is the name by which the relay was asked.
    pub(crate) fn ice_servers(&self, call: CallId, who: impl Into<Attendee>, host: Option<&Authority>) -> Vec<IceServer> {
        let attendance = Attendance::new(call, who);
        let own = self.turn.iter().flat_map(|turn| {
            let (username, credential) = self.access.credentials(attendance, now_ms());
            turn.ice_servers(host.map(Authority::host), username, credential)
        });
        own.chain(self.settings.ice_servers.iter().cloned()).collect()
    }

    /// Somebody is in a call, and may use TURN until that must be said again.
    pub(crate) fn turn_enter(&self, call: CallId, who: impl Into<Attendee>) {
        self.access.enter(Attendance::new(call, who), now_ms().saturating_add(LASTS_MS));
    }

    /// Somebody has left.
    pub(crate) fn turn_leave(&self, call: CallId, who: impl Into<Attendee>) {
        self.access.leave(Attendance::new(call, who));
    }

    /// A call is over: nobody is in it any more.
    pub(crate) fn end_call(&self, call: CallId) {
        self.access.end_call(call);
        self.guests.end_call(call);
    }

    /// Keeps a challenge until it is answered or over.
    pub(crate) fn remember_challenge(&self, statement: LoginStatement) {
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = now_ms();
        challenges.retain(|_, waiting| now_ms - waiting.issued_at_ms < CHALLENGE_LIFETIME_MS);
        if challenges.len() >= MAX_CHALLENGES {
            let oldest = challenges.values().min_by_key(|waiting| waiting.issued_at_ms).map(|waiting| waiting.nonce);
            oldest.and_then(|nonce| challenges.remove(&nonce));
        }
        challenges.insert(statement.nonce, statement);
    }

    /// Takes a challenge back: it serves once.
    pub(crate) fn take_challenge(&self, nonce: &[u8; 32]) -> Option<LoginStatement> {
        let taken = self.challenges.lock().unwrap_or_else(PoisonError::into_inner).remove(nonce)?;
        (now_ms() - taken.issued_at_ms < CHALLENGE_LIFETIME_MS).then_some(taken)
    }

    pub(crate) async fn session(&self, token_hash: Hash) -> Result<Option<SessionRow>, StoreError> {
        if let Some(session) = self.sessions.read().unwrap_or_else(PoisonError::into_inner).get(&token_hash) {
            return Ok(Some(*session));
        }
        let seen = self.forgotten.load(Ordering::Acquire);
        let found = self.store.read(Caller::Relay, move |unit| Box::pin(unit.session(token_hash))).await?;
        if let Some(session) = found {
            self.remember_session(token_hash, session, seen);
        }
        Ok(found)
    }

    fn remember_session(&self, token_hash: Hash, session: SessionRow, seen: u64) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        if self.forgotten.load(Ordering::Acquire) != seen {
            return;
        }
        let now_ms = now_ms();
        sessions.retain(|_, kept| kept.expires_at_ms > now_ms);
        sessions.insert(token_hash, session);
    }

    pub(crate) fn forget_sessions(&self, forget: impl Fn(&Hash, &SessionRow) -> bool) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        sessions.retain(|hash, session| !forget(hash, session));
    }
}

/// Replays the roster of a workspace from what is stored, with every check.
///
/// # Errors
/// When the database fails, or holds a roster that can't be believed.
pub async fn replay(store: &impl Store, workspace: WorkspaceId) -> Result<Roster, StoreError> {
    let statements = store.read(Caller::Relay, move |unit| Box::pin(unit.statements(workspace, None))).await?;
    let genesis = statements.first().map(|genesis| Hash::of(genesis)).ok_or(StoreError::Damaged("roster"))?;
    Roster::replay(genesis, statements.iter().map(Vec::as_slice)).map_err(|_| StoreError::Damaged("roster"))
}

/// Appends to the audit log, where one is kept.
pub(crate) async fn audit(unit: &mut Unit<'_>, is_kept: bool, action: &str, subject: Option<String>) -> Result<(), StoreError> {
    if is_kept { unit.audit(action, subject, now_ms()).await } else { Ok(()) }
}
