//! A member asks for large pages, and takes them slowly or not at all.

use core::fmt;
use std::time::Duration;

use bezel_protocol::wire::path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stage::{Stage, hold};

/// How the member reads.
#[derive(Clone, Copy)]
pub(crate) enum Reading {
    /// 160 KiB a second.
    Slow,
    Nothing,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slow => "read at 160 KiB a second",
            Self::Nothing => "not read at all",
        })
    }
}

pub(crate) async fn ask(stage: &Stage, count: usize, reading: Reading) -> String {
    let address = stage.shop.base().trim_start_matches("http://");
    let (first, last) = stage.places;
    let path = path::of(path::MESSAGES, stage.conversation);
    let token = stage.shop.ana.token.as_ref().unwrap();
    let request = format!("GET {path}?first={first}&last={last} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
    let mut readers = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        readers.push(tokio::spawn(read(stream, reading)));
    }
    let note = hold().await;
    readers.iter().for_each(tokio::task::JoinHandle::abort);
    note
}

async fn read(mut stream: TcpStream, reading: Reading) {
    let mut some = vec![0; 16 * 1024];
    match reading {
        Reading::Nothing => std::future::pending().await,
        Reading::Slow => {
            while stream.read(&mut some).await.is_ok_and(|bytes| bytes > 0) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
