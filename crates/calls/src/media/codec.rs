//! Sound into Opus (RFC 6716) and back, 20 ms at a time.

use super::CodecError;
use crate::device::{BLOCK, Block};

/// Samples in a frame: 20 ms at 48 kHz.
pub(super) const FRAME: usize = 2 * BLOCK;
const SAMPLE_RATE: u32 = 48_000;
const BIT_S: i32 = 32_000;
/// The longest packet of Opus for 20 ms.
const MAX_PACKET: usize = 1275;

/// Encodes one microphone.
pub struct SoundEncoder {
    encoder: opus::Encoder,
    pending: Option<Block>,
}

impl SoundEncoder {
    /// An encoder for speech, with in-band error correction.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn new() -> Result<Self, CodecError> {
        let mut encoder = opus::Encoder::new(SAMPLE_RATE, opus::Channels::Mono, opus::Application::Voip)?;
        encoder.set_bitrate(opus::Bitrate::Bits(BIT_S))?;
        encoder.set_inband_fec(true)?;
        encoder.set_packet_loss_perc(5)?;
        Ok(Self { encoder, pending: None })
    }

    /// Takes a block; with every second one a packet comes out.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn encode(&mut self, block: &Block) -> Result<Option<Vec<u8>>, CodecError> {
        let Some(first) = self.pending.take() else {
            self.pending = Some(*block);
            return Ok(None);
        };
        let mut frame = [0.0; FRAME];
        let (a, b) = frame.split_at_mut(BLOCK);
        a.copy_from_slice(&first);
        b.copy_from_slice(block);
        Ok(Some(self.encoder.encode_vec_float(&frame, MAX_PACKET)?))
    }
}

/// Decodes one sender.
pub struct SoundDecoder {
    decoder: opus::Decoder,
}

impl SoundDecoder {
    /// A decoder.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn new() -> Result<Self, CodecError> {
        Ok(Self { decoder: opus::Decoder::new(SAMPLE_RATE, opus::Channels::Mono)? })
    }

    /// Decodes a packet of 20 ms. A damaged one is an error and leaves the decoder usable.
    ///
    /// # Errors
    /// When it is no packet, or one of another length.
    pub fn decode(&mut self, packet: &[u8]) -> Result<[f32; FRAME], CodecError> {
        self.run(packet, false)
    }

    /// Reconstructs a lost packet from the one after it, as far as its sender provided for that.
    ///
    /// # Errors
    /// As for [`SoundDecoder::decode`].
    pub fn recover(&mut self, next: &[u8]) -> Result<[f32; FRAME], CodecError> {
        self.run(next, true)
    }

    /// Covers a hole.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn conceal(&mut self) -> Result<[f32; FRAME], CodecError> {
        self.run(&[], false)
    }

    fn run(&mut self, packet: &[u8], recovers: bool) -> Result<[f32; FRAME], CodecError> {
        let mut frame = [0.0; FRAME];
        self.decoder.decode_float(packet, &mut frame, recovers)?;
        Ok(frame)
    }
}
