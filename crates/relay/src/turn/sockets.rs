//! The sockets of TURN: one for all clients, one for each allocation.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::access::Access;
use super::auth::Auth;
use super::policy::Policy;
use super::server::{Limits, Out, Ports, Server};
use crate::clock::now_ms;

/// What is over is ended so often.
const TICK: Duration = Duration::from_secs(1);
/// So many datagrams of peers wait; more are lost, as on any network.
const WAITING: usize = 1024;
/// The largest datagram.
const MAX_DATAGRAM: usize = 65_535;
/// The most that a peer sends at once; media is below the path's MTU.
const MAX_FROM_PEER: usize = 4096;
/// A socket that fails is tried again after this.
const RETRY: Duration = Duration::from_millis(50);
/// So often another port is tried where one must be even.
const EVEN_TRIES: usize = 32;
/// A member who meets five others by three addresses takes fifteen, and as many again before those of a network that is gone have ended.
const LIMITS: Limits = Limits { total: 1024, of_one: 32 };

/// A datagram that came to a relayed port: the port, the peer, the content.
type FromPeer = (u16, SocketAddr, Vec<u8>);

pub(super) fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind(addr)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// The address by which this machine reaches others; nothing is sent (RFC 5737 and RFC 3849 name addresses for examples).
pub(super) fn outgoing_ip(is_v4: bool) -> Option<IpAddr> {
    let from = |local: IpAddr, to: IpAddr| -> io::Result<IpAddr> {
        let socket = std::net::UdpSocket::bind((local, 0))?;
        socket.connect((to, 9))?;
        Ok(socket.local_addr()?.ip())
    };
    let v4 = || from(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into()).ok();
    let v6 = || from(Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()).ok();
    // A socket for IPv6 hears IPv4 as well, by which more are reached.
    if is_v4 { v4() } else { v4().or_else(v6) }
}

/// Whether an address is of this machine: then a socket can be bound to it.
fn is_own(ip: IpAddr) -> bool {
    std::net::UdpSocket::bind((ip, 0)).is_ok()
}

/// Serves `socket` until it is aborted; relayed ports are opened at `from` and known to peers at `relayed`.
pub(super) fn spawn(socket: UdpSocket, from: IpAddr, relayed: IpAddr, access: Arc<Access>) -> io::Result<JoinHandle<()>> {
    let mut nonces = [0; 32];
    getrandom::fill(&mut nonces).map_err(io::Error::other)?;
    let auth = Auth::new(Arc::clone(&access), &nonces).ok_or_else(|| io::Error::other("the primitives of STUN are missing"))?;
    // Some machines let sockets be bound to any address; there it tells nothing.
    let binds_any = is_own(Ipv4Addr::new(192, 0, 2, 1).into());
    let policy = Policy::new(relayed, move |ip| !binds_any && is_own(ip));
    let server = Server::new(auth, policy, LIMITS, relayed);
    let (to_server, from_peers) = mpsc::channel(WAITING);
    let ports = OpenPorts { from, open: HashMap::new(), to_server };
    Ok(tokio::spawn(run(socket, server, ports, from_peers, access)))
}

async fn run(socket: UdpSocket, mut server: Server, mut ports: OpenPorts, mut from_peers: mpsc::Receiver<FromPeer>, access: Arc<Access>) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    let mut tick = tokio::time::interval(TICK);
    loop {
        let out = tokio::select! {
            received = socket.recv_from(&mut buffer) => match received {
                Ok((length, from)) => {
                    let from = SocketAddr::new(from.ip().to_canonical(), from.port());
                    let datagram = buffer.get(..length).unwrap_or_default();
                    server.datagram((Instant::now().into_std(), now_ms()), from, datagram, &mut ports)
                }
                Err(error) => {
                    tracing::debug!(%error, "TURN could not receive");
                    tokio::time::sleep(RETRY).await;
                    None
                }
            },
            Some((port, peer, content)) = from_peers.recv() => server.peer_sent(Instant::now().into_std(), port, peer, &content),
            () = access.left.notified() => {
                server.tick((Instant::now().into_std(), now_ms()), &mut ports);
                None
            }
            _ = tick.tick() => {
                server.tick((Instant::now().into_std(), now_ms()), &mut ports);
                None
            }
        };
        // A datagram that can't be sent is lost, as on any network.
        match out {
            Some(Out::Client(to, datagram)) => {
                let _ = socket.send_to(&datagram, as_heard_by(&socket, to)).await;
            }
            Some(Out::Peer(port, to, datagram)) => {
                if let Some((peers, _)) = ports.open.get(&port) {
                    let _ = peers.send_to(&datagram, to).await;
                }
            }
            None => {}
        }
    }
}

/// A socket for IPv6 reaches IPv4 by mapped addresses.
fn as_heard_by(socket: &UdpSocket, to: SocketAddr) -> SocketAddr {
    match (socket.local_addr(), to.ip()) {
        (Ok(SocketAddr::V6(_)), IpAddr::V4(ip)) => SocketAddr::new(ip.to_ipv6_mapped().into(), to.port()),
        _ => to,
    }
}

/// The ports of relayed addresses that are open.
struct OpenPorts {
    from: IpAddr,
    open: HashMap<u16, (Arc<UdpSocket>, JoinHandle<()>)>,
    to_server: mpsc::Sender<FromPeer>,
}

impl Ports for OpenPorts {
    fn open(&mut self, is_even: bool) -> Option<u16> {
        let any = || bind(SocketAddr::new(self.from, 0)).inspect_err(|error| tracing::warn!(%error, "no port for TURN")).ok();
        let port = |socket: &UdpSocket| socket.local_addr().ok().map(|addr| addr.port());
        let socket =
            (0..EVEN_TRIES).map_while(|_| any()).find(|socket| !is_even || port(socket).is_some_and(|port| port.is_multiple_of(2)))?;
        let port = port(&socket)?;
        let socket = Arc::new(socket);
        let listening = tokio::spawn(listen(Arc::clone(&socket), port, self.to_server.clone()));
        self.open.insert(port, (socket, listening));
        Some(port)
    }

    fn close(&mut self, port: u16) {
        if let Some((_, listening)) = self.open.remove(&port) {
            listening.abort();
        }
    }
}

impl Drop for OpenPorts {
    fn drop(&mut self) {
        self.open.values().for_each(|(_, listening)| listening.abort());
    }
}

/// Hands on what peers send to a port.
async fn listen(socket: Arc<UdpSocket>, port: u16, to_server: mpsc::Sender<FromPeer>) {
    let mut buffer = vec![0; MAX_FROM_PEER];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, peer)) => {
                let content = buffer.get(..length).unwrap_or_default().to_vec();
                let _ = to_server.try_send((port, peer, content));
            }
            // Told by the network that a peer can't be reached: others may.
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}
