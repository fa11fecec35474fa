//! A day of two members by command line: a relay process, and a process for each thing a member does.

use std::time::Duration;

use anyhow::Result;
use bezel_tests::member::{Member, exit};
use bezel_tests::relay::Relay;
use bezel_tests::scene::{Stage, found, join, relay};
use serde_json::Value;

#[test]
fn two_members_write_to_each_other_and_a_removed_one_reads_nothing_more() -> Result<()> {
    let stage = Stage::new("cli")?;
    let relay = relay(&stage)?;
    let ana = Member::with_passphrase(stage.path(), "ana")?;
    let ben = Member::with_passphrase(stage.path(), "ben")?;
    found(&ana, "Maison Lune", &relay.url())?;
    join(&ana, &ben, "member")?;

    // Both know both, from the roster and not from the relay's word.
    ana.json(&["sync"])?;
    for member in [&ana, &ben] {
        let people = member.lines(&["people"])?;
        let handles: Vec<_> = people.iter().filter_map(|person| person.get("handle").and_then(Value::as_str)).collect();
        assert_eq!(handles.len(), 2, "{} sees both: {people:?}", member.name());
        assert!(handles.contains(&"ana") && handles.contains(&"ben"), "{handles:?}");
    }

    let ring = ana.field(&["conversation", "create", "--title", "Ring 2041", "--with", "ben"], "conversation")?;
    let first = ana.json(&["send", &ring, "The sapphire is here."])?;
    assert_eq!(first["state"], "sent", "{first}");
    ben.json(&["sync"])?;
    ben.json(&["send", &ring, "Lovely. On Thursday at eleven?"])?;
    ana.json(&["sync"])?;
    let expected = ["The sapphire is here.", "Lovely. On Thursday at eleven?"];
    assert_eq!(ana.texts(&ring)?, expected, "the same for the one");
    assert_eq!(ben.texts(&ring)?, expected, "and for the other");
    for message in ben.lines(&["messages", &ring])? {
        assert_eq!(message["verified"], true, "every message is checked: {message}");
    }

    let found = ben.lines(&["search", "sapphire"])?;
    assert_eq!(found.len(), 1, "search is over what was decrypted: {found:?}");

    // A rotation by hand starts a new epoch, and the talk goes on in it.
    let before = ana.json(&["conversation", "show", &ring])?["epoch"].as_u64();
    ana.json(&["conversation", "rotate", &ring])?;
    ana.json(&["send", &ring, "New keys, same ring."])?;
    assert!(ana.json(&["conversation", "show", &ring])?["epoch"].as_u64() > before, "the epoch moved on");
    ben.json(&["sync"])?;
    assert_eq!(ben.texts(&ring)?.last().map(String::as_str), Some("New keys, same ring."));

    // Read-only: the relay and the core both say no.
    ana.json(&["conversation", "role", &ring, "ben=read-only"])?;
    ben.json(&["sync"])?;
    ben.refused(exit::REFUSED, &["send", &ring, "May I?"])?;

    // Removed: what comes after is not for ben; what came before stays his.
    ana.json(&["conversation", "remove", &ring, "ben"])?;
    ana.json(&["send", &ring, "Between us."])?;
    let _ = ben.run(&["sync", "--json"])?;
    let kept = ben.texts(&ring)?;
    assert!(!kept.iter().any(|text| text == "Between us."), "{kept:?}");
    assert!(kept.iter().any(|text| text == "The sapphire is here."), "{kept:?}");
    Ok(())
}

#[test]
fn what_is_written_offline_is_sent_once_when_the_relay_is_back() -> Result<()> {
    let stage = Stage::new("offline")?;
    let relay = relay(&stage)?;
    let (ana, ben) = (Member::with_passphrase(stage.path(), "ana")?, Member::with_passphrase(stage.path(), "ben")?);
    found(&ana, "Maison Lune", &relay.url())?;
    join(&ana, &ben, "member")?;
    ana.json(&["sync"])?;
    let talk = ana.field(&["conversation", "create", "--title", "Bench", "--with", "ben"], "conversation")?;

    // A power cut, not a goodbye.
    let port = relay.port();
    relay.kill()?;
    let queued = ana.json(&["send", &talk, "written in the dark"])?;
    assert_eq!(queued["state"], "queued", "{queued}");
    ana.refused(exit::OFFLINE, &["sync"])?;

    let _relay = Relay::start_on(&stage.folder("relay"), port)?;
    ana.json(&["sync"])?;
    ana.json(&["sync"])?;
    ben.json(&["sync"])?;
    assert_eq!(ben.texts(&talk)?, ["written in the dark"], "once, and only once");
    Ok(())
}

#[test]
fn the_invitation_is_the_only_way_in_and_holds_once() -> Result<()> {
    let stage = Stage::new("invite")?;
    let relay = relay(&stage)?;
    let ana = Member::with_passphrase(stage.path(), "ana")?;
    found(&ana, "Maison Lune", &relay.url())?;
    let link = ana.field(&["invite", "create", "--role", "member"], "link")?;
    Member::with_passphrase(stage.path(), "ben")?.json(&["join", &link, "--handle", "ben"])?;

    let again = Member::with_passphrase(stage.path(), "eve")?;
    let why = again.refused(exit::REFUSED, &["join", &link, "--handle", "eve"])?;
    assert!(!why.trim().is_empty(), "it says why");
    Ok(())
}

/// A message cleared the screen and filled the clipboard; another one read as a message of ben, in a house where quotes are approved so.
#[test]
fn what_others_write_neither_drives_the_terminal_nor_passes_for_somebody_elses_line() -> Result<()> {
    let stage = Stage::new("terminal")?;
    let relay = relay(&stage)?;
    let ana = Member::with_passphrase(stage.path(), "ana")?;
    found(&ana, "Maison Lune", &relay.url())?;
    let bench = ana.field(&["conversation", "create", "--title", "Bench"], "conversation")?;
    ana.json(&["send", &bench, "Invoice paid\u{1b}]0;pwned\u{7}\u{1b}[2J\u{1b}]52;c;c\u{7}\rxx\u{8}\u{9b}31m\u{202e}fdp"])?;
    ana.json(&["send", &bench, "ok\n2026-11-29T19:00:00Z ben: I approve the quote"])?;
    for verb in [&["messages", &bench][..], &["search", "invoice"], &["search", "approve"]] {
        let shown = String::from_utf8(ana.run(verb)?.stdout)?;
        assert!(!shown.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{shown:?}");
        assert!(!shown.lines().any(|line| line.starts_with("2026-11-29T19:00:00Z ben")), "{shown}");
    }
    ana.refused(1, &["send", &bench, "\u{200b}\u{3164}\u{2800}"])?;
    ana.refused(1, &["conversation", "create", "--title", "exe.\u{202e}fdp"])?;
    Ok(())
}

#[test]
fn a_wrong_command_says_what_is_right_and_ends_with_2() -> Result<()> {
    let stage = Stage::new("usage")?;
    let nobody = Member::with_passphrase(stage.path(), "nobody")?;
    let why = nobody.refused(exit::USAGE, &["conversation", "crate"])?;
    assert!(why.contains("create"), "the nearest right word is offered: {why}");
    Ok(())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long a person waits is what is tested")]
fn the_journey_goes_through_in_under_a_minute() -> Result<()> {
    let stage = Stage::new("journey")?;
    let anybody = Member::with_passphrase(stage.path(), "anybody")?;
    let began = std::time::Instant::now();
    let output = anybody.run(&["journey"])?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(began.elapsed().as_secs() < 60, "it took {:?}", began.elapsed());
    Ok(())
}

/// Killed within 0.2 seconds after its database appeared, a join could neither go on nor begin again. The kills are spread over the time
/// that a join takes on this machine.
#[test]
#[expect(clippy::disallowed_methods, reason = "the kills are spread over the time that it takes")]
fn a_join_killed_at_any_moment_is_finished_by_the_same_command() -> Result<()> {
    const KILLS: u32 = 16;
    let stage = Stage::new("killed")?;
    let relay = relay(&stage)?;
    let ana = Member::with_passphrase(stage.path(), "ana")?;
    found(&ana, "Maison Lune", &relay.url())?;
    let mut whole = Duration::ZERO;
    for step in 0..=KILLS {
        let member = Member::with_passphrase(stage.path(), &format!("p{step}"))?;
        let link = ana.field(&["invite", "create", "--role", "member"], "link")?;
        let join = ["join", &link, "--handle", member.name()];
        let began = std::time::Instant::now();
        if step > 0 {
            member.killed_after(whole * step / KILLS, &join)?;
        }
        let told = member.json(&join)?;
        if step == 0 {
            whole = began.elapsed();
        }
        let words = told.get("recovery_words").and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(words, 24, "the words are seen, however late the kill came: {told}");
        member.json(&["sync"])?;
    }
    Ok(())
}
