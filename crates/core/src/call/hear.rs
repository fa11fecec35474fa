//! What other devices and guests say, taken to where it belongs.

use bezel_calls::call::{End, Input, Sender};
use bezel_calls::session::Command;
use bezel_protocol::content::{CallOutcome, SignalBody};
use bezel_protocol::guest::GuestSignalBody;
use bezel_protocol::wire::GuestMessage;
use bezel_protocol::{CallId, ConversationId, DeviceId, UserId};

use super::desk::{Desk, EARLY, MAX_EARLY, noted};
use super::door::{Said, Standing};
use super::keys::may_follow;
use super::signal::{self, Heard};
use crate::cache;
use crate::cache::calls::Call;
use crate::error::{Error, Result};

/// So many senders' numbers are remembered.
const MAX_HEARD: usize = 4096;
/// What was said so long ago is not believed, whoever repeats it.
const OLD_MS: i64 = 5 * 60_000;

impl Desk<'_> {
    /// A transient envelope came.
    pub(super) async fn hear(&mut self, conversation: ConversationId, envelope: &[u8]) -> Result<()> {
        let heard = signal::open(self.member, conversation, envelope).await?;
        let me = self.member.device();
        if heard.device == me || heard.signal.to.is_some_and(|to| to != me) {
            return Ok(());
        }
        let is_old = self.member.now_ms().saturating_sub(heard.sent_at_ms).saturating_abs() > OLD_MS;
        let last = self.heard.get(&(heard.signal.call, heard.device)).copied().unwrap_or_default();
        if is_old || heard.signal.number <= last {
            return Err(Error::unverifiable("replay", "A signal of a call came again.", "Nothing is to be done."));
        }
        if self.heard.len() >= MAX_HEARD {
            self.heard.pop_first();
        }
        self.heard.insert((heard.signal.call, heard.device), heard.signal.number);
        // What waits was said before.
        if !self.early.is_empty() {
            self.hear_early().await?;
        }
        self.take(heard).await
    }

    async fn take(&mut self, heard: Heard) -> Result<()> {
        let row = cache::calls::get(&mut *self.member.cache.read().await?, heard.signal.call).await?;
        let Some(row) = row.filter(|row| has_all_of(row, &heard)) else {
            if self.early.len() >= MAX_EARLY {
                self.early.pop_front();
            }
            self.early.push_back((tokio::time::Instant::now(), heard));
            return Ok(());
        };
        if row.conversation != heard.conversation {
            return Err(Error::unverifiable("signal", "A signal names a call of another conversation.", "Nothing is to be done."));
        }
        match heard.signal.body {
            SignalBody::Rekey { generation, secret } if heard.is_current && may_follow(row.generation, generation) => {
                self.take_secret(row.id, generation, &secret).await
            }
            // Given out at the same time as the one that holds: who was sent away for it may have that one.
            SignalBody::Rekey { generation, .. } if heard.is_current && generation <= row.generation && self.gave_secret_of(row.id) => {
                self.give_out_next_secret().await
            }
            // Whoever was removed could read it, or nothing could follow it: it is worth nothing.
            SignalBody::Rekey { .. } => Ok(()),
            SignalBody::Guest(standing) => self.introduced(row, standing).await,
            body => {
                self.say_to_machine(heard.user, heard.device, row.id, heard.signal.number, body).await;
                Ok(())
            }
        }
    }

    fn gave_secret_of(&self, call: CallId) -> bool {
        self.active.as_ref().is_some_and(|active| active.call == call && active.gave_secret)
    }

    async fn say_to_machine(&mut self, user: UserId, device: DeviceId, call: CallId, number: u64, body: SignalBody) {
        let Some(active) = self.active.as_ref().filter(|active| active.call == call) else { return };
        let has_joined = matches!(body, SignalBody::Joined(_));
        let from = if user == self.member.user() { Sender::Own(device) } else { Sender::Member(device) };
        // One opens the door for all.
        if active.is_door() && active.rings() && has_joined {
            return self.tell(Command::Input(Input::Dismiss(CallOutcome::Completed, End::Elsewhere))).await;
        }
        if let (Sender::Member(_), SignalBody::Declined { is_busy }) = (from, &body) {
            return self.tell(Command::Input(Input::Declined { user, is_busy: *is_busy })).await;
        }
        let is_new = has_joined && !active.devices().any(|known| known == device);
        self.tell(Command::Input(Input::Signal { from, number, body })).await;
        if is_new {
            self.greet(device);
        }
    }

    /// Signals whose invitation or link has come meanwhile.
    pub(super) async fn hear_early(&mut self) -> Result<()> {
        let now = tokio::time::Instant::now();
        for (at, heard) in std::mem::take(&mut self.early) {
            let row = cache::calls::get(&mut *self.member.cache.read().await?, heard.signal.call).await?;
            if row.is_some_and(|row| has_all_of(&row, &heard)) {
                noted(Box::pin(self.take(heard)).await);
            } else if now.duration_since(at) < EARLY {
                self.early.push_back((at, heard));
            }
        }
        for (at, message) in std::mem::take(&mut self.early_knocks) {
            let row = cache::calls::get(&mut *self.member.cache.read().await?, message.call).await?;
            if row.is_some_and(|row| row.has_link(message.link)) {
                noted(Box::pin(self.attend(message)).await);
            } else if now.duration_since(at) < EARLY {
                self.early_knocks.push_back((at, message));
            }
        }
        Ok(())
    }

    /// A guest's browser speaks, or has gone. The link may be so new that its message has not come yet.
    pub(super) async fn hear_guest(&mut self, message: GuestMessage) -> Result<()> {
        let row = cache::calls::get(&mut *self.member.cache.read().await?, message.call).await?;
        let is_known = row.is_some_and(|row| row.has_link(message.link));
        if !is_known {
            if self.early_knocks.len() >= MAX_EARLY {
                self.early_knocks.pop_front();
            }
            self.early_knocks.push_back((tokio::time::Instant::now(), message));
            return Ok(());
        }
        self.attend(message).await
    }

    async fn attend(&mut self, message: GuestMessage) -> Result<()> {
        let guest = message.guest;
        let active = self.active.as_ref().map(|active| active.call);
        let Some(said) = self.doors.hear(self.member, active, message).await? else { return Ok(()) };
        match said {
            Said::Knocked => {
                self.ring_door(None).await?;
                if let Some(handle) = self.handle() {
                    self.say_to_guest(guest, Some(GuestSignalBody::Waiting { member: handle }));
                }
            }
            Said::KnockedInVain => self.turn_away(guest, GuestSignalBody::Refused),
            Said::CameBack { was_away: true } => self.take_back(guest),
            Said::CameBack { was_away: false } => self.welcome(guest).await?,
            Said::Signal(number, body) => {
                self.tell(Command::Input(Input::Signal { from: Sender::Guest(guest), number, body })).await;
            }
            Said::Gone => {
                if self.doors.get(guest).is_some_and(|guest| guest.standing == Standing::Away) {
                    self.tell(Command::Input(Input::GuestGone(guest))).await;
                }
                self.nobody_waits().await;
            }
        }
        self.show();
        Ok(())
    }

    /// A door that rings for nobody is silent.
    pub(super) async fn nobody_waits(&self) {
        let Some(active) = self.active.as_ref().filter(|active| active.is_door() && active.rings()) else { return };
        if !self.doors.waiting().any(|(_, guest)| guest.call == active.call) {
            self.tell(Command::Input(Input::Dismiss(CallOutcome::Missed, End::There))).await;
        }
    }

    /// What this member is called.
    pub(super) fn handle(&self) -> Option<String> {
        self.member.roster().user(self.member.user()).map(|user| user.handle.to_string())
    }
}

/// Whether everything is known that a signal of a call builds on. A guest may come by a link so new that its message has not come yet.
fn has_all_of(row: &Call, heard: &Heard) -> bool {
    !matches!(&heard.signal.body, SignalBody::Guest(standing) if row.conversation == heard.conversation && !row.has_link(standing.link))
}
