//! Accepts connections and serves them, with bounds on how many there are, from where, and on how long one may say nothing. A stranger can
//! open a connection as well as a member can: what is bounded here is bounded before anybody is known.

mod addresses;
mod stream;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::tls::Tls;
use addresses::{Addresses, Guard};
use stream::{Answer, Conduct, Watched};

/// A handshake of TLS takes no longer.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After a connection could not be taken, for want of file handles for example.
const RETRY: Duration = Duration::from_millis(200);
/// Connections are looked at so often.
const LOOK: Duration = Duration::from_secs(2);
/// The head of a request has no more bytes.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// No more connections than this, however many files the system allows.
const MOST: usize = 16_384;

/// How many connections there may be at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    all: usize,
    an_address: usize,
}

impl Limits {
    /// As many as were asked for, or half of the files that this process may have open; a quarter of them from one address.
    pub(crate) fn new(asked: Option<usize>) -> Self {
        let all = asked.unwrap_or_else(|| (open_files() / 2).min(MOST)).max(4);
        Self { all, an_address: all / 4 }
    }
}

/// Lets this process have as many files open as the system allows it.
pub fn raise_open_files() {
    #[cfg(unix)]
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

fn open_files() -> usize {
    #[cfg(unix)]
    let soft = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(1024, |(soft, _)| soft);
    #[cfg(not(unix))]
    let soft = 2 * MOST as u64;
    usize::try_from(soft).unwrap_or(usize::MAX)
}

/// Held by a connection for as long as it is open, also when it has become a WebSocket.
pub(crate) struct Place {
    _room: OwnedSemaphorePermit,
    _address: Guard,
}

/// Serves until `stop`, then until what is under way has been answered.
pub(crate) async fn serve(listener: TcpListener, tls: Option<Tls>, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(limits.all));
    let addresses = Addresses::new(limits.an_address);
    let (close, closing) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, address, room) = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        // One address has taken its share: the connection is closed without a word.
        let Some(guard) = addresses.enter(address.ip()) else { continue };
        let place = Place { _room: room, _address: guard };
        connections.spawn(connect(stream, tls.clone(), router.clone(), place, closing.clone()));
    }
    drop(listener);
    let _ = close.send(true);
    while connections.join_next().await.is_some() {}
}

/// The next connection, once there is room for one.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let accepted = match Arc::clone(room).acquire_owned().await {
            Ok(permit) => listener.accept().await.map(|(stream, address)| (stream, address, permit)),
            Err(_) => std::future::pending().await,
        };
        match accepted {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Shakes hands, where the relay speaks TLS. Each connection does so in its own task: a silent one keeps nobody waiting.
async fn connect(stream: TcpStream, tls: Option<Tls>, router: Router, place: Place, closing: watch::Receiver<bool>) {
    // Answers are written in one go; waiting for more to send would only hold small ones back.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return converse(stream, router, place, closing).await };
    let shaken = tokio::time::timeout(HANDSHAKE, TlsAcceptor::from(tls.current()).accept(stream));
    if let Ok(Ok(stream)) = shaken.await {
        converse(stream, router, place, closing).await;
    }
}

/// Answers the requests of a connection until it ends, or takes too long over something.
async fn converse<T>(stream: T, router: Router, place: Place, mut closing: watch::Receiver<bool>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let conduct = Arc::new(Conduct::new(Instant::now()));
    let stream = Watched::new(stream, Arc::clone(&conduct), place);
    let answering = Arc::clone(&conduct);
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, conduct) = (TowerToHyperService::new(router.clone()), Arc::clone(&answering));
        async move {
            conduct.answering();
            let response: Response = match router.call(request).await {
                Ok(response) => response,
                Err(impossible) => match impossible {},
            };
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                conduct.upgraded();
            }
            Ok::<_, Infallible>(response.map(|body| Answer::new(body, conduct)))
        }
    });
    let serving = http1::Builder::new().max_header_size(MAX_HEAD_BYTES).serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let mut look = tokio::time::interval(LOOK);
    let mut is_closing = false;
    loop {
        tokio::select! {
            _ = serving.as_mut() => return,
            _ = look.tick() => {
                if conduct.is_overdue(Instant::now()) {
                    return;
                }
            }
            _ = closing.wait_for(|is_closing| *is_closing), if !is_closing => {
                is_closing = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}
