//! `bezel`: a member for scripts and terminals. Every verb prints one JSON object (or one a line) with `--json`, text without.

mod arguments;
mod commands;
mod output;
mod progress;
mod session;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::arguments::Arguments;
use crate::output::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    let output = Output::new(arguments.json);
    match commands::run(arguments, &output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.failed(&error),
    }
}

/// Logs go to the standard error. Other people's code never logs below warnings: it does not know what must stay unsaid.
fn log() {
    let level = std::env::var("BEZEL_LOG").unwrap_or_default();
    let filter = if !level.is_empty() && level.chars().all(char::is_alphabetic) {
        format!("warn,webrtc=off,rtc=off,bezel_calls={level},bezel_core={level},bezel_crypto={level},bezel_protocol={level}")
    } else {
        // A path that does not work is no error where another does.
        "error,webrtc=off,rtc=off".to_owned()
    };
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::stderr).init();
}
