//! Calls by command line: each member a process of its own, with a synthetic source, decoded and checked by counters.

use std::path::Path;

use anyhow::{Context as _, Result};
use bezel_tests::member::Member;
use bezel_tests::relay::Relay;
use bezel_tests::scene::{Stage, found, join, relay};
use bezel_tests::sound::SoundServer;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;

/// So long media flow, in seconds.
const SECONDS: &str = "12";

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

/// Writes an authority's certificate, and a relay's with its key that the authority signed; gives their files.
fn certificates(folder: &Path) -> Result<[String; 3]> {
    let (authority_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key)?;
    let relay = CertificateParams::new(vec!["127.0.0.1".into()])?.signed_by(&key, &Issuer::new(authority, authority_key))?;
    let write = |name: &str, pem: String| -> Result<String> {
        let path = folder.join(name);
        std::fs::write(&path, pem)?;
        Ok(path.display().to_string())
    };
    Ok([write("root.pem", root.pem())?, write("relay.pem", relay.pem())?, write("relay.key", key.serialize_pem())?])
}

/// The last object of each process's statistics.
fn talk(members: &[Member], ring: &str) -> Result<Vec<Value>> {
    let run = ["--source", "synthetic", "--sink", "stats", "--duration", SECONDS];
    let start = [&["call", "start", ring][..], &run].concat();
    let answer = [&["call", "answer", "--within", "120"][..], &run].concat();
    let printed: Vec<Result<Vec<Value>>> = std::thread::scope(|scope| {
        let (start, answer) = (&start, &answer);
        let talks: Vec<_> = members
            .iter()
            .enumerate()
            .map(|(number, member)| scope.spawn(move || member.lines(if number == 0 { start } else { answer })))
            .collect();
        talks.into_iter().map(|talk| talk.join().map_err(|_| anyhow::anyhow!("a process was not waited for"))?).collect()
    });
    printed.into_iter().map(|lines| lines?.into_iter().next_back().context("no statistics")).collect()
}

#[test]
fn two_processes_see_each_other_and_every_frame_opens() -> Result<()> {
    let (_stage, _relay, members, ring) = conversation(&["ana", "ben"])?;
    for stats in talk(&members, &ring)? {
        assert_eq!(stats["decrypt_errors"], 0, "{stats}");
        assert_eq!(stats["srtp"], "SRTP_AEAD_AES_256_GCM", "{stats}");
        assert!(stats["frames_verified"].as_u64() > Some(10), "{stats}");
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
    let [root, cert, key] = certificates(stage.path())?;
    let relay = Relay::start_with(&stage.folder("relay"), &["--tls-cert", &cert, "--tls-key", &key])?;
    let member = |name| Ok(Member::with_passphrase(stage.path(), name)?.with("SSL_CERT_FILE", &root));
    let members = ["ana", "ben"].into_iter().map(member).collect::<Result<Vec<_>>>()?;
    let ring = meet(&relay, &members)?;
    assert!(relay.url().starts_with("https://"));
    for stats in talk(&members, &ring)? {
        assert_eq!(stats["decrypt_errors"], 0, "{stats}");
        assert!(stats["frames_verified"].as_u64() > Some(10), "{stats}");
    }
    Ok(())
}

#[test]
fn four_processes_make_a_mesh() -> Result<()> {
    let (_stage, _relay, members, ring) = conversation(&["ana", "ben", "lena", "mia"])?;
    for stats in talk(&members, &ring)? {
        assert_eq!(stats["decrypt_errors"], 0, "{stats}");
        assert!(stats["frames_verified"].as_u64() > Some(5), "{stats}");
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
    let mut answers = bob.start("answer", &["call", "answer", "--within", "120", "--media", "audio"])?;
    server.hear("Hall", TONE).with_context(|| format!("{}\n{}", calls.log(), answers.log()))?;
    answers.signal("INT")?;
    answers.until("it left", || Ok(true))
}
