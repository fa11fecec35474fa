//! Changes of a group: kept until their epoch is over, found in the log, and followed from its first entry by whoever comes in.

use anyhow::{Context as _, Result};
use axum::http::Method;
use bezel_core::conversation::{self, NewMember};
use bezel_core::{Member, alarm, message, people, sync};
use bezel_protocol::wire::path;
use bezel_protocol::{ConversationId, Role};
use bezel_testkit::{Shop, converse, texts};

async fn epoch(member: &Member, ring: ConversationId) -> Result<u64> {
    Ok(conversation::show(member, ring).await?.epoch)
}

/// The relay took a commit, and its author never heard so: it is found in the log, and the conversation goes on for everybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_found_in_the_log() -> Result<()> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    let before = epoch(&ana, ring).await?;

    liar.lose_answer(Method::POST, &path::of(path::COMMITS, ring));
    conversation::rotate(&ana, ring).await.unwrap_err();
    drop(ana);
    let ana = shop.reopen("ana").await?;
    sync::once(&ana).await?;
    assert_eq!(epoch(&ana, ring).await?, before + 1, "the log holds it");
    assert_eq!(conversation::rotate(&ana, ring).await?, before + 2);
    message::send(&ana, ring, "in new keys", None).await?;
    sync::once(&ben).await?;
    message::send(&ben, ring, "heard", None).await?;
    sync::once(&ana).await?;
    assert_eq!(texts(&ana, ring).await?, ["in new keys", "heard"]);
    assert_eq!(texts(&ben, ring).await?, ["in new keys", "heard"]);
    Ok(())
}

/// The line broke before the relay heard that a welcome was taken: it hands it out again, and nobody does anything wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_welcome_that_comes_again_since_the_line_broke_is_no_alarm() -> Result<()> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    let welcome = path::of(path::WELCOME, ring);
    liar.answer_instead(move |asked| (asked.method == Method::DELETE && asked.path() == welcome).then(|| (502, Vec::new())));
    sync::once(&ben).await.unwrap_err();
    liar.repent();
    message::send(&ana, ring, "heard", None).await?;
    sync::once(&ben).await?;
    assert_eq!(texts(&ben, ring).await?, ["heard"]);
    assert!(alarm::list(&ben).await?.is_empty());
    assert_eq!(shop.count("SELECT count(*) FROM welcomes").await?, 0);
    Ok(())
}

/// What the relay took before its author was put out stands there: another message does not take its number.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_was_lost_before_its_author_was_put_out_is_found_in_the_log() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, liar) = (shop.owner("ana").await?, shop.liar().await?);
    let ben = shop.join_behind(&ana, ("ben", Role::Member), &liar).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    liar.lose_answer(Method::POST, &path::of(path::MESSAGES, ring));
    message::send(&ben, ring, "one", None).await?;
    conversation::remove(&ana, ring, ben.user()).await?;
    sync::once(&ben).await?;
    conversation::add(&ana, ring, NewMember { user: ben.user(), role: Role::Member }).await?;
    sync::once(&ben).await?;
    message::send(&ben, ring, "two", None).await?;
    sync::once(&ana).await?;
    for member in [&ana, &ben] {
        assert_eq!(texts(member, ring).await?, ["one", "two"]);
        assert!(alarm::list(member).await?.is_empty());
    }
    Ok(())
}

/// Ana and Ben talk; Cy is let in while away, and the relay's owner meddles before Cy looks.
async fn cy_comes_into(meddle: &'static [&'static str]) -> Result<(Shop, Member, Member, ConversationId)> {
    let mut shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let cy = shop.join(&ana, "cy", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    conversation::rotate(&ana, ring).await?;
    let person = people::list(&ana).into_iter().find(|person| person.handle == "cy");
    let user = person.context("cy is in the workspace")?.user.parse()?;
    conversation::add(&ana, ring, NewMember { user, role: Role::Member }).await?;
    shop.meddle(meddle).await?;
    let _ = sync::once(&cy).await;
    Ok((shop, ana, cy, ring))
}

async fn is_told_and_not_inside(cy: &Member, code: &str) -> Result<()> {
    let alarms: Vec<String> = alarm::list(cy).await?.into_iter().map(|alarm| alarm.code).collect();
    assert!(alarms.iter().any(|told| told == code), "{alarms:?}");
    assert!(conversation::list(cy).await?.is_empty(), "nothing of it is shown as a conversation");
    Ok(())
}

/// A newcomer believes nobody's word for a group: it follows from the log's first entry.
#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_takes_no_group_whose_beginning_is_another() -> Result<()> {
    let (_shop, _, cy, _) = cy_comes_into(&["UPDATE group_conversations SET begin = CAST(begin || x'00' AS BLOB)"]).await?;
    is_told_and_not_inside(&cy, "commits_withheld").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_takes_no_group_of_which_a_change_is_withheld() -> Result<()> {
    let (_shop, _, cy, _) = cy_comes_into(&["DELETE FROM conversation_encryption_keys WHERE epoch = 0"]).await?;
    is_told_and_not_inside(&cy, "commits_withheld").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_takes_no_group_from_a_log_that_was_cut() -> Result<()> {
    let (_shop, _, cy, _) = cy_comes_into(&["DELETE FROM conversation_log WHERE sequence = 2"]).await?;
    is_told_and_not_inside(&cy, "log_forked").await
}

/// The honest way, for what the attacks above are compared with.
#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_is_inside_at_once_where_the_log_leads_to_the_group() -> Result<()> {
    let (_shop, ana, cy, ring) = cy_comes_into(&[]).await?;
    message::send(&cy, ring, "here", None).await?;
    sync::once(&ana).await?;
    assert_eq!(texts(&ana, ring).await?, ["here"]);
    assert!(alarm::list(&cy).await?.is_empty());
    Ok(())
}
