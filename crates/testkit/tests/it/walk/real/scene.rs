//! A shop with five people and one conversation, and what was really written there.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use bezel_core::message::{Answered, MessageKind, MessageState, MessageView};
use bezel_core::{conversation, message, sync};
use bezel_protocol::{ConversationId, MessageId, Role};
use bezel_testkit::{Shop, converse};

use super::cast::Person;
use super::ledger::Ledger;

/// What an author wrote.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    author: usize,
    /// The message that it answers: device and id.
    answers: Option<(String, String)>,
}

/// Everything.
pub(crate) struct Scene {
    pub(crate) shop: Shop,
    pub(crate) ring: ConversationId,
    /// Ana owns the workspace.
    pub(crate) people: Vec<Person>,
    pub(crate) ledger: Ledger,
    /// The end of the log each time that welcomes were lost.
    pub(crate) welcomes_lost_at: Vec<u64>,
    /// By the words, of which none are said twice.
    written: BTreeMap<String, Written>,
}

/// Who joins, with the role in the conversation, if any.
const OTHERS: [(&str, Option<Role>); 4] =
    [("ben", Some(Role::Admin)), ("cy", Some(Role::Member)), ("dee", Some(Role::Member)), ("eve", None)];

impl Scene {
    pub(crate) async fn open() -> Result<Self> {
        let (shop, front) = Shop::open_behind_a_liar().await?;
        let mut people = vec![Person::new("ana", shop.owner("ana").await?, front)];
        for (name, _) in OTHERS {
            let liar = shop.liar().await?;
            let member = shop.join_behind(people[0].member()?, (name, Role::Member), &liar).await?;
            people.push(Person::new(name, member, liar));
        }
        let mut others = Vec::new();
        for (person, (_, role)) in people.iter().skip(1).zip(OTHERS) {
            others.extend(role.map(|role| Ok::<_, anyhow::Error>((person.member()?, role))).transpose()?);
        }
        let ring = converse(people[0].member()?, &others).await?;
        for person in &people {
            sync::once(person.member()?).await?;
        }
        let ledger = Ledger::open(&shop, ring).await?;
        Ok(Self { shop, ring, people, ledger, welcomes_lost_at: Vec::new(), written: BTreeMap::new() })
    }

    /// Looks what the step before left on the relay.
    pub(crate) async fn read(&mut self) -> Result<()> {
        self.ledger.read().await?;
        for person in &mut self.people {
            person.is_suspended = self.ledger.suspended.contains(&person.user);
        }
        Ok(())
    }

    /// Somebody writes, and may answer what they see.
    pub(crate) async fn write(&mut self, who: usize, text: String, answers: bool) -> Result<&'static str> {
        let member = self.people[who].member()?;
        let seen = if answers { self.shown(who).await? } else { Vec::new() };
        let answered = seen.iter().rfind(|view| view.verified && view.sequence.is_some());
        let answer =
            answered.map(|view| Ok::<_, anyhow::Error>(Answered { message: view.id.parse()?, device: Some(view.device.parse()?) }));
        let written = Written { author: who, answers: answered.map(|view| (view.device.clone(), view.id.clone())) };
        let outcome = message::send(member, self.ring, &text, answer.transpose()?).await;
        // Whatever became of it: it may wait, and go out later.
        self.written.insert(text, written);
        Ok(outcome.map_or_else(|error| error.code, |sent| if sent.state == message::SentState::Sent { "sent" } else { "queued" }))
    }

    /// Whether somebody ever heard of the conversation.
    pub(crate) async fn is_known_to(&self, who: usize) -> Result<bool> {
        let known = conversation::list(self.people[who].member()?).await?;
        Ok(known.iter().any(|known| known.id == self.ring.to_string()))
    }

    /// What somebody sees; nothing where the conversation is not known there.
    pub(crate) async fn shown(&self, who: usize) -> Result<Vec<MessageView>> {
        if !self.is_known_to(who).await? {
            return Ok(Vec::new());
        }
        let member = self.people[who].member()?;
        let (mut shown, mut before) = (Vec::new(), None);
        loop {
            let page = message::list(member, self.ring, before.as_deref(), 500).await?;
            shown.splice(0..0, page.messages);
            match page.earlier {
                Some(earlier) => before = Some(earlier),
                None => return Ok(shown),
            }
        }
    }

    /// Nothing shows as verified that its author did not write at that place, and nothing of the time when its reader was out.
    pub(crate) async fn check_shown(&self, who: usize) -> Result<()> {
        let reader = &self.people[who];
        for view in self.shown(who).await?.iter().filter(|view| view.verified) {
            let said = || format!("{} shows {view:?}", reader.name);
            ensure!(view.kind == MessageKind::Text, "only words were written: {}", said());
            let written =
                view.text.as_ref().and_then(|text| self.written.get(text)).with_context(|| format!("nobody wrote it: {}", said()))?;
            let author = &self.people[written.author];
            let is_authors = view.user == author.user.to_string() && view.device == author.device.to_string();
            ensure!(is_authors, "somebody else wrote it: {}", said());
            ensure!(view.reply_device.clone().zip(view.reply_to.clone()) == written.answers, "it answers something else: {}", said());
            let Some(sequence) = view.sequence else {
                ensure!(written.author == who, "what has no place is nobody else's to show: {}", said());
                continue;
            };
            let there = self.ledger.envelopes.get(&sequence).with_context(|| format!("nothing stands there: {}", said()))?;
            let is_there = there.device == author.device && there.message == view.id.parse::<MessageId>()?;
            ensure!(is_there, "something else stands there: {}", said());
            let was_in = self.ledger.stays_of(reader.device).iter().any(|stay| stay.shows(sequence));
            ensure!(was_in || written.author == who, "its reader was out then: {}", said());
        }
        Ok(())
    }

    /// What somebody has said that stands in the log, as that person sees it: place, device, id, words.
    pub(crate) async fn said_by(&self, who: usize) -> Result<Vec<(u64, String, String, String)>> {
        let own = self.shown(who).await?.into_iter().filter(|view| view.mine && view.state == MessageState::Sent);
        Ok(own.filter_map(line).collect())
    }
}

/// A message that is believed, at its place.
pub(crate) fn line(view: MessageView) -> Option<(u64, String, String, String)> {
    Some((view.sequence?, view.device, view.id, view.text.filter(|_| view.verified)?))
}
