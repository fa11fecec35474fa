//! A relay in this process and members who reach it over loopback, with their data in a folder of one's choice; and how times are told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use bezel_core::vault::{NewSlots, Unlock};
use bezel_core::workspace::{CreateRequest, JoinRequest};
use bezel_core::{Environment, Home, Member, invite, sync, workspace};
use bezel_crypto::slots::{Cost, NewPassphrase, Passphrase};
use bezel_protocol::Role;
use bezel_protocol::invite_link::InviteLink;
use bezel_protocol::settings::Settings;
use bezel_relay::{FileOptions, Options, ReachOptions, Relay, RunningRelay, Setup};
use bezel_testkit::KeptIdentities;
use tempfile::TempDir;

const PASSPHRASE: &str = "ruby lantern under a quiet bridge";

/// A relay, and the folder of its data and of its members.
pub(crate) struct Place {
    folder: TempDir,
    relay: RunningRelay,
    identities: Arc<KeptIdentities>,
}

impl Place {
    /// In `BEZEL_BENCH_FOLDER`, or where this machine keeps temporary files.
    pub(crate) async fn open() -> Result<Self> {
        let parent = std::env::var_os("BEZEL_BENCH_FOLDER").map_or_else(std::env::temp_dir, Into::into);
        let folder = tempfile::tempdir_in(parent)?;
        let options = Options {
            data: folder.path().join("relay"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            max_workspaces: 1,
            settings: Settings::default(),
            files: FileOptions::default(),
            reach: ReachOptions::default(),
            max_connections: None,
            setup: Setup::ByAddress,
        };
        Ok(Self { relay: Relay::start(options).await?, folder, identities: Arc::default() })
    }

    /// Says where the data is, and what else the machine does.
    pub(crate) fn describe(&self) -> Result<String> {
        let load = std::fs::read_to_string("/proc/loadavg")?;
        let load = load.split(' ').next().context("a load")?;
        Ok(format!("data in {}, load {load}", self.folder.path().display()))
    }

    /// The owner, whose passphrase costs so much to try.
    pub(crate) async fn owner(&self, name: &str, cost: Cost) -> Result<Member> {
        let request = CreateRequest {
            name: "Maison Lune".into(),
            handle: name.parse()?,
            relay: format!("http://{}", self.relay.addr()).parse()?,
            hosts_relay: false,
            setup_token: None,
            slots: slots(cost)?,
        };
        Ok(workspace::create(&self.home(name), self.environment(), request).await?.0)
    }

    /// Somebody whom `host` invites.
    pub(crate) async fn join(&self, host: &Member, name: &str, cost: Cost) -> Result<Member> {
        let invite = invite::create(host, Role::Member, 1).await?;
        let request = JoinRequest { link: InviteLink::parse(&invite.link)?, handle: name.parse()?, slots: slots(cost)? };
        let member = workspace::join(&self.home(name), self.environment(), request).await?.0;
        sync::once(host).await?;
        Ok(member)
    }

    /// The relay's database.
    pub(crate) fn relay_database(&self) -> PathBuf {
        self.folder.path().join("relay/relay.db")
    }

    /// Where a member lives.
    pub(crate) fn home(&self, name: &str) -> Home {
        Home::new(self.folder.path().join(name))
    }

    /// That of this machine; only new identity keys, each of which takes seconds, are made before.
    pub(crate) fn environment(&self) -> Environment {
        let identities = Arc::<KeptIdentities>::clone(&self.identities);
        Environment { identities, ..Environment::of_this_machine(Settings::default()) }
    }

    /// Closes the relay; its members are closed before.
    pub(crate) async fn close(self) {
        self.relay.shutdown().await;
    }
}

/// A passphrase that costs next to nothing to try: what is measured beside it is the rest.
pub(crate) fn cheap() -> Result<Cost> {
    Ok(Cost::new(64, 1, 1)?)
}

fn slots(cost: Cost) -> Result<NewSlots> {
    Ok(NewSlots { keychain: false, passphrase: Some(NewPassphrase::choose(PASSPHRASE.into(), &[])?), cost })
}

/// The way into every home.
pub(crate) fn unlock() -> Result<Unlock> {
    Ok(Unlock::Passphrase(Passphrase::parse(PASSPHRASE.into())?))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Times of one thing, told in milliseconds.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    fn at(&self, percent: usize) -> Result<f64> {
        let place = self.0.len().saturating_sub(1) * percent / 100;
        let time = self.0.get(place).ok_or_else(|| anyhow!("nothing was measured"))?;
        Ok(time.as_secs_f64() * 1000.0)
    }

    /// The heading of [`Self::row`].
    pub(crate) fn heading() -> String {
        format!("{:56} {:>6} {:>9} {:>9} {:>9}", "milliseconds", "times", "p50", "p99", "worst")
    }

    pub(crate) fn row(&self, what: &str) -> Result<String> {
        Ok(format!("{what:56} {:6} {:9.2} {:9.2} {:9.2}", self.0.len(), self.at(50)?, self.at(99)?, self.at(100)?))
    }
}
