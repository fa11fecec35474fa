//! The machine, driven by hand.

use std::time::{Duration, Instant};

use bezel_protocol::content::{CallOutcome, MediaState, SignalBody};
use bezel_protocol::{DeviceId, GuestId, UserId};
use proptest::prelude::*;

use super::{End, Input, Limits, Machine, Output, Peer, Phase, Sender, first_number};
use crate::clock;
use crate::connection::LinkState;

const ANA: DeviceId = DeviceId::from_bytes([1; 16]);
const BEN: DeviceId = DeviceId::from_bytes([2; 16]);
const CARO: DeviceId = DeviceId::from_bytes([3; 16]);
const VIDEO: MediaState = MediaState { microphone: true, camera: true, screen: false };

fn user(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
}

/// A device that is fed what others say, with its own numbering of each sender.
struct Device {
    machine: Machine,
    said: Vec<Output>,
    numbers: u64,
    now: Instant,
}

impl Device {
    fn calling(me: DeviceId, others: usize) -> Self {
        let now = clock::now();
        let (machine, said) = Machine::outgoing(me, others, VIDEO, Limits::default(), now);
        Self { machine, said, numbers: 0, now }
    }

    fn called(me: DeviceId, others: usize) -> Self {
        let now = clock::now();
        let (machine, said) = Machine::incoming(me, others, Limits::default(), now);
        Self { machine, said, numbers: 0, now }
    }

    fn feed(&mut self, input: Input) -> &[Output] {
        self.said = self.machine.handle(input, self.now);
        &self.said
    }

    fn hear(&mut self, from: Sender, body: SignalBody) -> &[Output] {
        self.numbers += 1;
        let number = self.numbers;
        self.feed(Input::Signal { from, number, body })
    }

    fn after(&mut self, seconds: u64) -> &[Output] {
        self.now += Duration::from_secs(seconds);
        self.feed(Input::Tick)
    }

    fn live(me: DeviceId, other: DeviceId) -> Self {
        let mut device = Self::calling(me, 1);
        device.hear(Sender::Member(other), SignalBody::Joined(VIDEO));
        if me > other {
            device.hear(Sender::Member(other), SignalBody::Offer { attempt: 1, sdp: "offer".into() });
        }
        device.feed(Input::Link(Peer::Device(other), LinkState::Connected));
        assert!(matches!(device.machine.phase(), Phase::Live { .. }));
        device
    }

    fn ended(&self) -> Option<(CallOutcome, End)> {
        if let Phase::Ended { outcome, end } = self.machine.phase() { Some((outcome, end)) } else { None }
    }
}

fn offer(attempt: u32) -> SignalBody {
    SignalBody::Offer { attempt, sdp: "offer".into() }
}

fn answer(attempt: u32) -> SignalBody {
    SignalBody::Answer { attempt, sdp: "answer".into() }
}

#[test]
fn a_call_goes_from_ringing_to_live_and_the_lower_device_offers() {
    let mut ana = Device::calling(ANA, 1);
    assert!(ana.said.contains(&Output::Send(None, SignalBody::Joined(VIDEO))));
    ana.hear(Sender::Member(BEN), SignalBody::Ringing);
    assert!(matches!(ana.machine.phase(), Phase::Outgoing { is_ringing: true, .. }));
    let mut ben = Device::called(BEN, 1);
    assert!(ben.said.contains(&Output::Send(None, SignalBody::Ringing)));
    ben.hear(Sender::Member(ANA), SignalBody::Joined(VIDEO));
    assert!(ben.feed(Input::Answer(VIDEO)).contains(&Output::Send(None, SignalBody::Joined(VIDEO))));
    let (peer_ana, peer_ben) = (Peer::Device(ANA), Peer::Device(BEN));
    assert!(ana.hear(Sender::Member(BEN), SignalBody::Joined(VIDEO)).contains(&Output::Open(peer_ben, 1)));
    let taken = ben.hear(Sender::Member(ANA), offer(1));
    assert_eq!(taken.first(), Some(&Output::TakeOffer(peer_ana, 1, "offer".into())));
    assert!(ana.hear(Sender::Member(BEN), answer(1)).contains(&Output::TakeAnswer(peer_ben, "answer".into())));
    ana.feed(Input::Link(peer_ben, LinkState::Connected));
    ben.feed(Input::Link(peer_ana, LinkState::Connected));
    assert!(matches!((ana.machine.phase(), ben.machine.phase()), (Phase::Live { .. }, Phase::Live { .. })));
    ben.feed(Input::Leave);
    assert_eq!(ben.ended(), Some((CallOutcome::Completed, End::Here)));
    assert!(ana.hear(Sender::Member(BEN), SignalBody::Left).contains(&Output::Close(peer_ben)));
    assert_eq!(ana.ended(), Some((CallOutcome::Completed, End::There)));
}

#[test]
fn whoever_comes_late_is_told_who_is_there_and_what_they_send() {
    // Whoever's turn it is to offer: without it, the other side would show a microphone and a camera that are off.
    for me in [ANA, CARO] {
        let mut device = Device::calling(me, 2);
        let said = device.hear(Sender::Member(BEN), SignalBody::Joined(VIDEO));
        assert_eq!(said.first(), Some(&Output::Send(Some(Peer::Device(BEN)), SignalBody::Joined(VIDEO))));
        assert_eq!(said.contains(&Output::Open(Peer::Device(BEN), 1)), me < BEN);
        // Said again, nothing more is answered: no endless talk.
        assert!(!device.hear(Sender::Member(BEN), SignalBody::Joined(VIDEO)).iter().any(|output| matches!(output, Output::Send(..))));
    }
}

/// A guest's way to the relay breaks for a moment while media flow; the members take the guest back, and must not show a camera that is on as
/// off.
#[test]
fn a_guest_who_comes_back_still_sends_what_it_sent() {
    let guest = GuestId::from_bytes([9; 16]);
    let mut ana = Device::live(ANA, BEN);
    ana.feed(Input::Admit(guest));
    ana.hear(Sender::Guest(guest), SignalBody::Media(VIDEO));
    ana.feed(Input::Link(Peer::Guest(guest), LinkState::Connected));
    assert_eq!(ana.feed(Input::Admit(guest)), [], "nothing has changed");
    let media = ana.machine.peers().find(|(peer, ..)| *peer == Peer::Guest(guest)).map(|(_, media, _)| media);
    assert_eq!(media, Some(VIDEO));
}

#[test]
fn nobody_answers_and_both_sides_call_it_missed() {
    let (mut ana, mut ben) = (Device::calling(ANA, 1), Device::called(BEN, 1));
    assert!(ana.after(46).contains(&Output::Send(None, SignalBody::Left)));
    assert_eq!(ana.ended(), Some((CallOutcome::Missed, End::Time)));
    ben.after(46);
    assert_eq!(ben.ended(), Some((CallOutcome::Missed, End::Time)));
}

#[test]
fn the_caller_gives_up_and_the_call_is_missed() {
    let mut ben = Device::called(BEN, 1);
    ben.hear(Sender::Member(ANA), SignalBody::Joined(VIDEO));
    ben.hear(Sender::Member(ANA), SignalBody::Left);
    assert_eq!(ben.ended(), Some((CallOutcome::Missed, End::There)));
}

#[test]
fn decline_and_busy_are_told_apart() {
    let mut ana = Device::calling(ANA, 1);
    ana.feed(Input::Declined { user: user(2), is_busy: true });
    assert_eq!(ana.ended(), Some((CallOutcome::Busy, End::There)));
    let mut ben = Device::called(BEN, 1);
    assert!(ben.feed(Input::Decline { is_busy: false }).contains(&Output::Send(None, SignalBody::Declined { is_busy: false })));
    assert_eq!(ben.ended(), Some((CallOutcome::Declined, End::Here)));
}

/// Ben's two devices both say no: that is one person, and caro's still ring.
#[test]
fn one_of_many_may_decline_on_every_device_and_the_call_rings_on() {
    let mut ana = Device::calling(ANA, 2);
    for _ in 0..2 {
        ana.feed(Input::Declined { user: user(2), is_busy: false });
        assert!(matches!(ana.machine.phase(), Phase::Outgoing { .. }));
    }
    ana.feed(Input::Declined { user: user(3), is_busy: false });
    assert_eq!(ana.ended(), Some((CallOutcome::Declined, End::There)));
}

#[test]
fn a_decline_on_another_device_ends_the_ringing_here_and_its_being_busy_does_not() {
    let mut ben = Device::called(BEN, 1);
    ben.hear(Sender::Own(CARO), SignalBody::Declined { is_busy: true });
    assert!(ben.ended().is_none());
    ben.hear(Sender::Own(CARO), SignalBody::Declined { is_busy: false });
    assert_eq!(ben.ended(), Some((CallOutcome::Declined, End::Elsewhere)));
}

#[test]
fn an_answer_on_another_device_ends_the_ringing_here() {
    let mut ben = Device::called(BEN, 1);
    ben.hear(Sender::Own(CARO), SignalBody::Joined(VIDEO));
    assert_eq!(ben.ended(), Some((CallOutcome::Completed, End::Elsewhere)));
}

#[test]
fn a_replayed_signal_changes_nothing() {
    let mut ana = Device::calling(ANA, 1);
    ana.feed(Input::Signal { from: Sender::Member(BEN), number: 7, body: SignalBody::Joined(VIDEO) });
    assert!(ana.feed(Input::Signal { from: Sender::Member(BEN), number: 7, body: SignalBody::Left }).is_empty());
    assert!(ana.feed(Input::Signal { from: Sender::Member(BEN), number: 3, body: SignalBody::Left }).is_empty());
    assert!(ana.ended().is_none());
}

/// A power cut says no goodbye: the numbers of whoever comes back tell.
#[test]
fn whoever_comes_in_anew_is_connected_anew() {
    let (mut ana, peer) = (Device::live(ANA, BEN), Peer::Device(BEN));
    let number = first_number(1_790_000_000);
    let said = ana.feed(Input::Signal { from: Sender::Member(BEN), number, body: SignalBody::Joined(VIDEO) }).to_vec();
    assert!(said.contains(&Output::Close(peer)) && said.contains(&Output::Open(peer, 1)), "{said:?}");
    // The same coming-in said again is none.
    assert!(
        !ana.feed(Input::Signal { from: Sender::Member(BEN), number: number + 1, body: SignalBody::Joined(VIDEO) })
            .contains(&Output::Close(peer))
    );
}

#[test]
fn whoever_is_called_is_told_who_is_there_and_may_hear_elsewhere_that_it_is_over() {
    let mut ana = Device::calling(ANA, 2);
    let told = Output::Send(Some(Peer::Device(BEN)), SignalBody::Joined(VIDEO));
    assert!(ana.hear(Sender::Member(BEN), SignalBody::Ringing).contains(&told));
    let mut ben = Device::called(BEN, 2);
    ben.feed(Input::Dismiss(CallOutcome::Missed, End::There));
    assert_eq!(ben.ended(), Some((CallOutcome::Missed, End::There)));
    assert!(ana.feed(Input::Dismiss(CallOutcome::Missed, End::There)).is_empty(), "who calls is not told so");
}

/// The one who called may be gone without a word: nobody waits for ever.
#[test]
fn an_answer_to_nobody_ends() {
    let mut ben = Device::called(BEN, 1);
    ben.feed(Input::Answer(VIDEO));
    ben.after(61);
    assert!(ben.ended().is_some());
    let mut ben = Device::called(BEN, 1);
    ben.hear(Sender::Member(ANA), SignalBody::Joined(VIDEO));
    ben.feed(Input::Answer(VIDEO));
    for _ in 0..6 {
        ben.after(9);
    }
    assert_eq!(ben.ended(), Some((CallOutcome::Failed, End::There)));
}

#[test]
fn an_old_offer_a_second_answer_and_an_offer_from_the_wrong_side_are_refused() {
    let mut ben = Device::called(BEN, 1);
    ben.feed(Input::Answer(VIDEO));
    ben.hear(Sender::Member(ANA), offer(2));
    assert!(ben.hear(Sender::Member(ANA), offer(2)).is_empty(), "the same attempt again");
    assert!(ben.hear(Sender::Member(ANA), offer(1)).is_empty(), "an older attempt");
    assert!(ben.hear(Sender::Member(CARO), offer(1)).is_empty(), "the higher device never offers");
    let mut ana = Device::calling(ANA, 1);
    ana.hear(Sender::Member(BEN), SignalBody::Joined(VIDEO));
    assert!(ana.hear(Sender::Member(BEN), answer(9)).is_empty(), "of no attempt");
    assert!(!ana.hear(Sender::Member(BEN), answer(1)).is_empty());
    assert!(ana.hear(Sender::Member(BEN), answer(1)).is_empty(), "answered already");
}

#[test]
fn a_lost_path_is_sought_anew_three_times_and_then_the_person_is_asked() {
    let (mut ana, peer) = (Device::live(ANA, BEN), Peer::Device(BEN));
    assert!(ana.feed(Input::Link(peer, LinkState::Disconnected)).contains(&Output::Open(peer, 2)));
    assert!(matches!(ana.machine.phase(), Phase::Reconnecting { attempt: 1, asks: false, .. }));
    for attempt in [3, 4] {
        let said = ana.after(9);
        assert!(said.contains(&Output::Open(peer, attempt)), "{said:?}");
        assert!(!said.contains(&Output::Close(peer)), "the old path may still come back: {said:?}");
    }
    ana.after(9);
    assert!(matches!(ana.machine.phase(), Phase::Reconnecting { attempt: 3, asks: true, .. }));
    assert_eq!(ana.after(60), [], "nothing more is tried unasked");
    assert!(ana.feed(Input::Retry).contains(&Output::Open(peer, 5)));
    ana.feed(Input::Link(peer, LinkState::Connected));
    assert!(matches!(ana.machine.phase(), Phase::Live { .. }));
}

#[test]
fn where_the_relay_knows_of_nobody_a_lost_call_is_over_and_one_that_carries_is_not() {
    let (mut ana, peer) = (Device::live(ANA, BEN), Peer::Device(BEN));
    ana.feed(Input::NobodyThere);
    assert!(ana.ended().is_none(), "whoever is connected knows better");
    ana.feed(Input::Link(peer, LinkState::Disconnected));
    assert!(ana.feed(Input::NobodyThere).contains(&Output::Close(peer)));
    assert_eq!(ana.ended(), Some((CallOutcome::Completed, End::There)));
    let mut ben = Device::called(BEN, 1);
    ben.feed(Input::NobodyThere);
    assert!(ben.ended().is_none(), "it rings on");
    ben.feed(Input::Answer(VIDEO));
    ben.feed(Input::NobodyThere);
    assert_eq!(ben.ended(), Some((CallOutcome::Failed, End::There)), "it never was a talk");
    let mut caro = Device::calling(CARO, 1);
    caro.feed(Input::NobodyThere);
    assert!(caro.ended().is_none(), "whoever was called may come");
}

#[test]
fn answered_as_the_caller_gave_up_it_never_was_a_talk() {
    let mut ben = Device::called(BEN, 1);
    ben.feed(Input::Answer(VIDEO));
    ben.after(61);
    assert_eq!(ben.ended(), Some((CallOutcome::Failed, End::Time)));
}

#[test]
fn somebody_who_was_given_up_is_tried_again_while_the_others_talk_on() {
    let (mut ana, ben) = (Device::calling(ANA, 2), Peer::Device(BEN));
    for other in [BEN, CARO] {
        ana.hear(Sender::Member(other), SignalBody::Joined(VIDEO));
        ana.feed(Input::Link(Peer::Device(other), LinkState::Connected));
    }
    ana.feed(Input::Link(ben, LinkState::Failed));
    for _ in 0..3 {
        ana.after(9);
    }
    assert!(matches!(ana.machine.phase(), Phase::Live { .. }), "nobody is asked");
    assert_eq!(ana.after(50), []);
    assert!(ana.after(11).contains(&Output::Open(ben, 5)));
    assert!(!ana.after(9).iter().any(|output| matches!(output, Output::Open(..))), "one attempt a minute");
    assert!(ana.machine.wakes_at().is_some_and(|at| at <= ana.now + Duration::from_secs(60)));
    assert!(ana.after(61).contains(&Output::Open(ben, 6)));
    ana.feed(Input::Link(ben, LinkState::Connected));
    assert!(ana.machine.peers().all(|(.., is_connected)| is_connected));
}

#[test]
fn another_network_is_tried_while_the_old_path_carries() {
    let (mut ana, mut ben) = (Device::live(ANA, BEN), Device::live(BEN, ANA));
    let (to_ana, to_ben) = (Peer::Device(ANA), Peer::Device(BEN));
    assert_eq!(ana.feed(Input::NetworkChanged), [Output::Open(to_ben, 2)]);
    assert!(matches!(ana.machine.phase(), Phase::Live { .. }), "media flow");
    assert_eq!(ana.feed(Input::NetworkChanged), [], "a network that wavers is not tried at every turn");
    assert_eq!(ben.feed(Input::NetworkChanged), [Output::Send(Some(to_ana), SignalBody::Restart)]);
    assert_eq!(ana.hear(Sender::Member(BEN), SignalBody::Restart), [], "it is being tried");
    // The old path ends meanwhile: the attempt under way is the first.
    let said = ana.feed(Input::Link(to_ben, LinkState::Disconnected)).to_vec();
    assert!(!said.iter().any(|output| matches!(output, Output::Open(..))), "{said:?}");
    assert!(matches!(ana.machine.phase(), Phase::Reconnecting { attempt: 1, .. }));
    ana.feed(Input::Link(to_ben, LinkState::Connected));
    assert!(matches!(ana.machine.phase(), Phase::Live { .. }));
    // Later it is tried again.
    ana.now += Duration::from_secs(3);
    assert_eq!(ana.feed(Input::NetworkChanged), [Output::Open(to_ben, 3)]);
}

#[test]
fn another_network_ends_the_question_whether_to_go_on() {
    let (mut ana, peer) = (Device::live(ANA, BEN), Peer::Device(BEN));
    ana.feed(Input::Link(peer, LinkState::Disconnected));
    for _ in 0..3 {
        ana.after(9);
    }
    assert!(matches!(ana.machine.phase(), Phase::Reconnecting { asks: true, .. }));
    ana.now += Duration::from_secs(9);
    assert!(ana.feed(Input::NetworkChanged).contains(&Output::Open(peer, 5)));
    assert!(matches!(ana.machine.phase(), Phase::Reconnecting { attempt: 1, asks: false, .. }));
}

#[test]
fn the_higher_device_asks_the_lower_to_offer_anew() {
    let (mut ben, mut ana) = (Device::live(BEN, ANA), Device::live(ANA, BEN));
    let said = ben.feed(Input::Link(Peer::Device(ANA), LinkState::Disconnected)).to_vec();
    assert!(said.contains(&Output::Send(Some(Peer::Device(ANA)), SignalBody::Restart)));
    assert!(ana.hear(Sender::Member(BEN), SignalBody::Restart).contains(&Output::Open(Peer::Device(BEN), 2)));
}

#[test]
fn the_time_of_a_call_counts_from_its_first_picture_through_every_loss() {
    let mut ana = Device::live(ANA, BEN);
    let Phase::Live { since } = ana.machine.phase() else { panic!("{:?}", ana.machine.phase()) };
    ana.now += Duration::from_secs(30);
    ana.feed(Input::Link(Peer::Device(BEN), LinkState::Disconnected));
    ana.feed(Input::Link(Peer::Device(BEN), LinkState::Connected));
    assert_eq!(ana.machine.phase(), Phase::Live { since });
}

#[test]
fn somebody_removed_from_the_conversation_is_cut_off() {
    let mut ana = Device::calling(ANA, 2);
    for other in [BEN, CARO] {
        ana.hear(Sender::Member(other), SignalBody::Joined(VIDEO));
        ana.feed(Input::Link(Peer::Device(other), LinkState::Connected));
    }
    assert!(ana.feed(Input::Removed(BEN)).contains(&Output::Close(Peer::Device(BEN))));
    assert!(matches!(ana.machine.phase(), Phase::Live { .. }));
}

#[test]
fn alone_in_a_call_of_many_one_waits_a_minute() {
    let mut ana = Device::calling(ANA, 2);
    ana.hear(Sender::Member(BEN), SignalBody::Joined(VIDEO));
    ana.feed(Input::Link(Peer::Device(BEN), LinkState::Connected));
    ana.hear(Sender::Member(BEN), SignalBody::Left);
    assert!(ana.ended().is_none());
    ana.after(61);
    assert_eq!(ana.ended(), Some((CallOutcome::Completed, End::Time)));
}

#[test]
fn a_guest_is_offered_to_by_the_member_once_admitted() {
    let (mut ana, guest) = (Device::calling(CARO, 1), GuestId::from_bytes([0; 16]));
    assert!(ana.hear(Sender::Guest(guest), SignalBody::Joined(VIDEO)).is_empty(), "nobody has let them in");
    assert!(ana.feed(Input::Admit(guest)).contains(&Output::Open(Peer::Guest(guest), 1)));
    assert!(ana.feed(Input::GuestGone(guest)).contains(&Output::Close(Peer::Guest(guest))));
}

fn input() -> impl Strategy<Value = Input> {
    let sender = (0u8..5, any::<bool>()).prop_map(|(id, own)| {
        let device = DeviceId::from_bytes([id; 16]);
        if own { Sender::Own(device) } else { Sender::Member(device) }
    });
    let body = prop_oneof![
        Just(SignalBody::Ringing),
        Just(SignalBody::Left),
        Just(SignalBody::Restart),
        Just(SignalBody::Joined(VIDEO)),
        any::<bool>().prop_map(|is_busy| SignalBody::Declined { is_busy }),
        (0u32..5).prop_map(offer),
        (0u32..5).prop_map(answer),
        (0u32..5).prop_map(|attempt| SignalBody::Candidates { attempt, candidates: Vec::new() }),
    ];
    let state =
        prop_oneof![Just(LinkState::Connecting), Just(LinkState::Connected), Just(LinkState::Disconnected), Just(LinkState::Failed)];
    prop_oneof![
        Just(Input::Answer(VIDEO)),
        Just(Input::Retry),
        Just(Input::RelayBack),
        Just(Input::NetworkChanged),
        Just(Input::NobodyThere),
        Just(Input::Tick),
        (0u8..5, any::<bool>()).prop_map(|(id, is_busy)| Input::Declined { user: user(id), is_busy }),
        (sender, 0u64..40, body).prop_map(|(from, number, body)| Input::Signal { from, number, body }),
        (0u8..5, state).prop_map(|(id, state)| Input::Link(Peer::Device(DeviceId::from_bytes([id; 16])), state)),
    ]
}

proptest! {
    /// Whatever comes in whatever order: what was opened to somebody is closed once, and nothing is done where nothing is open.
    #[test]
    fn what_is_opened_is_closed(inputs in proptest::collection::vec((input(), 0u64..20), 0..80), calls: bool) {
        let mut device = if calls { Device::calling(BEN, 3) } else { Device::called(BEN, 3) };
        let mut open = std::collections::HashSet::new();
        let mut check = |outputs: &[Output]| {
            for output in outputs {
                match output {
                    Output::Open(peer, _) | Output::TakeOffer(peer, ..) => drop(open.insert(*peer)),
                    Output::Close(peer) => assert!(open.remove(peer), "{peer:?} is not open"),
                    Output::TakeAnswer(peer, _) | Output::TakeCandidates(peer, _) => {
                        assert!(open.contains(peer), "{peer:?} is not open");
                    }
                    _ => {}
                }
            }
            open.len()
        };
        for (input, seconds) in inputs {
            device.now += Duration::from_secs(seconds);
            check(device.feed(input));
        }
        let left = check(device.feed(Input::Leave));
        prop_assert_eq!(left, 0, "leaving closes all");
    }
}
