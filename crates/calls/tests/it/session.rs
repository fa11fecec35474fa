//! Calls between sessions in one process, over real sockets: what one shows the other sees, by the counter in the picture.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bezel_calls::call::{End, Input, Limits, Peer, Phase, Sender};
use bezel_calls::connection::ConnectionOptions;
use bezel_calls::device::{Mark, SilentSpeaker, SyntheticMicrophone, SyntheticPictures, read_mark};
use bezel_calls::picture::Picture;
use bezel_calls::session::{CallStats, Command, Event, Session, SessionOptions, Sink};
use bezel_crypto::Secret;
use bezel_crypto::call::{CallSecret, Track};
use bezel_protocol::content::{CallOutcome, MediaState, SignalBody};
use bezel_protocol::{CallId, DeviceId};
use bezel_vpx::Decoder;
use tokio::sync::{mpsc, watch};

const VIDEO: MediaState = MediaState { microphone: true, camera: true, screen: false };

/// Decodes what it is shown, and keeps the marks.
#[derive(Default)]
struct Watcher {
    seen: Mutex<BTreeMap<(Peer, bool), Seen>>,
}

struct Seen {
    decoder: Decoder,
    marks: Vec<Mark>,
    errors: usize,
}

impl Sink for Watcher {
    fn picture(&self, peer: Option<Peer>, track: Track, frame: &[u8], _: i64) {
        let Some(peer) = peer else { return };
        let mut seen = self.seen.lock().unwrap();
        let seen = seen.entry((peer, track == Track::Screen)).or_insert_with(|| Seen {
            decoder: Decoder::new().unwrap(),
            marks: Vec::new(),
            errors: 0,
        });
        #[expect(clippy::disallowed_methods, reason = "a picture is taken now")]
        let shown = seen.decoder.decode(frame, |planes| Picture::copied(&planes, Instant::now()));
        match shown.ok().flatten().and_then(|picture| read_mark(&picture, 1280)) {
            Some(mark) => seen.marks.push(mark),
            None => seen.errors += 1,
        }
    }
}

impl Watcher {
    fn marks(&self, peer: Peer, is_screen: bool) -> Vec<Mark> {
        self.seen.lock().unwrap().get(&(peer, is_screen)).map(|seen| seen.marks.clone()).unwrap_or_default()
    }
}

/// A device in a call.
struct Device {
    id: DeviceId,
    session: Session,
    events: mpsc::Receiver<Event>,
    watcher: Arc<Watcher>,
}

impl Device {
    fn new(id: u8, others: usize, calls: bool) -> Self {
        let id = DeviceId::from_bytes([id; 16]);
        let watcher = Arc::new(Watcher::default());
        let options = SessionOptions {
            me: id,
            others,
            calls: calls.then_some(VIDEO),
            secret: CallSecret::new(CallId::from_bytes([7; 16]), 0, Secret::from_slice(&[9; 32]).unwrap()),
            connection: ConnectionOptions {
                ice_servers: Vec::new(),
                is_relay_only: false,
                addresses: vec!["127.0.0.1:0".parse().unwrap()],
            },
            limits: Limits::default(),
            sink: Arc::clone(&watcher) as Arc<dyn Sink>,
        };
        let (session, events) = Session::start(options);
        Self { id, session, events, watcher }
    }

    async fn begin(&self) {
        self.session.tell(Command::Camera(Some(Box::new(SyntheticPictures::new(1280, 720, 30))))).await;
        self.session.tell(Command::Microphone(Some(Box::new(SyntheticMicrophone::new(440.0))))).await;
        self.session.tell(Command::Speaker(Box::<SilentSpeaker>::default())).await;
    }

    fn peer(&self) -> Peer {
        Peer::Device(self.id)
    }
}

/// What was heard of a call that is over.
type Ends = watch::Receiver<Vec<(DeviceId, CallOutcome, End, Box<CallStats>)>>;

/// Passes signals between devices, as a relay does, and answers on those that are called.
fn wire(devices: Vec<Device>) -> (Vec<Session>, Vec<Arc<Watcher>>, Ends) {
    let sessions: Vec<(DeviceId, Session)> = devices.iter().map(|device| (device.id, device.session.clone())).collect();
    let watchers = devices.iter().map(|device| Arc::clone(&device.watcher)).collect();
    let (ended, ends) = watch::channel(Vec::new());
    let ended = Arc::new(ended);
    for mut device in devices {
        let (others, ended) = (sessions.clone(), Arc::clone(&ended));
        tokio::spawn(async move {
            let (mut number, mut has_answered) = (0, false);
            while let Some(event) = device.events.recv().await {
                match event {
                    Event::Send(to, body) => {
                        number += 1;
                        for (id, session) in others.iter().filter(|(id, _)| *id != device.id && to.is_none_or(|to| to == Peer::Device(*id)))
                        {
                            assert_ne!(*id, device.id);
                            let input = Input::Signal { from: Sender::Member(device.id), number, body: body.clone() };
                            session.tell(Command::Input(input)).await;
                        }
                    }
                    Event::Changed(view) if matches!(view.phase, Phase::Ringing { .. }) && !has_answered && !view.peers.is_empty() => {
                        has_answered = true;
                        device.begin().await;
                        device.session.tell(Command::Input(Input::Answer(VIDEO))).await;
                    }
                    Event::Changed(_) => {}
                    Event::DeviceFailed(track, error) => panic!("{track:?}: {error}"),
                    Event::SpeakerFailed(error) => panic!("{error}"),
                    Event::Ended { outcome, end, stats, .. } => ended.send_modify(|ends| ends.push((device.id, outcome, end, stats))),
                }
            }
        });
    }
    (sessions.into_iter().map(|(_, session)| session).collect(), watchers, ends)
}

/// Waits until `is` holds, asking often.
async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("{what} did not happen"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_see_and_hear_each_other_and_nothing_fails_to_open() {
    let (ben, ana) = (Device::new(2, 1, false), Device::new(1, 1, true));
    ana.begin().await;
    let (peer_ana, peer_ben) = (ana.peer(), ben.peer());
    let (sessions, watchers, mut ends) = wire(vec![ana, ben]);
    for (watcher, peer) in [(&watchers[0], peer_ben), (&watchers[1], peer_ana)] {
        until("sixty pictures", async || watcher.marks(peer, false).len() >= 60).await;
        let marks = watcher.marks(peer, false);
        assert!(marks.windows(2).all(|pair| pair[0].number < pair[1].number), "in order");
        assert_eq!(watcher.seen.lock().unwrap()[&(peer, false)].errors, 0);
    }
    for session in &sessions {
        until("a voice", async || session.stats().await.unwrap().peers[0].level > 0.02).await;
        let stats = session.stats().await.unwrap();
        let peer = &stats.peers[0];
        assert_eq!((peer.decrypt_errors, peer.replays), (0, 0), "{stats:?}");
        assert_eq!(peer.link.srtp, "SRTP_AEAD_AES_256_GCM");
        assert!(peer.first_frame_ms.is_some(), "{stats:?}");
    }
    sessions[1].tell(Command::Input(Input::Leave)).await;
    ends.wait_for(|ends| ends.len() == 2).await.unwrap();
    let ends: Vec<_> = ends.borrow().iter().map(|(id, outcome, end, _)| (*id, *outcome, *end)).collect();
    assert!(ends.contains(&(DeviceId::from_bytes([2; 16]), CallOutcome::Completed, End::Here)), "{ends:?}");
    assert!(ends.contains(&(DeviceId::from_bytes([1; 16]), CallOutcome::Completed, End::There)), "{ends:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_is_shared_beside_the_camera_and_new_keys_are_taken_without_a_hole() {
    let (ben, ana) = (Device::new(2, 1, false), Device::new(1, 1, true));
    ana.begin().await;
    let peer_ana = ana.peer();
    let (sessions, watchers, _) = wire(vec![ana, ben]);
    until("a picture", async || watchers[1].marks(peer_ana, false).len() > 10).await;
    sessions[0].tell(Command::Screen(Some(Box::new(SyntheticPictures::new(1280, 720, 15))))).await;
    until("a screen", async || watchers[1].marks(peer_ana, true).len() > 10).await;
    let before = watchers[1].marks(peer_ana, false).len();
    // Whoever watches has the new keys first, and for a while the old ones too: nothing fails to open there.
    for session in sessions.iter().rev() {
        let secret = CallSecret::new(CallId::from_bytes([7; 16]), 1, Secret::from_slice(&[10; 32]).unwrap());
        session.tell(Command::Rekey(secret)).await;
        session.stats().await.unwrap();
    }
    until("pictures under new keys", async || watchers[1].marks(peer_ana, false).len() > before + 40).await;
    let stats = sessions[1].stats().await.unwrap();
    assert_eq!(stats.peers[0].decrypt_errors, 0, "{stats:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_another_secret_sees_nothing() {
    let (ben, ana) = (Device::new(2, 1, false), Device::new(1, 1, true));
    ana.begin().await;
    let peer_ana = ana.peer();
    let wrong = CallSecret::new(CallId::from_bytes([7; 16]), 1, Secret::from_slice(&[66; 32]).unwrap());
    ben.session.tell(Command::Rekey(wrong)).await;
    let (sessions, watchers, _) = wire(vec![ana, ben]);
    until("frames that do not open", async || {
        sessions[1].stats().await.is_some_and(|stats| stats.peers.first().is_some_and(|peer| peer.decrypt_errors > 20))
    })
    .await;
    assert!(watchers[1].marks(peer_ana, false).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_make_a_mesh_and_each_sees_the_three_others() {
    let devices: Vec<Device> = (1..=4).map(|id| Device::new(id, 3, id == 2)).collect();
    devices[1].begin().await;
    let peers: Vec<Peer> = devices.iter().map(Device::peer).collect();
    let (_sessions, watchers, _) = wire(devices);
    for (index, watcher) in watchers.iter().enumerate() {
        for peer in peers.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, peer)| *peer) {
            until("a picture of everyone", async || watcher.marks(peer, false).len() >= 5).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_call_ends_when_nobody_holds_it_any_more() {
    let ana = Device::new(1, 1, true);
    let Device { session, mut events, .. } = ana;
    drop(session);
    let mut last = None;
    while let Some(event) = events.recv().await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Ended { outcome: CallOutcome::Cancelled, .. })), "{last:?}");
    assert!(!matches!(last, Some(Event::Send(_, SignalBody::Ringing))));
}
