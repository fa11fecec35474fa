//! How fast files go up and down: through a real relay on loopback, in requests of the size that clients use, and as their peer a plain
//! copy of the same file that is synchronised to disk as the relay's parts are. Client and relay share the processor here.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that can not run should stop")]

#[expect(dead_code, unused_imports, reason = "the tests need more of it")]
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::path::Path;
use std::time::Duration;

use bezel_protocol::FileId;
use bezel_protocol::wire::{FileAccess, FilePurpose};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

use support::{Shop, ciphertext};

const FILE_BYTES: usize = 64 << 20;
const PART_BYTES: usize = 4 << 20;

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).expect("a copy");
    std::fs::File::open(to).and_then(|copied| copied.sync_all()).expect("a disk");
    std::fs::remove_file(to).expect("a copy");
}

/// All of a file in ranges, one after the other.
async fn download(shop: &Shop, file: FileId) {
    for first in (0..FILE_BYTES).step_by(PART_BYTES) {
        let range = format!("bytes={first}-{}", first + PART_BYTES - 1);
        let answer = shop.ana.content(file, FilePurpose::Download, Some(&range)).await;
        assert_eq!(answer.bytes.len(), PART_BYTES);
    }
}

fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let shop = runtime.block_on(Shop::open());
    let conversation = runtime.block_on(shop.ana.begin());
    let content = ciphertext(FILE_BYTES);
    let (from, to) = (shop.folder.path().join("from"), shop.folder.path().join("to"));
    std::fs::write(&from, &content).expect("a file");
    let access = FileAccess::default();
    let file = runtime.block_on(shop.ana.send_file(conversation, &content, PART_BYTES, &access));

    let mut group = criterion.benchmark_group("blobs");
    group.throughput(Throughput::Bytes(FILE_BYTES as u64)).sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("plain copy", |bencher| bencher.iter(|| copy(&from, &to)));
    group.bench_function("upload", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let sent = shop.ana.send_file(conversation, &content, PART_BYTES, &access).await;
                assert_eq!(shop.ana.delete(sent).await.status, 204);
            });
        });
    });
    group.bench_function("download", |bencher| bencher.iter(|| runtime.block_on(download(&shop, file))));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
