//! Those who are only guests, and members of the workspace who are not in a conversation.

use anyhow::Result;
use bezel_core::call;
use bezel_core::conversation as conversations;
use bezel_protocol::content::CallMedia;
use bezel_protocol::wire::{MessageKind, NewGuestLink, path};
use bezel_protocol::{CallId, ConversationId, GuestId, GuestLinkId, Role};
use bezel_testkit::{Live, tone};
use reqwest::Method;

use super::stage::{Stage, thread};

/// Every way to a conversation answers as for one that is not there.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_is_not_in_a_conversation_learns_nothing_of_it() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let nowhere = ConversationId::from_bytes([3; 16]);
    for of in [path::MESSAGES, path::SPINE, path::HEAD, path::GROUP, path::RECEIPTS, path::COMMITS] {
        let ask = async |id| stage.mal.line.get(&format!("{}?first=1&last=9&from=0", path::of(of, id))).await;
        let (there, nowhere) = (ask(stage.other).await?, ask(nowhere).await?);
        assert_eq!(there, nowhere, "{of}");
        assert_eq!(there.code(), "not_found", "{of}");
    }
    let mut header = stage.mal.header(stage.ring).await?;
    header.conversation = stage.other;
    let envelope = stage.mal.seal(&header, b"hello")?;
    for kind in [MessageKind::Stored, MessageKind::Receipt, MessageKind::Transient] {
        assert_eq!(stage.mal.post(stage.other, kind, vec![envelope.clone()]).await?.code(), "not_found");
    }
    assert_eq!(thread(&stage.ana, stage.other).await?, [""; 0]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_makes_no_link_for_clients_into_a_conversation_of_others() -> Result<()> {
    let stage = Stage::with_mal(Role::ReadOnly).await?;
    let link = |conversation| NewGuestLink {
        link: GuestLinkId::from_bytes([1; 16]),
        conversation,
        call: CallId::from_bytes([2; 16]),
        expires_at_ms: stage.mal.now_ms() + 60_000,
        is_single_use: false,
    };
    assert_eq!(stage.mal.line.post(path::GUEST_LINKS, &link(stage.other)).await?.code(), "not_found");
    assert_eq!(stage.mal.line.post(path::GUEST_LINKS, &link(stage.ring)).await?.code(), "forbidden", "mal may only read there");
    assert_eq!(call::link::list(&stage.ana).await?.len(), 0);
    stage.goes_on().await
}

/// Whoever has no part in a conversation opens no door of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_another_conversation_admits_and_sends_away_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let ben = Live::start(stage.ben)?;
    call::start(&ben, stage.other, CallMedia::Audio, tone()).await?;
    let link = call::link::create(&ben, stage.other, CallMedia::Audio, std::time::Duration::from_secs(60), false).await?;
    let link: GuestLinkId = link.link.parse()?;
    let guest = path::of_guest(link, GuestId::from_bytes([4; 16]));
    for method in [Method::PUT, Method::POST, Method::DELETE] {
        let answer = stage.mal.line.send(method.clone(), &guest, vec![0x41, 0]).await?;
        assert_eq!(answer.code(), "not_found", "{method}");
    }
    let revoked = stage.mal.line.send(Method::DELETE, &path::of_link(path::GUEST_LINK, link), Vec::new()).await?;
    assert_eq!(revoked.code(), "not_found");
    assert_eq!(call::link::list(&ben).await?.len(), 1, "it stands");
    call::leave(&ben).await?;
    ben.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_of_the_workspace_is_shown_as_one_before_anything_is_said() -> Result<()> {
    let stage = Stage::with_mal(Role::Guest).await?;
    let status = conversations::status(&stage.ana, stage.ring).await?;
    assert!(status.warnings.iter().any(|warning| warning.code == "guest" && warning.text == "mal is a guest"), "{:?}", status.warnings);
    let elsewhere = conversations::status(&stage.ana, stage.other).await?;
    assert!(elsewhere.warnings.iter().all(|warning| warning.code != "guest"));
    stage.goes_on().await
}
