//! A relay inside the app: "a workspace on this computer".

use std::net::{Ipv4Addr, SocketAddr};

use bezel_core::{Error, Home, Result};
use bezel_protocol::settings::Settings;
use bezel_relay::{FileOptions, Options, ReachOptions, Relay, RunningRelay, Setup};

/// Where the relay of this home listens is kept beside its data: members know it by that address.
const ADDRESS: &str = "address";

/// Starts the relay of this home, if it has one.
///
/// # Errors
/// When its address is taken, or its data can't be opened.
pub(crate) async fn resume(home: &Home, settings: &Settings) -> Result<Option<RunningRelay>> {
    let Ok(address) = std::fs::read_to_string(home.relay().join(ADDRESS)) else { return Ok(None) };
    let listen = address.trim().parse().map_err(|_| failed("its address can't be read"))?;
    start(home, settings, listen).await.map(Some)
}

/// Begins a relay in this home, at a free port.
///
/// # Errors
/// As [`resume`].
pub(crate) async fn begin(home: &Home, settings: &Settings) -> Result<RunningRelay> {
    let relay = start(home, settings, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    std::fs::write(home.relay().join(ADDRESS), relay.addr().to_string())?;
    Ok(relay)
}

async fn start(home: &Home, settings: &Settings, listen: SocketAddr) -> Result<RunningRelay> {
    let options = Options {
        data: home.relay(),
        listen,
        max_workspaces: 1,
        settings: settings.clone(),
        files: FileOptions::default(),
        reach: ReachOptions::default(),
        max_connections: None,
        // The app that starts it begins the workspace.
        setup: Setup::Open,
    };
    Relay::start(options).await.map_err(|error| failed(&error.to_string()))
}

fn failed(reason: &str) -> Error {
    Error::new(
        "hosted_relay",
        format!("The workspace's relay on this computer does not start: {reason}."),
        "Close other programs that may use it, or restart the computer.",
    )
}
