//! Limits are said before the work starts.

use bezel_protocol::wire::{FileAccess, FileLimits, code, path};

use super::stage::Stage;
use crate::support::{ciphertext, new_file};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_beyond_a_limit_is_refused_before_a_byte_of_it_comes() {
    let stage = Stage::with_folder(&["--max-file-bytes", "4KiB", "--max-workspace-bytes", "10KiB"]).await;
    let ana = &stage.shop.ana;
    let conversation = ana.begin().await;
    let begin = async |size| ana.begin_upload(conversation, new_file(), size, &FileAccess::default()).await;
    let too_large = begin(4097).await;
    assert_eq!(too_large.refusal(), (413, code::TOO_LARGE.into()));
    assert!(too_large.message().contains("4KiB"), "it says the limit: {}", too_large.message());
    let first = new_file();
    assert_eq!(ana.begin_upload(conversation, first, 4096, &FileAccess::default()).await.status, 201);
    assert_eq!(begin(4096).await.status, 201);
    let no_room = begin(4096).await;
    assert_eq!(no_room.refusal(), (507, code::NO_ROOM.into()), "what is being uploaded is kept room for");
    assert!(no_room.message().contains("2KiB"), "it says what is left: {}", no_room.message());
    let limits: FileLimits = ana.get(path::FILES).await.body();
    assert_eq!(limits, FileLimits { max_file_bytes: 4096, max_workspace_bytes: 10240, used_bytes: 8192 });
    assert_eq!(ana.delete(first).await.status, 204);
    assert_eq!(begin(4096).await.status, 201, "an upload that was given up makes room");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crumbs_do_not_fill_the_register() {
    let stage = Stage::with_folder(&[]).await;
    let ana = &stage.shop.ana;
    let conversation = ana.begin().await;
    let (file, content) = (new_file(), ciphertext(1100));
    assert_eq!(ana.begin_upload(conversation, file, 1100, &FileAccess::default()).await.status, 201);
    let mut offset = 0;
    let refused = loop {
        let answer = ana.append(file, offset, vec![content[usize::try_from(offset).unwrap()]]).await;
        if answer.status != 204 {
            break answer;
        }
        offset += 1;
    };
    assert_eq!((offset, refused.refusal()), (1024, (422, code::REFUSED.into())));
}
