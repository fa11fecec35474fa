//! The table of tokens: one row for each message with words, its number rising with time.

use sqlx::{Row as _, SqliteConnection};

use super::fold::{Folded, fold};
use super::query::Query;
use super::tokens::{Kind, stretches, tokens};
use crate::error::Result;

/// 2020-01-01, in seconds since 1970. Smaller numbers are shorter in the table.
const BEGINNING_SECONDS: i64 = 1_577_836_800;

/// So many numbers belong to each second.
const SLOTS: i64 = 64;

/// A sender's clock may say anything; later than this is this, so that numbers have room above it.
const LAST_SECOND: i64 = 1 << 40;

/// Words of fewer letters hold no other word that is looked for inside.
const MIN_WORD_CHARS: usize = 5;

/// The most words that are looked for because they hold the one that was typed.
const MAX_WORDS: u32 = 200;

/// A free number for a message sent at this time (milliseconds since 1970), in the order of time to the second. It is given once: a
/// message keeps it, in the table of messages too.
///
/// # Errors
/// When the local database fails.
pub async fn number(db: &mut SqliteConnection, sent_at_ms: i64) -> Result<i64> {
    let seconds = sent_at_ms.div_euclid(1000).saturating_sub(BEGINNING_SECONDS).clamp(0, LAST_SECOND);
    let first = seconds * SLOTS;
    if !is_taken(db, first).await? {
        return Ok(first);
    }
    // Someone may date a million messages to one second: strides that double, then halves, find a free number in few steps.
    let (mut taken, mut free) = (first, first + 1);
    while is_taken(db, free).await? {
        (taken, free) = (free, free + (free - first));
    }
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        if is_taken(db, middle).await? { taken = middle } else { free = middle }
    }
    Ok(free)
}

async fn is_taken(db: &mut SqliteConnection, number: i64) -> Result<bool> {
    Ok(sqlx::query("SELECT 1 FROM log WHERE number = $1 UNION ALL SELECT 1 FROM messages WHERE number = $1")
        .bind(number)
        .fetch_optional(db)
        .await?
        .is_some())
}

/// Makes the words of a message findable, instead of those that it had before.
///
/// # Errors
/// When the local database fails.
pub async fn index(db: &mut SqliteConnection, number: i64, words: &str) -> Result<()> {
    let folded = fold(words);
    let mut row = String::with_capacity(words.len() * 2);
    for token in tokens(&folded) {
        if !row.is_empty() {
            row.push(' ');
        }
        row.extend(folded.characters(token));
    }
    if row.is_empty() {
        return forget(db, number).await;
    }
    sqlx::query("INSERT OR REPLACE INTO messages_search (rowid, words) VALUES ($1, $2)").bind(number).bind(row).execute(&mut *db).await?;
    let long = long_words(&folded);
    if !long.is_empty() {
        let long = serde_json::json!(long).to_string();
        sqlx::query("INSERT OR IGNORE INTO search_words (word) SELECT value FROM json_each($1)").bind(long).execute(db).await?;
    }
    Ok(())
}

fn long_words(folded: &Folded) -> Vec<String> {
    let mut words: Vec<String> = stretches(folded, 0..folded.0.len())
        .iter()
        .filter(|stretch| stretch.kind == Kind::Letters)
        .flat_map(|stretch| super::tokens::stretch_tokens(folded, stretch))
        .filter(|token| token.len() >= MIN_WORD_CHARS)
        .map(|token| folded.characters(token).collect())
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Lets a message no longer be found.
///
/// # Errors
/// When the local database fails.
pub async fn forget(db: &mut SqliteConnection, number: i64) -> Result<()> {
    sqlx::query("DELETE FROM messages_search WHERE rowid = $1").bind(number).execute(db).await?;
    Ok(())
}

/// The numbers of up to `limit` messages that hold what is looked for, the newest first. Where there are fewer, messages follow that
/// hold it inside a word.
///
/// # Errors
/// When the local database fails.
pub async fn find(db: &mut SqliteConnection, query: &Query, limit: u32) -> Result<Vec<i64>> {
    let limit_rows = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = matches(db, &query.expression(), limit).await?;
    if let Some(word) = query.inside().filter(|_| found.len() < limit_rows) {
        let longer = words_with(db, word).await?;
        if !longer.is_empty() {
            let more = matches(db, &longer.join(" OR "), limit).await?;
            let more: Vec<i64> = more.into_iter().filter(|number| !found.contains(number)).collect();
            found.extend(more);
            found.truncate(limit_rows);
        }
    }
    Ok(found)
}

pub(super) const MATCHES: &str = "SELECT rowid FROM messages_search WHERE messages_search MATCH $1 ORDER BY rowid DESC LIMIT $2";

pub(super) const WORDS_WITH: &str = "SELECT word FROM search_words WHERE instr(word, $1) > 1 LIMIT $2";

async fn matches(db: &mut SqliteConnection, expression: &str, limit: u32) -> Result<Vec<i64>> {
    let rows = sqlx::query(MATCHES).bind(expression).bind(limit).fetch_all(db).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<core::result::Result<_, _>>()?)
}

/// Known words that hold `word`, but don't begin with it, quoted.
async fn words_with(db: &mut SqliteConnection, word: &str) -> Result<Vec<String>> {
    let rows = sqlx::query(WORDS_WITH).bind(word).bind(MAX_WORDS).fetch_all(db).await?;
    Ok(rows.iter().map(|row| row.try_get::<&str, _>(0).map(|word| format!("\"{word}\""))).collect::<core::result::Result<_, _>>()?)
}
