//! Chunks of files: sealing and opening 4 MiB, beside a plain copy of as many bytes.
#![expect(clippy::expect_used, reason = "a benchmark that can't begin ends")]

use bezel_crypto::SystemRng;
use bezel_crypto::file::{Blob, FileCipher, FileKey, Layout};
use bezel_protocol::{ConversationId, FileId};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn chunks(criterion: &mut Criterion) {
    let plaintext = vec![7_u8; 4 * 1024 * 1024];
    let layout = Layout::of_size(plaintext.len() as u64).expect("a small file");
    let blob = Blob { file: FileId::from_bytes([1; 16]), conversation: ConversationId::from_bytes([2; 16]) };
    let key = FileKey::random(&mut SystemRng).expect("randomness");
    let cipher = FileCipher::new(&key, blob, &mut SystemRng).expect("a cipher");
    let bytes = layout.sealed(0..layout.chunks());
    let mut sealed = vec![0; (bytes.end - bytes.start) as usize];
    let mut opened = vec![0; plaintext.len()];
    let mut group = criterion.benchmark_group("file/4 MiB");
    group.throughput(Throughput::Bytes(plaintext.len() as u64));
    group.bench_function("copy", |bencher| bencher.iter(|| opened.copy_from_slice(std::hint::black_box(&plaintext))));
    group.bench_function("seal", |bencher| bencher.iter(|| cipher.seal(layout, 0, &plaintext, &mut sealed)));
    group.bench_function("open", |bencher| bencher.iter(|| cipher.open_chunks(layout, 0, &sealed, &mut opened)));
    group.finish();
}

criterion_group!(benches, chunks);
criterion_main!(benches);
