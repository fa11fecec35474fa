//! Whatever a member sends has a bound, for the relay and for the others.

use anyhow::Result;
use bezel_core::{message, sync};
use bezel_protocol::content::Content;
use bezel_protocol::wire::{MAX_PAGE_BYTES, MAX_TRANSIENT_BYTES, MessageKind, path};
use bezel_protocol::{Role, cbor};
use reqwest::Method;

use super::stage::{Stage, thread};

/// Two hundred large envelopes were one page.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_fills_a_conversation_is_read_page_by_page_and_the_others_between() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    message::send(&stage.ben, stage.ring, "before", None).await?;
    for _ in 0..14 {
        let header = stage.mal.header(stage.ring).await?;
        let envelope = stage.mal.seal(&header, &vec![0; 1_000_000])?;
        assert_eq!(stage.mal.store(envelope).await?.code(), "ok");
    }
    message::send(&stage.ben, stage.ring, "after", None).await?;
    let page = stage.mal.line.get(&format!("{}?first=1&last=99", path::of(path::MESSAGES, stage.ring))).await?;
    assert!(page.bytes.len() < MAX_PAGE_BYTES + 65_536, "{}", page.bytes.len());
    sync::once(&stage.ana).await?;
    let lines = thread(&stage.ana, stage.ring).await?;
    assert_eq!((lines.first().map(String::as_str), lines.last().map(String::as_str)), (Some("ben: before"), Some("ben: after")));
    assert_eq!(lines.len(), 16);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_sends_garbage_by_every_way_stops_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let bodies = [Vec::new(), vec![0xff; 64], [vec![0x81; 60_000], vec![0]].concat(), cbor::encode(&"x".repeat(100_000))];
    for of in [
        path::ROSTER,
        path::KEY_PACKAGES,
        path::CLAIM,
        path::CONVERSATIONS,
        path::COMMITS,
        path::MESSAGES,
        path::EPOCH_KEYS,
        path::VAULT,
        path::FILES,
        path::CALLS,
        path::GUEST_LINKS,
        path::LOGIN,
        path::CHALLENGE,
        path::HEADS,
        path::WELCOMES,
    ] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for body in &bodies {
                // What is not read to its end ends the connection.
                let Ok(answer) = stage.mal.line.send(method.clone(), &path::of(of, stage.ring), body.clone()).await else { continue };
                assert!((400..500).contains(&answer.status), "{method} {of}: {}", answer.status);
            }
        }
    }
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_signal_or_receipt_is_refused_and_one_receipt_of_a_device_is_kept() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let header = stage.mal.header(stage.ring).await?;
    let large = stage.mal.seal(&header, &vec![0; MAX_TRANSIENT_BYTES])?;
    assert_eq!(stage.mal.post(stage.ring, MessageKind::Transient, vec![large]).await?.code(), "too_large");
    for number in 0..20_u64 {
        let unknown = Content::Unknown { kind: "receipt".into(), is_silent: true, bytes: vec![0xa0] };
        let header = bezel_protocol::envelope::EnvelopeHeader { counter: number, message: stage.mal.message_id()?, ..header };
        let receipt = stage.mal.seal(&header, &unknown.encode())?;
        assert_eq!(stage.mal.post(stage.ring, MessageKind::Receipt, vec![receipt]).await?.code(), "ok");
    }
    assert_eq!(stage.shop.count("SELECT count(*) FROM message_receipts").await?, 1);
    stage.goes_on().await
}
