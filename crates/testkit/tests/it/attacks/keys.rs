//! Key packages, log-ins, tokens and what is kept for a user.

use anyhow::{Context as _, Result};
use bezel_core::conversation::{self as conversations, NewMember};
use bezel_core::{people, sync};
use bezel_protocol::login::Subject;
use bezel_protocol::roster::Statement;
use bezel_protocol::wire::{
    Bytes, Challenge, ClaimKeyPackages, ClaimedKeyPackages, KeyPackageUpload, MessageKind, NewKeyPackage, SignedEpochKeys, StoredVault,
    path,
};
use bezel_protocol::{Role, Suite, cbor};
use bezel_testkit::attacker::Line;
use reqwest::Method;

use super::stage::{Stage, round};

/// What becomes of a conversation that ana begins with ben.
async fn begin(stage: &Stage) -> Result<&'static str> {
    let members = [NewMember { user: stage.ben.user(), role: Role::Member }];
    Ok(conversations::create(&stage.ana, "Earrings", &members, None).await.err().map_or("ok", |error| error.code))
}

/// A line with the session of ben's that the network has seen.
fn stolen(stage: &Stage, path_of_ben: &str) -> Result<Line> {
    let asked = stage.liar.asked().into_iter().rfind(|asked| asked.path() == path_of_ben).context("ben asked for something")?;
    Ok(stage.mal.line.with_token(asked.token))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_package_of_the_attackers_in_anothers_place_begins_nothing() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let claim = ClaimKeyPackages { suite: Suite::P384Aes256, devices: vec![stage.mal.device()] };
    let mals: ClaimedKeyPackages = stage.mal.line.post(path::CLAIM, &claim).await?.body()?;
    let mals = mals.key_packages.into_iter().next().context("one")?.key_package;
    let there = stage.shop.count("SELECT count(*) FROM group_conversations").await?;
    for forged in [mals, Bytes(b"nothing of the kind".to_vec())] {
        stage.liar.lie_about(path::CLAIM, move |bytes| {
            let mut claimed: ClaimedKeyPackages = cbor::decode(&bytes).unwrap();
            claimed.key_packages.iter_mut().for_each(|each| each.key_package = forged.clone());
            cbor::encode(&claimed)
        });
        assert_eq!(begin(&stage).await?, "wrong_key_package");
        stage.liar.repent();
    }
    assert_eq!(stage.shop.count("SELECT count(*) FROM group_conversations").await?, there, "nothing was begun for its sake");
    assert_eq!(begin(&stage).await?, "ok");
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_takes_all_key_packages_of_another_keeps_nobody_from_adding_them() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let claim = ClaimKeyPackages { suite: Suite::P384Aes256, devices: vec![stage.ben.device()] };
    for _ in 0..60 {
        stage.mal.line.post(path::CLAIM, &claim).await?;
    }
    assert_eq!(begin(&stage).await?, "ok");
    sync::once(&stage.ben).await?;
    let titles: Vec<String> = conversations::list(&stage.ben).await?.into_iter().map(|each| each.title).collect();
    assert!(titles.contains(&"Earrings".to_owned()), "{titles:?}");
    assert_eq!(begin(&stage).await?, "ok", "and new ones are there at once");
    sync::once(&stage.ben).await?;
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_leaves_junk_for_key_packages_is_added_by_nobody_and_the_others_are() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let junk = |bytes: usize| NewKeyPackage { key_package: Bytes(vec![7; bytes]), not_after_ms: stage.mal.now_ms() + 86_400_000 };
    let upload = |one_time, last_resort| KeyPackageUpload { suite: Suite::P384Aes256, one_time, last_resort, replaces: true };
    let large = upload(vec![junk(17 * 1024)], None);
    assert_eq!(stage.mal.line.post(path::KEY_PACKAGES, &large).await?.code(), "too_large");
    let many = upload((0..201).map(|_| junk(8)).collect(), None);
    assert_eq!(stage.mal.line.post(path::KEY_PACKAGES, &many).await?.code(), "too_many");
    let some = upload((0..20).map(|_| junk(64)).collect(), Some(junk(64)));
    assert_eq!(stage.mal.line.post(path::KEY_PACKAGES, &some).await?.code(), "ok");
    let members = [stage.mal.loot.user].map(|user| NewMember { user, role: Role::Member });
    let refused = conversations::create(&stage.ana, "With mal", &members, None).await.unwrap_err();
    assert_eq!(refused.code, "no_key_package");
    assert_eq!(stage.alarms(&stage.ana).await?, [""; 0], "an honest relay is not accused for ever");
    assert_eq!(begin(&stage).await?, "ok");
    stage.goes_on().await
}

/// A token is a bearer's for an hour: nothing is said or changed in its owner's name.
#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_token_speaks_for_nobody() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    sync::once(&stage.ben).await?;
    let line = stolen(&stage, path::HEADS)?;
    let mine = stage.mal.seal_text(&stage.mal.header(stage.ring).await?, "as ben")?;
    let posing = bezel_protocol::envelope::EnvelopeHeader { device: stage.ben.device(), ..stage.mal.header(stage.ring).await? };
    let posing = stage.mal.seal(&posing, b"as ben")?;
    for (envelope, code) in [(mine, "forbidden"), (posing, "refused")] {
        let new = bezel_protocol::wire::NewMessages { kind: MessageKind::Stored, envelopes: vec![Bytes(envelope)] };
        assert_eq!(line.post(&path::of(path::MESSAGES, stage.ring), &new).await?.code(), code);
    }
    let vault = StoredVault { version: 99, vault: Bytes(vec![0; 64]), device: stage.ben.device(), signature: Bytes(vec![0; 64]) };
    assert_eq!(line.put(path::VAULT, &vault).await?.code(), "refused");
    let keys = SignedEpochKeys { keys: Vec::new(), signature: Bytes(vec![0; 64]) };
    assert_eq!(line.put(path::EPOCH_KEYS, &keys).await?.code(), "refused");
    let statement = stage.mal.sign_statement(Statement::DeviceRevoke(stage.ben.device())).await?;
    let statements = bezel_protocol::wire::NewStatements { statements: vec![Bytes(statement.as_bytes().to_vec())] };
    assert_eq!(line.post(path::ROSTER, &statements).await?.code(), "roster_refused");
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_that_was_overheard_serves_nobody_again() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let overheard: Vec<Vec<u8>> =
        stage.liar.asked().into_iter().filter(|asked| asked.path() == path::LOGIN).map(|asked| asked.body).collect();
    assert!(overheard.len() >= 3, "everybody logged in");
    for body in overheard {
        let again = stage.mal.line.send(Method::POST, path::LOGIN, body).await?;
        assert_eq!(again.code(), "unauthenticated");
    }
    stage.goes_on().await
}

/// Whoever asks for a signature over another challenge gets none.
#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_for_somebody_else_is_not_signed() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let (bens, mals) = (stage.ben.device(), stage.mal.device());
    stage.ben.close().await;
    let before = log_ins(&stage.liar.asked());
    stage.liar.lie_about(path::CHALLENGE, move |bytes| {
        let mut challenge: Challenge = cbor::decode(&bytes).unwrap();
        challenge.challenge.subject = Subject::Device(mals);
        cbor::encode(&challenge)
    });
    let ben = stage.shop.reopen("ben").await?;
    assert_eq!(round(&ben).await, Some("relay_nonsense"));
    assert_eq!(log_ins(&stage.liar.asked()), before, "nothing was signed");
    stage.liar.repent();
    assert_eq!(round(&ben).await, None);
    assert_eq!(ben.device(), bens);
    Ok(())
}

fn log_ins(asked: &[bezel_testkit::Asked]) -> usize {
    asked.iter().filter(|asked| asked.path() == path::LOGIN).count()
}

/// Suspended and reinstated, nobody is in a conversation again by themselves.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_was_suspended_and_reinstated_reads_nothing_of_before() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    people::suspend(&stage.ana, stage.mal.loot.user).await?;
    sync::once(&stage.ana).await?;
    sync::once(&stage.ben).await?;
    people::reinstate(&stage.ana, stage.mal.loot.user).await?;
    let mal = stage.shop.reopen("mal").await?;
    round(&mal).await;
    mal.close().await;
    let mal = stage.shop.corrupt(stage.shop.reopen("mal").await?, "mal").await?;
    for of in [path::MESSAGES, path::RECEIPTS, path::GROUP] {
        let answer = mal.line.get(&format!("{}?first=1&last=9", path::of(of, stage.ring))).await?;
        assert_ne!(answer.code(), "ok", "{of}");
    }
    stage.goes_on().await
}
