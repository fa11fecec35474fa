//! Reads the other side's RTCP on its way through: what it asks for, how our media arrive, what its clock says. The library keeps all of that
//! to itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use tokio::sync::mpsc;

/// More streams than we send are not remembered.
const MAX_STREAMS: usize = 8;

/// What came, by SSRC.
#[derive(Debug, Clone, Copy)]
pub(super) enum Feedback {
    /// A key frame is wanted of our stream.
    KeyFrame(u32),
    /// The other side's stream: this timestamp was at this time of its clock, in milliseconds.
    Clock(u32, u32, f64),
}

/// How a stream of ours arrives.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Arrival {
    /// 0 to 1.
    pub(super) loss: f64,
    /// In units of the stream's clock.
    pub(super) jitter: u32,
}

/// The latest report of one stream of ours.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrivals(Arc<Mutex<Vec<(u32, Arrival)>>>);

impl Arrivals {
    pub(super) fn of(&self, ssrc: u32) -> Arrival {
        let arrivals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.iter().find(|(of, _)| *of == ssrc).map(|(_, arrival)| *arrival).unwrap_or_default()
    }

    fn note(&self, reports: &[ReceptionReport]) {
        let mut arrivals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for report in reports {
            let arrival = Arrival { loss: f64::from(report.fraction_lost) / 256.0, jitter: report.jitter };
            if let Some((_, of)) = arrivals.iter_mut().find(|(of, _)| *of == report.ssrc) {
                *of = arrival;
            } else if arrivals.len() < MAX_STREAMS {
                arrivals.push((report.ssrc, arrival));
            }
        }
    }
}

/// Stands last in the chain, where every other interceptor has read the packets already.
pub(super) struct Observer {
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
    feedback: mpsc::Sender<Feedback>,
    arrivals: Arrivals,
}

impl Observer {
    pub(super) fn new(feedback: mpsc::Sender<Feedback>, arrivals: Arrivals) -> Self {
        Self { reads: VecDeque::new(), writes: VecDeque::new(), feedback, arrivals }
    }

    fn observe(&self, packet: &dyn rtc::rtcp::Packet) {
        let any = packet.as_any();
        // A full queue loses a request that will be made again.
        if let Some(pli) = any.downcast_ref::<PictureLossIndication>() {
            let _ = self.feedback.try_send(Feedback::KeyFrame(pli.media_ssrc));
        } else if let Some(fir) = any.downcast_ref::<FullIntraRequest>() {
            for entry in &fir.fir {
                let _ = self.feedback.try_send(Feedback::KeyFrame(entry.ssrc));
            }
        } else if let Some(report) = any.downcast_ref::<SenderReport>() {
            let _ = self.feedback.try_send(Feedback::Clock(report.ssrc, report.rtp_time, ntp_ms(report.ntp_time)));
            self.arrivals.note(&report.reports);
        } else if let Some(report) = any.downcast_ref::<ReceiverReport>() {
            self.arrivals.note(&report.reports);
        }
    }
}

/// An NTP timestamp (seconds in 32.32 bits, RFC 3550 §4) in milliseconds.
fn ntp_ms(ntp: u64) -> f64 {
    ntp as f64 / f64::from(u32::MAX).mul_add(1.0, 1.0) * 1000.0
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Observer {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &packet.message.packet {
            packets.iter().for_each(|packet| self.observe(packet.as_ref()));
        }
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for Observer {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}
