//! `POST /v1/logout`: the session ends.

use std::sync::Arc;

use axum::extract::State;

use crate::app::App;
use crate::http::{Device, Refusal};
use crate::store::{Caller, Store};

pub(crate) async fn log_out<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<(), Refusal> {
    app.forget_sessions(|token, _| *token == device.token);
    app.store.write(Caller::Relay, move |unit| Box::pin(unit.delete_session(device.token))).await?;
    Ok(())
}
