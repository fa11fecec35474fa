//! A first run that is cut short anywhere: the same command works again, and a member is never taken for a first run.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::task::Poll;

use anyhow::Result;
use bezel_core::{invite, sync};
use bezel_protocol::Role;
use bezel_testkit::Shop;

/// So many states are tried at most; a first run has fewer.
const MAX_STATES: usize = 60;

/// Smaller growth of a file is no state of its own.
const STEP_BYTES: u64 = 1024 * 1024;

/// The files of a folder, with how much is in them.
fn files(folder: &Path) -> BTreeMap<String, u64> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), entry.metadata().ok()?.len().div_ceil(STEP_BYTES)))
        })
        .collect()
}

/// Runs until `from` has been in `states` different states, and copies what is there then as if the machine had stopped. False when the run
/// ended before.
async fn stop_after<T>(run: impl Future<Output = T>, states: usize, from: &Path, to: &Path) -> bool {
    let mut run = pin!(run);
    let (mut seen, mut last) = (0, BTreeMap::new());
    poll_fn(|context| {
        let is_over = run.as_mut().poll(context).is_ready();
        let now = files(from);
        if now != last {
            (seen, last) = (seen + 1, now);
        }
        if seen >= states {
            fs::create_dir_all(to).unwrap();
            for name in last.keys() {
                // A file of the database may have gone since it was listed.
                let _ = fs::copy(from.join(name), to.join(name));
            }
            return Poll::Ready(true);
        }
        if is_over { Poll::Ready(false) } else { Poll::Pending }
    })
    .await
}

/// Killed within a moment after the database appeared, a join could neither go on nor begin again: "damaged profile", "a member lives here".
#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_is_killed_at_any_moment_works_again() -> Result<()> {
    let shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    for state in 1..MAX_STATES {
        let (name, killed, after) = (format!("p{state}"), shop.home(&format!("k{state}")), shop.home(&format!("a{state}")));
        let link = invite::create(&ana, Role::Member, 1).await?.link;
        if !stop_after(shop.join_at(&killed, &link, &name), state, killed.folder(), after.folder()).await {
            assert!(state > 4, "a first run has more states than {state}");
            break;
        }
        let (member, told) = shop.join_at(&after, &link, &name).await.map_err(|error| error.context(format!("state {state}")))?;
        assert_eq!(told.recovery_words.len(), 24, "the words must be seen: state {state}");
        member.close().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_whose_beginning_is_killed_at_any_moment_begins_again() -> Result<()> {
    for state in 1..MAX_STATES {
        let shop = Shop::open().await?;
        let (killed, after) = (shop.home("killed"), shop.home("after"));
        if !stop_after(shop.found(&killed, "ana"), state, killed.folder(), after.folder()).await {
            assert!(state > 4, "a first run has more states than {state}");
            break;
        }
        let (ana, _) = shop.found(&after, "ana").await.map_err(|error| error.context(format!("state {state}")))?;
        sync::once(&ana).await?;
        ana.close().await;
    }
    Ok(())
}

/// Until the words are confirmed nobody may have seen them; from then on a member lives here, whatever is asked.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_command_says_the_words_again_until_they_are_confirmed() -> Result<()> {
    let shop = Shop::open().await?;
    let home = shop.home("ana");
    let (ana, first) = shop.found(&home, "ana").await?;
    ana.close().await;
    let (ana, again) = shop.found(&home, "ana").await?;
    assert_eq!(again.recovery_words, first.recovery_words);
    let answers: Vec<_> = first.recovery_words.iter().cloned().enumerate().take(3).collect();
    bezel_core::workspace::confirm_recovery(&ana, &answers).await?;
    ana.close().await;
    let refused = shop.found(&home, "ana").await.err().and_then(|error| error.downcast::<bezel_core::Error>().ok());
    assert_eq!(refused.map(|error| error.code), Some("home_inhabited"));
    Ok(())
}

/// A database or a file of slots that was lost is put back from a backup: nothing is made over the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_with_a_lost_file_is_not_taken_for_a_first_run() -> Result<()> {
    for lost in ["member.db", "slots.cbor"] {
        let shop = Shop::open().await?;
        let home = shop.home("ana");
        shop.found(&home, "ana").await?.0.close().await;
        fs::remove_file(home.folder().join(lost))?;
        let kept = files(home.folder());
        let refused = shop.found(&home, "ana").await.err().and_then(|error| error.downcast::<bezel_core::Error>().ok());
        assert_eq!(refused.map(|error| error.code), Some("home_inhabited"), "without {lost}");
        assert_eq!(files(home.folder()), kept, "without {lost}");
    }
    Ok(())
}
