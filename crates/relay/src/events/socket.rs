//! `GET /v1/events`: a WebSocket of a device, for as long as its session lasts and it stands in the roster.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{IntoResponse as _, Response};

use super::Listening;
use crate::app::App;
use crate::http::{Device, Refusal};
use crate::store::Store;

/// A silent connection is asked whether it lives this often.
const PING: Duration = Duration::from_secs(30);
/// Whoever takes so long to take an event is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) async fn connect<S: Store>(State(app): State<Arc<App<S>>>, device: Device, request: Request) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    let upgrade =
        WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|_| Refusal::malformed("a WebSocket is wanted here"))?;
    let listening = app.hub.listen(device.device, device.token);
    Ok(upgrade.max_message_size(4096).on_upgrade(move |socket| serve(app, device, socket, listening)).into_response())
}

async fn serve<S: Store>(app: Arc<App<S>>, device: Device, mut socket: WebSocket, mut listening: Listening) {
    loop {
        let message = tokio::select! {
            event = listening.next() => match event {
                Some(event) => Message::Binary(event),
                None => break,
            },
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => continue,
            },
            () = tokio::time::sleep(PING) => Message::Ping(Default::default()),
        };
        // Whoever was shut out or logged out meanwhile hears nothing more.
        if !holds(&app, &device).await || !matches!(tokio::time::timeout(SEND_TIMEOUT, socket.send(message)).await, Ok(Ok(()))) {
            break;
        }
    }
    let _ = tokio::time::timeout(SEND_TIMEOUT, socket.send(Message::Close(None))).await;
}

/// Whether the session lasts and the device stands.
async fn holds<S: Store>(app: &App<S>, device: &Device) -> bool {
    let now_ms = app.now_ms();
    app.roster(device.workspace).is_some_and(|roster| roster.stands(device.device, now_ms))
        && matches!(app.session(device.token).await, Ok(Some(session)) if session.expires_at_ms > now_ms)
}
