//! A relay that was put back from a copy: everything whose author or a reader comes by is there again, and nobody is stuck.

use anyhow::Result;
use bezel_core::message::MessageState;
use bezel_core::{Member, alarm, message, sync};
use bezel_protocol::{ConversationId, Role};
use bezel_testkit::{Shop, converse, texts};

mod asked;
mod commits;
mod day;
mod lost;
mod messages;
mod roster;

/// Ana's relay, with ben and mal in one conversation.
struct Scene {
    shop: Shop,
    ana: Member,
    ben: Member,
    mal: Member,
    ring: ConversationId,
}

impl Scene {
    async fn open() -> Result<Self> {
        let shop = Shop::open().await?;
        let ana = shop.owner("ana").await?;
        let ben = shop.join(&ana, "ben", Role::Member).await?;
        let mal = shop.join(&ana, "mal", Role::Member).await?;
        let ring = converse(&ana, &[(&ben, Role::Member), (&mal, Role::Member)]).await?;
        let scene = Self { shop, ana, ben, mal, ring };
        scene.round().await?;
        Ok(scene)
    }

    fn members(&self) -> [&Member; 3] {
        [&self.ana, &self.ben, &self.mal]
    }

    /// Everybody comes by, one after the other.
    async fn round(&self) -> Result<()> {
        for member in self.members() {
            sync::once(member).await?;
        }
        Ok(())
    }

    async fn say(&self, member: &Member, text: &str) -> Result<()> {
        message::send(member, self.ring, text, None).await?;
        Ok(())
    }

    /// That everybody reads these texts, in this order, and all of them are on the relay.
    async fn all_read(&self, expected: &[&str]) -> Result<()> {
        for member in self.members() {
            assert_eq!(texts(member, self.ring).await?, expected, "{}", member.user());
            let page = message::list(member, self.ring, None, 500).await?;
            assert!(page.messages.iter().all(|message| matches!(message.state, MessageState::Sent | MessageState::Received)));
        }
        Ok(())
    }
}

async fn alarms(member: &Member) -> Result<Vec<String>> {
    Ok(alarm::list(member).await?.into_iter().map(|alarm| alarm.code).collect())
}

/// What a thread shows, and where each message stands.
async fn states(member: &Member, ring: ConversationId) -> Result<Vec<(String, MessageState)>> {
    let page = message::list(member, ring, None, 500).await?;
    Ok(page.messages.into_iter().map(|message| (message.text.unwrap_or_default(), message.state)).collect())
}

fn owned((text, state): (&str, MessageState)) -> (String, MessageState) {
    (text.to_owned(), state)
}
