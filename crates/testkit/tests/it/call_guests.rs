//! Clients who come by a link: they wait at the door, a person lets them in, and the link alone opens nothing.

use std::time::Duration;

use anyhow::{Result, anyhow};
use bezel_core::call::{self, CallOutcomeName, CallPerson, CallPhase, GuestLinkView};
use bezel_core::{Change, conversation};
use bezel_protocol::content::{CallMedia, MediaState};
use bezel_protocol::wire::Event;
use bezel_protocol::{ConversationId, GuestId};
use bezel_testkit::{DAY_MS, Guest, Live, Shop, three, tone, two, until};

const HOUR: Duration = Duration::from_secs(3600);

async fn link(member: &Live, ring: ConversationId, is_single_use: bool) -> Result<GuestLinkView> {
    Ok(call::link::create(member, ring, CallMedia::Audio, HOUR, is_single_use).await?)
}

/// Ana and ben, who talk already.
async fn in_a_call(shop: &Shop) -> Result<(Live, Live, ConversationId)> {
    let (ana, ben, ring) = two(shop).await?;
    call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    ben.answer(tone()).await?;
    ana.hears(1).await?;
    Ok((ana, ben, ring))
}

/// The first guest at the door, once somebody is there.
async fn at_the_door(member: &Live) -> Result<GuestId> {
    let view = member.call_when("somebody at the door", |view| !view.guests_waiting.is_empty()).await?;
    let guest = view.guests_waiting.first().ok_or_else(|| anyhow!("nobody"))?;
    Ok(guest.id.parse()?)
}

async fn hears(guest: &Guest, people: usize) -> Result<()> {
    until("the guest hears", async || {
        let stats = guest.stats().await.unwrap_or_default();
        stats.peers.iter().filter(|peer| peer.packets_received >= 10).count() >= people
    })
    .await
}

/// C8, the whole way: nobody is in a call when the client knocks.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_knocks_it_rings_and_whoever_opens_lets_them_in() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    let link = link(&ana, ring, true).await?;
    let guest = Guest::knock(&link.url, "Frau Vogel").await?;
    let rings = ben.phase(CallPhase::Incoming).await?;
    assert_eq!((rings.from.as_str(), rings.call.as_str()), ("Frau Vogel", link.call.as_str()));
    ana.phase(CallPhase::Incoming).await?;
    until("the guest knows that somebody heard", async || !guest.state().heard_by.is_empty()).await?;
    assert!(guest.state().generation.is_none(), "no secret before a person opens");

    ben.answer(tone()).await?;
    hears(&guest, 1).await?;
    ben.hears(1).await?;
    let elsewhere = ana.phase(CallPhase::Ended).await?;
    assert!(elsewhere.is_elsewhere, "ana's device rings no more: {elsewhere:?}");
    let view = ben
        .call_when("a code to read aloud", |view| view.people.iter().any(|person| person.is_guest && person.safety_code.is_some()))
        .await?;
    let code = guest.stats().await.and_then(|stats| stats.peers.into_iter().next()).and_then(|peer| peer.safety_code);
    assert_eq!(view.people.first().and_then(|person| person.safety_code.clone()), code, "both have the same code");
    assert_eq!(view.people.first().map(|person| person.name.as_str()), Some("Frau Vogel"));

    call::leave(&ben).await?;
    ben.phase(CallPhase::Ended).await?;
    let history = call::history(&ben, None, None, 1).await?;
    assert!(history.iter().all(|call| call.has_guest && call.is_joined), "{history:?}");
    Ok(())
}

/// A link of several uses leads to the members until its end: each time somebody knocks, it rings anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_comes_again_by_a_link_of_several_uses_is_let_in_again() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    let link = link(&ana, ring, false).await?;
    for (name, member, other) in [("First", &ben, &ana), ("Second", &ana, &ben)] {
        let guest = Guest::knock(&link.url, name).await?;
        member.call_when("the guest at the door", |view| view.phase == CallPhase::Incoming && view.from == name).await?;
        other.call_when("the same", |view| view.phase == CallPhase::Incoming && view.from == name).await?;
        member.answer(tone()).await?;
        hears(&guest, 1).await?;
        member.hears(1).await?;
        other.phase(CallPhase::Ended).await?;
        call::leave(member).await?;
        member.phase(CallPhase::Ended).await?;
        until("the guest is told", async || guest.state().closed.is_some()).await?;
    }
    Ok(())
}

/// Every member's device talks to the guest by itself, whoever let them in; sent away, a guest has the keys of nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_in_a_call_of_two_hears_both_and_is_sent_away() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = in_a_call(&shop).await?;
    let link = link(&ana, ring, false).await?;
    assert_eq!(Some(link.call.clone()), ana.call().map(|view| view.call), "the link leads into the call that goes on");
    let guest = Guest::knock(&link.url, "Frau Vogel").await?;
    let id = at_the_door(&ana).await?;
    at_the_door(&ben).await?;
    call::admit(&ana, id).await?;
    hears(&guest, 2).await?;
    ana.hears(2).await?;
    ben.hears(2).await?;
    assert_eq!(guest.state().admitted_by.len(), 2, "each device says who speaks");

    call::send_away(&ben, id).await?;
    for member in [&ana, &ben] {
        member.call_when("the guest is gone", |view| view.people.len() == 1).await?;
        until("frames are encrypted from a new secret", async || call::key_generation(member).await.ok().flatten() > Some(0)).await?;
        member.hears(1).await?;
    }
    assert_eq!(guest.state().generation, Some(0), "the guest was given nothing more");
    Ok(())
}

/// Two who send guests away at once both give out a secret: whoever stayed with their own would hear nobody any more. Each gives theirs to the
/// guest whom the other sends away, so that neither is the last.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_send_guests_away_at_once_hear_each_other_on() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = in_a_call(&shop).await?;
    let link = link(&ana, ring, false).await?;
    let (mut guests, mut ids) = (Vec::new(), Vec::new());
    for name in ["First", "Second"] {
        let guest = Guest::knock(&link.url, name).await?;
        let id = at_the_door(&ana).await?;
        call::admit(&ana, id).await?;
        hears(&guest, 2).await?;
        guests.push(guest);
        ids.push(id);
    }
    let (first, second) = (ids[0], ids[1]);
    for member in [&ana, &ben] {
        member.hears(3).await?;
    }
    let (by_ana, by_ben) = tokio::join!(call::send_away(&ana, first), call::send_away(&ben, second));
    by_ana?;
    by_ben?;
    until("one secret holds for both", async || {
        let generations = (call::key_generation(&ana).await.ok().flatten(), call::key_generation(&ben).await.ok().flatten());
        generations.0 == generations.1 && generations.0 > Some(2)
    })
    .await?;
    for member in [&ana, &ben] {
        member.call_when("the guests are gone", |view| view.people.len() == 1).await?;
        let before = opened(member).await;
        until("the talk goes on", async || opened(member).await > before + 100).await?;
    }
    Ok(())
}

/// Packets of sound of the first other that could be opened.
async fn opened(member: &Live) -> u64 {
    let stats = call::stats(member).await.ok().flatten().unwrap_or_default();
    stats.peers.first().map_or(0, |peer| peer.packets_received)
}

/// Signals are quick, and the message that holds the link may come after a guest was let in by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_taken_by_a_member_who_did_not_know_the_link_yet() -> Result<()> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let (ana, ben, ring) = in_a_call(&shop).await?;
    ben.hears(1).await?;
    // Ben hears signals alone.
    liar.lie(|event| if matches!(event, Event::Conversation(_)) { Vec::new() } else { vec![event] });
    let link = link(&ana, ring, true).await?;
    let page = link.url.find("/call/").ok_or_else(|| anyhow!("no link of a call: {}", link.url))?;
    let guest = Guest::knock(&format!("http://{}{}", shop.relay(), &link.url[page..]), "Frau Vogel").await?;
    call::admit(&ana, at_the_door(&ana).await?).await?;
    hears(&guest, 1).await?;
    assert!(ben.call().is_some_and(|view| view.people.len() == 1 && view.guests_waiting.is_empty()), "he knows of no link");
    liar.lie(|event| vec![event]);
    liar.say(Event::Resync);
    hears(&guest, 2).await
}

/// The relay lets a member who was removed say nothing more, to guests neither.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_hears_that_a_member_was_removed() -> Result<()> {
    let shop = Shop::open().await?;
    let ([ana, ben, lena], ring) = three(&shop).await?;
    call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    ben.answer(tone()).await?;
    lena.answer(tone()).await?;
    ana.hears(2).await?;
    let link = link(&ana, ring, true).await?;
    let guest = Guest::knock(&link.url, "Frau Vogel").await?;
    call::admit(&ana, at_the_door(&ana).await?).await?;
    hears(&guest, 3).await?;
    conversation::remove(&ana, ring, lena.user()).await?;
    let removed = lena.device().to_string();
    until("the guest connects to lena no more", async || {
        guest.stats().await.is_some_and(|stats| stats.peers.len() == 2 && stats.peers.iter().all(|peer| peer.peer != removed))
    })
    .await
}

/// The relay keeps a guest in the call whatever becomes of the link; so must the members, or the guest could not even be muted.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_in_the_call_is_heard_when_the_links_time_is_over() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = in_a_call(&shop).await?;
    let link = link(&ana, ring, true).await?;
    let guest = Guest::knock(&link.url, "Frau Vogel").await?;
    call::admit(&ana, at_the_door(&ana).await?).await?;
    hears(&guest, 2).await?;
    let is_guest = |person: &CallPerson, microphone| person.is_guest && person.microphone == microphone;
    for member in [&ana, &ben] {
        member.call_when("the guest is there", |view| view.people.iter().any(|person| is_guest(person, true))).await?;
    }
    shop.clock.pass(DAY_MS);
    guest.set_media(MediaState::default()).await;
    for member in [&ana, &ben] {
        member.call_when("the guest is muted", |view| view.people.iter().any(|person| is_guest(person, false))).await?;
    }
    Ok(())
}

/// The next client waits while somebody talks with the one before: the call's end is not theirs, and a ring that nobody hears does not make a
/// missed call of one that was.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_at_a_link_of_several_uses_rings_after_the_call_which_stays_in_the_history() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    let link = link(&ana, ring, false).await?;
    let first = Guest::knock(&link.url, "First").await?;
    ana.answer(tone()).await?;
    hears(&first, 1).await?;
    ana.hears(1).await?;
    ben.phase(CallPhase::Ended).await?;
    let second = Guest::knock(&link.url, "Second").await?;
    at_the_door(&ana).await?;
    call::set_ring_time(&ana, Duration::from_secs(2));
    call::leave(&ana).await?;
    until("the first is told", async || first.state().closed.is_some()).await?;
    ana.call_when("the second rings", |view| view.phase == CallPhase::Incoming && view.from == "Second").await?;
    let mut changes = ana.changes();
    let rang = ana.phase(CallPhase::Ended).await?;
    // What is shown comes before what is kept.
    while changes.recv().await? != Change::Messages(ring) {}
    assert_eq!((rang.outcome, second.state().closed), (Some(CallOutcomeName::Missed), None));
    for member in [&ana, &ben] {
        let history = call::history(member, None, None, 1).await?;
        let outcome = history.first().and_then(|call| call.outcome);
        assert_eq!(outcome, Some(CallOutcomeName::Completed), "{history:?}");
    }
    Ok(())
}

/// More clients may knock while it rings for one: nobody else is let in by the answer.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_lets_in_the_client_who_is_named() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, _ben, ring) = two(&shop).await?;
    let link = link(&ana, ring, false).await?;
    let named = Guest::knock(&link.url, "Frau Vogel").await?;
    ana.call_when("it rings", |view| view.phase == CallPhase::Incoming && view.from == "Frau Vogel").await?;
    let mut others = Vec::new();
    for name in ["One", "Two", "Three", "Four"] {
        others.push(Guest::knock(&link.url, name).await?);
    }
    let view = ana.call_when("all wait", |view| view.guests_waiting.len() == 5).await?;
    assert_eq!(view.guests_waiting.first().map(|guest| guest.name.as_str()), Some("Frau Vogel"), "{view:?}");
    ana.answer(tone()).await?;
    hears(&named, 1).await?;
    assert!(others.iter().all(|other| other.state().generation.is_none()), "the others wait on");
    Ok(())
}

/// Who declines what rings, or closes its window, has said no to the client, who would wait in vain.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_at_whose_knock_a_person_declines_is_told() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    let link = link(&ana, ring, true).await?;
    let guest = Guest::knock(&link.url, "Frau Vogel").await?;
    ana.phase(CallPhase::Incoming).await?;
    let rings = ben.phase(CallPhase::Incoming).await?;
    call::decline(&ben, rings.call.parse()?).await?;
    until("a member's no", async || guest.state().is_refused).await?;
    until("the relay's end", async || guest.state().closed.as_deref() == Some("refused")).await?;
    for member in [&ana, &ben] {
        member.phase(CallPhase::Ended).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_is_refused_gets_nothing() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, _ben, ring) = two(&shop).await?;
    call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    let link = link(&ana, ring, true).await?;
    let guest = Guest::knock(&link.url, "Nobody").await?;
    let id = at_the_door(&ana).await?;
    call::refuse(&ana, id).await?;
    until("a member's no", async || guest.state().is_refused).await?;
    until("the relay's end", async || guest.state().closed.is_some()).await?;
    assert_eq!((guest.state().closed.as_deref(), guest.state().generation), (Some("refused"), None));
    ana.call_when("nobody is at the door", |view| view.guests_waiting.is_empty()).await?;
    assert_eq!(call::admit(&ana, id).await.err().map(|error| error.code), Some("no_guest"));
    Ok(())
}

/// What is shown of a call comes later than the call itself: a link that looked there led into a call of its own, in which nobody was.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_made_as_a_call_begins_or_is_answered_leads_into_it() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    let call = call::start(&ana, ring, CallMedia::Audio, tone()).await?.to_string();
    assert_eq!(link(&ana, ring, true).await?.call, call, "as it begins");
    ben.answer(tone()).await?;
    assert_eq!(link(&ben, ring, true).await?.call, call, "as it is answered");
    call::leave(&ben).await?;
    ben.phase(CallPhase::Ended).await?;
    assert_ne!(link(&ben, ring, true).await?.call, call, "it is over here");
    Ok(())
}

/// Two clients of one call come each by a link of their own; a newer link must not shut out who has an older one.
#[tokio::test(flavor = "multi_thread")]
async fn each_of_two_links_leads_its_client_into_the_call() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = in_a_call(&shop).await?;
    let (older, newer) = (link(&ana, ring, true).await?, link(&ben, ring, true).await?);
    let mut guests = Vec::new();
    for (link, people) in [(&newer, 2), (&older, 3)] {
        let guest = Guest::knock(&link.url, "Client").await?;
        call::admit(&ana, at_the_door(&ana).await?).await?;
        hears(&guest, 2).await?;
        for member in [&ana, &ben] {
            member.hears(people).await?;
        }
        guests.push(guest);
    }
    // Whose browser goes is gone, by whichever link it came.
    guests.truncate(1);
    for member in [&ana, &ben] {
        member.call_when("the second has gone", |view| view.people.len() == 2).await?;
    }
    Ok(())
}

/// A browser that was away for longer than the relay waits has left the call there. The members take it back, and the relay must hear of it:
/// who is in the call is in its record, and may use TURN.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_comes_back_late_is_let_in_again_at_the_relay() -> Result<()> {
    const HERE: &str = "SELECT count(*) FROM video_call_participants WHERE guest_id IS NOT NULL AND left_at_ms IS NULL";
    let shop = Shop::open().await?;
    let (ana, ben, ring) = in_a_call(&shop).await?;
    let link = link(&ana, ring, true).await?;
    let guest = Guest::knock(&link.url, "Frau Vogel").await?;
    call::admit(&ana, at_the_door(&ana).await?).await?;
    for member in [&ana, &ben] {
        member.hears(2).await?;
    }
    assert_eq!((guest.state().admissions, shop.count(HERE).await?), (1, 1));
    guest.set_line(false);
    for member in [&ana, &ben] {
        member.call_when("the guest has gone", |view| view.people.len() == 1).await?;
    }
    assert_eq!(shop.count(HERE).await?, 0);
    let id = guest.state().id;
    guest.set_line(true);
    for member in [&ana, &ben] {
        member.hears(2).await?;
    }
    assert_eq!(guest.state().id, id, "the same guest");
    assert!(guest.state().admissions >= 2, "the relay names its TURN server again");
    assert_eq!(shop.count(HERE).await?, 1);
    let admitted = shop.count("SELECT count(*) FROM encryption_audit_logs WHERE instr(entry, CAST('guest_admit' AS BLOB)) > 0").await?;
    assert!((2..=3).contains(&admitted), "once, and once again: {admitted}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_used_or_revoked_or_has_ended_lets_nobody_in() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, _ben, ring) = in_a_call(&shop).await?;
    let used = link(&ana, ring, true).await?;
    let first = Guest::knock(&used.url, "First").await?;
    call::admit(&ana, at_the_door(&ana).await?).await?;
    hears(&first, 2).await?;
    let second = Guest::knock(&used.url, "Second").await?;
    until("the second is turned away", async || second.state().closed.is_some()).await?;
    assert!(ana.call().is_some_and(|view| view.guests_waiting.is_empty()), "nobody is bothered");

    let revoked = link(&ana, ring, false).await?;
    call::link::revoke(&ana, revoked.link.parse()?).await?;
    let third = Guest::knock(&revoked.url, "Third").await?;
    until("the third is turned away", async || third.state().closed.is_some()).await?;

    let short = call::link::create(&ana, ring, CallMedia::Audio, Duration::from_millis(1500), false).await?;
    tokio::time::sleep(Duration::from_millis(1600)).await;
    let fourth = Guest::knock(&short.url, "Fourth").await?;
    until("the fourth is turned away", async || fourth.state().closed.is_some()).await?;
    for guest in [&second, &third, &fourth] {
        assert!(guest.state().generation.is_none());
    }
    Ok(())
}

/// Who has the address and not the fragment is heard by nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_fragment_knocks_in_vain() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, _ben, ring) = two(&shop).await?;
    call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    let (right, other) = (link(&ana, ring, false).await?, link(&ana, ring, false).await?);
    let fragment = right.url.split_once('#').map(|(_, fragment)| fragment).unwrap_or_default();
    let place = other.url.split_once('#').map(|(place, _)| place).unwrap_or_default();
    let stranger = Guest::knock(&format!("{place}#{fragment}"), "Stranger").await?;
    until("the relay says hello", async || stranger.state().id.is_some()).await?;
    let client = Guest::knock(&other.url, "Client").await?;
    let id = at_the_door(&ana).await?;
    assert_eq!(Some(id.to_string()), client.state().id, "only the client is heard");
    assert!(stranger.state().heard_by.is_empty());
    Ok(())
}
