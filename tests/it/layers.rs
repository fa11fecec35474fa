//! Which folder of the core may import which: what was said is kept below, everything else is derived above it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What stands under everything: words for errors, times and changes.
const GROUND: [&str; 4] = ["change", "clock", "error", "view"];

/// Each folder with the folders that it may import beside the ground; the lower first.
///
/// `member` is the open home that a use case is given, so it knows all of them; what is below the log does without it where the table does
/// not name it.
const MAY_IMPORT: [(&str, &[&str]); 23] = [
    ("search", &[]),
    ("relay", &[]),
    ("cache", &["search"]),
    ("alarm", &["cache", "member"]),
    ("roster", &["alarm", "cache", "member", "relay"]),
    ("vault", &["alarm", "cache", "home", "member", "relay"]),
    ("spine", &["cache", "member", "roster"]),
    ("invite", &["member", "roster", "vault"]),
    ("keys", &["cache", "group", "member", "roster", "vault"]),
    ("group", &["alarm", "cache", "conversation", "invite", "keys", "member", "relay", "roster", "spine"]),
    ("device", &["alarm", "cache", "group", "member", "relay", "roster", "vault"]),
    ("log", &["alarm", "cache", "group", "member", "relay", "search", "spine", "vault"]),
    ("people", &["group", "member", "roster", "search"]),
    ("file", &["cache", "home", "log", "member", "relay", "search", "vault"]),
    ("call", &["cache", "file", "group", "log", "member", "relay", "vault"]),
    ("message", &["cache", "call", "file", "log", "member", "search", "vault"]),
    ("conversation", &["cache", "call", "group", "log", "member", "roster", "search"]),
    ("content", &["cache", "file", "log", "member"]),
    ("heal", &["alarm", "cache", "group", "member", "relay", "spine", "vault"]),
    ("sync", &["heal", "alarm", "cache", "call", "conversation", "device", "group", "keys", "log", "member", "relay", "roster", "vault"]),
    ("workspace", &["cache", "device", "group", "home", "member", "relay", "roster", "spine", "vault"]),
    ("doctor", &["alarm", "cache", "group", "log", "member", "vault", "workspace"]),
    ("member", &["cache", "call", "content", "device", "file", "home", "keys", "log", "relay", "roster", "sync", "vault", "workspace"]),
];

/// Where the table goes upwards: both ways of a pair that need each other.
const UPWARDS: [(&str, &str); 2] = [("keys", "group"), ("group", "conversation")];

fn source() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/core/src"))
}

/// The text of every file of a folder, without comments and tests.
fn texts(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(texts_of(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") && path.file_name().is_some_and(|name| name != "tests.rs") {
            texts.push(without_tests(&std::fs::read_to_string(&path).unwrap()));
        }
    }
    texts
}

fn texts_of(folder: &Path) -> Vec<String> {
    if folder.ends_with("tests") { Vec::new() } else { texts(folder) }
}

fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The modules that a text names behind `crate::`, one by one or in braces.
fn imports(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        if text[..at].ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before)) {
            continue;
        }
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => names.extend(items(list).iter().map(|item| first_word(item))),
            None => {
                names.insert(first_word(rest));
            }
        }
    }
    names
}

/// The items of a list in braces, up to the brace that ends it.
fn items(list: &str) -> Vec<String> {
    let (mut items, mut depth) = (vec![String::new()], 0);
    for letter in list.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        items.last_mut().unwrap().push(letter);
    }
    items.retain(|item| !item.trim().is_empty());
    items
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// What each folder, or file beside them, imports from the others.
fn imported() -> BTreeMap<String, BTreeSet<String>> {
    let mut imported = BTreeMap::new();
    for entry in std::fs::read_dir(source()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let texts = if path.is_dir() { texts(&path) } else { vec![without_tests(&std::fs::read_to_string(&path).unwrap())] };
        let modules = texts.iter().flat_map(|text| imports(text)).filter(|import| *import != name);
        // A type that the crate shows at its root is imported by the path where it lives.
        let modules = modules.filter(|module| module.starts_with(char::is_lowercase)).collect();
        imported.insert(name, modules);
    }
    imported
}

#[test]
fn each_folder_of_the_core_imports_only_what_its_layer_allows() {
    let imported = imported();
    let folders: BTreeSet<String> = std::fs::read_dir(source()).unwrap().filter_map(|entry| folder_name(&entry.unwrap().path())).collect();
    let known = MAY_IMPORT.iter().map(|(folder, _)| (*folder).to_owned()).filter(|folder| folder != "member").collect();
    assert_eq!(folders, known, "a new folder needs its line in the table");
    for (folder, allowed) in MAY_IMPORT {
        for import in imported[folder].iter().filter(|import| !GROUND.contains(&import.as_str())) {
            assert!(allowed.contains(&import.as_str()), "{folder} may not import {import}");
        }
        for allowed in allowed {
            assert!(imported[folder].contains(*allowed), "{folder} does not import {allowed} any more: the table is wider than the code");
        }
    }
    for ground in GROUND {
        let wrong: Vec<_> = imported[ground].iter().filter(|import| !GROUND.contains(&import.as_str())).collect();
        assert!(wrong.is_empty(), "{ground} stands under everything and imports {wrong:?}");
    }
}

fn folder_name(path: &Path) -> Option<String> {
    path.is_dir().then(|| path.file_name().unwrap().to_str().unwrap().to_owned())
}

/// The table can't be widened against its own order: cache, log, nouns, content, sync.
#[test]
fn no_folder_of_the_table_imports_one_above_it() {
    let place = |of: &str| MAY_IMPORT.iter().position(|(folder, _)| *folder == of);
    for (folder, allowed) in MAY_IMPORT {
        for import in allowed.iter().filter(|import| **import != "member") {
            let is_below = place(import) < place(folder);
            assert!(is_below || UPWARDS.contains(&(folder, import)), "{folder} stands below {import}");
        }
    }
}

/// A reader that finds nothing would allow everything.
#[test]
fn imports_are_found_however_they_are_written() {
    let text =
        "use crate::cache::{self, log::Row};\nuse crate::{file, search::{self, Query}};\nlet a = crate::vault::id();\npub(crate) fn b() {}";
    let found: Vec<String> = imports(&without_tests(text)).into_iter().collect();
    assert_eq!(found, ["cache", "file", "search", "vault"]);
    assert!(imports("use bezel_crate::cache; use other::crate::cache;").is_empty());
}
