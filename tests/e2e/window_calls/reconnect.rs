//! A path that breaks during a call. C4

use anyhow::Result;
use bezel_tests::call::{Room, choose_pattern, hung_up, in_call, live, moves};
use bezel_tests::relay::Relay;

/// The other process stands still, as a machine that sleeps: nothing comes of it. Then the relay is away for a moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_path_breaks_says_so_and_goes_on_by_itself() -> Result<()> {
    let room = Room::open("window-broken", &["ben"], &[]).await?;
    choose_pattern(&room.ana).await?;
    let mut ben = room.answer(room.ben()?, &[]).await?;
    let Room { ana, relay, stage, .. } = room;
    ben.signal("STOP")?;
    ana.find("call-window[data-phase='reconnecting']").await?;
    ana.see("call-standing", "Trying again").await?;
    ana.painted().await?;
    ana.picture("call-reconnecting").await?;
    ben.signal("CONT")?;
    live(&ana, &mut ben).await?;
    ana.gone("call-countdown").await?;

    let port = relay.port();
    relay.kill()?;
    let relay = Relay::start_on(&stage.folder("relay"), port)?;
    in_call(&mut ben, moves(&ana, "[data-testid=call-tile] canvas").await)?;
    ana.find("call-window[data-phase='live']").await?;
    // What ben says goes over the relay that came back.
    hung_up(&ana, &mut ben).await?;
    ana.close().await?;
    drop(relay);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_does_not_come_back_asks_and_is_tried_again() -> Result<()> {
    let room = Room::open("window-lost", &["ben"], &[("WEBRTC_MAX_RECONNECTION_ATTEMPTS", "1")]).await?;
    let ana = &room.ana;
    choose_pattern(ana).await?;
    let mut ben = room.answer(room.ben()?, &[]).await?;
    ben.signal("STOP")?;
    ana.find("call-window[data-phase='lost']").await?;
    ana.see("call-standing", "does not come back").await?;
    ana.painted().await?;
    ana.picture("call-lost").await?;
    ana.click("call-retry").await?;
    ana.find("call-window[data-phase='reconnecting']").await?;
    ben.signal("CONT")?;
    // Where the machine is too slow for one attempt, a person presses again.
    ana.until("the call to go on", async || {
        if ana.has("call-retry").await? {
            ana.click("call-retry").await?;
        }
        ana.has("call-window[data-phase='live']").await
    })
    .await?;
    in_call(&mut ben, moves(ana, "[data-testid=call-tile] canvas").await)?;
    ana.click("call-leave").await?;
    ana.find("call-ended[data-outcome='completed']").await?;
    room.ana.close().await
}
