//! Reads the statements out of the source.

use std::path::{Path, PathBuf};

/// A statement, with the file and the function in which it stands.
pub(super) struct Statement {
    pub(super) place: String,
    pub(super) sql: String,
}

/// How a statement begins.
const VERBS: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];

/// The statements of a folder, tests left out.
pub(super) fn statements(folder: &Path) -> Vec<Statement> {
    let mut statements = Vec::new();
    for path in files(folder) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = without_tests(&std::fs::read_to_string(&path).unwrap());
        let literals = literals(&text);
        let constants: Vec<(String, String)> =
            literals.iter().filter_map(|(at, literal)| Some((constant(&text[..*at])?, literal.clone()))).collect();
        for (at, literal) in &literals {
            let mut sql = literal.trim_start().to_owned();
            if !VERBS.iter().any(|verb| sql.starts_with(verb)) {
                continue;
            }
            for (constant, value) in &constants {
                sql = sql.replace(&format!("{{{constant}}}"), value);
            }
            let place = format!("{name} {}", enclosing(&text[..*at]));
            let parts = sql.split(';').filter(|sql| !sql.trim().is_empty());
            statements.extend(parts.map(|sql| Statement { place: place.clone(), sql: sql.trim().to_owned() }));
        }
    }
    statements
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.file_name().unwrap().to_str().unwrap() {
            "tests" | "tests.rs" => {}
            _ if path.is_dir() => files.extend(self::files(&path)),
            name if name.ends_with(".rs") => files.push(path),
            _ => {}
        }
    }
    files.sort();
    files
}

fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().lines().filter(|line| !line.trim_start().starts_with("//")).fold(
        String::new(),
        |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        },
    )
}

/// Every string of a text, with the place of its opening quote. An escaped end of a line and the blanks behind it are no part of it.
fn literals(text: &str) -> Vec<(usize, String)> {
    let mut literals = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        // A quote as a character is no string.
        if letter == '\'' && text[at..].starts_with("'\"'") {
            letters.next();
            letters.next();
            continue;
        }
        if letter != '"' {
            continue;
        }
        let mut literal = String::new();
        while let Some((_, letter)) = letters.next() {
            match letter {
                '"' => break,
                '\\' => match letters.next() {
                    Some((_, '\n')) => while letters.next_if(|(_, letter)| letter.is_whitespace()).is_some() {},
                    Some((_, escaped)) => literal.push(escaped),
                    None => break,
                },
                letter => literal.push(letter),
            }
        }
        literals.push((at, literal));
    }
    literals
}

/// The name of the constant whose value begins at the end of a text.
fn constant(before: &str) -> Option<String> {
    let name = before.trim_end().strip_suffix('=')?.trim_end().strip_suffix(": &str")?;
    name.rsplit(' ').next().map(str::to_owned)
}

/// The function or constant in which the end of a text stands.
fn enclosing(before: &str) -> String {
    if let Some(constant) = constant(before) {
        return constant;
    }
    let name = before.rsplit("fn ").next().unwrap_or_default();
    name.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// The body of a function that stands at the left edge.
pub(super) fn function(text: &str, name: &str) -> String {
    let begin = text.find(&format!("fn {name}(")).unwrap_or_else(|| panic!("there is no function {name}"));
    let body = &text[begin..];
    body[..body.find("\n}").unwrap()].to_owned()
}
