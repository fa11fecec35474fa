//! A device that is not there in a call, and another in its place. C3

use anyhow::Result;
use bezel_tests::call::{Room, choose, choose_pattern, ended, moves};

/// Somebody chose a camera that is not plugged in today.
const NO_CAMERA: &str = r#"localStorage.setItem("bezel.calls", JSON.stringify({
    ...JSON.parse(localStorage.getItem("bezel.calls")), camera: { kind: "device", id: "97" },
}))"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_is_not_there_is_told_and_replaced_on_the_spot() -> Result<()> {
    let room = Room::open("window-camera", &["ben"], &[]).await?;
    let ana = &room.ana;
    choose_pattern(ana).await?;
    ana.script(NO_CAMERA).await?;
    let mut ben = room.answer(room.ben()?, &[]).await?;
    // The call goes on without the camera, until another is chosen.
    ana.see("call-problem", "The camera 97 can't be used").await?;
    ana.find("call-own[data-lit='false']").await?;
    ana.painted().await?;
    ana.picture("call-no-camera").await?;
    ana.click("call-problem-action").await?;
    choose(ana, "camera", "Moving pattern").await?;
    ana.gone("call-problem").await?;
    ana.click("dialog-close").await?;
    moves(ana, "[data-testid=call-own] canvas").await?;
    ana.click("call-leave").await?;
    ana.find("call-ended[data-outcome='completed']").await?;
    ended(&mut ben)?;
    room.ana.close().await
}
