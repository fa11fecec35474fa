//! What the database does when the disk or the file lets it down.

use std::path::PathBuf;

use bezel_crypto::Secret;
use bezel_protocol::ConversationId;

use super::alarms::{self, Accused, Cause};
use super::*;
use crate::change::Change;
use crate::error::{Class, Error};

const KEY: [u8; 32] = [7; 32];

fn secret(bytes: [u8; 32]) -> Secret<32> {
    Secret::from_slice(&bytes).unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("member.db")
    }

    async fn open(&self, key: [u8; 32]) -> Result<Cache> {
        Cache::open(&self.database(), &secret(key), false).await
    }

    /// A database with several pages, closed again.
    async fn filled() -> Self {
        let folder = Self::new();
        let cache = Cache::open(&folder.database(), &secret(KEY), true).await.unwrap();
        fill(&cache, 200).await.unwrap();
        cache.close().await;
        folder
    }

    /// Changes the file.
    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = std::fs::read(self.database()).unwrap();
        change(&mut bytes);
        std::fs::write(self.database(), bytes).unwrap();
    }
}

/// Writes so many rows of a kilobyte in one transaction.
async fn fill(cache: &Cache, rows: i64) -> Result<()> {
    let mut tx = cache.begin().await?;
    for _ in 0..rows {
        sqlx::query("INSERT INTO vault_keys (key, created_at_ms) VALUES (randomblob(1000), 0)").execute(&mut *tx).await?;
    }
    tx.commit().await
}

/// Lets the file have so many pages on every connection there is.
async fn limit_pages(cache: &Cache, pages: u32) {
    let mut connections = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        connections.push(cache.read().await.unwrap());
    }
    for connection in &mut connections {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(sql).execute(&mut **connection).await.unwrap();
    }
}

/// SQLite ends the transaction by itself when the disk is full. The connection counted it as open for as long as it lived, and every
/// later transaction on it was refused, though there was room again.
#[tokio::test]
async fn after_a_full_disk_the_database_writes_again_as_soon_as_there_is_room() {
    let folder = Folder::new();
    let cache = Cache::open(&folder.database(), &secret(KEY), true).await.unwrap();
    limit_pages(&cache, 60).await;
    for attempt in 0..8 {
        let Err(error) = fill(&cache, 1000).await else {
            assert!(attempt > 0, "the disk is full at first");
            cache.close().await;
            return;
        };
        assert!(error.code == "disk_full" || attempt > 0, "a full disk is called so: {error}");
        if error.code != "disk_full" {
            break;
        }
        assert_eq!(error.class, Class::Disk);
        // Connections that were closed come back without a limit: the disk is full no more.
        if fill(&cache, 1).await.is_ok() && fill(&cache, 1000).await.is_ok() {
            cache.close().await;
            return;
        }
    }
    panic!("there is room, and nothing can be written");
}

/// A screen that read between the word and the commit showed the old state and never read again.
#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_told_when_the_transaction_has_ended_and_not_before() {
    let folder = Folder::new();
    let cache = Cache::open(&folder.database(), &secret(KEY), true).await.unwrap();
    let mut listener = cache.changes().subscribe();
    let tx = cache.begin().await.unwrap();
    cache.changes().tell([Change::People, Change::Keys, Change::People]);
    assert!(listener.try_recv().is_err(), "nothing is told while a transaction is open");
    tx.commit().await.unwrap();
    assert_eq!((listener.try_recv(), listener.try_recv()), (Ok(Change::People), Ok(Change::Keys)), "each is told once");
    assert!(listener.try_recv().is_err());

    let tx = cache.begin().await.unwrap();
    cache.changes().tell([Change::Files]);
    drop(tx);
    assert_eq!(listener.try_recv(), Ok(Change::Files), "a transaction that is dropped holds nothing up");
    cache.changes().tell([Change::Call]);
    assert_eq!(listener.try_recv(), Ok(Change::Call), "without a transaction it is told at once");
}

/// An empty file was filled with an empty schema before it was refused.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_left_as_it_is() {
    let folder = Folder::new();
    std::fs::write(folder.database(), b"").unwrap();
    assert_eq!(folder.open(KEY).await.unwrap_err().code, "database_damaged");
    assert_eq!(std::fs::metadata(folder.database()).unwrap().len(), 0);
}

/// A damaged file said "check the free disk space", and one with damage at its beginning "unlock with another way".
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_told_from_a_wrong_key() {
    let at_the_beginning = Folder::filled().await;
    at_the_beginning.change(|bytes| bytes[100] ^= 1);
    assert_eq!(at_the_beginning.open(KEY).await.unwrap_err().code, "database_damaged");

    let cut = Folder::filled().await;
    cut.change(|bytes| bytes.truncate(bytes.len() / 2));
    assert_eq!(read_all(&cut).await.unwrap_err().code, "database_damaged");

    let within = Folder::filled().await;
    within.change(|bytes| {
        let middle = bytes.len() * 3 / 4;
        bytes[middle] ^= 1;
    });
    assert_eq!(read_all(&within).await.unwrap_err().code, "database_damaged");

    let foreign = Folder::filled().await;
    let wrong = foreign.open([8; 32]).await.unwrap_err();
    assert_eq!((wrong.code, wrong.class), ("wrong_key", Class::Unverifiable));
    foreign.open(KEY).await.unwrap();
}

async fn read_all(folder: &Folder) -> Result<()> {
    let cache = folder.open(KEY).await?;
    sqlx::query("SELECT id, key FROM vault_keys").fetch_all(&mut *cache.read().await?).await?;
    Ok(())
}

fn error(code: &'static str) -> Error {
    Error::new(code, "What happened.", "What to do.")
}

async fn raise(cache: &Cache, code: &'static str, cause: Cause, at_ms: i64) {
    let mut tx = cache.begin().await.unwrap();
    alarms::raise(&mut tx, &error(code), cause, at_ms).await.unwrap();
    tx.commit().await.unwrap();
}

async fn listed(cache: &Cache) -> Vec<alarms::Alarm> {
    alarms::all(&mut cache.read().await.unwrap()).await.unwrap()
}

fn place(number: u16) -> ConversationId {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    ConversationId::from_bytes(bytes)
}

/// Only the first alarm of all was ever shown, and nothing put it away.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_was_seen_goes_and_comes_back_when_it_is_raised_again() {
    let folder = Folder::new();
    let cache = Cache::open(&folder.database(), &secret(KEY), true).await.unwrap();
    raise(&cache, "log_truncated", Cause::conversation(place(1)), 10).await;
    raise(&cache, "log_truncated", Cause::conversation(place(2)), 20).await;
    raise(&cache, "log_truncated", Cause::conversation(place(1)), 30).await;
    let all = listed(&cache).await;
    assert_eq!(all.iter().map(|alarm| (alarm.count, alarm.first_at_ms, alarm.last_at_ms)).collect::<Vec<_>>(), [(2, 10, 30), (1, 20, 20)]);

    let seen = all[0].id;
    let mut tx = cache.begin().await.unwrap();
    assert!(alarms::acknowledge(&mut tx, seen, 40).await.unwrap());
    assert!(!alarms::acknowledge(&mut tx, 999, 40).await.unwrap());
    tx.commit().await.unwrap();
    let all = listed(&cache).await;
    assert_eq!((all[1].id, all[1].acknowledged_at_ms), (seen, Some(40)), "those that wait come first");

    raise(&cache, "log_truncated", Cause::conversation(place(1)), 50).await;
    let all = listed(&cache).await;
    assert_eq!((all[0].id, all[0].acknowledged_at_ms, all[0].count), (seen, None, 3));
}

/// A guest with many conversations could have pushed a forged roster out of sight.
#[tokio::test(flavor = "multi_thread")]
async fn many_alarms_of_one_kind_push_out_none_of_another() {
    let folder = Folder::new();
    let cache = Cache::open(&folder.database(), &secret(KEY), true).await.unwrap();
    raise(&cache, "roster_forked", Cause::WORKSPACE, 1).await;
    let accused = Accused { device: bezel_protocol::DeviceId::from_bytes([1; 16]), user: None };
    for number in 0..100 {
        let cause = Cause { conversation: Some(place(number)), accused: Some(accused) };
        raise(&cache, "group_forked", cause, 2 + i64::from(number)).await;
    }
    let all = listed(&cache).await;
    assert_eq!(all.len(), 33, "of one kind the newest 32 are kept");
    assert!(all.iter().any(|alarm| alarm.code == "roster_forked"));
    assert!(all.iter().all(|alarm| alarm.code == "roster_forked" || alarm.cause.accused == Some(accused)));
}

/// Somebody who sends what can't be read yet filled the reader's disk, and each round read all of it into memory.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_to_be_read_has_a_bound_and_the_rest_is_fetched_again() {
    let folder = Folder::new();
    let cache = Cache::open(&folder.database(), &secret(KEY), true).await.unwrap();
    let mut tx = cache.begin().await.unwrap();
    let id = place(1);
    sqlx::query(
        "INSERT INTO conversations (id, suite, title, epoch, authenticator, created_at_ms, rotated_at_ms, first_sequence,
                                    last_sequence, last_hash, judged_sequence, read_sequence, updated_at_ms)
         VALUES ($1, 7, '', 0, zeroblob(32), 0, 0, 0, 0, zeroblob(32), 0, 0, 0)",
    )
    .bind(id.as_bytes().as_slice())
    .execute(&mut *tx)
    .await
    .unwrap();
    for sequence in 1..=50 {
        let waiting = held::Held { conversation: id, sequence, envelope: vec![0; 100_000] };
        held::hold(&mut tx, &waiting, "Its key is missing.", 0).await.unwrap();
    }
    let count = "SELECT count(*), sum(length(envelope)) FROM held_envelopes";
    let (places, bytes): (i64, i64) = sqlx::query_as(count).fetch_one(&mut *tx).await.unwrap();
    assert_eq!((places, bytes), (50, 2_000_000), "every place is known, and two mebibytes are kept at most");
    assert!(held::ready(&mut tx).await.unwrap().is_empty(), "the key has not come");
    held::fetch_again(&mut tx).await.unwrap();
    assert_eq!(gaps::newest_before(&mut tx, id, 1_000).await.unwrap(), None);

    // Bytes that are no envelope count as epoch 0, statement 0.
    for sql in [
        "INSERT INTO roster_statements (sequence, statement) VALUES (0, x'')",
        "INSERT INTO conversation_keys (conversation, epoch, key, authenticator, roles, roster, learned_at_ms, backed_up, began_at)
             SELECT id, 0, x'', x'', x'', 0, 0, 1, 0 FROM conversations",
    ] {
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
    }
    assert_eq!(held::ready(&mut tx).await.unwrap().len(), 20);
    held::fetch_again(&mut tx).await.unwrap();
    assert_eq!(gaps::newest_before(&mut tx, id, 1_000).await.unwrap(), Some(gaps::Gap { first: 21, last: 50 }));
}
