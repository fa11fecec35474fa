//! What no file of the tree may hold.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The text files that git tracks or would track, with their path from the root.
fn texts() -> Vec<(PathBuf, String)> {
    let listed =
        Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "git lists the files of the tree");
    let names = String::from_utf8(listed.stdout).unwrap();
    names.split_terminator('\0').filter_map(|name| Some((PathBuf::from(name), std::fs::read_to_string(root().join(name)).ok()?))).collect()
}

fn is_code(path: &Path) -> bool {
    path.extension().is_some_and(|kind| ["rs", "ts", "tsx", "css", "sql", "sh", "mjs", "html"].iter().any(|code| kind == *code))
}

#[test]
fn no_file_of_code_is_longer_than_800_lines() {
    for (path, text) in texts() {
        let generated = path.starts_with("migrations/schema") || path.starts_with("ui/src/bindings") || path.starts_with("tests/vectors");
        let lines = text.lines().count();
        assert!(!is_code(&path) || generated || lines <= 800, "{} has {lines} lines: it is two things", path.display());
    }
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    // Written apart, or this file would find itself.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX:"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    for (path, text) in texts().into_iter().filter(|(path, _)| is_code(path) || path.extension().is_some_and(|kind| kind == "md")) {
        for (number, line) in text.lines().enumerate() {
            for mark in marks {
                assert!(!line.contains(mark), "{}:{}: {mark}", path.display(), number + 1);
            }
        }
    }
}

/// A path of the machine it was written on works nowhere else, and tells about that machine.
#[test]
fn no_file_names_a_folder_of_somebodys_machine() {
    let marks = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/wo", "rk/"), concat!("C:", "\\Users")];
    for (path, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            for mark in marks {
                assert!(!line.contains(mark), "{}:{}: {mark}", path.display(), number + 1);
            }
        }
    }
}

/// Versions and features stand once, in the root manifest.
#[test]
fn members_take_their_dependencies_from_the_workspace() {
    for (path, text) in texts() {
        if !path.ends_with("Cargo.toml") || path == Path::new("Cargo.toml") {
            continue;
        }
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            } else if section.contains("dependencies]") && line.contains('=') && !line.trim_start().starts_with('#') {
                assert!(line.contains("workspace"), "{}: {line}", path.display());
            }
        }
        if path == Path::new(WITH_UNSAFE_CODE) {
            let missing: Vec<_> = workspace_lints().into_iter().filter(|lint| !text.contains(lint)).collect();
            assert_eq!(missing, ["unsafe_code = \"forbid\""], "{WITH_UNSAFE_CODE} has the workspace's lints but for one");
        } else {
            assert!(text.contains("[lints]\nworkspace = true"), "{} inherits the lints", path.display());
        }
    }
}

/// The one crate that may hold unsafe code can't inherit the lints: the workspace forbids it.
const WITH_UNSAFE_CODE: &str = "crates/vpx/Cargo.toml";

fn workspace_lints() -> Vec<String> {
    let root = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let in_lints = root.lines().skip_while(|line| !line.starts_with("[workspace.lints.")).take_while(|line| !line.starts_with("[profile"));
    in_lints.filter(|line| line.contains(" = ")).map(str::to_owned).collect()
}
