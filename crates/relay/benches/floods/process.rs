//! `bezel-relay` as a process, and its memory.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A relay that runs; dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    /// Where it answers.
    pub(crate) base: String,
}

impl Process {
    /// Starts one, which may have so many files open, and waits until it says where it listens.
    pub(crate) fn start(data: &Path, listen: &str, files: Option<u64>) -> Self {
        let limit = files.map_or_else(String::new, |files| format!("ulimit -n {files} && "));
        let mut child = Command::new("sh")
            .args(["-c", &format!("{limit}exec \"$0\" serve --data \"$1\" --listen \"$2\" --no-turn")])
            .args([env!("CARGO_BIN_EXE_bezel-relay"), data.to_str().unwrap(), listen])
            .stdout(Stdio::piped())
            // It warns that its database is busy, which is what is measured.
            .stderr(Stdio::null())
            .spawn()
            .expect("a relay");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).expect("its first line");
        let base = line.trim().strip_prefix("listening on ").expect("it says where it listens").to_owned();
        Self { child, base }
    }

    /// MiB that are resident now.
    pub(crate) fn resident(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most MiB that were resident since it started.
    pub(crate) fn peak(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of memory");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
