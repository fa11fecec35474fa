//! What clients had asked of the relay, and what they kept for it.

use std::time::Duration;

use anyhow::Result;
use bezel_core::file::{self, Share};
use bezel_core::{call, sync};
use bezel_protocol::content::CallMedia;
use bezel_testkit::texts;

use super::{Scene, alarms};

/// Key packages that were used, a vault that is older, keys that are not wrapped there: each client does again what it had done.
#[tokio::test(flavor = "multi_thread")]
async fn each_client_asks_again_for_what_it_had_asked() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    scene.shop.put_back("early").await?;
    scene.shop.meddle(&["DELETE FROM user_conversation_keys", "DELETE FROM vaults"]).await?;
    assert_eq!(scene.shop.count("SELECT count(*) FROM key_packages").await?, 0, "those of the copy may be used already");
    scene.round().await?;
    assert_eq!(scene.shop.count("SELECT count(*) FROM vaults").await?, 3);
    assert!(scene.shop.count("SELECT count(*) FROM user_conversation_keys").await? >= 3);
    assert!(scene.shop.count("SELECT count(*) FROM key_packages").await? >= 3 * 25);
    for member in scene.members() {
        assert_eq!(alarms(member).await?, ["relay_restored"], "no alarm over a vault that the copy did not have");
    }
    Ok(())
}

/// A file and a link that were withdrawn in the stretch that was lost are withdrawn again by who withdrew them.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_withdrawn_is_withdrawn_again() -> Result<()> {
    let mut scene = Scene::open().await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ring.txt");
    std::fs::write(&path, "2.14 ct")?;
    let file = file::send(&scene.ana, scene.ring, path, &Share::default()).await?;
    let link = call::link::create(&scene.ben, scene.ring, CallMedia::Audio, Duration::from_secs(3600), false).await?;
    scene.shop.copy_relay("early").await?;
    file::revoke(&scene.ana, file.file.parse()?).await?;
    call::link::revoke(&scene.ben, link.link.parse()?).await?;
    scene.shop.put_back("early").await?;
    assert_eq!(call::link::list(&scene.mal).await?.len(), 1, "the copy revives it");
    scene.round().await?;
    assert_eq!(call::link::list(&scene.mal).await?.len(), 0);
    assert_eq!(scene.shop.count("SELECT count(*) FROM encrypted_files WHERE state = 'revoked'").await?, 1);
    Ok(())
}

/// Longer ago than members keep the bytes: the hashes come back with what is newer, and a reader who has not read them is told so.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_keeps_any_more_comes_back_by_its_hash() -> Result<()> {
    let mut scene = Scene::open().await?;
    scene.shop.copy_relay("early").await?;
    for text in ["one", "two"] {
        scene.say(&scene.ana, text).await?;
    }
    sync::once(&scene.ben).await?;
    scene.shop.days_pass(40);
    for member in [&scene.ana, &scene.ben] {
        sync::once(member).await?;
    }
    scene.say(&scene.ben, "three").await?;
    sync::once(&scene.ana).await?;
    scene.shop.put_back("early").await?;
    for _ in 0..3 {
        scene.round().await?;
    }
    assert_eq!(texts(&scene.ana, scene.ring).await?, ["one", "two", "three"]);
    let gone = "The relay was put back from a copy, and nobody kept what stood here.";
    assert_eq!(texts(&scene.mal, scene.ring).await?, [gone, gone, "three"]);
    scene.say(&scene.mal, "four").await?;
    sync::once(&scene.ana).await?;
    assert_eq!(alarms(&scene.mal).await?, ["relay_restored"]);
    assert_eq!(texts(&scene.ana, scene.ring).await?, ["one", "two", "three", "four"]);
    Ok(())
}
