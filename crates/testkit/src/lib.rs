//! A shop in one process: a clock that one sets, a relay on a socket of its own, and members who talk through it.

pub mod attacker;
mod copies;
mod device;
mod disk;
mod guest;
mod identities;
mod liar;
mod live;
mod rows;

pub use disk::SmallDisk;
pub use guest::{Guest, GuestState};
pub use identities::KeptIdentities;
pub use liar::{AnswerLie, Asked, Instead, Liar, Lie};
pub use live::{Live, three, tone, two, until};

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Result, anyhow};
use bezel_core::clock::{Clock, SystemClock};
use bezel_core::conversation::{self, NewMember};
use bezel_core::vault::{NewSlots, Unlock};
use bezel_core::workspace::{CreateRequest, Enrolled, JoinRequest};
use bezel_core::{Environment, Home, Member, invite, message, sync, workspace};
use bezel_crypto::slots::{Cost, NewPassphrase, Passphrase};
use bezel_protocol::invite_link::InviteLink;
use bezel_protocol::settings::Settings;
use bezel_protocol::{ConversationId, Role};
use bezel_relay::{FileOptions, Options, ReachOptions, Relay, RelayKey, RunningRelay, Setup};
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

impl bezel_relay::Clock for ShiftedClock {
    fn now_ms(&self) -> i64 {
        Clock::now_ms(self)
    }
}

/// So much room must be in memory for a shop to be opened there.
const ROOM_BYTES: u64 = 1 << 30;

/// A folder in memory where there is room, so that no test waits for somebody else's disk; else on the disk.
///
/// # Errors
/// When it can't be made.
pub fn folder() -> Result<TempDir> {
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
    /// The relay's.
    pub relay_clock: Arc<ShiftedClock>,
    identities: Arc<KeptIdentities>,
}

impl Shop {
    /// Opens a shop.
    ///
    /// # Errors
    /// When the relay does not start.
    pub async fn open() -> Result<Self> {
        let folder = folder()?;
        let relay_clock = Arc::<ShiftedClock>::default();
        let relay = start(folder.path(), "127.0.0.1:0".parse()?, &relay_clock).await?;
        Ok(Self {
            addr: relay.addr(),
            relay: Some(relay),
            folder,
            front: None,
            clock: Arc::default(),
            relay_clock,
            identities: Arc::default(),
        })
    }

    /// The same, behind somebody who sees and changes what the relay says.
    ///
    /// # Errors
    /// When the relay does not start.
    pub async fn open_behind_a_liar() -> Result<(Self, Liar)> {
        let mut shop = Self::open().await?;
        let liar = shop.liar().await?;
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
        self.relay = Some(start(self.folder.path(), self.addr, &self.relay_clock).await?);
        Ok(())
    }

    /// Another relay stands at the address from now on: with the same data, and another key.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn swap_relay_key(&mut self) -> Result<()> {
        if let Some(relay) = self.relay.take() {
            relay.shutdown().await;
        }
        let key = self.folder.path().join("relay/relay.key");
        std::fs::remove_file(&key)?;
        RelayKey::make(&key)?;
        // Whoever logs in again meets it: sessions were the other one's.
        self.meddle(&["DELETE FROM sessions"]).await
    }

    /// A copy of the home of a member who is closed, as a backup program makes it.
    ///
    /// # Errors
    /// When it can't be copied.
    pub fn copy_home(&self, name: &str, copy: &str) -> Result<()> {
        let (from, to) = (self.home(name), self.home(copy));
        std::fs::create_dir_all(to.folder())?;
        std::fs::copy(from.slots(), to.slots())?;
        std::fs::copy(from.database(), to.database())?;
        Ok(())
    }

    /// So many days pass for everybody.
    pub fn days_pass(&self, days: i64) {
        self.clock.pass(days * DAY_MS);
        self.relay_clock.pass(days * DAY_MS);
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
        self.environment_by(Arc::<ShiftedClock>::clone(&self.clock))
    }

    fn environment_by(&self, clock: Arc<dyn Clock>) -> Environment {
        let identities = Arc::<KeptIdentities>::clone(&self.identities);
        Environment { clock, identities, ..Environment::of_this_machine(Settings::default()) }
    }

    /// Where a member of this name lives.
    #[must_use]
    pub fn home(&self, name: &str) -> Home {
        Home::new(self.folder.path().join(name))
    }

    /// The owner.
    ///
    /// # Errors
    /// When the workspace can't begin.
    pub async fn owner(&self, name: &str) -> Result<Member> {
        Ok(self.found(&self.home(name), name).await?.0)
    }

    /// The owner, whose identity key may be so many days old.
    ///
    /// # Errors
    /// When the workspace can't begin.
    pub async fn owner_by(&self, name: &str, key_rotation_days: u32) -> Result<Member> {
        self.owner(name).await?.close().await;
        let environment = Environment { settings: Settings { key_rotation_days, ..Settings::default() }, ..self.environment() };
        Ok(Member::open(&self.home(name), environment, &unlock()?).await?)
    }

    /// The same in a home of one's choice, with what the owner is told.
    ///
    /// # Errors
    /// When the workspace can't begin.
    pub async fn found(&self, home: &Home, name: &str) -> Result<(Member, Enrolled)> {
        let request = CreateRequest {
            name: "Maison Lune".into(),
            handle: name.parse()?,
            relay: format!("http://{}", self.front.unwrap_or(self.addr)).parse()?,
            hosts_relay: false,
            setup_token: None,
            slots: slots()?,
        };
        Ok(workspace::create(home, self.environment(), request).await?)
    }

    /// Somebody joins by a link, in a home of one's choice.
    ///
    /// # Errors
    /// When the invitation does not work.
    pub async fn join_at(&self, home: &Home, link: &str, name: &str) -> Result<(Member, Enrolled)> {
        let request = JoinRequest { link: InviteLink::parse(link)?, handle: name.parse()?, slots: slots()? };
        Ok(workspace::join(home, self.environment(), request).await?)
    }

    /// Somebody whom `host` invites.
    ///
    /// # Errors
    /// When the invitation does not work.
    pub async fn join(&self, host: &Member, name: &str, role: Role) -> Result<Member> {
        let invite = invite::create(host, role, 1).await?;
        let member = self.join_by(&invite.link, name).await?;
        sync::once(host).await?;
        Ok(member)
    }

    /// The same for somebody to whom the relay is who `liar` is.
    ///
    /// # Errors
    /// When the invitation does not work.
    pub async fn join_behind(&self, host: &Member, (name, role): (&str, Role), liar: &Liar) -> Result<Member> {
        let invite = invite::create(host, role, 1).await?;
        let mut link = InviteLink::parse(&invite.link)?;
        link.relay = format!("http://{}", liar.addr()).parse()?;
        let request = JoinRequest { link, handle: name.parse()?, slots: slots()? };
        let member = workspace::join(&self.home(name), self.environment(), request).await?.0;
        sync::once(host).await?;
        Ok(member)
    }

    /// Somebody who stands before the relay for those who join through them.
    ///
    /// # Errors
    /// When there is no place to stand.
    pub async fn liar(&self) -> Result<Liar> {
        Liar::stand_before(self.addr).await
    }

    /// Somebody who has a link.
    ///
    /// # Errors
    /// When the invitation does not work.
    pub async fn join_by(&self, link: &str, name: &str) -> Result<Member> {
        Ok(self.join_at(&self.home(name), link, name).await?.0)
    }

    /// The folder of a member.
    #[must_use]
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.home(name).folder().to_owned()
    }

    /// The same member after a restart.
    ///
    /// # Errors
    /// When it does not open.
    pub async fn reopen(&self, name: &str) -> Result<Member> {
        Ok(Member::open(&self.home(name), self.environment(), &unlock()?).await?)
    }

    /// The same member after a restart, who changes the keys of a conversation after so many messages.
    ///
    /// # Errors
    /// When it does not open.
    pub async fn reopen_with_epochs_of(&self, name: &str, messages_an_epoch: u32) -> Result<Member> {
        Ok(Member::open(&self.home(name), Environment { messages_an_epoch, ..self.environment() }, &unlock()?).await?)
    }

    /// The same member after a restart, on a machine whose clock is off by so many milliseconds.
    ///
    /// # Errors
    /// When it does not open.
    pub async fn reopen_off_by(&self, name: &str, milliseconds: i64) -> Result<Member> {
        let clock = ShiftedClock::default();
        clock.pass(milliseconds);
        Ok(Member::open(&self.home(name), self.environment_by(Arc::new(clock)), &unlock()?).await?)
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

async fn start(folder: &Path, listen: SocketAddr, clock: &Arc<ShiftedClock>) -> Result<RunningRelay> {
    let options = Options {
        data: folder.join("relay"),
        listen,
        max_workspaces: 1,
        settings: Settings::default(),
        files: FileOptions::default(),
        reach: ReachOptions::default(),
        max_connections: None,
        setup: Setup::ByAddress,
    };
    Ok(Relay::start_by(options, Arc::<ShiftedClock>::clone(clock)).await?)
}

const PASSPHRASE: &str = "ruby lantern under a quiet bridge";

fn passphrase() -> Result<Passphrase> {
    Ok(Passphrase::parse(PASSPHRASE.into())?)
}

/// The way into every home of a shop.
///
/// # Errors
/// Never: it is a passphrase.
pub fn unlock() -> Result<Unlock> {
    Ok(Unlock::Passphrase(passphrase()?))
}

/// Cheap to guess at, quick to open.
fn slots() -> Result<NewSlots> {
    Ok(NewSlots { keychain: false, passphrase: Some(NewPassphrase::choose(PASSPHRASE.into(), &[])?), cost: Cost::new(64, 1, 1)? })
}
