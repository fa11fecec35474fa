//! A disk that fills up.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use bezel_protocol::cbor;
use bezel_protocol::wire::{ErrorBody, FileAccess, code};

use super::suite::MIB;
use crate::support::{Shop, ciphertext, new_file, start};

/// A small disk in memory, unmounted at the end.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(mib: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

/// One moment of a full disk, and the relay refused every message and every log-in until it was started anew; and it told neither members nor
/// its log that the disk was the reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_whose_disk_was_full_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(8) else {
        eprintln!("skipped: a disk can't be mounted here");
        return;
    };
    let relay = start(&disk.path().join("relay")).await;
    let mut shop = Shop::found(format!("http://{}", relay.addr()), None, tempfile::tempdir().unwrap()).await;
    let conversation = shop.ana.begin().await;
    let filler = disk.path().join("filler");
    for round in 1..=2 {
        std::fs::write(&filler, vec![0; 4 * MIB]).unwrap();
        let mut refused = None;
        for _ in 0..400 {
            let said = shop.ana.say(conversation, 0).await;
            if said.status != 200 {
                refused = Some(said);
                break;
            }
            // Faster than by messages alone.
            let _ = std::fs::OpenOptions::new().append(true).open(&filler).and_then(|mut file| file.write_all(&vec![0; 256 << 10]));
        }
        let refused = refused.expect("the disk is full at last");
        assert_eq!(refused.refusal(), (507, code::NO_ROOM.into()));
        let body: ErrorBody = cbor::decode(&refused.bytes).unwrap();
        assert!(body.message.contains("the relay's disk is full"), "{}", body.message);
        for _ in 0..10 {
            assert_eq!(shop.ana.say(conversation, 0).await.status, 507, "and each who comes is told so");
        }
        std::fs::remove_file(&filler).unwrap();
        assert_eq!(shop.ana.say(conversation, 0).await.status, 200, "round {round}: there is room again");
        shop.ana.log_in().await;
    }
    relay.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_an_upload_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount(64) else {
        eprintln!("skipped: a disk can't be mounted here");
        return;
    };
    let data = disk.path().join("relay");
    let relay = start(&data).await;
    let shop = Shop::found(format!("http://{}", relay.addr()), None, tempfile::tempdir().unwrap()).await;
    let ana = &shop.ana;
    let conversation = ana.begin().await;
    let too_much = ana.begin_upload(conversation, new_file(), 80 << 20, &FileAccess::default()).await;
    assert_eq!(too_much.refusal(), (507, code::NO_ROOM.into()), "said before the work starts");
    assert!(too_much.message().contains("the relay's disk has room for"), "{}", too_much.message());

    let (file, content) = (new_file(), ciphertext(32 * MIB));
    assert_eq!(ana.begin_upload(conversation, file, content.len() as u64, &FileAccess::default()).await.status, 201);
    let second = ana.begin_upload(conversation, new_file(), 20 << 20, &FileAccess::default()).await;
    assert_eq!(second.refusal(), (507, code::NO_ROOM.into()), "the first upload's room is kept for it");
    assert_eq!(ana.append(file, 0, content[..8 * MIB].to_vec()).await.offset(), 8 << 20);

    // Somebody else fills the disk.
    let filler = disk.path().join("filler");
    std::fs::write(&filler, vec![0; 36 * MIB]).unwrap();
    let full = ana.append(file, 8 << 20, content[8 * MIB..].to_vec()).await;
    assert_eq!(full.refusal(), (507, code::NO_ROOM.into()));
    assert!(full.message().contains("what was sent so far is kept"), "{}", full.message());
    let offset = usize::try_from(ana.offset(file).await.offset()).unwrap();
    assert!((8 * MIB..32 * MIB).contains(&offset), "{offset}");
    let said = ana.say(conversation, 0).await;
    assert_eq!(said.status, 200, "messages go on");

    // To the last byte: even the database has no room.
    let mut rest = vec![0; 64 * MIB];
    while !rest.is_empty() && std::fs::write(disk.path().join("rest"), &rest).is_err() {
        rest.truncate(rest.len() / 2);
        if rest.len() < 4096 {
            break;
        }
    }
    for _ in 0..50 {
        let status = ana.say(conversation, 0).await.status;
        assert!(status == 200 || status == 507, "{status}");
    }
    std::fs::remove_file(disk.path().join("rest")).unwrap();
    std::fs::remove_file(&filler).unwrap();

    assert_eq!(ana.say(conversation, 0).await.status, 200, "there is room again");
    assert_eq!(ana.append(file, offset as u64, content[offset..].to_vec()).await.status, 204);
    assert!(ana.save(file).await.bytes == content, "nothing was lost");
    relay.shutdown().await;
}
