use axum::http::header::ORIGIN;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Message as Sent, http::HeaderValue};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

const KEY_FRAME: &[u8] = &[0x10, 1, 2, 3];
const DELTA_FRAME: &[u8] = &[0x11, 4, 5];

async fn connect_from(url: &str, origin: &'static str) -> Option<Socket> {
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert(ORIGIN, HeaderValue::from_static(origin));
    connect_async(request).await.ok().map(|(socket, _)| socket)
}

/// A window that looks, once the server knows of it.
async fn window(pictures: &Pictures) -> Socket {
    let before = lock(&pictures.shared.viewers).len();
    let socket = connect_from(&pictures.address().await.unwrap(), "tauri://localhost").await.unwrap();
    while lock(&pictures.shared.viewers).len() == before {
        tokio::task::yield_now().await;
    }
    socket
}

async fn next(socket: &mut Socket) -> Vec<u8> {
    let within = std::time::Duration::from_secs(30);
    let message = tokio::time::timeout(within, socket.next()).await.unwrap().unwrap().unwrap();
    message.into_data().to_vec()
}

#[tokio::test]
async fn a_token_works_once_and_only_for_a_page_of_the_app() {
    let pictures = Pictures::default();
    let url = pictures.address().await.unwrap();
    assert!(connect_from(&url, "https://elsewhere.example").await.is_none(), "another page");
    assert!(connect_from(&url, "tauri://localhost").await.is_some());
    assert!(connect_from(&url, "tauri://localhost").await.is_none(), "used");
    let (server, _) = url.rsplit_once('/').unwrap();
    assert!(connect_from(&format!("{server}/{}", "0".repeat(64)), "tauri://localhost").await.is_none(), "guessed");
}

#[tokio::test]
async fn a_frame_says_whose_it_is_and_when_it_was() {
    let pictures = Pictures::default();
    let mut socket = window(&pictures).await;
    pictures.sink().picture(None, Track::Screen, KEY_FRAME, 90_000);
    let head = [KEY | SCREEN | OWN, 0];
    assert_eq!(next(&mut socket).await, [&head[..], &90_000_i64.to_be_bytes(), KEY_FRAME].concat());
}

#[tokio::test]
async fn a_slow_window_gets_as_many_frames_as_it_has_credit_and_the_next_key_frame_after_it_took_some() {
    let pictures = Pictures::default();
    let mut socket = window(&pictures).await;
    let sink = pictures.sink();
    let mut at = 0;
    let mut show = |frame| {
        at += 1;
        sink.picture(None, Track::Camera, frame, at);
        at
    };
    show(DELTA_FRAME); // nothing can begin with it
    let first = show(KEY_FRAME);
    let mut last = first;
    for _ in 1..CREDIT {
        last = show(DELTA_FRAME);
    }
    show(DELTA_FRAME); // no room
    show(KEY_FRAME); // for a key frame neither
    let time = |message: &[u8]| i64::from_be_bytes(message[2..10].try_into().unwrap());
    for expected in first..=last {
        assert_eq!(time(&next(&mut socket).await), expected);
    }
    socket.send(Sent::Binary(vec![OWN, 0].into())).await.unwrap();
    assert_eq!(next(&mut socket).await, [OWN | GAP, 0], "the window asks for a key frame");
    show(DELTA_FRAME); // there is room, but what it stands on was left out
    let after = show(KEY_FRAME);
    assert_eq!(time(&next(&mut socket).await), after);
}

#[tokio::test]
async fn an_answer_about_nothing_does_no_harm() {
    let pictures = Pictures::default();
    let mut socket = window(&pictures).await;
    for nonsense in [vec![], vec![255], vec![OWN, 9, 1]] {
        socket.send(Sent::Binary(nonsense.into())).await.unwrap();
    }
    pictures.sink().picture(None, Track::Camera, KEY_FRAME, 1);
    assert_eq!(next(&mut socket).await.last(), KEY_FRAME.last());
}
