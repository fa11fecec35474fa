//! Messages that a copy lost.

use anyhow::Result;
use bezel_core::message::MessageState;
use bezel_core::{alarm, message, sync};

use super::{Scene, alarms, owned, states};
use bezel_testkit::texts;

/// What was lost stands at its place again as soon as one who holds it comes by, in the order that it had.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_is_at_its_place_again() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.say(&scene.ana, "one").await?;
    scene.shop.copy_relay("early").await?;
    for (member, text) in [(&scene.ben, "two"), (&scene.ana, "three"), (&scene.mal, "four")] {
        scene.say(member, text).await?;
    }
    scene.round().await?;
    let before = scene.shop.count("SELECT max(sequence) FROM conversation_log").await?;
    scene.shop.put_back("early").await?;
    assert!(scene.shop.count("SELECT max(sequence) FROM conversation_log").await? < before);
    scene.round().await?;
    scene.round().await?;
    assert_eq!(scene.shop.count("SELECT max(sequence) FROM conversation_log WHERE kind = 1").await?, before);
    assert_eq!(scene.shop.count("SELECT count(*) FROM conversation_log WHERE kind = 6").await?, 1);
    scene.say(&scene.ben, "five").await?;
    scene.round().await?;
    scene.all_read(&["one", "two", "three", "four", "five"]).await?;
    for member in scene.members() {
        assert_eq!(alarms(member).await?, ["relay_restored"], "the loss is told, once, and nothing else is wrong");
    }
    Ok(())
}

/// Nobody had read it: its author sends it again, under its id and once.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_had_read_is_sent_again_by_its_author() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.say(&scene.ana, "one").await?;
    scene.round().await?;
    scene.shop.copy_relay("early").await?;
    scene.say(&scene.ana, "two").await?;
    scene.shop.put_back("early").await?;
    // Ana stays away: the others wait for her ten minutes, and no longer.
    sync::once(&scene.ben).await?;
    sync::once(&scene.mal).await?;
    scene.say(&scene.ben, "three").await?;
    assert_eq!(states(&scene.ben, scene.ring).await?, [("one", MessageState::Received), ("three", MessageState::Queued)].map(owned));
    scene.shop.minutes_pass(10);
    sync::once(&scene.ben).await?;
    sync::once(&scene.mal).await?;
    assert_eq!(texts(&scene.mal, scene.ring).await?, ["one", "three"]);
    scene.round().await?;
    scene.round().await?;
    scene.all_read(&["one", "three", "two"]).await?;
    for member in scene.members() {
        assert_eq!(alarms(member).await?, ["relay_restored"]);
    }
    Ok(())
}

/// A reader comes too late to bring it back: the words stay where they stood, marked, until their author sends them again.
#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_come_back_is_kept_and_marked_until_its_author_comes_by() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.say(&scene.ana, "one").await?;
    scene.round().await?;
    scene.shop.copy_relay("early").await?;
    scene.say(&scene.ana, "two").await?;
    sync::once(&scene.ben).await?;
    scene.say(&scene.ben, "three").await?;
    scene.shop.put_back("early").await?;
    sync::once(&scene.mal).await?;
    scene.shop.minutes_pass(10);
    sync::once(&scene.mal).await?;
    scene.say(&scene.mal, "four").await?;
    sync::once(&scene.ben).await?;
    sync::once(&scene.ben).await?;
    let expected =
        [("one", MessageState::Received), ("two", MessageState::Lost), ("four", MessageState::Received), ("three", MessageState::Sent)];
    assert_eq!(states(&scene.ben, scene.ring).await?, expected.map(owned));
    let page = message::list(&scene.ben, scene.ring, None, 1).await?;
    let earlier = message::list(&scene.ben, scene.ring, page.earlier.as_deref(), 2).await?;
    assert_eq!(earlier.messages.len(), 2, "pages go on past what was lost");
    scene.round().await?;
    scene.round().await?;
    scene.all_read(&["one", "four", "three", "two"]).await?;
    Ok(())
}

/// Somebody who had heard nothing of what was lost writes first: it waits, and has its place behind what comes back.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_behind_and_writes_first_waits_for_the_others() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    scene.say(&scene.ana, "one").await?;
    scene.say(&scene.ana, "two").await?;
    sync::once(&scene.mal).await?;
    scene.shop.put_back("early").await?;
    sync::once(&scene.ben).await?;
    scene.say(&scene.ben, "three").await?;
    sync::once(&scene.ben).await?;
    scene.round().await?;
    scene.round().await?;
    scene.round().await?;
    scene.all_read(&["one", "two", "three"]).await
}

/// Each home lacks what another wrote: what can be brought comes back, the rest is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn gaps_in_every_home_lose_nothing() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    for number in 0..3 {
        for (member, name) in [(&scene.ana, "ana"), (&scene.ben, "ben"), (&scene.mal, "mal")] {
            scene.say(member, &format!("{name} {number}")).await?;
        }
    }
    scene.shop.put_back("early").await?;
    for member in [&scene.mal, &scene.ben] {
        sync::once(member).await?;
    }
    scene.shop.minutes_pass(5);
    scene.round().await?;
    scene.shop.minutes_pass(5);
    scene.round().await?;
    scene.round().await?;
    scene.round().await?;
    let read = texts(&scene.ana, scene.ring).await?;
    let mut sorted = read.clone();
    sorted.sort();
    assert_eq!(sorted, ["ana 0", "ana 1", "ana 2", "ben 0", "ben 1", "ben 2", "mal 0", "mal 1", "mal 2"]);
    let read: Vec<&str> = read.iter().map(String::as_str).collect();
    scene.all_read(&read).await
}

/// A relay that only says that it was put back takes nothing from anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_lost_nothing_goes_on_as_before() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.say(&scene.ana, "one").await?;
    scene.round().await?;
    scene.shop.say_restored().await?;
    scene.round().await?;
    scene.say(&scene.ben, "two").await?;
    scene.round().await?;
    scene.round().await?;
    scene.all_read(&["one", "two"]).await?;
    let told = alarm::list(&scene.ana).await?;
    assert!(told.len() == 1 && told[0].message.contains("nothing that it lost"), "{told:?}");
    Ok(())
}

/// The same twice, the second time from a copy that knows nothing of the first: the relay's own entries come back as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_put_back_twice_is_healed_twice() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    scene.say(&scene.ana, "one").await?;
    scene.round().await?;
    for text in ["two", "three"] {
        scene.shop.put_back("early").await?;
        scene.round().await?;
        scene.round().await?;
        scene.say(&scene.ben, text).await?;
        scene.round().await?;
    }
    assert_eq!(scene.shop.count("SELECT count(*) FROM conversation_log WHERE kind = 6").await?, 2);
    scene.all_read(&["one", "two", "three"]).await
}
