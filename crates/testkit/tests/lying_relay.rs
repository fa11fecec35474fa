//! A relay whose owner meddles with its database: what members notice, by name. Nothing false is ever shown as content.

use anyhow::Result;
use bezel_core::message::MessageKind;
use bezel_core::{Member, conversation, message, sync, workspace};
use bezel_protocol::{ConversationId, Role};
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

async fn alarm(member: &Member) -> Result<Option<String>> {
    Ok(workspace::alarm(member).await?.map(|alarm| alarm.code))
}

/// M4, M5: a changed message is shown as changed, never as content.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_message_is_not_shown_as_content() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (_ana, ben, ring) = three_messages(&shop).await?;
    shop.meddle(&["UPDATE message_envelopes SET envelope = CAST(substr(envelope, 1, length(envelope) - 80) || zeroblob(1) || substr(envelope, length(envelope) - 78) AS BLOB)
                   WHERE sequence = 3"])
        .await?;
    sync::once(&ben).await?;
    let page = message::list(&ben, ring, None, 10).await?;
    let changed: Vec<_> = page.messages.iter().filter(|message| !message.verified).collect();
    assert_eq!(changed.len(), 1, "{page:?}");
    assert!(changed.iter().all(|message| message.kind == MessageKind::Unreadable && message.text.is_none() && message.problem.is_some()));
    Ok(())
}

/// The chain of a sender's messages: an older message put in the place of a newer one is noticed.
#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_message_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (_ana, ben, ring) = three_messages(&shop).await?;
    shop.meddle(&[
        "UPDATE message_envelopes SET envelope = (SELECT envelope FROM message_envelopes WHERE sequence = 2) WHERE sequence = 4",
    ])
    .await?;
    sync::once(&ben).await?;
    let page = message::list(&ben, ring, None, 10).await?;
    let shown: Vec<_> = page.messages.iter().filter_map(|message| message.text.as_deref()).collect();
    assert_eq!(shown.iter().filter(|text| **text == "one").count(), 1, "one message is never two: {shown:?}");
    assert!(!conversation::status(&ben, ring).await?.warnings.is_empty() || page.messages.iter().any(|message| !message.verified));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_another_order_are_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (_ana, ben, ring) = three_messages(&shop).await?;
    shop.meddle(&[
        "UPDATE message_envelopes SET sequence = 99 WHERE sequence = 2",
        "UPDATE message_envelopes SET sequence = 2 WHERE sequence = 3",
        "UPDATE message_envelopes SET sequence = 3 WHERE sequence = 99",
    ])
    .await?;
    sync::once(&ben).await?;
    let status = conversation::status(&ben, ring).await?;
    assert!(status.warnings.iter().any(|warning| warning.code == "missing_messages"), "{:?}", status.warnings);
    Ok(())
}

/// A gapless sequence is promised; a hole in it is an alarm.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_withheld_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (_ana, ben, _) = three_messages(&shop).await?;
    shop.meddle(&["DELETE FROM message_envelopes WHERE sequence = 3"]).await?;
    assert!(sync::once(&ben).await.is_err(), "what is missing is asked for, not passed over");
    assert_eq!(alarm(&ben).await?.as_deref(), Some("messages_withheld"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_short_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (ana, ben, ring) = three_messages(&shop).await?;
    sync::once(&ben).await?;
    shop.meddle(&[
        "DELETE FROM message_envelopes WHERE sequence = 4",
        "DELETE FROM encrypted_message_metadata WHERE sequence = 4",
        "UPDATE group_conversations SET last_sequence = 3",
    ])
    .await?;
    sync::once(&ana).await?;
    assert_eq!(alarm(&ana).await?.as_deref(), Some("log_truncated"));
    assert_eq!(texts(&ana, ring).await?, ["one", "two", "three"], "what was received stays");
    Ok(())
}

/// S5: the relay can't forget that somebody was suspended.
#[tokio::test(flavor = "multi_thread")]
async fn a_roster_that_was_cut_short_is_refused() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (ana, ben, _) = three_messages(&shop).await?;
    sync::once(&ben).await?;
    bezel_core::people::suspend(&ana, ben.user()).await?;
    shop.meddle(&["DELETE FROM roster_statements WHERE sequence = (SELECT max(sequence) FROM roster_statements)"]).await?;
    let refused = sync::once(&ana).await.unwrap_err();
    assert_eq!(refused.code, "roster_truncated", "{refused}");
    assert_eq!(alarm(&ana).await?.as_deref(), Some("roster_truncated"));
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
    assert_eq!(alarm(&ana).await?.as_deref(), Some("audit_rewritten"));
    Ok(())
}

/// M10: the relay's view of the members must be the group's.
#[tokio::test(flavor = "multi_thread")]
async fn a_ghost_among_the_members_of_a_commit_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (ana, ben, ring) = three_messages(&shop).await?;
    sync::once(&ben).await?;
    conversation::rotate(&ana, ring).await?;
    // The list of members that came with the newest commit is taken from the first one, when ana was alone.
    shop.meddle(&[
        "UPDATE conversation_encryption_keys SET devices = x'80' WHERE epoch = (SELECT max(epoch) FROM conversation_encryption_keys)",
    ])
    .await?;
    sync::once(&ben).await?;
    assert_eq!(alarm(&ben).await?.as_deref(), Some("members_mismatch"));
    Ok(())
}
