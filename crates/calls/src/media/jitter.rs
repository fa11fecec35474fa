//! Evens out the arrival of sound: as little delay as the line allows.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// A packet holds so much.
const FRAME: Duration = Duration::from_millis(20);
/// The delay is never less and never more than so many packets.
const FEWEST: usize = 2;
const MOST: usize = 15;
/// So many packets are remembered to judge the line by.
const HISTORY: usize = 100;
/// So much later than the others is no lateness: the sender was silent.
const PAUSE: Duration = Duration::from_millis(600);
/// So many in a row are covered before silence falls.
const MAX_CONCEALED: u32 = 10;

/// What to play for the next 20 ms.
#[derive(Debug, PartialEq, Eq)]
pub enum Pull {
    /// This packet.
    Packet(Vec<u8>),
    /// The packet is lost; what follows it is here, to reconstruct it from.
    Recover(Vec<u8>),
    /// The packet is lost or late: cover the hole.
    Conceal,
    /// Nothing: not begun, or nothing came for long.
    Silence,
}

/// The packets of one sender, opened.
#[derive(Debug, Default)]
pub struct JitterBuffer {
    packets: BTreeMap<i64, (i64, Vec<u8>)>,
    next: Option<i64>,
    concealed: u32,
    /// What was played is not played again.
    floor: Option<i64>,
    /// The first packet since the last pause: when it came, and its number.
    first: Option<(Instant, i64)>,
    /// How much later or sooner than the first each of the last packets came, in microseconds.
    offsets: VecDeque<i64>,
    surplus: u32,
    /// The timestamp of what plays now.
    playing: Option<i64>,
}

impl JitterBuffer {
    /// Takes a packet: its number and timestamp, counted on, and when it came.
    pub fn push(&mut self, sequence: i64, timestamp: i64, packet: Vec<u8>, at: Instant) {
        // One that comes too late to be played tells how late packets come.
        self.judge(sequence, at);
        if self.floor.is_some_and(|floor| sequence < floor) {
            return;
        }
        // A sender who jumps ahead begins anew.
        if self.next.is_some_and(|next| sequence > next + 500) || self.packets.len() > 200 {
            self.packets.clear();
            self.next = None;
        }
        self.packets.insert(sequence, (timestamp, packet));
    }

    /// How many packets should wait: enough for all but the latest few of the last two seconds.
    #[must_use]
    pub fn target(&self) -> usize {
        let mut offsets: Vec<i64> = self.offsets.iter().copied().collect();
        offsets.sort_unstable();
        let soonest = offsets.first().copied().unwrap_or_default();
        let late = offsets.get(offsets.len().saturating_sub(1) * 97 / 100).map_or(0, |late| late - soonest);
        usize::try_from(late).unwrap_or(0).div_ceil(FRAME.as_micros() as usize).saturating_add(1).clamp(FEWEST, MOST)
    }

    /// Notes how late a packet is. After a pause the line is judged anew.
    fn judge(&mut self, sequence: i64, at: Instant) {
        let (first_at, first) = *self.first.get_or_insert((at, sequence));
        let passed = i64::try_from(at.saturating_duration_since(first_at).as_micros()).unwrap_or(i64::MAX);
        let offset = passed.saturating_sub((sequence - first).saturating_mul(FRAME.as_micros() as i64));
        let is_pause = self.offsets.iter().min().is_some_and(|soonest| (offset - soonest).abs() > PAUSE.as_micros() as i64);
        if is_pause {
            self.first = Some((at, sequence));
            self.offsets.clear();
        }
        if self.offsets.len() >= HISTORY {
            self.offsets.pop_front();
        }
        self.offsets.push_back(if is_pause { 0 } else { offset });
    }

    /// What to play for the next 20 ms.
    pub fn pull(&mut self) -> Pull {
        let Some(next) = self.next else {
            if self.packets.len() < self.target() {
                return Pull::Silence;
            }
            self.next = self.packets.keys().next().copied();
            self.floor = self.floor.max(self.next);
            return self.pull();
        };
        self.shed();
        let next = self.next.unwrap_or(next);
        self.next = Some(next + 1);
        self.floor = self.next;
        if let Some((timestamp, packet)) = self.packets.remove(&next) {
            self.concealed = 0;
            self.playing = Some(timestamp);
            return Pull::Packet(packet);
        }
        self.concealed += 1;
        self.playing = self.playing.map(|playing| playing + 960);
        let waiting = self.packets.keys().next_back().map_or(0, |newest| newest - next);
        if waiting < self.target() as i64 {
            // Late rather than lost: it is waited for, so the delay grows.
            (self.next, self.floor) = (Some(next), Some(next));
            if self.packets.is_empty() && self.concealed > MAX_CONCEALED {
                (self.next, self.playing) = (None, None);
                return Pull::Silence;
            }
        } else if let Some((_, after)) = self.packets.get(&(next + 1)) {
            return Pull::Recover(after.clone());
        }
        Pull::Conceal
    }

    /// The timestamp of what plays now, in samples.
    #[must_use]
    pub const fn playing(&self) -> Option<i64> {
        self.playing
    }

    /// More than the line needs has waited for a second: one packet is left out.
    fn shed(&mut self) {
        if self.packets.len() > self.target() + 1 {
            self.surplus += 1;
        } else {
            self.surplus = 0;
        }
        let is_flood = self.packets.len() > MOST + 5;
        if self.surplus > 50 || is_flood {
            self.surplus = 0;
            if let Some((sequence, _)) = self.packets.pop_first() {
                self.next = Some(sequence + 1);
                self.floor = self.next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock;

    fn packet(number: i64) -> Vec<u8> {
        number.to_be_bytes().to_vec()
    }

    /// Packets that come at these milliseconds, pulled every 20 ms; what was played, and how many holes.
    fn play(arrivals: &[(u64, i64)], for_ms: u64) -> (Vec<i64>, usize) {
        let (mut buffer, began) = (JitterBuffer::default(), clock::now());
        let (mut played, mut holes, mut waiting) = (Vec::new(), 0, arrivals.to_vec());
        waiting.sort_unstable();
        let mut waiting = waiting.into_iter().peekable();
        for now in (0..for_ms).step_by(20) {
            while let Some((at, number)) = waiting.next_if(|(at, _)| *at <= now) {
                buffer.push(number, number * 960, packet(number), began + Duration::from_millis(at));
            }
            match buffer.pull() {
                Pull::Packet(packet) => played.push(i64::from_be_bytes(packet.try_into().unwrap())),
                Pull::Recover(_) | Pull::Conceal => holes += 1,
                Pull::Silence => {}
            }
        }
        (played, holes)
    }

    #[test]
    fn an_even_line_plays_everything_in_order_with_little_delay() {
        let arrivals: Vec<_> = (0..100).map(|number| (number as u64 * 20, number)).collect();
        let (played, holes) = play(&arrivals, 2100);
        assert_eq!(played, (0..100).collect::<Vec<_>>());
        assert!(holes <= 4, "only after the end: {holes}");
    }

    #[test]
    fn a_lost_packet_is_reconstructed_from_the_next() {
        let mut buffer = JitterBuffer::default();
        let began = clock::now();
        for number in [0, 1, 3, 4, 5] {
            buffer.push(number, number * 960, packet(number), began + FRAME * number as u32);
        }
        assert_eq!(
            [buffer.pull(), buffer.pull(), buffer.pull()],
            [Pull::Packet(packet(0)), Pull::Packet(packet(1)), Pull::Recover(packet(3))]
        );
    }

    #[test]
    fn an_uneven_line_waits_longer_and_then_has_no_holes() {
        // Every tenth packet comes 90 ms late.
        let arrivals: Vec<_> = (0..500).map(|number| (number as u64 * 20 + if number % 10 == 9 { 90 } else { 0 }, number)).collect();
        let (_, holes) = play(&arrivals, 10_000);
        assert!(holes < 40, "{holes}");
    }

    #[test]
    fn a_silent_sender_falls_silent_and_begins_anew() {
        let arrivals: Vec<_> =
            (0..10).map(|number| (number as u64 * 20, number)).chain((0..10).map(|n| (5000 + n as u64 * 20, 10 + n))).collect();
        let (played, holes) = play(&arrivals, 6000);
        assert_eq!(played, (0..20).collect::<Vec<_>>());
        assert!(holes <= 2 * MAX_CONCEALED as usize + 2, "{holes}");
    }

    proptest! {
        #[test]
        fn any_arrival_is_played_in_order_and_once(arrivals in proptest::collection::vec((0u64..3000, -5i64..200), 0..200)) {
            let (played, _) = play(&arrivals, 4000);
            prop_assert!(played.windows(2).all(|pair| pair[0] < pair[1]), "{played:?}");
        }
    }
}
