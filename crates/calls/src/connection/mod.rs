//! One connection to one other participant, behind a trait: what is above it does not know by which WebRTC implementation.

mod certificate;
mod description;
mod estimate;
mod feedback;
mod inbound;
mod network;
mod outbound;
mod stack;
mod way;
mod webrtc;

use std::net::SocketAddr;
use std::time::Instant;

use async_trait::async_trait;
use bezel_crypto::call::Track;
use bezel_protocol::content::Candidate;
use bezel_protocol::wire::IceServer;
use bytes::Bytes;
use serde::Serialize;
use ts_rs::TS;

pub use self::certificate::Certificate;
pub use self::description::{BadDescription, check_description};
pub use self::network::{addresses, leads_elsewhere};
pub use self::webrtc::WebRtc;
use crate::rtp::Assembled;

/// How a connection is made.
#[derive(Clone, Debug)]
pub struct ConnectionOptions {
    /// Servers to be reached by.
    pub ice_servers: Vec<IceServer>,
    /// Only through a TURN server: the other side learns no address of this machine.
    pub is_relay_only: bool,
    /// From which addresses; `0.0.0.0:0` and `[::]:0` mean every interface but the loopback.
    pub addresses: Vec<SocketAddr>,
}

/// What a connection can't do.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The other side's description asks for something that we do not do.
    #[error(transparent)]
    Description(#[from] BadDescription),
    /// There is no certificate.
    #[error("a certificate could not be made: {0}")]
    Certificate(String),
    /// The implementation refuses.
    #[error("the connection failed: {0}")]
    WebRtc(#[from] ::webrtc::error::Error),
    /// It is over.
    #[error("the connection is closed")]
    Closed,
}

/// What a connection tells.
#[derive(Debug)]
pub enum ConnectionEvent {
    /// Where this side may be reached.
    Candidate(Candidate),
    /// It is up, or no longer.
    State(LinkState),
    /// A frame of the other side's camera or screen, still sealed.
    Video {
        /// Which.
        track: Track,
        /// The frame.
        frame: Assembled,
    },
    /// A packet of the other side's microphone, still sealed.
    Audio(AudioPacket),
    /// The other side can't decode without a key frame.
    KeyFrameWanted(Track),
    /// When a track's RTP timestamp was, by the other side's clock (RFC 3550 §6.4.1).
    Clock {
        /// The track.
        track: Track,
        /// The timestamp.
        rtp: u32,
        /// The clock, in milliseconds.
        ntp_ms: f64,
    },
}

/// A packet of sound, still sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioPacket {
    /// Its sequence number, counted on.
    pub sequence: i64,
    /// Its timestamp in samples of 48 kHz, counted on.
    pub timestamp: i64,
    /// The frame.
    pub data: Bytes,
    /// When it came.
    pub at: Instant,
}

/// Whether media flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Not yet.
    Connecting,
    /// They do.
    Connected,
    /// The path is silent; it may come back.
    Disconnected,
    /// It will not.
    Failed,
}

/// How a connection does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
pub struct LinkStats {
    /// Round trip in milliseconds, by ICE's checks.
    pub round_trip_ms: f64,
    /// The share of our video packets that got lost, as the other side last reported, 0 to 1.
    pub loss_out: f64,
    /// The spread of the arrival of our video packets, as the other side last reported, in milliseconds.
    pub jitter_out_ms: f64,
    /// Video packets of the other side that never came.
    #[ts(type = "number")]
    pub lost_in: u64,
    /// Bytes sent so far.
    #[ts(type = "number")]
    pub bytes_out: u64,
    /// Bytes received so far.
    #[ts(type = "number")]
    pub bytes_in: u64,
    /// What the path seems to carry, bits a second.
    #[ts(type = "number")]
    pub estimate_bit_s: u64,
    /// The SRTP profile.
    pub srtp: String,
    /// The DTLS cipher suite.
    pub dtls: String,
    /// How this side is reached: `host`, `srflx`, `prflx` or `relay`.
    pub local: String,
    /// How the other side is reached.
    pub remote: String,
}

/// A connection with one track of sound and two of pictures, both ways.
#[async_trait]
pub trait Connection: Send + Sync {
    /// Makes an offer.
    async fn offer(&self) -> Result<String, ConnectionError>;
    /// Takes an offer and answers it.
    async fn answer(&self, offer: String) -> Result<String, ConnectionError>;
    /// Takes the answer to an offer.
    async fn accept(&self, answer: String) -> Result<(), ConnectionError>;
    /// Takes a candidate of the other side.
    async fn add_candidate(&self, candidate: Candidate) -> Result<(), ConnectionError>;
    /// Sends a sealed frame; `timestamp` in 1/90000 s for pictures, in samples of 48 kHz for sound.
    async fn send(&self, track: Track, frame: &Bytes, timestamp: u32) -> Result<(), ConnectionError>;
    /// Goes on with the next key frame of a track: what came could not be opened or decoded.
    fn restart_track(&self, track: Track);
    /// What the path seems to carry, bits a second.
    fn estimate_bit_s(&self) -> u64;
    /// How it does.
    async fn stats(&self) -> LinkStats;
    /// SHA-256 of the certificates of this side and of the other, once both are known.
    async fn fingerprints(&self) -> Option<[[u8; 32]; 2]>;
    /// Ends it.
    async fn close(&self);
}
