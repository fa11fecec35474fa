//! What a call of two costs in the app's window: pictures drawn of a stream of 1280x720 at 30 pictures a second, and processor time of the
//! web view and of the app, while both show and send a camera.
//!
//! `cargo bench -p bezel-tests --bench window_call`; the programs lie beside it, optimised, but of the app's crate in a build that lets itself be
//! driven: `cargo build --release --workspace --bins --features bezel-app/custom-protocol --config
//! 'profile.release.package.bezel-app.debug-assertions=true'`. `BEZEL_SECONDS` sets for how long (20).

#![expect(clippy::print_stdout, reason = "its table is read where it was started")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bezel_tests::call::{Room, choose_pattern, drawn, hang_up};
use tokio::time::{Instant, sleep};

/// The other side's picture, and one's own.
const CANVASES: [(&str, &str); 2] = [("theirs", "[data-testid=call-tile] canvas"), ("own", "[data-testid=call-own] canvas")];
/// Rates climb for so long before anything is counted.
const CLIMBS: Duration = Duration::from_secs(15);
/// Of `/proc/PID/stat`, as Linux has it everywhere.
const TICKS_A_SECOND: f64 = 100.0;

#[tokio::main]
async fn main() -> Result<()> {
    // Whoever lists tests asks every target; only `cargo bench` wants the numbers.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let seconds = std::env::var("BEZEL_SECONDS").ok().map_or(Ok(20), |seconds| seconds.parse())?;
    let room = Room::open("window-bench", &["ben"], &[]).await?;
    let ana = &room.ana;
    choose_pattern(ana).await?;
    let mut ben = room.answer(room.ben()?, &[]).await?;
    sleep(CLIMBS).await;
    let (began, spent) = (Instant::now(), processor_time(ana.id())?);
    let mut counts = Vec::new();
    for (_, canvas) in CANVASES {
        counts.push(drawn(ana, canvas).await?.context("a canvas")?);
    }
    sleep(Duration::from_secs(seconds)).await;
    let passed = began.elapsed().as_secs_f64();
    for ((name, canvas), before) in CANVASES.into_iter().zip(counts) {
        let count = drawn(ana, canvas).await?.context("a canvas")? - before;
        println!("{name}: {:.1} pictures/s drawn", count as f64 / passed);
    }
    for (name, ticks) in processor_time(ana.id())? {
        let spent = ticks - spent.get(&name).copied().unwrap_or(0.0);
        println!("{name}: {:.1} % of a processor", 100.0 * spent / TICKS_A_SECOND / passed);
    }
    println!("load: {}", fs::read_to_string("/proc/loadavg")?.trim());
    hang_up(&mut ben)?;
    room.ana.close().await
}

/// Ticks that the processes below `root` have spent, by name; each kind together.
fn processor_time(root: u32) -> Result<BTreeMap<String, f64>> {
    let mut processes = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // One may end while it is looked at.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        let Some((name, rest)) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(") ")) else { continue };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok()).unwrap_or(0);
        processes.insert(id, (number(1), name.to_owned(), f64::from(number(11)) + f64::from(number(12))));
    }
    let mut below = BTreeSet::from([root]);
    loop {
        let more: Vec<u32> =
            processes.iter().filter(|(id, (parent, ..))| below.contains(parent) && !below.contains(id)).map(|(id, _)| *id).collect();
        if more.is_empty() {
            break;
        }
        below.extend(more);
    }
    let mut spent = BTreeMap::new();
    for (_, name, ticks) in below.iter().filter(|id| **id != root).filter_map(|id| processes.get(id)) {
        *spent.entry(name.clone()).or_default() += ticks;
    }
    Ok(spent)
}
