//! Whatever comes, the relay does not fail.

use bezel_crypto::group::Change;
use bezel_protocol::wire::{Bytes, ChallengeRequest, NewConversation, path};
use bezel_protocol::{ConversationId, GuestId, GuestLinkId, cbor};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;

use crate::support::{Shop, random, upload};

#[test]
fn garbage_never_makes_the_relay_fail() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (shop, conversation, commit, begin) = runtime.block_on(async {
        let shop = Shop::open().await;
        let conversation = shop.ana.begin().await;
        let commit = shop.ana.build(conversation, Change::rotate()).await;
        let (_, begin) = shop.ana.new_group(&random()).await;
        (shop, conversation, upload(&commit), NewConversation { begin: Bytes(begin.encode()) })
    });
    let (link, guest) = (GuestLinkId::from_bytes([1; 16]), GuestId::from_bytes([2; 16]));
    let targets: Vec<(Method, String)> = [
        path::WORKSPACES,
        path::CHALLENGE,
        path::LOGIN,
        path::ROSTER,
        path::KEY_PACKAGES,
        path::CLAIM,
        path::CONVERSATIONS,
        path::COMMITS,
        path::MESSAGES,
        path::CALLS,
        path::GUEST_LINKS,
    ]
    .into_iter()
    .map(|of| (Method::POST, path::of(of, conversation)))
    .chain([path::EPOCH_KEYS, path::VAULT].map(|of| (Method::PUT, of.to_owned())))
    .chain([Method::POST, Method::PUT, Method::DELETE].map(|method| (method, path::of_guest(link, guest))))
    .collect();
    // Real requests of another kind, with a byte changed, come further than noise.
    let subject = bezel_protocol::login::Subject::Device(shop.ana.device);
    let real = [
        cbor::encode(&ChallengeRequest { workspace: shop.workspace, subject }),
        cbor::encode(&shop.ana.envelope(&shop.ana.header(conversation, 0))),
        cbor::encode(&commit),
        cbor::encode(&begin),
    ];
    let noise = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        (0..real.len(), any::<prop::sample::Index>(), any::<u8>()).prop_map(move |(which, place, byte)| {
            let mut bytes = real[which].clone();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            bytes
        }),
    ];
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    runner
        .run(&(0..targets.len(), noise), |(target, body)| {
            let (method, path) = targets[target].clone();
            let answer = runtime.block_on(shop.ana.send_bytes(method, &path, body));
            prop_assert!(answer.status < 500 || answer.status == 507, "{path}: {}", answer.status);
            Ok(())
        })
        .unwrap();
    let odd: Vec<String> = ["?first=-1&last=x", "?first=18446744073709551615&last=18446744073709551615", ""]
        .into_iter()
        .flat_map(|query| [path::MESSAGES, path::COMMITS, path::GROUP].map(|of| format!("{}{query}", path::of(of, conversation))))
        .chain([format!("/v1/conversations/{}/group", "%00"), "/v1/roster?after=18446744073709551615".to_owned()])
        .chain([path::of(path::GROUP, ConversationId::from_bytes([0xff; 16]))])
        .collect();
    for path in odd {
        let answer = runtime.block_on(shop.ana.get(&path));
        assert!(answer.status < 500, "{path}: {}", answer.status);
    }
}
