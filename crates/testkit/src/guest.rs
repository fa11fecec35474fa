//! A client's browser, in Rust: it has the link and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezel_calls::call::{Input, Limits, Peer, Sender};
use bezel_calls::connection::ConnectionOptions;
use bezel_calls::device::{SilentSpeaker, SyntheticMicrophone};
use bezel_calls::session::{CallStats, Command, Event, SafetyKeys, Session, SessionOptions, Sink, Verifier};
use bezel_crypto::call::{CallSecret, GuestKeyPair, exchange_key_pair, open_guest_signal, open_secret, seal_guest_signal};
use bezel_crypto::{Rng as _, SecretBytes, SystemRng};
use bezel_protocol::content::{CallSecretBytes, MediaState, SignalBody};
use bezel_protocol::guest::{Direction, GuestLink, GuestNotice, GuestSignal, GuestSignalBody, SealedSecret};
use bezel_protocol::wire::path;
use bezel_protocol::{DeviceId, GuestId};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// As the page does: so often a knock is said again, for members who come to a device later.
const KNOCK: Duration = Duration::from_secs(8);
const MEDIA: MediaState = MediaState { microphone: true, camera: false, screen: false };

/// Where a guest stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestState {
    /// By the relay.
    pub id: Option<String>,
    /// Who has heard the knock.
    pub heard_by: BTreeSet<String>,
    /// Whose devices let the guest in.
    pub admitted_by: BTreeSet<String>,
    /// The number of the secret.
    pub generation: Option<u32>,
    /// A member said no, or goodbye.
    pub is_refused: bool,
    /// How often the relay said that the guest was admitted, with a TURN server.
    pub admissions: u32,
    /// Why the relay ended the connection.
    pub closed: Option<String>,
}

/// A browser at the door or in the call.
pub struct Guest {
    state: watch::Receiver<GuestState>,
    session: Arc<Mutex<Option<Session>>>,
    watcher: Arc<Verifier>,
    line: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Guest {
    /// Opens a link and knocks.
    ///
    /// # Errors
    /// When the link is none, or nobody answers there.
    pub async fn knock(url: &str, name: &str) -> Result<Self> {
        let link = GuestLink::parse(url)?;
        let socket = connect(&link, None).await?;
        let mut seed = [0; 32];
        SystemRng.fill(&mut seed)?;
        let (private, public) = exchange_key_pair()?;
        let (changes, state) = watch::channel(GuestState::default());
        let watcher = Arc::new(Verifier::start()?);
        let session: Arc<Mutex<Option<Session>>> = Arc::default();
        let browser = Browser {
            link,
            name: name.to_owned(),
            keys: GuestKeyPair::from_seed(&CallSecretBytes::new(&seed))?,
            private,
            public,
            number: 0,
            guest: None,
            token: String::new(),
            events: None,
            offers: BTreeMap::new(),
            changes,
            session: Arc::clone(&session),
            watcher: Arc::clone(&watcher),
        };
        let (line, is_up) = watch::channel(true);
        let task = tokio::spawn(async move {
            if let Err(error) = browser.run(socket, is_up).await {
                // What a test waits for does not come then.
                drop(error);
            }
        });
        Ok(Self { state, session, watcher, line, task })
    }

    /// The browser's network is gone, or there again.
    pub fn set_line(&self, is_up: bool) {
        self.line.send_replace(is_up);
    }

    /// Where the guest stands.
    #[must_use]
    pub fn state(&self) -> GuestState {
        self.state.borrow().clone()
    }

    /// How the call does, as the guest sees it.
    pub async fn stats(&self) -> Option<CallStats> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        session.stats().await
    }

    /// The guest switches the microphone, camera or screen.
    pub async fn set_media(&self, media: MediaState) {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(session) = session {
            session.tell(Command::Input(Input::Media(media))).await;
        }
    }

    /// Pictures of members that were verified.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.watcher.seen().values().map(|seen| seen.verified).sum()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Browser {
    link: GuestLink,
    name: String,
    keys: GuestKeyPair,
    private: SecretBytes,
    public: Vec<u8>,
    number: u64,
    guest: Option<GuestId>,
    /// By which the relay knows the guest again.
    token: String,
    events: Option<mpsc::Receiver<Event>>,
    /// The number of the last offer of each member's device.
    offers: BTreeMap<DeviceId, u32>,
    changes: watch::Sender<GuestState>,
    session: Arc<Mutex<Option<Session>>>,
    watcher: Arc<Verifier>,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(link: &GuestLink, back: Option<(GuestId, &str)>) -> Result<Socket> {
    let mut address = link.relay.join(path::of_link(path::GUEST_EVENTS, link.link).trim_start_matches('/'))?;
    address.set_scheme("ws").map_err(|()| anyhow!("no web address"))?;
    if let Some((guest, token)) = back {
        address.query_pairs_mut().append_pair("guest", &guest.to_string()).append_pair("token", token);
    }
    Ok(tokio_tungstenite::connect_async(address.as_str()).await?.0)
}

impl Browser {
    async fn run(mut self, mut socket: Socket, mut line: watch::Receiver<bool>) -> Result<()> {
        loop {
            self.attend(&mut socket, &mut line).await?;
            drop(socket);
            line.wait_for(|is_up| *is_up).await.map(drop)?;
            socket = connect(&self.link, self.guest.map(|guest| (guest, self.token.as_str()))).await?;
        }
    }

    /// Until the line breaks.
    async fn attend(&mut self, socket: &mut Socket, line: &mut watch::Receiver<bool>) -> Result<()> {
        let mut knock = tokio::time::interval(KNOCK);
        loop {
            let event = async {
                match &mut self.events {
                    Some(events) => events.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = socket.next() => match message.context("the relay is gone")?? {
                    Message::Text(text) => self.noticed(serde_json::from_str(&text)?, socket).await?,
                    Message::Binary(sealed) => self.heard(&sealed).await?,
                    _ => {}
                },
                event = event => if let Event::Send(to, body) = event.context("the call is over")? {
                    self.said(to, body, socket).await?;
                },
                _ = knock.tick() => if self.waits() {
                    self.knock(socket).await?;
                },
                broken = async { line.wait_for(|is_up| !is_up).await.map(drop) } => return Ok(broken?),
            }
        }
    }

    fn waits(&self) -> bool {
        let state = self.changes.borrow();
        state.id.is_some() && state.admitted_by.is_empty() && !state.is_refused && state.closed.is_none()
    }

    async fn knock(&mut self, socket: &mut Socket) -> Result<()> {
        let knock = GuestSignalBody::Knock {
            name: self.name.clone(),
            key: URL_SAFE_NO_PAD.encode(self.keys.public()?.as_bytes()),
            exchange: URL_SAFE_NO_PAD.encode(&self.public),
        };
        self.send(None, knock, socket).await
    }

    async fn noticed(&mut self, notice: GuestNotice, socket: &mut Socket) -> Result<()> {
        match notice {
            GuestNotice::Hello { guest, token, .. } => {
                (self.guest, self.token) = (Some(guest), token);
                self.changes.send_modify(|state| state.id = Some(guest.to_string()));
                self.knock(socket).await
            }
            GuestNotice::Admitted { ice_servers } => {
                let has_turn = ice_servers.iter().flat_map(|server| &server.urls).any(|url| url.starts_with("turn"));
                self.changes.send_modify(|state| state.admissions += u32::from(has_turn));
                Ok(())
            }
            GuestNotice::Closed { reason } => {
                self.changes.send_modify(|state| state.closed = Some(reason));
                Ok(())
            }
        }
    }

    async fn heard(&mut self, sealed: &[u8]) -> Result<()> {
        let members = self.link.members;
        let signal = open_guest_signal(sealed, Direction::ToGuest, self.link.call, &self.link.secret, |_| Some(members))?;
        let device = signal.device.context("a member's signal names its device")?;
        match signal.body {
            GuestSignalBody::Waiting { member } => self.changes.send_modify(|state| {
                state.heard_by.insert(member);
            }),
            GuestSignalBody::Admitted { member, generation, secret, media } => {
                self.changes.send_modify(|state| {
                    state.admitted_by.insert(member);
                    state.generation = Some(generation);
                });
                return self.admitted(device, signal.number, generation, &secret, media).await;
            }
            GuestSignalBody::Refused => self.changes.send_modify(|state| state.is_refused = true),
            GuestSignalBody::Rekey { generation, secret } => {
                let secret = open_secret(self.link.call, generation, &secret, &self.private, &self.public)?;
                self.tell(Command::Rekey(CallSecret::new(self.link.call, generation, secret))).await;
                self.changes.send_modify(|state| state.generation = Some(generation));
            }
            GuestSignalBody::Offer { attempt, sdp } => {
                // A member who makes the connection anew counts anew.
                if self.offers.insert(device, attempt).is_some_and(|last| attempt <= last) {
                    self.tell(Command::Input(Input::Removed(device))).await;
                }
                self.pass(device, signal.number, SignalBody::Offer { attempt, sdp }).await;
            }
            GuestSignalBody::Candidates { attempt, candidates } => {
                self.pass(device, signal.number, SignalBody::Candidates { attempt, candidates }).await;
            }
            GuestSignalBody::Restart => self.pass(device, signal.number, SignalBody::Restart).await,
            GuestSignalBody::Media { media } => self.pass(device, signal.number, SignalBody::Media(media)).await,
            GuestSignalBody::Left => self.pass(device, signal.number, SignalBody::Left).await,
            GuestSignalBody::Knock { .. } | GuestSignalBody::Answer { .. } => {}
        }
        Ok(())
    }

    async fn admitted(&mut self, device: DeviceId, number: u64, generation: u32, secret: &SealedSecret, media: MediaState) -> Result<()> {
        let secret = open_secret(self.link.call, generation, secret, &self.private, &self.public)?;
        let secret = CallSecret::new(self.link.call, generation, secret);
        let is_first = self.session.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        if is_first {
            let guest = self.guest.context("the relay says hello first")?;
            let (session, events) = Session::start(SessionOptions {
                me: DeviceId::from_bytes(*guest.as_bytes()),
                others: 5,
                calls: Some(MEDIA),
                secret,
                connection: ConnectionOptions { ice_servers: Vec::new(), is_relay_only: false, addresses: vec!["127.0.0.1:0".parse()?] },
                limits: Limits::default(),
                sink: Arc::<Verifier>::clone(&self.watcher) as Arc<dyn Sink>,
            });
            *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
            self.tell(Command::Microphone(Some(Box::new(SyntheticMicrophone::new(330.0))))).await;
            self.tell(Command::Speaker(Box::<SilentSpeaker>::default())).await;
            self.events = Some(events);
        }
        let keys = SafetyKeys { members: *self.link.members.as_bytes(), guest: *self.keys.public()?.as_bytes() };
        self.tell(Command::SafetyKeys(Peer::Device(device), keys)).await;
        self.pass(device, number, SignalBody::Joined(media)).await;
        Ok(())
    }

    async fn said(&mut self, to: Option<Peer>, body: SignalBody, socket: &mut Socket) -> Result<()> {
        let to = match to {
            Some(Peer::Device(device)) => Some(device),
            Some(Peer::Guest(_)) | None => None,
        };
        let body = match body {
            SignalBody::Answer { attempt, sdp } => GuestSignalBody::Answer { attempt, sdp },
            SignalBody::Candidates { attempt, candidates } => GuestSignalBody::Candidates { attempt, candidates },
            SignalBody::Restart => GuestSignalBody::Restart,
            SignalBody::Media(media) | SignalBody::Joined(media) => GuestSignalBody::Media { media },
            SignalBody::Left => GuestSignalBody::Left,
            _ => return Ok(()),
        };
        self.send(to, body, socket).await
    }

    async fn send(&mut self, device: Option<DeviceId>, body: GuestSignalBody, socket: &mut Socket) -> Result<()> {
        self.number += 1;
        let signal = GuestSignal { number: self.number, device, body };
        let sealed = seal_guest_signal(&signal, Direction::FromGuest, self.link.call, &self.link.secret, &self.keys, &mut SystemRng)?;
        socket.send(Message::Binary(sealed.into())).await?;
        Ok(())
    }

    async fn pass(&self, device: DeviceId, number: u64, body: SignalBody) {
        self.tell(Command::Input(Input::Signal { from: Sender::Member(device), number, body })).await;
    }

    async fn tell(&self, command: Command) {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(session) = session {
            session.tell(command).await;
        }
    }
}
