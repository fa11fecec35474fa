//! Clients who knock: believed by the key that each named at first, and kept with where each stands.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezel_crypto::call::open_guest_signal;
use bezel_protocol::content::{GuestInvitation, GuestStanding, SignalBody};
use bezel_protocol::guest::{Direction, GuestSignalBody, MAX_GUEST_NAME_CHARS};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::wire::GuestMessage;
use bezel_protocol::{CallId, ConversationId, GuestId};
use tokio::time::Instant;

use crate::cache;
use crate::error::{Error, Result};
use crate::file::is_hidden;
use crate::member::Member;

/// So many guests are remembered. Where more come, those who have gone are forgotten; beyond that nobody is heard.
const MAX_GUESTS: usize = 64;
/// A browser that waits knocks again and again, once a minute where nobody looks at it. Whoever was silent for longer has gone.
const SILENCE: Duration = Duration::from_secs(150);

/// Where a guest stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// At the door.
    Waiting,
    /// In the call.
    In,
    /// Was in the call; the browser is silent.
    Away,
    /// Refused or sent away by a person. Who knocks nevertheless has not heard it.
    Refused,
    /// Gone from the door, or with a call that is over.
    Out,
}

/// A guest.
pub(super) struct Guest {
    pub(super) call: CallId,
    pub(super) conversation: ConversationId,
    pub(super) invitation: Arc<GuestInvitation>,
    pub(super) name: String,
    /// The guest's key for signatures, and as it travels.
    pub(super) key: Ed25519PublicKey,
    key_text: String,
    /// The guest's key for secrets.
    pub(super) exchange: String,
    pub(super) standing: Standing,
    /// When it rang here for this guest last.
    rung_at: Option<Instant>,
    number: u64,
    heard_at: Instant,
}

impl Guest {
    /// Whether the guest is in the call, though the browser may be silent.
    const fn came_in(&self) -> bool {
        matches!(self.standing, Standing::In | Standing::Away)
    }

    /// What the other members are told.
    pub(super) fn introduction(&self, guest: GuestId) -> GuestStanding {
        GuestStanding {
            guest,
            link: self.invitation.link,
            name: self.name.clone(),
            key: self.key_text.clone(),
            exchange: self.exchange.clone(),
            is_in: self.standing == Standing::In,
        }
    }
}

/// What a guest did.
pub(super) enum Said {
    /// Knocked.
    Knocked,
    /// Knocked, though a person said no.
    KnockedInVain,
    /// Came back after the browser's connection to the relay broke; if it was for long, the relay holds the guest for gone.
    CameBack { was_away: bool },
    /// Said something to this device.
    Signal(u64, SignalBody),
    /// The browser has gone.
    Gone,
}

/// Everyone who knocked since this member was opened.
#[derive(Default)]
pub(super) struct Doors(BTreeMap<GuestId, Guest>);

impl Doors {
    pub(super) fn of(&self, call: CallId) -> impl Iterator<Item = (GuestId, &Guest)> {
        self.0.iter().filter(move |(_, guest)| guest.call == call).map(|(id, guest)| (*id, guest))
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = (GuestId, &Guest)> {
        self.0.iter().filter(|(_, guest)| guest.standing == Standing::Waiting).map(|(id, guest)| (*id, guest))
    }

    pub(super) fn get(&self, guest: GuestId) -> Option<&Guest> {
        self.0.get(&guest)
    }

    pub(super) fn get_mut(&mut self, guest: GuestId) -> Option<&mut Guest> {
        self.0.get_mut(&guest)
    }

    pub(super) fn name(&self, guest: GuestId) -> &str {
        self.get(guest).map_or("?", |guest| &guest.name)
    }

    /// Reads what came from a browser; `active` is the call of the moment. None where it is nothing for this device.
    ///
    /// # Errors
    /// When it can't be believed.
    pub(super) async fn hear(&mut self, member: &Member, active: Option<CallId>, message: GuestMessage) -> Result<Option<Said>> {
        let refused = |what: &str| Error::unverifiable("guest", format!("A guest is not believed: {what}."), "Nothing is to be done.");
        let GuestMessage { link, call, conversation, guest, signal } = message;
        let Some(sealed) = signal else { return Ok(self.gone(guest)) };
        let row = cache::calls::get(&mut *member.cache.read().await?, call).await?;
        let row = row.filter(|row| row.conversation == conversation).ok_or_else(|| refused("there is no such call"))?;
        let invitation = row.into_link(link).ok_or_else(|| refused("there is no such link"))?;
        // Who is in stays in, though nobody comes in by the link any more.
        let is_in = self.get(guest).is_some_and(|guest| guest.call == call && guest.came_in());
        if !is_in && invitation.expires_at_ms <= member.now_ms() {
            return Err(refused("the link has ended"));
        }
        let known = self.0.get(&guest).filter(|known| known.call == call).map(|known| (known.key, known.number));
        let opened = open_guest_signal(&sealed.0, Direction::FromGuest, call, &invitation.secret, |signal| match &signal.body {
            _ if known.is_some() => known.map(|(key, _)| key),
            GuestSignalBody::Knock { key, .. } => public_key(key),
            _ => None,
        });
        let signal = opened.map_err(|error| refused(&error.to_string()))?;
        if known.is_some_and(|(_, last)| signal.number <= last) {
            return Err(refused("the signal came before"));
        }
        if let Some(known) = self.0.get_mut(&guest) {
            (known.number, known.heard_at) = (signal.number, Instant::now());
        }
        if let GuestSignalBody::Knock { name, key, exchange } = signal.body {
            let is_used = invitation.is_single_use
                && self.of(call).any(|(id, other)| id != guest && other.invitation.link == link && other.came_in());
            if is_used {
                return Err(refused("the link was used"));
            }
            if known.is_none() && !self.has_room(active) {
                return Err(refused("too many wait"));
            }
            let standing = GuestStanding { guest, link, name, key, exchange, is_in: false };
            return self.knocked(call, conversation, Arc::new(invitation), standing, signal.number).map(Some);
        }
        let is_meant = signal.device.is_none_or(|device| device == member.device());
        if signal.body == GuestSignalBody::Left && !is_in {
            return Ok(self.gone(guest));
        }
        Ok(from_guest(signal.body).filter(|_| is_meant && is_in).map(|body| Said::Signal(signal.number, body)))
    }

    fn knocked(
        &mut self,
        call: CallId,
        conversation: ConversationId,
        invitation: Arc<GuestInvitation>,
        said: GuestStanding,
        number: u64,
    ) -> Result<Said> {
        let guest = said.guest;
        match self.get_mut(guest) {
            Some(known) if known.came_in() => {
                let was_away = std::mem::replace(&mut known.standing, Standing::In) == Standing::Away;
                return Ok(Said::CameBack { was_away });
            }
            Some(known) if known.standing == Standing::Refused => return Ok(Said::KnockedInVain),
            Some(_) | None => {}
        }
        self.note(call, conversation, invitation, said, Standing::Waiting)?;
        if let Some(known) = self.get_mut(guest) {
            known.number = number;
        }
        Ok(Said::Knocked)
    }

    /// Notes where a guest stands, as a member says or a knock.
    ///
    /// # Errors
    /// When the key is none, or not the one that the guest named before.
    pub(super) fn note(
        &mut self,
        call: CallId,
        conversation: ConversationId,
        invitation: Arc<GuestInvitation>,
        said: GuestStanding,
        standing: Standing,
    ) -> Result<()> {
        let wrong = || Error::unverifiable("guest", "A guest is named by another key than before.", "Nothing is to be done.");
        let key = public_key(&said.key).ok_or_else(wrong)?;
        if let Some(known) = self.0.get_mut(&said.guest) {
            if known.key != key || known.call != call || known.invitation.link != said.link || known.exchange != said.exchange {
                return Err(wrong());
            }
            known.standing = standing;
            return Ok(());
        }
        let name: String = said.name.chars().filter(|character| !is_hidden(*character)).take(MAX_GUEST_NAME_CHARS).collect();
        let name = Some(name.trim()).filter(|name| !name.is_empty()).unwrap_or("?").to_owned();
        let GuestStanding { guest, key: key_text, exchange, .. } = said;
        let new = Guest {
            call,
            conversation,
            invitation,
            name,
            key,
            key_text,
            exchange,
            standing,
            rung_at: None,
            number: 0,
            heard_at: Instant::now(),
        };
        self.0.insert(guest, new);
        Ok(())
    }

    /// Whether one more guest can be remembered; the oldest who has gone, or is in a call that is not this device's, is forgotten for that.
    fn has_room(&mut self, active: Option<CallId>) -> bool {
        let is_dispensable = |guest: &Guest| match guest.standing {
            Standing::Refused | Standing::Out => true,
            Standing::In | Standing::Away => active != Some(guest.call),
            Standing::Waiting => false,
        };
        while self.0.len() >= MAX_GUESTS {
            let Some(oldest) = self.0.iter().find(|(_, guest)| is_dispensable(guest)).map(|(id, _)| *id) else { return false };
            self.0.remove(&oldest);
        }
        true
    }

    /// The first who waits elsewhere than at the door of `but`, and for whom it did not ring for `pause`. It rings for them from now on.
    pub(super) fn next_to_ring(&mut self, now: Instant, pause: Duration, but: Option<CallId>) -> Option<(GuestId, CallId)> {
        let is_quiet = |guest: &Guest| guest.rung_at.is_none_or(|at| now.saturating_duration_since(at) >= pause);
        let waits = |guest: &Guest| guest.standing == Standing::Waiting && but != Some(guest.call) && is_quiet(guest);
        let (id, guest) = self.0.iter_mut().find(|(_, guest)| waits(guest))?;
        guest.rung_at = Some(now);
        Some((*id, guest.call))
    }

    /// A guest who was taken back is not in the call after all.
    pub(super) fn set_away(&mut self, guest: GuestId) {
        if let Some(known) = self.0.get_mut(&guest).filter(|known| known.standing == Standing::In) {
            known.standing = Standing::Away;
        }
    }

    fn gone(&mut self, guest: GuestId) -> Option<Said> {
        let known = self.0.get_mut(&guest)?;
        known.standing = match known.standing {
            Standing::In | Standing::Away => Standing::Away,
            Standing::Waiting | Standing::Out => Standing::Out,
            Standing::Refused => Standing::Refused,
        };
        Some(Said::Gone)
    }

    /// Whether somebody waits no more whose going was not heard.
    pub(super) fn misses_someone(&mut self, now: Instant) -> bool {
        let is_silent = |guest: &Guest| guest.standing == Standing::Waiting && now.saturating_duration_since(guest.heard_at) > SILENCE;
        let silent = self.0.values_mut().filter(|guest| is_silent(guest));
        silent.map(|guest| guest.standing = Standing::Out).count() > 0
    }

    /// A call is over here: whoever was in it is no more.
    pub(super) fn forget(&mut self, call: CallId) {
        for guest in self.0.values_mut().filter(|guest| guest.call == call && guest.came_in()) {
            guest.standing = Standing::Out;
        }
    }
}

fn public_key(text: &str) -> Option<Ed25519PublicKey> {
    URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Ed25519PublicKey::from_bytes(&bytes).ok())
}

/// What a guest says, as members say it.
fn from_guest(body: GuestSignalBody) -> Option<SignalBody> {
    Some(match body {
        GuestSignalBody::Answer { attempt, sdp } => SignalBody::Answer { attempt, sdp },
        GuestSignalBody::Candidates { attempt, candidates } => SignalBody::Candidates { attempt, candidates },
        GuestSignalBody::Restart => SignalBody::Restart,
        GuestSignalBody::Media { media } => SignalBody::Media(media),
        GuestSignalBody::Left => SignalBody::Left,
        _ => return None,
    })
}

/// What members say, as guests hear it.
pub(super) fn to_guest(body: SignalBody) -> Option<GuestSignalBody> {
    Some(match body {
        SignalBody::Offer { attempt, sdp } => GuestSignalBody::Offer { attempt, sdp },
        SignalBody::Candidates { attempt, candidates } => GuestSignalBody::Candidates { attempt, candidates },
        SignalBody::Restart => GuestSignalBody::Restart,
        SignalBody::Media(media) | SignalBody::Joined(media) => GuestSignalBody::Media { media },
        SignalBody::Left => GuestSignalBody::Left,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use bezel_crypto::call::GuestKeyPair;
    use bezel_protocol::GuestLinkId;
    use bezel_protocol::content::CallSecretBytes;

    use super::*;

    const CALL: CallId = CallId::from_bytes([1; 16]);
    const CONVERSATION: ConversationId = ConversationId::from_bytes([2; 16]);
    const LINK: GuestLinkId = GuestLinkId::from_bytes([4; 16]);

    fn guest(number: usize) -> GuestId {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
        GuestId::from_bytes(bytes)
    }

    fn stands(doors: &mut Doors, guest: GuestId, standing: Standing) {
        doors.note(CALL, CONVERSATION, invitation(), said(guest), standing).unwrap();
    }

    fn knocks(doors: &mut Doors, guest: GuestId) -> Said {
        doors.knocked(CALL, CONVERSATION, invitation(), said(guest), 1).unwrap()
    }

    fn said(guest: GuestId) -> GuestStanding {
        let key = GuestKeyPair::from_seed(&CallSecretBytes::new(&[3; 32])).and_then(|pair| pair.public()).unwrap();
        let key = URL_SAFE_NO_PAD.encode(key.as_bytes());
        GuestStanding { guest, link: LINK, name: "Frau Vogel".into(), key, exchange: String::new(), is_in: false }
    }

    fn invitation() -> Arc<GuestInvitation> {
        Arc::new(GuestInvitation {
            link: LINK,
            secret: CallSecretBytes::new(&[5; 32]),
            key: CallSecretBytes::new(&[6; 32]),
            expires_at_ms: i64::MAX,
            is_single_use: false,
        })
    }

    /// A refusal may be lost on its way; the browser then knocks on, and must not stand at the door again.
    #[test]
    fn whoever_knocks_after_a_refusal_is_told_again_and_who_went_by_themselves_waits_again() {
        let mut doors = Doors::default();
        stands(&mut doors, guest(1), Standing::Refused);
        assert!(matches!(doors.gone(guest(1)), Some(Said::Gone)));
        assert!(matches!(knocks(&mut doors, guest(1)), Said::KnockedInVain));
        assert_eq!(doors.waiting().count(), 0);
        stands(&mut doors, guest(2), Standing::Waiting);
        doors.gone(guest(2));
        assert!(matches!(knocks(&mut doors, guest(2)), Said::Knocked));
        assert_eq!(doors.waiting().count(), 1);
    }

    #[test]
    fn a_name_holds_nothing_that_is_not_seen_or_makes_a_text_run_backwards() {
        for (number, (said_name, shown)) in
            [("Frau Vogel", "Frau Vogel"), ("\u{202e}ana (owner)\u{2066}", "ana (owner)"), (" \u{200b}\n ", "?")].into_iter().enumerate()
        {
            let (mut doors, guest) = (Doors::default(), guest(number));
            let said = GuestStanding { name: said_name.into(), ..said(guest) };
            doors.note(CALL, CONVERSATION, invitation(), said, Standing::Waiting).unwrap();
            assert_eq!(doors.name(guest), shown);
        }
    }

    #[test]
    fn who_waits_and_is_silent_for_long_has_gone_and_waits_again_when_heard_again() {
        let mut doors = Doors::default();
        stands(&mut doors, guest(1), Standing::Waiting);
        stands(&mut doors, guest(2), Standing::In);
        assert!(!doors.misses_someone(Instant::now() + SILENCE / 2));
        let later = Instant::now() + SILENCE * 2;
        assert!(doors.misses_someone(later) && !doors.misses_someone(later), "said once");
        assert_eq!(doors.waiting().count(), 0);
        assert!(doors.get(guest(2)).is_some_and(|guest| guest.standing == Standing::In), "who talks need not knock");
        assert!(matches!(knocks(&mut doors, guest(1)), Said::Knocked));
        assert_eq!(doors.waiting().count(), 1);
    }

    #[test]
    fn who_was_in_and_is_back_is_known_to_have_been_gone_for_long() {
        let mut doors = Doors::default();
        stands(&mut doors, guest(1), Standing::In);
        assert!(matches!(knocks(&mut doors, guest(1)), Said::CameBack { was_away: false }));
        doors.gone(guest(1));
        assert!(matches!(knocks(&mut doors, guest(1)), Said::CameBack { was_away: true }));
    }

    /// A client is not to be told for ever that they will be let in shortly.
    #[test]
    fn it_rings_again_after_a_pause_for_who_still_waits_and_not_at_the_door_of_a_call_that_just_ended() {
        const PAUSE: Duration = Duration::from_secs(105);
        let (mut doors, now) = (Doors::default(), Instant::now());
        stands(&mut doors, guest(1), Standing::Waiting);
        assert_eq!(doors.next_to_ring(now, PAUSE, Some(CALL)), None, "what the relay says of its end comes first");
        assert_eq!(doors.next_to_ring(now, PAUSE, None), Some((guest(1), CALL)));
        knocks(&mut doors, guest(1));
        assert_eq!(doors.next_to_ring(now + PAUSE / 2, PAUSE, None), None, "each knock would ring");
        stands(&mut doors, guest(2), Standing::Waiting);
        assert_eq!(doors.next_to_ring(now + PAUSE / 2, PAUSE, None), Some((guest(2), CALL)), "another one");
        assert_eq!(doors.next_to_ring(now + PAUSE, PAUSE, None), Some((guest(1), CALL)));
        stands(&mut doors, guest(1), Standing::Refused);
        stands(&mut doors, guest(2), Standing::In);
        assert_eq!(doors.next_to_ring(now + PAUSE * 9, PAUSE, None), None);
    }

    /// A shop whose app runs for weeks: the doors must not close after so many guests.
    #[test]
    fn those_who_have_gone_make_room_and_those_who_wait_do_not() {
        let mut doors = Doors::default();
        for number in 0..MAX_GUESTS {
            assert!(doors.has_room(None));
            stands(&mut doors, guest(number), Standing::Waiting);
        }
        assert!(!doors.has_room(None), "all of them wait");
        doors.gone(guest(7));
        assert!(doors.has_room(None));
        assert!(doors.get(guest(7)).is_none() && doors.get(guest(0)).is_some());
    }

    /// Where others answer, nobody tells this device that a client's call is over.
    #[test]
    fn guests_of_calls_that_others_answered_make_room_and_those_of_the_call_of_the_moment_do_not() {
        let mut doors = Doors::default();
        for number in 0..MAX_GUESTS {
            stands(&mut doors, guest(number), if number % 2 == 0 { Standing::In } else { Standing::Away });
        }
        assert!(!doors.has_room(Some(CALL)), "they talk with this device");
        assert!(doors.has_room(Some(CallId::from_bytes([9; 16]))));
        assert!(doors.get(guest(0)).is_none() && doors.get(guest(1)).is_some(), "the oldest");
    }
}
