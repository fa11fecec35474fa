//! The index of an older program is filled again.

use sqlx::{Row as _, SqlitePool};

use super::super::{prepare, refill};
use super::{cache, find, write};

/// Makes the index one that older rules wrote.
async fn age(cache: &SqlitePool) {
    let db = &mut *cache.acquire().await.unwrap();
    sqlx::query("INSERT INTO messages_search (messages_search) VALUES ('delete-all')").execute(&mut *db).await.unwrap();
    sqlx::query("INSERT INTO messages_search (rowid, words) VALUES (1, 'old')").execute(&mut *db).await.unwrap();
    sqlx::query("UPDATE search_state SET fold = 0").execute(db).await.unwrap();
}

async fn down_to(cache: &SqlitePool) -> Option<i64> {
    sqlx::query("SELECT down_to FROM search_state").fetch_one(cache).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_by_older_rules_is_filled_again() {
    let cache = cache().await;
    assert!(!prepare(&mut cache.acquire().await.unwrap()).await.unwrap(), "a new one is whole");
    let mut numbers = Vec::new();
    for at in 0..2500 {
        numbers.push(write(&mut cache.acquire().await.unwrap(), at * 1000, &format!("ring {at}")).await);
    }
    age(&cache).await;
    assert!(prepare(&mut cache.acquire().await.unwrap()).await.unwrap());
    refill(&cache).await.unwrap();
    let mut db = cache.acquire().await.unwrap();
    for at in [0, 1, 999, 1000, 1500, 2499] {
        assert_eq!(find(&mut db, &format!("{at} ring")).await.first(), Some(&numbers[at]), "message {at}");
    }
    assert_eq!(find(&mut db, "old").await, [0; 0], "nothing of the old rules is left");
    assert!(!prepare(&mut db).await.unwrap(), "and it is whole");
}

/// A program that ends in the middle began again from the newest message each time.
#[tokio::test(flavor = "multi_thread")]
async fn a_filling_that_was_interrupted_goes_on_where_it_stopped() {
    let cache = cache().await;
    prepare(&mut cache.acquire().await.unwrap()).await.unwrap();
    let mut numbers = Vec::new();
    for at in 0..20 {
        numbers.push(write(&mut cache.acquire().await.unwrap(), at * 1000, "ring").await);
    }
    age(&cache).await;
    let stop = numbers[10];
    sqlx::query("UPDATE search_state SET fold = 1, down_to = $1").bind(stop).execute(&cache).await.unwrap();
    sqlx::query("INSERT INTO messages_search (messages_search) VALUES ('delete-all')").execute(&cache).await.unwrap();
    assert!(prepare(&mut cache.acquire().await.unwrap()).await.unwrap());
    refill(&cache).await.unwrap();
    let found = find(&mut cache.acquire().await.unwrap(), "ring").await;
    assert_eq!(found, numbers[..10].iter().rev().copied().collect::<Vec<_>>(), "what is above was filled before");
    assert_eq!(down_to(&cache).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_files_follow_the_rules_of_today() {
    let cache = cache().await;
    prepare(&mut cache.acquire().await.unwrap()).await.unwrap();
    sqlx::query(
        "INSERT INTO files (file, conversation, message, user, device, sent_at_ms, name, name_folded, media_type, size_bytes,
                            ciphertext_bytes, ciphertext_sha256, view_only)
         VALUES (x'01', x'00', x'02', x'', x'', 0, 'Émeraude.PDF', 'old', 'application/pdf', 0, 0, x'', 0)",
    )
    .execute(&cache)
    .await
    .unwrap();
    age(&cache).await;
    refill(&cache).await.unwrap();
    let name: String = sqlx::query("SELECT name_folded FROM files").fetch_one(&cache).await.unwrap().get(0);
    assert_eq!(name, "emeraude.pdf");
}
