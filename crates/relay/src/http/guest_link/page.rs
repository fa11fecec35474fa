//! `GET /call/{link}` and `GET /call/assets/{name}`: the page of a guest. It is the same for every link, and loads nothing from elsewhere.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::guests::page;
use crate::http::Refusal;
use crate::reach;
use crate::store::Store;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

pub(crate) async fn page<S: Store>(State(app): State<Arc<App<S>>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let mut response = serve(page::INDEX);
    // Safari holds WebSockets of the own host for foreign unless they are named.
    let socket = reach::host(&headers).map(|host| format!(" {}://{host}", if app.reach.is_https() { "wss" } else { "ws" }));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; media-src 'self' blob:; \
         worker-src 'self'; connect-src 'self'{}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        socket.unwrap_or_default()
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).map_err(|_| Refusal::not_found())?);
    headers
        .insert(PERMISSIONS_POLICY, HeaderValue::from_static("camera=(self), microphone=(self), display-capture=(self), geolocation=()"));
    Ok(response)
}

pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Refusal> {
    page::asset(&name).map(serve).ok_or_else(Refusal::not_found)
}

fn serve(file: page::File) -> Response {
    let mut response = file.content.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, file.media_type),
        // Names stay from version to version.
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
