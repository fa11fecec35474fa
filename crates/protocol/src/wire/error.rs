//! What the relay answers when it refuses.

use serde::{Deserialize, Serialize};

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// One of [`code`], or the code of a roster error.
    pub code: String,
    /// What happened, for people.
    pub message: String,
    /// With [`code::STALE_EPOCH`]: the epoch now. With [`code::STALE_ROSTER`]: the number of the newest statement.
    pub current: Option<u64>,
}

/// Codes of refusals.
pub mod code {
    /// 400: the request can't be read.
    pub const MALFORMED: &str = "malformed";
    /// 401: no session, or one that ended.
    pub const UNAUTHENTICATED: &str = "unauthenticated";
    /// 403: the caller is known and may not.
    pub const FORBIDDEN: &str = "forbidden";
    /// 404: not there, or not the caller's.
    pub const NOT_FOUND: &str = "not_found";
    /// 409: the conversation is in another epoch.
    pub const STALE_EPOCH: &str = "stale_epoch";
    /// 409: the roster has grown meanwhile.
    pub const STALE_ROSTER: &str = "stale_roster";
    /// 409: it exists already and is not the same.
    pub const CONFLICT: &str = "conflict";
    /// 413: too large.
    pub const TOO_LARGE: &str = "too_large";
    /// 422: signed or well-formed, but against the rules.
    pub const REFUSED: &str = "refused";
    /// 429: too many requests.
    pub const TOO_MANY: &str = "too_many";
    /// 410: the file was revoked, or its time is over.
    pub const GONE: &str = "gone";
    /// 507: the workspace's room for files is used up.
    pub const NO_ROOM: &str = "no_room";
    /// 507: this relay takes no further workspace.
    pub const FULL: &str = "full";
    /// 500: the relay failed.
    pub const INTERNAL: &str = "internal";
}
