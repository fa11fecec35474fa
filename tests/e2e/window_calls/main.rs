//! C1, C4 to C8: calls in real windows of the app: one that rings, one for the call, the history. The pictures it takes are kept, to be
//! looked at.

mod devices;
mod group;
mod guest;
mod reconnect;
mod screen;
mod sound;

use anyhow::Result;
use bezel_tests::call::{Room, call, choose_pattern, ended, hung_up, in_call, live, moves, pattern};

/// A member by command line calls the app: it rings in a window of its own, is answered, moves, tells by what it is protected, is muted,
/// left, and stands in the history with how it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_rings_is_answered_moves_is_muted_left_and_remembered() -> Result<()> {
    let room = Room::open("window-call", &["ben"], &[]).await?;
    let (ana, ben) = (&room.ana, room.ben()?);
    // People without a camera choose the moving pattern; so does a test.
    choose_pattern(ana).await?;

    let mut calling = ben.start("call-start", &call(&["start", &room.ring]))?;
    in_call(&mut calling, ana.go_to("window=incoming").await)?;
    ana.see("incoming", "ben").await?;
    ana.see("incoming", "Ring 2041").await?;
    ana.painted().await?;
    ana.picture("call-incoming").await?;
    ana.click("incoming-video").await?;

    live(ana, &mut calling).await?;
    moves(ana, "[data-testid=call-own] canvas").await?;
    ana.painted().await?;
    ana.picture("call-live").await?;

    ana.click("call-statistics").await?;
    ana.see("stats-srtp", "AEAD_AES_256_GCM").await?;
    ana.see("stats-dtls", "256").await?;
    ana.see("stats-frames", "refused: 0").await?;
    moves(ana, "[data-testid=call-tile] canvas").await?;
    ana.painted().await?;
    ana.picture("call-statistics").await?;
    ana.click("call-panel-close").await?;
    ana.gone("stats-srtp").await?;

    ana.click("call-microphone").await?;
    ana.find("call-microphone[data-off='true']").await?;
    ana.click("call-camera").await?;
    ana.find("call-own[data-lit='false']").await?;
    ana.click("call-camera").await?;
    moves(ana, "[data-testid=call-own] canvas").await?;
    ana.picture("call-muted").await?;

    ana.click("call-leave").await?;
    ana.find("call-ended[data-outcome='completed']").await?;
    ana.picture("call-ended").await?;
    ana.back_to(&room.main).await?;
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
    room.ana.close().await
}

/// The app calls after a look at oneself; the other one answers, shares a screen, and hangs up. Then nobody answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_begun_after_a_look_at_oneself_and_may_stay_unanswered() -> Result<()> {
    let room = Room::open("window-calls", &["ben"], &[]).await?;
    let (ana, ben) = (&room.ana, room.ben()?);

    let mut answering = ben.start("call-answer", &call(&["answer", "--within", "120"]))?;
    ana.click("call-video").await?;
    pattern(ana).await?;
    moves(ana, "[data-testid=preview-picture]").await?;
    let level = "return Number(document.querySelector('[data-testid=call-level]').getAttribute('aria-valuenow'))";
    ana.until("the tone is heard", async || Ok(ana.script(level).await?.as_f64().unwrap_or(0.0) > 0.0)).await?;
    ana.picture("call-before").await?;
    ana.click("call-start").await?;
    live(ana, &mut answering).await?;
    // The one who answered leaves.
    hung_up(ana, &mut answering).await?;
    ana.back_to(&room.main).await?;

    // Nobody is there.
    ana.click("call-audio").await?;
    ana.click("call-start").await?;
    ana.go_to("window=call").await?;
    ana.find("call-standing").await?;
    ana.painted().await?;
    ana.picture("call-calling").await?;
    ana.click("call-leave").await?;
    ana.find("call-ended[data-outcome='cancelled']").await?;
    ana.back_to(&room.main).await?;
    ana.see("call-row[data-outcome='cancelled']", "Voice call").await?;
    room.ana.close().await
}
