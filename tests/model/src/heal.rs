//! How an honest client heals a lost branch: what it brings, what it does for others, and when it goes over.

use crate::branch::Lost;
use crate::judge::{Ground, Judged, Verdict};
use crate::log::{Body, Bytes, Change, Link, Log, Signed};
use crate::member::{Member, Outgoing, restored_behind};
use crate::people::{People, Person};
use crate::rules::{Rule, Rules};

impl Member {
    /// The lost commit of a stranded member as it was, where it counts at the end of the log that the relay has.
    #[must_use]
    pub fn commit_again(&self, ground: &Ground<'_>, shown: &Log) -> Option<Signed> {
        let lost = self.log.behind(self.log.common(shown)).iter().filter_map(Link::signed);
        let next = |signed: &&Signed| Judged::next_counts(ground, shown, &Bytes::Signed((*signed).clone()), ground.roster.head());
        let again = lost.filter(|one| matches!(one.body, Body::Commit { .. })).find(next);
        again.filter(|_| ground.rules.has(Rule::CommitAgain)).cloned()
    }

    /// Whoever acts as owner on both sides comes back into the log that the relay has, and does there what the own branch
    /// asks for, before going over.
    pub fn go_on(&mut self, ground: &Ground<'_>, shown: &Log, opens: People) -> Option<Signed> {
        let own = self.log.clone();
        let lost = Lost::new(ground, shown, &own)?;
        let judged = Judged::new(ground, shown, |_| false);
        let view = judged.newest(ground).at_head(ground.roster.head());
        let common = own.common(shown);
        let returned = |(_, signed, change)| returns(self.who, signed, change) && signed.seen.place > common;
        let is_in = view.readable.has(self.who) && judged.commits(shown).any(returned);
        if self.alarmed || !ground.rules.has(Rule::HolderGoesOn) || !lost.acts_on_both(self.who) {
            return None;
        }
        let body = if is_in {
            Body::Commit { change: lost.due(self.who)?, opens: People::ALL }
        } else {
            Body::Commit { change: Change::Return(self.who), opens }
        };
        self.named = self.named.min(common);
        Some(self.sign_on(ground, shown, body))
    }

    /// The lost branch, for those who act as owner in the log that the relay has.
    #[must_use]
    pub fn report(&self, ground: &Ground<'_>, shown: &Log) -> Option<Log> {
        let is_lost = self.stranded && !self.alarmed && Lost::new(ground, shown, &self.log).is_some();
        (is_lost && ground.rules.has(Rule::ReportLost)).then(|| self.log.clone())
    }

    /// Answers reported branches with the first commit that is due to them.
    pub fn answer(&mut self, ground: &Ground<'_>, reports: &[Log]) -> Option<Signed> {
        if !self.can_write(ground) {
            return None;
        }
        let change = reports.iter().find_map(|branch| Lost::new(ground, &self.log, branch)?.due(self.who))?;
        Some(self.sign(ground, Body::Commit { change, opens: People::ALL }))
    }

    /// Whether the log shown holds every commit that this member verified, or is one to go over to.
    pub(crate) fn may_leave_own(&mut self, ground: &Ground<'_>, shown: &Log, common: u8) -> bool {
        let verified = verified_commits(ground, &self.log, common, |place| self.misses(place));
        let there = verified_commits(ground, shown, common, |_| false);
        if verified.iter().all(|commit| there.contains(commit)) {
            return true;
        }
        let has = |rule| ground.rules.has(rule);
        let heals = |rules| {
            let ground = Ground { rules, ..*ground };
            let lost = Lost::new(&ground, shown, &self.log);
            lost.map_or((false, false), |lost| (lost.is_gone_on_from(), lost.undone().is_none()))
        };
        let (gone_on, done) = heals(ground.rules);
        let goes = (gone_on && (done || !has(Rule::StaysOut))) || !has(Rule::NeverBehindCommit);
        if goes {
            let (rightly, wholly) = heals(Rules::all());
            self.broke.went_back |= !rightly;
            self.broke.took_back |= !wholly;
            self.outside = Some(common);
        }
        goes
    }

    /// Goes over to the restored log: what of one's own has not come back is sent again, what others said is kept.
    pub(crate) fn leave_own(&mut self, ground: &Ground<'_>, shown: &Log, common: u8) {
        let own = self.judged(ground);
        for (place, link) in self.log.places().filter(|(place, _)| *place > common) {
            let (Verdict::Counts, Some(signed)) = (own.verdict(place), link.signed()) else { continue };
            let Body::Envelope { id, .. } = signed.body else { continue };
            if signed.author != self.who && ground.rules.has(Rule::KeepLost) {
                self.kept.push(signed.clone());
            }
            if signed.author == self.who && ground.rules.has(Rule::SendAgain) {
                self.outbox.push(Outgoing { id, attempt: signed.clone() });
            }
        }
        self.outbox.sort();
        self.outbox.dedup_by_key(|one| one.id);
        self.kept.sort();
        self.outside = self.outside.map(|place| place.min(common));
        if restored_behind(shown, common) {
            self.named = common;
        } else {
            self.broke.followed = true;
        }
    }
}

/// Whether a commit gives a person keys without any of those before: an external one of their own, or a welcome.
pub(crate) fn returns(who: Person, signed: &Signed, change: Change) -> bool {
    match change {
        Change::Return(_) => signed.author == who,
        Change::Add(one) => one == who,
        Change::Rotate | Change::Remove(_) | Change::Demote(_) | Change::Promote(_) => false,
    }
}

fn verified_commits(ground: &Ground<'_>, log: &Log, common: u8, missing: impl Fn(u8) -> bool) -> Vec<Signed> {
    let judged = Judged::new(ground, log, missing);
    judged.commits(log).filter(|(place, ..)| *place > common).map(|(_, signed, _)| signed.clone()).collect()
}
