//! The common beginning of a journey: a folder, a relay, and members who have joined.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::member::Member;
use crate::relay::Relay;

/// A temporary folder which is kept, and named, when the test fails.
#[derive(Debug)]
pub struct Stage {
    folder: Option<tempfile::TempDir>,
    path: PathBuf,
}

impl Stage {
    /// A new folder.
    ///
    /// # Errors
    /// If it can't be made.
    pub fn new(name: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("bezel-{name}-")).tempdir()?;
        let path = folder.path().to_owned();
        Ok(Self { folder: Some(folder), path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in it.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            let kept = folder.keep();
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("kept for a look: {}\n", kept.display()));
        }
    }
}

/// What a new workspace tells its first member.
#[derive(Debug)]
pub struct Founded {
    /// The id of the workspace.
    pub workspace: String,
    /// The recovery words, in order.
    pub words: Vec<String>,
}

/// `member` founds a workspace on the relay at `url`.
///
/// # Errors
/// If the command fails or doesn't answer as promised.
pub fn found(member: &Member, name: &str, url: &str) -> Result<Founded> {
    let answer = member.json(&["workspace", "create", "--name", name, "--handle", member.name(), "--relay", url])?;
    let words = match answer.get("recovery_words") {
        Some(serde_json::Value::String(words)) => words.split_whitespace().map(str::to_owned).collect(),
        Some(serde_json::Value::Array(words)) => words.iter().filter_map(|word| word.as_str()).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    anyhow::ensure!(words.len() == 24, "24 recovery words, not {}", words.len());
    let workspace = answer.get("workspace").and_then(|id| id.as_str()).unwrap_or_default().to_owned();
    anyhow::ensure!(!workspace.is_empty(), "the id of the workspace");
    Ok(Founded { workspace, words })
}

/// `guest` joins by an invitation of `host`, with the given role.
///
/// # Errors
/// If a command fails.
pub fn join(host: &Member, guest: &Member, role: &str) -> Result<()> {
    let link = host.field(&["invite", "create", "--role", role], "link")?;
    guest.json(&["join", &link, "--handle", guest.name()])?;
    Ok(())
}

/// Ana, who founded a workspace, and ben, in one conversation. The parts end in this order.
#[derive(Debug)]
pub struct Pair {
    /// The first member.
    pub ana: Member,
    /// The second.
    pub ben: Member,
    /// Their conversation.
    pub ring: String,
    /// Its relay.
    pub relay: Relay,
    /// Where everything lies.
    pub stage: Stage,
}

/// Two members, opened by passphrases, who know of their conversation.
///
/// # Errors
/// If a command fails.
pub fn pair(name: &str) -> Result<Pair> {
    let stage = Stage::new(name)?;
    let relay = relay(&stage)?;
    let (ana, ben) = (Member::with_passphrase(stage.path(), "ana")?, Member::with_passphrase(stage.path(), "ben")?);
    found(&ana, "Maison Lune", &relay.url())?;
    join(&ana, &ben, "member")?;
    ana.json(&["sync"])?;
    let ring = ana.field(&["conversation", "create", "--title", "Ring 2041", "--with", "ben"], "conversation")?;
    ben.json(&["sync"])?;
    Ok(Pair { ana, ben, ring, relay, stage })
}

/// A relay whose files lie in the stage.
///
/// # Errors
/// If it doesn't start.
pub fn relay(stage: &Stage) -> Result<Relay> {
    Relay::start(&stage.folder("relay"))
}
