//! The relay's events: a wake-up, never the only word.

use bezel_protocol::cbor;
use bezel_protocol::wire::{Event, path};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header::AUTHORIZATION};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::client::{Client, RelayError};

/// An open WebSocket.
pub(crate) struct EventStream {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What came.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// An event.
    Event(Event),
    /// The connection is gone.
    Closed,
}

impl EventStream {
    /// Connects with the client's session.
    pub(crate) async fn connect(client: &Client) -> Result<Self, RelayError> {
        let nonsense = |error: &dyn core::fmt::Display| RelayError::Nonsense(error.to_string());
        let token = client.token().await?;
        let mut url = client.base().join(path::EVENTS.trim_start_matches('/')).map_err(|error| nonsense(&error))?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| nonsense(&"the relay's address is no web address"))?;
        let mut request = url.as_str().into_client_request().map_err(|error| nonsense(&error))?;
        let bearer: String = token.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut header = HeaderValue::from_str(&format!("Bearer {bearer}")).map_err(|error| nonsense(&error))?;
        header.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, header);
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Self { socket }),
            // The session has ended: the next attempt logs in anew.
            Err(Error::Http(answer)) if answer.status() == StatusCode::UNAUTHORIZED => {
                client.forget_token(&token).await;
                Err(RelayError::Offline("the session has ended".into()))
            }
            Err(error) => Err(RelayError::Offline(error.to_string())),
        }
    }

    /// Waits for the next event. An event of a newer version is passed over: the heads tell everything.
    pub(crate) async fn next(&mut self) -> Incoming {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    if let Ok(event) = cbor::decode(&bytes) {
                        return Incoming::Event(event);
                    }
                }
                Some(Ok(Message::Ping(payload))) => {
                    if self.socket.send(Message::Pong(payload)).await.is_err() {
                        return Incoming::Closed;
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Incoming::Closed,
                Some(Ok(_)) => {}
            }
        }
    }
}
