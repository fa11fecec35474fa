//! What is promised in docs/security.md is shown by tests that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The title of the column that names the tests.
const SHOWN_BY: &str = "shown by";

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).to_owned()
}

/// Every file of Rust below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

/// The names of the tests in a text that run whenever all are run.
fn tests(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut lines = text.lines().map(str::trim_start);
    while let Some(line) = lines.next() {
        if !line.starts_with("#[test]") && !line.starts_with("#[tokio::test") {
            continue;
        }
        let mut is_ignored = false;
        for line in lines.by_ref() {
            is_ignored |= line.starts_with("#[ignore");
            if let Some((_, name)) = line.split_once("fn ") {
                let name = name.split('(').next().unwrap_or_default();
                if !is_ignored {
                    names.insert(name.to_owned());
                }
                break;
            }
        }
    }
    names
}

/// The rows of a table whose last column names tests, each with the names; the first cell is for the message.
fn rows(text: &str) -> Vec<(String, Vec<String>)> {
    let mut rows = Vec::new();
    let mut is_promise = false;
    for line in text.lines() {
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            is_promise = false;
            continue;
        };
        let cells: Vec<&str> = cells.split(" | ").collect();
        let (first, last) = (cells[0], cells[cells.len() - 1]);
        if last == SHOWN_BY {
            is_promise = true;
        } else if !first.starts_with("---") {
            assert!(is_promise, "the table of {first:?} has no column {SHOWN_BY:?}");
            rows.push((first.to_owned(), last.split('`').skip(1).step_by(2).map(str::to_owned).collect()));
        }
    }
    rows
}

#[test]
fn each_promise_of_the_page_on_security_is_shown_by_a_test() {
    let known: BTreeSet<String> = ["crates", "tests"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .flat_map(|path| tests(&std::fs::read_to_string(path).unwrap()))
        .collect();
    let rows = rows(&std::fs::read_to_string(root().join("docs/security.md")).unwrap());
    assert!(rows.len() >= 26, "the tables are read: {} rows", rows.len());
    for (promise, names) in rows {
        assert!(!names.is_empty(), "{promise:?} names no test");
        for name in names {
            assert!(known.contains(&name), "{promise:?} is shown by {name}, which is no test");
        }
    }
}

#[test]
fn tests_that_are_ignored_show_nothing() {
    let text = "#[test]\nfn one() {}\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn two() -> Result<()> {}\n#[test]\n#[ignore]\nfn three() {}\nfn four() {}";
    assert_eq!(tests(text).into_iter().collect::<Vec<_>>(), ["one", "two"]);
}
