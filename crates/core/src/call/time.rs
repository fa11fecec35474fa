//! What time brings to a call, what was done aside for it, and its end.

use bezel_calls::call::{End, Input};
use bezel_calls::session::{CallStats, Command};
use bezel_protocol::content::CallOutcome;

use super::desk::{Desk, Errand, noted};
use super::start::cached;
use super::view::CallPhase;
use super::{end, presence};
use crate::cache;
use crate::change::Change;
use crate::error::Result;

/// The time of a call is kept this often, so that a crash forgets little of it.
const NOTE_SECONDS: u32 = 10;
/// Calls of others are asked after this often, in seconds.
const LOOK_TICKS: u64 = 60;
/// And this often whether somebody else is still in the call of this device to whom no way leads.
const ALONE_TICKS: u64 = 4;

impl Desk<'_> {
    /// Once a second.
    pub(super) async fn second(&mut self) {
        self.ticks += 1;
        if self.ticks.is_multiple_of(LOOK_TICKS) {
            noted(self.look_after_open_calls().await);
        }
        let now = tokio::time::Instant::now();
        if self.doors.misses_someone(now) {
            self.nobody_waits().await;
            self.show();
        }
        let Some(active) = self.active.as_ref().filter(|active| active.is_in) else { return };
        let (call, session) = (active.call, active.session.clone());
        let (is_absent, rekey) = (active.present_until <= now, active.rekey.filter(|(at, _)| *at <= now));
        self.aside(Box::pin(async move { Errand::Stats(call, session.stats().await) }));
        if is_absent {
            self.stay_present();
        }
        if self.ticks.is_multiple_of(ALONE_TICKS) {
            self.ask_whether_alone();
        }
        if let (Some((_, generation)), Some(active)) = (rekey, &mut self.active) {
            active.rekey = None;
            let orders = self.member.calls.orders.clone();
            let _ = orders.try_send(super::order::Order::Rekey(generation));
        }
    }

    /// The word of whoever left is not kept for those who could not be reached just then; the relay knows who is there.
    fn ask_whether_alone(&self) {
        let Some(active) = self.active.as_ref().filter(|active| active.seeks_others()) else { return };
        let (member, call) = (self.member, active.call);
        self.aside(Box::pin(
            async move { Errand::IsAlone(call, presence::standing(member, call).await == Some(presence::Standing::Over)) },
        ));
    }

    /// Something was done aside.
    pub(super) async fn done(&mut self, errand: Errand) -> Result<()> {
        match errand {
            Errand::Present(call, joined) => {
                let Some(active) = self.active.as_mut().filter(|active| active.call == call) else { return Ok(()) };
                let joined = joined?;
                let third = std::time::Duration::from_millis(joined.lasts_ms / 3);
                active.present_until = tokio::time::Instant::now() + third.max(std::time::Duration::from_secs(5));
                active.session.tell(Command::IceServers(joined.ice_servers)).await;
            }
            Errand::Stats(call, Some(stats)) => self.measured(call, &stats).await?,
            Errand::Stands { row, standing, is_new } => self.stands(*row, standing, is_new).await?,
            Errand::IsAlone(call, true) if self.active.as_ref().is_some_and(|active| active.call == call) => {
                self.tell(Command::Input(Input::NobodyThere)).await;
            }
            Errand::Turned(row, options, Ok(joined)) => self.come_in(*row, options, joined.ice_servers).await?,
            // It rings where it can't be taken at once.
            Errand::Turned(row, _, Err(_)) if self.active.is_none() => self.ring(*row, None).await?,
            Errand::TakenBack(guest, Ok(())) => {
                self.welcome(guest).await?;
                self.show();
            }
            Errand::TakenBack(guest, Err(error)) => {
                self.doors.set_away(guest);
                return Err(error);
            }
            Errand::IsAlone(..) | Errand::Turned(..) | Errand::Stats(..) | Errand::Done => {}
        }
        Ok(())
    }

    async fn measured(&mut self, call: bezel_protocol::CallId, stats: &CallStats) -> Result<()> {
        let Some(active) = self.active.as_mut().filter(|active| active.call == call) else { return Ok(()) };
        active.meter.add(stats);
        for peer in &stats.peers {
            if let Some(code) = &peer.safety_code {
                active.codes.insert(peer.peer.clone(), code.clone());
            }
        }
        let seconds = match active.phase() {
            Some(bezel_calls::call::Phase::Live { since } | bezel_calls::call::Phase::Reconnecting { live_since: since, .. }) => {
                u32::try_from(since.elapsed().as_secs()).unwrap_or(u32::MAX).max(1)
            }
            _ => 0,
        };
        if seconds > 0 && (active.seconds_noted == 0 || seconds >= active.seconds_noted + NOTE_SECONDS) {
            active.seconds_noted = seconds;
            let mut tx = self.member.cache.begin().await?;
            cache::calls::set_seconds(&mut tx, call, seconds).await?;
            tx.commit().await?;
        }
        self.show();
        Ok(())
    }

    /// The running call is over.
    pub(super) async fn ended(&mut self, outcome: CallOutcome, how: End, stats: &CallStats, seconds: u32) -> Result<()> {
        self.show();
        let Some(mut active) = self.active.take() else { return Ok(()) };
        // Where the machine could not say so itself.
        self.member.calls.view.send_if_modified(|view| {
            let open = view.as_mut().filter(|view| view.call == active.call.to_string() && view.phase != CallPhase::Ended);
            open.map(|view| (view.phase, view.outcome) = (CallPhase::Ended, Some(outcome.into()))).is_some()
        });
        let (call, conversation, is_in) = (active.call, active.conversation, active.is_in);
        active.meter.add(stats);
        let quality = active.meter.quality();
        self.doors.forget(call);
        if is_in {
            self.not_present(call);
        }
        let is_own = active.caller == self.member.device();
        let known = cached(self.member, call).await?.outcome;
        end::note(self.member, call, outcome, is_in.then_some(seconds), quality).await?;
        // Where others talk on, it is not over.
        let goes_on = how == End::Here && outcome == CallOutcome::Completed && active.others > 1 && active.had_others;
        // A door may ring again and again for one call: its end is said once.
        if is_own && !goes_on && known.is_none() {
            end::say(self.member, conversation, call, outcome, seconds).await?;
        }
        self.member.changed([Change::Call, Change::Messages(conversation)]);
        // Whoever waits at the door of this call may be on the way out with it; else they knock again.
        noted(self.ring_door(Some(call)).await);
        Ok(())
    }
}
