//! Leaving a conversation: a signed entry of its log, after which nothing of whoever left counts.

use anyhow::{Context as _, Result};
use bezel_core::conversation::{self, NewMember};
use bezel_core::{Member, message, people, sync};
use bezel_protocol::{ConversationId, Role, UserId};
use bezel_testkit::{Shop, converse, texts};

async fn three(shop: &Shop) -> Result<(Member, Member, Member, ConversationId)> {
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let cy = shop.join(&ana, "cy", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member), (&cy, Role::Member)]).await?;
    for member in [&ben, &cy] {
        sync::once(member).await?;
    }
    Ok((ana, ben, cy, ring))
}

fn user(member: &Member, handle: &str) -> Result<UserId> {
    let person = people::list(member).into_iter().find(|person| person.handle == handle);
    Ok(person.with_context(|| format!("no {handle}"))?.user.parse()?)
}

async fn handles(member: &Member, ring: ConversationId) -> Result<Vec<String>> {
    Ok(conversation::show(member, ring).await?.members.into_iter().map(|each| each.handle).collect())
}

/// M5: who leaves is out at once, reads what was said so far, and the others change the keys.
#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_out_at_once_and_keeps_the_past() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, cy, ring) = three(&shop).await?;
    message::send(&ana, ring, "before", None).await?;
    sync::once(&ben).await?;
    let epoch = conversation::show(&ben, ring).await?.epoch;

    conversation::leave(&ben, ring).await?;
    let left = conversation::show(&ben, ring).await?;
    assert!(left.removed && !left.rights.post && !left.rights.leave);
    assert_eq!(message::send(&ben, ring, "after", None).await.map_err(|error| error.code).err(), Some("not_a_member"));

    sync::once(&cy).await?;
    assert_eq!(handles(&cy, ring).await?, ["ana", "cy"], "shown as out before anybody has changed the keys");
    sync::once(&ana).await?;
    message::send(&ana, ring, "among us", None).await?;
    assert!(conversation::show(&ana, ring).await?.epoch > epoch, "the leaves of who left go by themselves");
    for member in [&ben, &cy] {
        sync::once(member).await?;
    }
    assert_eq!(texts(&ben, ring).await?, ["before"]);
    assert_eq!(texts(&cy, ring).await?, ["before", "among us"]);
    Ok(())
}

/// Nobody may leave a conversation without an owner behind.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_can_t_leave() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, _, ring) = three(&shop).await?;
    assert_eq!(conversation::leave(&ana, ring).await.unwrap_err().code, "last_owner");
    assert!(!conversation::show(&ana, ring).await?.rights.leave);
    let who = user(&ana, "ben")?;
    conversation::set_role(&ana, ring, who, Role::Owner).await?;
    conversation::leave(&ana, ring).await?;
    sync::once(&ben).await?;
    assert_eq!(handles(&ben, ring).await?, ["ben", "cy"]);
    Ok(())
}

/// What was said before, and was not fetched in time, is not handed out any more: it is not asked for again and again.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_put_out_and_added_again_while_away_goes_on_from_there() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, cy, ring) = three(&shop).await?;
    message::send(&ana, ring, "before", None).await?;
    let who = user(&ana, "ben")?;
    conversation::remove(&ana, ring, who).await?;
    message::send(&ana, ring, "while ben is out", None).await?;
    conversation::add(&ana, ring, NewMember { user: who, role: Role::Member }).await?;
    message::send(&ana, ring, "with ben", None).await?;
    for member in [&ben, &cy, &ben] {
        sync::once(member).await?;
    }
    assert_eq!(texts(&ben, ring).await?, ["with ben"]);
    assert_eq!(texts(&cy, ring).await?, ["before", "while ben is out", "with ben"]);
    Ok(())
}

/// Who left can be added again, reads on from there, and is shown and heard like anybody.
#[tokio::test(flavor = "multi_thread")]
async fn who_left_comes_back_when_somebody_adds_them() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, cy, ring) = three(&shop).await?;
    conversation::leave(&ben, ring).await?;
    for member in [&cy, &ana] {
        sync::once(member).await?;
    }
    message::send(&ana, ring, "while ben is out", None).await?;
    let who = user(&ana, "ben")?;
    conversation::add(&ana, ring, NewMember { user: who, role: Role::Member }).await?;
    sync::once(&ben).await?;
    message::send(&ben, ring, "back", None).await?;
    sync::once(&cy).await?;
    assert_eq!(texts(&ben, ring).await?, ["back"]);
    assert_eq!(texts(&cy, ring).await?, ["while ben is out", "back"]);
    // Somebody who comes in later follows all of it from the first entry.
    let dee = shop.join(&ana, "dee", Role::Member).await?;
    let who = user(&ana, "dee")?;
    conversation::add(&ana, ring, NewMember { user: who, role: Role::Member }).await?;
    sync::once(&dee).await?;
    assert_eq!(handles(&dee, ring).await?, ["ana", "ben", "cy", "dee"]);
    Ok(())
}
