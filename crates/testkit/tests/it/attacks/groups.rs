//! Commits, welcomes and group infos: by a member who has turned, and by whoever runs the relay. After each the group stands where it stood, and
//! an honest commit is taken.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use bezel_core::conversation as conversations;
use bezel_core::{alarm, sync};
use bezel_crypto::group::Change;
use bezel_protocol::log::{EntryKind, Place, SignedCommit, SpineEntry};
use bezel_protocol::wire::{Commits, ErrorBody, Heads, NewConversation, StoredCommit, Welcome, Welcomes, code, path};
use bezel_protocol::{Hash, Role, cbor};
use bezel_testkit::attacker::{Attacker, Entry};
use reqwest::Method;

use super::stage::{Stage, round, thread};

async fn epoch(stage: &Stage) -> Result<u64> {
    Ok(conversations::show(&stage.ana, stage.ring).await?.epoch)
}

/// What the relay says to a commit, after which everything is as it was.
async fn refused(stage: &Stage, (entry, group_info): (Vec<u8>, Vec<u8>), code: &str) -> Result<()> {
    sync::once(&stage.ana).await?;
    let before = epoch(stage).await?;
    let answer = stage.mal.post_commit(stage.ring, entry, group_info, &[]).await?;
    assert_eq!(answer.code(), code);
    sync::once(&stage.ana).await?;
    assert_eq!(epoch(stage).await?, before, "the group stands where it stood");
    assert_eq!(stage.alarms(&stage.ana).await?, [""; 0]);
    conversations::rotate(&stage.ana, stage.ring).await?;
    assert_eq!(epoch(stage).await?, before + 1, "an honest commit is taken");
    stage.goes_on().await
}

async fn rotation(mal: &Attacker, stage: &Stage) -> Result<(Vec<u8>, Vec<u8>)> {
    let built = mal.build_commit(stage.ring, Change::rotate(), mal.head(stage.ring).await?).await?;
    Ok((built.entry, built.group_info))
}

/// Any member killed a conversation for everybody by bytes that are no commit.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_commits_garbage_moves_nobody() -> Result<()> {
    for role in [Role::Member, Role::ReadOnly, Role::Guest] {
        let stage = Stage::with_mal(role).await?;
        refused(&stage, (b"garbage".to_vec(), b"junk".to_vec()), "malformed").await?;
        let signed = stage.mal.sign_commit(b"garbage".to_vec(), b"junk")?;
        refused(&stage, (signed, b"junk".to_vec()), "malformed").await?;
    }
    Ok(())
}

/// Nobody but members can check the tag at the end of a commit: whoever sends a false one stopped a conversation for everybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_nobody_can_open_stops_nobody() -> Result<()> {
    for role in [Role::Member, Role::ReadOnly, Role::Guest] {
        let stage = Stage::with_mal(role).await?;
        sync::once(&stage.ana).await?;
        let before = epoch(&stage).await?;
        let (entry, info) = rotation(&stage.mal, &stage).await?;
        let mut commit = SignedCommit::decode(&entry)?.commit.0;
        if let Some(last) = commit.last_mut() {
            *last ^= 1;
        }
        let entry = stage.mal.sign_commit(commit, &info)?;
        assert_eq!(stage.mal.post_commit(stage.ring, entry, info, &[]).await?.code(), "ok", "the relay can't know");
        sync::once(&stage.ana).await?;
        sync::once(&stage.ben).await?;
        assert!(epoch(&stage).await? > before + 1, "whoever could not open it came back");
        for member in [&stage.ana, &stage.ben] {
            let told = alarm::list(member).await?;
            let of_it: Vec<_> = told.iter().filter(|alarm| alarm.code == "commit_unopened").collect();
            assert_eq!(of_it.len(), 1, "{told:?}");
            assert!(of_it[0].accused_device.is_some(), "it says whose device it was");
        }
        conversations::rotate(&stage.ben, stage.ring).await?;
        stage.goes_on().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_another_group_moves_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let built = stage.mal.build_commit(stage.pair, Change::rotate(), stage.mal.head(stage.pair).await?).await?;
    refused(&stage, (built.entry, built.group_info), "malformed").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_an_epoch_that_is_over_moves_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let old = rotation(&stage.mal, &stage).await?;
    conversations::rotate(&stage.ana, stage.ring).await?;
    refused(&stage, old, "stale_epoch").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_group_info_is_another_moves_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let (entry, info) = rotation(&stage.mal, &stage).await?;
    let mut flipped = info.clone();
    if let Some(last) = flipped.last_mut() {
        *last ^= 1;
    }
    refused(&stage, (entry.clone(), flipped.clone()), "malformed").await?;
    // Nor where the author signs for it.
    let stage = Stage::with_mal(Role::Member).await?;
    let (entry, _) = rotation(&stage.mal, &stage).await?;
    let commit = SignedCommit::decode(&entry)?.commit.0;
    let entry = stage.mal.sign_commit(commit, &flipped)?;
    refused(&stage, (entry, flipped), "malformed").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_its_device_did_not_sign_moves_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let (entry, info) = rotation(&stage.mal, &stage).await?;
    let mut signed = SignedCommit::decode(&entry)?;
    signed.signature.0.fill(7);
    refused(&stage, (signed.encode(), info), "malformed").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_names_another_history_moves_nobody() -> Result<()> {
    for (ahead, code) in [(0, "forked"), (9, "ahead")] {
        let stage = Stage::with_mal(Role::Member).await?;
        let sequence = stage.mal.head(stage.ring).await?.sequence + ahead;
        let seen = Place { sequence, hash: Hash::of(b"another history") };
        let built = stage.mal.build_commit(stage.ring, Change::rotate(), seen).await?;
        refused(&stage, (built.entry, built.group_info), code).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_by_an_older_roster_moves_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let old = rotation(&stage.mal, &stage).await?;
    bezel_core::invite::create(&stage.ana, Role::Member, 1).await?;
    refused(&stage, old, "stale_roster").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_with_a_welcome_for_somebody_inside_moves_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let (entry, info) = rotation(&stage.mal, &stage).await?;
    let welcome = [(stage.ben.device(), b"come in".to_vec())];
    assert_eq!(stage.mal.post_commit(stage.ring, entry, info, &welcome).await?.code(), "malformed");
    assert_eq!(stage.shop.count("SELECT count(*) FROM welcomes").await?, 0);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_commits_nothing_more() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let last = rotation(&stage.mal, &stage).await?;
    conversations::remove(&stage.ana, stage.ring, stage.mal.loot.user).await?;
    refused(&stage, last, "not_found").await
}

/// Each change of keys is work for everybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_only_reads_renews_the_keys_three_times_a_day() -> Result<()> {
    let stage = Stage::with_mal(Role::ReadOnly).await?;
    let mal = stage.shop.reopen("mal").await?;
    for _ in 0..3 {
        conversations::rotate(&mal, stage.ring).await?;
    }
    assert_eq!(conversations::rotate(&mal, stage.ring).await.unwrap_err().code, "too_many");
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_begins_no_conversation_and_nobody_begins_one_in_anothers_name() -> Result<()> {
    let stage = Stage::with_mal(Role::Guest).await?;
    let begun = stage.liar.asked().into_iter().find(|asked| asked.path() == path::CONVERSATIONS).unwrap();
    let again: NewConversation = cbor::decode(&begun.body)?;
    assert_eq!(stage.mal.line.post(path::CONVERSATIONS, &again).await?.code(), "forbidden");
    let stolen = stage.mal.line.with_token(begun.token);
    assert_eq!(stolen.post(path::CONVERSATIONS, &again).await?.code(), "conflict", "it is there");
    stage.goes_on().await
}

/// A bare "not found" was believed: the group was deleted, and what came until the return was lost in silence.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_says_once_that_a_conversation_is_not_there_ends_nothing() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let ring = stage.ring;
    let not_found = cbor::encode(&ErrorBody { code: code::NOT_FOUND.into(), message: "no".into(), current: None, proof: None });
    stage.liar.lie_about(path::HEADS, move |bytes| {
        let mut heads: Heads = cbor::decode(&bytes).unwrap();
        heads.conversations.retain(|head| head.conversation != ring);
        cbor::encode(&heads)
    });
    stage.liar.answer_instead(move |asked| {
        (asked.method == Method::GET && asked.path().contains(&ring.to_string())).then(|| (404, not_found.clone()))
    });
    assert_eq!(round(&stage.ana).await, Some("conversation_withheld"));
    assert_eq!(stage.alarms(&stage.ana).await?, ["conversation_withheld in ring"]);
    assert!(conversations::list(&stage.ana).await?.iter().all(|each| !each.removed));
    bezel_core::message::send(&stage.ben, stage.other, "elsewhere", None).await?;
    let _ = sync::once(&stage.ana).await;
    assert_eq!(thread(&stage.ana, stage.other).await?, ["ben: elsewhere"]);
    stage.liar.repent();
    stage.goes_on().await
}

/// The relay writes a change of the group into the log that nobody made.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_the_relay_makes_up_is_not_followed() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let before = epoch(&stage).await?;
    let hostile = stage.forge().await?;
    let (entry, at_ms) = (stage.mal.sign_commit(b"no commit".to_vec(), b"")?, stage.mal.now_ms());
    let roster = hostile.log().entries.last().unwrap().spine.roster;
    let spine = SpineEntry { kind: EntryKind::Commit, stored_at_ms: at_ms, roster, sha256: Hash::of(&entry) };
    hostile.log().entries.push(Entry { spine, bytes: Vec::new() });
    let sequence = hostile.log().end();
    stage.liar.lie_about(&path::of(path::COMMITS, stage.ring), move |_| {
        let stored = StoredCommit { epoch: before, sequence, entry: entry.clone().into(), stored_at_ms: at_ms };
        cbor::encode(&Commits { commits: vec![stored] })
    });
    assert_eq!(round(&stage.ana).await, Some("commit_forged"));
    assert_eq!(stage.alarms(&stage.ana).await?, ["commit_forged in ring"]);
    assert_eq!(epoch(&stage).await?, before);
    stage.goes_on_elsewhere().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_keeps_a_change_of_the_group_back_is_told() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    conversations::rotate(&stage.ben, stage.ring).await?;
    stage.liar.lie_about(&path::of(path::COMMITS, stage.ring), |_| cbor::encode(&Commits { commits: Vec::new() }));
    assert_eq!(round(&stage.ana).await, Some("commits_withheld"));
    assert_eq!(stage.alarms(&stage.ana).await?, ["commits_withheld in ring"]);
    stage.goes_on_elsewhere().await?;
    stage.liar.repent();
    stage.goes_on().await
}

/// A false group took the place of a conversation by a welcome.
#[tokio::test(flavor = "multi_thread")]
async fn welcomes_that_are_old_or_made_up_change_nothing() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    // A true one, on its way to ben.
    let kept: Arc<Mutex<Vec<Welcome>>> = Arc::default();
    let keeps = Arc::clone(&kept);
    stage.liar.lie_about(path::WELCOMES, move |bytes| {
        // The same path is asked to forget one.
        if let Ok(waiting) = cbor::decode::<Welcomes>(&bytes) {
            keeps.lock().unwrap().extend(waiting.welcomes);
        }
        bytes
    });
    conversations::remove(&stage.ana, stage.ring, stage.ben.user()).await?;
    sync::once(&stage.ben).await?;
    conversations::add(&stage.ana, stage.ring, conversations::NewMember { user: stage.ben.user(), role: Role::Member }).await?;
    sync::once(&stage.ben).await?;
    stage.goes_on().await?;
    let old = kept.lock().unwrap().first().cloned().unwrap();
    stage.liar.repent();
    let made_up = Welcome { welcome: b"come in".to_vec().into(), ..old.clone() };
    let elsewhere = Welcome { conversation: stage.other, ..old.clone() };
    for (welcome, is_told) in [(old, false), (made_up, true), (elsewhere, true)] {
        let answer = cbor::encode(&Welcomes { welcomes: vec![welcome] });
        stage.liar.lie_about(path::HEADS, |bytes| {
            let heads: Heads = cbor::decode(&bytes).unwrap();
            cbor::encode(&Heads { welcomes: 1, ..heads })
        });
        stage.liar.lie_about(path::WELCOMES, move |bytes| if bytes.is_empty() { bytes } else { answer.clone() });
        let before = conversations::show(&stage.ben, stage.ring).await?.epoch;
        assert_eq!(round(&stage.ben).await, None, "one welcome stops nothing");
        assert_eq!(conversations::show(&stage.ben, stage.ring).await?.epoch, before);
        let newest = alarm::list(&stage.ben).await?.into_iter().next();
        let is_open = newest.is_some_and(|alarm| alarm.acknowledged_at.is_none() && alarm.accused.is_none());
        assert_eq!(is_open, is_told, "it is told, and nobody is accused; the one that was taken may come twice");
        stage.liar.repent();
        stage.goes_on().await?;
        for raised in alarm::list(&stage.ben).await? {
            alarm::acknowledge(&stage.ben, &raised.id).await?;
        }
    }
    Ok(())
}

/// A commit of one's own that arrived late locked its author out for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_the_relay_held_back_and_took_later_locks_nobody_out() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let ring = stage.ring;
    stage.liar.answer_instead(move |asked| {
        (asked.method == Method::POST && asked.path() == path::of(path::COMMITS, ring)).then(|| (502, Vec::new()))
    });
    assert!(conversations::rotate(&stage.ben, stage.ring).await.is_err());
    stage.liar.repent();
    let held = stage.liar.asked().into_iter().rfind(|asked| asked.path() == path::of(path::COMMITS, ring)).unwrap();
    let late = stage.mal.line.with_token(held.token).send(Method::POST, &held.path_and_query, held.body).await?;
    assert_eq!(late.code(), "ok");
    stage.goes_on().await?;
    conversations::rotate(&stage.ben, stage.ring).await?;
    assert_eq!(stage.alarms(&stage.ben).await?, [""; 0]);
    stage.goes_on().await
}
