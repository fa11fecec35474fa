//! Starts and ends a relay.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bezel_protocol::settings::Settings;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::blobs::{BlobError, Blobs};
use crate::clock::{Clock, SystemClock, now_ms};
use crate::connections::{self, Limits};
use crate::files::{self, FileOptions, SweepError, Swept};
use crate::http;
use crate::reach::{Reach, ReachOptions, TlsFiles};
use crate::relay_key::RelayKey;
use crate::setup::{Setup, SetupToken};
use crate::store::{Caller, SqliteStore, Store, StoreError};
use crate::tls::{self, Tls, TlsError};
use crate::turn::{Access, Turn};

/// Requests that are under way at the end have so long.
const GRACE: Duration = Duration::from_secs(5);
/// Files are swept so often.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
/// Every so many sweeps, every part is looked at.
const SWEEPS_A_LOOK: u64 = 24;
/// What went out of files is written to their logs so often.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// What was counted for the audit log is written to it so often.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// Calls are looked through for devices that have gone without a word so often.
const END_CALLS_EVERY: Duration = Duration::from_secs(30);

/// The relay's key, beside its database.
pub(crate) const KEY_FILE: &str = "relay.key";
/// The relay's database.
pub(crate) const DATABASE_FILE: &str = "relay.db";
/// Locked while a relay runs.
const LOCK_FILE: &str = "relay.lock";

/// What a relay is started with.
#[derive(Debug)]
pub struct Options {
    /// The folder of its data; made where missing.
    pub data: PathBuf,
    /// Where it listens. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// How many workspaces it keeps.
    pub max_workspaces: u32,
    /// Settings of the environment.
    pub settings: Settings,
    /// Where blobs of files are kept, and how many bytes of them.
    pub files: FileOptions,
    /// How others reach it.
    pub reach: ReachOptions,
    /// The most connections at once; none: half of the files that the process may have open.
    pub max_connections: Option<usize>,
    /// Who may begin a workspace.
    pub setup: Setup,
}

/// A relay that is not running.
#[derive(Debug, Clone, Copy)]
pub struct Relay;

/// A relay that runs in this process.
pub struct RunningRelay {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    app: Arc<App<SqliteStore>>,
}

/// Why a relay does not start.
#[derive(Debug, thiserror::Error)]
pub enum RelayStartError {
    /// The folder or the key.
    #[error("the folder of the relay's data can't be used: {0}")]
    Data(#[source] std::io::Error),
    /// Two relays with one database would each believe their own roster.
    #[error("another relay is running with this data")]
    InUse,
    /// The database.
    #[error("the relay's database can't be opened: {0}")]
    Store(#[from] StoreError),
    /// The blobs.
    #[error("the blobs of files can't be reached: {0}")]
    Blobs(#[from] BlobError),
    /// Certificate and key.
    #[error("the relay can't serve TLS: {0}")]
    Tls(#[from] TlsError),
    /// The address of STUN and TURN.
    #[error("the relay can't listen on UDP {0} for calls: {1}; choose another address, or none")]
    Turn(SocketAddr, #[source] std::io::Error),
    /// The address.
    #[error("the relay can't listen on {0}: {1}")]
    Listen(SocketAddr, #[source] std::io::Error),
}

impl Relay {
    /// Starts a relay; it serves when this returns.
    ///
    /// # Errors
    /// When the data can't be opened, another relay runs with it, or the address is taken.
    pub async fn start(options: Options) -> Result<RunningRelay, RelayStartError> {
        Self::start_by(options, Arc::new(SystemClock)).await
    }

    /// The same, by another clock than the machine's.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_by(options: Options, clock: Arc<dyn Clock>) -> Result<RunningRelay, RelayStartError> {
        let Options { data, listen, max_workspaces, settings, files, reach, max_connections, setup } = options;
        create_private_folder(&data).map_err(RelayStartError::Data)?;
        let lock = lock(&data)?;
        let key = open_key(&data).map_err(RelayStartError::Data)?;
        let store = SqliteStore::open(&data.join(DATABASE_FILE)).await?;
        let blobs = Blobs::open(&files.blobs, &data).await?;
        let tls = reach.tls.as_ref().map(Tls::open).transpose()?;
        let listener = TcpListener::bind(listen).await.map_err(|error| RelayStartError::Listen(listen, error))?;
        let addr = listener.local_addr().map_err(|error| RelayStartError::Listen(listen, error))?;
        let access = Arc::new(Access::new(&key));
        let turn = Turn::start(reach.turn, addr, reach.turn_public_ip, Arc::clone(&access));
        let turn = turn.await.map_err(|(addr, error)| RelayStartError::Turn(addr, error))?;
        let is_shut_in = turn.as_ref().is_some_and(|turn| turn.addr().ip().is_loopback());
        if is_shut_in && reach.public_url.as_ref().is_some_and(|url| url.scheme() == "https") {
            tracing::warn!("guests come from elsewhere, but TURN is reached from this machine only: give it an address by --turn");
        }
        let ways = Reach { public_url: reach.public_url, is_tls: tls.is_some(), listen: addr };
        let setup_token = match setup {
            Setup::Open => None,
            Setup::Token(token) => Some(token),
            Setup::ByAddress if addr.ip().is_loopback() => None,
            Setup::ByAddress => Some(SetupToken::open(&data).map_err(RelayStartError::Data)?),
        };
        let is_made = setup_token.is_some() && SetupToken::path(&data).exists();
        let app = App::load(store, key, (settings, max_workspaces, setup_token, clock), (blobs, files), (ways, turn, access)).await?;
        if is_made && app.accepts_workspaces() {
            tracing::info!(file = %SetupToken::path(&data).display(), "a workspace is begun here with the set-up token in this file");
        }
        let limits = Limits::new(max_connections);
        if !addr.ip().is_loopback() {
            tracing::warn!(%addr, "the relay is reachable from other machines");
        }
        let (stop, stopped) = oneshot::channel();
        let app = Arc::new(app);
        let serving = tokio::spawn(serve((listener, tls.zip(reach.tls), limits), Arc::clone(&app), stopped, lock));
        Ok(RunningRelay { addr, stop, serving, app })
    }
}

impl RunningRelay {
    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.app.reach.is_tls
    }

    /// Where it answers STUN and TURN, if it does.
    #[must_use]
    pub fn turn_addr(&self) -> Option<SocketAddr> {
        self.app.turn.as_ref().map(Turn::addr)
    }

    /// Sweeps the files now, as if it were `now_ms`, milliseconds since the epoch: what is over goes, what nobody knows goes, what is missing
    /// is counted. A relay does so by itself every hour.
    ///
    /// # Errors
    /// When the database or the store of blobs fails.
    pub async fn sweep(&self, now_ms: i64) -> Result<Swept, SweepError> {
        files::sweep(&self.app, now_ms, true).await
    }

    /// Ends calls that devices left without a word, as if it were `now_ms`, milliseconds since the epoch. Returns how many devices left so. A
    /// relay does so by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_silent_calls(&self, now_ms: i64) -> Result<u64, StoreError> {
        end_silent_calls(&self.app, now_ms).await
    }

    /// Ends it: takes nothing new, answers what it has taken, closes the sockets.
    pub async fn shutdown(self) {
        let _ = self.stop.send(());
        let _ = self.serving.await;
    }
}

impl core::fmt::Debug for RunningRelay {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RunningRelay").field("addr", &self.addr).finish_non_exhaustive()
    }
}

/// Serves until it is told to stop. What is acknowledged is on disk already, so that a hard end loses nothing either.
async fn serve<S: Store + Clone>(
    (listener, tls, limits): (TcpListener, Option<(Tls, TlsFiles)>, Limits),
    app: Arc<App<S>>,
    stopped: oneshot::Receiver<()>,
    _lock: File,
) {
    let (told, wait) = oneshot::channel();
    let store = app.store.clone();
    let ledger = app.ledger.clone();
    let upkeep = tokio::spawn(keep_up(Arc::clone(&app)));
    let router = http::router(Arc::clone(&app));
    let stopping = Arc::clone(&app);
    let stop = async move {
        let _ = stopped.await;
        stopping.hub.close();
        stopping.guests.close();
        let _ = told.send(());
    };
    let limit = async {
        let _ = wait.await;
        tokio::time::sleep(GRACE).await;
    };
    let (tls, watching) = match tls {
        Some((tls, files)) => (Some(tls.clone()), Some(tokio::spawn(tls::watch(tls, files)))),
        None => (None, None),
    };
    tokio::select! {
        () = connections::serve(listener, tls, router, limits, stop) => {}
        () = limit => {}
    }
    if let Some(watching) = watching {
        watching.abort();
    }
    upkeep.abort();
    if let Some(turn) = &app.turn {
        turn.stop().await;
    }
    if let Err(error) = app.counts.flush(&store).await {
        tracing::warn!(%error, "the last requests that were refused are not in the audit log");
    }
    if let Err(error) = ledger.flush(&store).await {
        tracing::warn!(%error, "the last bytes that went out are not in the logs of their files");
    }
    if tokio::time::timeout(GRACE, store.close()).await.is_err() {
        tracing::warn!("the database was not closed in time; its write-ahead log stays beside it");
    }
}

/// Writes what went out, and sweeps, until it is ended.
async fn keep_up<S: Store>(app: Arc<App<S>>) {
    let mut flush = tokio::time::interval(FLUSH_EVERY);
    let mut sweep = tokio::time::interval(SWEEP_EVERY);
    let mut count = tokio::time::interval(COUNT_EVERY);
    let mut end_calls = tokio::time::interval(END_CALLS_EVERY);
    let mut sweeps = 0_u64;
    loop {
        tokio::select! {
            _ = flush.tick() => {
                if let Err(error) = app.ledger.flush(&app.store).await {
                    tracing::warn!(%error, "what went out of files could not be written; it will be tried again");
                }
            }
            _ = count.tick() => {
                if let Err(error) = app.counts.flush(&app.store).await {
                    tracing::warn!(%error, "what was counted could not be written to the audit log; it will be tried again");
                }
            }
            _ = end_calls.tick() => {
                if let Err(error) = end_silent_calls(&app, now_ms()).await {
                    tracing::warn!(%error, "calls that are over could not be ended; it will be tried again");
                }
            }
            _ = sweep.tick() => {
                if let Err(error) = files::sweep(&app, now_ms(), sweeps.is_multiple_of(SWEEPS_A_LOOK)).await {
                    tracing::warn!(%error, "the sweep of files ended early");
                }
                sweeps += 1;
            }
        }
    }
}

/// Ends what devices left without a word, as if it were `now_ms`.
async fn end_silent_calls(app: &App<impl Store>, now_ms: i64) -> Result<u64, StoreError> {
    let before_ms = now_ms.saturating_sub(http::call::LASTS_MS);
    let silence = app.store.write(Caller::Relay, move |unit| Box::pin(unit.end_silent_calls(before_ms))).await?;
    silence.calls.iter().for_each(|call| app.end_call(*call));
    Ok(silence.left)
}

/// The key is made at the first start. Members know the relay by it: beside a database, a missing one is never replaced in silence.
fn open_key(data: &Path) -> std::io::Result<RelayKey> {
    let path = data.join(KEY_FILE);
    if path.exists() || data.join(DATABASE_FILE).exists() { RelayKey::read(&path) } else { RelayKey::make(&path) }
}

/// Keeps other relays off this data as long as the file is open.
pub(crate) fn lock(data: &Path) -> Result<File, RelayStartError> {
    let file = File::options().create(true).append(true).open(data.join(LOCK_FILE)).map_err(RelayStartError::Data)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RelayStartError::InUse),
        Err(TryLockError::Error(error)) => Err(RelayStartError::Data(error)),
    }
}

pub(crate) fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
