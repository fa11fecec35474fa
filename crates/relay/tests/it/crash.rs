//! The process is killed while it works.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bezel_protocol::wire::{Heads, MessageAccepted, Messages, path};

use crate::support::Shop;

/// Starts the program, and reads where it listens.
fn serve(data: &std::path::Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bezel-relay"))
        .args(["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim().strip_prefix("listening on ").expect("it says where it listens").to_owned();
    (child, base)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_acknowledged_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    let (mut child, base) = serve(&data);
    let shop = Arc::new(Shop::found(base, None, folder).await);
    let conversation = shop.ana.begin().await;
    let acked = Arc::new(std::sync::Mutex::new(Vec::<MessageAccepted>::new()));
    let senders: Vec<_> = (0..16)
        .map(|_| {
            let (shop, acked) = (Arc::clone(&shop), Arc::clone(&acked));
            tokio::spawn(async move {
                loop {
                    let accepted = shop.ana.say(conversation, 0).await.accepted();
                    acked.lock().unwrap().push(accepted);
                }
            })
        })
        .collect();
    while acked.lock().unwrap().len() < 150 {
        tokio::task::yield_now().await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    for sender in senders {
        assert!(sender.await.is_err(), "the relay is gone");
    }

    let (mut child, base) = serve(&data);
    let mut shop = Arc::into_inner(shop).unwrap();
    shop.ana.base = base;
    let heads: Heads = shop.ana.get(path::HEADS).await.body();
    let last = heads.conversations[0].place.sequence;
    let mut stored = Vec::new();
    // The first entry is the beginning.
    while stored.len() < usize::try_from(last).unwrap() - 1 {
        let page: Messages = shop.ana.read(conversation, 2, last - stored.len() as u64).await.body();
        assert!(!page.messages.is_empty(), "a gap at {}", last - stored.len() as u64);
        stored.extend(page.messages);
    }
    stored.reverse();
    for (expected, message) in (2..).zip(&stored) {
        assert_eq!(message.sequence, expected, "gapless");
    }
    for accepted in acked.lock().unwrap().iter() {
        let message = &stored[usize::try_from(accepted.place.sequence).unwrap() - 2];
        assert_eq!(bezel_protocol::Hash::of(&message.envelope.0), accepted.sha256, "what was acknowledged is there");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
