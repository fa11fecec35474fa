//! Marks in the original.

use super::super::Query;

fn marked(query: &str, text: &str) -> String {
    Query::parse(query).unwrap().snippet(text).replace('\u{1}', "[").replace('\u{2}', "]")
}

#[test]
fn what_was_typed_is_marked_as_it_stands_in_the_original() {
    for (query, text, expected) in [
        ("strasse", "Große Straße", "Große [Straße]"),
        ("gross", "Große Straße", "[Groß]e Straße"),
        ("fil", "ﬁligree", "[ﬁl]igree"),
        ("brulee", "Topaze bru\u{302}le\u{301}e rose", "Topaze [bru\u{302}le\u{301}e] rose"),
        ("sapphire", "sap\u{AD}phire blue", "[sap\u{AD}phire] blue"),
        ("👍", "merci 👍🏽!", "merci [👍🏽]!"),
        ("戒指", "钻石戒指已完成", "钻石[戒指]已完成"),
        ("戒", "钻石戒指", "钻石[戒]指"),
        ("خاتم", "والخاتم جاهز", "وال[خاتم] جاهز"),
        ("반ㅈ", "은반지", "은[반]지"),
        ("ab2041", "Ref AB-2041/925", "Ref [AB-2041]/925"),
        ("ring", "ring, dringend", "[ring], d[ring]end"),
        ("gold ring", "Ring of gold", "[Ring] of [gold]"),
        ("silver", "gold", "gold"),
    ] {
        assert_eq!(marked(query, text), expected);
    }
}

/// The first match may stand on the last page of a long message.
#[test]
fn a_snippet_shows_the_first_match_of_a_long_text() {
    let text = format!("{} sapphire {}", "é".repeat(4000), "ö".repeat(4000));
    let snippet = marked("sapphire", &text);
    assert!(snippet.starts_with('…') && snippet.ends_with('…') && snippet.contains("é [sapphire] ö"), "{snippet}");
    assert!(snippet.len() < 180, "{} bytes", snippet.len());
}

#[test]
fn a_snippet_never_parts_a_letter_from_its_marks() {
    let text = format!("{}sapphire", "e\u{301}".repeat(100) + " ");
    let snippet = marked("sapphire", &text);
    assert!(snippet.starts_with("…e\u{301}"), "{snippet}");
}

/// A text could bring marks of its own and show as found what was not.
#[test]
fn the_signs_of_a_mark_are_taken_out_of_the_text_first() {
    assert_eq!(Query::parse("gold").unwrap().snippet("\u{1}silver\u{2} go\u{1}ld"), "silver \u{1}gold\u{2}");
}

#[test]
fn one_endless_character_still_makes_a_short_snippet() {
    let text = format!("a{}", "\u{301}".repeat(10_000));
    assert!(marked("a", &text).len() < 180);
}
