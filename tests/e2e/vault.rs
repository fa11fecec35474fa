//! The ways to unlock a home: how they are typed, how they are changed, and that no kill in between locks anybody out.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bezel_tests::member::{Member, Unlock};
use bezel_tests::relay::Relay;
use bezel_tests::scene::{Stage, found, relay};

/// Composed, as a PC types it, and decomposed, as a Mac may.
const COMPOSED: &str = "\u{c9}meraude br\u{fb}l\u{e9}e 18 ct";
const DECOMPOSED: &str = "E\u{301}meraude bru\u{302}le\u{301}e 18 ct";

fn passphrase(text: &str) -> Unlock {
    Unlock::Passphrase(text.to_owned())
}

/// The owner of a new workspace, opened by `text`, and the recovery words.
fn owner(stage: &Stage, relay: &Relay, text: &str) -> Result<(Member, String)> {
    let ana = Member::new(stage.path(), "ana", passphrase(text))?;
    let words = found(&ana, "Maison Lune", &relay.url())?.words.join(" ");
    Ok((ana, words))
}

/// The words that a verb shows.
fn shown(member: &Member, args: &[&str]) -> Result<String> {
    let value = member.json(args)?;
    let words = value.get("recovery_words").and_then(|words| words.as_array()).context("words")?;
    Ok(words.iter().filter_map(|word| word.as_str()).collect::<Vec<_>>().join(" "))
}

fn opens(member: &Member) -> Result<bool> {
    Ok(member.run(&["people", "--json"])?.status.success())
}

/// An accent from another keyboard, and "this is not the passphrase".
#[test]
fn a_home_made_with_a_composed_passphrase_opens_with_a_decomposed_one_and_the_other_way_round() -> Result<()> {
    for (made, typed) in [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)] {
        let stage = Stage::new("accents")?;
        let relay = relay(&stage)?;
        let (ana, _) = owner(&stage, &relay, made)?;
        assert!(opens(&ana.by(passphrase(typed)))?, "{typed:?} opens what {made:?} made");
        assert!(!opens(&ana.by(passphrase("Emeraude brulee 18 ct")))?, "without its accents it is another");
    }
    Ok(())
}

/// A passphrase of one letter was taken.
#[test]
fn a_weak_passphrase_is_refused_with_the_reason_before_anything_is_made() -> Result<()> {
    let stage = Stage::new("weak")?;
    let relay = relay(&stage)?;
    let ana = Member::new(stage.path(), "ana", passphrase("x"))?;
    let why = ana.refused(1, &["workspace", "create", "--name", "Maison Lune", "--handle", "ana", "--relay", &relay.url()])?;
    assert!(why.contains("passphrase_short") && why.contains("words"), "{why}");
    assert!(!ana.home().join("slots.cbor").exists(), "nothing was made");
    Ok(())
}

#[test]
fn recovery_words_open_as_they_were_written_down() -> Result<()> {
    let stage = Stage::new("written")?;
    let relay = relay(&stage)?;
    let (ana, words) = owner(&stage, &relay, COMPOSED)?;
    let numbered: Vec<String> = (1..).zip(words.split(' ')).map(|(number, word)| format!("{number}. {word}")).collect();
    for typed in [numbered.join("\n"), words.replace(' ', ", ").to_uppercase(), words.replace(' ', "\t")] {
        assert!(opens(&ana.by(Unlock::Words(typed.clone())))?, "{typed}");
    }
    let wrong = numbered.join(" ").replacen(words.split(' ').next().unwrap_or_default(), "bezelled", 1);
    let why = ana.by(Unlock::Words(wrong)).refused(1, &["people"])?;
    assert!(why.contains("Word 1 is") && !why.contains("bezelled"), "the number is named, the word is not: {why}");
    Ok(())
}

#[test]
fn a_passphrase_and_the_words_are_changed_and_the_old_ones_open_nothing() -> Result<()> {
    let stage = Stage::new("changed")?;
    let relay = relay(&stage)?;
    let (ana, words) = owner(&stage, &relay, COMPOSED)?;
    let other = "three lanterns on a frozen canal";
    ana.with("BEZEL_NEW_PASSPHRASE", "x").refused(1, &["vault", "passphrase", "set"])?;
    assert!(opens(&ana)?, "a weak one changes nothing");
    ana.with("BEZEL_NEW_PASSPHRASE", other).json(&["vault", "passphrase", "set"])?;
    assert!(!opens(&ana)?);
    let ana = ana.by(passphrase(other));
    assert!(opens(&ana)?);

    let new = shown(&ana, &["vault", "words", "new"])?;
    assert!(!opens(&ana.by(Unlock::Words(words)))?, "the old words open nothing");
    let by_words = ana.by(Unlock::Words(new));
    assert!(opens(&by_words)?);

    // A passphrase that nobody remembers is replaced by the words.
    by_words.with("BEZEL_NEW_PASSPHRASE", COMPOSED).json(&["vault", "passphrase", "set"])?;
    assert!(opens(&ana.by(passphrase(COMPOSED)))?);

    let why = by_words.refused(1, &["vault", "passphrase", "remove"])?;
    assert!(why.contains("no_slot"), "the last daily way in stays: {why}");
    by_words.refused(1, &["vault", "keychain", "off"])?;
    Ok(())
}

#[test]
fn new_words_count_only_once_the_relay_has_them() -> Result<()> {
    let stage = Stage::new("words-offline")?;
    let relay = relay(&stage)?;
    let (ana, words) = owner(&stage, &relay, COMPOSED)?;
    relay.kill()?;
    for verb in [&["vault", "words", "new"][..], &["vault", "rekey"]] {
        ana.refused(bezel_tests::member::exit::OFFLINE, verb)?;
        assert!(opens(&ana)? && opens(&ana.by(Unlock::Words(words.clone())))?, "nothing was changed");
    }
    Ok(())
}

#[test]
fn a_new_master_key_leaves_everything_readable_and_ends_the_old_words() -> Result<()> {
    let stage = Stage::new("rekey")?;
    let relay = relay(&stage)?;
    let (ana, words) = owner(&stage, &relay, COMPOSED)?;
    let talk = ana.field(&["conversation", "create", "--title", "Bench"], "conversation")?;
    ana.json(&["send", &talk, "before the new key"])?;
    let before = std::fs::read(ana.home().join("member.db"))?;
    let why = ana.by(Unlock::Words(words.clone())).refused(4, &["vault", "rekey"])?;
    assert!(why.contains("passphrase_needed"), "a passphrase is never dropped unsaid: {why}");

    let new = shown(&ana, &["vault", "rekey"])?;
    assert_eq!(ana.texts(&talk)?, ["before the new key"]);
    assert!(opens(&ana.by(Unlock::Words(new)))?);
    assert!(!opens(&ana.by(Unlock::Words(words)))?, "the old words open nothing");
    let after = std::fs::read(ana.home().join("member.db"))?;
    let same = before.chunks(4096).zip(after.chunks(4096)).filter(|(before, after)| before == after).count();
    assert_eq!(same, 0, "every page is encrypted anew");
    ana.json(&["send", &talk, "after it"])?;
    Ok(())
}

/// Two files change together: whenever the program is killed, the home opens by the passphrase, and all is there.
#[test]
fn a_change_of_keys_that_is_killed_at_any_moment_locks_nobody_out() -> Result<()> {
    let stage = Stage::new("rekey-killed")?;
    let relay = relay(&stage)?;
    let (ana, _) = owner(&stage, &relay, COMPOSED)?;
    let talk = ana.field(&["conversation", "create", "--title", "Bench"], "conversation")?;
    ana.json(&["send", &talk, "still here"])?;
    for moment in 1..=8 {
        let name = format!("rekey-{moment}");
        let mut running = ana.start(&name, &["vault", "rekey", "--json"])?;
        // From when the words are shown on, everything is written; each time it is killed a little later.
        running.until("the words are shown", || {
            Ok(std::fs::read_to_string(ana.folder().join(format!("{name}.log")))?.contains("recovery_words"))
        })?;
        std::thread::sleep(Duration::from_millis(120 * moment));
        running.kill()?;
        assert_eq!(ana.texts(&talk)?, ["still here"], "killed {} ms after the words", 120 * moment);
        assert!(!ana.home().join("slots.next.cbor").exists(), "what was begun is settled");
    }
    Ok(())
}
