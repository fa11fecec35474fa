//! A client in a real browser calls with a member by a link: both see each other, and whoever has another link sees nothing. C8

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezel_tests::browser::Browser;
use bezel_tests::member::Member;
use bezel_tests::process::Running;
use bezel_tests::scene::{Pair, pair};
use serde_json::Value;

const WIDE: (u32, u32) = (1280, 800);
/// What the page shows of the first member: width of the picture, pictures shown, frames opened and refused.
const SEEN: &str = r#"
    const picture = document.querySelector('[data-testid="picture"]');
    const { opened, refused } = document.querySelector('[data-testid="stage"]')?.dataset ?? {};
    const shown = picture?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    arguments[0]({ width: picture?.videoWidth ?? 0, shown, opened: Number(opened ?? 0), refused: Number(refused ?? 0) });
"#;
/// Lets a page note its connections.
const NOTE_PATHS: &str = r#"
    globalThis.paths = [];
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration) {
            super(configuration);
            paths.push(this);
        }
    };
    arguments[0](0);
"#;

/// Two members, of whom ana has made a link into a call, and the link.
fn scene(name: &str) -> Result<(Pair, String)> {
    let pair = pair(name)?;
    let url = pair.ana.field(&["call", "link", &pair.ring, "--hours", "1"], "url")?;
    Ok((pair, url))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_and_a_member_see_each_other_and_another_link_shows_nothing() -> Result<()> {
    let (Pair { stage, relay: _relay, ana, .. }, url) = scene("guest")?;
    let answer = ["call", "answer", "--source", "synthetic", "--sink", "stats", "--admit", "--json"];
    let mut member = ana.start("answer", &answer)?;
    let stranger = knock(stage.path(), "stranger", &with_another_secret(&url)?).await?;
    let client = knock(stage.path(), "client", &url).await?;
    client.see("[data-testid='stage']").await?;

    client
        .until("sixty pictures of 720 lines", async || {
            let seen = client.script(SEEN).await?;
            Ok(seen["width"] == 1280 && number(&seen, "shown") >= 60)
        })
        .await?;
    member.until("the client's 720 lines", || {
        Ok(last_line(&ana)?.is_some_and(|line| line["height"] == 720 && number(&line, "frames_decoded") >= 60))
    })?;
    let (seen, line) = (client.script(SEEN).await?, last_line(&ana)?.context("a line of statistics")?);
    ensure!(number(&seen, "opened") >= 60 && seen["refused"] == 0, "the browser opens every frame: {seen}");
    ensure!(line["decrypt_errors"] == 0 && line["srtp"] == "SRTP_AEAD_AES_256_GCM", "the member opens every frame: {line}");

    client.see("[data-testid='tile'][data-speaks]").await?;
    client.click("[data-testid='safety']").await?;
    let code = client.text("[data-testid='safety-code']").await?.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(line["safety_code"] == code, "both have one code to read aloud: {code} here, {line} there");
    // It comes with the browser's next look at its own statistics.
    client.until("the cipher of its media", async || Ok(client.text("[data-testid='cipher']").await?.contains("AEAD-AES-256-GCM"))).await?;
    client.picture("guest-safety-code").await?;
    client.click("[data-testid='safety']").await?;
    client.picture("guest-call-1280").await?;
    client.size(360, 740).await?;
    client.picture("guest-call-360").await?;
    another_path(&client, &mut member, &ana).await?;
    ensure!(last_line(&ana)?.is_some_and(|line| line["safety_code"] == code), "the code is the same on another path");

    // The stranger knocked first, at a door where everyone is let in: the knock opened nowhere. Then the link was used up.
    ensure!(stranger.script(SEEN).await?["shown"] == 0, "a stranger sees nothing");
    stranger.see("[data-testid='ended'][data-reason='used']").await?;
    let late = Browser::open(stage.path(), "late", WIDE).await?;
    late.go(&url).await?;
    late.see("[data-testid='ended'][data-reason='used']").await?;

    client.click("[data-testid='leave']").await?;
    client.see("[data-testid='ended'][data-reason='left']").await?;
    for browser in [late, stranger, client] {
        browser.close().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_told_that_a_link_was_withdrawn() -> Result<()> {
    let (Pair { stage, relay: _relay, ana, .. }, url) = scene("guest-revoked")?;
    let waits = knock(stage.path(), "waits", &url).await?;
    waits.see("[data-testid='give-up']").await?;
    let link = url.split_once("/call/").and_then(|(_, rest)| rest.split_once('#')).context("a link")?.0;
    let open = ana.lines(&["call", "links"])?;
    ensure!(open.iter().any(|open| open["link"] == link && open["from"] == "ana" && open["is_used"] == false), "{open:?}");
    ana.json(&["call", "unlink", link])?;
    waits.see("[data-testid='ended'][data-reason='revoked']").await?;
    ensure!(ana.lines(&["call", "links"])?.is_empty(), "what was withdrawn is listed no longer");
    waits.close().await
}

/// The browser comes into another network: another path takes the first one's place, and pictures go on both ways.
async fn another_path(client: &Browser, member: &mut Running, ana: &Member) -> Result<()> {
    let before = client.script("arguments[0](paths.length);").await?;
    client.script("dispatchEvent(new Event('online')); arguments[0](0);").await?;
    let states = "arguments[0](paths.map((path) => path.connectionState).join());";
    let is_taken = |states: &str| {
        let states: Vec<&str> = states.split(',').collect();
        states.len() as u64 > before.as_u64().unwrap_or_default()
            && states.iter().rev().skip(1).all(|state| *state == "closed")
            && states.last() == Some(&"connected")
    };
    client.until("another path", async || Ok(client.script(states).await?.as_str().is_some_and(is_taken))).await?;
    let (shown, decoded) =
        (number(&client.script(SEEN).await?, "opened"), last_line(ana)?.map_or(0, |line| number(&line, "frames_decoded")));
    client.until("sixty pictures more", async || Ok(number(&client.script(SEEN).await?, "opened") >= shown + 60)).await?;
    member.until("sixty pictures more of the client", || {
        Ok(last_line(ana)?.is_some_and(|line| number(&line, "frames_decoded") >= decoded + 60))
    })?;
    let (seen, line) = (client.script(SEEN).await?, last_line(ana)?.context("a line of statistics")?);
    ensure!(number(&seen, "refused") == 0 && number(&line, "decrypt_errors") == 0, "nothing failed to open: {seen}, {line}");
    Ok(())
}

/// A browser whose person asks to come in.
async fn knock(folder: &Path, name: &str, url: &str) -> Result<Browser> {
    let browser = Browser::open(folder, name, WIDE).await?;
    browser.go(url).await?;
    browser.script(NOTE_PATHS).await?;
    browser.ask("Chiara Rossi").await?;
    Ok(browser)
}

/// The same link, whose secret has one bit changed.
fn with_another_secret(url: &str) -> Result<String> {
    let (link, fragment) = url.split_once('#').context("a link has a fragment")?;
    let mut bytes = URL_SAFE_NO_PAD.decode(fragment)?;
    *bytes.get_mut(20).context("the secret begins at byte 17")? ^= 1;
    Ok(format!("{link}#{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// What the member's statistics said last.
fn last_line(member: &Member) -> Result<Option<Value>> {
    let log = std::fs::read_to_string(member.folder().join("answer.log"))?;
    Ok(log.lines().rev().filter(|line| line.starts_with("{\"frames_sent\"")).find_map(|line| serde_json::from_str(line).ok()))
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}
