//! What happens by itself: leaves of people and devices that were shut out go, and keys never grow old.

use bezel_crypto::group::Change;
use bezel_protocol::{ConversationId, Role};

use super::change::change;
use super::used::are_used_up;
use super::{CONVERSATION_KEY_LIFETIME_MS, is_former, judge, load, own_certificate};
use crate::cache;
use crate::clock::DAY_MS;
use crate::error::{Class, Result};
use crate::member::Member;
use crate::{invite, keys};

/// Keeps every group, and the user's identity key, as they should be.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn keep(member: &Member) -> Result<()> {
    let _work = member.work.lock().await;
    keep_locked(member).await
}

/// The same, for a caller that holds the work lock.
pub(crate) async fn keep_locked(member: &Member) -> Result<()> {
    for (what, done) in [
        ("the identity key", rotate_identity_by_age(member).await),
        ("certificates", keys::renew_by_age(member).await),
        ("invitations", invite::withdraw_ended(member).await),
    ] {
        match done {
            Err(error) if error.class == Class::Offline => return Err(error),
            // The next round tries again; messages and groups don't wait for it.
            Err(error) => tracing::warn!(code = error.code, what, "was not kept as it should be"),
            Ok(()) => {}
        }
    }
    let conversations = cache::conversations::all(&mut *member.cache.read().await?).await?;
    for conversation in conversations.into_iter().filter(|conversation| conversation.removed_at_ms.is_none()) {
        if is_former(member, &mut *member.cache.read().await?, conversation.id).await? {
            continue;
        }
        let age_ms = member.now_ms().saturating_sub(conversation.rotated_at_ms);
        let is_old = age_ms >= CONVERSATION_KEY_LIFETIME_MS || are_used_up(member, &conversation).await?;
        if !is_old && !needs_care(member, conversation.id).await? {
            continue;
        }
        match care(member, conversation.id, is_old).await {
            Err(error) if error.class == Class::Offline => return Err(error),
            // Somebody else will do it, or was faster.
            Err(error) => tracing::info!(code = error.code, "a group was not cared for"),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Whether leaves must go, or this device's certificate was renewed.
async fn needs_care(member: &Member, conversation: ConversationId) -> Result<bool> {
    let mut db = member.cache.read().await?;
    let group = load(&mut db, conversation, judge(member)).await?;
    Ok((!group.shut_out()?.is_empty() && may_purge(member, &group)?) || group.own_leaf()?.certificate() != &own_certificate(member)?)
}

fn may_purge(member: &Member, group: &bezel_crypto::group::Group) -> Result<bool> {
    Ok(group.roles()?.get(member.user()).is_some_and(Role::may_remove_revoked))
}

async fn care(member: &Member, conversation: ConversationId, is_old: bool) -> Result<()> {
    let (keys, certificate) = (member.device_keys(), own_certificate(member)?);
    change(member, conversation, |group| {
        let purges = !group.shut_out()?.is_empty() && may_purge(member, group)?;
        let renews = group.own_leaf()?.certificate() != &certificate;
        let mut change = Change::rotate();
        if purges {
            change = change.purge();
        }
        if renews {
            change = change.renew(&keys, &certificate);
        }
        Ok((purges || renews || is_old).then_some(change))
    })
    .await?;
    Ok(())
}

/// The identity key is rotated at the age of `KEY_ROTATION_INTERVAL_DAYS`, on the device that holds it.
async fn rotate_identity_by_age(member: &Member) -> Result<()> {
    let roster = member.roster();
    let Some(user) = roster.user(member.user()) else { return Ok(()) };
    let lifetime_ms = i64::from(member.environment.settings.key_rotation_days) * DAY_MS;
    if member.identity().is_err() || keys::identity_age_ms(member, user).await? < lifetime_ms {
        return Ok(());
    }
    keys::rotate_locked(member).await.map(|_| ())
}
