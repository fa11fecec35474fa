//! Strangers connect and say nothing.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};

use crate::stage::{Stage, hold};

/// From so many addresses, as one address alone does not get far.
const ADDRESSES: u8 = 11;
const OF_AN_ADDRESS: usize = 100;

pub(crate) async fn come(stage: &Stage) -> String {
    let relay: SocketAddr = stage.shop.base().trim_start_matches("http://").parse().unwrap();
    let mut strangers: Vec<TcpStream> = Vec::new();
    for address in 0..ADDRESSES {
        for _ in 0..OF_AN_ADDRESS {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind((Ipv4Addr::new(127, 0, 1, 1 + address), 0).into()).unwrap();
            strangers.push(socket.connect(relay).await.unwrap());
        }
    }
    hold().await
}
