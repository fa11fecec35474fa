//! A relay whose owner meddles with its database: what members notice, by name. Nothing false is ever shown as content.

use anyhow::Result;
use bezel_core::{Member, alarm, conversation, message, people, sync};
use bezel_protocol::wire::{RosterPage, path};
use bezel_protocol::{ConversationId, Role, cbor};
use bezel_testkit::{Shop, converse, texts};

/// Ana has written three messages; ben has not yet looked.
async fn three_messages(shop: &Shop) -> Result<(Member, Member, ConversationId)> {
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    for text in ["one", "two", "three"] {
        message::send(&ana, ring, text, None).await?;
    }
    Ok((ana, ben, ring))
}

async fn newest_alarm(member: &Member) -> Result<Option<String>> {
    Ok(alarm::list(member).await?.into_iter().next().map(|alarm| alarm.code))
}

/// M4, M5: bytes that are not those of the log are told, never shown as content.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_message_is_not_shown_as_content() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (_ana, ben, ring) = three_messages(&shop).await?;
    shop.meddle(&["CREATE TABLE kept AS SELECT envelope FROM message_envelopes WHERE sequence = 5",
                  "UPDATE message_envelopes SET envelope = CAST(substr(envelope, 1, length(envelope) - 80) || zeroblob(1) || substr(envelope, length(envelope) - 78) AS BLOB)
                   WHERE sequence = 5"])
        .await?;
    let told = sync::once(&ben).await.unwrap_err();
    assert_eq!(told.code, "messages_changed");
    assert_eq!(texts(&ben, ring).await?, ["one", "three"], "what was not changed is here");
    shop.meddle(&["UPDATE message_envelopes SET envelope = (SELECT envelope FROM kept) WHERE sequence = 5", "DROP TABLE kept"]).await?;
    sync::once(&ben).await?;
    assert_eq!(texts(&ben, ring).await?, ["one", "two", "three"], "what was changed comes when it is itself again");
    Ok(())
}

/// An older message put in the place of a newer one is not one of the log.
#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_message_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (_ana, ben, ring) = three_messages(&shop).await?;
    shop.meddle(&[
        "UPDATE message_envelopes SET envelope = (SELECT envelope FROM message_envelopes WHERE sequence = 4) WHERE sequence = 6",
    ])
    .await?;
    assert_eq!(sync::once(&ben).await.unwrap_err().code, "messages_changed");
    let shown = texts(&ben, ring).await?;
    assert_eq!(shown.iter().filter(|text| *text == "one").count(), 1, "one message is never two: {shown:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_another_order_are_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (_ana, ben, _) = three_messages(&shop).await?;
    shop.meddle(&[
        "UPDATE message_envelopes SET sequence = 99 WHERE sequence = 3",
        "UPDATE message_envelopes SET sequence = 3 WHERE sequence = 4",
        "UPDATE message_envelopes SET sequence = 4 WHERE sequence = 99",
    ])
    .await?;
    assert_eq!(sync::once(&ben).await.unwrap_err().code, "messages_changed");
    assert_eq!(newest_alarm(&ben).await?.as_deref(), Some("messages_changed"));
    Ok(())
}

/// A gapless sequence is promised; a hole in it is an alarm.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_withheld_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (_ana, ben, _) = three_messages(&shop).await?;
    shop.meddle(&["DELETE FROM message_envelopes WHERE sequence = 4"]).await?;
    assert!(sync::once(&ben).await.is_err(), "what is missing is asked for, not passed over");
    assert_eq!(newest_alarm(&ben).await?.as_deref(), Some("messages_withheld"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_short_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (ana, ben, ring) = three_messages(&shop).await?;
    sync::once(&ben).await?;
    shop.meddle(&[
        "DELETE FROM message_envelopes WHERE sequence = 5",
        "DELETE FROM encrypted_message_metadata WHERE sequence = 5",
        "UPDATE group_conversations SET last_sequence = last_sequence - 1",
    ])
    .await?;
    assert_eq!(sync::once(&ana).await.unwrap_err().code, "log_truncated");
    assert_eq!(newest_alarm(&ana).await?.as_deref(), Some("log_truncated"));
    assert_eq!(texts(&ana, ring).await?, ["one", "two", "three"], "what was received stays");
    Ok(())
}

/// S5: the relay can't forget that somebody was suspended.
#[tokio::test(flavor = "multi_thread")]
async fn a_roster_that_was_cut_short_is_refused() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (ana, ben, _) = three_messages(&shop).await?;
    sync::once(&ben).await?;
    people::suspend(&ana, ben.user()).await?;
    shop.meddle(&["DELETE FROM roster_statements WHERE sequence = (SELECT max(sequence) FROM roster_statements)"]).await?;
    let refused = sync::once(&ana).await.unwrap_err();
    assert_eq!(refused.code, "roster_truncated", "{refused}");
    assert_eq!(newest_alarm(&ana).await?.as_deref(), Some("roster_truncated"));
    Ok(())
}

/// Protocol §10: checkpoints are remembered, so a rewritten past is noticed.
#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_audit_log_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (ana, _, _) = three_messages(&shop).await?;
    sync::once(&ana).await?;
    shop.meddle(&["DROP TRIGGER encryption_audit_logs_no_delete", "DELETE FROM encryption_audit_logs WHERE sequence > 3"]).await?;
    sync::once(&ana).await?;
    assert_eq!(newest_alarm(&ana).await?.as_deref(), Some("audit_rewritten"));
    Ok(())
}

/// M10: a change of the group that its author did not make is no change.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_was_changed_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (ana, ben, ring) = three_messages(&shop).await?;
    sync::once(&ben).await?;
    conversation::rotate(&ana, ring).await?;
    shop.meddle(&["UPDATE conversation_encryption_keys SET entry = CAST(entry || x'00' AS BLOB) WHERE epoch = (SELECT max(epoch) FROM conversation_encryption_keys)"])
        .await?;
    assert!(sync::once(&ben).await.is_err());
    assert_eq!(newest_alarm(&ben).await?.as_deref(), Some("commits_withheld"));
    Ok(())
}

/// "Not found" ends nothing: the relay would show the commit that did.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_the_relay_denies_is_kept() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (_ana, ben, ring) = three_messages(&shop).await?;
    sync::once(&ben).await?;
    shop.meddle(&["DELETE FROM group_devices", "DELETE FROM group_members"]).await?;
    assert!(sync::once(&ben).await.is_err());
    assert_eq!(newest_alarm(&ben).await?.as_deref(), Some("conversation_withheld"));
    assert_eq!(texts(&ben, ring).await?, ["one", "two", "three"]);
    assert!(!conversation::show(&ben, ring).await?.removed, "only a verified commit removes anybody");
    Ok(())
}

/// A roster is handed out in pages, which may be as short as the relay likes.
#[tokio::test(flavor = "multi_thread")]
async fn a_roster_in_short_pages_is_read_to_its_end_and_one_that_stops_before_is_noticed() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    shop.join(&ana, "ben", Role::Member).await?;
    let liar = shop.liar().await?;
    let cut = |length: usize| {
        move |bytes: Vec<u8>| {
            let Ok(mut page) = cbor::decode::<RosterPage>(&bytes) else { return bytes };
            page.statements.truncate(length);
            cbor::encode(&page)
        }
    };
    liar.lie_about(path::ROSTER, cut(1));
    let cy = shop.join_behind(&ana, ("cy", Role::Member), &liar).await?;
    assert_eq!(people::list(&cy).len(), 3);
    shop.join(&ana, "dan", Role::Member).await?;
    sync::once(&cy).await?;
    assert_eq!(people::list(&cy).len(), 4);
    assert_eq!(newest_alarm(&cy).await?, None);
    liar.lie_about(path::ROSTER, cut(0));
    shop.join(&ana, "eva", Role::Member).await?;
    assert_eq!(sync::once(&cy).await.unwrap_err().code, "roster_truncated");
    assert_eq!(newest_alarm(&cy).await?.as_deref(), Some("roster_truncated"));
    Ok(())
}
