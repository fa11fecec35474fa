//! Whoever runs the relay, with its key: logs left out, added to, reordered and split, and what it says of places, ends and acknowledgements.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use bezel_core::message::SentState;
use bezel_core::{conversation as conversations, message, sync};
use bezel_protocol::envelope::Envelope;
use bezel_protocol::log::{EntryKind, Place, SignedHead};
use bezel_protocol::wire::{Commits, ErrorBody, Heads, MessagesAccepted, NewMessages, code, path};
use bezel_protocol::{ConversationId, DeviceId, Hash, Role, cbor};
use bezel_testkit::attacker::{Entry, Hostile};
use bezel_testkit::{Asked, DAY_MS, Shop, converse};
use reqwest::Method;

use super::stage::{Stage, round, thread};

const MINUTE_MS: i64 = 60_000;

/// The answer of a relay that refuses.
fn refusal(status: u16, code: &str) -> (u16, Vec<u8>) {
    (status, cbor::encode(&ErrorBody { code: code.into(), message: "as the relay likes".into(), current: None, proof: None }))
}

fn posts_to(asked: &Asked, conversation: ConversationId) -> bool {
    asked.method == Method::POST && asked.path() == path::of(path::MESSAGES, conversation)
}

/// The envelopes that a device handed over in the conversation of all, the newest last.
fn sent(stage: &Stage, device: DeviceId) -> Vec<Vec<u8>> {
    let posts = stage.liar.asked().into_iter().filter(|asked| posts_to(asked, stage.ring));
    let envelopes = posts.flat_map(|asked| cbor::decode::<NewMessages>(&asked.body).unwrap().envelopes).map(|bytes| bytes.0);
    envelopes.filter(|bytes| Envelope::parse(bytes).unwrap().header().device == device).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_takes_back_what_a_reader_has_verified_is_not_followed() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let bens = stage.ben_says("sold").await?;
    stage.ben_says("to cora").await?;
    let hostile = stage.forge().await?;
    hostile.log().leave_out(bens.sequence.unwrap());
    hostile.log().push(b"instead".to_vec(), 0);
    assert_eq!(round(&stage.ana).await, Some("log_forked"));
    assert_eq!(stage.alarms(&stage.ana).await?, ["log_forked in ring"]);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["ben: sold", "ben: to cora"]);
    stage.goes_on_elsewhere().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_puts_something_in_between_is_not_followed() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let bens = stage.ben_says("sold").await?;
    stage.ben_says("to cora").await?;
    let envelope = stage.mal.seal_text(&stage.mal.header(stage.pair).await?, "not")?;
    let hostile = stage.forge().await?;
    hostile.log().insert(bens.sequence.unwrap() + 1, Entry::envelope(envelope, 0, 0));
    assert_eq!(round(&stage.ana).await, Some("log_forked"));
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["ben: sold", "ben: to cora"]);
    stage.goes_on_elsewhere().await
}

/// What the reader does not have yet can be chained anew. What the authors signed of the log can't.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_changes_the_order_before_anybody_reads_it_is_found_out_by_what_the_authors_signed() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    for text in ["one", "two", "three"] {
        message::send(&stage.ben, stage.ring, text, None).await?;
    }
    let hostile = stage.forge().await?;
    let end = hostile.log().end();
    let two = hostile.log().leave_out(end - 1);
    hostile.log().insert(end - 2, two);
    assert_eq!(round(&stage.ana).await, None);
    let shown = thread(&stage.ana, stage.ring).await?;
    assert!(!shown.contains(&"ben: two".to_owned()), "{shown:?}");
    assert_eq!(stage.alarms(&stage.ana).await?, ["log_forked by ben in ring"]);
    stage.goes_on_elsewhere().await
}

/// Dropping all that a device said so far showed nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_drops_the_first_message_of_a_device_is_found_out_by_the_next_one() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    message::send(&stage.ben, stage.ring, "only if it is set anew", None).await?;
    message::send(&stage.ben, stage.ring, "agreed", None).await?;
    let hostile = stage.forge().await?;
    let end = hostile.log().end();
    hostile.log().leave_out(end - 1);
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["[ben] It names another history of this conversation."]);
    assert_eq!(stage.alarms(&stage.ana).await?, ["log_forked by ben in ring"]);
    stage.goes_on_elsewhere().await
}

/// Of messages that were sent together none names the place of another.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_drops_the_first_of_messages_sent_together_is_found_out() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    stage.shop.close_relay().await;
    for text in ["only if it is set anew", "agreed"] {
        assert_eq!(message::send(&stage.ben, stage.ring, text, None).await?.state, SentState::Queued);
    }
    stage.shop.meddle(&[]).await?;
    sync::once(&stage.ben).await?;
    let hostile = stage.forge().await?;
    let end = hostile.log().end();
    hostile.log().leave_out(end - 1);
    round(&stage.ana).await;
    assert_eq!(stage.alarms(&stage.ana).await?, ["message_missing by ben in ring"]);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["ben: agreed"]);
    stage.goes_on_elsewhere().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_hands_out_an_old_message_at_a_later_place_moves_nothing() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    stage.ben_says("Yes, do it.").await?;
    message::send(&stage.ana, stage.ring, "Shall I melt it down?", None).await?;
    let hostile = stage.forge().await?;
    let yes = sent(&stage, stage.ben.device()).pop().unwrap();
    hostile.log().push(yes, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["ben: Yes, do it.", "ana: Shall I melt it down?"]);
    assert_eq!(stage.alarms(&stage.ana).await?, ["message_replayed in ring"]);
    stage.goes_on().await
}

/// The same to a reader who does not have the first of the two yet: of the same bytes the upper ones count, whether they have come or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_hands_out_the_lower_of_two_same_entries_first_moves_nothing() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let (ring, lie) = (stage.ring, Arc::new(Mutex::new(None::<Hostile>)));
    let withholds = Arc::clone(&lie);
    stage.liar.answer_instead(move |asked| {
        let is_page = asked.method == Method::GET && asked.path() == path::of(path::MESSAGES, ring);
        let hostile = withholds.lock().unwrap().clone().filter(|_| is_page)?;
        let mut page = hostile.log().messages(asked.number("first"), asked.number("last"));
        page.messages.pop();
        Some((200, cbor::encode(&page)))
    });
    message::send(&stage.ben, ring, "Yes, do it.", None).await?;
    message::send(&stage.ana, ring, "Shall I melt it down?", None).await?;
    let yes = sent(&stage, stage.ben.device()).pop().unwrap();
    let hostile = stage.forge().await?;
    hostile.log().push(yes, stage.mal.now_ms());
    *lie.lock().unwrap() = Some(hostile);
    assert_eq!(round(&stage.ana).await, Some("messages_withheld"));
    assert_eq!(thread(&stage.ana, ring).await?, ["ana: Shall I melt it down?"]);
    *lie.lock().unwrap() = None;
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, ring).await?, ["ben: Yes, do it.", "ana: Shall I melt it down?"]);
    assert!(stage.alarms(&stage.ana).await?.contains(&"message_replayed in ring".to_owned()));
    Ok(())
}

/// By delay in place of replay: the answer to one question, stored behind another.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_holds_a_yes_back_and_places_it_late_is_shown_to_do_so() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    message::send(&stage.ana, stage.ring, "Shall I polish it?", None).await?;
    sync::once(&stage.ben).await?;
    let ring = stage.ring;
    stage.liar.answer_instead(move |asked| posts_to(asked, ring).then(|| (502, Vec::new())));
    assert_eq!(message::send(&stage.ben, stage.ring, "Yes, do it.", None).await?.state, SentState::Queued);
    stage.liar.repent();
    stage.shop.clock.pass(10 * MINUTE_MS);
    stage.shop.relay_clock.pass(10 * MINUTE_MS);
    message::send(&stage.ana, stage.ring, "Shall I melt it down?", None).await?;
    let yes = sent(&stage, stage.ben.device()).pop().unwrap();
    let hostile = stage.forge().await?;
    hostile.log().push(yes, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(
        thread(&stage.ana, stage.ring).await?,
        ["ana: Shall I polish it?", "ana: Shall I melt it down?", "ben: Yes, do it. (written before)"]
    );
    stage.goes_on().await
}

/// Two attempts of an honest author could both count, each for another reader: so there is no second one where the first stands in the log.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_stores_an_attempt_and_denies_it_gets_no_second_one() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let (ring, lie) = (stage.ring, Arc::new(Mutex::new(None::<Hostile>)));
    let denies = Arc::clone(&lie);
    stage.liar.answer_instead(move |asked| {
        let hostile = if posts_to(asked, ring) { denies.lock().unwrap().take() } else { None }?;
        let attempt = cbor::decode::<NewMessages>(&asked.body).unwrap().envelopes.remove(0).0;
        let mut log = hostile.log();
        let (commit, before) = (log.end(), log.entries[log.entries.len() - 2].spine);
        log.insert(commit, Entry::envelope(attempt, before.stored_at_ms, before.roster));
        Some(refusal(409, code::STALE_EPOCH))
    });
    conversations::rotate(&stage.ben, stage.ring).await?;
    let hostile = stage.forge().await?;
    assert_eq!(hostile.log().entries.last().map(|last| last.spine.kind), Some(EntryKind::Commit));
    *lie.lock().unwrap() = Some(hostile);
    let before = sent(&stage, stage.ana.device()).len();
    assert_eq!(message::send(&stage.ana, stage.ring, "once", None).await?.state, SentState::Sent);
    assert_eq!(sent(&stage, stage.ana.device()).len(), before + 1, "the author finds it in the log, by its hash");
    message::send(&stage.ana, stage.ring, "and on", None).await?;
    let late = stage.shop.reopen("mal").await?;
    for member in [&stage.ana, &late] {
        assert_eq!(round(member).await, None);
        assert_eq!(thread(member, stage.ring).await?, ["ana: once", "ana: and on"]);
        assert_eq!(stage.alarms(member).await?, [""; 0]);
    }
    Ok(())
}

/// One log for ana, another for ben.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_shows_two_members_different_histories_is_found_out_by_the_first_entry_that_crosses() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let liar = shop.liar().await?;
    let ben = shop.join_behind(&ana, ("ben", Role::Member), &liar).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    let bens = shop.forge(&liar, ring).await?;
    message::send(&ana, ring, "sell it", None).await?;
    message::send(&ben, ring, "I wait for your word", None).await?;
    sync::once(&ben).await?;
    assert_eq!(thread(&ben, ring).await?, ["ben: I wait for your word"], "a relay can keep a reader apart");
    message::send(&ana, ring, "at once", None).await?;
    let crossing = shop.log_of(ring).await?.entries.pop().unwrap();
    bens.log().entries.push(crossing);
    assert_eq!(round(&ben).await, None);
    assert_eq!(thread(&ben, ring).await?, ["ben: I wait for your word", "[ana] It names another history of this conversation."]);
    let alarms: Vec<_> = bezel_core::alarm::list(&ben).await?.into_iter().map(|alarm| (alarm.code, alarm.accused)).collect();
    assert_eq!(alarms, [("log_forked".to_owned(), Some("ana".to_owned()))]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_the_relay_did_not_sign_is_not_believed() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    stage.liar.lie_about(path::HEADS, |bytes| {
        let mut heads: Heads = cbor::decode(&bytes).unwrap();
        heads.conversations.iter_mut().for_each(|head| head.place.sequence += 1);
        cbor::encode(&heads)
    });
    assert_eq!(round(&stage.ana).await, Some("head_forged"));
    let mut alarms = stage.alarms(&stage.ana).await?;
    alarms.sort();
    assert_eq!(alarms, ["head_forged in other", "head_forged in pair", "head_forged in ring"]);
    stage.liar.repent();
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_another_conversation_is_not_believed_of_this_one() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let (ring, other) = (stage.ring, stage.other);
    let foreign = cbor::encode(&stage.ana_head(other).await?);
    stage.liar.answer_instead(move |asked| (asked.path() == path::of(path::HEAD, ring)).then(|| (200, foreign.clone())));
    stage.liar.lie_about(path::HEADS, move |bytes| {
        let mut heads: Heads = cbor::decode(&bytes).unwrap();
        heads.conversations.retain(|head| head.conversation != ring);
        cbor::encode(&heads)
    });
    assert_eq!(round(&stage.ana).await, Some("head_forged"));
    assert_eq!(stage.alarms(&stage.ana).await?, ["head_forged in ring"]);
    stage.liar.repent();
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spine_that_ends_early_or_is_none_is_told_and_changes_nothing() -> Result<()> {
    for (answer, told) in [
        (Some(cbor::encode(&bezel_protocol::log::Spine::new([]))), "log_withheld"),
        (Some(cbor::encode(&bezel_protocol::wire::Bytes(vec![9; 49]))), "log_withheld"),
        (Some(cbor::encode(&bezel_protocol::wire::Bytes(vec![1; 48]))), "log_withheld"),
    ] {
        let stage = Stage::with_mal(Role::Member).await?;
        message::send(&stage.ben, stage.ring, "hello", None).await?;
        let ring = stage.ring;
        stage
            .liar
            .answer_instead(move |asked| (asked.path() == path::of(path::SPINE, ring)).then(|| (200, answer.clone().unwrap_or_default())));
        assert_eq!(round(&stage.ana).await, Some(told));
        assert_eq!(stage.alarms(&stage.ana).await?, [format!("{told} in ring")]);
        stage.goes_on_elsewhere().await?;
        stage.liar.repent();
        stage.goes_on().await?;
    }
    Ok(())
}

/// A number that the relay alone said went into the database for good.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_far_in_the_future_is_not_believed_and_poisons_nothing() -> Result<()> {
    for sequence in [2_000_000, 1 << 62] {
        let stage = Stage::with_mal(Role::Member).await?;
        let hostile = stage.forge().await?;
        let (key, log) = (stage.shop.relay_key()?, hostile.log().clone());
        let place = Place { sequence, hash: Hash::of(b"far") };
        let far = key.head(log.generation, log.conversation, (place, log.epoch()), stage.mal.now_ms());
        let ring = stage.ring;
        stage.liar.repent();
        stage.liar.lie_about(path::HEADS, move |bytes| {
            let mut heads: Heads = cbor::decode(&bytes).unwrap();
            heads.conversations.iter_mut().filter(|head| head.conversation == ring).for_each(|head| *head = far.clone());
            cbor::encode(&heads)
        });
        assert_eq!(round(&stage.ana).await, Some("log_too_long"));
        assert_eq!(stage.alarms(&stage.ana).await?, ["log_too_long in ring"]);
        stage.goes_on_elsewhere().await?;
        stage.liar.repent();
        stage.goes_on().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_of_a_false_place_is_not_believed_and_the_message_is_sent_once() -> Result<()> {
    for sequence in [1, 1 << 62] {
        let stage = Stage::with_mal(Role::Member).await?;
        stage.liar.lie_about(&path::of(path::MESSAGES, stage.ring), move |bytes| {
            let Ok(mut taken) = cbor::decode::<MessagesAccepted>(&bytes) else { return bytes };
            taken.accepted.iter_mut().for_each(|accepted| accepted.place = Place { sequence, hash: Hash::of(b"far") });
            cbor::encode(&taken)
        });
        let _ = message::send(&stage.ana, stage.ring, "once", None).await;
        stage.liar.repent();
        sync::once(&stage.ana).await?;
        sync::once(&stage.ben).await?;
        assert_eq!(thread(&stage.ben, stage.ring).await?, ["ana: once"]);
        assert_eq!(thread(&stage.ana, stage.ring).await?, ["ana: once"]);
        stage.goes_on().await?;
    }
    Ok(())
}

/// Evidence of a copied home is what this device signed, never the relay's word.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_of_another_envelope_ends_no_device() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    stage.liar.lie_about(&path::of(path::MESSAGES, stage.ring), move |bytes| {
        let Ok(mut taken) = cbor::decode::<MessagesAccepted>(&bytes) else { return bytes };
        taken.accepted.iter_mut().for_each(|accepted| accepted.sha256 = Hash::of(b"what ana never wrote"));
        cbor::encode(&taken)
    });
    let refused = message::send(&stage.ana, stage.ring, "once", None).await.unwrap_err();
    assert_ne!(refused.code, "ok");
    stage.liar.repent();
    sync::once(&stage.ana).await?;
    sync::once(&stage.ben).await?;
    assert_eq!(thread(&stage.ben, stage.ring).await?, ["ana: once"]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_stamped_with_falling_or_unknown_news_are_not_followed() -> Result<()> {
    for stamp in [0, 900] {
        let stage = Stage::with_mal(Role::Member).await?;
        let envelope = stage.mal.seal_text(&stage.mal.header(stage.ring).await?, "hello")?;
        let hostile = stage.forge().await?;
        hostile.log().entries.push(Entry::envelope(envelope, stage.mal.now_ms(), stamp));
        assert_eq!(round(&stage.ana).await, Some("log_forked"), "{stamp}");
        assert_eq!(thread(&stage.ana, stage.ring).await?, [""; 0]);
        assert_eq!(stage.alarms(&stage.ana).await?, ["log_forked in ring"]);
        stage.goes_on_elsewhere().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_left_out_of_the_heads_is_kept() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    stage.ben_says("hello").await?;
    stage.liar.lie_about(path::HEADS, |bytes| {
        let mut heads: Heads = cbor::decode(&bytes).unwrap();
        heads.conversations.clear();
        cbor::encode(&heads)
    });
    assert_eq!(round(&stage.ana).await, None);
    assert!(conversations::list(&stage.ana).await?.iter().all(|each| !each.removed));
    stage.goes_on().await
}

/// Each refusal that a relay can invent: what waits stays, and what was written elsewhere goes out.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_refuses_without_reason_loses_no_message() -> Result<()> {
    for (status, code) in [(409, code::AHEAD), (409, code::FORKED), (409, code::STALE_EPOCH), (507, code::NO_ROOM), (500, code::INTERNAL)] {
        let stage = Stage::with_mal(Role::Member).await?;
        let ring = stage.ring;
        stage.liar.answer_instead(move |asked| posts_to(asked, ring).then(|| refusal(status, code)));
        let _ = message::send(&stage.ana, stage.ring, "patience", None).await;
        if !matches!(code, code::NO_ROOM | code::INTERNAL) {
            stage.goes_on_elsewhere().await?;
        }
        let tried: Vec<_> = sent(&stage, stage.ana.device()).into_iter().skip(1).map(|bytes| Hash::of(&bytes)).collect();
        assert!(tried.iter().all(|hash| *hash == tried[0]), "within an epoch the same bytes are sent again: {code}");
        stage.liar.repent();
        sync::once(&stage.ana).await?;
        sync::once(&stage.ben).await?;
        assert_eq!(thread(&stage.ben, stage.ring).await?, ["ana: patience"], "{code}");
        stage.goes_on().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_not_found_for_once_come_later() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    message::send(&stage.ben, stage.ring, "hello", None).await?;
    let (ring, mut left) = (stage.ring, 2);
    stage.liar.answer_instead(move |asked| {
        let is_lie = left > 0 && asked.method == Method::GET && asked.path() == path::of(path::MESSAGES, ring);
        left -= i32::from(is_lie);
        is_lie.then(|| refusal(404, code::NOT_FOUND))
    });
    for _ in 0..3 {
        round(&stage.ana).await;
    }
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["ben: hello"]);
    assert!(conversations::list(&stage.ana).await?.iter().all(|each| !each.removed));
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_were_not_asked_for_are_not_taken() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    message::send(&stage.ben, stage.ring, "hello", None).await?;
    let extra = stage.mal.seal_text(&stage.mal.header(stage.ring).await?, "me too")?;
    let hostile = stage.forge().await?;
    let (forged, ring) = (hostile.clone(), stage.ring);
    stage.liar.repent();
    stage.liar.answer_instead(move |asked| {
        let is_it = asked.method == Method::GET && asked.path() == path::of(path::MESSAGES, ring);
        let mut log = forged.log().clone();
        log.push(extra.clone(), 0);
        is_it.then(|| (200, cbor::encode(&log.messages(1, u64::MAX))))
    });
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["ben: hello"]);
    stage.liar.repent();
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn welcomes_that_are_announced_and_are_none_cost_a_look_alone() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    stage.liar.lie_about(path::HEADS, |bytes| {
        let mut heads: Heads = cbor::decode(&bytes).unwrap();
        heads.welcomes = u32::MAX;
        cbor::encode(&heads)
    });
    assert_eq!(round(&stage.ana).await, None);
    stage.goes_on().await
}

/// Keys that only grow old by the relay's clock never did.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_lives_in_the_future_does_not_keep_keys_from_changing() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    stage.shop.relay_clock.pass(100 * DAY_MS);
    conversations::rotate(&stage.ana, stage.ring).await?;
    let before = conversations::show(&stage.ana, stage.ring).await?.epoch;
    stage.shop.relay_clock.pass(-100 * DAY_MS);
    stage.shop.days_pass(31);
    sync::once(&stage.ana).await?;
    assert!(conversations::show(&stage.ana, stage.ring).await?.epoch > before);
    stage.goes_on().await
}

impl Stage {
    /// The relay's word for the end of a conversation.
    async fn ana_head(&self, conversation: ConversationId) -> Result<SignedHead> {
        let (log, key) = (self.shop.log_of(conversation).await?, self.shop.relay_key()?);
        Ok(log.head_at(&key, log.end(), self.mal.now_ms()))
    }
}

/// The age of keys ran over where a change was dated at the beginning of time: they never grew old.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dates_a_change_at_the_beginning_of_time_does_not_stop_the_rotation() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    conversations::rotate(&stage.ana, stage.ring).await?;
    let hostile = stage.forge().await?;
    hostile.log().entries.last_mut().unwrap().spine.stored_at_ms = i64::MIN;
    stage.liar.lie_about(&path::of(path::COMMITS, stage.ring), |bytes| {
        let Ok(mut page) = cbor::decode::<Commits>(&bytes) else { return bytes };
        page.commits.iter_mut().for_each(|commit| commit.stored_at_ms = i64::MIN);
        cbor::encode(&page)
    });
    let rotations = || {
        let asked = stage.liar.asked();
        asked.iter().filter(|asked| asked.method == Method::POST && asked.path() == path::of(path::COMMITS, stage.ring)).count()
    };
    let before = rotations();
    let _ = round(&stage.ben).await;
    let shown = conversations::show(&stage.ben, stage.ring).await?;
    assert_eq!(shown.epoch, conversations::show(&stage.ana, stage.ring).await?.epoch, "the change was followed");
    assert!(rotations() > before, "keys of that age are changed at once");
    stage.goes_on_elsewhere().await
}
