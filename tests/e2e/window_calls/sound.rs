//! Loudspeakers and microphones of a real sound server in a call: chosen, heard, and unplugged. C7

use anyhow::Result;
use bezel_tests::call::{Room, choose, choose_pattern, hung_up, in_call, moves};
use bezel_tests::scene::Stage;
use bezel_tests::sound::SoundServer;
use thirtyfour::Key;

/// The pitch of the synthetic tone.
const TONE: f32 = 440.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_loudspeaker_is_chosen_heard_and_replaced_when_it_is_unplugged() -> Result<()> {
    let stage = Stage::new("window-sound-server")?;
    let server = SoundServer::start(&stage.folder("sound"), &["Hall", "Desk"])?;
    let variables = server.variables();
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let room = Room::open("window-sound", &["ben"], &variables).await?;
    let ana = &room.ana;
    choose_pattern(ana).await?;
    let mut ben = room.answer(room.ben()?, &[]).await?;

    ana.click("call-microphone-menu").await?;
    choose(ana, "speaker", "Hall").await?;
    ana.press(Key::Escape).await?;
    in_call(&mut ben, server.hear("Hall", TONE))?;

    // The server lets the call be heard elsewhere.
    server.unplug("Hall")?;
    in_call(&mut ben, server.hear("Desk", TONE))?;
    // There is nothing left to be heard by: the call goes on and says so.
    server.unplug("Desk")?;
    ana.see("call-problem", "Hall").await?;
    moves(ana, "[data-testid=call-tile] canvas").await?;
    ana.painted().await?;
    ana.picture("call-no-speaker").await?;
    ana.click("call-problem-action").await?;
    choose(ana, "speaker", "Silence").await?;
    ana.gone("call-problem").await?;
    ana.click("dialog-close").await?;
    hung_up(ana, &mut ben).await?;
    room.ana.close().await
}
