//! Where sound and pictures come from and go to. Every source blocks until it has something and tells the time itself; each is read by a
//! thread of its own.

mod camera;
mod convert;
mod list;
mod resample;
mod screen;
mod silent;
mod sound;
mod synthetic;

pub use camera::open_camera;
pub use convert::{ConvertError, Layout, to_picture};
pub use list::{DeviceInfo, DeviceWatch, Devices, devices};
pub use screen::{open_screen, open_window};
pub use silent::SilentSpeaker;
pub use sound::{open_microphone, open_speaker};
pub use synthetic::{Mark, SyntheticMicrophone, SyntheticPictures, read_mark};

use crate::picture::Picture;

/// Samples in a block of sound: 10 ms of one channel at 48 kHz.
pub const BLOCK: usize = 480;

/// A block of sound, each sample from -1 to 1.
pub type Block = [f32; BLOCK];

/// What a device can't do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// There is none of that name, or not any more.
    #[error("{0} is not there: choose another device")]
    Gone(String),
    /// It is there, and does not work.
    #[error("{name} can't be used: {reason}")]
    Failed {
        /// The device.
        name: String,
        /// What it, or the system, says.
        reason: String,
    },
}

/// A camera, a screen or a window.
pub trait Pictures: Send {
    /// Waits for the next picture.
    ///
    /// # Errors
    /// When the device is gone or fails; nothing more comes of it then.
    fn next(&mut self) -> Result<Picture, DeviceError>;
}

/// A microphone.
pub trait Microphone: Send {
    /// Waits for the next block.
    ///
    /// # Errors
    /// When the device is gone or fails; nothing more comes of it then.
    fn read(&mut self, block: &mut Block) -> Result<(), DeviceError>;
}

/// A loudspeaker.
pub trait Speaker: Send {
    /// Plays a block, and waits while the device has enough to play.
    ///
    /// # Errors
    /// When the device is gone or fails; nothing more is played then.
    fn write(&mut self, block: &Block) -> Result<(), DeviceError>;
}
