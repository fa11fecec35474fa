//! `bezel-relay`: the relay as a program.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use bezel_protocol::settings::Settings;
use bezel_relay::store::{Caller, SqliteStore, Store as _};
use bezel_relay::{
    BlobLocation, ByteSize, FileOptions, Options, ReachOptions, Relay, RelayKey, TlsFiles, TurnListen, audit, check_public_url,
};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use url::Url;

/// The relay of Bezel: stores and routes what it can't read.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until it is told to stop.
    Serve {
        /// The folder of its data.
        #[arg(long)]
        data: PathBuf,
        /// Where it listens; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:7300")]
        listen: SocketAddr,
        /// How many workspaces it keeps.
        #[arg(long, default_value_t = 1)]
        max_workspaces: u32,
        /// Where the blobs of files are kept: a folder, or s3://BUCKET/PREFIX with the usual AWS_… variables [default: the folder blobs of its data].
        #[arg(long, env = "BEZEL_BLOBS")]
        blobs: Option<BlobLocation>,
        /// The most bytes of one file.
        #[arg(long, env = "BEZEL_MAX_FILE_BYTES", default_value_t = FileOptions::MAX_FILE)]
        max_file_bytes: ByteSize,
        /// The most bytes of all files of a workspace.
        #[arg(long, env = "BEZEL_MAX_WORKSPACE_BYTES", default_value_t = FileOptions::MAX_WORKSPACE)]
        max_workspace_bytes: ByteSize,
        #[command(flatten)]
        reach: Box<ReachArguments>,
    },
    /// Checks settings and data, and says what is wrong.
    Check {
        /// The folder of its data.
        #[arg(long)]
        data: PathBuf,
        /// Where the blobs of files are kept, as for `serve`.
        #[arg(long, env = "BEZEL_BLOBS")]
        blobs: Option<BlobLocation>,
    },
    /// The audit log.
    #[command(subcommand)]
    Audit(Audit),
}

/// How others reach the relay.
#[derive(clap::Args)]
struct ReachArguments {
    /// The certificate chain in PEM by which the relay speaks TLS itself; read anew when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Where guests reach the relay with their browsers: https://…, or http:// on this machine.
    #[arg(long, value_name = "URL", env = "BEZEL_PUBLIC_URL", value_parser = check_public_url)]
    public_url: Option<Url>,
    /// Where STUN and TURN are served, by UDP [default: the address and port number of --listen].
    #[arg(long, value_name = "ADDR", conflicts_with = "no_turn")]
    turn: Option<SocketAddr>,
    /// The address by which others reach TURN, where this machine is behind a NAT.
    #[arg(long, value_name = "IP", env = "BEZEL_TURN_PUBLIC_IP", conflicts_with = "no_turn")]
    turn_public_ip: Option<IpAddr>,
    /// Without STUN and TURN.
    #[arg(long)]
    no_turn: bool,
}

impl From<ReachArguments> for ReachOptions {
    fn from(arguments: ReachArguments) -> Self {
        let ReachArguments { tls_cert, tls_key, public_url, turn, turn_public_ip, no_turn } = arguments;
        let turn = match turn {
            Some(addr) => TurnListen::At(addr),
            None if no_turn => TurnListen::Off,
            None => TurnListen::Beside,
        };
        Self { public_url, tls: tls_cert.zip(tls_key).map(|(cert, key)| TlsFiles { cert, key }), turn, turn_public_ip }
    }
}

#[derive(Subcommand)]
enum Audit {
    /// Writes the audit log to the standard output, one JSON object a line, the signed checkpoint last.
    Export {
        /// The folder of the relay's data.
        #[arg(long)]
        data: PathBuf,
    },
    /// Verifies an exported audit log, without the relay.
    Verify {
        /// The export.
        file: PathBuf,
        /// The public key of the relay that must have signed it, in hexadecimal. Without it, compare the key that is printed.
        #[arg(long)]
        relay_key: Option<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // In words, whatever the environment says of backtraces.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let filter = match std::env::var("BEZEL_LOG") {
        // Other people's code never logs below this: it does not know what must stay unsaid.
        Ok(level) if level.chars().all(char::is_alphabetic) => format!("warn,bezel_relay={level},bezel_protocol={level}"),
        _ => "warn,bezel_relay=info".to_owned(),
    };
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::stderr).init();
    let settings = Settings::from_env(|name| std::env::var(name).ok())?;
    match Arguments::parse().command {
        Command::Serve { data, listen, max_workspaces, blobs, max_file_bytes, max_workspace_bytes, reach } => {
            let blobs = blobs.unwrap_or_default();
            let files = FileOptions { blobs, max_file_bytes: max_file_bytes.0, max_workspace_bytes: max_workspace_bytes.0 };
            serve(Options { data, listen, max_workspaces, settings, files, reach: (*reach).into() }).await
        }
        Command::Check { data, blobs } => check(&data, &blobs.unwrap_or_default()).await,
        Command::Audit(Audit::Export { data }) => {
            let store = open(&data).await?;
            let key = RelayKey::read(&data.join("relay.key"))?;
            audit::export(&store, &key, jiff::Timestamp::now().as_millisecond(), &mut std::io::stdout()).await?;
            store.close().await;
            Ok(())
        }
        Command::Audit(Audit::Verify { file, relay_key }) => {
            let export = std::fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
            let (entries, key) = audit::verify(&export)?;
            if let Some(expected) = relay_key.filter(|expected| !expected.eq_ignore_ascii_case(&hex::encode(key.as_bytes()))) {
                bail!("the export is signed by relay {}, not by {expected}", hex::encode(key.as_bytes()));
            }
            say(&format!("{entries} entries, unbroken, signed by relay {}", hex::encode(key.as_bytes())))
        }
    }
}

async fn serve(options: Options) -> anyhow::Result<()> {
    let relay = Relay::start(options).await?;
    let scheme = if relay.is_tls() { "https" } else { "http" };
    say(&format!("listening on {scheme}://{}", relay.addr()))?;
    told_to_stop().await?;
    relay.shutdown().await;
    Ok(())
}

/// Waits for Ctrl-C, or where there is such a thing, for SIGTERM.
async fn told_to_stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => stopped,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

async fn check(data: &std::path::Path, blobs: &BlobLocation) -> anyhow::Result<()> {
    let store = open(data).await?;
    store.check().await?;
    let workspaces = store.read(Caller::Relay, |unit| Box::pin(unit.workspaces())).await?;
    for workspace in &workspaces {
        bezel_relay::replay(&store, *workspace).await.with_context(|| format!("workspace {workspace}"))?;
    }
    RelayKey::read(&data.join("relay.key"))?;
    let damaged = bezel_relay::check_blobs(&store, blobs, data).await?;
    store.close().await;
    if damaged > 0 {
        bail!("{damaged} part(s) of files are missing or damaged: bring them back from a backup");
    }
    say(&format!("settings, key, database and files are good; {} workspace(s)", workspaces.len()))
}

async fn open(data: &std::path::Path) -> anyhow::Result<SqliteStore> {
    let database = data.join("relay.db");
    if !database.exists() {
        bail!("there is no relay in {}: start one with `bezel-relay serve --data {0}`", data.display());
    }
    Ok(SqliteStore::open(&database).await?)
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
