//! What a day of a workspace asks of the relay.

use bezel_protocol::wire::{
    ClaimKeyPackages, ClaimedKeyPackages, Commits, EpochKeys, Event, GroupState, Heads, KeyPackageCounts, KeyPackageUpload,
    MessageAccepted, MessageKind, Messages, RelayInfo, RosterPage, StoredVault, Welcomes, WrappedEpochKey, path,
};
use bezel_protocol::{Hash, Role, Suite, cbor};
use futures_util::StreamExt as _;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::{Person, Shop, start, upload};

pub(crate) type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

pub(crate) async fn listen(person: &Person) -> Socket {
    let mut request = format!("{}{}", person.base.replace("http", "ws"), path::EVENTS).into_client_request().unwrap();
    let bearer = format!("Bearer {}", person.token.as_ref().unwrap());
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    tokio_tungstenite::connect_async(request).await.unwrap().0
}

/// The next event; `None` when the relay closed.
pub(crate) async fn next(socket: &mut Socket) -> Option<Event> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => return Some(cbor::decode(&bytes).unwrap()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_reaches_the_other_member_in_its_place() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let mut bens_events = listen(&ben).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    assert!(matches!(next(&mut bens_events).await, Some(Event::Conversation(head)) if head.role == Role::Member && head.epoch == 1));
    assert_eq!(next(&mut bens_events).await, Some(Event::Welcome));

    let welcomes: Welcomes = ben.get(path::WELCOMES).await.body();
    assert_eq!((welcomes.welcomes.len(), welcomes.welcomes[0].epoch), (1, 1));
    assert_eq!(ben.send_bytes(reqwest::Method::DELETE, &path::of(path::WELCOME, conversation), Vec::new()).await.status, 200);
    assert!(ben.get(path::WELCOMES).await.body::<Welcomes>().welcomes.is_empty());

    let message = shop.ana.envelope(&shop.ana.header(conversation, 1));
    let accepted: MessageAccepted = shop.ana.send(conversation, &message).await.body();
    assert_eq!((accepted.sequence, accepted.sha256), (1, Hash::of(&message.envelope.0)));
    assert!(matches!(next(&mut bens_events).await, Some(Event::Conversation(head)) if head.last_sequence == 1));
    let page: Messages = ben.read(conversation, 1, 10).await.body();
    assert_eq!(page.messages.len(), 1);
    assert_eq!(page.messages[0].envelope, message.envelope, "not one byte may change");
    let heads: Heads = ben.get(path::HEADS).await.body();
    assert_eq!((heads.conversations.len(), heads.conversations[0].last_sequence), (1, 1));
    assert_eq!(heads.roster, shop.roster.head());
    let checkpoint = heads.audit.unwrap();
    let info: RelayInfo = ben.get(path::RELAY).await.body();
    let signed = bezel_protocol::wire::SignedCheckpoint::to_be_signed(checkpoint.entries, checkpoint.head, checkpoint.at_ms);
    assert!(info.key.verify(&signed, &checkpoint.signature.0).is_ok());
    assert!(!info.accepts_workspaces, "one workspace fills this relay");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_later_reads_from_there_on() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin().await;
    assert_eq!(shop.ana.say(conversation, 0).await.status, 200);
    assert_eq!(shop.ana.commit(conversation, &upload(0, &[(&shop.ana, Role::Owner), (&ben, Role::Member)])).await.status, 200);
    assert_eq!(shop.ana.say(conversation, 1).await.status, 200);
    let page: Messages = ben.read(conversation, 0, u64::MAX).await.body();
    assert_eq!(page.messages.iter().map(|message| message.sequence).collect::<Vec<_>>(), [2]);
    let welcome: Welcomes = ben.get(path::WELCOMES).await.body();
    assert_eq!(welcome.welcomes[0].last_sequence, 1);
    let commits: Commits = ben.get(&format!("{}?from=0", path::of(path::COMMITS, conversation))).await.body();
    assert_eq!((commits.commits.len(), commits.commits[0].device), (1, shop.ana.device));
    let group: GroupState = ben.get(&path::of(path::GROUP, conversation)).await.body();
    assert_eq!((group.epoch, group.last_sequence, group.ratchet_tree.0.as_slice()), (1, 2, b"tree 1".as_slice()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_message_of_a_page_comes_first() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    for _ in 0..5 {
        assert_eq!(shop.ana.say(conversation, 0).await.status, 200);
    }
    let page: Messages = shop.ana.read(conversation, 2, 4).await.body();
    assert_eq!(page.messages.iter().map(|message| message.sequence).collect::<Vec<_>>(), [4, 3, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transient_envelope_passes_and_is_forgotten() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let mut events = listen(&ben).await;
    let mut typing = shop.ana.envelope(&shop.ana.header(conversation, 1));
    typing.kind = MessageKind::Transient;
    let accepted: MessageAccepted = shop.ana.send(conversation, &typing).await.body();
    assert_eq!(accepted.sequence, 0);
    assert_eq!(next(&mut events).await, Some(Event::Transient { conversation, envelope: typing.envelope }));
    assert!(ben.read(conversation, 1, 10).await.body::<Messages>().messages.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_receipt_of_a_device_is_there_for_who_was_away() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    let receipts = || async { shop.ana.get(&path::of(path::RECEIPTS, conversation)).await.body::<Messages>().messages };
    assert!(receipts().await.is_empty());
    let mut newest = None;
    for counter in [0, 1] {
        let mut header = ben.header(conversation, 1);
        header.counter = counter;
        let mut receipt = ben.envelope(&header);
        receipt.kind = MessageKind::Receipt;
        assert_eq!(ben.send(conversation, &receipt).await.body::<MessageAccepted>().sequence, 0);
        newest = Some(receipt.envelope);
    }
    let kept: Vec<_> = receipts().await.into_iter().map(|receipt| receipt.envelope).collect();
    assert_eq!(kept, Vec::from_iter(newest), "also of who may only read");
    assert!(shop.ana.read(conversation, 0, 9).await.body::<Messages>().messages.is_empty(), "a receipt takes no place");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_out_ends_token_and_socket() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let mut events = listen(&ben).await;
    assert_eq!(ben.post(path::LOGOUT, &()).await.status, 200);
    assert_eq!(next(&mut events).await, None);
    assert_eq!(ben.get(path::HEADS).await.status, 401);
    assert_eq!(shop.ana.get(path::HEADS).await.status, 200, "nobody else's session ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_package_is_handed_out_once_and_the_last_resort_again() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let left = KeyPackageUpload {
        suite: Suite::P384Aes256,
        one_time: vec![b"first".to_vec().into(), b"second".to_vec().into()],
        last_resort: Some(b"last".to_vec().into()),
    };
    assert_eq!(ben.post(path::KEY_PACKAGES, &left).await.status, 200);
    let counts: KeyPackageCounts = ben.get(path::KEY_PACKAGES).await.body();
    assert!(counts.counts.iter().any(|count| count.suite == Suite::P384Aes256 && count.one_time == 2 && count.last_resort));
    let claim = ClaimKeyPackages { suite: Suite::P384Aes256, devices: vec![ben.device, shop.ana.device] };
    for expected in [b"first".as_slice(), b"second", b"last", b"last"] {
        let claimed: ClaimedKeyPackages = shop.ana.post(path::CLAIM, &claim).await.body();
        assert_eq!(claimed.key_packages.len(), 1, "a device that has none is missing");
        assert_eq!(claimed.key_packages[0].key_package.0, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backed_up_epoch_key_stays_as_it_was() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin().await;
    let keys = |wrapped: &[u8]| EpochKeys { keys: vec![WrappedEpochKey { conversation, epoch: 0, wrapped: wrapped.to_vec().into() }] };
    assert_eq!(shop.ana.put(path::EPOCH_KEYS, &keys(b"one")).await.status, 200);
    assert_eq!(shop.ana.put(path::EPOCH_KEYS, &keys(b"two")).await.status, 200);
    assert_eq!(shop.ana.get(path::EPOCH_KEYS).await.body::<EpochKeys>(), keys(b"one"));
    assert!(ben.get(path::EPOCH_KEYS).await.body::<EpochKeys>().keys.is_empty(), "another user's backup is not there");

    assert_eq!(shop.ana.put(path::VAULT, &StoredVault { vault: b"vault".to_vec().into() }).await.status, 200);
    assert_eq!(shop.ana.get(path::VAULT).await.body::<StoredVault>().vault.0, b"vault");
    assert_eq!(ben.get(path::VAULT).await.refusal(), (404, "not_found".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_ends_closes_its_sockets_and_connections() {
    let mut shop = Shop::open().await;
    let mut events = listen(&shop.ana).await;
    assert_eq!(shop.ana.get(path::HEADS).await.status, 200);
    shop.close().await;
    assert_eq!(next(&mut events).await, None);
    let request = shop.ana.http.get(format!("{}{}", shop.base(), path::RELAY));
    assert!(request.send().await.is_err(), "a connection that was kept open is no way in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_there_after_a_restart() {
    let mut shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    assert_eq!(shop.ana.say(conversation, 0).await.status, 200);
    shop.close().await;
    let relay = start(shop.folder.path()).await;
    shop.ana.base = format!("http://{}", relay.addr());
    let page: Messages = shop.ana.read(conversation, 1, 1).await.body();
    assert_eq!(page.messages.len(), 1, "the session and the message outlive the process");
    let roster: RosterPage = shop.ana.get(&format!("{}?after=0", path::ROSTER)).await.body();
    assert_eq!((roster.head, roster.statements.len()), (shop.roster.head(), 1));
    relay.shutdown().await;
}
