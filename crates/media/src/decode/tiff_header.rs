//! What a TIFF says of itself: its first directory (TIFF 6.0, section 2; BigTIFF), read without decoding it.
//!
//! The decoder takes memory for tables of up to 256 MiB before it can be told less, and whatever a JPEG inside of a TIFF asks for.

use std::io::{Read, Seek, SeekFrom};

use image::metadata::Orientation;

use crate::colour::MAX_PROFILE_BYTES;
use crate::error::MediaError;
use crate::pixels::Size;

/// Strips and tiles of a picture at most. The decoder takes 32 bytes for each.
const MAX_TABLE_ENTRIES: u64 = 512 * 1024;

/// What decoding needs to know beforehand.
pub(super) struct Header {
    pub(super) size: Size,
    pub(super) orientation: Orientation,
    pub(super) profile: Option<Vec<u8>>,
}

#[derive(Clone, Copy)]
struct Shape {
    little: bool,
    big_tiff: bool,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// The value or where it stands.
    value: [u8; 8],
}

impl Header {
    pub(super) fn read<R: Read + Seek>(reader: &mut R) -> Result<Self, MediaError> {
        let (shape, directory) = Shape::read(reader)?;
        reader.seek(SeekFrom::Start(directory))?;
        let entries = if shape.big_tiff { shape.long8(reader)? } else { u64::from(shape.short(reader)?) };
        if entries > 1024 {
            return Err(MediaError::Excessive { what: "entries" });
        }
        let (mut width, mut height) = (0, 0);
        let (mut tile_width, mut tile_height) = (0, 0);
        let (mut orientation, mut profile) = (Orientation::NoTransforms, None);
        for _ in 0..entries {
            let entry = Entry::read(reader, shape)?;
            // Tags above are notes of programs, which the decoder does not read.
            if entry.tag < 700 && entry.count > MAX_TABLE_ENTRIES {
                return Err(MediaError::Excessive { what: "strips" });
            }
            let number = entry.number(shape);
            match entry.tag {
                256 => width = number,
                257 => height = number,
                // Compression: 6 and 7 are a JPEG inside, which would decode beyond every limit.
                259 if matches!(number, 6 | 7) => return Err(MediaError::Unsupported { what: "a JPEG inside of a TIFF" }),
                274 => orientation = u8::try_from(number).ok().and_then(Orientation::from_exif).unwrap_or(orientation),
                322 => tile_width = number,
                323 => tile_height = number,
                34_675 if entry.count <= MAX_PROFILE_BYTES as u64 => profile = Some((entry.offset(shape), entry.count)),
                _ => {}
            }
        }
        if u64::from(tile_width) * u64::from(tile_height) > 64 * 1024 * 1024 {
            return Err(MediaError::Excessive { what: "pixels in a tile" });
        }
        let profile = match profile {
            Some((offset, bytes)) => read_at(reader, offset, bytes)?,
            None => None,
        };
        Ok(Self { size: Size { width, height }, orientation, profile })
    }
}

impl Shape {
    /// And where the first directory stands.
    fn read<R: Read>(reader: &mut R) -> Result<(Self, u64), MediaError> {
        let mut start = [0; 4];
        reader.read_exact(&mut start)?;
        let (little, big_tiff) = match start {
            [b'I', b'I', 42, 0] => (true, false),
            [b'M', b'M', 0, 42] => (false, false),
            [b'I', b'I', 43, 0] => (true, true),
            [b'M', b'M', 0, 43] => (false, true),
            _ => return Err(MediaError::malformed("it is no TIFF")),
        };
        let shape = Self { little, big_tiff };
        if big_tiff {
            let _offset_bytes_and_padding = shape.long(reader)?;
            return Ok((shape, shape.long8(reader)?));
        }
        Ok((shape, u64::from(shape.long(reader)?)))
    }

    fn short<R: Read>(self, reader: &mut R) -> Result<u16, MediaError> {
        let mut bytes = [0; 2];
        reader.read_exact(&mut bytes)?;
        Ok(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long<R: Read>(self, reader: &mut R) -> Result<u32, MediaError> {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes)?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn long8<R: Read>(self, reader: &mut R) -> Result<u64, MediaError> {
        let mut bytes = [0; 8];
        reader.read_exact(&mut bytes)?;
        Ok(if self.little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }
}

impl Entry {
    fn read<R: Read>(reader: &mut R, shape: Shape) -> Result<Self, MediaError> {
        let (tag, kind) = (shape.short(reader)?, shape.short(reader)?);
        let count = if shape.big_tiff { shape.long8(reader)? } else { u64::from(shape.long(reader)?) };
        let mut value = [0; 8];
        let (classic, _) = value.split_at_mut(4);
        reader.read_exact(if shape.big_tiff { &mut value } else { classic })?;
        Ok(Self { tag, kind, count, value })
    }

    /// The first number of the value, where it is one that stands here; larger ones than any picture needs are the largest.
    fn number(&self, shape: Shape) -> u32 {
        let mut value = self.value.as_slice();
        let number = match self.kind {
            1 => value.first().copied().map(u64::from),
            3 => shape.short(&mut value).ok().map(u64::from),
            4 => shape.long(&mut value).ok().map(u64::from),
            16 => shape.long8(&mut value).ok(),
            _ => None,
        };
        number.map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX))
    }

    fn offset(&self, shape: Shape) -> u64 {
        let mut value = self.value.as_slice();
        if shape.big_tiff { shape.long8(&mut value) } else { shape.long(&mut value).map(u64::from) }.unwrap_or(0)
    }
}

/// `None` where the file ends before.
fn read_at<R: Read + Seek>(reader: &mut R, offset: u64, bytes: u64) -> Result<Option<Vec<u8>>, MediaError> {
    reader.seek(SeekFrom::Start(offset))?;
    let mut value = Vec::new();
    reader.take(bytes).read_to_end(&mut value)?;
    Ok((value.len() as u64 == bytes).then_some(value))
}
