//! `POST /v1/logout`: the session ends.

use std::sync::Arc;

use axum::extract::State;

use crate::app::{App, audit};
use crate::http::Refusal;
use crate::http::auth::Visitor;
use crate::store::Store;

pub(crate) async fn log_out<S: Store>(State(app): State<Arc<App<S>>>, visitor: Visitor) -> Result<(), Refusal> {
    let (token, is_audited) = (visitor.token(), app.settings.audit_logging);
    app.store
        .write(visitor.caller(), move |unit| {
            Box::pin(async move {
                audit(unit, is_audited, "log_out", None).await?;
                unit.as_relay().delete_session(token).await
            })
        })
        .await?;
    app.forget_sessions(|known, _| *known == token);
    if let Visitor::Device(device) = visitor {
        app.hub.end(token, device.device);
    }
    Ok(())
}
