//! Reading, in constant memory.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use bezel_protocol::FileId;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore as _};

use super::{BlobError, Blobs};
use crate::store::FilePart;

/// So much of a file is read at a time.
const SLICE_BYTES: u64 = 256 * 1024;

/// Bytes of a part, as they come.
pub(crate) type Slices = BoxStream<'static, Result<Bytes, BlobError>>;

impl Blobs {
    /// Opens a part to read a stretch of its bytes; `range` counts from the beginning of the part. An object that is missing or has another
    /// size than the register says is damage.
    pub(crate) async fn open_part(&self, file: FileId, part: &FilePart, range: Range<u64>) -> Result<Slices, BlobError> {
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        let got = match self.objects.get_opts(&Path::from(part.object.as_str()), options).await {
            Ok(got) => got,
            Err(object_store::Error::NotFound { .. }) => return Err(BlobError::Damaged(file)),
            Err(error) => return Err(error.into()),
        };
        if got.meta.size != part.bytes || got.range != range {
            return Err(BlobError::Damaged(file));
        }
        Ok(match got.payload {
            GetResultPayload::File(from, _) => slices(from, range).boxed(),
            GetResultPayload::Stream(stream) => stream.map_err(BlobError::from).boxed(),
        })
    }
}

/// Slices of a file on this machine.
fn slices(file: File, range: Range<u64>) -> impl futures_util::Stream<Item = Result<Bytes, BlobError>> + Send {
    stream::try_unfold((file, range), |(mut file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let length = SLICE_BYTES.min(range.end - range.start);
            let mut slice = vec![0; usize::try_from(length).unwrap_or_default()];
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut slice)?;
            Ok((Bytes::from(slice), (file, range.start + length..range.end)))
        });
        let read: std::io::Result<_> = read.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        read.map(Some).map_err(BlobError::Folder)
    })
}
