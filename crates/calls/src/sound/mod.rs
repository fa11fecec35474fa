//! What is done to sound between the devices and the codec.

mod level;
mod processing;

pub use level::{Level, LevelMeter};
pub use processing::{SoundProcessor, Switches};
