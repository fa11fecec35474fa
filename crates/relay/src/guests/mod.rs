//! Browsers that came by a link: who waits, who is in, and what is still to be told to whom. Nothing of it is stored but who was
//! admitted; what passes through is sealed.

mod allowance;
mod door;
pub(crate) mod page;
mod socket;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bezel_protocol::guest::GuestNotice;
use bezel_protocol::wire::Bytes;
use bezel_protocol::{CallId, GuestId, GuestLinkId};
use tokio::sync::Notify;

pub(crate) use door::gone;
pub(crate) use socket::connect;

use allowance::Allowance;

/// So many guests are at a link at once, waiting or in the call.
const MAX_AT_LINK: usize = 8;
/// So many guests are at this relay at once.
const MAX_AT_RELAY: usize = 512;
/// So many messages wait for a guest whose connection is slow or broken.
const MAX_WAITING: usize = 128;
/// Connections to one link: so many at once, then so many a second.
const CONNECTIONS: (f64, f64) = (20.0, 0.5);

/// What a guest is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ToGuest {
    Notice(GuestNotice),
    Signal(Bytes),
}

/// Why the connection of a guest ends for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    Refused,
    Used,
    Expired,
    Revoked,
    Ended,
}

impl Closing {
    pub(crate) fn notice(self) -> GuestNotice {
        let reason = match self {
            Self::Refused => "refused",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Ended => "ended",
        };
        GuestNotice::Closed { reason: reason.into() }
    }
}

/// The guests of this relay.
#[derive(Default)]
pub(crate) struct Lobby {
    links: Mutex<HashMap<GuestLinkId, AtLink>>,
    connections: AtomicU64,
    is_closed: AtomicBool,
}

struct AtLink {
    seats: HashMap<GuestId, Seat>,
    connecting: Allowance,
}

/// A guest's place, which outlives a connection that broke.
struct Seat {
    call: CallId,
    is_admitted: bool,
    ends_with_call: bool,
    /// Which connection speaks for it; an older one is not heard any more.
    connection: u64,
    waiting: VecDeque<ToGuest>,
    closing: Option<Closing>,
    wake: Arc<Notify>,
}

/// How a guest comes.
#[derive(Debug, Clone, Copy, Default)]
struct Stay {
    /// In the call already.
    is_admitted: bool,
    /// Who waits for a call that ends has nothing more to wait for: by a link of several uses it may begin again.
    ends_with_call: bool,
}

/// A connection's hold on a place.
pub(crate) struct Sitting {
    pub(crate) link: GuestLinkId,
    pub(crate) guest: GuestId,
    pub(crate) call: CallId,
    connection: u64,
    wake: Arc<Notify>,
}

/// What a connection is to do next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Send(ToGuest),
    /// End for good, having said what still waits.
    Close(Closing, Vec<ToGuest>),
    /// Nothing waits.
    Wait,
    /// Another connection speaks for the guest.
    Replaced,
}

/// There are too many guests, or they come too fast.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Crowded;

impl Lobby {
    fn links(&self) -> MutexGuard<'_, HashMap<GuestLinkId, AtLink>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every connection, and those that come; the guests stay where they are.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        for (_, at) in self.links().drain() {
            at.seats.values().for_each(|seat| seat.wake.notify_one());
        }
    }

    /// Counts a connection to a link.
    fn arrive(&self, link: GuestLinkId) -> Result<(), Crowded> {
        let mut links = self.links();
        // Links that nobody is at and nobody hurries to are forgotten.
        if links.len() >= MAX_AT_RELAY {
            links.retain(|_, at| !at.seats.is_empty() || !at.connecting.is_whole());
        }
        let is_full = links.len() >= MAX_AT_RELAY && !links.contains_key(&link);
        if is_full || self.is_closed.load(Ordering::Acquire) {
            return Err(Crowded);
        }
        let at = links.entry(link).or_insert_with(|| AtLink { seats: HashMap::new(), connecting: Allowance::new(CONNECTIONS) });
        if at.connecting.take() { Ok(()) } else { Err(Crowded) }
    }

    /// Gives a place, or takes over the one that the guest has.
    fn sit(&self, link: GuestLinkId, guest: GuestId, call: CallId, stay: Stay) -> Result<Sitting, Crowded> {
        let Stay { is_admitted, ends_with_call } = stay;
        let mut links = self.links();
        let everywhere: usize = links.values().map(|at| at.seats.len()).sum();
        let at = links.get_mut(&link).ok_or(Crowded)?;
        let is_new = !at.seats.contains_key(&guest);
        if is_new && (at.seats.len() >= MAX_AT_LINK || everywhere >= MAX_AT_RELAY) {
            return Err(Crowded);
        }
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        let seat = at.seats.entry(guest).or_insert_with(|| Seat {
            call,
            is_admitted,
            ends_with_call,
            connection,
            waiting: VecDeque::new(),
            closing: None,
            wake: Arc::default(),
        });
        seat.connection = connection;
        seat.is_admitted |= is_admitted;
        // What waited was for the connection that broke: who it is and how it stands is said anew.
        seat.waiting.retain(|message| matches!(message, ToGuest::Signal(_)));
        // Each connection has its own: the old one must not take what wakes the new one.
        std::mem::take(&mut seat.wake).notify_one();
        Ok(Sitting { link, guest, call, connection, wake: Arc::clone(&seat.wake) })
    }

    fn with<T>(&self, link: GuestLinkId, guest: GuestId, act: impl FnOnce(&mut Seat) -> T) -> Option<T> {
        self.links().get_mut(&link).and_then(|at| at.seats.get_mut(&guest)).map(act)
    }

    /// Whether the guest has a place.
    pub(crate) fn is_here(&self, link: GuestLinkId, guest: GuestId) -> bool {
        self.with(link, guest, |_| ()).is_some()
    }

    fn next(&self, sitting: &Sitting) -> Next {
        let next = self.with(sitting.link, sitting.guest, |seat| {
            if seat.connection != sitting.connection {
                return Next::Replaced;
            }
            if let Some(closing) = seat.closing {
                return Next::Close(closing, seat.waiting.drain(..).collect());
            }
            seat.waiting.pop_front().map_or(Next::Wait, Next::Send)
        });
        next.unwrap_or(Next::Replaced)
    }

    /// A message that did not go out waits for the next connection.
    fn put_back(&self, sitting: &Sitting, message: ToGuest) {
        self.with(sitting.link, sitting.guest, |seat| seat.waiting.push_front(message));
    }

    /// Whether the guest has a place, and was let in.
    pub(crate) fn is_admitted(&self, link: GuestLinkId, guest: GuestId) -> bool {
        self.with(link, guest, |seat| seat.is_admitted).unwrap_or(false)
    }

    /// Gives the place up, if no other connection has taken it over. Returns whether it did, and whether the guest was admitted.
    fn stand_up(&self, sitting: &Sitting) -> Option<bool> {
        let mut links = self.links();
        let at = links.get_mut(&sitting.link)?;
        let seat = at.seats.get(&sitting.guest).filter(|seat| seat.connection == sitting.connection)?;
        let was_admitted = seat.is_admitted;
        at.seats.remove(&sitting.guest);
        Some(was_admitted)
    }

    /// Tells a guest something, in order. `None` when the guest is not here, or is being sent away.
    pub(crate) fn tell(&self, link: GuestLinkId, guest: GuestId, message: ToGuest) -> Option<Result<(), Crowded>> {
        let told = self.with(link, guest, |seat| {
            if seat.closing.is_some() {
                return None;
            }
            if seat.waiting.len() >= MAX_WAITING {
                return Some(Err(Crowded));
            }
            seat.waiting.push_back(message);
            seat.wake.notify_one();
            Some(Ok(()))
        });
        told.flatten()
    }

    /// The guest is in the call from now on. Returns whether the guest is here, and stays.
    pub(crate) fn admit(&self, link: GuestLinkId, guest: GuestId, notice: GuestNotice) -> bool {
        let admitted = self.with(link, guest, |seat| {
            if seat.closing.is_some() {
                return false;
            }
            // Said by each member's device that takes a guest back: the newest is enough.
            seat.waiting.retain(|message| !matches!(message, ToGuest::Notice(_)));
            seat.is_admitted = true;
            seat.waiting.push_back(ToGuest::Notice(notice));
            seat.wake.notify_one();
            true
        });
        admitted.unwrap_or(false)
    }

    /// Sends a guest away. Returns whether the guest was here.
    pub(crate) fn send_away(&self, link: GuestLinkId, guest: GuestId) -> bool {
        self.with(link, guest, |seat| close(seat, if seat.is_admitted { Closing::Ended } else { Closing::Refused })).is_some()
    }

    /// Sends away whoever waits at a link.
    pub(crate) fn close_door(&self, link: GuestLinkId, closing: Closing) {
        let mut links = self.links();
        for seat in links.get_mut(&link).into_iter().flat_map(|at| at.seats.values_mut()).filter(|seat| !seat.is_admitted) {
            close(seat, closing);
        }
    }

    /// Sends away everybody who is in a call, and those who wait for it and can't come into it any more.
    pub(crate) fn end_call(&self, call: CallId) {
        let mut links = self.links();
        let is_over = |seat: &Seat| seat.call == call && (seat.is_admitted || seat.ends_with_call);
        for seat in links.values_mut().flat_map(|at| at.seats.values_mut()).filter(|seat| is_over(seat)) {
            close(seat, Closing::Ended);
        }
    }
}

fn close(seat: &mut Seat, closing: Closing) {
    seat.closing = Some(closing);
    seat.wake.notify_one();
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: GuestLinkId = GuestLinkId::from_bytes([1; 16]);
    const CALL: CallId = CallId::from_bytes([2; 16]);
    const IN: Stay = Stay { is_admitted: true, ends_with_call: false };

    fn guest(number: u8) -> GuestId {
        GuestId::from_bytes([number; 16])
    }

    fn signal(number: u8) -> ToGuest {
        ToGuest::Signal(Bytes(vec![number]))
    }

    #[test]
    fn what_waits_survives_a_connection_and_the_old_one_is_not_heard() {
        let lobby = Lobby::default();
        lobby.arrive(LINK).unwrap();
        let first = lobby.sit(LINK, guest(1), CALL, Stay::default()).unwrap();
        for number in 0..2 {
            assert_eq!(lobby.tell(LINK, guest(1), signal(number)), Some(Ok(())));
        }
        assert_eq!(lobby.next(&first), Next::Send(signal(0)));
        lobby.put_back(&first, signal(0));
        let second = lobby.sit(LINK, guest(1), CALL, Stay::default()).unwrap();
        assert_eq!(lobby.next(&first), Next::Replaced);
        assert_eq!(lobby.stand_up(&first), None, "an old connection does not take the place away");
        assert_eq!(lobby.next(&second), Next::Send(signal(0)));
        assert_eq!(lobby.next(&second), Next::Send(signal(1)));
        assert_eq!(lobby.next(&second), Next::Wait);
        assert_eq!(lobby.stand_up(&second), Some(false));
        assert_eq!(lobby.tell(LINK, guest(1), signal(2)), None);
    }

    #[test]
    fn places_connections_and_messages_are_bounded() {
        let lobby = Lobby::default();
        lobby.arrive(LINK).unwrap();
        for number in 0..u8::try_from(MAX_AT_LINK).unwrap() {
            assert!(lobby.sit(LINK, guest(number), CALL, Stay::default()).is_ok());
        }
        assert!(lobby.sit(LINK, guest(99), CALL, Stay::default()).is_err());
        assert!(lobby.sit(LINK, guest(0), CALL, Stay::default()).is_ok(), "who has a place keeps it");
        let told = (0..=MAX_WAITING).map(|_| lobby.tell(LINK, guest(0), signal(0)).unwrap()).filter(Result::is_ok).count();
        assert_eq!(told, MAX_WAITING);
        let came = (0..100).filter(|_| lobby.arrive(LINK).is_ok()).count();
        assert!(came < 25, "{came}");
    }

    #[test]
    fn the_door_is_closed_to_those_who_wait_and_the_call_to_all() {
        let lobby = Lobby::default();
        lobby.arrive(LINK).unwrap();
        let waits = lobby.sit(LINK, guest(1), CALL, Stay::default()).unwrap();
        let is_in = lobby.sit(LINK, guest(2), CALL, IN).unwrap();
        lobby.close_door(LINK, Closing::Used);
        assert_eq!(lobby.next(&waits), Next::Close(Closing::Used, Vec::new()));
        assert_eq!(lobby.next(&is_in), Next::Wait);
        lobby.end_call(CALL);
        assert_eq!(lobby.next(&is_in), Next::Close(Closing::Ended, Vec::new()));
    }

    /// The next client of a shop waits while somebody talks with the one before.
    #[test]
    fn whoever_waits_at_a_link_of_several_uses_waits_on_when_the_call_ends() {
        let lobby = Lobby::default();
        lobby.arrive(LINK).unwrap();
        let is_in = lobby.sit(LINK, guest(1), CALL, IN).unwrap();
        let waits = lobby.sit(LINK, guest(2), CALL, Stay::default()).unwrap();
        let by_a_link_of_single_use = lobby.sit(LINK, guest(3), CALL, Stay { ends_with_call: true, ..Stay::default() }).unwrap();
        lobby.end_call(CALL);
        assert_eq!(lobby.next(&is_in), Next::Close(Closing::Ended, Vec::new()));
        assert_eq!(lobby.next(&waits), Next::Wait);
        assert_eq!(lobby.next(&by_a_link_of_single_use), Next::Close(Closing::Ended, Vec::new()));
    }

    /// A member refuses by a signal, and has the relay end the connection right after: the signal must not be lost to that.
    #[test]
    fn what_was_said_before_the_end_is_told_and_nothing_after_it() {
        let lobby = Lobby::default();
        lobby.arrive(LINK).unwrap();
        let waits = lobby.sit(LINK, guest(1), CALL, Stay::default()).unwrap();
        assert_eq!(lobby.tell(LINK, guest(1), signal(1)), Some(Ok(())));
        assert!(lobby.send_away(LINK, guest(1)));
        assert_eq!(lobby.tell(LINK, guest(1), signal(2)), None);
        assert!(!lobby.admit(LINK, guest(1), GuestNotice::Admitted { ice_servers: Vec::new() }), "who is sent away is not let in");
        assert_eq!(lobby.next(&waits), Next::Close(Closing::Refused, vec![signal(1)]));
    }

    /// Both connections of a guest who came back may wait for a while: what is said must not wake the one that is not heard.
    #[tokio::test]
    async fn what_is_said_wakes_the_newest_connection() {
        let lobby = Lobby::default();
        lobby.arrive(LINK).unwrap();
        let old = lobby.sit(LINK, guest(1), CALL, Stay::default()).unwrap();
        let new = lobby.sit(LINK, guest(1), CALL, Stay::default()).unwrap();
        old.wake.notified().await;
        let mut asleep = std::pin::pin!(old.wake.notified());
        assert!(!asleep.as_mut().enable(), "the old one was woken once, to end");
        assert_eq!(lobby.tell(LINK, guest(1), signal(0)), Some(Ok(())));
        tokio::time::timeout(std::time::Duration::from_secs(5), new.wake.notified()).await.expect("the new one is woken");
    }
}
