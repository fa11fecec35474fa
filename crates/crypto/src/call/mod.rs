//! Calls: from which keys frames are encrypted, what members and a guest's browser say to each other, and the code that people compare.

mod frame_key;
mod guest;
mod safety;

pub use frame_key::{CallSecret, FrameKey, Track};
pub use guest::{
    GuestKeyPair, GuestSignalError, MembersKeyPair, exchange_key_pair, open_guest_signal, open_secret, seal_guest_signal, seal_secret,
};
pub use safety::SafetyCode;

pub use crate::kdf::KdfFailed;
