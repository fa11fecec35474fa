//! `OPTIONS /v1/files`: what this relay speaks of tus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use bezel_protocol::wire::tus;

use crate::app::App;
use crate::store::Store;

pub(crate) async fn options<S: Store>(State(app): State<Arc<App<S>>>) -> impl IntoResponse {
    let headers = [
        (tus::VERSIONS, tus::VERSION.to_owned()),
        (tus::EXTENSION, tus::EXTENSIONS.to_owned()),
        (tus::MAX_SIZE, app.file_options.max_file_bytes.to_string()),
    ];
    (StatusCode::NO_CONTENT, headers)
}
