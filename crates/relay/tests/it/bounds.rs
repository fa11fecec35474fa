//! What comes from outside has a bound: pages, transient envelopes, event sockets, connections, bodies.

use std::time::Duration;

use bezel_protocol::envelope::{self, EnvelopeHeader};
use bezel_protocol::wire::{
    Event, FileAccess, MAX_ENVELOPES, MAX_PAGE_BYTES, MAX_TRANSIENT_BYTES, MessageKind, Messages, MessagesAccepted, NewCall, NewMessages,
    RelayInfo, code, path,
};
use bezel_protocol::{CallId, Hash, Role, cbor};
use bezel_relay::{Options, Relay};
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::day::{listen, next};
use crate::support::{Person, Shop, ciphertext, new_file, options, random};

const KIB: usize = 1024;

/// An envelope of so many bytes, not counting what surrounds its content.
fn envelope(person: &Person, kind: MessageKind, header: &EnvelopeHeader, bytes: usize) -> NewMessages {
    let key = person.message_key.posing_as(header.device.as_bytes());
    NewMessages { kind, envelopes: vec![envelope::build(header, random(), ciphertext(bytes), &key).unwrap().into()] }
}

/// Two hundred envelopes of a mebibyte were one answer: six requests of a member took 2.3 GB of the relay's memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_has_no_more_bytes_than_it_may_and_the_rest_comes_with_the_next() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    for _ in 0..12 {
        let large = envelope(&shop.ana, MessageKind::Stored, &shop.ana.header(conversation, 0), 900 * KIB);
        assert_eq!(shop.ana.send(conversation, &large).await.status, 200);
    }
    let (mut last, mut seen) = (13, Vec::new());
    while last > 1 {
        let answer = shop.ana.read(conversation, 1, last).await;
        assert!(answer.bytes.len() < MAX_PAGE_BYTES + 64 * KIB, "{}", answer.bytes.len());
        let page: Messages = answer.body();
        seen.extend(page.messages.iter().map(|message| message.sequence));
        last = page.messages.last().unwrap().sequence - 1;
    }
    assert_eq!(seen, (2..=13).rev().collect::<Vec<_>>(), "nothing is left out");
}

/// A client that was offline sends what it wrote in few requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_has_at_most_sixty_four_envelopes_and_all_get_their_places() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    let of = |count: usize| {
        let envelopes = (0..count).flat_map(|_| envelope(&shop.ana, MessageKind::Stored, &shop.ana.header(conversation, 0), 700).envelopes);
        NewMessages { kind: MessageKind::Stored, envelopes: envelopes.collect() }
    };
    let whole = of(MAX_ENVELOPES);
    let answer: MessagesAccepted = shop.ana.send(conversation, &whole).await.body();
    let hashes: Vec<Hash> = whole.envelopes.iter().map(|envelope| Hash::of(&envelope.0)).collect();
    assert_eq!(answer.accepted.iter().map(|accepted| accepted.sha256).collect::<Vec<_>>(), hashes, "all, in their order");
    assert_eq!(answer.accepted.iter().map(|accepted| accepted.place.sequence).collect::<Vec<_>>(), (2..=65).collect::<Vec<_>>());
    assert_eq!(answer.refused, None);
    assert_eq!(shop.ana.send(conversation, &of(MAX_ENVELOPES + 1)).await.refusal(), (400, code::MALFORMED.into()));
    assert_eq!(shop.ana.end_of_log(conversation).await.sequence, 65, "nothing of it was kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transient_envelope_is_small_and_comes_from_who_may_write() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    let transient = |person: &Person, bytes| envelope(person, MessageKind::Transient, &person.header(conversation, 1), bytes);
    assert_eq!(shop.ana.send(conversation, &transient(&shop.ana, 40 * KIB)).await.status, 200);
    let large = transient(&shop.ana, MAX_TRANSIENT_BYTES);
    assert_eq!(shop.ana.send(conversation, &large).await.refusal(), (413, code::TOO_LARGE.into()));
    assert_eq!(ben.send(conversation, &transient(&ben, 64)).await.refusal(), (403, code::FORBIDDEN.into()), "ben may only read");

    let mut events = listen(&shop.ana).await;
    let call = CallId::from_bytes(random());
    assert_eq!(shop.ana.post(path::CALLS, &NewCall { call, conversation }).await.status, 200);
    let signal = transient(&ben, 20 * KIB);
    assert_eq!(ben.send(conversation, &signal).await.status, 200, "signals of a call that goes on pass: who may read may take part in it");
    assert_eq!(next(&mut events).await, Some(Event::Transient { conversation, envelope: signal.envelopes[0].clone() }));
    let left = shop.ana.send_bytes(reqwest::Method::DELETE, &path::of_call(path::CALL, call), Vec::new()).await;
    assert_eq!(left.status, 200);
    assert_eq!(ben.send(conversation, &transient(&ben, 64)).await.status, 403, "and no longer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fifth_event_socket_of_a_device_closes_its_oldest() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(listen(&ben).await);
    }
    assert_eq!(next(&mut sockets[0]).await, None, "the oldest is closed");
    shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    for socket in &mut sockets[1..] {
        assert!(matches!(next(socket).await, Some(Event::Conversation(_))), "the others go on");
    }
}

/// Whether the relay answers, and how soon.
async fn answers(addr: std::net::SocketAddr) -> Duration {
    let start = Instant::now();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("http://{addr}{}", path::RELAY)).send().await.unwrap();
    let info: RelayInfo = cbor::decode(&answer.bytes().await.unwrap()).unwrap();
    assert!(!info.version.is_empty());
    start.elapsed()
}

/// Until the relay closes a connection.
async fn closed_after(mut stream: TcpStream) -> Duration {
    let start = Instant::now();
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(25), stream.read_to_end(&mut rest)).await.expect("it is closed at all");
    start.elapsed()
}

/// Six thousand half requests stayed open and, with the usual limit of files, 1100 silent strangers shut everybody out.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn strangers_who_say_nothing_or_half_a_request_make_room_for_others() {
    let shop = Shop::open().await;
    let mut events = listen(&shop.ana).await;
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start(Options { max_connections: Some(8), ..options(folder.path()) }).await.unwrap();
    let mut strangers = Vec::new();
    for number in 0..8 {
        let mut stream = TcpStream::connect(relay.addr()).await.unwrap();
        if number % 2 == 0 {
            stream.write_all(b"POST /v1/login HTTP/1.1\r\nHost: a\r\nContent-").await.unwrap();
        }
        strangers.push(stream);
    }
    let waited = answers(relay.addr()).await;
    assert!(waited < Duration::from_secs(15), "{waited:?}");
    for stranger in strangers {
        assert!(closed_after(stranger).await < Duration::from_secs(10), "they were all closed");
    }
    assert!(answers(relay.addr()).await < Duration::from_secs(5), "the room is there again");
    relay.shutdown().await;

    // Meanwhile a member's socket, on which nothing happened, has not been taken for a stranger's.
    shop.ana.begin_with(&[]).await;
    assert!(matches!(next(&mut events).await, Some(Event::Conversation(_))));
}

/// Sixteen uploads that trickled, of two members, held all the memory for parts: no other upload of the relay went on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_uploads_of_two_members_do_not_stop_a_third() {
    let mut shop = Shop::open().await;
    let (ben, cleo) = (shop.join(1, "ben", Role::Member).await, shop.join(2, "cleo", Role::Member).await);
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member), (&cleo, Role::Member)]).await;
    let mut slow = Vec::new();
    for person in [&ben, &cleo] {
        for _ in 0..8 {
            let file = new_file();
            assert_eq!(person.begin_upload(conversation, file, 4 << 20, &FileAccess::default()).await.status, 201);
            let trickle = stream::iter([Ok::<_, std::io::Error>(vec![7; KIB])]).chain(stream::pending());
            let request = person.append_request(file, 0).body(reqwest::Body::wrap_stream(trickle));
            slow.push(tokio::spawn(request.send()));
        }
    }
    // As soon as both hold what they can: what they ask for beyond it is refused, or waits.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (file, content) = (new_file(), ciphertext(3 << 20));
    assert_eq!(shop.ana.begin_upload(conversation, file, content.len() as u64, &FileAccess::default()).await.status, 201);
    let sent = timeout(Duration::from_secs(20), shop.ana.append(file, 0, content.clone())).await.expect("it goes on at once");
    assert_eq!((sent.status, sent.offset()), (204, content.len() as u64));
    slow.iter().for_each(tokio::task::JoinHandle::abort);
}
