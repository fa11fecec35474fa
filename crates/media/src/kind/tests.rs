use proptest::prelude::*;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn elf() -> Vec<u8> {
    let mut head = b"\x7fELF\x02\x01\x01".to_vec();
    head.resize(64, 0);
    head
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn content_counts_before_the_name() {
    assert_eq!(recognise(PNG, "picture.png"), "image/png");
    assert_eq!(recognise(PNG, "picture.txt"), "image/png");
    assert_eq!(recognise(PNG, ""), "image/png");
    assert_eq!(recognise(b"%PDF-1.7\n", "letter.jpg"), "application/pdf");
    assert_eq!(recognise(b"\xff\xd8\xff\xe0\0\x10JFIF", "IMG_1"), "image/jpeg");
}

#[test]
fn a_program_is_a_program_whatever_it_is_called() {
    assert_eq!(recognise(&elf(), "photo.jpg"), "application/x-executable");
    assert_eq!(recognise(b"MZ\x90\0\x03\0\0\0", "photo.jpg"), "application/vnd.microsoft.portable-executable");
    assert_eq!(recognise(b"#!/bin/sh\nrm -r .\n", "photo.jpg"), "text/x-shellscript");
}

#[test]
fn a_name_that_the_bytes_contradict_is_not_believed() {
    assert_eq!(recognise(&[0, 1, 2, 3, 4], "photo.jpg"), UNKNOWN);
    assert_eq!(recognise(&[0, 1, 2, 3, 4], "notes.txt"), UNKNOWN);
    assert_eq!(recognise(&[0, 1, 2, 3, 4], "page.html"), UNKNOWN);
    assert_eq!(recognise(b"just words", "photo.jpg"), TEXT);
    assert_eq!(recognise(b"just words", "film.mp4"), TEXT);
}

#[test]
fn the_name_says_what_the_bytes_do_not() {
    assert_eq!(recognise(b"a,b\n1,2\n", "table.csv"), "text/csv");
    assert_eq!(recognise(b"{\"a\": 1}", "a.json"), "application/json");
    assert_eq!(recognise("Grüße".as_bytes(), "notes.txt"), TEXT);
    assert_eq!(recognise("Grüße".as_bytes(), "no extension"), TEXT);
    assert_eq!(recognise(&[0, 1, 2, 3], "model.glb"), "model/gltf-binary");
    assert_eq!(recognise(b"", "notes.txt"), TEXT);
    assert_eq!(recognise(b"", "photo.jpg"), UNKNOWN);
    assert_eq!(recognise(b"", ""), UNKNOWN);
}

/// Two letters are the signature of a program, and of this sentence.
#[test]
fn words_that_begin_like_a_signature_are_words() {
    assert_eq!(recognise(b"MZ is a company in", "about"), TEXT);
    assert_eq!(recognise(b"BCE and CE are", "about.md"), "text/markdown");
}

#[test]
fn documents_that_a_browser_would_run_are_named_as_such() {
    for html in ["<!DOCTYPE html><p>", "  <HTML>", "<!-- a -->\n<script>x()</script>", "<!--", "<img src=x onerror=y()>"] {
        assert_eq!(recognise(html.as_bytes(), "notes.txt"), HTML, "{html}");
    }
    for svg in [
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "<?xml version='1.0'?>\n<!-- drawn -->\n<!DOCTYPE svg PUBLIC 'a' 'b'>\n<svg/>",
        "\u{feff}<?xml version='1.0'?><SVG:svg xmlns:SVG='http://www.w3.org/2000/svg'/>",
    ] {
        assert_eq!(recognise(svg.as_bytes(), "photo.png"), SVG, "{svg}");
        assert_eq!(recognise(&utf16(svg.trim_start_matches('\u{feff}')), "photo.png"), SVG, "{svg}");
    }
    assert_eq!(recognise(b"body only", "page.html"), HTML);
    assert_eq!(recognise(b"<g/>", "drawing.svg"), SVG);
    assert_eq!(recognise(b"<?xml version='1.0'?><feed/>", "a.atom"), "application/atom+xml");
    assert_eq!(recognise(b"<?xml version='1.0'?><feed/>", "a"), XML);
}

#[test]
fn an_archive_inside_of_a_document_has_the_documents_name() {
    let zip = b"PK\x03\x04\x14\0\0\0\0\0somewhere/file";
    assert_eq!(recognise(zip, "letter.odt"), "application/vnd.oasis.opendocument.text");
    assert_eq!(recognise(zip, "photo.jpg"), ZIP);
    assert_eq!(recognise(zip, "many.zip"), ZIP);
}

#[test]
fn a_character_cut_at_the_end_of_the_head_is_text_still() {
    let mut words = "ä".repeat(HEAD_BYTES).into_bytes();
    words.insert(0, b'a');
    assert_eq!(recognise(&words, ""), TEXT);
}

proptest! {
    #[test]
    fn any_bytes_and_any_name_have_a_type(head: Vec<u8>, name: String) {
        let media_type = recognise(&head, &name);
        prop_assert!(media_type.contains('/') && media_type.is_ascii());
    }

    #[test]
    fn any_markup_has_a_type(head in "[<!?/a-z \\-]{0,40}") {
        prop_assert!(recognise(head.as_bytes(), "a.txt").contains('/'));
    }
}
