//! Large files by command line: killed, resumed, and never more memory than a few parts.

#![expect(clippy::print_stdout, reason = "what it measured is read in its output")]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bezel_tests::member::{Member, exit};
use bezel_tests::process::Running;
use bezel_tests::relay::Relay;
use bezel_tests::scene::{Pair, Stage, found, pair};
use serde_json::Value;

/// The size of the large file, in MiB, where nobody says another.
const MIB: u64 = 192;
/// How often each side is killed on the way.
const KILLS: u64 = 3;
/// More than this above the idle process is no constant memory.
const MEMORY_KIB: u64 = 64 * 1024;
/// A part: what may go over twice after a kill.
const PART_BYTES: u64 = 256 * 16_400;

/// F1: with `BEZEL_FILE_MIB=10240` the file has 10 GiB.
#[test]
fn a_large_file_survives_kills_on_both_sides_in_constant_memory() -> Result<()> {
    let Pair { stage, relay, ana, ben, ring } = pair("files")?;
    let mib: u64 = std::env::var("BEZEL_FILE_MIB").ok().map_or(Ok(MIB), |mib| mib.parse())?;
    let (source, copy) = (stage.path().join("film.mov"), stage.path().join("copy.mov"));
    write_noise(&source, mib)?;
    let size = std::fs::metadata(&source)?.len();
    let (idle, idle_relay) = (idle_memory(&ben)?, memory(relay.id(), "VmRSS:").context("the relay runs")?);

    let path = source.to_string_lossy().into_owned();
    let sent = moved(&ana, "send", &["file", "send", &ring, &path], size, idle)?;
    let file = sent["file"].as_str().context("the file has an id")?.to_owned();
    ensure!(sent["resumed"] == true, "it went on from where it was killed: {sent}");

    ben.json(&["sync"])?;
    let out = copy.to_string_lossy().into_owned();
    let saved = moved(&ben, "get", &["file", "get", &file, "--out", &out], size, idle)?;
    ensure!(saved["resumed"] == true, "it went on from where it was killed: {saved}");
    ensure!(are_equal(&source, &copy)?, "what arrives is what was sent");
    let grown = memory(relay.id(), "VmHWM:").context("the relay runs")?.saturating_sub(idle_relay);
    println!("{mib} MiB: the relay grew by {grown} KiB");
    ensure!(grown < MEMORY_KIB, "the relay grew by {grown} KiB");
    Ok(())
}

/// Runs a transfer, kills it on the way as often as said, and lets it end. Answers what it printed.
fn moved(member: &Member, name: &str, args: &[&str], size: u64, idle: u64) -> Result<Value> {
    let args = [args, &["--json"]].concat();
    let mut reached = 0;
    for kill in 1..=KILLS {
        let mut running = member.start(&format!("{name}-{kill}"), &args)?;
        let wanted = size / (KILLS + 1) * kill;
        running.until("a good part of it went over", || {
            Ok(progress(&running_log(member, name, kill)?).last().is_some_and(|done| *done >= wanted))
        })?;
        running.kill()?;
        let seen = progress(&running_log(member, name, kill)?);
        let first = seen.first().copied().unwrap_or(0);
        ensure!(first + PART_BYTES >= reached, "after kill {kill} it began at {first} although {reached} bytes were done");
        reached = seen.last().copied().unwrap_or(0);
        println!("{name}: killed at {reached} of {size} bytes");
    }
    let mut last = member.start(&format!("{name}-last"), &args)?;
    let peak = last_memory(&mut last);
    let log = std::fs::read_to_string(member.folder().join(format!("{name}-last.log")))?;
    let printed = log.lines().rev().find(|line| line.starts_with('{') && !line.contains("done_bytes")).context(log.clone())?;
    let first = progress(&log).first().copied().unwrap_or(size);
    ensure!(first + PART_BYTES >= reached, "it began at {first} although {reached} bytes were done");
    ensure!(peak > 0, "the memory was looked at");
    println!("{name}: at most {peak} KiB, {} KiB above the idle process", peak.saturating_sub(idle));
    ensure!(peak.saturating_sub(idle) < MEMORY_KIB, "{name} took {} KiB above the idle process", peak.saturating_sub(idle));
    Ok(serde_json::from_str(printed)?)
}

fn running_log(member: &Member, name: &str, kill: u64) -> Result<String> {
    Ok(std::fs::read_to_string(member.folder().join(format!("{name}-{kill}.log")))?)
}

/// The bytes that were done, as told line by line.
fn progress(log: &str) -> Vec<u64> {
    let lines = log.lines().filter(|line| line.contains("\"done_bytes\""));
    lines.filter_map(|line| serde_json::from_str::<Value>(line).ok()).filter_map(|line| line.get("done_bytes")?.as_u64()).collect()
}

/// The peak of a process from its first progress to its end, in KiB; what unlocking took before that is not counted.
fn last_memory(running: &mut Running) -> u64 {
    let (mut peak, mut is_counted) = (0, false);
    // The end of the process ends the waiting, successfully or not; whoever called looks at what it printed.
    while running.is_alive() {
        if is_counted {
            peak = memory(running.id(), "VmHWM:").unwrap_or(0).max(peak);
        } else if running.log().contains("done_bytes") {
            // 5 sets the peak back to what is used now (proc_pid_clear_refs(5)).
            is_counted = std::fs::write(format!("/proc/{}/clear_refs", running.id()), "5").is_ok();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    peak
}

/// A member that only stays in step.
fn idle_memory(member: &Member) -> Result<u64> {
    let mut follow = member.start("idle", &["sync", "--follow", "--json"])?;
    follow.until("it follows", || Ok(!std::fs::read(member.folder().join("idle.log"))?.is_empty()))?;
    memory(follow.id(), "VmRSS:").context("it runs")
}

/// A line of a process's status, in KiB.
fn memory(process: u32, what: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(what))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Noise of so many MiB: it neither compresses nor repeats.
fn write_noise(path: &Path, mib: u64) -> Result<()> {
    let mut file = File::create(path)?;
    let mut state = 88_172_645_463_325_252_u64;
    let mut block = vec![0_u8; 1 << 20];
    for _ in 0..mib {
        for word in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    // No whole chunk at the end.
    file.write_all(b"end")?;
    Ok(())
}

fn are_equal(one: &Path, other: &Path) -> Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let (mut first, mut second) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let read = one.read(&mut first)?;
        if read == 0 {
            return Ok(other.read(&mut second)? == 0);
        }
        other.read_exact(second.get_mut(..read).context("a block")?)?;
        if first.get(..read) != second.get(..read) {
            return Ok(false);
        }
    }
}

/// A disk of a few MiB, for as long as it lives.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: PathBuf, size: &str) -> Result<Option<Self>> {
        std::fs::create_dir_all(&path)?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&path).status();
        Ok(mounted.is_ok_and(|status| status.success()).then_some(Self(path)))
    }

    fn grow(&self, size: &str) -> Result<()> {
        let grown = Command::new("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.0).status()?;
        ensure!(grown.success(), "the disk could not be made larger");
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_of_the_recipient_is_said_and_nothing_is_lost() -> Result<()> {
    let Pair { stage, relay: _relay, ana, ben, ring } = pair("full-disk")?;
    let Some(disk) = SmallDisk::mount(stage.path().join("disk"), "8m")? else {
        println!("skipped: this process may not mount a small disk");
        return Ok(());
    };
    let source = stage.path().join("film.mov");
    write_noise(&source, 20)?;
    let file = ana.field(&["file", "send", &ring, &source.to_string_lossy()], "file")?;
    ben.json(&["sync"])?;
    let copy = disk.0.join("copy.mov");
    let out = copy.to_string_lossy().into_owned();
    let said = ben.refused(1, &["file", "get", &file, "--out", &out])?;
    ensure!(said.contains("disk_full") && said.contains("Free some space"), "{said}");
    ensure!(!copy.exists(), "nothing stands under the name");
    disk.grow("40m")?;
    ben.json(&["file", "get", &file, "--out", &out])?;
    ensure!(are_equal(&source, &copy)?, "it arrives once there is room");
    Ok(())
}

/// Limits of the relay are said before anything is sent.
#[test]
fn a_file_that_the_relay_does_not_take_is_refused_before_the_work_starts() -> Result<()> {
    let stage = Stage::new("limits")?;
    let relay = Relay::start_with(&stage.folder("relay"), &["--max-file-bytes", "1MiB"])?;
    let ana = Member::with_passphrase(stage.path(), "ana")?;
    found(&ana, "Maison Lune", &relay.url())?;
    let ring = ana.field(&["conversation", "create", "--title", "Ring 2041"], "conversation")?;
    let source = stage.path().join("film.mov");
    write_noise(&source, 2)?;
    let said = ana.refused(exit::REFUSED, &["file", "send", &ring, &source.to_string_lossy()])?;
    ensure!(said.contains("file_too_large"), "{said}");
    ensure!(ana.lines(&["messages", &ring])?.is_empty(), "nothing is announced");
    Ok(())
}
