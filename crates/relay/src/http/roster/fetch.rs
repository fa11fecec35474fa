//! `GET /v1/roster?after=N`: statements, for members, also with an ended certificate, and for who holds an invite.

use std::sync::Arc;

use axum::extract::{Query, State};
use bezel_protocol::wire::{Bytes, MAX_PAGE_BYTES, RosterPage};
use serde::Deserialize;

use crate::app::App;
use crate::http::auth::Visitor;
use crate::http::{Cbor, Refusal};
use crate::store::Store;

#[derive(Deserialize)]
pub(crate) struct After {
    after: Option<u64>,
}

pub(crate) async fn fetch<S: Store>(
    State(app): State<Arc<App<S>>>,
    visitor: Visitor,
    Query(After { after }): Query<After>,
) -> Result<Cbor<RosterPage>, Refusal> {
    let workspace = visitor.workspace();
    let roster = app.roster(workspace).ok_or_else(Refusal::not_found)?;
    let head = roster.head();
    let mut statements = app.store.read(visitor.caller(), move |unit| Box::pin(unit.statements(workspace, after, MAX_PAGE_BYTES))).await?;
    // What was appended since the head was taken comes with the next head.
    let first = after.map_or(0, |after| after.saturating_add(1));
    let count = (head.sequence + 1).saturating_sub(first);
    statements.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    Ok(Cbor(RosterPage { head, statements: statements.into_iter().map(Bytes).collect() }))
}
