//! Somebody between the members and the relay who hears every event and request, and leaves out, changes and adds events and answers as one
//! likes: what a relay could do that its owner has changed.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message as ToMember, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bezel_protocol::cbor;
use bezel_protocol::wire::{CONTENT_TYPE, Event, path};
use futures_util::StreamExt as _;
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message as FromRelay;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// What becomes of an event on its way to one member.
pub type Lie = Box<dyn FnMut(Event) -> Vec<Event> + Send>;

/// What becomes of the body of an answer that is a success.
pub type AnswerLie = Box<dyn FnMut(Vec<u8>) -> Vec<u8> + Send>;

/// What is answered without the relay being asked: status and body, or nothing for what the relay is to answer.
pub type Instead = Box<dyn FnMut(&Asked) -> Option<(u16, Vec<u8>)> + Send>;

/// A request of a member.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path_and_query: String,
    /// The session's token; empty for none.
    pub token: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Asked {
    /// The path alone.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    /// A number of the query; 0 where it is not there.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        let query = self.path_and_query.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok()).unwrap_or(0)
    }
}

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
    /// Lies about answers, by the beginning of the path.
    answers: Mutex<Vec<(String, AnswerLie)>>,
    /// Answers that are made up.
    instead: Mutex<Vec<Instead>>,
    asked: Mutex<Vec<Asked>>,
    /// Requests whose answer is lost once: method and path.
    lost: Mutex<Vec<(Method, String)>>,
    heard: Mutex<Vec<Event>>,
    said: broadcast::Sender<Event>,
}

impl Liar {
    pub(crate) async fn stand_before(relay: SocketAddr) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let said = broadcast::channel(1024).0;
        let between = Arc::new(Between {
            relay,
            http,
            lie: Mutex::default(),
            answers: Mutex::default(),
            instead: Mutex::default(),
            asked: Mutex::default(),
            lost: Mutex::default(),
            heard: Mutex::default(),
            said,
        });
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

    /// From now on every answer to a path that begins so goes through `lie`.
    pub fn lie_about(&self, path: &str, lie: impl FnMut(Vec<u8>) -> Vec<u8> + Send + 'static) {
        self.between.answers.lock().unwrap_or_else(PoisonError::into_inner).push((path.into(), Box::new(lie)));
    }

    /// From now on `instead` is asked before the relay is.
    pub fn answer_instead(&self, instead: impl FnMut(&Asked) -> Option<(u16, Vec<u8>)> + Send + 'static) {
        self.between.instead.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(instead));
    }

    /// Grows honest: every lie of before is over.
    pub fn repent(&self) {
        *self.between.lie.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.between.answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.between.instead.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.between.lost.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Every request so far, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.between.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The relay takes the next request of this kind, and its answer is lost on the way.
    pub fn lose_answer(&self, method: Method, path: &str) {
        self.between.lost.lock().unwrap_or_else(PoisonError::into_inner).push((method, path.to_owned()));
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

impl Between {
    /// Whether the answer to this request is to be lost: once.
    fn loses(&self, method: &Method, path: &str) -> bool {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let at = lost.iter().position(|(lost_method, lost_path)| lost_method == method && lost_path == path);
        at.map(|at| lost.swap_remove(at)).is_some()
    }

    /// The answer to a request, where it is made up.
    fn makes_up(&self, asked: Asked) -> Option<(u16, Vec<u8>)> {
        let made_up = self.instead.lock().unwrap_or_else(PoisonError::into_inner).iter_mut().find_map(|instead| instead(&asked));
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        made_up
    }
}

async fn forward(State(between): State<Arc<Between>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let is_lost = between.loses(&parts.method, &path);
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else { return StatusCode::BAD_REQUEST.into_response() };
    let mut headers = parts.headers;
    headers.remove(header::HOST);
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = bearer.unwrap_or_default().to_owned();
    let asked = Asked { method: parts.method.clone(), path_and_query: path.clone(), token, body: body.to_vec() };
    if let Some((status, body)) = between.makes_up(asked) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        return (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response();
    }
    let asked = between.http.request(parts.method, format!("http://{}{path}", between.relay)).headers(headers).body(body);
    let Ok(answer) = asked.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    if is_lost {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let (mut response, is_success) = (Response::builder().status(answer.status()), answer.status().is_success());
    let told = |name: &header::HeaderName| *name != header::TRANSFER_ENCODING && *name != header::CONTENT_LENGTH;
    for (name, value) in answer.headers().iter().filter(|(name, _)| told(name)) {
        response = response.header(name, value);
    }
    let mut bytes = Vec::from(answer.bytes().await.unwrap_or_default());
    for (about, lie) in between.answers.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
        if is_success && path.starts_with(about.as_str()) {
            bytes = lie(bytes);
        }
    }
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
