//! A call and a person's devices, over a real relay: answered and declined on one of them, declined by some people of many, and by nobody
//! answered.

use std::time::Duration;

use anyhow::{Result, anyhow};
use bezel_core::call::{self, CallOutcomeName, CallPhase, CallSummary};
use bezel_core::{Member, sync};
use bezel_protocol::content::CallMedia;
use bezel_protocol::{ConversationId, Role};
use bezel_testkit::{Live, Shop, converse, tone, until};

/// Ana and ben, ben with two devices, and lena where she is wanted.
struct Scene {
    shop: Shop,
    ana: Live,
    ben: Live,
    other: Live,
    lena: Option<Live>,
    ring: ConversationId,
}

impl Scene {
    async fn set(has_lena: bool) -> Result<Self> {
        let shop = Shop::open().await?;
        let ana = shop.owner("ana").await?;
        let ben = shop.join(&ana, "ben", Role::Member).await?;
        let (ben, other) = shop.second_device(ben, "ben").await?;
        let lena = if has_lena { Some(shop.join(&ana, "lena", Role::Member).await?) } else { None };
        sync::once(&ana).await?;
        let mut members = vec![(&ben, Role::Member)];
        members.extend(lena.iter().map(|lena| (lena, Role::Member)));
        let ring = converse(&ana, &members).await?;
        for member in [&ben, &other].into_iter().chain(&lena) {
            sync::once(member).await?;
        }
        let lena = lena.map(Live::start).transpose()?;
        Ok(Self { shop, ana: Live::start(ana)?, ben: Live::start(ben)?, other: Live::start(other)?, lena, ring })
    }

    /// Ana calls, and both of ben's devices ring.
    async fn call(&self) -> Result<String> {
        let call = call::start(&self.ana, self.ring, CallMedia::Audio, tone()).await?.to_string();
        for device in [&self.ben, &self.other] {
            device.call_when("it rings", |view| view.call == call && view.phase == CallPhase::Incoming).await?;
        }
        self.ana.phase(CallPhase::Ringing).await?;
        Ok(call)
    }
}

/// A call in the history, once it has come to an end.
async fn kept(member: &Member, call: &str) -> Result<CallSummary> {
    let mut found = None;
    until("the end of a call in the history", async || {
        let calls = call::history(member, None, None, 10).await.unwrap_or_default();
        found = calls.into_iter().find(|kept| kept.call == call && kept.outcome.is_some());
        found.is_some()
    })
    .await?;
    found.ok_or_else(|| anyhow!("no call"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_answered_on_one_device_rings_no_more_on_the_other() -> Result<()> {
    let Scene { shop, ana, ben, other, ring, .. } = Scene::set(false).await?;
    let call = call::start(&ana, ring, CallMedia::Audio, tone()).await?.to_string();
    ben.phase(CallPhase::Incoming).await?;
    other.answer(tone()).await?;
    let view = ben.phase(CallPhase::Ended).await?;
    assert!(view.is_elsewhere && view.outcome == Some(CallOutcomeName::Completed), "{view:?}");
    for member in [&ana, &other] {
        member.phase(CallPhase::Live).await?;
        member.hears(1).await?;
    }
    assert_eq!(ana.call().map(|view| view.people.len()), Some(1), "one device of ben's is in the call");
    let there = "SELECT count(*) FROM video_call_participants WHERE left_at_ms IS NULL";
    assert_eq!(shop.count(there).await?, 2);
    call::leave(&other).await?;
    ana.phase(CallPhase::Ended).await?;
    let here = kept(&ben, &call).await?;
    assert!(here.outcome == Some(CallOutcomeName::Completed) && !here.is_joined, "{here:?}");
    for member in [&ana, &other] {
        let kept = kept(member, &call).await?;
        assert!(kept.outcome == Some(CallOutcomeName::Completed) && kept.is_joined && kept.seconds.is_some(), "{kept:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_declined_on_one_device_rings_no_more_on_the_other() -> Result<()> {
    let scene = Scene::set(false).await?;
    let call = scene.call().await?;
    call::decline(&scene.ben, call.parse()?).await?;
    let view = scene.other.phase(CallPhase::Ended).await?;
    assert!(view.is_elsewhere && view.outcome == Some(CallOutcomeName::Declined), "{view:?}");
    let view = scene.ben.phase(CallPhase::Ended).await?;
    assert!(!view.is_elsewhere && view.outcome == Some(CallOutcomeName::Declined), "{view:?}");
    assert_eq!(scene.ana.phase(CallPhase::Ended).await?.outcome, Some(CallOutcomeName::Declined));
    for (member, is_joined) in [(&scene.ana, true), (&scene.ben, false), (&scene.other, false)] {
        let kept = kept(member, &call).await?;
        assert_eq!((kept.outcome, kept.is_joined, kept.seconds.unwrap_or(0)), (Some(CallOutcomeName::Declined), is_joined, 0));
    }
    Ok(())
}

/// Of three people one declines, on both devices at once: lena's still rings, and she comes.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_declines_on_every_device_is_one_person_of_many() -> Result<()> {
    let scene = Scene::set(true).await?;
    let lena = scene.lena.as_ref().ok_or_else(|| anyhow!("no lena"))?;
    let call = scene.call().await?;
    call::decline(&scene.ben, call.parse()?).await?;
    call::decline(lena, call.parse()?).await?;
    assert_eq!(scene.ana.phase(CallPhase::Ended).await?.outcome, Some(CallOutcomeName::Declined), "everybody declined");
    assert_eq!(kept(&scene.ana, &call).await?.outcome, Some(CallOutcomeName::Declined));

    let call = scene.call().await?;
    lena.call_when("it rings", |view| view.call == call && view.phase == CallPhase::Incoming).await?;
    let Scene { shop, ana, ben, other, lena, .. } = scene;
    let (one, two) = tokio::join!(call::decline(&ben, call.parse()?), call::decline(&other, call.parse()?));
    assert!(one.is_ok() || two.is_ok());
    // Whoever has stopped has said everything.
    ben.stop().await?;
    other.stop().await?;
    let lena = lena.ok_or_else(|| anyhow!("no lena"))?;
    lena.answer(tone()).await?;
    ana.call_when("ana talks with lena", |view| view.call == call && view.phase == CallPhase::Live).await?;
    lena.hears(1).await?;
    drop(shop);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_answers_ends_by_time_and_was_missed() -> Result<()> {
    let short = Duration::from_secs(2);
    let Scene { shop, ana, ben, other, ring, .. } = Scene::set(false).await?;
    // Of the one who is called the time is over first, and then of the one who calls.
    for who in [&ben, &ana] {
        for member in [&ana, &ben, &other] {
            call::set_ring_time(member, Duration::from_secs(45));
        }
        call::set_ring_time(who, short);
        let call = call::start(&ana, ring, CallMedia::Audio, tone()).await?.to_string();
        let ended = who.call_when("the ringing ends", |view| view.call == call && view.phase == CallPhase::Ended).await?;
        assert_eq!(ended.outcome, Some(CallOutcomeName::Missed));
        if who.device() == ben.device() {
            ana.call_when("ana rings on", |view| view.call == call && view.phase == CallPhase::Ringing).await?;
            other.call_when("so does ben's other device", |view| view.call == call && view.phase == CallPhase::Incoming).await?;
            call::leave(&ana).await?;
        }
        for member in [&ben, &other] {
            let missed = kept(member, &call).await?;
            assert_eq!((missed.outcome, missed.is_joined, missed.mine), (Some(CallOutcomeName::Missed), false, false));
        }
        let outcome = if who.device() == ana.device() { CallOutcomeName::Missed } else { CallOutcomeName::Cancelled };
        let own = kept(&ana, &call).await?;
        assert_eq!((own.outcome, own.mine, own.seconds), (Some(outcome), true, Some(0)));
    }
    let ended = "SELECT count(*) FROM video_calls WHERE ended_at_ms IS NOT NULL";
    until("both are over at the relay", async || shop.count(ended).await.is_ok_and(|calls| calls == 2)).await?;
    assert_eq!(shop.count("SELECT count(*) FROM video_calls").await?, 2);
    assert_eq!(shop.count("SELECT count(*) FROM video_call_participants").await?, 2, "only who called was ever in them");
    assert_eq!(shop.count("SELECT count(*) FROM video_call_participants WHERE left_at_ms IS NULL").await?, 0);
    Ok(())
}
