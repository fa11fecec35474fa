//! Two connections on the loopback interface: negotiated, encrypted, carrying frames.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bezel_calls::connection::{Certificate, Connection, ConnectionEvent, ConnectionOptions, LinkState, WebRtc};
use bezel_crypto::SystemRng;
use bezel_crypto::call::Track;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout;

type Events = mpsc::Receiver<ConnectionEvent>;

fn options() -> ConnectionOptions {
    ConnectionOptions { ice_servers: Vec::new(), is_relay_only: false, addresses: vec!["127.0.0.1:0".parse().unwrap()] }
}

/// Offers from `a` to `b`, and passes candidates on until both are connected.
async fn connect(a: &Arc<WebRtc>, a_events: &mut Events, b: &Arc<WebRtc>, b_events: &mut Events) {
    let answer = b.answer(a.offer().await.unwrap()).await.unwrap();
    a.accept(answer).await.unwrap();
    let (mut a_up, mut b_up) = (false, false);
    while !(a_up && b_up) {
        tokio::select! {
            event = a_events.recv() => match event.unwrap() {
                ConnectionEvent::Candidate(candidate) => b.add_candidate(candidate).await.unwrap(),
                ConnectionEvent::State(state) => a_up = state == LinkState::Connected,
                _ => {}
            },
            event = b_events.recv() => match event.unwrap() {
                ConnectionEvent::Candidate(candidate) => a.add_candidate(candidate).await.unwrap(),
                ConnectionEvent::State(state) => b_up = state == LinkState::Connected,
                _ => {}
            },
        }
    }
}

/// A frame that reads as VP8: its first byte says key or not.
fn frame(number: u8, is_key: bool) -> Bytes {
    let mut frame = vec![number; 4000];
    frame[0] = u8::from(!is_key);
    frame.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_all_three_tracks_arrive_whole_over_aes_256() {
    let (a, mut a_events) = WebRtc::new(&options(), &Certificate::generate().unwrap(), &mut SystemRng).await.unwrap();
    let (b, mut b_events) = WebRtc::new(&options(), &Certificate::generate().unwrap(), &mut SystemRng).await.unwrap();
    timeout(Duration::from_secs(60), connect(&a, &mut a_events, &b, &mut b_events)).await.unwrap();

    let sender = Arc::clone(&a);
    let sending = tokio::spawn(async move {
        // From the start until heard: the first packets of a track may come before the other side knows it.
        for number in 0..=255u8 {
            let at = u32::from(number);
            sender.send(Track::Camera, &frame(number, true), at * 3000).await.unwrap();
            sender.send(Track::Screen, &frame(number, true), at * 3000).await.unwrap();
            sender.send(Track::Audio, &Bytes::from(vec![number; 80]), at * 960).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut seen = HashMap::new();
    let all_heard = async {
        while seen.values().filter(|count| **count >= 20).count() < 3 {
            match b_events.recv().await.unwrap() {
                ConnectionEvent::Video { track, frame: got } => {
                    assert_eq!(got.data, frame(got.data[1], true));
                    *seen.entry(track).or_insert(0) += 1;
                }
                ConnectionEvent::Audio(packet) => {
                    assert_eq!(packet.data.len(), 80);
                    *seen.entry(Track::Audio).or_insert(0) += 1;
                }
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(60), all_heard).await.unwrap_or_else(|_| panic!("only {seen:?}"));
    sending.abort();

    let stats = a.stats().await;
    assert_eq!(stats.srtp, "SRTP_AEAD_AES_256_GCM", "{stats:?}");
    assert!(stats.dtls.contains("CHACHA20_POLY1305"), "{stats:?}");
    assert_eq!(stats.local, "host", "{stats:?}");
    // A check may be quicker than the candidate.
    assert!(["host", "prflx"].contains(&stats.remote.as_str()), "{stats:?}");
    let [ours, theirs] = a.fingerprints().await.unwrap();
    assert_eq!(b.fingerprints().await.unwrap(), [theirs, ours]);
    a.close().await;
    b.close().await;
}
