//! Programs: where they are, how they are started, and that they end with the test.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// How long anything that a test waits for may take before the test fails, naming it.
pub const PATIENCE: Duration = Duration::from_secs(40);
const BREATH: Duration = Duration::from_millis(50);

/// The folder that cargo builds programs into: the one that holds this test's own program.
///
/// # Errors
/// If the test's own path can't be told.
pub fn built() -> Result<PathBuf> {
    let own = std::env::current_exe().context("the test's own path")?;
    own.parent().and_then(Path::parent).map(Path::to_owned).context("a test lies in target/PROFILE/deps")
}

/// A program of this workspace.
///
/// # Errors
/// If it has not been built.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = built()?.join(name);
    if !path.is_file() {
        bail!("{} is missing: `cargo build --workspace --bins --features bezel-app/custom-protocol` builds it", path.display());
    }
    Ok(path)
}

/// A command that inherits nothing of the person's session: no bus, display, runtime folder or settings of ours.
pub fn isolated(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for kept in ["PATH", "LANG", "LC_ALL", "TMPDIR"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home.join("run")).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// A home folder for isolated commands, with its private runtime folder.
///
/// # Errors
/// If it can't be made.
pub fn make_home(path: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    std::fs::create_dir_all(path)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path.join("run"))?;
    std::fs::set_permissions(path.join("run"), std::fs::Permissions::from_mode(0o700))?;
    Ok(())
}

/// A program in the background; dropping it asks it to end, then ends it.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command` with both outputs in `log`.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log).with_context(|| log.display().to_string())?;
        let child = command.stdout(out.try_clone()?).stderr(out).spawn().with_context(|| format!("starting {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// Waits until `ready` holds.
    ///
    /// # Errors
    /// If the program ends first, or takes longer than [`PATIENCE`]; with the end of its log.
    pub fn until(&mut self, what: &str, mut ready: impl FnMut() -> Result<bool>) -> Result<()> {
        let mut waited = Duration::ZERO;
        while !ready()? {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status} before {what}\n{}", self.name, tail(&self.log));
            }
            if waited > PATIENCE {
                bail!("{} took too long: {what}\n{}", self.name, tail(&self.log));
            }
            sleep(BREATH);
            waited += BREATH;
        }
        Ok(())
    }

    /// What the program has written so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until it has ended by itself, successfully.
    ///
    /// # Errors
    /// If it fails, or takes longer than [`PATIENCE`]; with the end of its log.
    pub fn succeeds(mut self) -> Result<()> {
        let status = wait_for(&format!("{} to end", self.name), || Ok(self.child.try_wait()?))?;
        ensure!(status.success(), "{} ended with {status}\n{}", self.name, tail(&self.log));
        Ok(())
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal: `INT`, `STOP`, `CONT`.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn signal(&self, name: &str) -> Result<()> {
        let done = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status()?;
        ensure!(done.success(), "{} got no {name}", self.name);
        Ok(())
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that was stopped hears nothing else.
        for signal in ["-CONT", "-TERM"] {
            let _ = Command::new("kill").arg(signal).arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        }
        for _ in 0..60 {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            sleep(BREATH);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

/// Waits until `ready` gives something.
///
/// # Errors
/// What `ready` says, or that it took longer than [`PATIENCE`].
pub fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(found) = ready()? {
            return Ok(found);
        }
        if waited > PATIENCE {
            bail!("took too long: {what}");
        }
        sleep(BREATH);
        waited += BREATH;
    }
}

/// A port of the loopback interface that was free a moment ago.
///
/// # Errors
/// If none is.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
