//! `POST /v1/roster/offers`: somebody brings back statements that this relay lost. They prove themselves by their signatures, so anybody may:
//! who joined, or whose device was added, in the stretch that was lost can't log in before.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::{NewStatements, OfferedStatements, RosterAppended};

use super::append::{grow, parse};
use crate::app::App;
use crate::http::{Cbor, Refusal};
use crate::store::{Caller, Store};

pub(crate) async fn offers<S: Store>(
    State(app): State<Arc<App<S>>>,
    Cbor(offered): Cbor<OfferedStatements>,
) -> Result<Cbor<RosterAppended>, Refusal> {
    let OfferedStatements { workspace, statements } = offered;
    if !app.healing.roster(workspace) {
        return Err(Refusal::not_found());
    }
    let statements = parse(&NewStatements { statements })?;
    let _growth = app.roster_growth.lock().await;
    // Somebody may have said something new meanwhile.
    let before = app.roster(workspace).filter(|_| app.healing.roster(workspace)).ok_or_else(Refusal::not_found)?;
    grow(&app, Caller::Relay, None, &before, statements).await.map(Cbor)
}
