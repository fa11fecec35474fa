//! Who gets the content of a file.

use bezel_protocol::UserId;
use bezel_protocol::wire::FilePurpose;

use crate::store::{FileRow, FileState};

/// Why somebody who is a member of the conversation does not get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// It isn't there for the caller: not whole yet, or for others.
    NotThere,
    /// It was revoked, or its time is over.
    Gone,
    /// It may be shown, not saved.
    ViewOnly,
}

/// Judges a request for content. A member who isn't named learns nothing, not even that the file has ended.
pub(crate) fn judge(file: &FileRow, user: UserId, purpose: FilePurpose, now_ms: i64) -> Result<(), Denial> {
    if !file.is_granted || file.state == FileState::Uploading {
        return Err(Denial::NotThere);
    }
    if file.is_over(now_ms) {
        return Err(Denial::Gone);
    }
    if file.view_only && purpose == FilePurpose::Download && file.owner != user {
        return Err(Denial::ViewOnly);
    }
    Ok(())
}

impl FileRow {
    /// Whether it was revoked, or its time is over.
    pub(crate) fn is_over(&self, now_ms: i64) -> bool {
        self.state == FileState::Revoked || self.expires_at_ms.is_some_and(|end| end <= now_ms)
    }

    /// Whether a user may delete it and read its log.
    pub(crate) fn is_governed_by(&self, user: UserId) -> bool {
        self.owner == user || self.role.administers()
    }
}

#[cfg(test)]
mod tests {
    use bezel_protocol::{ConversationId, DeviceId, FileId, Role};

    use super::*;

    const OWNER: UserId = UserId::from_bytes([1; 16]);
    const OTHER: UserId = UserId::from_bytes([2; 16]);

    const READY: FileRow = FileRow {
        id: FileId::from_bytes([9; 16]),
        conversation: ConversationId::from_bytes([8; 16]),
        owner: OWNER,
        owner_device: DeviceId::from_bytes([1; 16]),
        size_bytes: 100,
        received_bytes: 100,
        parts: 1,
        state: FileState::Ready,
        is_granted: true,
        view_only: false,
        expires_at_ms: Some(1000),
        upload_expires_at_ms: 0,
        role: Role::Member,
    };

    #[test]
    fn content_is_judged_by_state_then_end_then_purpose() {
        use FilePurpose::{Download, Preview};
        assert_eq!(judge(&READY, OTHER, Download, 999), Ok(()));
        assert_eq!(judge(&READY, OTHER, Download, 1000), Err(Denial::Gone));
        assert_eq!(judge(&READY, OWNER, Download, 1000), Err(Denial::Gone), "the end is for the owner too");
        assert_eq!(judge(&FileRow { state: FileState::Revoked, ..READY }, OWNER, Preview, 0), Err(Denial::Gone));
        assert_eq!(judge(&FileRow { state: FileState::Uploading, ..READY }, OWNER, Preview, 0), Err(Denial::NotThere));
        let others = FileRow { is_granted: false, state: FileState::Revoked, ..READY };
        assert_eq!(judge(&others, OTHER, Preview, 0), Err(Denial::NotThere), "who isn't named does not learn that it was revoked");
        let view_only = FileRow { view_only: true, ..READY };
        assert_eq!(judge(&view_only, OTHER, Download, 0), Err(Denial::ViewOnly));
        assert_eq!(judge(&view_only, OTHER, Preview, 0), Ok(()));
        assert_eq!(judge(&view_only, OWNER, Download, 0), Ok(()));
    }
}
