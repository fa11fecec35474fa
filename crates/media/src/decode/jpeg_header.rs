//! What a JPEG says of itself (ITU-T T.81, annex B), read without decoding it.
//!
//! The decoder keeps every segment of metadata and works through every scan that a file brings; how many there are, it does not ask.

use std::io::BufRead;

use crate::error::MediaError;
use crate::pixels::Size;

/// Photographs have 1, progressive ones about 10. Each one costs a pass over all coefficients.
const MAX_SCANS: u32 = 100;
/// Profiles, previews of the camera, depth maps.
const MAX_SEGMENTS_BYTES: u64 = 64 * 1024 * 1024;

/// What decoding will cost.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) size: Size,
    /// Horizontal and vertical sampling factors of each component.
    pub(super) sampling: Vec<(u8, u8)>,
    pub(super) progressive: bool,
}

const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;

impl Header {
    /// Walks through all segments up to the end of the image.
    pub(super) fn read<R: BufRead>(reader: &mut R) -> Result<Self, MediaError> {
        let mut start = [0; 2];
        reader.read_exact(&mut start)?;
        if start != [0xFF, 0xD8] {
            return Err(MediaError::malformed("it is no JPEG"));
        }
        let (mut header, mut scans, mut segments_bytes) = (None, 0, 0);
        while let Some(marker) = next_marker(reader)? {
            match marker {
                END_OF_IMAGE => break,
                // Without a length: restarts, another start, temporary use.
                0x01 | 0xD0..=0xD8 => continue,
                0xC0..=0xC2 if header.is_none() => header = Some(Self::frame(reader, marker == 0xC2)?),
                0xC0..=0xC2 => return Err(MediaError::malformed("it has two frames")),
                0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return Err(MediaError::Unsupported { what: "this kind of JPEG" }),
                other => {
                    scans += u32::from(other == START_OF_SCAN);
                    let bytes = length(reader)?;
                    segments_bytes += u64::from(bytes);
                    if !skip(reader, usize::from(bytes))? {
                        break;
                    }
                }
            }
            if scans > MAX_SCANS {
                return Err(MediaError::Excessive { what: "scans" });
            }
            if segments_bytes > MAX_SEGMENTS_BYTES {
                return Err(MediaError::Excessive { what: "metadata" });
            }
        }
        header.ok_or_else(|| MediaError::malformed("it ends before it begins"))
    }

    fn frame<R: BufRead>(reader: &mut R, progressive: bool) -> Result<Self, MediaError> {
        let bytes = length(reader)?;
        let mut fixed = [0; 6];
        reader.read_exact(&mut fixed)?;
        let [_precision, h1, h0, w1, w0, components] = fixed;
        if !matches!(components, 1 | 3 | 4) || bytes != 6 + 3 * u16::from(components) {
            return Err(MediaError::malformed("its frame has a wrong number of components"));
        }
        let mut sampling = Vec::with_capacity(usize::from(components));
        for _ in 0..components {
            let mut component = [0; 3];
            reader.read_exact(&mut component)?;
            let [_identifier, factors, _table] = component;
            let (horizontal, vertical) = (factors >> 4, factors & 15);
            if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) {
                return Err(MediaError::malformed("its frame has wrong sampling factors"));
            }
            sampling.push((horizontal, vertical));
        }
        let size = Size { width: u32::from(u16::from_be_bytes([w1, w0])), height: u32::from(u16::from_be_bytes([h1, h0])) };
        Ok(Self { size, sampling, progressive })
    }

    /// The size of the picture when blocks of eight pixels are decoded to `scale`: 1, 2, 4 or 8.
    pub(super) fn scaled(&self, scale: u32) -> Size {
        let side = |pixels: u32| (pixels * scale).div_ceil(8);
        Size { width: side(self.size.width), height: side(self.size.height) }
    }

    /// The memory that the decoder takes at `scale`, in bytes.
    pub(super) fn decoding_bytes(&self, scale: u32) -> u64 {
        let most = |factor: fn(&(u8, u8)) -> u8| u32::from(self.sampling.iter().map(factor).max().unwrap_or(1));
        let units = u64::from(self.size.width.div_ceil(8 * most(|(horizontal, _)| *horizontal)))
            * u64::from(self.size.height.div_ceil(8 * most(|(_, vertical)| *vertical)));
        let blocks: Vec<u64> = self.sampling.iter().map(|(h, v)| units * u64::from(*h) * u64::from(*v)).collect();
        let all: u64 = blocks.iter().sum();
        let planes = all * u64::from(scale) * u64::from(scale);
        // All coefficients of two bytes are kept until the last scan, and copied for one component after the other.
        let coefficients = if self.progressive { 128 * (all + blocks.iter().max().unwrap_or(&0)) } else { 0 };
        planes + coefficients + self.scaled(scale).pixels() * self.sampling.len() as u64
    }
}

/// The next marker, past whatever stands before it; `None` at the end of the file.
fn next_marker<R: BufRead>(reader: &mut R) -> Result<Option<u8>, MediaError> {
    let mut after_prefix = false;
    loop {
        let buffer = reader.fill_buf()?;
        let Some(&first) = buffer.first() else { return Ok(None) };
        if after_prefix {
            reader.consume(1);
            match first {
                0x00 => after_prefix = false,
                0xFF => {}
                marker => return Ok(Some(marker)),
            }
        } else {
            let found = memchr::memchr(0xFF, buffer);
            let passed = found.map_or(buffer.len(), |at| at + 1);
            reader.consume(passed);
            after_prefix = found.is_some();
        }
    }
}

/// The length of what follows in a segment.
fn length<R: BufRead>(reader: &mut R) -> Result<u16, MediaError> {
    let mut bytes = [0; 2];
    reader.read_exact(&mut bytes)?;
    u16::from_be_bytes(bytes).checked_sub(2).ok_or_else(|| MediaError::malformed("a segment has a wrong length"))
}

/// Whether there was so much.
fn skip<R: BufRead>(reader: &mut R, mut bytes: usize) -> Result<bool, MediaError> {
    while bytes > 0 {
        let available = reader.fill_buf()?.len().min(bytes);
        if available == 0 {
            return Ok(false);
        }
        reader.consume(available);
        bytes -= available;
    }
    Ok(true)
}
