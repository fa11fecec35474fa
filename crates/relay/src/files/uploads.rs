//! Who is writing to which upload, so that one request at a time does, and nobody takes all the room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bezel_protocol::{FileId, UserId};

/// So many uploads of one user are written to at once.
const MAX_OF_A_USER: usize = 8;

/// The uploads that are being written to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uploads {
    busy: Arc<Mutex<HashMap<FileId, UserId>>>,
}

/// Holds an upload for one request.
#[derive(Debug)]
pub(crate) struct Uploading {
    uploads: Uploads,
    file: FileId,
}

/// Why an upload can't be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// Another request writes to it.
    Locked,
    /// The user writes to too many.
    TooMany,
}

impl Uploads {
    pub(crate) fn hold(&self, file: FileId, user: UserId) -> Result<Uploading, Busy> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if busy.contains_key(&file) {
            return Err(Busy::Locked);
        }
        if busy.values().filter(|writer| **writer == user).count() >= MAX_OF_A_USER {
            return Err(Busy::TooMany);
        }
        busy.insert(file, user);
        Ok(Uploading { uploads: self.clone(), file })
    }
}

impl Drop for Uploading {
    fn drop(&mut self) {
        self.uploads.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_at_a_time_writes_to_an_upload_and_a_user_to_a_few() {
        let uploads = Uploads::default();
        let (ana, ben) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let file = |number: usize| FileId::from_bytes([u8::try_from(number).unwrap(); 16]);
        let mut held: Vec<_> = (0..MAX_OF_A_USER).map(|number| uploads.hold(file(number), ana).unwrap()).collect();
        assert_eq!(uploads.hold(file(0), ben).unwrap_err(), Busy::Locked);
        assert_eq!(uploads.hold(file(99), ana).unwrap_err(), Busy::TooMany);
        assert!(uploads.hold(file(99), ben).is_ok(), "others are not kept out");
        held.pop();
        assert!(uploads.hold(file(99), ana).is_ok());
    }
}
