//! The relay's events: a wake-up, never the only word.

use std::net::IpAddr;
use std::time::Duration;

use bezel_protocol::cbor;
use bezel_protocol::wire::{Event, MAX_ENVELOPE_BYTES, path};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header::AUTHORIZATION};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config, connect_async_with_config};

use super::client::{Client, REQUEST_TIMEOUT, RelayError, refusal};

/// A connection that says nothing for so long is asked whether it lives, and has as long again to answer: after a sleep or in another network it
/// may be dead without a word.
pub(crate) const QUIET: Duration = Duration::from_secs(20);

/// No event is longer: an envelope, and what is said about it.
const MAX_EVENT_BYTES: usize = MAX_ENVELOPE_BYTES + 64 * 1024;

/// An open WebSocket.
pub(crate) struct EventStream {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    heard_at: Instant,
    is_asked: bool,
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
        let connecting = async {
            match client.proxy() {
                Some(proxy) => {
                    let socket = proxy.tunnel(client.base()).await?;
                    client_async_tls_with_config(request, socket, Some(limits()), None).await
                }
                None => connect_async_with_config(request, Some(limits()), false).await,
            }
        };
        let connected = tokio::time::timeout(REQUEST_TIMEOUT, connecting).await;
        match connected.map_err(|_| RelayError::Offline("no answer in time".into()))? {
            Ok((socket, _)) => Ok(Self { socket, heard_at: Instant::now(), is_asked: false }),
            // The session has ended: the next attempt logs in anew.
            Err(Error::Http(answer)) if answer.status() == StatusCode::UNAUTHORIZED => {
                client.forget_token(&token).await;
                Err(RelayError::Offline("the session has ended".into()))
            }
            Err(Error::Http(answer)) if answer.status() == StatusCode::FORBIDDEN => {
                Err(refusal(answer.status(), answer.body().as_deref().unwrap_or_default()))
            }
            Err(error) => Err(RelayError::Offline(error.to_string())),
        }
    }

    /// The address of this machine by which it goes.
    pub(crate) fn local_address(&self) -> Option<IpAddr> {
        let socket = match self.socket.get_ref() {
            MaybeTlsStream::Plain(socket) => socket,
            MaybeTlsStream::Rustls(socket) => socket.get_ref().0,
            _ => return None,
        };
        socket.local_addr().ok().map(|address| address.ip())
    }

    /// Waits for the next event. An event of a newer version is passed over: the heads tell everything. `quiet`: how long silence is borne, in place
    /// of [`QUIET`]. May be dropped and called anew at any time.
    pub(crate) async fn next(&mut self, quiet: Duration) -> Incoming {
        loop {
            let due = self.heard_at + if self.is_asked { quiet * 2 } else { quiet };
            let Ok(message) = tokio::time::timeout_at(due, self.socket.next()).await else {
                if std::mem::replace(&mut self.is_asked, true) || self.socket.send(Message::Ping(Default::default())).await.is_err() {
                    return Incoming::Closed;
                }
                continue;
            };
            (self.heard_at, self.is_asked) = (Instant::now(), false);
            match message {
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

fn limits() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(MAX_EVENT_BYTES)).max_frame_size(Some(MAX_EVENT_BYTES))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    use super::*;

    /// A connection to a relay of which only the WebSocket is there.
    async fn pair() -> (EventStream, WebSocketStream<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("ws://{}", listener.local_addr().unwrap());
        let (client, relay) = tokio::join!(connect_async_with_config(address, Some(limits()), false), async {
            accept_async(listener.accept().await.unwrap().0).await.unwrap()
        });
        (EventStream { socket: client.unwrap().0, heard_at: Instant::now(), is_asked: false }, relay)
    }

    #[tokio::test]
    async fn a_connection_that_died_without_a_word_is_closed() {
        let (mut events, _relay) = pair().await;
        let closed = events.next(Duration::from_millis(50)).await;
        assert!(matches!(closed, Incoming::Closed), "{closed:?}");
    }

    #[tokio::test]
    async fn an_event_longer_than_any_ends_the_connection() {
        for (bytes, is_borne) in [(MAX_EVENT_BYTES, true), (MAX_EVENT_BYTES + 1, false)] {
            let (mut events, mut relay) = pair().await;
            let sending = tokio::spawn(async move {
                let _ = relay.send(Message::Binary(vec![0xff; bytes].into())).await;
                let _ = relay.send(Message::Binary(cbor::encode(&Event::Resync).into())).await;
                let _ = relay.next().await;
            });
            let incoming = events.next(Duration::from_secs(20)).await;
            assert_eq!(matches!(incoming, Incoming::Event(_)), is_borne, "{bytes}: {incoming:?}");
            sending.abort();
        }
    }

    #[tokio::test]
    async fn a_silent_connection_that_lives_is_kept_through_many_questions() {
        let (mut events, mut relay) = pair().await;
        let quiet = Duration::from_millis(200);
        let (mut asked, mut news) = (0, None);
        let answering = async {
            while asked < 3 {
                asked += usize::from(matches!(relay.next().await, Some(Ok(Message::Ping(_)))));
            }
            relay.send(Message::Binary(cbor::encode(&Event::Resync).into())).await.unwrap();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = answering => {}
            incoming = events.next(quiet) => news = Some(incoming),
        }
        assert!(matches!(news, Some(Incoming::Event(_))), "{news:?}");
    }
}
