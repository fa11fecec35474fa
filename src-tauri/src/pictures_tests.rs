use axum::http::header::ORIGIN;
use bezel_vpx::{Content, Encoder, EncoderOptions, Planes};
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
async fn window(pictures: &Pictures, form: &str) -> Socket {
    let before = lock(&pictures.shared.viewers).len();
    let url = format!("{}?form={form}", pictures.address().await.unwrap());
    let socket = connect_from(&url, "tauri://localhost").await.unwrap();
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
    let address = pictures.address().await.unwrap();
    assert!(connect_from(&format!("{address}?form=rgb"), "tauri://localhost").await.is_none(), "a form that there is not");
    let url = format!("{address}?form=vp8");
    assert!(connect_from(&url, "https://elsewhere.example").await.is_none(), "another page");
    assert!(connect_from(&url, "tauri://localhost").await.is_some());
    assert!(connect_from(&url, "tauri://localhost").await.is_none(), "used");
    let (server, _) = url.rsplit_once('/').unwrap();
    assert!(connect_from(&format!("{server}/{}?form=vp8", "0".repeat(64)), "tauri://localhost").await.is_none(), "guessed");
}

#[tokio::test]
async fn a_frame_says_whose_it_is_and_when_it_was() {
    let pictures = Pictures::default();
    let mut socket = window(&pictures, "vp8").await;
    pictures.sink().picture(None, Track::Screen, KEY_FRAME, 90_000);
    let head = [KEY | SCREEN | OWN, 0];
    assert_eq!(next(&mut socket).await, [&head[..], &90_000_i64.to_be_bytes(), KEY_FRAME].concat());
}

#[tokio::test]
async fn a_slow_window_gets_as_many_frames_as_it_has_credit_and_the_next_key_frame_after_it_took_some() {
    let pictures = Pictures::default();
    let mut socket = window(&pictures, "vp8").await;
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
    let mut socket = window(&pictures, "vp8").await;
    for nonsense in [vec![], vec![255], vec![OWN, 9, 1]] {
        socket.send(Sent::Binary(nonsense.into())).await.unwrap();
    }
    pictures.sink().picture(None, Track::Camera, KEY_FRAME, 1);
    assert_eq!(next(&mut socket).await.last(), KEY_FRAME.last());
}

/// An encoder of one size and what it is shown: a picture of one colour.
struct Camera {
    encoder: Encoder,
    at: i64,
}

/// Luma and both chroma of a blue (BT.601, limited range).
const BLUE: [u8; 3] = [41, 240, 110];

impl Camera {
    fn new(width: u32, height: u32) -> Self {
        Self { encoder: Encoder::new(EncoderOptions { width, height, kbit_s: 2000, content: Content::Screen }).unwrap(), at: 0 }
    }

    /// The next frame, all of one colour; the first one is a key frame.
    fn frame(&mut self, [y, u, v]: [u8; 3]) -> Vec<u8> {
        let (width, height) = self.encoder.size();
        let (luma, chroma) = ((width * height) as usize, (width / 2 * (height / 2)) as usize);
        let (y, u, v) = (vec![y; luma], vec![u; chroma], vec![v; chroma]);
        let (y_stride, uv_stride) = (width as usize, width as usize / 2);
        let planes = Planes { width, height, y: &y, u: &u, v: &v, y_stride, uv_stride };
        self.at += 3000;
        self.encoder.encode(&planes, self.at, 3000, false).unwrap().unwrap().data
    }
}

/// What a window says of how large it shows one's own camera.
fn shows(width: u16, height: u16) -> Sent {
    Sent::Binary([&[OWN | PIXELS, 0][..], &width.to_be_bytes(), &height.to_be_bytes()].concat().into())
}

fn takes() -> Sent {
    Sent::Binary(vec![OWN, 0].into())
}

/// A window that draws planes and shows one's own camera, once the server knows that.
async fn drawing(pictures: &Pictures, width: u16, height: u16) -> Socket {
    let before = lock(&pictures.shared.viewers).len();
    let mut socket = window(pictures, "i420").await;
    socket.send(shows(width, height)).await.unwrap();
    until_shown(pictures, before + 1).await;
    socket
}

/// Waits until so many windows are known to show one's own camera.
async fn until_shown(pictures: &Pictures, windows: usize) {
    let shows = |viewer: &Viewer| matches!(viewer, Viewer::Raw(raw) if raw.shows(&[OWN, 0]));
    while lock(&pictures.shared.viewers).iter().filter_map(Weak::upgrade).filter(|viewer| shows(viewer)).count() != windows {
        tokio::task::yield_now().await;
    }
}

/// Time, width, height and planes of a message with a picture of one's own camera.
fn read(message: &[u8]) -> (i64, (u16, u16), &[u8]) {
    assert_eq!(message[..2], [OWN | PIXELS, 0]);
    let side = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
    (i64::from_be_bytes(message[2..10].try_into().unwrap()), (side(10), side(12)), &message[14..])
}

/// Asserts that planes hold nothing but a colour, as nearly as the codec has it.
fn assert_colour(planes: &[u8], (width, height): (u16, u16), colour: [u8; 3]) {
    let luma = usize::from(width) * usize::from(height);
    assert_eq!(planes.len(), luma + luma / 2);
    let (y, chroma) = planes.split_at(luma);
    let (u, v) = chroma.split_at(luma / 4);
    for (plane, expected) in [y, u, v].into_iter().zip(colour) {
        assert!(plane.iter().all(|byte| byte.abs_diff(expected) <= 3), "{expected} is {:?}", plane.first());
    }
}

#[tokio::test]
async fn a_window_that_does_not_decode_gets_planes_no_larger_than_it_shows_needs() {
    let pictures = Pictures::default();
    let mut socket = drawing(&pictures, 160, 90).await;
    let mut camera = Camera::new(640, 360);
    pictures.sink().picture(None, Track::Camera, &camera.frame(BLUE), 90_000);
    let message = next(&mut socket).await;
    let (at, size, planes) = read(&message);
    assert_eq!((at, size), (90_000, (160, 90)));
    assert_colour(planes, size, BLUE);
}

#[tokio::test]
async fn nothing_of_a_stream_is_decoded_that_is_not_shown() {
    let pictures = Pictures::default();
    let mut socket = drawing(&pictures, 64, 64).await;
    let sink = pictures.sink();
    socket.send(shows(0, 0)).await.unwrap();
    until_shown(&pictures, 0).await;
    let mut camera = Camera::new(64, 64);
    sink.picture(None, Track::Camera, &camera.frame(BLUE), 1);
    socket.send(shows(64, 64)).await.unwrap();
    until_shown(&pictures, 1).await;
    sink.picture(None, Track::Camera, &camera.frame(BLUE), 2); // nothing can begin with it
    sink.picture(None, Track::Camera, &Camera::new(64, 64).frame(BLUE), 3);
    assert_eq!(read(&next(&mut socket).await).0, 3);
}

#[tokio::test]
async fn a_picture_of_another_size_is_given_in_that_size() {
    let pictures = Pictures::default();
    let mut socket = drawing(&pictures, 1280, 720).await;
    for size in [(64, 48), (320, 180), (62, 46)] {
        pictures.sink().picture(None, Track::Camera, &Camera::new(size.0.into(), size.1.into()).frame(BLUE), 1);
        let message = next(&mut socket).await;
        let (_, given, planes) = read(&message);
        assert_eq!(given, size);
        assert_colour(planes, size, BLUE);
        socket.send(takes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_slow_window_gets_as_many_pictures_as_it_has_credit_and_then_the_newest() {
    let pictures = Pictures::default();
    let mut slow = drawing(&pictures, 64, 64).await;
    let mut quick = drawing(&pictures, 64, 64).await;
    let mut camera = Camera::new(64, 64);
    let last = i64::from(raw::CREDIT) + 3;
    for at in 1..=last {
        pictures.sink().picture(None, Track::Camera, &camera.frame(BLUE), at);
        assert_eq!(read(&next(&mut quick).await).0, at, "a slow window holds up no other");
        quick.send(takes()).await.unwrap();
    }
    for at in 1..=i64::from(raw::CREDIT) {
        assert_eq!(read(&next(&mut slow).await).0, at);
    }
    // The thread of the slow one may still be at work: what it decodes takes the place of what waits.
    slow.send(takes()).await.unwrap();
    let mut seen = read(&next(&mut slow).await).0;
    assert!(seen > i64::from(raw::CREDIT));
    while seen < last {
        slow.send(takes()).await.unwrap();
        seen = read(&next(&mut slow).await).0;
    }
}

#[tokio::test]
async fn a_frame_that_is_garbage_costs_the_pictures_up_to_the_next_key_frame() {
    let pictures = Pictures::default();
    let mut socket = drawing(&pictures, 64, 64).await;
    let sink = pictures.sink();
    let mut camera = Camera::new(64, 64);
    sink.picture(None, Track::Camera, &camera.frame(BLUE), 1);
    assert_eq!(read(&next(&mut socket).await).0, 1);
    // A key frame by its first bit, and nothing of what must follow.
    sink.picture(None, Track::Camera, &[0x10, 1, 2, 3, 4, 5, 6, 7, 8, 9], 2);
    assert_eq!(next(&mut socket).await, [OWN | GAP, 0], "the window asks for a key frame");
    sink.picture(None, Track::Camera, &camera.frame(BLUE), 3);
    sink.picture(None, Track::Camera, &Camera::new(64, 64).frame(BLUE), 4);
    assert_eq!(read(&next(&mut socket).await).0, 4);
}
