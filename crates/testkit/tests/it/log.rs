//! What a member knows by the log of a conversation, and makes of it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bezel_core::conversation::MemberView;
use bezel_core::file::{self, SaveTo, Share};
use bezel_core::message::MessageState;
use bezel_core::{Member, alarm, call, conversation, doctor, message, sync};
use bezel_protocol::content::CallMedia;
use bezel_protocol::{ConversationId, FileId, MessageId, Role};
use bezel_testkit::{Shop, converse, texts};

const MINUTE_MS: i64 = 60_000;

/// Which of a member's messages are marked as confirmed by nobody.
async fn unconfirmed(member: &Member, id: ConversationId) -> Result<Vec<String>> {
    let page = message::list(member, id, None, 500).await?;
    Ok(page.messages.into_iter().filter(|message| message.unconfirmed).filter_map(|message| message.text).collect())
}

async fn shown(member: &Member, id: ConversationId, handle: &str) -> Result<MemberView> {
    conversation::show(member, id).await?.members.into_iter().find(|each| each.handle == handle).context("not a member")
}

/// A relay that keeps one conversation from its readers is seen by their silence there while they write elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn an_own_message_that_nobody_confirms_for_a_day_while_readers_write_elsewhere_is_marked() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    let stock = converse(&ana, &[(&ben, Role::Member)]).await?;
    message::send(&ana, ring, "is it set?", None).await?;
    shop.days_pass(2);
    message::send(&ana, ring, "hello?", None).await?;
    sync::once(&ben).await?;
    assert!(unconfirmed(&ana, ring).await?.is_empty(), "ben may be away");

    message::send(&ben, stock, "six sapphires", None).await?;
    sync::once(&ana).await?;
    assert_eq!(unconfirmed(&ana, ring).await?, ["is it set?"], "what was written just now may still be confirmed");
    assert_eq!(shown(&ana, ring, "ben").await?.confirmed_at, None);

    message::send(&ben, ring, "set and polished", None).await?;
    sync::once(&ana).await?;
    assert!(unconfirmed(&ana, ring).await?.is_empty(), "by writing there ben has confirmed both");
    assert!(shown(&ana, ring, "ben").await?.confirmed_at.is_some());
    Ok(())
}

/// A device that is kept apart goes on naming an old place; one that is not names what it wrote itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_leaves_its_own_entries_unconfirmed_is_shown_as_not_confirming() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    message::send(&ben, ring, "first", None).await?;
    for clock in [&shop.clock, &shop.relay_clock] {
        clock.pass(11 * MINUTE_MS);
    }
    message::send(&ben, ring, "second", None).await?;
    sync::once(&ana).await?;
    assert!(shown(&ana, ring, "ben").await?.confirms, "the second message names the place of the first");

    ana.close().await;
    // As a device writes whose relay never tells it what became of its first message.
    let touched = shop.meddle_at_home("ana", "UPDATE log SET seen = 1 WHERE device NOT IN (SELECT device FROM device_keys)").await?;
    assert_eq!(touched, 2);
    let ana = shop.reopen("ana").await?;
    assert!(!shown(&ana, ring, "ben").await?.confirms);
    assert!(shown(&ana, ring, "ana").await?.confirms, "it is ben alone who does not");
    Ok(())
}

/// The one thing by which a relay with two histories is seen: what others sign of the log.
#[tokio::test(flavor = "multi_thread")]
async fn two_histories_of_a_conversation_are_an_alarm_that_stays_until_it_is_seen() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    let stock = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    message::send(&ben, ring, "before", None).await?;
    sync::once(&ana).await?;
    ana.close().await;
    // Ana's relay showed her another log up to here: the places are the same, the hashes are not.
    let newest = "UPDATE spine SET hash = zeroblob(32) WHERE conversation = (SELECT conversation FROM log WHERE kind = 'text' LIMIT 1)";
    assert!(shop.meddle_at_home("ana", newest).await? > 0);
    let ana = shop.reopen("ana").await?;
    for id in [ring, stock] {
        message::send(&ben, id, "after", None).await?;
    }
    sync::once(&ana).await?;
    let alarms = alarm::list(&ana).await?;
    let [fork] = alarms.as_slice() else { panic!("one alarm: {alarms:?}") };
    let accused = (fork.accused.as_deref(), fork.accused_device.clone(), fork.acknowledged_at.is_some());
    assert_eq!((fork.code.as_str(), fork.conversation.clone()), ("log_forked", Some(ring.to_string())));
    assert_eq!(accused, (Some("ben"), Some(ben.device().to_string()), false));
    let page = message::list(&ana, ring, None, 10).await?.messages;
    let last = page.last().context("something is shown at its place")?;
    assert!(!last.verified && last.text.is_none(), "{last:?}");
    assert_eq!(texts(&ana, stock).await?, ["after"], "the other conversation goes on");
    alarm::acknowledge(&ana, &fork.id).await?;
    assert!(alarm::list(&ana).await?.iter().all(|alarm| alarm.acknowledged_at.is_some()));
    Ok(())
}

/// Certificates are judged by the relay's time: one that runs ahead is told once, with whose clock may be wrong.
#[tokio::test(flavor = "multi_thread")]
async fn entries_dated_ahead_of_the_readers_clock_raise_one_alarm_a_conversation() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    shop.relay_clock.pass(9 * MINUTE_MS);
    message::send(&ben, ring, "two clocks differ", None).await?;
    sync::once(&ana).await?;
    assert!(alarm::list(&ana).await?.is_empty());

    shop.relay_clock.pass(2 * MINUTE_MS);
    message::send(&ben, ring, "from the future", None).await?;
    sync::once(&ana).await?;
    for member in [&ana, &ben] {
        let alarms = alarm::list(member).await?;
        let [raised] = alarms.as_slice() else { panic!("one alarm: {alarms:?}") };
        assert_eq!((raised.code.as_str(), raised.conversation.clone()), ("log_dated_ahead", Some(ring.to_string())));
        assert!(raised.next_step.contains("this computer's date and time") && raised.next_step.contains("relay"), "{raised:?}");
        alarm::acknowledge(member, &raised.id).await?;
    }
    message::send(&ben, ring, "still from there", None).await?;
    sync::once(&ana).await?;
    let again = alarm::list(&ana).await?;
    assert!(again.iter().all(|alarm| alarm.acknowledged_at.is_some() && alarm.count == 1), "it is not told again: {again:?}");
    assert_eq!(texts(&ana, ring).await?, ["two clocks differ", "from the future", "still from there"], "nothing is held up");
    Ok(())
}

/// A key that encrypts without an end is worth more to a thief. Who changes it when many could is written in the log.
#[tokio::test(flavor = "multi_thread")]
async fn keys_change_after_so_many_messages_by_the_device_that_wrote_the_last_of_them() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    let epoch = async |member: &Member| Ok::<_, anyhow::Error>(conversation::show(member, ring).await?.epoch);
    for member in [ana, ben] {
        member.close().await;
    }
    let (ana, ben) = (shop.reopen_with_epochs_of("ana", 4).await?, shop.reopen_with_epochs_of("ben", 4).await?);
    let first = epoch(&ana).await?;
    // Its description is the first message of a conversation.
    for text in ["two", "three"] {
        message::send(&ana, ring, text, None).await?;
    }
    sync::once(&ana).await?;
    assert_eq!(epoch(&ana).await?, first, "three are not four");
    message::send(&ben, ring, "four", None).await?;
    sync::once(&ana).await?;
    assert_eq!(epoch(&ana).await?, first, "it is not ana's turn");
    sync::once(&ben).await?;
    assert_eq!(epoch(&ben).await?, first + 1);
    sync::once(&ben).await?;
    assert_eq!(epoch(&ben).await?, first + 1, "and once");

    for text in ["one", "two", "three", "four"] {
        message::send(&ben, ring, text, None).await?;
    }
    // Ben does nothing: the next turn is that of whoever writes the eighth.
    for text in ["five", "six", "seven", "eight"] {
        message::send(&ana, ring, text, None).await?;
    }
    sync::once(&ana).await?;
    assert_eq!(epoch(&ana).await?, first + 2);
    sync::once(&ben).await?;
    message::send(&ben, ring, "in the new keys", None).await?;
    sync::once(&ana).await?;
    assert_eq!(texts(&ana, ring).await?.last().map(String::as_str), Some("in the new keys"));
    Ok(())
}

/// What is derived from the log, by table.
const DERIVED: [&str; 5] = ["messages", "files", "file_receipts", "file_revocations", "calls"];

/// The rows that are derived from the log, what titles stand on, and what is found.
async fn derived(shop: &Shop, name: &str) -> Result<Vec<Vec<String>>> {
    let mut tables = Vec::new();
    for table in DERIVED {
        tables.push(shop.rows_at_home(name, &format!("SELECT * FROM {table} ORDER BY 1, 2, 3")).await?);
    }
    tables.push(shop.rows_at_home(name, "SELECT id, title, description, described_at, describe_at_ms FROM conversations").await?);
    Ok(tables)
}

/// A screen that shows less than was said is mended from what was said, and by nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_derived_from_the_log_can_be_dropped_and_made_again() -> Result<()> {
    let mut shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    let folder = tempfile::tempdir()?;
    let mut files = Vec::new();
    for name in ["drawing.txt", "old.txt"] {
        let path = folder.path().join(name);
        std::fs::write(&path, name)?;
        files.push(file::send(&ana, ring, path, &Share::default()).await?.file.parse::<FileId>().context("a file has an id")?);
    }
    sync::once(&ben).await?;
    for file in &files {
        file::save(&ben, *file, &SaveTo { path: folder.path().join("saved"), replace: true }).await?;
    }
    let first = message::send(&ben, ring, "platinum, not gold", None).await?;
    sync::once(&ana).await?;
    let answered: MessageId = first.message.parse().context("a message has an id")?;
    message::send(&ana, ring, "as you say", Some(answered.into())).await?;
    file::revoke(&ana, files[1]).await?;
    call::link::create(&ana, ring, CallMedia::Video, Duration::from_secs(3600), true).await?;
    sync::once(&ben).await?;
    message::send(&ben, ring, "seen", None).await?;
    sync::once(&ana).await?;
    shop.close_relay().await;
    for text in ["refused", "written offline"] {
        message::send(&ana, ring, text, None).await?;
    }
    for member in [ana, ben] {
        member.close().await;
    }
    let refuse = "UPDATE outbox SET refused = 1 WHERE position = (SELECT min(position) FROM outbox)";
    let show = "UPDATE messages SET state = 'refused', problem = 'No room.' WHERE number IN (SELECT number FROM outbox WHERE refused = 1)";
    shop.change_home("ana", &[refuse, show]).await?;

    for name in ["ana", "ben"] {
        // Somebody waits to be told the title again: that stands nowhere in the log.
        shop.change_home(name, &["UPDATE conversations SET describe_at_ms = 9000000000000"]).await?;
        let before = derived(&shop, name).await?;
        assert!(before.iter().all(|rows| !rows.is_empty()), "the journey leaves something in every table of {name}: {before:?}");
        let replayed = replay(&shop, name, ring).await?;
        compare(name, &derived(&shop, name).await?, &before);
        // Damage: rows are gone, a title and a text are others.
        shop.change_home(
            name,
            &[
                "DELETE FROM messages WHERE state <> 'refused' AND kind = 'file'",
                "UPDATE messages SET text = 'forged', reply_to = NULL WHERE kind = 'text'",
                "DELETE FROM files",
                "DELETE FROM file_receipts",
                "DELETE FROM file_revocations",
                "DELETE FROM calls",
                "UPDATE conversations SET title = 'forged', description = NULL",
            ],
        )
        .await?;
        assert_ne!(derived(&shop, name).await?, before);
        assert_eq!(replay(&shop, name, ring).await?, replayed, "every message of the log is read");
        compare(name, &derived(&shop, name).await?, &before);
    }
    Ok(())
}

fn compare(name: &str, after: &[Vec<String>], before: &[Vec<String>]) {
    for ((after, before), table) in after.iter().zip(before).zip(DERIVED.iter().chain(&["conversations"])) {
        assert_eq!(after, before, "{name}: {table}");
    }
}

/// Makes everything again, looks that it is shown and found, and tells how many messages were read.
async fn replay(shop: &Shop, name: &str, ring: ConversationId) -> Result<u64> {
    let member = shop.reopen(name).await?;
    let replayed = doctor::replay(&member).await?.messages;
    for (query, hits) in [("platinum", 1), ("drawing", 1), ("forged", 0)] {
        assert_eq!(message::search(&member, query, 0, 10).await?.len(), hits, "{name} searches for {query}");
    }
    let page = message::list(&member, ring, None, 100).await?.messages;
    let refused = page.iter().filter(|message| message.state == MessageState::Refused).count();
    assert_eq!(refused, usize::from(name == "ana"), "what was refused stays so: {page:?}");
    member.close().await;
    Ok(replayed)
}
