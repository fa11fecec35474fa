//! Progress of transfers, on the standard error.

use std::fmt;
use std::future::Future;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use bezel_core::file::{TransferState, TransferView, transfers};
use bezel_core::{Change, Member, Result};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;

use crate::output::Output;
use crate::terminal::one_line;

/// As text to a file or a pipe, a line is written this often; to a terminal, and as JSON, five times a second.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Shows what moves while `work` goes on.
#[expect(clippy::disallowed_methods, reason = "how often a person is told is measured here")]
pub(crate) async fn shown<T>(member: &Member, output: &Output, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut changes = member.changes();
    let mut work = std::pin::pin!(work);
    let is_terminal = std::io::stderr().is_terminal() && !output.is_json();
    let mut last: Option<Instant> = None;
    let mut is_shown = false;
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            change = changes.recv() => {
                let is_transfer = matches!(change, Ok(Change::Transfers) | Err(RecvError::Lagged(_)));
                if is_transfer && (is_terminal || output.is_json() || last.is_none_or(|last| last.elapsed() >= LINE_EVERY)) {
                    last = Some(Instant::now());
                    let moving = transfers(member).await.unwrap_or_default();
                    for transfer in moving.iter().filter(|transfer| transfer.state == TransferState::Running) {
                        is_shown = true;
                        show(output, transfer, is_terminal);
                    }
                }
            }
        }
    };
    if is_terminal && is_shown {
        let _ = writeln!(std::io::stderr());
    }
    done
}

/// What a script follows. Without the name: standard errors end up in logs.
#[derive(Serialize)]
struct Progress<'a> {
    file: &'a str,
    done_bytes: u64,
    total_bytes: u64,
    bytes_per_second: u64,
    seconds_left: Option<u64>,
}

impl<'a> Progress<'a> {
    fn of(transfer: &'a TransferView) -> Self {
        let TransferView { file, done_bytes, total_bytes, bytes_per_second, seconds_left, .. } = transfer;
        Self { file, done_bytes: *done_bytes, total_bytes: *total_bytes, bytes_per_second: *bytes_per_second, seconds_left: *seconds_left }
    }
}

/// Nothing is left to do when the standard error is gone.
fn show(output: &Output, transfer: &TransferView, is_terminal: bool) {
    let mut stderr = std::io::stderr().lock();
    let _ = if output.is_json() {
        writeln!(stderr, "{}", serde_json::to_string(&Progress::of(transfer)).unwrap_or_default())
    } else if is_terminal {
        write!(stderr, "\r\x1b[2K{}", sentence(transfer)).and_then(|()| stderr.flush())
    } else {
        writeln!(stderr, "{}", sentence(transfer))
    };
}

fn sentence(transfer: &TransferView) -> String {
    let left = transfer.seconds_left.map_or_else(String::new, |seconds| format!(", {} left", Left(seconds)));
    format!(
        "{}: {} of {}, {}/s{left}",
        one_line(&transfer.name),
        Size(transfer.done_bytes),
        Size(transfer.total_bytes),
        Size(transfer.bytes_per_second)
    )
}

/// Bytes as people read them.
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    #[expect(clippy::cast_precision_loss, reason = "three figures are shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut size = self.0 as f64;
        let units = ["KiB", "MiB", "GiB", "TiB"];
        if size < 1024.0 {
            return write!(f, "{} B", self.0);
        }
        let mut unit = "B";
        for next in units {
            if size < 1024.0 {
                break;
            }
            (size, unit) = (size / 1024.0, next);
        }
        write!(f, "{size:.1} {unit}")
    }
}

/// Seconds as people read them.
struct Left(u64);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 3600, self.0 / 60 % 60, self.0 % 60) {
            (0, 0, seconds) => write!(f, "{seconds} s"),
            (0, minutes, seconds) => write!(f, "{minutes} min {seconds} s"),
            (hours, minutes, _) => write!(f, "{hours} h {minutes} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_written_as_people_read_them() {
        let sizes = [0, 1023, 1024, 10 << 30].map(|bytes| Size(bytes).to_string());
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "10.0 GiB"]);
        let times = [5, 100, 7200].map(|seconds| Left(seconds).to_string());
        assert_eq!(times, ["5 s", "1 min 40 s", "2 h 0 min"]);
    }
}
