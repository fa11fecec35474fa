//! There and back.

use bezel_protocol::Role;
use bezel_protocol::wire::{FileAccess, FileLimits, FileLogAction, FilePurpose, path, tus};
use reqwest::Method;

use crate::support::{Shop, ciphertext, new_file};

pub(crate) const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn what_goes_up_in_parts_comes_down_whole() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::ReadOnly).await;
    let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly)]).await;
    let content = ciphertext(19 * MIB + 77);
    let file = shop.ana.send_file(conversation, &content, 6 * MIB + 1, &FileAccess::default()).await;
    for person in [&shop.ana, &ben] {
        let answer = person.save(file).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-length").unwrap(), content.len().to_string());
        assert!(answer.bytes == content, "every byte, in order");
    }
    let log = shop.ana.file_log(file).await;
    let size = content.len() as u64;
    assert_eq!(log, [(FileLogAction::Upload, size, None), (FileLogAction::Download, size, None), (FileLogAction::Download, size, None)]);
    let limits: FileLimits = ben.get(path::FILES).await.body();
    assert_eq!((limits.used_bytes, limits.max_file_bytes, limits.max_workspace_bytes), (size, 100 << 30, 1 << 40));
}

#[tokio::test]
async fn the_relay_says_what_it_speaks() {
    let shop = Shop::open().await;
    let answer = shop.ana.ask(Method::OPTIONS, path::FILES, &[], Vec::new()).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header(tus::RESUMABLE), Some("1.0.0"));
    assert_eq!(answer.header(tus::VERSIONS), Some("1.0.0"));
    assert_eq!(answer.header(tus::EXTENSION), Some("creation,expiration,termination"));
    assert_eq!(answer.header(tus::MAX_SIZE), Some((100_u64 << 30).to_string().as_str()));
}

#[tokio::test]
async fn an_upload_says_where_it_stands() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    let (file, content) = (new_file(), ciphertext(1000));
    let begun = shop.ana.begin_upload(conversation, file, 1000, &FileAccess::default()).await;
    assert_eq!((begun.status, begun.offset()), (201, 0));
    assert_eq!(begun.header("location"), Some(format!("/v1/files/{file}").as_str()));
    assert!(begun.header(tus::UPLOAD_EXPIRES).unwrap().ends_with(" GMT"), "{begun:?}");
    assert_eq!(shop.ana.append(file, 0, content[..600].to_vec()).await.status, 204);
    let head = shop.ana.offset(file).await;
    assert_eq!((head.status, head.offset()), (200, 600));
    assert_eq!((head.header(tus::UPLOAD_LENGTH), head.header("cache-control")), (Some("1000"), Some("no-store")));
    let again = shop.ana.begin_upload(conversation, file, 1000, &FileAccess::default()).await;
    assert_eq!((again.status, again.offset()), (200, 600), "the answer to the first request was lost: the same again goes on");
    assert_eq!(shop.ana.append(file, 600, content[600..].to_vec()).await.status, 204);
    assert!(shop.ana.offset(file).await.header(tus::UPLOAD_EXPIRES).is_none(), "it is whole");
    let nothing_more = shop.ana.append(file, 1000, Vec::new()).await;
    assert_eq!((nothing_more.status, nothing_more.offset()), (204, 1000));
    assert!(shop.ana.content(file, FilePurpose::Preview, None).await.bytes == content);
}
