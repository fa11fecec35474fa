//! C1, C4 to C7: calls in real windows of the app: one that rings, one for the call, the history. The pictures it takes are kept, to be
//! looked at.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use bezel_tests::member::Member;
use bezel_tests::process::Running;
use bezel_tests::relay::Relay;
use bezel_tests::scene::{self, Stage, relay};
use bezel_tests::window::Window;
use thirtyfour::Key;

/// A member by command line calls the app: it rings in a window of its own, is answered, moves, tells by what it is protected, is muted,
/// left, and stands in the history with how it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_rings_is_answered_moves_is_muted_left_and_remembered() -> Result<()> {
    let stage = Stage::new("window-call")?;
    let relay = relay(&stage)?;
    let (ana, ben, conversation) = two(&stage, &relay).await?;
    // People without a camera choose the moving pattern; so does a test.
    choose_pattern(&ana).await?;

    let mut calling = ben.start("call-start", &call(&["start", &conversation]))?;
    let main = ana.here().await?;
    in_call(&mut calling, ana.go_to("window=incoming").await)?;
    ana.see("incoming", "ben").await?;
    ana.see("incoming", "Ring 2041").await?;
    ana.painted().await?;
    ana.picture("call-incoming").await?;
    ana.click("incoming-video").await?;

    ana.go_to("window=call").await?;
    ana.size(1040, 680).await?;
    in_call(&mut calling, ana.find("call-window[data-phase='live']").await)?;
    moves(&ana, "[data-testid=call-tile] canvas").await?;
    moves(&ana, "[data-testid=call-own] canvas").await?;
    ana.painted().await?;
    ana.picture("call-live").await?;

    ana.click("call-statistics").await?;
    ana.see("stats-srtp", "AEAD_AES_256_GCM").await?;
    ana.see("stats-dtls", "256").await?;
    ana.see("stats-frames", "refused: 0").await?;
    moves(&ana, "[data-testid=call-tile] canvas").await?;
    ana.painted().await?;
    ana.picture("call-statistics").await?;
    ana.click("call-panel-close").await?;
    ana.gone("stats-srtp").await?;

    ana.click("call-microphone").await?;
    ana.find("call-microphone[data-off='true']").await?;
    ana.click("call-camera").await?;
    ana.find("call-own[data-lit='false']").await?;
    ana.click("call-camera").await?;
    moves(&ana, "[data-testid=call-own] canvas").await?;
    ana.picture("call-muted").await?;

    ana.click("call-leave").await?;
    ana.find("call-ended[data-outcome='completed']").await?;
    ana.picture("call-ended").await?;
    ana.back_to(&main).await?;
    // The other one is left alone, and leaves too.
    ended(&mut calling)?;

    ana.see("call-row[data-outcome='completed']", "Video call").await?;
    ana.painted().await?;
    ana.picture("call-row").await?;
    ana.click("nav-calls").await?;
    ana.see("call-line[data-outcome='completed']", "Ring 2041").await?;
    ana.see("call-quality", "ms").await?;
    ana.painted().await?;
    ana.picture("call-history").await?;
    ana.close().await
}

/// The app calls after a look at oneself; the other one answers, shares a screen, and hangs up. Then nobody answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_begun_after_a_look_at_oneself_and_may_stay_unanswered() -> Result<()> {
    let stage = Stage::new("window-calls")?;
    let relay = relay(&stage)?;
    let (ana, ben, _) = two(&stage, &relay).await?;
    let main = ana.here().await?;

    let mut answering = ben.start("call-answer", &call(&["answer", "--within", "120"]))?;
    ana.click("call-video").await?;
    pattern(&ana).await?;
    moves(&ana, "[data-testid=preview-picture]").await?;
    let level = "return Number(document.querySelector('[data-testid=call-level]').getAttribute('aria-valuenow'))";
    ana.until("the tone is heard", async || Ok(ana.script(level).await?.as_f64().unwrap_or(0.0) > 0.0)).await?;
    ana.picture("call-before").await?;
    ana.click("call-start").await?;
    ana.go_to("window=call").await?;
    ana.size(1040, 680).await?;
    in_call(&mut answering, ana.find("call-window[data-phase='live']").await)?;
    moves(&ana, "[data-testid=call-tile] canvas").await?;
    // The one who answered leaves.
    hang_up(&mut answering)?;
    ana.find("call-ended").await?;
    ana.back_to(&main).await?;

    // Nobody is there.
    ana.click("call-audio").await?;
    ana.click("call-start").await?;
    ana.go_to("window=call").await?;
    ana.find("call-standing").await?;
    ana.painted().await?;
    ana.picture("call-calling").await?;
    ana.click("call-leave").await?;
    ana.find("call-ended[data-outcome='cancelled']").await?;
    ana.back_to(&main).await?;
    ana.see("call-row[data-outcome='cancelled']", "Voice call").await?;
    ana.close().await
}

/// The common beginning: ana in a window, ben by command line, and a conversation of both, open in the window.
async fn two(stage: &Stage, relay: &Relay) -> Result<(Window, Member, String)> {
    let ben = Member::with_passphrase(stage.path(), "ben")?;
    scene::found(&ben, "Maison Lune", &relay.url())?;
    let link = ben.field(&["invite", "create", "--role", "admin"], "link")?;
    let ana = enter(stage.path(), &link).await?;
    ben.json(&["sync"])?;
    let conversation = ben.field(&["conversation", "create", "--title", "Ring 2041", "--with", "ana"], "conversation")?;
    ana.see("conversation-item", "Ring 2041").await?;
    ana.click("conversation-item").await?;
    ana.find("hallmark").await?;
    Ok((ana, ben, conversation))
}

async fn enter(folder: &Path, link: &str) -> Result<Window> {
    let ana = Window::open(folder, "ana").await?;
    ana.size(1280, 800).await?;
    ana.click("door-join").await?;
    ana.fill("field-link", link).await?;
    ana.fill("field-handle", "ana").await?;
    ana.click("submit").await?;
    ana.find("recovery-word").await?;
    ana.click("recovery-later").await?;
    ana.find("conversation-new").await?;
    Ok(ana)
}

/// A verb of calls with the synthetic source.
fn call<'a>(verb: &[&'a str]) -> Vec<&'a str> {
    [&["call"], verb, &["--source", "synthetic", "--json"]].concat()
}

/// Chooses pattern, tone and silence where one looks at oneself, and goes back.
async fn choose_pattern(ana: &Window) -> Result<()> {
    ana.click("call-video").await?;
    pattern(ana).await?;
    ana.click("dialog-close").await?;
    ana.gone("call-start").await
}

/// By key: lists move while they open, and a press may meet the entry beside.
async fn pattern(ana: &Window) -> Result<()> {
    for (device, entry) in [("camera", "Moving pattern"), ("microphone", "Test tone"), ("speaker", "Silence")] {
        let button = format!("call-choose-{device}");
        ana.until(&format!("{entry} as {device}"), async || {
            // `innerText` is what is rendered; the driver's own text is empty for buttons that lay out their content.
            let shown = ana.find(&button).await?.prop("innerText").await?.unwrap_or_default();
            if shown.contains(entry) {
                return Ok(true);
            }
            if ana.has("option-synthetic").await? {
                let _ = ana.find("option-synthetic").await?.send_keys(Key::Enter).await;
            } else {
                let _ = ana.find(&button).await?.send_keys(Key::Down).await;
            }
            Ok(false)
        })
        .await?;
    }
    Ok(())
}

/// Waits until more pictures were drawn there than before; how many a second is nothing for a busy machine.
async fn moves(ana: &Window, canvas: &str) -> Result<()> {
    let drawn = format!("const canvas = document.querySelector('{canvas}'); return canvas ? Number(canvas.dataset.frames) : -1;");
    let drawn = async || Ok::<_, anyhow::Error>(ana.script(&drawn).await?.as_i64().unwrap_or(-1));
    ana.until(&format!("pictures on {canvas}"), async || Ok(drawn().await? > 0)).await?;
    let before = drawn().await?;
    ana.until(&format!("pictures on {canvas} to go on"), async || Ok(drawn().await? > before + 5)).await
}

/// What the window says, with the end of the other side's log where it fails.
fn in_call<T>(other: &mut Running, seen: Result<T>) -> Result<T> {
    let is_alive = other.is_alive();
    seen.with_context(|| format!("the other side ({}) said:\n{}", if is_alive { "runs" } else { "ended" }, end_of(&other.log())))
}

/// Ctrl C, as a person presses it.
fn hang_up(other: &mut Running) -> Result<()> {
    let done = std::process::Command::new("kill").arg("-INT").arg(other.id().to_string()).status()?;
    ensure!(done.success(), "the signal could not be sent");
    ended(other)
}

fn ended(other: &mut Running) -> Result<()> {
    bezel_tests::process::wait_for("the other side to leave", || Ok((!other.is_alive()).then_some(())))?;
    ensure!(!other.log().contains("panicked"), "{}", end_of(&other.log()));
    Ok(())
}

fn end_of(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.contains("TRACE") && !line.contains("DEBUG")).collect();
    lines.get(lines.len().saturating_sub(25)..).unwrap_or_default().join("\n")
}
