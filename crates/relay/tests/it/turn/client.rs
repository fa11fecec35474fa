//! A client of TURN, small enough to misbehave.

use std::net::SocketAddr;
use std::time::Duration;

use bezel_protocol::wire::IceServer;
use rtc_stun::attributes::{
    ATTR_DATA, ATTR_ERROR_CODE, ATTR_NONCE, ATTR_REALM, ATTR_REQUESTED_TRANSPORT, ATTR_USERNAME, ATTR_XOR_PEER_ADDRESS,
    ATTR_XOR_RELAYED_ADDRESS, AttrType,
};
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{
    CLASS_INDICATION, CLASS_REQUEST, METHOD_ALLOCATE, METHOD_CREATE_PERMISSION, METHOD_REFRESH, METHOD_SEND, Message, MessageType, Method,
    Setter as _, TransactionId,
};
use rtc_stun::xoraddr::XorMappedAddress;
use tokio::net::UdpSocket;

/// How often a request is sent before it counts as unanswered.
const TRIES: usize = 20;

pub(super) struct TurnClient {
    socket: UdpSocket,
    pub(super) username: String,
    pub(super) password: String,
    nonce: Option<Vec<u8>>,
}

impl TurnClient {
    /// By the TURN server among `servers`.
    pub(super) async fn new(servers: &[IceServer]) -> Self {
        let server = servers.iter().find(|server| server.urls[0].starts_with("turn:")).expect("a TURN server");
        let addr = server.urls[0].strip_prefix("turn:").unwrap().strip_suffix("?transport=udp").unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(addr).await.unwrap();
        Self { socket, username: server.username.clone().unwrap(), password: server.credential.clone().unwrap(), nonce: None }
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.socket.peer_addr().unwrap()
    }

    fn request(&self, method: Method, attributes: &[(AttrType, &[u8])], peer: Option<SocketAddr>) -> Message {
        let mut message = Message::new();
        message.typ = MessageType::new(method, if method == METHOD_SEND { CLASS_INDICATION } else { CLASS_REQUEST });
        message.transaction_id = TransactionId::new();
        message.write_header();
        attributes.iter().for_each(|(attribute, value)| message.add(*attribute, value));
        if let Some(peer) = peer {
            XorMappedAddress { ip: peer.ip(), port: peer.port() }.add_to_as(&mut message, ATTR_XOR_PEER_ADDRESS).unwrap();
        }
        if let Some(nonce) = self.nonce.as_ref().filter(|_| method != METHOD_SEND) {
            message.add(ATTR_USERNAME, self.username.as_bytes());
            message.add(ATTR_REALM, b"bezel");
            message.add(ATTR_NONCE, nonce);
            let provider = rtc_stun::crypto::default_provider().unwrap();
            let (username, password) = (self.username.clone(), self.password.clone());
            MessageIntegrity::new_long_term_integrity_with_provider(username, "bezel".into(), password, provider.crypto())
                .unwrap()
                .add_to(&mut message)
                .unwrap();
        }
        message
    }

    async fn answer(&self, message: &Message) -> Message {
        for _ in 0..TRIES {
            self.socket.send(&message.raw).await.unwrap();
            let mut buffer = [0; 2048];
            while let Ok(Ok(length)) = tokio::time::timeout(Duration::from_secs(1), self.socket.recv(&mut buffer)).await {
                let mut answer = Message::new();
                if answer.unmarshal_binary(&buffer[..length]).is_ok() && answer.transaction_id == message.transaction_id {
                    return answer;
                }
            }
        }
        panic!("the TURN server does not answer");
    }

    /// Asks; `Err` is the code of the refusal.
    pub(super) async fn ask(&mut self, method: Method, attributes: &[(AttrType, &[u8])], peer: Option<SocketAddr>) -> Result<Message, u16> {
        loop {
            let answer = self.answer(&self.request(method, attributes, peer)).await;
            let code = answer.get(ATTR_ERROR_CODE).ok().map(|value| u16::from(value[2]) * 100 + u16::from(value[3]));
            match code {
                None => return Ok(answer),
                Some(401) if self.nonce.is_none() => self.nonce = Some(answer.get(ATTR_NONCE).unwrap()),
                Some(438) => self.nonce = Some(answer.get(ATTR_NONCE).unwrap()),
                Some(code) => return Err(code),
            }
        }
    }

    pub(super) async fn allocate(&mut self) -> Result<SocketAddr, u16> {
        let answer = self.ask(METHOD_ALLOCATE, &[(ATTR_REQUESTED_TRANSPORT, &[17, 0, 0, 0])], None).await?;
        let mut address = XorMappedAddress::default();
        address.get_from_as(&answer, ATTR_XOR_RELAYED_ADDRESS).unwrap();
        Ok(SocketAddr::new(address.ip, address.port))
    }

    pub(super) async fn refresh(&mut self) -> Result<(), u16> {
        self.ask(METHOD_REFRESH, &[], None).await.map(|_| ())
    }

    pub(super) async fn permit(&mut self, peer: SocketAddr) -> Result<(), u16> {
        self.ask(METHOD_CREATE_PERMISSION, &[], Some(peer)).await.map(|_| ())
    }

    pub(super) async fn send(&self, peer: SocketAddr, content: &[u8]) {
        self.socket.send(&self.request(METHOD_SEND, &[(ATTR_DATA, content)], Some(peer)).raw).await.unwrap();
    }

    /// The next content that comes through, and from whom.
    pub(super) async fn receive(&self) -> (SocketAddr, Vec<u8>) {
        let mut buffer = [0; 2048];
        loop {
            let received = tokio::time::timeout(Duration::from_secs(60), self.socket.recv(&mut buffer)).await;
            let length = received.expect("something comes through").unwrap();
            let mut message = Message::new();
            message.unmarshal_binary(&buffer[..length]).unwrap();
            let mut from = XorMappedAddress::default();
            if from.get_from_as(&message, ATTR_XOR_PEER_ADDRESS).is_ok() {
                return (SocketAddr::new(from.ip, from.port), message.get(ATTR_DATA).unwrap());
            }
        }
    }
}
