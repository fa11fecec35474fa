//! Envelopes of any kind by a member of the conversation, by a relay that keeps its rules and by one that helps.

use anyhow::Result;
use bezel_core::conversation as conversations;
use bezel_core::message::Answered;
use bezel_core::{alarm, message, people, sync};
use bezel_protocol::content::{Content, Description, MAX_TEXT_BYTES, MessageRef, Text};
use bezel_protocol::envelope::{EnvelopeHeader, RosterHead};
use bezel_protocol::log::Place;
use bezel_protocol::wire::{Heads, MAX_ENVELOPE_BYTES, MessageKind, path};
use bezel_protocol::{Algorithm, DeviceId, Hash, Role, UserId, cbor};
use bezel_testkit::attacker::Entry;

use super::stage::{Stage, id, round, thread, views};

/// The year 2200.
const FAR_MS: i64 = 7_258_118_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_takes_the_id_of_anothers_message_in_another_conversation_changes_nothing_of_it() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let bens = stage.ben_says("I take the ring for 5,000").await?;
    let header = stage.mal.header(stage.pair).await?;
    let taken = EnvelopeHeader { message: id(&bens)?, ..header };
    let envelope = stage.mal.seal_text(&taken, "I take the ring for 50,000")?;
    assert_eq!(stage.mal.store(envelope).await?.code(), "ok");
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["ben: I take the ring for 5,000"]);
    assert_eq!(thread(&stage.ana, stage.pair).await?, ["mal: I take the ring for 50,000"]);
    assert_eq!(stage.alarms(&stage.ana).await?, [""; 0], "each stands by itself");
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_takes_the_id_of_anothers_message_in_the_same_conversation_speaks_under_their_own_name() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let bens = stage.ben_says("yes").await?;
    let header = EnvelopeHeader { message: id(&bens)?, ..stage.mal.header(stage.ring).await? };
    let envelope = stage.mal.seal_text(&header, "no")?;
    assert_eq!(stage.mal.store(envelope).await?.code(), "ok", "an id names a message of its own device");
    for member in [&stage.ana, &stage.ben] {
        sync::once(member).await?;
        assert_eq!(thread(member, stage.ring).await?, ["ben: yes", "mal: no"]);
    }
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_takes_the_id_of_the_readers_own_message_does_not_speak_for_them() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    message::send(&stage.ana, stage.ring, "I refuse", None).await?;
    let anas = views(&stage.ana, stage.ring).await?.remove(0);
    for conversation in [stage.ring, stage.pair] {
        let header = EnvelopeHeader { message: id(&anas)?, ..stage.mal.header(conversation).await? };
        let envelope = stage.mal.seal_text(&header, "I accept")?;
        assert_eq!(stage.mal.store(envelope).await?.code(), "ok");
    }
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["ana: I refuse", "mal: I accept"]);
    let mine: Vec<bool> = views(&stage.ana, stage.ring).await?.iter().map(|view| view.mine).collect();
    assert_eq!(mine, [true, false]);
    stage.goes_on().await
}

/// Two messages answered to one reference: the reply went to whichever was found first.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_by_an_id_that_two_messages_bear_answers_the_one_that_it_names() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let bens = stage.ben_says("shall we?").await?;
    let header = EnvelopeHeader { message: id(&bens)?, ..stage.mal.header(stage.ring).await? };
    let envelope = stage.mal.seal_text(&header, "shall we not?")?;
    stage.mal.store(envelope).await?;
    sync::once(&stage.ana).await?;
    let refused = message::send(&stage.ana, stage.ring, "yes", Some(id(&bens)?.into())).await.unwrap_err();
    assert_eq!(refused.code, "ambiguous", "it is not guessed which is meant");
    for device in [bens.device.parse()?, stage.mal.device()] {
        let device: DeviceId = device;
        let answered: Answered = format!("{device}/{}", bens.id).parse()?;
        message::send(&stage.ana, stage.ring, "this one", Some(answered)).await?;
        sync::once(&stage.ben).await?;
        let answer = views(&stage.ben, stage.ring).await?.pop().unwrap();
        assert_eq!((answer.text.as_deref(), answer.reply_device), (Some("this one"), Some(device.to_string())));
        let reply_to = Some(MessageRef { device, message: id(&bens)? });
        let said = stage.mal.say_content(stage.ring, &Content::Text(Text { text: "that one".into(), reply_to })).await?;
        assert_eq!(said.code(), "ok");
        sync::once(&stage.ana).await?;
        let answer = views(&stage.ana, stage.ring).await?.pop().unwrap();
        assert_eq!(answer.reply_device, Some(device.to_string()));
    }
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_signs_in_anothers_name_is_shown_under_no_name_whoever_stores_it() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let header = EnvelopeHeader { device: stage.ben.device(), ..stage.mal.header(stage.ring).await? };
    let posing = stage.mal.seal(&header, b"sold to mal")?;
    assert_eq!(stage.mal.store(posing.clone()).await?.code(), "forbidden");
    let hostile = stage.forge().await?;
    hostile.log().push(posing, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["[?] The message is not signed by the device that it names."]);
    assert_eq!(stage.alarms(&stage.ana).await?, [""; 0]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_envelope_no_device_signed_silences_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let ghost = DeviceId::from_bytes([7; 16]);
    let header = EnvelopeHeader { device: ghost, ..stage.mal.header(stage.ring).await? };
    let unsigned = stage.mal.seal(&header, b"nobody")?;
    let hostile = stage.forge().await?;
    hostile.log().push(unsigned, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    let shown = thread(&stage.ana, stage.ring).await?;
    assert_eq!(shown, [format!("[?] Device {ghost} is not in the roster.")]);
    stage.goes_on().await
}

/// It was compared after the decryption, which fails first in a group that forked: the alarm never came.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_with_a_false_authenticator_is_named_and_not_heard() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let header = stage.mal.header(stage.ring).await?;
    let false_one = EnvelopeHeader { epoch_authenticator: Hash::of(b"another group"), ..header };
    let envelope = stage.mal.seal_text(&false_one, "in another group")?;
    assert_eq!(stage.mal.store(envelope).await?.code(), "ok", "the relay can't see it");
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["[mal] Its sender sees another group."]);
    assert_eq!(stage.alarms(&stage.ana).await?, ["group_forked by mal in ring"]);
    stage.goes_on().await
}

/// A signed `seen` is its author's word: with it a guest accused the relay, and alarmed everybody for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_signs_for_another_history_is_refused_and_named_where_a_relay_helps() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Guest).await?;
    let bens = stage.ben_says("one").await?;
    let header = stage.mal.header(stage.ring).await?;
    let seen = Place { sequence: bens.sequence.unwrap(), hash: Hash::of(b"another history") };
    let envelope = stage.mal.seal_text(&EnvelopeHeader { seen, ..header }, "two")?;
    assert_eq!(stage.mal.store(envelope.clone()).await?.code(), "forked");
    assert_eq!(stage.alarms(&stage.ana).await?, [""; 0], "nobody hears of what an honest relay refused");
    let hostile = stage.forge().await?;
    hostile.log().push(envelope, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["ben: one", "[mal] It names another history of this conversation."]);
    assert_eq!(stage.alarms(&stage.ana).await?, ["log_forked by mal in ring"]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_has_seen_what_is_not_there_yet_is_refused() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let header = stage.mal.header(stage.ring).await?;
    let seen = Place { sequence: header.seen.sequence + 5, hash: Hash::of(b"later") };
    let envelope = stage.mal.seal_text(&EnvelopeHeader { seen, ..header }, "from later on")?;
    assert_eq!(stage.mal.store(envelope.clone()).await?.code(), "ahead");
    let hostile = stage.forge().await?;
    hostile.log().push(envelope, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["[mal] It names another history of this conversation."]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_knows_another_history_of_the_workspace_is_refused_and_named_where_a_relay_helps() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let header = stage.mal.header(stage.ring).await?;
    let roster = RosterHead { hash: Hash::of(b"another workspace"), ..header.roster };
    let envelope = stage.mal.seal_text(&EnvelopeHeader { roster, ..header }, "hear me")?;
    assert_eq!(stage.mal.store(envelope.clone()).await?.code(), "forked");
    let hostile = stage.forge().await?;
    hostile.log().push(envelope, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["[mal] Its sender knows another history of the workspace."]);
    assert_eq!(stage.alarms(&stage.ana).await?, ["roster_forked by mal in ring"]);
    stage.goes_on().await
}

/// One that referred to news was held for ever, and while it was, no message that was left out was noticed.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_names_news_that_never_come_holds_up_nobody() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let header = stage.mal.header(stage.ring).await?;
    let roster = RosterHead { sequence: header.roster.sequence + 900, hash: Hash::of(b"news") };
    let envelope = stage.mal.seal_text(&EnvelopeHeader { roster, ..header }, "hear me")?;
    assert_eq!(stage.mal.store(envelope.clone()).await?.code(), "ahead");
    let hostile = stage.forge().await?;
    hostile.log().push(envelope, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["[?] It refers to news of the workspace that have not come yet."]);
    stage.goes_on().await?;
    let shown = thread(&stage.ana, stage.ring).await?;
    assert!(shown.iter().all(|line| !line.contains("hear me")), "{shown:?}");
    Ok(())
}

/// A time in the year 2200 put a conversation on top, and its title in force, for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_from_the_year_2200_stands_where_it_came_and_on_top_of_nothing() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let header = EnvelopeHeader { sent_at_ms: FAR_MS, ..stage.mal.header(stage.ring).await? };
    let envelope = stage.mal.seal_text(&header, "from far away")?;
    assert_eq!(stage.mal.store(envelope).await?.code(), "ok");
    sync::once(&stage.ben).await?;
    stage.ben_says("from today").await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["mal: from far away", "ben: from today"]);
    message::send(&stage.ana, stage.other, "newer", None).await?;
    let first = conversations::list(&stage.ana).await?.remove(0);
    assert_eq!(first.id, stage.other.to_string(), "the conversation with the newest message stands first");
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_or_member_who_names_the_conversation_is_not_believed() -> Result<()> {
    for role in [Role::Guest, Role::Member] {
        let mut stage = Stage::with_mal(role).await?;
        let description = Content::Description(Description { title: "Free rings".into(), links: [].into() });
        assert_eq!(stage.mal.say_content(stage.ring, &description).await?.code(), "ok");
        sync::once(&stage.ana).await?;
        assert_eq!(thread(&stage.ana, stage.ring).await?, ["[mal] Its sender may not name this conversation."]);
        let titles: Vec<String> = conversations::list(&stage.ana).await?.into_iter().map(|each| each.title).collect();
        assert_eq!(titles, ["Ring 2041"; 3]);
        stage.goes_on().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_by_an_admin_from_the_year_2200_gives_way_to_the_next_one() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Admin).await?;
    for (title, sent_at_ms) in [("For ever", FAR_MS), ("Until the next", stage.mal.now_ms())] {
        let header = EnvelopeHeader { sent_at_ms, ..stage.mal.header(stage.ring).await? };
        let content = Content::Description(Description { title: title.into(), links: [].into() });
        let envelope = stage.mal.seal(&header, &content.encode())?;
        assert_eq!(stage.mal.store(envelope).await?.code(), "ok");
        sync::once(&stage.ana).await?;
        assert_eq!(conversations::show(&stage.ana, stage.ring).await?.title, title);
    }
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_says_two_things_by_one_counter_is_heard_once() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let header = stage.mal.header(stage.ring).await?;
    let first = stage.mal.seal_text(&header, "four carats")?;
    assert_eq!(stage.mal.store(first).await?.code(), "ok");
    let again = EnvelopeHeader { message: stage.mal.message_id()?, ..header };
    let second = stage.mal.seal_text(&again, "two carats")?;
    // The relay tells the place of what stands there already.
    assert_eq!(stage.mal.store(second.clone()).await?.code(), "ok");
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["mal: four carats"]);
    let hostile = stage.forge().await?;
    hostile.log().push(second, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["mal: four carats", "[mal] It repeats or replaces another message of its sender."]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_breaks_their_own_chain_is_not_heard_at_that_place() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    stage.mal.say(stage.ring, "one").await?;
    let header = EnvelopeHeader { previous: Hash::of(b"something else"), ..stage.mal.header(stage.ring).await? };
    let envelope = stage.mal.seal_text(&header, "two")?;
    assert_eq!(stage.mal.store(envelope).await?.code(), "ok", "the relay does not judge chains");
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["mal: one", "[mal] It does not follow the sender's message before it."]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_pretends_to_have_said_more_is_named() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    stage.mal.say(stage.ring, "one").await?;
    let header = EnvelopeHeader { counter: 5, ..stage.mal.header(stage.ring).await? };
    let envelope = stage.mal.seal_text(&header, "as I said before")?;
    assert_eq!(stage.mal.store(envelope).await?.code(), "ok", "the relay does not judge chains");
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["mal: one", "mal: as I said before"]);
    assert_eq!(stage.alarms(&stage.ana).await?, ["message_missing by mal in ring"]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_knows_less_than_before_is_not_heard() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    stage.ben_says("hello").await?;
    stage.mal.say(stage.ring, "one").await?;
    let header = EnvelopeHeader { seen: Place::START, ..stage.mal.header(stage.ring).await? };
    let envelope = stage.mal.seal_text(&header, "I have read nothing")?;
    stage.mal.store(envelope).await?;
    sync::once(&stage.ana).await?;
    let last = thread(&stage.ana, stage.ring).await?.pop();
    assert_eq!(last.as_deref(), Some("[mal] It does not follow the sender's message before it."));
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_seals_garbage_rightly_breaks_nothing() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let nested = [vec![0x81; 40_000], vec![0]].concat();
    for garbage in [b"".to_vec(), b"\xff\x00\xff".to_vec(), nested, vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]] {
        let header = stage.mal.header(stage.ring).await?;
        let envelope = stage.mal.seal(&header, &garbage)?;
        assert_eq!(stage.mal.store(envelope).await?.code(), "ok");
    }
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["mal: Sent by a newer version."; 4]);
    assert_eq!(stage.alarms(&stage.ana).await?, [""; 0]);
    stage.goes_on().await
}

/// What one may not send is not taken either.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_sends_nothing_or_too_many_words_is_not_shown() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    for text in ["\u{200b}\u{2800}".to_owned(), "x".repeat(MAX_TEXT_BYTES + 1)] {
        assert_eq!(stage.mal.say(stage.ring, &text).await?.code(), "ok", "the relay can't read it");
    }
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["[mal] It says nothing.", "[mal] It has more words than a message may have."]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_seals_by_another_algorithm_is_not_read() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let header = EnvelopeHeader { algorithm: Algorithm::ChaCha20Poly1305, ..stage.mal.header(stage.ring).await? };
    let envelope = stage.mal.seal_text(&header, "weaker?")?;
    stage.mal.store(envelope).await?;
    sync::once(&stage.ana).await?;
    let shown = thread(&stage.ana, stage.ring).await?;
    assert!(matches!(shown.as_slice(), [line] if line.starts_with("[?] The message is encrypted with")), "{shown:?}");
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_of_another_conversation_is_not_read_in_this_one() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let envelope = stage.mal.seal_text(&stage.mal.header(stage.pair).await?, "said elsewhere")?;
    let answer = stage.mal.post(stage.ring, MessageKind::Stored, vec![envelope.clone()]).await?;
    assert_eq!(answer.code(), "malformed");
    let hostile = stage.forge().await?;
    hostile.log().push(envelope, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    let shown = thread(&stage.ana, stage.ring).await?;
    assert!(matches!(shown.as_slice(), [line] if line.starts_with("[?] The message belongs to conversation")), "{shown:?}");
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_only_reads_is_refused_and_not_shown_where_a_relay_helps() -> Result<()> {
    let mut stage = Stage::with_mal(Role::ReadOnly).await?;
    let envelope = stage.mal.seal_text(&stage.mal.header(stage.ring).await?, "may I?")?;
    assert_eq!(stage.mal.store(envelope.clone()).await?.code(), "forbidden");
    let receipt = stage.mal.post(stage.ring, MessageKind::Transient, vec![envelope.clone()]).await?;
    assert_eq!(receipt.code(), "forbidden", "nor may they make everybody's socket speak");
    let hostile = stage.forge().await?;
    hostile.log().push(envelope, stage.mal.now_ms());
    assert_eq!(round(&stage.ana).await, None);
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["[mal] Its sender had no right to write here."]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_who_writes_on_in_an_old_epoch_is_not_heard_whatever_the_relay_does() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let envelope = stage.mal.seal_text(&stage.mal.header(stage.ring).await?, "I am still here")?;
    conversations::remove(&stage.ana, stage.ring, mals(&stage)).await?;
    sync::once(&stage.ben).await?;
    assert_eq!(stage.mal.store(envelope.clone()).await?.code(), "not_found");
    let hostile = stage.forge().await?;
    hostile.log().push(envelope, stage.mal.now_ms());
    for member in [&stage.ana, &stage.ben] {
        assert_eq!(round(member).await, None);
        assert_eq!(thread(member, stage.ring).await?, ["[mal] It was written in keys that were over at its place."]);
        assert_eq!(stage.alarms(member).await?, ["message_replayed in ring"], "the relay is accused: it alone gives places");
    }
    stage.goes_on().await
}

/// Between the word of the roster and the commit that follows it a stolen device wrote on, verified.
#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_member_is_not_heard_before_the_keys_change_either() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let envelope = stage.mal.seal_text(&stage.mal.header(stage.ring).await?, "one last word")?;
    let place = stage.shop.log_of(stage.ring).await?.end() + 1;
    people::suspend(&stage.ana, mals(&stage)).await?;
    assert_eq!(stage.mal.store(envelope.clone()).await?.code(), "unauthenticated");
    // The relay places it behind the suspension, before the commit that followed at once.
    let hostile = stage.forge().await?;
    let stamp = u64::try_from(stage.shop.count("SELECT max(sequence) FROM roster_statements").await?)?;
    hostile.log().insert(place, Entry::envelope(envelope, stage.mal.now_ms(), stamp));
    assert_eq!(round(&stage.ben).await, None);
    let shown = thread(&stage.ben, stage.ring).await?;
    assert_eq!(shown, ["[mal] Its sender had been shut out of the workspace."]);
    assert_eq!(stage.alarms(&stage.ben).await?, ["message_replayed in ring"]);
    stage.goes_on_elsewhere().await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_envelopes_and_large_ones_at_once_are_refused() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let header = stage.mal.header(stage.ring).await?;
    let large = stage.mal.seal(&header, &vec![0; MAX_ENVELOPE_BYTES])?;
    assert_eq!(stage.mal.store(large).await?.code(), "too_large");
    let small = stage.mal.seal_text(&header, "again")?;
    assert_eq!(stage.mal.post(stage.ring, MessageKind::Stored, vec![small.clone(); 65]).await?.code(), "malformed");
    assert_eq!(stage.mal.post(stage.ring, MessageKind::Transient, vec![small.clone(); 2]).await?.code(), "malformed");
    assert_eq!(stage.mal.post(stage.ring, MessageKind::Stored, Vec::new()).await?.code(), "malformed");
    let twice = stage.mal.post(stage.ring, MessageKind::Stored, vec![small; 2]).await?;
    assert_eq!(twice.code(), "ok", "the first of the two is stored");
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["mal: again"]);
    stage.goes_on().await
}

/// Whoever raises alarms at will does not hide a true one behind them.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_raises_alarms_at_will_hides_no_other_one() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    for number in 0..40_u8 {
        let header = stage.mal.header(stage.ring).await?;
        let false_one = EnvelopeHeader { epoch_authenticator: Hash::of(&[number]), ..header };
        let envelope = stage.mal.seal_text(&false_one, "boo")?;
        stage.mal.store(envelope).await?;
    }
    sync::once(&stage.ana).await?;
    assert_eq!(stage.alarms(&stage.ana).await?, ["group_forked by mal in ring"], "one cause is one alarm");
    let raised = alarm::list(&stage.ana).await?.remove(0);
    assert_eq!(raised.count, 40);
    alarm::acknowledge(&stage.ana, &raised.id).await?;
    stage.liar.lie_about(path::HEADS, |bytes| {
        let mut heads: Heads = cbor::decode(&bytes).unwrap();
        heads.audit = None;
        cbor::encode(&heads)
    });
    round(&stage.ana).await;
    assert_eq!(stage.alarms(&stage.ana).await?, ["audit_withheld", "group_forked by mal in ring"], "what nobody has seen stands first");
    stage.goes_on().await
}

fn mals(stage: &Stage) -> UserId {
    stage.mal.loot.user
}
