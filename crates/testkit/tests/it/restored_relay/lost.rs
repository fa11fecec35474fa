//! Changes that a copy lost and that have no place any more, since the log went on without them.

use anyhow::Result;
use bezel_core::message::MessageState;
use bezel_core::{conversation, sync};
use bezel_protocol::Role;
use bezel_testkit::texts;

use super::{Scene, alarms, owned, states};

impl Scene {
    /// The relay is put back, and Mal alone is there for a day: long enough to change the keys behind what was lost.
    async fn mal_goes_on(&mut self) -> Result<()> {
        self.shop.put_back("early").await?;
        sync::once(&self.mal).await?;
        self.shop.minutes_pass(10);
        sync::once(&self.mal).await?;
        self.shop.days_pass(1);
        conversation::rotate(&self.mal, self.ring).await?;
        Ok(())
    }

    async fn members_of(&self, member: &bezel_core::Member) -> Result<usize> {
        Ok(conversation::show(member, self.ring).await?.members.len())
    }
}

/// The owner who had removed somebody does it again, and who had verified it follows.
#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_has_no_place_is_done_again_by_its_author() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    conversation::remove(&scene.ana, scene.ring, scene.mal.user()).await?;
    sync::once(&scene.ben).await?;
    scene.mal_goes_on().await?;
    sync::once(&scene.ben).await?;
    assert!(alarms(&scene.ben).await?.contains(&"commit_lost".to_owned()), "he does not go behind what he verified");
    scene.say(&scene.ben, "he is out").await?;
    assert_eq!(states(&scene.ben, scene.ring).await?, [owned(("he is out", MessageState::Queued))]);
    for member in [&scene.ana, &scene.ben, &scene.ana] {
        sync::once(member).await?;
    }
    for member in [&scene.ana, &scene.ben] {
        assert_eq!(texts(member, scene.ring).await?, ["he is out"]);
        assert_eq!(scene.members_of(member).await?, 2);
        assert_eq!(alarms(member).await?, ["relay_restored"]);
    }
    sync::once(&scene.mal).await?;
    assert!(conversation::show(&scene.mal, scene.ring).await?.removed);
    assert!(texts(&scene.mal, scene.ring).await?.is_empty());
    Ok(())
}

/// An owner who was away is told of what an admin had done, and does it again.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_had_not_seen_it_is_told_and_does_it_again() -> Result<()> {
    let mut scene = Scene::open().await?;
    conversation::set_role(&scene.ana, scene.ring, scene.ben.user(), Role::Admin).await?;
    scene.round().await?;
    scene.shop.copy_relay("early").await?;
    conversation::remove(&scene.ben, scene.ring, scene.mal.user()).await?;
    scene.mal_goes_on().await?;
    sync::once(&scene.ben).await?;
    sync::once(&scene.ben).await?;
    assert!(alarms(&scene.ben).await?.contains(&"commit_lost".to_owned()));
    scene.say(&scene.ben, "he is out").await?;
    for member in [&scene.ana, &scene.ben, &scene.ana] {
        sync::once(member).await?;
    }
    assert_eq!(alarms(&scene.ana).await?, ["lost_change_repeated", "relay_restored"]);
    assert_eq!(alarms(&scene.ben).await?, ["relay_restored"]);
    for member in [&scene.ana, &scene.ben] {
        assert_eq!(texts(member, scene.ring).await?, ["he is out"]);
        assert_eq!(scene.members_of(member).await?, 2);
    }
    Ok(())
}

/// Where nothing but keys was changed, the owner goes on, and who had verified it follows.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_have_no_place_are_left_behind_an_owner() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    conversation::rotate(&scene.ana, scene.ring).await?;
    sync::once(&scene.ben).await?;
    scene.say(&scene.ben, "one").await?;
    sync::once(&scene.ana).await?;
    scene.mal_goes_on().await?;
    scene.say(&scene.mal, "two").await?;
    for member in [&scene.ben, &scene.ana, &scene.ben, &scene.mal] {
        sync::once(member).await?;
    }
    scene.say(&scene.ana, "three").await?;
    scene.round().await?;
    for member in scene.members() {
        assert_eq!(alarms(member).await?, ["relay_restored"]);
        assert_eq!(scene.members_of(member).await?, 3);
        let read = texts(member, scene.ring).await?;
        assert!(read.contains(&"one".to_owned()) && read.contains(&"three".to_owned()), "{read:?}");
    }
    Ok(())
}

/// What was lost is not held against whom an owner, who knows the log that is there, has put in again since.
#[tokio::test(flavor = "multi_thread")]
async fn whom_an_owner_puts_in_again_is_in() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    conversation::set_role(&scene.ana, scene.ring, scene.mal.user(), Role::ReadOnly).await?;
    sync::once(&scene.ben).await?;
    scene.mal_goes_on().await?;
    sync::once(&scene.ana).await?;
    let role = |shown: &conversation::ConversationDetails| shown.members.iter().find(|one| one.handle == "mal").map(|one| one.role);
    assert_eq!(role(&conversation::show(&scene.ana, scene.ring).await?), Some(Role::ReadOnly), "the demotion was done again");
    conversation::set_role(&scene.ana, scene.ring, scene.mal.user(), Role::Member).await?;
    scene.round().await?;
    scene.round().await?;
    scene.say(&scene.ben, "follows").await?;
    scene.round().await?;
    for member in scene.members() {
        assert_eq!(alarms(member).await?, ["relay_restored"]);
        assert_eq!(role(&conversation::show(member, scene.ring).await?), Some(Role::Member));
        assert_eq!(texts(member, scene.ring).await?, ["follows"]);
    }
    Ok(())
}

/// Nobody follows a log on which only members went on, however long.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_follows_where_no_owner_went_on() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    conversation::remove(&scene.ana, scene.ring, scene.mal.user()).await?;
    sync::once(&scene.ben).await?;
    scene.mal_goes_on().await?;
    for _ in 0..3 {
        sync::once(&scene.ben).await?;
        conversation::rotate(&scene.mal, scene.ring).await?;
    }
    scene.say(&scene.ben, "waits").await?;
    sync::once(&scene.ben).await?;
    assert_eq!(states(&scene.ben, scene.ring).await?, [owned(("waits", MessageState::Queued))]);
    sync::once(&scene.mal).await?;
    assert!(texts(&scene.mal, scene.ring).await?.is_empty());
    Ok(())
}
