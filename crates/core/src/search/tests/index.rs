//! Numbers, rows and the way in which SQLite reads them.

use sqlx::{Row as _, SqliteConnection};

use super::super::index::{MATCHES, WORDS_WITH};
use super::super::refill::OLDER;
use super::super::{Query, forget, index, number};
use super::{cache, find, write};

const SECOND_MS: i64 = 1000;
const IN_2026_MS: i64 = 1_795_000_000_000;

async fn plan(db: &mut SqliteConnection, sql: &str) -> String {
    let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = sqlx::query(explained).fetch_all(db).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
}

/// Sorting by time read every hit: a quarter of a second at 100,000 messages.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_reads_the_table_in_its_own_order_and_sorts_nothing() {
    let cache = cache().await;
    let mut db = cache.acquire().await.unwrap();
    let matches = plan(&mut db, MATCHES).await;
    assert!(matches.contains("VIRTUAL TABLE INDEX") && !matches.contains("TEMP B-TREE"), "{matches}");
    let words = plan(&mut db, WORDS_WITH).await;
    assert_eq!(words, "SCAN search_words");
    let older = plan(&mut db, OLDER).await;
    assert!(older.contains("SEARCH messages USING INTEGER PRIMARY KEY (rowid<?)") && !older.contains("TEMP B-TREE"), "{older}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_message_is_found_first_whenever_it_arrived() {
    let cache = cache().await;
    let mut db = cache.begin().await.unwrap();
    let middle = write(&mut db, IN_2026_MS, "ring two").await;
    let newest = write(&mut db, IN_2026_MS + SECOND_MS, "ring three").await;
    let oldest = write(&mut db, IN_2026_MS - SECOND_MS, "ring one").await;
    assert_eq!(find(&mut db, "ring").await, [newest, middle, oldest]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_the_word_inside_another_comes_after_the_rest() {
    let cache = cache().await;
    let mut db = cache.begin().await.unwrap();
    let whole = write(&mut db, IN_2026_MS, "ring").await;
    let inside = write(&mut db, IN_2026_MS + SECOND_MS, "dringend").await;
    assert_eq!(find(&mut db, "ring").await, [whole, inside]);
    let query = Query::parse("ring").unwrap();
    assert_eq!(super::super::find(&mut db, &query, 1).await.unwrap(), [whole], "no more than were asked for");
}

/// Somebody dates a thousand messages to one second, or to no second at all.
#[tokio::test(flavor = "multi_thread")]
async fn numbers_stay_free_and_quick_however_many_messages_share_a_second() {
    let cache = cache().await;
    let mut db = cache.begin().await.unwrap();
    let mut numbers = Vec::new();
    for sent_at_ms in [IN_2026_MS; 1000].into_iter().chain([i64::MIN, i64::MIN, i64::MAX, i64::MAX, -1, 0]) {
        numbers.push(write(&mut db, sent_at_ms, "ring").await);
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 1006, "each is given once");
    let next = number(&mut db, IN_2026_MS + 3600 * SECOND_MS).await.unwrap();
    assert!(numbers.iter().filter(|given| **given < next).count() >= 1000, "an hour later is later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_found_by_its_last_words_alone_and_never_once_it_is_gone() {
    let cache = cache().await;
    let mut db = cache.begin().await.unwrap();
    let number = write(&mut db, 0, "sapphire").await;
    index(&mut db, number, "ruby").await.unwrap();
    assert_eq!(find(&mut db, "sapphire").await, [0; 0]);
    assert_eq!(find(&mut db, "ruby").await, [number]);
    index(&mut db, number, "…").await.unwrap();
    assert_eq!(find(&mut db, "ruby").await, [0; 0]);
    index(&mut db, number, "opal").await.unwrap();
    forget(&mut db, number).await.unwrap();
    forget(&mut db, number).await.unwrap();
    assert_eq!(find(&mut db, "opal").await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_goes_takes_its_messages_out_of_the_search() {
    let cache = cache().await;
    let mut db = cache.acquire().await.unwrap();
    write(&mut db, 0, "sapphire").await;
    sqlx::query("DELETE FROM conversations").execute(&mut *db).await.unwrap();
    assert_eq!(find(&mut db, "sapphire").await, [0; 0]);
    let rows =
        sqlx::query("SELECT count(*) FROM messages_search WHERE messages_search MATCH 'sapphire'").fetch_one(&mut *db).await.unwrap();
    assert_eq!(rows.get::<i64, _>(0), 0);
}
