//! The VP8 payload descriptor (RFC 7741 §4.2).

use bytes::{BufMut as _, Bytes, BytesMut};

/// So many bytes of a frame go into one packet: 1200 less the headers of RTP, its extension, and SRTP's tag.
const FRAGMENT_BYTES: usize = 1140;
/// S: the packet begins a partition, and with partition 0 a frame.
const START: u8 = 0x10;

/// Cuts a frame into payloads of about the same size, each with its descriptor. The frame may be sealed: nothing of it is read.
pub fn fragments(frame: &Bytes) -> impl Iterator<Item = Bytes> + '_ {
    let count = frame.len().div_ceil(FRAGMENT_BYTES).max(1);
    let size = frame.len().div_ceil(count).max(1);
    frame.chunks(size).enumerate().map(|(index, chunk)| {
        let mut payload = BytesMut::with_capacity(1 + chunk.len());
        payload.put_u8(if index == 0 { START } else { 0 });
        payload.put_slice(chunk);
        payload.freeze()
    })
}

/// Takes the descriptor off a payload: whether the packet begins a frame, and its part of the frame. None for what has no descriptor.
#[must_use]
pub fn strip(payload: &Bytes) -> Option<(bool, Bytes)> {
    let first = *payload.first()?;
    let mut length = 1;
    if first & 0x80 != 0 {
        let extension = *payload.get(length)?;
        length += 1;
        // I: a picture id of one byte, or of two where its first bit is set.
        if extension & 0x80 != 0 {
            length += if payload.get(length)? & 0x80 != 0 { 2 } else { 1 };
        }
        // L: TL0PICIDX.
        if extension & 0x40 != 0 {
            length += 1;
        }
        // T or K: TID, Y, KEYIDX in one byte.
        if extension & 0x30 != 0 {
            length += 1;
        }
    }
    let begins = first & START != 0 && first & 0x0f == 0;
    (payload.len() > length).then(|| (begins, payload.slice(length..)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_frame_is_put_together_as_it_was_cut(frame in proptest::collection::vec(any::<u8>(), 1..8000)) {
            let frame = Bytes::from(frame);
            let mut whole = Vec::new();
            for (index, payload) in fragments(&frame).enumerate() {
                prop_assert!(payload.len() <= FRAGMENT_BYTES + 1);
                let (begins, part) = strip(&payload).unwrap();
                prop_assert_eq!(begins, index == 0);
                whole.extend_from_slice(&part);
            }
            prop_assert_eq!(whole, frame);
        }

        #[test]
        fn any_payload_is_read_or_refused(payload in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = strip(&Bytes::from(payload));
        }
    }

    #[test]
    fn a_browsers_descriptor_with_a_long_picture_id_is_taken_off() {
        // X, S; I, L, T, K; picture id of 15 bits, TL0PICIDX, TID and KEYIDX; then the frame.
        let payload = Bytes::from_static(&[0x90, 0xf0, 0x81, 0x23, 7, 0x21, 0xaa]);
        assert_eq!(strip(&payload), Some((true, Bytes::from_static(&[0xaa]))));
    }
}
