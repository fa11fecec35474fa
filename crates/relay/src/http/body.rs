//! Bodies in CBOR.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bezel_protocol::{cbor, wire};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Refusal;
use super::pace::{is_too_slow, paced};

/// A body in CBOR, in or out.
pub(crate) struct Cbor<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Cbor<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request.map(paced), state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Refusal::too_large()
            } else if is_too_slow(&rejection) {
                Refusal::stalled()
            } else {
                Refusal::malformed("the body did not arrive whole")
            }
        })?;
        cbor::decode(&bytes).map(Self).map_err(|error| Refusal::malformed(error.to_string()))
    }
}

impl<T: Serialize> IntoResponse for Cbor<T> {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, wire::CONTENT_TYPE)], cbor::encode(&self.0)).into_response()
    }
}
