//! The thread that mixes what everyone says and plays it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::codec::FRAME;
use super::send::loudness;
use super::{CodecError, JitterBuffer, Pull, SharedProcessor, SoundDecoder};
use crate::call::Peer;
use crate::device::{BLOCK, Block, DeviceError, Speaker};

/// Everyone's voice.
#[derive(Clone, Default)]
pub struct Playout(Arc<Shared>);

#[derive(Default)]
struct Shared {
    voices: Mutex<HashMap<Peer, Voice>>,
    /// Which thread plays: the one that began last.
    turn: AtomicU64,
}

struct Voice {
    buffer: JitterBuffer,
    decoder: SoundDecoder,
    frame: [f32; FRAME],
    /// How much of the frame was played.
    played: usize,
    level: f32,
    concealed: u64,
}

impl Playout {
    /// Adds somebody.
    ///
    /// # Errors
    /// When there is no decoder.
    pub fn add(&self, peer: Peer) -> Result<(), CodecError> {
        let voice = Voice {
            buffer: JitterBuffer::default(),
            decoder: SoundDecoder::new()?,
            frame: [0.0; FRAME],
            played: FRAME,
            level: 0.0,
            concealed: 0,
        };
        self.voices().insert(peer, voice);
        Ok(())
    }

    /// What comes of somebody from now on is numbered anew.
    pub fn renumber(&self, peer: Peer) {
        if let Some(voice) = self.voices().get_mut(&peer) {
            voice.buffer = JitterBuffer::default();
        }
    }

    /// Takes somebody out.
    pub fn remove(&self, peer: Peer) {
        self.voices().remove(&peer);
    }

    /// Takes an opened packet: its number and timestamp, counted on, and when it came.
    pub fn push(&self, peer: Peer, sequence: i64, timestamp: i64, packet: Vec<u8>, at: Instant) {
        if let Some(voice) = self.voices().get_mut(&peer) {
            voice.buffer.push(sequence, timestamp, packet, at);
        }
    }

    /// The timestamp of what plays of somebody now, in samples.
    #[must_use]
    pub fn playing(&self, peer: Peer) -> Option<i64> {
        self.voices().get(&peer).and_then(|voice| voice.buffer.playing())
    }

    /// How loud somebody is: the root of the mean square, 0 to 1; and how many packets had to be covered.
    #[must_use]
    pub fn level(&self, peer: Peer) -> (f32, u64) {
        self.voices().get(&peer).map_or((0.0, 0), |voice| (voice.level, voice.concealed))
    }

    /// Mixes the next 10 ms.
    pub fn mix(&self) -> Block {
        let mut mixed = [0.0; BLOCK];
        for voice in self.voices().values_mut() {
            for (mixed, sample) in mixed.iter_mut().zip(voice.block()) {
                *mixed += sample;
            }
        }
        // Several voices at once may be too loud together.
        mixed.map(|sample: f32| sample.clamp(-1.0, 1.0))
    }

    /// Plays on a thread, until the speaker fails, another takes its place, or [`Playout::stop`].
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn play(
        &self,
        mut speaker: Box<dyn Speaker>,
        processor: Option<SharedProcessor>,
        failed: impl FnOnce(DeviceError) + Send + 'static,
    ) -> Result<(), std::io::Error> {
        let playout = self.clone();
        let turn = self.next_turn();
        let plays = move |playout: &Self| playout.0.turn.load(Ordering::Acquire) == turn;
        thread::Builder::new().name("call-speaker".into()).spawn(move || {
            while plays(&playout) {
                let block = playout.mix();
                if let Some(processor) = &processor {
                    processor.render(&block);
                }
                if let Err(error) = speaker.write(&block) {
                    if plays(&playout) {
                        failed(error);
                    }
                    return;
                }
            }
        })?;
        Ok(())
    }

    /// Ends the thread.
    pub fn stop(&self) {
        self.next_turn();
    }

    fn next_turn(&self) -> u64 {
        self.0.turn.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn voices(&self) -> std::sync::MutexGuard<'_, HashMap<Peer, Voice>> {
        self.0.voices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Voice {
    /// The next 10 ms of this voice.
    fn block(&mut self) -> &[f32] {
        if self.played >= FRAME {
            let decoded = match self.buffer.pull() {
                Pull::Packet(packet) => self.decoder.decode(&packet),
                Pull::Recover(after) => {
                    self.concealed += 1;
                    self.decoder.recover(&after)
                }
                Pull::Conceal => {
                    self.concealed += 1;
                    self.decoder.conceal()
                }
                Pull::Silence => Ok([0.0; FRAME]),
            };
            // A packet that can't be decoded is silence.
            self.frame = decoded.unwrap_or([0.0; FRAME]);
            self.played = 0;
            self.level = loudness(&self.frame);
        }
        let from = self.played;
        self.played += BLOCK;
        self.frame.get(from..self.played).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use bezel_protocol::DeviceId;

    use super::*;
    use crate::clock;
    use crate::device::{Microphone as _, SyntheticMicrophone};
    use crate::media::SoundEncoder;

    /// A speaker whose every block is waited for, and which is gone when nobody waits.
    struct Waited(SyncSender<()>);

    impl Speaker for Waited {
        fn write(&mut self, _: &Block) -> Result<(), DeviceError> {
            self.0.send(()).map_err(|_| DeviceError::Gone("the speaker".into()))
        }
    }

    fn waited() -> (Box<dyn Speaker>, Receiver<()>) {
        let (sender, receiver) = sync_channel(0);
        (Box::new(Waited(sender)), receiver)
    }

    /// Two at once would take turns at what everyone says, and neither would be understood.
    #[test]
    fn another_speaker_takes_the_place_of_the_one_before() {
        let (playout, failed) = (Playout::default(), Arc::new(AtomicBool::new(false)));
        let note = || {
            let failed = Arc::clone(&failed);
            move |_| failed.store(true, Ordering::Release)
        };
        let (first, first_plays) = waited();
        playout.play(first, None, note()).unwrap();
        first_plays.recv().unwrap();
        let (second, second_plays) = waited();
        playout.play(second, None, note()).unwrap();
        second_plays.recv().unwrap();
        // The block under way is the last one; then the speaker is let go of.
        assert!(first_plays.iter().count() <= 1, "the first one played on");
        second_plays.recv().unwrap();
        playout.stop();
        assert!(second_plays.iter().count() <= 1, "the second one played on");
        assert!(!failed.load(Ordering::Acquire), "whoever is replaced did not fail");
    }

    #[test]
    fn two_voices_are_heard_together_at_their_pitch() {
        let playout = Playout::default();
        let peers = [1, 2].map(|id| Peer::Device(DeviceId::from_bytes([id; 16])));
        for (peer, hertz) in peers.into_iter().zip([440.0, 1000.0]) {
            playout.add(peer).unwrap();
            let (mut microphone, mut encoder) = (SyntheticMicrophone::new(hertz), SoundEncoder::new().unwrap());
            let (mut block, mut number) = ([0.0; BLOCK], 0);
            for _ in 0..60 {
                microphone.read(&mut block).unwrap();
                if let Some(packet) = encoder.encode(&block).unwrap() {
                    playout.push(peer, number, number * 960, packet, clock::now());
                    number += 1;
                }
            }
        }
        let heard: Vec<f32> = (0..30).flat_map(|_| playout.mix()).skip(9600).collect();
        let power = |hertz: f32| {
            let (mut re, mut im) = (0.0, 0.0);
            for (index, sample) in heard.iter().enumerate() {
                let angle = std::f32::consts::TAU * hertz * index as f32 / 48_000.0;
                (re, im) = (re + sample * angle.cos(), im + sample * angle.sin());
            }
            (re * re + im * im).sqrt() / heard.len() as f32
        };
        assert!(power(440.0) > 0.02 && power(1000.0) > 0.02, "{} {}", power(440.0), power(1000.0));
        assert!(power(700.0) < 0.01, "{}", power(700.0));
    }
}
