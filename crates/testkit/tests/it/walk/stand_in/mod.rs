//! The walk over a stand-in for the group, a hundred times as far. Real are the relay's store, the log and its chain, the roster and all
//! signatures and ciphertexts of envelopes, and the rules by which members judge commits, leaves and envelopes. In place of MLS stand its
//! epochs with who is in them ([`group`]); in place of a home's database what a device remembers ([`member`]).

mod group;
mod member;
mod relay;
mod send;
mod step;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};
use bezel_protocol::{DeviceId, MessageId, Role, UserId};

use crate::walk::chance::Chance;
use crate::walk::tally::Tally;
use group::Change;
use member::Member;
use relay::Relay;
use send::Voice;
use workspace::{NOW_MS, PEOPLE, Workspace};

/// Steps of one walk.
pub(crate) const WALK: usize = 500;
/// After so many steps everybody comes by.
const SETTLE: usize = 100;
/// So many rounds may pass until nothing new comes.
const ROUNDS: usize = 8;

/// Everything.
struct World {
    workspace: Workspace,
    relay: Relay,
    people: Vec<(Member, Voice)>,
    /// Who is without a line to the relay.
    cut: BTreeSet<usize>,
    /// What was written.
    written: BTreeMap<(DeviceId, MessageId), String>,
    /// Where it counts, for whoever found that first.
    counts: BTreeMap<u64, (DeviceId, MessageId)>,
    /// The epoch behind each change, and who was in the group, for whoever judged it first.
    changes: BTreeMap<u64, (u64, Vec<(UserId, Role)>)>,
}

pub(crate) async fn walk(seed: u64, steps: usize) -> Result<Tally> {
    let folder = bezel_testkit::folder()?;
    let mut chance = Chance::new(seed);
    let mut world = World::open(folder.path()).await.context("the beginning")?;
    let mut tally = Tally::new(seed);
    for number in 1..=steps {
        let step = world.choose(&mut chance).context("there is a next step")?;
        tally.begin(&step);
        let outcome = world.go(step, number).await.with_context(|| tally.walked())?;
        tally.end(outcome);
    }
    Ok(tally)
}

impl World {
    async fn open(folder: &Path) -> Result<Self> {
        static BASE: OnceLock<Workspace> = OnceLock::new();
        let workspace = match BASE.get() {
            Some(base) => base.another(),
            None => {
                let made = Workspace::new()?;
                BASE.get_or_init(|| made).another()
            }
        };
        let mut relay = Relay::open(folder, &workspace, NOW_MS).await?;
        let mut people: Vec<_> = (0..PEOPLE).map(|who| (Member::new(&workspace, who), Voice::new(who))).collect();
        // Three of them talk from the beginning.
        people[0].0.sync(&workspace, &relay, None).await?;
        for (whom, role) in [(1, Role::Admin), (2, Role::Member)] {
            let (owner, voice) = &mut people[0];
            owner.commit(&workspace, &mut relay, voice, Some(Change::Add(whom, role))).await?;
            people[whom].0.sync(&workspace, &relay, None).await?;
        }
        let (written, counts, changes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Ok(Self { workspace, relay, people, cut: BTreeSet::new(), written, counts, changes })
    }

    async fn go(&mut self, step: step::Step, number: usize) -> Result<&'static str> {
        let outcome = self.take(step, number).await?;
        for who in 0..PEOPLE {
            self.check(who)?;
        }
        if number.is_multiple_of(SETTLE) {
            self.settle(number).await.context("then everybody comes by")?;
        }
        Ok(outcome)
    }

    /// What somebody found to count is what its author wrote there, at a time when its reader was in; and all agree.
    fn check(&mut self, who: usize) -> Result<()> {
        let (member, _) = &mut self.people[who];
        for (sequence, group) in std::mem::take(&mut member.changes) {
            let known = self.changes.entry(sequence).or_insert_with(|| group.clone());
            ensure!(*known == group, "{who} sees another group behind {sequence}: {group:?}, not {known:?}");
        }
        for sequence in std::mem::take(&mut member.fresh) {
            let counted = member.shown.get(&sequence).context("it counts")?;
            let name = (counted.device, counted.message);
            ensure!(self.written.get(&name) == Some(&counted.text), "{who} shows at {sequence} what nobody wrote: {counted:?}");
            let other = self.counts.insert(sequence, name).filter(|other| *other != name);
            ensure!(other.is_none(), "{who} shows at {sequence} {name:?}, others {other:?}");
            let twin = self.counts.iter().find(|(at, other)| **other == name && **at != sequence);
            ensure!(twin.is_none(), "{who} shows at {sequence} what counts elsewhere: {twin:?}");
            let (_, (epoch, then)) = self.changes.range(..sequence).next_back().context("a group")?;
            let role = |user: UserId| then.iter().find(|(other, _)| *other == user).map(|(_, role)| *role);
            ensure!(counted.seen < sequence, "{who} shows at {sequence} what names a place behind it");
            ensure!(counted.epoch == *epoch, "{who} shows at {sequence} what was written in another epoch than {epoch}: {counted:?}");
            ensure!(role(member.user).is_some(), "{who} shows at {sequence} what was said while they were out");
            let author = self.workspace.of_device(counted.device).map(|author| self.workspace.people[author].user);
            let may_post = author.and_then(role).is_some_and(Role::may_post);
            ensure!(may_post, "{who} shows at {sequence} what its author had no right to write");
        }
        Ok(())
    }

    /// Who is in the conversation, by the group that everybody judged, and may be in the workspace.
    fn standing(&self) -> Vec<usize> {
        let newest = self.changes.last_key_value().map_or(&[][..], |(_, (_, members))| members.as_slice());
        let is_in = |who: &usize| newest.iter().any(|(user, _)| *user == self.workspace.people[*who].user);
        (0..PEOPLE).filter(|who| is_in(who) && Relay::lets_in(&self.workspace, *who)).collect()
    }

    /// Everybody comes by, and whoever stands is heard by all who do.
    async fn settle(&mut self, about: usize) -> Result<()> {
        self.cut.clear();
        self.come_by().await?;
        for who in self.standing() {
            self.write(who, format!("{who} is here at step {about}"));
        }
        self.come_by().await?;
        let standing = self.standing();
        for who in &standing {
            let (member, _) = &self.people[*who];
            ensure!(member.is_in, "{who} does not know that they are in");
            ensure!(member.outbox.is_empty(), "what {who} wrote never goes out");
            let shown: Vec<_> =
                member.shown.iter().filter(|(at, _)| **at > member.first).map(|(at, one)| (*at, (one.device, one.message))).collect();
            let said: Vec<_> = self.counts.iter().filter(|(at, _)| **at > member.first).map(|(at, name)| (*at, *name)).collect();
            ensure!(shown == said, "{who} sees {shown:?}, others {said:?}");
        }
        Ok(())
    }

    async fn come_by(&mut self) -> Result<()> {
        for _ in 0..ROUNDS {
            let before: Vec<_> = self.people.iter().map(|(member, _)| (member.last(), member.outbox.len())).collect();
            for who in 0..PEOPLE {
                self.people[who].1.fate = send::Fate::Answered;
                self.round(who).await?;
                self.check(who)?;
            }
            if before == self.people.iter().map(|(member, _)| (member.last(), member.outbox.len())).collect::<Vec<_>>() {
                return Ok(());
            }
        }
        anyhow::bail!("it never becomes quiet")
    }
}
