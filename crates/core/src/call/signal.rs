//! Reads transient envelopes: only what a standing device of a member said reaches a call.

use bezel_crypto::envelope::Reader;
use bezel_protocol::content::{CallSignal, Content};
use bezel_protocol::envelope::Envelope;
use bezel_protocol::{ConversationId, DeviceId, Role, UserId};

use crate::cache;
use crate::cache::conversations::{known, role_of};
use crate::error::{Error, Result};
use crate::member::Member;

/// A signal that was verified.
pub(super) struct Heard {
    pub(super) conversation: ConversationId,
    pub(super) user: UserId,
    pub(super) device: DeviceId,
    /// By the sender's clock.
    pub(super) sent_at_ms: i64,
    /// Whether it was said in the newest epoch that is known here.
    pub(super) is_current: bool,
    pub(super) signal: CallSignal,
}

/// Opens a transient envelope of a conversation.
///
/// # Errors
/// When it can't be verified, its sender may not speak in this conversation now, or it is no signal of a call.
pub(super) async fn open(member: &Member, conversation: ConversationId, bytes: &[u8]) -> Result<Heard> {
    let refused =
        |what: &str| Error::unverifiable("signal", format!("A signal of a call is not believed: {what}."), "Nothing is to be done.");
    let roster = member.roster();
    let mut db = member.cache.read().await?;
    let known = known(&mut db, conversation).await?;
    let envelope = Envelope::parse(bytes).map_err(bezel_crypto::envelope::OpenError::from)?;
    let header = *envelope.header();
    roster.compare(header.roster)?;
    let epoch = cache::epochs::get(&mut db, conversation, header.epoch).await?;
    let members = cache::conversations::members(&mut db, conversation).await?;
    drop(db);
    let reader = Reader { conversation, algorithm: known.suite.algorithm(), roster: &roster };
    let verified = reader.open(bytes, |_| epoch.as_ref().map(|epoch| &epoch.key))?;
    if epoch.is_none_or(|epoch| epoch.authenticator != header.epoch_authenticator) {
        return Err(refused("its sender sees another group"));
    }
    // Who was removed still has the keys of the epoch before: membership counts as it is now.
    if known.removed_at_ms.is_some() || !role_of(&members, verified.from()).is_some_and(Role::may_post) {
        return Err(refused("its sender may not write here"));
    }
    if !roster.stands(header.device, member.now_ms()) {
        return Err(refused("its device was shut out"));
    }
    let Ok(Content::CallSignal(signal)) = Content::decode(verified.content()) else { return Err(refused("it is none")) };
    Ok(Heard {
        conversation,
        user: verified.from(),
        device: header.device,
        sent_at_ms: header.sent_at_ms,
        is_current: header.epoch == known.epoch,
        signal,
    })
}
