//! What a flood costs the relay in memory, and how long everybody else waits meanwhile. The relay is a process of its own, started again on
//! the same data before each flood; its memory is what the system counts as resident (`VmRSS`, and `VmHWM` for the most that it was).

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can not run should stop")]
#![expect(clippy::print_stdout, reason = "its table is read where it was started")]

mod others;
mod pages;
mod process;
mod roster;
mod stage;
mod strangers;
#[expect(dead_code, unused_imports, reason = "the tests need more of it")]
#[path = "../../tests/it/support/mod.rs"]
mod support;
mod transients;

use pages::Reading;
use stage::Stage;

/// What a relay without bounds went down by: 1,024 files are the limit of many systems.
const FEW_FILES: Option<u64> = Some(1024);

#[tokio::main]
async fn main() {
    // Whoever lists tests asks every target; only `cargo bench` wants the numbers.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    // Strangers are files of this process as well.
    bezel_relay::raise_open_files();
    let mut stage = Stage::build().await;
    println!("{:54} {:>8} {:>8} {:>8} {:>9}", "", "at rest", "peak", "others", "longest");
    println!("{:54} {:>8} {:>8} {:>8} {:>9}", "", "MiB", "MiB", "answered", "wait, ms");
    println!("{}", stage.row("nothing", None, async |_| stage::hold().await).await);
    for (count, reading) in [(6, Reading::Slow), (6, Reading::Nothing), (60, Reading::Nothing), (240, Reading::Nothing)] {
        println!(
            "{}",
            stage.row(&format!("{count} pages of 4 MiB, {reading}"), None, async |stage| pages::ask(stage, count, reading).await).await
        );
    }
    println!("{}", stage.row("70 transients of 64 KiB, 20 sockets that read nothing", None, transients::send).await);
    println!("{}", stage.row("1,100 silent connections", None, strangers::come).await);
    println!("{}", stage.row("the same where 1,024 files may be open", FEW_FILES, strangers::come).await);
    println!("{}", stage.row("2,000 roster statements of a guest", None, roster::say).await);
}
