//! How SQLite answers the questions of the core and of the relay: by an index, in its order.
//!
//! Every statement is read from the source and explained over the migrations, so a new one is held to the rule by itself.

mod exceptions;
mod source;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use exceptions::{COMPLETED, EXCEPTIONS, SMALL};
use source::{Statement, function, statements};

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).to_owned()
}

async fn database(migrations: &str) -> SqliteConnection {
    let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let folder = root().join("migrations").join(migrations);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let migration = sqlx::AssertSqlSafe(std::fs::read_to_string(file).unwrap());
        sqlx::raw_sql(migration).execute(&mut database).await.unwrap();
    }
    database
}

/// The steps of a plan where one of them reads a table from end to end, or sorts what an index should order.
async fn faults(database: &mut SqliteConnection, statement: &Statement) -> Vec<String> {
    let mut sql = statement.sql.clone();
    let mut rows = plan(database, &sql).await;
    // One that is put together in parts is none by itself.
    if let (Err(_), Some((_, rest))) = (&rows, COMPLETED.iter().find(|(place, _)| statement.place == *place)) {
        sql = format!("{sql} {rest}");
        rows = plan(database, &sql).await;
    }
    let rows = rows.unwrap_or_else(|error| panic!("{} can't be explained: {error}\n{sql}", statement.place));
    let details: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    // Without a condition, and up to a limit, a table is read in its own order and no further.
    let is_end_of_table = !sql.contains("WHERE") && sql.contains("LIMIT");
    let is_fault = |detail: &String| detail.contains("TEMP B-TREE") || (is_whole(detail) && !is_end_of_table);
    if details.iter().any(is_fault) { details } else { Vec::new() }
}

async fn plan(database: &mut SqliteConnection, sql: &str) -> sqlx::Result<Vec<SqliteRow>> {
    sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(database).await
}

fn is_whole(detail: &str) -> bool {
    let Some(of) = detail.strip_prefix("SCAN ") else { return false };
    let words: Vec<&str> = of.split(' ').collect();
    let is_small = SMALL.iter().any(|small| words.contains(small));
    // A list in a parameter, and what the full-text table finds, are no tables that grow.
    !is_small && !of.starts_with("CONSTANT ROW") && !of.contains("VIRTUAL TABLE INDEX")
}

/// Explains every statement of some folders. Returns the exceptions that were needed.
async fn explain(migrations: &str, folders: &[&str]) -> BTreeSet<&'static str> {
    let mut database = database(migrations).await;
    let (mut wrong, mut needed, mut count) = (Vec::new(), BTreeSet::new(), 0);
    for statement in folders.iter().flat_map(|folder| statements(&root().join(folder))) {
        count += 1;
        let faults = faults(&mut database, &statement).await;
        match EXCEPTIONS.iter().find(|(place, _)| *place == statement.place) {
            Some((place, _)) if !faults.is_empty() => {
                needed.insert(*place);
            }
            None if !faults.is_empty() => wrong.push(format!("{}: {}\n{}", statement.place, faults.join(", "), statement.sql)),
            _ => {}
        }
    }
    assert!(count > 100, "the statements are read: {count}");
    assert!(wrong.is_empty(), "these read or sort whole tables:\n{}", wrong.join("\n"));
    needed
}

#[tokio::test]
async fn no_question_reads_or_sorts_a_whole_table_that_grows() {
    let mut needed = explain("client", &["crates/core/src/cache", "crates/core/src/search"]).await;
    needed.extend(explain("relay-sqlite", &["crates/relay/src/store"]).await);
    let superfluous: Vec<_> = EXCEPTIONS.iter().filter(|(place, _)| !needed.contains(place)).collect();
    assert!(superfluous.is_empty(), "these need no exception any more: {superfluous:?}");
    assert!(EXCEPTIONS.iter().all(|(_, why)| !why.is_empty()));
}

/// A rule that finds no fault in anything holds nothing.
#[tokio::test]
async fn a_question_without_an_index_is_found() {
    let mut database = database("client").await;
    for (sql, expected) in [
        ("SELECT text FROM messages WHERE user = $1", "SCAN messages"),
        ("SELECT text FROM messages WHERE conversation = $1 ORDER BY sent_at_ms LIMIT 9", "USE TEMP B-TREE FOR ORDER BY"),
    ] {
        let statement = Statement { place: "nowhere".into(), sql: sql.into() };
        assert!(faults(&mut database, &statement).await.iter().any(|step| step == expected), "{sql}");
    }
}

/// What a page of a thread asks for, by the function that asks.
const OF_A_PAGE: [&str; 9] = [
    "conversations.rs get",
    "conversations.rs members",
    "messages.rs page",
    "messages.rs stretch",
    "files.rs of_messages",
    "files.rs receipts_of",
    "calls.rs of_messages",
    "confirmations.rs all",
    "confirmations.rs newest_elsewhere",
];

/// 500 messages with files and calls cost as many questions as one: none is asked in a loop.
#[test]
fn a_page_of_a_thread_takes_a_fixed_number_of_questions() {
    let core = root().join("crates/core/src");
    for place in OF_A_PAGE {
        let (file, name) = place.split_once(' ').unwrap();
        let body = function(&std::fs::read_to_string(core.join("cache").join(file)).unwrap(), name);
        assert_eq!(body.matches(".await").count(), 1, "{place} asks once");
        let before = body.split("fetch_").next().unwrap();
        assert!(body.contains("fetch_") && !has_open_loop(before), "{place} asks outside of a loop");
    }
    for (file, names) in [("list.rs", &["list", "brought", "written_before"][..]), ("unconfirmed.rs", &["unconfirmed", "active_elsewhere"])]
    {
        let text = std::fs::read_to_string(core.join("message").join(file)).unwrap();
        for name in names {
            let body = function(&text, name);
            assert!(!["for ", "while ", "loop "].iter().any(|word| has_line(&body, word)), "{name} of {file} has a loop");
            let asked = body.match_indices("cache::").filter(|(at, _)| body[*at..].split(';').next().unwrap().contains(".await"));
            for (at, _) in asked {
                let called: Vec<&str> = body[at..].split(['(', ' ']).next().unwrap().split("::").collect();
                let place = format!("{}.rs {}", called[1], called[2]);
                assert!(OF_A_PAGE.contains(&place.as_str()), "{name} of {file} asks by {place}, which is not looked at");
            }
        }
    }
}

fn has_line(text: &str, beginning: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with(beginning))
}

/// Whether a text ends inside of a loop.
fn has_open_loop(text: &str) -> bool {
    let mut open = Vec::new();
    for line in text.lines() {
        let is_loop = ["for ", "while ", "loop "].iter().any(|word| line.trim_start().starts_with(word));
        for letter in line.chars() {
            match letter {
                '{' => open.push(is_loop),
                '}' => {
                    open.pop();
                }
                _ => {}
            }
        }
    }
    open.contains(&true)
}
