//! Comes into groups: by the welcomes that wait, or back in by an external commit. Either way the conversation is followed from its first
//! entry before, so that whoever let this device in had the right to.

use bezel_crypto::group::{Group, Welcome};
use bezel_protocol::log::Place;
use bezel_protocol::wire::{self, CommitAccepted, GroupState, Welcomes, code, path};
use bezel_protocol::{ConversationId, DeviceId, Hash};

use super::change::wire as as_wire;
use super::follow::{Followed, forged};
use super::{Began, is_former, judge, own_certificate, store, withheld};
use crate::alarm::Cause;
use crate::cache::conversations::Conversation;
use crate::cache::{self, Connection};
use crate::change::Change;
use crate::error::{Class, Error, Result};
use crate::member::Member;
use crate::{alarm, roster, spine};

/// The alarm over a welcome that does not open here; who comes in by another way needs it no more.
const NO_KEY_PACKAGE: &str = "no_key_package";
/// How often somebody else may be faster.
const ATTEMPTS: usize = 8;

/// Takes the welcomes that wait, page by page. One that does not open, or leads elsewhere than the log, is left out and told; a rejoin may still
/// succeed.
///
/// # Errors
/// When the relay can't be reached, or this computer's disk refuses: then the welcome waits.
pub(crate) async fn take_welcomes(member: &Member, mut waiting: u32) -> Result<()> {
    while waiting > 0 {
        let page: Welcomes = member.client.get(path::WELCOMES).await?;
        for welcome in &page.welcomes {
            match take(member, welcome).await {
                Err(error) if matches!(error.class, Class::Offline | Class::Disk) => return Err(error),
                Err(error) => {
                    tracing::warn!(code = error.code, "a welcome was refused");
                    member.raise_alarm(&error, Cause::conversation(welcome.conversation)).await?;
                }
                Ok(()) => {}
            }
            member.client.delete(&path::of(path::WELCOME, welcome.conversation)).await?;
        }
        if page.welcomes.is_empty() {
            break;
        }
        waiting = waiting.saturating_sub(u32::try_from(page.welcomes.len()).unwrap_or(u32::MAX));
    }
    Ok(())
}

async fn take(member: &Member, waiting: &wire::Welcome) -> Result<()> {
    let welcome = Welcome::parse(&waiting.welcome.0)?;
    let mut db = member.cache.read().await?;
    let known = cache::conversations::get(&mut db, waiting.conversation).await?;
    // Who had verified what is lost comes in when that may be left.
    if cache::lost_branches::get(&mut db, waiting.conversation).await?.is_some() {
        return Ok(());
    }
    let was_put_back =
        cache::healing::heals(&mut db, waiting.conversation).await? || cache::spine::restored_at(&mut db, waiting.conversation).await? > 0;
    // It was taken before: the relay was not told so since the line broke, or it was put back from a copy.
    let is_taken = |known: &Conversation| known.first_sequence == waiting.sequence || (was_put_back && known.epoch >= waiting.epoch);
    if known.is_some_and(|known| known.removed_at_ms.is_none() && is_taken(&known)) {
        return Ok(());
    }
    let (reference, private) = private_half(&mut db, &welcome).await?;
    drop(db);
    let followed = Followed::begin(member, waiting.conversation, Some(waiting.sequence)).await?;
    let mut group = Group::join(&welcome, &followed.observer, &private, &member.device_keys(), judge(member))?;
    let mut tx = member.cache.begin().await?;
    enter(member, &mut tx, &mut group, &followed, (waiting.sequence, true)).await?;
    cache::keys::use_key_package(&mut tx, &reference).await?;
    tx.commit().await?;
    member.changed([Change::Conversations, Change::Conversation(waiting.conversation)]);
    Ok(())
}

/// The private half of a key package that opens the welcome.
async fn private_half(db: &mut Connection, welcome: &Welcome) -> Result<(Vec<u8>, zeroize::Zeroizing<Vec<u8>>)> {
    let wanted = welcome.key_packages();
    let here = cache::keys::key_packages(db, welcome.suite()).await?;
    here.into_iter().find(|(reference, _)| wanted.contains(reference)).ok_or_else(|| {
        Error::unverifiable(NO_KEY_PACKAGE, "A welcome is for a key package that is not on this device.", "Ask to be added anew.")
    })
}

/// Stores a group that this device has just entered, for the first time or again, by the commit at a place. A newcomer was not in it right
/// before, whether the end of the last stay was heard of here or not.
async fn enter(
    member: &Member,
    db: &mut Connection,
    group: &mut Group,
    followed: &Followed,
    (sequence, is_newcomer): (u64, bool),
) -> Result<()> {
    let (id, now_ms) = (group.conversation(), member.now_ms());
    let (_, entry) = followed.log.commit_at(sequence).ok_or_else(withheld)?;
    let began = Began { sequence, roster: entry.roster, at_ms: entry.stored_at_ms };
    if cache::lost_branches::get(db, id).await?.is_some() {
        cache::lost_branches::set_returned(db, id).await?;
    }
    let is_former = is_former(member, db, id).await?;
    match cache::conversations::get(db, id).await? {
        // Never back behind a commit that was verified here.
        Some(known) if sequence <= known.judged_sequence => return Err(withheld()),
        // Back again: the past is still here, what was said meanwhile is not ours to read.
        Some(known) => {
            cache::conversations::set_removed(db, id, None).await?;
            let ended_at = followed.log.commit_after(known.judged_sequence);
            if let Some(ended_at) = ended_at {
                cache::epochs::set_ended(db, id, known.epoch, ended_at).await?;
            }
            // The leaf of the device that this home was before saw everything up to here.
            let was_inside = is_former && ended_at == Some(sequence);
            if (is_newcomer && !was_inside) || known.removed_at_ms.is_some() {
                cache::conversations::set_first(db, id, sequence).await?;
                cache::gaps::forget_up_to(db, id, sequence).await?;
            }
        }
        None => {
            let at_ms = entry.stored_at_ms.min(now_ms);
            let new = Conversation {
                id,
                suite: group.suite(),
                title: String::new(),
                epoch: group.epoch(),
                authenticator: group.epoch_authenticator()?,
                created_at_ms: at_ms,
                rotated_at_ms: at_ms,
                removed_at_ms: None,
                first_sequence: sequence,
                last: Place::START,
                judged_sequence: 0,
                read_sequence: sequence,
                updated_at_ms: at_ms,
            };
            cache::conversations::insert(db, &new).await?;
        }
    }
    spine::adopt(db, id, &followed.log).await?;
    // Who left and is in the group still, as the log says and not as this device remembers it.
    let (remembered, left) = (cache::leaves::standing(db, id).await?, followed.observer.left());
    for user in remembered.difference(left) {
        cache::leaves::end(db, id, *user, sequence).await?;
    }
    for user in left.difference(&remembered) {
        cache::leaves::put(db, id, *user, sequence).await?;
    }
    for (sequence, stored_at_ms, entry) in &followed.handed {
        cache::entries::keep(db, id, (*sequence, *stored_at_ms), entry).await?;
    }
    if is_former {
        cache::pending::forget_before(db, id, u64::MAX).await?;
        cache::outbox::end_chain(db, id).await?;
    }
    store(db, group, began, now_ms).await
}

/// Comes back where the log holds a commit that can't be opened here. Whether it is a rightful one, whoever holds no key can say: its author made
/// it so, by carelessness or to shut the others out. Returns whether this member is inside: it, or one behind it, may have ended that.
///
/// # Errors
/// When nobody may make such a commit, and as for [`rejoin`].
pub(super) async fn come_back(member: &Member, conversation: ConversationId, author: DeviceId) -> Result<bool> {
    let followed = Followed::begin(member, conversation, None).await?;
    if followed.observer.members().map_err(forged)?.iter().all(|(user, _)| *user != member.user()) {
        return Ok(false);
    }
    come_in(member, followed).await?;
    let error = Error::unverifiable(
        "commit_unopened",
        "A change of a conversation's keys could not be opened here. This device came back by itself; what was written in between may stay unreadable.",
        "If it happens again, remove the device that made the change from the conversation, or its owner.",
    );
    let accused = alarm::accused(member, author);
    member.raise_alarm(&error, Cause { accused: Some(accused), ..Cause::conversation(conversation) }).await?;
    Ok(true)
}

/// Comes back by an external commit, when the state of the group is lost here or no longer fits.
///
/// # Errors
/// When this user has no role there any more, the log leads to another group than the relay publishes, or the relay can't be reached.
pub(crate) async fn rejoin(member: &Member, conversation: ConversationId) -> Result<()> {
    come_in(member, Followed::begin(member, conversation, None).await?).await
}

async fn come_in(member: &Member, mut followed: Followed) -> Result<()> {
    let (conversation, certificate) = (followed.conversation, own_certificate(member)?);
    for _ in 0..ATTEMPTS {
        let state: GroupState = member.client.get(&path::of(path::GROUP, conversation)).await?;
        if state.epoch != followed.observer.epoch() {
            followed.extend(member, None).await?;
            continue;
        }
        member.copied.refuse()?;
        let seen = followed.place();
        let is_newcomer = followed.observer.devices().map_err(forged)?.iter().all(|(_, device)| *device != member.device());
        let (observer, info) = (&followed.observer, &state.group_info.0);
        let (mut group, commit) = Group::rejoin(observer, info, &member.device_keys(), &certificate, judge(member), seen)?;
        let posted = member.client.post::<CommitAccepted>(&path::of(path::COMMITS, conversation), &as_wire(&commit)).await;
        match posted {
            Err(error) if error.is(code::STALE_EPOCH) => followed.extend(member, None).await?,
            Err(error) if error.is(code::STALE_ROSTER) => drop(roster::fetch(member).await?),
            Err(error) => return Err(error.into()),
            Ok(accepted) => {
                let sequence = accepted.place.sequence;
                followed.extend(member, Some(sequence)).await?;
                let is_ours = followed.log.commit_at(sequence).is_some_and(|(_, entry)| entry.sha256 == Hash::of(&commit.entry));
                if !is_ours {
                    return Err(withheld());
                }
                group.is_as(&followed.observer)?;
                let mut tx = member.cache.begin().await?;
                enter(member, &mut tx, &mut group, &followed, (sequence, is_newcomer)).await?;
                cache::alarms::settle(&mut tx, NO_KEY_PACKAGE, conversation).await?;
                tx.commit().await?;
                member.changed([Change::Conversations, Change::Conversation(conversation), Change::Alarm]);
                return Ok(());
            }
        }
    }
    Err(Error::refused("stale_epoch", "Others kept changing the conversation at the same moment.", "Try again."))
}
