//! With what somebody comes into a call.

use bezel_calls::device::{
    DeviceError, Microphone, Pictures, SilentSpeaker, Speaker, SyntheticMicrophone, SyntheticPictures, open_camera, open_microphone,
    open_screen, open_speaker, open_window,
};
use bezel_calls::sound::Switches;
use bezel_protocol::content::MediaState;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the camera is asked for: 720p, 30 pictures a second.
const CAMERA: (u32, u32, u32) = (1280, 720, 30);
/// A shared screen is to be read, not watched.
const SCREEN_PER_SECOND: u32 = 15;
/// The pitch of the synthetic microphone, in hertz.
const TONE: f32 = 440.0;

/// With what somebody comes into a call.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CallOptions {
    /// The microphone is on.
    pub is_microphone_on: bool,
    /// The camera is on.
    pub is_camera_on: bool,
    /// The camera.
    pub camera: Source,
    /// The microphone.
    pub microphone: Source,
    /// The loudspeaker.
    pub speaker: Source,
    /// What is done to the sound of the microphone.
    pub processing: Processing,
    /// Media go through the relay alone, so that nobody else learns this machine's address.
    pub hides_address: bool,
}

/// A device, or what stands in for one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Source {
    /// The one that the system would take.
    #[default]
    Default,
    /// The one of this id.
    Device(String),
    /// A moving pattern with a clock, or a tone; of loudspeakers, silence.
    Synthetic,
}

/// What is shared of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Screen {
    /// A whole one; without an id, the first.
    Screen(Option<String>),
    /// A window.
    Window(String),
}

/// What is done to the sound of the microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Processing {
    /// Takes out what the loudspeaker plays.
    pub echo: bool,
    /// Takes out steady noise.
    pub noise: bool,
    /// Evens out loud and soft voices.
    pub gain: bool,
}

impl Default for Processing {
    fn default() -> Self {
        Self { echo: true, noise: true, gain: true }
    }
}

impl From<Processing> for Switches {
    fn from(Processing { echo, noise, gain }: Processing) -> Self {
        Self { echo, noise, gain }
    }
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            is_microphone_on: true,
            is_camera_on: true,
            camera: Source::default(),
            microphone: Source::default(),
            speaker: Source::default(),
            processing: Processing::default(),
            hides_address: false,
        }
    }
}

impl CallOptions {
    /// Nothing of this machine: a moving pattern, a tone, silence, and no processing.
    #[must_use]
    pub fn synthetic() -> Self {
        Self {
            camera: Source::Synthetic,
            microphone: Source::Synthetic,
            speaker: Source::Synthetic,
            processing: Processing { echo: false, noise: false, gain: false },
            ..Self::default()
        }
    }

    pub(super) const fn media(&self) -> MediaState {
        MediaState { microphone: self.is_microphone_on, camera: self.is_camera_on, screen: false }
    }
}

impl Source {
    fn id(&self) -> Option<&str> {
        match self {
            Self::Device(id) => Some(id),
            Self::Default | Self::Synthetic => None,
        }
    }

    pub(super) async fn camera(self) -> Result<Box<dyn Pictures>, DeviceError> {
        let (width, height, per_second) = CAMERA;
        match self {
            Self::Synthetic => Ok(Box::new(SyntheticPictures::new(width, height, per_second))),
            device => opened("The camera", move || open_camera(device.id(), width, height, per_second)).await,
        }
    }

    pub(super) async fn microphone(self) -> Result<Box<dyn Microphone>, DeviceError> {
        match self {
            Self::Synthetic => Ok(Box::new(SyntheticMicrophone::new(TONE))),
            device => opened("The microphone", move || open_microphone(device.id())).await,
        }
    }

    pub(super) async fn speaker(self) -> Result<Box<dyn Speaker>, DeviceError> {
        match self {
            Self::Synthetic => Ok(Box::new(SilentSpeaker::default())),
            device => opened("The loudspeaker", move || open_speaker(device.id())).await,
        }
    }
}

impl Screen {
    pub(super) async fn pictures(self) -> Result<Box<dyn Pictures>, DeviceError> {
        opened("The screen", move || match self {
            Self::Screen(id) => open_screen(id.as_deref(), SCREEN_PER_SECOND),
            Self::Window(id) => open_window(&id, SCREEN_PER_SECOND),
        })
        .await
    }
}

/// Opening takes its time: it is done aside.
async fn opened<T: Send + 'static>(name: &str, open: impl FnOnce() -> Result<T, DeviceError> + Send + 'static) -> Result<T, DeviceError> {
    let failed = |error: tokio::task::JoinError| DeviceError::Failed { name: name.into(), reason: error.to_string() };
    tokio::task::spawn_blocking(open).await.map_err(failed)?
}
