//! Whatever a member sends has a bound, for the relay and for the others.

use anyhow::Result;
use bezel_core::{message, sync};
use bezel_crypto::group::{Change, KeyPackage};
use bezel_protocol::content::Content;
use bezel_protocol::wire::{
    ClaimKeyPackages, ClaimedKeyPackages, MAX_PAGE_BYTES, MAX_TRANSIENT_BYTES, MAX_WELCOME_BYTES, MessageKind, path,
};
use bezel_protocol::{Role, cbor};
use bezel_testkit::{Shop, converse};
use reqwest::Method;

use super::stage::{Stage, round, thread};

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
    for kind in [MessageKind::Transient, MessageKind::Receipt] {
        assert_eq!(stage.mal.post(stage.ring, kind, vec![large.clone()]).await?.code(), "too_large");
    }
    for number in 0..20_u64 {
        let unknown = Content::Unknown { kind: "receipt".into(), is_silent: true, bytes: vec![0xa0] };
        let header = bezel_protocol::envelope::EnvelopeHeader { counter: number, message: stage.mal.message_id()?, ..header };
        let receipt = stage.mal.seal(&header, &unknown.encode())?;
        assert_eq!(stage.mal.post(stage.ring, MessageKind::Receipt, vec![receipt]).await?.code(), "ok");
    }
    assert_eq!(stage.shop.count("SELECT count(*) FROM message_receipts").await?, 1);
    stage.goes_on().await
}

/// The welcomes for a device were handed out together, of any size: five of them, and it could never synchronise again.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_welcomes_by_the_megabyte_keeps_nobody_from_synchronising() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let mal = shop.join(&ana, "mal", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    let own = converse(&mal, &[]).await?;
    let mal = shop.corrupt(mal, "mal").await?;
    let suite = mal.loot.suites[&own];
    let asked = ClaimKeyPackages { suite, devices: vec![ben.device()] };
    let claimed: ClaimedKeyPackages = mal.line.post(path::CLAIM, &asked).await?.body()?;
    let package = KeyPackage::parse(&claimed.key_packages[0].key_package.0)?;
    let change = Change::default().add_user(ben.user(), Role::Member, [package]);
    let built = mal.build_commit(own, change, mal.head(own).await?).await?;
    for (size, code) in [(15_000_000, "too_large"), (MAX_WELCOME_BYTES + 1, "too_large"), (MAX_WELCOME_BYTES, "ok")] {
        let welcome = [(ben.device(), vec![0; size])];
        let answer = mal.post_commit(own, built.entry.clone(), built.group_info.clone(), &welcome).await?;
        assert_eq!(answer.code(), code, "{size} bytes");
    }
    message::send(&ana, ring, "heard", None).await?;
    assert_eq!(round(&ben).await, None);
    assert_eq!(thread(&ben, ring).await?, ["ana: heard"]);
    assert_eq!(shop.count("SELECT count(*) FROM welcomes").await?, 0);
    Ok(())
}
