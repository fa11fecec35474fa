//! What the journeys stand on: real programs, started and ended by a test and by nothing else.
//!
//! Every process gets its own home, runtime folder, bus and display, so a test never meets the keyring, settings or
//! screen of the person who runs it. Whatever a value here starts, its `Drop` ends.

pub mod browser;
pub mod call;
pub mod display;
pub mod keyring;
pub mod member;
pub mod needle;
pub mod process;
pub mod relay;
pub mod scene;
pub mod sound;
pub mod window;
pub mod wire;
