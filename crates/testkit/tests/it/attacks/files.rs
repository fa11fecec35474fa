//! Files: announced, received and withdrawn by whoever has no right to.

use anyhow::Result;
use bezel_core::file::{self, FileState, FileView, Share};
use bezel_core::{Member, sync};
use bezel_crypto::file::{FileKey, Layout, seal_manifest};
use bezel_crypto::{SystemRng, rng};
use bezel_protocol::content::{
    Content, File, FileAction, FileKeys, FileReceipt, FileRevocation, MAX_FILE_NAME_BYTES, MAX_THUMBNAIL_BYTES, Manifest, Picture,
    Thumbnail,
};
use bezel_protocol::wire::{ErrorBody, code, path};
use bezel_protocol::{ConversationId, FileId, Hash, Role, cbor};
use bezel_testkit::attacker::Attacker;
use reqwest::Method;

use super::stage::{Stage, round, thread, views};

/// Ben sends a file into the conversation of all.
async fn sent(stage: &Stage) -> Result<FileId> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("drawing.txt");
    std::fs::write(&path, "a ring")?;
    Ok(file::send(&stage.ben, stage.ring, path, &Share::default()).await?.file.parse()?)
}

fn manifest(mal: &Attacker, file: FileId, conversation: ConversationId) -> Result<Manifest> {
    Ok(Manifest {
        file,
        conversation,
        device: mal.device(),
        name: "invoice.txt".into(),
        media_type: "text/plain".into(),
        size_bytes: 6,
        ciphertext_bytes: Layout::of_size(6)?.blob_bytes(),
        ciphertext_sha256: Hash::ZERO,
        picture: None,
        view_only: false,
        expires_at_ms: None,
    })
}

/// A file as the attacker announces it.
fn announcement(mal: &Attacker, manifest: &Manifest) -> Result<Content> {
    let key = FileKey::random(&mut SystemRng)?;
    let sealed = seal_manifest(manifest, &key, &mal.loot.device, &mut SystemRng)?;
    Ok(Content::File(File { file: manifest.file, keys: FileKeys::Conversation(key.to_message()), manifest: sealed.into(), replaces: None }))
}

async fn shown(member: &Member, id: FileId) -> Result<FileView> {
    Ok(file::show(member, id).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_announces_anothers_file_again_changes_nothing_of_it() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let id = sent(&stage).await?;
    sync::once(&stage.ana).await?;
    for conversation in [stage.ring, stage.pair] {
        let content = announcement(&stage.mal, &manifest(&stage.mal, id, conversation)?)?;
        assert_eq!(stage.mal.say_content(conversation, &content).await?.code(), "ok");
    }
    sync::once(&stage.ana).await?;
    let view = shown(&stage.ana, id).await?;
    assert_eq!((view.name.as_str(), view.from.as_str(), view.state), ("drawing.txt", "ben", FileState::Available));
    assert_eq!(thread(&stage.ana, stage.pair).await?, ["[mal] It announces a file that its sender did not make here."]);
    stage.goes_on().await
}

/// Whoever was handed out first had the file: the id was known, and nobody's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_announces_anothers_file_before_it_is_seen_does_not_take_its_place() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let id = sent(&stage).await?;
    let content = announcement(&stage.mal, &manifest(&stage.mal, id, stage.pair)?)?;
    assert_eq!(stage.mal.say_content(stage.pair, &content).await?.code(), "ok");
    let ring = stage.ring;
    let later = cbor::encode(&ErrorBody { code: code::NOT_FOUND.into(), message: "later".into(), current: None, proof: None });
    stage.liar.answer_instead(move |asked| {
        (asked.method == Method::GET && asked.path() == path::of(path::MESSAGES, ring)).then(|| (404, later.clone()))
    });
    round(&stage.ana).await;
    stage.liar.repent();
    sync::once(&stage.ana).await?;
    let bens = views(&stage.ana, stage.ring).await?.pop().and_then(|view| view.file);
    assert_eq!(bens.map(|file| (file.name, file.from)), Some(("drawing.txt".to_owned(), "ben".to_owned())));
    stage.goes_on().await
}

/// For others than the reader nothing of the announcement could be checked but its id.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_announces_anothers_file_for_others_does_not_hide_it() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let id = sent(&stage).await?;
    let content = File { file: id, keys: FileKeys::Named(Vec::new()), manifest: Vec::new().into(), replaces: None };
    assert_eq!(stage.mal.say_content(stage.ring, &Content::File(content)).await?.code(), "ok");
    sync::once(&stage.ana).await?;
    assert_eq!(shown(&stage.ana, id).await?.name, "drawing.txt");
    let last = thread(&stage.ana, stage.ring).await?.pop();
    assert_eq!(last.as_deref(), Some("[mal] It announces a file that its sender did not make here."));
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_withdraws_anothers_file_does_not() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let id = sent(&stage).await?;
    for conversation in [stage.ring, stage.pair] {
        stage.mal.say_content(conversation, &Content::FileRevocation(FileRevocation { file: id })).await?;
    }
    let deleted = stage.mal.line.send(Method::DELETE, &path::of_file(path::FILE, id), Vec::new()).await?;
    assert_ne!(deleted.status, 200);
    sync::once(&stage.ana).await?;
    sync::once(&stage.ben).await?;
    for member in [&stage.ana, &stage.ben] {
        assert_eq!(shown(member, id).await?.state, FileState::Available);
    }
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_of_another_conversation_does_not_withdraw_a_file_of_this_one() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Admin).await?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("secret.txt");
    std::fs::write(&path, "gold")?;
    let id: FileId = file::send(&stage.ben, stage.other, path, &Share::default()).await?.file.parse()?;
    stage.mal.say_content(stage.ring, &Content::FileRevocation(FileRevocation { file: id })).await?;
    let deleted = stage.mal.line.send(Method::DELETE, &path::of_file(path::FILE, id), Vec::new()).await?;
    assert_ne!(deleted.status, 200);
    sync::once(&stage.ana).await?;
    assert_eq!(shown(&stage.ana, id).await?.state, FileState::Available);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_from_another_conversation_says_nothing_of_a_file() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let id = sent(&stage).await?;
    sync::once(&stage.ana).await?;
    let receipt = Content::FileReceipt(FileReceipt { file: id, action: FileAction::Download, at_ms: stage.mal.now_ms() });
    stage.mal.say_content(stage.pair, &receipt).await?;
    sync::once(&stage.ana).await?;
    assert_eq!(shown(&stage.ana, id).await?.saved_by, [""; 0]);
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_announced_in_anothers_words_or_with_false_sizes_is_not_believed() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let fresh = FileId::of(stage.ring, stage.mal.device(), rng::array(&mut SystemRng)?);
    let honest = manifest(&stage.mal, fresh, stage.ring)?;
    let elsewhere = Manifest { conversation: stage.other, ..honest.clone() };
    let other_file = Manifest { file: FileId::from_bytes([9; 16]), ..honest.clone() };
    let endless = Manifest { size_bytes: u64::MAX, ..honest.clone() };
    let unequal = Manifest { size_bytes: 7_000_000, ..honest };
    for manifest in [elsewhere, other_file, endless, unequal] {
        let Content::File(content) = announcement(&stage.mal, &manifest)? else { unreachable!("a file") };
        let content = Content::File(File { file: fresh, ..content });
        assert_eq!(stage.mal.say_content(stage.ring, &content).await?.code(), "ok");
    }
    sync::once(&stage.ana).await?;
    let seen = thread(&stage.ana, stage.ring).await?;
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|line| line.starts_with("[mal] ")), "{seen:?}");
    assert_eq!(file::show(&stage.ana, fresh).await.unwrap_err().code, "no_file");
    stage.goes_on().await
}

/// A name and a small picture had no bound where they came from outside.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_name_or_a_picture_without_end_is_not_believed() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let thumbnail = |media_type: &str, bytes| Thumbnail { media_type: media_type.into(), data: vec![0; bytes].into() };
    let picture = |thumbnail| Some(Picture { width: 9, height: 9, thumbnail: Some(thumbnail) });
    let honest = |mal: &Attacker| manifest(mal, FileId::of(stage.ring, mal.device(), rng::array(&mut SystemRng)?), stage.ring);
    let manifests = [
        Manifest { name: "x".repeat(MAX_FILE_NAME_BYTES + 1), ..honest(&stage.mal)? },
        Manifest { media_type: "x".repeat(100_000), ..honest(&stage.mal)? },
        Manifest { picture: picture(thumbnail("image/png", MAX_THUMBNAIL_BYTES + 1)), ..honest(&stage.mal)? },
        Manifest { picture: picture(thumbnail("text/html", 8)), ..honest(&stage.mal)? },
    ];
    for manifest in manifests {
        let content = announcement(&stage.mal, &manifest)?;
        assert_eq!(stage.mal.say_content(stage.ring, &content).await?.code(), "ok");
    }
    sync::once(&stage.ana).await?;
    let refused = "[mal] It announces a file with more words or a larger picture than a file may have.";
    assert_eq!(thread(&stage.ana, stage.ring).await?, [refused; 4]);
    stage.goes_on().await
}
