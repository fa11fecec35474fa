//! STUN and TURN as a state machine (RFC 8489, RFC 8656), by UDP: fed with datagrams and time, it says what to send. What passes between
//! two allocations never leaves this process.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rtc_stun::attributes::{
    ATTR_CHANNEL_NUMBER, ATTR_DATA, ATTR_EVEN_PORT, ATTR_LIFETIME, ATTR_REQUESTED_ADDRESS_FAMILY, ATTR_REQUESTED_TRANSPORT,
    ATTR_XOR_RELAYED_ADDRESS, ATTR_XORMAPPED_ADDRESS,
};
use rtc_stun::error_code::{
    CODE_ADDR_FAMILY_NOT_SUPPORTED, CODE_ALLOC_MISMATCH, CODE_ALLOC_QUOTA_REACHED, CODE_BAD_REQUEST, CODE_FORBIDDEN,
    CODE_INSUFFICIENT_CAPACITY, CODE_PEER_ADDR_FAMILY_MISMATCH, CODE_UNSUPPORTED_TRANS_PROTO, CODE_WRONG_CREDENTIALS, ErrorCode,
};
use rtc_stun::message::{
    CLASS_INDICATION, CLASS_REQUEST, METHOD_ALLOCATE, METHOD_BINDING, METHOD_CHANNEL_BIND, METHOD_CREATE_PERMISSION, METHOD_REFRESH,
    METHOD_SEND, Message,
};

use super::allocation::{Allocation, ChannelFault, LIFETIME, TooMany};
use super::auth::{Auth, Speaker, holder};
use super::message::{Answer, CHANNELS, channel_data, data_indication, number, peers, read, read_channel_data, unknown};
use super::policy::{FIRST_PEER_PORT, Policy};

/// Whatever opens and closes the ports of relayed addresses.
pub(super) trait Ports {
    /// Opens a port, of an even number where that is wanted. `None` when there is none left.
    fn open(&mut self, is_even: bool) -> Option<u16>;
    /// Closes it.
    fn close(&mut self, port: u16);
}

/// How much there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Allocations of all.
    pub(super) total: usize,
    /// Allocations of one holder of credentials.
    pub(super) of_one: usize,
}

/// What is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Out {
    /// To a client.
    Client(SocketAddr, Vec<u8>),
    /// To a peer, from the port of a relayed address.
    Peer(u16, SocketAddr, Vec<u8>),
}

pub(super) struct Server {
    auth: Auth,
    policy: Policy,
    limits: Limits,
    /// The address that allocations are at, as peers see it.
    relayed: IpAddr,
    /// By the client's address: all is UDP, to one address of ours.
    allocations: HashMap<SocketAddr, Allocation>,
    /// The client of each relayed port.
    clients: HashMap<u16, SocketAddr>,
}

const UDP: u8 = 17;

impl Server {
    pub(super) fn new(auth: Auth, policy: Policy, limits: Limits, relayed: IpAddr) -> Self {
        Self { auth, policy, limits, relayed, allocations: HashMap::new(), clients: HashMap::new() }
    }

    /// A datagram of a client, or of whomever.
    pub(super) fn datagram(&mut self, at: (Instant, i64), from: SocketAddr, datagram: &[u8], ports: &mut impl Ports) -> Option<Out> {
        // ChannelData and STUN differ in their first two bits (RFC 8656 §12).
        if datagram.first().is_some_and(|first| first >> 6 == 1) {
            let (channel, content) = read_channel_data(datagram)?;
            let peer = self.allocations.get(&from)?.peer_of(channel, at.0)?;
            return self.send(at.0, from, peer, content);
        }
        let mut message = read(datagram)?;
        match message.typ.class {
            CLASS_REQUEST => self.request(at, from, &mut message, ports).map(|answer| Out::Client(from, answer)),
            CLASS_INDICATION if message.typ.method == METHOD_SEND && unknown(&message).is_empty() => {
                let [peer] = *peers(&message)? else { return None };
                self.send(at.0, from, peer, &message.get(ATTR_DATA).ok()?)
            }
            _ => None,
        }
    }

    /// A datagram that came to a relayed port.
    pub(super) fn peer_sent(&mut self, now: Instant, port: u16, peer: SocketAddr, content: &[u8]) -> Option<Out> {
        let client = *self.clients.get(&port)?;
        let allocation = self.allocations.get(&client).filter(|allocation| allocation.ends > now && allocation.permits(peer.ip(), now))?;
        let packed = match allocation.channel_of(peer, now) {
            Some(channel) => channel_data(channel, content)?,
            None => data_indication(peer, content),
        };
        Some(Out::Client(client, packed))
    }

    /// Ends what is over: allocations past their time, and those whose holders have left.
    pub(super) fn tick(&mut self, (now, now_ms): (Instant, i64), ports: &mut impl Ports) {
        self.auth.access().sweep(now_ms);
        let (auth, clients) = (&self.auth, &mut self.clients);
        self.allocations.retain(|_, allocation| {
            let stays = allocation.ends > now && auth.still_holds(&allocation.speaker.username, now_ms);
            if !stays {
                clients.remove(&allocation.port);
                ports.close(allocation.port);
            }
            stays
        });
    }

    /// How many allocations there are.
    #[cfg(test)]
    pub(super) fn allocations(&self) -> usize {
        self.allocations.len()
    }

    fn send(&mut self, now: Instant, client: SocketAddr, peer: SocketAddr, content: &[u8]) -> Option<Out> {
        let allocation = self.allocations.get(&client).filter(|allocation| allocation.ends > now && allocation.permits(peer.ip(), now))?;
        let port = allocation.port;
        if peer.ip() == self.relayed {
            // From one allocation to another, and to nothing else that listens at this address.
            return self.peer_sent(now, peer.port(), SocketAddr::new(self.relayed, port), content);
        }
        (peer.port() >= FIRST_PEER_PORT).then(|| Out::Peer(port, peer, content.to_vec()))
    }

    fn request(&mut self, at: (Instant, i64), from: SocketAddr, request: &mut Message, ports: &mut impl Ports) -> Option<Vec<u8>> {
        if request.typ.method == METHOD_BINDING {
            let unknown = unknown(request);
            if !unknown.is_empty() {
                return Answer::unknown_attributes(request, &unknown).finish(None);
            }
            return Answer::success(request).address(ATTR_XORMAPPED_ADDRESS, from).finish(None);
        }
        let act = match request.typ.method {
            METHOD_ALLOCATE => Self::allocate,
            METHOD_REFRESH => Self::refresh,
            METHOD_CREATE_PERMISSION => Self::create_permission,
            METHOD_CHANNEL_BIND => Self::bind_channel,
            _ => return Answer::error(request, CODE_BAD_REQUEST).finish(None),
        };
        let speaker = match self.auth.speaker(request, from, at.1) {
            Ok(speaker) => speaker,
            Err(answer) => return answer,
        };
        let key = speaker.key.clone();
        let unknown = unknown(request);
        let answer = if unknown.is_empty() {
            act(self, at.0, from, request, speaker, ports).unwrap_or_else(|code| Answer::error(request, code))
        } else {
            Answer::unknown_attributes(request, &unknown)
        };
        answer.finish(Some((&key, self.auth.crypto())))
    }

    /// RFC 8656 §7.2.
    fn allocate(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &Message,
        speaker: Speaker,
        ports: &mut dyn Ports,
    ) -> Result<Answer, ErrorCode> {
        if let Some(allocation) = self.allocations.get(&from).filter(|allocation| allocation.ends > now) {
            let is_same = allocation.transaction == request.transaction_id;
            return if is_same { Ok(self.allocated(request, from, allocation)) } else { Err(CODE_ALLOC_MISMATCH) };
        }
        let transport = request.get(ATTR_REQUESTED_TRANSPORT).map_err(|_| CODE_BAD_REQUEST)?;
        if transport.first() != Some(&UDP) {
            return Err(CODE_UNSUPPORTED_TRANS_PROTO);
        }
        if let Ok(family) = request.get(ATTR_REQUESTED_ADDRESS_FAMILY)
            && family.first() != Some(if self.relayed.is_ipv4() { &1 } else { &2 })
        {
            return Err(CODE_ADDR_FAMILY_NOT_SUPPORTED);
        }
        // RFC 8656 §18.7: an even port is had, a second one beside it is not.
        let even_port = request.get(ATTR_EVEN_PORT).ok();
        if even_port.as_ref().is_some_and(|value| value.first() != Some(&0)) {
            return Err(CODE_INSUFFICIENT_CAPACITY);
        }
        // New credentials are given out again and again: they are no new quota.
        let is_own = |allocation: &&Allocation| holder(&allocation.speaker.username) == holder(&speaker.username);
        let own = self.allocations.values().filter(is_own).count();
        if own >= self.limits.of_one {
            return Err(CODE_ALLOC_QUOTA_REACHED);
        }
        if self.allocations.len() >= self.limits.total {
            return Err(CODE_INSUFFICIENT_CAPACITY);
        }
        self.end(from, ports);
        let port = ports.open(even_port.is_some()).ok_or(CODE_INSUFFICIENT_CAPACITY)?;
        let allocation = Allocation::new(speaker, port, request.transaction_id, now);
        let answer = self.allocated(request, from, &allocation);
        self.clients.insert(port, from);
        self.allocations.insert(from, allocation);
        Ok(answer)
    }

    fn allocated(&self, request: &Message, from: SocketAddr, allocation: &Allocation) -> Answer {
        Answer::success(request)
            .address(ATTR_XOR_RELAYED_ADDRESS, SocketAddr::new(self.relayed, allocation.port))
            .bytes(ATTR_LIFETIME, &seconds(LIFETIME))
            .address(ATTR_XORMAPPED_ADDRESS, from)
    }

    /// RFC 8656 §8.2.
    fn refresh(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &Message,
        speaker: Speaker,
        ports: &mut dyn Ports,
    ) -> Result<Answer, ErrorCode> {
        let allocation = self.own(now, from, &speaker)?;
        let lifetime = if number(request, ATTR_LIFETIME) == Some(0) { Duration::ZERO } else { LIFETIME };
        allocation.ends = now + lifetime;
        if lifetime.is_zero() {
            self.end(from, ports);
        }
        Ok(Answer::success(request).bytes(ATTR_LIFETIME, &seconds(lifetime)))
    }

    /// RFC 8656 §10.2.
    fn create_permission(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &Message,
        speaker: Speaker,
        _: &mut dyn Ports,
    ) -> Result<Answer, ErrorCode> {
        let peers = peers(request).filter(|peers| !peers.is_empty()).ok_or(CODE_BAD_REQUEST)?;
        self.check(&peers)?;
        self.own(now, from, &speaker)?.permit(&peers, now).map_err(|TooMany| CODE_INSUFFICIENT_CAPACITY)?;
        Ok(Answer::success(request))
    }

    /// RFC 8656 §12.2.
    fn bind_channel(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &Message,
        speaker: Speaker,
        _: &mut dyn Ports,
    ) -> Result<Answer, ErrorCode> {
        let channel = number(request, ATTR_CHANNEL_NUMBER).and_then(|number| u16::try_from(number >> 16).ok());
        let channel = channel.filter(|channel| CHANNELS.contains(channel)).ok_or(CODE_BAD_REQUEST)?;
        let [peer] = *peers(request).unwrap_or_default() else { return Err(CODE_BAD_REQUEST) };
        self.check(&[peer])?;
        self.own(now, from, &speaker)?.bind(channel, peer, now).map_err(|fault| match fault {
            ChannelFault::Taken => CODE_BAD_REQUEST,
            ChannelFault::TooMany => CODE_INSUFFICIENT_CAPACITY,
        })?;
        Ok(Answer::success(request))
    }

    fn check(&self, peers: &[SocketAddr]) -> Result<(), ErrorCode> {
        if peers.iter().any(|peer| peer.is_ipv4() != self.relayed.is_ipv4()) {
            return Err(CODE_PEER_ADDR_FAMILY_MISMATCH);
        }
        if peers.iter().all(|peer| self.policy.allows(peer.ip())) { Ok(()) } else { Err(CODE_FORBIDDEN) }
    }

    /// The allocation of a client, if the speaker made it.
    fn own(&mut self, now: Instant, from: SocketAddr, speaker: &Speaker) -> Result<&mut Allocation, ErrorCode> {
        let allocation = self.allocations.get_mut(&from).filter(|allocation| allocation.ends > now).ok_or(CODE_ALLOC_MISMATCH)?;
        if allocation.speaker.username == speaker.username { Ok(allocation) } else { Err(CODE_WRONG_CREDENTIALS) }
    }

    fn end(&mut self, client: SocketAddr, ports: &mut dyn Ports) {
        if let Some(allocation) = self.allocations.remove(&client) {
            self.clients.remove(&allocation.port);
            ports.close(allocation.port);
        }
    }
}

fn seconds(duration: Duration) -> [u8; 4] {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX).to_be_bytes()
}
