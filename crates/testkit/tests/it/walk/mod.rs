//! Random walks over members and a relay: roles, removals, people who leave and come back, restarts, on a clock that is set.
//!
//! On every step nobody shows as verified what its author did not write at that place, or what was said while the reader was out, and
//! nothing is changed by somebody without the right to it. Nobody is stuck for good.
//!
//! A failure prints the seed and the steps. `BEZEL_WALK_SEED` begins with another walk, `BEZEL_WALK_STEPS` goes on for longer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails where it panics")]

mod chance;
mod real;
mod stand_in;
mod tally;

use anyhow::{Context as _, Result};

use tally::Tally;

/// Walks until so many steps are taken, each walk by a seed of its own, as many walks at once as there are processors.
async fn walk<W>(steps: usize, length: usize, walk: impl Fn(u64, usize) -> W + Copy + Send + 'static) -> Result<Tally>
where
    W: Future<Output = Result<Tally>>,
{
    let number = |name, or| std::env::var(name).map_or(Ok(or), |given| given.parse());
    let (first, mut left) = (number("BEZEL_WALK_SEED", 1)?, usize::try_from(number("BEZEL_WALK_STEPS", u64::try_from(steps)?)?)?);
    let (mut walks, mut all) = (tokio::task::JoinSet::new(), Tally::new(first));
    let at_once = std::thread::available_parallelism()?.get();
    for seed in first.. {
        let steps = left.min(length);
        left -= steps;
        let runtime = tokio::runtime::Handle::current();
        walks.spawn_blocking(move || runtime.block_on(walk(seed, steps)));
        while walks.len() >= at_once || (left == 0 && !walks.is_empty()) {
            match walks.join_next().await.context("a walk")?? {
                Ok(tally) => all.add(&tally),
                Err(error) => {
                    while walks.join_next().await.is_some() {}
                    return Err(error);
                }
            }
        }
        if left == 0 {
            break;
        }
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_nobody_reads_what_was_not_written_and_nobody_is_stuck() -> Result<()> {
    let tally = walk(400, real::WALK, real::walk).await?;
    check(&tally, &["Write sent", "Sync done", "Add done", "Remove done", "Leave done", "SetRole done", "Crash done", "Reinstate done"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_holds_much_further_with_a_stand_in_for_the_group() -> Result<()> {
    let tally = walk(20_000, stand_in::WALK, stand_in::walk).await?;
    check(&tally, &["Write sent", "Write kept back", "Sync withheld", "Change done", "ComeBack done", "Leave done", "Place done"]);
    Ok(())
}

/// That so much really happened.
#[expect(clippy::print_stderr, reason = "what came of the steps is read by whoever walks further")]
fn check(tally: &Tally, happened: &[&str]) {
    eprintln!("{}", tally.outcomes());
    let never: Vec<_> = happened.iter().filter(|outcome| tally.times(outcome) == 0).collect();
    assert!(never.is_empty() || std::env::var_os("BEZEL_WALK_STEPS").is_some(), "a walk on which it never came to {never:?} shows nothing");
}
