//! `bezel`: a member for scripts and terminals. Every verb prints one JSON object (or one a line) with `--json`, text without.

mod arguments;
mod commands;
mod output;
mod paging;
mod progress;
mod session;
mod terminal;

use std::process::ExitCode;

use bezel_core::logging;
use tracing_subscriber::EnvFilter;

use crate::arguments::Arguments;
use crate::output::Output;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::read();
    log();
    let output = Output::new(arguments.json);
    match commands::run(arguments, &output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output.failed(&error),
    }
}

/// Logs go to the standard error, from the level of `BEZEL_LOG` on.
fn log() {
    let filter = logging::directives(&std::env::var("BEZEL_LOG").unwrap_or_default(), &[]);
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::stderr).init();
}
