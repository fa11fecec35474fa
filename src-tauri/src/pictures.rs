//! Carries the pictures of calls to the windows: over a WebSocket on loopback.
//!
//! The web view decodes them; nothing else of a platform carries thirty pictures a second to it as cheaply. One that can't decode VP8 asks for
//! planes of I420. The server listens on a port that the system chooses, on loopback only. Whoever connects must be a page of the app and name
//! a token that works once.
//!
//! A message is a frame: flags (1: a key frame, 2: of a screen, 4: of this device), the length of the person's id, the id, the time in
//! 1/90000 s as 64 bits, and the frame. An answer is flags, length and id of a frame that was taken. Where frames were left out and there is
//! room again, a message of flags with 8, length and id alone says so: the window asks for a key frame.
//!
//! A window that wants I420 says how large it shows a stream: flags with 16, length, id, pixels across and down of 16 bits each; nothing of a
//! stream comes before, nor after it was said to be 0 × 0. A picture's message has flags with 16, and width and height before the planes.

mod raw;

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use bezel_calls::call::Peer;
use bezel_core::Result;
use bezel_core::call::Sink;
use bezel_crypto::call::Track;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, mpsc};

use self::raw::Raw;
use crate::loopback;

/// So many frames of a stream are under way to a window: a quarter of a second. What comes then is left out, up to the next key frame;
/// with fewer, a window that is held up for a moment would need one each time.
const CREDIT: u8 = 8;
/// So many tokens wait to be used.
const MAX_TOKENS: usize = 8;
/// An answer is no longer than an id.
const MAX_ANSWER_BYTES: usize = 128;

const KEY: u8 = 1;
const SCREEN: u8 = 2;
const OWN: u8 = 4;
const GAP: u8 = 8;
const PIXELS: u8 = 16;

/// The way of pictures to the windows.
#[derive(Default)]
pub(crate) struct Pictures {
    server: OnceCell<SocketAddr>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    tokens: Mutex<VecDeque<String>>,
    viewers: Mutex<Vec<Weak<Viewer>>>,
}

/// In which form a window takes pictures.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Vp8,
    I420,
}

#[derive(Deserialize)]
struct Wanted {
    form: Form,
}

/// A window that looks.
enum Viewer {
    Encoded(Encoded),
    Raw(Raw),
}

/// One that decodes.
struct Encoded {
    outgoing: mpsc::UnboundedSender<Bytes>,
    /// By the head that frames and answers have in common.
    streams: Mutex<HashMap<Vec<u8>, Stream>>,
}

/// How many frames of somebody are under way to a window.
struct Stream {
    under_way: u8,
    waits_for_key: bool,
    /// Frames were left out, and the window does not know yet.
    has_gap: bool,
}

#[derive(Clone)]
struct Served {
    shared: Arc<Shared>,
    host: String,
}

impl Pictures {
    /// The address at which a window, once, gets pictures.
    pub(crate) async fn address(&self) -> Result<String> {
        let addr = self.server.get_or_try_init(|| serve(Arc::clone(&self.shared))).await?;
        let token = loopback::token()?;
        let mut tokens = lock(&self.shared.tokens);
        tokens.push_back(token.clone());
        if tokens.len() > MAX_TOKENS {
            tokens.pop_front();
        }
        Ok(format!("ws://{addr}/{token}"))
    }

    /// Where pictures are given to be carried.
    pub(crate) fn sink(&self) -> Arc<dyn Sink> {
        Arc::<Shared>::clone(&self.shared)
    }
}

impl Sink for Shared {
    fn picture(&self, peer: Option<Peer>, track: Track, frame: &[u8], timestamp: i64) {
        let viewers = lock(&self.viewers);
        if viewers.is_empty() {
            return;
        }
        let head = head(peer, track == Track::Screen);
        let is_key = is_key_frame(frame);
        let mut message = flagged(&head, if is_key { KEY } else { 0 });
        message.reserve(8 + frame.len());
        message.extend_from_slice(&timestamp.to_be_bytes());
        message.extend_from_slice(frame);
        let message = Bytes::from(message);
        for viewer in viewers.iter().filter_map(Weak::upgrade) {
            viewer.offer(&head, is_key, &message);
        }
    }
}

impl Viewer {
    fn offer(&self, head: &[u8], is_key: bool, message: &Bytes) {
        match self {
            Self::Encoded(window) => window.offer(head, is_key, message),
            Self::Raw(window) => window.offer(head, is_key, message),
        }
    }

    /// What the window says.
    fn hear(&self, answer: &[u8]) {
        match self {
            Self::Encoded(window) => window.taken(answer),
            Self::Raw(window) => match shown(answer) {
                Some((head, size)) => window.shown(&head, size),
                None => window.taken(answer),
            },
        }
    }
}

impl Encoded {
    fn offer(&self, head: &[u8], is_key: bool, message: &Bytes) {
        let mut streams = lock(&self.streams);
        let stream = streams.entry(head.to_vec()).or_insert(Stream { under_way: 0, waits_for_key: true, has_gap: false });
        if stream.under_way >= CREDIT {
            (stream.waits_for_key, stream.has_gap) = (true, true);
        }
        if stream.waits_for_key && (!is_key || stream.under_way >= CREDIT) {
            return;
        }
        (stream.waits_for_key, stream.has_gap) = (false, false);
        stream.under_way += 1;
        let _ = self.outgoing.send(message.clone());
    }

    fn taken(&self, head: &[u8]) {
        let mut streams = lock(&self.streams);
        let Some(stream) = streams.get_mut(head) else { return };
        stream.under_way = stream.under_way.saturating_sub(1);
        if std::mem::take(&mut stream.has_gap) {
            let _ = self.outgoing.send(Bytes::from(flagged(head, GAP)));
        }
    }
}

/// Flags, length and id of whose pictures they are.
fn head(peer: Option<Peer>, is_screen: bool) -> Vec<u8> {
    let id = peer.map(|peer| peer.to_string()).unwrap_or_default();
    let flags = if is_screen { SCREEN } else { 0 } | if peer.is_none() { OWN } else { 0 };
    let mut head = vec![flags, u8::try_from(id.len()).unwrap_or(0)];
    head.extend_from_slice(id.as_bytes());
    head
}

/// A head with a flag more.
fn flagged(head: &[u8], flag: u8) -> Vec<u8> {
    let mut head = head.to_vec();
    if let Some(flags) = head.first_mut() {
        *flags |= flag;
    }
    head
}

/// Which stream a window shows, at how many pixels across and down.
fn shown(answer: &[u8]) -> Option<(Vec<u8>, (u32, u32))> {
    let (head, [w0, w1, h0, h1]) = answer.split_last_chunk()?;
    let (&flags, id) = head.split_first()?;
    let size = (u32::from(u16::from_be_bytes([*w0, *w1])), u32::from(u16::from_be_bytes([*h0, *h1])));
    (flags & PIXELS != 0).then(|| ([&[flags & !PIXELS], id].concat(), size))
}

/// RFC 6386 §9.1: the first bit of a key frame is not set.
fn is_key_frame(frame: &[u8]) -> bool {
    frame.first().is_some_and(|first| first & 1 == 0)
}

async fn serve(shared: Arc<Shared>) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    let router = Router::new().route("/{token}", get(connect)).with_state(Served { shared, host: addr.to_string() });
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "pictures are no longer carried");
        }
    });
    Ok(addr)
}

async fn connect(
    State(served): State<Served>,
    Path(token): Path<String>,
    Query(Wanted { form }): Query<Wanted>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let is_ours = loopback::names(&headers, &served.host) && loopback::origin(&headers).is_some();
    if !is_ours || !served.shared.redeem(&token) {
        return StatusCode::NOT_FOUND.into_response();
    }
    upgrade.max_message_size(MAX_ANSWER_BYTES).on_upgrade(move |socket| carry(socket, form, served.shared))
}

impl Shared {
    /// A token works once.
    fn redeem(&self, token: &str) -> bool {
        let mut tokens = lock(&self.tokens);
        let place = tokens.iter().position(|known| known == token);
        place.and_then(|place| tokens.remove(place)).is_some()
    }
}

async fn carry(mut socket: WebSocket, form: Form, shared: Arc<Shared>) {
    let (outgoing, mut frames) = mpsc::unbounded_channel();
    let viewer = Arc::new(match form {
        Form::Vp8 => Viewer::Encoded(Encoded { outgoing, streams: Mutex::default() }),
        Form::I420 => Viewer::Raw(Raw::new(outgoing)),
    });
    {
        let mut viewers = lock(&shared.viewers);
        viewers.retain(|viewer| viewer.strong_count() > 0);
        viewers.push(Arc::downgrade(&viewer));
    }
    loop {
        tokio::select! {
            frame = frames.recv() => {
                let Some(frame) = frame else { return };
                if socket.send(Message::Binary(frame)).await.is_err() {
                    return;
                }
            }
            answer = socket.recv() => match answer {
                Some(Ok(Message::Binary(answer))) => viewer.hear(&answer),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "pictures_tests.rs"]
mod tests;
