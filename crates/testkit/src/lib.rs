//! A shop in one process: a clock that one sets, a relay on a socket of its own, and members who talk through it.

mod device;
mod guest;
mod liar;
mod live;

pub use guest::{Guest, GuestState};
pub use liar::{Liar, Lie};
pub use live::{Live, three, tone, two, until};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Result, anyhow};
use bezel_core::clock::{Clock, SystemClock};
use bezel_core::conversation::{self, NewMember};
use bezel_core::vault::{NewSlots, Unlock};
use bezel_core::workspace::{CreateRequest, JoinRequest};
use bezel_core::{Environment, Home, Member, invite, message, sync, workspace};
use bezel_crypto::slots::{Cost, Passphrase};
use bezel_protocol::invite_link::InviteLink;
use bezel_protocol::settings::Settings;
use bezel_protocol::{ConversationId, Role};
use bezel_relay::{FileOptions, Options, ReachOptions, Relay, RunningRelay};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

/// A day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The machine's clock, moved forward as one likes.
#[derive(Debug, Default)]
pub struct ShiftedClock(AtomicI64);

impl ShiftedClock {
    /// Time passes.
    pub fn pass(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms() + self.0.load(Ordering::SeqCst)
    }
}

/// So much room must be in memory for a shop to be opened there.
const ROOM_BYTES: u64 = 1 << 30;

/// A folder in memory where there is room, so that no test waits for somebody else's disk; else on the disk.
fn folder() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(match fs4::available_space(memory) {
        Ok(bytes) if bytes >= ROOM_BYTES => tempfile::tempdir_in(memory)?,
        _ => tempfile::tempdir()?,
    })
}

/// A relay and the folders of its members.
pub struct Shop {
    folder: TempDir,
    relay: Option<RunningRelay>,
    addr: SocketAddr,
    /// Whoever stands before the relay, for members who join from then on.
    front: Option<SocketAddr>,
    /// The clock of every member.
    pub clock: Arc<ShiftedClock>,
}

impl Shop {
    /// Opens a shop.
    ///
    /// # Errors
    /// When the relay does not start.
    pub async fn open() -> Result<Self> {
        let folder = folder()?;
        let relay = start(folder.path(), "127.0.0.1:0".parse()?).await?;
        Ok(Self { addr: relay.addr(), relay: Some(relay), folder, front: None, clock: Arc::default() })
    }

    /// The same, behind somebody who sees and changes what the relay says.
    ///
    /// # Errors
    /// When the relay does not start.
    pub async fn open_behind_a_liar() -> Result<(Self, Liar)> {
        let mut shop = Self::open().await?;
        let liar = Liar::stand_before(shop.addr).await?;
        shop.front = Some(liar.addr());
        Ok((shop, liar))
    }

    /// Where the relay answers.
    #[must_use]
    pub const fn relay(&self) -> SocketAddr {
        self.addr
    }

    /// Stops the relay, lets whoever runs it change its database as they like, and starts it again: a relay that lies.
    ///
    /// # Errors
    /// When the database refuses, or the relay does not start again.
    pub async fn meddle(&mut self, statements: &[&'static str]) -> Result<()> {
        if let Some(relay) = self.relay.take() {
            relay.shutdown().await;
        }
        let database = SqliteConnectOptions::new().filename(self.folder.path().join("relay/relay.db"));
        let mut connection = database.connect().await?;
        for statement in statements {
            sqlx::query(*statement).execute(&mut connection).await?;
        }
        connection.close().await?;
        self.relay = Some(start(self.folder.path(), self.addr).await?);
        Ok(())
    }

    /// Stops the relay; [`Self::meddle`] starts it again.
    pub async fn close_relay(&mut self) {
        if let Some(relay) = self.relay.take() {
            relay.shutdown().await;
        }
    }

    /// A number that the relay's database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn count(&self, question: &'static str) -> Result<i64> {
        let database = SqliteConnectOptions::new().filename(self.folder.path().join("relay/relay.db")).read_only(true);
        let mut connection = database.connect().await?;
        let count = sqlx::query_scalar(question).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(count)
    }

    /// Where the relay keeps its blobs.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.folder.path().join("relay/blobs")
    }

    fn clock_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn environment(&self) -> Environment {
        Self::environment_by(Arc::<ShiftedClock>::clone(&self.clock))
    }

    fn environment_by(clock: Arc<dyn Clock>) -> Environment {
        Environment { clock, settings: Settings::default() }
    }

    fn home(&self, name: &str) -> Home {
        Home::new(self.folder.path().join(name))
    }

    /// The owner.
    ///
    /// # Errors
    /// When the workspace can't begin.
    pub async fn owner(&self, name: &str) -> Result<Member> {
        let request = CreateRequest {
            name: "Maison Lune".into(),
            handle: name.parse()?,
            relay: url::Url::parse(&format!("http://{}", self.front.unwrap_or(self.addr)))?,
            hosts_relay: false,
            slots: slots()?,
        };
        Ok(workspace::create(&self.home(name), self.environment(), request).await?.0)
    }

    /// Somebody whom `host` invites.
    ///
    /// # Errors
    /// When the invitation does not work.
    pub async fn join(&self, host: &Member, name: &str, role: Role) -> Result<Member> {
        let invite = invite::create(host, role, 1).await?;
        let request = JoinRequest { link: InviteLink::parse(&invite.link)?, handle: name.parse()?, slots: slots()? };
        let (member, _) = workspace::join(&self.home(name), self.environment(), request).await?;
        sync::once(host).await?;
        Ok(member)
    }

    /// The same member after a restart.
    ///
    /// # Errors
    /// When it does not open.
    pub async fn reopen(&self, name: &str) -> Result<Member> {
        Ok(Member::open(&self.home(name), self.environment(), &Unlock::Passphrase(passphrase())).await?)
    }

    /// The same member after a restart, on a machine whose clock is off by so many milliseconds.
    ///
    /// # Errors
    /// When it does not open.
    pub async fn reopen_off_by(&self, name: &str, milliseconds: i64) -> Result<Member> {
        let clock = ShiftedClock::default();
        clock.pass(milliseconds);
        Ok(Member::open(&self.home(name), Self::environment_by(Arc::new(clock)), &Unlock::Passphrase(passphrase())).await?)
    }
}

impl Drop for Shop {
    /// Ends the relay before the process ends: its database must be closed by then.
    fn drop(&mut self) {
        let (Some(relay), Ok(runtime)) = (self.relay.take(), tokio::runtime::Handle::try_current()) else { return };
        let _ = std::thread::spawn(move || runtime.block_on(relay.shutdown())).join();
    }
}

/// `owner` begins a conversation with `others`.
///
/// # Errors
/// When it can't begin.
pub async fn converse(owner: &Member, others: &[(&Member, Role)]) -> Result<ConversationId> {
    let members: Vec<NewMember> = others.iter().map(|(member, role)| NewMember { user: member.user(), role: *role }).collect();
    let created = conversation::create(owner, "Ring 2041", &members, None).await?;
    created.conversation.parse().map_err(|_| anyhow!("the conversation has no id"))
}

/// What a member reads in a conversation: the texts, or the problem where there is none.
///
/// # Errors
/// When the conversation is not there.
pub async fn texts(member: &Member, conversation: ConversationId) -> Result<Vec<String>> {
    let page = message::list(member, conversation, None, 500).await?;
    Ok(page.messages.into_iter().map(|message| message.text.or(message.problem).unwrap_or_default()).collect())
}

async fn start(folder: &Path, listen: SocketAddr) -> Result<RunningRelay> {
    let options = Options {
        data: folder.join("relay"),
        listen,
        max_workspaces: 1,
        settings: Settings::default(),
        files: FileOptions::default(),
        reach: ReachOptions::default(),
    };
    Ok(Relay::start(options).await?)
}

fn passphrase() -> Passphrase {
    Passphrase::new("a passphrase for a test".into())
}

/// Cheap to guess at, quick to open.
fn slots() -> Result<NewSlots> {
    Ok(NewSlots { keychain: false, passphrase: Some(passphrase()), cost: Cost::new(64, 1, 1)? })
}
