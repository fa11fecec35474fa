//! The task's state and its loop: orders, what the running call tells, what changes, and time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bezel_calls::call::{Input, Peer};
use bezel_calls::session::{CallStats, Command, Event};
use bezel_protocol::content::{CallOutcome, GuestInvitation, SignalBody};
use bezel_protocol::guest::GuestSignalBody;
use bezel_protocol::wire::{CallJoined, GuestMessage};
use bezel_protocol::{CallId, ConversationId, DeviceId, GuestId};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};

use super::active::Active;
use super::door::Doors;
use super::gear::gear;
use super::options::CallOptions;
use super::order::Order;
use super::post::Mail;
use super::presence;
use super::signal::Heard;
use super::view::Gear;
use crate::cache::calls::Call;
use crate::change::Change;
use crate::error::Result;
use crate::member::Member;

/// What waits for its invitation is kept so long.
pub(super) const EARLY: Duration = Duration::from_secs(60);
/// So much waits at most.
pub(super) const MAX_EARLY: usize = 64;

/// What was done aside.
pub(super) enum Errand {
    /// The relay was told that this device is in the call.
    Present(CallId, Result<CallJoined>),
    /// The call's statistics.
    Stats(CallId, Option<CallStats>),
    /// Whether somebody else is in a call of others. It rings where it `is_new` and, by the relay's clock, began just now.
    Stands { row: Box<Call>, standing: Option<presence::Standing>, is_new: bool },
    /// Whether somebody else is in the call that runs here, though no way leads to them.
    IsAlone(CallId, bool),
    /// Two called at once: this device comes into the other's call.
    Turned(Box<Call>, CallOptions, Result<CallJoined>),
    /// The relay knows that a guest is back.
    TakenBack(GuestId, Result<()>),
    /// Nothing follows.
    Done,
}

pub(super) struct Desk<'a> {
    pub(super) member: &'a Member,
    pub(super) mail: mpsc::UnboundedSender<Mail>,
    pub(super) active: Option<Active>,
    pub(super) doors: Doors,
    /// Calls that rang, or were found too old for it.
    pub(super) judged: BTreeSet<CallId>,
    /// Signals that came before their invitation.
    pub(super) early: VecDeque<(tokio::time::Instant, Heard)>,
    /// Knocks at links that are not known yet.
    pub(super) early_knocks: VecDeque<(tokio::time::Instant, GuestMessage)>,
    /// The last number of each device in each call: what came before is a replay.
    pub(super) heard: BTreeMap<(CallId, DeviceId), u64>,
    errands: mpsc::UnboundedSender<BoxFuture<'a, Errand>>,
    pub(super) came_in_s: u64,
    /// Seconds since the task began.
    pub(super) ticks: u64,
}

impl<'a> Desk<'a> {
    /// A desk, and what it wants to be done aside.
    pub(super) fn new(member: &'a Member, mail: mpsc::UnboundedSender<Mail>) -> (Self, Aside<'a>) {
        let (errands, aside) = mpsc::unbounded_channel();
        let desk = Self {
            member,
            mail,
            active: None,
            doors: Doors::default(),
            judged: BTreeSet::new(),
            early: VecDeque::new(),
            early_knocks: VecDeque::new(),
            heard: BTreeMap::new(),
            errands,
            came_in_s: 0,
            ticks: 0,
        };
        (desk, Aside { new: aside, under_way: FuturesUnordered::new() })
    }

    /// Has something done beside the loop.
    pub(super) fn aside(&self, errand: BoxFuture<'a, Errand>) {
        let _ = self.errands.send(errand);
    }

    /// Runs until `stop` holds `true`; a call that runs then is left.
    pub(super) async fn run(mut self, mut aside: Aside<'a>, inbox: &mut mpsc::Receiver<Order>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.member.changes();
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        noted(self.judge().await);
        while !*stop.borrow() {
            tokio::select! {
                stopped = stop.changed() => if stopped.is_err() { break },
                Some(order) = inbox.recv() => self.obey(order).await,
                event = told(self.active.as_mut()) => self.told(event).await,
                errand = aside.next() => noted(self.done(errand).await),
                change = changes.recv() => match change {
                    Ok(change) => self.changed(change).await,
                    Err(RecvError::Lagged(_)) => {
                        self.changed(Change::Calls).await;
                        self.changed(Change::People).await;
                    }
                    Err(RecvError::Closed) => break,
                },
                _ = second.tick() => self.second().await,
            }
        }
        self.close(&mut aside).await;
    }

    /// Leaves what runs, and waits until that is said, as of a call that was over just before.
    async fn close(mut self, aside: &mut Aside<'a>) {
        self.tell(Command::Input(Input::Leave)).await;
        let over = async {
            while self.active.is_some() {
                let event = told(self.active.as_mut()).await;
                self.told(event).await;
            }
            while aside.is_busy() {
                aside.next().await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(5), over).await.is_err() {
            tracing::info!("a call was not left in time");
        }
    }

    async fn told(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Send(to, body)) => self.send(to, body),
            Some(Event::Changed(running)) => {
                if let Some(active) = &mut self.active {
                    active.running = Some(running);
                    if !matches!(active.phase(), Some(bezel_calls::call::Phase::Ended { .. })) {
                        let has_others = active.devices().next().is_some();
                        active.had_others = has_others;
                    }
                }
                self.show();
            }
            Some(Event::DeviceFailed(track, error)) => self.ended_by_itself(gear(track), error.to_string()).await,
            Some(Event::SpeakerFailed(error)) => self.ended_by_itself(Gear::Speaker, error.to_string()).await,
            Some(Event::Ended { outcome, end, stats, seconds }) => noted(self.ended(outcome, end, &stats, seconds).await),
            // The session is gone without a word: a thread could not be had.
            None => noted(self.ended(CallOutcome::Failed, bezel_calls::call::End::Network, &CallStats::default(), 0).await),
        }
    }

    async fn changed(&mut self, change: Change) {
        match change {
            Change::Calls => noted(self.judge().await),
            Change::People => noted(self.look_at_members().await),
            Change::Conversation(id) if self.active.as_ref().is_some_and(|active| active.conversation == id) => {
                noted(self.look_at_members().await);
            }
            _ => {}
        }
    }

    /// Sends what the running call says: to members, and to guests as they hear it.
    fn send(&self, to: Option<Peer>, body: SignalBody) {
        let Some(active) = &self.active else { return };
        match to {
            Some(Peer::Guest(guest)) => self.say_to_guest(guest, super::door::to_guest(body)),
            Some(Peer::Device(device)) => self.say(active.conversation, active.call, Some(device), body),
            None => {
                if let Some(heard) = super::door::to_guest(body.clone()) {
                    for guest in self.guests_in(active.call) {
                        self.say_to_guest(guest, Some(heard.clone()));
                    }
                }
                self.say(active.conversation, active.call, None, body);
            }
        }
    }

    /// Posts a signal to members.
    pub(super) fn say(&self, conversation: ConversationId, call: CallId, to: Option<DeviceId>, body: SignalBody) {
        let _ = self.mail.send(Mail::Signal { conversation, call, to, body });
    }

    /// Posts a signal to a guest.
    pub(super) fn say_to_guest(&self, guest: GuestId, body: Option<GuestSignalBody>) {
        if let (Some(known), Some(body)) = (self.doors.get(guest), body) {
            let invitation = std::sync::Arc::<GuestInvitation>::clone(&known.invitation);
            let _ = self.mail.send(Mail::Guest { call: known.call, invitation, guest, body });
        }
    }

    pub(super) fn guests_in(&self, call: CallId) -> Vec<GuestId> {
        self.doors.of(call).filter(|(_, guest)| guest.standing == super::door::Standing::In).map(|(id, _)| id).collect()
    }

    /// Tells the running call something.
    pub(super) async fn tell(&self, command: Command) {
        if let Some(active) = &self.active {
            active.session.tell(command).await;
        }
    }

    /// Shows how the call stands, where that changed.
    pub(super) fn show(&self) {
        let Some(view) = self.active.as_ref().and_then(|active| active.view(self.member, &self.doors)) else { return };
        let is_other = self.member.calls.view.send_if_modified(|shown| {
            let is_other = shown.as_ref() != Some(&view);
            if is_other {
                *shown = Some(view);
            }
            is_other
        });
        if is_other {
            self.member.changed([Change::Call]);
        }
    }
}

/// What is done beside the loop.
pub(super) struct Aside<'a> {
    new: mpsc::UnboundedReceiver<BoxFuture<'a, Errand>>,
    under_way: FuturesUnordered<BoxFuture<'a, Errand>>,
}

impl Aside<'_> {
    /// Waits for the next thing that is done.
    async fn next(&mut self) -> Errand {
        loop {
            tokio::select! {
                Some(errand) = self.new.recv() => self.under_way.push(errand),
                Some(done) = self.under_way.next(), if !self.under_way.is_empty() => return done,
                else => std::future::pending().await,
            }
        }
    }

    fn is_busy(&self) -> bool {
        !self.new.is_empty() || !self.under_way.is_empty()
    }
}

/// The next thing that a running call tells; none when it is gone.
async fn told(active: Option<&mut Active>) -> Option<Event> {
    match active {
        Some(active) => active.events.recv().await,
        None => std::future::pending().await,
    }
}

/// What fails here fails for this moment only.
pub(super) fn noted(done: Result<()>) {
    if let Err(error) = done {
        tracing::info!(code = error.code, message = %error.message, "something about a call failed");
    }
}
