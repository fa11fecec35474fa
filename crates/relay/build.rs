//! Puts the page of a guest, as `npm run build` makes it, inside the program.

#![expect(clippy::panic, reason = "a build that lacks a part ends with a word")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist-guest");
    println!("cargo::rerun-if-changed={}", folder.display());
    let index = folder.join("index.html");
    if !index.is_file() {
        panic!("the page of a guest is not built: run `npm run build` first ({} is missing)", index.display());
    }
    let mut table = format!("pub(crate) const INDEX: File = {};\n\nconst ASSETS: &[File] = &[\n", file(&index));
    for asset in files(&folder.join("assets")) {
        println!("cargo::rerun-if-changed={}", asset.display());
        let _ = writeln!(table, "    {},", file(&asset));
    }
    table.push_str("];\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("guest_page.rs");
    if let Err(error) = std::fs::write(&out, table) {
        panic!("{} can't be written: {error}", out.display());
    }
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// A `File` in Rust.
fn file(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let media_type = match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("woff2") => "font/woff2",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    format!("File {{ name: {name:?}, media_type: {media_type:?}, content: include_bytes!({path:?}) }}")
}
