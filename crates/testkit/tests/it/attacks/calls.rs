//! Calls: begun, ended and signalled by whoever has no part in them, and events that the relay makes up.

use anyhow::Result;
use bezel_core::call::{self, CallOutcomeName};
use bezel_core::{conversation as conversations, message, sync};
use bezel_protocol::content::{
    CallEnd, CallInvitation, CallMedia, CallOutcome, CallSecretBytes, CallSignal, Content, MediaState, SignalBody,
};
use bezel_protocol::wire::{ConversationHead, ErrorBody, Event, MessageKind, NewCall, code, path};
use bezel_protocol::{CallId, Role, cbor};
use bezel_testkit::{Live, until};
use reqwest::Method;

use super::stage::{Stage, thread};

fn invitation(call: CallId, secret: u8) -> Content {
    Content::Call(CallInvitation { call, media: CallMedia::Audio, secret: CallSecretBytes::new(&[secret; 32]), guest: None })
}

fn signal(call: CallId, number: u64, body: SignalBody) -> Content {
    Content::CallSignal(CallSignal { call, number, to: None, body })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_ends_anothers_call_does_not() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let ben = Live::start(stage.ben)?;
    let call = call::start(&ben, stage.ring, CallMedia::Audio, bezel_testkit::tone()).await?;
    until("ana knows of it", async || {
        let _ = sync::once(&stage.ana).await;
        !call::history(&stage.ana, None, None, 9).await.unwrap_or_default().is_empty()
    })
    .await?;
    for conversation in [stage.ring, stage.pair] {
        let end = Content::CallEnd(CallEnd { call, outcome: CallOutcome::Completed, seconds: 9 });
        assert_eq!(stage.mal.say_content(conversation, &end).await?.code(), "ok");
        // Nor does the same id begin another one.
        assert_eq!(stage.mal.say_content(conversation, &invitation(call, 7)).await?.code(), "ok");
    }
    sync::once(&stage.ana).await?;
    let calls = call::history(&stage.ana, None, None, 9).await?;
    let seen: Vec<_> = calls.iter().map(|call| (call.from.as_str(), call.conversation.clone(), call.outcome)).collect();
    assert_eq!(seen, [("ben", stage.ring.to_string(), None::<CallOutcomeName>)]);
    call::leave(&ben).await?;
    ben.stop().await
}

/// Whoever's invitation came first had the call, and its secret.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_calls_by_the_id_of_anothers_call_does_not_take_its_place() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let ben = Live::start(stage.ben)?;
    let call = call::start(&ben, stage.other, CallMedia::Audio, bezel_testkit::tone()).await?;
    for conversation in [stage.ring, stage.pair] {
        assert_eq!(stage.mal.say_content(conversation, &invitation(call, 7)).await?.code(), "ok");
    }
    let other = stage.other;
    let later = cbor::encode(&ErrorBody { code: code::NOT_FOUND.into(), message: "later".into(), current: None, proof: None });
    stage.liar.answer_instead(move |asked| {
        (asked.method == Method::GET && asked.path() == path::of(path::MESSAGES, other)).then(|| (404, later.clone()))
    });
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.pair).await?, ["[mal] It begins a call that its sender did not make here."]);
    stage.liar.repent();
    until("ana knows of it", async || {
        let _ = sync::once(&stage.ana).await;
        call::history(&stage.ana, Some(stage.other), None, 9).await.is_ok_and(|calls| calls.len() == 1)
    })
    .await?;
    let calls = call::history(&stage.ana, None, None, 9).await?;
    assert_eq!(calls.iter().map(|call| call.from.as_str()).collect::<Vec<_>>(), ["ben"]);
    call::leave(&ben).await?;
    ben.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_of_a_call_that_is_stored_as_a_message_is_none() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let call = CallId::from_bytes([5; 16]);
    for body in [SignalBody::Left, SignalBody::Rekey { generation: 9, secret: CallSecretBytes::new(&[1; 32]) }] {
        assert_eq!(stage.mal.say_content(stage.ring, &signal(call, 1, body)).await?.code(), "ok");
    }
    sync::once(&stage.ana).await?;
    assert_eq!(thread(&stage.ana, stage.ring).await?, ["[mal] It is a step of a call and no message."; 2]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_another_conversation_neither_hears_nor_enters_a_call() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let ben = Live::start(stage.ben)?;
    let call = call::start(&ben, stage.other, CallMedia::Audio, bezel_testkit::tone()).await?;
    let at = path::of_call(path::CALL, call);
    assert_eq!(stage.mal.line.get(&at).await?.code(), "not_found");
    assert_eq!(stage.mal.line.put(&at, &()).await?.code(), "not_found");
    let taken = stage.mal.line.post(path::CALLS, &NewCall { call, conversation: stage.ring }).await?;
    assert_ne!(taken.code(), "ok", "the id is another call's");
    call::leave(&ben).await?;
    ben.stop().await
}

/// What an event says is a reason to look, and nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_the_relay_makes_up_end_nothing_and_begin_nothing() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let ana = Live::start(stage.ana)?;
    message::send(&stage.ben, stage.ring, "before", None).await?;
    until("ana hears ben", async || thread(&ana, stage.ring).await.is_ok_and(|lines| lines.contains(&"ben: before".to_owned()))).await?;
    let garbage = stage.mal.seal(&stage.mal.header(stage.ring).await?, b"garbage")?;
    for event in [
        Event::Removed(stage.ring),
        Event::Welcome,
        Event::Resync,
        Event::Conversation(ConversationHead { conversation: stage.ring, last_sequence: 1 << 62, epoch: 1 << 62, role: Role::Guest }),
        Event::Transient { conversation: stage.ring, envelope: garbage.into() },
        Event::Transient { conversation: stage.other, envelope: vec![0xff; 9].into() },
    ] {
        stage.liar.say(event);
    }
    message::send(&stage.ben, stage.ring, "after", None).await?;
    until("ana hears ben again", async || thread(&ana, stage.ring).await.is_ok_and(|lines| lines.contains(&"ben: after".to_owned())))
        .await?;
    assert!(conversations::list(&ana).await?.iter().all(|each| !each.removed));
    assert_eq!(conversations::show(&ana, stage.ring).await?.members.len(), 3);
    assert!(ana.call().is_none(), "nobody calls");
    ana.stop().await
}

/// Signals are passed on and stand in no log: a flood of them is not in the way of messages.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_floods_the_sockets_keeps_no_message_from_anybody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let ana = Live::start(stage.ana)?;
    let header = stage.mal.header(stage.ring).await?;
    for number in 0..150 {
        let body = SignalBody::Media(MediaState { microphone: true, camera: false, screen: false });
        let mut content = signal(CallId::from_bytes([number; 16]), u64::MAX, body).encode();
        content.resize(60_000, 0);
        let envelope = stage.mal.seal(&header, &content)?;
        assert_eq!(stage.mal.post(stage.ring, MessageKind::Transient, vec![envelope]).await?.code(), "ok");
    }
    message::send(&stage.ben, stage.ring, "is anybody there?", None).await?;
    until("ana hears ben", async || thread(&ana, stage.ring).await.is_ok_and(|lines| lines == ["ben: is anybody there?"])).await?;
    assert!(ana.call().is_none(), "nobody calls");
    ana.stop().await
}
