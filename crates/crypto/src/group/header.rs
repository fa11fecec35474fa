//! What can be read of a commit before it is judged.

use bezel_protocol::envelope::RosterHead;
use bezel_protocol::{ConversationId, cbor};
use mls_rs::mls_rs_codec::{MlsDecode, byte_vec};

use super::error::GroupError;

/// The head of a commit: a public message (RFC 9420 §6) with the roster head that its author knew as authenticated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitHeader {
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch that it starts from.
    pub epoch: u64,
    /// The roster as its author knew it. Judge the commit by the roster as of the newer of this head and that of the commit before.
    pub roster: RosterHead,
}

const MLS_10: u16 = 1;
const PUBLIC_MESSAGE: u16 = 1;
const SENDER_MEMBER: u8 = 1;
const SENDER_NEW_MEMBER_COMMIT: u8 = 4;
const CONTENT_COMMIT: u8 = 3;

impl CommitHeader {
    /// Reads the head. Nothing of it is believed before [`super::Group::process`] has checked the signature.
    ///
    /// # Errors
    /// [`GroupError::Malformed`] when it is not a commit of ours.
    pub fn parse(commit: &[u8]) -> Result<Self, GroupError> {
        Self::read(&mut &*commit).ok_or(GroupError::Malformed("commit"))
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        expect(MLS_10, rest)?;
        expect(PUBLIC_MESSAGE, rest)?;
        let group_id: Vec<u8> = byte_vec::mls_decode(rest).ok()?;
        let epoch = u64::mls_decode(rest).ok()?;
        match u8::mls_decode(rest).ok()? {
            SENDER_MEMBER => {
                u32::mls_decode(rest).ok()?;
            }
            SENDER_NEW_MEMBER_COMMIT => {}
            _ => return None,
        }
        let authenticated_data: Vec<u8> = byte_vec::mls_decode(rest).ok()?;
        expect(CONTENT_COMMIT, rest)?;
        Some(Self { conversation: ConversationId::from_slice(&group_id)?, epoch, roster: cbor::decode(&authenticated_data).ok()? })
    }
}

fn expect<T: MlsDecode + PartialEq>(value: T, rest: &mut &[u8]) -> Option<()> {
    (T::mls_decode(rest).ok()? == value).then_some(())
}
