//! `DELETE /v1/calls/{call}`: a device has left.

use std::sync::Arc;

use axum::extract::{Path, State};

use super::call;
use crate::app::App;
use crate::clock::now_ms;
use crate::http::{Device, Refusal};
use crate::store::{Departure, Store};

pub(crate) async fn leave<S: Store>(State(app): State<Arc<App<S>>>, Path(id): Path<String>, device: Device) -> Result<(), Refusal> {
    let id = call(&id)?;
    let departure = app.store.write(device.caller(), move |unit| Box::pin(unit.leave_call(id, now_ms()))).await?;
    app.turn_leave(id, device.device);
    match departure {
        Departure::Left => Ok(()),
        Departure::Ended => {
            app.end_call(id);
            Ok(())
        }
        Departure::NotThere => Err(Refusal::not_found()),
    }
}
