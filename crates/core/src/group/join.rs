//! Comes into groups: by the welcomes that wait, or back in by an external commit.

use bezel_crypto::group::{Group, Published, Welcome};
use bezel_protocol::ConversationId;
use bezel_protocol::wire::{self, CommitAccepted, GroupState, Welcomes, code, path};

use super::change::wire as as_wire;
use super::{judge, own_certificate, store};
use crate::cache::conversations::Conversation;
use crate::cache::gaps::{self, Gap};
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;

/// Takes every welcome that waits. One that does not open is left out and told; a rejoin may still succeed.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn take_welcomes(member: &Member) -> Result<()> {
    let waiting: Welcomes = member.client.get(path::WELCOMES).await?;
    for welcome in &waiting.welcomes {
        if let Err(error) = take(member, welcome).await {
            tracing::warn!(code = error.code, "a welcome was refused");
            member.raise_alarm(&error).await?;
        }
        member.client.delete(&path::of(path::WELCOME, welcome.conversation)).await?;
    }
    Ok(())
}

async fn take(member: &Member, waiting: &wire::Welcome) -> Result<()> {
    let welcome = Welcome::parse(&waiting.welcome.0)?;
    let mut tx = member.cache.begin().await?;
    let (reference, private) = private_half(&mut tx, &welcome).await?;
    let mut group = Group::join(&welcome, &waiting.ratchet_tree.0, &private, &member.device_keys, judge(member))?;
    if group.conversation() != waiting.conversation || group.epoch() != waiting.epoch {
        return Err(Error::unverifiable("welcome_mismatch", "A welcome leads elsewhere than the relay says.", "Ask to be added anew."));
    }
    let place = Place { last_sequence: waiting.last_sequence, at_ms: waiting.created_at_ms };
    enter(member, &mut tx, &mut group, place).await?;
    cache::keys::delete_key_package(&mut tx, &reference).await?;
    tx.commit().await?;
    member.changed([Change::Conversations, Change::Conversation(waiting.conversation)]);
    Ok(())
}

/// The private half of a key package that opens the welcome.
async fn private_half(db: &mut Connection, welcome: &Welcome) -> Result<(Vec<u8>, zeroize::Zeroizing<Vec<u8>>)> {
    let wanted = welcome.key_packages();
    let here = cache::keys::key_packages(db, welcome.suite()).await?;
    here.into_iter().find(|(reference, _)| wanted.contains(reference)).ok_or_else(|| {
        Error::unverifiable("no_key_package", "A welcome is for a key package that is not on this device.", "Ask to be added anew.")
    })
}

/// Where in the conversation's log a device comes in.
struct Place {
    last_sequence: u64,
    at_ms: i64,
}

/// Stores a group that this device has just entered, for the first time or again.
async fn enter(member: &Member, db: &mut Connection, group: &mut Group, place: Place) -> Result<()> {
    let id = group.conversation();
    match cache::conversations::get(db, id).await? {
        // Back again: the past is still here, what was said meanwhile is not ours to read.
        Some(known) => {
            cache::conversations::set_removed(db, id, None).await?;
            cache::conversations::set_last_sequence(db, id, place.last_sequence).await?;
            if known.removed_at_ms.is_none() {
                gaps::open(db, id, Gap { first: known.last_sequence + 1, last: place.last_sequence }).await?;
            }
        }
        None => {
            let new = Conversation {
                id,
                suite: group.suite(),
                title: String::new(),
                epoch: group.epoch(),
                authenticator: group.epoch_authenticator()?,
                created_at_ms: place.at_ms,
                rotated_at_ms: place.at_ms,
                removed_at_ms: None,
                first_sequence: place.last_sequence,
                last_sequence: place.last_sequence,
                read_sequence: place.last_sequence,
                updated_at_ms: place.at_ms,
            };
            cache::conversations::insert(db, &new).await?;
        }
    }
    store(db, group, member.roster().head().sequence, place.at_ms, member.now_ms()).await
}

/// Comes back by an external commit, when the state of the group is lost here or no longer fits.
///
/// # Errors
/// When this user has no role there any more, or the relay can't be reached.
pub(crate) async fn rejoin(member: &Member, conversation: ConversationId) -> Result<()> {
    for _ in 0..8 {
        let state: GroupState = member.client.get(&path::of(path::GROUP, conversation)).await?;
        let published = Published { group_info: state.group_info.0, ratchet_tree: state.ratchet_tree.0 };
        let certificate = own_certificate(member)?;
        let (mut group, upload) = Group::rejoin(conversation, &published, &member.device_keys, &certificate, judge(member))?;
        match member.client.post::<CommitAccepted>(&path::of(path::COMMITS, conversation), &as_wire(&upload)).await {
            Err(error) if error.is(code::STALE_EPOCH) => {}
            Err(error) => return Err(error.into()),
            Ok(accepted) => {
                let mut tx = member.cache.begin().await?;
                let place = Place { last_sequence: state.last_sequence, at_ms: accepted.created_at_ms };
                enter(member, &mut tx, &mut group, place).await?;
                tx.commit().await?;
                member.changed([Change::Conversations, Change::Conversation(conversation)]);
                return Ok(());
            }
        }
    }
    Err(Error::refused("stale_epoch", "Others kept changing the conversation at the same moment.", "Try again."))
}
