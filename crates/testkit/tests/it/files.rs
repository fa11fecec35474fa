//! Files between members of a shop, and everything that may be done to them on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bezel_core::conversation::NewMember;
use bezel_core::file::{self, FileFilter, FileProof, FileState, SaveTo, SentFile, Share};
use bezel_core::message::MessageKind;
use bezel_core::{Class, Member, conversation, message, sync};
use bezel_protocol::{ConversationId, FileId, Role};
use bezel_testkit::{Shop, converse};

/// Ana and ben talk; cora is in the workspace and not in the conversation.
struct Scene {
    shop: Shop,
    ana: Member,
    ben: Member,
    ring: ConversationId,
    folder: tempfile::TempDir,
}

/// More than two parts, and no whole chunk at the end.
const LARGE: usize = 9_500_000;

impl Scene {
    async fn begin() -> Result<Self> {
        let shop = Shop::open().await?;
        let ana = shop.owner("ana").await?;
        let ben = shop.join(&ana, "ben", Role::Member).await?;
        let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
        sync::once(&ben).await?;
        Ok(Self { shop, ana, ben, ring, folder: tempfile::tempdir()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of `size` bytes that compresses badly and differs everywhere.
    fn write(&self, name: &str, size: usize) -> Result<PathBuf> {
        let path = self.path(name);
        std::fs::write(&path, content(size))?;
        Ok(path)
    }

    async fn send(&self, name: &str, size: usize, share: &Share) -> Result<FileId> {
        let sent = file::send(&self.ana, self.ring, self.write(name, size)?, share).await?;
        sync::once(&self.ben).await?;
        id(&sent)
    }

    async fn save(&self, file: FileId, name: &str) -> bezel_core::Result<PathBuf> {
        let path = self.path(name);
        file::save(&self.ben, file, &SaveTo { path: path.clone(), replace: false }).await?;
        Ok(path)
    }

    /// Ben fetches a file with which something is wrong; nothing of it may stand under its name.
    async fn refused(&self, file: FileId) -> Result<bezel_core::Error> {
        let error = self.save(file, "refused").await.err().context("the file should be refused")?;
        assert!(!self.path("refused").exists(), "nothing unverified stands under its final name");
        Ok(error)
    }
}

fn content(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..size)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .collect()
}

fn id(sent: &SentFile) -> Result<FileId> {
    Ok(sent.file.parse()?)
}

fn blobs(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(blobs(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

/// F1, F2: whole and equal on the other side, with its name, at every kind of size.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_arrives_as_it_was_sent() -> Result<()> {
    let scene = Scene::begin().await?;
    for (name, size) in [("empty", 0), ("one", 1), ("chunk", 16_384), ("part", 4 << 20), ("large", LARGE)] {
        let file = scene.send(name, size, &Share::default()).await?;
        let saved = scene.save(file, &format!("{name} saved")).await?;
        assert!(std::fs::read(saved)? == content(size), "{name}");
        assert_eq!(file::show(&scene.ben, file).await?.name, name);
    }
    assert!(file::transfers(&scene.ana).await?.is_empty() && file::transfers(&scene.ben).await?.is_empty(), "nothing is left on its way");
    let page = message::list(&scene.ben, scene.ring, None, 10).await?;
    assert!(page.messages.iter().all(|message| message.kind == MessageKind::File && message.file.is_some()), "{page:?}");
    Ok(())
}

/// A name is a name: it never leads anywhere, and what can't stand on a disk is replaced.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_every_odd_character_is_kept_and_saved_safely() -> Result<()> {
    let scene = Scene::begin().await?;
    let name = "–«Bague» n°2041 \u{1f48d}\n\t'\"\\$(rm -rf ~);`|*?<>:%00 \u{202e}gpj.exe";
    let file = scene.send(name, 10, &Share::default()).await?;
    assert_eq!(file::show(&scene.ben, file).await?.name, name, "it is shown as it was");
    let folder = scene.path("saved");
    std::fs::create_dir(&folder)?;
    let saved = file::save(&scene.ben, file, &SaveTo { path: folder.clone(), replace: false }).await?;
    let saved = PathBuf::from(saved.path);
    assert_eq!(saved.parent(), Some(folder.as_path()), "it is saved into the folder and nowhere else");
    assert!(std::fs::read(saved)? == content(10));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_never_saved_over_another_without_being_told_so() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("ring.jpg", 10, &Share::default()).await?;
    std::fs::write(scene.path("taken"), "mine")?;
    let error = scene.save(file, "taken").await.err().context("something stands there")?;
    assert_eq!((error.code, std::fs::read(scene.path("taken"))?.as_slice()), ("exists", b"mine".as_slice()));
    file::save(&scene.ben, file, &SaveTo { path: scene.path("taken"), replace: true }).await?;
    assert!(std::fs::read(scene.path("taken"))? == content(10));
    Ok(())
}

/// F5: the relay changes one byte anywhere; the part is named, and nothing of it is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_chunk_is_detected_and_named() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("ring.jpg", LARGE, &Share::default()).await?;
    let stored = blobs(&scene.shop.blobs())?;
    let last = stored.last().context("there are blobs")?;
    let mut bytes = std::fs::read(last)?;
    *bytes.last_mut().context("it is not empty")? ^= 1;
    std::fs::write(last, bytes)?;
    let error = scene.refused(file).await?;
    assert_eq!((error.code, error.class), ("bad_chunk", Class::Unverifiable));
    assert!(error.message.contains(&format!("Part {}", LARGE / 16_384)), "the part is named: {}", error.message);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_header_is_detected() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("ring.jpg", 100, &Share::default()).await?;
    let stored = blobs(&scene.shop.blobs())?;
    let first = stored.first().context("there are blobs")?;
    let mut bytes = std::fs::read(first)?;
    *bytes.first_mut().context("it is not empty")? ^= 1;
    std::fs::write(first, bytes)?;
    assert_eq!(scene.refused(file).await?.code, "wrong_file");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_blob_is_detected() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("ring.jpg", 100_000, &Share::default()).await?;
    let stored = blobs(&scene.shop.blobs())?;
    let first = stored.first().context("there are blobs")?;
    let bytes = std::fs::read(first)?;
    std::fs::write(first, &bytes[..bytes.len() - 16_400])?;
    // What the relay then answers is no file; what matters is that nothing of it is kept and the reason is said.
    let error = scene.refused(file).await?;
    assert!(!error.message.is_empty() && !error.next_step.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanged_parts_are_detected() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("ring.jpg", LARGE, &Share::default()).await?;
    let stored = blobs(&scene.shop.blobs())?;
    // Two inner parts of the same length.
    let same: Vec<_> = stored.iter().filter(|path| path.metadata().is_ok_and(|metadata| metadata.len() == 256 * 16_400)).collect();
    let (one, other) = (same.first().context("an inner part")?, same.last().context("an inner part")?);
    let (bytes, others) = (std::fs::read(one)?, std::fs::read(other)?);
    if one == other {
        // One inner part only: it is exchanged against itself, turned around.
        std::fs::write(one, bytes.iter().rev().copied().collect::<Vec<_>>())?;
    } else {
        std::fs::write(one, others)?;
        std::fs::write(other, bytes)?;
    }
    assert_eq!(scene.refused(file).await?.code, "bad_chunk");
    Ok(())
}

/// The relay serves the blob of another file of the same size, sent to the same conversation by the same person.
#[tokio::test(flavor = "multi_thread")]
async fn another_files_chunks_are_refused() -> Result<()> {
    let scene = Scene::begin().await?;
    let ring = scene.send("ring.jpg", 5000, &Share::default()).await?;
    let before = blobs(&scene.shop.blobs())?;
    scene.send("stone.jpg", 5000, &Share::default()).await?;
    let after = blobs(&scene.shop.blobs())?;
    let (one, other) = (before.first().context("a blob")?, after.iter().find(|path| !before.contains(path)).context("another blob")?);
    std::fs::copy(other, one)?;
    assert_eq!(scene.refused(ring).await?.code, "wrong_file");
    Ok(())
}

/// F3: only the people who were named get it, and only they have the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_for_some_is_neither_shown_nor_handed_to_others() -> Result<()> {
    let scene = Scene::begin().await?;
    let cora = scene.shop.join(&scene.ana, "cora", Role::Member).await?;
    conversation::add(&scene.ana, scene.ring, NewMember { user: cora.user(), role: Role::Member }).await?;
    let share = Share { named: Some(vec![scene.ben.user()]), ..Share::default() };
    let file = scene.send("offer.pdf", 100, &share).await?;
    sync::once(&cora).await?;
    let theirs = file::show(&cora, file).await?;
    assert_eq!((theirs.state, theirs.name.as_str()), (FileState::NotForYou, ""), "not even the name is theirs to read");
    assert_eq!(
        file::save(&cora, file, &SaveTo { path: scene.path("stolen"), replace: false }).await.err().context("refused")?.code,
        "not_for_you"
    );
    assert!(file::list(&cora, &FileFilter::default(), 0, 10).await?.files.is_empty());
    assert!(scene.save(file, "offer saved").await.is_ok());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_gets_no_file_any_more() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("ring.jpg", 100, &Share::default()).await?;
    conversation::remove(&scene.ana, scene.ring, scene.ben.user()).await?;
    // Ben has the key, and asks before his device has heard of anything.
    let error = scene.refused(file).await?;
    assert_eq!(error.class, Class::Refused, "{error:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_ends_when_its_time_is_over() -> Result<()> {
    let scene = Scene::begin().await?;
    let clock = Arc::clone(&scene.shop.clock);
    let share = Share { expires_at_ms: Some(bezel_core::clock::Clock::now_ms(clock.as_ref()) + 60_000), ..Share::default() };
    let file = scene.send("offer.pdf", 100, &share).await?;
    assert!(scene.save(file, "in time").await.is_ok());
    clock.pass(61_000);
    assert_eq!(scene.refused(file).await?.code, "file_expired");
    assert_eq!(file::show(&scene.ben, file).await?.state, FileState::Expired);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_to_be_looked_at_is_shown_and_not_saved() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("design.png", 100_000, &Share { view_only: true, ..Share::default() }).await?;
    assert_eq!(scene.refused(file).await?.code, "view_only");
    let reader = file::read(&scene.ben, file).await?;
    assert!(reader.read(&scene.ben, 50_000..50_010).await? == content(100_000)[50_000..50_010], "any range can be read");
    Ok(())
}

/// F4: the sender sees who looked and who saved, signed by their devices and told by the relay.
#[tokio::test(flavor = "multi_thread")]
async fn the_sender_sees_who_looked_and_who_saved() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("ring.jpg", 100_000, &Share::default()).await?;
    file::read(&scene.ben, file).await?;
    scene.save(file, "saved").await?;
    sync::once(&scene.ana).await?;
    let view = file::show(&scene.ana, file).await?;
    assert_eq!((view.seen_by.as_slice(), view.saved_by.as_slice()), (["ben".to_owned()].as_slice(), ["ben".to_owned()].as_slice()));
    let log = file::log(&scene.ana, file).await?;
    assert!(log.problem.is_none(), "{log:?}");
    for proof in [FileProof::Signed, FileProof::Relay] {
        for action in ["preview", "download"] {
            assert!(
                log.lines.iter().any(|line| line.proof == proof && line.action == action && line.who == "ben"),
                "{action} {proof:?}: {log:?}"
            );
        }
    }
    assert!(log.lines.iter().any(|line| line.action == "upload" && line.who == "ana"), "{log:?}");
    Ok(())
}

/// S2, F3: what is withdrawn is gone from the relay, and from the devices that hear of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_file_is_gone_at_once() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("ring.jpg", LARGE, &Share::default()).await?;
    file::revoke(&scene.ana, file).await?;
    let error = scene.refused(file).await?;
    assert_eq!(error.code, "file_revoked", "before ben's device has heard of it");
    assert!(blobs(&scene.shop.blobs())?.is_empty(), "the blob is deleted");
    sync::once(&scene.ben).await?;
    let view = file::show(&scene.ben, file).await?;
    assert_eq!((view.state, view.thumbnail), (FileState::Revoked, None));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_file_is_not_withdrawn_by_a_member() -> Result<()> {
    let scene = Scene::begin().await?;
    let file = scene.send("ring.jpg", 100, &Share::default()).await?;
    assert_eq!(file::revoke(&scene.ben, file).await.err().context("refused")?.code, "forbidden");
    assert!(scene.save(file, "still there").await.is_ok());
    Ok(())
}

/// Withdrawn from one person: that person is refused, the others get it under another key.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_withdrawn_from_one_stays_with_the_others_under_another_key() -> Result<()> {
    let scene = Scene::begin().await?;
    let cora = scene.shop.join(&scene.ana, "cora", Role::Member).await?;
    conversation::add(&scene.ana, scene.ring, NewMember { user: cora.user(), role: Role::Member }).await?;
    let old = scene.send("ring.jpg", LARGE, &Share::default()).await?;
    let new = file::revoke_for(&scene.ana, old, &[scene.ben.user()]).await?;
    for member in [&scene.ben, &cora] {
        sync::once(member).await?;
    }
    assert_eq!(scene.refused(old).await?.code, "file_revoked");
    assert_eq!(scene.refused(new).await?.code, "not_for_you");
    let path = scene.path("cora's");
    file::save(&cora, new, &SaveTo { path: path.clone(), replace: false }).await?;
    assert!(std::fs::read(path)? == content(LARGE));
    Ok(())
}

/// A file that changes while it is sent goes out anew under another key: no key ever seals two contents.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_since_the_first_attempt_is_sent_anew() -> Result<()> {
    let scene = Scene::begin().await?;
    let path = scene.write("ring.jpg", LARGE)?;
    let first = file::queue_send(&scene.ana, scene.ring, path.clone(), &Share::default()).await?;
    std::fs::write(&path, content(LARGE + 5))?;
    let sent = file::send(&scene.ana, scene.ring, path, &Share::default()).await?;
    assert!(sent.resumed && id(&sent)? != first, "another id, and with it another key");
    sync::once(&scene.ben).await?;
    let saved = scene.save(id(&sent)?, "saved").await?;
    assert!(std::fs::read(saved)? == content(LARGE + 5));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_small_files_arrive() -> Result<()> {
    let scene = Scene::begin().await?;
    let count = 2000;
    for number in 0..count {
        let path = scene.path(&format!("stone {number}.txt"));
        std::fs::write(&path, format!("stone {number}"))?;
        file::queue_send(&scene.ana, scene.ring, path, &Share::default()).await?;
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut changes = scene.ana.changes();
    let all_sent = async {
        while !file::transfers(&scene.ana).await?.is_empty() {
            // Looked at again after so many changes, or when nothing changes any more.
            for _ in 0..200 {
                if tokio::time::timeout(Duration::from_secs(1), changes.recv()).await.is_err() {
                    break;
                }
            }
        }
        let _ = stop.send(true);
        Ok::<_, anyhow::Error>(())
    };
    let ((), sent) = tokio::join!(file::work(&scene.ana, stopped), all_sent);
    sent?;
    sync::once(&scene.ana).await?;
    sync::once(&scene.ben).await?;
    let mut found = 0;
    let mut skip = Some(0);
    while let Some(from) = skip {
        let page = file::list(&scene.ben, &FileFilter::default(), from, 200).await?;
        (found, skip) = (found + page.files.len(), page.next);
    }
    assert_eq!(found, count);
    let filter = FileFilter { name: Some("stone 1999".into()), ..FileFilter::default() };
    let last = file::list(&scene.ben, &filter, 0, 10).await?.files.pop().context("it is found by its name")?;
    let saved = scene.save(last.id.parse()?, "last").await?;
    assert_eq!(std::fs::read_to_string(saved)?, "stone 1999");
    Ok(())
}
