//! A home that was copied, or put back from a backup, and went on beside the other one.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bezel_core::file::{self, Share};
use bezel_core::message::MessageState;
use bezel_core::{Member, alarm, conversation, device, keys, message, sync};
use bezel_protocol::wire::path;
use bezel_protocol::{ConversationId, Role};
use bezel_testkit::{Live, Shop, converse, texts, until};
use reqwest::Method;

async fn alarms(member: &Member) -> Result<Vec<String>> {
    Ok(alarm::list(member).await?.into_iter().map(|alarm| alarm.code).collect())
}

/// Ana's home was copied, the copy went on, and ana knows nothing of it yet.
async fn scene(shop: &Shop) -> Result<(Member, Member, Member, ConversationId)> {
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    ana.close().await;
    shop.copy_home("ana", "copy")?;
    let copy = shop.reopen("copy").await?;
    sync::once(&copy).await?;
    message::send(&copy, ring, "from the copy", None).await?;
    sync::once(&copy).await?;
    Ok((shop.reopen("ana").await?, copy, ben, ring))
}

/// How many leaves a person has, as another sees it.
async fn leaves_of(person: &Member, seen_by: &Member, ring: ConversationId) -> Result<u32> {
    let details = conversation::show(seen_by, ring).await?;
    let user = person.user().to_string();
    Ok(details.members.iter().find(|person| person.user == user).context("a member")?.devices)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_that_was_copied_goes_on_as_another_device_and_its_outbox_goes_out() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, copy, ben, ring) = scene(&shop).await?;
    let former = ana.device();
    let refused = message::send(&ana, ring, "from the other", None).await.unwrap_err();
    assert_eq!(refused.code, "home_copied", "nothing is signed under the old id any more");
    assert_eq!(texts(&ana, ring).await?, ["from the other"], "and nothing is lost");
    sync::once(&ana).await?;
    let second = ana.device();
    assert_ne!(second, former);
    assert_eq!(alarms(&ana).await?, ["device_replaced"]);
    let page = message::list(&ana, ring, None, 10).await?;
    let states: Vec<_> = page.messages.iter().map(|message| (message.text.as_deref(), message.state)).collect();
    assert_eq!(states, [(Some("from the copy"), MessageState::Sent), (Some("from the other"), MessageState::Sent)]);

    // The other copy finds its id dead, and does the same.
    assert_eq!(copy.device(), former);
    sync::once(&copy).await?;
    let third = copy.device();
    assert!(third != former && third != second);
    assert_eq!(alarms(&copy).await?, ["device_replaced"]);
    message::send(&copy, ring, "from the copy again", None).await?;
    for member in [&ana, &ben] {
        sync::once(member).await?;
        assert_eq!(texts(member, ring).await?, ["from the copy", "from the other", "from the copy again"]);
    }
    // What was said after its dead leaf had gone, and before it came in by the new one, it may not read.
    assert_eq!(texts(&copy, ring).await?, ["from the copy", "The key of epoch 3 is missing.", "from the copy again"]);
    message::send(&ben, ring, "to both", None).await?;
    for member in [&ana, &copy] {
        sync::once(member).await?;
        assert_eq!(texts(member, ring).await?.last().map(String::as_str), Some("to both"));
    }
    assert_eq!(alarms(&ben).await?, Vec::<String>::new(), "to others a device was replaced, as the roster says");
    assert!(shop.count("SELECT count(*) FROM known_devices").await? >= 4);
    // The dead leaf goes by the ordinary upkeep, and both homes stay themselves over a restart.
    shop.minutes_pass(2);
    for member in [&ben, &ana, &copy, &ben, &ana, &copy] {
        sync::once(member).await?;
    }
    assert_eq!(leaves_of(&ana, &ben, ring).await?, 2);
    ana.close().await;
    let ana = shop.reopen("ana").await?;
    assert_eq!(ana.device(), second);
    message::send(&ana, ring, "after a restart", None).await?;
    sync::once(&ben).await?;
    assert_eq!(texts(&ben, ring).await?.last().map(String::as_str), Some("after a restart"));
    Ok(())
}

/// The relay has the message and its answer was lost; then the home was put back. The message must not stand there twice.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_former_device_had_sent_is_not_sent_again() -> Result<()> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let (ana, _copy, ben, ring) = {
        let ana = shop.owner("ana").await?;
        let ben = shop.join(&ana, "ben", Role::Member).await?;
        let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
        liar.lose_answer(Method::POST, &path::of(path::MESSAGES, ring));
        message::send(&ana, ring, "once", None).await?;
        message::send(&ana, ring, "and then", None).await?;
        ana.close().await;
        shop.copy_home("ana", "copy")?;
        let copy = shop.reopen("copy").await?;
        sync::once(&copy).await?;
        (shop.reopen("ana").await?, copy, ben, ring)
    };
    sync::once(&ana).await?;
    for member in [&ana, &ben] {
        sync::once(member).await?;
        assert_eq!(texts(member, ring).await?, ["once", "and then"]);
    }
    assert_eq!(alarms(&ben).await?, Vec::<String>::new());
    Ok(())
}

/// Conversations that the home does not know at all come with the new device as well: those that the copy began.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_copy_changed_meanwhile_is_followed_by_the_new_device() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, copy, ben, ring) = scene(&shop).await?;
    conversation::rotate(&copy, ring).await?;
    let other = converse(&copy, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    message::send(&ben, ring, "in new keys", None).await?;
    message::send(&ben, other, "in the new one", None).await?;
    message::send(&ana, ring, "mine", None).await.unwrap_err();
    sync::once(&ana).await?;
    sync::once(&ben).await?;
    assert_eq!(texts(&ben, ring).await?, ["from the copy", "in new keys", "mine"]);
    message::send(&ben, ring, "now", None).await?;
    message::send(&ben, other, "and here", None).await?;
    sync::once(&ana).await?;
    assert_eq!(texts(&ana, ring).await?.last().map(String::as_str), Some("now"));
    assert_eq!(texts(&ana, other).await?, ["and here"], "a device reads from where it came in");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_former_device_was_sending_is_sent_by_the_new_one() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, _copy, ben, ring) = scene(&shop).await?;
    let folder = tempfile::tempdir()?;
    let path: PathBuf = folder.path().join("ring.bin");
    std::fs::write(&path, vec![7; 200_000])?;
    file::queue_send(&ana, ring, path.clone(), &Share::default()).await?;
    sync::once(&ana).await?;
    file::send(&ana, ring, path, &Share::default()).await?;
    sync::once(&ben).await?;
    assert_eq!(file::list(&ben, &file::FileFilter::default(), 0, 9).await?.files.len(), 1);
    Ok(())
}

/// Who follows the relay need not be told anything: it goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_copied_home_that_follows_the_relay_goes_on_by_itself() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, copy, ben, ring) = scene(&shop).await?;
    message::send(&ana, ring, "from the other", None).await.unwrap_err();
    let (ana, copy) = (Live::start(ana)?, Live::start(copy)?);
    until("ben reads what waited", async || {
        sync::once(&ben).await.is_ok() && texts(&ben, ring).await.is_ok_and(|texts| texts == ["from the copy", "from the other"])
    })
    .await?;
    until("each copy logs in as a device of its own", async || {
        shop.count("SELECT count(*) FROM known_devices").await.is_ok_and(|devices| devices == 4)
    })
    .await?;
    ana.stop().await?;
    copy.stop().await
}

/// The identity key was rotated on the copy: there is nothing here to go on with.
#[tokio::test(flavor = "multi_thread")]
async fn a_copied_home_without_the_identity_key_signs_nothing_more() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, copy, ben, ring) = scene(&shop).await?;
    keys::rotate(&copy).await?;
    let before = shop.count("SELECT max(login_number) FROM known_devices").await?;
    for _ in 0..3 {
        let refused = sync::once(&ana).await.unwrap_err();
        assert_eq!(refused.code, "home_copied", "{refused}");
    }
    assert_eq!(alarms(&ana).await?, ["home_copied"]);
    let refused = message::send(&ana, ring, "from the other", None).await.unwrap_err();
    assert_eq!(refused.code, "home_copied");
    let refused = device::revoke(&ana, ben.device()).await.unwrap_err();
    assert_eq!(refused.code, "home_copied");
    ana.close().await;
    // A restart forgets nothing of it.
    let ana = shop.reopen("ana").await?;
    assert_eq!(sync::once(&ana).await.unwrap_err().code, "home_copied");
    assert_eq!(shop.count("SELECT max(login_number) FROM known_devices").await?, before, "nothing was taken of this home");
    sync::once(&ben).await?;
    assert_eq!(texts(&ben, ring).await?, ["from the copy"], "the one that goes on is not held up");
    sync::once(&copy).await?;
    assert_eq!(alarms(&copy).await?, Vec::<String>::new());
    Ok(())
}

/// A device that a person shut out has the identity key still, and must not let itself in again.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_revoked_does_not_come_back_by_itself() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let (first, second) = shop.second_device(ana, "ana").await?;
    let shut_out = first.device();
    device::revoke(&second, shut_out).await?;
    for _ in 0..2 {
        assert_eq!(sync::once(&first).await.unwrap_err().code, "unauthenticated");
        assert_eq!(first.device(), shut_out);
    }
    sync::once(&second).await?;
    assert_eq!(alarms(&second).await?, Vec::<String>::new());
    Ok(())
}
