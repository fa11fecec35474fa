//! Pairs of a message and a query, in a real table.

use super::super::{NothingToFind, Query};
use super::{cache, find, write};

/// A message, what is typed, and whether the message is to be found.
const PAIRS: &str = include_str!("../cases.tsv");

fn pairs() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    PAIRS.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut columns = line.split('\t');
        (columns.next().unwrap(), columns.next().unwrap(), columns.next() == Some("yes"))
    })
}

/// Words of run scripts, other spellings, other digits and emoji were not found, and a few letters more were found by chance.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_found_by_what_a_person_types_for_it_and_by_nothing_else() {
    let cache = cache().await;
    let mut wrong = Vec::new();
    for (message, query, is_wanted) in pairs() {
        let mut db = cache.begin().await.unwrap();
        write(&mut db, 0, message).await;
        let is_found = match Query::parse(query) {
            Ok(query) => !super::super::find(&mut db, &query, 50).await.unwrap().is_empty(),
            Err(NothingToFind) => false,
        };
        if is_found != is_wanted {
            wrong.push(format!("{message:?} by {query:?}"));
        }
        db.rollback().await.unwrap();
    }
    assert!(wrong.is_empty(), "found or missed against the table: {wrong:#?}");
}

/// What is found without a mark looks like a mistake.
#[test]
fn every_pair_that_is_found_is_marked_where_it_matches() {
    for (message, query, _) in pairs().filter(|(_, _, is_found)| *is_found) {
        let snippet = Query::parse(query).unwrap().snippet(message);
        assert!(snippet.contains('\u{1}') && snippet.contains('\u{2}'), "{query:?} is not marked in {message:?}: {snippet:?}");
    }
}

/// As one types, every beginning of the query finds the message as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_stays_found_while_its_words_are_being_typed() {
    let cache = cache().await;
    let mut db = cache.begin().await.unwrap();
    for text in
        ["Große Straße", "钻石戒指已完成", "แหวนเพชร", "ダイヤモンドの指輪", "خاتم ذهبي", "हीरे की अंगूठी", "다이아몬드반지", "AB-2041/925"]
    {
        let number = write(&mut db, 0, text).await;
        for (end, character) in text.char_indices() {
            let typed = &text[..end + character.len_utf8()];
            assert!(find(&mut db, typed).await.contains(&number), "{typed:?} finds {text:?}");
        }
    }
}

#[test]
fn a_query_of_separators_alone_is_told_from_one_without_hits() {
    for typed in ["", "   ", "-", "?!…", "\"*()", "\u{200B}\u{FEFF}", "€", "\u{301}", "'' ''"] {
        assert_eq!(Query::parse(typed), Err(NothingToFind), "{typed:?}");
    }
    for typed in ["a", "7", "戒", "💍", "ٱ", " - x"] {
        assert!(Query::parse(typed).is_ok(), "{typed:?}");
    }
}

/// A pasted page took 20 seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_page_is_searched_by_its_first_words() {
    let cache = cache().await;
    let mut db = cache.begin().await.unwrap();
    let number = write(&mut db, 0, &"خاتم ذهبي ".repeat(40)).await;
    assert_eq!(find(&mut db, &"خاتم ذهبي ".repeat(2000)).await, [number]);
    let words = Query::parse(&"خاتم ".repeat(2000)).unwrap().expression();
    assert_eq!(words.matches(" AND ").count(), 31, "32 words");
    let long = "x".repeat(100_000);
    let number = write(&mut db, 0, &long).await;
    assert_eq!(find(&mut db, &long).await, [number], "256 characters of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_typed_is_taken_for_the_language_of_the_table() {
    let cache = cache().await;
    let mut db = cache.begin().await.unwrap();
    for typed in ["sapphire OR NEAR(\"x\" *", "\"", "a\"b", "words : x", "^a", "-a", "a AND", "{a b}: c", "a + b", "NOT a", "'", "\0a"] {
        if let Ok(query) = Query::parse(typed) {
            super::super::find(&mut db, &query, 50).await.unwrap();
        }
    }
}
