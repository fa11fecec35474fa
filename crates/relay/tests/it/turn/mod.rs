//! STUN and TURN inside the relay, over real sockets, and who must not get through by them.

mod client;
mod media;

use std::net::SocketAddr;
use std::time::Duration;

use bezel_protocol::wire::{CallJoined, IceServer, NewCall, path};
use bezel_protocol::{CallId, Role};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use tokio::net::UdpSocket;
use tokio::process::Command;
use tokio::time::Instant;

use crate::support::{Person, Shop, random};
use client::TurnClient;

/// Ana and Ben in a call.
async fn in_call() -> (Shop, Person, CallId, [Vec<IceServer>; 2]) {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::Member)]).await;
    let call = CallId::from_bytes(random());
    let of_ana: CallJoined = shop.ana.post(path::CALLS, &NewCall { call, conversation }).await.body();
    let of_ben: CallJoined = ben.send_bytes(Method::PUT, &path::of_call(path::CALL, call), Vec::new()).await.body();
    (shop, ben, call, [of_ana.ice_servers, of_ben.ice_servers])
}

async fn leave(person: &Person, call: CallId) {
    assert_eq!(person.send_bytes(Method::DELETE, &path::of_call(path::CALL, call), Vec::new()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_devices_reach_each_other_by_relayed_addresses_alone() {
    let (_shop, _ben, _, [of_ana, of_ben]) = in_call().await;
    let (mut ana, mut ben) = (TurnClient::new(&of_ana).await, TurnClient::new(&of_ben).await);
    let (at_ana, at_ben) = (ana.allocate().await.unwrap(), ben.allocate().await.unwrap());
    ana.permit(at_ben).await.unwrap();
    ben.permit(at_ana).await.unwrap();
    ana.send(at_ben, b"to ben").await;
    assert_eq!(ben.receive().await, (at_ana, b"to ben".to_vec()));
    ben.send(at_ana, b"to ana").await;
    assert_eq!(ana.receive().await, (at_ben, b"to ana".to_vec()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_end_when_the_device_leaves_and_with_the_call() {
    let (shop, ben, call, [of_ana, of_ben]) = in_call().await;
    let (mut at_ana, mut at_ben) = (TurnClient::new(&of_ana).await, TurnClient::new(&of_ben).await);
    at_ana.allocate().await.unwrap();
    at_ben.allocate().await.unwrap();
    leave(&ben, call).await;
    assert_eq!(at_ben.refresh().await, Err(401));
    assert_eq!(TurnClient::new(&of_ben).await.allocate().await, Err(401));
    at_ana.refresh().await.unwrap();
    leave(&shop.ana, call).await;
    assert_eq!(at_ana.refresh().await, Err(401), "the call is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_of_another_call_or_made_up_ones_serve_nobody() {
    let (_shop, _ben, call, [of_ana, of_ben]) = in_call().await;
    let mut borrowed = TurnClient::new(&of_ana).await;
    borrowed.password = TurnClient::new(&of_ben).await.password;
    assert_eq!(borrowed.allocate().await, Err(401), "another's password");
    let mut elsewhere = TurnClient::new(&of_ana).await;
    elsewhere.username = elsewhere.username.replace(&call.to_string(), &CallId::from_bytes(random()).to_string());
    assert_eq!(elsewhere.allocate().await, Err(401), "another call");
    let mut longer = TurnClient::new(&of_ana).await;
    let (expiry, rest) = longer.username.split_once(':').unwrap();
    longer.username = format!("{}:{rest}", expiry.parse::<u64>().unwrap() + 3600);
    assert_eq!(longer.allocate().await, Err(401), "a longer life");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_relayed_to_services_of_the_relays_own_machine() {
    let (_shop, _ben, _, [of_ana, _]) = in_call().await;
    let mut ana = TurnClient::new(&of_ana).await;
    ana.allocate().await.unwrap();
    for forbidden in ["127.0.0.2:5000", "0.0.0.0:5000", "169.254.169.254:8080"] {
        assert_eq!(ana.permit(forbidden.parse().unwrap()).await, Err(403), "{forbidden}");
    }
    // At the address of allocations itself, only allocations are reached.
    let service = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr: SocketAddr = service.local_addr().unwrap();
    ana.permit(addr).await.unwrap();
    ana.send(addr, b"from outside").await;
    ana.send(ana.server(), b"to itself").await;
    // Datagrams are taken in order: once this is answered, the others were dealt with.
    ana.refresh().await.unwrap();
    UdpSocket::bind("127.0.0.1:0").await.unwrap().send_to(b"from this machine", addr).await.unwrap();
    let mut buffer = [0; 64];
    let length = service.recv(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..length], b"from this machine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_datagrams_leave_the_server_answering() {
    let (_shop, _ben, _, [of_ana, _]) = in_call().await;
    let mut ana = TurnClient::new(&of_ana).await;
    ana.allocate().await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut runner = TestRunner::deterministic();
    let noise = proptest::collection::vec(any::<u8>(), 0..1500);
    for round in 0..20 {
        for _ in 0..25 {
            let mut datagram = noise.new_tree(&mut runner).unwrap().current();
            if round % 2 == 0 && datagram.len() >= 20 {
                datagram[0] &= 0x3f;
                datagram[4..8].copy_from_slice(&0x2112_a442_u32.to_be_bytes());
            }
            let _ = socket.send_to(&datagram, ana.server()).await;
        }
        ana.refresh().await.unwrap();
    }
}

/// A client that is not ours: coturn's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_of_coturn_loses_nothing_between_two_allocations() {
    let (_shop, _ben, _, [of_ana, _]) = in_call().await;
    let client = TurnClient::new(&of_ana).await;
    let output = Command::new("turnutils_uclient")
        .args(["-y", "-c", "-n", "40", "-m", "2", "-l", "200", "-u", &client.username, "-w", &client.password])
        .args(["-p", &client.server().port().to_string(), "127.0.0.1"])
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), output).await.expect("it ends");
    let output = output.expect("turnutils_uclient, of the package coturn, is installed");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Total lost packets 0 "), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_ended_leaves_its_ports_free() {
    let (mut shop, _ben, _, [of_ana, _]) = in_call().await;
    let mut ana = TurnClient::new(&of_ana).await;
    let relayed = ana.allocate().await.unwrap();
    shop.close().await;
    for port in [ana.server(), relayed] {
        let limit = Instant::now() + Duration::from_secs(60);
        while let Err(error) = UdpSocket::bind(port).await {
            assert!(Instant::now() < limit, "{port}: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
