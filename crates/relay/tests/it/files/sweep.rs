//! The sweep, with the clock put forward.

use bezel_protocol::wire::{FileAccess, FileLimits, code, path};
use bezel_relay::Swept;

use crate::support::{Shop, ciphertext, new_file, now_ms};

const DAY_MS: i64 = 86_400_000;

fn objects(shop: &Shop) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(shop.folder.path().join("blobs/files")).into_iter().flatten().flatten();
    files.flat_map(|file| std::fs::read_dir(file.path()).unwrap()).map(|part| part.unwrap().path()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_goes_when_its_time_has_come() {
    let shop = Shop::open().await;
    let relay = shop.relay.as_ref().unwrap();
    let conversation = shop.ana.begin().await;
    let plain = FileAccess::default();
    let ends = FileAccess { expires_at_ms: Some(now_ms() + DAY_MS), ..FileAccess::default() };
    let kept = shop.ana.send_file(conversation, &ciphertext(100), 100, &plain).await;
    let ending = shop.ana.send_file(conversation, &ciphertext(100), 50, &ends).await;
    let unfinished = new_file();
    assert_eq!(shop.ana.begin_upload(conversation, unfinished, 100, &plain).await.status, 201);
    assert_eq!(shop.ana.append(unfinished, 0, ciphertext(10)).await.status, 204);
    assert_eq!(relay.sweep(now_ms()).await.unwrap(), Swept::default());
    assert_eq!(objects(&shop).len(), 4);

    let after_a_day = Swept { ended_files: 1, deleted_objects: 2, ..Swept::default() };
    assert_eq!(relay.sweep(now_ms() + DAY_MS + 1000).await.unwrap(), after_a_day);
    assert_eq!(shop.ana.save(ending).await.refusal(), (410, code::GONE.into()));
    assert_eq!(shop.ana.offset(unfinished).await.offset(), 10, "an upload is waited for");

    assert_eq!(relay.sweep(now_ms() + 7 * DAY_MS + 1000).await.unwrap(), Swept { deleted_objects: 1, ..Swept::default() });
    assert_eq!(shop.ana.offset(unfinished).await.status, 404);
    assert_eq!(shop.ana.begin_upload(conversation, unfinished, 100, &plain).await.status, 201, "it can begin anew");
    assert_eq!(shop.ana.save(kept).await.status, 200);
    let limits: FileLimits = shop.ana.get(path::FILES).await.body();
    assert_eq!(limits.used_bytes, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_kill_left_half_written_is_found_where_no_listing_shows_it() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    shop.ana.send_file(conversation, &ciphertext(100), 100, &FileAccess::default()).await;
    let half = objects(&shop)[0].with_file_name("0000000000000100-0011223344556677#1");
    std::fs::write(&half, b"half").unwrap();
    let relay = shop.relay.as_ref().unwrap();
    assert_eq!(relay.sweep(now_ms()).await.unwrap(), Swept::default(), "it may be being written");
    assert_eq!(relay.sweep(now_ms() + 2 * 3_600_000).await.unwrap(), Swept { orphans: 1, ..Swept::default() });
    assert!(!half.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_or_cut_object_is_told_and_never_handed_out_as_whole() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    let file = shop.ana.send_file(conversation, &ciphertext(3000), 1000, &FileAccess::default()).await;
    let mut parts = objects(&shop);
    parts.sort();
    std::fs::remove_file(&parts[0]).unwrap();
    std::fs::write(&parts[2], b"short").unwrap();
    let swept = shop.relay.as_ref().unwrap().sweep(now_ms()).await.unwrap();
    assert_eq!(swept, Swept { damaged_parts: 2, ..Swept::default() });
    assert_eq!(shop.ana.save(file).await.refusal(), (500, code::INTERNAL.into()));
    let part = async |range| shop.ana.content(file, bezel_protocol::wire::FilePurpose::Preview, Some(range)).await;
    assert_eq!(part("bytes=1000-1999").await.bytes.len(), 1000, "what is there is given");
    let cut = part("bytes=1500-").await;
    assert!(!cut.is_whole && cut.bytes.len() <= 500, "an answer that can't be finished does not end well");
}
