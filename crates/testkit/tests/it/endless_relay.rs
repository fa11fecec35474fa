//! A relay that answers without end: members stop reading early, and their memory stays small.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use bezel_core::{Member, sync};
use bezel_testkit::Shop;
use peak_alloc::PeakAlloc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

// It counts for this test alone: each is a process of its own.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What it would send if it were let.
const ANSWER_BYTES: u64 = 1_288_490_188;
/// The longest list, what waits in sockets, and room for the rest of a member.
const BOUND_BYTES: u64 = 96 << 20;
const BOUND_MB: f32 = 200.0;

/// Answers every request in the same way and counts what was taken of it.
async fn answer(listener: TcpListener, head: &'static str, taken: Arc<AtomicU64>) {
    while let Ok((member, _)) = listener.accept().await {
        tokio::spawn(endless(member, head, Arc::clone(&taken)));
    }
}

async fn endless(mut member: TcpStream, head: &str, taken: Arc<AtomicU64>) -> Option<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(member.read_u8().await.ok()?);
    }
    member.write_all(head.as_bytes()).await.ok()?;
    let mut chunk = b"10000\r\n".to_vec();
    chunk.extend_from_slice(&[0x41; 0x10000]);
    chunk.extend_from_slice(b"\r\n");
    let mut left = ANSWER_BYTES;
    while left > 0 {
        member.write_all(&chunk).await.ok()?;
        taken.fetch_add(0x10000, Ordering::SeqCst);
        left = left.saturating_sub(0x10000);
    }
    member.write_all(b"0\r\n\r\n").await.ok()
}

/// What a member makes of such an answer to its question for the heads.
async fn asked(ana: &Member, addr: SocketAddr, head: &'static str) -> Result<(&'static str, u64, f32)> {
    let taken = Arc::new(AtomicU64::new(0));
    let server = tokio::spawn(answer(TcpListener::bind(addr).await?, head, Arc::clone(&taken)));
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage_as_mb();
    let code = sync::once(ana).await.err().map_or("none", |error| error.code);
    let peak = MEMORY.peak_usage_as_mb() - before;
    server.abort();
    let _ = server.await;
    Ok((code, taken.load(Ordering::SeqCst), peak))
}

/// An answer of 1.2 GiB was read whole into memory.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_refused_early_and_costs_little_memory() -> Result<()> {
    let mut shop = Shop::open().await?;
    // Logged in, so that the question is for a list, which may be long.
    let ana = shop.owner("ana").await?;
    sync::once(&ana).await?;
    let addr = shop.relay();
    shop.close_relay().await;
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Type: application/cbor\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1288490188\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    ] {
        let (code, taken, peak) = asked(&ana, addr, head).await?;
        assert_eq!(code, "relay_nonsense", "{head}");
        assert!(taken < BOUND_BYTES, "{taken} bytes were taken: {head}");
        assert!(peak < BOUND_MB, "{peak} MB at most: {head}");
    }
    Ok(())
}
