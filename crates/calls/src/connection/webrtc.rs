//! The connection by the `webrtc` crate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use bezel_crypto::call::Track;
use bezel_crypto::rng::{self, Rng};
use bezel_protocol::content::Candidate;
use bytes::Bytes;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8};
use rtc::rtp_transceiver::rtp_sender::RTCRtpCodec;
use tokio::sync::mpsc;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder, RTCIceCandidateInit, RTCIceServer,
    RTCIceTransportPolicy, RTCPeerConnectionIceEvent, RTCPeerConnectionState, RTCSessionDescription, RTCStatsReportEntry, StatsSelector,
};

use super::description::{fingerprint, without_addresses};
use super::estimate::Estimate;
use super::feedback::{Arrivals, Feedback};
use super::inbound::{self, Inbound};
use super::outbound::Outbound;
use super::stack::{AUDIO_CLOCK, Stack, VIDEO_CLOCK};
use super::{Certificate, Connection, ConnectionError, ConnectionEvent, ConnectionOptions, LinkState, LinkStats, check_description};
use crate::clock;

/// So many events wait for whoever reads them.
const QUEUE: usize = 256;

/// A connection of the `webrtc` crate.
pub struct WebRtc {
    connection: Arc<dyn PeerConnection>,
    outbound: [Outbound; 3],
    inbound: [Arc<Inbound>; 3],
    estimate: Estimate,
    arrivals: Arrivals,
    round_trip_us: Arc<AtomicU64>,
    hides_address: bool,
    /// Of the descriptions: ours and the other side's.
    fingerprints: Mutex<[Option<[u8; 32]>; 2]>,
}

impl WebRtc {
    /// Makes a connection that is not connected yet, and what it will tell.
    ///
    /// # Errors
    /// When the implementation refuses, or no socket can be opened.
    pub async fn new(
        options: &ConnectionOptions,
        certificate: &Certificate,
        rng: &mut (dyn Rng + Send),
    ) -> Result<(Arc<Self>, mpsc::Receiver<ConnectionEvent>), ConnectionError> {
        let Stack { media, registry, settings, estimate, arrivals, feedback } = Stack::new()?;
        let (events, receiver) = mpsc::channel(QUEUE);
        let inbound: [Arc<Inbound>; 3] = Default::default();
        let round_trip_us = Arc::new(AtomicU64::new(50_000));
        let handler = Handler {
            events: events.clone(),
            inbound: inbound.clone(),
            round_trip_us: Arc::clone(&round_trip_us),
            hides_address: options.is_relay_only,
            connection: Mutex::default(),
        };
        let handler = Arc::new(handler);
        let connection = PeerConnectionBuilder::new()
            .with_configuration(configuration(options, certificate))
            .with_media_engine(media)
            .with_setting_engine(settings)
            .with_interceptor_registry(registry)
            .with_handler(Arc::clone(&handler) as Arc<dyn PeerConnectionEventHandler>)
            .with_udp_addrs(options.addresses.clone())
            .build()
            .await?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        handler.connection.lock().unwrap_or_else(PoisonError::into_inner).replace(Arc::downgrade(&connection));
        let mut outbound = Vec::new();
        for track in Track::ALL {
            let (mime_type, clock_rate, channels) =
                if track == Track::Audio { (MIME_TYPE_OPUS, AUDIO_CLOCK, 2) } else { (MIME_TYPE_VP8, VIDEO_CLOCK, 0) };
            let codec = RTCRtpCodec { mime_type: mime_type.into(), clock_rate, channels, ..Default::default() };
            let random: [u8; 10] = rng::array(rng).map_err(|_| ConnectionError::Closed)?;
            let [a, b, c, d, e, f, g, h, i, j] = random;
            let ssrcs = (u32::from_be_bytes([a, b, c, d]).max(1), u32::from_be_bytes([e, f, g, h]).max(1));
            // Half the range is left before the first wrap.
            let track = Outbound::new(track, ssrcs, u16::from_be_bytes([i, j]) >> 1, codec);
            connection.add_track(track.local()).await?;
            outbound.push(track);
        }
        let outbound: [Outbound; 3] = outbound.try_into().map_err(|_| ConnectionError::Closed)?;
        let ssrcs = [&outbound[0], &outbound[1], &outbound[2]].map(|track| (track.ssrc, track.track));
        tokio::spawn(pass_on(feedback, ssrcs, inbound.clone(), events));
        let fingerprints = Mutex::default();
        let hides_address = options.is_relay_only;
        Ok((Arc::new(Self { connection, outbound, inbound, estimate, arrivals, round_trip_us, hides_address, fingerprints }), receiver))
    }

    fn note_fingerprint(&self, side: usize, sdp: &str) {
        if let Some(slot) = self.fingerprints.lock().unwrap_or_else(PoisonError::into_inner).get_mut(side) {
            *slot = fingerprint(sdp);
        }
    }

    async fn set_local(&self, description: RTCSessionDescription) -> Result<String, ConnectionError> {
        let sdp = description.sdp.clone();
        self.note_fingerprint(0, &sdp);
        self.connection.set_local_description(description).await?;
        Ok(if self.hides_address { without_addresses(&sdp) } else { sdp })
    }

    async fn negotiated(&self) -> Result<(), ConnectionError> {
        let senders = self.connection.get_senders().await;
        for sender in senders {
            let id = sender.track().track_id().await;
            for outbound in &self.outbound {
                if outbound.local().track_id().await == id {
                    outbound.negotiated(sender.as_ref()).await?;
                }
            }
        }
        Ok(())
    }
}

fn configuration(options: &ConnectionOptions, certificate: &Certificate) -> webrtc::peer_connection::RTCConfiguration {
    let servers = options.ice_servers.iter().map(|server| RTCIceServer {
        urls: server.urls.clone(),
        username: server.username.clone().unwrap_or_default(),
        credential: server.credential.clone().unwrap_or_default(),
    });
    let policy = if options.is_relay_only { RTCIceTransportPolicy::Relay } else { RTCIceTransportPolicy::All };
    RTCConfigurationBuilder::new()
        .with_ice_servers(servers.collect())
        .with_ice_transport_policy(policy)
        .with_certificates(vec![certificate.0.clone()])
        .build()
}

#[async_trait]
impl Connection for WebRtc {
    async fn offer(&self) -> Result<String, ConnectionError> {
        let offer = self.connection.create_offer(None).await?;
        self.set_local(offer).await
    }

    async fn answer(&self, offer: String) -> Result<String, ConnectionError> {
        check_description(&offer)?;
        self.note_fingerprint(1, &offer);
        self.connection.set_remote_description(RTCSessionDescription::offer(offer)?).await?;
        let answer = self.connection.create_answer(None).await?;
        let sdp = self.set_local(answer).await?;
        self.negotiated().await?;
        Ok(sdp)
    }

    async fn accept(&self, answer: String) -> Result<(), ConnectionError> {
        check_description(&answer)?;
        self.note_fingerprint(1, &answer);
        self.connection.set_remote_description(RTCSessionDescription::answer(answer)?).await?;
        self.negotiated().await
    }

    async fn add_candidate(&self, candidate: Candidate) -> Result<(), ConnectionError> {
        let Candidate { candidate, mid, line } = candidate;
        let candidate = RTCIceCandidateInit { candidate, sdp_mid: mid, sdp_mline_index: line, ..Default::default() };
        Ok(self.connection.add_ice_candidate(candidate).await?)
    }

    async fn send(&self, track: Track, frame: &Bytes, timestamp: u32) -> Result<(), ConnectionError> {
        match self.outbound.iter().find(|outbound| outbound.track == track) {
            Some(outbound) => outbound.send(frame, timestamp).await,
            None => Err(ConnectionError::Closed),
        }
    }

    fn restart_track(&self, track: Track) {
        if let Some(inbound) = self.inbound.get(track as usize) {
            inbound.restarts.store(true, Ordering::Release);
        }
    }

    fn estimate_bit_s(&self) -> u64 {
        self.estimate.bit_s()
    }

    async fn stats(&self) -> LinkStats {
        let report = self.connection.get_stats(clock::now(), StatsSelector::None).await;
        let arrival = self.arrivals.of(self.outbound[1].ssrc);
        let mut stats = LinkStats {
            loss_out: arrival.loss,
            jitter_out_ms: f64::from(arrival.jitter) * 1000.0 / f64::from(VIDEO_CLOCK),
            lost_in: self.inbound.iter().map(|inbound| inbound.lost.load(Ordering::Relaxed)).sum(),
            estimate_bit_s: self.estimate.bit_s(),
            ..LinkStats::default()
        };
        let mut pair = (String::new(), String::new());
        for entry in report.iter() {
            match entry {
                RTCStatsReportEntry::Transport(transport) => {
                    stats.srtp.clone_from(&transport.srtp_cipher);
                    stats.dtls.clone_from(&transport.dtls_cipher);
                    (stats.bytes_out, stats.bytes_in) = (transport.bytes_sent, transport.bytes_received);
                }
                RTCStatsReportEntry::IceCandidatePair(candidates) if candidates.nominated => {
                    stats.round_trip_ms = candidates.current_round_trip_time * 1000.0;
                    pair = (candidates.local_candidate_id.clone(), candidates.remote_candidate_id.clone());
                }
                _ => {}
            }
        }
        for entry in report.iter() {
            match entry {
                RTCStatsReportEntry::LocalCandidate(local) if is_same(&local.stats.id, &pair.0) => {
                    stats.local = local.candidate_type.to_string()
                }
                RTCStatsReportEntry::RemoteCandidate(remote) if is_same(&remote.stats.id, &pair.1) => {
                    stats.remote = remote.candidate_type.to_string()
                }
                _ => {}
            }
        }
        // One that nobody told of was learnt from its checks, and has no entry.
        if stats.remote.is_empty() && !pair.1.is_empty() {
            stats.remote = "prflx".into();
        }
        self.round_trip_us.store((stats.round_trip_ms * 1000.0) as u64, Ordering::Relaxed);
        stats
    }

    async fn fingerprints(&self) -> Option<[[u8; 32]; 2]> {
        let [ours, theirs] = *self.fingerprints.lock().unwrap_or_else(PoisonError::into_inner);
        Some([ours?, theirs?])
    }

    async fn close(&self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "a connection did not close well");
        }
    }
}

/// A report's ids have a prefix that a pair's do not.
fn is_same(id: &str, of_pair: &str) -> bool {
    !of_pair.is_empty() && id.ends_with(of_pair)
}

/// Names the tracks of what came by RTCP.
async fn pass_on(
    mut feedback: mpsc::Receiver<Feedback>,
    ours: [(u32, Track); 3],
    inbound: [Arc<Inbound>; 3],
    events: mpsc::Sender<ConnectionEvent>,
) {
    while let Some(feedback) = feedback.recv().await {
        let event = match feedback {
            Feedback::KeyFrame(ssrc) => ours.iter().find(|(of, _)| *of == ssrc).map(|(_, track)| ConnectionEvent::KeyFrameWanted(*track)),
            Feedback::Clock(ssrc, rtp, ntp_ms) => inbound
                .iter()
                .zip(Track::ALL)
                .find(|(inbound, _)| inbound.ssrc.load(Ordering::Relaxed) == ssrc)
                .map(|(_, track)| ConnectionEvent::Clock { track, rtp, ntp_ms }),
        };
        if let Some(event) = event
            && events.send(event).await.is_err()
        {
            return;
        }
    }
}

struct Handler {
    events: mpsc::Sender<ConnectionEvent>,
    inbound: [Arc<Inbound>; 3],
    round_trip_us: Arc<AtomicU64>,
    hides_address: bool,
    connection: Mutex<Option<Weak<dyn PeerConnection>>>,
}

impl Handler {
    /// Which track it is: the sections are numbered, and stand in the order sound, camera, screen.
    async fn track_of(&self, remote: &Arc<dyn TrackRemote>) -> Option<Track> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.upgrade()?;
        let id = remote.track_id().await;
        for transceiver in connection.get_transceivers().await {
            if let Ok(Some(receiver)) = transceiver.receiver().await
                && receiver.track().track_id().await == id
            {
                let section: usize = transceiver.mid().await.ok()??.parse().ok()?;
                return Track::ALL.get(section).copied();
            }
        }
        None
    }
}

#[async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        let Ok(candidate) = event.candidate.to_json() else { return };
        let line = if self.hides_address { without_addresses(&candidate.candidate) } else { candidate.candidate };
        if line.is_empty() {
            return;
        }
        let candidate = Candidate { candidate: line, mid: Some("0".into()), line: candidate.sdp_mline_index };
        let _ = self.events.send(ConnectionEvent::Candidate(candidate)).await;
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let state = match state {
            RTCPeerConnectionState::Connected => LinkState::Connected,
            RTCPeerConnectionState::Disconnected => LinkState::Disconnected,
            RTCPeerConnectionState::Failed => LinkState::Failed,
            RTCPeerConnectionState::New | RTCPeerConnectionState::Connecting => LinkState::Connecting,
            _ => return,
        };
        let _ = self.events.send(ConnectionEvent::State(state)).await;
    }

    async fn on_track(&self, remote: Arc<dyn TrackRemote>) {
        let Some(track) = self.track_of(&remote).await else { return };
        let Some(inbound) = self.inbound.get(track as usize).cloned() else { return };
        tokio::spawn(inbound::read(track, remote, inbound, Arc::clone(&self.round_trip_us), self.events.clone()));
    }
}
