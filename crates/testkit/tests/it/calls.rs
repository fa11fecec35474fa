//! Calls between members over a real relay: rung, answered, declined, crossed, joined late, and kept.

use anyhow::{Result, anyhow};
use bezel_core::call::{self, CallOptions, CallOutcomeName, CallPhase, CallSummary, CallView, Gear, Source};
use bezel_core::{Member, conversation, message};
use bezel_protocol::content::CallMedia;
use bezel_protocol::{CallId, ConversationId, Role};
use bezel_testkit::{Live, Shop, converse, three, tone, two, until};

/// The newest call of a history, once it is as it should be.
async fn kept(member: &Member, is: impl Fn(&CallSummary) -> bool) -> Result<CallSummary> {
    let mut found = None;
    until("a call in the history", async || {
        found = call::history(member, None, None, 1).await.ok().and_then(|calls| calls.into_iter().next());
        found.as_ref().is_some_and(&is)
    })
    .await?;
    found.ok_or_else(|| anyhow!("no call"))
}

async fn outcome(member: &Member, outcome: CallOutcomeName) -> Result<CallSummary> {
    kept(member, |call| call.outcome == Some(outcome)).await
}

/// C1, C2, C3, C5: the whole way, by the counters in the pictures.
#[tokio::test(flavor = "multi_thread")]
async fn two_see_and_hear_each_other_and_the_call_is_kept() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    let call = call::start(&ana, ring, CallMedia::Video, CallOptions::synthetic()).await?;
    let rings = ben.answer(CallOptions::synthetic()).await?;
    assert_eq!((rings.call.as_str(), rings.from.as_str()), (call.to_string().as_str(), "ana"));
    for member in [&ana, &ben] {
        member.phase(CallPhase::Live).await?;
        member.sees(1, 30).await?;
        member.hears(1).await?;
        let stats = call::stats(member).await?.ok_or_else(|| anyhow!("no statistics"))?;
        assert_eq!(stats.peers.len(), 1);
        for peer in &stats.peers {
            assert_eq!((peer.decrypt_errors, peer.replays), (0, 0), "{stats:?}");
            assert_eq!(peer.link.srtp, "SRTP_AEAD_AES_256_GCM");
        }
    }
    call::set_media(&ben, true, false).await?;
    ana.call_when("ben's camera is off", |view| view.people.iter().any(|person| person.name == "ben" && !person.camera)).await?;
    call::leave(&ben).await?;
    ana.phase(CallPhase::Ended).await?;
    for member in [&ana, &ben] {
        let kept = outcome(member, CallOutcomeName::Completed).await?;
        assert!(kept.is_joined && kept.from == "ana", "{kept:?}");
        let quality = kept.quality.ok_or_else(|| anyhow!("no quality"))?;
        assert_eq!(quality.decrypt_errors, 0);
    }
    let page = message::list(&ben, ring, None, 10).await?;
    assert!(page.messages.iter().any(|message| message.call.as_ref().is_some_and(|kept| kept.call == call.to_string())), "{page:?}");
    ana.stop().await?;
    ben.stop().await
}

/// What one device does must not hide that another does not work.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_does_not_open_is_told_until_another_takes_its_place() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    let gone = || Source::Device("no such device".into());
    let options = CallOptions { camera: gone(), microphone: gone(), ..CallOptions::synthetic() };
    call::start(&ana, ring, CallMedia::Video, options).await?;
    ben.answer(tone()).await?;
    let fails = |view: &CallView, gear| view.problem.as_ref().is_some_and(|problem| problem.gear == gear);
    let view = ana.call_when("the camera does not work", |view| fails(view, Gear::Camera) && view.phase == CallPhase::Live).await?;
    assert!(!view.camera, "nobody is told of a camera that does not work");
    call::set_camera(&ana, Source::Synthetic).await?;
    ana.call_when("the camera is on again, and the microphone does not work", |view| view.camera && fails(view, Gear::Microphone)).await?;
    ben.sees(1, 10).await?;
    call::set_microphone(&ana, Source::Synthetic).await?;
    ana.call_when("everything works", |view| view.problem.is_none()).await?;
    ben.hears(1).await
}

/// What the window says is off is off, for the others too.
#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_does_not_open_ends_the_pictures_of_the_one_before() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    call::start(&ana, ring, CallMedia::Video, CallOptions::synthetic()).await?;
    ben.answer(tone()).await?;
    ben.sees(1, 10).await?;
    call::set_camera(&ana, Source::Device("no such device".into())).await?;
    ana.call_when("the camera does not work", |view| view.problem.as_ref().is_some_and(|problem| problem.gear == Gear::Camera)).await?;
    ben.call_when("ana's camera is off", |view| view.people.iter().any(|person| person.name == "ana" && !person.camera)).await?;
    let mut sent = None;
    until("nothing more is sent", async || {
        let now = call::stats(&ana).await.ok().flatten().map(|stats| stats.frames_sent);
        let is_over = now.is_some() && sent == now;
        sent = now;
        is_over
    })
    .await?;
    assert_eq!(ana.call().map(|view| view.phase), Some(CallPhase::Live), "the call goes on");
    Ok(())
}

/// Two minutes apart: how old an invitation is, the relay says by one clock.
#[tokio::test(flavor = "multi_thread")]
async fn it_rings_on_a_machine_whose_clock_is_wrong() -> Result<()> {
    for off in [-120_000, 120_000] {
        let shop = Shop::open().await?;
        let (ana, ben, ring) = two(&shop).await?;
        ben.stop().await?;
        let ben = Live::start(shop.reopen_off_by("ben", off).await?)?;
        let call = call::start(&ana, ring, CallMedia::Audio, tone()).await?;
        let rings = ben.answer(tone()).await?;
        assert_eq!(rings.call, call.to_string());
        ana.phase(CallPhase::Live).await?;
    }
    Ok(())
}

/// The word of whoever leaves is not kept; the relay knows who is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_though_the_word_of_the_one_who_left_was_lost() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    call::start(&ben, ring, CallMedia::Audio, tone()).await?;
    ana.answer(tone()).await?;
    for member in [&ana, &ben] {
        member.hears(1).await?;
    }
    ana.grow_deaf();
    call::leave(&ben).await?;
    ana.phase(CallPhase::Ended).await?;
    let kept = outcome(&ana, CallOutcomeName::Completed).await?;
    assert!(kept.seconds.is_some(), "{kept:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_call_and_a_given_up_one_are_told_apart() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    let rings = ben.phase(CallPhase::Incoming).await?;
    ana.phase(CallPhase::Ringing).await?;
    call::decline(&ben, rings.call.parse()?).await?;
    let ended = ana.phase(CallPhase::Ended).await?;
    assert_eq!(ended.outcome, Some(CallOutcomeName::Declined));
    outcome(&ben, CallOutcomeName::Declined).await?;

    let second = call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    ben.call_when("it rings again", |view| view.call == second.to_string() && view.phase == CallPhase::Incoming).await?;
    call::leave(&ana).await?;
    outcome(&ana, CallOutcomeName::Cancelled).await?;
    let missed = outcome(&ben, CallOutcomeName::Missed).await?;
    assert!(!missed.is_joined && missed.call == second.to_string());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_another_call_is_busy() -> Result<()> {
    let shop = Shop::open().await?;
    let ([ana, ben, lena], ring) = three(&shop).await?;
    let pair = conversation::create(&ana, "Between us", &[conversation::NewMember { user: ben.user(), role: Role::Member }], None).await?;
    let pair: ConversationId = pair.conversation.parse()?;
    call::start(&ana, pair, CallMedia::Audio, tone()).await?;
    ben.answer(tone()).await?;
    ana.phase(CallPhase::Live).await?;
    call::start(&lena, ring, CallMedia::Audio, tone()).await?;
    let ended = lena.phase(CallPhase::Ended).await?;
    assert_eq!(ended.outcome, Some(CallOutcomeName::Busy), "ana and ben are both in a call");
    assert_eq!(ana.call().map(|view| view.phase), Some(CallPhase::Live), "their call goes on");
    let refused = call::start(&ana, ring, CallMedia::Audio, tone()).await;
    assert_eq!(refused.err().map(|error| error.code), Some("in_a_call"));
    Ok(())
}

/// Two who call each other at the same moment talk, instead of finding each other busy.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_call_at_once_end_in_one_call() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    let (one, other) = tokio::join!(call::start(&ana, ring, CallMedia::Audio, tone()), call::start(&ben, ring, CallMedia::Audio, tone()));
    let expected: CallId = one?.min(other?);
    for member in [&ana, &ben] {
        let live = member.call_when("one call", |view| view.phase == CallPhase::Live && view.call == expected.to_string()).await?;
        assert_eq!(live.people.len(), 1);
        member.hears(1).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_talk_and_whoever_comes_late_or_starts_anew_is_heard() -> Result<()> {
    let shop = Shop::open().await?;
    let ([ana, ben, lena], ring) = three(&shop).await?;
    let call = call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    ben.answer(tone()).await?;
    ana.hears(1).await?;
    lena.answer(tone()).await?;
    for member in [&ana, &ben, &lena] {
        member.hears(2).await?;
    }
    // Ben's machine loses power in the middle of it, and ben comes back.
    ben.crash().await?;
    let ben = Live::start(shop.reopen("ben").await?)?;
    call::answer(&ben, call, tone()).await?;
    ben.hears(2).await?;
    for member in [&ana, &lena] {
        member.hears(2).await?;
        let people = member.call().map(|view| view.people.len());
        assert_eq!(people, Some(2), "nobody is there twice");
    }
    // The caller goes, and the others talk on.
    call::leave(&ana).await?;
    outcome(&ana, CallOutcomeName::Completed).await?;
    assert_eq!(lena.call().map(|view| view.phase), Some(CallPhase::Live));
    Ok(())
}

/// A crash leaves no call that goes on for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_crash_left_open_is_closed_at_the_next_start() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    call::start(&ana, ring, CallMedia::Audio, tone()).await?;
    ben.phase(CallPhase::Incoming).await?;
    ana.crash().await?;
    let ana = Live::start(shop.reopen("ana").await?)?;
    let kept = outcome(&ana, CallOutcomeName::Failed).await?;
    assert!(kept.mine && kept.seconds.is_none(), "{kept:?}");
    // Ben's ringing ends by what ana's device says of it.
    ben.phase(CallPhase::Ended).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_nobody_is_called_now_or_later() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    shop.close_relay().await;
    let refused = call::start(&ana, ring, CallMedia::Audio, tone()).await.err().ok_or_else(|| anyhow!("it called nobody"))?;
    assert!(refused.is_offline(), "{refused:?}");
    shop.meddle(&[]).await?;
    until("ana is back", async || message::send(&ana, ring, "back", None).await.is_ok()).await?;
    until("ben reads", async || bezel_testkit::texts(&ben, ring).await.is_ok_and(|texts| texts.contains(&"back".to_owned()))).await?;
    assert!(ben.call().is_none());
    assert!(call::history(&ben, None, None, 10).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_only_read_may_not_call() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::ReadOnly)]).await?;
    bezel_core::sync::once(&ben).await?;
    let ben = Live::start(ben)?;
    let refused = call::start(&ben, ring, CallMedia::Audio, tone()).await.err().map(|error| error.code);
    assert_eq!(refused, Some("may_not_call"));
    Ok(())
}
