//! The walk over the real group: five people, each on a line of their own that is honest, cut or in a liar's hand.
//!
//! Now and then everybody comes by, and nobody may be stuck: all who stand read the same and are heard. At the end each device is handed
//! every envelope of the log, and opens what was said while it was in, no more.

mod cast;
mod ledger;
mod rights;
mod scene;
mod settle;
mod step;

use anyhow::{Context as _, Result};

use crate::walk::chance::Chance;
use crate::walk::tally::Tally;
use scene::Scene;

/// Steps of one walk.
pub(crate) const WALK: usize = 200;
/// After so many steps everybody comes by.
const SETTLE: usize = 50;

pub(crate) async fn walk(seed: u64, steps: usize) -> Result<Tally> {
    let mut chance = Chance::new(seed);
    let mut scene = Scene::open().await.context("the beginning")?;
    let mut tally = Tally::new(seed);
    for number in 1..=steps {
        let step = scene.choose(&mut chance).context("there is a next step")?;
        tally.begin(&step);
        let outcome = go(&mut scene, step, number).await.with_context(|| tally.walked())?;
        tally.end(outcome);
    }
    scene.check_keys().await.with_context(|| tally.walked())?;
    Ok(tally)
}

async fn go(scene: &mut Scene, step: step::Step, number: usize) -> Result<&'static str> {
    let before = rights::Before::of(scene);
    let outcome = scene.take(step, number).await?;
    scene.read().await?;
    before.check(scene, step)?;
    for who in step.people() {
        scene.check_shown(who).await?;
    }
    if number.is_multiple_of(SETTLE) {
        scene.settle(number).await.context("then everybody comes by")?;
    }
    Ok(outcome)
}
