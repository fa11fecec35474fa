//! What the relay answers when it refuses.

use serde::{Deserialize, Serialize};

use super::Bytes;

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// One of [`code`], or the code of a roster error.
    pub code: String,
    /// What happened, for people.
    pub message: String,
    /// With [`code::STALE_EPOCH`]: the epoch now. With [`code::STALE_ROSTER`]: the number of the newest statement.
    /// With [`code::STALE_VAULT`]: the version that is there. With [`code::LOGIN_NUMBER`]: the last number.
    pub current: Option<u64>,
    /// What proves the refusal. With [`code::LOGIN_NUMBER`]: the last [`crate::login::SignedLogin`], in CBOR.
    pub proof: Option<Bytes>,
}

/// Codes of refusals.
pub mod code {
    /// 400: the request can't be read.
    pub const MALFORMED: &str = "malformed";
    /// 401: no session, or one that ended.
    pub const UNAUTHENTICATED: &str = "unauthenticated";
    /// 403: the caller is known and may not.
    pub const FORBIDDEN: &str = "forbidden";
    /// 403: the certificate of the caller's device has ended; only the roster is open to it, until it is renewed.
    pub const LAPSED: &str = "lapsed";
    /// 404: not there, or not the caller's.
    pub const NOT_FOUND: &str = "not_found";
    /// 409: the conversation is in another epoch.
    pub const STALE_EPOCH: &str = "stale_epoch";
    /// 409: the roster has grown meanwhile.
    pub const STALE_ROSTER: &str = "stale_roster";
    /// 409: the caller names an epoch, a place or a roster head that the relay does not have. A relay that was put back from a copy says so.
    pub const AHEAD: &str = "ahead";
    /// 409: the caller names a place or a roster head whose hash is another one here: two histories.
    pub const FORKED: &str = "forked";
    /// 409: the relay was put back from a copy, and waits for what it lost before it takes anything new here.
    pub const HEALING: &str = "healing";
    /// 409: it exists already and is not the same.
    pub const CONFLICT: &str = "conflict";
    /// 409: the device logged in by this number, or a higher one, before.
    pub const LOGIN_NUMBER: &str = "login_number";
    /// 409: the vault that is there is as new, or newer.
    pub const STALE_VAULT: &str = "stale_vault";
    /// 413: too large.
    pub const TOO_LARGE: &str = "too_large";
    /// 422: signed or well-formed, but against the rules.
    pub const REFUSED: &str = "refused";
    /// 429: too many requests.
    pub const TOO_MANY: &str = "too_many";
    /// 410: the file was revoked, or its time is over.
    pub const GONE: &str = "gone";
    /// 507: the workspace's room for files is used up, or the relay's disk is full.
    pub const NO_ROOM: &str = "no_room";
    /// 507: this relay takes no further workspace.
    pub const FULL: &str = "full";
    /// 403: a workspace is begun on this relay with its set-up token only, and this is none.
    pub const SETUP_TOKEN: &str = "setup_token";
    /// 500: the relay failed.
    pub const INTERNAL: &str = "internal";
}
