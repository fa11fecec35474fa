//! What the implementation may do: codecs, feedback, ciphers, timeouts.

use std::time::Duration;

use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::{
    CongestionControlBuilder, NackResponderBuilder, ReceiverReportBuilder, Registry, SenderReportBuilder, Slot, TwccReceiverBuilder,
    TwccSenderBuilder,
};
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine};
use rtc::rtp_transceiver::rtp_sender::{RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind};
use rtc::sdp::extmap::TRANSPORT_CC_URI;
use tokio::sync::mpsc;
use webrtc::error::Result;
use webrtc::peer_connection::{CipherSuiteId, SettingEngine, SettingEngineBuilder, SrtpProtectionProfile};

use super::estimate::{Estimate, Estimator};
use super::feedback::{Arrivals, Feedback, Observer};

/// Opus at 48 kHz (RFC 7587).
pub(super) const AUDIO_CLOCK: u32 = 48_000;
/// Pictures at 90 kHz (RFC 7741).
pub(super) const VIDEO_CLOCK: u32 = 90_000;

/// The parts from which a connection is built.
pub(super) struct Stack {
    pub(super) media: MediaEngine,
    pub(super) registry: Registry,
    pub(super) settings: SettingEngine,
    pub(super) estimate: Estimate,
    pub(super) arrivals: Arrivals,
    pub(super) feedback: mpsc::Receiver<Feedback>,
}

impl Stack {
    pub(super) fn new() -> Result<Self> {
        let (estimator, estimate) = Estimator::new();
        let (sender, feedback) = mpsc::channel(64);
        let arrivals = Arrivals::default();
        // Packets that were lost are asked for by the assembler, which sees what RTX brought; the library's generator does not, and asks on.
        let registry = Registry::new()
            .with(Slot::CongestionControl, CongestionControlBuilder::new(estimator).build())
            .with(Slot::TwccSender, TwccSenderBuilder::new().build())
            .with(Slot::NackResponder, NackResponderBuilder::new().build())
            .with(Slot::TwccReceiver, TwccReceiverBuilder::new().build())
            .with(Slot::ReceiverReport, ReceiverReportBuilder::new().build())
            .with(Slot::SenderReport, SenderReportBuilder::new().build())
            .with(Slot::Custom(14_000), Observer::new(sender, arrivals.clone()));
        Ok(Self { media: media()?, registry, settings: settings(), estimate, arrivals, feedback })
    }
}

/// VP8 with retransmission on a stream of its own, so that SRTP never uses a nonce twice; Opus.
fn media() -> Result<MediaEngine> {
    let feedback = |kinds: &[(&str, &str)]| {
        kinds.iter().map(|(typ, parameter)| RTCPFeedback { typ: (*typ).into(), parameter: (*parameter).into() }).collect::<Vec<_>>()
    };
    let mut media = MediaEngine::default();
    let audio = feedback(&[("transport-cc", "")]);
    media.register_codec(codec(MIME_TYPE_OPUS, AUDIO_CLOCK, 2, "minptime=10;useinbandfec=1", audio, 111), RtpCodecKind::Audio)?;
    let video = feedback(&[("ccm", "fir"), ("nack", ""), ("nack", "pli"), ("transport-cc", "")]);
    media.register_codec(codec(MIME_TYPE_VP8, VIDEO_CLOCK, 0, "", video, 96), RtpCodecKind::Video)?;
    media.register_codec(codec(MIME_TYPE_RTX, VIDEO_CLOCK, 0, "apt=96", Vec::new(), 97), RtpCodecKind::Video)?;
    for kind in [RtpCodecKind::Audio, RtpCodecKind::Video] {
        media.register_header_extension(RTCRtpHeaderExtensionCapability { uri: TRANSPORT_CC_URI.into() }, kind, None)?;
    }
    Ok(media)
}

fn codec(
    mime_type: &str,
    clock_rate: u32,
    channels: u16,
    parameters: &str,
    rtcp_feedback: Vec<RTCPFeedback>,
    payload_type: u8,
) -> RTCRtpCodecParameters {
    let rtp_codec = RTCRtpCodec { mime_type: mime_type.into(), clock_rate, channels, sdp_fmtp_line: parameters.into(), rtcp_feedback };
    RTCRtpCodecParameters { rtp_codec, payload_type }
}

/// 256-bit keys alone: left to itself, Chromium takes SRTP with AES-128 and SHA-1.
fn settings() -> SettingEngine {
    SettingEngineBuilder::new()
        .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm])
        .with_dtls_cipher_suites(vec![CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256])
        .with_include_loopback_candidate(true)
        // Its socket can't be opened on a machine without a route for it, and then there is no connection at all; whoever hides behind a name of
        // it is learnt from the checks that come.
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        // Checks go both ways five times a second; a path on which none comes for longer than a second is broken, and another is looked for.
        .with_ice_timeouts(Some(Duration::from_millis(1200)), Some(Duration::from_secs(15)), Some(Duration::from_millis(200)))
        // Each candidate is tried for as long as an attempt lasts: a path may come back in the middle of it.
        .with_ice_connection_attempts(Some(Duration::from_millis(50)), Some(160))
        .with_host_acceptance_min_wait(None)
        .with_srflx_acceptance_min_wait(Some(Duration::from_millis(100)))
        .with_prflx_acceptance_min_wait(Some(Duration::from_millis(100)))
        .with_relay_acceptance_min_wait(Some(Duration::from_millis(200)))
        .build()
}
