//! Who may hear a call: whoever leaves the conversation leaves the call, and frames are encrypted from a new secret then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bezel_calls::call::Input;
use bezel_calls::session::Command;
use bezel_crypto::Secret;
use bezel_crypto::call::CallSecret;
use bezel_protocol::content::{CallSecretBytes, GuestInvitation, SignalBody};
use bezel_protocol::guest::GuestSignalBody;
use bezel_protocol::{CallId, ConversationId, DeviceId};
use tokio::time::Instant;

use super::admit::sealed;
use super::desk::Desk;
use super::post::Mail;
use super::start::secret;
use crate::cache;
use crate::error::{Result, damaged};

/// The lowest device gives out the new secret; each next one waits so long for it.
const TURN: Duration = Duration::from_secs(4);

/// Generations are not used up in one step, by which a member could keep the next secret from ever coming.
const MAX_STEP: u32 = 1 << 12;

/// Whether a generation may follow one that is known.
pub(super) const fn may_follow(known: u32, said: u32) -> bool {
    said > known && said - known <= MAX_STEP
}

impl Desk<'_> {
    /// Compares who is in the call with who may be.
    pub(super) async fn look_at_members(&mut self) -> Result<()> {
        let Some(active) = &self.active else { return Ok(()) };
        let conversation = active.conversation;
        let Some((readers, epoch)) = self.readers(conversation).await? else {
            // This member was removed.
            self.tell(Command::Input(Input::Dismiss(bezel_protocol::content::CallOutcome::Missed, bezel_calls::call::End::There))).await;
            self.tell(Command::Input(Input::Leave)).await;
            return Ok(());
        };
        let Some(active) = &mut self.active else { return Ok(()) };
        let is_newer = epoch > active.epoch;
        let has_lost = active.readers.difference(&readers).next().is_some();
        let out: Vec<DeviceId> = active.devices().filter(|device| !readers.contains(device)).collect();
        (active.readers, active.epoch) = (readers, epoch);
        let is_due = (has_lost || active.rekeys_in_next_epoch) && is_newer;
        active.rekeys_in_next_epoch = (has_lost || active.rekeys_in_next_epoch) && !is_newer;
        for device in out {
            self.tell(Command::Input(Input::Removed(device))).await;
            self.tell_guests_of_removed(device);
        }
        if is_due { self.plan_rekey().await } else { Ok(()) }
    }

    /// Whoever was removed says nothing any more, to guests neither.
    fn tell_guests_of_removed(&self, device: DeviceId) {
        let Some(active) = self.active.as_ref().filter(|active| active.is_in) else { return };
        for guest in self.guests_in(active.call) {
            if let Some(known) = self.doors.get(guest) {
                let invitation = Arc::<GuestInvitation>::clone(&known.invitation);
                let _ = self.mail.send(Mail::Removed { call: active.call, invitation, guest, device });
            }
        }
    }

    /// The devices of a conversation that stand, and its epoch; none when this member is not in it.
    async fn readers(&self, conversation: ConversationId) -> Result<Option<(BTreeSet<DeviceId>, u64)>> {
        let mut db = self.member.cache.read().await?;
        let Some(known) = cache::conversations::get(&mut db, conversation).await?.filter(|known| known.removed_at_ms.is_none()) else {
            return Ok(None);
        };
        let members = cache::conversations::members(&mut db, conversation).await?;
        let (roster, now_ms) = (self.member.roster(), self.member.now_ms());
        let devices = members.iter().flat_map(|member| roster.standing_devices(member.user, now_ms).map(|device| device.id));
        Ok(Some((devices.collect(), known.epoch)))
    }

    /// Of the devices in the call the lowest gives out a new secret at once; the others only where it does not.
    async fn plan_rekey(&mut self) -> Result<()> {
        let Some((rank, generation)) = self.next_generation() else { return Ok(()) };
        let Some(active) = self.active.as_mut().filter(|active| active.is_in) else { return Ok(()) };
        if rank == 0 {
            return self.give_out_secret(generation).await;
        }
        active.rekey = Some((Instant::now() + TURN * rank, generation));
        Ok(())
    }

    /// Somebody was sent away: waits for nobody.
    pub(super) async fn give_out_next_secret(&mut self) -> Result<()> {
        match self.next_generation() {
            Some((_, generation)) => self.give_out_secret(generation).await,
            None => Ok(()),
        }
    }

    /// How many lower devices are in the call, and by which number this device gives out a secret. No two have the same: of secrets that are
    /// given out at once, the one of the higher number holds everywhere.
    fn next_generation(&self) -> Option<(u32, u32)> {
        let active = self.active.as_ref()?;
        let me = self.member.device();
        let lower = active.devices().filter(|device| *device < me && active.readers.contains(device)).count();
        let rank = u32::try_from(lower).unwrap_or(u32::MAX);
        Some((rank, active.generation.saturating_add(1).saturating_add(rank)))
    }

    /// Frames are encrypted from a new secret from now on, and everyone who is in the call or may come gets it.
    pub(super) async fn give_out_secret(&mut self, generation: u32) -> Result<()> {
        let Some((call, conversation)) = self.active.as_ref().map(|active| (active.call, active.conversation)) else { return Ok(()) };
        let secret = secret(self.member)?;
        self.say(conversation, call, None, SignalBody::Rekey { generation, secret: secret.clone() });
        for guest in self.guests_in(call) {
            let body = self.doors.get(guest).map(|known| sealed(known, generation, &secret)).transpose()?;
            self.say_to_guest(guest, body.map(|secret| GuestSignalBody::Rekey { generation, secret }));
        }
        self.take_secret(call, generation, &secret).await?;
        if let Some(active) = self.active.as_mut().filter(|active| active.generation == generation) {
            active.gave_secret = true;
        }
        Ok(())
    }

    /// A newer secret is kept, and used where the call runs.
    pub(super) async fn take_secret(&mut self, call: CallId, generation: u32, secret: &CallSecretBytes) -> Result<()> {
        let mut tx = self.member.cache.begin().await?;
        cache::calls::set_secret(&mut tx, call, generation, secret).await?;
        tx.commit().await?;
        let Some(active) = self.active.as_mut().filter(|active| active.call == call && active.generation < generation) else {
            return Ok(());
        };
        (active.secret, active.generation, active.gave_secret, active.rekey) = (secret.clone(), generation, false, None);
        let bytes = Secret::from_slice(secret.expose()).ok_or_else(|| damaged("secret of a call"))?;
        self.tell(Command::Rekey(CallSecret::new(call, generation, bytes))).await;
        Ok(())
    }

    /// A device that comes later is told by the lowest one what it can't know: the newest secret, and which guests are in.
    pub(super) fn greet(&self, device: DeviceId) {
        let Some(active) = self.active.as_ref().filter(|active| active.is_in) else { return };
        let me = self.member.device();
        if active.devices().any(|other| other < me && other != device) {
            return;
        }
        if active.generation > 0 {
            let rekey = SignalBody::Rekey { generation: active.generation, secret: active.secret.clone() };
            self.say(active.conversation, active.call, Some(device), rekey);
        }
        for guest in self.guests_in(active.call) {
            if let Some(known) = self.doors.get(guest) {
                self.say(active.conversation, active.call, Some(device), SignalBody::Guest(known.introduction(guest)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_uses_generations_up() {
        assert!(may_follow(0, 1) && may_follow(7, 40));
        for said in [0, 7, u32::MAX] {
            assert!(!may_follow(7, said), "{said}");
        }
    }
}
