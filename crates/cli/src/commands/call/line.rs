//! What is printed of a call each second.

use bezel_core::call::{CallStats, Verifier};
use serde::Serialize;

/// The call's numbers; those of connections are of the worst one.
#[derive(Serialize)]
pub(super) struct Line {
    frames_sent: u64,
    frames_decoded: u64,
    /// Of these, pictures of the synthetic source whose counters go on without a repetition.
    frames_verified: u64,
    screen_frames: u64,
    decrypt_errors: u64,
    fps: f64,
    width: u32,
    height: u32,
    rtt_ms: f64,
    loss: f64,
    /// From answering to the first picture, of whoever was slowest.
    first_frame_ms: Option<u64>,
    /// By the clock in the picture.
    latency_ms: Option<f64>,
    peers: usize,
    srtp: String,
    dtls: String,
    /// Of a guest: the code to read aloud.
    safety_code: Option<String>,
}

impl Line {
    pub(super) fn new(stats: &CallStats, verifier: &Verifier) -> Self {
        let seen = verifier.seen();
        let cameras = || seen.iter().filter(|((_, is_screen), _)| !is_screen).map(|(_, seen)| seen);
        let worst = |value: fn(&bezel_core::call::PeerStats) -> f64| stats.peers.iter().map(value).fold(0.0, f64::max);
        let first = stats.peers.first();
        Self {
            frames_sent: stats.frames_sent,
            frames_decoded: cameras().map(|seen| seen.decoded).sum(),
            frames_verified: cameras().map(|seen| seen.verified).sum(),
            screen_frames: seen.iter().filter(|((_, is_screen), _)| *is_screen).map(|(_, seen)| seen.decoded).sum(),
            decrypt_errors: stats.peers.iter().map(|peer| peer.decrypt_errors).sum(),
            fps: stats.peers.iter().map(|peer| peer.frames_per_second).reduce(f64::min).unwrap_or(0.0),
            width: cameras().map(|seen| seen.width).min().unwrap_or(0),
            height: cameras().map(|seen| seen.height).min().unwrap_or(0),
            rtt_ms: worst(|peer| peer.link.round_trip_ms),
            loss: worst(|peer| peer.link.loss_out),
            first_frame_ms: stats.peers.iter().filter_map(|peer| peer.first_frame_ms).max(),
            latency_ms: cameras().filter_map(|seen| seen.latency_ms).reduce(f64::max),
            peers: stats.peers.len(),
            srtp: first.map(|peer| peer.link.srtp.clone()).unwrap_or_default(),
            dtls: first.map(|peer| peer.link.dtls.clone()).unwrap_or_default(),
            safety_code: stats.peers.iter().find_map(|peer| peer.safety_code.clone()),
        }
    }
}
