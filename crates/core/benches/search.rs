//! How long a person waits for hits while typing, over 100,000 messages in a dozen scripts: the index as it is and, as its peer, the
//! words that SQLite finds by itself (`unicode61`), sorted by time.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can not run should stop")]
#![expect(clippy::print_stderr, reason = "percentiles are printed beside what criterion says")]

use std::path::Path;
use std::time::{Duration, Instant};

use bezel_core::search::{self, Query};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use tokio::runtime::Runtime;

/// As a benchmark; as a test, which only shows that it runs, a fiftieth.
const MESSAGES: usize = 100_000;
const PAGE: usize = 100;
const QUERIES: usize = 300;
const NEWEST: u32 = 50;
const IN_2026_MS: i64 = 1_795_000_000_000;
const MINUTE_MS: i64 = 60_000;

/// Syllables of which words are made, by script; a script without spaces has none between its words.
const SCRIPTS: [(&str, &str); 11] = [
    ("ring gold sil ver dia mond sapph ire bra ce let tail or stone work shop or der pri ce e a in ed", " "),
    ("é me rau de brû lée tail lée bague o rè vre ri vi ère mon ture ser tie à la ga ran", " "),
    ("Ring Ver lo bungs schmuck grö ße Straß e dring end Gold schmied ste in fas sung über", " "),
    ("a nel lo gioi el lo bril lan te o ro bian co per la col la na città", " "),
    ("ही रे की अं गू ठी तै या र प न्ना हा र सो ना चां दी मो ती क़ी मत", " "),
    ("ال خا تم جا هز ذه بي سو ار أح مر لؤ لؤ فض ة حج ر كر يم وا", " "),
    ("钻 石 戒 指 已 完 成 金 银 项 链 手 镯 翡 翠 红 宝 订 单 价 格 客 户", ""),
    ("ダイヤ モンド の 指 輪 が 届き ました 真 珠 ネックレス 修 理 金 銀 を", ""),
    ("แหวน เพชร พร้อม แล้ว ทอง คำ สร้อย ราคา ลูก ค้า กำ ไล มุก", ""),
    ("다이 아몬드 반 지 금 은 목 걸이 수 리 주 문 가 격 고 객 진 주", " "),
    ("AB-20 41/ 92 5 18 ct 750 #7 💍 👍🏽 ✨ 💎 ½ 10:30 ", " "),
];

/// A small generator of random numbers: the same messages in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or_default() % end
    }

    fn word(&mut self, syllables: &[&str]) -> String {
        let count = 1 + self.below(4);
        (0..count).map(|_| syllables[self.below(syllables.len())]).collect()
    }
}

/// Words by script. Some are written far more often than others.
fn vocabularies(dice: &mut Dice) -> Vec<(Vec<String>, &'static str)> {
    SCRIPTS
        .iter()
        .map(|(syllables, space)| {
            let syllables: Vec<&str> = syllables.split(' ').filter(|syllable| !syllable.is_empty()).collect();
            ((0..4000).map(|_| dice.word(&syllables)).collect(), *space)
        })
        .collect()
}

fn message(dice: &mut Dice, words: &[(Vec<String>, &str)]) -> String {
    let (words, space) = &words[dice.below(words.len())];
    let count = 3 + dice.below(14);
    let text: Vec<&str> = (0..count)
        .map(|_| {
            let common = dice.below(words.len()) + 1;
            words[dice.below(common)].as_str()
        })
        .collect();
    text.join(space)
}

/// Beginnings of 1 to 12 characters of what was written.
fn beginnings(dice: &mut Dice, texts: &[String]) -> Vec<String> {
    (0..QUERIES)
        .map(|_| {
            let text = &texts[dice.below(texts.len())];
            let from = dice.below(text.split(' ').count());
            let length = 1 + dice.below(12);
            text.split(' ').skip(from).collect::<Vec<_>>().join(" ").chars().take(length).collect()
        })
        .collect()
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .pragma("key", format!("\"x'{}'\"", "17".repeat(32)))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
        .connect()
        .await
        .expect("a database")
}

fn sent_at_ms(at: usize) -> i64 {
    IN_2026_MS + i64::try_from(at).unwrap_or_default() * MINUTE_MS
}

const INSERT: &str = "INSERT INTO messages (number, id, conversation, device, user, position, epoch, sent_at_ms, seen, kind, text, state)
     VALUES ($1, CAST($1 AS BLOB), x'00', x'', x'', $1, 0, $2, 0, 'text', $3, 'received')";

async fn filled(path: &Path, texts: &[String]) -> SqliteConnection {
    let mut db = open(path).await;
    sqlx::migrate!("../../migrations/client").run(&mut db).await.expect("tables");
    sqlx::raw_sql(
        "INSERT INTO conversations (id, suite, title, epoch, authenticator, created_at_ms, rotated_at_ms, first_sequence,
                                    last_sequence, last_hash, judged_sequence, read_sequence, updated_at_ms)
         VALUES (x'00', 1, 'Rings', 0, x'', 0, 0, 0, 0, x'', 0, 0, 0)",
    )
    .execute(&mut db)
    .await
    .expect("a conversation");
    // As history arrives: the newest page first.
    for page in (0..texts.len()).rev().collect::<Vec<_>>().chunks(PAGE) {
        let mut tx = db.begin().await.expect("a transaction");
        for &at in page {
            let number = search::number(&mut tx, sent_at_ms(at)).await.expect("a number");
            let insert = sqlx::query(INSERT).bind(number).bind(sent_at_ms(at)).bind(&texts[at]);
            insert.execute(&mut *tx).await.expect("a message");
            search::index(&mut tx, number, &texts[at]).await.expect("an index");
        }
        tx.commit().await.expect("a commit");
    }
    db
}

async fn filled_peer(path: &Path, texts: &[String]) -> SqliteConnection {
    let mut db = open(path).await;
    sqlx::raw_sql(
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, sent_at_ms INTEGER NOT NULL, text TEXT);
         CREATE VIRTUAL TABLE messages_search USING fts5 (
             text, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');",
    )
    .execute(&mut db)
    .await
    .expect("tables");
    for page in (0..texts.len()).rev().collect::<Vec<_>>().chunks(PAGE) {
        let mut tx = db.begin().await.expect("a transaction");
        for &at in page {
            let insert = sqlx::query("INSERT INTO messages (sent_at_ms, text) VALUES ($1, $2)").bind(sent_at_ms(at)).bind(&texts[at]);
            let id = insert.execute(&mut *tx).await.expect("a message").last_insert_rowid();
            let insert = sqlx::query("INSERT INTO messages_search (rowid, text) VALUES ($1, $2)").bind(id).bind(&texts[at]);
            insert.execute(&mut *tx).await.expect("an index");
        }
        tx.commit().await.expect("a commit");
    }
    db
}

/// One search, with its texts and marks.
async fn ours(db: &mut SqliteConnection, typed: &str) -> usize {
    let Ok(query) = Query::parse(typed) else { return 0 };
    let found = search::find(db, &query, NEWEST).await.expect("a search");
    for number in &found {
        let row = sqlx::query("SELECT text FROM messages WHERE number = $1").bind(number).fetch_one(&mut *db).await.expect("a message");
        std::hint::black_box(query.snippet(row.get("text")));
    }
    found.len()
}

async fn peers(db: &mut SqliteConnection, typed: &str) -> usize {
    let words: Vec<String> =
        typed.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| format!("\"{word}\"")).collect();
    if words.is_empty() {
        return 0;
    }
    let rows = sqlx::query(
        "SELECT m.text, snippet(messages_search, 0, char(1), char(2), '…', 16)
         FROM messages_search JOIN messages m ON m.id = messages_search.rowid
         WHERE messages_search MATCH $1 ORDER BY m.sent_at_ms DESC LIMIT $2",
    )
    .bind(format!("{}*", words.join(" ")))
    .bind(NEWEST)
    .fetch_all(db)
    .await
    .expect("a search");
    rows.len()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

fn percentiles(name: &str, mut times: Vec<Duration>, hits: usize) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    eprintln!("{name}: p50 {:?}, p99 {:?}, worst {:?}, {hits} hits", at(50), at(99), at(100));
}

fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let words = vocabularies(&mut dice);
    let messages = if std::env::args().any(|argument| argument == "--bench") { MESSAGES } else { MESSAGES / 50 };
    let texts: Vec<String> = (0..messages).map(|_| message(&mut dice, &words)).collect();
    let queries = beginnings(&mut dice, &texts);
    let bytes: usize = texts.iter().map(String::len).sum();

    let (mut db, took) = timed(|| runtime.block_on(filled(&folder.path().join("ours.db"), &texts)));
    eprintln!("ours: {bytes} bytes of text written and indexed in {took:?}");
    let (mut peer, took) = timed(|| runtime.block_on(filled_peer(&folder.path().join("peer.db"), &texts)));
    eprintln!("peer: the same in {took:?}");

    for round in ["first", "second"] {
        let run = |one: &mut dyn FnMut(&str) -> usize, name: &str| {
            let (mut times, mut hits) = (Vec::new(), 0);
            for typed in &queries {
                let (found, took) = timed(|| one(typed));
                times.push(took);
                hits += found;
            }
            percentiles(&format!("{name}, {QUERIES} beginnings, {round} time"), times, hits);
        };
        run(&mut |typed| runtime.block_on(ours(&mut db, typed)), "ours");
        run(&mut |typed| runtime.block_on(peers(&mut peer, typed)), "peer");
    }

    let mut group = criterion.benchmark_group("search");
    group.sample_size(10).throughput(Throughput::Elements(u64::try_from(QUERIES).unwrap_or_default()));
    group.bench_function("fold and bigrams", |bencher| {
        bencher.iter(|| queries.iter().map(|typed| runtime.block_on(ours(&mut db, typed))).sum::<usize>());
    });
    group.bench_function("peer: unicode61 by time", |bencher| {
        bencher.iter(|| queries.iter().map(|typed| runtime.block_on(peers(&mut peer, typed))).sum::<usize>());
    });
    group.throughput(Throughput::Bytes(u64::try_from(bytes).unwrap_or_default()));
    group.bench_function("fold", |bencher| bencher.iter(|| texts.iter().map(|text| search::fold(text).pieces().len()).sum::<usize>()));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
