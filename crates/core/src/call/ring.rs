//! Calls of others: rung, found busy, or kept to be joined.

use std::time::Duration;

use bezel_calls::call::{End, Input};
use bezel_calls::session::Command;
use bezel_protocol::content::{CallOutcome, SignalBody};
use bezel_protocol::{CallId, ConversationId, GuestId, Role};
use tokio::time::Instant;

use super::active::{Active, Beginning};
use super::desk::{Desk, Errand};
use super::options::CallOptions;
use super::presence::Standing;
use super::start::cached;
use super::{end, presence};
use crate::cache;
use crate::cache::calls::Call;
use crate::cache::conversations::role_of;
use crate::error::{Error, Result};

/// An invitation rings for so long after it was sent; one that comes later is offered silently.
const FRESH_MS: i64 = 60_000;
/// A door at which nobody answered is quiet for so long, then it rings again for who still waits.
const QUIET: Duration = Duration::from_secs(60);

/// What becomes of an invitation while something else goes on.
enum Turn {
    /// It rings.
    Ring,
    /// Two called at once, and the other's call has the lower id: that one is taken.
    Join,
    /// Two called at once, and the one that goes on here has the lower id.
    Ignore,
    /// There is another call.
    Busy,
}

impl Desk<'_> {
    /// Looks at the calls of which no end is known.
    pub(super) async fn judge(&mut self) -> Result<()> {
        let open = cache::calls::open(&mut *self.member.cache.read().await?).await?;
        self.dismiss_if_over(&open).await?;
        for row in open {
            // Own calls are settled at the start; a link rings when somebody knocks.
            if row.device == self.member.device() || !row.links.is_empty() || !self.judged.insert(row.id) {
                continue;
            }
            // What this person begins on another device does not ring here.
            let is_own = row.user == self.member.user();
            if !is_own && self.member.now_ms().saturating_sub(row.started_at_ms).saturating_abs() <= FRESH_MS {
                self.invited(row).await?;
            } else {
                self.ask_how_it_stands(row, !is_own);
            }
        }
        self.hear_early().await
    }

    /// Asks after calls that go on without this device, as far as is known: not every end is said.
    pub(super) async fn look_after_open_calls(&self) -> Result<()> {
        let open = cache::calls::open(&mut *self.member.cache.read().await?).await?;
        let now_ms = self.member.now_ms();
        for row in open {
            let is_here = self.active.as_ref().is_some_and(|active| active.call == row.id);
            if !is_here && !row.has_open_link(now_ms) && now_ms.saturating_sub(row.started_at_ms) > FRESH_MS {
                self.ask_how_it_stands(row, false);
            }
        }
        Ok(())
    }

    /// The caller's word that it is over ends the ringing, even where the signal was lost.
    async fn dismiss_if_over(&self, open: &[Call]) -> Result<()> {
        let Some(active) = self.active.as_ref().filter(|active| active.rings() && !active.is_door()) else { return Ok(()) };
        if open.iter().any(|call| call.id == active.call) {
            return Ok(());
        }
        let row = cache::calls::get(&mut *self.member.cache.read().await?, active.call).await?;
        let outcome = row.and_then(|row| row.outcome).unwrap_or(CallOutcome::Missed);
        let outcome = if outcome == CallOutcome::Cancelled { CallOutcome::Missed } else { outcome };
        self.tell(Command::Input(Input::Dismiss(outcome, End::There))).await;
        Ok(())
    }

    /// Old invitations are no ringing, and what is over for everyone is over here. Two machines' clocks may differ: how old a new call is, the
    /// relay says by its own.
    fn ask_how_it_stands(&self, row: Call, is_new: bool) {
        let member = self.member;
        self.aside(Box::pin(async move {
            let standing = presence::standing(member, row.id).await;
            Errand::Stands { row: Box::new(row), standing, is_new }
        }));
    }

    /// What the relay said of a call of others.
    pub(super) async fn stands(&mut self, row: Call, standing: Option<Standing>, is_new: bool) -> Result<()> {
        let is_here = self.active.as_ref().is_some_and(|active| active.call == row.id);
        match standing {
            Some(Standing::Over) if !is_here => end::note(self.member, row.id, CallOutcome::Missed, None, None).await,
            Some(Standing::GoesOn { age_ms }) if is_new && age_ms <= FRESH_MS => self.invited(row).await,
            _ => Ok(()),
        }
    }

    async fn invited(&mut self, row: Call) -> Result<()> {
        if !self.may_speak(row.conversation).await? {
            return Ok(());
        }
        match self.turn(&row) {
            Turn::Ring => self.ring(row, None).await,
            Turn::Join => self.turn_to(row).await,
            Turn::Ignore => end::note(self.member, row.id, CallOutcome::Completed, None, None).await,
            Turn::Busy => {
                self.say(row.conversation, row.id, None, SignalBody::Declined { is_busy: true });
                end::note(self.member, row.id, CallOutcome::Busy, None, None).await
            }
        }
    }

    fn turn(&self, row: &Call) -> Turn {
        let Some(active) = &self.active else { return Turn::Ring };
        let is_same = active.conversation == row.conversation && !active.is_live() && !active.is_door();
        let is_own = active.caller == self.member.device();
        match (is_same, row.id < active.call) {
            (true, true) if is_own || active.rings() => Turn::Join,
            (true, false) if is_own || active.rings() => Turn::Ignore,
            _ => Turn::Busy,
        }
    }

    /// Gives up the call that goes on here for one of the same conversation; what was on its way to be answered is answered there.
    async fn turn_to(&mut self, row: Call) -> Result<()> {
        let Some(active) = self.active.take() else { return Ok(()) };
        let (was_in, options) = (active.is_in, active.options.clone());
        // Its end is told by nobody any more: it is kept and said here.
        active.session.tell(Command::Input(Input::Leave)).await;
        self.say(active.conversation, active.call, None, SignalBody::Left);
        end::note(self.member, active.call, CallOutcome::Completed, None, None).await?;
        if active.caller == self.member.device() {
            end::say(self.member, active.conversation, active.call, CallOutcome::Cancelled, 0).await?;
        }
        self.not_present(active.call);
        let member = self.member;
        if !was_in {
            return self.ring(row, None).await;
        }
        self.aside(Box::pin(async move {
            let joined = presence::join(member, row.id, row.conversation).await;
            Errand::Turned(Box::new(row), options, joined)
        }));
        Ok(())
    }

    /// Whether a call of this device goes before the one that rings: two called at once, and this one has the lower id.
    pub(super) fn comes_first(&self, row: &Call) -> bool {
        let rings = self.active.as_ref().filter(|active| active.rings() && !active.is_door());
        rings.is_some_and(|active| active.conversation == row.conversation && row.id < active.call)
    }

    /// A call of this device is given up for the one that came in between: it is answered, where it is of the same conversation.
    pub(super) async fn give_way(&mut self, own: Call, options: CallOptions) -> Result<()> {
        let member = self.member;
        let rings = self.active.as_ref().filter(|active| active.rings() && !active.is_door() && active.conversation == own.conversation);
        let theirs = rings.map(|active| active.call);
        end::note(member, own.id, if theirs.is_some() { CallOutcome::Completed } else { CallOutcome::Cancelled }, None, None).await?;
        end::say(member, own.conversation, own.id, CallOutcome::Cancelled, 0).await?;
        self.not_present(own.id);
        let Some(theirs) = theirs else { return Err(Error::new("in_a_call", "You are in a call already.", "Leave it first.")) };
        let row = cached(member, theirs).await?;
        self.aside(Box::pin(async move {
            let joined = presence::join(member, row.id, row.conversation).await;
            Errand::Turned(Box::new(row), options, joined)
        }));
        Ok(())
    }

    /// Shows a call that comes in.
    pub(super) async fn ring(&mut self, row: Call, guest: Option<GuestId>) -> Result<()> {
        // Alone with the guest, the call is over when the guest goes.
        let others = if guest.is_some() { 1 } else { self.others(row.conversation).await? };
        let name = guest.map(|guest| (guest, self.doors.name(guest).to_owned()));
        let knocks = name.as_ref().map(|(guest, name)| (*guest, name.as_str()));
        let beginning = Beginning { row, calls: None, options: CallOptions::default(), ice_servers: Vec::new(), others, guest: knocks };
        self.active = Some(Active::begin(self.member, beginning)?);
        self.hear_early().await
    }

    /// A guest waits at the door of a call in which nobody here is, and which is not `but`.
    pub(super) async fn ring_door(&mut self, but: Option<CallId>) -> Result<()> {
        if self.active.is_some() {
            return Ok(());
        }
        let pause = self.member.calls.limits().ring + QUIET;
        let Some((guest, call)) = self.doors.next_to_ring(Instant::now(), pause, but) else { return Ok(()) };
        let row = cache::calls::get(&mut *self.member.cache.read().await?, call).await?;
        match row {
            Some(row) if self.may_speak(row.conversation).await? => self.ring(row, Some(guest)).await,
            _ => Ok(()),
        }
    }

    async fn may_speak(&self, conversation: ConversationId) -> Result<bool> {
        let members = cache::conversations::members(&mut *self.member.cache.read().await?, conversation).await?;
        Ok(role_of(&members, self.member.user()).is_some_and(Role::may_post))
    }

    /// How many other people of a conversation may come.
    pub(super) async fn others(&self, conversation: ConversationId) -> Result<usize> {
        let members = cache::conversations::members(&mut *self.member.cache.read().await?, conversation).await?;
        Ok(members.iter().filter(|member| member.user != self.member.user() && member.role.may_post()).count())
    }
}
