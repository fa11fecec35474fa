//! The roster that a copy lost.

use anyhow::Result;
use bezel_core::{people, sync};
use bezel_protocol::Role;
use bezel_testkit::texts;

use super::{Scene, alarms};

/// The roster comes back first, and who joined in the stretch that was lost gets in.
#[tokio::test(flavor = "multi_thread")]
async fn the_roster_is_healed_first() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    let dora = scene.shop.join(&scene.ana, "dora", Role::Member).await?;
    scene.shop.put_back("early").await?;
    sync::once(&dora).await?;
    scene.round().await?;
    scene.shop.minutes_pass(10);
    scene.round().await?;
    for member in [&scene.ana, &scene.ben, &dora] {
        assert_eq!(alarms(member).await?, ["relay_restored"]);
    }
    // And it grows again.
    let erik = scene.shop.join(&scene.ana, "erik", Role::Member).await?;
    sync::once(&erik).await?;
    Ok(())
}

/// Who was suspended in the stretch that was lost is served by the copy, and shut out as soon as somebody comes who knows it.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_suspended_in_the_stretch_that_was_lost_is_shut_out_again() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    people::suspend(&scene.ana, scene.mal.user()).await?;
    sync::once(&scene.ana).await?;
    scene.say(&scene.ana, "one").await?;
    scene.shop.put_back("early").await?;
    sync::once(&scene.mal).await?;
    scene.say(&scene.mal, "let me in").await?;
    sync::once(&scene.ana).await?;
    assert_eq!(sync::once(&scene.mal).await.unwrap_err().code, "unauthenticated");
    scene.shop.minutes_pass(10);
    for member in [&scene.ben, &scene.ana, &scene.ben] {
        sync::once(member).await?;
        assert_eq!(alarms(member).await?, ["relay_restored"]);
        assert_eq!(texts(member, scene.ring).await?, ["one"]);
    }
    Ok(())
}
