//! What a member's own machine does to them: a full disk, a wrong clock, a home put back from a backup.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use bezel_core::sync::ConnectionName;
use bezel_core::{Member, alarm, conversation, invite, message, sync};
use bezel_protocol::Role;
use bezel_testkit::{DAY_MS, Shop, SmallDisk, converse, texts, until};
use tokio::sync::watch;

async fn state(member: &Member) -> Option<ConnectionName> {
    sync::connection(member).await.ok().map(|connection| connection.state)
}

/// One moment of a full disk left the loop deaf for as long as it ran, and it showed itself as connected.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_shown_and_everything_comes_once_there_is_room() -> Result<()> {
    let shop = Shop::open().await?;
    let Some(disk) = SmallDisk::mount(&shop.folder_of("ben"), 6)? else {
        println!("skipped: this process may not mount a small disk");
        return Ok(());
    };
    let ana = shop.owner("ana").await?;
    let ben = Arc::new(shop.join(&ana, "ben", Role::Member).await?);
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    let (stop, stopped) = watch::channel(false);
    let follows = tokio::spawn({
        let ben = Arc::clone(&ben);
        async move { sync::follow(&ben, stopped).await }
    });
    until("ben is connected", async || state(&ben).await == Some(ConnectionName::Online)).await?;

    disk.fill()?;
    let mut sent = 0;
    while state(&ben).await != Some(ConnectionName::DiskFull) {
        message::send(&ana, ring, &format!("{sent} {}", "x".repeat(40_000)), None).await?;
        sent += 1;
        assert!(sent < 200, "the full disk never shows");
    }
    let detail = sync::connection(&ben).await?.detail.unwrap_or_default();
    assert!(detail.contains("disk is full") && detail.contains("Make room"), "{detail}");

    disk.make_room()?;
    until("everything came", async || texts(&ben, ring).await.is_ok_and(|texts| texts.len() == sent)).await?;
    until("ben is connected again", async || state(&ben).await == Some(ConnectionName::Online)).await?;
    stop.send(true)?;
    follows.await?;
    Arc::try_unwrap(ben).map_err(|_| anyhow!("ben is still in use"))?.close().await;
    Ok(())
}

fn code(outcome: Result<Member>) -> Option<&'static str> {
    outcome.err().and_then(|error| error.downcast::<bezel_core::Error>().ok()).map(|error| error.code)
}

/// A dead battery was told to ask an owner, a clock a week fast to ask for another invitation.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_named_on_creating_and_on_joining() -> Result<()> {
    let shop = Shop::open().await?;
    let years_ms = 2600 * DAY_MS;
    shop.clock.pass(-years_ms);
    assert_eq!(code(shop.owner("ana").await), Some("clock_wrong"));
    shop.clock.pass(years_ms);
    let ana = shop.owner("ana").await?;
    let invite = invite::create(&ana, Role::Member, 7).await?;
    shop.clock.pass(8 * DAY_MS);
    assert_eq!(code(shop.join_by(&invite.link, "ben").await), Some("clocks_differ"));
    shop.clock.pass(-8 * DAY_MS - years_ms);
    assert_eq!(code(shop.join_by(&invite.link, "ben").await), Some("clock_wrong"));
    shop.clock.pass(years_ms);
    shop.join_by(&invite.link, "ben").await?;
    Ok(())
}

/// Who came back by an external commit had conversations without titles for good, and an alarm that spoke of what was over.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_by_an_external_commit_is_told_the_title_once() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let lena = shop.join(&ana, "lena", Role::Admin).await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    ben.close().await;
    shop.change_home("ben", &["DELETE FROM key_packages"]).await?;
    let ben = shop.reopen("ben").await?;
    let ring = converse(&ana, &[(&ben, Role::Member), (&lena, Role::Admin)]).await?;
    sync::once(&lena).await?;
    let stored = "SELECT count(*) FROM encrypted_message_metadata";
    let before = shop.count(stored).await?;

    sync::once(&ben).await?;
    assert_eq!(title(&ben).await?, "", "the title was said before he came in");
    assert!(alarm::list(&ben).await?.is_empty(), "he is in: there is nothing to be alarmed about");
    for _ in 0..2 {
        for member in [&ana, &lena, &ben] {
            sync::once(member).await?;
        }
        shop.clock.pass(4 * 60 * 1000);
    }
    assert_eq!(title(&ben).await?, "Ring 2041");
    assert_eq!(shop.count(stored).await?, before + 1, "one of the two who may tell it tells it");
    message::send(&ben, ring, "back again", None).await?;
    sync::once(&ana).await?;
    assert_eq!(texts(&ana, ring).await?, ["back again"]);
    Ok(())
}

async fn title(member: &Member) -> Result<String> {
    Ok(conversation::list(member).await?.into_iter().next().map(|conversation| conversation.title).unwrap_or_default())
}
