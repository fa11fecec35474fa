//! Calls by command line: each member a process of its own, with a synthetic source, decoded and checked by counters.

mod certificates;

use anyhow::{Context as _, Result};
use bezel_tests::call::{call, in_call, last_line, number};
use bezel_tests::member::Member;
use bezel_tests::process::{Running, wait_for};
use bezel_tests::relay::Relay;
use bezel_tests::scene::{Stage, found, join, relay};
use bezel_tests::sound::SoundServer;
use serde_json::Value;

use crate::certificates::certificates;

/// The pitch of the synthetic tone.
const TONE: f32 = 440.0;

/// Members who are all in one conversation, the first of them its owner.
fn conversation(names: &[&str]) -> Result<(Stage, Relay, Vec<Member>, String)> {
    let stage = Stage::new(names.last().copied().unwrap_or("calls"))?;
    let relay = relay(&stage)?;
    let members = names.iter().map(|name| Member::with_passphrase(stage.path(), name)).collect::<Result<Vec<_>>>()?;
    let ring = meet(&relay, &members)?;
    Ok((stage, relay, members, ring))
}

/// Brings members into one conversation.
fn meet(relay: &Relay, members: &[Member]) -> Result<String> {
    let (owner, others) = members.split_first().context("nobody")?;
    found(owner, "Maison Lune", &relay.url())?;
    let mut create = vec!["conversation", "create", "--title", "Ring 2041"];
    for other in others {
        join(owner, other, "member")?;
        create.extend(["--with", other.name()]);
    }
    owner.json(&["sync"])?;
    let ring = owner.field(&create, "conversation")?;
    for other in others {
        other.json(&["sync"])?;
    }
    Ok(ring)
}

/// The last object of each process's statistics, once each has checked more than so many frames.
fn talk(members: &[Member], ring: &str, frames: u64) -> Result<Vec<Value>> {
    let mut talking = Vec::new();
    for member in members {
        let verb = if talking.is_empty() { vec!["start", ring] } else { vec!["answer", "--within", "120"] };
        talking.push(member.start("call", &[call(&verb), vec!["--sink", "stats"]].concat())?);
    }
    for process in &mut talking {
        let seen = || Ok((number(process, "frames_verified") > frames).then_some(()));
        let seen = wait_for("frames that are checked", seen);
        in_call(process, seen)?;
    }
    let last = talking.iter().map(|process| last_line(process).context("no statistics")).collect();
    for process in &talking {
        process.signal("INT")?;
    }
    talking.into_iter().try_for_each(Running::succeeds)?;
    last
}

#[test]
fn two_processes_see_each_other_and_every_frame_opens() -> Result<()> {
    let (_stage, _relay, members, ring) = conversation(&["ana", "ben"])?;
    for stats in talk(&members, &ring, 60)? {
        assert_eq!(stats["decrypt_errors"], 0, "{stats}");
        assert_eq!(stats["srtp"], "SRTP_AEAD_AES_256_GCM", "{stats}");
        assert_eq!(stats["frames_verified"], stats["frames_decoded"], "each picture is newer than the one before: {stats}");
        assert!(stats["latency_ms"].as_f64().is_some() && stats["first_frame_ms"].as_u64().is_some(), "{stats}");
    }
    for member in &members {
        let history = member.lines(&["call", "history"])?;
        assert_eq!(history.len(), 1, "{history:?}");
        assert!(history.iter().all(|call| call["outcome"] == "completed" && call["quality"]["decrypt_errors"] == 0), "{history:?}");
    }
    Ok(())
}

/// Requests and events both go over TLS; the machine trusts who signed the relay's certificate.
#[test]
fn two_processes_see_each_other_by_a_relay_that_serves_tls() -> Result<()> {
    let stage = Stage::new("calls-tls")?;
    let [root, cert, key] = certificates(stage.path(), "127.0.0.1")?;
    let relay = Relay::start_with(&stage.folder("relay"), &["--tls-cert", &cert, "--tls-key", &key])?;
    let member = |name| Ok(Member::with_passphrase(stage.path(), name)?.with("SSL_CERT_FILE", &root));
    let members = ["ana", "ben"].into_iter().map(member).collect::<Result<Vec<_>>>()?;
    let ring = meet(&relay, &members)?;
    assert!(relay.url().starts_with("https://"));
    for stats in talk(&members, &ring, 60)? {
        assert_eq!(stats["decrypt_errors"], 0, "{stats}");
    }
    Ok(())
}

#[test]
fn four_processes_make_a_mesh() -> Result<()> {
    let (_stage, _relay, members, ring) = conversation(&["ana", "ben", "lena", "mia"])?;
    for stats in talk(&members, &ring, 30)? {
        assert_eq!(stats["decrypt_errors"], 0, "{stats}");
    }
    Ok(())
}

/// The way of sound through the system: a process whose loudspeaker is the sound server's.
#[test]
fn a_voice_is_heard_from_a_loudspeaker_of_a_real_sound_server() -> Result<()> {
    let (stage, _relay, members, ring) = conversation(&["ana", "bob"])?;
    let [ana, bob] = &members[..] else { anyhow::bail!("two members") };
    let server = SoundServer::start(&stage.folder("sound"), &["Hall"])?;
    let calls = ana.start("start", &["call", "start", &ring, "--source", "synthetic", "--media", "audio"])?;
    let bob = server.variables().iter().fold(bob.clone(), |bob, (name, value)| bob.with(name, value));
    let answers = bob.start("answer", &["call", "answer", "--within", "120", "--media", "audio"])?;
    server.hear("Hall", TONE).with_context(|| format!("{}\n{}", calls.log(), answers.log()))?;
    answers.signal("INT")?;
    answers.succeeds()
}
