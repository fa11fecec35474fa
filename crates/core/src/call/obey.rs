//! Orders of the person, and what the relay passes on.

use bezel_calls::call::Input;
use bezel_calls::session::Command;
use bezel_crypto::call::Track;
use bezel_protocol::CallId;
use bezel_protocol::content::CallOutcome;
use tokio::sync::oneshot;

use super::active::{Active, Beginning};
use super::desk::{Desk, Errand, noted};
use super::door::Standing;
use super::guest::nobody;
use super::options::CallOptions;
use super::order::Order;
use super::presence;
use crate::cache::calls::Call;
use crate::error::{Error, Result};

impl Desk<'_> {
    pub(super) async fn obey(&mut self, order: Order) {
        match order {
            Order::Begin(row, options, servers, reply) => answer(reply, self.begin(*row, options, servers).await),
            Order::Answer(row, options, servers, reply) => answer(reply, self.come_in(*row, options, servers).await),
            Order::Decline(call, reply) => answer(reply, self.decline(call).await),
            Order::Leave(reply) => {
                let is_there = self.active.is_some();
                self.tell(Command::Input(Input::Leave)).await;
                answer(reply, if is_there { Ok(()) } else { Err(no_call()) });
            }
            Order::Retry => self.tell(Command::Input(Input::Retry)).await,
            Order::Media { microphone, camera } => self.switch(microphone, camera).await,
            Order::Camera(source) => self.choose_camera(source).await,
            Order::Microphone(source) => self.take_microphone(source),
            Order::Speaker(source) => self.take_speaker(source),
            Order::Screen(screen) => self.take_screen(screen).await,
            Order::Processing(processing) => self.process(processing),
            Order::Opened(call, number, opened) => self.opened(call, number, opened).await,
            Order::KeyFrame { person, is_screen } => self.want_key_frame(&person, is_screen).await,
            Order::Stats(reply) => self.stats(reply),
            Order::Generation(reply) => answer(reply, self.active.as_ref().map(|active| active.generation)),
            Order::Running(conversation, reply) => {
                let running =
                    self.active.as_ref().filter(|active| active.is_in && !active.is_over() && active.conversation == conversation);
                answer(reply, running.map(|active| active.call));
            }
            Order::Door(guest, reply) => {
                let is_here = |call| self.active.as_ref().is_some_and(|active| active.call == call && active.is_in);
                let waits = self.doors.get(guest).filter(|guest| guest.standing == Standing::Waiting && is_here(guest.call));
                answer(reply, waits.map(|guest| guest.invitation.link));
            }
            Order::Admit(guest, reply) => answer(reply, self.admit(guest).await),
            Order::Dismiss(guest, reply) => {
                let done = if self.doors.get(guest).is_some() { self.dismiss(guest).await } else { Err(nobody()) };
                answer(reply, done);
            }
            Order::Transient { conversation, envelope } => noted(self.hear(conversation, &envelope).await),
            Order::Guest(message) => noted(self.hear_guest(message).await),
            Order::Rekey(generation) => noted(self.give_out_secret(generation).await),
            Order::RelayBack => self.relay_back().await,
        }
    }

    /// The person does not come into what rings; the client at whose knock it does is refused.
    async fn decline(&mut self, call: CallId) -> Result<()> {
        let active = self.active.as_ref().filter(|active| active.call == call && active.rings()).ok_or_else(no_call)?;
        let first = active.waiting(&self.doors).first().map(|(guest, _)| *guest);
        let waits = first.filter(|_| active.is_door());
        self.tell(Command::Input(Input::Decline { is_busy: false })).await;
        match waits {
            Some(guest) => self.dismiss(guest).await,
            None => Ok(()),
        }
    }

    /// A call of this device begins.
    async fn begin(&mut self, row: Call, options: CallOptions, ice_servers: Vec<bezel_protocol::wire::IceServer>) -> Result<()> {
        if self.active.is_some() && !self.comes_first(&row) {
            return self.give_way(row, options).await;
        }
        if let Some(theirs) = self.active.take() {
            super::end::note(self.member, theirs.call, CallOutcome::Completed, None, None).await?;
        }
        let others = self.others(row.conversation).await?;
        self.came_in();
        self.judged.insert(row.id);
        let calls = Some(options.media());
        let active = Active::begin(self.member, Beginning { row, calls, options, ice_servers, others, guest: None })?;
        self.run_it(active).await
    }

    /// The person comes in: into what rings, or into what goes on.
    pub(super) async fn come_in(
        &mut self,
        row: Call,
        options: CallOptions,
        ice_servers: Vec<bezel_protocol::wire::IceServer>,
    ) -> Result<()> {
        if let Some(active) = self.active.as_ref().filter(|active| active.call != row.id || active.is_in) {
            if active.call != row.id {
                self.not_present(row.id);
            }
            return Err(Error::new("in_a_call", "You are in a call already.", "Leave it first."));
        }
        self.came_in();
        if self.active.is_none() {
            let others = self.others(row.conversation).await?;
            self.judged.insert(row.id);
            let beginning = Beginning { row, calls: None, options: options.clone(), ice_servers: Vec::new(), others, guest: None };
            self.active = Some(Active::begin(self.member, beginning)?);
        }
        let Some(mut active) = self.active.take() else { return Ok(()) };
        active.is_in = true;
        active.session.tell(Command::IceServers(ice_servers)).await;
        active.session.tell(Command::HideAddress(options.hides_address)).await;
        active.processor.switch(options.processing.into());
        active.options = options;
        active.session.tell(Command::Input(Input::Answer(active.options.media()))).await;
        self.run_it(active).await
    }

    /// From now on this device is in a call.
    async fn run_it(&mut self, active: Active) -> Result<()> {
        let (call, options) = (active.call, active.options.clone());
        active.session.tell(Command::Processor(std::sync::Arc::<bezel_calls::sound::SoundProcessor>::clone(&active.processor))).await;
        self.active = Some(active);
        let mut tx = self.member.cache.begin().await?;
        crate::cache::calls::set_joined(&mut tx, call, self.member.now_ms()).await?;
        tx.commit().await?;
        self.member.changed([crate::change::Change::Calls]);
        if options.is_camera_on {
            self.take_camera(options.camera);
        }
        self.take_microphone(options.microphone);
        self.take_speaker(options.speaker);
        self.stay_present();
        self.look_at_members().await
    }

    /// Whoever comes in anew says so by the numbers of its signals.
    fn came_in(&mut self) {
        let now_s = u64::try_from(self.member.now_ms() / 1000).unwrap_or_default();
        self.came_in_s = now_s.max(self.came_in_s + 1);
        let _ = self.mail.send(super::post::Mail::CameIn(self.came_in_s));
    }

    async fn want_key_frame(&self, person: &str, is_screen: bool) {
        let track = if is_screen { Track::Screen } else { Track::Camera };
        if person.is_empty() {
            return self.tell(Command::OwnKeyFrame(track)).await;
        }
        let Some(running) = self.active.as_ref().and_then(|active| active.running.as_ref()) else { return };
        let peer = running.peers.iter().map(|(peer, _, _)| *peer).find(|peer| peer.to_string() == person);
        if let Some(peer) = peer {
            self.tell(Command::KeyFrame(peer, track)).await;
        }
    }

    fn stats(&self, reply: oneshot::Sender<Option<bezel_calls::session::CallStats>>) {
        match self.active.as_ref().filter(|active| active.is_in).map(|active| active.session.clone()) {
            Some(session) => self.aside(Box::pin(async move {
                answer(reply, session.stats().await);
                Errand::Done
            })),
            None => answer(reply, None),
        }
    }

    async fn relay_back(&mut self) {
        if self.active.as_ref().is_some_and(|active| active.is_in) {
            self.tell(Command::Input(Input::RelayBack)).await;
            self.stay_present();
        }
    }

    /// Tells the relay that this device is in a call no more.
    pub(super) fn not_present(&self, call: CallId) {
        let member = self.member;
        self.aside(Box::pin(async move {
            presence::leave(member, call).await;
            Errand::Done
        }));
    }

    /// Tells the relay that this device is in the call.
    pub(super) fn stay_present(&mut self) {
        let member = self.member;
        let Some(active) = &mut self.active else { return };
        active.present_until = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
        let (call, conversation) = (active.call, active.conversation);
        self.aside(Box::pin(async move { Errand::Present(call, presence::join(member, call, conversation).await) }));
    }
}

/// Whoever asked may be gone.
fn answer<T>(reply: oneshot::Sender<T>, what: T) {
    let _ = reply.send(what);
}

fn no_call() -> Error {
    Error::new("no_call", "There is no such call now.", "Look at the history of calls.")
}
