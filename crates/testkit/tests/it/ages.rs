//! Key packages, certificates, keys and clocks over months: what grows old is made again in time, and no wrong clock stops it.

use anyhow::Result;
use axum::http::Method;
use bezel_core::clock::{Clock as _, Timestamp};
use bezel_core::conversation::{self, NewMember};
use bezel_core::{Class, Member, keys, message, people, sync};
use bezel_protocol::Role;
use bezel_protocol::wire::path;
use bezel_testkit::{DAY_MS, Shop, converse, texts};

fn with(people: &[&Member]) -> Vec<NewMember> {
    people.iter().map(|member| NewMember { user: member.user(), role: Role::Member }).collect()
}

/// Key packages were renewed by number only: from day 91 on nobody could be added, however often they synchronised.
#[tokio::test(flavor = "multi_thread")]
async fn who_synchronises_can_be_added_on_every_day() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    for (passed, day) in [(60, 60), (29, 89), (2, 91), (9, 100), (100, 200)] {
        shop.days_pass(passed);
        for member in [&ana, &ben] {
            sync::once(member).await?;
        }
        let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
        message::send(&ana, ring, "come in", None).await?;
        sync::once(&ben).await?;
        assert_eq!(texts(&ben, ring).await?, ["come in"], "day {day}");
    }
    Ok(())
}

/// A person whose key packages had ended was met with "current time is not within key package lifetime", each try burnt one of them, and left a
/// conversation of one behind.
#[tokio::test(flavor = "multi_thread")]
async fn who_never_synchronises_is_named_with_what_to_do_and_nothing_is_left_behind() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let lena = shop.join(&ana, "lena", Role::Member).await?;
    shop.days_pass(100);
    for member in [&ana, &lena] {
        sync::once(member).await?;
    }
    let alone = conversation::create(&ana, "Ring 2041", &with(&[&ben]), None).await.unwrap_err();
    assert_eq!((alone.code, alone.class), ("no_key_package", Class::Refused), "{alone}");
    assert!(alone.message.contains("ben") && alone.next_step.contains("open Bezel"), "{alone}");
    let both = conversation::create(&ana, "Ring 2041", &with(&[&ben, &lena]), None).await.unwrap_err();
    assert!(both.message.contains("ben can't be added") && !both.message.contains("lena"), "who is named: {both}");
    assert!(both.next_step.contains("--with lena"), "the others need not wait: {both}");
    assert!(conversation::list(&ana).await?.is_empty(), "nothing began here");
    assert_eq!(shop.count("SELECT count(*) FROM group_conversations").await?, 0, "nor at the relay");

    sync::once(&ben).await?;
    converse(&ana, &[(&ben, Role::Member), (&lena, Role::Member)]).await?;
    Ok(())
}

/// The last-resort key package was never replaced, and every private half was kept for ever: who took a home could open welcomes of years.
#[tokio::test(flavor = "multi_thread")]
async fn a_last_resort_is_replaced_after_its_use_and_every_month() -> Result<()> {
    const LAST: &str = "SELECT sum(id) FROM key_packages WHERE last_resort = 1";
    let mut shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    shop.meddle(&["DELETE FROM key_packages WHERE last_resort = 0"]).await?;
    let first = shop.count(LAST).await?;
    converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    let after_use = shop.count(LAST).await?;
    assert_ne!(after_use, first, "it was used");
    sync::once(&ben).await?;
    assert_eq!(shop.count(LAST).await?, after_use, "it was not used again");
    shop.days_pass(31);
    sync::once(&ben).await?;
    assert_ne!(shop.count(LAST).await?, after_use, "it is a month old");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn private_halves_of_key_packages_go_a_month_after_their_end() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let first = shop.count_at_home("ana", "SELECT min(rowid) FROM key_packages").await?;
    shop.days_pass(60);
    sync::once(&ana).await?;
    shop.days_pass(55);
    sync::once(&ana).await?;
    let kept = shop.count_at_home("ana", "SELECT min(rowid) FROM key_packages").await?;
    assert_eq!(kept, first, "day 115: a welcome may still be on its way");
    shop.days_pass(10);
    sync::once(&ana).await?;
    assert!(shop.count_at_home("ana", "SELECT min(created_at_ms) FROM key_packages").await? > shop.clock.now_ms() - 70 * DAY_MS);
    Ok(())
}

/// One statement of a clock that ran 200 days ahead kept everybody from inviting, revoking and rotating for 200 days.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_ran_ahead_once_freezes_nothing() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    shop.days_pass(200);
    people::set_role(&ana, ben.user(), Role::Admin).await?;
    shop.days_pass(-200);

    let lena = shop.join(&ana, "lena", Role::Member).await?;
    let ring = converse(&ana, &[(&lena, Role::Member)]).await?;
    message::send(&ana, ring, "on time", None).await?;
    sync::once(&lena).await?;
    assert_eq!(texts(&lena, ring).await?, ["on time"]);
    keys::rotate(&ana).await?;
    people::suspend(&ana, ben.user()).await?;
    assert!(sync::once(&ben).await.is_err(), "revocations count at once");
    let status = keys::status(&ana).await?;
    assert!(status.created_at <= Timestamp::from_ms(shop.clock.now_ms()), "no date that is shown lies in the future");
    Ok(())
}

/// A rotation of the identity key that the relay refused ended every round before the outbox.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_by_age_that_fails_does_not_end_the_round() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    message::send(&ben, ring, "are you there?", None).await?;
    let before = keys::status(&ana).await?.fingerprint;
    // Members live 91 days ahead of the relay: it takes no statement of theirs.
    shop.clock.pass(91 * DAY_MS);
    sync::once(&ana).await?;
    assert_eq!(texts(&ana, ring).await?, ["are you there?"]);
    assert_eq!(keys::status(&ana).await?.fingerprint, before, "the rotation was refused");
    Ok(())
}

/// The age of conversation keys was the relay's word: one that dated a commit into the future put the rotation off for as long.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dates_commits_ahead_does_not_stop_the_rotation() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    shop.relay_clock.pass(300 * DAY_MS);
    conversation::rotate(&ana, ring).await?;
    sync::once(&ben).await?;
    for member in [&ana, &ben] {
        let details = conversation::show(member, ring).await?;
        assert!(details.rotated_at <= Timestamp::from_ms(shop.clock.now_ms()), "{details:?}");
    }
    let epoch = conversation::show(&ana, ring).await?.epoch;
    shop.clock.pass(31 * DAY_MS);
    sync::once(&ana).await?;
    assert!(conversation::show(&ana, ring).await?.epoch > epoch, "31 days are too old");
    Ok(())
}

/// Renewing needed a log-in and a log-in needed a certificate in force: after 400 days away an owner alone was locked out for good.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_was_away_until_the_certificate_ended_comes_back_by_a_sync() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ring = converse(&ana, &[]).await?;
    message::send(&ana, ring, "see you", None).await?;
    shop.days_pass(430);
    sync::once(&ana).await?;
    message::send(&ana, ring, "back again", None).await?;
    assert_eq!(texts(&ana, ring).await?, ["see you", "back again"]);
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    conversation::add(&ana, ring, NewMember { user: ben.user(), role: Role::Member }).await?;
    Ok(())
}

/// A device without the identity key can't renew itself: it is told so, and fetches the renewal that another device makes.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_without_the_identity_key_fetches_its_renewal() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let (first, second) = shop.second_device(ana, "ana").await?;
    second.close().await;
    shop.meddle_at_home("ana-second", "DELETE FROM identity_keys").await?;
    let second = shop.reopen("ana-second").await?;
    shop.days_pass(430);
    let told = sync::once(&second).await.unwrap_err();
    assert_eq!(told.code, "certificate_lapsed", "{told}");
    assert!(told.next_step.contains("device where you began"), "{told}");
    sync::once(&first).await?;
    sync::once(&second).await?;
    Ok(())
}

/// Certificates were renewed with the identity key only: with a long interval they ended before it.
#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_renewed_at_half_their_life_without_a_rotation() -> Result<()> {
    const ROTATED: &str = "SELECT count(*) FROM roster_statements WHERE kind = 'identity_rotate'";
    const RENEWED: &str = "SELECT count(*) FROM roster_statements WHERE kind = 'renewal'";
    let shop = Shop::open().await?;
    let ana = shop.owner_by("ana", 365).await?;
    shop.days_pass(199);
    sync::once(&ana).await?;
    assert_eq!(shop.count(RENEWED).await?, 0, "199 days are young");
    shop.days_pass(2);
    sync::once(&ana).await?;
    assert_eq!((shop.count(RENEWED).await?, shop.count(ROTATED).await?), (1, 0));
    sync::once(&ana).await?;
    assert_eq!(shop.count(RENEWED).await?, 1, "once");
    Ok(())
}

/// The relay had taken the join, its answer was lost, and when the invitation was over the new member was out with the handle burnt.
#[tokio::test(flavor = "multi_thread")]
async fn a_join_whose_answer_was_lost_goes_on_when_the_invitation_is_over() -> Result<()> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let ana = shop.owner("ana").await?;
    let link = bezel_core::invite::create(&ana, Role::Member, 1).await?.link;
    liar.lose_answer(Method::POST, path::ROSTER);
    let home = shop.home("ben");
    let lost = shop.join_at(&home, &link, "ben").await.err().and_then(|error| error.downcast::<bezel_core::Error>().ok());
    assert!(lost.is_some_and(|error| error.is_offline()), "no answer came");
    shop.days_pass(3);
    let (ben, _) = shop.join_at(&home, &link, "ben").await?;
    sync::once(&ana).await?;
    assert!(ana.find_user(&"ben".parse()?).is_some_and(|user| user.id == ben.user()));
    Ok(())
}

/// Whoever joins says when: an old link could be used with a relay's help as long as nothing in the roster said that it is over.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_ended_unused_is_withdrawn_by_a_statement() -> Result<()> {
    const WITHDRAWN: &str = "SELECT count(*) FROM roster_statements WHERE kind = 'invite_revoke'";
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    bezel_core::invite::create(&ana, Role::Member, 7).await?;
    shop.days_pass(7);
    sync::once(&ana).await?;
    assert_eq!(shop.count(WITHDRAWN).await?, 0, "a joiner's clock may be behind");
    shop.days_pass(2);
    sync::once(&ana).await?;
    sync::once(&ana).await?;
    assert_eq!(shop.count(WITHDRAWN).await?, 1);
    Ok(())
}

/// Every start replayed the whole roster. Now it replays what came since the snapshot; a snapshot that is not of these statements is not
/// believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_believes_a_snapshot_of_its_own_roster_alone() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let expected: Vec<_> = people::list(&ana).into_iter().map(|person| person.handle).collect();
    ana.close().await;
    let of_the_join = shop.count_at_home("ben", "SELECT sequence FROM roster_snapshot").await?;
    assert!(of_the_join > 1, "who joins keeps what the replay found out");
    ben.close().await;
    for damage in [
        "SELECT 1",
        "UPDATE roster_snapshot SET hash = zeroblob(32)",
        "UPDATE roster_snapshot SET snapshot = x'80'",
        "UPDATE roster_snapshot SET sequence = sequence + 1",
        "DELETE FROM roster_snapshot",
    ] {
        shop.meddle_at_home("ana", damage).await?;
        let ana = shop.reopen("ana").await?;
        let known: Vec<_> = people::list(&ana).into_iter().map(|person| person.handle).collect();
        assert_eq!(known, expected, "{damage}");
        ana.close().await;
    }
    shop.meddle_at_home("ana", "UPDATE roster_statements SET statement = x'80' WHERE sequence = 1").await?;
    assert!(shop.reopen("ana").await.is_err(), "a damaged statement is noticed by the replay");
    Ok(())
}
