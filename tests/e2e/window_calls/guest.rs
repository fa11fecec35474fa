//! A client who comes by a link, from the window's side: at the door, in the call, sent away. C8

use anyhow::{Result, ensure};
use bezel_tests::browser::Browser;
use bezel_tests::call::{Room, choose_pattern, leave_sound_alone, moves};
use bezel_tests::window::Window;

/// How loud the loudest of the others is.
const LOUDEST: &str = r#"
    const [done] = arguments;
    window.__TAURI_INTERNALS__.invoke("call_stats").then((stats) => done(Math.max(0, ...(stats?.peers ?? []).map(({ level }) => level))));
"#;
const SHOWN: &str = r#"arguments[0](document.querySelector("[data-testid=picture]")?.getVideoPlaybackQuality().totalVideoFrames ?? 0)"#;

/// The loudest sample of a moment of what the page plays.
const HEARD: &str = r#"
    const [done] = arguments;
    const voice = document.querySelector("[data-testid=tile] audio")?.srcObject;
    if (!voice) return done(0);
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(voice).connect(analyser);
    setTimeout(() => {
        const samples = new Float32Array(analyser.fftSize);
        analyser.getFloatTimeDomainData(samples);
        done(Math.max(...samples));
        context.close();
    }, 300);
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_let_in_seen_and_heard_and_sent_away_and_another_is_refused() -> Result<()> {
    let room = Room::open("window-guest", &["ben"], &[]).await?;
    let ana = &room.ana;
    choose_pattern(ana).await?;
    ana.click("call-invite").await?;
    let url = link(ana, "call-link").await?;
    let client = Browser::knock(room.stage.path(), "client", &url, "Chiara Rossi").await?;
    ana.go_to("window=incoming").await?;
    ana.see("incoming", "Chiara Rossi waits at the door").await?;
    ana.painted().await?;
    ana.picture("call-client-rings").await?;
    ana.click("incoming-video").await?;

    ana.go_to("window=call").await?;
    ana.size(1040, 680).await?;
    ana.find("call-window[data-phase='live']").await?;
    moves(ana, "[data-testid=call-tile] canvas").await?;
    leave_sound_alone(ana).await?;
    ana.until("the client is heard", async || Ok(ana.script_async(LOUDEST).await?.as_f64() > Some(0.0))).await?;
    client.until("pictures of ana", async || Ok(client.script(SHOWN).await?.as_i64() > Some(5))).await?;
    client.until("the sound of ana", async || Ok(client.script(HEARD).await?.as_f64() > Some(0.01))).await?;
    client.click("[data-testid='safety']").await?;
    let theirs = digits(&client.text("[data-testid='safety-code']").await?);
    let ours = digits(&ana.text("call-code").await?);
    ensure!(ours.len() == 16 && ours == theirs, "both have one code to read aloud: {ours} here, {theirs} there");
    ana.painted().await?;
    ana.picture("call-client").await?;
    ana.click("call-code-same").await?;
    ana.gone("call-code").await?;

    // Another client comes by a link of their own, and is not let in.
    ana.click("call-people").await?;
    ana.click("call-invite").await?;
    let url = link(ana, "call-link-again").await?;
    let other = Browser::knock(room.stage.path(), "other", &url, "Vittoria Bianchi").await?;
    ana.see("call-waiting", "Vittoria Bianchi").await?;
    ana.painted().await?;
    ana.picture("call-door").await?;
    ana.click("call-refuse").await?;
    ana.gone("call-waiting").await?;
    other.see("[data-testid='ended'][data-reason='refused']").await?;
    moves(ana, "[data-testid=call-tile] canvas").await?;

    ana.click("call-send-away").await?;
    ana.find("confirm").await?;
    ana.painted().await?;
    ana.picture("call-send-away").await?;
    ana.click("confirm").await?;
    // Nobody else is there; the window closes by itself a few seconds later.
    ana.find("call-ended[data-outcome='completed']").await?;
    client.see("[data-testid='ended']").await?;
    client.picture("guest-sent-away").await?;
    ana.back_to(&room.main).await?;
    ana.see("call-row[data-outcome='completed']", "with a client").await?;
    for browser in [client, other] {
        browser.close().await?;
    }
    room.ana.close().await
}

/// Makes a link in the dialog that is open, and puts it away.
async fn link(ana: &Window, picture: &str) -> Result<String> {
    ana.click("link-make").await?;
    let url = ana.text("link-url").await?;
    ana.painted().await?;
    ana.picture(picture).await?;
    ana.click("dialog-close").await?;
    ana.gone("link-url").await?;
    Ok(url.trim().to_owned())
}

fn digits(code: &str) -> String {
    code.chars().filter(char::is_ascii_digit).collect()
}
