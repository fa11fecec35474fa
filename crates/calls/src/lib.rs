//! Calls: devices, codecs, frames, peer connections, and the call as a state machine.
//!
//! The one invariant: a frame leaves sealed for the call's members and is shown only after it was opened here; what stands between two
//! machines sees ciphertext.

#![warn(missing_docs)]

pub mod call;
mod clock;
pub mod connection;
pub mod device;
pub mod frame;
pub mod media;
pub mod picture;
pub mod rtp;
pub mod session;
pub mod sound;
