//! The relay as a process of its own.

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process::{Running, free_port, isolated, make_home, program};

/// A running `bezel-relay` on a loopback port.
#[derive(Debug)]
pub struct Relay {
    process: Running,
    port: u16,
    scheme: &'static str,
    data: PathBuf,
}

impl Relay {
    /// Starts one with its data under `folder`, and waits until it accepts connections.
    ///
    /// # Errors
    /// If it doesn't start.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::start_on(folder, free_port()?)
    }

    /// The same, on a given port: a relay that comes back after a stop.
    ///
    /// # Errors
    /// If it doesn't start.
    pub fn start_on(folder: &Path, port: u16) -> Result<Self> {
        Self::start_so(folder, port, &[])
    }

    /// The same with more options.
    ///
    /// # Errors
    /// If it doesn't start.
    pub fn start_with(folder: &Path, options: &[&str]) -> Result<Self> {
        Self::start_so(folder, free_port()?, options)
    }

    fn start_so(folder: &Path, port: u16, options: &[&str]) -> Result<Self> {
        make_home(folder)?;
        let data = folder.join("data");
        let mut command = isolated(program("bezel-relay")?, folder);
        command.arg("serve").arg("--data").arg(&data).arg("--listen").arg(format!("127.0.0.1:{port}")).args(options);
        command.env("BEZEL_LOG", "trace");
        let mut process = Running::start("bezel-relay", &mut command, &folder.join("relay.log"))?;
        process.until("it listens", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;
        let scheme = if options.contains(&"--tls-cert") { "https" } else { "http" };
        Ok(Self { process, port, scheme, data })
    }

    /// Where members reach it.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The folder with its database.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Ends it at once, without a goodbye.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(self) -> Result<()> {
        self.process.kill()
    }
}
