//! How a call does.

use serde::Serialize;
use ts_rs::TS;

use crate::connection::LinkStats;

/// How a call does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct CallStats {
    /// Pictures sent so far, of the camera and the screen.
    #[ts(type = "number")]
    pub frames_sent: u64,
    /// Packets of sound sent so far.
    #[ts(type = "number")]
    pub packets_sent: u64,
    /// Pixels across of the pictures that are sent.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// How loud this microphone is, 0 to 1.
    pub level: f32,
    /// Everyone else.
    pub peers: Vec<PeerStats>,
}

/// How the connection to somebody does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, TS)]
pub struct PeerStats {
    /// The id of the device or guest.
    pub peer: String,
    /// Pictures that were received and opened, of the camera and the screen.
    #[ts(type = "number")]
    pub frames_received: u64,
    /// Packets of sound that were received and opened.
    #[ts(type = "number")]
    pub packets_received: u64,
    /// Frames that did not open.
    #[ts(type = "number")]
    pub decrypt_errors: u64,
    /// Frames that came before.
    #[ts(type = "number")]
    pub replays: u64,
    /// Pictures of the camera a second, over the last second.
    pub frames_per_second: f64,
    /// From answering, or hearing the answer, to the first picture, in milliseconds.
    #[ts(type = "number | null")]
    pub first_frame_ms: Option<u64>,
    /// Pixels across and down of the camera's last key frame.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// How loud the voice is, 0 to 1.
    pub level: f32,
    /// Packets of sound that had to be covered.
    #[ts(type = "number")]
    pub concealed: u64,
    /// The code to read aloud.
    pub safety_code: Option<String>,
    /// The connection.
    #[serde(flatten)]
    pub link: LinkStats,
}
