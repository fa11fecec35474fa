//! Puts frames together, asks for packets that are missing, gives up on what does not come, and then asks for a key frame.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::{Unwrapped, strip};
use crate::frame::is_key;

/// A missing packet is first asked for after so long: it may have been overtaken.
const FIRST_ASK: Duration = Duration::from_millis(10);
/// A missing packet is asked for so often.
const MAX_ASKS: u8 = 5;
/// A frame that is not whole after so long is given up.
const GIVE_UP: Duration = Duration::from_millis(400);
/// A key frame is asked for again after so long.
const ASK_KEY_AGAIN: Duration = Duration::from_millis(500);
/// So many packets wait at most; a sender who makes holes does not fill the memory.
const MAX_PACKETS: usize = 2048;

/// A whole frame, still sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    /// The frame.
    pub data: Bytes,
    /// Its RTP timestamp, counted on.
    pub timestamp: i64,
    /// When its last packet came.
    pub at: Instant,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A frame is whole, and everything that it builds on was given out before.
    Frame(Assembled),
    /// These packets are to be asked for again (NACK, RFC 4585 §6.2.1).
    Ask(Vec<u16>),
    /// A key frame is to be asked for (PLI, RFC 4585 §6.3.1).
    AskKey,
}

/// The packets of one video track of one sender.
pub struct Assembler {
    sequence: Unwrapped,
    timestamp: Unwrapped,
    packets: BTreeMap<i64, Packet>,
    missing: BTreeMap<i64, Missing>,
    /// Where the next frame begins, or the key frame that is waited for may; packets before it are over. From here to the highest, every packet
    /// is here or missing.
    next: i64,
    waits_for_key: bool,
    highest: Option<i64>,
    asked_key: Option<Instant>,
    lost: u64,
}

struct Packet {
    timestamp: i64,
    begins: bool,
    ends: bool,
    part: Bytes,
    at: Instant,
}

impl Packet {
    fn begins_key(&self) -> bool {
        self.begins && self.part.first().is_some_and(|first| is_key(*first))
    }
}

struct Missing {
    since: Instant,
    asked: Option<Instant>,
    asks: u8,
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new()
    }
}

impl Assembler {
    /// Begins with the first key frame.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sequence: Unwrapped { last: None },
            timestamp: Unwrapped { last: None },
            packets: BTreeMap::new(),
            missing: BTreeMap::new(),
            next: i64::MIN,
            waits_for_key: true,
            highest: None,
            asked_key: None,
            lost: 0,
        }
    }

    /// Packets that never came.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Takes a packet: its sequence number, timestamp and marker (RFC 3550 §5.1), and its payload.
    pub fn push(&mut self, sequence: u16, timestamp: u32, ends: bool, payload: &Bytes, now: Instant) {
        // What is no packet of a picture is as good as lost.
        let Some((begins, part)) = strip(payload) else { return };
        let sequence = self.sequence.sequence(sequence);
        let timestamp = self.timestamp.timestamp(timestamp);
        self.missing.remove(&sequence);
        match self.highest {
            None => self.next = sequence,
            // A gap of more than a window is a new beginning.
            Some(highest) if sequence - highest > MAX_PACKETS as i64 => {
                self.restart();
                self.next = sequence;
            }
            Some(highest) => {
                for gap in highest + 1..sequence {
                    self.missing.insert(gap, Missing { since: now, asked: None, asks: 0 });
                }
            }
        }
        self.highest = self.highest.max(Some(sequence));
        if sequence >= self.next {
            self.packets.insert(sequence, Packet { timestamp, begins, ends, part, at: now });
        }
        if self.packets.len() > MAX_PACKETS {
            self.restart();
        }
    }

    /// What is to be done now; to be asked after each packet, and at [`Assembler::wakes_at`]. `round_trip` is that of the connection.
    pub fn steps(&mut self, now: Instant, round_trip: Duration) -> Vec<Step> {
        let mut steps = Vec::new();
        while let Some(frame) = self.whole_frame() {
            self.asked_key = None;
            steps.push(Step::Frame(frame));
        }
        self.give_up(now);
        let asks = self.asks(now, round_trip);
        if !asks.is_empty() {
            steps.push(Step::Ask(asks));
        }
        if self.waits_for_key
            && self.highest.is_some()
            && self.asked_key.is_none_or(|asked| now.saturating_duration_since(asked) >= ASK_KEY_AGAIN)
        {
            self.asked_key = Some(now);
            steps.push(Step::AskKey);
        }
        steps
    }

    /// Goes on with the next key frame only: what came could not be opened or decoded. What comes of it again is over.
    pub fn restart(&mut self) {
        self.lost += self.missing.len() as u64;
        self.missing.clear();
        self.packets.clear();
        self.next = self.highest.map_or(i64::MIN, |highest| highest + 1);
        self.waits_for_key = true;
    }

    /// When there may be something to do though nothing came.
    #[must_use]
    pub fn wakes_at(&self, now: Instant) -> Option<Instant> {
        (!self.missing.is_empty() || self.waits_for_key && self.highest.is_some()).then(|| now + FIRST_ASK)
    }

    fn whole_frame(&mut self) -> Option<Assembled> {
        let first = match self.waits_for_key {
            false => self.next,
            true => *self.packets.iter().find(|(_, packet)| packet.begins_key())?.0,
        };
        let timestamp = self.packets.get(&first).filter(|packet| packet.begins)?.timestamp;
        let mut last = first;
        loop {
            let packet = self.packets.get(&last).filter(|packet| packet.timestamp == timestamp)?;
            if packet.ends {
                break;
            }
            last += 1;
        }
        let after = self.packets.split_off(&(last + 1));
        let mut parts = std::mem::replace(&mut self.packets, after).split_off(&first);
        (self.next, self.waits_for_key) = (last + 1, false);
        self.missing.retain(|sequence, _| *sequence > last);
        let at = parts.values().map(|packet| packet.at).max()?;
        let data = match parts.len() {
            1 => parts.pop_first()?.1.part,
            _ => {
                let mut data = BytesMut::with_capacity(parts.values().map(|packet| packet.part.len()).sum());
                parts.values().for_each(|packet| data.extend_from_slice(&packet.part));
                data.freeze()
            }
        };
        Some(Assembled { data, timestamp, at })
    }

    /// A frame that can't become whole stops all that build on it.
    fn give_up(&mut self, now: Instant) {
        let is_over = |missing: &Missing| now.saturating_duration_since(missing.since) > GIVE_UP;
        if !self.missing.values().any(is_over) {
            return;
        }
        let missing = std::mem::take(&mut self.missing);
        let (over, waiting): (BTreeMap<_, _>, BTreeMap<_, _>) = missing.into_iter().partition(|(_, missing)| is_over(missing));
        self.lost += over.len() as u64;
        self.waits_for_key = true;
        // A key frame that is coming in already is waited for.
        let after = over.keys().next_back().copied().unwrap_or_default();
        let Some(key) = self.packets.range(after..).find(|(_, packet)| packet.begins_key()).map(|(sequence, _)| *sequence) else {
            return self.restart();
        };
        self.next = key;
        self.packets = self.packets.split_off(&key);
        self.missing = waiting.into_iter().filter(|(sequence, _)| *sequence > key).collect();
    }

    fn asks(&mut self, now: Instant, round_trip: Duration) -> Vec<u16> {
        let again = round_trip.max(FIRST_ASK) + FIRST_ASK;
        let mut asks = Vec::new();
        for (sequence, missing) in &mut self.missing {
            let is_due = match missing.asked {
                None => now.saturating_duration_since(missing.since) >= FIRST_ASK,
                Some(asked) => now.saturating_duration_since(asked) >= again,
            };
            if is_due && missing.asks < MAX_ASKS {
                missing.asked = Some(now);
                missing.asks += 1;
                asks.push(sequence.rem_euclid(1 << 16) as u16);
            }
        }
        asks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock;
    use crate::rtp::fragments;

    const RTT: Duration = Duration::from_millis(40);

    /// Frame `number`: a key frame where `is_key`, of `size` bytes.
    fn frame(number: u32, is_key: bool, size: usize) -> Bytes {
        let mut bytes = vec![number as u8; size.max(12)];
        bytes[0] = u8::from(!is_key);
        bytes.into()
    }

    /// The packets of frames: sequence, timestamp, marker, payload.
    fn packets(frames: &[Bytes]) -> Vec<(u16, u32, bool, Bytes)> {
        let mut sequence = 65_500u16;
        let mut packets = Vec::new();
        for (number, frame) in frames.iter().enumerate() {
            let parts: Vec<Bytes> = fragments(frame).collect();
            for (index, part) in parts.iter().enumerate() {
                packets.push((sequence, number as u32 * 3000, index + 1 == parts.len(), part.clone()));
                sequence = sequence.wrapping_add(1);
            }
        }
        packets
    }

    fn given(steps: &[Step]) -> Vec<Bytes> {
        steps.iter().filter_map(|step| if let Step::Frame(frame) = step { Some(frame.data.clone()) } else { None }).collect()
    }

    proptest! {
        #[test]
        fn frames_come_out_whole_and_in_order_however_packets_come(sizes in proptest::collection::vec(1usize..5000, 1..20), swaps in proptest::collection::vec((0usize..200, 0usize..200), 0..20)) {
            let frames: Vec<Bytes> = sizes.iter().enumerate().map(|(number, size)| frame(number as u32, number == 0, *size)).collect();
            let mut packets = packets(&frames);
            let count = packets.len();
            // The first packet stays first: before it nothing is expected.
            for (a, b) in swaps {
                if count > 1 {
                    packets.swap(1 + a % (count - 1), 1 + b % (count - 1));
                }
            }
            let (mut assembler, now) = (Assembler::new(), clock::now());
            let mut out = Vec::new();
            for (sequence, timestamp, ends, payload) in packets {
                assembler.push(sequence, timestamp, ends, &payload, now);
                out.extend(given(&assembler.steps(now, RTT)));
            }
            prop_assert_eq!(out, frames);
        }

        #[test]
        fn no_frame_comes_out_twice_or_after_a_later_one_and_a_key_frame_mends_everything(
            sizes in proptest::collection::vec((1usize..4000, any::<bool>()), 2..25),
            faults in proptest::collection::vec((0usize..100, 0u8..4, 0usize..100), 0..80),
        ) {
            let frames: Vec<Bytes> = sizes.iter().enumerate().map(|(number, (size, is_key))| frame(number as u32, *is_key, *size)).collect();
            let packets = packets(&frames);
            let (mut assembler, mut now) = (Assembler::new(), clock::now());
            let mut out = Vec::new();
            let mut push = |assembler: &mut Assembler, at: usize, now| {
                let (sequence, timestamp, ends, payload) = &packets[at];
                assembler.push(*sequence, *timestamp, *ends, payload, now);
                out.extend(assembler.steps(now, RTT).into_iter().filter_map(|step| if let Step::Frame(frame) = step { Some(frame.timestamp) } else { None }));
            };
            for at in 0..packets.len() {
                now += Duration::from_millis(5);
                let mut is_lost = false;
                for (_, kind, other) in faults.iter().filter(|(of, ..)| of % packets.len() == at) {
                    match kind {
                        0 => is_lost = true,
                        // Comes once more.
                        1 => push(&mut assembler, other % (at + 1), now),
                        2 => assembler.restart(),
                        _ => now += GIVE_UP,
                    }
                }
                if !is_lost {
                    push(&mut assembler, at, now);
                }
            }
            prop_assert!(out.is_sorted_by(|a, b| a < b), "{out:?}");
            // Whatever came before, a key frame after it is shown at the latest when its holes are given up.
            let (last, ..) = packets[packets.len() - 1];
            let key = frame(99, true, 3000);
            let mut parts = (1..).zip(fragments(&key)).peekable();
            while let Some((number, part)) = parts.next() {
                assembler.push(last.wrapping_add(number), 99 * 3000, parts.peek().is_none(), &part, now);
            }
            let mut end: Vec<Step> = assembler.steps(now, RTT);
            for _ in 0..2 {
                now += GIVE_UP + FIRST_ASK;
                end.extend(assembler.steps(now, RTT));
            }
            let given = given(&end);
            prop_assert_eq!(given.last(), Some(&key));
        }

        #[test]
        fn any_packets_are_taken_without_a_panic(packets in proptest::collection::vec((any::<u16>(), any::<u32>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..8)), 0..300)) {
            let (mut assembler, mut now) = (Assembler::new(), clock::now());
            for (sequence, timestamp, ends, payload) in packets {
                now += Duration::from_millis(7);
                assembler.push(sequence, timestamp, ends, &payload.into(), now);
                assembler.steps(now, RTT);
            }
        }
    }

    #[test]
    fn a_lost_packet_is_asked_for_a_bounded_number_of_times_and_then_a_key_frame() {
        let frames: Vec<Bytes> = (0..3).map(|number| frame(number, number == 0, 3000)).collect();
        let (mut assembler, mut now) = (Assembler::new(), clock::now());
        let all = packets(&frames);
        for (index, (sequence, timestamp, ends, payload)) in all.iter().enumerate() {
            // The second packet of the second frame is lost.
            if index != 4 {
                assembler.push(*sequence, *timestamp, *ends, payload, now);
            }
        }
        assert_eq!(given(&assembler.steps(now, RTT)), frames[..1]);
        let (mut asks, mut keys) = (0, 0);
        for _ in 0..100 {
            now += Duration::from_millis(10);
            for step in assembler.steps(now, RTT) {
                match step {
                    Step::Ask(sequences) => {
                        assert_eq!(sequences, [all[4].0]);
                        asks += 1;
                    }
                    Step::AskKey => keys += 1,
                    Step::Frame(frame) => panic!("{frame:?} builds on what is lost"),
                }
            }
        }
        assert_eq!(asks, MAX_ASKS);
        assert_eq!(keys, 2, "again after half a second");
        assert_eq!(assembler.lost(), 1);
    }

    #[test]
    fn a_key_frame_that_came_is_over_when_its_packets_come_again() {
        let frames: Vec<Bytes> = (0..2).map(|number| frame(number, true, 3000)).collect();
        let (mut assembler, now) = (Assembler::new(), clock::now());
        let all = packets(&frames);
        let (first, second) = all.split_at(all.len() / 2);
        let push = |assembler: &mut Assembler, packets: &[(u16, u32, bool, Bytes)]| {
            packets.iter().for_each(|(sequence, timestamp, ends, payload)| assembler.push(*sequence, *timestamp, *ends, payload, now));
            given(&assembler.steps(now, RTT))
        };
        assert_eq!(push(&mut assembler, first), frames[..1]);
        assembler.restart();
        assert!(push(&mut assembler, first).is_empty(), "it was given out before");
        assert_eq!(push(&mut assembler, second), frames[1..]);
    }

    #[test]
    fn a_packet_that_comes_when_asked_for_lets_everything_go_on() {
        let frames: Vec<Bytes> = (0..3).map(|number| frame(number, number == 0, 3000)).collect();
        let (mut assembler, now) = (Assembler::new(), clock::now());
        let mut all = packets(&frames);
        let lost = all.remove(4);
        for (sequence, timestamp, ends, payload) in &all {
            assembler.push(*sequence, *timestamp, *ends, payload, now);
        }
        let later = now + FIRST_ASK;
        assert!(assembler.steps(later, RTT).contains(&Step::Ask(vec![lost.0])));
        assembler.push(lost.0, lost.1, lost.2, &lost.3, later);
        assert_eq!(given(&assembler.steps(later, RTT)), frames[1..]);
    }

    #[test]
    fn a_key_frame_after_a_hole_is_shown_at_once_when_the_hole_is_given_up() {
        let frames: Vec<Bytes> = [true, false, true].iter().enumerate().map(|(number, key)| frame(number as u32, *key, 3000)).collect();
        let (mut assembler, now) = (Assembler::new(), clock::now());
        for (index, (sequence, timestamp, ends, payload)) in packets(&frames).iter().enumerate() {
            if index != 4 {
                assembler.push(*sequence, *timestamp, *ends, payload, now);
            }
        }
        assembler.steps(now, RTT);
        let over = now + GIVE_UP + FIRST_ASK;
        assembler.steps(over, RTT);
        assert_eq!(given(&assembler.steps(over, RTT)), frames[2..]);
    }
}
