//! Media of a call through the relay's own TURN, by the connections that calls are made of.

use std::sync::Arc;
use std::time::Duration;

use bezel_calls::connection::{Certificate, Connection as _, ConnectionEvent, ConnectionOptions, LinkState, WebRtc};
use bezel_crypto::SystemRng;
use bezel_crypto::call::Track;
use bezel_protocol::wire::IceServer;
use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use super::in_call;

/// Reaches others by relayed addresses alone.
async fn hidden(ice_servers: Vec<IceServer>) -> (Arc<WebRtc>, Receiver<ConnectionEvent>) {
    let options = ConnectionOptions { ice_servers, is_relay_only: true, addresses: vec!["127.0.0.1:0".parse().unwrap()] };
    WebRtc::new(&options, &Certificate::generate().unwrap(), &mut SystemRng).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_of_a_call_go_through_the_relay_where_addresses_are_hidden() {
    let (_shop, _ben, _, [of_ana, of_ben]) = in_call().await;
    let (ana, mut at_ana) = hidden(of_ana).await;
    let (ben, mut at_ben) = hidden(of_ben).await;
    let answer = ben.answer(ana.offer().await.unwrap()).await.unwrap();
    ana.accept(answer).await.unwrap();
    let frame = Bytes::from_static(&[0; 3000]);
    let carried = async {
        let (mut is_up, mut number) = (false, 0_u32);
        loop {
            tokio::select! {
                event = at_ana.recv() => match event.unwrap() {
                    ConnectionEvent::Candidate(candidate) => ben.add_candidate(candidate).await.unwrap(),
                    ConnectionEvent::State(state) => is_up = state == LinkState::Connected,
                    _ => {}
                },
                event = at_ben.recv() => match event.unwrap() {
                    ConnectionEvent::Candidate(candidate) => ana.add_candidate(candidate).await.unwrap(),
                    ConnectionEvent::Video { frame: got, .. } => return got.data,
                    _ => {}
                },
                () = tokio::time::sleep(Duration::from_millis(30)), if is_up => {
                    number += 1;
                    ana.send(Track::Camera, &frame, number * 3000).await.unwrap();
                }
            }
        }
    };
    let got = tokio::time::timeout(Duration::from_secs(90), carried).await.expect("a picture comes through");
    assert_eq!(got, frame);
    let stats = ana.stats().await;
    assert_eq!((stats.local.as_str(), stats.remote.as_str()), ("relay", "relay"), "{stats:?}");
    ana.close().await;
    ben.close().await;
}
