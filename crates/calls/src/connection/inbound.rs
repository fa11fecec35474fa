//! One track of the other side: RTP packets into frames.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bezel_crypto::call::Track;
use rtc::rtcp;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use tokio::sync::mpsc;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

use super::{AudioPacket, ConnectionEvent};
use crate::clock;
use crate::rtp::{Assembler, Step, Unwrapped};

/// What is known of a track of the other side.
#[derive(Default)]
pub(super) struct Inbound {
    /// Its SSRC; 0 before the first packet.
    pub(super) ssrc: AtomicU32,
    /// Packets that never came.
    pub(super) lost: AtomicU64,
    /// It is to go on with the next key frame.
    pub(super) restarts: AtomicBool,
}

/// Reads a track until it ends. `round_trip` tells the connection's, in microseconds.
pub(super) async fn read(
    track: Track,
    remote: Arc<dyn TrackRemote>,
    inbound: Arc<Inbound>,
    round_trip: Arc<AtomicU64>,
    events: mpsc::Sender<ConnectionEvent>,
) {
    match track {
        Track::Audio => read_audio(remote, inbound, events).await,
        Track::Camera | Track::Screen => read_video(track, remote, inbound, round_trip, events).await,
    }
}

async fn read_audio(remote: Arc<dyn TrackRemote>, inbound: Arc<Inbound>, events: mpsc::Sender<ConnectionEvent>) {
    let (mut sequence, mut timestamp) = (Unwrapped::default(), Unwrapped::default());
    while let Some(event) = remote.poll().await {
        let TrackRemoteEvent::OnRtpPacket(packet) = event else { continue };
        inbound.ssrc.store(packet.header.ssrc, Ordering::Relaxed);
        let packet = AudioPacket {
            sequence: sequence.sequence(packet.header.sequence_number),
            timestamp: timestamp.timestamp(packet.header.timestamp),
            data: packet.payload,
            at: clock::now(),
        };
        if events.send(ConnectionEvent::Audio(packet)).await.is_err() {
            return;
        }
    }
}

async fn read_video(
    track: Track,
    remote: Arc<dyn TrackRemote>,
    inbound: Arc<Inbound>,
    round_trip: Arc<AtomicU64>,
    events: mpsc::Sender<ConnectionEvent>,
) {
    let mut assembler = Assembler::new();
    loop {
        let wakes_at = assembler.wakes_at(clock::now()).map_or_else(|| tokio::time::Instant::now() + Duration::from_secs(3600), Into::into);
        let event = tokio::select! {
            event = remote.poll() => match event {
                Some(event) => Some(event),
                None => return,
            },
            () = tokio::time::sleep_until(wakes_at) => None,
        };
        // Before the packet is taken: it may be the first of the key frame that everything goes on with.
        if inbound.restarts.swap(false, Ordering::AcqRel) {
            assembler.restart();
        }
        if let Some(TrackRemoteEvent::OnRtpPacket(packet)) = event {
            let header = &packet.header;
            inbound.ssrc.store(header.ssrc, Ordering::Relaxed);
            assembler.push(header.sequence_number, header.timestamp, header.marker, &packet.payload, clock::now());
        }
        let round_trip = Duration::from_micros(round_trip.load(Ordering::Relaxed));
        for step in assembler.steps(clock::now(), round_trip) {
            let media_ssrc = inbound.ssrc.load(Ordering::Relaxed);
            let ask: Box<dyn rtcp::Packet> = match step {
                Step::Frame(frame) => {
                    if events.send(ConnectionEvent::Video { track, frame }).await.is_err() {
                        return;
                    }
                    continue;
                }
                Step::Ask(sequences) => {
                    Box::new(TransportLayerNack { sender_ssrc: 0, media_ssrc, nacks: nack_pairs_from_sequence_numbers(&sequences) })
                }
                Step::AskKey => Box::new(PictureLossIndication { sender_ssrc: 0, media_ssrc }),
            };
            // A request that can't go out is made again.
            let _ = remote.write_rtcp(vec![ask]).await;
        }
        inbound.lost.store(assembler.lost(), Ordering::Relaxed);
    }
}
