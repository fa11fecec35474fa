//! How SQLite finds files by name.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _};

use super::{Filter, select};
use crate::search::Needle;

/// Each row was read with its thumbnail: a second for 20,000 files.
#[tokio::test]
async fn files_are_searched_by_name_without_reading_their_thumbnails() {
    let mut db = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
    sqlx::migrate!("../../migrations/client").run(&mut db).await.unwrap();
    let filter = Filter { name: Needle::new("ring"), ..Filter::default() };
    let mut explained = sqlx::QueryBuilder::new("EXPLAIN QUERY PLAN ");
    explained.push(select(&filter, 0, 50).sql().as_str());
    let rows = explained.build().fetch_all(&mut db).await.unwrap();
    let plan = rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n");
    assert!(plan.contains("SCAN f USING INDEX files_by_time"), "names are read in the index, in the order of time: {plan}");
    assert!(plan.contains("SEARCH f USING INTEGER PRIMARY KEY (rowid=?)"), "only what is shown is read whole: {plan}");
}
