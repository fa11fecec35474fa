//! What an envelope binds together, and how it is written.

use coset::cbor::value::{Integer, Value};
use serde::{Deserialize, Serialize};

use crate::log::Place;
use crate::{Algorithm, ConversationId, DeviceId, Hash, MessageId, cbor};

/// The newest roster statement that someone knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterHead {
    /// Its number; the genesis is 0.
    pub sequence: u64,
    /// SHA-256 of its signed bytes.
    pub hash: Hash,
}

/// The protected header: readable by the relay, changed by no one. It binds the ciphertext to its place, so that a dropped, reordered,
/// replayed or moved message is noticed and named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvelopeHeader {
    /// The algorithm of the content.
    pub algorithm: Algorithm,
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch whose key encrypts the content.
    pub epoch: u64,
    /// The device that signs.
    pub device: DeviceId,
    /// The message. Within a conversation, (device, message) is its identity.
    pub message: MessageId,
    /// How many messages this device sent in this conversation before.
    pub counter: u64,
    /// When it was sent, milliseconds since the epoch, by the sender's clock.
    pub sent_at_ms: i64,
    /// SHA-256 of the envelope of this device's message before, in this conversation; zero for the first.
    pub previous: Hash,
    /// The newest place of the conversation's log whose hash the sender has computed, having judged every commit up to it.
    pub seen: Place,
    /// The roster as the sender knows it.
    pub roster: RosterHead,
    /// SHA-256 of the epoch authenticator (RFC 9420 §8.7): the sender's view of the group.
    pub epoch_authenticator: Hash,
}

impl EnvelopeHeader {
    /// The counter of what has no place in the chain of its device: signals of calls.
    pub const UNCHAINED: u64 = i64::MAX as u64;
}

/// Keys of the map in which a header travels. The algorithm stands in the COSE header beside it.
mod key {
    pub(super) const CONVERSATION: i64 = 1;
    pub(super) const EPOCH: i64 = 2;
    pub(super) const DEVICE: i64 = 3;
    pub(super) const MESSAGE: i64 = 4;
    pub(super) const COUNTER: i64 = 5;
    pub(super) const SENT_AT_MS: i64 = 6;
    pub(super) const PREVIOUS: i64 = 7;
    pub(super) const SEEN: i64 = 8;
    pub(super) const ROSTER: i64 = 9;
    pub(super) const AUTHENTICATOR: i64 = 10;
}

/// How many entries the map has.
const ENTRIES: usize = 10;

impl EnvelopeHeader {
    /// The header as a CBOR map with integer keys, in the order of the keys.
    pub(super) fn encode(&self) -> Vec<u8> {
        let head = |sequence: u64, hash: Hash| Value::Array(vec![sequence.into(), bytes(hash.as_bytes())]);
        let entries = [
            (key::CONVERSATION, bytes(self.conversation.as_bytes())),
            (key::EPOCH, self.epoch.into()),
            (key::DEVICE, bytes(self.device.as_bytes())),
            (key::MESSAGE, bytes(self.message.as_bytes())),
            (key::COUNTER, self.counter.into()),
            (key::SENT_AT_MS, self.sent_at_ms.into()),
            (key::PREVIOUS, bytes(self.previous.as_bytes())),
            (key::SEEN, head(self.seen.sequence, self.seen.hash)),
            (key::ROSTER, head(self.roster.sequence, self.roster.hash)),
            (key::AUTHENTICATOR, bytes(self.epoch_authenticator.as_bytes())),
        ];
        cbor::encode(&Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
    }

    /// Reads what [`Self::encode`] wrote, and nothing else: every key once, none besides.
    pub(super) fn decode(encoded: &[u8], algorithm: Algorithm) -> Option<Self> {
        let Value::Map(entries) = cbor::decode(encoded).ok()? else { return None };
        let of = |wanted: i64| entries.iter().find_map(|(key, value)| (key.as_integer() == Some(Integer::from(wanted))).then_some(value));
        let number = |wanted| of(wanted).and_then(unsigned);
        let id = |wanted| of(wanted).and_then(Value::as_bytes).map(Vec::as_slice);
        let head = |wanted| match of(wanted)?.as_array()?.as_slice() {
            [sequence, hash] => Some((unsigned(sequence)?, Hash::from_slice(hash.as_bytes()?)?)),
            _ => None,
        };
        let (seen, roster) = (head(key::SEEN)?, head(key::ROSTER)?);
        let header = Self {
            algorithm,
            conversation: id(key::CONVERSATION).and_then(ConversationId::from_slice)?,
            epoch: number(key::EPOCH)?,
            device: id(key::DEVICE).and_then(DeviceId::from_slice)?,
            message: id(key::MESSAGE).and_then(MessageId::from_slice)?,
            counter: number(key::COUNTER)?,
            sent_at_ms: of(key::SENT_AT_MS)?.as_integer()?.try_into().ok()?,
            previous: id(key::PREVIOUS).and_then(Hash::from_slice)?,
            seen: Place { sequence: seen.0, hash: seen.1 },
            roster: RosterHead { sequence: roster.0, hash: roster.1 },
            epoch_authenticator: id(key::AUTHENTICATOR).and_then(Hash::from_slice)?,
        };
        // All keys were found, so a map of their number has each of them once.
        (entries.len() == ENTRIES).then_some(header)
    }
}

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

/// Numbers are kept in signed columns: a larger one is refused at the door.
fn unsigned(value: &Value) -> Option<u64> {
    let number: u64 = value.as_integer()?.try_into().ok()?;
    i64::try_from(number).is_ok().then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;

    use super::*;

    fn header() -> impl Strategy<Value = EnvelopeHeader> {
        let ids = (any::<[u8; 16]>(), any::<[u8; 16]>(), any::<[u8; 16]>());
        let numbers = (0..=i64::MAX as u64, 0..=i64::MAX as u64, any::<i64>());
        let heads = (0..=i64::MAX as u64, any::<[u8; 32]>(), 0..=i64::MAX as u64, any::<[u8; 32]>());
        (ids, numbers, heads, any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(ids, numbers, heads, previous, authenticator)| {
            EnvelopeHeader {
                algorithm: Algorithm::Aes256Gcm,
                conversation: ConversationId::from_bytes(ids.0),
                epoch: numbers.0,
                device: DeviceId::from_bytes(ids.1),
                message: MessageId::from_bytes(ids.2),
                counter: numbers.1,
                sent_at_ms: numbers.2,
                previous: Hash::from_bytes(previous),
                seen: Place { sequence: heads.0, hash: Hash::from_bytes(heads.1) },
                roster: RosterHead { sequence: heads.2, hash: Hash::from_bytes(heads.3) },
                epoch_authenticator: Hash::from_bytes(authenticator),
            }
        })
    }

    proptest! {
        #[test]
        fn a_header_reads_back_as_it_was_written(header in header()) {
            prop_assert_eq!(EnvelopeHeader::decode(&header.encode(), Algorithm::Aes256Gcm), Some(header));
        }

        #[test]
        fn any_bytes_are_a_header_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(EnvelopeHeader::decode(&bytes, Algorithm::Aes256Gcm), None);
        }
    }

    /// Where a key may stand twice, two readers see two headers under one signature.
    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let header = header().new_tree(&mut runner).unwrap().current();
        let Value::Map(mut entries) = cbor::decode(&header.encode()).unwrap() else { panic!("a map") };
        entries.push(entries[1].clone());
        assert_eq!(EnvelopeHeader::decode(&cbor::encode(&Value::Map(entries)), Algorithm::Aes256Gcm), None);
    }
}
