//! STUN and TURN inside the relay, so that a shop needs no third party: one UDP port, credentials from the relay itself.

mod access;
mod allocation;
mod auth;
mod message;
mod policy;
mod server;
mod sockets;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bezel_protocol::wire::IceServer;
use tokio::task::JoinHandle;

pub(crate) use access::{Access, Attendance, Attendee};

use crate::reach::TurnListen;

/// A STUN and TURN server that runs; it ends when this is dropped.
pub(crate) struct Turn {
    addr: SocketAddr,
    /// The host by which it is reached, where that is known.
    host: Option<IpAddr>,
    relayed: IpAddr,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl Turn {
    /// Starts it beside a relay that listens on `relay`, if it is wanted.
    pub(crate) async fn start(
        listen: TurnListen,
        relay: SocketAddr,
        public_ip: Option<IpAddr>,
        access: Arc<Access>,
    ) -> Result<Option<Self>, (SocketAddr, io::Error)> {
        let socket = match listen {
            TurnListen::Off => return Ok(None),
            TurnListen::At(addr) => sockets::bind(addr).map_err(|error| (addr, error))?,
            TurnListen::Beside => {
                let anywhere = SocketAddr::new(relay.ip(), 0);
                let elsewhere = |error: io::Error| {
                    tracing::warn!(%relay, %error, "the UDP port of this number is not to be had; STUN and TURN take another");
                    sockets::bind(anywhere)
                };
                sockets::bind(relay).or_else(elsewhere).map_err(|error| (relay, error))?
            }
        };
        let addr = socket.local_addr().map_err(|error| (relay, error))?;
        let bound = Some(addr.ip()).filter(|ip| !ip.is_unspecified());
        let host = public_ip.or(bound);
        let relayed = host.or_else(|| sockets::outgoing_ip(addr.is_ipv4())).unwrap_or_else(|| loopback(addr.is_ipv4()));
        // The ports of relayed addresses are opened on the family that peers are told.
        let from = bound.filter(|ip| ip.is_ipv4() == relayed.is_ipv4()).unwrap_or_else(|| unspecified(relayed.is_ipv4()));
        let running = sockets::spawn(socket, from, relayed, access).map_err(|error| (addr, error))?;
        tracing::info!(%addr, %relayed, "STUN and TURN are served");
        if addr.ip().is_unspecified() && relayed.is_loopback() {
            tracing::warn!("this machine's own address is not to be found: name it by --turn-public-ip");
        }
        Ok(Some(Self { addr, host, relayed, running: Mutex::new(Some(running)) }))
    }

    /// Ends it; its ports are free when this returns.
    pub(crate) async fn stop(&self) {
        let running = self.take();
        if let Some(running) = running {
            running.abort();
            let _ = running.await;
        }
    }

    fn take(&self) -> Option<JoinHandle<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Where it listens.
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// As ICE servers, with credentials; `asked` is the host by which the relay itself was reached.
    pub(crate) fn ice_servers(&self, asked: Option<&str>, username: String, credential: String) -> [IceServer; 2] {
        let host = match (self.host, asked) {
            (Some(ip), _) => written(ip),
            (None, Some(asked)) => asked.to_owned(),
            (None, None) => written(self.relayed),
        };
        let port = self.addr.port();
        let stun = IceServer { urls: vec![format!("stun:{host}:{port}")], username: None, credential: None };
        let urls = vec![format!("turn:{host}:{port}?transport=udp")];
        [stun, IceServer { urls, username: Some(username), credential: Some(credential) }]
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.take().iter().for_each(JoinHandle::abort);
    }
}

/// As it stands in an address (RFC 7064, RFC 7065).
fn written(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn loopback(is_v4: bool) -> IpAddr {
    if is_v4 { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() }
}

fn unspecified(is_v4: bool) -> IpAddr {
    if is_v4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}
