//! Says, signed, that this device looked at a file or saved it.

use bezel_protocol::content::{Content, FileAction, FileReceipt};

use super::announce::deliver;
use crate::cache::conversations::role_of;
use crate::cache::{self, files};
use crate::change::Change;
use crate::error::Result;
use crate::log::enqueue;
use crate::member::Member;

/// Writes a receipt, once a device and action; the owner of the file writes none. A member who may only read sends none either: then
/// the relay's log is what the sender sees.
pub(super) async fn write(member: &Member, file: &files::File, action: FileAction) -> Result<()> {
    if file.user == member.user() {
        return Ok(());
    }
    let mut tx = member.cache.begin().await?;
    if files::has_receipt(&mut tx, file.id, member.device(), action).await? {
        return Ok(());
    }
    let receipt = FileReceipt { file: file.id, action, at_ms: member.now_ms() };
    files::put_receipt(&mut tx, &receipt, file.conversation, member.user(), member.device()).await?;
    let members = cache::conversations::members(&mut tx, file.conversation).await?;
    if role_of(&members, member.user()).is_some_and(bezel_protocol::Role::may_post) {
        enqueue(member, &mut tx, file.conversation, &Content::FileReceipt(receipt)).await?;
    }
    tx.commit().await?;
    member.changed([Change::Files]);
    deliver(member).await
}
