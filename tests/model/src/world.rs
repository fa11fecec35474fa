//! The whole: three people, a relay, and what each may do next.

use crate::judge::{Ground, Judged};
use crate::log::{Body, Change, Log, Signed};
use crate::member::{Member, restored_behind};
use crate::people::{ByPerson, People, Person, Role, Roster, Statement};
use crate::relay::{Branch, Healing, Relay};
use crate::rules::Rules;

/// How often each kind of thing may happen in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Messages of honest members.
    pub writes: u8,
    /// Commits of honest members.
    pub commits: u8,
    /// Leaves of honest members.
    pub leaves: u8,
    /// Statements of the roster.
    pub statements: u8,
    /// What Mal signs.
    pub forgeries: u8,
    /// Entries that the relay puts where they were not sent, withholds, or keeps back.
    pub lies: u8,
    /// Second logs.
    pub forks: u8,
    /// Copies put back.
    pub copies: u8,
}

/// A setting that is searched.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The rules in force.
    pub rules: Rules,
    /// The roles at `begin`.
    pub roles: ByPerson<Role>,
    /// How often each kind of thing may happen.
    pub budget: Budget,
}

/// What became of bytes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// The relay takes them as it should.
    Taken,
    /// The relay keeps them and answers falsely or not at all.
    KeptBack,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A member reads what it is shown, but for the content at a place.
    Sync(Person, Option<u8>),
    /// A member writes.
    Write(Person, Fate),
    /// A member sends the first message of the outbox once more.
    SendAgain(Person, Fate),
    /// A member commits.
    Commit(Person, Change, Fate),
    /// A member leaves.
    Leave(Person, Fate),
    /// A member who can't open the newest epoch comes back, and these can open the external commit.
    Return(Person, People, Fate),
    /// A member whose branch is lost brings it, or as an owner goes on from the log that the relay has.
    Recover(Person, People),
    /// A member does what is due to a reported branch.
    Answer(Person, Fate),
    /// The roster shuts somebody out or takes them back.
    State(Statement),
    /// Mal reports a branch that was lost.
    Report(Log),
    /// Mal signs something and sends it to the relay, or gives it to the relay alone.
    Forge(Signed, Fate),
    /// The relay puts bytes that it once got at the end of a log, under a stamp.
    Place(Branch, Signed, u8),
    /// The relay begins a second log behind a place, and shows it to one person.
    Fork(u8, Person),
    /// The relay is put back to a place, and says so or not.
    PutBack(u8, bool),
    /// A member comes by the restored relay.
    Offer(Person),
    /// The ten minutes are over.
    CloseOffers,
    /// The day is over.
    Day,
}

/// The state of everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The relay.
    pub relay: Relay,
    /// The workspace's roster, which all know.
    pub roster: Roster,
    /// Ana's client.
    pub ana: Member,
    /// Ben's client.
    pub ben: Member,
    /// Messages that the relay acknowledged.
    pub acknowledged: Vec<(Person, u8)>,
    /// What may still happen.
    pub left: Budget,
}

impl World {
    /// The beginning.
    #[must_use]
    pub fn new(setting: &Setting) -> Self {
        Self {
            relay: Relay::default(),
            roster: Roster::default(),
            ana: Member::new(Person::Ana),
            ben: Member::new(Person::Ben),
            acknowledged: Vec::new(),
            left: setting.budget,
        }
    }

    /// The ground for judging.
    #[must_use]
    pub const fn ground<'a>(&'a self, setting: &Setting) -> Ground<'a> {
        Ground { rules: setting.rules, roster: &self.roster, roles: setting.roles }
    }

    /// The honest members.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        [&self.ana, &self.ben].into_iter()
    }

    fn parts(&mut self, who: Person) -> Option<(&mut Member, &mut Relay, &Roster)> {
        match who {
            Person::Ana => Some((&mut self.ana, &mut self.relay, &self.roster)),
            Person::Ben => Some((&mut self.ben, &mut self.relay, &self.roster)),
            Person::Mal => None,
        }
    }

    /// The state behind an action, or nothing where it isn't possible or changes nothing.
    #[must_use]
    pub fn after(&self, setting: &Setting, action: &Action) -> Option<Self> {
        let mut next = self.clone();
        (next.act(setting, action)? && next != *self).then_some(next)
    }

    /// Does an action. `None` or false: it isn't possible.
    pub(crate) fn act(&mut self, setting: &Setting, action: &Action) -> Option<bool> {
        match action {
            Action::Sync(who, keeps_back) => {
                spend(&mut self.left.lies, keeps_back.is_some())?;
                let (member, relay, roster) = self.parts(*who)?;
                member.sync(&ground(setting, roster), relay.shown(*who), *keeps_back);
                if relay.shows[*who] == Branch::First && !member.alarmed && !member.stranded {
                    relay.follow = relay.follow.with(*who);
                }
            }
            Action::Write(who, fate) => {
                spend(&mut self.left.writes, true)?;
                return self.send(setting, *who, *fate, Member::write);
            }
            Action::SendAgain(who, fate) => return self.send(setting, *who, *fate, Member::send_again),
            Action::Commit(who, change, fate) => {
                spend(&mut self.left.commits, true)?;
                return self.send(setting, *who, *fate, |member, ground| member.commit(ground, *change));
            }
            Action::Leave(who, fate) => {
                spend(&mut self.left.leaves, true)?;
                return self.send(setting, *who, *fate, Member::leave);
            }
            Action::Return(who, opens, fate) => {
                return self.send(setting, *who, *fate, |member, ground| member.come_back(ground, *opens));
            }
            Action::Recover(who, opens) => return self.recover(setting, *who, *opens),
            Action::Answer(who, fate) => {
                let reports = self.relay.reports.clone();
                return self.send(setting, *who, *fate, |member, ground| member.answer(ground, &reports));
            }
            Action::Report(branch) => {
                spend(&mut self.left.forgeries, true)?;
                self.relay.report(branch.clone());
            }
            Action::State(statement) => {
                spend(&mut self.left.statements, true)?;
                self.roster.append(*statement);
            }
            Action::Forge(signed, fate) => {
                spend(&mut self.left.forgeries, true)?;
                self.relay.learn(signed);
                let ground = ground(setting, &self.roster);
                return Some(*fate == Fate::KeptBack || self.relay.take(&ground, self.relay.shows.mal, signed));
            }
            Action::Place(branch, signed, stamp) => {
                spend(&mut self.left.lies, true)?;
                self.relay.place(*branch, signed, *stamp);
            }
            Action::Fork(keep, shown_to) => {
                spend(&mut self.left.forks, true)?;
                self.relay.fork(*keep);
                self.relay.shows[*shown_to] = Branch::Second;
            }
            Action::PutBack(keep, says_so) => {
                spend(&mut self.left.copies, true)?;
                self.relay.put_back(*keep, *says_so);
            }
            Action::Offer(who) => {
                let (member, relay, roster) = self.parts(*who)?;
                let log = member.log.clone();
                relay.offer(&ground(setting, roster), *who, &log, |place| member.misses(place));
            }
            Action::CloseOffers => self.relay.close_offers(self.roster.head()),
            Action::Day => self.relay.day(),
        }
        Some(true)
    }

    /// A stranded member does the first of these that is possible: brings a lost commit as it was, goes on as an owner, reports.
    fn recover(&mut self, setting: &Setting, who: Person, opens: People) -> Option<bool> {
        if !self.members().any(|one| one.who == who && one.stranded) {
            return None;
        }
        let shown = self.relay.shown(who).clone();
        // The relay refuses a lost commit too, where it puts out somebody who doesn't follow yet.
        let again = self.send(setting, who, Fate::Taken, |member, ground| member.commit_again(ground, &shown));
        if again == Some(true) {
            return again;
        }
        let gone_on = self.send(setting, who, Fate::Taken, |member, ground| member.go_on(ground, &shown, opens));
        if gone_on == Some(true) {
            return gone_on;
        }
        let (member, relay, roster) = self.parts(who)?;
        let branch = member.report(&ground(setting, roster), &shown)?;
        relay.report(branch);
        Some(true)
    }

    /// Whether Mal can see to it that nobody but its author opens an external commit into the newest epoch: the group info of
    /// that epoch is Mal's, or may be since a restored relay got its commit back without one.
    pub(crate) fn may_mislead(&self, setting: &Setting, log: &Log) -> bool {
        let judged = Judged::new(&self.ground(setting), log, |_| false);
        let begun_by = judged.commits(log).last();
        begun_by.is_some_and(|(_, one, _)| one.author == Person::Mal || restored_behind(log, one.seen.place))
    }

    /// Lets a member sign something and carries it to the relay.
    fn send(
        &mut self,
        setting: &Setting,
        who: Person,
        fate: Fate,
        sign: impl FnOnce(&mut Member, &Ground<'_>) -> Option<Signed>,
    ) -> Option<bool> {
        spend(&mut self.left.lies, fate == Fate::KeptBack)?;
        let (member, relay, roster) = self.parts(who)?;
        let ground = ground(setting, roster);
        let signed = sign(member, &ground)?;
        relay.learn(&signed);
        let taken = fate == Fate::Taken && relay.take(&ground, relay.shows[who], &signed);
        if let (Body::Envelope { id, .. }, true) = (&signed.body, taken) {
            let message = (who, *id);
            if let Err(at) = self.acknowledged.binary_search(&message) {
                self.acknowledged.insert(at, message);
            }
        }
        // What an honest relay refuses only costs a round trip; an envelope is then in the outbox.
        Some(taken || fate == Fate::KeptBack || matches!(signed.body, Body::Envelope { .. }))
    }

    /// All that may happen next.
    #[must_use]
    pub fn actions(&self, setting: &Setting) -> Vec<Action> {
        let mut all = Vec::new();
        let fates: &[Fate] = if self.left.lies > 0 { &[Fate::Taken, Fate::KeptBack] } else { &[Fate::Taken] };
        for member in self.members() {
            self.actions_of(setting, member, fates, &mut all);
        }
        if self.left.statements > 0 {
            let shut_out = self.roster.shut_out(self.roster.head());
            for who in [Person::Ben, Person::Mal] {
                let back = shut_out.has(who);
                all.push(Action::State(if back { Statement::Reinstate(who) } else { Statement::ShutOut(who) }));
            }
        }
        if self.left.forgeries > 0 {
            for signed in self.forgeries(setting) {
                all.extend(fates.iter().map(|fate| Action::Forge(signed.clone(), *fate)));
            }
            if self.relay.healing != Healing::Offers && !self.roster.shut_out(self.roster.head()).has(Person::Mal) {
                all.extend(self.relay.seen_branches().map(Action::Report));
            }
        }
        if self.left.lies > 0 {
            self.lies(&mut all);
        }
        if self.left.forks > 0 && self.relay.second.is_none() {
            let keeps = 1..=self.relay.first.len();
            all.extend(keeps.flat_map(|keep| Person::HONEST.map(|to| Action::Fork(keep, to))));
        }
        if self.left.copies > 0 && self.relay.healing == Healing::Over {
            all.extend((1..self.relay.first.len()).map(|keep| Action::PutBack(keep, true)));
            if self.left.lies > 0 {
                all.extend((1..self.relay.first.len()).map(|keep| Action::PutBack(keep, false)));
            }
        }
        match self.relay.healing {
            Healing::Offers => all.push(Action::CloseOffers),
            Healing::Commits => all.push(Action::Day),
            Healing::Over => {}
        }
        all
    }

    fn actions_of(&self, setting: &Setting, member: &Member, fates: &[Fate], all: &mut Vec<Action>) {
        let who = member.who;
        let misled = self.may_mislead(setting, if member.stranded { self.relay.shown(who) } else { &member.log });
        let opens: &[People] = if misled { &[People::ALL, People::NONE] } else { &[People::ALL] };
        all.push(Action::Sync(who, None));
        if self.left.lies > 0 {
            let content = self.relay.shown(who).places().filter(|(_, link)| link.is_content());
            all.extend(content.map(|(place, _)| Action::Sync(who, Some(place))));
        }
        for fate in fates {
            if self.left.writes > 0 {
                all.push(Action::Write(who, *fate));
            }
            if !member.outbox.is_empty() {
                all.push(Action::SendAgain(who, *fate));
            }
            if self.left.commits > 0 {
                all.push(Action::Commit(who, Change::Rotate, *fate));
                for other in Person::ALL.into_iter().filter(|other| *other != who) {
                    let changes = [Change::Remove(other), Change::Demote(other), Change::Add(other), Change::Promote(other)];
                    all.extend(changes.map(|change| Action::Commit(who, change, *fate)));
                }
            }
            if self.left.leaves > 0 {
                all.push(Action::Leave(who, *fate));
            }
            all.extend(opens.iter().map(|opens| Action::Return(who, *opens, *fate)));
            if !self.relay.reports.is_empty() {
                all.push(Action::Answer(who, *fate));
            }
        }
        if member.stranded {
            all.extend(opens.iter().map(|opens| Action::Recover(who, *opens)));
        }
        if self.relay.generation > 0 && !self.relay.came.has(who) {
            all.push(Action::Offer(who));
        }
    }

    fn lies(&self, all: &mut Vec<Action>) {
        let branches = [Branch::First, Branch::Second];
        let there = branches.into_iter().take(if self.relay.second.is_some() { 2 } else { 1 });
        let heads = if self.roster.head() == 0 { vec![0] } else { vec![0, self.roster.head()] };
        for branch in there {
            for signed in &self.relay.pool {
                all.extend(heads.iter().map(|stamp| Action::Place(branch, signed.clone(), *stamp)));
            }
        }
    }

    /// What Mal may sign: for each field the true value and false ones, one false one at a time.
    fn forgeries(&self, setting: &Setting) -> Vec<Signed> {
        let ground = self.ground(setting);
        let log = self.relay.shown(Person::Mal);
        let judged = Judged::new(&ground, log, |_| false);
        crate::forge::all(&ground, log, &judged)
    }
}

fn spend(left: &mut u8, really: bool) -> Option<()> {
    if really {
        *left = left.checked_sub(1)?;
    }
    Some(())
}

const fn ground<'a>(setting: &Setting, roster: &'a Roster) -> Ground<'a> {
    Ground { rules: setting.rules, roster, roles: setting.roles }
}
