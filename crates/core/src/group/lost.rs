//! What a stretch that the relay lost had done to a conversation's members, and what the log that is there has done since.

use std::collections::{BTreeMap, BTreeSet};

use bezel_crypto::group::{Change, Group, Judge, Observer};
use bezel_protocol::log::{EntryKind, LostBranch, LostChange, Place, SpineEntry};
use bezel_protocol::{ConversationId, Hash, Role, UserId};

use super::follow::{Followed, forged, judge_next};
use super::{judge, withheld};
use crate::error::Result;
use crate::member::Member;
use crate::roster::Walk;

/// How the log that is there stands to a stretch that was lost.
pub(crate) struct Since {
    /// Somebody who acts as owner on both sides, and knows the log that is there, went on in it.
    went_on: bool,
    /// Whether this user is a member there.
    pub(crate) is_member: bool,
    /// Whether this user acts as owner on both sides, and so may do again what was lost.
    pub(crate) may_repeat: bool,
    /// What is still to be done again.
    pub(crate) owed: Owed,
}

impl Since {
    /// Whether who had verified the stretch may follow the log that is there.
    pub(crate) fn may_follow(&self) -> bool {
        self.went_on && self.owed.is_empty()
    }
}

/// What a lost stretch did and the log that is there has not.
pub(crate) struct Owed {
    /// Who goes.
    out: BTreeSet<UserId>,
    /// Who has this role at most.
    lowered: Members,
}

type Members = BTreeMap<UserId, Role>;

/// A change of a group, with the members before and behind it.
struct Step {
    author: UserId,
    before: Members,
    after: Members,
}

/// Follows both sides from the place where they part.
///
/// # Errors
/// If the relay can't be reached or never said that it was put back from a copy, or if either side holds an invalid change.
pub(crate) async fn since(member: &Member, conversation: ConversationId, branch: &LostBranch) -> Result<Since> {
    let base = branch.base;
    let mut followed = Followed::begin(member, conversation, Some(base.sequence)).await?;
    let is_restored = |(place, entry): &(Place, SpineEntry)| place.sequence > base.sequence && entry.kind == EntryKind::Restored;
    let parts_here = followed.log.hash_at(base.sequence) == Some(base.hash) && followed.log.entries.iter().any(is_restored);
    let changes = branch.changes(conversation, &member.profile().relay_key);
    let (Some(places), Some(changes), true) = (branch.places(), changes, parts_here) else { return Err(withheld()) };
    let (at_base, rosters) = (followed.observer.clone(), followed.rosters.clone());
    let hash_at = |sequence: u64| match sequence.checked_sub(base.sequence + 1) {
        None => followed.log.hash_at(sequence),
        Some(behind) => usize::try_from(behind).ok().and_then(|behind| places.get(behind)).map(|(place, _)| place.hash),
    };
    let mut steps = Vec::with_capacity(changes.len());
    let held = walk((at_base.clone(), rosters.clone()), hash_at, &changes, |step, _, _| {
        steps.push(step);
        Ok(())
    })?;
    followed.go_on(member, None).await?;
    let now = judge(member);
    let (log, mut went_on, mut let_in) = (&followed.log, false, BTreeSet::new());
    walk(
        (at_base, rosters),
        |sequence| log.hash_at(sequence),
        &followed.changes_behind(base.sequence),
        |step, seen, (before, judge)| {
            // What was lost and stands here again was done without knowing this log.
            let knows = seen.sequence > base.sequence;
            if knows && acts_as_owner(before, step.author, judge)? && acts_as_owner(&held, step.author, &now)? {
                went_on = true;
                let raised = step.after.iter().filter(|(user, role)| step.before.get(*user).is_none_or(|before| before > *role));
                let_in.extend(raised.map(|(user, _)| *user));
            }
            Ok(())
        },
    )?;
    let (user, here) = (member.user(), members(&followed.observer)?);
    let mut owed = owed(&steps, &followed.observer, &now, &here)?;
    owed.out.retain(|user| !let_in.contains(user));
    owed.lowered.retain(|user, _| !let_in.contains(user));
    Ok(Since {
        went_on,
        is_member: here.contains_key(&user),
        may_repeat: acts_as_owner(&followed.observer, user, &now)? && acts_as_owner(&held, user, &now)?,
        owed,
    })
}

/// Applies changes one after the other, and looks at each, with what its author had seen, and the group and roster before it.
fn walk(
    (mut observer, mut rosters): (Observer, Walk),
    hash_at: impl Fn(u64) -> Option<Hash>,
    changes: &[LostChange],
    mut look: impl FnMut(Step, Place, (&Observer, &Judge)) -> Result<()>,
) -> Result<Observer> {
    for LostChange { place, entry, bytes } in changes {
        let before = observer.clone();
        let (author, seen) = judge_next(&mut observer, &mut rosters, &hash_at, bytes.as_ref(), (*place, entry))?;
        let judge = Judge::new(rosters.up_to(entry.roster)?, entry.stored_at_ms);
        let step = Step { author, before: members(&before)?, after: members(&observer)? };
        look(step, seen, (&before, &judge))?;
    }
    Ok(observer)
}

/// Whom the stretch put out or demoted, as far as the authors have the right to it here too, and who is not so among the members here.
fn owed(steps: &[Step], here: &Observer, judge: &Judge, standing: &Members) -> Result<Owed> {
    let (mut out, mut lowered) = (BTreeSet::new(), Members::new());
    for Step { author, before, after } in steps {
        let role = here.acting(*author, judge).map_err(forged)?;
        for (user, was) in before {
            let target = standing.get(user).copied();
            match after.get(user) {
                None if user == author || role.is_some_and(|role| target.is_none_or(|target| role.may_remove(target))) => {
                    out.insert(*user);
                    lowered.remove(user);
                }
                Some(is) if is > was && role.is_some_and(|role| role.may_assign(target, *is)) => {
                    lowered.insert(*user, *is);
                }
                Some(is) if is < was => {
                    lowered.remove(user);
                }
                None | Some(_) => {}
            }
        }
        for user in after.keys().filter(|user| !before.contains_key(user)) {
            out.remove(user);
            lowered.remove(user);
        }
    }
    out.retain(|user| standing.contains_key(user));
    lowered.retain(|user, wanted| standing.get(user).is_some_and(|role| role < wanted));
    Ok(Owed { out, lowered })
}

fn members(observer: &Observer) -> Result<Members> {
    Ok(observer.members().map_err(forged)?.into_iter().collect())
}

fn acts_as_owner(observer: &Observer, user: UserId, judge: &Judge) -> Result<bool> {
    Ok(observer.acting(user, judge).map_err(forged)? == Some(Role::Owner))
}

impl Owed {
    /// Whether nothing is.
    pub(crate) fn is_empty(&self) -> bool {
        self.out.is_empty() && self.lowered.is_empty()
    }

    /// The commit that does it: where nothing is owed it renews keys, and says by its author that the log goes on rightly.
    pub(crate) fn change(&self, group: &Group) -> Result<Change<'static>> {
        let there: Members = group.members()?.into_iter().collect();
        let mut change = Change::rotate();
        for user in self.out.iter().filter(|user| there.contains_key(user)) {
            change = change.remove_user(*user);
        }
        for (user, role) in self.lowered.iter().filter(|(user, role)| there.get(user).is_some_and(|is| is < *role)) {
            change = change.role(*user, *role);
        }
        Ok(change)
    }
}
