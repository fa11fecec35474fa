//! A branch that a restored relay has lost, beside the log that it has now.

use crate::judge::{Ground, Judged, Verdict, View};
use crate::log::{Body, Change, Log, Signed};
use crate::member::restored_behind;
use crate::people::{People, Person, Role};
use crate::rules::Rule;

/// A lost branch against the log that its relay has now.
#[derive(Debug)]
pub struct Lost<'a> {
    ground: Ground<'a>,
    log: &'a Log,
    branch: &'a Log,
    common: u8,
    /// The log, judged.
    here: Judged,
    /// What holds at the end of the log, at the newest roster head.
    newest: View,
    /// The same of the branch.
    end: View,
}

impl<'a> Lost<'a> {
    /// Compares the two. Nothing is lost where the log doesn't say behind the common prefix that its relay was put back, nor
    /// where it holds every commit of the branch.
    #[must_use]
    pub fn new(ground: &Ground<'a>, log: &'a Log, branch: &'a Log) -> Option<Self> {
        let common = log.common(branch);
        let (here, there) = (Judged::new(ground, log, |_| false), Judged::new(ground, branch, |_| false));
        let head = ground.roster.head();
        let (newest, end) = (here.newest(ground).at_head(head), there.newest(ground).at_head(head));
        let holds = |signed: &Signed| here.commits(log).any(|(_, one, _)| one == signed);
        let is_whole = there.commits(branch).all(|(place, signed, _)| place <= common || holds(signed));
        (restored_behind(log, common) && !is_whole).then_some(Self { ground: *ground, log, branch, common, here, newest, end })
    }

    /// Whether somebody who acts as owner on both sides has gone on from the common prefix.
    #[must_use]
    pub fn is_gone_on_from(&self) -> bool {
        self.commits_behind().any(|(place, signed, _)| self.was_by_owner_of_both(place, signed))
    }

    /// What must still change in the log so that nobody whom the branch put out is a member and nobody whom it demoted may do
    /// more, as far as the authors have the right to that here too. Whom an owner of both sides put in again stays.
    #[must_use]
    pub fn undone(&self) -> Option<Change> {
        let (out, lowered) = self.put_out();
        Person::ALL.into_iter().find_map(|one| {
            let role = self.newest.roles[one];
            if out.has(one) && role != Role::Out && !self.is_again(Change::Add(one)) {
                Some(Change::Remove(one))
            } else if lowered.has(one) && role > Role::ReadOnly && !self.is_again(Change::Promote(one)) {
                Some(Change::Demote(one))
            } else {
                None
            }
        })
    }

    /// What a person who follows the log owes to those who stand on the branch.
    #[must_use]
    pub fn due(&self, by: Person) -> Option<Change> {
        if !self.acts_on_both(by) {
            return None;
        }
        let rotate = || (self.ground.rules.has(Rule::RotateForBranch) && !self.is_gone_on_from()).then_some(Change::Rotate);
        self.undone().or_else(rotate)
    }

    /// Whether a person acts as owner at the end of the branch and at the end of the log.
    #[must_use]
    pub fn acts_on_both(&self, one: Person) -> bool {
        self.acted_on_both(one, &self.newest)
    }

    fn acted_on_both(&self, one: Person, here: &View) -> bool {
        let has = |rule| self.ground.rules.has(rule);
        (!has(Rule::OwnerOnBranch) || self.end.acts_as_owner(&self.ground, one))
            && (!has(Rule::OwnerHere) || here.acts_as_owner(&self.ground, one))
    }

    fn was_by_owner_of_both(&self, place: u8, signed: &Signed) -> bool {
        let knows = signed.seen.place > self.common || !self.ground.rules.has(Rule::GoesOnKnowing);
        knows && self.acted_on_both(signed.author, &self.here.before(&self.ground, place))
    }

    fn is_again(&self, change: Change) -> bool {
        let is = |(place, signed, made): (u8, &Signed, Change)| made == change && self.was_by_owner_of_both(place, signed);
        self.ground.rules.has(Rule::PutInAgain) && self.commits_behind().any(is)
    }

    fn commits_behind(&self) -> impl Iterator<Item = (u8, &Signed, Change)> {
        self.here.commits(self.log).filter(|(place, ..)| *place > self.common)
    }

    /// Whom the branch puts out or demotes: commits as far as their authors have the right to that here too, and leaves.
    fn put_out(&self) -> (People, People) {
        let (mut out, mut lowered) = (People::NONE, People::NONE);
        let there = Judged::new(&self.ground, self.branch, |_| false);
        let counts = |place: &u8| *place > self.common && there.verdict(*place) == Verdict::Counts;
        for (place, link) in self.branch.places().filter(|(place, _)| counts(place)) {
            let Some(signed) = link.signed() else { continue };
            let by_right = match signed.body {
                Body::Envelope { .. } => continue,
                Body::Leave if self.ground.rules.has(Rule::LeaverStaysOut) => {
                    out = out.with(signed.author);
                    continue;
                }
                Body::Leave => continue,
                Body::Commit { change, .. } => self.newest.may_commit(&self.ground, signed.author, change),
            };
            let (before, after) = (there.view(&self.ground, place - 1), there.view(&self.ground, place));
            for one in Person::ALL {
                let (was, is) = (before.roles[one], after.roles[one]);
                if is > was {
                    (out, lowered) = (out.without(one), lowered.without(one));
                } else if by_right && is < was && is == Role::Out {
                    out = out.with(one);
                } else if by_right && is < was {
                    lowered = lowered.with(one);
                }
            }
        }
        (out, lowered)
    }
}
