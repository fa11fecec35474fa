//! Ana and ben, who are honest, and mal, who has turned; and what is seen of what he does.

use anyhow::{Context as _, Result};
use bezel_core::message::MessageView;
use bezel_core::{Member, alarm, message, sync};
use bezel_protocol::{ConversationId, MessageId, Role};
use bezel_testkit::attacker::{Attacker, Hostile};
use bezel_testkit::{Liar, Shop, converse};

/// A shop with a relay that lies when it is told to.
pub(crate) struct Stage {
    pub(crate) shop: Shop,
    /// Between everybody but mal and the relay.
    pub(crate) liar: Liar,
    pub(crate) ana: Member,
    pub(crate) ben: Member,
    pub(crate) mal: Attacker,
    /// Of all three.
    pub(crate) ring: ConversationId,
    /// Of ana and ben alone.
    pub(crate) other: ConversationId,
    /// Of ana and mal alone.
    pub(crate) pair: ConversationId,
}

impl Stage {
    /// Mal is a member of the workspace, with that role in the conversations that he is in.
    pub(crate) async fn with_mal(role: Role) -> Result<Self> {
        Self::set(if role == Role::Guest { Role::Guest } else { Role::Member }, role).await
    }

    /// The same with a role in the workspace.
    pub(crate) async fn set(in_workspace: Role, role: Role) -> Result<Self> {
        let (shop, liar) = Shop::open_behind_a_liar().await?;
        let ana = shop.owner("ana").await?;
        let ben = shop.join(&ana, "ben", Role::Member).await?;
        let mal = shop.join(&ana, "mal", in_workspace).await?;
        let ring = converse(&ana, &[(&ben, Role::Member), (&mal, role)]).await?;
        let other = converse(&ana, &[(&ben, Role::Member)]).await?;
        let pair = converse(&ana, &[(&mal, role)]).await?;
        for member in [&ben, &mal] {
            sync::once(member).await?;
        }
        let mal = shop.corrupt(mal, "mal").await?;
        Ok(Self { shop, liar, ana, ben, mal, ring, other, pair })
    }

    /// Whoever runs the relay makes a log of their own of the conversation of all.
    pub(crate) async fn forge(&self) -> Result<Hostile> {
        self.shop.forge(&self.liar, self.ring).await
    }

    /// Ben says something that everybody has.
    pub(crate) async fn ben_says(&self, text: &str) -> Result<MessageView> {
        message::send(&self.ben, self.ring, text, None).await?;
        sync::once(&self.ana).await?;
        views(&self.ben, self.ring).await?.into_iter().rfind(|view| view.text.as_deref() == Some(text)).context("it is not there")
    }

    /// Ana and ben still hear each other, where mal is and where he is not.
    pub(crate) async fn goes_on(&self) -> Result<()> {
        self.goes_on_in(self.ring).await?;
        self.goes_on_elsewhere().await
    }

    /// They hear each other where mal is not.
    pub(crate) async fn goes_on_elsewhere(&self) -> Result<()> {
        self.goes_on_in(self.other).await
    }

    async fn goes_on_in(&self, conversation: ConversationId) -> Result<()> {
        for (from, to, name) in [(&self.ana, &self.ben, "ana"), (&self.ben, &self.ana, "ben")] {
            // What went wrong in another conversation is told at the end of a round, and stops nothing.
            let _ = sync::once(from).await;
            message::send(from, conversation, "it goes on", None).await?;
            let _ = sync::once(to).await;
            let last = thread(to, conversation).await?.pop();
            assert_eq!(last, Some(format!("{name}: it goes on")), "they don't hear each other any more");
        }
        Ok(())
    }

    /// The alarms of a member, the newest first: code, whom they accuse, where.
    pub(crate) async fn alarms(&self, member: &Member) -> Result<Vec<String>> {
        let place = |id: &str| match id.parse::<ConversationId>() {
            Ok(id) if id == self.ring => "in ring",
            Ok(id) if id == self.other => "in other",
            Ok(id) if id == self.pair => "in pair",
            _ => "somewhere",
        };
        let alarms = alarm::list(member).await?.into_iter().map(|alarm| {
            let accused = alarm.accused.map(|handle| format!(" by {handle}")).unwrap_or_default();
            let place = alarm.conversation.map(|id| format!(" {}", place(&id))).unwrap_or_default();
            format!("{}{accused}{place}", alarm.code)
        });
        Ok(alarms.collect())
    }
}

/// Synchronises; answers the code of what went wrong.
pub(crate) async fn round(member: &Member) -> Option<&'static str> {
    sync::once(member).await.err().map(|error| error.code)
}

/// What a member sees in a conversation: who said what, and what could not be believed.
pub(crate) async fn thread(member: &Member, conversation: ConversationId) -> Result<Vec<String>> {
    Ok(views(member, conversation).await?.iter().map(line).collect())
}

pub(crate) async fn views(member: &Member, conversation: ConversationId) -> Result<Vec<MessageView>> {
    Ok(message::list(member, conversation, None, 500).await?.messages)
}

fn line(view: &MessageView) -> String {
    let before = if view.written_before { " (written before)" } else { "" };
    let words = view.text.clone().or_else(|| view.problem.clone()).unwrap_or_else(|| format!("{:?}", view.kind));
    match view.verified {
        true => format!("{}: {words}{before}", view.from),
        false => format!("[{}] {words}", view.from),
    }
}

pub(crate) fn id(view: &MessageView) -> Result<MessageId> {
    Ok(view.id.parse()?)
}
