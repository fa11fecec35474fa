//! Everybody comes by, on honest lines, until nothing more happens: then nobody may be stuck.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezel_core::message::MessageState;
use bezel_core::{conversation, message, sync};
use bezel_protocol::{Role, UserId};

use super::cast::{Line, Person};
use super::scene::{Scene, line};

/// So many rounds may pass until nothing new comes.
const ROUNDS: usize = 8;

impl Scene {
    /// The lines are honest from now on, and what there is to say goes through.
    pub(crate) async fn settle(&mut self, about: usize) -> Result<()> {
        let ring = self.ring;
        for person in &mut self.people {
            person.set_line(Line::Honest, ring);
        }
        self.come_by().await?;
        self.check_agreement().await?;
        // Each of them can still be heard by all others.
        for who in self.standing() {
            let person = &self.people[who];
            let may_post = self.ledger.role(person.user).is_some_and(Role::may_post);
            if may_post {
                let text = format!("{} is here at step {about}", person.name);
                let outcome = self.write(who, text, false).await?;
                ensure!(outcome == "sent", "{} can't be heard: {outcome}", self.people[who].name);
            }
        }
        self.come_by().await?;
        self.check_agreement().await
    }

    /// Who is in the conversation and may be in the workspace.
    pub(crate) fn standing(&self) -> Vec<usize> {
        let stands = |who: &usize| {
            let person = &self.people[*who];
            !person.is_suspended && self.ledger.role(person.user).is_some()
        };
        (0..self.people.len()).filter(stands).collect()
    }

    async fn come_by(&mut self) -> Result<()> {
        let mut told = Vec::new();
        for _ in 0..ROUNDS {
            let before = self.ledger.last;
            told.clear();
            for person in self.people.iter().filter(|person| !person.is_suspended) {
                if let Err(error) = sync::once(person.member()?).await {
                    told.push(format!("{}: {} {error}", person.name, error.code));
                }
            }
            self.read().await?;
            if told.is_empty() && self.ledger.last == before {
                return Ok(());
            }
        }
        bail!("somebody is stuck though everybody is honest: {told:?}")
    }

    /// Whoever stands sees the same: all that was said since they came in, the same people with the same roles; whoever does not, knows so.
    async fn check_agreement(&self) -> Result<()> {
        let mut said = BTreeSet::new();
        for who in 0..self.people.len() {
            self.check_shown(who).await?;
            said.extend(self.said_by(who).await?);
        }
        let standing = self.standing();
        for who in 0..self.people.len() {
            let person = &self.people[who];
            let stay = self.ledger.stays_of(person.device).last();
            if person.is_suspended || stay.is_none() {
                continue;
            }
            let is_in = standing.contains(&who);
            // Who came in and went while away never heard of it.
            if !is_in && !self.is_known_to(who).await? {
                continue;
            }
            let details = conversation::show(person.member()?, self.ring).await?;
            ensure!(details.removed != is_in, "{} does not know whether they are in the conversation", person.name);
            if !is_in {
                continue;
            }
            let members = details.members.iter().map(|each| Ok((each.user.parse()?, each.role)));
            let members = members.collect::<Result<BTreeMap<UserId, Role>>>()?;
            ensure!(self.ledger.members == members, "{} sees other members: {members:?}", person.name);
            let from = self.reads_from(person, stay.context("who stands came in")?.from);
            let shown = self.shown(who).await?;
            let waits = shown.iter().find(|view| view.state == MessageState::Queued);
            ensure!(waits.is_none(), "what {} wrote never goes out: {waits:?}", person.name);
            let unread = shown.iter().find(|view| !view.verified && view.sequence.is_some_and(|sequence| sequence > from));
            ensure!(unread.is_none(), "{} can't read what is there to be read: {unread:?}", person.name);
            let shown: BTreeSet<_> = shown.into_iter().filter_map(line).filter(|(sequence, ..)| *sequence > from).collect();
            let expected: BTreeSet<_> = said.iter().filter(|(sequence, ..)| *sequence > from).cloned().collect();
            let differ: Vec<_> = shown.symmetric_difference(&expected).collect();
            ensure!(differ.is_empty(), "{} sees another log than what was said: {differ:?}", person.name);
        }
        Ok(())
    }

    /// The place behind which somebody reads who came in by a place. Where the welcome was lost it is the commit by which they came back.
    fn reads_from(&self, person: &Person, from: u64) -> u64 {
        let Some(lost) = self.welcomes_lost_at.iter().find(|lost| from <= **lost) else { return from };
        let back = self.ledger.commits.iter().find(|(commit, by)| commit > lost && *by == person.device);
        back.map_or(from, |(commit, _)| *commit)
    }

    /// Whatever the relay hands out beside the rules, each device opens what was said while it was in, and nothing else.
    pub(crate) async fn check_keys(&self) -> Result<()> {
        for person in self.people.iter().filter(|person| !self.ledger.stays_of(person.device).is_empty()) {
            for (sequence, stored) in &self.ledger.envelopes {
                let opened = message::decrypt(person.member()?, self.ring, &STANDARD.encode(&stored.bytes)).await.is_ok();
                let had_keys = self.ledger.stays_of(person.device).iter().any(|stay| stay.opens(*sequence));
                ensure!(had_keys || !opened, "{} opens what stands at {sequence}, where the log shut them out", person.name);
            }
        }
        Ok(())
    }
}
