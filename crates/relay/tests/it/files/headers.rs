//! What clients may say wrong, on purpose or not.

use bezel_protocol::wire::{FileAccess, FilePurpose, code, path, tus};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;

use crate::support::{Shop, ciphertext, metadata, new_file};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_of_tus_is_refused() {
    let shop = Shop::open().await;
    let file = new_file();
    for headers in [&[(tus::RESUMABLE, "0.2.2")][..], &[]] {
        for (method, path) in [(Method::POST, path::FILES.to_owned()), (Method::PATCH, path::of_file(path::FILE, file))] {
            let answer = shop.ana.ask(method, &path, headers, Vec::new()).await;
            assert_eq!(answer.refusal(), (412, code::MALFORMED.into()));
            assert_eq!((answer.header(tus::VERSIONS), answer.header(tus::RESUMABLE)), (Some("1.0.0"), Some("1.0.0")));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_can_not_be_read_is_refused() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    let good = metadata(new_file(), conversation, &FileAccess::default());
    let version = (tus::RESUMABLE, tus::VERSION);
    for headers in [
        vec![version, (tus::UPLOAD_METADATA, &good)],
        vec![version, (tus::UPLOAD_METADATA, &good), (tus::UPLOAD_LENGTH, "-1")],
        vec![version, (tus::UPLOAD_METADATA, &good), (tus::UPLOAD_LENGTH, "+1")],
        vec![version, (tus::UPLOAD_METADATA, &good), (tus::UPLOAD_LENGTH, "99999999999999999999")],
        vec![version, (tus::UPLOAD_LENGTH, "10")],
        vec![version, (tus::UPLOAD_LENGTH, "10"), (tus::UPLOAD_METADATA, "file ../../etc/passwd")],
    ] {
        let answer = shop.ana.ask(Method::POST, path::FILES, &headers, Vec::new()).await;
        assert_eq!(answer.refusal(), (400, code::MALFORMED.into()), "{headers:?}");
    }
    let huge = [version, (tus::UPLOAD_METADATA, good.as_str()), (tus::UPLOAD_LENGTH, "999999999999999999")];
    assert_eq!(shop.ana.ask(Method::POST, path::FILES, &huge, Vec::new()).await.refusal(), (413, code::TOO_LARGE.into()));
    let file = shop.ana.send_file(conversation, &ciphertext(10), 10, &FileAccess::default()).await;
    for query in ["", "?purpose=", "?purpose=print"] {
        let answer = shop.ana.ask(Method::GET, &format!("{}{query}", path::of_file(path::FILE_CONTENT, file)), &[], Vec::new()).await;
        assert_eq!(answer.refusal(), (400, code::MALFORMED.into()), "{query}");
    }
    for id in ["..%2F..%2Fetc%2Fpasswd", "%00", "0", "a%2Fb"] {
        assert_eq!(shop.ana.get(&format!("/v1/files/{id}/content?purpose=preview")).await.refusal(), (404, code::NOT_FOUND.into()), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_does_not_fit_is_refused_and_changes_nothing() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    let (file, content) = (new_file(), ciphertext(100));
    assert_eq!(shop.ana.begin_upload(conversation, file, 100, &FileAccess::default()).await.status, 201);
    assert_eq!(shop.ana.append(file, 0, content[..50].to_vec()).await.status, 204);
    let conflict = (409, code::CONFLICT.to_owned());
    for offset in [0, 49, 51, 100] {
        assert_eq!(shop.ana.append(file, offset, vec![0; 10]).await.refusal(), conflict, "at {offset}");
    }
    let beyond = (413, code::TOO_LARGE.to_owned());
    assert_eq!(shop.ana.append(file, 50, vec![0; 51]).await.refusal(), beyond);
    let unsized_body = |length: usize| {
        let pieces = std::iter::repeat_with(|| Ok::<_, std::convert::Infallible>(vec![0])).take(length);
        reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))
    };
    assert_eq!(shop.ana.append(file, 50, unsized_body(51)).await.refusal(), beyond, "a body that does not say its length");
    let headers = [(tus::RESUMABLE, tus::VERSION), (tus::UPLOAD_OFFSET, "50"), ("content-type", "text/plain")];
    let plain = shop.ana.ask(Method::PATCH, &path::of_file(path::FILE, file), &headers, vec![0]).await;
    assert_eq!(plain.refusal(), (415, code::MALFORMED.into()));
    let other_length = shop.ana.begin_upload(conversation, file, 101, &FileAccess::default()).await;
    assert_eq!(other_length.refusal(), conflict, "another length is another file");
    let elsewhere = shop.ana.begin().await;
    assert_eq!(shop.ana.begin_upload(elsewhere, file, 100, &FileAccess::default()).await.refusal(), conflict);
    assert_eq!(shop.ana.offset(file).await.offset(), 50, "nothing of it was kept");
    assert_eq!(shop.ana.append(file, 50, content[50..].to_vec()).await.status, 204);
    assert!(shop.ana.save(file).await.bytes == content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_that_is_none_is_refused() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    let file = shop.ana.send_file(conversation, &ciphertext(100), 100, &FileAccess::default()).await;
    for range in ["bytes=100-", "bytes=5-4", "bytes=0-1,3-4", "bytes=-0", "lines=0-1", "bytes=a-b"] {
        let answer = shop.ana.content(file, FilePurpose::Preview, Some(range)).await;
        assert_eq!((answer.status, answer.header("content-range")), (416, Some("bytes */100")), "{range}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_file_breaks_nothing() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    let file = shop.ana.send_file(conversation, &[], 1, &FileAccess::default()).await;
    assert_eq!(shop.ana.offset(file).await.offset(), 0);
    let answer = shop.ana.save(file).await;
    assert_eq!((answer.status, answer.bytes.len()), (200, 0));
    assert_eq!(shop.ana.content(file, FilePurpose::Preview, Some("bytes=0-")).await.status, 416);
    assert_eq!(shop.ana.append(file, 0, vec![1]).await.refusal(), (413, code::TOO_LARGE.into()));
}

#[test]
fn garbage_in_headers_never_makes_the_relay_fail() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (shop, file, real) = runtime.block_on(async {
        let shop = Shop::open().await;
        let conversation = shop.ana.begin().await;
        let file = shop.ana.send_file(conversation, &ciphertext(5000), 1000, &FileAccess::default()).await;
        (shop, file, metadata(new_file(), conversation, &FileAccess::default()))
    });
    let text = "[ -~]{0,60}|bytes=[0-9]{0,20}-[0-9]{0,20}|[0-9]{1,20}";
    let changed = (0..real.len(), "[ -~]").prop_map(move |(place, with)| {
        let mut changed = real.clone();
        changed.replace_range(place..=place, &with);
        changed
    });
    let requests =
        (0..5_usize, prop_oneof![text, changed], prop_oneof!["[0-9]{1,20}", text], proptest::collection::vec(any::<u8>(), 0..50));
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    runner
        .run(&requests, |(which, first, second, body)| {
            let one = path::of_file(path::FILE, file);
            let content = format!("{}?purpose=preview", path::of_file(path::FILE_CONTENT, file));
            let version = (tus::RESUMABLE, tus::VERSION);
            let (method, path, headers) = match which {
                0 => (
                    Method::POST,
                    path::FILES.to_owned(),
                    vec![version, (tus::UPLOAD_METADATA, first.as_str()), (tus::UPLOAD_LENGTH, &second)],
                ),
                1 => (Method::PATCH, one, vec![version, ("content-type", tus::CONTENT_TYPE), (tus::UPLOAD_OFFSET, first.as_str())]),
                2 => (Method::GET, content, vec![("range", first.as_str())]),
                3 => (Method::HEAD, one, vec![(tus::RESUMABLE, first.as_str())]),
                _ => (Method::PUT, path::of_file(path::FILE_ACCESS, file), vec![]),
            };
            let answer = runtime.block_on(shop.ana.ask(method, &path, &headers, body));
            prop_assert!(answer.status < 500 || answer.status == 507, "{path}: {}", answer.status);
            Ok(())
        })
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_relay_says_what_it_speaks() {
    let shop = Shop::open().await;
    let answer = shop.ana.ask(Method::OPTIONS, path::FILES, &[], Vec::new()).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header(tus::RESUMABLE), Some("1.0.0"));
    assert_eq!(answer.header(tus::VERSIONS), Some("1.0.0"));
    assert_eq!(answer.header(tus::EXTENSION), Some("creation,expiration,termination"));
    assert_eq!(answer.header(tus::MAX_SIZE), Some((100_u64 << 30).to_string().as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
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

/// A client that is still sending when it is refused would lose the answer if the connection were closed at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let shop = Shop::open().await;
    let conversation = shop.ana.begin().await;
    let file = new_file();
    assert_eq!(shop.ana.begin_upload(conversation, file, 100 << 20, &FileAccess::default()).await.status, 201);
    for _ in 0..20 {
        assert_eq!(shop.ana.append(file, 1, vec![0; 4 << 20]).await.refusal(), (409, code::CONFLICT.into()));
    }
}
