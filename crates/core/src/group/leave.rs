//! Leaves a conversation.

use bezel_protocol::ConversationId;
use bezel_protocol::wire::{Bytes, LeaveUpload, code, path};

use super::advance::catch_up;
use super::{judge, load, no_longer_member, withheld};
use crate::error::{Error, Result};
use crate::member::Member;
use crate::{roster, spine};

/// How often somebody else may change the conversation at the same moment.
const ATTEMPTS: usize = 16;

/// Says for this user that they leave; the others take their leaves out.
///
/// # Errors
/// For the last owner, when this member is no longer inside, or the relay can't be reached.
pub(crate) async fn leave(member: &Member, conversation: ConversationId) -> Result<()> {
    for _ in 0..ATTEMPTS {
        if !catch_up(member, conversation, None).await? {
            return Err(no_longer_member());
        }
        member.copied.refuse()?;
        let mut db = member.cache.read().await?;
        let group = load(&mut db, conversation, judge(member)).await?;
        let seen = spine::seen(&mut db, conversation).await?;
        drop(db);
        let entry = group.say_leave(&member.device_keys(), seen)?.encode();
        match member.client.post::<()>(&path::of(path::LEAVE, conversation), &LeaveUpload { entry: Bytes(entry) }).await {
            // It is over where the log holds the entry.
            Ok(()) => return if catch_up(member, conversation, None).await? { Err(withheld()) } else { Ok(()) },
            Err(error) if error.is(code::STALE_EPOCH) => {}
            Err(error) if error.is(code::STALE_ROSTER) => drop(roster::fetch(member).await?),
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::refused("stale_epoch", "Others kept changing the conversation at the same moment.", "Try again."))
}
