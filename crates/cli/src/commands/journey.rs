//! A whole day in a minute, on a relay of its own: each step timed and checked. The relay is a process; the members are real ones.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Instant;

use bezel_core::conversation::NewMember;
use bezel_core::file::{FileState, SaveTo, Share};
use bezel_core::message::SentState;
use bezel_core::vault::{NewSlots, Unlock};
use bezel_core::workspace::{CreateRequest, JoinRequest};
use bezel_core::{Environment, Error, Home, Member, Result, conversation, file, invite, keys, message, sync, workspace};
use bezel_crypto::slots::{Cost, NewPassphrase, Passphrase};
use bezel_protocol::invite_link::InviteLink;
use bezel_protocol::settings::Settings;
use bezel_protocol::{ConversationId, RelayAddress, Role, UserId};
use serde::Serialize;

use super::journey_call;
use crate::output::Output;

const PASSPHRASE: &str = "a whole day at the bench in a minute";

/// A step as it went.
#[derive(Serialize)]
struct Step {
    step: &'static str,
    ok: bool,
    milliseconds: u128,
}

/// Ends the relay, whatever happens.
struct RelayProcess {
    child: Child,
    url: RelayAddress,
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        // It holds nothing that anybody wants back.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) async fn run(output: &Output) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let day = Day { folder: folder.path().to_owned(), output };
    let relay = day.step("a relay starts", async { start_relay(&day.folder.join("relay")) }).await?;
    let ana = day.step("ana begins a workspace", day.create(&relay.url)).await?;
    let ben = day.step("ben joins by an invitation", day.join(&ana, "ben")).await?;
    let ring = day.step("a conversation begins", day.converse(&ana, ben.user())).await?;
    day.step("messages go both ways", day.talk(&ana, &ben, ring)).await?;
    day.step("a file is sent, saved, and withdrawn", day.share(&ana, &ben, ring)).await?;
    day.step("ana calls, and both see and hear each other", journey_call::call(&ana, &ben, ring)).await?;
    day.step("ben's role changes, and holds", day.restrict(&ana, &ben, ring)).await?;
    day.step("keys rotate by hand", day.rotate(&ana, &ben, ring)).await?;
    day.step("words are found again", day.search(&ben)).await?;
    day.step("ben is removed and reads nothing more", day.remove(&ana, &ben, ring)).await?;
    day.step("ana starts anew and has her history", day.restart(ana, ring)).await?;
    ben.close().await;
    drop(relay);
    Ok(())
}

struct Day<'a> {
    folder: PathBuf,
    output: &'a Output,
}

impl Day<'_> {
    #[expect(clippy::disallowed_methods, reason = "how long a step takes is what is shown")]
    async fn step<T>(&self, name: &'static str, work: impl Future<Output = Result<T>>) -> Result<T> {
        let began = Instant::now();
        let done = work.await;
        let step = Step { step: name, ok: done.is_ok(), milliseconds: began.elapsed().as_millis() };
        self.output.object(&step, |step| format!("{} {:45} {:6} ms", if step.ok { "good" } else { "BAD " }, step.step, step.milliseconds));
        done
    }

    fn environment() -> Environment {
        Environment::of_this_machine(Settings::default())
    }

    fn slots() -> Result<NewSlots> {
        // A passphrase that lives for a minute needs no costly guesses.
        let cost = Cost::new(1024, 1, 1).map_err(|error| Error::new("cost", error.to_string(), "This is a defect."))?;
        Ok(NewSlots { keychain: false, passphrase: Some(NewPassphrase::choose(PASSPHRASE.into(), &[])?), cost })
    }

    async fn create(&self, relay: &RelayAddress) -> Result<Member> {
        let request = CreateRequest {
            name: "Maison Lune".into(),
            handle: handle("ana")?,
            relay: relay.clone(),
            hosts_relay: false,
            setup_token: None,
            slots: Self::slots()?,
        };
        Ok(workspace::create(&Home::new(self.folder.join("ana")), Self::environment(), request).await?.0)
    }

    async fn join(&self, ana: &Member, name: &str) -> Result<Member> {
        let invite = invite::create(ana, Role::Member, 1).await?;
        let request = JoinRequest { link: InviteLink::parse(&invite.link)?, handle: handle(name)?, slots: Self::slots()? };
        let (member, _) = workspace::join(&Home::new(self.folder.join(name)), Self::environment(), request).await?;
        sync::once(ana).await?;
        Ok(member)
    }

    async fn converse(&self, ana: &Member, ben: UserId) -> Result<ConversationId> {
        let created = conversation::create(ana, "Ring 2041", &[NewMember { user: ben, role: Role::Member }], None).await?;
        created.conversation.parse().map_err(|_| failed("the conversation has no id"))
    }

    async fn talk(&self, ana: &Member, ben: &Member, ring: ConversationId) -> Result<()> {
        sent(message::send(ana, ring, "The sapphire is back from the lab: 2.14 ct, unheated.", None).await?.state)?;
        sync::once(ben).await?;
        sent(message::send(ben, ring, "I'll set it this afternoon.", None).await?.state)?;
        sync::once(ana).await?;
        for member in [ana, ben] {
            let page = message::list(member, ring, None, 10).await?;
            check(page.messages.len() == 2 && page.messages.iter().all(|message| message.verified), "both read both messages, verified")?;
        }
        check(conversation::show(ben, ring).await?.title == "Ring 2041", "the title came encrypted")
    }

    async fn share(&self, ana: &Member, ben: &Member, ring: ConversationId) -> Result<()> {
        let (path, copy) = (self.folder.join("certificate.pdf"), self.folder.join("copy.pdf"));
        let content: Vec<u8> = (0..3_000_000_u32).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
        std::fs::write(&path, &content)?;
        let sent = file::send(ana, ring, path, &Share::default()).await?;
        let id = sent.file.parse().map_err(|_| failed("the file has an id"))?;
        sync::once(ben).await?;
        file::save(ben, id, &SaveTo { path: copy.clone(), replace: false }).await?;
        check(std::fs::read(copy)? == content, "the copy is the file")?;
        sync::once(ana).await?;
        check(file::show(ana, id).await?.saved_by == ["ben"], "the sender sees who saved it")?;
        file::revoke(ana, id).await?;
        sync::once(ben).await?;
        check(file::show(ben, id).await?.state == FileState::Revoked, "what was withdrawn is gone")
    }

    async fn restrict(&self, ana: &Member, ben: &Member, ring: ConversationId) -> Result<()> {
        conversation::set_role(ana, ring, ben.user(), Role::ReadOnly).await?;
        sync::once(ben).await?;
        check(message::send(ben, ring, "may I?", None).await.is_err(), "who may only read does not write")?;
        conversation::set_role(ana, ring, ben.user(), Role::Member).await?;
        sync::once(ben).await
    }

    async fn rotate(&self, ana: &Member, ben: &Member, ring: ConversationId) -> Result<()> {
        let before = conversation::show(ana, ring).await?.epoch;
        conversation::rotate(ana, ring).await?;
        keys::rotate(ana).await?;
        sent(message::send(ana, ring, "New keys, same ring.", None).await?.state)?;
        sync::once(ben).await?;
        check(conversation::show(ben, ring).await?.epoch > before, "the epoch moved on")?;
        let page = message::list(ben, ring, None, 10).await?;
        check(page.messages.last().is_some_and(|message| message.verified && message.text.is_some()), "the talk goes on in the new keys")
    }

    async fn search(&self, ben: &Member) -> Result<()> {
        let hits = message::search(ben, "sapph", 0, 10).await?;
        check(hits.len() == 1, "a beginning of a word finds the message")
    }

    async fn remove(&self, ana: &Member, ben: &Member, ring: ConversationId) -> Result<()> {
        conversation::remove(ana, ring, ben.user()).await?;
        sent(message::send(ana, ring, "Between us.", None).await?.state)?;
        sync::once(ben).await?;
        let page = message::list(ben, ring, None, 10).await?;
        check(page.messages.len() == 5, "what came before stays, what comes after does not come")
    }

    async fn restart(&self, ana: Member, ring: ConversationId) -> Result<()> {
        ana.close().await;
        let unlock = Unlock::Passphrase(Passphrase::parse(PASSPHRASE.into())?);
        let ana = Member::open(&Home::new(self.folder.join("ana")), Self::environment(), &unlock).await?;
        let page = message::list(&ana, ring, None, 10).await?;
        ana.close().await;
        check(page.messages.len() == 6, "everything is still there")
    }
}

fn handle(name: &str) -> Result<bezel_protocol::Handle> {
    name.parse().map_err(|_| failed("the handle is none"))
}

fn sent(state: SentState) -> Result<()> {
    check(state == SentState::Sent, "the relay has the message")
}

fn check(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(failed(what)) }
}

fn failed(what: &str) -> Error {
    Error::new("journey", format!("The journey failed: this should hold: {what}."), "Run `bezel doctor`; this build should not be used.")
}

/// Starts the relay that lies beside this program, or in the path.
fn start_relay(data: &std::path::Path) -> Result<RelayProcess> {
    let beside = std::env::current_exe().ok().and_then(|program| program.parent().map(|folder| folder.join("bezel-relay")));
    let program = beside.filter(|program| program.exists()).unwrap_or_else(|| PathBuf::from("bezel-relay"));
    let mut child = std::process::Command::new(&program)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            Error::new("no_relay", format!("{} can't be started ({error}).", program.display()), "Build it: cargo build -p bezel-relay.")
        })?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    let url = line.trim().strip_prefix("listening on ").and_then(|url| url.parse().ok());
    match url {
        Some(url) => Ok(RelayProcess { child, url }),
        None => {
            let _ = child.kill();
            let _ = child.wait();
            Err(Error::new("no_relay", "The relay did not start.", "Start it by hand to see why: bezel-relay serve --data DIR."))
        }
    }
}
