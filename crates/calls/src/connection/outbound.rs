//! One track that this side sends: sealed frames into RTP packets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};

use bezel_crypto::call::Track;
use bytes::Bytes;
use rtc::media_stream::MediaStreamTrack;
use rtc::rtp::header::Header;
use rtc::rtp::packet::Packet;
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RTCRtpRtxParameters, RtpCodecKind};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::rtp_transceiver::RtpSender;

use super::ConnectionError;
use crate::rtp::fragments;

/// A payload type that none is: not negotiated yet.
const UNKNOWN: u8 = 0xff;

pub(super) struct Outbound {
    pub(super) track: Track,
    pub(super) ssrc: u32,
    local: Arc<TrackLocalStaticRTP>,
    payload_type: AtomicU8,
    sequence: AtomicU16,
}

impl Outbound {
    /// `ssrcs`: of the stream, and of its retransmissions. `sequence`: where it begins to count.
    pub(super) fn new(track: Track, ssrcs: (u32, u32), sequence: u16, codec: RTCRtpCodec) -> Self {
        let (kind, name, rtx) = match track {
            Track::Audio => (RtpCodecKind::Audio, "audio", None),
            Track::Camera => (RtpCodecKind::Video, "camera", Some(RTCRtpRtxParameters { ssrc: ssrcs.1 })),
            Track::Screen => (RtpCodecKind::Video, "screen", Some(RTCRtpRtxParameters { ssrc: ssrcs.1 })),
        };
        let rtp_coding_parameters = RTCRtpCodingParameters { ssrc: Some(ssrcs.0), rtx, ..Default::default() };
        let encoding = RTCRtpEncodingParameters { rtp_coding_parameters, active: true, codec, ..Default::default() };
        // Sound and camera of one stream are shown in time with each other; a screen stands for itself.
        let stream = if track == Track::Screen { "screen" } else { "person" };
        let local = TrackLocalStaticRTP::new(MediaStreamTrack::new(stream.into(), name.into(), name.into(), kind, vec![encoding]));
        Self { track, ssrc: ssrcs.0, local: Arc::new(local), payload_type: AtomicU8::new(UNKNOWN), sequence: AtomicU16::new(sequence) }
    }

    pub(super) fn local(&self) -> Arc<dyn TrackLocal> {
        Arc::clone(&self.local) as Arc<dyn TrackLocal>
    }

    /// Takes the payload type that the offer and the answer agree on.
    pub(super) async fn negotiated(&self, sender: &dyn RtpSender) -> Result<(), ConnectionError> {
        let parameters = sender.get_parameters().await?;
        if let Some(codec) = parameters.rtp_parameters.codecs.first() {
            self.payload_type.store(codec.payload_type, Ordering::Release);
        }
        Ok(())
    }

    /// Sends a frame. Before the payload type is known, nothing goes out.
    pub(super) async fn send(&self, frame: &Bytes, timestamp: u32) -> Result<(), ConnectionError> {
        let payload_type = self.payload_type.load(Ordering::Acquire);
        if payload_type == UNKNOWN {
            return Ok(());
        }
        if self.track == Track::Audio {
            return self.write(frame.clone(), timestamp, payload_type, false).await;
        }
        let mut payloads = fragments(frame).peekable();
        while let Some(payload) = payloads.next() {
            self.write(payload, timestamp, payload_type, payloads.peek().is_none()).await?;
        }
        Ok(())
    }

    async fn write(&self, payload: Bytes, timestamp: u32, payload_type: u8, marker: bool) -> Result<(), ConnectionError> {
        let sequence_number = self.sequence.fetch_add(1, Ordering::Relaxed);
        let header = Header { version: 2, marker, payload_type, sequence_number, timestamp, ssrc: self.ssrc, ..Default::default() };
        Ok(self.local.write_rtp(Packet { header, payload }).await?)
    }
}
