//! Screens during a call, both ways. C5

use std::process::Command;

use anyhow::{Result, ensure};
use bezel_tests::call::{Room, choose_pattern, hung_up, in_call, last_line, number};
use bezel_tests::display::Display;
use bezel_tests::process::{Running, wait_for};
use serde_json::json;

/// The colour of the other side's screen, in the middle of the canvas that shows it.
const COLOUR: &str = r#"
    const canvas = document.querySelector("[data-testid=call-tile][data-screen=true] canvas");
    if (!canvas) return [];
    return [...canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data].slice(0, 3);
"#;
/// Whether the screen is the large tile.
const IS_LARGE: &str = r#"
    const area = (tile) => { const { width, height } = tile.getBoundingClientRect(); return width * height; };
    const [screen, ...others] = document.querySelectorAll("[data-testid=call-tile]");
    return screen.dataset.screen === "true" && others.length === 1 && others.every((other) => area(screen) > 4 * area(other));
"#;
const RUBY: [u8; 3] = [0xc8, 0x28, 0x50];

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_is_chosen_and_shared_and_the_other_sides_is_shown_large() -> Result<()> {
    let room = Room::open("window-screen", &["ben"], &[]).await?;
    let ana = &room.ana;
    let display = Display::start(&room.stage.folder("display"))?;
    paint(&display)?;
    choose_pattern(ana).await?;
    let ben = room.ben()?.with("DISPLAY", display.name());
    let mut ben = room.answer(&ben, &["--screen", "--sink", "stats"]).await?;

    // WebKit takes the colours of large pictures for those of BT.709, whatever it is told: red is some steps off.
    let colour = ana.until("the colour of ben's screen", async || {
        let seen = ana.script(COLOUR).await?;
        let is_near = |(at, wanted): (usize, &u8)| {
            seen.get(at).and_then(|seen| seen.as_i64()).is_some_and(|seen| (seen - i64::from(*wanted)).abs() < 24)
        };
        Ok(RUBY.iter().enumerate().all(is_near))
    });
    in_call(&mut ben, colour.await)?;
    ensure!(ana.script(IS_LARGE).await? == json!(true), "a screen is there to be looked at");
    ana.painted().await?;
    ana.picture("call-screen").await?;

    ana.click("call-share").await?;
    ana.find("share-option").await?;
    ana.painted().await?;
    ana.picture("call-share-picker").await?;
    ana.click("share-start").await?;
    ana.gone("share-start").await?;
    ana.find("call-sharing").await?;
    wait_for("ana's screen at ben's", || Ok((number(&ben, "screen_frames") > 3).then_some(())))?;
    ana.find("call-share[aria-pressed='true']").await?;
    ana.painted().await?;
    ana.picture("call-sharing").await?;
    ana.click("call-sharing-action").await?;
    ana.gone("call-sharing").await?;
    ana.find("call-share[aria-pressed='false']").await?;
    no_more_comes(&ben)?;
    hung_up(ana, &mut ben).await?;
    room.ana.close().await
}

/// A screen of one colour, as far as nothing lies over it.
fn paint(display: &Display) -> Result<()> {
    let colour = RUBY.map(|part| format!("{part:02x}")).concat();
    let done = Command::new("xsetroot").args(["-display", display.name(), "-solid", &format!("#{colour}")]).status()?;
    ensure!(done.success(), "the display was not painted");
    Ok(())
}

/// Waits until the other side counts no new picture of a screen from one line of its statistics to the next.
fn no_more_comes(other: &Running) -> Result<()> {
    let seen = || last_line(other).map(|_| (number(other, "frames_decoded"), number(other, "screen_frames")));
    let mut last = seen();
    wait_for("the end of ana's screen", || {
        let now = seen();
        if now == last {
            return Ok(None);
        }
        // Her camera goes on.
        let is_over = now.map(|(_, screen)| screen) == last.map(|(_, screen)| screen);
        last = now;
        Ok(is_over.then_some(()))
    })
}
