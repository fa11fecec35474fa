//! Many at once.

use std::sync::Arc;

use bezel_crypto::group::Change;
use bezel_protocol::wire::{Messages, code};

use crate::support::{Shop, upload};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_concurrent_commits_for_one_epoch_exactly_one_wins() {
    let shop = Arc::new(Shop::open().await);
    let conversation = shop.ana.begin().await;
    let mut rotations = Vec::new();
    for _ in 0..16 {
        rotations.push(upload(&shop.ana.build(conversation, Change::rotate()).await));
    }
    let commits: Vec<_> = rotations
        .into_iter()
        .map(|rotation| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move { shop.ana.upload(conversation, &rotation).await })
        })
        .collect();
    let mut won = 0;
    for commit in commits {
        let answer = commit.await.unwrap();
        if answer.status == 200 {
            won += 1;
        } else {
            assert_eq!((answer.refusal(), answer.current()), ((409, code::STALE_EPOCH.into()), Some(1)));
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sequence_is_gapless_under_64_concurrent_senders() {
    let shop = Arc::new(Shop::open().await);
    let conversation = shop.ana.begin().await;
    let senders: Vec<_> = (0..64)
        .map(|_| {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move {
                let mut sequences = Vec::new();
                for _ in 0..3 {
                    sequences.push(shop.ana.say(conversation, 0).await.accepted().place.sequence);
                }
                assert!(sequences.is_sorted(), "one sender's messages keep their order");
                sequences
            })
        })
        .collect();
    let mut sequences = Vec::new();
    for sender in senders {
        sequences.extend(sender.await.unwrap());
    }
    sequences.sort_unstable();
    assert_eq!(sequences, (2..=193).collect::<Vec<u64>>(), "behind the beginning");
    assert_eq!(shop.ana.read(conversation, 1, 193).await.body::<Messages>().messages.len(), 192);
}
