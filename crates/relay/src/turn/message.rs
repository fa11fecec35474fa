//! STUN messages (RFC 8489 §5) as this server reads and writes them.

use std::net::{IpAddr, SocketAddr};

use rtc_stun::attributes::{
    ATTR_CHANNEL_NUMBER, ATTR_DATA, ATTR_EVEN_PORT, ATTR_FINGERPRINT, ATTR_LIFETIME, ATTR_MESSAGE_INTEGRITY, ATTR_NONCE, ATTR_REALM,
    ATTR_REQUESTED_ADDRESS_FAMILY, ATTR_REQUESTED_TRANSPORT, ATTR_UNKNOWN_ATTRIBUTES, ATTR_USERNAME, ATTR_XOR_PEER_ADDRESS,
    ATTR_XORMAPPED_ADDRESS, AttrType,
};
use rtc_stun::crypto::RTCCrypto;
use rtc_stun::error_code::{CODE_UNKNOWN_ATTRIBUTE, ErrorCode};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{
    CLASS_ERROR_RESPONSE, CLASS_INDICATION, CLASS_SUCCESS_RESPONSE, METHOD_DATA, Message, MessageClass, MessageType, Setter as _,
};
use rtc_stun::xoraddr::XorMappedAddress;

/// Attributes that a client may ask us to comprehend (RFC 8489 §14).
const KNOWN: [AttrType; 12] = [
    ATTR_USERNAME,
    ATTR_MESSAGE_INTEGRITY,
    ATTR_REALM,
    ATTR_NONCE,
    ATTR_CHANNEL_NUMBER,
    ATTR_LIFETIME,
    ATTR_XOR_PEER_ADDRESS,
    ATTR_DATA,
    ATTR_EVEN_PORT,
    ATTR_REQUESTED_TRANSPORT,
    ATTR_REQUESTED_ADDRESS_FAMILY,
    ATTR_XORMAPPED_ADDRESS,
];

/// Reads a message. `None` when it is none, or damaged.
pub(super) fn read(datagram: &[u8]) -> Option<Message> {
    let mut message = Message::new();
    message.unmarshal_binary(datagram).ok()?;
    if message.contains(ATTR_FINGERPRINT) && FINGERPRINT.check(&message).is_err() {
        return None;
    }
    Some(message)
}

/// Forgets attributes after MESSAGE-INTEGRITY, which it does not cover (RFC 8489 §14.5).
pub(super) fn forget_uncovered(message: &mut Message) {
    let covered = message.attributes.0.iter().take_while(|attribute| attribute.typ != ATTR_MESSAGE_INTEGRITY).count();
    message.attributes.0.truncate(covered);
}

/// Attributes that must be comprehended and are not.
pub(super) fn unknown(message: &Message) -> Vec<AttrType> {
    let types = message.attributes.0.iter().map(|attribute| attribute.typ);
    types.filter(|attribute| attribute.required() && !KNOWN.contains(attribute)).collect()
}

pub(super) fn text(message: &Message, attribute: AttrType) -> Option<String> {
    String::from_utf8(message.get(attribute).ok()?).ok()
}

/// Every XOR-PEER-ADDRESS; `None` when one can't be read.
pub(super) fn peers(message: &Message) -> Option<Vec<SocketAddr>> {
    let of_peers = message.attributes.0.iter().filter(|attribute| attribute.typ == ATTR_XOR_PEER_ADDRESS);
    of_peers
        .map(|attribute| {
            let mut alone = Message { transaction_id: message.transaction_id, ..Message::default() };
            alone.attributes.0.push(attribute.clone());
            let mut address = XorMappedAddress::default();
            address.get_from_as(&alone, ATTR_XOR_PEER_ADDRESS).ok()?;
            Some(SocketAddr::new(address.ip, address.port))
        })
        .collect()
}

/// A number of four bytes (LIFETIME, RFC 8656 §18.2), or the first two of them (CHANNEL-NUMBER, §18.1).
pub(super) fn number(message: &Message, attribute: AttrType) -> Option<u32> {
    message.get(attribute).ok()?.try_into().ok().map(u32::from_be_bytes)
}

/// An answer that is being written.
pub(super) struct Answer(Message);

impl Answer {
    fn new(request: &Message, class: MessageClass) -> Self {
        let mut message = Message::new();
        message.typ = MessageType::new(request.typ.method, class);
        message.transaction_id = request.transaction_id;
        message.write_header();
        Self(message)
    }

    pub(super) fn success(request: &Message) -> Self {
        Self::new(request, CLASS_SUCCESS_RESPONSE)
    }

    pub(super) fn error(request: &Message, code: ErrorCode) -> Self {
        let answer = Self::new(request, CLASS_ERROR_RESPONSE);
        let (class, number) = (u8::try_from(code.0 / 100).unwrap_or(5), u8::try_from(code.0 % 100).unwrap_or(0));
        answer.bytes(rtc_stun::attributes::ATTR_ERROR_CODE, &[0, 0, class, number])
    }

    /// Which attributes are not comprehended (RFC 8489 §6.3.1).
    pub(super) fn unknown_attributes(request: &Message, unknown: &[AttrType]) -> Self {
        let types: Vec<u8> = unknown.iter().take(16).flat_map(|attribute| attribute.value().to_be_bytes()).collect();
        Self::error(request, CODE_UNKNOWN_ATTRIBUTE).bytes(ATTR_UNKNOWN_ATTRIBUTES, &types)
    }

    pub(super) fn bytes(mut self, attribute: AttrType, value: &[u8]) -> Self {
        self.0.add(attribute, value);
        self
    }

    pub(super) fn address(mut self, attribute: AttrType, address: SocketAddr) -> Self {
        add_address(&mut self.0, attribute, address);
        self
    }

    /// With MESSAGE-INTEGRITY, where a key is given, and FINGERPRINT.
    pub(super) fn finish(mut self, key: Option<(&[u8], &dyn RTCCrypto)>) -> Option<Vec<u8>> {
        if let Some((key, crypto)) = key {
            MessageIntegrity::new_raw_integrity_with_provider(key, crypto).add_to(&mut self.0).ok()?;
        }
        FINGERPRINT.add_to(&mut self.0).ok()?;
        Some(self.0.raw)
    }
}

/// A Data indication (RFC 8656 §11.4).
pub(super) fn data_indication(peer: SocketAddr, data: &[u8]) -> Vec<u8> {
    let mut message = Message::new();
    message.typ = MessageType::new(METHOD_DATA, CLASS_INDICATION);
    let _ = message.new_transaction_id();
    message.write_header();
    add_address(&mut message, ATTR_XOR_PEER_ADDRESS, peer);
    message.add(ATTR_DATA, data);
    message.raw
}

fn add_address(message: &mut Message, attribute: AttrType, address: SocketAddr) {
    let (ip, port): (IpAddr, u16) = (address.ip(), address.port());
    let _ = XorMappedAddress { ip, port }.add_to_as(message, attribute);
}

/// ChannelData (RFC 8656 §12.4): channel and content. `None` when it is none, or cut off.
pub(super) fn read_channel_data(datagram: &[u8]) -> Option<(u16, &[u8])> {
    let (header, rest) = datagram.split_first_chunk::<4>()?;
    let [a, b, c, d] = *header;
    let channel = u16::from_be_bytes([a, b]);
    let content = rest.get(..usize::from(u16::from_be_bytes([c, d])))?;
    CHANNELS.contains(&channel).then_some((channel, content))
}

/// ChannelData; by UDP it needs no padding.
pub(super) fn channel_data(channel: u16, content: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(content.len()).ok()?;
    Some([channel.to_be_bytes().as_slice(), &length.to_be_bytes(), content].concat())
}

/// Numbers of channels (RFC 8656 §12); clients of RFC 5766 §11 choose from these as well.
pub(super) const CHANNELS: core::ops::RangeInclusive<u16> = 0x4000..=0x7fff;
