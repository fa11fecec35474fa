//! What must hold wherever blobs are.

use std::convert::Infallible;
use std::time::Duration;

use bezel_protocol::wire::{FileAccess, FileLimits, FileLogAction, FilePurpose, code, path};
use bezel_protocol::{FileId, Role};
use tokio::sync::mpsc;

use super::stage::Stage;
use crate::support::{Person, ciphertext, new_file};

pub(super) const MIB: usize = 1024 * 1024;
/// The relay's parts are at most so long.
const PART: usize = 8 * MIB;

pub(super) async fn what_goes_up_in_parts_comes_down_whole(mut stage: Stage) {
    let ben = stage.shop.join(1, "ben", Role::ReadOnly).await;
    let ana = &stage.shop.ana;
    let conversation = ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    let content = ciphertext(2 * PART + 3 * MIB + 77);
    let file = ana.send_file(conversation, &content, PART + 2 * MIB + 1, &FileAccess::default()).await;
    for person in [ana, &ben] {
        let answer = person.save(file).await;
        assert_eq!((answer.status, answer.is_whole), (200, true));
        assert_eq!(answer.header("content-length").unwrap(), content.len().to_string());
        assert!(answer.bytes == content, "every byte, in order");
    }
    let log = ana.file_log(file).await;
    let size = content.len() as u64;
    assert_eq!(log, [(FileLogAction::Upload, size, None), (FileLogAction::Download, size, None), (FileLogAction::Download, size, None)]);
    let limits: FileLimits = ben.get(path::FILES).await.body();
    assert_eq!((limits.used_bytes, limits.max_file_bytes, limits.max_workspace_bytes), (size, 100 << 30, 1 << 40));
    assert_eq!(stage.objects().len(), 4, "a part has at most 8 MiB, and no request shares one with another");
}

pub(super) async fn every_border_of_parts_and_its_neighbours_are_read_right(stage: Stage) {
    let ana = &stage.shop.ana;
    let conversation = ana.begin().await;
    let content = ciphertext(5 * 1000 + 1);
    let file = ana.send_file(conversation, &content, 1000, &FileAccess::default()).await;
    let places: Vec<usize> = (0..=5).flat_map(|part: usize| [(part * 1000).saturating_sub(1), part * 1000, part * 1000 + 1]).collect();
    for &first in places.iter().filter(|first| **first < content.len()) {
        for &last in places.iter().filter(|last| **last >= first) {
            let answer = ana.content(file, FilePurpose::Preview, Some(&format!("bytes={first}-{last}"))).await;
            let end = (last + 1).min(content.len());
            assert_eq!(answer.status, 206);
            assert_eq!(answer.header("content-range").unwrap(), format!("bytes {first}-{}/{}", end - 1, content.len()));
            assert_eq!(answer.bytes, &content[first..end], "{first}-{last}");
        }
    }
    assert_eq!(ana.content(file, FilePurpose::Preview, Some("bytes=4990-")).await.bytes, &content[4990..]);
    assert_eq!(ana.content(file, FilePurpose::Preview, Some("bytes=-3")).await.bytes, &content[4998..]);
    let log = ana.file_log(file).await;
    assert_eq!(log.len(), 2, "ranges that follow each other are one line: {log:?}");
}

/// A body that brings `bytes` and then neither more nor an end; both come when the sender is dropped.
fn held_back(bytes: &[u8]) -> (reqwest::Body, mpsc::UnboundedSender<Vec<u8>>) {
    let (sender, mut pieces) = mpsc::unbounded_channel::<Vec<u8>>();
    for piece in bytes.chunks(256 * 1024) {
        sender.send(piece.to_vec()).unwrap();
    }
    let stream = futures_util::stream::poll_fn(move |context| pieces.poll_recv(context).map(|piece| piece.map(Ok::<_, Infallible>)));
    (reqwest::Body::wrap_stream(stream), sender)
}

/// Waits until so much of an upload is on the relay's disk.
async fn wait_for_offset(person: &Person, file: FileId, offset: u64) {
    for _ in 0..1000 {
        if person.offset(file).await.offset() == offset {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the upload does not reach {offset}");
}

/// Begins an upload and sends two whole parts and a half, of which no end comes.
async fn send_two_parts_and_a_half(ana: &Person, content: &[u8]) -> (FileId, tokio::task::JoinHandle<()>, mpsc::UnboundedSender<Vec<u8>>) {
    let conversation = ana.begin().await;
    let file = new_file();
    assert_eq!(ana.begin_upload(conversation, file, content.len() as u64, &FileAccess::default()).await.status, 201);
    let (body, more) = held_back(&content[..2 * PART + PART / 2]);
    let request = ana.append_request(file, 0).body(body);
    let sending = tokio::spawn(async move {
        let _ = request.send().await;
    });
    wait_for_offset(ana, file, 2 * PART as u64).await;
    (file, sending, more)
}

pub(super) async fn a_killed_relay_goes_on_with_at_most_one_part_repeated(mut stage: Stage) {
    let content = ciphertext(4 * PART + 5);
    let (file, sending, more) = send_two_parts_and_a_half(&stage.shop.ana, &content).await;
    stage.kill();
    sending.await.unwrap();
    drop(more);
    stage.resume(&mut []);
    let ana = &stage.shop.ana;
    let offset = ana.offset(file).await.offset();
    assert_eq!(offset, 2 * PART as u64, "what was sent beyond whole parts is less than one part");
    let rest = ana.append(file, offset, content[2 * PART..].to_vec()).await;
    assert_eq!((rest.status, rest.offset()), (204, content.len() as u64));
    assert!(ana.save(file).await.bytes == content);
}

pub(super) async fn a_broken_connection_loses_at_most_one_part(stage: Stage) {
    let ana = &stage.shop.ana;
    let content = ciphertext(3 * PART);
    let (file, sending, _more) = send_two_parts_and_a_half(ana, &content).await;
    assert_eq!(ana.append(file, 2 * PART as u64, content[2 * PART..].to_vec()).await.status, 423, "one request at a time");
    sending.abort();
    let _ = sending.await;
    let mut status = 423;
    while status == 423 {
        status = ana.append(file, 2 * PART as u64, content[2 * PART..].to_vec()).await.status;
    }
    assert_eq!(status, 204);
    assert!(ana.save(file).await.bytes == content);
}

pub(super) async fn memory_does_not_grow_with_the_file(stage: Stage) {
    const FILE: u64 = 160 << 20;
    let ana = &stage.shop.ana;
    let conversation = ana.begin().await;
    let Some(before) = stage.peak_memory_kib() else { return };
    let file = new_file();
    assert_eq!(ana.begin_upload(conversation, file, FILE, &FileAccess::default()).await.status, 201);
    let pieces = std::iter::repeat_n(ciphertext(MIB), 160).map(Ok::<_, Infallible>);
    let sent = ana.append(file, 0, reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))).await;
    assert_eq!((sent.status, sent.offset()), (204, FILE));
    assert_eq!(ana.save(file).await.bytes.len() as u64, FILE);
    let grown = stage.peak_memory_kib().unwrap() - before;
    assert!(grown < 64 * 1024, "the relay took {grown} KiB more for a file of {} KiB", FILE >> 10);
}

pub(super) async fn several_uploads_at_once_share_the_relay(mut stage: Stage) {
    let ben = stage.shop.join(1, "ben", Role::Member).await;
    let ana = &stage.shop.ana;
    let conversation = ana.begin_with(&[(&ben, Role::Member)]).await;
    let contents: Vec<Vec<u8>> = (0..6).map(|number| ciphertext(PART + number * MIB)).collect();
    let senders = contents.iter().zip([ana, &ben].into_iter().cycle());
    let access = FileAccess::default();
    let files = futures_util::future::join_all(senders.map(|(content, by)| by.send_file(conversation, content, 3 * MIB, &access))).await;
    for (file, content) in files.into_iter().zip(&contents) {
        assert!(&ben.save(file).await.bytes == content, "each is its own");
    }
}

pub(super) async fn a_revoked_file_is_gone_at_once_and_its_blob_soon(stage: Stage) {
    let ana = &stage.shop.ana;
    let conversation = ana.begin().await;
    let kept = ana.send_file(conversation, &ciphertext(3000), 1000, &FileAccess::default()).await;
    let file = ana.send_file(conversation, &ciphertext(3000), 1000, &FileAccess::default()).await;
    assert_eq!(stage.objects().len(), 6);
    assert_eq!(ana.delete(file).await.status, 204);
    assert_eq!(ana.save(file).await.refusal(), (410, code::GONE.into()));
    assert_eq!(ana.delete(file).await.status, 204, "once more is the same");
    stage.settle(3).await;
    assert_eq!(ana.save(kept).await.status, 200);
    let limits: FileLimits = ana.get(path::FILES).await.body();
    assert_eq!(limits.used_bytes, 3000, "its room is free again");
    let log = ana.file_log(file).await;
    let actions: Vec<_> = log.iter().map(|(action, ..)| *action).collect();
    assert_eq!(actions, [FileLogAction::Upload, FileLogAction::Revocation, FileLogAction::Refusal]);
    let again = ana.begin_upload(conversation, file, 3000, &FileAccess::default()).await;
    assert_eq!(again.status, 410, "a revoked file does not come back to life");
}

pub(super) async fn an_upload_that_is_given_up_leaves_nothing(stage: Stage) {
    let ana = &stage.shop.ana;
    let conversation = ana.begin().await;
    let file = new_file();
    assert_eq!(ana.begin_upload(conversation, file, 3000, &FileAccess::default()).await.status, 201);
    assert_eq!(ana.append(file, 0, ciphertext(1000)).await.status, 204);
    assert_eq!(ana.delete(file).await.status, 204);
    stage.settle(0).await;
    assert_eq!(ana.offset(file).await.status, 404);
    assert_eq!(ana.append(file, 1000, ciphertext(1000)).await.status, 404);
    let limits: FileLimits = ana.get(path::FILES).await.body();
    assert_eq!(limits.used_bytes, 0);
    assert_eq!(ana.begin_upload(conversation, file, 2000, &FileAccess::default()).await.status, 201, "it can begin anew");
}

pub(super) async fn what_nobody_knows_is_swept_and_what_is_known_stays(mut stage: Stage) {
    let conversation = stage.shop.ana.begin().await;
    let content = ciphertext(3000);
    let file = stage.shop.ana.send_file(conversation, &content, 1000, &FileAccess::default()).await;
    let known = stage.objects();
    let beside = |name: &str| known[0].with_file_name(name);
    for (name, is_old) in [("0000000000009000-0011223344556677", true), ("0000000000009000-8899aabbccddeeff", false)] {
        std::fs::write(beside(name), b"left behind by a crash").unwrap();
        if is_old {
            Stage::age(&beside(name));
        }
    }
    known.iter().for_each(|object| Stage::age(object));
    stage.kill();
    stage.resume(&mut []);
    stage.settle(4).await;
    assert!(!beside("0000000000009000-0011223344556677").exists());
    assert!(beside("0000000000009000-8899aabbccddeeff").exists(), "its row may be about to be written");
    assert!(stage.shop.ana.save(file).await.bytes == content);
}

pub(super) async fn a_revocation_that_a_kill_interrupted_is_finished_by_the_sweep(mut stage: Stage) {
    let conversation = stage.shop.ana.begin().await;
    let file = stage.shop.ana.send_file(conversation, &ciphertext(3000), 1000, &FileAccess::default()).await;
    stage.kill();
    // As if the transaction had been committed and nothing after it done.
    let database = format!("sqlite://{}", stage.shop.folder.path().join("relay.db").display());
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect(&database).await.unwrap();
    sqlx::query("UPDATE encrypted_files SET state = 'revoked'").execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    stage.resume(&mut []);
    stage.settle(0).await;
    assert_eq!(stage.shop.ana.save(file).await.status, 410);
}
