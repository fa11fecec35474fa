//! Calls through a relay that lies, and with members who were removed: by name, what comes of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bezel_core::call::{self, CallPhase};
use bezel_core::conversation;
use bezel_protocol::content::CallMedia;
use bezel_protocol::envelope::Envelope;
use bezel_protocol::wire::Event;
use bezel_protocol::{ConversationId, DeviceId, Role};
use bezel_testkit::{Liar, Live, Shop, tone, until};

/// An envelope of more bytes carries a session description.
const DESCRIPTION_BYTES: usize = 2000;

/// Ana and ben on line behind somebody who lies.
async fn two() -> Result<(Shop, Liar, Live, Live, ConversationId)> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let (ana, ben, ring) = bezel_testkit::two(&shop).await?;
    Ok((shop, liar, ana, ben, ring))
}

/// The same with lena in the conversation.
async fn three() -> Result<(Shop, Liar, [Live; 3], ConversationId)> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let (live, ring) = bezel_testkit::three(&shop).await?;
    Ok((shop, liar, live, ring))
}

fn device_of(event: &Event) -> Option<DeviceId> {
    let Event::Transient { envelope, .. } = event else { return None };
    Envelope::parse(&envelope.0).ok().map(|envelope| envelope.header().device)
}

fn is_description(event: &Event) -> bool {
    matches!(event, Event::Transient { envelope, .. } if envelope.0.len() > DESCRIPTION_BYTES)
}

/// A signal with one bit of `at` of its bytes changed.
fn flipped(event: Event, at: usize) -> Event {
    match event {
        Event::Transient { conversation, mut envelope } => {
            let length = envelope.0.len().max(1);
            if let Some(byte) = envelope.0.get_mut(at % length) {
                *byte ^= 1;
            }
            Event::Transient { conversation, envelope }
        }
        other => other,
    }
}

fn transients(liar: &Liar) -> Vec<Event> {
    liar.heard().into_iter().filter(|event| matches!(event, Event::Transient { .. })).collect()
}

async fn talk(ana: &Live, ben: &Live, ring: ConversationId) -> Result<()> {
    let call = call::start(ana, ring, CallMedia::Audio, tone()).await?;
    ben.call_when("it rings", |view| view.call == call.to_string() && view.phase == CallPhase::Incoming).await?;
    call::answer(ben, call, tone()).await?;
    ana.hears(1).await?;
    ben.hears(1).await
}

fn people(member: &Live) -> Vec<String> {
    member.call().map(|view| view.people.into_iter().map(|person| person.name).collect()).unwrap_or_default()
}

/// A description changed or put in the place of another names another certificate: whoever took it would talk to the relay.
#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_the_relay_swaps_is_not_taken() -> Result<()> {
    let (_shop, liar, ana, ben, ring) = two().await?;
    talk(&ana, &ben, ring).await?;
    call::leave(&ana).await?;
    ana.phase(CallPhase::Ended).await?;
    ben.phase(CallPhase::Ended).await?;
    let old: Vec<Event> = transients(&liar).into_iter().filter(is_description).collect();
    assert!(!old.is_empty(), "offers and answers are long");

    let swapped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&swapped);
    liar.lie(move |event| {
        // The first descriptions are changed, or are those of the call before; then the relay grows tired of it.
        if !is_description(&event) || count.load(Ordering::SeqCst) >= 4 {
            return vec![event];
        }
        match count.fetch_add(1, Ordering::SeqCst) {
            number if number % 2 == 0 => vec![flipped(event, 900 + number)],
            number => old.get(number % old.len()).cloned().into_iter().collect(),
        }
    });
    talk(&ana, &ben, ring).await?;
    assert!(swapped.load(Ordering::SeqCst) > 0);
    for member in [&ana, &ben] {
        let stats = call::stats(member).await?.unwrap_or_default();
        assert!(stats.peers.iter().all(|peer| peer.decrypt_errors == 0 && peer.link.srtp == "SRTP_AEAD_AES_256_GCM"), "{stats:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_offer_and_every_other_signal_said_again_change_nothing() -> Result<()> {
    let (_shop, liar, ana, ben, ring) = two().await?;
    talk(&ana, &ben, ring).await?;
    let said = transients(&liar);
    for event in said.iter().chain(said.iter().rev()) {
        liar.say(event.clone());
    }
    for member in [&ana, &ben] {
        // What is asked for after it is answered after it.
        let before = call::stats(member).await?.unwrap_or_default().peers.first().map_or(0, |peer| peer.packets_received);
        until("the talk goes on", async || {
            let stats = call::stats(member).await.ok().flatten().unwrap_or_default();
            stats.peers.first().is_some_and(|peer| peer.packets_received > before + 100)
        })
        .await?;
        assert_eq!(member.call().map(|view| (view.phase, view.attempt, view.people.len())), Some((CallPhase::Live, 0, 1)));
    }
    // The last word of a call that is over does not end the next one, nor does its first word ring.
    call::leave(&ana).await?;
    ben.phase(CallPhase::Ended).await?;
    let said = transients(&liar);
    talk(&ana, &ben, ring).await?;
    said.iter().for_each(|event| liar.say(event.clone()));
    let before = call::stats(&ben).await?.unwrap_or_default().peers.first().map_or(0, |peer| peer.packets_received);
    until("the second talk goes on", async || {
        let stats = call::stats(&ben).await.ok().flatten().unwrap_or_default();
        stats.peers.first().is_some_and(|peer| peer.packets_received > before + 100)
    })
    .await
}

/// The relay signs with no member's key, whatever it makes of envelopes that it has.
#[tokio::test(flavor = "multi_thread")]
async fn candidates_and_participants_that_the_relay_makes_are_not_believed() -> Result<()> {
    let (_shop, liar, [ana, ben, lena], ring) = three().await?;
    // Lena's signals in another conversation, of another call.
    let other = conversation::create(&lena, "Another", &[conversation::NewMember { user: ana.user(), role: Role::Member }], None).await?;
    let other: ConversationId = other.conversation.parse()?;
    until("ana is in it", async || conversation::show(&ana, other).await.is_ok()).await?;
    call::start(&lena, other, CallMedia::Audio, tone()).await?;
    ana.answer(tone()).await?;
    ana.hears(1).await?;
    call::leave(&lena).await?;
    ana.phase(CallPhase::Ended).await?;
    let lenas: Vec<Event> = transients(&liar).into_iter().filter(|event| device_of(event) == Some(lena.device())).collect();
    assert!(!lenas.is_empty());
    lena.stop().await?;

    talk(&ana, &ben, ring).await?;
    let said = transients(&liar);
    for (at, event) in said.iter().enumerate() {
        // With a bit changed anywhere, in header, ciphertext or signature.
        for part in [10, 60, 200, 333, 500, 641] {
            liar.say(flipped(event.clone(), at + part));
        }
    }
    for event in lenas {
        if let Event::Transient { envelope, .. } = event {
            liar.say(Event::Transient { conversation: ring, envelope });
        }
    }
    for member in [&ana, &ben] {
        let before = call::stats(member).await?.unwrap_or_default().peers.first().map_or(0, |peer| peer.packets_received);
        until("the talk goes on", async || {
            let stats = call::stats(member).await.ok().flatten().unwrap_or_default();
            stats.peers.first().is_some_and(|peer| peer.packets_received > before + 100)
        })
        .await?;
    }
    assert_eq!((people(&ana), people(&ben)), (vec!["ben".to_owned()], vec!["ana".to_owned()]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_participants_keys_open_nothing_after_the_removal() -> Result<()> {
    let (_shop, liar, [ana, ben, lena], ring) = three().await?;
    call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    ben.answer(tone()).await?;
    lena.answer(tone()).await?;
    for member in [&ana, &ben, &lena] {
        member.hears(2).await?;
    }
    let before = transients(&liar).len();
    conversation::remove(&ana, ring, lena.user()).await?;
    for member in [&ana, &ben] {
        until("frames are encrypted from a new secret", async || {
            call::key_generation(member).await.ok().flatten().is_some_and(|generation| generation > 0)
        })
        .await?;
        member.call_when("lena is gone", |view| view.people.len() == 1).await?;
        member.hears(1).await?;
        let stats = call::stats(member).await?.unwrap_or_default();
        assert_eq!(stats.peers.len(), 1, "{stats:?}");
    }
    assert_eq!(call::key_generation(&ana).await?, call::key_generation(&ben).await?);
    // A relay that is lena's friend passes on what was said since: it is said in keys that she does not have.
    transients(&liar).into_iter().skip(before).for_each(|event| liar.say(event));
    lena.phase(CallPhase::Ended).await?;
    assert!(call::key_generation(&lena).await?.is_none_or(|generation| generation == 0));
    Ok(())
}

/// The relay keeps back what lena said as a member, and says it when she is none.
#[tokio::test(flavor = "multi_thread")]
async fn signals_of_a_removed_member_are_not_heard() -> Result<()> {
    let (_shop, liar, [ana, ben, lena], ring) = three().await?;
    let kept_back: Arc<Mutex<Vec<Event>>> = Arc::default();
    let (keeps, lenas) = (Arc::clone(&kept_back), lena.device());
    liar.lie(move |event| {
        if device_of(&event) == Some(lenas) {
            keeps.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            return Vec::new();
        }
        vec![event]
    });
    call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    ben.answer(tone()).await?;
    ana.hears(1).await?;
    lena.answer(tone()).await?;
    until("lena said that she comes", async || kept_back.lock().unwrap_or_else(PoisonError::into_inner).len() >= 3).await?;
    conversation::remove(&ana, ring, lena.user()).await?;
    until("ben knows", async || {
        conversation::show(&ben, ring).await.is_ok_and(|details| details.members.iter().all(|member| member.handle != "lena"))
    })
    .await?;
    let said = kept_back.lock().unwrap_or_else(PoisonError::into_inner).clone();
    said.into_iter().for_each(|event| liar.say(event));
    for member in [&ana, &ben] {
        let before = call::stats(member).await?.unwrap_or_default().peers.first().map_or(0, |peer| peer.packets_received);
        until("the talk goes on", async || {
            let stats = call::stats(member).await.ok().flatten().unwrap_or_default();
            stats.peers.first().is_some_and(|peer| peer.packets_received > before + 100)
        })
        .await?;
        assert_eq!(people(member).len(), 1, "lena is not there");
    }
    Ok(())
}
