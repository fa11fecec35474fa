//! What the relay answers when it refuses.

use axum::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bezel_protocol::cbor;
use bezel_protocol::login::SignedLogin;
use bezel_protocol::roster::RosterError;
use bezel_protocol::wire::{Bytes, ErrorBody, code};

use super::body::Cbor;
use super::watch::RefusalCode;
use crate::blobs::BlobError;
use crate::store::StoreError;

/// A refusal. Someone else's and not there answer alike.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    current: Option<u64>,
    proof: Option<Bytes>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), current: None, proof: None }
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::MALFORMED, message)
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, "there is no such session")
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code::FORBIDDEN, message)
    }

    /// A device of an active user, whose certificate has ended.
    pub(crate) fn lapsed() -> Self {
        let message = "the certificate of this device has ended; until it is renewed, only the roster is open to it";
        Self::new(StatusCode::FORBIDDEN, code::LAPSED, message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, code::NOT_FOUND, "there is nothing here")
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code::CONFLICT, message)
    }

    pub(crate) fn stale_epoch(current: u64) -> Self {
        Self { current: Some(current), ..Self::new(StatusCode::CONFLICT, code::STALE_EPOCH, "the conversation is in another epoch") }
    }

    pub(crate) fn stale_roster(current: u64) -> Self {
        Self { current: Some(current), ..Self::new(StatusCode::CONFLICT, code::STALE_ROSTER, "the roster has grown meanwhile") }
    }

    pub(crate) fn ahead(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code::AHEAD, message)
    }

    pub(crate) fn forked(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code::FORKED, message)
    }

    pub(crate) fn healing() -> Self {
        let message = "the relay was put back from a copy and waits, ten minutes at most, for what it lost";
        Self::new(StatusCode::CONFLICT, code::HEALING, message)
    }

    pub(crate) fn healing_commit() -> Self {
        let message = "the relay was put back from a copy and waits, a day at most, for another owner or admin, or for who is put out";
        Self::new(StatusCode::CONFLICT, code::HEALING, message)
    }

    pub(crate) fn login_number(last: &SignedLogin) -> Self {
        let message = "this device logged in by this number, or a higher one, before";
        Self {
            current: Some(last.statement.number),
            proof: Some(Bytes(cbor::encode(last))),
            ..Self::new(StatusCode::CONFLICT, code::LOGIN_NUMBER, message)
        }
    }

    pub(crate) fn stale_vault(current: u64) -> Self {
        let message = "the vault that is here is as new, or newer";
        Self { current: Some(current), ..Self::new(StatusCode::CONFLICT, code::STALE_VAULT, message) }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code::REFUSED, message)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE, "this is too large")
    }

    pub(crate) fn too_large_because(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code::TOO_LARGE, message)
    }

    pub(crate) fn no_room(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, code::NO_ROOM, message)
    }

    pub(crate) fn gone() -> Self {
        Self::gone_because("the file was revoked, or its time is over")
    }

    pub(crate) fn gone_because(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, code::GONE, message)
    }

    /// 412: another version of tus.
    pub(crate) fn wrong_version() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, code::MALFORMED, "Tus-Resumable: 1.0.0 is wanted")
    }

    pub(crate) fn wrong_media_type() -> Self {
        let wanted = format!("Content-Type: {} is wanted", bezel_protocol::wire::tus::CONTENT_TYPE);
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code::MALFORMED, wanted)
    }

    pub(crate) fn locked() -> Self {
        Self::new(StatusCode::LOCKED, code::CONFLICT, "another request is writing to this upload")
    }

    pub(crate) fn unsatisfiable() -> Self {
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, code::MALFORMED, "there is no such range")
    }

    pub(crate) fn stalled() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, code::MALFORMED, "the body stopped coming, or came too slowly")
    }

    /// The code, as it is logged.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn too_many() -> Self {
        Self::too_many_because("too many requests at once")
    }

    pub(crate) fn too_many_because(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY, message)
    }

    pub(crate) fn full() -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, code::FULL, "this relay takes no further workspace")
    }

    /// A workspace is begun with a token, which is missing or another one.
    pub(crate) fn setup_token(is_given: bool) -> Self {
        let message = if is_given { "this is not the set-up token of this relay" } else { "this relay wants its set-up token" };
        Self::new(StatusCode::FORBIDDEN, code::SETUP_TOKEN, message)
    }

    /// A statement that the roster refuses.
    pub(crate) fn roster(error: &RosterError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::WrongCaller => return Self::forbidden("this session may not do this"),
            StoreError::ShutOut => return Self::unauthenticated(),
            StoreError::IdTaken => return Self::conflict("the id of a user or device is taken on this relay"),
            // The engine logs it: once for all who waited.
            StoreError::NoRoom => return Self::no_room("the relay's disk is full; nothing was lost, try again when there is room"),
            StoreError::Database(_) | StoreError::Failed(_) | StoreError::Damaged(_) | StoreError::Closed => {}
        }
        // Logged here, at the edge; nobody outside learns more.
        tracing::error!(%error, "the store failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, "the relay failed")
    }
}

impl From<BlobError> for Refusal {
    fn from(error: BlobError) -> Self {
        tracing::error!(%error, "the store of blobs failed");
        match error {
            BlobError::NoRoom => Self::no_room("the relay's disk is full; what was sent so far is kept, go on when there is room"),
            BlobError::Damaged(_) | BlobError::Folder(_) | BlobError::Store(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, "the relay's store of files failed")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = (self.status, RefusalCode(self.code));
        (status, Extension(code), Cbor(ErrorBody::from(self))).into_response()
    }
}

impl From<Refusal> for ErrorBody {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code.into(), message: refusal.message, current: refusal.current, proof: refusal.proof }
    }
}
