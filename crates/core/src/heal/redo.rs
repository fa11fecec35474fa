//! Asks the relay again for what this device asked of it before it was put back from a copy. The wraps of epoch keys are marked when
//! that is noticed, and go out with the next messages.

use crate::cache;
use crate::cache::withdrawals::Withdrawal;
use crate::error::Result;
use crate::member::Member;
use crate::{group, vault};
use bezel_protocol::wire::path;

/// Does it where it is still to be done.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn redo(member: &Member) -> Result<()> {
    let mut db = member.cache.read().await?;
    if cache::healing::is_redone(&mut db).await? {
        return Ok(());
    }
    let withdrawals = cache::withdrawals::all(&mut db).await?;
    drop(db);
    vault::put_again(member).await?;
    group::renew_key_packages(member).await?;
    for withdrawal in withdrawals {
        let done = match withdrawal {
            Withdrawal::File(file) => member.client.delete_file(file).await,
            Withdrawal::Link(link) => member.client.delete(&path::of_link(path::GUEST_LINK, link)).await,
        };
        match done {
            // It is not there any more, or was never brought back: there is nothing to withdraw.
            Err(crate::relay::RelayError::Refused(refusal)) => tracing::debug!(code = refusal.code, "a withdrawal was not needed"),
            done => done?,
        }
    }
    let mut tx = member.cache.begin().await?;
    cache::healing::set_redone(&mut tx).await?;
    tx.commit().await
}
