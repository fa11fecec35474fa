//! One step: what somebody does, or what befalls them.

use anyhow::Result;
use bezel_core::conversation::{self, NewMember};
use bezel_core::{people, sync};
use bezel_protocol::Role;
use bezel_protocol::wire::path;

use super::cast::{Lie, Line};
use super::scene::Scene;
use crate::walk::chance::Chance;

/// A step; people by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Write(usize),
    Answer(usize),
    Sync(usize),
    SetLine(usize, Line),
    /// The relay takes what comes next of this kind, and its answer is lost.
    LoseAnswer(usize, &'static str),
    Restart(usize),
    /// As by a power cut.
    Crash(usize),
    Rotate(usize),
    /// Two change the keys at the same moment.
    Race(usize, usize),
    SetRole(usize, usize, Role),
    Remove(usize, usize),
    Add(usize, usize, Role),
    Leave(usize),
    Suspend(usize),
    Reinstate(usize),
    RestartRelay,
    /// The relay loses the welcomes that wait: who was added comes in by a commit of their own.
    LoseWelcomes,
    MinutesPass(i64),
}

impl Step {
    /// Who does it. What they see may be another afterwards.
    pub(crate) fn people(self) -> Vec<usize> {
        match self {
            Self::Race(one, other) => vec![one, other],
            Self::Write(who)
            | Self::Answer(who)
            | Self::Sync(who)
            | Self::SetLine(who, _)
            | Self::LoseAnswer(who, _)
            | Self::Restart(who)
            | Self::Crash(who)
            | Self::Rotate(who)
            | Self::SetRole(who, ..)
            | Self::Remove(who, _)
            | Self::Add(who, ..)
            | Self::Leave(who) => vec![who],
            Self::Suspend(_) | Self::Reinstate(_) => vec![0],
            Self::RestartRelay | Self::LoseWelcomes | Self::MinutesPass(_) => Vec::new(),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Write,
    Answer,
    Sync,
    Line,
    LoseAnswer,
    Restart,
    Rotate,
    Race,
    Role,
    Remove,
    Add,
    Leave,
    Standing,
    Relay,
    Time,
}

const KINDS: [(u16, Kind); 15] = [
    (26, Kind::Write),
    (5, Kind::Answer),
    (26, Kind::Sync),
    (12, Kind::Line),
    (4, Kind::LoseAnswer),
    (4, Kind::Restart),
    (2, Kind::Rotate),
    (1, Kind::Race),
    (4, Kind::Role),
    (4, Kind::Remove),
    (8, Kind::Add),
    (2, Kind::Leave),
    (3, Kind::Standing),
    (2, Kind::Relay),
    (5, Kind::Time),
];

const ROLES: [(u16, Role); 5] = [(6, Role::Member), (2, Role::Admin), (1, Role::Owner), (2, Role::ReadOnly), (1, Role::Guest)];

impl Scene {
    /// What happens next.
    pub(crate) fn choose(&self, chance: &mut Chance) -> Option<Step> {
        let everybody: Vec<usize> = (0..self.people.len()).collect();
        let role = |who: &usize| self.ledger.role(self.people[*who].user);
        let inside: Vec<usize> = everybody.iter().copied().filter(|who| role(who).is_some()).collect();
        let outside: Vec<usize> = everybody.iter().copied().filter(|who| role(who).is_none()).collect();
        let heads: Vec<usize> = inside.iter().copied().filter(|who| role(who).is_some_and(Role::administers)).collect();
        // Now and then it is somebody who has no right to it.
        let among = if chance.once_in(6) || inside.is_empty() { &everybody } else { &inside };
        let anybody = chance.pick(among)?;
        let among = if chance.once_in(4) || heads.is_empty() { &everybody } else { &heads };
        let head = chance.pick(among)?;
        let whom = chance.pick(&everybody)?;
        Some(match chance.weigh(&KINDS)? {
            Kind::Write => Step::Write(anybody),
            Kind::Answer => Step::Answer(anybody),
            Kind::Sync => Step::Sync(whom),
            Kind::Line => match self.people[whom].line {
                Line::Honest if chance.once_in(3) => Step::SetLine(whom, Line::Cut),
                Line::Honest => Step::SetLine(whom, Line::Lying(chance.pick(&Lie::ALL)?)),
                Line::Cut | Line::Lying(_) => Step::SetLine(whom, Line::Honest),
            },
            Kind::LoseAnswer => Step::LoseAnswer(anybody, chance.pick(&[path::MESSAGES, path::MESSAGES, path::COMMITS, path::LEAVE])?),
            Kind::Restart if chance.once_in(2) => Step::Crash(whom),
            Kind::Restart => Step::Restart(whom),
            Kind::Rotate => Step::Rotate(anybody),
            Kind::Race => Step::Race(anybody, whom),
            Kind::Role => Step::SetRole(head, chance.pick(&inside)?, chance.weigh(&ROLES)?),
            Kind::Remove => Step::Remove(head, chance.pick(&inside)?),
            Kind::Add => Step::Add(head, chance.pick(if outside.is_empty() { &everybody } else { &outside })?, chance.weigh(&ROLES)?),
            Kind::Leave => Step::Leave(anybody),
            Kind::Standing => match everybody.iter().copied().find(|who| self.people[*who].is_suspended) {
                Some(suspended) => Step::Reinstate(suspended),
                None => Step::Suspend(whom),
            },
            Kind::Relay if chance.once_in(2) => Step::LoseWelcomes,
            Kind::Relay => Step::RestartRelay,
            Kind::Time => Step::MinutesPass(i64::try_from(chance.below(30)).ok()?),
        })
    }

    /// Takes a step, the number of which is in the words that are written. Returns what came of it.
    pub(crate) async fn take(&mut self, step: Step, number: usize) -> Result<&'static str> {
        let ring = self.ring;
        let told = |outcome: bezel_core::Result<()>| outcome.err().map_or("done", |error| error.code);
        let outcome = match step {
            Step::Write(who) | Step::Answer(who) => {
                let text = format!("{} at step {number}", self.people[who].name);
                self.write(who, text, matches!(step, Step::Answer(_))).await?
            }
            Step::Sync(who) => told(sync::once(self.people[who].member()?).await),
            Step::SetLine(who, line) => {
                self.people[who].set_line(line, ring);
                "done"
            }
            Step::LoseAnswer(who, kind) => {
                self.people[who].lose_answer(kind, ring);
                "done"
            }
            Step::Restart(who) | Step::Crash(who) => {
                self.people[who].restart(&self.shop, matches!(step, Step::Restart(_))).await?;
                "done"
            }
            Step::Rotate(who) => told(conversation::rotate(self.people[who].member()?, ring).await.map(drop)),
            Step::Race(one, other) => {
                let (one, other) = (self.people[one].member()?, self.people[other].member()?);
                let (one, _) = tokio::join!(conversation::rotate(one, ring), conversation::rotate(other, ring));
                told(one.map(drop))
            }
            Step::SetRole(who, whom, role) => {
                told(conversation::set_role(self.people[who].member()?, ring, self.people[whom].user, role).await)
            }
            Step::Remove(who, whom) => told(conversation::remove(self.people[who].member()?, ring, self.people[whom].user).await),
            Step::Add(who, whom, role) => {
                let new = NewMember { user: self.people[whom].user, role };
                told(conversation::add(self.people[who].member()?, ring, new).await)
            }
            Step::Leave(who) => told(conversation::leave(self.people[who].member()?, ring).await),
            Step::Suspend(whom) => told(people::suspend(self.people[0].member()?, self.people[whom].user).await),
            Step::Reinstate(whom) => told(people::reinstate(self.people[0].member()?, self.people[whom].user).await),
            Step::RestartRelay => {
                self.shop.meddle(&[]).await?;
                "done"
            }
            Step::LoseWelcomes => {
                self.shop.meddle(&["DELETE FROM welcomes"]).await?;
                self.welcomes_lost_at.push(self.ledger.last);
                "done"
            }
            Step::MinutesPass(minutes) => {
                self.shop.minutes_pass(minutes);
                "done"
            }
        };
        Ok(outcome)
    }
}
