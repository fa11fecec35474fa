//! A real Secret Service: a bus of its own and gnome-keyring on it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::process::{Running, isolated, make_home};

/// The service under which the app keeps its master key.
pub const SERVICE: &str = "io.jewelia.bezel";

/// A session bus with a keyring daemon, both ours.
#[derive(Debug)]
pub struct Keyring {
    // Fields drop in order: the daemon before its bus.
    daemon: Option<Running>,
    _bus: Running,
    folder: PathBuf,
    address: String,
}

impl Keyring {
    /// A bus, and a keyring on it opened with a password; its file stays under `folder`.
    ///
    /// # Errors
    /// If either can't be started.
    pub fn open(folder: &Path) -> Result<Self> {
        make_home(folder)?;
        let socket = folder.join("run/bus");
        let address = format!("unix:path={}", socket.display());
        let mut command = isolated("dbus-daemon", folder);
        command.args(["--session", "--nofork", "--nopidfile"]).arg(format!("--address={address}"));
        let mut bus = Running::start("dbus-daemon", &mut command, &folder.join("bus.log"))?;
        bus.until("its socket is there", || Ok(socket.exists()))?;
        let mut keyring = Self { daemon: None, _bus: bus, folder: folder.to_owned(), address };
        keyring.unlocked()?;
        Ok(keyring)
    }

    /// Replaces the daemon by one whose keyring is open.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn unlocked(&mut self) -> Result<()> {
        self.restart(true)
    }

    /// Replaces the daemon by one whose keyring is locked; nobody is there to answer its prompt.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn locked(&mut self) -> Result<()> {
        self.restart(false)
    }

    fn restart(&mut self, unlock: bool) -> Result<()> {
        self.daemon = None;
        if self.owned()? {
            bail!("the old keyring daemon still answers");
        }
        let mut command = isolated("gnome-keyring-daemon", &self.folder);
        command.args(["--foreground", "--components=secrets"]).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        let (reader, mut writer) = std::io::pipe()?;
        if unlock {
            command.arg("--unlock").stdin(reader);
            writer.write_all(b"password of the test keyring\n")?;
        }
        drop(writer);
        let mut daemon = Running::start("gnome-keyring-daemon", &mut command, &self.folder.join("keyring.log"))?;
        drop(command);
        daemon.until("it answers on the bus", || self.owned())?;
        self.daemon = Some(daemon);
        Ok(())
    }

    fn owned(&self) -> Result<bool> {
        let output = isolated("dbus-send", &self.folder)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"])
            .args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"])
            .output()
            .context("dbus-send")?;
        Ok(String::from_utf8_lossy(&output.stdout).contains("boolean true"))
    }

    /// The address to set as `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }

    fn tool(&self) -> Command {
        let mut command = isolated("secret-tool", &self.folder);
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address).stderr(Stdio::null());
        command
    }

    /// The secret stored under these attributes, as bytes; `None` if there is none.
    ///
    /// # Errors
    /// If the tool can't be run.
    pub fn secret(&self, attributes: &[(&str, &str)]) -> Result<Option<Vec<u8>>> {
        let output = self.tool().arg("lookup").args(attributes.iter().flat_map(|(name, value)| [*name, *value])).output()?;
        Ok(output.status.success().then_some(output.stdout).filter(|secret| !secret.is_empty()))
    }

    /// Deletes what is stored under these attributes.
    ///
    /// # Errors
    /// If the tool can't be run or finds nothing.
    pub fn delete(&self, attributes: &[(&str, &str)]) -> Result<()> {
        let status = self.tool().arg("clear").args(attributes.iter().flat_map(|(name, value)| [*name, *value])).status()?;
        if !status.success() {
            bail!("secret-tool clear ended with {status}");
        }
        Ok(())
    }

    /// The account of the one entry of `service`; `None` if there is none.
    ///
    /// # Errors
    /// If the tool can't be run.
    pub fn account_of(&self, service: &str) -> Result<Option<String>> {
        let output = self.tool().args(["search", "--all", "service", service]).stderr(Stdio::piped()).output()?;
        // The tool prints attributes on either stream, by its version.
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        Ok(said.lines().find_map(|line| line.strip_prefix("attribute.username = ")).map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the journeys rest on: a locked keyring gives nothing, and gives it again once it is open.
    #[test]
    fn a_locked_keyring_gives_nothing_and_an_open_one_everything() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut keyring = Keyring::open(folder.path())?;
        let attributes = [("service", SERVICE), ("username", "device-1")];
        let mut tool = keyring.tool();
        tool.args(["store", "--label=test", "service", SERVICE, "username", "device-1"]).stdin(Stdio::piped());
        let mut storing = tool.spawn()?;
        storing.stdin.take().context("its input")?.write_all(b"a secret")?;
        assert!(storing.wait()?.success());

        assert_eq!(keyring.account_of(SERVICE)?.as_deref(), Some("device-1"));
        assert_eq!(keyring.secret(&attributes)?.as_deref(), Some(&b"a secret"[..]));
        keyring.locked()?;
        assert_eq!(keyring.secret(&attributes)?, None);
        keyring.unlocked()?;
        assert_eq!(keyring.secret(&attributes)?.as_deref(), Some(&b"a secret"[..]));
        keyring.delete(&attributes)?;
        assert_eq!(keyring.secret(&attributes)?, None);
        Ok(())
    }
}
