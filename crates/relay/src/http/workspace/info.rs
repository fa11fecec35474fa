//! `GET /v1/relay`: what this relay is.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::RelayInfo;

use crate::app::App;
use crate::http::Cbor;
use crate::store::Store;

pub(crate) async fn info<S: Store>(State(app): State<Arc<App<S>>>) -> Cbor<RelayInfo> {
    Cbor(RelayInfo {
        key: app.key.public(),
        version: env!("CARGO_PKG_VERSION").into(),
        now_ms: app.now_ms(),
        accepts_workspaces: app.accepts_workspaces(),
        needs_setup_token: app.setup_token.is_some(),
    })
}
