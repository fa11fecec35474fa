//! Decodes what is shown, on a thread of its own, and keeps what the pictures say of themselves.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use bezel_calls::call::Peer;
use bezel_calls::device::read_mark;
use bezel_calls::picture::Picture;
use bezel_calls::session::Sink;
use bezel_crypto::call::Track;
use bezel_vpx::Decoder;
use serde::{Deserialize, Serialize};

use super::epoch_ms;

/// Marks are drawn for pictures so wide.
pub const MADE_WIDTH: u32 = 1280;

/// A picture that was decoded.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Shown {
    /// When, in milliseconds since the epoch.
    pub at_ms: u64,
    /// How long before it was made, in milliseconds.
    pub age_ms: u32,
    /// How many pictures were made before it.
    pub number: u32,
    /// Pixels down.
    pub lines: u32,
}

/// What was shown of one track.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Pictures with a mark.
    pub shown: Vec<Shown>,
    /// Pictures without one: the path was too narrow to keep it legible.
    pub unmarked: usize,
    /// Frames that the decoder refused.
    pub refused: usize,
    /// Of the last picture: luma and chroma in its middle.
    pub colour: [u8; 3],
}

/// What was shown of the camera and of the screen.
#[derive(Clone, Default)]
pub struct Kept(Arc<[Mutex<Seen>; 2]>);

impl Kept {
    /// Takes what came since the last time.
    pub fn take(&self) -> [Seen; 2] {
        [0, 1].map(|track: usize| {
            let mut seen = self.0[track].lock().unwrap();
            let colour = seen.colour;
            std::mem::replace(&mut *seen, Seen { colour, ..Seen::default() })
        })
    }
}

/// The sink that hands frames to the thread.
pub struct Watcher(Mutex<mpsc::Sender<(Track, Vec<u8>)>>);

impl Watcher {
    pub fn new() -> (Arc<Self>, Kept) {
        let (frames, waiting) = mpsc::channel::<(Track, Vec<u8>)>();
        let kept = Kept::default();
        let keeps = kept.clone();
        std::thread::spawn(move || {
            let mut decoders = [Decoder::new().unwrap(), Decoder::new().unwrap()];
            for (track, frame) in waiting {
                let track = usize::from(track == Track::Screen);
                let shown = decoders[track].decode(&frame, |planes| Picture::copied(&planes, Instant::now()));
                let mut seen = keeps.0[track].lock().unwrap();
                match shown {
                    Ok(Some(picture)) => keep(&picture, &mut seen),
                    Ok(None) => {}
                    Err(_) => seen.refused += 1,
                }
            }
        });
        (Arc::new(Self(Mutex::new(frames))), kept)
    }
}

fn keep(picture: &Picture, seen: &mut Seen) {
    let (width, height) = picture.size();
    let planes = picture.planes();
    let (luma, chroma) = ((width * height / 2 + width / 2) as usize, (width / 2 * height / 4 + width / 4) as usize);
    seen.colour = [planes.y[luma], planes.u[chroma], planes.v[chroma]];
    match read_mark(picture, MADE_WIDTH) {
        Some(mark) => {
            let age_ms = mark.age().as_millis() as u32;
            seen.shown.push(Shown { at_ms: epoch_ms(), age_ms, number: mark.number, lines: height });
        }
        None => seen.unmarked += 1,
    }
}

impl Sink for Watcher {
    fn picture(&self, peer: Option<Peer>, track: Track, frame: &[u8], _: i64) {
        if peer.is_some() {
            let _ = self.0.lock().unwrap().send((track, frame.to_vec()));
        }
    }
}
