//! An allocation (RFC 8656 §3.2): a relayed address, and the peers that its client may speak with.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rtc_stun::message::TransactionId;

use super::auth::Speaker;

/// An allocation lasts so long after each refresh.
pub(super) const LIFETIME: Duration = Duration::from_secs(600);
/// A permission (RFC 8656 §9).
const PERMISSION_LASTS: Duration = Duration::from_secs(300);
/// A channel (RFC 8656 §12).
const CHANNEL_LASTS: Duration = Duration::from_secs(600);
/// So many permissions and so many channels has one allocation.
const MAX_PEERS: usize = 64;

pub(super) struct Allocation {
    pub(super) speaker: Speaker,
    /// The port of the relayed address.
    pub(super) port: u16,
    pub(super) ends: Instant,
    /// The request that made it, which may come twice.
    pub(super) transaction: TransactionId,
    permissions: HashMap<IpAddr, Instant>,
    channels: HashMap<u16, (SocketAddr, Instant)>,
}

/// There are too many permissions or channels.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// Why a channel is not bound.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ChannelFault {
    /// The channel is another peer's, or the peer has another channel.
    Taken,
    TooMany,
}

impl Allocation {
    pub(super) fn new(speaker: Speaker, port: u16, transaction: TransactionId, now: Instant) -> Self {
        Self { speaker, port, ends: now + LIFETIME, transaction, permissions: HashMap::new(), channels: HashMap::new() }
    }

    pub(super) fn permit(&mut self, peers: &[SocketAddr], now: Instant) -> Result<(), TooMany> {
        self.permissions.retain(|_, ends| *ends > now);
        let new = peers.iter().filter(|peer| !self.permissions.contains_key(&peer.ip())).count();
        if self.permissions.len() + new > MAX_PEERS {
            return Err(TooMany);
        }
        self.permissions.extend(peers.iter().map(|peer| (peer.ip(), now + PERMISSION_LASTS)));
        Ok(())
    }

    pub(super) fn permits(&self, peer: IpAddr, now: Instant) -> bool {
        self.permissions.get(&peer).is_some_and(|ends| *ends > now)
    }

    pub(super) fn bind(&mut self, channel: u16, peer: SocketAddr, now: Instant) -> Result<(), ChannelFault> {
        self.channels.retain(|_, (_, ends)| *ends > now);
        let is_taken = self.channels.iter().any(|(number, (of, _))| (*number == channel) != (*of == peer));
        if is_taken {
            return Err(ChannelFault::Taken);
        }
        if self.channels.len() >= MAX_PEERS && !self.channels.contains_key(&channel) {
            return Err(ChannelFault::TooMany);
        }
        self.permit(&[peer], now).map_err(|TooMany| ChannelFault::TooMany)?;
        self.channels.insert(channel, (peer, now + CHANNEL_LASTS));
        Ok(())
    }

    pub(super) fn peer_of(&self, channel: u16, now: Instant) -> Option<SocketAddr> {
        self.channels.get(&channel).filter(|(_, ends)| *ends > now).map(|(peer, _)| *peer)
    }

    pub(super) fn channel_of(&self, peer: SocketAddr, now: Instant) -> Option<u16> {
        self.channels.iter().find(|(_, (of, ends))| *of == peer && *ends > now).map(|(channel, _)| *channel)
    }
}
