//! Members and a relay as they are, over days and faults: what must hold whatever happens in between.

use anyhow::Result;
use bezel_core::message::SentState;
use bezel_core::people::PersonStatus;
use bezel_core::{Class, Member, conversation, device, keys, message, people, sync};
use bezel_protocol::{ConversationId, Role};
use bezel_testkit::{DAY_MS, Shop, converse, texts};

async fn epoch(member: &Member, id: ConversationId) -> Result<u64> {
    Ok(conversation::show(member, id).await?.epoch)
}

/// Old keys are the ones that a thief has had time for (M3, S2).
#[tokio::test(flavor = "multi_thread")]
async fn keys_change_by_themselves_when_they_are_old() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    let (first_epoch, first_key) = (epoch(&ana, ring).await?, keys::status(&ana).await?.fingerprint);

    shop.clock.pass(29 * DAY_MS);
    sync::once(&ana).await?;
    assert_eq!(epoch(&ana, ring).await?, first_epoch, "29 days are young");
    shop.clock.pass(2 * DAY_MS);
    sync::once(&ana).await?;
    assert!(epoch(&ana, ring).await? > first_epoch, "conversation keys change after 30 days");
    assert_eq!(keys::status(&ana).await?.fingerprint, first_key, "the identity key may be 90 days old");
    Ok(())
}

/// `KEY_ROTATION_INTERVAL_DAYS`, 90 where nothing else is said.
#[tokio::test(flavor = "multi_thread")]
async fn an_identity_key_changes_by_itself_at_its_age() -> Result<()> {
    let shop = Shop::open().await?;
    // The relay takes no statement from the future: the shop began in the past.
    shop.clock.pass(-91 * DAY_MS);
    let ana = shop.owner("ana").await?;
    let first = keys::status(&ana).await?.fingerprint;
    shop.clock.pass(89 * DAY_MS);
    sync::once(&ana).await?;
    assert_eq!(keys::status(&ana).await?.fingerprint, first, "89 days are young");
    shop.clock.pass(2 * DAY_MS);
    sync::once(&ana).await?;
    assert_ne!(keys::status(&ana).await?.fingerprint, first);
    Ok(())
}

/// History must never hang on one computer: the key is in the backup before its message shows as sent (S8, protocol §7).
#[tokio::test(flavor = "multi_thread")]
async fn what_shows_as_sent_has_its_key_in_the_backup() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ring = converse(&ana, &[]).await?;
    for text in ["one", "two"] {
        assert_eq!(message::send(&ana, ring, text, None).await?.state, SentState::Sent);
        let unsafe_messages = shop
            .count(
                "SELECT count(*) FROM encrypted_message_metadata m WHERE NOT EXISTS (
                     SELECT 1 FROM user_conversation_keys k WHERE k.conversation_id = m.conversation_id AND k.epoch = m.epoch)",
            )
            .await?;
        assert_eq!(unsafe_messages, 0);
        conversation::rotate(&ana, ring).await?;
    }
    assert_eq!(shop.count("SELECT count(*) FROM encrypted_message_metadata").await?, 3, "two messages and the description");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_identity_goes_on_where_the_old_one_stood() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    let before = keys::status(&ana).await?.fingerprint;
    keys::rotate(&ana).await?;
    assert_ne!(keys::status(&ana).await?.fingerprint, before);

    message::send(&ana, ring, "same hand, new key", None).await?;
    sync::once(&ben).await?;
    assert_eq!(texts(&ben, ring).await?, ["same hand, new key"]);
    ana.close().await;
    let ana = shop.reopen("ana").await?;
    people::set_role(&ana, ben.user(), Role::Admin).await?;
    sync::once(&ben).await?;
    let me = people::list(&ben).into_iter().find(|person| person.me);
    assert_eq!(me.map(|me| me.role), Some(Role::Admin), "the new key speaks in the roster after a restart");
    Ok(())
}

/// Protocol §4: an online member with the right removes the leaves of whoever the roster shuts out, at once.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_suspended_leaves_every_conversation_and_can_come_back() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let lena = shop.join(&ana, "lena", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member), (&lena, Role::Member)]).await?;
    people::suspend(&ana, ben.user()).await?;
    let inside = conversation::show(&ana, ring).await?.members;
    assert!(!inside.iter().any(|member| member.handle == "ben"), "ben's leaf goes at once: {inside:?}");
    let refused = sync::once(&ben).await.unwrap_err();
    assert_eq!(refused.class, Class::Refused, "a suspended member is refused everywhere: {refused}");

    message::send(&ana, ring, "without ben", None).await?;
    sync::once(&lena).await?;
    assert_eq!(texts(&lena, ring).await?, ["without ben"]);

    people::reinstate(&ana, ben.user()).await?;
    conversation::add(&ana, ring, conversation::NewMember { user: ben.user(), role: Role::Guest }).await?;
    message::send(&ana, ring, "with ben", None).await?;
    sync::once(&ben).await?;
    assert_eq!(texts(&ben, ring).await?, ["with ben"], "what was said meanwhile is not for him");
    let status = people::list(&ana).into_iter().find(|person| person.handle == "ben").map(|person| person.status);
    assert_eq!(status, Some(PersonStatus::Active));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_is_shut_out_at_once() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    device::revoke(&ana, ben.device()).await?;
    assert!(sync::once(&ben).await.is_err(), "the relay refuses it");
    message::send(&ana, ring, "not for a stolen computer", None).await?;
    let details = conversation::show(&ana, ring).await?;
    assert!(details.members.iter().all(|member| member.handle != "ben" || member.devices == 0), "its leaf is gone: {details:?}");
    Ok(())
}

/// One commit an epoch: whoever loses the race takes the winner and tries again, and both end in the same group.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_rotate_at_once_end_in_the_same_group() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Admin)]).await?;
    sync::once(&ben).await?;
    for round in 0..5 {
        let (one, other) = tokio::join!(conversation::rotate(&ana, ring), conversation::rotate(&ben, ring));
        assert!(one.is_ok() && other.is_ok(), "round {round}: {one:?} {other:?}");
    }
    sync::once(&ana).await?;
    sync::once(&ben).await?;
    assert_eq!(epoch(&ana, ring).await?, epoch(&ben, ring).await?);
    message::send(&ana, ring, "still together", None).await?;
    sync::once(&ben).await?;
    assert_eq!(texts(&ben, ring).await?, ["still together"]);
    Ok(())
}

/// Written in an epoch that is over: the message takes the new keys, under the same id, once (M12).
#[tokio::test(flavor = "multi_thread")]
async fn a_message_written_before_a_rotation_arrives_once_in_the_new_keys() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    conversation::rotate(&ana, ring).await?;
    let sent = message::send(&ben, ring, "late", None).await?;
    assert_eq!(sent.state, SentState::Sent, "it takes the commit and goes on");
    sync::once(&ana).await?;
    sync::once(&ana).await?;
    assert_eq!(texts(&ana, ring).await?, ["late"]);
    let page = message::list(&ana, ring, None, 10).await?;
    assert!(page.messages.iter().all(|message| message.verified && message.epoch == 2), "{page:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_past_comes_back_page_by_page_and_in_order() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    let expected: Vec<String> = (0..450).map(|number| format!("piece {number}")).collect();
    for text in &expected {
        message::send(&ana, ring, text, None).await?;
    }
    sync::once(&ben).await?;
    assert_eq!(texts(&ben, ring).await?, expected);
    let status = conversation::status(&ben, ring).await?;
    assert!(status.warnings.is_empty(), "the chain has no hole: {:?}", status.warnings);
    Ok(())
}
