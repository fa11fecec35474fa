//! The state machine of TURN, fed by hand.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rtc_stun::attributes::{
    ATTR_CHANNEL_NUMBER, ATTR_DATA, ATTR_DONT_FRAGMENT, ATTR_ERROR_CODE, ATTR_EVEN_PORT, ATTR_LIFETIME, ATTR_NONCE, ATTR_REALM,
    ATTR_REQUESTED_ADDRESS_FAMILY, ATTR_REQUESTED_TRANSPORT, ATTR_USERNAME, ATTR_XOR_PEER_ADDRESS, ATTR_XOR_RELAYED_ADDRESS, AttrType,
};
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{
    CLASS_INDICATION, CLASS_REQUEST, METHOD_ALLOCATE, METHOD_BINDING, METHOD_CHANNEL_BIND, METHOD_CREATE_PERMISSION, METHOD_REFRESH,
    METHOD_SEND, Message, MessageType, Method, Setter as _, TransactionId,
};
use rtc_stun::xoraddr::XorMappedAddress;

use super::access::Access;
use super::access::tests::{access, attendance};
use super::auth::Auth;
use super::message::{channel_data, read};
use super::policy::Policy;
use super::server::{Limits, Out, Ports, Server};

const RELAYED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);
const UDP: (AttrType, &[u8]) = (ATTR_REQUESTED_TRANSPORT, &[17, 0, 0, 0]);

#[derive(Default)]
struct Counted {
    next: u16,
    open: Vec<u16>,
}

impl Ports for Counted {
    fn open(&mut self, is_even: bool) -> Option<u16> {
        self.next += if is_even && self.next.is_multiple_of(2) { 2 } else { 1 };
        self.open.push(40_000 + self.next);
        self.open.last().copied()
    }
    fn close(&mut self, port: u16) {
        self.open.retain(|open| *open != port);
    }
}

/// A server, its clock, and who knocks at it.
struct Rig {
    server: Server,
    ports: Counted,
    access: Arc<Access>,
    start: Instant,
    now_ms: i64,
}

impl Rig {
    fn new() -> Self {
        let access = Arc::new(access());
        let auth = Auth::new(Arc::clone(&access), &[7; 32]).unwrap();
        let policy = Policy::new(RELAYED.into(), |_| false);
        let server = Server::new(auth, policy, Limits { total: 3, of_one: 2 }, RELAYED.into());
        Self { server, ports: Counted::default(), access, start: tokio::time::Instant::now().into_std(), now_ms: 0 }
    }

    fn at(&self) -> (Instant, i64) {
        (self.start + Duration::from_millis(self.now_ms.unsigned_abs()), self.now_ms)
    }

    fn pass(&mut self, seconds: i64) {
        self.now_ms += seconds * 1000;
        self.server.tick(self.at(), &mut self.ports);
    }

    fn hear(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Out> {
        self.server.datagram(self.at(), from, datagram, &mut self.ports)
    }

    /// A client at a port, with credentials of a device in call 1.
    fn client(&self, port: u16, device: u8) -> Client {
        self.access.enter(attendance(1, device), i64::MAX);
        let (username, password) = self.access.credentials(attendance(1, device), self.now_ms);
        Client { from: SocketAddr::new(Ipv4Addr::new(198, 51, 100, 1).into(), port), username, password, nonce: None }
    }
}

struct Client {
    from: SocketAddr,
    username: String,
    password: String,
    nonce: Option<Vec<u8>>,
}

fn request(method: Method, attributes: &[(AttrType, &[u8])], peers: &[SocketAddr]) -> Message {
    let mut message = Message::new();
    message.typ = MessageType::new(method, CLASS_REQUEST);
    message.transaction_id = TransactionId::new();
    message.write_header();
    attributes.iter().for_each(|(attribute, value)| message.add(*attribute, value));
    for peer in peers {
        XorMappedAddress { ip: peer.ip(), port: peer.port() }.add_to_as(&mut message, ATTR_XOR_PEER_ADDRESS).unwrap();
    }
    message
}

fn code(answer: &Message) -> Option<u16> {
    answer.get(ATTR_ERROR_CODE).ok().map(|value| u16::from(value[2]) * 100 + u16::from(value[3]))
}

fn peer(ip: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), port)
}

impl Client {
    fn signed(&self, mut message: Message) -> Message {
        message.add(ATTR_USERNAME, self.username.as_bytes());
        message.add(ATTR_REALM, b"bezel");
        message.add(ATTR_NONCE, self.nonce.as_ref().unwrap());
        let provider = rtc_stun::crypto::default_provider().unwrap();
        let said = (self.username.clone(), "bezel".to_owned(), self.password.clone());
        MessageIntegrity::new_long_term_integrity_with_provider(said.0, said.1, said.2, provider.crypto())
            .unwrap()
            .add_to(&mut message)
            .unwrap();
        message
    }

    /// Asks with credentials; `Err` is the code of the refusal.
    fn ask(&mut self, rig: &mut Rig, method: Method, attributes: &[(AttrType, &[u8])], peers: &[SocketAddr]) -> Result<Message, u16> {
        loop {
            let message = request(method, attributes, peers);
            let message = if self.nonce.is_some() { self.signed(message) } else { message };
            let Some(Out::Client(to, answer)) = rig.hear(self.from, &message.raw) else { panic!("no answer") };
            assert_eq!(to, self.from);
            let answer = read(&answer).unwrap();
            assert_eq!(answer.transaction_id, message.transaction_id);
            match code(&answer) {
                None => return Ok(answer),
                Some(401) if self.nonce.is_none() => self.nonce = Some(answer.get(ATTR_NONCE).unwrap()),
                Some(438) => self.nonce = Some(answer.get(ATTR_NONCE).unwrap()),
                Some(code) => return Err(code),
            }
        }
    }

    fn allocate(&mut self, rig: &mut Rig) -> Result<SocketAddr, u16> {
        let answer = self.ask(rig, METHOD_ALLOCATE, &[UDP], &[])?;
        let mut address = XorMappedAddress::default();
        address.get_from_as(&answer, ATTR_XOR_RELAYED_ADDRESS).unwrap();
        Ok(SocketAddr::new(address.ip, address.port))
    }

    fn permit(&mut self, rig: &mut Rig, peers: &[SocketAddr]) -> Result<(), u16> {
        self.ask(rig, METHOD_CREATE_PERMISSION, &[], peers).map(|_| ())
    }

    fn send(&self, rig: &mut Rig, to: SocketAddr, content: &[u8]) -> Option<Out> {
        let mut message = request(METHOD_SEND, &[(ATTR_DATA, content)], &[to]);
        message.set_type(MessageType::new(METHOD_SEND, CLASS_INDICATION));
        rig.hear(self.from, &message.raw)
    }
}

#[test]
fn a_binding_request_is_answered_with_where_it_came_from() {
    let mut rig = Rig::new();
    let from = peer("198.51.100.9", 1234);
    let Some(Out::Client(to, answer)) = rig.hear(from, &request(METHOD_BINDING, &[], &[]).raw) else { panic!("no answer") };
    let mut address = XorMappedAddress::default();
    address.get_from_as(&read(&answer).unwrap(), rtc_stun::attributes::ATTR_XORMAPPED_ADDRESS).unwrap();
    assert_eq!((to, SocketAddr::new(address.ip, address.port)), (from, from));
}

#[test]
fn without_or_with_wrong_credentials_nothing_is_allocated() {
    let mut rig = Rig::new();
    let mut wrong = rig.client(1, 1);
    wrong.password.push('x');
    assert_eq!(wrong.allocate(&mut rig), Err(401));
    let mut unknown = rig.client(1, 1);
    unknown.username = "99999999999:someone".into();
    assert_eq!(unknown.allocate(&mut rig), Err(401));
    let mut late = rig.client(1, 1);
    rig.now_ms += 13 * 60 * 60 * 1000;
    assert_eq!(late.allocate(&mut rig), Err(401), "the time of the credentials is over");
    assert_eq!((rig.server.allocations(), rig.ports.open.len()), (0, 0));
}

#[test]
fn a_nonce_is_of_one_address_and_of_one_hour() {
    let mut rig = Rig::new();
    let mut client = rig.client(1, 1);
    client.allocate(&mut rig).unwrap();
    let first = client.nonce.clone();
    rig.now_ms += 61 * 60 * 1000;
    client.permit(&mut rig, &[peer("198.51.100.7", 5000)]).unwrap_err();
    assert_ne!(client.nonce, first, "a stale one is replaced");
    let mut elsewhere = rig.client(2, 1);
    elsewhere.nonce.clone_from(&client.nonce);
    elsewhere.allocate(&mut rig).unwrap();
    assert_ne!(elsewhere.nonce, client.nonce);
}

#[test]
fn allocations_are_limited_for_one_and_for_all() {
    let mut rig = Rig::new();
    for port in [1, 2] {
        rig.client(port, 1).allocate(&mut rig).unwrap();
    }
    rig.now_ms += 60_000;
    assert_eq!(rig.client(3, 1).allocate(&mut rig), Err(486), "of one, whose new credentials are no new quota");
    rig.client(4, 2).allocate(&mut rig).unwrap();
    assert_eq!(rig.client(5, 3).allocate(&mut rig), Err(508), "of all");
    let mut again = rig.client(4, 2);
    assert_eq!(again.allocate(&mut rig), Err(437), "one for an address");
    again.ask(&mut rig, METHOD_REFRESH, &[(ATTR_LIFETIME, &[0; 4])], &[]).unwrap();
    rig.client(5, 3).allocate(&mut rig).unwrap();
}

#[test]
fn what_can_not_be_had_is_refused_by_its_code() {
    let mut rig = Rig::new();
    let mut client = rig.client(1, 1);
    assert_eq!(client.ask(&mut rig, METHOD_ALLOCATE, &[], &[]).unwrap_err(), 400);
    assert_eq!(client.ask(&mut rig, METHOD_ALLOCATE, &[(ATTR_REQUESTED_TRANSPORT, &[6, 0, 0, 0])], &[]).unwrap_err(), 442);
    assert_eq!(client.ask(&mut rig, METHOD_ALLOCATE, &[UDP, (ATTR_REQUESTED_ADDRESS_FAMILY, &[2, 0, 0, 0])], &[]).unwrap_err(), 440);
    assert_eq!(client.ask(&mut rig, METHOD_ALLOCATE, &[UDP, (ATTR_DONT_FRAGMENT, &[])], &[]).unwrap_err(), 420);
    assert_eq!(client.ask(&mut rig, METHOD_ALLOCATE, &[UDP, (ATTR_EVEN_PORT, &[0x80])], &[]).unwrap_err(), 508);
    assert_eq!(client.permit(&mut rig, &[peer("198.51.100.7", 5000)]), Err(437), "no allocation");
    client.allocate(&mut rig).unwrap();
    assert_eq!(client.permit(&mut rig, &[]), Err(400));
    assert_eq!(client.permit(&mut rig, &[peer("2001:db8::1", 5000)]), Err(443));
    for forbidden in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0"] {
        let peers = [peer("198.51.100.7", 5000), peer(forbidden, 5000)];
        assert_eq!(client.permit(&mut rig, &peers), Err(403), "{forbidden}");
        assert_eq!(client.ask(&mut rig, METHOD_CHANNEL_BIND, &[(ATTR_CHANNEL_NUMBER, &[0x40, 0, 0, 0])], &peers[1..]).unwrap_err(), 403);
    }
    let mut other = rig.client(1, 2);
    assert_eq!(other.permit(&mut rig, &[peer("198.51.100.7", 5000)]), Err(441), "another's allocation");
}

#[test]
fn data_goes_to_and_from_peers_that_are_permitted_and_to_no_other() {
    let mut rig = Rig::new();
    let mut client = rig.client(1, 1);
    let relayed = client.allocate(&mut rig).unwrap();
    let to = peer("198.51.100.7", 5000);
    assert_eq!(client.send(&mut rig, to, b"early"), None);
    client.permit(&mut rig, &[to]).unwrap();
    assert_eq!(client.send(&mut rig, to, b"out"), Some(Out::Peer(relayed.port(), to, b"out".to_vec())));
    assert_eq!(client.send(&mut rig, peer("198.51.100.7", 53), b"dns"), None, "ports of services are no peers");
    assert_eq!(client.send(&mut rig, peer("198.51.100.8", 5000), b"other"), None);
    let now = rig.at().0;
    let Some(Out::Client(_, indication)) = rig.server.peer_sent(now, relayed.port(), to, b"in") else { panic!("nothing came in") };
    assert_eq!(read(&indication).unwrap().get(ATTR_DATA).unwrap(), b"in");
    assert_eq!(rig.server.peer_sent(now, relayed.port(), peer("198.51.100.8", 5000), b"in"), None);
    rig.pass(301);
    assert_eq!(client.send(&mut rig, to, b"late"), None, "a permission lasts five minutes");
}

#[test]
fn channels_carry_data_with_four_bytes_around_it() {
    let mut rig = Rig::new();
    let mut client = rig.client(1, 1);
    let relayed = client.allocate(&mut rig).unwrap();
    let (to, number) = (peer("198.51.100.7", 5000), [0x40, 0x01, 0, 0]);
    client.ask(&mut rig, METHOD_CHANNEL_BIND, &[(ATTR_CHANNEL_NUMBER, &number)], &[to]).unwrap();
    client.ask(&mut rig, METHOD_CHANNEL_BIND, &[(ATTR_CHANNEL_NUMBER, &number)], &[to]).unwrap();
    let other = peer("198.51.100.8", 5000);
    assert_eq!(client.ask(&mut rig, METHOD_CHANNEL_BIND, &[(ATTR_CHANNEL_NUMBER, &number)], &[other]).unwrap_err(), 400);
    assert_eq!(client.ask(&mut rig, METHOD_CHANNEL_BIND, &[(ATTR_CHANNEL_NUMBER, &[0x40, 2, 0, 0])], &[to]).unwrap_err(), 400);
    let packed = channel_data(0x4001, b"frame").unwrap();
    assert_eq!(rig.hear(client.from, &packed), Some(Out::Peer(relayed.port(), to, b"frame".to_vec())));
    let now = rig.at().0;
    assert_eq!(rig.server.peer_sent(now, relayed.port(), to, b"frame"), Some(Out::Client(client.from, packed)));
}

#[test]
fn between_allocations_data_stays_inside_and_reaches_nothing_else_at_this_address() {
    let mut rig = Rig::new();
    let (mut first, mut second) = (rig.client(1, 1), rig.client(2, 2));
    let (at_first, at_second) = (first.allocate(&mut rig).unwrap(), second.allocate(&mut rig).unwrap());
    first.permit(&mut rig, &[at_second]).unwrap();
    assert_eq!(first.send(&mut rig, at_second, b"unwanted"), None, "both must want it");
    second.permit(&mut rig, &[at_first]).unwrap();
    let Some(Out::Client(to, indication)) = first.send(&mut rig, at_second, b"hello") else { panic!("it left this process") };
    let indication = read(&indication).unwrap();
    let mut from = XorMappedAddress::default();
    from.get_from_as(&indication, ATTR_XOR_PEER_ADDRESS).unwrap();
    assert_eq!((to, from.port, indication.get(ATTR_DATA).unwrap()), (second.from, at_first.port(), b"hello".to_vec()));
    assert_eq!(first.send(&mut rig, SocketAddr::new(RELAYED.into(), 7300), b"the relay itself"), None);
}

#[test]
fn an_allocation_ends_when_its_holder_leaves_or_its_time_is_over() {
    let mut rig = Rig::new();
    let (mut leaves, mut stays) = (rig.client(1, 1), rig.client(2, 2));
    leaves.allocate(&mut rig).unwrap();
    stays.allocate(&mut rig).unwrap();
    rig.access.leave(attendance(1, 1));
    rig.pass(1);
    assert_eq!((rig.server.allocations(), rig.ports.open.len()), (1, 1));
    assert_eq!(leaves.ask(&mut rig, METHOD_REFRESH, &[], &[]).unwrap_err(), 401);
    rig.pass(599);
    assert_eq!(rig.server.allocations(), 0, "not refreshed for ten minutes");
    stays.allocate(&mut rig).unwrap();
    rig.pass(500);
    stays.ask(&mut rig, METHOD_REFRESH, &[(ATTR_LIFETIME, &[0xff; 4])], &[]).unwrap();
    rig.pass(599);
    assert_eq!(rig.server.allocations(), 1, "refreshed");
    rig.pass(2);
    assert_eq!(rig.server.allocations(), 0, "nobody is given more than ten minutes");
}

/// Whoever sits between could else add peers to a request that is not theirs.
#[test]
fn attributes_that_the_sender_does_not_vouch_for_are_not_heard() {
    let mut rig = Rig::new();
    let mut client = rig.client(1, 1);
    client.allocate(&mut rig).unwrap();
    let (wanted, added) = (peer("198.51.100.7", 5000), peer("198.51.100.8", 5000));
    let mut message = client.signed(request(METHOD_CREATE_PERMISSION, &[], &[wanted]));
    XorMappedAddress { ip: added.ip(), port: added.port() }.add_to_as(&mut message, ATTR_XOR_PEER_ADDRESS).unwrap();
    rig.hear(client.from, &message.raw).unwrap();
    assert!(client.send(&mut rig, wanted, b"data").is_some());
    assert_eq!(client.send(&mut rig, added, b"data"), None);
}

proptest! {
    #[test]
    fn any_datagram_is_answered_or_dropped(
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        which in 0..4_usize,
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut rig = Rig::new();
        let mut client = rig.client(1, 1);
        client.allocate(&mut rig).unwrap();
        let to = peer("198.51.100.7", 5000);
        client.ask(&mut rig, METHOD_CHANNEL_BIND, &[(ATTR_CHANNEL_NUMBER, &[0x40, 1, 0, 0])], &[to]).unwrap();
        let real = [
            client.signed(request(METHOD_CREATE_PERMISSION, &[], &[to, to])).raw,
            client.signed(request(METHOD_ALLOCATE, &[UDP], &[])).raw,
            request(METHOD_BINDING, &[(ATTR_USERNAME, b"someone")], &[]).raw,
            channel_data(0x4001, b"frame").unwrap(),
        ];
        let mut bytes = real[which].clone();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = rig.hear(client.from, &bytes);
        let _ = rig.hear(client.from, &bytes[..cut.index(bytes.len())]);
        let _ = rig.hear(client.from, &noise);
        let mut cookie = [&noise[..], &[0; 20]].concat();
        cookie[0] &= 0x3f;
        cookie[4..8].copy_from_slice(&0x2112_a442_u32.to_be_bytes());
        let _ = rig.hear(client.from, &cookie);
        rig.pass(1);
        prop_assert_eq!(rig.server.allocations(), 1);
    }
}
