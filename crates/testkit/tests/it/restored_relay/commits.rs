//! Commits, and conversations, that a copy lost.

use anyhow::Result;
use bezel_core::conversation::{self, NewMember};
use bezel_core::message::MessageState;
use bezel_core::sync;
use bezel_protocol::Role;
use bezel_testkit::{converse, texts};

use super::{Scene, alarms, owned, states};

/// Whom a commit of the lost stretch removed is let in by the copy, and out again before anything new is said.
#[tokio::test(flavor = "multi_thread")]
async fn a_removal_in_the_stretch_that_was_lost_holds() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    conversation::remove(&scene.ana, scene.ring, scene.mal.user()).await?;
    scene.say(&scene.ana, "among us").await?;
    sync::once(&scene.ben).await?;
    scene.shop.put_back("early").await?;
    sync::once(&scene.mal).await?;
    scene.say(&scene.mal, "let me in").await?;
    scene.round().await?;
    scene.shop.minutes_pass(10);
    scene.round().await?;
    scene.round().await?;
    scene.say(&scene.ben, "he is out").await?;
    sync::once(&scene.ana).await?;
    for member in [&scene.ana, &scene.ben] {
        assert_eq!(texts(member, scene.ring).await?, ["among us", "he is out"]);
        assert_eq!(alarms(member).await?, ["relay_restored"]);
    }
    assert!(conversation::show(&scene.mal, scene.ring).await?.removed);
    assert!(!texts(&scene.mal, scene.ring).await?.contains(&"he is out".to_owned()));
    Ok(())
}

/// The only one who holds a commit comes too late: it stands at a later place, as it was, and everybody goes on from it.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_comes_too_late_stands_at_a_later_place() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.say(&scene.ben, "one").await?;
    scene.round().await?;
    scene.shop.copy_relay("early").await?;
    let epoch = conversation::rotate(&scene.ana, scene.ring).await?;
    scene.say(&scene.ana, "two").await?;
    scene.shop.put_back("early").await?;
    for member in [&scene.ben, &scene.mal] {
        sync::once(member).await?;
    }
    scene.shop.minutes_pass(10);
    scene.say(&scene.ben, "three").await?;
    scene.round().await?;
    assert_eq!(states(&scene.ana, scene.ring).await?.last(), Some(&owned(("two", MessageState::Queued))));
    assert_eq!(conversation::show(&scene.ben, scene.ring).await?.epoch, epoch - 1, "no other owner or admin has come by: a day");
    scene.shop.days_pass(1);
    scene.round().await?;
    scene.round().await?;
    for member in scene.members() {
        assert_eq!(conversation::show(member, scene.ring).await?.epoch, epoch);
        assert_eq!(alarms(member).await?, ["relay_restored"]);
    }
    scene.all_read(&["one", "three", "two"]).await
}

/// Who came into the conversation in the stretch that was lost brings it back alone.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_added_in_the_stretch_that_was_lost_comes_first() -> Result<()> {
    let mut scene = Scene::open().await?;
    let dora = scene.shop.join(&scene.ana, "dora", Role::Member).await?;
    scene.say(&scene.ben, "before her").await?;
    scene.round().await?;
    scene.shop.copy_relay("early").await?;
    conversation::add(&scene.ana, scene.ring, NewMember { user: dora.user(), role: Role::Member }).await?;
    sync::once(&dora).await?;
    scene.say(&dora, "hello").await?;
    scene.shop.put_back("early").await?;
    for member in [&dora, &scene.ben, &scene.mal, &scene.ana, &dora] {
        sync::once(member).await?;
    }
    scene.say(&dora, "again").await?;
    scene.round().await?;
    for member in scene.members() {
        let read = texts(member, scene.ring).await?;
        assert!(read.ends_with(&["hello".to_owned(), "again".to_owned()]), "{read:?}");
        assert_eq!(alarms(member).await?, ["relay_restored"]);
    }
    Ok(())
}

/// A conversation that began after the copy was made begins again, under its id.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_was_lost_whole_is_there_again() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    scene.ring = converse(&scene.ana, &[(&scene.ben, Role::Member), (&scene.mal, Role::Member)]).await?;
    scene.say(&scene.ana, "one").await?;
    scene.round().await?;
    scene.shop.put_back("early").await?;
    for member in [&scene.mal, &scene.ben] {
        sync::once(member).await?;
    }
    scene.round().await?;
    scene.round().await?;
    scene.say(&scene.mal, "two").await?;
    scene.round().await?;
    scene.all_read(&["one", "two"]).await?;
    for member in scene.members() {
        assert_eq!(alarms(member).await?, ["relay_restored"]);
    }
    Ok(())
}

/// Who has not come by since can't be put out by an admin: it may be the admin whom the lost commits put out.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_puts_nobody_out_who_has_not_come_by_since() -> Result<()> {
    let mut scene = Scene::open().await?;
    conversation::set_role(&scene.ana, scene.ring, scene.ben.user(), Role::Admin).await?;
    scene.round().await?;
    scene.shop.copy_relay("early").await?;
    scene.shop.put_back("early").await?;
    for _ in 0..2 {
        for member in [&scene.ana, &scene.ben] {
            sync::once(member).await?;
        }
        scene.shop.minutes_pass(10);
    }
    let refused = conversation::remove(&scene.ben, scene.ring, scene.mal.user()).await.unwrap_err();
    assert_eq!(refused.code, "healing");
    conversation::rotate(&scene.ben, scene.ring).await?;
    sync::once(&scene.mal).await?;
    conversation::remove(&scene.ben, scene.ring, scene.mal.user()).await?;
    Ok(())
}

/// Who left in the stretch that was lost has left, and brings the leave back.
#[tokio::test(flavor = "multi_thread")]
async fn a_leave_in_the_stretch_that_was_lost_holds() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    conversation::leave(&scene.mal, scene.ring).await?;
    sync::once(&scene.ana).await?;
    scene.shop.put_back("early").await?;
    for member in [&scene.mal, &scene.ben, &scene.ana, &scene.mal, &scene.ben] {
        sync::once(member).await?;
    }
    scene.say(&scene.ben, "among us").await?;
    sync::once(&scene.ana).await?;
    for member in [&scene.ana, &scene.ben] {
        assert_eq!(texts(member, scene.ring).await?, ["among us"]);
        assert_eq!(conversation::show(member, scene.ring).await?.members.len(), 2);
        assert_eq!(alarms(member).await?, ["relay_restored"]);
    }
    assert!(conversation::show(&scene.mal, scene.ring).await?.removed);
    Ok(())
}
