//! The task.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bezel_crypto::SystemRng;
use bezel_crypto::call::{CallSecret, SafetyCode, Track};
use bezel_protocol::content::{CallOutcome, SignalBody};
use bytes::Bytes;
use tokio::sync::mpsc;

use super::path::{Path, PathEvent};
use super::peer::{Arrived, PeerLink, layout};
use super::{CallStats, CallView, Command, Event, SafetyKeys, SessionOptions, Sink};
use crate::call::{End, Input, Machine, Output, Peer, Phase};
use crate::clock;
use crate::connection::{Certificate, Connection, ConnectionError, ConnectionEvent, ConnectionOptions, LinkState, addresses};
use crate::frame::{FrameError, FrameSealer};
use crate::media::{DeviceSender, Outgoing, Playout, SharedProcessor};

/// The estimate is passed on to encoders this often.
const ADAPT: Duration = Duration::from_millis(100);
/// The machine's addresses are looked at this often.
const NETWORK: Duration = Duration::from_millis(200);
/// So many frames wait to be sealed.
const OUTGOING: usize = 64;
/// A key frame is made at most this often, whoever asks; who asks sooner gets one as soon as it may be.
const KEY_FRAME_GAP: Duration = Duration::from_millis(200);

struct Running {
    machine: Machine,
    me: [u8; 16],
    secret: CallSecret,
    options: ConnectionOptions,
    certificate: Certificate,
    /// This machine's addresses.
    addresses: Vec<IpAddr>,
    sink: Arc<dyn Sink>,
    events: mpsc::Sender<Event>,
    links: BTreeMap<Peer, PeerLink>,
    safety_keys: BTreeMap<Peer, SafetyKeys>,
    incoming: mpsc::Sender<PathEvent>,
    outgoing: mpsc::Sender<Outgoing>,
    sealers: [FrameSealer; 3],
    devices: [Option<DeviceSender>; 3],
    playout: Playout,
    processor: Option<SharedProcessor>,
    stats: CallStats,
    began: Instant,
    /// Since the call was answered.
    answered_at: Option<Instant>,
    live_since: Option<Instant>,
    /// When a track's last key frame was wanted, and when the next one is due.
    key_frame_at: [Option<Instant>; 3],
    key_frame_due: [Option<Instant>; 3],
    sealed: Vec<u8>,
}

pub(super) async fn run(options: SessionOptions, mut commands: mpsc::Receiver<Command>, events: mpsc::Sender<Event>) {
    let now = clock::now();
    let SessionOptions { me, others, calls, secret, connection, limits, sink } = options;
    let (machine, outputs) = match calls {
        Some(media) => Machine::outgoing(me, others, media, limits, now),
        None => Machine::incoming(me, others, limits, now),
    };
    let (incoming, mut inbox) = mpsc::channel(OUTGOING);
    let (outgoing, mut frames) = mpsc::channel(OUTGOING);
    let me = *me.as_bytes();
    let (Ok(sealers), Ok(certificate)) = (sealers(&secret, &me), Certificate::generate()) else { return };
    let mut running = Running {
        machine,
        me,
        secret,
        options: connection,
        certificate,
        addresses: addresses().unwrap_or_default(),
        sink,
        events,
        links: BTreeMap::new(),
        safety_keys: BTreeMap::new(),
        incoming,
        outgoing,
        sealers,
        devices: [None, None, None],
        playout: Playout::default(),
        processor: None,
        stats: CallStats::default(),
        began: now,
        answered_at: None,
        live_since: None,
        key_frame_at: [None; 3],
        key_frame_due: [None; 3],
        sealed: Vec::new(),
    };
    running.carry_out(outputs, now).await;
    let (mut adapt, mut network) = (tokio::time::interval(ADAPT), tokio::time::interval(NETWORK));
    while !matches!(running.machine.phase(), Phase::Ended { .. }) {
        let wakes_at = running.wakes_at().unwrap_or(now + Duration::from_secs(3600)).max(clock::now());
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => running.told(command).await,
                // Whoever started the call is gone: so is the call.
                None => running.input(Input::Leave).await,
            },
            Some((peer, attempt, event)) = inbox.recv() => running.heard(peer, attempt, event).await,
            Some(outgoing) = frames.recv() => running.send(outgoing).await,
            _ = adapt.tick() => running.adapt(),
            _ = network.tick() => running.look_at_network().await,
            () = tokio::time::sleep_until(wakes_at.into()) => running.woken().await,
        }
    }
}

fn sealers(secret: &CallSecret, me: &[u8; 16]) -> Result<[FrameSealer; 3], FrameError> {
    let sealer = |track| FrameSealer::new(&secret.frame_key(me, track).map_err(|_| FrameError::Failed)?, layout(track), &mut SystemRng);
    Ok([sealer(Track::Audio)?, sealer(Track::Camera)?, sealer(Track::Screen)?])
}

impl Running {
    fn wakes_at(&self) -> Option<Instant> {
        let key_frames = self.key_frame_due.iter().flatten().copied();
        self.links.values().filter_map(PeerLink::due).chain(self.machine.wakes_at()).chain(key_frames).min()
    }

    async fn woken(&mut self) {
        let now = clock::now();
        for (peer, link) in &mut self.links {
            link.show(*peer, Some(now), self.sink.as_ref());
        }
        for track in Track::ALL {
            if self.key_frame_due.get_mut(track as usize).is_some_and(|due| due.take_if(|due| *due <= now).is_some()) {
                self.want_key_frame(track, now);
            }
        }
        if self.machine.wakes_at().is_some_and(|at| at <= now) {
            self.input(Input::Tick).await;
        }
    }

    async fn input(&mut self, input: Input) {
        let now = clock::now();
        match &input {
            Input::Answer(_) | Input::Signal { body: SignalBody::Joined(_), .. } if self.answered_at.is_none() => {
                self.answered_at = Some(now)
            }
            Input::Answer(_) => self.answered_at = Some(now),
            _ => {}
        }
        let outputs = self.machine.handle(input, now);
        self.carry_out(outputs, now).await;
    }

    async fn carry_out(&mut self, outputs: Vec<Output>, now: Instant) {
        for output in outputs {
            match output {
                Output::Send(to, body) => self.tell(Event::Send(to, body)).await,
                Output::Open(peer, attempt) => {
                    let negotiated = self.offer(peer, attempt, now).await;
                    self.or_give_up(peer, negotiated).await;
                }
                Output::TakeOffer(peer, attempt, sdp) => {
                    let negotiated = self.answer(peer, attempt, sdp, now).await;
                    self.or_give_up(peer, negotiated).await;
                }
                Output::TakeAnswer(peer, sdp) => {
                    let negotiated = self.accept(peer, sdp).await;
                    self.or_give_up(peer, negotiated).await;
                }
                Output::TakeCandidates(peer, candidates) => {
                    if let Some(path) = self.newest(peer) {
                        path.candidates(candidates).await;
                    }
                }
                Output::Close(peer) => {
                    self.playout.remove(peer);
                    if let Some(link) = self.links.remove(&peer) {
                        link.paths.close().await;
                    }
                }
                Output::Changed => self.changed(now).await,
                Output::Ended(outcome, end) => self.ended(outcome, end, now).await,
            }
        }
    }

    /// A path that could not be negotiated leads nowhere; the next attempt comes in its time.
    async fn or_give_up(&mut self, peer: Peer, negotiated: Result<(), ConnectionError>) {
        let Err(error) = negotiated else { return };
        tracing::info!(%error, "a connection was not negotiated");
        if let Some(link) = self.links.get_mut(&peer) {
            link.paths.give_up().await;
        }
    }

    /// A new path, beside the one that carries.
    async fn try_path(&mut self, peer: Peer, attempt: u32, now: Instant) -> Result<&mut Path, ConnectionError> {
        let path = Path::open(peer, attempt, &self.options, &self.certificate, self.incoming.clone()).await?;
        let link = match self.links.entry(peer) {
            Entry::Occupied(link) => link.into_mut(),
            Entry::Vacant(vacant) => {
                let began = self.answered_at.unwrap_or(now);
                let link = PeerLink::new(peer, &self.secret, began).map_err(|_| ConnectionError::Closed)?;
                self.playout.add(peer).map_err(|_| ConnectionError::Closed)?;
                vacant.insert(link)
            }
        };
        Ok(link.paths.begin(path).await)
    }

    async fn offer(&mut self, peer: Peer, attempt: u32, now: Instant) -> Result<(), ConnectionError> {
        let sdp = self.try_path(peer, attempt, now).await?.connection.offer().await?;
        self.tell(Event::Send(Some(peer), SignalBody::Offer { attempt, sdp })).await;
        Ok(())
    }

    async fn answer(&mut self, peer: Peer, attempt: u32, offer: String, now: Instant) -> Result<(), ConnectionError> {
        let sdp = self.try_path(peer, attempt, now).await?.answer(offer).await?;
        self.tell(Event::Send(Some(peer), SignalBody::Answer { attempt, sdp })).await;
        Ok(())
    }

    async fn accept(&mut self, peer: Peer, answer: String) -> Result<(), ConnectionError> {
        self.newest(peer).ok_or(ConnectionError::Closed)?.accept(answer).await
    }

    /// The path of the last attempt.
    fn newest(&mut self, peer: Peer) -> Option<&mut Path> {
        self.links.get_mut(&peer)?.paths.newest()
    }

    /// The connections by which media go.
    fn connections(&self) -> impl Iterator<Item = &dyn Connection> {
        self.links.values().filter_map(|link| link.paths.connection())
    }

    /// Other addresses may mean a better path, or that this one ends.
    async fn look_at_network(&mut self) {
        let Some(addresses) = addresses().filter(|addresses| *addresses != self.addresses) else { return };
        self.addresses = addresses;
        tracing::info!("this machine has other network addresses");
        self.input(Input::NetworkChanged).await;
    }

    async fn changed(&mut self, now: Instant) {
        let phase = self.machine.phase();
        if let Phase::Live { since } = phase {
            self.live_since = Some(since.min(now));
        }
        let view = CallView { phase, media: self.machine.media(), peers: self.machine.peers().collect() };
        if let Some(microphone) = &self.devices[0] {
            microphone.set_muted(!view.media.microphone);
        }
        self.tell(Event::Changed(view)).await;
    }

    async fn ended(&mut self, outcome: CallOutcome, end: End, now: Instant) {
        self.playout.stop();
        self.devices = [None, None, None];
        let seconds = self.live_since.map_or(0, |since| now.saturating_duration_since(since).as_secs());
        let stats = Box::new(self.stats.clone());
        self.tell(Event::Ended { outcome, end, stats, seconds: u32::try_from(seconds).unwrap_or(u32::MAX) }).await;
    }

    async fn told(&mut self, command: Command) {
        let now = clock::now();
        match command {
            Command::Input(input) => self.input(input).await,
            Command::Camera(source) => {
                self.devices[1] =
                    source.and_then(|source| started(DeviceSender::pictures(Track::Camera, source, self.began, self.outgoing.clone())));
            }
            Command::Screen(source) => {
                self.devices[2] =
                    source.and_then(|source| started(DeviceSender::pictures(Track::Screen, source, self.began, self.outgoing.clone())));
            }
            Command::Microphone(source) => {
                self.devices[0] =
                    source.and_then(|source| started(DeviceSender::sound(source, self.processor.clone(), self.outgoing.clone())));
                if let Some(microphone) = &self.devices[0] {
                    microphone.set_muted(!self.machine.media().microphone);
                }
            }
            Command::Speaker(speaker) => self.speak(speaker),
            Command::Processor(processor) => self.processor = Some(processor),
            Command::Rekey(secret) => self.rekey(secret, now),
            Command::OwnKeyFrame(track) => self.want_key_frame(track, now),
            Command::KeyFrame(peer, track) => {
                if let Some(link) = self.links.get(&peer) {
                    link.paths.restart_track(track);
                }
            }
            Command::SafetyKeys(peer, keys) => drop(self.safety_keys.insert(peer, keys)),
            Command::IceServers(servers) => self.options.ice_servers = servers,
            Command::HideAddress(hides) => self.options.is_relay_only = hides,
            Command::Stats(answer) => {
                let _ = answer.send(self.measure(now).await);
            }
        }
    }

    /// Another loudspeaker takes the place of the one before.
    fn speak(&mut self, speaker: Box<dyn crate::device::Speaker>) {
        let outgoing = self.outgoing.clone();
        let failed = move |error| drop(outgoing.blocking_send(Outgoing::SpeakerFailed(error)));
        if let Err(error) = self.playout.play(speaker, self.processor.clone(), failed) {
            tracing::warn!(%error, "there is no thread for the loudspeaker");
        }
    }

    fn rekey(&mut self, secret: CallSecret, now: Instant) {
        // A generation that is not newer would begin to count anew under an old key.
        if secret.generation() <= self.secret.generation() {
            return;
        }
        let Ok(sealers) = sealers(&secret, &self.me) else { return };
        self.sealers = sealers;
        for (peer, link) in &mut self.links {
            if let Err(error) = link.rekey(*peer, &secret, now) {
                tracing::warn!(%error, "somebody's new keys could not be made");
            }
        }
        self.secret = secret;
        self.want_key_frames(now);
    }

    async fn heard(&mut self, peer: Peer, attempt: u32, event: ConnectionEvent) {
        let at = clock::now();
        let Some(link) = self.links.get_mut(&peer) else { return };
        let arrived = Arrived { peer, attempt, at };
        match event {
            ConnectionEvent::Candidate(candidate) => {
                let candidates = vec![candidate];
                self.tell(Event::Send(Some(peer), SignalBody::Candidates { attempt, candidates })).await;
            }
            ConnectionEvent::State(state) => {
                let Some(state) = link.paths.state(attempt, state).await else { return };
                link.is_up = state == LinkState::Connected;
                if state == LinkState::Connected {
                    // Who has just come needs a key frame, and does not have to ask.
                    self.key_frame_at = [None; 3];
                    self.want_key_frames(at);
                }
                self.input(Input::Link(peer, state)).await;
            }
            ConnectionEvent::Video { track, frame } => link.picture(arrived, track, &frame, &self.playout, self.sink.as_ref()),
            ConnectionEvent::Audio(packet) => link.sound(arrived, packet, &self.playout),
            ConnectionEvent::KeyFrameWanted(track) => self.want_key_frame(track, at),
            ConnectionEvent::Clock { track, rtp, ntp_ms } => link.clock(track, attempt, rtp, ntp_ms),
        }
    }

    fn want_key_frames(&mut self, now: Instant) {
        self.want_key_frame(Track::Camera, now);
        self.want_key_frame(Track::Screen, now);
    }

    fn want_key_frame(&mut self, track: Track, now: Instant) {
        let index = track as usize;
        let (Some(at), Some(due), Some(Some(device))) =
            (self.key_frame_at.get_mut(index), self.key_frame_due.get_mut(index), self.devices.get(index))
        else {
            return;
        };
        match at.map(|at| at + KEY_FRAME_GAP).filter(|next| *next > now) {
            Some(next) => *due = Some(next),
            None => {
                (*at, *due) = (Some(now), None);
                device.want_key();
            }
        }
    }

    /// Seals a frame once and sends it to everyone.
    async fn send(&mut self, outgoing: Outgoing) {
        let (track, frame, timestamp) = match outgoing {
            Outgoing::Sound(packet, timestamp) => {
                self.stats.packets_sent += 1;
                (Track::Audio, packet, timestamp)
            }
            Outgoing::Picture(track, picture) => {
                self.stats.frames_sent += 1;
                (self.stats.width, self.stats.height) = picture.size;
                self.sink.picture(None, track, &picture.data, i64::from(picture.timestamp));
                (track, picture.data, picture.timestamp)
            }
            Outgoing::Failed(track, error) => {
                if let Some(device) = self.devices.get_mut(track as usize) {
                    *device = None;
                }
                return self.tell(Event::DeviceFailed(track, error)).await;
            }
            Outgoing::SpeakerFailed(error) => return self.tell(Event::SpeakerFailed(error)).await,
        };
        let Some(sealer) = self.sealers.get_mut(track as usize) else { return };
        if let Err(error) = sealer.seal(&frame, &mut self.sealed) {
            return tracing::warn!(%error, "a frame was not sent");
        }
        let sealed = Bytes::copy_from_slice(&self.sealed);
        for connection in self.connections() {
            if let Err(error) = connection.send(track, &sealed, timestamp).await {
                tracing::trace!(%error, "a frame was not sent to somebody");
            }
        }
    }

    /// Lets the encoders follow the narrowest path. One that is down says nothing of what the others carry.
    fn adapt(&self) {
        let up = self.links.values().filter(|link| link.is_up).filter_map(|link| link.paths.connection());
        let Some(narrowest) = up.map(Connection::estimate_bit_s).min() else { return };
        // A screen takes half where a camera is on too.
        let shares = if self.devices[2].is_some() && self.devices[1].is_some() { 2 } else { 1 };
        for device in self.devices.iter().skip(1).flatten() {
            device.set_estimate(narrowest / shares);
        }
    }

    async fn measure(&mut self, now: Instant) -> CallStats {
        let mut peers = Vec::new();
        for (peer, link) in &mut self.links {
            let mut stats = link.measure(*peer, &self.playout, now).await;
            if let (Some(keys), Some(connection)) = (self.safety_keys.get(peer), link.paths.connection())
                && let Some(fingerprints) = connection.fingerprints().await
            {
                stats.safety_code = Some(SafetyCode::new(self.secret.call(), &keys.members, &keys.guest, fingerprints).to_string());
            }
            peers.push(stats);
        }
        self.stats.peers = peers;
        self.stats.level = self.devices[0].as_ref().map_or(0.0, DeviceSender::level);
        self.stats.clone()
    }

    /// Whoever does not listen any more ends the call by letting go of its commands.
    async fn tell(&self, event: Event) {
        let _ = self.events.send(event).await;
    }
}

fn started(sender: Result<DeviceSender, std::io::Error>) -> Option<DeviceSender> {
    sender.inspect_err(|error| tracing::warn!(%error, "there is no thread for a device")).ok()
}
