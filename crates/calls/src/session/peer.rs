//! One other participant: a connection, and what opens what comes over it.

use std::collections::VecDeque;
use std::time::Instant;

use bezel_crypto::call::{CallSecret, Track};
use bezel_vpx::size_of_key_frame;

use super::Sink;
use super::paths::Paths;
use super::stats::PeerStats;
use crate::call::Peer;
use crate::connection::AudioPacket;
use crate::frame::{FrameError, FrameOpener, Layout};
use crate::media::{Playout, Synchronizer};
use crate::rtp::Assembled;

/// So many pictures of one track are held for their sound at most.
const MAX_HELD: usize = 30;

/// What connects to somebody.
pub(super) struct PeerLink {
    pub(super) paths: Paths,
    /// By which attempt's path something of each track came last.
    came_by: [u32; 3],
    openers: [FrameOpener; 3],
    /// In time by the clocks of an attempt's path.
    sync: (u32, Synchronizer),
    held: VecDeque<Held>,
    opened: Vec<u8>,
    pub(super) stats: PeerStats,
    pub(super) began: Instant,
    /// Media flow, as far as the path by which they go says.
    pub(super) is_up: bool,
    /// Pictures of the camera.
    camera_frames: u64,
    /// When they were counted, and how many there were.
    counted: (Instant, u64),
}

/// Whose something is, by which attempt's path it came, and when.
#[derive(Clone, Copy)]
pub(super) struct Arrived {
    pub(super) peer: Peer,
    pub(super) attempt: u32,
    pub(super) at: Instant,
}

/// A picture that waits for its sound.
struct Held {
    due: Instant,
    track: Track,
    frame: Vec<u8>,
    timestamp: i64,
}

pub(super) const fn layout(track: Track) -> Layout {
    if matches!(track, Track::Audio) { Layout::Opus } else { Layout::Vp8 }
}

impl PeerLink {
    pub(super) fn new(peer: Peer, secret: &CallSecret, now: Instant) -> Result<Self, FrameError> {
        let opener = |track| {
            let key = secret.frame_key(peer.id(), track).map_err(|_| FrameError::Failed)?;
            FrameOpener::new(&key, layout(track))
        };
        let openers = [opener(Track::Audio)?, opener(Track::Camera)?, opener(Track::Screen)?];
        Ok(Self {
            paths: Paths::default(),
            came_by: [0; 3],
            openers,
            sync: (0, Synchronizer::default()),
            held: VecDeque::new(),
            opened: Vec::new(),
            stats: PeerStats { peer: peer.to_string(), ..PeerStats::default() },
            began: now,
            is_up: false,
            camera_frames: 0,
            counted: (now, 0),
        })
    }

    /// Whether something that came by an attempt's path is too late: what follows it has come by a newer one.
    fn is_late(&self, track: Track, attempt: u32) -> bool {
        self.came_by.get(track as usize).is_some_and(|newest| *newest > attempt)
    }

    /// Something of a track came by an attempt's path. Each path counts for itself.
    fn came(&mut self, Arrived { peer, attempt, .. }: Arrived, track: Track, playout: &Playout) {
        let Some(newest) = self.came_by.get_mut(track as usize).filter(|newest| **newest < attempt) else { return };
        *newest = attempt;
        if track == Track::Audio {
            playout.renumber(peer);
        }
        if track != Track::Screen && self.sync.0 < attempt {
            self.sync = (attempt, Synchronizer::default());
        }
    }

    /// Goes on with the keys of a new generation.
    pub(super) fn rekey(&mut self, peer: Peer, secret: &CallSecret, now: Instant) -> Result<(), FrameError> {
        for (opener, track) in self.openers.iter_mut().zip(Track::ALL) {
            let key = secret.frame_key(peer.id(), track).map_err(|_| FrameError::Failed)?;
            opener.rekey(&key, now)?;
        }
        Ok(())
    }

    /// A clock of the other side.
    pub(super) fn clock(&mut self, track: Track, attempt: u32, rtp: u32, ntp_ms: f64) {
        let (of, sync) = &mut self.sync;
        match track {
            _ if *of != attempt => {}
            Track::Audio => sync.sound_clock(rtp, ntp_ms),
            Track::Camera => sync.picture_clock(rtp, ntp_ms),
            // A screen is shown as it comes.
            Track::Screen => {}
        }
    }

    /// Opens a packet of sound and lets it play.
    pub(super) fn sound(&mut self, arrived: Arrived, packet: AudioPacket, playout: &Playout) {
        if !self.is_late(Track::Audio, arrived.attempt) && self.open(Track::Audio, &packet.data, arrived.at).is_ok() {
            self.came(arrived, Track::Audio, playout);
            self.stats.packets_received += 1;
            playout.push(arrived.peer, packet.sequence, packet.timestamp, std::mem::take(&mut self.opened), packet.at);
        }
    }

    /// Opens a picture; it is shown now or with its sound.
    pub(super) fn picture(&mut self, arrived: Arrived, track: Track, frame: &Assembled, playout: &Playout, sink: &dyn Sink) {
        let Arrived { peer, attempt, at: now } = arrived;
        if self.is_late(track, attempt) {
            return;
        }
        match self.open(track, &frame.data, now) {
            Ok(()) => {}
            // What builds on it was shown.
            Err(FrameError::Replayed) => return,
            // What builds on it can't be shown either.
            Err(_) => return self.paths.restart_track(track),
        }
        self.came(arrived, track, playout);
        self.stats.frames_received += 1;
        self.camera_frames += u64::from(track == Track::Camera);
        if self.stats.first_frame_ms.is_none() {
            self.stats.first_frame_ms = u64::try_from(now.saturating_duration_since(self.began).as_millis()).ok();
        }
        if let (Track::Camera, Some((width, height))) = (track, size_of_key_frame(&self.opened)) {
            (self.stats.width, self.stats.height) = (width, height);
        }
        let hold = match track {
            Track::Camera if self.sync.0 == attempt => {
                self.sync.1.plays(playout.playing(peer), now);
                self.sync.1.hold(frame.timestamp, now)
            }
            _ => std::time::Duration::ZERO,
        };
        if hold.is_zero() && !self.held.iter().any(|held| held.track == track) {
            return sink.picture(Some(peer), track, &self.opened, frame.timestamp);
        }
        if self.held.len() >= MAX_HELD {
            self.show(peer, None, sink);
        }
        self.held.push_back(Held { due: now + hold, track, frame: self.opened.clone(), timestamp: frame.timestamp });
    }

    /// Shows the pictures whose time has come; without a time, all of them.
    pub(super) fn show(&mut self, peer: Peer, now: Option<Instant>, sink: &dyn Sink) {
        while let Some(held) = self.held.pop_front_if(|held| now.is_none_or(|now| held.due <= now)) {
            sink.picture(Some(peer), held.track, &held.frame, held.timestamp);
        }
    }

    /// When the next picture is to be shown.
    pub(super) fn due(&self) -> Option<Instant> {
        self.held.front().map(|held| held.due)
    }

    /// The numbers, with the pictures a second since the last time they were asked for.
    pub(super) async fn measure(&mut self, peer: Peer, playout: &Playout, now: Instant) -> PeerStats {
        let (since, before) = self.counted;
        let seconds = now.saturating_duration_since(since).as_secs_f64();
        if seconds >= 0.9 {
            self.stats.frames_per_second = (self.camera_frames - before) as f64 / seconds;
            self.counted = (now, self.camera_frames);
        }
        self.stats.link = self.paths.stats().await;
        (self.stats.level, self.stats.concealed) = playout.level(peer);
        self.stats.clone()
    }

    fn open(&mut self, track: Track, sealed: &[u8], now: Instant) -> Result<(), FrameError> {
        let opener = self.openers.get_mut(track as usize).ok_or(FrameError::Failed)?;
        let opened = opener.open(sealed, now, &mut self.opened);
        match opened {
            Ok(()) => {}
            Err(FrameError::Replayed) => self.stats.replays += 1,
            Err(_) => self.stats.decrypt_errors += 1,
        }
        opened
    }
}
