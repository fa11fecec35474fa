//! One step: what somebody does, or what befalls them.

use anyhow::Result;
use bezel_protocol::Role;
use bezel_protocol::roster::Statement;

use super::World;
use super::group::Change;
use super::relay::Relay;
use super::send::Fate;
use super::workspace::PEOPLE;
use crate::walk::chance::Chance;

/// A step; people by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Write(usize),
    /// A member comes by, and the content at one of the places is kept back.
    Sync(usize, Option<usize>),
    Cut(usize),
    Join(usize),
    /// What becomes of the next thing that is sent.
    Fate(usize, Fate),
    Change(usize, Change),
    ComeBack(usize),
    Leave(usize),
    Suspend(usize),
    Reinstate(usize),
    /// Whoever runs the relay puts an envelope that it once got at the end of the log.
    Place(usize),
    RestartRelay,
    TimePasses(i64),
}

#[derive(Clone, Copy)]
enum Kind {
    Write,
    Sync,
    Line,
    Fate,
    Rotate,
    Role,
    Remove,
    Add,
    ComeBack,
    Leave,
    Standing,
    Place,
    Restart,
    Time,
}

const KINDS: [(u16, Kind); 14] = [
    (240, Kind::Write),
    (360, Kind::Sync),
    (80, Kind::Line),
    (60, Kind::Fate),
    (20, Kind::Rotate),
    (30, Kind::Role),
    (30, Kind::Remove),
    (60, Kind::Add),
    (10, Kind::ComeBack),
    (12, Kind::Leave),
    (6, Kind::Standing),
    (40, Kind::Place),
    (2, Kind::Restart),
    (50, Kind::Time),
];

const ROLES: [(u16, Role); 5] = [(6, Role::Member), (2, Role::Admin), (1, Role::Owner), (2, Role::ReadOnly), (1, Role::Guest)];

impl World {
    /// What happens next.
    pub(super) fn choose(&self, chance: &mut Chance) -> Option<Step> {
        let everybody: Vec<usize> = (0..PEOPLE).collect();
        let standing = self.standing();
        let outside: Vec<usize> = everybody.iter().copied().filter(|who| !standing.contains(who)).collect();
        let among = if chance.once_in(8) || standing.is_empty() { &everybody } else { &standing };
        let who = chance.pick(among)?;
        let whom = chance.pick(&everybody)?;
        Some(match chance.weigh(&KINDS)? {
            Kind::Write => Step::Write(who),
            Kind::Sync => Step::Sync(whom, chance.once_in(4).then(|| chance.below(3))),
            Kind::Line if self.cut.contains(&whom) => Step::Join(whom),
            Kind::Line => Step::Cut(whom),
            Kind::Fate => Step::Fate(who, chance.pick(&[Fate::KeptBack, Fate::Unanswered])?),
            Kind::Rotate => Step::Change(who, Change::Rotate),
            Kind::Role => Step::Change(who, Change::SetRole(whom, chance.weigh(&ROLES)?)),
            Kind::Remove => Step::Change(who, Change::Remove(whom)),
            Kind::Add => {
                let whom = chance.pick(if outside.is_empty() { &everybody } else { &outside })?;
                Step::Change(who, Change::Add(whom, chance.weigh(&ROLES)?))
            }
            Kind::ComeBack => Step::ComeBack(who),
            Kind::Leave => Step::Leave(who),
            Kind::Standing => match everybody.iter().copied().find(|who| !Relay::lets_in(&self.workspace, *who)) {
                Some(suspended) => Step::Reinstate(suspended),
                None => Step::Suspend(1 + chance.below(PEOPLE - 1)),
            },
            Kind::Place => Step::Place(chance.below(self.relay.known.len())),
            Kind::Restart => Step::RestartRelay,
            // Clocks of relays fall back, too.
            Kind::Time => Step::TimePasses(i64::try_from(chance.below(600_000)).ok()? - 60_000),
        })
    }

    /// Takes a step, the number of which is in the words that are written. Returns what came of it.
    pub(super) async fn take(&mut self, step: Step, number: usize) -> Result<&'static str> {
        match step {
            Step::Write(who) => {
                let is_written = self.write(who, format!("{who} at step {number}"));
                if !self.reaches(who) || !is_written {
                    return Ok(if is_written { "queued" } else { "refused" });
                }
                let (member, voice) = &mut self.people[who];
                member.pump(&self.workspace, &mut self.relay, voice).await
            }
            Step::Sync(who, Some(withheld)) if self.reaches(who) => {
                self.people[who].0.sync(&self.workspace, &self.relay, Some(withheld)).await?;
                Ok("withheld")
            }
            Step::Sync(who, _) => self.round(who).await,
            Step::Cut(who) => {
                self.cut.insert(who);
                Ok("done")
            }
            Step::Join(who) => {
                self.cut.remove(&who);
                Ok("done")
            }
            Step::Fate(who, fate) => {
                self.people[who].1.fate = fate;
                Ok("done")
            }
            Step::Change(who, _) | Step::ComeBack(who) | Step::Leave(who) if !self.reaches(who) => Ok("offline"),
            Step::Change(who, change) => self.commit(who, Some(change)).await,
            Step::ComeBack(who) => self.commit(who, None).await,
            Step::Leave(who) => self.people[who].0.leave(&self.workspace, &mut self.relay).await,
            Step::Suspend(whom) => self.state(Statement::Suspend(self.workspace.people[whom].user)).await,
            Step::Reinstate(whom) => self.state(Statement::Reinstate(self.workspace.people[whom].user)).await,
            Step::Place(at) => {
                let Some(bytes) = self.relay.known.get(at).cloned() else { return Ok("nothing there") };
                self.relay.place(&self.workspace, &bytes).await.map(|()| "done")
            }
            Step::RestartRelay => self.relay.restart().await.map(|()| "done"),
            Step::TimePasses(ms) => {
                self.relay.now_ms += ms;
                Ok("done")
            }
        }
    }

    /// Whether somebody can ask the relay for anything.
    fn reaches(&self, who: usize) -> bool {
        !self.cut.contains(&who) && Relay::lets_in(&self.workspace, who)
    }

    async fn state(&mut self, statement: Statement) -> Result<&'static str> {
        self.workspace.state(statement)?;
        self.relay.apply_roster(&self.workspace).await.map(|()| "done")
    }

    async fn commit(&mut self, who: usize, change: Option<Change>) -> Result<&'static str> {
        let (member, voice) = &mut self.people[who];
        member.commit(&self.workspace, &mut self.relay, voice, change).await
    }

    /// Somebody writes, if they may.
    pub(super) fn write(&mut self, who: usize, text: String) -> bool {
        let (member, voice) = &mut self.people[who];
        let message = member.write(voice, text.clone());
        message.is_some_and(|message| self.written.insert((member.device, message), text).is_none())
    }

    /// Somebody comes by: takes what is there, takes out whom they may, and sends what waits.
    pub(super) async fn round(&mut self, who: usize) -> Result<&'static str> {
        if !self.reaches(who) {
            return Ok("offline");
        }
        let (member, voice) = &mut self.people[who];
        member.sync(&self.workspace, &self.relay, None).await?;
        let judge = self.workspace.judge(self.workspace.roster().head().sequence, self.relay.now_ms)?;
        let may_purge = member.is_in && member.group.role(member.user).is_some_and(Role::may_remove_revoked);
        if may_purge && !member.group.shut_out(&judge).is_empty() {
            member.commit(&self.workspace, &mut self.relay, voice, Some(Change::Purge)).await?;
        }
        member.pump(&self.workspace, &mut self.relay, voice).await
    }
}
