//! What the task of calls is told, and by whom.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bezel_calls::call::Limits;
use bezel_calls::device::{Microphone, Pictures as Eye, Speaker};
use bezel_calls::session::CallStats;
use bezel_protocol::wire::{GuestMessage, IceServer};
use bezel_protocol::{CallId, ConversationId, GuestId, GuestLinkId};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use super::options::{CallOptions, Processing, Screen, Source};
use super::pictures::Pictures;
use super::view::{CallPhase, CallView, Gear};
use crate::cache::calls::Call;
use crate::error::{Error, Result};
use crate::member::Member;

/// So many orders wait; what the relay says beyond that is lost, as if it had never come.
const QUEUE: usize = 512;
/// So often one looks whether the task runs, and so long in between.
const START_TRIES: u32 = 40;
const START_WAIT: Duration = Duration::from_millis(50);

/// Answers an order.
pub(super) type Reply<T = Result<()>> = oneshot::Sender<T>;

/// What the task is told.
pub(crate) enum Order {
    /// This device calls.
    Begin(Box<Call>, CallOptions, Vec<IceServer>, Reply),
    /// The person comes into a call.
    Answer(Box<Call>, CallOptions, Vec<IceServer>, Reply),
    /// The person does not.
    Decline(CallId, Reply),
    /// The person leaves.
    Leave(Reply),
    /// Goes on trying.
    Retry,
    /// Microphone and camera are switched.
    Media { microphone: bool, camera: bool },
    /// Another camera.
    Camera(Source),
    /// Another microphone.
    Microphone(Source),
    /// Another loudspeaker.
    Speaker(Source),
    /// Another screen, or none.
    Screen(Option<Screen>),
    /// What is done to the sound of the microphone.
    Processing(Processing),
    /// A device was opened for a call, at this number of its openings.
    Opened(CallId, u64, Opened),
    /// Somebody's pictures can't be decoded without a key frame.
    KeyFrame { person: String, is_screen: bool },
    /// How does the call do?
    Stats(Reply<Option<CallStats>>),
    /// By which secret are frames encrypted?
    Generation(Reply<Option<u32>>),
    /// In which call of a conversation is this device?
    Running(ConversationId, Reply<Option<CallId>>),
    /// By which link did a guest come who waits at the door of the call that this device is in?
    Door(GuestId, Reply<Option<GuestLinkId>>),
    /// A guest whom the relay knows as admitted comes in.
    Admit(GuestId, Reply),
    /// A guest does not, or no longer.
    Dismiss(GuestId, Reply),
    /// A transient envelope came.
    Transient { conversation: ConversationId, envelope: Vec<u8> },
    /// A guest's browser speaks, or has gone.
    Guest(GuestMessage),
    /// Nobody else gave out a new secret in time: its number.
    Rekey(u32),
    /// The way to the relay is open again.
    RelayBack,
}

/// A device that was opened, or why not.
pub(crate) enum Opened {
    Camera(core::result::Result<Box<dyn Eye>, String>),
    Screen(core::result::Result<Box<dyn Eye>, String>),
    Microphone(core::result::Result<Box<dyn Microphone>, String>),
    Speaker(core::result::Result<Box<dyn Speaker>, String>),
}

impl Opened {
    pub(super) const fn gear(&self) -> Gear {
        match self {
            Self::Camera(_) => Gear::Camera,
            Self::Screen(_) => Gear::Screen,
            Self::Microphone(_) => Gear::Microphone,
            Self::Speaker(_) => Gear::Speaker,
        }
    }
}

/// The end by which a member's calls are told, and what they show.
pub(crate) struct Calls {
    pub(super) pictures: Arc<Pictures>,
    pub(super) view: watch::Sender<Option<CallView>>,
    pub(super) orders: mpsc::Sender<Order>,
    /// How long things may take, in calls that begin from now on.
    pub(super) limits: std::sync::Mutex<Limits>,
    /// Held by the task as long as it runs.
    pub(super) inbox: Mutex<mpsc::Receiver<Order>>,
}

impl Default for Calls {
    fn default() -> Self {
        let (orders, inbox) = mpsc::channel(QUEUE);
        Self {
            pictures: Arc::default(),
            view: watch::Sender::new(None),
            orders,
            limits: std::sync::Mutex::default(),
            inbox: Mutex::new(inbox),
        }
    }
}

impl Calls {
    pub(super) fn limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on what the relay says. Never waits.
    pub(crate) fn hear(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::debug!("nobody takes what is said of calls");
        }
    }

    /// Gives an order and waits for its answer.
    pub(super) async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(order(reply)).await?;
        answer.await.map_err(|_| is_off())
    }

    /// Whether a call rings or goes on.
    pub(crate) fn are_busy(&self) -> bool {
        self.view.borrow().as_ref().is_some_and(|view| view.phase != CallPhase::Ended)
    }

    /// Whether the task runs.
    pub(super) fn are_on(&self) -> bool {
        self.inbox.try_lock().is_err()
    }

    async fn tell(&self, order: Order) -> Result<()> {
        // The task may be just about to start.
        for _ in 0..START_TRIES {
            if self.are_on() {
                return self.orders.send(order).await.map_err(|_| is_off());
            }
            tokio::time::sleep(START_WAIT).await;
        }
        Err(is_off())
    }
}

fn is_off() -> Error {
    Error::new("calls_off", "Calls are not running here.", "Try again in a moment; if it stays so, start again.")
}

/// Lets calls that begin from now on ring for so long on this device, whoever calls.
pub fn set_ring_time(member: &Member, ring: Duration) {
    member.calls.limits.lock().unwrap_or_else(PoisonError::into_inner).ring = ring;
}

/// Leaves the call, gives up calling, or declines what rings.
///
/// # Errors
/// When there is no call.
pub async fn leave(member: &Member) -> Result<()> {
    member.calls.ask(Order::Leave).await?
}

/// Goes on trying after the connection was lost for good.
///
/// # Errors
/// When calls are not running.
pub async fn retry(member: &Member) -> Result<()> {
    member.calls.tell(Order::Retry).await
}

/// Switches microphone and camera.
///
/// # Errors
/// When calls are not running.
pub async fn set_media(member: &Member, microphone: bool, camera: bool) -> Result<()> {
    member.calls.tell(Order::Media { microphone, camera }).await
}

/// Takes another camera.
///
/// # Errors
/// When calls are not running.
pub async fn set_camera(member: &Member, source: Source) -> Result<()> {
    member.calls.tell(Order::Camera(source)).await
}

/// Takes another microphone.
///
/// # Errors
/// When calls are not running.
pub async fn set_microphone(member: &Member, source: Source) -> Result<()> {
    member.calls.tell(Order::Microphone(source)).await
}

/// Takes another loudspeaker.
///
/// # Errors
/// When calls are not running.
pub async fn set_speaker(member: &Member, source: Source) -> Result<()> {
    member.calls.tell(Order::Speaker(source)).await
}

/// Shares a screen or a window, or nothing.
///
/// # Errors
/// When calls are not running.
pub async fn set_screen(member: &Member, screen: Option<Screen>) -> Result<()> {
    member.calls.tell(Order::Screen(screen)).await
}

/// Switches what is done to the sound of the microphone.
///
/// # Errors
/// When calls are not running.
pub async fn set_processing(member: &Member, processing: Processing) -> Result<()> {
    member.calls.tell(Order::Processing(processing)).await
}

/// How the call does; none where there is none.
///
/// # Errors
/// When calls are not running.
pub async fn stats(member: &Member) -> Result<Option<CallStats>> {
    member.calls.ask(Order::Stats).await
}

/// How often the secret that frames are encrypted from has changed in the call of the moment; none where there is none.
///
/// # Errors
/// When calls are not running.
pub async fn key_generation(member: &Member) -> Result<Option<u32>> {
    member.calls.ask(Order::Generation).await
}

/// Asks for a key frame of somebody's camera or screen: without one their pictures can't be decoded. `person` as in
/// [`super::CallPerson::id`].
///
/// # Errors
/// When calls are not running.
pub async fn want_key_frame(member: &Member, person: &str, is_screen: bool) -> Result<()> {
    member.calls.tell(Order::KeyFrame { person: person.into(), is_screen }).await
}
