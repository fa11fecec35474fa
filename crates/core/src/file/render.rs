//! Makes a picture of the relay small enough to be shown, without writing it to the disk.

use std::io::{BufReader, Error as IoError, Read, Seek, SeekFrom};
use std::sync::Arc;

use bezel_media::{Limits, Rendered};
use tokio::runtime::Handle;

use super::read::{FileReader, MAX_READ_BYTES};
use super::source::blocking;
use crate::error::{Error, Result};
use crate::member::Member;

/// Makes a picture whose long edge has at most `max_edge` pixels; the file itself stays as it is.
///
/// # Errors
/// When it is no picture that can be decoded, is too large even for that, or the relay no longer hands it out.
pub async fn render(member: Arc<Member>, reader: Arc<FileReader>, max_edge: u32) -> Result<Rendered> {
    let runtime = Handle::current();
    blocking(move || {
        let media_type = reader.media_type().to_owned();
        let source = BufReader::with_capacity(1 << 20, Ranges { member, reader, runtime, at: 0 });
        bezel_media::render(source, &media_type, max_edge, &Limits::default()).map_err(|error| {
            Error::new("no_picture", format!("The picture can't be shown: {error}."), "Save it and open it with another program.")
        })
    })
    .await
}

/// A file on the relay as a decoder reads it.
struct Ranges {
    member: Arc<Member>,
    reader: Arc<FileReader>,
    runtime: Handle,
    at: u64,
}

impl Read for Ranges {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let end = self.at.saturating_add((buffer.len() as u64).min(MAX_READ_BYTES));
        let bytes = self.runtime.block_on(self.reader.read(&self.member, self.at..end)).map_err(IoError::other)?;
        if let Some(room) = buffer.get_mut(..bytes.len()) {
            room.copy_from_slice(&bytes);
        }
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }
}

impl Seek for Ranges {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.reader.size_bytes().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| IoError::other("a place before the beginning"))?;
        Ok(self.at)
    }
}
