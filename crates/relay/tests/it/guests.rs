//! Guests who come by a link, as their browsers meet the relay, and what attackers find.

use std::time::Duration;

use bezel_crypto::group::Change;
use bezel_protocol::guest::{GuestNotice, MAX_GUEST_SIGNAL_BYTES};
use bezel_protocol::wire::{
    Bytes, CallJoined, CallRecord, Event, GuestLinkCreated, GuestMessage, NewCall, NewGuestLink, Participant, code, path,
};
use bezel_protocol::{CallId, ConversationId, GuestId, GuestLinkId, Role, cbor};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::day::{Socket, listen, next};
use crate::support::{Person, Shop, now_ms, random};

/// A guest's page.
struct Page {
    socket: Socket,
}

/// What a page hears.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Notice(GuestNotice),
    Signal(Vec<u8>),
    End,
}

impl Page {
    async fn open(base: &str, link: GuestLinkId) -> Self {
        Self::try_open(base, &path::of_link(path::GUEST_EVENTS, link), None).await.unwrap()
    }

    async fn come_back(base: &str, link: GuestLinkId, (guest, token): (GuestId, &str)) -> Self {
        let path = format!("{}?guest={guest}&token={token}", path::of_link(path::GUEST_EVENTS, link));
        Self::try_open(base, &path, None).await.unwrap()
    }

    /// The status of a refusal.
    async fn try_open(base: &str, path: &str, origin: Option<&str>) -> Result<Self, u16> {
        let mut request = format!("{}{path}", base.replacen("http", "ws", 1)).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn hear(&mut self) -> Heard {
        let hear = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return Heard::Notice(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Binary(bytes))) => return Heard::Signal(bytes.to_vec()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Heard::End,
                    Some(Ok(_)) => {}
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), hear).await.expect("the relay speaks")
    }

    /// Who the relay says this is.
    async fn hello(&mut self) -> (GuestId, String) {
        match self.hear().await {
            Heard::Notice(GuestNotice::Hello { guest, token, workspace, inviter, .. }) => {
                assert_eq!((workspace.as_str(), inviter.as_str()), ("Maison Lune", "ana"));
                (guest, token)
            }
            heard => panic!("{heard:?}"),
        }
    }

    async fn say(&mut self, signal: &[u8]) {
        self.socket.send(Message::Binary(signal.to_vec().into())).await.unwrap();
    }

    async fn is_closed(&mut self, expected: &str) {
        assert_eq!(self.hear().await, Heard::Notice(GuestNotice::Closed { reason: expected.into() }));
        assert_eq!(self.hear().await, Heard::End);
    }
}

/// Ana and Ben in a conversation, a call of Ana's, and a link to it.
struct Scene {
    shop: Shop,
    ben: Person,
    conversation: ConversationId,
    call: CallId,
    link: GuestLinkId,
}

impl Scene {
    async fn set(is_single_use: bool) -> Self {
        let mut shop = Shop::open().await;
        let ben = shop.join(1, "ben", Role::Member).await;
        let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
        let call = CallId::from_bytes(random());
        let link = GuestLinkId::from_bytes(random());
        let scene = Self { shop, ben, conversation, call, link };
        let made = scene.shop.ana.post(path::GUEST_LINKS, &scene.new_link(is_single_use)).await;
        assert_eq!(made.body::<GuestLinkCreated>().base.as_str(), format!("{}/", scene.base()));
        assert_eq!(scene.shop.ana.post(path::CALLS, &NewCall { call, conversation }).await.status, 200);
        scene
    }

    fn base(&self) -> &str {
        self.shop.base()
    }

    fn new_link(&self, is_single_use: bool) -> NewGuestLink {
        let expires_at_ms = now_ms() + 3_600_000;
        NewGuestLink { link: self.link, conversation: self.conversation, call: self.call, expires_at_ms, is_single_use }
    }

    async fn ask(&self, person: &Person, method: Method, guest: GuestId) -> u16 {
        person.send_bytes(method, &path::of_guest(self.link, guest), Vec::new()).await.status
    }

    async fn tell(&self, person: &Person, guest: GuestId, signal: &[u8]) -> u16 {
        person.post(&path::of_guest(self.link, guest), &Bytes(signal.to_vec())).await.status
    }

    async fn record(&self) -> CallRecord {
        self.shop.ana.get(&path::of_call(path::CALL, self.call)).await.body()
    }

    async fn is_in_call(&self, guest: GuestId) -> bool {
        let record = self.record().await;
        record.participants.iter().any(|participant| participant.who == Participant::Guest(guest) && participant.left_at_ms.is_none())
    }

    fn message(&self, guest: GuestId, signal: Option<&[u8]>) -> Event {
        let signal = signal.map(|signal| Bytes(signal.to_vec()));
        Event::Guest(GuestMessage { link: self.link, call: self.call, conversation: self.conversation, guest, signal })
    }
}

/// The next event about guests.
async fn next_of_guests(socket: &mut Socket) -> Event {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(60), next(socket)).await.expect("an event").expect("a connection");
        if matches!(event, Event::Guest(_)) {
            return event;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_knocks_is_heard_by_all_members_and_admitted_into_the_record() {
    let scene = Scene::set(true).await;
    let (mut at_ana, mut at_ben) = (listen(&scene.shop.ana).await, listen(&scene.ben).await);
    let mut page = Page::open(scene.base(), scene.link).await;
    let (guest, _) = page.hello().await;
    page.say(b"knock").await;
    for socket in [&mut at_ana, &mut at_ben] {
        assert_eq!(next_of_guests(socket).await, scene.message(guest, Some(b"knock")));
    }
    assert_eq!(scene.tell(&scene.ben, guest, b"waiting").await, 200);
    assert_eq!(page.hear().await, Heard::Signal(b"waiting".to_vec()));
    assert!(!scene.is_in_call(guest).await, "who waits is not in the call");
    assert_eq!(scene.ask(&scene.ben, Method::PUT, guest).await, 200);
    let Heard::Notice(GuestNotice::Admitted { ice_servers }) = page.hear().await else { panic!("not admitted") };
    let turn = ice_servers.iter().find(|server| server.urls[0].starts_with("turn:")).expect("a TURN server");
    assert!(turn.username.as_ref().unwrap().ends_with(&format!("{}:{guest}", scene.call)), "bound to call and guest");
    assert!(scene.is_in_call(guest).await);
    page.socket.close(None).await.unwrap();
    assert_eq!(next_of_guests(&mut at_ben).await, scene.message(guest, None), "a guest who has gone is told of");
    assert!(!scene.is_in_call(guest).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_of_single_use_ends_with_the_first_admitted_guest() {
    let scene = Scene::set(true).await;
    let mut pages = [Page::open(scene.base(), scene.link).await, Page::open(scene.base(), scene.link).await];
    let guests = [pages[0].hello().await.0, pages[1].hello().await.0];
    let both = [scene.ask(&scene.ben, Method::PUT, guests[0]), scene.ask(&scene.shop.ana, Method::PUT, guests[1])];
    let [first, second] = both;
    let (first, second) = tokio::join!(first, second);
    assert!(matches!((first, second), (200, 404 | 410) | (404 | 410, 200)), "one of two, whoever is quicker: {first} {second}");
    let loser = usize::from(first == 200);
    pages[loser].is_closed("used").await;
    Page::open(scene.base(), scene.link).await.is_closed("used").await;
    assert!(matches!(pages[1 - loser].hear().await, Heard::Notice(GuestNotice::Admitted { .. })), "who is in stays in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_guests_come_by_a_link_of_several_uses() {
    let scene = Scene::set(false).await;
    for _ in 0..2 {
        let mut page = Page::open(scene.base(), scene.link).await;
        let (guest, _) = page.hello().await;
        assert_eq!(scene.ask(&scene.ben, Method::PUT, guest).await, 200);
        assert!(matches!(page.hear().await, Heard::Notice(GuestNotice::Admitted { .. })));
        assert!(scene.is_in_call(guest).await);
        assert_eq!(scene.ask(&scene.ben, Method::DELETE, guest).await, 200);
        page.is_closed("ended").await;
        assert!(!scene.is_in_call(guest).await, "sent away is out of the call");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_a_revoked_and_a_guessed_link_lead_nowhere() {
    let scene = Scene::set(false).await;
    let soon = NewGuestLink { link: GuestLinkId::from_bytes(random()), expires_at_ms: now_ms() + 10_000, ..scene.new_link(false) };
    assert_eq!(scene.shop.ana.post(path::GUEST_LINKS, &soon).await.status, 200);
    let mut waits = Page::open(scene.base(), soon.link).await;
    waits.hello().await;
    waits.is_closed("expired").await;
    Page::open(scene.base(), soon.link).await.is_closed("expired").await;
    Page::open(scene.base(), GuestLinkId::from_bytes(random())).await.is_closed("expired").await;
    Page::try_open(scene.base(), "/v1/guest/no-id", None).await.unwrap().is_closed("expired").await;

    let mut waits = Page::open(scene.base(), scene.link).await;
    let (guest, _) = waits.hello().await;
    let path = path::of_link(path::GUEST_LINK, scene.link);
    assert_eq!(scene.ben.send_bytes(Method::DELETE, &path, Vec::new()).await.status, 200, "any member who may write");
    waits.is_closed("revoked").await;
    Page::open(scene.base(), scene.link).await.is_closed("revoked").await;
    assert!(matches!(scene.ask(&scene.ben, Method::PUT, guest).await, 404 | 410));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_made_for_a_while_by_those_who_may_write_and_for_calls_of_their_own() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let cleo = shop.join(2, "cleo", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    let elsewhere = cleo.begin().await;
    let call = CallId::from_bytes(random());
    assert_eq!(cleo.post(path::CALLS, &NewCall { call, conversation: elsewhere }).await.status, 200);
    let link = |expires_at_ms| NewGuestLink {
        link: GuestLinkId::from_bytes(random()),
        conversation,
        call: CallId::from_bytes(random()),
        expires_at_ms,
        is_single_use: true,
    };
    let in_an_hour = link(now_ms() + 3_600_000);
    for late in [now_ms() - 1, now_ms() + bezel_protocol::wire::MAX_GUEST_LINK_MS + 60_000] {
        assert_eq!(shop.ana.post(path::GUEST_LINKS, &link(late)).await.refusal(), (422, code::REFUSED.into()));
    }
    assert_eq!(ben.post(path::GUEST_LINKS, &in_an_hour).await.refusal(), (403, code::FORBIDDEN.into()), "read-only");
    assert_eq!(cleo.post(path::GUEST_LINKS, &in_an_hour).await.refusal(), (404, code::NOT_FOUND.into()), "a stranger");
    assert_eq!(shop.ana.post(path::GUEST_LINKS, &NewGuestLink { call, ..in_an_hour }).await.status, 409, "another conversation's call");
    assert_eq!(shop.ana.post(path::GUEST_LINKS, &in_an_hour).await.status, 200);
    assert_eq!(shop.ana.post(path::GUEST_LINKS, &in_an_hour).await.status, 200, "the same again");
    let path = path::of_link(path::GUEST_LINK, in_an_hour.link);
    assert_eq!(cleo.send_bytes(Method::DELETE, &path, Vec::new()).await.status, 404);
    assert_eq!(ben.send_bytes(Method::DELETE, &path, Vec::new()).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_and_a_removed_member_can_not_answer_a_guest() {
    let mut scene = Scene::set(true).await;
    let cleo = scene.shop.join(2, "cleo", Role::Member).await;
    let mut page = Page::open(scene.base(), scene.link).await;
    let (guest, _) = page.hello().await;
    let removal = Change::default().remove_user(scene.ben.user);
    assert_eq!(scene.shop.ana.commit(scene.conversation, removal).await.status, 200);
    let mut at_ben = listen(&scene.ben).await;
    for outsider in [&cleo, &scene.ben] {
        assert_eq!(scene.tell(outsider, guest, b"come in").await, 404);
        assert_eq!(scene.ask(outsider, Method::PUT, guest).await, 404);
        assert_eq!(scene.ask(outsider, Method::DELETE, guest).await, 404);
    }
    let mut at_ana = listen(&scene.shop.ana).await;
    page.say(b"knock").await;
    assert_eq!(next_of_guests(&mut at_ana).await, scene.message(guest, Some(b"knock")));
    assert_eq!(scene.tell(&scene.shop.ana, guest, b"only this").await, 200);
    assert_eq!(page.hear().await, Heard::Signal(b"only this".to_vec()), "nothing of the outsiders came");
    let heard = tokio::time::timeout(Duration::from_millis(300), next(&mut at_ben)).await;
    assert!(!matches!(heard, Ok(Some(Event::Guest(_)))), "who was removed hears no guest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_only_read_does_not_speak_with_guests() {
    let mut scene = Scene::set(true).await;
    let cleo = scene.shop.join(2, "cleo", Role::Member).await;
    let change = Change::default().role(scene.ben.user, Role::ReadOnly).add_user(cleo.user, Role::Member, [cleo.key_package().await]);
    assert_eq!(scene.shop.ana.commit(scene.conversation, change).await.status, 200);
    let mut page = Page::open(scene.base(), scene.link).await;
    let (guest, _) = page.hello().await;
    assert_eq!(scene.tell(&scene.ben, guest, b"come in").await, 403);
    assert_eq!(scene.ask(&scene.ben, Method::PUT, guest).await, 403);
    assert_eq!(scene.ask(&scene.ben, Method::DELETE, guest).await, 403);
    assert_eq!(scene.tell(&cleo, guest, b"wait").await, 200);
    assert_eq!(page.hear().await, Heard::Signal(b"wait".to_vec()), "nothing else came");
}

/// Refused is said by a member, and then by the relay: whoever reads slowly hears both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_member_said_comes_before_the_end() {
    let scene = Scene::set(false).await;
    for _ in 0..8 {
        let mut page = Page::open(scene.base(), scene.link).await;
        let (guest, _) = page.hello().await;
        assert_eq!(scene.tell(&scene.ben, guest, b"no").await, 200);
        assert_eq!(scene.ask(&scene.ben, Method::DELETE, guest).await, 200);
        assert_eq!(page.hear().await, Heard::Signal(b"no".to_vec()));
        page.is_closed("refused").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_whose_connection_broke_comes_back_as_the_same_and_misses_nothing() {
    let scene = Scene::set(true).await;
    let mut page = Page::open(scene.base(), scene.link).await;
    let (guest, token) = page.hello().await;
    assert_eq!(scene.ask(&scene.ben, Method::PUT, guest).await, 200);
    assert!(matches!(page.hear().await, Heard::Notice(GuestNotice::Admitted { .. })));
    drop(page);
    let mut page = Page::come_back(scene.base(), scene.link, (guest, &token)).await;
    assert_eq!(page.hello().await.0, guest);
    assert!(matches!(page.hear().await, Heard::Notice(GuestNotice::Admitted { .. })), "still in the call");
    assert_eq!(scene.tell(&scene.ben, guest, b"restart").await, 200);
    assert_eq!(page.hear().await, Heard::Signal(b"restart".to_vec()));
    assert!(scene.is_in_call(guest).await);
    // Who can't prove to be the guest is another one, for whom the link is used up.
    let wrong = token.chars().rev().collect::<String>();
    Page::come_back(scene.base(), scene.link, (guest, &wrong)).await.is_closed("used").await;
    let mut second = Page::come_back(scene.base(), scene.link, (guest, &token)).await;
    assert_eq!(second.hello().await.0, guest);
    assert_eq!(page.hear().await, Heard::End, "one connection speaks for a guest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_finds_the_way_back_after_the_relay_was_started_anew() {
    let mut scene = Scene::set(true).await;
    let mut page = Page::open(scene.base(), scene.link).await;
    let (guest, token) = page.hello().await;
    assert_eq!(scene.ask(&scene.ben, Method::PUT, guest).await, 200);
    assert!(matches!(page.hear().await, Heard::Notice(GuestNotice::Admitted { .. })));
    scene.shop.close().await;
    let relay = crate::support::start(scene.shop.folder.path()).await;
    let base = format!("http://{}", relay.addr());
    let mut page = Page::come_back(&base, scene.link, (guest, &token)).await;
    assert_eq!(page.hello().await.0, guest);
    assert!(matches!(page.hear().await, Heard::Notice(GuestNotice::Admitted { .. })));
    relay.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flooding_guest_is_cut_off_and_a_crowd_is_kept_out() {
    let scene = Scene::set(false).await;
    let mut page = Page::open(scene.base(), scene.link).await;
    page.hello().await;
    for _ in 0..500 {
        if page.socket.send(Message::Binary(vec![7; 10].into())).await.is_err() {
            break;
        }
    }
    assert_eq!(page.hear().await, Heard::End, "too many signals");
    let mut large = Page::open(scene.base(), scene.link).await;
    large.hello().await;
    let _ = large.socket.send(Message::Binary(vec![7; MAX_GUEST_SIGNAL_BYTES + 1].into())).await;
    assert_eq!(large.hear().await, Heard::End, "too large a signal");

    let mut inside = Vec::new();
    let refused = loop {
        match Page::try_open(scene.base(), &path::of_link(path::GUEST_EVENTS, scene.link), None).await {
            Ok(page) => inside.push(page),
            Err(status) => break status,
        }
    };
    assert!(refused == 429 && inside.len() <= 8, "{refused} after {}", inside.len());
    assert_eq!(scene.shop.ana.get(path::HEADS).await.status, 200, "the members are served as before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_leave_with_the_last_member_and_who_waits_at_a_link_of_several_uses_waits_on() {
    let scene = Scene::set(false).await;
    let mut is_in = Page::open(scene.base(), scene.link).await;
    let mut waits = Page::open(scene.base(), scene.link).await;
    let (guest, _) = is_in.hello().await;
    let (waiting, _) = waits.hello().await;
    assert_eq!(scene.ask(&scene.shop.ana, Method::PUT, guest).await, 200);
    assert!(matches!(is_in.hear().await, Heard::Notice(GuestNotice::Admitted { .. })));
    let call = path::of_call(path::CALL, scene.call);
    assert_eq!(scene.shop.ana.send_bytes(Method::DELETE, &call, Vec::new()).await.status, 200);
    is_in.is_closed("ended").await;
    let record = scene.record().await;
    assert!(record.ended_at_ms.is_some() && record.participants.iter().all(|participant| participant.left_at_ms.is_some()));
    assert_eq!(scene.ask(&scene.shop.ana, Method::PUT, waiting).await, 409, "nobody is in the call");
    let come = NewCall { call: scene.call, conversation: scene.conversation };
    assert_eq!(scene.shop.ana.post(path::CALLS, &come).await.status, 200);
    assert_eq!(scene.ask(&scene.shop.ana, Method::PUT, waiting).await, 200);
    assert!(matches!(waits.hear().await, Heard::Notice(GuestNotice::Admitted { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_ended_begins_again_by_a_link_of_several_uses_alone() {
    let leave = async |scene: &Scene| {
        let call = path::of_call(path::CALL, scene.call);
        assert_eq!(scene.shop.ana.send_bytes(Method::DELETE, &call, Vec::new()).await.status, 200);
    };
    let come =
        async |scene: &Scene| scene.shop.ana.post(path::CALLS, &NewCall { call: scene.call, conversation: scene.conversation }).await;
    let once = Scene::set(true).await;
    leave(&once).await;
    Page::open(once.base(), once.link).await.is_closed("ended").await;
    assert_eq!(come(&once).await.status, 410);

    let scene = Scene::set(false).await;
    leave(&scene).await;
    let mut page = Page::open(scene.base(), scene.link).await;
    let (guest, _) = page.hello().await;
    assert_eq!(scene.ask(&scene.ben, Method::PUT, guest).await, 409, "nobody is in it yet");
    assert_eq!(come(&scene).await.status, 200);
    assert_eq!(scene.ask(&scene.ben, Method::PUT, guest).await, 200);
    assert!(matches!(page.hear().await, Heard::Notice(GuestNotice::Admitted { .. })));
    leave(&scene).await;
    page.is_closed("ended").await;
    let link = path::of_link(path::GUEST_LINK, scene.link);
    assert_eq!(scene.shop.ana.send_bytes(Method::DELETE, &link, Vec::new()).await.status, 200);
    assert_eq!(come(&scene).await.status, 410, "the link was withdrawn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_admitted_into_a_call_that_has_not_begun() {
    let scene = Scene::set(true).await;
    let link = NewGuestLink { link: GuestLinkId::from_bytes(random()), call: CallId::from_bytes(random()), ..scene.new_link(true) };
    assert_eq!(scene.shop.ana.post(path::GUEST_LINKS, &link).await.status, 200);
    let mut page = Page::open(scene.base(), link.link).await;
    let (guest, _) = page.hello().await;
    let path = path::of_guest(link.link, guest);
    let put = || scene.shop.ana.send_bytes(Method::PUT, &path, Vec::new());
    assert_eq!(put().await.refusal(), (409, code::CONFLICT.into()));
    let joined = scene.shop.ana.post(path::CALLS, &NewCall { call: link.call, conversation: scene.conversation }).await;
    assert!(!joined.body::<CallJoined>().ice_servers.is_empty());
    assert_eq!(put().await.status, 200);
    assert!(matches!(page.hear().await, Heard::Notice(GuestNotice::Admitted { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_site_opens_no_connection() {
    let scene = Scene::set(false).await;
    let path = path::of_link(path::GUEST_EVENTS, scene.link);
    assert_eq!(Page::try_open(scene.base(), &path, Some("https://evil.example")).await.err(), Some(403));
    Page::try_open(scene.base(), &path, Some(scene.base())).await.unwrap().hello().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_the_same_for_every_link_and_loads_nothing_from_elsewhere() {
    let scene = Scene::set(false).await;
    let (http, base) = (&scene.shop.ana.http, scene.base());
    let get = |path: String| async move {
        let response = http.get(format!("{base}{path}")).send().await.unwrap();
        (response.status().as_u16(), response.headers().clone(), response.text().await.unwrap())
    };
    let (status, headers, page) = get(path::of_link(path::GUEST_PAGE, scene.link)).await;
    let (_, _, of_no_link) = get(path::of_link(path::GUEST_PAGE, GuestLinkId::from_bytes(random()))).await;
    assert_eq!((status, &page), (200, &of_no_link));
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let policy = header("content-security-policy");
    for rule in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert!(policy.contains(&format!("connect-src 'self' {}", scene.base().replacen("http", "ws", 1))), "{policy}");
    let expected = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in expected {
        assert_eq!(header(name), value);
    }
    let (status, headers, script) = get(path::GUEST_ASSET.replace("{name}", "guest.js")).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/javascript; charset=utf-8"));
    assert!(!script.is_empty());
    for missing in ["no.js", "..%2Findex.html", "%00"] {
        assert_eq!(get(path::GUEST_ASSET.replace("{name}", missing)).await.0, 404, "{missing}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_browsers_would_give_no_camera_no_link_is_made_and_the_reason_is_told() {
    let scene = Scene::set(false).await;
    let body = cbor::encode(&NewGuestLink { link: GuestLinkId::from_bytes(random()), ..scene.new_link(false) });
    let request = scene.shop.ana.http.post(format!("{}{}", scene.base(), path::GUEST_LINKS)).header("host", "shop.example:7300");
    let response = request.bearer_auth(scene.shop.ana.token.as_ref().unwrap()).body(body).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 422);
    let refusal: bezel_protocol::wire::ErrorBody = cbor::decode(&response.bytes().await.unwrap()).unwrap();
    assert!(refusal.message.contains("--tls-cert") && refusal.message.contains("--public-url"), "{}", refusal.message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_made_a_link_admitted_and_sent_away_is_in_the_audit_log() {
    let mut scene = Scene::set(true).await;
    let mut page = Page::open(scene.base(), scene.link).await;
    let (guest, _) = page.hello().await;
    assert_eq!(scene.ask(&scene.ben, Method::PUT, guest).await, 200);
    assert_eq!(scene.ask(&scene.shop.ana, Method::DELETE, guest).await, 200);
    let path = path::of_link(path::GUEST_LINK, scene.link);
    assert_eq!(scene.shop.ana.send_bytes(Method::DELETE, &path, Vec::new()).await.status, 200);
    scene.shop.close().await;
    let data = scene.shop.folder.path().to_str().unwrap();
    let export = std::process::Command::new(env!("CARGO_BIN_EXE_bezel-relay")).args(["audit", "export", "--data", data]).output().unwrap();
    let export = String::from_utf8(export.stdout).unwrap();
    let (link, guest) = (scene.link.to_string(), guest.to_string());
    for (action, person, subject) in [
        ("guest_link_create", &scene.shop.ana, &link),
        ("guest_admit", &scene.ben, &guest),
        ("guest_send_away", &scene.shop.ana, &guest),
        ("guest_link_revoke", &scene.shop.ana, &link),
    ] {
        let line = export.lines().find(|line| line.contains(&format!("\"{action}\""))).unwrap_or_else(|| panic!("{action} in {export}"));
        assert!(line.contains(&person.device.to_string()) && line.contains(subject.as_str()), "{line}");
    }
}
