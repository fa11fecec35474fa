//! Files on the wire: uploads speak tus 1.0, everything else CBOR.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, UserId};

/// Names of the tus resumable upload protocol, version 1.0.0 (<https://tus.io/protocols/resumable-upload>), with the extensions
/// creation, expiration and termination.
pub mod tus {
    /// The version that both sides speak, in the header [`RESUMABLE`].
    pub const VERSION: &str = "1.0.0";
    /// The extensions that the relay speaks.
    pub const EXTENSIONS: &str = "creation,expiration,termination";
    /// The media type of a `PATCH`.
    pub const CONTENT_TYPE: &str = "application/offset+octet-stream";
    /// Version of a request or an answer.
    pub const RESUMABLE: &str = "tus-resumable";
    /// Versions that the relay speaks.
    pub const VERSIONS: &str = "tus-version";
    /// Extensions that the relay speaks.
    pub const EXTENSION: &str = "tus-extension";
    /// The most bytes of an upload.
    pub const MAX_SIZE: &str = "tus-max-size";
    /// The whole size, in bytes of ciphertext.
    pub const UPLOAD_LENGTH: &str = "upload-length";
    /// How many bytes are on the relay's disk.
    pub const UPLOAD_OFFSET: &str = "upload-offset";
    /// Pairs of a name and a value in Base64, separated by commas.
    pub const UPLOAD_METADATA: &str = "upload-metadata";
    /// When an unfinished upload is collected (RFC 9110 §5.6.7 date).
    pub const UPLOAD_EXPIRES: &str = "upload-expires";
    /// In the metadata: the 16 bytes of the file id, chosen by the client.
    pub const FILE: &str = "file";
    /// In the metadata: the 16 bytes of the conversation id.
    pub const CONVERSATION: &str = "conversation";
    /// In the metadata: CBOR of a [`super::FileAccess`].
    pub const ACCESS: &str = "access";
}

/// The most people whom an access names.
pub const MAX_NAMED_USERS: usize = 1000;

/// Who gets the blob of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAccess {
    /// Those named, who must be members of the conversation too; `None` for all its members. The owner always does.
    pub named: Option<Vec<UserId>>,
    /// Only for the purpose of [`FilePurpose::Preview`].
    pub view_only: bool,
    /// Until when, milliseconds since the epoch; `None` without end.
    pub expires_at_ms: Option<i64>,
}

/// What content is asked for. The relay can't tell a saved picture from a shown one: this is what the asking device says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilePurpose {
    /// To show it.
    Preview,
    /// To save it.
    Download,
}

impl FilePurpose {
    /// As it stands in the query.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Download => "download",
        }
    }
}

/// What the relay takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLimits {
    /// The most bytes of one blob.
    pub max_file_bytes: u64,
    /// The most bytes of all blobs of the workspace.
    pub max_workspace_bytes: u64,
    /// How many of them are used, with what is being uploaded.
    pub used_bytes: u64,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileLogAction {
    /// It came in whole.
    Upload,
    /// Its content went out to be saved.
    Download,
    /// Its content went out to be shown.
    Preview,
    /// Its content was asked for and refused.
    Refusal,
    /// Its access was set or changed.
    Grant,
    /// It was revoked, and its blob deleted.
    Revocation,
}

/// One line of a file's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLogEntry {
    /// When it began, by the relay's clock, milliseconds since the epoch.
    pub at_ms: i64,
    /// Who.
    pub user: UserId,
    /// By which device.
    pub device: DeviceId,
    /// What.
    pub action: FileLogAction,
    /// How many bytes of the blob went over.
    pub bytes: u64,
    /// Why, of a refusal: a code of [`super::code`].
    pub reason: Option<String>,
}

/// The newest first; at most 1000.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLog {
    /// The lines.
    pub entries: Vec<FileLogEntry>,
}
