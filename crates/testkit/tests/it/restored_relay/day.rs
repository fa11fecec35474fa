//! A relay that is put back to any moment of a day.

use anyhow::Result;
use bezel_core::{conversation, sync};
use bezel_testkit::texts;

use super::{Scene, alarms};

/// So many times of one day the relay is copied, and put back from each of these copies, one after the other.
const COPIES: usize = 50;

/// A busy day with a copy before every step. From whichever of them the relay is put back, all that was said that day is at its place again, and
/// whoever wants to say more says it.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_put_back_to_any_moment_of_a_busy_day_has_the_whole_day_again() -> Result<()> {
    let mut scene = Scene::open().await?;
    for step in 0..COPIES {
        scene.shop.copy_relay(&step.to_string()).await?;
        let members = scene.members();
        scene.say(members[step % 3], &format!("{step}")).await?;
        if step % 4 == 0 {
            sync::once(members[(step + 1) % 3]).await?;
        }
        if step % 9 == 5 {
            conversation::rotate(&scene.ana, scene.ring).await?;
        }
        scene.shop.minutes_pass(7);
    }
    scene.round().await?;
    let mut said = texts(&scene.ana, scene.ring).await?;
    assert_eq!(said.len(), COPIES);
    // Not in order: each has another past than the one before.
    for copy in (0..COPIES).map(|step| step * 17 % COPIES) {
        scene.shop.put_back(&copy.to_string()).await?;
        scene.round().await?;
        scene.round().await?;
        let members = scene.members();
        let text = format!("after {copy}");
        scene.say(members[copy % 3], &text).await?;
        said.push(text);
        scene.round().await?;
        let expected: Vec<&str> = said.iter().map(String::as_str).collect();
        scene.all_read(&expected).await?;
    }
    assert_eq!(scene.shop.count("SELECT count(*) FROM conversation_log WHERE kind = 6").await?, i64::try_from(COPIES)?);
    for member in scene.members() {
        assert_eq!(alarms(member).await?, ["relay_restored"]);
    }
    Ok(())
}
