//! What every handler needs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::http::uri::Authority;
use bezel_protocol::log::{Generation, Place, SignedHead};
use bezel_protocol::login::LoginChallenge;
use bezel_protocol::roster::Roster;
use bezel_protocol::settings::Settings;
use bezel_protocol::wire::IceServer;
use bezel_protocol::{CallId, ConversationId, Hash, WorkspaceId};

use crate::audit::{Counts, tree_head};
use crate::blobs::Blobs;
use crate::clock::{Clock, now_ms};
use crate::events::Hub;
use crate::files::{FileOptions, Ledger, Uploads};
use crate::guest_token::GuestTokens;
use crate::guests::Lobby;
use crate::heal::Open;
use crate::http::Refusal;
use crate::http::call::LASTS_MS;
use crate::http::unread::Unread;
use crate::reach::Reach;
use crate::relay_key::RelayKey;
use crate::setup::SetupToken;
use crate::store::{Caller, SessionRow, Store, StoreError, Unit};
use crate::turn::{Access, Attendance, Attendee, Turn};

/// As many as a small machine has cores, and a few to wait for memory.
const JUDGED_AT_ONCE: usize = 4;

/// The state of a running relay.
pub(crate) struct App<S> {
    pub(crate) store: S,
    clock: Arc<dyn Clock>,
    pub(crate) key: RelayKey,
    generation: Generation,
    /// What takes back what it lost.
    pub(crate) healing: Open,
    pub(crate) settings: Settings,
    pub(crate) max_workspaces: u32,
    /// Whoever begins a workspace must know it.
    pub(crate) setup_token: Option<SetupToken>,
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
    /// For the audit log.
    pub(crate) counts: Counts,
    pub(crate) unread: Arc<Unread>,
    /// Held while a roster grows: one statement follows another.
    pub(crate) roster_growth: tokio::sync::Mutex<()>,
    /// How many entries of groups may be judged at once.
    judging: tokio::sync::Semaphore,
    rosters: RwLock<HashMap<WorkspaceId, Arc<Roster>>>,
    challenges: Mutex<HashMap<[u8; 32], LoginChallenge>>,
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
        (settings, max_workspaces, setup_token, clock): (Settings, u32, Option<SetupToken>, Arc<dyn Clock>),
        (blobs, file_options): (Blobs, FileOptions),
        (reach, turn, access): (Reach, Option<Turn>, Arc<Access>),
    ) -> Result<Self, StoreError> {
        let generation = generation(&store, settings.audit_logging).await?;
        let healing = Open::new(store.read(Caller::Relay, |unit| Box::pin(unit.open_healings())).await?);
        let mut rosters = HashMap::new();
        for workspace in store.read(Caller::Relay, |unit| Box::pin(unit.workspaces())).await? {
            let roster = Arc::new(replay(&store, workspace).await?);
            rosters.insert(workspace, Arc::clone(&roster));
            let now_ms = clock.now_ms();
            store.write(Caller::Relay, move |unit| Box::pin(async move { unit.apply_roster(None, &roster, now_ms).await })).await?;
        }
        Ok(Self {
            store,
            clock,
            guest_tokens: GuestTokens::new(&key),
            key,
            generation,
            healing,
            settings,
            max_workspaces,
            setup_token,
            reach,
            turn,
            access,
            guests: Lobby::default(),
            hub: Hub::default(),
            blobs,
            file_options,
            ledger: Ledger::default(),
            uploads: Uploads::default(),
            counts: Counts::default(),
            unread: Arc::default(),
            roster_growth: tokio::sync::Mutex::default(),
            judging: tokio::sync::Semaphore::new(JUDGED_AT_ONCE),
            rosters: RwLock::new(rosters),
            challenges: Mutex::default(),
            sessions: RwLock::default(),
            forgotten: AtomicU64::default(),
        })
    }

    /// Judges an entry of a group, beside the runtime: it takes milliseconds, and as much memory as the group's tree a few times over. So only a
    /// few at a time.
    pub(crate) async fn judge<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
        let _permit = self.judging.acquire().await.map_err(|_| StoreError::Damaged("judge"))?;
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Damaged("judge"))?
    }

    /// The time by which the roster, the log and sessions are judged, milliseconds since the epoch.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub(crate) fn roster(&self, workspace: WorkspaceId) -> Option<Arc<Roster>> {
        self.rosters.read().unwrap_or_else(PoisonError::into_inner).get(&workspace).cloned()
    }

    pub(crate) fn set_roster(&self, roster: Arc<Roster>) {
        self.rosters.write().unwrap_or_else(PoisonError::into_inner).insert(roster.workspace(), roster);
    }

    /// The life of the data.
    pub(crate) const fn generation(&self) -> Generation {
        self.generation
    }

    /// The relay's word for a place of a log.
    pub(crate) fn signed_head(&self, conversation: ConversationId, place: Place, epoch: u64) -> SignedHead {
        self.key.head(self.generation, conversation, (place, epoch), now_ms())
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
    pub(crate) fn remember_challenge(&self, challenge: LoginChallenge) {
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = self.now_ms();
        challenges.retain(|_, waiting| now_ms - waiting.issued_at_ms < CHALLENGE_LIFETIME_MS);
        if challenges.len() >= MAX_CHALLENGES {
            let oldest = challenges.values().min_by_key(|waiting| waiting.issued_at_ms).map(|waiting| waiting.nonce);
            oldest.and_then(|nonce| challenges.remove(&nonce));
        }
        challenges.insert(challenge.nonce, challenge);
    }

    /// Takes a challenge back: it serves once.
    pub(crate) fn take_challenge(&self, nonce: &[u8; 32]) -> Option<LoginChallenge> {
        let taken = self.challenges.lock().unwrap_or_else(PoisonError::into_inner).remove(nonce)?;
        (self.now_ms() - taken.issued_at_ms < CHALLENGE_LIFETIME_MS).then_some(taken)
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
        let now_ms = self.now_ms();
        sessions.retain(|_, kept| kept.expires_at_ms > now_ms);
        sessions.insert(token_hash, session);
    }

    pub(crate) fn forget_sessions(&self, forget: impl Fn(&Hash, &SessionRow) -> bool) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::AcqRel);
        sessions.retain(|hash, session| !forget(hash, session));
    }
}

/// The life of the data that goes on: begun here where it is the first, or where the data was copied.
async fn generation(store: &impl Store, is_audited: bool) -> Result<Generation, StoreError> {
    let known = store.read(Caller::Relay, |unit| Box::pin(async move { Ok((unit.generation().await?, unit.is_copy().await?)) }));
    let (known, is_copy) = known.await?;
    if let Some(generation) = known.filter(|_| !is_copy) {
        return Ok(generation);
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| StoreError::Damaged("source of randomness"))?;
    let generation = Generation::from_bytes(bytes);
    let begun = store.write(Caller::Relay, move |unit| {
        Box::pin(async move {
            unit.begin_generation(generation).await?;
            if known.is_some() {
                unit.begin_healing().await?;
                // The log goes on from the checkpoint that was copied.
                let from = tree_head(unit).await?.map(|tree| format!("{} entries, root {}", tree.entries, tree.root));
                audit(unit, is_audited, "relay_restored", from).await?;
            }
            Ok(())
        })
    });
    begun.await?;
    if known.is_some() {
        tracing::warn!("this data was put back from a copy: members bring back what it lost, and new entries wait for them");
    }
    Ok(generation)
}

/// The roster up to a statement: the newest one, or what is replayed up to there.
pub(crate) async fn roster_up_to<S: Store>(app: &App<S>, newest: &Arc<Roster>, sequence: u64) -> Result<Arc<Roster>, StoreError> {
    if sequence >= newest.head().sequence {
        return Ok(Arc::clone(newest));
    }
    let workspace = newest.workspace();
    let statements = app.store.read(Caller::Relay, move |unit| Box::pin(unit.statements(workspace, None, usize::MAX))).await?;
    let up_to = usize::try_from(sequence).unwrap_or(usize::MAX).saturating_add(1);
    Roster::replay(newest.genesis(), statements.iter().take(up_to).map(Vec::as_slice))
        .map(Arc::new)
        .map_err(|_| StoreError::Damaged("roster"))
}

/// Replays the roster of a workspace from what is stored, with every check.
///
/// # Errors
/// When the database fails, or holds a roster that can't be believed.
pub async fn replay(store: &impl Store, workspace: WorkspaceId) -> Result<Roster, StoreError> {
    let statements = store.read(Caller::Relay, move |unit| Box::pin(unit.statements(workspace, None, usize::MAX))).await?;
    let genesis = statements.first().map(|genesis| Hash::of(genesis)).ok_or(StoreError::Damaged("roster"))?;
    Roster::replay(genesis, statements.iter().map(Vec::as_slice)).map_err(|_| StoreError::Damaged("roster"))
}

/// Appends to the audit log, where one is kept.
pub(crate) async fn audit(unit: &mut Unit<'_>, is_kept: bool, action: &str, subject: Option<String>) -> Result<(), StoreError> {
    if is_kept { unit.audit(action, subject, now_ms()).await } else { Ok(()) }
}
