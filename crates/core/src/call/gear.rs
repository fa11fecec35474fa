//! Devices of the running call: opened aside, switched, and what happens when one fails.

use std::time::Duration;

use bezel_calls::call::Input;
use bezel_calls::session::Command;
use bezel_crypto::call::Track;
use bezel_protocol::CallId;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::desk::Desk;
use super::options::{CallOptions, Processing, Screen, Source};
use super::order::{Opened, Order};
use super::view::Gear;

/// A device that ends twice within this time is not opened again.
const REOPENING: Duration = Duration::from_secs(10);

/// What makes a track.
pub(super) const fn gear(track: Track) -> Gear {
    match track {
        Track::Audio => Gear::Microphone,
        Track::Camera => Gear::Camera,
        Track::Screen => Gear::Screen,
    }
}

impl Desk<'_> {
    /// Microphone and camera are switched; a camera that is off is not open.
    pub(super) async fn switch(&mut self, microphone: bool, camera: bool) {
        let Some(active) = &mut self.active else { return };
        let was_on = active.options.is_camera_on;
        (active.options.is_microphone_on, active.options.is_camera_on) = (microphone, camera);
        let source = active.options.camera.clone();
        if !camera {
            active.settled(Gear::Camera);
        }
        if camera && !was_on {
            self.take_camera(source);
        } else if !camera && was_on {
            self.tell(Command::Camera(None)).await;
        }
        self.say_media().await;
    }

    /// Another camera. Whoever chooses one in place of a camera that failed wants to be seen.
    pub(super) async fn choose_camera(&mut self, source: Source) {
        let Some(active) = &mut self.active else { return };
        let had_failed = active.problems.contains_key(&Gear::Camera);
        active.options.is_camera_on |= had_failed;
        // Some devices open only once, by whichever name.
        self.tell(Command::Camera(None)).await;
        self.take_camera(source);
        if had_failed {
            self.say_media().await;
        }
    }

    pub(super) fn take_camera(&mut self, source: Source) {
        let Some(active) = &mut self.active else { return };
        active.options.camera = source.clone();
        if active.is_in && active.options.is_camera_on {
            self.open(Gear::Camera, async move { Opened::Camera(source.camera().await.map_err(|error| error.to_string())) });
        }
    }

    pub(super) fn take_microphone(&mut self, source: Source) {
        let Some(active) = &mut self.active else { return };
        active.options.microphone = source.clone();
        if active.is_in {
            self.open(Gear::Microphone, async move { Opened::Microphone(source.microphone().await.map_err(|error| error.to_string())) });
        }
    }

    pub(super) fn take_speaker(&mut self, source: Source) {
        let Some(active) = &mut self.active else { return };
        active.options.speaker = source.clone();
        if active.is_in {
            self.open(Gear::Speaker, async move { Opened::Speaker(source.speaker().await.map_err(|error| error.to_string())) });
        }
    }

    pub(super) async fn take_screen(&mut self, screen: Option<Screen>) {
        let Some(active) = &mut self.active else { return };
        if !active.is_in {
            return;
        }
        active.screen.clone_from(&screen);
        active.settled(Gear::Screen);
        match screen {
            Some(screen) => {
                self.open(Gear::Screen, async move { Opened::Screen(screen.pictures().await.map_err(|error| error.to_string())) });
            }
            None => self.tell(Command::Screen(None)).await,
        }
        self.say_media().await;
    }

    pub(super) fn process(&mut self, processing: Processing) {
        if let Some(active) = &mut self.active {
            active.options.processing = processing;
            active.processor.switch(processing.into());
        }
    }

    /// A device was opened, if the call still wants it: another may have been chosen since.
    pub(super) async fn opened(&mut self, call: CallId, number: u64, opened: Opened) {
        let gear = opened.gear();
        let Some(active) = self.active.as_mut().filter(|active| active.call == call) else { return };
        if active.opening.get(&gear) != Some(&number) {
            return;
        }
        let command = match opened {
            Opened::Camera(camera) => camera.map(|camera| Command::Camera(Some(camera))),
            Opened::Screen(screen) => screen.map(|screen| Command::Screen(Some(screen))),
            Opened::Microphone(microphone) => microphone.map(|microphone| Command::Microphone(Some(microphone))),
            Opened::Speaker(speaker) => speaker.map(Command::Speaker),
        };
        match command {
            Ok(command) => {
                active.settled(gear);
                self.tell(command).await;
                self.show();
            }
            Err(problem) => self.failed(gear, problem).await,
        }
    }

    /// A device ended. It may be there again at once, as when a sound server let go of it: it is opened anew, though not again and again.
    pub(super) async fn ended_by_itself(&mut self, gear: Gear, problem: String) {
        let Some(active) = &mut self.active else { return };
        // Another one is on its way already.
        if active.opening.contains_key(&gear) {
            return;
        }
        let now = Instant::now();
        if gear == Gear::Screen || active.reopened_at.get(&gear).is_some_and(|at| now.duration_since(*at) < REOPENING) {
            return self.failed(gear, problem).await;
        }
        tracing::info!(?gear, problem, "a device is opened anew");
        active.reopened_at.insert(gear, now);
        let CallOptions { camera, microphone, speaker, .. } = active.options.clone();
        // Where it stays away, people are told which device it was, not what became of the search for it.
        self.open(gear, async move {
            match gear {
                Gear::Camera => Opened::Camera(camera.camera().await.map_err(|_| problem)),
                Gear::Microphone => Opened::Microphone(microphone.microphone().await.map_err(|_| problem)),
                Gear::Speaker | Gear::Screen => Opened::Speaker(speaker.speaker().await.map_err(|_| problem)),
            }
        });
    }

    /// The call goes on without a device.
    async fn failed(&mut self, gear: Gear, problem: String) {
        let Some(active) = &mut self.active else { return };
        active.settled(gear);
        active.problems.insert(gear, problem);
        // What went on being sent meanwhile ends too: nobody sends what is said to be off.
        match gear {
            // One who hears nothing still sees.
            Gear::Microphone | Gear::Speaker => {}
            Gear::Camera => {
                active.options.is_camera_on = false;
                self.tell(Command::Camera(None)).await;
            }
            Gear::Screen => {
                active.screen = None;
                self.tell(Command::Screen(None)).await;
            }
        }
        self.say_media().await;
    }

    async fn say_media(&self) {
        if let Some(active) = &self.active {
            if active.is_in {
                self.tell(Command::Input(Input::Media(active.media_state()))).await;
            }
            self.show();
        }
    }

    /// Opens a device aside, and brings it back as an order.
    fn open(&mut self, gear: Gear, opening: impl Future<Output = Opened> + Send + 'static) {
        let Some(active) = &mut self.active else { return };
        let (call, number) = (active.call, active.begin_opening(gear));
        let orders: mpsc::Sender<Order> = self.member.calls.orders.clone();
        tokio::spawn(async move {
            let opened = opening.await;
            let _ = orders.send(Order::Opened(call, number, opened)).await;
        });
    }
}
