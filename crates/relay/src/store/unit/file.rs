//! Files: the register of blobs, who gets them, and the log of it.

use async_trait::async_trait;
use bezel_protocol::FileId;
use bezel_protocol::wire::{FileAccess, FileLogAction, FileLogEntry};

use crate::store::{FilePart, FileRow, Leftovers, NewFile, StoreError, Usage};

/// Files of conversations of which the caller's user is a member now. Every method is for devices, but where it says that it is the
/// relay's own; others get [`StoreError::WrongCaller`].
#[async_trait]
pub trait Files {
    /// Whether a file with this id exists, for whomever.
    async fn is_file(&mut self, file: FileId) -> Result<bool, StoreError>;

    /// A file of a conversation of which the caller's user is a member.
    async fn file(&mut self, file: FileId) -> Result<Option<FileRow>, StoreError>;

    /// How much of the caller's workspace, and of the relay, is taken, with what is being uploaded.
    async fn file_usage(&mut self) -> Result<Usage, StoreError>;

    /// Begins an upload by the caller's device. Returns whether it began: not for somebody who is no member, or may not post.
    ///
    /// # Errors
    /// Also when the id is taken.
    async fn insert_file(&mut self, new: &NewFile, now_ms: i64) -> Result<bool, StoreError>;

    /// Appends a part to an upload of the caller's device; the last one makes the file ready. Returns how many bytes are there then;
    /// `None` when the part does not begin where the upload stands, goes beyond its end, or the upload is not there, not the caller's
    /// device's or over.
    async fn append_part(
        &mut self,
        file: FileId,
        part: &FilePart,
        now_ms: i64,
        upload_expires_at_ms: i64,
    ) -> Result<Option<u64>, StoreError>;

    /// The parts in which the bytes from `first` to `last`, both included, are, in order; none of a file that isn't ready.
    async fn file_parts(&mut self, file: FileId, first: u64, last: u64) -> Result<Vec<FilePart>, StoreError>;

    /// Who gets a file of which the caller's user is the owner.
    async fn file_access(&mut self, file: FileId) -> Result<Option<FileAccess>, StoreError>;

    /// Sets who gets a file of which the caller's user is the owner. Returns whether it is one.
    async fn set_file_access(&mut self, file: FileId, access: &FileAccess) -> Result<bool, StoreError>;

    /// Forgets an upload that the caller may give up: its owner's, or any of a conversation that the caller administers. Returns its
    /// objects, which are to be deleted after the commit; `None` when it is not there or not unfinished.
    async fn delete_upload(&mut self, file: FileId) -> Result<Option<Vec<String>>, StoreError>;

    /// Revokes a file that the caller may revoke: the owner's, or any of a conversation that the caller administers. Returns whether it
    /// was ready before.
    async fn revoke_file(&mut self, file: FileId) -> Result<bool, StoreError>;

    /// Writes a line about a file of the caller's workspace, whoever asked; where the caller's device has one of the same action and
    /// reason that was last added to at `since_ms` or later, it is that line. Returns its number; `None` when there is no such file.
    async fn log_file(
        &mut self,
        file: FileId,
        action: FileLogAction,
        reason: Option<&str>,
        bytes: u64,
        (now_ms, since_ms): (i64, i64),
    ) -> Result<Option<i64>, StoreError>;

    /// The newest lines about a file that the caller owns, or of a conversation that the caller administers.
    async fn file_log(&mut self, file: FileId, limit: u32) -> Result<Vec<FileLogEntry>, StoreError>;

    /// Adds bytes to a line. The relay's own.
    async fn add_to_file_log(&mut self, log: i64, bytes: u64, last_at_ms: i64) -> Result<(), StoreError>;

    /// What is over: uploads are forgotten, files whose time is up revoked. Returns the objects of the uploads, and the files revoked.
    /// The relay's own.
    async fn end_files(&mut self, now_ms: i64) -> Result<Leftovers, StoreError>;

    /// At most `limit` parts of revoked files, whose objects are to be deleted. The relay's own.
    async fn revoked_parts(&mut self, limit: u32) -> Result<Vec<(FileId, FilePart)>, StoreError>;

    /// Forgets a part of a revoked file, whose object is deleted. The relay's own.
    async fn delete_part(&mut self, file: FileId, first_byte: u64) -> Result<(), StoreError>;

    /// Which of these objects no part has. The relay's own.
    async fn unknown_objects(&mut self, objects: &[String]) -> Result<Vec<String>, StoreError>;

    /// Parts after a place, in order, at most `limit`. The relay's own.
    async fn all_parts(&mut self, after: Option<(FileId, u64)>, limit: u32) -> Result<Vec<(FileId, FilePart)>, StoreError>;
}
