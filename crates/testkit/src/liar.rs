//! Somebody between the members and the relay who hears every event, and leaves out, changes and adds events as one likes: what a relay
//! could do that its owner has changed.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message as ToMember, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bezel_protocol::cbor;
use bezel_protocol::wire::{Event, path};
use futures_util::StreamExt as _;
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message as FromRelay;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// What becomes of an event on its way to one member.
pub type Lie = Box<dyn FnMut(Event) -> Vec<Event> + Send>;

/// Whoever stands between.
pub struct Liar {
    addr: SocketAddr,
    between: Arc<Between>,
    task: tokio::task::JoinHandle<()>,
}

struct Between {
    relay: SocketAddr,
    http: reqwest::Client,
    lie: Mutex<Option<Lie>>,
    heard: Mutex<Vec<Event>>,
    said: broadcast::Sender<Event>,
}

impl Liar {
    pub(crate) async fn stand_before(relay: SocketAddr) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let said = broadcast::channel(1024).0;
        let between = Arc::new(Between { relay, http, lie: Mutex::default(), heard: Mutex::default(), said });
        let routes = Router::new().route(path::EVENTS, get(events)).fallback(forward).with_state(Arc::clone(&between));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Ok(Self { addr, between, task })
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on each event goes through `lie` on its way to each member.
    pub fn lie(&self, lie: impl FnMut(Event) -> Vec<Event> + Send + 'static) {
        *self.between.lie.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(lie));
    }

    /// Says something to every member.
    pub fn say(&self, event: Event) {
        let _ = self.between.said.send(event);
    }

    /// Every event so far, once for each member that was to hear it.
    #[must_use]
    pub fn heard(&self) -> Vec<Event> {
        self.between.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(State(between): State<Arc<Between>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else { return StatusCode::BAD_REQUEST.into_response() };
    let mut headers = parts.headers;
    headers.remove(header::HOST);
    let asked = between.http.request(parts.method, format!("http://{}{path}", between.relay)).headers(headers).body(body);
    let Ok(answer) = asked.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| **name != header::TRANSFER_ENCODING) {
        response = response.header(name, value);
    }
    let bytes = answer.bytes().await.unwrap_or_default();
    response.body(Body::from(bytes)).unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

async fn events(State(between): State<Arc<Between>>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let Ok(mut request) = format!("ws://{}{}", between.relay, path::EVENTS).into_client_request() else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((relay, _)) => upgrade.on_upgrade(move |member| pass(between, relay, member)),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => answer.status().into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

async fn pass(
    between: Arc<Between>,
    mut relay: tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
    mut member: WebSocket,
) {
    let mut said = between.said.subscribe();
    loop {
        let events = tokio::select! {
            Ok(event) = said.recv() => vec![event],
            message = relay.next() => match message {
                Some(Ok(FromRelay::Binary(bytes))) => match cbor::decode::<Event>(&bytes) {
                    Ok(event) => {
                        between.heard.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
                        match between.lie.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                            Some(lie) => lie(event),
                            None => vec![event],
                        }
                    }
                    Err(_) => continue,
                },
                Some(Ok(FromRelay::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            // Only pings and the end come from members.
            message = member.recv() => match message {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
        };
        for event in events {
            if member.send(ToMember::Binary(cbor::encode(&event).into())).await.is_err() {
                return;
            }
        }
    }
}
