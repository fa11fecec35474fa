//! A call of three in the window, by its keys; and one that was missed. C1, C6, C7

use anyhow::{Context as _, Result, ensure};
use bezel_tests::call::{Room, call, choose_pattern, hang_up, in_call, moves};
use bezel_tests::window::Window;
use thirtyfour::Key;

/// Whose tiles say how the connection serves.
const MARKED: &str = r#"return [...document.querySelectorAll("[data-testid=call-tile]:has([role=img][aria-label$=connection])")]
    .map((tile) => tile.dataset.person);"#;
/// How large the largest tile is, beside the smallest.
const RATIO: &str = r#"
    const areas = [...document.querySelectorAll("[data-testid=call-tile], [data-testid=call-own]")].map((tile) => {
        const { width, height } = tile.getBoundingClientRect();
        return width * height;
    });
    return Math.max(...areas) / Math.min(...areas);
"#;

#[tokio::test(flavor = "multi_thread")]
async fn three_talk_in_a_grid_or_with_the_speaker_large_and_everything_goes_by_keys() -> Result<()> {
    let room = Room::open("window-group", &["ben", "lena"], &[]).await?;
    let (ana, ben) = (&room.ana, room.ben()?);
    choose_pattern(ana).await?;
    let lena = room.others.get(1).context("lena")?;
    let mut lena = lena.start("call", &call(&["answer", "--within", "120"]))?;
    let mut ben = room.answer(ben, &[]).await?;
    ana.until("two tiles with their quality", async || Ok(ana.script(MARKED).await?.as_array().is_some_and(|marked| marked.len() == 2)))
        .await?;
    for person in ana.script(MARKED).await?.as_array().into_iter().flatten().filter_map(|person| person.as_str()) {
        in_call(&mut lena, moves(ana, &format!("[data-testid=call-tile][data-person='{person}'] canvas")).await)?;
    }
    ensure!(ratio(ana).await? < 1.5, "all are equally large");
    ana.painted().await?;
    ana.picture("call-group-grid").await?;

    ana.press("g").await?;
    ana.until("the speaker large", async || Ok(ratio(ana).await? > 3.0)).await?;
    moves(ana, "[data-testid=call-tile] canvas").await?;
    ana.painted().await?;
    ana.picture("call-group-speaker").await?;
    ana.press("g").await?;
    ana.until("all equally large again", async || Ok(ratio(ana).await? < 1.5)).await?;

    for (key, switched) in [("m", "call-microphone[data-off='true']"), ("v", "call-own[data-lit='false']")] {
        ana.press(key).await?;
        ana.find(switched).await?;
        ana.press(key).await?;
        ana.gone(switched).await?;
    }
    for (key, panel, row) in [("p", "call-people-panel", "call-person"), ("i", "call-statistics-panel", "stats-peer")] {
        ana.press(key).await?;
        ana.find(panel).await?;
        ana.until("a row for each of the others", async || Ok(ana.count(row).await? == 2)).await?;
        ana.painted().await?;
        ana.picture(&format!("call-group-{row}")).await?;
        ana.press(Key::Escape).await?;
        ana.gone(panel).await?;
    }
    ana.press("s").await?;
    ana.find("share-start").await?;
    ana.press(Key::Escape).await?;
    ana.gone("share-start").await?;
    ana.press_with(Key::Shift, 'l').await?;
    ana.find("call-ended[data-outcome='completed']").await?;
    // The others talk on, until they don't.
    ensure!(ben.is_alive() && lena.is_alive(), "whoever leaves ends it for nobody else");
    hang_up(&mut lena)?;
    hang_up(&mut ben)?;

    missed(&room).await?;
    room.ana.close().await
}

/// Ben calls once more, and nobody answers in time.
async fn missed(room: &Room) -> Result<()> {
    let ana = &room.ana;
    let mut ben = room.ben()?.start("again", &call(&["start", &room.ring]))?;
    in_call(&mut ben, ana.go_to("window=incoming").await)?;
    ana.see("incoming", "ben").await?;
    hang_up(&mut ben)?;
    ana.back_to(&room.main).await?;
    ana.until("a missed call beside the rail's entry", async || {
        let label = ana.find("nav-calls").await?.attr("aria-label").await?;
        Ok(label.is_some_and(|label| label.contains("1 missed call")))
    })
    .await?;
    ana.see("call-row[data-outcome='missed']", "Missed").await?;
    ana.painted().await?;
    ana.picture("call-missed").await?;
    ana.click("nav-calls").await?;
    ana.see("call-line[data-outcome='completed']", "pictures/s").await?;
    ana.painted().await?;
    ana.picture("call-group-history").await?;
    ana.click("calls-missed").await?;
    ana.until(
        "only what was missed",
        async || Ok(ana.count("call-line").await? == 1 && ana.has("call-line[data-outcome='missed']").await?),
    )
    .await?;
    let label = ana.find("nav-calls").await?.attr("aria-label").await?;
    ensure!(label.as_deref() == Some("Calls"), "what was looked at is no news: {label:?}");
    Ok(())
}

async fn ratio(ana: &Window) -> Result<f64> {
    ana.script(RATIO).await?.as_f64().context("tiles")
}
