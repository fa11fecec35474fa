//! What a day of a workspace asks of the relay.

use bezel_crypto::group::{Change, CommitEntry};
use bezel_protocol::log::{EntryKind, Place};
use bezel_protocol::wire::{
    ClaimKeyPackages, ClaimedKeyPackages, Event, GroupState, Heads, KeyPackageCounts, KeyPackageUpload, MessageKind, Messages,
    NewKeyPackage, RelayInfo, RosterPage, Welcomes, path,
};
use bezel_protocol::{Hash, Role, Suite, cbor};
use futures_util::StreamExt as _;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::support::{Person, Shop, now_ms, start};

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
    let accepted = shop.ana.send(conversation, &message).await.accepted();
    assert_eq!((accepted.place.sequence, accepted.sha256), (3, Hash::of(&message.envelopes[0].0)), "behind the beginning and the commit");
    assert!(matches!(next(&mut bens_events).await, Some(Event::Conversation(head)) if head.last_sequence == 3));
    let page: Messages = ben.read(conversation, 1, 10).await.body();
    assert_eq!(page.messages.len(), 1);
    assert_eq!(page.messages[0].envelope, message.envelopes[0], "not one byte may change");
    let heads: Heads = ben.get(path::HEADS).await.body();
    assert_eq!((heads.conversations.len(), heads.conversations[0].place), (1, accepted.place));
    assert_eq!(heads.roster, shop.roster.head());
    let checkpoint = heads.audit.unwrap();
    let info: RelayInfo = ben.get(path::RELAY).await.body();
    assert!(checkpoint.verify(&info.key).is_ok());
    assert!(!info.accepts_workspaces, "one workspace fills this relay");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_later_reads_from_there_on() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin().await;
    assert_eq!(shop.ana.say(conversation, 0).await.status, 200);
    let lets_ben_in = Change::default().add_user(ben.user, Role::Member, [ben.key_package().await]);
    assert_eq!(shop.ana.commit(conversation, lets_ben_in).await.status, 200);
    assert_eq!(shop.ana.say(conversation, 1).await.status, 200);
    let page: Messages = ben.read(conversation, 0, u64::MAX).await.body();
    assert_eq!(page.messages.iter().map(|message| message.sequence).collect::<Vec<_>>(), [4]);
    let welcome: Welcomes = ben.get(path::WELCOMES).await.body();
    assert_eq!(welcome.welcomes[0].sequence, 3);
    let commits = ben.commits(conversation, 0).await;
    let commit = CommitEntry::parse(commits[0].entry.as_ref()).unwrap();
    assert_eq!((commits.len(), commits[0].sequence, commit.author().device()), (1, 3, shop.ana.device));
    let published: GroupState = ben.get(&path::of(path::GROUP, conversation)).await.body();
    assert_eq!((published.epoch, Hash::of(published.group_info.as_ref())), (1, commit.group_info()), "the one that the author signed");
    let (anas, bens) = (shop.ana.group(conversation).await, ben.group(conversation).await);
    assert_eq!(anas.epoch_key().unwrap(), bens.epoch_key().unwrap(), "what the relay hands out is enough to come in");
}

/// No tree goes over the wire: who comes back follows the log, as who comes in does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_was_removed_or_lost_its_group_comes_back_by_the_log_alone() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    assert_eq!(ben.rejoin(conversation).await.status, 200, "it has a leaf, and lost the group");
    assert_eq!(shop.ana.commit(conversation, Change::default().remove_device(ben.device)).await.status, 200);
    assert_eq!(ben.say(conversation, 3).await.status, 404, "its user is a member, and it is not in");
    assert_eq!(ben.rejoin(conversation).await.status, 200, "it has no leaf");
    assert_eq!(ben.say(conversation, 4).await.status, 200);
    let (anas, bens) = (shop.ana.group(conversation).await, ben.group(conversation).await);
    assert_eq!(anas.epoch_key().unwrap(), bens.epoch_key().unwrap());
    let kinds: Vec<EntryKind> = shop.ana.spine(conversation).await.iter().map(|entry| entry.kind).collect();
    let (begin, commit, envelope) = (EntryKind::Begin, EntryKind::Commit, EntryKind::Envelope);
    assert_eq!(kinds, [begin, commit, commit, commit, commit, envelope]);
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
    let accepted = shop.ana.send(conversation, &typing).await.accepted();
    assert_eq!(accepted.place, Place::START);
    assert_eq!(next(&mut events).await, Some(Event::Transient { conversation, envelope: typing.envelopes.remove(0) }));
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
        assert_eq!(ben.send(conversation, &receipt).await.accepted().place, Place::START);
        newest = Some(receipt.envelopes.remove(0));
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

/// A key package that ends in so many days.
fn ends_in(days: i64, bytes: &[u8]) -> NewKeyPackage {
    NewKeyPackage { key_package: bytes.to_vec().into(), not_after_ms: now_ms() + days * 86_400_000 }
}

/// Those that had ended were counted and handed out, the oldest first: each try to add somebody burnt one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_package_that_is_not_in_force_is_neither_counted_nor_handed_out() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let (ended, nearly, good, from_a_fast_clock) =
        (ends_in(-3, b"ended"), ends_in(0, b"nearly"), ends_in(40, b"good"), ends_in(300, b"fast"));
    let left = KeyPackageUpload {
        suite: Suite::P384Aes256,
        one_time: vec![ended, nearly, good.clone(), from_a_fast_clock.clone()],
        last_resort: Some(from_a_fast_clock),
        replaces: false,
    };
    assert_eq!(ben.post(path::KEY_PACKAGES, &left).await.status, 200);
    let counts: KeyPackageCounts = ben.get(path::KEY_PACKAGES).await.body();
    let stock = counts.counts.iter().find(|count| count.suite == Suite::P384Aes256).unwrap();
    assert_eq!((stock.one_time, stock.first_ends_at_ms, stock.last_resort_ends_at_ms), (1, Some(good.not_after_ms), None));
    let claim = ClaimKeyPackages { suite: Suite::P384Aes256, devices: vec![ben.device] };
    let claimed: ClaimedKeyPackages = shop.ana.post(path::CLAIM, &claim).await.body();
    assert_eq!(claimed.key_packages[0].key_package.0, b"good");
    let claimed: ClaimedKeyPackages = shop.ana.post(path::CLAIM, &claim).await.body();
    assert!(claimed.key_packages.is_empty());

    let renewed = KeyPackageUpload { one_time: vec![ends_in(90, b"new")], last_resort: None, replaces: true, ..left };
    assert_eq!(ben.post(path::KEY_PACKAGES, &renewed).await.status, 200);
    let claimed: ClaimedKeyPackages = shop.ana.post(path::CLAIM, &claim).await.body();
    assert_eq!(claimed.key_packages[0].key_package.0, b"new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_package_is_handed_out_once_and_the_last_resort_again() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let left = KeyPackageUpload {
        suite: Suite::P384Aes256,
        one_time: vec![ends_in(30, b"first"), ends_in(30, b"second")],
        last_resort: Some(ends_in(60, b"last")),
        replaces: false,
    };
    assert_eq!(ben.post(path::KEY_PACKAGES, &left).await.status, 200);
    let counts: KeyPackageCounts = ben.get(path::KEY_PACKAGES).await.body();
    assert!(
        counts.counts.iter().any(|count| count.suite == Suite::P384Aes256 && count.one_time == 2 && count.last_resort_ends_at_ms.is_some())
    );
    let claim = ClaimKeyPackages { suite: Suite::P384Aes256, devices: vec![ben.device, shop.ana.device] };
    for expected in [b"first".as_slice(), b"second", b"last", b"last"] {
        let claimed: ClaimedKeyPackages = shop.ana.post(path::CLAIM, &claim).await.body();
        assert_eq!(claimed.key_packages.len(), 1, "a device that has none is missing");
        assert_eq!(claimed.key_packages[0].key_package.0, expected);
    }
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
    let page: Messages = shop.ana.read(conversation, 1, 2).await.body();
    assert_eq!(page.messages.len(), 1, "the session and the message outlive the process");
    let roster: RosterPage = shop.ana.get(&format!("{}?after=0", path::ROSTER)).await.body();
    assert_eq!((roster.head, roster.statements.len()), (shop.roster.head(), 1));
    relay.shutdown().await;
}
