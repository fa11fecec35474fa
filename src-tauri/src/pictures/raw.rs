//! Pictures for a window whose web view does not decode: decoded here, on a thread a stream, and given over as planes to be drawn.
//!
//! Nothing of a stream is decoded before the window has said how large it shows it. Planes are large: where the window has no room, the
//! newest picture takes the place of the one that waits.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use bezel_vpx::{Decoder, Planes};
use tokio::sync::mpsc::UnboundedSender;

use super::{GAP, KEY, PIXELS, flagged, lock};

/// So many pictures of a stream are under way to a window: one is drawn while the next one comes.
pub(super) const CREDIT: u8 = 3;
/// So many frames of a stream wait to be decoded, a quarter of a second; what comes then is left out, up to the next key frame.
const QUEUE: usize = 8;

/// A window that draws planes.
pub(super) struct Raw {
    outgoing: UnboundedSender<Bytes>,
    /// Those that are shown, by the head that frames and answers have in common.
    streams: Mutex<HashMap<Vec<u8>, Stream>>,
}

struct Stream {
    /// Its end ends the thread.
    frames: SyncSender<Bytes>,
    waits_for_key: bool,
    desk: Arc<Desk>,
}

/// What the thread of a stream shares with whoever hears the window.
struct Desk {
    head: Vec<u8>,
    outgoing: UnboundedSender<Bytes>,
    state: Mutex<State>,
}

struct State {
    /// Pixels across and down at which the window shows the stream.
    shown: (u32, u32),
    under_way: u8,
    /// The newest picture for which there was no room.
    waiting: Option<Bytes>,
}

impl Raw {
    pub(super) fn new(outgoing: UnboundedSender<Bytes>) -> Self {
        Self { outgoing, streams: Mutex::default() }
    }

    pub(super) fn offer(&self, head: &[u8], is_key: bool, message: &Bytes) {
        let mut streams = lock(&self.streams);
        let Some(stream) = streams.get_mut(head).filter(|stream| is_key || !stream.waits_for_key) else { return };
        stream.waits_for_key = match stream.frames.try_send(message.clone()) {
            Ok(()) => false,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                stream.desk.lacks_key();
                true
            }
        };
    }

    /// The window shows a stream at this size, or, where that is nothing, no longer.
    pub(super) fn shown(&self, head: &[u8], size: (u32, u32)) {
        let mut streams = lock(&self.streams);
        if size.0 == 0 || size.1 == 0 {
            streams.remove(head);
            return;
        }
        if let Some(stream) = streams.get(head) {
            lock(&stream.desk.state).shown = size;
            return;
        }
        let state = Mutex::new(State { shown: size, under_way: 0, waiting: None });
        let desk = Arc::new(Desk { head: head.to_vec(), outgoing: self.outgoing.clone(), state });
        let (frames, waiting) = sync_channel(QUEUE);
        let decoding = Arc::clone(&desk);
        match std::thread::Builder::new().name("pictures".into()).spawn(move || decode(&waiting, &decoding)) {
            Ok(_) => drop(streams.insert(head.to_vec(), Stream { frames, waits_for_key: true, desk })),
            Err(error) => tracing::error!(%error, "pictures can't be decoded"),
        }
    }

    #[cfg(test)]
    pub(super) fn shows(&self, head: &[u8]) -> bool {
        lock(&self.streams).contains_key(head)
    }

    pub(super) fn taken(&self, head: &[u8]) {
        if let Some(stream) = lock(&self.streams).get(head) {
            stream.desk.taken();
        }
    }
}

impl Desk {
    /// The window asks for a key frame.
    fn lacks_key(&self) {
        let _ = self.outgoing.send(Bytes::from(flagged(&self.head, GAP)));
    }

    fn give(&self, picture: Bytes) {
        let mut state = lock(&self.state);
        if state.under_way < CREDIT {
            state.under_way += 1;
            let _ = self.outgoing.send(picture);
        } else {
            state.waiting = Some(picture);
        }
    }

    fn taken(&self) {
        let mut state = lock(&self.state);
        state.under_way = state.under_way.saturating_sub(1);
        if let Some(picture) = state.waiting.take() {
            state.under_way += 1;
            let _ = self.outgoing.send(picture);
        }
    }
}

/// Decodes a stream until nobody shows it. After a frame that can't be decoded it goes on with the next key frame.
fn decode(frames: &Receiver<Bytes>, desk: &Desk) {
    let mut decoder = None;
    while let Ok(message) = frames.recv() {
        let is_key = message.first().is_some_and(|flags| flags & KEY != 0);
        let (Some(at), Some(frame)) = (message.get(desk.head.len()..desk.head.len() + 8), message.get(desk.head.len() + 8..)) else {
            continue;
        };
        if is_key && decoder.is_none() {
            decoder = Decoder::new().ok();
        }
        let Some(running) = &mut decoder else { continue };
        let shown = lock(&desk.state).shown;
        match running.decode(frame, |planes| picture(&desk.head, at, &planes, shown)) {
            Ok(Some(picture)) => desk.give(picture),
            Ok(None) => {}
            Err(_) => {
                decoder = None;
                desk.lacks_key();
            }
        }
    }
}

/// Head and time of the frame, width and height, and the planes without gaps: halved as long as it is larger than it is shown.
fn picture(head: &[u8], at: &[u8], planes: &Planes<'_>, shown: (u32, u32)) -> Bytes {
    let chroma = (planes.width.div_ceil(2) as usize, planes.height.div_ceil(2) as usize);
    let mut layers = [
        Layer { bytes: Cow::Borrowed(planes.y), stride: planes.y_stride, size: (planes.width as usize, planes.height as usize) },
        Layer { bytes: Cow::Borrowed(planes.u), stride: planes.uv_stride, size: chroma },
        Layer { bytes: Cow::Borrowed(planes.v), stride: planes.uv_stride, size: chroma },
    ];
    let (mut width, mut height) = (planes.width, planes.height);
    while is_halved((width, height), shown) {
        layers = layers.map(|layer| layer.halved());
        (width, height) = (width / 2, height / 2);
    }
    let mut message = flagged(head, PIXELS);
    message.reserve(at.len() + 4 + layers.iter().map(|layer| layer.size.0 * layer.size.1).sum::<usize>());
    message.extend_from_slice(at);
    for side in [width, height] {
        // A side of VP8 has 14 bits (RFC 6386 §9.1).
        message.extend_from_slice(&u16::try_from(side).unwrap_or(u16::MAX).to_be_bytes());
    }
    for layer in &layers {
        layer.rows().for_each(|row| message.extend_from_slice(row));
    }
    Bytes::from(message)
}

/// Whether half of it is enough, and can be had of the planes of colour too.
fn is_halved((width, height): (u32, u32), shown: (u32, u32)) -> bool {
    width.is_multiple_of(4) && height.is_multiple_of(4) && width / 2 >= shown.0 && height / 2 >= shown.1
}

/// A plane.
struct Layer<'a> {
    bytes: Cow<'a, [u8]>,
    stride: usize,
    size: (usize, usize),
}

impl Layer<'_> {
    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks(self.stride).take(self.size.1).filter_map(|row| row.get(..self.size.0))
    }

    /// Of each four pixels the mean.
    fn halved<'b>(&self) -> Layer<'b> {
        let size = (self.size.0 / 2, self.size.1 / 2);
        let mut bytes = Vec::with_capacity(size.0 * size.1);
        let mut rows = self.rows();
        while let (Some(upper), Some(lower)) = (rows.next(), rows.next()) {
            let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            let sum = |pair: &[u8]| pair.iter().copied().map(u16::from).sum::<u16>();
            bytes.extend(pairs.map(|(upper, lower)| u8::try_from((sum(upper) + sum(lower) + 2) / 4).unwrap_or(u8::MAX)));
        }
        Layer { bytes: Cow::Owned(bytes), stride: size.0, size }
    }
}
