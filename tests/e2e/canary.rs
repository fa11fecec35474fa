//! Canaries: words that nobody else writes, and real keys, must appear in no file, no log and on no wire.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bezel_tests::keyring::{Keyring, SERVICE};
use bezel_tests::member::{Member, Unlock};
use bezel_tests::needle::{Needle, leaks};
use bezel_tests::process::wait_for;
use bezel_tests::scene::{Stage, found, join, relay};
use bezel_tests::wire::Wire;

const TEXT: &str = "The canary text: zirconium vermilion quokka 90317";
const REPLY: &str = "The canary reply: obsidian saffron axolotl 55482";
const FILE_NAME: &str = "canary magenta wombat 31864.bmp";
const TITLE: &str = "Canary title periwinkle numbat 77120";

#[test]
fn no_text_title_or_key_is_in_files_logs_or_on_the_wire() -> Result<()> {
    let stage = Stage::new("canary")?;
    let relay = relay(&stage)?;
    let wire = Wire::tap(relay.port(), &stage.folder("wire"))?;
    // The keyring itself lies elsewhere: it is the one place where the master key may be.
    let keyrings = Stage::new("canary-keyring")?;
    let (first, second) = (Keyring::open(&keyrings.folder("ana"))?, Keyring::open(&keyrings.folder("ben"))?);
    let ana = Member::new(stage.path(), "ana", Unlock::Keychain(first.address().to_owned()))?;
    let ben = Member::new(stage.path(), "ben", Unlock::Keychain(second.address().to_owned()))?;

    let words = found(&ana, "Maison Lune", &wire.url())?.words;
    join(&ana, &ben, "member")?;
    ana.json(&["sync"])?;
    let talk = ana.field(&["conversation", "create", "--title", TITLE, "--with", "ben"], "conversation")?;
    ana.json(&["send", &talk, TEXT])?;
    ben.json(&["sync"])?;
    ben.json(&["send", &talk, REPLY])?;
    ana.json(&["sync"])?;
    ana.json(&["conversation", "rotate", &talk])?;
    // Woken over the socket, too.
    let mut follow = ben.start("follow", &["sync", "--follow", "--json"])?;
    follow.until("it follows", || Ok(!std::fs::read(ben.folder().join("follow.log"))?.is_empty()))?;
    ana.json(&["send", &talk, TEXT])?;
    follow.until("it is woken", || Ok(std::fs::read_to_string(ben.folder().join("follow.log"))?.contains("woken by the relay")))?;
    drop(follow);
    ben.json(&["sync"])?;
    ana.lines(&["search", "vermilion"])?;
    ensure!(ben.texts(&talk)? == [TEXT, REPLY, TEXT], "the journey itself went well");
    // A picture, whose thumbnail goes along; the plaintext on either side lies elsewhere, where its owner put it.
    let desk = Stage::new("canary-desk")?;
    let thumbnail = exchange_picture(&ana, &ben, &talk, desk.path())?;
    let secret = call(&ana, &ben, &talk)?;

    let picture = picture();
    let mut needles = vec![
        Needle::text("the name of a file", FILE_NAME),
        Needle::bytes("a file", picture.get(20_000..20_064).context("a stretch of the file")?),
        Needle::bytes("a thumbnail", thumbnail.get(200..264).context("a stretch of the thumbnail")?),
        Needle::bytes("the secret of a link into a call", secret.get(17..49).context("a secret after version and call")?),
    ];
    needles.extend([Needle::text("a message", TEXT), Needle::text("a reply", REPLY), Needle::text("a title", TITLE)]);
    needles.push(Needle::text("the recovery words", &words.join(" ")));
    needles.push(Needle::text("some recovery words", &words.iter().take(4).cloned().collect::<Vec<_>>().join(" ")));
    for (name, keyring) in [("ana", &first), ("ben", &second)] {
        let account = keyring.account_of(SERVICE)?.with_context(|| format!("the entry of {name}"))?;
        let master = keyring.secret(&[("service", SERVICE), ("username", &account)])?.context("the master key")?;
        ensure!(master.len() >= 32, "a master key has at least 32 bytes, not {}", master.len());
        needles.push(Needle::bytes(&format!("the master key of {name}"), &master));
    }

    // The search itself works, and there was something to search.
    let (connections, heard) = wire.heard()?;
    ensure!(connections > 0 && heard > 10_000, "{connections} connections, {heard} bytes went through the tap");
    let log = std::fs::read_to_string(ana.folder().join("stderr.log"))?;
    ensure!(log.contains("a commit was applied"), "the logs were on: {log}");
    std::fs::write(stage.folder("planted"), TEXT)?;
    ensure!(leaks(stage.path(), &needles)?.len() == 1, "exactly the planted canary is found: {:?}", leaks(stage.path(), &needles)?);
    Ok(())
}

/// Ana sends a picture, ben saves it, both look at the log, and one more is withdrawn. Answers the thumbnail that travelled.
fn exchange_picture(ana: &Member, ben: &Member, talk: &str, desk: &Path) -> Result<Vec<u8>> {
    let (path, copy) = (desk.join(FILE_NAME), desk.join("copy.bmp"));
    std::fs::write(&path, picture())?;
    let file = ana.field(&["file", "send", talk, &path.to_string_lossy()], "file")?;
    ben.json(&["sync"])?;
    ben.json(&["file", "get", &file, "--out", &copy.to_string_lossy()])?;
    ensure!(std::fs::read(&copy)? == picture(), "the picture arrived");
    let listed = ben.json(&["file", "list"])?;
    let url =
        listed.get("thumbnail").and_then(serde_json::Value::as_str).and_then(|url| url.split_once(',')).context("it has a thumbnail")?;
    ana.json(&["sync"])?;
    ensure!(!ana.lines(&["file", "log", &file])?.is_empty(), "there is a log");
    let other = ana.field(&["file", "send", talk, &path.to_string_lossy(), "--to", "ben"], "file")?;
    ana.json(&["file", "revoke", &other])?;
    ben.json(&["sync"])?;
    Ok(STANDARD.decode(url.1)?)
}

/// The two call each other, and ana makes a link for a client. Answers what stands behind the link's #.
fn call(ana: &Member, ben: &Member, talk: &str) -> Result<Vec<u8>> {
    let answer = ["call", "answer", "--source", "synthetic", "--sink", "stats", "--duration", "2", "--json"];
    let mut answering = ben.start("answer", &answer)?;
    let start = ["call", "start", talk, "--source", "synthetic", "--sink", "stats", "--duration", "2"];
    let seen = ana.lines(&start)?.pop().context("statistics of the call")?;
    let number = |name| seen.get(name).and_then(serde_json::Value::as_u64);
    ensure!(number("frames_decoded") > Some(0) && number("decrypt_errors") == Some(0), "the call itself went well: {seen}");
    wait_for("the end of the call", || Ok((!answering.is_alive()).then_some(())))?;
    let link = ana.field(&["call", "link", talk], "url")?;
    let (_, fragment) = link.split_once('#').context("a link has a fragment")?;
    Ok(URL_SAFE_NO_PAD.decode(fragment)?)
}

/// A bitmap of noise, 200 × 100 pixels (BITMAPINFOHEADER, 24 bits).
fn picture() -> Vec<u8> {
    let (width, height) = (200_u32, 100_u32);
    let size = width * height * 3;
    let mut bitmap = b"BM".to_vec();
    for word in [54 + size, 0, 54, 40, width, height, 1 | 24 << 16, 0, size, 2835, 2835, 0, 0] {
        bitmap.extend(word.to_le_bytes());
    }
    let mut state = 0x0123_4567_89ab_cdef_u64;
    bitmap.extend((0..size).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    }));
    bitmap
}
