//! A member by command line: every call is a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::process::{Running, isolated, make_home, program};

/// The exit codes that the command line promises.
pub mod exit {
    /// The command itself was wrong.
    pub const USAGE: i32 = 2;
    /// The relay or the policy refuses.
    pub const REFUSED: i32 = 3;
    /// Nothing here can be decrypted or verified.
    pub const UNREADABLE: i32 = 4;
    /// The relay can't be reached.
    pub const OFFLINE: i32 = 5;
}

/// How a member's keys are opened.
#[derive(Debug, Clone)]
pub enum Unlock {
    /// By the keyring on the bus at this address.
    Keychain(String),
    /// By a passphrase.
    Passphrase(String),
    /// By the recovery words.
    Words(String),
}

/// The passphrase of a member in a test: strong enough to be taken, different for each.
pub fn passphrase_of(name: &str) -> String {
    format!("{name} keeps rubies under the quiet bridge")
}

/// One member: a home folder and the way to open it.
#[derive(Debug, Clone)]
pub struct Member {
    name: String,
    folder: PathBuf,
    unlock: Unlock,
    variables: Vec<(String, String)>,
}

impl Member {
    /// A member whose files lie under `folder/name`.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn new(folder: &Path, name: &str, unlock: Unlock) -> Result<Self> {
        let folder = folder.join(name);
        make_home(&folder)?;
        Ok(Self { name: name.to_owned(), folder, unlock, variables: Vec::new() })
    }

    /// A member opened by a passphrase.
    ///
    /// # Errors
    /// If the folder can't be made.
    pub fn with_passphrase(folder: &Path, name: &str) -> Result<Self> {
        Self::new(folder, name, Unlock::Passphrase(passphrase_of(name)))
    }

    /// The same member, opened in another way.
    #[must_use]
    pub fn by(&self, unlock: Unlock) -> Self {
        Self { unlock, ..self.clone() }
    }

    /// The same member, whose processes have one more variable.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut member = self.clone();
        member.variables.push((name.to_owned(), value.to_owned()));
        member
    }

    /// The handle it is meant to have.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder given as `--home`.
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// The folder around it: home, runtime folder and the log of every call.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs `bezel --home … ARGS` at the most talkative log level; what it says on stderr is appended to `stderr.log`.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn run(&self, args: &[&str]) -> Result<Output> {
        let output = self.command(args)?.output().context("bezel")?;
        let mut log = std::fs::File::options().create(true).append(true).open(self.folder.join("stderr.log"))?;
        std::io::Write::write_all(&mut log, &output.stderr)?;
        Ok(output)
    }

    /// Starts a verb that goes on until it is ended; both its outputs go to `NAME.log`.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn start(&self, name: &str, args: &[&str]) -> Result<Running> {
        Running::start("bezel", &mut self.command(args)?, &self.folder.join(format!("{name}.log")))
    }

    /// Starts a verb and kills it (SIGKILL) after `delay`, if it is not over by then.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn killed_after(&self, delay: Duration, args: &[&str]) -> Result<()> {
        let mut child = self.command(args)?.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("bezel")?;
        std::thread::sleep(delay);
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    fn command(&self, args: &[&str]) -> Result<Command> {
        let mut command = isolated(program("bezel")?, &self.folder);
        command.arg("--home").arg(self.home()).env("BEZEL_LOG", "trace");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        match &self.unlock {
            Unlock::Keychain(bus) => {
                command.env("DBUS_SESSION_BUS_ADDRESS", bus);
            }
            Unlock::Words(words) => {
                command.arg("--unlock").arg("words").env("BEZEL_WORDS", words);
            }
            Unlock::Passphrase(passphrase) => {
                command.arg("--unlock").arg("passphrase").env("BEZEL_PASSPHRASE", passphrase);
            }
        }
        command.args(args);
        Ok(command)
    }

    /// The JSON objects that a verb prints, one a line.
    ///
    /// # Errors
    /// If it fails, with what it said.
    pub fn lines(&self, args: &[&str]) -> Result<Vec<Value>> {
        let output = self.run(&[args, &["--json"]].concat())?;
        if !output.status.success() {
            bail!("{}: bezel {} ended with {}:\n{}", self.name, args.join(" "), output.status, said(&output));
        }
        let text = String::from_utf8(output.stdout)?;
        text.lines().map(|line| serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))).collect()
    }

    /// The one JSON object that a verb prints.
    ///
    /// # Errors
    /// If it fails or prints anything but one object.
    pub fn json(&self, args: &[&str]) -> Result<Value> {
        let mut lines = self.lines(args)?;
        match (lines.pop(), lines.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => bail!("bezel {} should print one object", args.join(" ")),
        }
    }

    /// One text field of the object that a verb prints.
    ///
    /// # Errors
    /// If it fails or there is no such field.
    pub fn field(&self, args: &[&str], name: &str) -> Result<String> {
        let value = self.json(args)?;
        value.get(name).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no text `{name}` in {value}"))
    }

    /// Runs a verb that must fail with `code`, and returns what it said on stderr.
    ///
    /// # Errors
    /// If it ends otherwise.
    pub fn refused(&self, code: i32, args: &[&str]) -> Result<String> {
        let output = self.run(&[args, &["--json"]].concat())?;
        if output.status.code() != Some(code) {
            bail!("{}: bezel {} should end with {code}, ended with {}:\n{}", self.name, args.join(" "), output.status, said(&output));
        }
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// The texts of a conversation, oldest first, each as (handle or id of the sender, text).
    ///
    /// # Errors
    /// If the verb fails.
    pub fn texts(&self, conversation: &str) -> Result<Vec<String>> {
        let lines = self.lines(&["messages", conversation])?;
        Ok(lines
            .iter()
            .filter(|line| line.get("kind").is_none_or(|kind| kind == "text"))
            .filter_map(|line| line.get("text").and_then(Value::as_str))
            .map(str::to_owned)
            .collect())
    }
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("TRACE") && !line.contains("DEBUG")).collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}
