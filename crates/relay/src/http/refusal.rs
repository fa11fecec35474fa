//! What the relay answers when it refuses.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bezel_protocol::roster::RosterError;
use bezel_protocol::wire::{ErrorBody, code};

use super::body::Cbor;
use crate::blobs::BlobError;
use crate::store::StoreError;

/// A refusal. Someone else's and not there answer alike.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    current: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), current: None }
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
        Self::new(StatusCode::REQUEST_TIMEOUT, code::MALFORMED, "the body stopped coming")
    }

    /// The code, as it is logged.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn too_many() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, code::TOO_MANY, "too many requests at once")
    }

    pub(crate) fn full() -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, code::FULL, "this relay takes no further workspace")
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
            StoreError::Database(ref database) if is_full(database) => {
                tracing::error!(%error, "the disk of the database is full");
                return Self::no_room("the relay's disk is full; nothing was lost, try again when there is room");
            }
            StoreError::Database(_) | StoreError::Damaged(_) | StoreError::Closed => {}
        }
        // Logged here, at the edge; nobody outside learns more.
        tracing::error!(%error, "the store failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, "the relay failed")
    }
}

/// SQLite says SQLITE_FULL by its number.
fn is_full(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "13")
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
        let body = ErrorBody { code: self.code.into(), message: self.message, current: self.current };
        (self.status, Cbor(body)).into_response()
    }
}
