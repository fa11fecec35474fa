//! Devices of the running call: opened aside, switched, and what happens when one fails.

use bezel_calls::call::Input;
use bezel_calls::session::Command;
use bezel_crypto::call::Track;
use bezel_protocol::CallId;
use tokio::sync::mpsc;

use super::desk::Desk;
use super::options::{Processing, Screen, Source};
use super::order::{Opened, Order};

impl Desk<'_> {
    /// Microphone and camera are switched; a camera that is off is not open.
    pub(super) async fn switch(&mut self, microphone: bool, camera: bool) {
        let Some(active) = &mut self.active else { return };
        let was_on = active.options.is_camera_on;
        (active.options.is_microphone_on, active.options.is_camera_on) = (microphone, camera);
        let source = active.options.camera.clone();
        if camera && !was_on {
            self.take_camera(source);
        } else if !camera && was_on {
            self.tell(Command::Camera(None)).await;
        }
        self.say_media().await;
    }

    pub(super) fn take_camera(&mut self, source: Source) {
        let Some(active) = &mut self.active else { return };
        active.options.camera = source.clone();
        if active.is_in && active.options.is_camera_on {
            self.open(async move { Opened::Camera(source.camera().await.map_err(|error| error.to_string())) });
        }
    }

    pub(super) fn take_microphone(&mut self, source: Source) {
        let Some(active) = &mut self.active else { return };
        active.options.microphone = source.clone();
        if active.is_in {
            self.open(async move { Opened::Microphone(source.microphone().await.map_err(|error| error.to_string())) });
        }
    }

    pub(super) fn take_speaker(&mut self, source: Source) {
        let Some(active) = &mut self.active else { return };
        active.options.speaker = source.clone();
        if active.is_in {
            self.open(async move { Opened::Speaker(source.speaker().await.map_err(|error| error.to_string())) });
        }
    }

    pub(super) async fn take_screen(&mut self, screen: Option<Screen>) {
        let Some(active) = &mut self.active else { return };
        if !active.is_in {
            return;
        }
        active.screen.clone_from(&screen);
        match screen {
            Some(screen) => self.open(async move { Opened::Screen(screen.pictures().await.map_err(|error| error.to_string())) }),
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

    /// A device was opened, if the call still wants it.
    pub(super) async fn opened(&mut self, call: CallId, opened: Opened) {
        let Some(active) = self.active.as_mut().filter(|active| active.call == call) else { return };
        active.problem = None;
        match opened {
            Opened::Camera(Ok(camera)) if active.options.is_camera_on => self.tell(Command::Camera(Some(camera))).await,
            Opened::Screen(Ok(screen)) if active.screen.is_some() => self.tell(Command::Screen(Some(screen))).await,
            Opened::Microphone(Ok(microphone)) => self.tell(Command::Microphone(Some(microphone))).await,
            Opened::Speaker(Ok(speaker)) => self.tell(Command::Speaker(speaker)).await,
            Opened::Camera(Ok(_)) | Opened::Screen(Ok(_)) => {}
            Opened::Camera(Err(problem)) => return self.device_failed(Track::Camera, &problem).await,
            Opened::Screen(Err(problem)) => return self.device_failed(Track::Screen, &problem).await,
            Opened::Microphone(Err(problem)) => return self.device_failed(Track::Audio, &problem).await,
            // One who hears nothing still sees.
            Opened::Speaker(Err(problem)) => active.problem = Some(problem),
        }
        self.show();
    }

    /// The call goes on without a device.
    pub(super) async fn device_failed(&mut self, track: Track, problem: &str) {
        let Some(active) = &mut self.active else { return };
        active.problem = Some(problem.to_owned());
        match track {
            Track::Audio => {}
            Track::Camera => active.options.is_camera_on = false,
            Track::Screen => active.screen = None,
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
    fn open(&self, opening: impl Future<Output = Opened> + Send + 'static) {
        let Some(active) = &self.active else { return };
        let (call, orders): (CallId, mpsc::Sender<Order>) = (active.call, self.member.calls.orders.clone());
        tokio::spawn(async move {
            let opened = opening.await;
            let _ = orders.send(Order::Opened(call, opened)).await;
        });
    }
}
