//! A sink that decodes what it is shown, and checks the counters and clocks in synthetic pictures: for scripts and tests.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bezel_crypto::call::Track;
use bezel_vpx::{Decoder, size_of_key_frame};

use super::Sink;
use crate::call::Peer;
use crate::clock;
use crate::device::read_mark;
use crate::picture::Picture;

/// Pixels across of synthetic pictures as they are made.
const MADE_WIDTH: u32 = 1280;
/// So many pictures wait to be decoded; what comes beyond that is left out up to the next key frame.
const WAITING: usize = 60;

/// What was seen of one track of somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Pictures that were decoded.
    pub decoded: u64,
    /// Of these, such with a mark that is newer than the one before.
    pub verified: u64,
    /// Pictures that could not be decoded.
    pub failed: u64,
    /// Pixels across of the last one.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// From the clock in the last picture to its decoding, in milliseconds; of two machines it holds the difference of their clocks.
    pub latency_ms: Option<f64>,
    /// Pictures were left out: a key frame is needed.
    pub needs_key: bool,
    last: Option<u32>,
}

type Table = Arc<Mutex<BTreeMap<(Peer, bool), Seen>>>;

struct Frame {
    peer: Peer,
    is_screen: bool,
    data: Vec<u8>,
}

/// The sink.
pub struct Verifier {
    frames: SyncSender<Frame>,
    seen: Table,
}

impl Verifier {
    /// Starts the thread that decodes; it ends with the sink.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start() -> std::io::Result<Self> {
        let (frames, inbox) = sync_channel(WAITING);
        let seen = Table::default();
        let table = Arc::clone(&seen);
        thread::Builder::new().name("verifier".into()).spawn(move || decode(&inbox, &table))?;
        Ok(Self { frames, seen })
    }

    /// What was seen, by whom and whether it is their screen.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<(Peer, bool), Seen> {
        self.table().clone()
    }

    fn table(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Peer, bool), Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Verifier {
    fn picture(&self, peer: Option<Peer>, track: Track, frame: &[u8], _: i64) {
        let Some(peer) = peer else { return };
        let key = (peer, track == Track::Screen);
        let waits = self.table().get(&key).is_some_and(|seen| seen.needs_key);
        if waits && size_of_key_frame(frame).is_none() {
            return;
        }
        let is_lost = self.frames.try_send(Frame { peer, is_screen: key.1, data: frame.to_vec() }).is_err();
        if is_lost || waits {
            self.table().entry(key).or_default().needs_key = is_lost;
        }
    }
}

fn decode(inbox: &Receiver<Frame>, table: &Table) {
    let mut decoders: BTreeMap<(Peer, bool), Decoder> = BTreeMap::new();
    while let Ok(Frame { peer, is_screen, data }) = inbox.recv() {
        let key = (peer, is_screen);
        if !decoders.contains_key(&key)
            && let Ok(decoder) = Decoder::new()
        {
            decoders.insert(key, decoder);
        }
        let Some(decoder) = decoders.get_mut(&key) else { continue };
        let shown = decoder.decode(&data, |planes| Picture::copied(&planes, clock::now())).ok().flatten();
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = table.entry(key).or_default();
        let Some(picture) = shown else {
            seen.failed += 1;
            continue;
        };
        seen.decoded += 1;
        (seen.width, seen.height) = picture.size();
        if let Some(mark) = read_mark(&picture, MADE_WIDTH) {
            seen.latency_ms = Some(mark.age().as_secs_f64() * 1000.0);
            seen.verified += u64::from(seen.last.is_none_or(|last| mark.number > last));
            seen.last = Some(mark.number);
        }
    }
}
