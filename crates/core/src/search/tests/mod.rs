//! What is found, in every script, and how it is shown.

mod fold;
mod index;
mod pairs;
mod refill;
mod snippets;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{SqliteConnection, SqlitePool};

/// An empty cache in memory, without a key.
async fn cache() -> SqlitePool {
    let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::migrate!("../../migrations/client").run(&pool).await.unwrap();
    let db = &mut *pool.acquire().await.unwrap();
    sqlx::query(
        "INSERT INTO conversations (id, suite, title, epoch, authenticator, created_at_ms, rotated_at_ms, first_sequence,
                                    last_sequence, last_hash, judged_sequence, read_sequence, updated_at_ms)
         VALUES (x'00', 1, 'Rings', 0, x'', 0, 0, 0, 0, x'', 0, 0, 0)",
    )
    .execute(db)
    .await
    .unwrap();
    pool
}

/// Writes a message as it is written in the cache, and answers its number.
async fn write(db: &mut SqliteConnection, sent_at_ms: i64, text: &str) -> i64 {
    let number = super::number(db, sent_at_ms).await.unwrap();
    sqlx::query(
        "INSERT INTO messages (number, id, conversation, device, user, position, epoch, sent_at_ms, seen, kind, text, state)
         VALUES ($1, CAST($1 AS BLOB), x'00', x'', x'', $1, 0, $2, 0, 'text', $3, 'received')",
    )
    .bind(number)
    .bind(sent_at_ms)
    .bind(text)
    .execute(&mut *db)
    .await
    .unwrap();
    super::index(db, number, text).await.unwrap();
    number
}

async fn find(db: &mut SqliteConnection, query: &str) -> Vec<i64> {
    super::find(db, &super::Query::parse(query).unwrap(), 50).await.unwrap()
}
