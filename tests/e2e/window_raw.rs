//! C1 in a web view that does not decode VP8: the app decodes, and pictures move all the same.

use anyhow::Result;
use bezel_tests::call::{Room, choose_pattern, hung_up, moves, pattern};

/// What a web view says whose GStreamer lacks the plugin.
const KNOWS_NO_VP8: &str = "VideoDecoder.isConfigSupported = () => Promise.resolve({ supported: false });";
/// One whose plugin is there and refuses every frame.
const REFUSES: &str = "VideoDecoder.prototype.decode = () => { throw new DOMException('refused', 'EncodingError'); };
    window.asked = []; const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) { window.asked.push(new URL(this.url).search); return send.call(this, data); };";
/// Whether the middle of a canvas is neither black nor of one colour.
const IS_A_PICTURE: &str = "const canvas = document.querySelector('[data-testid=call-tile] canvas');
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    return width > 300 && new Set(Array.from({ length: 64 }, (_, step) => data[Math.floor(step * data.length / 256) * 4])).size > 4;";

#[tokio::test(flavor = "multi_thread")]
async fn pictures_move_in_a_web_view_that_does_not_decode() -> Result<()> {
    let room = Room::open("window-raw", &["ben"], &[]).await?;
    let ana = &room.ana;
    choose_pattern(ana).await?;

    // Before a call, where it is asked first.
    ana.script(KNOWS_NO_VP8).await?;
    ana.click("call-video").await?;
    pattern(ana).await?;
    moves(ana, "[data-testid=preview-picture]").await?;
    ana.click("dialog-close").await?;
    ana.gone("call-start").await?;

    // In a call, where it turns out: pictures come as before, and are asked for in the other form.
    let mut ben = room.answer(room.ben()?, &[]).await?;
    ana.script(REFUSES).await?;
    ana.until(
        "planes are asked for",
        async || Ok(ana.script("return window.asked.includes('?form=i420');").await?.as_bool() == Some(true)),
    )
    .await?;
    moves(ana, "[data-testid=call-tile] canvas").await?;
    moves(ana, "[data-testid=call-own] canvas").await?;
    ana.until("a picture is seen", async || Ok(ana.script(IS_A_PICTURE).await?.as_bool() == Some(true))).await?;
    ana.painted().await?;
    ana.picture("call-raw").await?;
    hung_up(ana, &mut ben).await?;
    room.ana.close().await
}
