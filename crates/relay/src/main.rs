//! `bezel-relay`: the relay as a program.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use bezel_protocol::cbor;
use bezel_protocol::settings::Settings;
use bezel_protocol::wire::SignedCheckpoint;
use bezel_relay::store::{Caller, SqliteStore, Store as _};
use bezel_relay::{
    BlobLocation, ByteSize, CopiedBlobs, FileOptions, Options, ReachOptions, Relay, RelayKey, Setup, SetupToken, TlsFiles, TurnListen,
    audit, check_public_url, raise_open_files,
};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use url::Url;
use zeroize::Zeroizing;

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
        /// The most connections at once [default: half of the files that it may have open].
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(4..))]
        max_connections: Option<u32>,
        /// The token with which a workspace is begun on this relay. Without it, a relay that listens beyond loopback makes one, in the file
        /// setup.token of its data, and one on loopback takes a workspace of whoever asks.
        #[arg(long, value_name = "TOKEN", env = "BEZEL_SETUP_TOKEN", hide_env_values = true)]
        setup_token: Option<SetupToken>,
        /// The same, read from a file.
        #[arg(long, value_name = "FILE", conflicts_with = "setup_token")]
        setup_token_file: Option<PathBuf>,
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
    /// Copies its data, while it runs, into a folder that is not there yet: the database, the key, and the blobs where they are in a folder.
    Backup {
        /// The folder of its data.
        #[arg(long)]
        data: PathBuf,
        /// Where the blobs of files are kept, as for `serve`.
        #[arg(long, env = "BEZEL_BLOBS")]
        blobs: Option<BlobLocation>,
        /// The folder of the copy.
        to: PathBuf,
    },
    /// Says of data that was put back from a copy of another make than `backup` that it was; before the relay is started again.
    Restored {
        /// The folder of its data.
        #[arg(long)]
        data: PathBuf,
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
        /// A checkpoint that a member kept (`bezel audit`), in hexadecimal or in a file: the export must begin with what it saw.
        #[arg(long, value_name = "FILE|HEX")]
        checkpoint: Option<String>,
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
        Command::Serve {
            data,
            listen,
            max_workspaces,
            blobs,
            max_file_bytes,
            max_workspace_bytes,
            max_connections,
            setup_token,
            setup_token_file,
            reach,
        } => {
            raise_open_files();
            let max_connections = max_connections.and_then(|most| usize::try_from(most).ok());
            let setup = setup(setup_token, setup_token_file.as_deref())?;
            let blobs = blobs.unwrap_or_default();
            let files = FileOptions { blobs, max_file_bytes: max_file_bytes.0, max_workspace_bytes: max_workspace_bytes.0 };
            serve(Options { data, listen, max_workspaces, settings, files, reach: (*reach).into(), max_connections, setup }).await
        }
        Command::Check { data, blobs } => check(&data, &blobs.unwrap_or_default()).await,
        Command::Backup { data, blobs, to } => {
            let copied = match bezel_relay::backup(&data, &blobs.unwrap_or_default(), &to).await? {
                CopiedBlobs::Objects(objects) => format!("with {objects} object(s) of files"),
                CopiedBlobs::Bucket => "without the bucket of files: copy that by its own means".to_owned(),
            };
            say(&format!("{} is a copy, {copied}; started, it says that it was put back", to.display()))
        }
        Command::Restored { data } => {
            bezel_relay::restored(&data).await?;
            say("the next start says that this relay was put back from a copy")
        }
        Command::Audit(Audit::Export { data }) => {
            let store = open(&data).await?;
            let key = RelayKey::read(&data.join("relay.key"))?;
            audit::export(&store, &key, jiff::Timestamp::now().as_millisecond(), &mut std::io::stdout()).await?;
            store.close().await;
            Ok(())
        }
        Command::Audit(Audit::Verify { file, relay_key, checkpoint }) => {
            let export = std::fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
            let kept = checkpoint.as_deref().map(kept_checkpoint).transpose()?;
            let (entries, key) = audit::verify(&export, kept.as_ref())?;
            if let Some(expected) = relay_key.filter(|expected| !expected.eq_ignore_ascii_case(&hex::encode(key.as_bytes()))) {
                bail!("the export is signed by relay {}, not by {expected}", hex::encode(key.as_bytes()));
            }
            say(&format!("{entries} entries, unbroken, signed by relay {}", hex::encode(key.as_bytes())))
        }
    }
}

/// A checkpoint as `bezel audit` prints it: in hexadecimal, or the file of its JSON.
fn kept_checkpoint(given: &str) -> anyhow::Result<SignedCheckpoint> {
    let text = std::fs::read_to_string(given).unwrap_or_else(|_| given.to_owned());
    let printed: Option<serde_json::Value> = serde_json::from_str(&text).ok().filter(serde_json::Value::is_object);
    let hex_text = printed.as_ref().and_then(|printed| printed.get("checkpoint")?.as_str()).unwrap_or(&text);
    let bytes = hex::decode(hex_text.trim()).context("the checkpoint is neither a file nor hexadecimal: print one with `bezel audit`")?;
    cbor::decode(&bytes).context("this is no checkpoint: print one with `bezel audit`")
}

fn setup(token: Option<SetupToken>, file: Option<&std::path::Path>) -> anyhow::Result<Setup> {
    let token = match file {
        Some(file) => {
            let token = Zeroizing::new(std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?);
            Some(SetupToken::new(&token).with_context(|| file.display().to_string())?)
        }
        None => token,
    };
    Ok(token.map_or(Setup::ByAddress, Setup::Token))
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
    let key = RelayKey::read(&data.join("relay.key"))?.public();
    let damaged = bezel_relay::check_blobs(&store, blobs, data).await?;
    store.close().await;
    if damaged > 0 {
        bail!("{damaged} part(s) of files are missing or damaged: bring them back from a backup");
    }
    say(&format!("settings, key, database and files are good; {} workspace(s)", workspaces.len()))?;
    say(&format!("the relay's key has the fingerprint {}", key.fingerprint()))
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
