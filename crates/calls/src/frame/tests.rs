//! Frames: the vectors of RFC 9605, and what an attacker may try.

use std::time::Duration;

use bezel_crypto::call::{CallSecret, Track};
use bezel_crypto::{Secret, SystemRng};
use bezel_protocol::CallId;
use proptest::prelude::*;
use serde_json::Value;
use sframe::frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter};
use sframe::header::SframeHeader;

use super::backend::{DecryptionKey, EncryptionKey};
use super::{FrameError, FrameOpener, FrameSealer, Layout, SUITE};
use crate::clock;

const ANA: [u8; 16] = [1; 16];
const BEN: [u8; 16] = [2; 16];

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/sframe/rfc9605.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn headers_are_those_of_the_rfc() {
    for vector in vectors()["header"].as_array().unwrap() {
        let (kid, counter) = (vector["kid"].as_u64().unwrap(), vector["ctr"].as_u64().unwrap());
        let header = SframeHeader::new(kid, counter);
        assert_eq!(Vec::from(&header), bytes(&vector["encoded"]));
        let read = SframeHeader::deserialize(bytes(&vector["encoded"])).unwrap();
        assert_eq!((read.key_id(), read.counter()), (kid, counter));
    }
}

#[test]
fn aes_256_gcm_sha512_128_is_that_of_the_rfc() {
    for vector in vectors()["sframe"].as_array().unwrap() {
        let (kid, counter) = (vector["kid"].as_u64().unwrap(), vector["ctr"].as_u64().unwrap());
        let (base, metadata, plain, cipher) =
            (bytes(&vector["base_key"]), bytes(&vector["metadata"]), bytes(&vector["pt"]), bytes(&vector["ct"]));
        let key = EncryptionKey::derive_from(SUITE, kid, &base).unwrap();
        let mut counters = MonotonicCounter::with_start_value(counter, u64::MAX);
        let mut sealed = Vec::new();
        MediaFrameView::try_with_meta_data(&mut counters, &plain, &metadata).unwrap().encrypt_into(&key, &mut sealed).unwrap();
        assert_eq!(sealed, [metadata.clone(), cipher.clone()].concat());
        let key = DecryptionKey::derive_from(SUITE, kid, &base).unwrap();
        let mut opened = Vec::new();
        EncryptedFrameView::try_with_meta_data(&cipher, &metadata).unwrap().decrypt_into(&key, &mut opened).unwrap();
        assert_eq!(opened, [metadata, plain].concat());
    }
}

fn secret(generation: u32, byte: u8) -> CallSecret {
    CallSecret::new(CallId::from_bytes([9; 16]), generation, Secret::from_slice(&[byte; 32]).unwrap())
}

fn sealer(sender: &[u8; 16], track: Track, layout: Layout) -> FrameSealer {
    FrameSealer::new(&secret(0, 7).frame_key(sender, track).unwrap(), layout, &mut SystemRng).unwrap()
}

fn opener(sender: &[u8; 16], track: Track, layout: Layout) -> FrameOpener {
    FrameOpener::new(&secret(0, 7).frame_key(sender, track).unwrap(), layout).unwrap()
}

fn seal(sealer: &mut FrameSealer, frame: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    sealer.seal(frame, &mut sealed).unwrap();
    sealed
}

fn open(opener: &mut FrameOpener, sealed: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut frame = Vec::new();
    opener.open(sealed, clock::now(), &mut frame).map(|()| frame)
}

proptest! {
    #[test]
    fn a_frame_comes_out_as_it_went_in_and_only_its_header_is_clear(mut frame in proptest::collection::vec(any::<u8>(), 10..3000), is_key: bool) {
        frame[0] = frame[0] & !1 | u8::from(!is_key);
        let clear = if is_key { 10 } else { 3 };
        let sealed = seal(&mut sealer(&ANA, Track::Camera, Layout::Vp8), &frame);
        prop_assert_eq!(&sealed[..clear], &frame[..clear]);
        if frame.len() > clear + 16 {
            prop_assert!(!sealed.windows(16).any(|window| window == &frame[clear..clear + 16]));
        }
        prop_assert_eq!(open(&mut opener(&ANA, Track::Camera, Layout::Vp8), &sealed), Ok(frame));
    }

    #[test]
    fn a_frame_with_any_bit_flipped_is_refused_its_clear_header_too(mut frame in proptest::collection::vec(any::<u8>(), 10..200), at in 0usize..1000, bit in 0u32..8) {
        frame[0] &= !1;
        let mut sealed = seal(&mut sealer(&ANA, Track::Camera, Layout::Vp8), &frame);
        let at = at % sealed.len();
        sealed[at] ^= 1 << bit;
        prop_assert!(open(&mut opener(&ANA, Track::Camera, Layout::Vp8), &sealed).is_err());
    }

    #[test]
    fn any_bytes_are_opened_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(open(&mut opener(&ANA, Track::Camera, Layout::Vp8), &bytes).is_err());
        prop_assert!(open(&mut opener(&ANA, Track::Audio, Layout::Opus), &bytes).is_err());
    }
}

#[test]
fn a_frame_replayed_is_refused() {
    let (mut sealer, mut opener) = (sealer(&ANA, Track::Audio, Layout::Opus), opener(&ANA, Track::Audio, Layout::Opus));
    let frames: Vec<_> = (0..4u8).map(|number| seal(&mut sealer, &[number; 40])).collect();
    for number in [0, 2, 1, 3] {
        assert!(open(&mut opener, &frames[number]).is_ok(), "overtaken is not replayed");
    }
    for frame in &frames {
        assert_eq!(open(&mut opener, frame), Err(FrameError::Replayed));
    }
}

/// Whoever leaves a call and comes back has the same key: a counter that began anew would use a nonce twice.
#[test]
fn whoever_comes_back_counts_from_elsewhere() {
    let counter = || {
        let sealed = seal(&mut sealer(&ANA, Track::Audio, Layout::Opus), b"the first frame");
        SframeHeader::deserialize(sealed).unwrap().counter()
    };
    let counters: Vec<u64> = (0..8).map(|_| counter()).collect();
    for (number, first) in counters.iter().enumerate() {
        let others = counters.iter().skip(number + 1);
        assert!(*first < 1 << 62 && others.into_iter().all(|second| first.abs_diff(*second) > 1 << 20), "{counters:?}");
    }
}

#[test]
fn a_frame_of_another_sender_or_track_is_refused() {
    let sealed = seal(&mut sealer(&BEN, Track::Audio, Layout::Opus), b"said by Ben, not by Ana");
    assert_eq!(open(&mut opener(&ANA, Track::Audio, Layout::Opus), &sealed), Err(FrameError::Closed));
    let sealed = seal(&mut sealer(&ANA, Track::Screen, Layout::Vp8), &[0; 100]);
    assert_eq!(open(&mut opener(&ANA, Track::Camera, Layout::Vp8), &sealed), Err(FrameError::Closed));
}

#[test]
fn after_a_removal_the_old_keys_open_nothing_and_their_frames_are_refused_after_an_overlap() {
    let (old, new) = (secret(0, 7), secret(1, 8));
    let key = |secret: &CallSecret| secret.frame_key(&ANA, Track::Audio).unwrap();
    let mut before = FrameSealer::new(&key(&old), Layout::Opus, &mut SystemRng).unwrap();
    let mut after = FrameSealer::new(&key(&new), Layout::Opus, &mut SystemRng).unwrap();
    let mut removed = FrameOpener::new(&key(&old), Layout::Opus).unwrap();
    let mut member = FrameOpener::new(&key(&old), Layout::Opus).unwrap();
    let (late, newer) = (seal(&mut before, b"under way"), seal(&mut after, b"for those who stayed"));
    assert_eq!(open(&mut removed, &newer), Err(FrameError::Closed));
    let now = clock::now();
    member.rekey(&key(&new), now).unwrap();
    assert!(open(&mut member, &newer).is_ok() && open(&mut member, &late).is_ok());
    let later = seal(&mut before, b"too late");
    assert_eq!(member.open(&later, now + Duration::from_secs(6), &mut Vec::new()), Err(FrameError::Closed));
}
