//! A call in the app's window, with members by command line at the other side.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use thirtyfour::{Key, WindowHandle};

use crate::member::Member;
use crate::process::{Running, wait_for};
use crate::relay::Relay;
use crate::scene::{Stage, found, join, relay};
use crate::window::Window;

/// Ana in the app's window, the others by command line, and a conversation of all, open in the window. The parts end in this order.
#[derive(Debug)]
pub struct Room {
    /// The app.
    pub ana: Window,
    /// Its main window.
    pub main: WindowHandle,
    /// The others; the first of them began the workspace.
    pub others: Vec<Member>,
    /// Their conversation.
    pub ring: String,
    /// Its relay.
    pub relay: Relay,
    /// Where everything lies.
    pub stage: Stage,
}

impl Room {
    /// Ana and the others in one conversation; the app starts with these variables.
    ///
    /// # Errors
    /// If a program doesn't start or a command fails.
    pub async fn open(name: &str, others: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        let stage = Stage::new(name)?;
        let relay = relay(&stage)?;
        let others = others.iter().map(|name| Member::with_passphrase(stage.path(), name)).collect::<Result<Vec<_>>>()?;
        let (owner, rest) = others.split_first().context("nobody else")?;
        found(owner, "Maison Lune", &relay.url())?;
        for other in rest {
            join(owner, other, "member")?;
        }
        let link = owner.field(&["invite", "create", "--role", "admin"], "link")?;
        let ana = enter(&stage, &link, variables).await?;
        owner.json(&["sync"])?;
        let with = rest.iter().flat_map(|other| ["--with", other.name()]);
        let create: Vec<&str> = ["conversation", "create", "--title", "Ring 2041", "--with", "ana"].into_iter().chain(with).collect();
        let ring = owner.field(&create, "conversation")?;
        for other in rest {
            other.json(&["sync"])?;
        }
        ana.see("conversation-item", "Ring 2041").await?;
        ana.click("conversation-item").await?;
        ana.find("hallmark").await?;
        let main = ana.here().await?;
        Ok(Self { ana, main, others, ring, relay, stage })
    }

    /// The first of the others.
    ///
    /// # Errors
    /// If there is none.
    pub fn ben(&self) -> Result<&Member> {
        self.others.first().context("nobody else")
    }

    /// Somebody calls, with more options, and ana answers with a picture: the call's window is driven, and pictures move in it.
    ///
    /// # Errors
    /// If it doesn't come to that; with what the other process said.
    pub async fn answer(&self, caller: &Member, options: &[&str]) -> Result<Running> {
        let mut calling = caller.start("call", &[&call(&["start", &self.ring]), options].concat())?;
        in_call(&mut calling, self.ana.go_to("window=incoming").await)?;
        self.ana.click("incoming-video").await?;
        live(&self.ana, &mut calling).await?;
        Ok(calling)
    }
}

/// Ana's app, as she joins by an invitation.
async fn enter(stage: &Stage, link: &str, variables: &[(&str, &str)]) -> Result<Window> {
    let ana = Window::open_with(stage.path(), "ana", variables).await?;
    ana.size(1280, 800).await?;
    ana.click("door-join").await?;
    ana.fill("field-link", link).await?;
    ana.fill("field-handle", "ana").await?;
    ana.click("submit").await?;
    ana.find("recovery-word").await?;
    ana.click("recovery-later").await?;
    ana.find("conversation-new").await?;
    Ok(ana)
}

/// A verb of calls with the synthetic source.
pub fn call<'a>(verb: &[&'a str]) -> Vec<&'a str> {
    [&["call"], verb, &["--source", "synthetic", "--json"]].concat()
}

/// Drives the window of the call, and waits until the other side's pictures move in it.
///
/// # Errors
/// If they don't; with what the other process said.
pub async fn live(ana: &Window, other: &mut Running) -> Result<()> {
    ana.go_to("window=call").await?;
    ana.size(1040, 680).await?;
    in_call(other, ana.find("call-window[data-phase='live']").await)?;
    in_call(other, moves(ana, "[data-testid=call-tile] canvas").await)
}

/// Chooses pattern, tone and silence where one looks at oneself, and goes back.
///
/// # Errors
/// If the choices don't open.
pub async fn choose_pattern(ana: &Window) -> Result<()> {
    ana.click("call-video").await?;
    pattern(ana).await?;
    ana.click("dialog-close").await?;
    ana.gone("call-start").await
}

/// Chooses pattern, tone and silence in the choices that are open.
///
/// # Errors
/// If they are not there.
pub async fn pattern(ana: &Window) -> Result<()> {
    for (device, entry) in [("camera", "Moving pattern"), ("microphone", "Test tone"), ("speaker", "Silence")] {
        choose(ana, device, entry).await?;
    }
    Ok(())
}

/// Chooses a device in the choices that are open. By key: lists move while they open, and a press may meet the entry beside.
///
/// # Errors
/// If there is none of that name.
pub async fn choose(ana: &Window, device: &str, entry: &str) -> Result<()> {
    let button = format!("call-choose-{device}");
    ana.until(&format!("{entry} as {device}"), async || {
        // `innerText` is what is rendered; the driver's own text is empty for buttons that lay out their content.
        let shown = ana.find(&button).await?.prop("innerText").await.ok().flatten().unwrap_or_default();
        if shown.contains(entry) {
            return Ok(true);
        }
        if ana.has("option-synthetic").await? {
            ana.enter_option(entry).await?;
        } else {
            let _ = ana.find(&button).await?.send_keys(Key::Down).await;
        }
        Ok(false)
    })
    .await
}

/// Switches off what is done to the sound of the microphone, in a call: noise reduction is there to take a steady tone away.
///
/// # Errors
/// If the switches don't open.
pub async fn leave_sound_alone(ana: &Window) -> Result<()> {
    ana.click("call-sound").await?;
    for switch in ["echo", "noise", "gain"] {
        ana.click(&format!("call-sound-{switch}")).await?;
    }
    ana.press(Key::Escape).await?;
    ana.gone("call-sound-echo").await
}

/// Waits until more pictures were drawn there than before; how many a second is nothing for a busy machine.
///
/// # Errors
/// If none come.
pub async fn moves(ana: &Window, canvas: &str) -> Result<()> {
    let drawn = async || Ok::<_, anyhow::Error>(drawn(ana, canvas).await?.unwrap_or(-1));
    ana.until(&format!("pictures on {canvas}"), async || Ok(drawn().await? > 0)).await?;
    let before = drawn().await?;
    ana.until(&format!("pictures on {canvas} to go on"), async || Ok(drawn().await? > before + 5)).await
}

/// How many pictures were drawn on a canvas; none where there is no such canvas.
///
/// # Errors
/// If the window doesn't answer.
pub async fn drawn(ana: &Window, canvas: &str) -> Result<Option<i64>> {
    let script = format!("const canvas = document.querySelector(`{canvas}`); return canvas ? Number(canvas.dataset.frames) : null;");
    Ok(ana.script(&script).await?.as_i64())
}

/// What the window says, with the end of the other side's log where it fails.
///
/// # Errors
/// What the window says.
pub fn in_call<T>(other: &mut Running, seen: Result<T>) -> Result<T> {
    let is_alive = other.is_alive();
    seen.with_context(|| format!("the other side ({}) said:\n{}", if is_alive { "runs" } else { "ended" }, end_of(&other.log())))
}

/// The statistics that the other side printed last, where it was started with `--sink stats`.
pub fn last_line(other: &Running) -> Option<Value> {
    other.log().lines().rev().filter(|line| line.starts_with("{\"frames_sent\"")).find_map(|line| serde_json::from_str(line).ok())
}

/// A number of the statistics that the other side printed last.
pub fn number(other: &Running, name: &str) -> u64 {
    last_line(other).and_then(|line| line.get(name)?.as_u64()).unwrap_or(0)
}

/// The other side hangs up, and the window says that the call is over, before it closes by itself a few seconds later.
///
/// # Errors
/// If it doesn't, or the other process doesn't end.
pub async fn hung_up(ana: &Window, other: &mut Running) -> Result<()> {
    other.signal("INT")?;
    in_call(other, ana.find("call-ended[data-outcome='completed']").await)?;
    ended(other)
}

/// Ctrl C, as a person presses it.
///
/// # Errors
/// If the process doesn't end by it.
pub fn hang_up(other: &mut Running) -> Result<()> {
    other.signal("INT")?;
    ended(other)
}

/// Waits until the other side has left by itself.
///
/// # Errors
/// If it doesn't, or panicked.
pub fn ended(other: &mut Running) -> Result<()> {
    wait_for("the other side to leave", || Ok((!other.is_alive()).then_some(())))?;
    ensure!(!other.log().contains("panicked"), "{}", end_of(&other.log()));
    Ok(())
}

fn end_of(log: &str) -> String {
    let is_news = |line: &&str| !["TRACE", "DEBUG", "frames_sent"].iter().any(|known| line.contains(known));
    let lines: Vec<&str> = log.lines().filter(is_news).collect();
    lines.get(lines.len().saturating_sub(25)..).unwrap_or_default().join("\n")
}
